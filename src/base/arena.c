/*
 * arena — chunks, marks and moves
 *
 * Small allocations share chunks of GU_CHUNK_SIZE, which come from a pool; a larger one has a chunk
 * of its own, so that the room left in the current chunk is not lost.
 */
#include "base/alloc.h"
#include "base/arena_impl.h"
#include "base/sanitize.h"
#include "base/str.h"

#define CHUNK_HEADER ((sizeof(struct gu_chunk) + 15) & ~(size_t)15)

static void uncount(const struct gu_chunk *chunk)
{
    if (chunk->pool != NULL)
        chunk->pool->live -= chunk->size;
}

static void release_to_pool(struct gu_chunk *chunk)
{
    struct gu_chunk_pool *pool = chunk->pool;

    uncount(chunk);
    if (pool == NULL || pool->n_free >= pool->max_free) {
        gu_free(chunk);
        return;
    }
    gu_poison((char *)chunk + CHUNK_HEADER, chunk->size - CHUNK_HEADER);
    chunk->next = pool->free;
    pool->free = chunk;
    pool->n_free++;
}

static void release_to_heap(struct gu_chunk *chunk)
{
    uncount(chunk);
    gu_free(chunk);
}

static struct gu_chunk *chunk_new(struct gust_arena *a, size_t size)
{
    struct gu_chunk *chunk;
    bool is_plain = size == GU_CHUNK_SIZE;

    if (is_plain && a->pool != NULL && a->pool->free != NULL) {
        chunk = a->pool->free;
        a->pool->free = chunk->next;
        a->pool->n_free--;
        gu_unpoison(chunk, size);
    } else {
        chunk = gu_alloc(size);
        if (chunk == NULL)
            return NULL;
    }
    chunk->size = size;
    chunk->pool = a->pool;
    chunk->release = is_plain ? release_to_pool : release_to_heap;
    chunk->next = a->chunks;
    a->chunks = chunk;
    a->used += size;
    if (a->pool != NULL)
        a->pool->live += size;
    return chunk;
}

static char *chunk_bytes(struct gu_chunk *chunk)
{
    return (char *)chunk + CHUNK_HEADER;
}

void *gu_arena_alloc_slow(struct gust_arena *a, size_t size)
{
    bool is_large = size > (GU_CHUNK_SIZE - CHUNK_HEADER) / 4;
    size_t want = is_large ? size + CHUNK_HEADER : GU_CHUNK_SIZE;
    struct gu_chunk *chunk;

    if (want < size || want > a->limit || a->used > a->limit - want)
        return NULL;
    chunk = chunk_new(a, want);
    if (chunk == NULL)
        return NULL;
    if (is_large)
        return chunk_bytes(chunk);
    a->cur = chunk_bytes(chunk);
    a->end = (char *)chunk + GU_CHUNK_SIZE;
    return gu_arena_alloc(a, size);
}

gust_str gu_arena_copy(struct gust_arena *a, const void *bytes, size_t len)
{
    char *copy = len < SIZE_MAX ? gu_arena_alloc(a, len + 1) : NULL;

    if (copy == NULL)
        return (gust_str){NULL, 0};
    if (len > 0)
        gu_put(copy, bytes, len);
    copy[len] = '\0';
    return (gust_str){copy, len};
}

bool gu_arena_extend(struct gust_arena *a, void *last, size_t old_size, size_t new_size)
{
    size_t old_rounded = (old_size + 15) & ~(size_t)15;
    size_t new_rounded = (new_size + 15) & ~(size_t)15;

    if ((char *)last + old_rounded != a->cur || new_rounded < new_size)
        return false;
    if (new_rounded > (size_t)(a->end - (char *)last))
        return false;
    a->cur = (char *)last + new_rounded;
    return true;
}

