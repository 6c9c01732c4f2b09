/*
 * builtins — the functions that every template knows: those of Python's that pages use
 *
 * Those of sequences; the others are in builtins_number.c and builtins_text.c.
 */
#include "template/methods.h"
#include "template/render.h"

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

const struct gu_builtin *gu_builtin_find(gust_str name)
{
    const struct gu_builtin *found = gu_builtin_in(gu_text_builtins, name);

    if (gust_str_equal(name, "escape") || gust_str_equal(name, "xhtml_escape"))
        return &gu_xhtml_escape_builtin;
    if (found == NULL)
        found = gu_builtin_in(gu_sequence_builtins, name);
    return found != NULL ? found : gu_builtin_in(gu_number_builtins, name);
}
