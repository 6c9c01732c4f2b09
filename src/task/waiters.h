/*
 * waiters — tasks in line, first come, first served
 *
 * What locks and queues are made of. A waiter lies on its task's stack and stands in one line until
 * it is woken, its deadline passes or it is cancelled; whoever takes it out of the line first
 * decides. So what a wake-up hands over (a permit, an item) is handed to a task that will return
 * from its wait with it, and one that gave up can neither get it nor keep it from another.
 */
#ifndef GU_WAITERS_H
#define GU_WAITERS_H

#include "task/task_impl.h"
#include <gust/locks.h>

struct gu_waiter {
    struct gu_wait wait;
    gust_waiters *line;
    struct gu_waiter *prev, *next;
};

static inline bool gu_waiters_is_empty(const gust_waiters *line)
{
    return line->first == NULL;
}

/* Puts the current task at the end of the line and waits. `waiter` may be part of a larger struct,
 * in which whoever wakes it leaves something. Errors: -ETIMEDOUT, -ECANCELED, -ENOMEM. */
int gu_waiters_wait(gust_waiters *line, struct gu_waiter *waiter) GUST_CHECK;

/* Wakes who has waited longest and is the first to go on. Its waiter, which is good until the
 * current task next waits; NULL if there is none. */
struct gu_waiter *gu_waiters_wake(gust_waiters *line);

void gu_waiters_wake_all(gust_waiters *line);

#endif
