/*
 * operate — the operators
 *
 * Integers have 64 bits, and say so when that is too few; the rest is Python's: / makes a float, //
 * and % round down, text and lists are added and repeated.
 */
#include "template/eval.h"
#include "template/methods.h"
#include <math.h>

static const char *const symbols[] = {"+",  "-", "*", "/", "//", "%",
                                      "**", "&", "|", "^", "<<", ">>"};

static bool unsupported(struct gu_render *r, enum gu_operator op, const gust_value *a,
                        const gust_value *b)
{
    return gu_throw(r, GU_TYPE_ERROR, "unsupported operand type(s) for %s: '%s' and '%s'",
                    symbols[op], gu_type_name(a), gu_type_name(b));
}

static bool overflow(struct gu_render *r)
{
    return gu_throw(r, GU_OVERFLOW_ERROR, "an integer beyond 64 bits");
}

static bool by_zero(struct gu_render *r)
{
    return gu_throw(r, GU_ZERO_DIVISION_ERROR, "division by zero");
}

/* --- integers --- */

static bool floor_divide(struct gu_render *r, int64_t a, int64_t b, bool is_mod, int64_t *result)
{
    int64_t rest;

    if (b == 0)
        return by_zero(r);
    if (b == -1) { /* INT64_MIN / -1 traps */
        if (!is_mod && a == INT64_MIN)
            return overflow(r);
        *result = is_mod ? 0 : -a;
        return true;
    }
    rest = a % b;
    if (is_mod)
        *result = rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    else
        *result = a / b - (rest != 0 && (rest < 0) != (b < 0));
    return true;
}

static bool power_of_ints(struct gu_render *r, int64_t base, int64_t n, gust_value *value)
{
    int64_t result = 1;

    if (n < 0) {
        if (base == 0)
            return gu_throw(r, GU_ZERO_DIVISION_ERROR, "0.0 cannot be raised to a negative power");
        *value = gust_value_double(pow((double)base, (double)n));
        return true;
    }
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0 && __builtin_mul_overflow(result, base, &result))
            return overflow(r);
        if (n > 1 && __builtin_mul_overflow(base, base, &base))
            return overflow(r);
    }
    *value = gust_value_int(result);
    return true;
}

static bool shift(struct gu_render *r, enum gu_operator op, int64_t a, int64_t n, int64_t *result)
{
    if (n < 0)
        return gu_throw(r, GU_VALUE_ERROR, "negative shift count");
    if (op == GU_SHR) {
        *result = n > 63 ? (a < 0 ? -1 : 0) : a >> n;
        return true;
    }
    if (a == 0) {
        *result = 0;
        return true;
    }
    if (n > 62 || __builtin_mul_overflow(a, (int64_t)1 << n, result))
        return overflow(r);
    return true;
}

static bool operate_ints(struct gu_render *r, enum gu_operator op, int64_t a, int64_t b,
                         gust_value *value)
{
    int64_t result = 0;
    bool ok = true;

    switch (op) {
    case GU_ADD:
        ok = !__builtin_add_overflow(a, b, &result) || overflow(r);
        break;
    case GU_SUB:
        ok = !__builtin_sub_overflow(a, b, &result) || overflow(r);
        break;
    case GU_MUL:
        ok = !__builtin_mul_overflow(a, b, &result) || overflow(r);
        break;
    case GU_DIV:
        if (b == 0)
            return by_zero(r);
        *value = gust_value_double((double)a / (double)b);
        return true;
    case GU_FLOORDIV:
    case GU_MOD:
        ok = floor_divide(r, a, b, op == GU_MOD, &result);
        break;
    case GU_POW:
        return power_of_ints(r, a, b, value);
    case GU_BITAND:
        result = a & b;
        break;
    case GU_BITOR:
        result = a | b;
        break;
    case GU_BITXOR:
        result = a ^ b;
        break;
    case GU_SHL:
    case GU_SHR:
        ok = shift(r, op, a, b, &result);
        break;
    }
    *value = gust_value_int(result);
    return ok;
}

/* --- floats --- */

