/*
 * fmt — the digit tables, and printf off a task's stack
 */
#include "base/fmt.h"
#include "base/loopstack.h"
#include <endian.h>
#include <stdio.h>

/* Neither table has a zero byte behind it: their sizes are exact. */
const char gu_digit_pairs[200] = "0001020304050607080910111213141516171819"
                                 "2021222324252627282930313233343536373839"
                                 "4041424344454647484950515253545556575859"
                                 "6061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";
const char gu_hex_digits[16] = "0123456789abcdef";

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* 32 digits of 16 bytes: the halves of each side by side, and what is above 9 moved on to the
 * letters. */
static inline void hex_of_16(char *to, bytes16 in)
{
    bytes16 high = in >> 4, low = in & 15, out;

    high += '0' + ((bytes16)(high > 9) & ('a' - '9' - 1));
    low += '0' + ((bytes16)(low > 9) & ('a' - '9' - 1));
    out =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    memcpy(to, &out, sizeof out);
    out = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
                                  15, 31);
    memcpy(to + 16, &out, sizeof out);
}

size_t gu_hex(char *to, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    const size_t in_vectors = len - len % 16;

    for (size_t i = 0; i < in_vectors; i += 16) {
        bytes16 in;

        memcpy(&in, b + i, sizeof in);
        hex_of_16(to + 2 * i, in);
    }
    for (size_t i = in_vectors; i < len; i++) {
        to[2 * i] = gu_hex_digits[b[i] >> 4];
        to[2 * i + 1] = gu_hex_digits[b[i] & 15];
    }
    return 2 * len;
}

void gu_hex_u128(char to[32], uint64_t high, uint64_t low)
{
    words2 words = {htobe64(high), htobe64(low)};

    hex_of_16(to, (bytes16)words);
}

struct printf_call {
    char *to;
    size_t size;
    const char *format;
    va_list args;
};

/* The compiler checked the format where gu_vsnprintf()'s callers are called. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int printf_leaf(void *arg)
{
    struct printf_call *call = arg;

    return vsnprintf(call->to, call->size, call->format, call->args);
}
#pragma GCC diagnostic pop

int gu_vsnprintf(char *to, size_t size, const char *format, va_list args)
{
    struct printf_call call = {.to = to, .size = size, .format = format};
    int n;

    va_copy(call.args, args);
    n = gu_on_loop_stack(printf_leaf, &call);
    va_end(call.args);
    return n;
}
