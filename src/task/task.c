/*
 * task — life, waiting, cancelling
 *
 * Only the loop's stack switches into a task, and a task only switches back to the loop: there is
 * one place each way, enter() and leave(), and all that sanitizers have to be told is told there.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/loopstack.h"
#include "task/overflow.h"
#include "task/switch.h"
#include "task/task_impl.h"

#define TRIM_PERIOD (10 * GU_SECOND)
#define CHUNKS_KEPT 1024

static _Thread_local struct gu_tasks *here __attribute__((tls_model("initial-exec")));

struct gust_task *gu_task_current(void)
{
    return here == NULL ? NULL : here->current;
}

static struct gu_stack *stack_of(struct gust_task *task)
{
    return (struct gu_stack *)(void *)((char *)(task + 1) + GU_TASK_FIRST_ARENA);
}

static struct gust_task *task_of(struct gu_stack *stack)
{
    return (struct gust_task *)(void *)((char *)stack - GU_TASK_FIRST_ARENA) - 1;
}

/* --- switching --- */

#if GU_ASAN
static void before_enter(struct gust_task *task)
{
    __sanitizer_start_switch_fiber(&task->home->fake_stack, gu_stack_low(stack_of(task)),
                                   GU_STACK_SIZE);
}

static void after_enter(struct gu_tasks *tasks)
{
    __sanitizer_finish_switch_fiber(tasks->fake_stack, NULL, NULL);
}

static void before_leave(struct gust_task *task)
{
    __sanitizer_start_switch_fiber(&task->fake_stack, task->home->loop_low, task->home->loop_size);
}

static void after_leave(struct gust_task *task)
{
    __sanitizer_finish_switch_fiber(task->fake_stack, &task->home->loop_low,
                                    &task->home->loop_size);
}

static void forget_frames(struct gust_task *task)
{
    char *low = gu_stack_low(stack_of(task));

    gu_unpoison(low + GU_PAGE, (size_t)((char *)task - low) - GU_PAGE);
}
#elif GU_TSAN
static void before_enter(struct gust_task *task)
{
    __tsan_switch_to_fiber(task->fiber, 0);
}

static void after_enter(struct gu_tasks *tasks)
{
    (void)tasks;
}

static void before_leave(struct gust_task *task)
{
    __tsan_switch_to_fiber(task->home->fiber, 0);
}

static void after_leave(struct gust_task *task)
{
    (void)task;
}

static void forget_frames(struct gust_task *task)
{
    (void)task;
}
#else
#define before_enter(task) ((void)0)
#define after_enter(tasks) ((void)0)
#define before_leave(task) ((void)0)
#define after_leave(task) ((void)0)
#define forget_frames(task) ((void)0)
#endif

static void ended(struct gust_task *task);

/* Runs a task until it waits or ends. False when it ended. */
static bool enter(struct gust_task *task)
{
    struct gu_tasks *tasks = task->home;

    gu_assert(tasks->current == NULL);
    task->state = GU_TASK_RUNNING;
    tasks->current = task;
    tasks->loop->running = task->name;
    before_enter(task);
    gu_switch(&tasks->loop_sp, task->sp);
    after_enter(tasks);
    tasks->current = NULL;
    if (gu_likely(task->state == GU_TASK_DONE)) {
        ended(task);
        return false;
    }
    return true;
}

/* Back to the loop, until enter() comes again. */
static void leave(struct gust_task *task)
{
    before_leave(task);
    gu_switch(&task->sp, task->home->loop_sp);
    after_leave(task);
}

/* --- life --- */

static void end(struct gust_task *task)
{
    if (gu_unlikely(task->own_group != NULL)) {
        gu_group_close(task->own_group);
        gu_free(task->own_group);
        task->own_group = NULL;
    }
    gu_scope_close(task, &task->root);
    if (gu_unlikely(task->locals != task->inherited))
        gu_locals_free(task);
    task->state = GU_TASK_DONE;
    leave(task);
}