static double modulo(double a, double b)
{
    double rest = fmod(a, b);

    if (rest == 0)
        return copysign(0.0, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
}

static double floor_of_quotient(double a, double b)
{
    double quotient = (a - modulo(a, b)) / b, whole = floor(quotient);

    if (quotient == 0)
        return copysign(0.0, a / b);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static bool power_of_reals(struct gu_render *r, double a, double b, double *result)
{
    if (a == 0 && b < 0)
        return gu_throw(r, GU_ZERO_DIVISION_ERROR, "0.0 cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && floor(b) != b)
        return gu_throw(r, GU_VALUE_ERROR, "complex numbers are not supported");
    *result = pow(a, b);
    if (isinf(*result) && isfinite(a) && isfinite(b))
        return gu_throw(r, GU_OVERFLOW_ERROR, "(34, 'Numerical result out of range')");
    return true;
}

static bool operate_reals(struct gu_render *r, enum gu_operator op, double a, double b,
                          gust_value *value)
{
    double result = 0;

    if (b == 0 && (op == GU_DIV || op == GU_FLOORDIV || op == GU_MOD))
        return by_zero(r);
    switch (op) {
    case GU_ADD:
        result = a + b;
        break;
    case GU_SUB:
        result = a - b;
        break;
    case GU_MUL:
        result = a * b;
        break;
    case GU_DIV:
        result = a / b;
        break;
    case GU_FLOORDIV:
        result = floor_of_quotient(a, b);
        break;
    case GU_MOD:
        result = modulo(a, b);
        break;
    default:
        if (!power_of_reals(r, a, b, &result))
            return false;
        break;
    }
    *value = gust_value_double(result);
    return true;
}

/* --- text and lists --- */

static bool join_texts(struct gu_render *r, gust_str a, gust_str b, gust_value *value)
{
    struct gu_buf text;

    gu_text_begin(r, &text);
    gu_buf_put_str(&text, a);
    gu_buf_put_str(&text, b);
    return gu_text_end(r, &text, value);
}

static bool repeat_text(struct gu_render *r, gust_str s, int64_t n, gust_value *value)
{
    struct gu_buf text;

    gu_text_begin(r, &text);
    for (; s.len > 0 && n > 0 && gu_buf_error(&text) == 0; n--)
        gu_buf_put_str(&text, s);
    return gu_text_end(r, &text, value);
}

static bool is_tuple(const gust_value *v)
{
    return gu_kind(v) == GU_SEQ && gu_seq_of(v)->kind == GU_TUPLE;
}

/* Adds the items of a list to another, `n` times. */
static bool add_items(struct gu_render *r, struct gu_seq *to, const gust_value *list, int64_t n)
{
    size_t len = 0;

    gu_len(list, &len);
    for (; len > 0 && n > 0; n--)
        for (size_t i = 0; i < len; i++)
            if (!gu_step(r) || !gu_seq_push(r, to, gu_seq_get(list, i)))
                return false;
    return true;
}

static bool join_lists(struct gu_render *r, const gust_value *a, const gust_value *b, int64_t n,
                       gust_value *value)
{
    struct gu_seq *all = gu_seq_new(r, is_tuple(a) ? GU_TUPLE : GU_LIST, 0);

    if (all == NULL || !add_items(r, all, a, n) || (b != NULL && !add_items(r, all, b, 1)))
        return false;
    *value = gu_seq_value(all);
    return true;
}

/* What is neither between numbers: false with nothing thrown when there is no such thing. */
static bool operate_others(struct gu_render *r, enum gu_operator op, const gust_value *a,
                           const gust_value *b, gust_value *value)
{
    int64_t n;

    if (op == GU_MOD && a->type == GUST_STRING)
        return gu_format(r, a->as.string, b, value);
    if (op == GU_ADD && a->type == GUST_STRING && b->type == GUST_STRING)
        return join_texts(r, a->as.string, b->as.string, value);
    if (op == GU_ADD && gu_is_sequence(a) && gu_is_sequence(b) && is_tuple(a) == is_tuple(b))
        return join_lists(r, a, b, 1, value);
    if (op == GU_MUL && gu_as_int(a, &n)) {
        const gust_value *swapped = a;

        a = b;
        b = swapped;
    }
    if (op == GU_MUL && gu_as_int(b, &n)) {
        if (a->type == GUST_STRING)
            return repeat_text(r, a->as.string, n, value);
        if (gu_is_sequence(a))
            return join_lists(r, a, NULL, n, value);
    }
    return unsupported(r, op, a, b);
}

bool gu_operate(struct gu_render *r, enum gu_operator op, const gust_value *a, const gust_value *b,
                gust_value *value)
{
    int64_t i, j;
    double d, e;

    if (a->type == GUST_BOOL && b->type == GUST_BOOL && op >= GU_BITAND && op <= GU_BITXOR) {
        if (!operate_ints(r, op, a->as.boolean, b->as.boolean, value))
            return false;
        *value = gust_value_bool(value->as.integer != 0);
        return true;
    }
    if (gu_as_int(a, &i) && gu_as_int(b, &j))
        return operate_ints(r, op, i, j, value);
    if (op <= GU_POW && gu_as_real(a, &d) && gu_as_real(b, &e))
        return operate_reals(r, op, d, e, value);
    return operate_others(r, op, a, b, value);
}

bool gu_operate_unary(struct gu_render *r, char op, const gust_value *a, gust_value *value)
{
    int64_t i;

    if (a->type == GUST_DOUBLE && op != '~') {
        *value = gust_value_double(op == '-' ? -a->as.real : a->as.real);
        return true;
    }
    if (!gu_as_int(a, &i))
        return gu_throw(r, GU_TYPE_ERROR, "bad operand type for unary %c: '%s'", op,
                        gu_type_name(a));
    if (op == '-' && i == INT64_MIN)
        return overflow(r);
    *value = gust_value_int(op == '-' ? -i : op == '~' ? ~i : i);
    return true;
}
