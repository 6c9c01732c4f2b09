/*
 * task — what the rooms above see of it
 *
 * A task's struct lies at the top of its stack, with the first bytes of its arena behind it, so
 * that a sleeping task costs its top page and nothing else:
 *
 *     low                                                                           top
 *     | guard |        … frames, growing down | gu_task | first of the arena | gu_stack |
 *
 * Tasks are pooled with their stacks. A task that ended stands parked inside its main function,
 * and starting it again is one switch.
 *
 * Waiting. Whoever makes a task wait puts a gu_wait, which lies on the task's stack, where the
 * event will find it, and calls gu_task_wait(). Exactly one of three things ends the wait:
 * gu_task_wake() by the event, the deadline, or a cancellation; the last two call `abandon` first,
 * which takes the gu_wait back out, so that the event cannot find it any more. A wait may end
 * before the task is suspended at all (cancelled, or past its deadline): `abandon` is called then
 * too.
 */
#ifndef GU_TASK_IMPL_H
#define GU_TASK_IMPL_H

#include "base/arena_impl.h"
#include "base/gu.h"
#include "base/list.h"
#include "base/sanitize.h"
#include "loop/loop_impl.h"
#include "task/stack.h"
#include <gust/task.h>
#if GU_TSAN
#include <signal.h>
#endif

#define GU_TASK_FIRST_ARENA 1536u
#define GU_TASK_MEMORY ((size_t)64 << 20) /* the default limit of a task's arena */

struct gu_wait {
    struct gu_link link;
    struct gust_task *task;
    void (*abandon)(struct gu_wait *wait);
};

enum gu_task_state { GU_TASK_NEW, GU_TASK_RUNNING, GU_TASK_WAITING, GU_TASK_WOKEN, GU_TASK_DONE };

struct gu_local; /* a task-local value */

/* What is not set by gu_task_new() is again as it was at first when a task has ended. */
struct gust_task {
    void *sp; /* where it stands while it does not run */
    struct gu_tasks *home;
    enum gu_task_state state;
    int result; /* of the wait that ended; at the end, what the group is told */
    struct gust_arena arena;
    gust_scope *scope; /* the innermost */
    gust_scope root;

    void (*run)(struct gust_task *task);    /* its main function */
    void (*raised)(struct gust_task *task); /* runs instead of the rest of run() after a raise */
    union {
        int (*checked)(void *arg);
        void (*plain)(void *arg);
    } fn; /* what gust_go() and gust_group_go() were given */
    void *arg;
    const char *name; /* what logs and the watchdog call it */

    struct gu_wait *wait; /* while it waits */
    gu_time deadline;
    struct gu_ready ready;
    struct gu_timer timer;

    uint8_t cancel;   /* enum gust_cancel_reason; 0: not cancelled */
    uint8_t n_raised; /* how often it raised, see gu_task_raise() */
    uint16_t n_shields;
    uint32_t number;     /* see gu_task_number(); 0: it has none yet */
    uint16_t n_no_raise; /* GUST_NO_RAISE and leaf calls: neither wait nor raise */
    uint16_t n_defers;   /* deferred calls that run: no raise */
    bool has_own_name;   /* by gust_task_set_name(): text that may end with it */
    bool is_dirty;       /* a raise dropped frames that ThreadSanitizer still counts */
    gust_guard *guards;  /* the innermost declaration that bounds waits */
    int raise_code;
    const char *raise_message; /* in the root scope */

    struct gu_link siblings;      /* in its group's children, or alone */
    struct gust_group *group;     /* that it belongs to */
    struct gust_group *own_group; /* of those that gust_go() started from it */
    struct gu_local *locals;
    struct gu_chunk as_chunk; /* a child's stack that outlives it, see gu_task_take_memory() */
#if GU_ASAN
    void *fake_stack;
#endif
#if GU_TSAN
    void *fiber;
#endif
} __attribute__((aligned(16)));

/* The tasks of one loop. */
struct gu_tasks {
    struct gu_room room;
    struct gust_loop *loop;
    void *loop_sp; /* where the loop stands while a task runs */
    struct gust_task *current;
    struct gu_stack_pool stacks;
    struct gu_chunk_pool chunks;
    struct gu_timer trim;
    size_t n_live, max_live;
    unsigned n_on_loop_stack;            /* inside gu_on_loop_stack() */
    struct gu_executor_client *executor; /* NULL until it is used */
    struct gu_link future_callbacks;     /* that have not run */
#if GU_ASAN
    void *fake_stack;
    const void *loop_low;
    size_t loop_size;
#endif
#if GU_TSAN
    void *fiber;
    sigset_t signals; /* that were held back before has_held */
    bool has_held;
#endif
};

/* The tasks of a loop; made on the first call. NULL when memory is short. */
struct gu_tasks *gu_tasks_of(struct gust_loop *loop);

/* This thread's, NULL when it has none. */
struct gu_tasks *gu_tasks_here(void);

/* The task that this thread runs, NULL on the loop's own stack. */
struct gust_task *gu_task_current(void);

/* --- life --- */

/* A task that has not started, and logs what it raises unless task->raised is set. `name` outlives
 * the loop's turn. NULL when memory is short, or max_live are there. */
struct gust_task *gu_task_new(struct gu_tasks *tasks, void (*run)(struct gust_task *),
                              const char *name);

