/*
 * number — integers as peers write them
 */
#ifndef GU_NUMBER_H
#define GU_NUMBER_H

#include "base/str.h"

/* Decimal digits, with a "-" or "+" in front or without. Errors: -EINVAL for what is no number,
 * -ERANGE for what does not fit. */
static inline int gu_number_parse(gust_str text, int64_t *value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    bool has_sign = is_negative || (text.len > 0 && text.ptr[0] == '+');
    gust_str digits = gu_str_sub(text, has_sign ? 1 : 0, GU_NPOS);
    uint64_t n, most = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);

    if (digits.len == 0 || strspn(digits.ptr, "0123456789") < digits.len)
        return -EINVAL;
    if (!gu_str_to_u64(digits, &n) || n > most)
        return -ERANGE;
    *value = is_negative ? -(int64_t)(n - 1) - 1 : (int64_t)n;
    return 0;
}

#endif
