/*
 * builtins — the functions that every template knows: those of Python's that pages use
 *
 * The ones for text are in builtins_text.c.
 */
#include "template/eval.h"
#include "template/methods.h"
#include "template/render.h"
#include "template/text.h"
#include <math.h>
#include <stdlib.h>

/* --- sequences --- */

static bool b_len(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    size_t n;

    if (!gu_len(&args->items[0], &n))
        return gu_throw(r, GU_TYPE_ERROR, "object of type '%s' has no len()",
                        gu_type_name(&args->items[0]));
    *result = gust_value_int((int64_t)n);
    return args->items[0].type != GUST_STRING || gu_steps_for(r, args->items[0].as.string.len);
}

static bool count_range(struct gu_render *r, struct gu_range *range)
{
    uint64_t distance, step;
    bool is_up = range->step > 0;

    if (range->step == 0)
        return gu_throw(r, GU_VALUE_ERROR, "range() arg 3 must not be zero");
    range->n = 0;
    if (is_up ? range->start >= range->stop : range->start <= range->stop)
        return true;
    distance = is_up ? (uint64_t)range->stop - (uint64_t)range->start
                     : (uint64_t)range->start - (uint64_t)range->stop;
    step = is_up ? (uint64_t)range->step : 0 - (uint64_t)range->step;
    range->n = (distance - 1) / step + 1;
    return range->n <= INT64_MAX ||
           gu_throw(r, GU_OVERFLOW_ERROR, "Python int too large to convert to C ssize_t");
}

static bool b_range(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_range *range = gu_render_alloc(r, 1, sizeof *range);
    int64_t *first, *second;

    if (range == NULL)
        return false;
    *range = (struct gu_range){.step = 1};
    first = args->n == 1 ? &range->stop : &range->start;
    second = args->n == 1 ? &range->start : &range->stop;
    if (!gu_arg_int(r, args, 0, NULL, first) ||
        (args->n > 1 && !gu_arg_int(r, args, 1, NULL, second)) ||
        !gu_arg_int(r, args, 2, NULL, &range->step))
        return false;
    *result = gu_own(GU_RANGE, range);
    return count_range(r, range);
}

static bool collect(struct gu_render *r, const struct gu_args *args, enum gu_seq_kind kind,
                    gust_value *result)
{
    struct gu_seq *all =
        args->n == 0 ? gu_seq_new(r, kind, 0) : gu_iter_all(r, &args->items[0], kind);

    if (all == NULL)
        return false;
    *result = gu_seq_value(all);
    return true;
}

static bool b_list(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return collect(r, args, GU_LIST, result);
}

static bool b_tuple(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return collect(r, args, GU_TUPLE, result);
}

/* Of a map and keywords. */
static bool b_dict(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    if (!gu_dict_copy(r, args->n > 0 ? &args->items[0] : NULL, result))
        return false;
    for (size_t i = 0; i < args->n_named; i++) {
        gust_value key = gust_value_str(args->names[i]);

        if (!gu_dict_put(r, result->as.own, &key, &args->items[args->n + i]))
            return false;
    }
    return true;
}

static bool b_reversed(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *of = &args->items[0];
    struct gu_seq *all;

    if (!gu_is_sequence(of) && gu_kind(of) != GU_RANGE && of->type != GUST_STRING &&
        !gu_is_map(of) && gu_kind(of) != GU_SEQ)
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object is not reversible", gu_type_name(of));
    all = gu_iter_all(r, of, GU_ITERATOR);
    if (all == NULL)
        return false;
    for (size_t i = 0; i < all->n / 2; i++) {
        gust_value swapped = all->items[i];

        all->items[i] = all->items[all->n - 1 - i];
        all->items[all->n - 1 - i] = swapped;
    }
    *result = gu_seq_value(all);
    return true;
}

static bool b_sorted(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *all = gu_iter_all(r, &args->items[0], GU_LIST);
    const gust_value *reverse = gu_arg(args, SIZE_MAX, "reverse");

    if (all == NULL ||
        !gu_sort(r, all, gu_arg(args, SIZE_MAX, "key"), reverse != NULL && gu_truth(reverse)))
        return false;
    *result = gu_seq_value(all);
    return true;
}

static bool push_tuple(struct gu_render *r, struct gu_seq *all, const gust_value *items, size_t n)
{
    struct gu_seq *tuple = gu_seq_new(r, GU_TUPLE, n);

    if (tuple == NULL)
        return false;
    memcpy(tuple->items, items, n * sizeof *items);
    tuple->n = n;
    return gu_seq_push(r, all, gu_seq_value(tuple));
}

static bool b_enumerate(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *all = gu_seq_new(r, GU_ITERATOR, 0);
    gust_value pair[2];
    int64_t i = 0;
    struct gu_iter it;
    int more;

    if (all == NULL || !gu_arg_int(r, args, 1, "start", &i) ||
        !gu_iter_init(r, &it, &args->items[0]))
        return false;
    for (; (more = gu_iter_next(r, &it, &pair[1])) > 0; i++) {
        pair[0] = gust_value_int(i);
        if (!push_tuple(r, all, pair, 2))
            return false;
    }
    *result = gu_seq_value(all);
    return more == 0;
}

/* One item of each; 0 when one of them ends. */
static int zip_turn(struct gu_render *r, struct gu_iter *its, size_t n, gust_value *items)
{
    for (size_t i = 0; i < n; i++) {
        int more = gu_iter_next(r, &its[i], &items[i]);

        if (more <= 0)
            return more;
    }
    return n > 0;
}

static bool b_zip(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *all = gu_seq_new(r, GU_ITERATOR, 0);
    struct gu_iter *its = gu_render_alloc(r, args->n + 1, sizeof *its);
    gust_value *items = gu_render_alloc(r, args->n + 1, sizeof *items);
    int more;

    if (all == NULL || its == NULL || items == NULL)
        return false;
    for (size_t i = 0; i < args->n; i++)
        if (!gu_iter_init(r, &its[i], &args->items[i]))
            return false;
    while ((more = zip_turn(r, its, args->n, items)) > 0)
        if (!push_tuple(r, all, items, args->n))
            return false;
    *result = gu_seq_value(all);
    return more == 0;
}

const struct gu_builtin gu_sequence_builtins[] = {
    {"dict", b_dict, 0, 1, "*"},
    {"enumerate", b_enumerate, 1, 2, "|start|"},
    {"len", b_len, 1, 1, NULL},
    {"list", b_list, 0, 1, NULL},
    {"range", b_range, 1, 3, NULL},
    {"reversed", b_reversed, 1, 1, NULL},
    {"sorted", b_sorted, 1, 1, "|key|reverse|"},
    {"tuple", b_tuple, 0, 1, NULL},
    {"zip", b_zip, 0, -1, NULL},
    {NULL, NULL, 0, 0, NULL},
};

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

const struct gu_builtin *gu_builtin_find(gust_str name)
{
    const struct gu_builtin *found = gu_builtin_in(gu_text_builtins, name);

    if (gust_str_equal(name, "escape") || gust_str_equal(name, "xhtml_escape"))
        return &gu_xhtml_escape_builtin;
    if (found == NULL)
        found = gu_builtin_in(gu_sequence_builtins, name);
    return found != NULL ? found : gu_builtin_in(gu_number_builtins, name);
}
