/*
 * builtins_number — Python's functions that fold sequences and make numbers
 */
#include "template/eval.h"
#include "template/methods.h"
#include "template/text.h"
#include <math.h>
#include <stdlib.h>

/* --- folding --- */

static bool fold_truth(struct gu_render *r, const struct gu_args *args, bool stop_at,
                       gust_value *result)
{
    struct gu_iter it;
    gust_value item;
    int more;

    if (!gu_iter_init(r, &it, &args->items[0]))
        return false;
    while ((more = gu_iter_next(r, &it, &item)) > 0)
        if (gu_truth(&item) == stop_at)
            break;
    *result = gust_value_bool(more > 0 ? stop_at : !stop_at);
    return more >= 0;
}

static bool b_any(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return fold_truth(r, args, true, result);
}

static bool b_all(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return fold_truth(r, args, false, result);
}

static bool b_sum(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *start = gu_arg(args, 1, "start");
    struct gu_iter it;
    gust_value sum = start == NULL ? gust_value_int(0) : *start, item;
    int more;

    if (sum.type == GUST_STRING)
        return gu_throw(r, GU_TYPE_ERROR, "sum() can't sum strings [use ''.join(seq) instead]");
    if (!gu_iter_init(r, &it, &args->items[0]))
        return false;
    while ((more = gu_iter_next(r, &it, &item)) > 0)
        if (!gu_operate(r, GU_ADD, &sum, &item, &sum))
            return false;
    *result = sum;
    return more == 0;
}

static bool key_of(struct gu_render *r, const gust_value *key, gust_value *item, gust_value *by)
{
    struct gu_args args = {.items = item, .n = 1};

    *by = *item;
    return key == NULL || key->type == GUST_NULL || gu_call_value(r, key, &args, by);
}

/* The first of those that nothing is beyond; `sign` is -1 for the least. */
static bool extreme(struct gu_render *r, const struct gu_args *args, int sign, gust_value *result)
{
    const gust_value *key = gu_arg(args, SIZE_MAX, "key");
    const gust_value *otherwise = gu_arg(args, SIZE_MAX, "default");
    struct gu_seq listed = {.n = args->n, .items = (gust_value *)(uintptr_t)args->items};
    gust_value list = gu_seq_value(&listed), item, by, best_by;
    bool has_one = false;
    struct gu_iter it;
    int more, order = 0;

    if (!gu_iter_init(r, &it, args->n == 1 ? &args->items[0] : &list))
        return false;
    while ((more = gu_iter_next(r, &it, &item)) > 0) {
        if (!key_of(r, key, &item, &by) ||
            (has_one && !gu_order(r, &by, &best_by, sign < 0 ? "<" : ">", &order)))
            return false;
        if (has_one && order != sign)
            continue;
        has_one = true;
        *result = item;
        best_by = by;
    }
    if (more < 0 || has_one)
        return more == 0;
    if (otherwise == NULL)
        return gu_throw(r, GU_VALUE_ERROR, "the iterable argument is empty");
    *result = *otherwise;
    return true;
}

static bool b_min(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return extreme(r, args, -1, result);
}

static bool b_max(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return extreme(r, args, 1, result);
}

/* --- numbers --- */

static bool b_abs(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *of = &args->items[0];
    int64_t i;

    if (of->type == GUST_DOUBLE) {
        *result = gust_value_double(fabs(of->as.real));
        return true;
    }
    if (!gu_as_int(of, &i))
        return gu_throw(r, GU_TYPE_ERROR, "bad operand type for abs(): '%s'", gu_type_name(of));
    return i >= 0 ? (*result = gust_value_int(i), true) : gu_operate_unary(r, '-', of, result);
}

static bool b_bool(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    (void)r;
    *result = gust_value_bool(args->n > 0 && gu_truth(&args->items[0]));
    return true;
}

/* Digits as Python's int() takes them: a sign, underscores between digits. */
static bool parse_int(gust_str s, int64_t *value)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-', was_digit = false;

    *value = 0;
    for (size_t i = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'); i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '_' && was_digit) {
            was_digit = false;
            continue;
        }
        if (c < '0' || c > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_sub_overflow(*value, c - '0', value))
            return false;
        was_digit = true;
    }
    return was_digit && (is_negative || !__builtin_sub_overflow((int64_t)0, *value, value));
}

