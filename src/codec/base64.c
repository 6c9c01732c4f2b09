/*
 * base64 — encoding
 */
#include "codec/base64.h"

static const char digits[64] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};

char *gu_base64_encode(char *to, gust_str bytes)
{
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t n = gu_min(bytes.len - at, 3);
        uint32_t bits = 0;

        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < n ? (unsigned char)bytes.ptr[at + i] : 0);
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = (char)(n > 1 ? digits[bits >> 6 & 63] : '=');
        *to++ = (char)(n > 2 ? digits[bits & 63] : '=');
    }
    return to;
}
