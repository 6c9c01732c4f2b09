/*
 * percent — %XX, and the plus sign of forms
 */
#include "codec/percent.h"
#include "base/str.h"
#include "codec/chars.h"
#include "codec/text.h"

/* --- encoding --- */

static bool stays(char c, enum gu_percent how)
{
    return gu_char_is(c, GU_CHAR_URL) || (c == '/' && how == GU_PERCENT_PATH);
}

static bool is_plus(char c, enum gu_percent how)
{
    return c == ' ' && how == GU_PERCENT_FORM;
}

size_t gu_percent_encoded_len(gust_str s, enum gu_percent how)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++)
        len += stays(s.ptr[i], how) || is_plus(s.ptr[i], how) ? 1 : 3;
    return len;
}

char *gu_percent_encode(char *to, gust_str s, enum gu_percent how)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (stays(s.ptr[i], how)) {
            *to++ = s.ptr[i];
        } else if (is_plus(s.ptr[i], how)) {
            *to++ = '+';
        } else {
            *to++ = '%';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
    }
    return to;
}

void gu_percent_put(struct gu_buf *b, gust_str s, enum gu_percent how)
{
    size_t len = gu_percent_encoded_len(s, how);
    char *to = gu_buf_reserve(b, len);

    if (to == NULL)
        return;
    gu_percent_encode(to, s, how);
    gu_buf_add(b, len);
}

gust_str gu_percent_escape(struct gust_arena *arena, gust_str s, enum gu_percent how)
{
    size_t len = gu_percent_encoded_len(s, how);
    char *text = gu_text_alloc(arena, len);

    if (text != NULL)
        gu_percent_encode(text, s, how);
    return gu_str(text, len);
}

/* --- decoding --- */

static bool is_escape(gust_str s, size_t at)
{
    return s.len - at > 2 && gu_char_is(s.ptr[at + 1], GU_CHAR_HEX) &&
           gu_char_is(s.ptr[at + 2], GU_CHAR_HEX);
}

size_t gu_percent_decode(char *to, gust_str s, enum gu_percent how)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '+' && how == GU_PERCENT_FORM) {
            c = ' ';
        } else if (c == '%' && is_escape(s, i)) {
            c = (char)(gu_hex_value(s.ptr[i + 1]) << 4 | gu_hex_value(s.ptr[i + 2]));
            i += 2;
        }
        to[len++] = c;
    }
    return len;
}

gust_str gu_percent_unescape(struct gust_arena *arena, gust_str s, enum gu_percent how)
{
    char *text = gu_text_alloc(arena, s.len);
    size_t len;

    if (text == NULL)
        return (gust_str){0};
    len = gu_percent_decode(text, s, how);
    text[len] = '\0';
    return gu_str(text, len);
}
