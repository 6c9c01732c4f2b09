/*
 * gust/task.h — tasks: straight-line code that waits
 *
 * A task is a coroutine with a stack and an arena of its own. Every request runs in one; others are
 * started by gust_go(), gust_group_go() and gust_run(). A call marked **Waits.** suspends the task
 * that makes it, never the loop; called outside a task it aborts with a message. All tasks of a
 * loop run on its thread, one at a time, and switch only inside calls that wait, so no lock is
 * needed between two waits. Tasks share the floating-point environment.
 *
 * A stack has 64 KiB. Overflowing it ends the process with a message that names the task.
 *
 * Deadlines, shields and cancellation: each wait ends at the nearest GUST_DEADLINE with -ETIMEDOUT.
 * Cancelling a task ends its pending wait and all later ones with -ECANCELED. A wait during which
 * another thread uses memory that it was lent is waited out all the same; such calls say so.
 *
 * Raising: a call that says **Raises.** may not return. It closes the task's scopes (running what
 * was deferred, joining groups), drops its frames and goes where the task's owner handles errors: a
 * request's error page, a group's error, a log line. C++ destructors of dropped frames do not run,
 * so C++ code uses the returning form that each raising call has. Follows nothing in Tornado: there
 * an exception does it.
 */
#ifndef GUST_TASK_H
#define GUST_TASK_H

#include <gust/arena.h>
#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_task gust_task;
typedef struct gust_group gust_group;

/** Why a task was cancelled. */
enum gust_cancel_reason {
    GUST_NOT_CANCELLED,
    GUST_CANCEL_ASKED,   /**< gust_cancel() */
    GUST_CANCEL_PARENT,  /**< the task or the group that it belongs to ended */
    GUST_CANCEL_CLOSED,  /**< the client is gone, and the handler asked to be told */
    GUST_CANCEL_DRAINING /**< the server shuts down */
};

/** A loop around one task: runs fn(arg) in a task until it returns, and gives back what it
 * returned. Uses this thread's loop, or one that it makes and closes. gust_loop_stop() cancels the
 * task, which is waited for all the same. Not to be called in a task.
 * **Errors:** what fn() returned, -ENOMEM, -EIO if it raised. */
GUST_API int gust_run(int (*fn)(void *arg), void *arg) GUST_CHECK;

/** Sleeps; with GUST_NEVER, until the task is cancelled or its deadline passes. Always lets others
 * run, even when it ends at once, so that a loop which does not look at the result holds nobody up.
 * **Errors:** -ECANCELED, -ETIMEDOUT at the deadline. **Waits.** */
GUST_API int gust_sleep(double seconds) GUST_WAITS;

/** Lets other tasks and callbacks run for a turn, whether cancelled or not. **Waits.** */
GUST_API void gust_yield(void) GUST_WAITS;

/** Whether the current task was cancelled; the wait in which it learned of it said -ECANCELED. */
GUST_API bool gust_is_cancelled(void);
GUST_API enum gust_cancel_reason gust_cancel_reason(void);

/** Starts fn(arg) in a task that belongs to the current one: it is cancelled and joined when that
 * ends, before what that deferred runs. It inherits the task-local values, and the deadline that
 * the whole current task has, not that of a block. It starts in this turn, after the current task
 * next waits. What it raises is logged. What must outlive the current task belongs to the
 * application, see gust_app_go(). Aborts outside a task. The handle is good while the task runs.
 * **Takes arena** (or NULL), which ends with the task, on failure too. NULL when memory is short.
 */
GUST_API gust_task *gust_go(void (*fn)(void *arg), void *arg, gust_arena *arena);

/** Cancels a task. One that has not started runs, and learns of it in its first wait. NULL is
 * allowed. */
GUST_API void gust_cancel(gust_task *task);

/* --- groups --- */

enum {
    GUST_GROUP_KEEP_GOING = 1 /**< a child's error does not cancel the others */
};

/** A group of tasks that end together. It lives in the innermost scope; what still runs when that
 * ends is cancelled and joined. **Raises 503.** */
GUST_API gust_group *gust_group_new(unsigned flags);

/** Runs fn(arg) in a task of the group; it starts in this turn, after the current task next waits.
 * It inherits the deadline and the task-local values. A raise in it is logged, and is the error
 * -EIO, or -ENOMEM if it was for memory. If memory is short here, the group's error is -ENOMEM. */
GUST_API void gust_group_go(gust_group *group, int (*fn)(void *arg), void *arg);

/** Joins all: returns when every task of the group has ended, 0 or the first error. What they
 * allocated moves into the innermost scope here. A deadline or a cancellation cancels the tasks,
 * and they are waited out all the same. The group can be used again. **Waits.** **Errors:** the
 * first of a task's, which cancels the others unless GUST_GROUP_KEEP_GOING; -ETIMEDOUT,
 * -ECANCELED. */
GUST_API int gust_group_wait(gust_group *group) GUST_WAITS GUST_CHECK;

/* --- task-local values --- */

/** Sets a value of the current task, which children that it starts later inherit. `key` is compared
 * as a pointer: the address of a static variable. The value is borrowed. **Raises 503.** */
GUST_API void gust_task_set(const void *key, void *value);

/** The value for a key, NULL if there is none. */
GUST_API void *gust_task_get(const void *key);

/** What logs call the current task; lends the text as long as the task lives. */
GUST_API void gust_task_set_name(const char *name);

/* --- declarations: to the end of the block --- */

/** The state of a declaration; its fields are Gust's own. */
typedef struct gust_guard {
    void *task;
    struct gust_guard *outer;
    int64_t deadline;
    int n_shields;
    void (*give_back)(void *held);
    void *held;
} gust_guard;

GUST_API void gust_deadline_open_(gust_guard *guard, double seconds);
GUST_API void gust_deadline_close_(gust_guard *guard);
GUST_API void gust_shield_open_(gust_guard *guard, double seconds);
GUST_API void gust_shield_close_(gust_guard *guard);
GUST_API void gust_no_raise_open_(gust_guard *guard);
GUST_API void gust_no_raise_close_(gust_guard *guard);

/** Bounds every wait from here to the end of the block; nesting takes the nearest. A negative span
 * has passed already; GUST_NEVER is no bound. */
#define GUST_DEADLINE(seconds)                                                                     \
    gust_guard GUST_CAT_(gust_deadline_, __LINE__) __attribute__((cleanup(gust_deadline_close_))); \
    gust_deadline_open_(&GUST_CAT_(gust_deadline_, __LINE__), (seconds))

/** Lets clean-up wait, for so long at the most: to the end of the block neither a cancellation nor
 * an outer deadline ends a wait. */
#define GUST_SHIELD(seconds)                                                                   \
    gust_guard GUST_CAT_(gust_shield_, __LINE__) __attribute__((cleanup(gust_shield_close_))); \
    gust_shield_open_(&GUST_CAT_(gust_shield_, __LINE__), (seconds))

/** To the end of the block a raise, or a wait, aborts with a message: written in callbacks that a
 * foreign library calls, whose frames must not be dropped. */
#define GUST_NO_RAISE()                                                                            \
    gust_guard GUST_CAT_(gust_no_raise_, __LINE__) __attribute__((cleanup(gust_no_raise_close_))); \
    gust_no_raise_open_(&GUST_CAT_(gust_no_raise_, __LINE__))

#ifdef __cplusplus
}
#endif

#endif
