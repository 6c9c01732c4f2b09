/*
 * task — what the files of this room share
 */
#ifndef GU_TASK_PRIVATE_H
#define GU_TASK_PRIVATE_H

#include "task/task_impl.h"

static inline struct gu_stack *gu_task_stack(struct gust_task *task)
{
    return (struct gu_stack *)(void *)((char *)(task + 1) + GU_TASK_FIRST_ARENA);
}

static inline struct gust_task *gu_stack_task(struct gu_stack *stack)
{
    return (struct gust_task *)(void *)((char *)stack - GU_TASK_FIRST_ARENA) - 1;
}

/* Runs a task until it waits or ends; on the loop's stack only. False when it ended. */
bool gu_task_enter(struct gust_task *task);

/* Back to the loop, until gu_task_enter() comes again. */
void gu_task_leave(struct gust_task *task);

/* Is a task's gu_ready.run. */
void gu_task_run_ready(struct gu_ready *ready);

/* Is a task's gu_timer.run. */
void gu_task_timed_out(struct gu_timer *timer);

/* The last step of a raise: drops the frames of the current task and runs task->raised(). */
GUST_NORETURN void gu_task_restart(struct gust_task *task);

/* future.c: the loop is closed, and no callback of a future runs any more. */
void gu_futures_close(struct gu_tasks *tasks);

/* leaf.c: gu_on_loop_stack() of a thread that has tasks. */
int gu_leaf_call(int (*fn)(void *arg), void *arg);

/* `seconds` from now as a point in time; negative is now, GUST_NEVER never. Reads the clock. */
gu_time gu_task_from_now(struct gust_loop *loop, double seconds);

/* Opens a declaration whose end, by its block or by a raise, calls give_back(held) unless that is
 * NULL. It neither waits nor raises. */
void gu_guard_open_held(gust_guard *guard, void (*give_back)(void *held), void *held);

/* Ends a declaration; `what` is its name. */
void gu_guard_close(const gust_guard *guard, const char *what);

#endif
