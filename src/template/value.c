/*
 * value — kinds, lengths, iteration
 */
#include "template/value.h"
#include "template/render.h"
#include "template/text.h"
#include <jansson.h>

/* --- kinds --- */

gust_value gu_json_known(struct json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        return gust_value_str(gu_str(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
        return gust_value_int(json_integer_value(json));
    case JSON_REAL:
        return gust_value_double(json_real_value(json));
    case JSON_TRUE:
        return gust_value_bool(true);
    case JSON_FALSE:
        return gust_value_bool(false);
    case JSON_NULL:
        return gust_value_null();
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return gust_value_json(json);
}

static const char *const seq_names[] = {"list",        "tuple",      "dict_keys",
                                        "dict_values", "dict_items", "iterator"};

const char *gu_type_name(const gust_value *v)
{
    switch (gu_kind(v)) {
    case GUST_NULL:
        return "NoneType";
    case GUST_BOOL:
        return "bool";
    case GUST_INT:
        return "int";
    case GUST_DOUBLE:
        return "float";
    case GUST_STRING:
        return "str";
    case GUST_LIST:
        return "list";
    case GUST_MAP:
    case GU_DICT:
        return "dict";
    case GUST_JSONT:
        return json_is_array(v->as.json) ? "list" : "dict";
    case GUST_OBJECT:
        return v->as.object->name == NULL ? "object" : v->as.object->name;
    case GU_SEQ:
        return seq_names[gu_seq_of(v)->kind];
    case GU_RANGE:
        return "range";
    case GU_GENERATOR:
        return "generator";
    default:
        return "function";
    }
}

bool gu_is_number(const gust_value *v)
{
    return v->type == GUST_INT || v->type == GUST_DOUBLE || v->type == GUST_BOOL;
}

bool gu_is_sequence(const gust_value *v)
{
    if (gu_kind(v) == GU_SEQ)
        return gu_seq_of(v)->kind <= GU_TUPLE;
    return v->type == GUST_LIST || (v->type == GUST_JSONT && json_is_array(v->as.json));
}

bool gu_is_map(const gust_value *v)
{
    return gu_kind(v) == GU_DICT || v->type == GUST_MAP ||
           (v->type == GUST_JSONT && json_is_object(v->as.json));
}

bool gu_as_int(const gust_value *v, int64_t *i)
{
    if (v->type == GUST_INT)
        *i = v->as.integer;
    else if (v->type == GUST_BOOL)
        *i = v->as.boolean;
    else
        return false;
    return true;
}

bool gu_as_real(const gust_value *v, double *d)
{
    int64_t i;

    if (v->type == GUST_DOUBLE)
        *d = v->as.real;
    else if (gu_as_int(v, &i))
        *d = (double)i;
    else
        return false;
    return true;
}

bool gu_len(const gust_value *v, size_t *n)
{
    switch (gu_kind(v)) {
    case GUST_STRING:
        *n = gu_text_len(v->as.string);
        return true;
    case GUST_LIST:
        *n = v->n;
        return true;
    case GU_SEQ:
        *n = gu_seq_of(v)->n;
        return gu_seq_of(v)->kind != GU_ITERATOR;
    case GU_RANGE:
        *n = ((struct gu_range *)v->as.own)->n;
        return true;
    case GUST_JSONT:
        *n = json_is_array(v->as.json) ? json_array_size(v->as.json) : json_object_size(v->as.json);
        return true;
    case GUST_MAP:
    case GU_DICT:
        *n = gu_map_len(v);
        return true;
    default:
        return false;
    }
}

bool gu_truth(const gust_value *v)
{
    size_t n;

    switch (gu_kind(v)) {
    case GUST_NULL:
        return false;
    case GUST_BOOL:
        return v->as.boolean;
    case GUST_INT:
        return v->as.integer != 0;
    case GUST_DOUBLE:
        return v->as.real != 0;
    case GUST_STRING:
        return v->as.string.len > 0;
    case GUST_MAP:
        return v->as.map != NULL && v->as.map->key != NULL;
    default:
        return !gu_len(v, &n) || n > 0;
    }
}

gust_value gu_seq_get(const gust_value *v, size_t i)
{
    if (gu_kind(v) == GU_SEQ)
        return gu_seq_of(v)->items[i];
    if (v->type == GUST_LIST)
        return gu_value_known(v->as.list[i]);
    return gu_json_known(json_array_get(v->as.json, i));
}

/* --- made while it runs --- */

struct gu_seq *gu_seq_new(struct gu_render *r, enum gu_seq_kind kind, size_t room)
{
    struct gu_seq *seq = gu_render_alloc(r, 1, sizeof *seq);
    gust_value *items = seq == NULL || room == 0 ? NULL : gu_render_alloc(r, room, sizeof *items);

    if (seq == NULL || (room > 0 && items == NULL))
        return NULL;
    *seq = (struct gu_seq){kind, 0, room, 0, items};
    return seq;
}

bool gu_seq_push(struct gu_render *r, struct gu_seq *seq, gust_value item)
{
    if (seq->n == seq->cap) {
        size_t cap = gu_max(8, seq->cap * 2);
        gust_value *items = gu_render_alloc(r, cap, sizeof *items);

        if (items == NULL)
            return false;
        if (seq->n > 0)
            memcpy(items, seq->items, seq->n * sizeof *items);
        seq->items = items;
        seq->cap = cap;
    }
    seq->items[seq->n++] = item;
    return true;
}

/* --- iteration --- */

bool gu_iter_init(struct gu_render *r, struct gu_iter *it, const gust_value *over)
{
    *it = (struct gu_iter){.over = *over};
    switch (gu_kind(over)) {
    case GUST_STRING:
        it->n = over->as.string.len;
        return true;
    case GUST_JSONT:
        it->at = json_is_object(over->as.json) ? json_object_iter(over->as.json) : NULL;
        it->n = json_is_array(over->as.json) ? json_array_size(over->as.json) : 0;
        return true;
    case GUST_LIST:
        it->n = over->n;
        return true;
    case GUST_MAP:
        it->at = (void *)(uintptr_t)over->as.map;
        return true;
    case GU_SEQ:
    case GU_DICT:
    case GU_RANGE:
    case GU_GENERATOR:
        return true;
    default:
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object is not iterable", gu_type_name(over));
    }
}

static int next_character(struct gu_iter *it, gust_value *item)
{
    const char *at = it->over.as.string.ptr + it->i;
    uint32_t c;
    size_t n;

    if (it->i == it->n)
        return 0;
    n = gu_text_decode(at, it->over.as.string.ptr + it->n, &c);
    it->i += n;
    *item = gust_value_str(gu_str(at, n));
    return 1;
}

static int next_of_json(struct gu_iter *it, gust_value *item)
{
    if (json_is_array(it->over.as.json)) {
        if (it->i == it->n)
            return 0;
        *item = gu_json_known(json_array_get(it->over.as.json, it->i++));
        return 1;
    }
    if (it->at == NULL)
        return 0;
    *item = gust_value_text(json_object_iter_key(it->at));
    it->at = json_object_iter_next(it->over.as.json, it->at);
    return 1;
}

static int next_of_map(struct gu_iter *it, gust_value *item)
{
    const gust_kv *kv = it->at;

    if (kv == NULL || kv->key == NULL)
        return 0;
    *item = gust_value_text(kv->key);
    it->at = (void *)(uintptr_t)(kv + 1);
    return 1;
}

/* A list may change while it is walked, as in Python. */
static int next_of_seq(struct gu_iter *it, gust_value *item)
{
    struct gu_seq *seq = gu_seq_of(&it->over);
    size_t *i = seq->kind == GU_ITERATOR ? &seq->pos : &it->i;

    if (*i >= seq->n)
        return 0;
    *item = seq->items[(*i)++];
    return 1;
}

static int next_of_dict(struct gu_iter *it, gust_value *item)
{
    struct gu_dict *d = it->over.as.own;

    while (it->i < d->n_pairs && d->pairs[it->i].is_gone)
        it->i++;
    if (it->i >= d->n_pairs)
        return 0;
    *item = d->pairs[it->i++].key;
    return 1;
}

static int next_of_range(struct gu_iter *it, gust_value *item)
{
    struct gu_range *range = it->over.as.own;

    if (it->i >= range->n)
        return 0;
    *item = gust_value_int((int64_t)((uint64_t)range->start + it->i * (uint64_t)range->step));
    it->i++;
    return 1;
}

int gu_iter_next(struct gu_render *r, struct gu_iter *it, gust_value *item)
{
    if (!gu_step(r))
        return -1;
    switch (gu_kind(&it->over)) {
    case GU_SEQ:
        return next_of_seq(it, item);
    case GUST_LIST:
        if (it->i == it->n)
            return 0;
        *item = gu_value_known(it->over.as.list[it->i++]);
        return 1;
    case GUST_JSONT:
        return next_of_json(it, item);
    case GU_RANGE:
        return next_of_range(it, item);
    case GUST_STRING:
        return next_character(it, item);
    case GUST_MAP:
        return next_of_map(it, item);
    case GU_DICT:
        return next_of_dict(it, item);
    default:
        return gu_generator_next(r, it->over.as.own, item);
    }
}

struct gu_seq *gu_iter_all(struct gu_render *r, const gust_value *over, enum gu_seq_kind kind)
{
    struct gu_seq *all = gu_seq_new(r, kind, 0);
    struct gu_iter it;
    gust_value item;
    int more;

    if (all == NULL || !gu_iter_init(r, &it, over))
        return NULL;
    while ((more = gu_iter_next(r, &it, &item)) > 0)
        if (!gu_seq_push(r, all, item))
            return NULL;
    return more < 0 ? NULL : all;
}
