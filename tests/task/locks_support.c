/*
 * locks_support — see locks_support.h
 */
#include "locks_support.h"
#include <string.h>

gust_cond cond;
gust_event event;
gust_sem sem;
gust_lock lock;

void reset(void)
{
    memset(&cond, 0, sizeof cond);
    memset(&event, 0, sizeof event);
    memset(&sem, 0, sizeof sem);
    memset(&lock, 0, sizeof lock);
}

int wait_cond(void)
{
    return gust_cond_wait(&cond);
}

int wait_event(void)
{
    return gust_event_wait(&event);
}

int wait_sem(void)
{
    return gust_sem_acquire(&sem);
}

int wait_and_note(void *waiter)
{
    const struct waiter *w = waiter;
    GUST_DEADLINE(w->deadline);
    int err = w->wait();

    note(err == 0 ? "" : err == -ETIMEDOUT ? "late:" : "cancelled:");
    note(w->name);
    return err;
}

gust_group *start(struct waiter *waiters, size_t n)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    for (size_t i = 0; i < n; i++)
        gust_group_go(group, wait_and_note, &waiters[i]);
    gust_yield();
    return group;
}