/* The link to the chunk that a large allocation has to itself; NULL when it has none. */
static struct gu_chunk **link_of_large(struct gust_arena *a, const void *first)
{
    for (struct gu_chunk **link = &a->chunks; *link != NULL; link = &(*link)->next)
        if ((*link)->release == release_to_heap && chunk_bytes(*link) == first)
            return link;
    return NULL;
}

static void *grow_large(struct gust_arena *a, struct gu_chunk **link, size_t size)
{
    size_t want = size + CHUNK_HEADER, used = a->used - (*link)->size;
    struct gu_chunk *chunk;

    if (want < size || want > a->limit || used > a->limit - want)
        return NULL;
    chunk = gu_realloc(*link, want);
    if (chunk == NULL)
        return NULL;
    if (chunk->pool != NULL)
        chunk->pool->live += want - chunk->size;
    chunk->size = want;
    a->used = used + want;
    *link = chunk;
    return chunk_bytes(chunk);
}

void *gu_arena_grow(struct gust_arena *a, void *old, size_t old_size, size_t new_size)
{
    struct gu_chunk **link = link_of_large(a, old);
    void *moved;

    if (link != NULL)
        return grow_large(a, link, new_size);
    if (gu_arena_extend(a, old, old_size, new_size))
        return old;
    moved = gu_arena_alloc(a, new_size);
    return moved == NULL ? NULL : memcpy(moved, old, old_size);
}

void gu_chunks_release(struct gu_chunk *chunks)
{
    while (chunks != NULL) {
        struct gu_chunk *next = chunks->next;

        chunks->release(chunks);
        chunks = next;
    }
}

void gu_arena_deinit(struct gust_arena *a)
{
    gu_chunks_release(gu_arena_take_chunks(a));
    a->cur = a->end = NULL;
}

void gu_arena_rollback(struct gust_arena *a, const struct gu_arena_mark *mark)
{
    while (a->chunks != mark->chunks) {
        struct gu_chunk *chunk = a->chunks;

        a->chunks = chunk->next;
        chunk->release(chunk);
    }
    a->cur = mark->cur;
    a->end = mark->end;
    a->used = mark->used;
}

void gu_arena_adopt_chunks(struct gust_arena *a, struct gu_chunk *chunks)
{
    struct gu_chunk **link = &chunks;

    while (*link != NULL) {
        a->used += (*link)->size;
        link = &(*link)->next;
    }
    *link = a->chunks;
    a->chunks = chunks;
}

struct gu_chunk *gu_arena_take_chunks(struct gust_arena *a)
{
    struct gu_chunk *chunks = a->chunks;

    a->chunks = NULL;
    a->used = 0;
    return chunks;
}

struct gu_chunk *gu_arena_take_chunk(struct gust_arena *a, const void *first)
{
    struct gu_chunk **link = link_of_large(a, first), *chunk;

    if (link == NULL)
        return NULL;
    chunk = *link;
    *link = chunk->next;
    chunk->next = NULL;
    a->used -= chunk->size;
    return chunk;
}

void gu_chunk_pool_trim(struct gu_chunk_pool *pool, size_t keep)
{
    while (pool->n_free > keep) {
        struct gu_chunk *chunk = pool->free;

        pool->free = chunk->next;
        pool->n_free--;
        gu_free(chunk);
    }
}

/* --- arenas of one's own --- */

gust_arena *gust_arena_new(void)
{
    gust_arena *a = gu_alloc(sizeof *a);

    if (a != NULL)
        gu_arena_init(a, NULL, NULL, 0, SIZE_MAX);
    return a;
}

void gust_arena_free(gust_arena *a)
{
    if (a == NULL)
        return;
    gu_arena_deinit(a);
    gu_free(a);
}

void *gust_arena_alloc(gust_arena *a, size_t size)
{
    return gu_arena_alloc(a, size);
}

char *gust_arena_strdup(gust_arena *a, const char *text)
{
    return (char *)(uintptr_t)gu_arena_copy(a, text, strlen(text)).ptr;
}
