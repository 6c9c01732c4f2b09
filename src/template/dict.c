/*
 * dict — dictionaries that templates make, and looking into those that they are given
 */
#include "base/hash.h"
#include "template/render.h"
#include <jansson.h>
#include <math.h>

#define FEW 8 /* pairs that are looked through without an index */

/* --- keys --- */

static uint64_t hash_int(int64_t i)
{
    return gu_hash(gu_str((const char *)&i, sizeof i));
}

static uint64_t hash_real(double d)
{
    bool is_whole = fabs(d) < 9e18 && floor(d) == d;

    return is_whole ? hash_int((int64_t)d) : gu_hash(gu_str((const char *)&d, sizeof d));
}

/* Equal numbers have equal hashes, whatever their type. False of what cannot be a key. */
static bool hash_of(const gust_value *key, uint64_t *hash)
{
    int64_t i;

    if (gu_as_int(key, &i)) {
        *hash = hash_int(i);
    } else if (key->type == GUST_STRING) {
        *hash = gu_hash(key->as.string);
    } else if (key->type == GUST_DOUBLE) {
        *hash = hash_real(key->as.real);
    } else if (gu_kind(key) == GU_SEQ && gu_seq_of(key)->kind == GU_TUPLE) {
        uint64_t one;

        *hash = gu_seq_of(key)->n;
        for (size_t k = 0; k < gu_seq_of(key)->n; k++) {
            if (!hash_of(&gu_seq_of(key)->items[k], &one))
                return false;
            *hash = *hash * UINT64_C(0x9e3779b97f4a7c15) + one;
        }
    } else if (gu_kind(key) == GU_RANGE) {
        *hash = ((const struct gu_range *)key->as.own)->n;
    } else {
        *hash = 0;
        return key->type == GUST_NULL || key->type == GUST_FUNCTION || key->type == GUST_OBJECT ||
               gu_kind(key) == GU_BUILTIN || gu_kind(key) == GU_BOUND;
    }
    return true;
}

bool gu_check_key(struct gu_render *r, const gust_value *key)
{
    uint64_t hash;

    return hash_of(key, &hash) ||
           gu_throw(r, GU_TYPE_ERROR, "unhashable type: '%s'", gu_type_name(key));
}

/* The pair of a key, NULL without one. */
static struct gu_pair *find(const struct gu_dict *d, const gust_value *key, uint64_t hash)
{
    if (d->slots == NULL) {
        for (size_t i = 0; i < d->n_pairs; i++)
            if (!d->pairs[i].is_gone && d->pairs[i].hash == hash && gu_equal(&d->pairs[i].key, key))
                return &d->pairs[i];
        return NULL;
    }
    for (size_t at = hash & d->mask; d->slots[at] != 0; at = (at + 1) & d->mask) {
        struct gu_pair *pair = &d->pairs[d->slots[at] - 1];

        if (!pair->is_gone && pair->hash == hash && gu_equal(&pair->key, key))
            return pair;
    }
    return NULL;
}

/* --- making --- */

struct gu_dict *gu_dict_new(struct gu_render *r)
{
    struct gu_dict *d = gu_render_alloc(r, 1, sizeof *d);

    if (d != NULL)
        *d = (struct gu_dict){0};
    return d;
}

static void put_slot(struct gu_dict *d, size_t pair)
{
    size_t at = d->pairs[pair].hash & d->mask;

    while (d->slots[at] != 0)
        at = (at + 1) & d->mask;
    d->slots[at] = (uint32_t)pair + 1;
}

/* Room for twice as many, without those that are gone. */
static bool grow(struct gu_render *r, struct gu_dict *d)
{
    size_t cap = gu_max(FEW, d->n * 2), n = 0;
    struct gu_pair *pairs = gu_render_alloc(r, cap, sizeof *pairs);

    if (pairs == NULL || cap > UINT32_MAX / 4)
        return pairs == NULL ? false : gu_stop(r, -ENOMEM, "memory is short");
    for (size_t i = 0; i < d->n_pairs; i++)
        if (!d->pairs[i].is_gone)
            pairs[n++] = d->pairs[i];
    d->pairs = pairs;
    d->n_pairs = n;
    d->cap = cap;
    d->slots = NULL;
    if (cap <= FEW)
        return true;
    d->mask = 1;
    while (d->mask < cap * 2)
        d->mask *= 2;
    d->slots = gu_render_alloc(r, d->mask, sizeof *d->slots);
    if (d->slots == NULL)
        return false;
    memset(d->slots, 0, d->mask * sizeof *d->slots);
    d->mask--;
    for (size_t i = 0; i < n; i++)
        put_slot(d, i);
    return true;
}

bool gu_dict_put(struct gu_render *r, struct gu_dict *d, const gust_value *key,
                 const gust_value *value)
{
    struct gu_pair *pair;
    uint64_t hash;

    if (!hash_of(key, &hash))
        return gu_check_key(r, key);
    pair = find(d, key, hash);
    if (pair != NULL) {
        pair->value = *value;
        return true;
    }
    if (d->n_pairs == d->cap && !grow(r, d))
        return false;
    d->pairs[d->n_pairs] = (struct gu_pair){*key, *value, hash, false};
    if (d->slots != NULL)
        put_slot(d, d->n_pairs);
    d->n_pairs++;
    d->n++;
    return true;
}

bool gu_dict_remove(struct gu_dict *d, const gust_value *key, gust_value *value)
{
    struct gu_pair *pair;
    uint64_t hash;

    if (!hash_of(key, &hash))
        return false;
    pair = find(d, key, hash);
    if (pair == NULL)
        return false;
    *value = pair->value;
    pair->is_gone = true;
    d->n--;
    return true;
}

/* --- looking into all maps --- */

bool gu_map_get_text(const gust_value *map, gust_str key, gust_value *value)
{
    if (map->type == GUST_JSONT) {
        json_t *found = json_object_getn(map->as.json, key.ptr, key.len);

        if (found != NULL)
            *value = gu_json_known(found);
        return found != NULL;
    }
    if (map->type == GUST_MAP) {
        for (const gust_kv *kv = map->as.map; kv != NULL && kv->key != NULL; kv++)
            if (strncmp(kv->key, key.ptr, key.len) == 0 && kv->key[key.len] == '\0') {
                *value = gu_value_known(kv->value);
                return true;
            }
        return false;
    }
    return gu_map_get(map, &(gust_value){.type = GUST_STRING, .as.string = key}, value);
}

bool gu_map_get(const gust_value *map, const gust_value *key, gust_value *value)
{
    struct gu_pair *pair;
    uint64_t hash;

    if (gu_kind(map) != GU_DICT)
        return key->type == GUST_STRING && gu_map_get_text(map, key->as.string, value);
    if (!hash_of(key, &hash))
        return false;
    pair = find(map->as.own, key, hash);
    if (pair == NULL)
        return false;
    *value = pair->value;
    return true;
}

size_t gu_map_len(const gust_value *map)
{
    size_t n = 0;

    if (gu_kind(map) == GU_DICT)
        return ((struct gu_dict *)map->as.own)->n;
    if (map->type == GUST_JSONT)
        return json_object_size(map->as.json);
    for (const gust_kv *kv = map->as.map; kv != NULL && kv->key != NULL; kv++)
        n++;
    return n;
}
