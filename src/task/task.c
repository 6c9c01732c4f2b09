/*
 * task — life
 *
 * Only the loop's stack switches into a task, and a task only switches back to the loop: there is
 * one place each way, gu_task_enter() and gu_task_leave(), and all that sanitizers have to be told
 * is told there.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/loopstack.h"
#include "task/executor.h"
#include "task/fiber.h"
#include "task/overflow.h"
#include "task/switch.h"
#include "task/task_private.h"

#define TRIM_PERIOD (10 * GU_SECOND)
#define CHUNKS_KEPT 1024

static _Thread_local struct gu_tasks *here __attribute__((tls_model("initial-exec")));

struct gu_tasks *gu_tasks_here(void)
{
    return here;
}

struct gust_task *gu_task_current(void)
{
    return here == NULL ? NULL : here->current;
}

/* --- switching --- */

static void ended(struct gust_task *task);

bool gu_task_enter(struct gust_task *task)
{
    struct gu_tasks *tasks = task->home;

    gu_assert(tasks->current == NULL);
    task->state = GU_TASK_RUNNING;
    tasks->current = task;
    tasks->loop->running = task->name;
    gu_fiber_before_enter(task);
    gu_switch(&tasks->loop_sp, task->sp);
    gu_fiber_after_enter(tasks);
    tasks->current = NULL;
    if (gu_likely(task->state == GU_TASK_DONE)) {
        ended(task);
        return false;
    }
    return true;
}

void gu_task_leave(struct gust_task *task)
{
    gu_fiber_before_leave(task);
    gu_switch(&task->sp, task->home->loop_sp);
    gu_fiber_after_leave(task);
}

void gu_task_run_ready(struct gu_ready *ready)
{
    gu_task_enter(gu_container_of(ready, struct gust_task, ready));
}

/* --- on the task's stack --- */

/* Tasks that belong to this one end first, because they may use what it deferred to close; a
 * deferred call may start more of them. */
void gu_task_close_root(struct gust_task *task)
{
    gu_assert(task->scope == &task->root);
    while (task->own_group != NULL || task->root.defers != NULL) {
        if (task->own_group != NULL) {
            gu_group_close(task->own_group);
            gu_free(task->own_group);
            task->own_group = NULL;
        } else {
            gu_scope_run_defer(task, &task->root);
        }
    }
}

static void end(struct gust_task *task)
{
    gu_assert(task->scope == &task->root && task->guards == NULL);
    if (gu_unlikely(task->own_group != NULL || task->root.defers != NULL))
        gu_task_close_root(task);
    if (gu_unlikely(task->locals != NULL))
        gu_locals_drop(task);
    task->state = GU_TASK_DONE;
    gu_task_leave(task);
}

/* A pooled task stands parked in end(); it comes back when its memory serves the next task. Flat:
 * where the switch is a call (see switch.h), a return through a frame that it left is mispredicted,
 * so there are to be none. */
static gu_flat void task_main(void *arg)
{
    struct gust_task *task = arg;

    gu_fiber_after_leave(task);
    for (;;) {
        task->run(task);
        end(task);
    }
}

static void raised_main(void *arg)
{
    struct gust_task *task = arg;

    if (task->n_raised <= 2)
        task->raised(task);
    end(task);
    for (;;) {
        task->run(task);
        end(task);
    }
}

void gu_task_restart(struct gust_task *task)
{
    gu_fiber_forget_frames(task);
    gu_switch_restart(task, raised_main, task);
}

/* --- the pool --- */

/* Once for each stack that is backed anew: where it starts, and all that a task which has ended
 * leaves as it found it, so that gu_task_new() need not set it. */
static void prepare(struct gu_tasks *tasks, struct gust_task *task)
{
    memset(task, 0, sizeof *task);
    task->home = tasks;
    task->sp = gu_switch_prepare(task, task_main, task);
    task->arena.pool = &tasks->chunks;
    task->scope = &task->root;
    task->ready.run = gu_task_run_ready;
    task->timer.run = gu_task_timed_out;
    gu_list_init(&task->siblings);
    gu_fiber_init(task);
}

static void forget(struct gu_stack *stack)
{
    gu_fiber_drop(gu_stack_task(stack));
    gu_unpoison(gu_stack_low(stack) + GU_PAGE, GU_STACK_SIZE - GU_PAGE);
}

static void trim(struct gu_timer *timer)
{
    struct gu_tasks *tasks = gu_container_of(timer, struct gu_tasks, trim);

    gu_stack_pool_trim(&tasks->stacks, forget);
    gu_chunk_pool_trim(&tasks->chunks, gu_min(tasks->chunks.n_free, CHUNKS_KEPT / 8));
    if (tasks->stacks.n_free > 0)
        gust_ignore(gu_timer_set(tasks->loop, timer, tasks->loop->now + TRIM_PERIOD));
}

static void start_trimming(struct gu_tasks *tasks)
{
    if (!gu_timer_is_set(&tasks->trim))
        gust_ignore(gu_timer_set(tasks->loop, &tasks->trim, tasks->loop->now + TRIM_PERIOD));
}

/* Its arena has been released. */
static void put_back(struct gust_task *task)
{
#if GU_TSAN
    if (task->is_dirty) {
        gu_fiber_drop(task);
        prepare(task->home, task);
    }
#endif
    gu_poison(task + 1, GU_TASK_FIRST_ARENA);
    gu_stack_put(&task->home->stacks, gu_task_stack(task));
}

/* --- on the loop's stack --- */

static void raised_by_default(struct gust_task *task)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "task \"%s\" raised %d: %s", task->name,
           task->raise_code, task->raise_message);
}