/* Runs a new task, on the loop's stack only, until it first waits or ends. False when it has ended,
 * and its memory is gone. */
bool gu_task_start(struct gust_task *task);

/* Starts it soon, from anywhere on the loop's thread. */
void gu_task_start_soon(struct gust_task *task);

/* Ends the tasks that belong to the current one and runs what it deferred, as its end would: for an
 * owner that has things to do behind them. */
gu_cold void gu_task_close_root(struct gust_task *task);

/* What tells a task from all others of its thread, also from those that had its memory before. */
uint32_t gu_task_number(struct gust_task *task);

/* Gives a task back that was not started. */
void gu_task_discard(struct gust_task *task);

/* Moves what a task allocated, and with it its stack if the arena began there, into a list of
 * chunks. Only once the task has ended. */
struct gu_chunk *gu_task_take_memory(struct gust_task *task);

/* --- waiting --- */

/* Suspends the current task until gu_task_wake(). Returns what that was given, -ETIMEDOUT at the
 * deadline or at `until`, -ECANCELED. Aborts outside a task. */
int gu_task_wait(struct gu_wait *wait, gu_time until);

/* As above, but neither a deadline nor a cancellation ends it: for memory that is lent. */
int gu_task_wait_out(struct gu_wait *wait);

/* Aborts with a message unless the current task may wait now. Called first by calls that wait only
 * sometimes, so that misuse shows at the first call. */
struct gust_task *gu_task_check_wait(void);

/* Ends a wait: the task goes on soon. */
void gu_task_wake(struct gust_task *task, int result);

/* Ends a wait and runs the task at once, on the loop's stack only. False as gu_task_start(). */
bool gu_task_resume(struct gust_task *task, int result);

/* The usual abandon(): takes wait->link out of its list. */
void gu_wait_unlink(struct gu_wait *wait);

static inline bool gu_task_is_waiting(const struct gust_task *task)
{
    return task->state == GU_TASK_WAITING;
}

/* --- cancelling, raising --- */

void gu_task_cancel(struct gust_task *task, enum gust_cancel_reason reason);

/* Unwinds the current task: closes its scopes, drops its frames and runs task->raised(), which
 * finds `code` and the message in the task, 64 KiB of memory beyond the limit, and the deadline and
 * shields that the task had before any declaration. task->raised() may raise once itself, and is
 * then run again (n_raised is 2); beyond that the task just ends, with a log line. */
GUST_NORETURN void gu_task_raise(int code, const char *format, ...) GUST_PRINTF(2, 3);
GUST_NORETURN void gu_task_vraise(int code, const char *format, va_list args) GUST_PRINTF(2, 0);

/* What the owner of a task is told that raised: the code if it is an error, else -ENOMEM for 503,
 * -EIO for others. */
int gu_task_raised_error(const struct gust_task *task);

/* Aborts with a message unless the current task may raise now; `what` is the call that may. Called
 * first by everything that raises, so that misuse shows at the first call. */
struct gust_task *gu_task_check_raise(const char *what);

/* --- scopes --- */

/* Runs what it deferred and gives its memory back. */
void gu_scope_close(struct gust_task *task, gust_scope *scope);

/* Runs the newest of a scope's defers, which there must be. */
void gu_scope_run_defer(struct gust_task *task, gust_scope *scope);

/* What gust_alloc() is made of: the arena of the innermost scope, refused where a raise is, and
 * what becomes of a call that cannot return NULL when it gives no memory. */
gust_arena *gu_arena_here(void);
gu_cold GUST_NORETURN void gu_no_memory(void);

/* What is left of the current task's stack; SIZE_MAX on the loop's. Not for leaf calls. */
size_t gu_task_stack_left(void);

/* Registers a defer in the scope of the whole task, which must be the innermost. False when memory
 * is short. */
bool gu_task_defer(struct gust_task *task, void (*fn)(void *), void *arg) GUST_CHECK;

/* gust_defer() for code that must not be unwound: false when memory is short, and nothing is
 * deferred. */
bool gu_try_defer(void (*fn)(void *), void *arg) GUST_CHECK;

/* Calls fn(arg) on a thread without tasks, in a scope of its own. Returns what was allocated in it,
 * for another thread's arena. */
struct gu_chunk *gu_scope_call(void (*fn)(void *), void *arg);

/* --- declarations --- */

/* Undoes the declarations inside `outer` (NULL: all), as the ends of their blocks would: what they
 * hold is given back. */
void gu_guards_unwind(struct gust_task *task, const gust_guard *outer);

/* The deadline of the whole task, whatever its blocks declare. */
gu_time gu_task_whole_deadline(const struct gust_task *task);

/* --- task-local values --- */

/* Shares the list of `from` with a new task. */
void gu_locals_inherit(struct gust_task *task, const struct gust_task *from);
void gu_locals_drop(struct gust_task *task);

/* --- groups --- */

struct gust_group {
    struct gu_link children;
    size_t n_live;
    int error; /* of the first child that failed */
    unsigned flags;
    struct gu_wait *joiner;
    struct gu_chunk *memory; /* of children that ended, until the join */
    struct gust_task *owner;
    bool is_closed;
};

void gu_group_child_ended(struct gust_group *group, struct gust_task *child);

/* Cancels and waits out what still runs. */
void gu_group_close(struct gust_group *group);

#endif
