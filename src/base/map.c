/*
 * map — probing, growing, and removing without tombstones
 */
#include "base/map.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/str.h"

#define LEAST_SLOTS 8u

void gu_map_deinit(struct gu_map *m)
{
    gu_free(m->slots);
    *m = GU_MAP_NULL;
}

/* The key's slot, or the empty one where it would go. There always is an empty one. */
static struct gu_map_entry *probe(const struct gu_map *m, gust_str key, uint64_t hash)
{
    size_t i = hash & m->mask;

    while (m->slots[i].key.ptr != NULL) {
        if (m->slots[i].hash == hash && gu_str_eq(m->slots[i].key, key))
            break;
        i = (i + 1) & m->mask;
    }
    return &m->slots[i];
}

void **gu_map_slot(const struct gu_map *m, gust_str key)
{
    struct gu_map_entry *entry;

    if (m->n == 0)
        return NULL;
    entry = probe(m, key, gu_hash(key));
    return entry->key.ptr != NULL ? &entry->value : NULL;
}

void *gu_map_find(const struct gu_map *m, gust_str key)
{
    void **slot = gu_map_slot(m, key);

    return slot != NULL ? *slot : NULL;
}

static int grow(struct gu_map *m)
{
    size_t n_slots = m->slots == NULL ? LEAST_SLOTS : (m->mask + 1) * 2;
    struct gu_map bigger = {.n = m->n, .mask = n_slots - 1};

    if (n_slots > SIZE_MAX / sizeof *bigger.slots)
        return -ENOMEM;
    bigger.slots = gu_alloc0(n_slots * sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return -ENOMEM;
    GU_MAP_FOREACH (entry, m)
        *probe(&bigger, entry->key, entry->hash) = *entry;
    gu_free(m->slots);
    *m = bigger;
    return 0;
}

static bool is_full(const struct gu_map *m)
{
    return m->slots == NULL || m->n + 1 > (m->mask + 1) / 4 * 3;
}

int gu_map_put(struct gu_map *m, gust_str key, void *value)
{
    uint64_t hash = gu_hash(key);
    struct gu_map_entry *entry = m->slots != NULL ? probe(m, key, hash) : NULL;

    gu_assert(key.ptr != NULL);
    if (entry != NULL && entry->key.ptr != NULL) {
        entry->value = value;
        return 0;
    }
    if (is_full(m)) {
        if (grow(m) != 0)
            return -ENOMEM;
        entry = probe(m, key, hash);
    }
    *entry = (struct gu_map_entry){key, value, hash};
    m->n++;
    return 0;
}

/* Closes the gap at `hole`: an entry behind it moves in unless it would then lie before its home.
 */
static void close_gap(struct gu_map *m, size_t hole)
{
    for (size_t i = (hole + 1) & m->mask; m->slots[i].key.ptr != NULL; i = (i + 1) & m->mask) {
        size_t home = m->slots[i].hash & m->mask;

        if (((i - home) & m->mask) < ((i - hole) & m->mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct gu_map_entry){{NULL, 0}, NULL, 0};
}

void *gu_map_remove(struct gu_map *m, gust_str key)
{
    struct gu_map_entry *entry;
    void *value;

    if (m->n == 0)
        return NULL;
    entry = probe(m, key, gu_hash(key));
    if (entry->key.ptr == NULL)
        return NULL;
    value = entry->value;
    close_gap(m, (size_t)(entry - m->slots));
    m->n--;
    return value;
}

struct gu_map_entry *gu_map_next(const struct gu_map *m, const struct gu_map_entry *at)
{
    size_t i = at == NULL ? 0 : (size_t)(at - m->slots) + 1;

    if (m->slots == NULL)
        return NULL;
    for (; i <= m->mask; i++)
        if (m->slots[i].key.ptr != NULL)
            return &m->slots[i];
    return NULL;
}
