/*
 * fmt — numbers to text, without printf's price
 *
 * Each call writes at `to`, adds no zero byte, and returns how many bytes it wrote.
 */
#ifndef GU_FMT_H
#define GU_FMT_H

#include "base/gu.h"
#include <stdarg.h>

#define GU_U64_DIGITS 20 /* of UINT64_MAX in decimal */
#define GU_HEX_DIGITS 16 /* of UINT64_MAX in hexadecimal */

/* "00" to "99", one behind the other: two digits a division. */
extern const char gu_digit_pairs[200];
extern const char gu_hex_digits[16];

/* How many decimal digits a number has; 0 has one. */
static inline size_t gu_u64_width(uint64_t value)
{
    size_t n = 1;

    for (; value >= 10000; value /= 10000)
        n += 4;
    return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* At most GU_U64_DIGITS bytes. */
static inline size_t gu_fmt_u64(char *to, uint64_t value)
{
    size_t width;
    char *at;

    if (gu_likely(value < 100)) {
        if (value < 10) {
            *to = (char)('0' + value);
            return 1;
        }
        memcpy(to, gu_digit_pairs + 2 * value, 2);
        return 2;
    }
    width = gu_u64_width(value);
    at = to + width;
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(at, gu_digit_pairs + 2 * (value % 100), 2);
    }
    if (value >= 10)
        memcpy(at - 2, gu_digit_pairs + 2 * value, 2);
    else
        at[-1] = (char)('0' + value);
    return width;
}

/* Two digits, for clocks; value is below 100. */
static inline size_t gu_fmt_pair(char *to, unsigned value)
{
    memcpy(to, gu_digit_pairs + (size_t)2 * value, 2);
    return 2;
}

static inline size_t gu_hex_width(uint64_t value)
{
    return value == 0 ? 1 : (size_t)(67 - __builtin_clzll(value)) / 4;
}

/* Lower case, no leading zeros (a chunk's size); at most GU_HEX_DIGITS bytes. */
static inline size_t gu_fmt_hex(char *to, uint64_t value)
{
    size_t width = gu_hex_width(value);

    for (size_t i = width; i-- > 0; value >>= 4)
        to[i] = gu_hex_digits[value & 15];
    return width;
}

/* Bytes as lower-case hexadecimal; 2 * len bytes. */
size_t gu_hex(char *to, const void *bytes, size_t len);

/* The 32 digits of a number of 128 bits, without a way through memory. */
void gu_hex_u128(char to[32], uint64_t high, uint64_t low);

/* vsnprintf() on the loop's stack, for code that may run on a task's. `args` is as it was. */
int gu_vsnprintf(char *to, size_t size, const char *format, va_list args) GUST_PRINTF(3, 0);

#endif
