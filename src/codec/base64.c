/*
 * base64 — encoding and decoding
 */
#include "codec/base64.h"
#include "base/str.h"

struct alphabet {
    char digits[64];
};

static const struct alphabet plain = {
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"}};
static const struct alphabet url = {
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}};

/* --- encoding --- */

/* The digits of up to three bytes; returns how many. */
static size_t encode_group(const struct alphabet *a, char to[4], const char *bytes, size_t n)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < n ? (unsigned char)bytes[i] : 0);
    for (size_t i = 0; i <= n; i++)
        to[i] = a->digits[bits >> (18 - 6 * i) & 63];
    return n + 1;
}

static char *encode(const struct alphabet *a, char *to, gust_str bytes)
{
    for (size_t at = 0; at < bytes.len; at += 3)
        to += encode_group(a, to, bytes.ptr + at, gu_min(bytes.len - at, 3));
    return to;
}

char *gu_base64_encode(char *to, gust_str bytes)
{
    char *end = to + gu_base64_len(bytes.len);

    to = encode(&plain, to, bytes);
    while (to < end)
        *to++ = '=';
    return end;
}

char *gu_base64url_encode(char *to, gust_str bytes)
{
    return encode(&url, to, bytes);
}

/* --- decoding --- */

/* The value of a digit; 64 for what is none. */
static uint32_t value_of(const struct alphabet *a, char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0' + 52);
    return c == a->digits[62] ? 62 : c == a->digits[63] ? 63 : 64;
}

/* The bytes of two to four digits; NULL when they encode none. */
static char *decode_group(const struct alphabet *a, char *to, const char *text, size_t n)
{
    uint32_t bits = 0;

    if (n < 2)
        return NULL;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < n ? value_of(a, text[i]) : 0;

        if (value == 64)
            return NULL;
        bits = bits << 6 | value;
    }
    if ((bits & (UINT32_C(0xffffff) >> (8 * (n - 1)))) != 0)
        return NULL;
    for (size_t i = 0; i + 1 < n; i++)
        *to++ = (char)(bits >> (16 - 8 * i));
    return to;
}

static char *decode(const struct alphabet *a, char *to, gust_str text)
{
    for (size_t at = 0; at < text.len && to != NULL; at += 4)
        to = decode_group(a, to, text.ptr + at, gu_min(text.len - at, 4));
    return to;
}

char *gu_base64_decode(char *to, gust_str text)
{
    size_t len = text.len;

    if (len % 4 != 0)
        return NULL;
    for (int i = 0; i < 2 && len > 0 && text.ptr[len - 1] == '='; i++)
        len--;
    return decode(&plain, to, gu_str(text.ptr, len));
}

char *gu_base64url_decode(char *to, gust_str text)
{
    return decode(&url, to, text);
}
