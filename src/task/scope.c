/*
 * scope — where memory and deferred calls end
 *
 * A scope is a mark in an arena and a list of deferred calls; scopes of a task form a chain through
 * the frames that declared them. Code that runs in no task uses the thread's own arena: in a
 * callback of the loop an implicit scope holds it, which ends with the turn.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "task/task_impl.h"
#include <stdlib.h>

struct defer {
    struct defer *next;
    void (*fn)(void *);
    void *arg;
};

/* What a thread allocates from outside its tasks. */
struct outside {
    void *link; /* of gu_loop_free_later() */
    bool is_open;
    gust_scope root;
    gust_scope *scope;
    gust_arena arena;
};

static _Thread_local struct outside outside;

/* --- outside tasks --- */

static void run_defers(gust_scope *scope);

static void outside_end(void *memory)
{
    struct outside *o = memory;

    gu_assert(o->scope == &o->root); /* a GUST_SCOPE cannot outlive its callback */
    run_defers(&o->root);
    gu_arena_deinit(&o->arena);
    o->is_open = false;
    o->scope = NULL;
}

/* The scope in force outside a task; a callback of the loop gets one that ends with the turn. */
static gust_scope *outside_scope(void)
{
    struct gust_loop *loop = gu_loop_of_thread();

    if (outside.scope != NULL)
        return outside.scope;
    if (loop == NULL || loop->n_turns == 0)
        gu_misuse("memory was asked for outside a task and outside a callback of a loop: open a "
                  "GUST_SCOPE first");
    gu_arena_init(&outside.arena, NULL, NULL, 0, SIZE_MAX);
    outside.root = (gust_scope){0};
    outside.scope = &outside.root;
    outside.is_open = true;
    gu_loop_free_later(loop, &outside, outside_end);
    return outside.scope;
}

gust_arena *gu_arena_here(void)
{
    struct gust_task *task = gu_task_current();

    if (gu_likely(task != NULL))
        return &task->arena;
    outside_scope();
    return &outside.arena;
}

/* --- scopes --- */

static void mark_put(gust_scope *scope, const gust_arena *arena)
{
    struct gu_arena_mark mark = gu_arena_mark(arena);

    _Static_assert(sizeof scope->mark == sizeof mark, "a scope holds a mark");
    memcpy(scope->mark, &mark, sizeof mark);
}

static void mark_rollback(const gust_scope *scope, gust_arena *arena)
{
    struct gu_arena_mark mark;

    memcpy(&mark, scope->mark, sizeof mark);
    gu_arena_rollback(arena, &mark);
}

static void run_defers(gust_scope *scope)
{
    while (gu_unlikely(scope->defers != NULL)) {
        struct defer *defer = scope->defers;

        scope->defers = defer->next;
        defer->fn(defer->arg);
    }
}

gust_scope *gust_scope_open_(gust_scope *scope)
{
    struct gust_task *task = gu_task_current();
    gust_arena *arena = task != NULL ? &task->arena : &outside.arena;
    gust_scope **innermost = task != NULL ? &task->scope : &outside.scope;

    if (task == NULL && outside.scope == NULL)
        gu_arena_init(&outside.arena, NULL, NULL, 0, SIZE_MAX);
    scope->outer = *innermost;
    scope->defers = NULL;
    scope->owner = task;
    mark_put(scope, arena);
    *innermost = scope;
    return scope;
}

void gust_scope_close_(gust_scope *scope)
{
    struct gust_task *task = gu_task_current();

    if (scope->owner != task)
        gu_misuse("a GUST_SCOPE of one task was left in another");
    if (task != NULL) {
        gu_scope_close(task, scope);
        task->scope = scope->outer;
        return;
    }
    run_defers(scope);
    mark_rollback(scope, &outside.arena);
    outside.scope = scope->outer;
}

/* Of the root scope the arena is released by the task's end. */
void gu_scope_close(struct gust_task *task, gust_scope *scope)
{
    run_defers(scope);
    if (scope != &task->root)
        mark_rollback(scope, &task->arena);
}

/* --- defers --- */

static bool defer_in(gust_scope *scope, gust_arena *arena, void (*fn)(void *), void *arg)
{
    struct defer *defer = gu_arena_alloc(arena, sizeof *defer);

    if (defer == NULL)
        return false;
    *defer = (struct defer){scope->defers, fn, arg};
    scope->defers = defer;
    return true;
}

bool gu_task_defer(struct gust_task *task, void (*fn)(void *), void *arg)
{
    gu_assert(task->scope == &task->root); /* the memory would end with an inner scope */
    return defer_in(&task->root, &task->arena, fn, arg);
}

/* Memory ran out, or a task's limit was passed: raise where that is possible. */
void gu_no_memory(void)
{
    const struct gust_task *task = gu_task_current();

    if (task == NULL)
        gu_misuse("out of memory outside a task");
    if (task->arena.used >= task->arena.limit - GU_CHUNK_SIZE)
        gu_task_raise(503, "task \"%s\" passed its memory limit of %zu bytes (max_memory)",
                      task->name, task->arena.limit);
    gu_task_raise(503, "task \"%s\": out of memory, or beyond its limit of %zu bytes (max_memory)",
                  task->name, task->arena.limit);
}

void gust_defer(void (*fn)(void *), void *arg)
{
    struct gust_task *task = gu_task_current();
    gust_scope *scope = task != NULL ? task->scope : outside_scope();

    if (!defer_in(scope, task != NULL ? &task->arena : &outside.arena, fn, arg)) {
        fn(arg);
        gu_no_memory();
    }
}

/* --- allocating --- */

void *gust_try_alloc(size_t size)
{
    return gu_arena_alloc(gu_arena_here(), size);
}

void *gust_alloc(size_t size)
{
    void *memory = gust_try_alloc(size);

    if (gu_unlikely(memory == NULL))
        gu_no_memory();
    return memory;
}

char *gust_strndup(const char *text, size_t len)
{
    gust_str copy = gu_arena_copy(gu_arena_here(), text, len);

    if (gu_unlikely(copy.ptr == NULL))
        gu_no_memory();
    return (char *)(uintptr_t)copy.ptr;
}

char *gust_strdup(const char *text)
{
    return gust_strndup(text, strlen(text));
}

char *gust_vsprintf(const char *format, va_list args)
{
    gust_arena *arena = gu_arena_here();
    size_t room = (size_t)(arena->end - arena->cur);
    int n = gu_vsnprintf(arena->cur, room, format, args);
    char *text;

    if (n < 0)
        gu_misuse("a format that vsnprintf() refuses: %s", format);
    text = gust_alloc((size_t)n + 1);
    if ((size_t)n >= room)
        gu_vsnprintf(text, (size_t)n + 1, format, args);
    return text;
}

char *gust_sprintf(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = gust_vsprintf(format, args);
    va_end(args);
    return text;
}

void gust_arena_adopt(gust_arena *taken)
{
    gust_arena *arena = gu_arena_here();

    gu_arena_adopt_chunks(arena, gu_arena_take_chunks(taken));
    gust_arena_free(taken);
}
