/*
 * str — bytes with a length
 */
#include "base/str.h"

extern inline gust_str gust_str_from(const char *text);

bool gust_str_equal(gust_str a, const char *b)
{
    return gu_str_eq(a, gust_str_from(b));
}

bool gu_bytes_ieq(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (gu_lower(a[i]) != gu_lower(b[i]))
            return false;
    return true;
}

/* A call of its own: inlined at link time it makes gcc 12 warn of lengths that cannot be. */
gu_noinline size_t gu_str_find(gust_str have, gust_str needle, size_t from)
{
    const char *at;

    if (from > have.len || needle.len > have.len - from)
        return GU_NPOS;
    if (needle.len == 0)
        return from;
    at = memmem(have.ptr + from, have.len - from, needle.ptr, needle.len);
    return at == NULL ? GU_NPOS : (size_t)(at - have.ptr);
}

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

gust_str gu_str_trim(gust_str s, const char *set)
{
    while (s.len > 0 && is_in(s.ptr[0], set)) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_in(s.ptr[s.len - 1], set))
        s.len--;
    return s;
}

gust_str gu_str_sub(gust_str s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    return gu_str(s.ptr + from, gu_min(len, s.len - from));
}

bool gu_str_split(gust_str *rest, char sep, gust_str *part)
{
    const char *at;

    if (rest->ptr == NULL)
        return false;
    at = rest->len > 0 ? memchr(rest->ptr, sep, rest->len) : NULL;
    if (at == NULL) {
        *part = *rest;
        *rest = (gust_str){NULL, 0};
        return true;
    }
    *part = gu_str(rest->ptr, (size_t)(at - rest->ptr));
    *rest = gu_str(at + 1, rest->len - part->len - 1);
    return true;
}

/* Up to 19 digits cannot overflow: the usual number costs no division. */
bool gu_str_to_u64(gust_str s, uint64_t *value)
{
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)((unsigned char)s.ptr[i]) - '0';

        if (digit > 9 || (gu_unlikely(i >= 19) && v > (UINT64_MAX - digit) / 10))
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}
