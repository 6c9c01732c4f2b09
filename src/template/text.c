/*
 * text — strings as Python sees them
 */
#include "template/text.h"
#include "base/utf8.h"

size_t gu_text_decode(const char *at, const char *end, uint32_t *c)
{
    const unsigned char *u = (const unsigned char *)at;
    size_t n;

    if (gu_likely(u[0] < 0x80)) {
        *c = u[0];
        return 1;
    }
    n = gu_utf8_sequence(gu_str(at, (size_t)(end - at)));
    switch (n) {
    case 2:
        *c = (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
        return 2;
    case 3:
        *c = (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
        return 3;
    case 4:
        *c = (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
        return 4;
    default:
        *c = GU_TEXT_BYTE + u[0];
        return 1;
    }
}

void gu_text_encode(struct gu_buf *b, uint32_t c)
{
    if (c < 0x80 || c >= GU_TEXT_BYTE) {
        gu_buf_putc(b, (char)(c & 0xff));
    } else if (c < 0x800) {
        gu_buf_putc(b, (char)(0xc0 | c >> 6));
        gu_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        gu_buf_putc(b, (char)(0xe0 | c >> 12));
        gu_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        gu_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        gu_buf_putc(b, (char)(0xf0 | c >> 18));
        gu_buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        gu_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        gu_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    }
}

/* How many bytes at the front are ASCII. */
static size_t n_ascii(gust_str s)
{
    size_t i = 0;
    uint64_t word;

    for (; s.len - i >= 8; i += 8) {
        memcpy(&word, s.ptr + i, 8);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (i < s.len && (signed char)s.ptr[i] >= 0)
        i++;
    return i;
}

bool gu_text_is_ascii(gust_str s)
{
    return n_ascii(s) == s.len;
}

size_t gu_text_len(gust_str s)
{
    size_t at = n_ascii(s), n = at;
    uint32_t c;

    while (at < s.len) {
        at += gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        n++;
    }
    return n;
}

size_t gu_text_offset(gust_str s, size_t n)
{
    size_t at = gu_min(n_ascii(gu_str(s.ptr, gu_min(n, s.len))), n);
    uint32_t c;

    for (n -= at; n > 0 && at < s.len; n--)
        at += gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
    return at;
}

/* --- space --- */

bool gu_text_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Where the last character of a text that is not empty begins. */
static size_t last_offset(gust_str s)
{
    size_t at = s.len - 1, least = s.len > 4 ? s.len - 4 : 0;
    size_t from = at;
    uint32_t c;

    while (from > least && ((unsigned char)s.ptr[from] & 0xc0) == 0x80)
        from--;
    return from + gu_text_decode(s.ptr + from, s.ptr + s.len, &c) == s.len ? from : at;
}

static bool in_set(uint32_t c, const gust_str *set)
{
    uint32_t other;

    if (set == NULL)
        return gu_text_is_space(c);
    for (size_t at = 0; at < set->len;) {
        at += gu_text_decode(set->ptr + at, set->ptr + set->len, &other);
        if (other == c)
            return true;
    }
    return false;
}

static gust_str strip(gust_str s, const gust_str *set, unsigned ends)
{
    uint32_t c;

    while ((ends & GU_LEFT) != 0 && s.len > 0) {
        size_t n = gu_text_decode(s.ptr, s.ptr + s.len, &c);

        if (!in_set(c, set))
            break;
        s = gu_str(s.ptr + n, s.len - n);
    }
    while ((ends & GU_RIGHT) != 0 && s.len > 0) {
        size_t at = last_offset(s);

        gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        if (!in_set(c, set))
            break;
        s.len = at;
    }
    return s;
}

gust_str gu_text_strip(gust_str s, unsigned ends)
{
    return strip(s, NULL, ends);
}

gust_str gu_text_strip_set(gust_str s, gust_str set, unsigned ends)
{
    return strip(s, &set, ends);
}
