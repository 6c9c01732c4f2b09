/*
 * fmt — the digit tables, and printf off a task's stack
 */
#include "base/fmt.h"
#include "base/loopstack.h"
#include <stdio.h>

/* Neither table has a zero byte behind it: their sizes are exact. */
const char gu_digit_pairs[200] = "0001020304050607080910111213141516171819"
                                 "2021222324252627282930313233343536373839"
                                 "4041424344454647484950515253545556575859"
                                 "6061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";
const char gu_hex_digits[16] = "0123456789abcdef";

size_t gu_hex(char *to, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < len; i++) {
        to[2 * i] = gu_hex_digits[b[i] >> 4];
        to[2 * i + 1] = gu_hex_digits[b[i] & 15];
    }
    return 2 * len;
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
