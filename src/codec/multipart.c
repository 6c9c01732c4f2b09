/*
 * multipart — the parser
 *
 * The beginning of a body, and that of a part's data, count as if a CRLF stood before them, so a
 * delimiter may stand there without its own.
 */
#include "codec/multipart.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/chars.h"
#include "codec/form.h"
#include "codec/text.h"

enum state {
    FIRST_LINE, /* all zero: a delimiter may stand here */
    PREAMBLE,
    HEADER,
    FIRST_DATA, /* as FIRST_LINE */
    DATA,
    DONE,
    BAD
};

/* --- the boundary --- */

static bool is_boundary_char(char c)
{
    return gu_char_is(c, GU_CHAR_ALNUM) || (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

static bool is_boundary(gust_str s)
{
    if (s.len == 0 || s.len > GU_MULTIPART_BOUNDARY || s.ptr[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_boundary_char(s.ptr[i]))
            return false;
    return true;
}

/* Nothing that may stand in one needs a backslash. */
static gust_str without_quotes(gust_str s)
{
    bool is_quoted = s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"';

    return is_quoted ? gu_str(s.ptr + 1, s.len - 2) : s;
}

int gu_multipart_init(struct gu_multipart *m, gust_str content_type)
{
    gust_str rest = content_type, name, value, boundary = {NULL, 0};
    char *end;

    if (!gu_content_type_is(content_type, GU_MULTIPART_TYPE))
        return -EINVAL;
    while (gu_param_next(&rest, &name, &value)) {
        if (!gu_str_ieq(name, GU_STR("boundary")) || value.ptr == NULL)
            continue;
        if (boundary.ptr != NULL)
            return -EINVAL; /* two readings */
        boundary = without_quotes(value);
    }
    if (!is_boundary(boundary))
        return -EINVAL;
    *m = (struct gu_multipart){0};
    end = gu_text_put(gu_text_put(m->delimiter, GU_STR("\r\n--")), boundary);
    m->delimiter_len = (uint8_t)(end - m->delimiter);
    return 0;
}

static gust_str delimiter_of(const struct gu_multipart *m)
{
    return gu_str(m->delimiter, m->delimiter_len);
}

/* --- events --- */

static enum gu_multipart_event bad(struct gu_multipart *m, struct gu_multipart_part *part,
                                   const char *why)
{
    m->state = BAD;
    part->error = why;
    return GU_MULTIPART_BAD;
}

static enum gu_multipart_event too_big(struct gu_multipart *m, struct gu_multipart_part *part,
                                       const char *why)
{
    m->state = BAD;
    part->error = why;
    return GU_MULTIPART_TOO_BIG;
}

/* --- delimiters --- */

enum match {
    NO,
    PERHAPS, /* as far as it is there */
    OPENS,   /* a part begins behind it */
    CLOSES   /* the form ends with it */
};

/* Whether `rest` begins with a delimiter, or with `skip` bytes less of one. */
static enum match match_delimiter(const struct gu_multipart *m, gust_str rest, size_t skip)
{
    gust_str want = gu_str(m->delimiter + skip, m->delimiter_len - skip);
    const char *behind = rest.ptr + want.len;

    if (memcmp(rest.ptr, want.ptr, gu_min(rest.len, want.len)) != 0)
        return NO;
    if (rest.len < want.len + 2)
        return rest.len <= want.len || *behind == '\r' || *behind == '-' ? PERHAPS : NO;
    if (memcmp(behind, "\r\n", 2) == 0)
        return OPENS;
    return memcmp(behind, "--", 2) == 0 ? CLOSES : NO;
}

/* How many bytes at the front are surely no delimiter's; of those that may be, all are left. */
static size_t data_before(const struct gu_multipart *m, gust_str rest)
{
    size_t at = gu_str_find(rest, delimiter_of(m), 0);
    size_t most = gu_min(rest.len, (size_t)m->delimiter_len - 1);

    if (at != GU_NPOS)
        return at;
    for (size_t n = most; n > 0; n--)
        if (memcmp(rest.ptr + rest.len - n, m->delimiter, n) == 0)
            return rest.len - n;
    return rest.len;
}

/* Goes over a delimiter whose match is OPENS or CLOSES. */
static void pass_delimiter(struct gu_multipart *m, struct gu_multipart_part *part, enum match match,
                           size_t skip)
{
    part->consumed += m->delimiter_len - skip + 2;
    m->state = match == OPENS ? HEADER : DONE;
    m->seen = 0;
}

/* --- headers --- */

static const char *take_field(struct gu_multipart_part *part, gust_str *disposition, gust_str line)
{
    gust_str value = line, name, *to;

    if (!gu_str_split(&value, ':', &name) || value.ptr == NULL)
        return "a line of a part's header has no colon";
    if (name.len == 0 || !gu_chars_are(name.ptr, name.len, GU_CHAR_TOKEN))
        return "the name of a part's field is none";
    if (!gu_chars_are(value.ptr, value.len, GU_CHAR_TEXT) || !gu_utf8_is_valid(value))
        return "the value of a part's field is no text";
    if (gu_str_ieq(name, GU_STR("content-disposition")))
        to = disposition;
    else if (gu_str_ieq(name, GU_STR("content-type")))
        to = &part->content_type;
    else
        return NULL;
    if (to->ptr != NULL)
        return "a part has two fields of a name";
    *to = gu_str_trim(value, " \t");
    return NULL;
}

/* Takes the line up to the next CRLF off the front. */
static gust_str next_line(gust_str *rest)
{
    size_t end = gu_str_find(*rest, GU_STR("\r\n"), 0);
    gust_str line = gu_str_sub(*rest, 0, end);

    *rest = end == GU_NPOS ? (gust_str){NULL, 0} : gu_str_sub(*rest, end + 2, GU_NPOS);
    return line;
}

static enum gu_multipart_event begin_part(struct gu_multipart *m, struct gust_arena *arena,
                                          gust_str header, struct gu_multipart_part *part)
{
    gust_str disposition = {NULL, 0};
    const char *why = NULL;
    int err = 0;

    while (header.len > 0 && why == NULL)
        why = take_field(part, &disposition, next_line(&header));
    if (why == NULL && disposition.ptr == NULL)
        why = "a part has no Content-Disposition";
    if (why == NULL)
        err = gu_disposition_parse(arena, disposition, &part->disposition, &why);
    if (err == 0 && part->content_type.ptr != NULL) {
        part->content_type = gu_arena_copy(arena, part->content_type.ptr, part->content_type.len);
        err = part->content_type.ptr == NULL ? -ENOMEM : 0;
    }
    if (err == -ENOMEM)
        return GU_MULTIPART_NO_MEMORY;
    if (why != NULL)
        return bad(m, part, why);
    m->state = FIRST_DATA;
    return GU_MULTIPART_PART;
}

/* The length of a header and of what ends it; the two CRLFs are one if there are no fields. */
static size_t find_header_end(struct gu_multipart *m, gust_str rest, size_t *ending)
{
    size_t end;

    *ending = 2;
    if (rest.len >= 2 && memcmp(rest.ptr, "\r\n", 2) == 0)
        return 0;
    *ending = 4;
    end = gu_str_find(rest, GU_STR("\r\n\r\n"), m->seen);
    m->seen = (uint32_t)(rest.len < 3 ? 0 : rest.len - 3);
    return end;
}

static enum gu_multipart_event take_header(struct gu_multipart *m,
                                           const struct gu_multipart_limits *limits,
                                           struct gust_arena *arena, gust_str rest,
                                           struct gu_multipart_part *part)
{
    size_t ending, end;

    if (m->n_parts >= limits->max_parts)
        return too_big(m, part, "it has too many parts (max_parts)");
    end = find_header_end(m, rest, &ending);
    if (end == GU_NPOS ? rest.len >= (size_t)limits->max_header + 4 : end > limits->max_header)
        return too_big(m, part, "the header of a part is too long (max_part_header_size)");
    if (end == GU_NPOS)
        return GU_MULTIPART_MORE;
    m->n_parts++;
    part->consumed += end + ending;
    return begin_part(m, arena, gu_str(rest.ptr, end), part);
}

/* --- data --- */

static enum gu_multipart_event take_data(struct gu_multipart *m, gust_str rest,
                                         struct gu_multipart_part *part)
{
    size_t n = data_before(m, rest);
    enum match match = n == 0 ? match_delimiter(m, rest, 0) : NO;

    if (match == PERHAPS)
        return GU_MULTIPART_MORE;
    if (match != NO) {
        pass_delimiter(m, part, match, 0);
        return GU_MULTIPART_END;
    }
    if (n == 0) /* it only begins like one: up to where another may stand */
        n = 1 + data_before(m, gu_str_sub(rest, 1, GU_NPOS));
    part->data = gu_str(rest.ptr, n);
    part->consumed += n;
    return GU_MULTIPART_DATA;
}

/* --- the parser --- */

/* Where a delimiter may stand without its CRLF; true if there was none, or one that said enough. */
static bool take_first_line(struct gu_multipart *m, gust_str rest, struct gu_multipart_part *part,
                            enum gu_multipart_event *event)
{
    bool is_data = m->state == FIRST_DATA;
    enum match match = match_delimiter(m, rest, 2);

    *event = match == PERHAPS ? GU_MULTIPART_MORE : GU_MULTIPART_END;
    if (match == PERHAPS)
        return false;
    if (match == NO)
        m->state = is_data ? DATA : PREAMBLE;
    else
        pass_delimiter(m, part, match, 2);
    return match == NO || !is_data;
}

/* What stands before the first delimiter is nobody's. */
static bool pass_preamble(struct gu_multipart *m, gust_str rest, struct gu_multipart_part *part)
{
    size_t n = data_before(m, rest);
    enum match match = n == 0 ? match_delimiter(m, rest, 0) : NO;

    if (match == PERHAPS)
        return false;
    if (match == NO)
        part->consumed += gu_max(n, 1);
    else
        pass_delimiter(m, part, match, 0);
    return true;
}

enum gu_multipart_event gu_multipart_next(struct gu_multipart *m,
                                          const struct gu_multipart_limits *limits,
                                          struct gust_arena *arena, const char *buf, size_t len,
                                          struct gu_multipart_part *part)
{
    enum gu_multipart_event event;

    *part = (struct gu_multipart_part){0};
    while (part->consumed < len || m->state == DONE || m->state == BAD) {
        gust_str rest = gu_str(buf + part->consumed, len - part->consumed);

        switch ((enum state)m->state) {
        case FIRST_LINE:
        case FIRST_DATA:
            if (!take_first_line(m, rest, part, &event))
                return event;
            break;
        case PREAMBLE:
            if (!pass_preamble(m, rest, part))
                return GU_MULTIPART_MORE;
            break;
        case HEADER:
            return take_header(m, limits, arena, rest, part);
        case DATA:
            return take_data(m, rest, part);
        case DONE:
            part->consumed = len;
            return GU_MULTIPART_DONE;
        case BAD:
            return bad(m, part, "read on after an error");
        }
    }
    return GU_MULTIPART_MORE;
}
