/*
 * percent — %XX (RFC 3986 2.1), and the plus sign of forms
 *
 * Encoding leaves letters, digits and "-._~" alone; what it writes is Python's quote_plus() for
 * GU_PERCENT_FORM and quote() for GU_PERCENT_PATH. Decoding never fails: an escape that is not one
 * stays as it is, as in Python's unquote(). A decoded text may hold zero bytes.
 */
#ifndef GU_PERCENT_H
#define GU_PERCENT_H

#include "base/arena_impl.h"
#include "base/buf.h"

enum gu_percent {
    GU_PERCENT_PATH, /* a space is "%20", "/" stays */
    GU_PERCENT_FORM  /* a space is "+", "/" is "%2F"; decoding turns "+" into a space */
};

/* The length of what gu_percent_encode() writes. */
size_t gu_percent_encoded_len(gust_str s, enum gu_percent how);

/* Writes `s` encoded at `to` and returns the end. */
char *gu_percent_encode(char *to, gust_str s, enum gu_percent how);

/* Puts `s` encoded. */
void gu_percent_put(struct gu_buf *b, gust_str s, enum gu_percent how);

/* Writes `s` decoded at `to`, which may be s.ptr or have room for s.len bytes; returns the length.
 */
size_t gu_percent_decode(char *to, gust_str s, enum gu_percent how);

/* The same into the arena, with a zero byte behind; .ptr is NULL when memory is short. */
gust_str gu_percent_escape(struct gust_arena *arena, gust_str s, enum gu_percent how);
gust_str gu_percent_unescape(struct gust_arena *arena, gust_str s, enum gu_percent how);

#endif
