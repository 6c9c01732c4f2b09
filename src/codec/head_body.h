/*
 * head_body — the head parser, over the scanners of one instruction set
 *
 * Included by head_scan_X.c behind its four scanners; each answers with the first byte in [p, end)
 * that does not belong, or `end`, and may read (never believe) up to 31 bytes behind `end`:
 *
 *     scan_name     stops at what is not a token byte
 *     scan_value    stops at control characters but HTAB
 *     scan_path     stops at what is not of a target, and at "?"
 *     scan_query    stops at what is not of a target
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

GU_HEAD_INLINE uint64_t load_word(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Whether the `len` (24 at most) bytes at `name` are those of `lower`, which is zero behind them.
 * OR with 0x20 makes capitals small; the other bytes it would confuse are not token bytes. */
GU_HEAD_INLINE bool equals_lower(const char *name, size_t len, const char *lower)
{
    static const unsigned char window[48] = {255, 255, 255, 255, 255, 255, 255, 255,
                                             255, 255, 255, 255, 255, 255, 255, 255,
                                             255, 255, 255, 255, 255, 255, 255, 255};
    const char *mask = (const char *)window + 24 - len;
    const uint64_t small = UINT64_C(0x2020202020202020);
    uint64_t differ = 0;

    for (unsigned i = 0; i < 24; i += 8)
        differ |= ((load_word(name + i) | small) & load_word(mask + i)) ^ load_word(lower + i);
    return differ == 0;
}

GU_HEAD_INLINE unsigned field_id(const char *name, size_t len)
{
    const struct gu_field_name *known = &gu_field_names[gu_field_hash(name, len)];

    return known->len == len && equals_lower(name, len, known->lower) ? known->id : GU_FIELD_OTHER;
}

GU_HEAD_INLINE bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

GU_HEAD_INLINE const char *parse_request_line(struct gu_head_work *w, const char *p)
{
    struct gu_head *h = w->head;
    const char *const end = w->end, *const line = p;
    const char *target, *error;

    if (end - p >= 4 && memcmp(p, "GET ", 4) == 0) {
        h->method = GU_METHOD_GET;
        p += 3;
    } else {
        p = scan_name(p, end);
        if (p == end || p == line || *p != ' ')
            return gu_head_bad(w, "the method is not a token and a space");
        h->method = (uint8_t)gu_head_method(line, (size_t)(p - line));
    }
    h->method_at = (uint32_t)(line - w->buf);
    h->method_len = (uint32_t)(p - line);

    target = ++p;
    p = scan_path(p, end);
    h->path_at = h->target_at = (uint32_t)(target - w->buf);
    h->path_len = (uint32_t)(p - target);
    h->query_at = h->query_len = 0;
    if (p < end && *p == '?') {
        h->query_at = (uint32_t)(++p - w->buf);
        p = scan_query(p, end);
        h->query_len = (uint32_t)(p - w->buf) - h->query_at;
    }
    h->target_len = (uint32_t)(p - target);
    if (p == end || p == target || *p != ' ')
        return gu_head_bad(w, "the request target has a byte that cannot be there");

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

    if ((p = gu_head_take_version(w, p)) == NULL)
        return NULL;
    if (end - p < 5 || *p < '1' || *p > '5' || !gu_byte_is(p[1], GU_BYTE_DIGIT) ||
        !gu_byte_is(p[2], GU_BYTE_DIGIT) || (p[3] != ' ' && p[3] != '\r'))
        return gu_head_bad(w, "the status is not three digits from 100 to 599");
    h->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
    p += p[3] == ' ' ? 4 : 3;
    h->reason_at = (uint32_t)(p - w->buf);
    p = scan_value(p, end);
    h->reason_len = (uint32_t)(p - w->buf) - h->reason_at;
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return gu_head_bad(w, "the reason has a byte that cannot be there");
    return p + 2;
}

GU_HEAD_INLINE const char *parse_field(struct gu_head_work *w, const char *p, unsigned index)
{
    struct gu_head *h = w->head;
    const char *const end = w->end, *const line = p;
    const char *value, *tail;
    size_t name_len;
    unsigned id;

    p = scan_name(p, end);
    name_len = (size_t)(p - line);
    if (gu_unlikely(p == end || *p != ':' || name_len - 1 >= UINT16_MAX))
        return gu_head_bad(w, p == end ? NULL : gu_head_name_error(line, p));
    id = field_id(line, name_len);

    p++;
    if (gu_likely(p < end && *p == ' '))
        p++;
    while (gu_unlikely(p < end && is_blank(*p)))
        p++;
    value = p;
    tail = p = scan_value(p, end);
    if (gu_unlikely(end - p < 2 || p[0] != '\r' || p[1] != '\n'))
        return gu_head_bad(w, p == end ? NULL : gu_head_value_error(p));
    while (gu_unlikely(tail > value && is_blank(tail[-1])))
        tail--;

    h->fields[index] = (struct gu_field){
        .name = (uint32_t)(line - w->buf),
        .value = (uint32_t)(value - w->buf),
        .value_len = (uint32_t)(tail - value),
        .name_len = (uint16_t)name_len,
        .id = (uint8_t)id,
    };
    if (id != GU_FIELD_OTHER) {
        if (gu_likely(h->first[id] == 0))
            h->first[id] = (uint16_t)(index + 1);
        else
            w->repeated |= 1u << id;
        if (id <= GU_FIELD_LAST_UNDERSTOOD) {
            const char *error = gu_head_take_field(w, id, gu_str(value, (size_t)(tail - value)));

            if (gu_unlikely(error != NULL))
                return gu_head_bad(w, error);
        }
    }
    return p + 2;
}

/* Parses the lines from `at` on, before which `n` field lines have passed. */
static gu_noinline enum gu_head_result parse_lines(struct gu_head_work *w, size_t at, unsigned n)
{
    struct gu_head *h = w->head;
    const char *const end = w->end;
    const char *line = w->buf + at, *next;

    memset(h->first, 0, sizeof h->first);
    h->flags = 0;
    h->host_at = h->host_len = 0;
    h->content_length = 0;
    if (at == 0) {
        next = w->is_response ? parse_status_line(w, line) : parse_request_line(w, line);
        if (gu_unlikely(next == NULL))
            return gu_head_stop(w, line, n);
        line = next;
    }
    for (; line < end && *line != '\r'; line = next, n++) {
        if (gu_likely(n < w->max_fields))
            next = parse_field(w, line, n);
        else
            next = gu_head_too_many(w);
        if (gu_unlikely(next == NULL))
            return gu_head_stop(w, line, n);
    }
    if (gu_unlikely(end - line < 2 || line[1] != '\n')) {
        gu_head_bad(w, gu_head_value_error(line));
        return gu_head_stop(w, line, n);
    }
    h->n_fields = (uint16_t)n;
    h->len = (uint32_t)(line + 2 - w->buf);
    return GU_HEAD_DONE;
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
