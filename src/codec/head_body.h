/*
 * head_body — the head parser, over the scanners of one instruction set
 *
 * Included by head_scan_X.c behind its scanners; each answers with the first byte in [p, end) that
 * does not belong, or `end`, and may read (never believe) the padding behind `end`:
 *
 *     view_init(v, p, end)          before the first of the next two
 *     scan_name(v, p)               from the start of a line, to what is no tchar
 *     scan_value(v, p)              from the colon, to a control character but HTAB
 *     scan_target(p, end, query)    to what is not of a target, and tells its first "?"
 *
 * None of them passes an LF, hence a line that failed ends at the first LF behind its start, and
 * one that has no LF yet has failed only because it is not whole: gu_head_stop() tells these apart,
 * and the way through good lines needs no search for their ends.
 *
 * A line is judged alone, then the whole is: so a head gives one and the same answer at every cut.
 */
#ifndef GU_HEAD_BODY_H
#define GU_HEAD_BODY_H

#include "codec/head_impl.h"

#define GU_HEAD_INLINE static inline __attribute__((always_inline))

GU_HEAD_INLINE unsigned field_id(const char *name, size_t len)
{
    const struct gu_field_name *known = &gu_field_names[gu_field_hash(name, len)];

    return known->len == len && gu_head_word_is(name, len, known->lower) ? known->id
                                                                         : GU_FIELD_OTHER;
}

GU_HEAD_INLINE const char *parse_request_line(struct gu_head_work *w, const char *p)
{
    struct gu_head *h = w->head;
    const char *const end = w->end, *const line = p;
    const char *target, *query, *error;

    if (end - p >= 4 && memcmp(p, "GET ", 4) == 0) {
        h->method = GU_METHOD_GET;
        p += 3;
    } else {
        while (p < end && gu_byte_is(*p, GU_BYTE_TOKEN))
            p++;
        if (p == end || p == line || *p != ' ')
            return gu_head_bad(w, "the method is not a token and a space");
        h->method = (uint8_t)gu_head_method(line, (size_t)(p - line));
    }
    h->method_at = (uint32_t)(line - w->buf);
    h->method_len = (uint32_t)(p - line);

    target = ++p;
    p = scan_target(p, end, &query);
    if (p == end || p == target || *p != ' ')
        return gu_head_bad(w, "the request target has a byte that cannot be there");
    h->target_at = h->path_at = (uint32_t)(target - w->buf);
    h->target_len = h->path_len = (uint32_t)(p - target);
    h->query_at = h->query_len = 0;
    if (query != NULL) {
        h->path_len = (uint32_t)(query - target);
        h->query_at = h->path_at + h->path_len + 1;
        h->query_len = h->target_len - h->path_len - 1;
    }

    p++;
    if (gu_likely(end - p >= 10 && memcmp(p, "HTTP/1.1\r\n", 10) == 0)) {
        h->minor = 1;
        p += 10;
    } else if ((p = gu_head_take_version(w, p)) == NULL) {
        return NULL;
    }
    if (gu_likely(*target == '/' && h->method != GU_METHOD_CONNECT))
        return p;
    error = gu_head_take_target(w);
    return error == NULL ? p : gu_head_bad(w, error);
}

/* RFC 9112 4. The space behind the code is left out by some servers when the reason is empty. */
GU_HEAD_INLINE const char *parse_status_line(struct gu_head_work *w, const char *p)
{
    struct gu_head *h = w->head;
    const char *const end = w->end;
    struct view v;

    if ((p = gu_head_take_version(w, p)) == NULL)
        return NULL;
    if (end - p < 5 || *p < '1' || *p > '5' || !gu_byte_is(p[1], GU_BYTE_DIGIT) ||
        !gu_byte_is(p[2], GU_BYTE_DIGIT) || (p[3] != ' ' && p[3] != '\r'))
        return gu_head_bad(w, "the status is not three digits from 100 to 599");
    h->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
    p += p[3] == ' ' ? 4 : 3;
    h->reason_at = (uint32_t)(p - w->buf);
    view_init(&v, p, end);
    p = scan_value(&v, p);
    h->reason_len = (uint32_t)(p - w->buf) - h->reason_at;
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return gu_head_bad(w, "the reason has a byte that cannot be there");
    return p + 2;
}

/* The value in [p, tail), where no control character but HTAB is, without the blanks around it. */
GU_HEAD_INLINE gust_str trim_blanks(const char *p, const char *tail)
{
    p += *p == ' ';
    if (gu_unlikely((unsigned char)*p <= ' ' || (unsigned char)tail[-1] <= ' ')) {
        while (p < tail && (*p == ' ' || *p == '\t'))
            p++;
        while (p < tail && (tail[-1] == ' ' || tail[-1] == '\t'))
            tail--;
    }
    return gu_str(p, (size_t)(tail - p));
}

