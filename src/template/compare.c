/*
 * compare — equality, order, membership
 */
#include "template/render.h"
#include <jansson.h>
#include <math.h>

/* --- numbers --- */

/* An int against a float, exactly: not every int is a double. */
static int order_mixed(int64_t i, double d)
{
    double whole;

    if (isnan(d))
        return GU_UNORDERED;
    if (d >= 9223372036854775808.0)
        return -1;
    if (d < -9223372036854775808.0)
        return 1;
    whole = floor(d);
    if (i != (int64_t)whole)
        return i < (int64_t)whole ? -1 : 1;
    return whole < d ? -1 : 0;
}

static int order_numbers(const gust_value *a, const gust_value *b)
{
    int64_t i, j;
    double d, e;
    int order;

    if (gu_as_int(a, &i) && gu_as_int(b, &j))
        return (i > j) - (i < j);
    if (gu_as_int(a, &i))
        return order_mixed(i, b->as.real);
    if (gu_as_int(b, &j)) {
        order = order_mixed(j, a->as.real);
        return order == GU_UNORDERED ? order : -order;
    }
    d = a->as.real;
    e = b->as.real;
    return isnan(d) || isnan(e) ? GU_UNORDERED : (d > e) - (d < e);
}

static int order_strings(gust_str a, gust_str b)
{
    size_t least = gu_min(a.len, b.len);
    int order = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);

    if (order == 0)
        return (a.len > b.len) - (a.len < b.len);
    return order < 0 ? -1 : 1;
}

/* --- equality --- */

static bool equal(const gust_value *a, const gust_value *b, int depth);

static bool is_tuple(const gust_value *v)
{
    return gu_kind(v) == GU_SEQ && gu_seq_of(v)->kind == GU_TUPLE;
}

static bool equal_sequences(const gust_value *a, const gust_value *b, int depth)
{
    size_t n = 0, m = 0;

    gu_len(a, &n);
    gu_len(b, &m);
    if (n != m || is_tuple(a) != is_tuple(b))
        return false;
    for (size_t i = 0; i < n; i++) {
        gust_value x = gu_seq_get(a, i), y = gu_seq_get(b, i);

        if (!equal(&x, &y, depth))
            return false;
    }
    return true;
}

static bool equal_in(const gust_value *key, gust_value value, const gust_value *other, int depth)
{
    gust_value theirs;

    value = gu_value_known(value);
    return gu_map_get(other, key, &theirs) && equal(&value, &theirs, depth);
}

static bool equal_maps(const gust_value *a, const gust_value *b, int depth)
{
    if (gu_map_len(a) != gu_map_len(b))
        return false;
    if (gu_kind(a) == GU_DICT) {
        const struct gu_dict *d = a->as.own;

        for (size_t i = 0; i < d->n_pairs; i++)
            if (!d->pairs[i].is_gone && !equal_in(&d->pairs[i].key, d->pairs[i].value, b, depth))
                return false;
        return true;
    }
    if (a->type == GUST_MAP) {
        for (const gust_kv *kv = a->as.map; kv != NULL && kv->key != NULL; kv++) {
            gust_value key = gust_value_text(kv->key);

            if (!equal_in(&key, kv->value, b, depth))
                return false;
        }
        return true;
    }
    for (void *at = json_object_iter(a->as.json); at != NULL;
         at = json_object_iter_next(a->as.json, at)) {
        gust_value key = gust_value_text(json_object_iter_key(at));

        if (!equal_in(&key, gust_value_json(json_object_iter_value(at)), b, depth))
            return false;
    }
    return true;
}

static bool equal_ranges(const struct gu_range *a, const struct gu_range *b)
{
    return a->n == b->n &&
           (a->n == 0 || (a->start == b->start && (a->n == 1 || a->step == b->step)));
}

static bool equal(const gust_value *a, const gust_value *b, int depth)
{
    if (depth++ > GU_VALUE_DEPTH)
        return false;
    if (gu_is_number(a) && gu_is_number(b))
        return order_numbers(a, b) == 0;
    if (a->type == GUST_STRING && b->type == GUST_STRING)
        return gu_str_eq(a->as.string, b->as.string);
    if (gu_is_sequence(a) && gu_is_sequence(b))
        return equal_sequences(a, b, depth);
    if (gu_is_map(a) && gu_is_map(b))
        return equal_maps(a, b, depth);
    if (a->type != b->type)
        return false;
    if (gu_kind(a) == GU_RANGE)
        return equal_ranges(a->as.own, b->as.own);
    return a->type == GUST_NULL || (a->type > GUST_JSONT && a->as.own == b->as.own);
}

