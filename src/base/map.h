/*
 * map — from bytes to pointers
 *
 * Open addressing with linear probing over a power of two, at most three quarters full. Keys are
 * lent: their bytes must live as long as their entry (they usually lie in the value). Removing
 * shifts what follows back, so there are no tombstones and lookups stay short. Changing the map
 * while walking it is not allowed.
 */
#ifndef GU_MAP_H
#define GU_MAP_H

#include "base/gu.h"

struct gu_map_entry {
    gust_str key; /* .ptr is NULL in an empty slot */
    void *value;
    uint64_t hash;
};

struct gu_map {
    struct gu_map_entry *slots;
    size_t n, mask; /* entries; slots less one */
};

#define GU_MAP_NULL \
    (struct gu_map) \
    {               \
        NULL, 0, 0  \
    }

/* An empty map is all zero. */
static inline void gu_map_init(struct gu_map *m)
{
    *m = GU_MAP_NULL;
}

/* Frees the table; keys and values are the caller's. */
void gu_map_deinit(struct gu_map *m);

/* The value of a key, NULL if there is none. */
void *gu_map_find(const struct gu_map *m, gust_str key);

/* Where a key's value stands, NULL if the key is not there: for values that may be NULL. */
void **gu_map_slot(const struct gu_map *m, gust_str key);

/* Puts a value under a key that may be there already; then the old key stays. 0 or -ENOMEM, on
 * which nothing has changed. key.ptr is not NULL. */
int gu_map_put(struct gu_map *m, gust_str key, void *value) GUST_CHECK;

/* Takes a key's entry out; its value, NULL if there was none. */
void *gu_map_remove(struct gu_map *m, gust_str key);

/* The entry behind `at` in no particular order, the first for NULL; NULL behind the last. */
struct gu_map_entry *gu_map_next(const struct gu_map *m, const struct gu_map_entry *at);

#define GU_MAP_FOREACH(entry, map)                                               \
    for (struct gu_map_entry *entry = gu_map_next((map), NULL); (entry) != NULL; \
         entry = gu_map_next((map), entry))

#endif