static bool b_int(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *of = gu_arg(args, 0, NULL);
    int64_t i = 0;

    if (of != NULL && of->type == GUST_DOUBLE) {
        if (!isfinite(of->as.real))
            return gu_throw(r, isnan(of->as.real) ? GU_VALUE_ERROR : GU_OVERFLOW_ERROR,
                            "cannot convert float to integer");
        if (fabs(of->as.real) >= 9223372036854775808.0)
            return gu_throw(r, GU_OVERFLOW_ERROR, "an integer beyond 64 bits");
        i = (int64_t)of->as.real;
    } else if (of != NULL && of->type == GUST_STRING) {
        if (!parse_int(gu_text_strip(of->as.string, GU_LEFT | GU_RIGHT), &i))
            return gu_throw(r, GU_VALUE_ERROR, "invalid literal for int() with base 10");
    } else if (of != NULL && !gu_as_int(of, &i)) {
        return gu_throw(r, GU_TYPE_ERROR, "int() argument must be a string or a number, not '%s'",
                        gu_type_name(of));
    }
    *result = gust_value_int(i);
    return true;
}

/* A number's text, which strtod() would take more freely. */
static bool parse_real(gust_str s, double *value)
{
    char text[64], *end;

    if (s.len == 0 || s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    if (strspn(text, "0123456789+-.eE") != s.len) {
        const char *word = text + (*text == '+' || *text == '-');

        if (strcmp(word, "inf") != 0 && strcmp(word, "nan") != 0)
            return false;
    }
    *value = strtod(text, &end);
    return *end == '\0';
}

static bool b_float(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *of = gu_arg(args, 0, NULL);
    double d = 0;

    if (of != NULL && of->type == GUST_STRING) {
        if (!parse_real(gu_text_strip(of->as.string, GU_LEFT | GU_RIGHT), &d))
            return gu_throw(r, GU_VALUE_ERROR, "could not convert string to float");
    } else if (of != NULL && !gu_as_real(of, &d)) {
        return gu_throw(r, GU_TYPE_ERROR, "float() argument must be a string or a number");
    }
    *result = gust_value_double(d);
    return true;
}

static bool b_divmod(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *pair = gu_seq_new(r, GU_TUPLE, 2);

    if (pair == NULL ||
        !gu_operate(r, GU_FLOORDIV, &args->items[0], &args->items[1], &pair->items[0]) ||
        !gu_operate(r, GU_MOD, &args->items[0], &args->items[1], &pair->items[1]))
        return false;
    pair->n = 2;
    *result = gu_seq_value(pair);
    return true;
}

/* To so many digits behind the point, by the decimal that the number is printed as: Python's. */
static bool round_to(struct gu_render *r, double d, int64_t digits, gust_value *result)
{
    struct gu_buf b;
    gust_value text;
    double rounded;

    if (!isfinite(d) || digits > 22) {
        *result = gust_value_double(d);
        return true;
    }
    if (digits < 0)
        return gu_throw(r, GU_VALUE_ERROR, "round() to less than a whole is not supported");
    gu_text_begin(r, &b);
    gu_buf_printf(&b, "%.*f", (int)digits, d);
    if (!gu_text_end(r, &b, &text))
        return false;
    rounded = strtod(text.as.string.ptr, NULL);
    *result = gust_value_double(rounded);
    return true;
}

static bool b_round(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *of = &args->items[0], *to = gu_arg(args, 1, "ndigits");
    int64_t digits = 0, i;
    double d = 0;

    if (to != NULL && to->type == GUST_NULL)
        to = NULL;
    if (to != NULL && !gu_arg_int(r, args, 1, "ndigits", &digits))
        return false;
    if (gu_as_int(of, &i) && digits >= 0) {
        *result = gust_value_int(i);
        return true;
    }
    if (!gu_as_real(of, &d))
        return gu_throw(r, GU_TYPE_ERROR, "type %s doesn't define __round__ method",
                        gu_type_name(of));
    if (to != NULL)
        return round_to(r, d, digits, result);
    if (!isfinite(d) || fabs(d) >= 9223372036854775808.0)
        return gu_throw(r, isnan(d) ? GU_VALUE_ERROR : GU_OVERFLOW_ERROR,
                        "cannot convert float to integer");
    *result = gust_value_int((int64_t)nearbyint(d));
    return true;
}

const struct gu_builtin gu_number_builtins[] = {
    {"abs", b_abs, 1, 1, NULL},
    {"all", b_all, 1, 1, NULL},
    {"any", b_any, 1, 1, NULL},
    {"bool", b_bool, 0, 1, NULL},
    {"divmod", b_divmod, 2, 2, NULL},
    {"float", b_float, 0, 1, NULL},
    {"int", b_int, 0, 1, NULL},
    {"max", b_max, 1, -1, "|key|default|"},
    {"min", b_min, 1, -1, "|key|default|"},
    {"round", b_round, 1, 2, "|ndigits|"},
    {"sum", b_sum, 1, 2, "|start|"},
    {NULL, NULL, 0, 0, NULL},
};