/* A pooled task stands parked in end(); it comes back when its memory serves the next task. */
static void task_main(void *arg)
{
    struct gust_task *task = arg;

    after_leave(task);
    for (;;) {
        task->run(task);
        end(task);
    }
}

static void raised_main(void *arg)
{
    struct gust_task *task = arg;

    task->raised(task);
    end(task);
    for (;;) {
        task->run(task);
        end(task);
    }
}

/* Once for each stack that is backed anew. */
static void prepare(struct gust_task *task)
{
    task->sp = gu_switch_prepare(task, task_main, task);
#if GU_ASAN
    task->fake_stack = NULL;
#endif
#if GU_TSAN
    task->fiber = __tsan_create_fiber(0);
#endif
}

static void forget(struct gu_stack *stack)
{
#if GU_TSAN
    __tsan_destroy_fiber(task_of(stack)->fiber);
#endif
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

static void start_ready(struct gu_ready *ready)
{
    enter(gu_container_of(ready, struct gust_task, ready));
}

static void timed_out(struct gu_timer *timer);

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
    task = task_of(stack);
    gu_unpoison(task + 1, GU_TASK_FIRST_ARENA);
    if (gu_unlikely(is_new)) {
        prepare(task);
        if (!gu_timer_is_set(&tasks->trim))
            gust_ignore(gu_timer_set(tasks->loop, &tasks->trim, tasks->loop->now + TRIM_PERIOD));
    }
    tasks->n_live++;
    task->home = tasks;
    task->state = GU_TASK_NEW;
    task->result = 0;
    gu_arena_init(&task->arena, &tasks->chunks, task + 1, GU_TASK_FIRST_ARENA, GU_TASK_MEMORY);
    task->scope = &task->root;
    task->root.outer = NULL;
    task->root.defers = NULL;
    task->run = run;
    task->name = name;
    task->wait = NULL;
    task->deadline = GU_FOREVER;
    task->ready.run = start_ready;
    task->ready.next = NULL;
    task->timer.run = timed_out;
    task->timer.at = 0;
    task->cancel = GUST_NOT_CANCELLED;
    task->n_shields = 0;
    task->n_no_raise = 0;
    gu_list_init(&task->siblings);
    task->group = NULL;
    task->own_group = NULL;
    task->locals = task->inherited = NULL;
    return task;
}

bool gu_task_start(struct gust_task *task)
{
    return enter(task);
}

void gu_task_start_soon(struct gust_task *task)
{
    gu_loop_ready(task->home->loop, &task->ready);
}

static gu_cold void overflowed(const struct gust_task *task)
{
    gu_misuse("the stack of task \"%s\" overflowed: it has %zu KiB. Keep large arrays in the arena "
              "(gust_alloc) and recursion shallow.",
              task->name, GU_STACK_SIZE / 1024);
}

/* On the loop's stack, after the task's last switch. */
static void ended(struct gust_task *task)
{
    struct gu_tasks *tasks = task->home;
    struct gu_stack *stack = stack_of(task);

    if (gu_unlikely(gu_stack_is_damaged(stack)))
        overflowed(task);
    tasks->n_live--;
    if (gu_unlikely(task->group != NULL)) {
        gu_group_child_ended(task->group, task);
        return;
    }
    if (gu_unlikely(task->arena.chunks != NULL))
        gu_arena_deinit(&task->arena);
    gu_poison(task + 1, GU_TASK_FIRST_ARENA);
    gu_stack_put(&tasks->stacks, stack);
}

void gu_task_discard(struct gust_task *task)
{
    gu_assert(task->state == GU_TASK_NEW && task->group == NULL);
    ended(task);
}

static void release_stack(struct gu_chunk *chunk)
{
    struct gust_task *task = gu_container_of(chunk, struct gust_task, as_chunk);

    gu_poison(task + 1, GU_TASK_FIRST_ARENA);
    gu_stack_put(&task->home->stacks, stack_of(task));
}

struct gu_chunk *gu_task_take_memory(struct gust_task *task)
{
    struct gu_chunk *chunks = gu_arena_take_chunks(&task->arena);