/* Where the head and the field stand comes by value: a store to a field's id may be to anything, as
 * far as the compiler can see, and would have them read again each time. */
GU_HEAD_INLINE const char *parse_field(struct gu_head_work *w, struct view *v, const char *line,
                                       const char *buf, struct gu_field *field)
{
    const char *colon = scan_name(v, line), *p;
    size_t name_len = (size_t)(colon - line);
    gust_str value;

    /* a colon behind the end has no CR and LF before the end: no need to ask here */
    if (gu_unlikely(*colon != ':' || name_len - 1 >= UINT16_MAX))
        return gu_head_bad(w, gu_head_name_error(line, colon));
    p = scan_value(v, colon);
    if (gu_unlikely(v->end - p < 2 || memcmp(p, "\r\n", 2) != 0))
        return gu_head_bad(w, gu_head_value_error(p));
    value = trim_blanks(colon + 1, p);
    field->name = (uint32_t)(line - buf);
    field->value = (uint32_t)(value.ptr - buf);
    field->value_len = (uint32_t)value.len;
    field->name_len = (uint16_t)name_len;
    field->id = (uint8_t)field_id(line, name_len);
    field->reserved = 0;
    return p + 2;
}

/* A field that is known by name. False if something is wrong with it. */
GU_HEAD_INLINE bool note_field(struct gu_head_work *w, unsigned index)
{
    struct gu_head *h = w->head;
    const struct gu_field *field = &h->fields[index];
    gust_str value;

    if (gu_likely(h->first[field->id] == 0))
        h->first[field->id] = (uint16_t)(index + 1);
    else
        w->repeated |= 1u << field->id;
    if (field->id > GU_FIELD_LAST_UNDERSTOOD)
        return true;
    value = gu_str(w->buf + field->value, field->value_len);
    w->error = field->id == GU_FIELD_HOST ? gu_head_take_host(value)
                                          : gu_head_take_field(w, field->id, value);
    w->bad = GU_HEAD_BAD;
    return w->error == NULL;
}

/* Parses the field lines from `line` on, before which `n` have passed, and the empty one. */
GU_HEAD_INLINE enum gu_head_result parse_fields(struct gu_head_work *w, const char *line,
                                                unsigned n)
{
    struct gu_head *const h = w->head;
    const char *const buf = w->buf, *const end = w->end;
    const unsigned max = w->max_fields;
    const char *next;
    struct view v;

    for (view_init(&v, line, end); line < end && *line != '\r'; line = next, n++) {
        next =
            gu_likely(n < max) ? parse_field(w, &v, line, buf, &h->fields[n]) : gu_head_too_many(w);
        if (gu_unlikely(next == NULL))
            return gu_head_stop(w, line, n);
        if (h->fields[n].id != GU_FIELD_OTHER && gu_unlikely(!note_field(w, n)))
            return gu_head_stop(w, line, n);
    }
    if (gu_unlikely(end - line < 2 || line[1] != '\n')) {
        gu_head_bad(w, gu_head_value_error(line));
        return gu_head_stop(w, line, n);
    }
    h->n_fields = (uint16_t)n;
    h->len = (uint32_t)(line + 2 - buf);
    return GU_HEAD_DONE;
}

/* Parses the lines from `at` on, before which `n` field lines have passed. */
static gu_noinline enum gu_head_result parse_lines(struct gu_head_work *w, size_t at, unsigned n)
{
    struct gu_head *h = w->head;
    const char *line = w->buf + at, *next = line;

    memset(h->first, 0, sizeof h->first);
    h->flags = 0;
    h->host_at = h->host_len = 0;
    h->content_length = 0;
    if (at == 0)
        next = w->is_response ? parse_status_line(w, line) : parse_request_line(w, line);
    return gu_likely(next != NULL) ? parse_fields(w, next, n) : gu_head_stop(w, line, n);
}

static enum gu_head_result parse(struct gu_head_work *w)
{
    enum gu_head_result result = parse_lines(w, w->resume->at, w->resume->n_fields);

    /* A head that came in parts was checked, line by line, from where it was left; now that its end
     * is there it is parsed from its first byte. No byte is parsed more often than twice, and the
     * part of a line that is not whole is only searched for its end (gu_head_parse_with()). */
    if (gu_unlikely(w->resume->at > 0) && result == GU_HEAD_DONE) {
        gu_head_forget(w);
        result = parse_lines(w, 0, 0);
    }
    return result == GU_HEAD_DONE ? gu_head_finish(w) : result;
}

#endif
