/*
 * scope — where memory and deferred calls end
 *
 * A scope is a mark in an arena and a list of deferred calls; scopes of a task form a chain through
 * the frames that declared them. Code that runs in no task uses the thread's own arena: in a
 * callback of the loop an implicit scope holds it, which ends with the turn.
 *
 * Deferred calls may not raise, so a task's memory limit is lifted while they run: a peer that made
 * a task reach its limit must not be able to make its clean-up abort the process.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "task/task_private.h"

struct defer {
    struct defer *next;
    void (*fn)(void *);
    void *arg;
};

/* What a thread allocates from outside its tasks. */
struct outside {
    void *link;        /* of gu_loop_free_later() */
    gust_scope turn;   /* the implicit one */
    gust_scope *scope; /* the innermost */
    gust_arena arena;
};

static _Thread_local struct outside outside;

/* --- marks and defers --- */

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

static void run_newest(gust_scope *scope)
{
    struct defer *defer = scope->defers;

    scope->defers = defer->next;
    defer->fn(defer->arg);
}

void gu_scope_run_defer(struct gust_task *task, gust_scope *scope)
{
    size_t limit = task->arena.limit;

    task->n_defers++;
    task->arena.limit = SIZE_MAX;
    run_newest(scope);
    task->arena.limit = limit;
    task->n_defers--;
}

void gu_scope_close(struct gust_task *task, gust_scope *scope)
{
    while (gu_unlikely(scope->defers != NULL))
        gu_scope_run_defer(task, scope);
    mark_rollback(scope, &task->arena);
}

/* --- outside tasks --- */

/* The turn in which the loop of this thread is, 0 while it does not run. */
static uintptr_t turn_here(void)
{
    const struct gust_loop *loop = gu_loop_of_thread();

    return loop != NULL && gu_loop_is_running(loop) ? (uintptr_t)loop->n_turns : 0;
}

static void outside_open(gust_scope *scope)
{
    if (outside.scope == NULL)
        gu_arena_init(&outside.arena, NULL, NULL, 0, SIZE_MAX);
    *scope = (gust_scope){.outer = outside.scope, .guards = (void *)turn_here()};
    mark_put(scope, &outside.arena);
    outside.scope = scope;
}

static void outside_close(gust_scope *scope)
{
    gu_assert(outside.scope == scope);
    while (scope->defers != NULL)
        run_newest(scope);
    mark_rollback(scope, &outside.arena);
    outside.scope = scope->outer;
}

static void turn_ends(void *memory)
{
    outside_close(&((struct outside *)memory)->turn);
}

/* The scope in force outside a task. A scope that was opened in another turn, or before the loop
 * ran, belongs to whoever runs the loop: callbacks must not fill it. */
static gust_scope *outside_scope(void)
{
    uintptr_t turn = turn_here();

    if (outside.scope != NULL && (uintptr_t)outside.scope->guards == turn)
        return outside.scope;
    if (turn != 0) {
        outside_open(&outside.turn);
        gu_loop_free_later(gu_loop_of_thread(), &outside, turn_ends);
    }
    if (outside.scope == NULL)
        gu_misuse("memory was asked for outside a task and outside a callback of a loop: open a "
                  "GUST_SCOPE first");
    return outside.scope;
}

struct gu_chunk *gu_scope_call(void (*fn)(void *), void *arg)
{
    struct gu_chunk *chunks;
    gust_scope scope;

    gu_assert(outside.scope == NULL && gu_task_current() == NULL);
    outside_open(&scope);
    fn(arg);
    while (scope.defers != NULL)
        run_newest(&scope);
    chunks = gu_arena_take_chunks(&outside.arena);
    outside.scope = NULL;
    return chunks;
}

/* --- scopes --- */

gust_scope *gust_scope_open_(gust_scope *scope)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL)) {
        outside_open(scope);
        return scope;
    }
    scope->outer = task->scope;
    scope->defers = NULL;
    scope->owner = task;
    scope->guards = task->guards;
    mark_put(scope, &task->arena);
    task->scope = scope;
    return scope;
}

