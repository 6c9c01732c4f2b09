/*
 * methods_list — what lists, tuples and dictionaries have
 *
 * Those that change something work only on what the template itself has made: what it was given is
 * the caller's.
 */
#include "template/methods.h"
#include "template/render.h"
#include <jansson.h>

/* --- lists --- */

/* The list of a method that changes it; NULL, and it has failed, if it is not the template's. */
static struct gu_seq *own_list(struct gu_render *r, const struct gu_args *args)
{
    r->has_kept = true;
    if (gu_kind(args->self) == GU_SEQ)
        return gu_seq_of(args->self);
    gu_throw(r, GU_TYPE_ERROR, "a list that was given to the template cannot be changed");
    return NULL;
}

static bool nothing(gust_value *result)
{
    *result = gust_value_null();
    return true;
}

static bool list_append(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);

    return list != NULL && gu_seq_push(r, list, args->items[0]) && nothing(result);
}

static bool list_extend(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);
    struct gu_seq *more = list == NULL ? NULL : gu_iter_all(r, &args->items[0], GU_LIST);

    for (size_t i = 0; more != NULL && i < more->n; i++)
        if (!gu_seq_push(r, list, more->items[i]))
            return false;
    return more != NULL && nothing(result);
}

static bool list_insert(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);
    int64_t i = 0;
    size_t at;

    if (list == NULL || !gu_arg_int(r, args, 0, NULL, &i) ||
        !gu_seq_push(r, list, gust_value_null()) || !gu_steps_for(r, list->n * sizeof *list->items))
        return false;
    if (i < 0)
        i += (int64_t)list->n - 1;
    at = i < 0 ? 0 : gu_min((size_t)i, list->n - 1);
    memmove(list->items + at + 1, list->items + at, (list->n - 1 - at) * sizeof *list->items);
    list->items[at] = args->items[1];
    return nothing(result);
}

static bool list_pop(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);
    int64_t i = -1;

    if (list == NULL || !gu_arg_int(r, args, 0, NULL, &i) ||
        !gu_steps_for(r, list->n * sizeof *list->items))
        return false;
    if (list->n == 0)
        return gu_throw(r, GU_INDEX_ERROR, "pop from empty list");
    if (i < 0)
        i += (int64_t)list->n;
    if (i < 0 || (size_t)i >= list->n)
        return gu_throw(r, GU_INDEX_ERROR, "pop index out of range");
    *result = list->items[i];
    list->n--;
    memmove(list->items + i, list->items + i + 1, (list->n - (size_t)i) * sizeof *list->items);
    return true;
}

static bool list_clear(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);

    if (list == NULL)
        return false;
    list->n = 0;
    return nothing(result);
}

static bool list_reverse(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);

    if (list == NULL || !gu_steps_for(r, list->n * sizeof *list->items))
        return false;
    for (size_t i = 0; i < list->n / 2; i++) {
        gust_value swapped = list->items[i];

        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = swapped;
    }
    return nothing(result);
}

static bool list_sort(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *list = own_list(r, args);
    const gust_value *reverse = gu_arg(args, SIZE_MAX, "reverse");

    return list != NULL &&
           gu_sort(r, list, gu_arg(args, SIZE_MAX, "key"), reverse != NULL && gu_truth(reverse)) &&
           nothing(result);
}

static bool list_copy(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_seq *copy = gu_iter_all(r, args->self, GU_LIST);

    if (copy == NULL)
        return false;
    *result = gu_seq_value(copy);
    return true;
}

/* Counts what is equal, or finds the first that is. */
static bool look(struct gu_render *r, const struct gu_args *args, bool is_count, gust_value *result)
{
    size_t n = 0;
    int64_t found = 0;

    gu_len(args->self, &n);
    for (size_t i = 0; i < n; i++) {
        gust_value item = gu_seq_get(args->self, i);

        if (!gu_step(r))
            return false;
        if (!gu_equal(&item, &args->items[0]))
            continue;
        found++;
        if (!is_count) {
            *result = gust_value_int((int64_t)i);
            return true;
        }
    }
    *result = gust_value_int(found);
    return is_count ||
           gu_throw(r, GU_VALUE_ERROR, "the item is not in the %s", gu_type_name(args->self));
}

static bool list_count(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return look(r, args, true, result);
}

static bool list_index(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return look(r, args, false, result);
}

const struct gu_builtin gu_list_methods[] = {
    {"append", list_append, 1, 1, NULL},
    {"clear", list_clear, 0, 0, NULL},
    {"copy", list_copy, 0, 0, NULL},
    {"count", list_count, 1, 1, NULL},
    {"extend", list_extend, 1, 1, NULL},
    {"index", list_index, 1, 1, NULL},
    {"insert", list_insert, 2, 2, NULL},
    {"pop", list_pop, 0, 1, NULL},
    {"reverse", list_reverse, 0, 0, NULL},
    {"sort", list_sort, 0, 0, "|key|reverse|"},
    {NULL, NULL, 0, 0, NULL},
};

const struct gu_builtin gu_tuple_methods[] = {
    {"count", list_count, 1, 1, NULL},
    {"index", list_index, 1, 1, NULL},
    {NULL, NULL, 0, 0, NULL},
};

/* --- dictionaries --- */

