/*
 * base64 — RFC 4648 4, with padding
 */
#ifndef GU_BASE64_H
#define GU_BASE64_H

#include "base/gu.h"

/* Bytes of the text that encodes `len` bytes. */
static inline size_t gu_base64_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* Writes the bytes encoded at `to`, and returns the end. */
char *gu_base64_encode(char *to, gust_str bytes);

#endif
