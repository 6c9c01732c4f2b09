/*
 * base64 — RFC 4648: with "+", "/" and padding (4), or for URLs and cookies without any (5)
 *
 * One reading: what has another alphabet, another padding, or bits behind its last byte does not
 * decode.
 */
#ifndef GU_BASE64_H
#define GU_BASE64_H

#include "base/gu.h"

/* Bytes of the text that encodes `len` bytes. */
static inline size_t gu_base64_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

static inline size_t gu_base64url_len(size_t len)
{
    return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

/* Room enough for what a text of `len` bytes decodes to. */
static inline size_t gu_base64_room(size_t len)
{
    return len / 4 * 3 + 3;
}

/* Writes the bytes encoded at `to`, and returns the end. */
char *gu_base64_encode(char *to, gust_str bytes);
char *gu_base64url_encode(char *to, gust_str bytes);

/* Writes the text decoded at `to`, which may be text.ptr, and returns the end; NULL when it does
 * not decode. */
char *gu_base64_decode(char *to, gust_str text);
char *gu_base64url_decode(char *to, gust_str text);

#endif
