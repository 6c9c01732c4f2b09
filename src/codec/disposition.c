/*
 * disposition — names of parts and of files
 */
#include "codec/disposition.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/chars.h"
#include "codec/form.h"
#include "codec/percent.h"

enum charset { UTF_8, LATIN_1 };

struct reader {
    struct gust_arena *arena;
    gust_str name, plain;  /* of the parameters name and filename; .ptr NULL: none yet */
    struct gu_buf encoded; /* of filename* and its pieces, in their charset */
    enum charset charset;
    unsigned n_pieces;
    bool has_encoded;
    const char *why;
};

static int bad(struct reader *r, const char *why)
{
    r->why = why;
    return -EINVAL;
}

/* --- as browsers quote --- */

/* What an escape at the front of `s` stands for, and how long it is; 1 for the byte itself. */
static size_t escape_at(gust_str s, char *c)
{
    *c = s.ptr[0];
    if (s.len >= 2 && s.ptr[0] == '\\' && (s.ptr[1] == '"' || s.ptr[1] == '\\')) {
        *c = s.ptr[1];
        return 2;
    }
    if (s.len >= 3 && memcmp(s.ptr, "%22", 3) == 0) {
        *c = '"';
        return 3;
    }
    return 1;
}

/* What is not quoted is taken as it is. */
static int unquote(struct reader *r, gust_str raw, gust_str *text)
{
    struct gu_buf b;
    char c;

    gu_buf_init(&b, r->arena, SIZE_MAX - 1);
    if (raw.len == 0 || raw.ptr[0] != '"') {
        gu_buf_put_str(&b, raw);
        return gu_buf_finish(&b, text);
    }
    if (raw.len < 2 || raw.ptr[raw.len - 1] != '"')
        return bad(r, "a quoted name does not end");
    raw = gu_str(raw.ptr + 1, raw.len - 2);
    for (size_t n; raw.len > 0; raw = gu_str(raw.ptr + n, raw.len - n)) {
        n = escape_at(raw, &c);
        gu_buf_putc(&b, c);
    }
    return gu_buf_finish(&b, text);
}

static int take_once(struct reader *r, gust_str raw, gust_str *to)
{
    return to->ptr != NULL ? bad(r, "it has two names of a kind") : unquote(r, raw, to);
}

/* --- as RFC 5987 and 2231 encode --- */

static int set_charset(struct reader *r, gust_str name)
{
    if (gu_str_ieq(name, GU_STR("utf-8")) || gu_str_ieq(name, GU_STR("us-ascii")))
        r->charset = UTF_8;
    else if (gu_str_ieq(name, GU_STR("iso-8859-1")))
        r->charset = LATIN_1;
    else
        return bad(r, "the charset of its filename is not known");
    return 0;
}

/* charset'language' in front of the first piece; the language is of no use. */
static int take_charset(struct reader *r, gust_str *raw)
{
    gust_str charset, language;

    if (!gu_str_split(raw, '\'', &charset) || !gu_str_split(raw, '\'', &language) ||
        raw->ptr == NULL)
        return bad(r, "its filename* has no charset");
    return set_charset(r, charset);
}

static int put_decoded(struct reader *r, gust_str raw)
{
    char *to = gu_buf_reserve(&r->encoded, raw.len);

    if (to == NULL)
        return gu_buf_error(&r->encoded);
    gu_buf_add(&r->encoded, gu_percent_decode(to, raw, GU_PERCENT_PATH));
    return 0;
}

/* The next piece: they come in order, so that none is put anywhere else than it stands. */
static int take_piece(struct reader *r, gust_str raw, unsigned n, bool is_encoded)
{
    gust_str text;
    int err = 0;

    if (n != r->n_pieces || (n == 0 && r->has_encoded))
        return bad(r, "the pieces of its filename are not in order");
    r->n_pieces++;
    r->has_encoded = true;
    if (n == 0 && is_encoded)
        err = take_charset(r, &raw);
    if (err < 0 || is_encoded)
        return err < 0 ? err : put_decoded(r, raw);
    err = unquote(r, raw, &text);
    if (err == 0)
        gu_buf_put_str(&r->encoded, text);
    return err < 0 ? err : gu_buf_error(&r->encoded);
}

/* What stands behind "filename": "*", "*0", "*12*". */
static int take_extended(struct reader *r, gust_str suffix, gust_str raw)
{
    bool is_encoded = suffix.len > 1 && suffix.ptr[suffix.len - 1] == '*';
    gust_str digits = gu_str_sub(suffix, 1, suffix.len - 1 - is_encoded);
    uint64_t n;

    if (suffix.len == 1)
        return r->n_pieces > 0 ? bad(r, "it has two names of a kind") : take_piece(r, raw, 0, true);
    if (!gu_str_to_u64(digits, &n) || n > UINT16_MAX || (digits.len > 1 && digits.ptr[0] == '0'))
        return bad(r, "the pieces of its filename are not in order");
    return take_piece(r, raw, (unsigned)n, is_encoded);
}

/* --- the field --- */

static int take_param(struct reader *r, gust_str name, gust_str raw)
{
    gust_str filename = GU_STR("filename");

    if (raw.ptr == NULL)
        return 0;
    if (gu_str_ieq(name, GU_STR("name")))
        return take_once(r, raw, &r->name);
    if (gu_str_ieq(name, filename))
        return take_once(r, raw, &r->plain);
    if (name.len > filename.len && name.ptr[filename.len] == '*' &&
        gu_str_ieq(gu_str_sub(name, 0, filename.len), filename))
        return take_extended(r, gu_str_sub(name, filename.len, GU_NPOS), raw);
    return 0;
}

static int from_latin_1(struct gust_arena *arena, gust_str bytes, gust_str *text)
{
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX - 1);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];

        if (c >= 0x80)
            gu_buf_putc(&b, (char)(0xc0 | c >> 6));
        gu_buf_putc(&b, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
    }
    return gu_buf_finish(&b, text);
}

/* Decoding may have made what the field itself could not hold. */
static int settle_filename(struct reader *r, gust_str *filename)
{
    gust_str text = r->plain;
    int err = 0;

    if (r->has_encoded)
        err = gu_buf_finish(&r->encoded, &text);
    if (err == 0 && r->has_encoded && r->charset == LATIN_1)
        err = from_latin_1(r->arena, text, &text);
    if (err < 0)
        return err;
    if (!gu_chars_are(text.ptr, text.len, GU_CHAR_TEXT) || !gu_utf8_is_valid(text))
        return bad(r, "its filename is no text");
    *filename = text.len == 0 ? (gust_str){NULL, 0} : text;
    return 0;
}

static int read_all(struct reader *r, gust_str value, struct gu_disposition *d)
{
    gust_str name, raw;
    int err = 0;

    if (!gu_content_type_is(value, "form-data"))
        return bad(r, "its Content-Disposition is not form-data");
    while (err == 0 && gu_param_next(&value, &name, &raw))
        err = take_param(r, name, raw);
    if (err < 0)
        return err;
    if (r->name.len == 0)
        return bad(r, "it has no name");
    d->name = r->name;
    return settle_filename(r, &d->filename);
}

int gu_disposition_parse(struct gust_arena *arena, gust_str value, struct gu_disposition *d,
                         const char **why)
{
    struct reader r = {.arena = arena};
    struct gu_disposition read;
    int err;

    gu_buf_init(&r.encoded, arena, SIZE_MAX - 1);
    err = read_all(&r, value, &read);
    if (err == -EINVAL)
        *why = r.why;
    if (err == 0)
        *d = read;
    return err;
}