bool gu_equal(const gust_value *a, const gust_value *b)
{
    return equal(a, b, 0);
}

/* --- order --- */

static bool order_of(struct gu_render *r, const gust_value *a, const gust_value *b, const char *op,
                     int *order, int depth);

static bool order_sequences(struct gu_render *r, const gust_value *a, const gust_value *b,
                            const char *op, int *order, int depth)
{
    size_t n = 0, m = 0;

    gu_len(a, &n);
    gu_len(b, &m);
    for (size_t i = 0; i < n && i < m; i++) {
        gust_value x = gu_seq_get(a, i), y = gu_seq_get(b, i);

        if (!equal(&x, &y, depth))
            return order_of(r, &x, &y, op, order, depth);
    }
    *order = (n > m) - (n < m);
    return true;
}

static bool order_of(struct gu_render *r, const gust_value *a, const gust_value *b, const char *op,
                     int *order, int depth)
{
    if (!gu_step(r))
        return false;
    if (gu_is_number(a) && gu_is_number(b)) {
        *order = order_numbers(a, b);
        return true;
    }
    if (a->type == GUST_STRING && b->type == GUST_STRING) {
        *order = order_strings(a->as.string, b->as.string);
        return gu_steps_for(r, gu_min(a->as.string.len, b->as.string.len));
    }
    if (gu_is_sequence(a) && gu_is_sequence(b) && is_tuple(a) == is_tuple(b) &&
        depth < GU_VALUE_DEPTH)
        return order_sequences(r, a, b, op, order, depth + 1);
    return gu_throw(r, GU_TYPE_ERROR, "'%s' not supported between instances of '%s' and '%s'", op,
                    gu_type_name(a), gu_type_name(b));
}

bool gu_order(struct gu_render *r, const gust_value *a, const gust_value *b, const char *op,
              int *order)
{
    return order_of(r, a, b, op, order, 0);
}

/* --- membership --- */

static bool contains_text(struct gu_render *r, gust_str in, const gust_value *what, bool *found)
{
    if (what->type != GUST_STRING)
        return gu_throw(r, GU_TYPE_ERROR, "'in <string>' requires string as left operand, not %s",
                        gu_type_name(what));
    *found = gu_str_find(in, what->as.string, 0) != GU_NPOS;
    return gu_steps_for(r, in.len);
}

static bool contains_item(struct gu_render *r, const gust_value *in, const gust_value *what,
                          bool *found)
{
    struct gu_iter it;
    gust_value item;
    int more;

    if (!gu_iter_init(r, &it, in))
        return false;
    while ((more = gu_iter_next(r, &it, &item)) > 0)
        if (gu_equal(&item, what)) {
            *found = true;
            return true;
        }
    *found = false;
    return more == 0;
}

static bool range_has(const struct gu_range *range, int64_t i)
{
    uint64_t distance, step;

    if (range->n == 0 || (range->step > 0 ? i < range->start : i > range->start))
        return false;
    distance = range->step > 0 ? (uint64_t)i - (uint64_t)range->start
                               : (uint64_t)range->start - (uint64_t)i;
    step = range->step > 0 ? (uint64_t)range->step : 0 - (uint64_t)range->step;
    return distance % step == 0 && distance / step < range->n;
}

bool gu_contains(struct gu_render *r, const gust_value *in, const gust_value *what, bool *found)
{
    gust_value ignored;
    int64_t i;

    if (in->type == GUST_STRING)
        return contains_text(r, in->as.string, what, found);
    if (gu_is_map(in)) {
        *found = gu_map_get(in, what, &ignored);
        return *found || gu_check_key(r, what);
    }
    if (gu_kind(in) == GU_RANGE && gu_as_int(what, &i)) {
        *found = range_has(in->as.own, i);
        return true;
    }
    if (gu_kind(in) == GUST_NULL || gu_is_number(in) || in->type == GUST_FUNCTION)
        return gu_throw(r, GU_TYPE_ERROR, "argument of type '%s' is not iterable",
                        gu_type_name(in));
    return contains_item(r, in, what, found);
}