struct gust_task *gu_task_new(struct gu_tasks *tasks, void (*run)(struct gust_task *),
                              const char *name)
{
    struct gu_stack *stack;
    struct gust_task *task;
    bool is_new;

    if (gu_unlikely(tasks->n_live >= tasks->max_live))
        return NULL;
    stack = gu_stack_take(&tasks->stacks, &is_new);
    if (gu_unlikely(stack == NULL))
        return NULL;
    task = gu_stack_task(stack);
    gu_unpoison(task + 1, GU_TASK_FIRST_ARENA);
    if (gu_unlikely(is_new)) {
        prepare(tasks, task);
        start_trimming(tasks);
    }
    tasks->n_live++;
    task->state = GU_TASK_NEW;
    task->result = 0;
    task->arena.cur = (char *)(task + 1);
    task->arena.end = (char *)(task + 1) + GU_TASK_FIRST_ARENA;
    task->arena.limit = GU_TASK_MEMORY;
    task->run = run;
    task->raised = raised_by_default;
    task->name = name;
    task->deadline = GU_FOREVER;
    task->cancel = GUST_NOT_CANCELLED;
    task->n_raised = 0;
    task->number = 0;
    return task;
}

uint32_t gu_task_number(struct gust_task *task)
{
    static _Thread_local uint32_t last;

    if (task->number == 0)
        task->number = ++last;
    return task->number;
}

bool gu_task_start(struct gust_task *task)
{
    return gu_task_enter(task);
}

void gu_task_start_soon(struct gust_task *task)
{
    gu_loop_ready(task->home->loop, &task->ready);
}

void gu_task_discard(struct gust_task *task)
{
    gu_assert(task->state == GU_TASK_NEW && task->ready.next == NULL && task->group == NULL);
    task->state = GU_TASK_DONE;
    ended(task);
}

static gu_cold GUST_NORETURN void overflowed(const struct gust_task *task)
{
    gu_misuse("the stack of task \"%s\" overflowed: it has %zu KiB. Keep large arrays in the arena "
              "(gust_alloc) and recursion shallow.",
              task->name, GU_STACK_SIZE / 1024);
}

/* The watchdog is shown the name for as long as there is one. */
static gu_cold void forget_name(struct gust_task *task)
{
    gu_loop_ran(task->home->loop, task->name);
    task->name = task->home->loop->running = "a task that ended";
    task->has_own_name = false;
}

/* After the task's last switch. */
static void ended(struct gust_task *task)
{
    struct gust_group *group = task->group;

    if (gu_unlikely(gu_stack_is_damaged(gu_task_stack(task))))
        overflowed(task);
    task->home->n_live--;
    if (gu_unlikely(task->has_own_name))
        forget_name(task);
    if (gu_unlikely(group != NULL)) {
        task->group = NULL;
        gu_group_child_ended(group, task);
        return;
    }
    if (gu_unlikely(task->arena.chunks != NULL))
        gu_arena_deinit(&task->arena);
    put_back(task);
}

void gust_task_set_name(const char *name)
{
    struct gust_task *task = gu_task_current();

    if (task == NULL)
        gu_misuse("gust_task_set_name was called outside a task");
    task->name = task->home->loop->running = name;
    task->has_own_name = true;
}

/* --- its memory, after it --- */

static void release_stack(struct gu_chunk *chunk)
{
    put_back(gu_container_of(chunk, struct gust_task, as_chunk));
}

struct gu_chunk *gu_task_take_memory(struct gust_task *task)
{
    char *first = (char *)(task + 1);
    bool is_in_use = task->arena.cur != first;
    struct gu_chunk *chunks = gu_arena_take_chunks(&task->arena);

    if (!is_in_use) {
        put_back(task);
        return chunks;
    }
    gu_stack_settle(gu_task_stack(task));
    task->as_chunk.release = release_stack;
    task->as_chunk.size = GU_PAGE;
    task->as_chunk.next = chunks;
    return &task->as_chunk;
}

/* --- the room --- */

static void tasks_free(struct gu_room *room)
{
    struct gu_tasks *tasks = gu_container_of(room, struct gu_tasks, room);

    if (tasks->n_live > 0)
        gu_misuse("the loop was closed while %zu tasks were alive on it: cancel them, and let the "
                  "loop run until they have ended",
                  tasks->n_live);
    gu_executor_leave(tasks);
    gu_futures_close(tasks);
    gu_timer_clear(tasks->loop, &tasks->trim);
    gu_stack_pool_empty(&tasks->stacks, forget);
    gu_overflow_unwatch(&tasks->stacks);
    gu_stack_pool_deinit(&tasks->stacks);
    gu_chunk_pool_trim(&tasks->chunks, 0);
    here = NULL;
    gu_loop_stack_hook = NULL;
    gu_free(tasks);
}

struct gu_tasks *gu_tasks_of(struct gust_loop *loop)
{
    struct gu_tasks *tasks;

    if (gu_likely(loop->rooms[GU_ROOM_TASK] != NULL))
        return gu_container_of(loop->rooms[GU_ROOM_TASK], struct gu_tasks, room);
    tasks = gu_alloc0(sizeof *tasks);
    if (tasks == NULL)
        return NULL;
    tasks->room.free = tasks_free;
    tasks->loop = loop;
    gu_list_init(&tasks->future_callbacks);
    tasks->trim.run = trim;
    tasks->chunks.max_free = CHUNKS_KEPT;
    tasks->max_live = SIZE_MAX;
#if GU_TSAN
    tasks->fiber = __tsan_get_current_fiber();
#endif
    gu_stack_pool_init(&tasks->stacks);
    gu_overflow_watch(&tasks->stacks);
    loop->rooms[GU_ROOM_TASK] = &tasks->room;
    here = tasks;
    gu_loop_stack_hook = gu_leaf_call;
    return tasks;
}
