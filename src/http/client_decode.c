/*
 * client — content codings undone
 *
 * The limit of a body holds for what came and for what it is decoded to, so that a small response
 * cannot become a large one.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "codec/decode.h"
#include "http/client_impl.h"

#define DECODED ((size_t)32 * 1024)

void gu_fetch_end_decoding(struct gu_fetch *f)
{
    gu_decoder_free(f->decoder);
    gu_free(f->decoded);
    f->decoder = NULL;
    f->decoded = NULL;
}

/* What is decoded is not coded any more, for whoever looks, or passes the fields on. */
static void drop_coding(struct gu_fetch *f)
{
    gust_field *fields = (gust_field *)(uintptr_t)f->response.fields;
    size_t n = 0;

    for (size_t i = 0; i < f->response.n_fields; i++)
        if (!gu_str_ieq(gust_str_from(fields[i].name), GU_STR("content-encoding")))
            fields[n++] = fields[i];
    fields[n] = (gust_field){0};
    f->response.n_fields = n;
}

/* All Content-Encoding fields as one; several are more than one coding, which we do not undo. */
static enum gu_coding coding_of(const struct gu_fetch *f)
{
    enum gu_coding coding = GU_CODING_IDENTITY;

    for (size_t i = 0; i < f->response.n_fields; i++) {
        const gust_field *field = &f->response.fields[i];

        if (!gu_str_ieq(gust_str_from(field->name), GU_STR("content-encoding")))
            continue;
        if (coding != GU_CODING_IDENTITY)
            return GU_CODING_OTHER;
        coding = gu_coding_parse(gust_str_from(field->value));
    }
    return coding;
}

int gu_fetch_begin_decoding(struct gu_fetch *f)
{
    enum gu_coding coding = f->o.no_decompress ? GU_CODING_IDENTITY : coding_of(f);
    int err;

    gu_fetch_end_decoding(f);
    if (coding == GU_CODING_IDENTITY || coding == GU_CODING_OTHER || f->is_body_done ||
        f->response.status == 206)
        return 0;
    err = gu_decoder_new(coding, f->max_body, &f->decoder);
    if (err < 0)
        return err;
    f->decoded = gu_alloc(DECODED);
    if (f->decoded == NULL)
        return -ENOMEM;
    f->is_fed = false;
    drop_coding(f);
    return 0;
}

static int decoding_failed(struct gu_fetch *f, int err)
{
    const char *why = gu_decoder_error(f->decoder);

    return gu_fetch_fail(f, err, "%s", why != NULL ? why : "the body cannot be decoded");
}

int gu_fetch_read_piece(struct gu_fetch *f, gust_str *lent)
{
    gust_str piece;
    int n;

    if (f->decoder == NULL)
        return gu_fetch_read_raw(f, lent);
    for (;;) {
        n = f->is_fed ? gu_decoder_read(f->decoder, f->decoded, DECODED) : 0;
        if (n < 0)
            return decoding_failed(f, n);
        *lent = gu_str(f->decoded, (size_t)n);
        if (n > 0)
            return n;
        n = gu_fetch_read_raw(f, &piece);
        if (n <= 0)
            break;
        gu_decoder_feed(f->decoder, piece);
        f->is_fed = true;
    }
    if (n < 0)
        return n;
    f->is_fed = false;
    n = gu_decoder_finish(f->decoder);
    return n < 0 ? decoding_failed(f, n) : 0;
}
