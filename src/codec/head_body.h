/*
 * head_body — the head parser, over the scanners of one instruction set
 *
 * Included by head_scan_X.c behind its scanners; each answers with the first byte in [p, end) that
 * does not belong, or `end`, and may read (never believe) the padding behind `end`:
 *
 *     view_init(v, p, end)          before the first of the next two
 *     scan_name(v, p)               from the start of a line, to what is no tchar
 *     scan_value(v, p)              from the colon, to a control character but HTAB
 *     scan_path(p, end)             to what is not of a target, or a "?"
 *     scan_target(p, end)           to what is not of a target
 *     host_span(p)                  how many bytes are a host's name, as far as one look reaches
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
    const char *target, *error;

    if (gu_likely(memcmp(p, "GET ", 4) == 0)) { /* behind the end: no LF is found there */
        h->method = GU_METHOD_GET;
        p += 3;
    } else {
        while (p < end && gu_byte_is(*p, GU_BYTE_TOKEN))
            p++;
        if (p == end || p == line || *p != ' ')
            return gu_head_bad(w, "the method is not a token and a space");
        h->method = (uint8_t)gu_head_method(line, (size_t)(p - line));
    }
    h->method_len = (uint32_t)(p - line);

    target = ++p;
    p = scan_path(p, end);
    h->target_at = h->path_at = (uint32_t)(target - w->buf);
    h->path_len = (uint32_t)(p - target);
    h->query_at = h->query_len = 0;
    if (gu_unlikely(*p == '?')) {
        h->query_at = h->path_at + h->path_len + 1;
        p = scan_target(p, end);
        h->query_len = (uint32_t)(p - target) - h->path_len - 1;
    }
    if (gu_unlikely(p >= end || p == target || *p != ' '))
        return gu_head_bad(w, "the request target has a byte that cannot be there");
    h->target_len = (uint32_t)(p - target);

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

/* What nearly every Host is, a name or an IPv4 address, perhaps with a port, is judged in one look;
 * others are by the rules at length. What ends a value is of no name. Not inlined: once a head. */
static gu_noinline const char *take_host(gust_str value)
{
    size_t n = host_span(value.ptr);

    if (gu_likely(n > 0) &&
        (n == value.len ||
         (value.ptr[n] == ':' && gu_head_is_port(value.ptr + n + 1, value.len - n - 1))))
        return NULL;
    return gu_head_take_host(value);
}

/* A field that is known by name. False if something is wrong with it. */
GU_HEAD_INLINE bool note_field(struct gu_head_work *w, unsigned index, unsigned id, gust_str value)
{
    struct gu_head *h = w->head;
    const char *error;

    if (gu_likely(h->first[id] == 0))
        h->first[id] = (uint8_t)(index + 1);
    else
        gu_head_repeats(w, id);
    if (id > GU_FIELD_LAST_UNDERSTOOD)
        return true;
    if (gu_likely(id == GU_FIELD_HOST)) {
        error = take_host(value);
    } else {
        w->is_plain = false;
        error = gu_head_take_field(w, id, value);
    }
    if (gu_likely(error == NULL))
        return true;
    gu_head_bad(w, error);
    return false;
}

/* One field line, the nth; where the next begins, or NULL. Where the head stands comes by value: a
 * store to a field's id may be to anything, as far as the compiler can see, and would have it read
 * again each time. */
GU_HEAD_INLINE const char *parse_field(struct gu_head_work *w, struct view *v, const char *line,
                                       const char *buf, unsigned nth)
{
    struct gu_field *field = &w->head->fields[nth];
    const char *colon = scan_name(v, line), *p;
    size_t name_len = (size_t)(colon - line);
    unsigned id;
    gust_str value;

    /* a colon behind the end has no CR and LF before the end: no need to ask here */
    if (gu_unlikely(*colon != ':' || name_len - 1 >= UINT16_MAX))
        return gu_head_bad(w, gu_head_name_error(line, colon));
    p = scan_value(v, colon);
    if (gu_unlikely(v->end - p < 2 || memcmp(p, "\r\n", 2) != 0))
        return gu_head_bad(w, gu_head_value_error(p));
    value = trim_blanks(colon + 1, p);
    id = field_id(line, name_len);
    field->name = (uint32_t)(line - buf);
    field->value = (uint32_t)(value.ptr - buf);
    field->value_len = (uint32_t)value.len;
    field->name_len = (uint16_t)name_len;
    field->id = (uint8_t)id;
    field->reserved = 0;
    if (id != GU_FIELD_OTHER && gu_unlikely(!note_field(w, nth, id, value)))
        return NULL;
    return p + 2;
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
        next = gu_likely(n < max) ? parse_field(w, &v, line, buf, n) : gu_head_too_many(w);
        if (gu_unlikely(next == NULL))
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
GU_HEAD_INLINE enum gu_head_result parse_lines(struct gu_head_work *w, bool is_response, size_t at,
                                               unsigned n)
{
    struct gu_head *h = w->head;
    const char *line = w->buf + at, *next = line;

    memset(h->first, 0, sizeof h->first);
    h->flags = 0;
    h->host_at = h->host_len = 0;
    h->content_length = 0;
    if (at == 0)
        next = is_response ? parse_status_line(w, line) : parse_request_line(w, line);
    return gu_likely(next != NULL) ? parse_fields(w, next, n) : gu_head_stop(w, line, n);
}

/* The end of a request of HTTP/1.1 that has a Host and no field that says more of its framing. */
GU_HEAD_INLINE bool finish_plain(const struct gu_head_work *w)
{
    struct gu_head *h = w->head;
    const struct gu_field *host;

    if (gu_unlikely(!w->is_plain || h->first[GU_FIELD_HOST] == 0))
        return false;
    host = &h->fields[h->first[GU_FIELD_HOST] - 1];
    h->host_at = host->value;
    h->host_len = host->value_len;
    h->flags = GU_HEAD_KEEP_ALIVE;
    return host->value_len > 0;
}

GU_HEAD_INLINE enum gu_head_result parse(struct gu_head_work *w, bool is_response)
{
    size_t at = w->resume->at;
    unsigned n = w->resume->n_fields;
    enum gu_head_result result;

    /* A head that came in parts was checked, line by line, from where it was left; now that its end
     * is there it is parsed from its first byte. No byte is parsed more often than twice, and the
     * part of a line that is not whole is only searched for its end (gu_head_parse_with()). */
    while ((result = parse_lines(w, is_response, at, n)) == GU_HEAD_DONE && gu_unlikely(at > 0)) {
        gu_head_forget(w);
        at = n = 0;
    }
    if (result != GU_HEAD_DONE || (!is_response && gu_likely(finish_plain(w))))
        return result;
    return gu_head_finish(w);
}

static enum gu_head_result parse_request(struct gu_head_work *w)
{
    return parse(w, false);
}

static enum gu_head_result parse_response(struct gu_head_work *w)
{
    return parse(w, true);
}

#endif
