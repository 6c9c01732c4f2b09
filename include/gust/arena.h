/*
 * gust/arena.h — memory that ends by itself
 *
 * There is one rule: what a call returns lives until the task that made the call ends; nobody frees
 * it. A GUST_SCOPE gives memory back earlier, at the end of its block. Outside a task, a callback
 * on the loop has a scratch arena that is reset at the end of the turn; on other threads, calls
 * allocate from the open GUST_SCOPE, and abort with a message without one.
 *
 * A task may hold 64 MiB (gust_httpserver_options.max_task_memory for those of requests). Passing
 * that, or running out of memory, raises 503 in a task; see task.h for what raising does. In a
 * deferred call, where nothing may raise, the limit is not asked. Outside a task running out of
 * memory aborts: gust_try_alloc() is there for what may be large.
 * Nothing here waits.
 */
#ifndef GUST_ARENA_H
#define GUST_ARENA_H

#include <gust/base.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_arena gust_arena;

/* --- in the innermost scope of the current task --- */

/** `size` bytes, aligned to 16, not cleared. Lives as long as the innermost scope. **Raises 503.**
 */
GUST_API void *gust_alloc(size_t size) __attribute__((alloc_size(1), returns_nonnull));

/** As gust_alloc(), but NULL where that raises: for code that must not be unwound. */
GUST_API void *gust_try_alloc(size_t size) GUST_CHECK;

/** A copy of a C string. **Raises 503.** */
GUST_API char *gust_strdup(const char *text);

/** A copy of `len` bytes and a zero byte behind them. **Raises 503.** */
GUST_API char *gust_strndup(const char *text, size_t len);

/** Formatted text, as by sprintf(). **Raises 503.** */
GUST_API char *gust_sprintf(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API char *gust_vsprintf(const char *format, va_list args) GUST_PRINTF(1, 0);

/** Calls fn(arg) when the innermost scope ends, however it ends: by its block, by the end of the
 * task, by a raise. Last in, first out; before the scope's memory goes. It may wait, and so may
 * what it calls (inside a GUST_SHIELD, if the task can be cancelled); it must not raise. If memory
 * is short, fn(arg) is called at once. **Raises 503.** */
GUST_API void gust_defer(void (*fn)(void *), void *arg);

/* --- an arena of one's own, for what outlives a task --- */

/** An arena that belongs to no task. NULL when memory is short. */
GUST_API gust_arena *gust_arena_new(void);

/** Gives all its memory back; NULL is allowed. */
GUST_API void gust_arena_free(gust_arena *arena);

/** Moves what `taken` holds into the innermost scope, without copying; NULL is allowed.
 * **Takes taken.** */
GUST_API void gust_arena_adopt(gust_arena *taken);

/** `size` bytes, aligned to 16, not cleared; NULL when memory is short. */
GUST_API void *gust_arena_alloc(gust_arena *arena, size_t size) __attribute__((alloc_size(2)));

/** A copy of a C string; NULL when memory is short. */
GUST_API char *gust_arena_strdup(gust_arena *arena, const char *text);

/* --- the heap --- */

/** A copy that lives until gust_heap_free(); NULL when memory is short. */
GUST_API char *gust_heap_strdup(const char *text);

/** Frees what gust_heap_strdup() returned; NULL is allowed. */
GUST_API void gust_heap_free(void *memory);

/* --- scopes --- */

/** The state of a GUST_SCOPE; its fields are Gust's own. */
typedef struct gust_scope {
    struct gust_scope *outer;
    void *defers;
    void *owner;
    void *guards;
    void *mark[4];
} gust_scope;

/* Not to be called but by GUST_SCOPE. */
GUST_API gust_scope *gust_scope_open_(gust_scope *scope);
GUST_API void gust_scope_close_(gust_scope *scope);

/**
 * A declaration: from here to the end of the block, what calls return, and what is deferred, ends
 * with the block. Scopes nest. Where nothing else keeps a loop from growing, it is written as the
 * first line of the loop's body.
 */
#define GUST_SCOPE()                                                                         \
    gust_scope GUST_CAT_(gust_scope_, __LINE__) __attribute__((cleanup(gust_scope_close_))); \
    gust_scope_open_(&GUST_CAT_(gust_scope_, __LINE__))

#ifdef __cplusplus
}
#endif

#endif
