/*
 * chars — which bytes may stand where
 *
 * One table of classes, so that a check is a load and a mask whatever the rule says.
 */
#ifndef GU_CHARS_H
#define GU_CHARS_H

#include "base/gu.h"

enum {
    GU_CHAR_TOKEN = 1,  /* tchar, RFC 9110 5.6.2 */
    GU_CHAR_TEXT = 2,   /* HTAB, SP, VCHAR, obs-text: field values, reasons, quoted strings */
    GU_CHAR_URL = 4,    /* unreserved, RFC 3986 2.3 */
    GU_CHAR_COOKIE = 8, /* what a cookie's value holds without quotes (Python's http.cookies) */
    GU_CHAR_HEX = 16,   /* hexadecimal digits of both cases */
    GU_CHAR_ALNUM = 32, /* letters and digits of ASCII */
    GU_CHAR_BLANK = 64  /* SP, HTAB: OWS, RFC 9110 5.6.3 */
};

extern const uint8_t gu_chars[256];

static inline bool gu_char_is(char c, unsigned classes)
{
    return (gu_chars[(unsigned char)c] & classes) != 0;
}

/* The value of a hexadecimal digit; `c` must be one. */
static inline unsigned gu_hex_value(char c)
{
    unsigned u = (unsigned char)c;

    return u <= '9' ? u - '0' : (u | 0x20) - 'a' + 10;
}

/* Whether every byte is of one of the classes; true of no bytes. */
static inline bool gu_chars_are(const char *ptr, size_t len, unsigned classes)
{
    for (size_t i = 0; i < len; i++)
        if (!gu_char_is(ptr[i], classes))
            return false;
    return true;
}

#endif
