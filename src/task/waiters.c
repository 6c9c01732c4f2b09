/*
 * waiters — a list whose head is two pointers, so that a zeroed one is ready to use
 */
#include "task/waiters.h"

static void append(gust_waiters *line, struct gu_waiter *waiter)
{
    waiter->prev = line->last;
    if (waiter->prev != NULL)
        waiter->prev->next = waiter;
    else
        line->first = waiter;
    line->last = waiter;
}

static void take_out(struct gu_wait *wait)
{
    struct gu_waiter *waiter = gu_container_of(wait, struct gu_waiter, wait);

    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        waiter->line->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        waiter->line->last = waiter->prev;
}

int gu_waiters_wait(gust_waiters *line, struct gu_waiter *waiter)
{
    waiter->wait.abandon = take_out;
    waiter->line = line;
    waiter->next = NULL;
    append(line, waiter);
    return gu_task_wait(&waiter->wait, GU_FOREVER);
}

struct gu_waiter *gu_waiters_wake(gust_waiters *line)
{
    struct gu_waiter *waiter = line->first;

    if (waiter == NULL)
        return NULL;
    if (gu_unlikely(waiter->wait.task->home != gu_tasks_here()))
        gu_misuse("task \"%s\" was to be woken by another thread than its own: locks and queues "
                  "are for the tasks of one loop; gust_future_post() is for other threads",
                  waiter->wait.task->name);
    take_out(&waiter->wait);
    gu_task_wake(waiter->wait.task, 0);
    return waiter;
}

void gu_waiters_wake_all(gust_waiters *line)
{
    while (gu_waiters_wake(line) != NULL)
        ;
}
