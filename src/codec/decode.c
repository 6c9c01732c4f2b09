/*
 * decode — what all codings share
 *
 * A coding is a table of functions around its library's step. Limits, ends and what follows them
 * are decided here, once.
 */
#include "codec/decode.h"
#include "base/alloc.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "codec/decode_impl.h"

/* More than a caller would lend; what is written fits an int. */
#define MAX_ROOM ((size_t)1 << 30)

static const struct {
    gust_str name;
    enum gu_coding coding;
} names[] = {
    {GU_STR_INIT("identity"), GU_CODING_IDENTITY},
    {GU_STR_INIT("gzip"), GU_CODING_GZIP},
    {GU_STR_INIT("x-gzip"), GU_CODING_GZIP},
    {GU_STR_INIT("deflate"), GU_CODING_DEFLATE},
    {GU_STR_INIT("br"), GU_CODING_BR},
    {GU_STR_INIT("zstd"), GU_CODING_ZSTD},
};

static const struct gu_decode_ops *const all_ops[] = {
    [GU_CODING_GZIP] = &gu_decode_gzip,
    [GU_CODING_DEFLATE] = &gu_decode_deflate,
    [GU_CODING_BR] = &gu_decode_br,
    [GU_CODING_ZSTD] = &gu_decode_zstd,
};

/* --- names --- */

static enum gu_coding coding_of(gust_str name)
{
    for (size_t i = 0; i < gu_countof(names); i++)
        if (gu_str_ieq(name, names[i].name))
            return names[i].coding;
    return GU_CODING_OTHER;
}

enum gu_coding gu_coding_parse(gust_str field)
{
    enum gu_coding found = GU_CODING_IDENTITY;
    gust_str part;

    while (gu_str_split(&field, ',', &part)) {
        enum gu_coding next;

        part = gu_str_trim(part, " \t");
        next = part.len == 0 ? GU_CODING_IDENTITY : coding_of(part);
        if (next == GU_CODING_IDENTITY)
            continue;
        if (found != GU_CODING_IDENTITY)
            return GU_CODING_OTHER;
        found = next;
    }
    return found;
}

/* --- its life --- */

static int open_leaf(void *arg)
{
    struct gu_decoder *d = arg;

    return d->ops->open(d) ? 0 : -ENOMEM;
}

int gu_decoder_new(enum gu_coding coding, uint64_t max_size, struct gu_decoder **decoder)
{
    struct gu_decoder *d;

    if ((size_t)coding >= gu_countof(all_ops) || all_ops[coding] == NULL)
        return -EINVAL;
    d = gu_alloc(sizeof *d);
    if (d == NULL)
        return -ENOMEM;
    *d = (struct gu_decoder){.ops = all_ops[coding], .max = max_size};
    if (gu_on_loop_stack(open_leaf, d) != 0) {
        gu_free(d);
        return -ENOMEM;
    }
    *decoder = d;
    return 0;
}

static int close_leaf(void *arg)
{
    struct gu_decoder *d = arg;

    d->ops->close(d);
    return 0;
}

void gu_decoder_free(struct gu_decoder *d)
{
    if (d == NULL)
        return;
    gust_ignore(gu_on_loop_stack(close_leaf, d));
    gu_free(d);
}

/* --- decoding --- */

void gu_decoder_feed(struct gu_decoder *d, gust_str piece)
{
    d->in = piece;
}

static int fail(struct gu_decoder *d, int err, const char *why)
{
    d->err = err;
    d->error = why;
    return err;
}

/* Makes ready for what follows an end. */
static int begin_again(struct gu_decoder *d)
{
    if (!d->ops->repeats)
        return fail(d, -GUST_EPROTO, "there are bytes behind the end of the body");
    if (d->ops->again != NULL && !d->ops->again(d))
        return fail(d, -ENOMEM, "out of memory");
    d->ended = false;
    return 0;
}

static int take_step(struct gu_decoder *d)
{
    if (d->ended && begin_again(d) != 0)
        return d->err;
    d->began = true;
    switch (d->ops->step(d)) {
    case GU_DECODE_BAD:
        return fail(d, -GUST_EPROTO, "the body is not what its Content-Encoding says");
    case GU_DECODE_NO_MEMORY:
        return fail(d, -ENOMEM, "out of memory");
    case GU_DECODE_END:
        d->ended = true;
        return 0;
    default:
        return 0;
    }
}

/* Steps until something is written or the piece is used up. */
static int read_leaf(void *arg)
{
    struct gu_decoder *d = arg;
    char *start = d->out;
    size_t room = d->room;

    while (d->out == start && (d->in.len > 0 || (d->is_full && !d->ended))) {
        size_t had = d->in.len;

        if (take_step(d) != 0)
            return d->err;
        if (d->out == start)
            d->is_full = false;
        if (d->out == start && d->in.len == had && !d->ended)
            break;
    }
    d->is_full = d->out == start + room;
    return (int)(d->out - start);
}

int gu_decoder_read(struct gu_decoder *d, char *out, size_t room)
{
    int n;

    gu_assert(room > 0);
    if (d->err != 0)
        return d->err;
    d->out = out;
    d->room = gu_min(room, MAX_ROOM);
    n = gu_on_loop_stack(read_leaf, d);
    d->out = NULL;
    if (n > 0 && (uint64_t)n > d->max)
        return fail(d, -GUST_ETOOBIG, "the decoded body is too long");
    if (n > 0)
        d->max -= (uint64_t)n;
    return n;
}

int gu_decoder_finish(struct gu_decoder *d)
{
    if (d->err != 0)
        return d->err;
    if (d->began && (!d->ended || d->in.len > 0))
        return fail(d, -GUST_EPROTO, "the coded body is cut");
    return 0;
}

const char *gu_decoder_error(const struct gu_decoder *d)
{
    return d->error;
}
