/*
 * arena — a bump allocator over chunks, with marks and moves
 *
 * The bytes between `cur` and `end` are free. Chunks are listed newest first, and that order is all
 * a rollback needs: it gives back what is newer than the mark. A large allocation gets a chunk of
 * its own in front, without touching cur and end; so does what is moved in from another arena. A
 * chunk knows how to release itself, because it may be a task's stack that outlived its task.
 */
#ifndef GU_ARENA_IMPL_H
#define GU_ARENA_IMPL_H

#include "base/gu.h"
#include <gust/arena.h>

#define GU_CHUNK_SIZE 4096u

struct gu_chunk {
    struct gu_chunk *next;
    void (*release)(struct gu_chunk *chunk);
    size_t size; /* counted against the limit */
    struct gu_chunk_pool *pool;
};

/* Chunks of GU_CHUNK_SIZE that wait for their next use; one a loop. */
struct gu_chunk_pool {
    struct gu_chunk *free;
    size_t n_free;
    size_t max_free;
    size_t live; /* bytes in chunks of its arenas, whatever their size and wherever they went */
};

struct gust_arena {
    char *cur, *end;
    struct gu_chunk *chunks;
    struct gu_chunk_pool *pool; /* NULL: straight from the heap */
    size_t used;                /* bytes in chunks */
    size_t limit;               /* of `used` */
};

struct gu_arena_mark {
    char *cur, *end;
    struct gu_chunk *chunks;
    size_t used;
};

/* An arena in the caller's memory. The `size` bytes at `first` are used before any chunk; they stay
 * the caller's. */
static inline void gu_arena_init(struct gust_arena *a, struct gu_chunk_pool *pool, void *first,
                                 size_t size, size_t limit)
{
    a->cur = first;
    a->end = size == 0 ? first : (char *)first + size;
    a->chunks = NULL;
    a->pool = pool;
    a->used = 0;
    a->limit = limit;
}

/* Releases every chunk; the arena must be initialised again before its next use. */
void gu_arena_deinit(struct gust_arena *a);

void *gu_arena_alloc_slow(struct gust_arena *a, size_t size);

static inline size_t gu_arena_rounded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* Whether it can be had without another chunk. */
static inline bool gu_arena_has(const struct gust_arena *a, size_t size)
{
    return gu_arena_rounded(size) <= (size_t)(a->end - a->cur) && gu_arena_rounded(size) >= size;
}

static inline void *gu_arena_bump(struct gust_arena *a, size_t size)
{
    void *p = a->cur;

    a->cur += gu_arena_rounded(size);
    return p;
}

/* Aligned to 16, not cleared. NULL when memory is short or the limit would be passed. */
static inline void *gu_arena_alloc(struct gust_arena *a, size_t size)
{
    return gu_likely(gu_arena_has(a, size)) ? gu_arena_bump(a, size) : gu_arena_alloc_slow(a, size);
}

/* A copy with a zero byte behind it; .ptr is NULL when memory is short. */
gust_str gu_arena_copy(struct gust_arena *a, const void *bytes, size_t len);

/* Grows the newest allocation in place if it is one and there is room; false otherwise. */
bool gu_arena_extend(struct gust_arena *a, void *last, size_t old_size, size_t new_size);

/* Moves an allocation to a larger place, without copying where the system can remap it, and gives
 * the old one back if it was large. Not for an arena that a mark was taken of since. NULL when
 * memory is short, or beyond the limit; the old one is then still there. */
void *gu_arena_grow(struct gust_arena *a, void *old, size_t old_size, size_t new_size);

static inline struct gu_arena_mark gu_arena_mark(const struct gust_arena *a)
{
    return (struct gu_arena_mark){a->cur, a->end, a->chunks, a->used};
}

/* Gives back all that was allocated or adopted since the mark. */
void gu_arena_rollback(struct gust_arena *a, const struct gu_arena_mark *mark);

/* Hangs a chunk in, with whatever hangs behind it up to NULL; the limit is not asked. */
void gu_arena_adopt_chunks(struct gust_arena *a, struct gu_chunk *chunks);

/* Takes all chunks away from an arena, which keeps none; NULL if it had none. */
struct gu_chunk *gu_arena_take_chunks(struct gust_arena *a);

/* Takes the chunk of a large allocation out of an arena that no mark is taken of; NULL when the
 * memory at `first` shares its chunk with other allocations. */
struct gu_chunk *gu_arena_take_chunk(struct gust_arena *a, const void *first);

/* Releases a list of chunks. */
void gu_chunks_release(struct gu_chunk *chunks);

/* Gives the chunks a pool keeps back to the heap, until `keep` are left. */
void gu_chunk_pool_trim(struct gu_chunk_pool *pool, size_t keep);

#endif
