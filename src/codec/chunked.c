/*
 * chunked — the chunked transfer coding
 *
 * Framing bytes are few, and go through a state machine one at a time; data goes through in slices.
 * Trailer fields are rare and are taken line by line: a line that is not whole stays with the
 * caller, and `seen` keeps a slow peer from making us search it twice.
 */
#include "codec/chunked.h"
#include "base/fmt.h"
#include "base/str.h"
#include "codec/chars.h"

enum state {
    SIZE, /* all zero: before the first digit */
    BEFORE_EXT,
    EXT,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    DONE,
    BAD
};

/* --- framing --- */

static const char *size_byte(struct gu_chunked *c, char b)
{
    if (gu_char_is(b, GU_CHAR_HEX)) {
        if (c->n_digits == GU_CHUNKED_MAX_DIGITS || c->left >> 59 != 0)
            return "chunk size too large";
        c->left = c->left << 4 | gu_hex_value(b);
        c->n_digits++;
        return NULL;
    }
    if (c->n_digits == 0 || !(b == '\r' || b == ';' || gu_char_is(b, GU_CHAR_BLANK)))
        return "bad chunk size";
    c->state = b == '\r' ? SIZE_LF : b == ';' ? EXT : BEFORE_EXT;
    c->ext = b == '\r' ? 0 : 1;
    return NULL;
}

/* Blanks before the semicolon are "bad whitespace", which has to be read over (RFC 9112 7.1.1). */
static const char *ext_byte(struct gu_chunked *c, char b)
{
    if (b == '\r' && c->state == EXT) {
        c->state = SIZE_LF;
        return NULL;
    }
    if (b == ';')
        c->state = EXT;
    else if (!gu_char_is(b, c->state == EXT ? GU_CHAR_TEXT : GU_CHAR_BLANK))
        return "bad chunk extension";
    return ++c->ext > GU_CHUNKED_MAX_EXT ? "chunk extensions too long" : NULL;
}

static const char *end_of_size(struct gu_chunked *c, char b)
{
    if (b != '\n')
        return "bare CR in a chunk's line";
    c->ext_total += c->ext;
    if (c->ext_total > GU_CHUNKED_MAX_EXTS)
        return "too many chunk extensions";
    c->state = c->left == 0 ? TRAILER : DATA;
    return NULL;
}

static const char *end_of_data(struct gu_chunked *c, char b)
{
    if (b != (c->state == DATA_CR ? '\r' : '\n'))
        return "a chunk does not end where its size says";
    c->state = c->state == DATA_CR ? DATA_LF : SIZE;
    c->n_digits = 0;
    return NULL;
}

/* Takes one byte that is neither data nor trailer; returns what is wrong with it. */
static const char *framing_byte(struct gu_chunked *c, char b)
{
    switch (c->state) {
    case SIZE:
        return size_byte(c, b);
    case BEFORE_EXT:
    case EXT:
        return ext_byte(c, b);
    case SIZE_LF:
        return end_of_size(c, b);
    default:
        return end_of_data(c, b);
    }
}

/* --- trailers --- */

/* What a recipient may not take from a trailer section (RFC 9110 6.5.1): framing, routing, request
 * modifiers, authentication, control data, and how to process the content. */
static const gust_str forbidden[] = {
    GU_STR_INIT("age"),
    GU_STR_INIT("authorization"),
    GU_STR_INIT("cache-control"),
    GU_STR_INIT("connection"),
    GU_STR_INIT("content-encoding"),
    GU_STR_INIT("content-length"),
    GU_STR_INIT("content-range"),
    GU_STR_INIT("content-type"),
    GU_STR_INIT("cookie"),
    GU_STR_INIT("date"),
    GU_STR_INIT("expect"),
    GU_STR_INIT("expires"),
    GU_STR_INIT("host"),
    GU_STR_INIT("if-match"),
    GU_STR_INIT("if-modified-since"),
    GU_STR_INIT("if-none-match"),
    GU_STR_INIT("if-range"),
    GU_STR_INIT("if-unmodified-since"),
    GU_STR_INIT("keep-alive"),
    GU_STR_INIT("location"),
    GU_STR_INIT("max-forwards"),
    GU_STR_INIT("pragma"),
    GU_STR_INIT("proxy-authenticate"),
    GU_STR_INIT("proxy-authorization"),
    GU_STR_INIT("range"),
    GU_STR_INIT("retry-after"),
    GU_STR_INIT("set-cookie"),
    GU_STR_INIT("te"),
    GU_STR_INIT("trailer"),
    GU_STR_INIT("transfer-encoding"),
    GU_STR_INIT("upgrade"),
    GU_STR_INIT("vary"),
    GU_STR_INIT("www-authenticate"),
};