    task->as_chunk.release = release_stack;
    task->as_chunk.size = 0;
    task->as_chunk.next = chunks;
    return &task->as_chunk;
}

/* --- waiting --- */

void gu_wait_unlink(struct gu_wait *wait)
{
    gu_list_remove(&wait->link);
}

/* Ends a wait from outside it: by the deadline or a cancellation. */
static void abandon(struct gust_task *task, int result)
{
    struct gu_wait *wait = task->wait;

    wait->abandon(wait);
    gu_task_wake(task, result);
}

static void timed_out(struct gu_timer *timer)
{
    struct gust_task *task = gu_container_of(timer, struct gust_task, timer);

    abandon(task, -ETIMEDOUT);
}

static gu_cold void check_wait(const struct gust_task *task)
{
    if (task == NULL)
        gu_misuse("a call that waits was made outside a task: run it in gust_run(), gust_go() or a "
                  "handler");
    if (task->home->n_on_loop_stack > 0)
        gu_misuse("task \"%s\" waits inside a leaf call on the loop's stack", task->name);
    gu_misuse("task \"%s\" waits inside GUST_NO_RAISE or a deferred call that may not wait",
              task->name);
}

static int give_up(struct gu_wait *wait, int result)
{
    wait->abandon(wait);
    return result;
}

int gu_task_wait(struct gu_wait *wait, gu_time until)
{
    struct gust_task *task = gu_task_current();
    struct gust_loop *loop;
    gu_time limit;

    if (gu_unlikely(task == NULL || task->home->n_on_loop_stack > 0 || task->n_no_raise > 0))
        check_wait(task);
    loop = task->home->loop;
    if (task->cancel != GUST_NOT_CANCELLED && task->n_shields == 0)
        return give_up(wait, -ECANCELED);
    limit = gu_time_min(until, task->deadline);
    if (limit != GU_FOREVER) {
        if (limit <= loop->now)
            return give_up(wait, -ETIMEDOUT);
        if (gu_timer_set(loop, &task->timer, limit) < 0)
            return give_up(wait, -ENOMEM);
    }
    wait->task = task;
    task->wait = wait;
    task->state = GU_TASK_WAITING;
    leave(task);
    return task->result;
}

int gu_task_wait_out(struct gu_wait *wait)
{
    struct gust_task *task = gu_task_current();
    gu_time deadline;
    int result;

    if (task == NULL)
        check_wait(task);
    deadline = task->deadline;
    task->deadline = GU_FOREVER;
    task->n_shields++;
    result = gu_task_wait(wait, GU_FOREVER);
    task->n_shields--;
    task->deadline = deadline;
    return result;
}

static void end_wait(struct gust_task *task, int result)
{
    gu_assert(task->state == GU_TASK_WAITING);
    task->wait = NULL;
    task->result = result;
    if (gu_timer_is_set(&task->timer))
        gu_timer_clear(task->home->loop, &task->timer);
}

void gu_task_wake(struct gust_task *task, int result)
{
    end_wait(task, result);
    task->state = GU_TASK_WOKEN;
    gu_loop_ready(task->home->loop, &task->ready);
}

bool gu_task_resume(struct gust_task *task, int result)
{
    end_wait(task, result);
    return enter(task);
}

void gust_sleep(double seconds)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};
    struct gust_task *task = gu_task_current();
    gu_time span = gu_time_from_seconds(seconds);
    gu_time now = task == NULL ? 0 : task->home->loop->now;

    gu_list_init(&wait.link);
    gust_ignore(gu_task_wait(&wait, span > GU_FOREVER - now ? GU_FOREVER : now + span));
}

static void wake_yielded(struct gu_ready *ready)
{
    struct gust_task *task = gu_container_of(ready, struct gust_task, ready);

    end_wait(task, 0);
    task->ready.run = start_ready;
    enter(task);
}

