/*
 * str — bytes with a length
 *
 * Values, not objects: nothing here allocates. Comparisons without case are of ASCII only, as the
 * RFCs ask.
 */
#ifndef GU_STR_H
#define GU_STR_H

#include "base/gu.h"

#define GU_STR(literal) ((gust_str){("" literal), sizeof(literal) - 1})
#define GU_STR_INIT(literal)              \
    {                                     \
        ("" literal), sizeof(literal) - 1 \
    }

static inline gust_str gu_str(const char *ptr, size_t len)
{
    return (gust_str){ptr, len};
}

static inline bool gu_str_eq(gust_str a, gust_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline char gu_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool gu_bytes_ieq(const char *a, const char *b, size_t len);

/* Equal but for the case of ASCII letters. */
static inline bool gu_str_ieq(gust_str a, gust_str b)
{
    return a.len == b.len && gu_bytes_ieq(a.ptr, b.ptr, a.len);
}

/* Copies bytes to where there is room, and returns the end. Up to 32 of them, which most parts of a
 * head are, by two loads that may overlap instead of a call. */
static inline char *gu_put(char *to, const char *bytes, size_t len)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
    pair first, last;
    uint64_t head, tail;

    if (__builtin_constant_p(len) || gu_unlikely(len > 32) || gu_unlikely(len < 8)) {
        memcpy(to, bytes, len);
    } else if (len < 16) {
        memcpy(&head, bytes, 8);
        memcpy(&tail, bytes + len - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + len - 8, &tail, 8);
    } else {
        memcpy(&first, bytes, 16);
        memcpy(&last, bytes + len - 16, 16);
        memcpy(to, &first, 16);
        memcpy(to + len - 16, &last, 16);
    }
    return to + len;
}

#define GU_PUT(to, literal) gu_put(to, "" literal, sizeof(literal) - 1)

/* The offset of the first `needle` at or after `from`, GU_NPOS if there is none. Linear time. */
size_t gu_str_find(gust_str have, gust_str needle, size_t from);

/* Without the bytes of `set` at both ends. */
gust_str gu_str_trim(gust_str s, const char *set);

/* The part from `from` on, `len` bytes at the most; offsets beyond the end give an empty string. */
gust_str gu_str_sub(gust_str s, size_t from, size_t len);

/* Takes the part of *rest up to `sep` off its front, and the separator. False when *rest.ptr is
 * NULL, which it becomes after the last part: "a,,b" gives "a", "", "b". */
bool gu_str_split(gust_str *rest, char sep, gust_str *part);

/* Decimal digits only, no sign, no space, at least one; false when it does not fit 64 bits. */
bool gu_str_to_u64(gust_str s, uint64_t *value);

#endif