void gust_scope_close_(gust_scope *scope)
{
    struct gust_task *task = gu_task_current();

    if (scope->owner != task)
        gu_misuse("a GUST_SCOPE of one task was left in another");
    if (gu_unlikely(task == NULL)) {
        outside_close(scope);
        return;
    }
    gu_scope_close(task, scope);
    task->scope = scope->outer;
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

bool gu_try_defer(void (*fn)(void *), void *arg)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL))
        return defer_in(outside_scope(), &outside.arena, fn, arg);
    return defer_in(task->scope, &task->arena, fn, arg);
}

/* Whether it was the limit that refused `size` bytes; what an arena takes at once is a chunk. */
static bool is_beyond_limit(const gust_arena *arena, size_t size)
{
    size_t left = arena->limit - gu_min(arena->used, arena->limit);

    return left < GU_CHUNK_SIZE || size > left - sizeof(struct gu_chunk);
}

/* Memory ran out, or a task's limit was passed: raise where that is possible. */
static gu_cold GUST_NORETURN void no_memory(size_t size)
{
    const struct gust_task *task = gu_task_current();

    if (task == NULL)
        gu_misuse("out of memory outside a task: %zu bytes; gust_try_alloc() does not abort", size);
    if (task->n_defers > 0)
        gu_misuse("out of memory in a deferred call of task \"%s\": %zu bytes; gust_try_alloc() "
                  "does not abort",
                  task->name, size);
    if (is_beyond_limit(&task->arena, size))
        gu_task_raise(503, "task \"%s\" passed its memory limit of %zu bytes", task->name,
                      task->arena.limit);
    gu_task_raise(503, "task \"%s\": out of memory for %zu bytes", task->name, size);
}

/* Misuse is found before memory is short: raising is forbidden in the same places at all times. */
static gust_arena *arena_or_raise(const char *what)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL)) {
        outside_scope();
        return &outside.arena;
    }
    if (gu_unlikely(task->n_no_raise > 0))
        gu_task_check_raise(what);
    return &task->arena;
}

gust_arena *gu_arena_here(void)
{
    return arena_or_raise("a call that allocates");
}

void gu_no_memory(void)
{
    no_memory(GU_CHUNK_SIZE);
}

void gust_defer(void (*fn)(void *), void *arg)
{
    arena_or_raise("gust_defer");
    if (gu_unlikely(!gu_try_defer(fn, arg))) {
        fn(arg);
        no_memory(sizeof(struct defer));
    }
}

/* --- allocating --- */

void *gust_try_alloc(size_t size)
{
    struct gust_task *task = gu_task_current();

    if (gu_unlikely(task == NULL))
        outside_scope();
    return gu_arena_alloc(task != NULL ? &task->arena : &outside.arena, gu_max(size, 1));
}

void *gust_alloc(size_t size)
{
    void *memory = gu_arena_alloc(arena_or_raise("gust_alloc"), gu_max(size, 1));

    if (gu_unlikely(memory == NULL))
        no_memory(size);
    return memory;
}

char *gust_strndup(const char *text, size_t len)
{
    gust_str copy = gu_arena_copy(arena_or_raise("gust_strndup"), text, len);

    if (gu_unlikely(copy.ptr == NULL))
        no_memory(len);
    return (char *)(uintptr_t)copy.ptr;
}

char *gust_strdup(const char *text)
{
    return gust_strndup(text, strlen(text));
}

char *gust_vsprintf(const char *format, va_list args)
{
    gust_arena *arena = arena_or_raise("gust_sprintf");
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
    struct gust_task *task = gu_task_current();

    if (taken == NULL)
        return;
    if (task == NULL)
        outside_scope();
    gu_arena_adopt_chunks(task != NULL ? &task->arena : &outside.arena,
                          gu_arena_take_chunks(taken));
    gust_arena_free(taken);
}
