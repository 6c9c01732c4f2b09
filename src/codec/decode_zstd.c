/*
 * decode_zstd — zstd (RFC 8878) by libzstd
 *
 * A frame may ask for a window of terabytes; RFC 9659 lets a Content-Encoding have 8 MiB. The
 * library allocates by itself: its interface for another allocator is not a stable one.
 */
#include "base/alloc.h"
#include "codec/decode_impl.h"
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG 23
#define HEAD_MAX 18 /* of a frame's header, with its magic number */

/* The library has a short way for a frame that lies there whole, which judges some broken frames
 * otherwise than the long one. So that the answer does not depend on how a body was cut, a frame's
 * first byte comes alone, which leaves it the long way; and what the short way alone checks, that a
 * frame is as long as its header says, is done here. */
struct zstd {
    ZSTD_DCtx *ctx;
    uint64_t len;    /* decoded of the frame in hand */
    size_t head_len; /* how much of it is in `head` */
    char head[HEAD_MAX];
};

static bool open_zstd(struct gu_decoder *d)
{
    struct zstd *s = gu_alloc0(sizeof *s);

    if (s == NULL)
        return false;
    s->ctx = ZSTD_createDCtx();
    if (s->ctx == NULL) {
        gu_free(s);
        return false;
    }
    gu_assert(!ZSTD_isError(ZSTD_DCtx_setParameter(s->ctx, ZSTD_d_windowLogMax, WINDOW_LOG)));
    d->state = s;
    return true;
}

static void count(struct zstd *s, const char *taken, size_t taken_len, size_t written)
{
    size_t n = gu_min(taken_len, HEAD_MAX - s->head_len);

    if (n > 0)
        memcpy(s->head + s->head_len, taken, n);
    s->head_len += n;
    s->len += written;
}

static enum gu_decode_step end_frame(struct zstd *s)
{
    unsigned long long told = ZSTD_getFrameContentSize(s->head, s->head_len);
    bool is_good = told == ZSTD_CONTENTSIZE_UNKNOWN || told == s->len;

    s->len = 0;
    s->head_len = 0;
    return is_good ? GU_DECODE_END : GU_DECODE_BAD;
}

static enum gu_decode_step step(struct gu_decoder *d)
{
    struct zstd *s = d->state;
    ZSTD_inBuffer in = {d->in.ptr, s->head_len == 0 ? gu_min(d->in.len, 1) : d->in.len, 0};
    ZSTD_outBuffer out = {d->out, d->room, 0};
    size_t answer = ZSTD_decompressStream(s->ctx, &out, &in);

    if (ZSTD_isError(answer))
        return ZSTD_getErrorCode(answer) == ZSTD_error_memory_allocation ? GU_DECODE_NO_MEMORY
                                                                         : GU_DECODE_BAD;
    count(s, d->in.ptr, in.pos, out.pos);
    gu_decode_took(d, in.pos, out.pos);
    return answer == 0 ? end_frame(s) : GU_DECODE_ON;
}

static void close_zstd(struct gu_decoder *d)
{
    struct zstd *s = d->state;

    ZSTD_freeDCtx(s->ctx);
    gu_free(s);
}

const struct gu_decode_ops gu_decode_zstd = {
    .repeats = true,
    .open = open_zstd,
    .step = step,
    .close = close_zstd,
};