static void abandon_yield(struct gu_wait *wait)
{
    struct gust_task *task = wait->task;

    gu_loop_unready(task->home->loop, &task->ready);
    task->ready.run = start_ready;
}

void gust_yield(void)
{
    struct gust_task *task = gu_task_current();
    struct gu_wait wait = {.abandon = abandon_yield, .task = task};

    if (task == NULL)
        check_wait(task);
    task->ready.run = wake_yielded;
    gu_loop_ready(task->home->loop, &task->ready);
    gust_ignore(gu_task_wait(&wait, GU_FOREVER));
}

/* --- cancelling --- */

void gu_task_cancel(struct gust_task *task, enum gust_cancel_reason reason)
{
    if (task->cancel != GUST_NOT_CANCELLED || task->state == GU_TASK_DONE)
        return;
    task->cancel = (uint8_t)reason;
    if (task->state == GU_TASK_WAITING && task->n_shields == 0)
        abandon(task, -ECANCELED);
}

void gust_cancel(gust_task *task)
{
    if (task != NULL)
        gu_task_cancel(task, GUST_CANCEL_ASKED);
}

enum gust_cancel_reason gust_cancel_reason(void)
{
    struct gust_task *task = gu_task_current();

    return task == NULL ? GUST_NOT_CANCELLED : (enum gust_cancel_reason)task->cancel;
}

bool gust_is_cancelled(void)
{
    return gust_cancel_reason() != GUST_NOT_CANCELLED;
}

void gust_task_set_name(const char *name)
{
    struct gust_task *task = gu_task_current();

    if (task != NULL)
        task->name = task->home->loop->running = name;
}

/* --- the loop's stack --- */

struct leaf {
    gu_leaf_fn *fn;
    void *arg;
    struct gu_tasks *tasks;
    struct gust_task *task;
};

#if GU_ASAN
static int call_leaf(void *arg)
{
    struct leaf *leaf = arg;
    void *fake;
    int result;

    __sanitizer_finish_switch_fiber(leaf->tasks->fake_stack, NULL, NULL);
    result = leaf->fn(leaf->arg);
    __sanitizer_start_switch_fiber(&fake, gu_stack_low(stack_of(leaf->task)), GU_STACK_SIZE);
    leaf->tasks->fake_stack = fake;
    return result;
}
#endif

static int on_loop_stack(gu_leaf_fn *fn, void *arg)
{
    struct gu_tasks *tasks = here;
    struct gust_task *task = tasks->current;
    int result;

    if (task == NULL || tasks->n_on_loop_stack > 0)
        return fn(arg);
    tasks->n_on_loop_stack++;
#if GU_ASAN
    struct leaf leaf = {fn, arg, tasks, task};

    before_leave(task);
    result = gu_switch_call(tasks->loop_sp, call_leaf, &leaf);
    __sanitizer_finish_switch_fiber(task->fake_stack, NULL, NULL);
#else
    result = gu_switch_call(tasks->loop_sp, fn, arg);
#endif
    tasks->n_on_loop_stack--;
    return result;
}

/* --- raising --- */

void gu_task_restart_raised(struct gust_task *task)
{
    forget_frames(task);
    gu_switch_restart(task, raised_main, task);
}

/* --- the room --- */

static void tasks_free(struct gu_room *room)
{
    struct gu_tasks *tasks = gu_container_of(room, struct gu_tasks, room);

    if (tasks->n_live > 0)
        gu_misuse("the loop was closed while %zu tasks were alive on it", tasks->n_live);
    gu_timer_clear(tasks->loop, &tasks->trim);
    while (tasks->stacks.free != NULL) {
        struct gu_stack *stack = tasks->stacks.free;

        tasks->stacks.free = stack->next;
        forget(stack);
    }
    gu_stack_pool_deinit(&tasks->stacks);
    gu_chunk_pool_trim(&tasks->chunks, 0);
    gu_overflow_unwatch(&tasks->stacks);
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
    gu_loop_stack_hook = on_loop_stack;
    return tasks;
}

struct gu_tasks *gu_tasks_here(void)
{
    return here;
}