static struct gu_dict *own_dict(struct gu_render *r, const struct gu_args *args)
{
    r->has_kept = true;
    if (gu_kind(args->self) == GU_DICT)
        return args->self->as.own;
    gu_throw(r, GU_TYPE_ERROR, "a dict that was given to the template cannot be changed");
    return NULL;
}

static bool dict_get(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    if (!gu_check_key(r, &args->items[0]))
        return false;
    if (!gu_map_get(args->self, &args->items[0], result))
        *result = args->n > 1 ? args->items[1] : gust_value_null();
    return true;
}

/* A view is taken when it is asked for. */
static bool view(struct gu_render *r, const struct gu_args *args, enum gu_seq_kind kind,
                 gust_value *result)
{
    struct gu_seq *all = gu_seq_new(r, kind, gu_map_len(args->self));
    struct gu_iter it;
    gust_value key, value;
    int more;

    if (all == NULL || !gu_iter_init(r, &it, args->self))
        return false;
    while ((more = gu_iter_next(r, &it, &key)) > 0) {
        if (kind != GU_KEYS && !gu_map_get(args->self, &key, &value))
            continue;
        if (kind == GU_ITEMS) {
            struct gu_seq *pair = gu_seq_new(r, GU_TUPLE, 2);

            if (pair == NULL)
                return false;
            pair->n = 2;
            pair->items[0] = key;
            pair->items[1] = value;
            value = gu_seq_value(pair);
        }
        if (!gu_seq_push(r, all, kind == GU_KEYS ? key : value))
            return false;
    }
    *result = gu_seq_value(all);
    return more == 0;
}

static bool dict_keys(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return view(r, args, GU_KEYS, result);
}

static bool dict_values(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return view(r, args, GU_VALUES, result);
}

static bool dict_items(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return view(r, args, GU_ITEMS, result);
}

/* The two items of a pair. */
static bool take_pair(struct gu_render *r, gust_value pair, gust_value *key, gust_value *value)
{
    struct gu_seq *items = gu_iter_all(r, &pair, GU_LIST);

    if (items == NULL)
        return false;
    if (items->n != 2)
        return gu_throw(r, GU_VALUE_ERROR,
                        "dictionary update sequence element has length %zu; 2 is required",
                        items->n);
    *key = items->items[0];
    *value = items->items[1];
    return true;
}

/* Copies the pairs of a map, or of what has pairs for items. */
static bool add_pairs(struct gu_render *r, struct gu_dict *to, const gust_value *from)
{
    struct gu_iter it;
    gust_value key, value;
    int more;

    if (!gu_iter_init(r, &it, from))
        return false;
    while ((more = gu_iter_next(r, &it, &key)) > 0) {
        if (gu_is_map(from) ? !gu_map_get(from, &key, &value) : !take_pair(r, key, &key, &value))
            return false;
        if (!gu_dict_put(r, to, &key, &value))
            return false;
    }
    return more == 0;
}

bool gu_dict_copy(struct gu_render *r, const gust_value *from, gust_value *copy)
{
    struct gu_dict *d = gu_dict_new(r);

    if (d == NULL)
        return false;
    *copy = gu_own(GU_DICT, d);
    return from == NULL || add_pairs(r, d, from);
}

static bool dict_copy(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return gu_dict_copy(r, args->self, result);
}

static bool dict_update(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_dict *d = own_dict(r, args);

    return d != NULL && add_pairs(r, d, &args->items[0]) && nothing(result);
}

static bool dict_setdefault(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_dict *d = own_dict(r, args);

    if (d == NULL)
        return false;
    if (gu_map_get(args->self, &args->items[0], result))
        return true;
    *result = args->n > 1 ? args->items[1] : gust_value_null();
    return gu_dict_put(r, d, &args->items[0], result);
}

static bool dict_pop(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_dict *d = own_dict(r, args);

    if (d == NULL)
        return false;
    if (gu_dict_remove(d, &args->items[0], result))
        return true;
    if (args->n < 2)
        return gu_throw_key(r, &args->items[0]);
    *result = args->items[1];
    return true;
}

const struct gu_builtin gu_dict_methods[] = {
    {"copy", dict_copy, 0, 0, NULL},
    {"get", dict_get, 1, 2, NULL},
    {"items", dict_items, 0, 0, NULL},
    {"keys", dict_keys, 0, 0, NULL},
    {"pop", dict_pop, 1, 2, NULL},
    {"setdefault", dict_setdefault, 1, 2, NULL},
    {"update", dict_update, 1, 1, NULL},
    {"values", dict_values, 0, 0, NULL},
    {NULL, NULL, 0, 0, NULL},
};

/* --- finding --- */

const struct gu_builtin *gu_builtin_in(const struct gu_builtin *table, gust_str name)
{
    for (; table->name != NULL; table++)
        if (table->name[0] == name.ptr[0] && gust_str_equal(name, table->name))
            return table;
    return NULL;
}

const struct gu_builtin *gu_method_find(const gust_value *of, gust_str name)
{
    if (of->type == GUST_STRING)
        return gu_builtin_in(gu_text_methods, name);
    if (gu_is_map(of))
        return gu_builtin_in(gu_dict_methods, name);
    if (!gu_is_sequence(of))
        return NULL;
    if (gu_kind(of) == GU_SEQ && gu_seq_of(of)->kind == GU_TUPLE)
        return gu_builtin_in(gu_tuple_methods, name);
    return gu_builtin_in(gu_list_methods, name);
}