static bool is_forbidden(gust_str name)
{
    for (size_t i = 0; i < gu_countof(forbidden); i++)
        if (gu_str_ieq(name, forbidden[i]))
            return true;
    return false;
}

/* Splits a line, without its CRLF, into name and value; returns what is wrong with it. */
static const char *split_field(gust_str line, struct gu_chunked_part *part)
{
    gust_str name, value = line;

    if (!gu_str_split(&value, ':', &name) || value.ptr == NULL)
        return "trailer field without a colon";
    if (name.len == 0 || !gu_chars_are(name.ptr, name.len, GU_CHAR_TOKEN))
        return "bad name of a trailer field";
    if (!gu_chars_are(value.ptr, value.len, GU_CHAR_TEXT))
        return "bad value of a trailer field";
    part->name = name;
    part->data = gu_str_trim(value, " \t");
    return NULL;
}

static enum gu_chunked_event bad(struct gu_chunked *c, struct gu_chunked_part *part,
                                 const char *error)
{
    c->state = BAD;
    part->error = error;
    return GU_CHUNKED_BAD;
}

static enum gu_chunked_event too_big(struct gu_chunked *c, struct gu_chunked_part *part)
{
    c->state = BAD;
    part->error = "trailer section too large";
    return GU_CHUNKED_TOO_BIG;
}

/* Takes the first line of `rest`. The answers, but for MORE, are the same for a line that comes in
 * pieces: what makes a piece too long makes the line too long. */
static enum gu_chunked_event take_trailer(struct gu_chunked *c,
                                          const struct gu_chunked_limits *limits, gust_str rest,
                                          struct gu_chunked_part *part)
{
    size_t lf = gu_str_find(rest, GU_STR("\n"), c->seen);
    size_t len = lf == GU_NPOS ? rest.len : lf + 1;
    const char *error;

    if (len > limits->max_bytes - c->trailer_bytes)
        return too_big(c, part);
    c->seen = lf == GU_NPOS ? (uint32_t)len : 0;
    if (lf == GU_NPOS)
        return GU_CHUNKED_MORE;
    if (lf == 0 || rest.ptr[lf - 1] != '\r')
        return bad(c, part, "bare LF in the trailer section");
    part->consumed += len;
    c->trailer_bytes += (uint32_t)len;
    if (lf == 1) {
        c->state = DONE;
        return GU_CHUNKED_DONE;
    }
    if (c->n_trailers++ == limits->max_fields)
        return too_big(c, part);
    error = split_field(gu_str(rest.ptr, lf - 1), part);
    return error != NULL ? bad(c, part, error) : GU_CHUNKED_TRAILER;
}

/* --- the decoder --- */

static enum gu_chunked_event take_data(struct gu_chunked *c, size_t max, gust_str rest,
                                       struct gu_chunked_part *part)
{
    size_t len = c->left < rest.len ? (size_t)c->left : rest.len;

    if (max != 0)
        len = gu_min(len, max);
    part->data = gu_str(rest.ptr, len);
    part->consumed += len;
    c->left -= len;
    if (c->left == 0)
        c->state = DATA_CR;
    return GU_CHUNKED_DATA;
}

enum gu_chunked_event gu_chunked_next(struct gu_chunked *c, const struct gu_chunked_limits *limits,
                                      const char *buf, size_t len, struct gu_chunked_part *part)
{
    *part = (struct gu_chunked_part){0};
    if (c->state == DONE)
        return GU_CHUNKED_DONE;
    if (c->state == BAD)
        return bad(c, part, "read on after an error");
    while (part->consumed < len) {
        gust_str rest = gu_str(buf + part->consumed, len - part->consumed);

        if (c->state == DATA)
            return take_data(c, limits->max_data, rest, part);
        if (c->state == TRAILER) {
            enum gu_chunked_event event = take_trailer(c, limits, rest, part);

            if (event != GU_CHUNKED_TRAILER || !is_forbidden(part->name))
                return event;
            part->name = part->data = (gust_str){0};
            continue;
        }
        part->consumed++;
        part->error = framing_byte(c, *rest.ptr);
        if (part->error != NULL)
            return bad(c, part, part->error);
    }
    return GU_CHUNKED_MORE;
}

/* --- the encoder --- */

size_t gu_chunked_format_size(char out[GU_CHUNKED_SIZE_LEN], uint64_t size)
{
    size_t len = gu_fmt_hex(out, size);

    out[len++] = '\r';
    out[len++] = '\n';
    return len;
}
