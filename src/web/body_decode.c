/*
 * body_decode — bodies that come compressed, where the application asked for it
 *
 * The limit of a body holds for what came and for what it is decoded to. gzip and deflate only:
 * what other codings keep while they decode is more than a request should cost.
 */
#include "base/str.h"
#include "codec/decode.h"
#include "web/web_impl.h"

#define RAW ((size_t)16 * 1024)

struct gu_body_decoder {
    struct gu_decoder *decoder;
    char *raw;
    bool is_fed, is_over;
};

void gu_body_decoder_free(struct gu_body_decoder *d)
{
    if (d != NULL)
        gu_decoder_free(d->decoder);
}

static bool is_coded(gust_request *r, enum gu_coding *coding)
{
    gust_str field;

    if (!r->app->options.decompress_request || r->x->first[GU_FIELD_CONTENT_ENCODING] == 0)
        return false;
    field = gu_request_joined(r, GU_FIELD_CONTENT_ENCODING, ",");
    *coding = field.ptr == NULL ? GU_CODING_OTHER : gu_coding_parse(field);
    return *coding == GU_CODING_GZIP || *coding == GU_CODING_DEFLATE;
}

int gu_body_begin(gust_request *r)
{
    struct gu_body_decoder *d;
    enum gu_coding coding;
    int err;

    if (!is_coded(r, &coding) || gu_body_is_decoded(r))
        return 0;
    if (gu_request_input(r) == NULL)
        return -ENOMEM;
    d = gu_arena_alloc(&r->x->arena, sizeof *d);
    if (d == NULL)
        return -ENOMEM;
    *d = (struct gu_body_decoder){.raw = gu_arena_alloc(&r->x->arena, RAW)};
    err = d->raw == NULL ? -ENOMEM : gu_decoder_new(coding, r->x->body_max, &d->decoder);
    if (err < 0)
        return err;
    r->input->decoder = d;
    r->x->release = gu_request_release;
    return 0;
}

static int decode(gust_request *r, struct gu_body_decoder *d, char *to, size_t size)
{
    int n;

    for (;;) {
        n = d->is_fed ? gu_decoder_read(d->decoder, to, size) : 0;
        if (n != 0)
            return n;
        n = gust_exchange_read(r->x, d->raw, RAW);
        if (n <= 0)
            break;
        gu_decoder_feed(d->decoder, gu_str(d->raw, (size_t)n));
        d->is_fed = true;
    }
    d->is_fed = false;
    d->is_over = n == 0;
    return n < 0 ? n : gu_decoder_finish(d->decoder);
}

bool gu_body_is_over(const gust_request *r)
{
    return gu_body_is_decoded(r) ? r->input->decoder->is_over : (r->x->flags & GU_X_BODY_READ) != 0;
}

int gu_body_take(gust_request *r, char *to, size_t size)
{
    int err = gu_body_begin(r);

    if (err < 0)
        return err;
    return gu_body_is_decoded(r) ? decode(r, r->input->decoder, to, size)
                                 : gust_exchange_read(r->x, to, size);
}
