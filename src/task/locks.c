/*
 * locks — one list of waiters, four uses of it
 *
 * A waiter lies on its task's stack and hangs in the list until it is woken, its deadline passes or
 * it is cancelled; whoever takes it out of the list first decides. A permit is handed to the waiter
 * as it is woken, never left for whoever comes first, so that nobody is overtaken.
 */
#include "task/task_impl.h"
#include <gust/locks.h>

/* --- waiters --- */

struct waiter {
    struct gu_wait wait;
    gust_waiters *list;
    struct waiter *prev, *next;
};

static void append(gust_waiters *list, struct waiter *waiter)
{
    waiter->prev = list->last;
    if (waiter->prev != NULL)
        waiter->prev->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
}

static void take_out(struct gu_wait *wait)
{
    struct waiter *waiter = gu_container_of(wait, struct waiter, wait);

    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        waiter->list->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        waiter->list->last = waiter->prev;
}

static int wait_in(gust_waiters *list)
{
    struct waiter waiter = {.wait = {.abandon = take_out}, .list = list};

    append(list, &waiter);
    return gu_task_wait(&waiter.wait, GU_FOREVER);
}

/* The task that has waited longest; NULL if there is none. */
static struct gust_task *wake_first(gust_waiters *list)
{
    struct waiter *waiter = list->first;

    if (waiter == NULL)
        return NULL;
    take_out(&waiter->wait);
    gu_task_wake(waiter->wait.task, 0);
    return waiter->wait.task;
}

static void wake_all(gust_waiters *list)
{
    while (wake_first(list) != NULL)
        ;
}

/* --- condition --- */

int gust_cond_wait(gust_cond *cond)
{
    return wait_in(&cond->waiters);
}

void gust_cond_notify(gust_cond *cond, size_t n)
{
    while (n > 0 && wake_first(&cond->waiters) != NULL)
        n--;
}

void gust_cond_notify_all(gust_cond *cond)
{
    wake_all(&cond->waiters);
}

/* --- event --- */

int gust_event_wait(gust_event *event)
{
    gu_task_check_wait();
    return event->is_set ? 0 : wait_in(&event->waiters);
}

void gust_event_set(gust_event *event)
{
    event->is_set = true;
    wake_all(&event->waiters);
}

void gust_event_clear(gust_event *event)
{
    event->is_set = false;
}

bool gust_event_is_set(const gust_event *event)
{
    return event->is_set;
}

/* --- semaphore --- */

int gust_sem_acquire(gust_sem *sem)
{
    gu_task_check_wait();
    if (sem->n_less_one < 0)
        return wait_in(&sem->waiters); /* the permit comes with the wake-up */
    sem->n_less_one--;
    return 0;
}

/* Hands the permit on. The task that gets it, NULL if it stays here. */
static struct gust_task *hand_on(gust_sem *sem)
{
    struct gust_task *task = wake_first(&sem->waiters);

    if (task == NULL)
        sem->n_less_one++;
    return task;
}

void gust_sem_release(gust_sem *sem)
{
    hand_on(sem);
}

/* --- lock --- */

int gust_lock_acquire(gust_lock *lock)
{
    struct gust_task *task = gu_task_check_wait();
    int err;

    if (lock->holder == task)
        gu_misuse("task \"%s\" acquires a lock that it holds", task->name);
    err = gust_sem_acquire(&lock->sem);
    if (err == 0)
        lock->holder = task;
    return err;
}

void gust_lock_release(gust_lock *lock)
{
    if (lock->holder == NULL || lock->holder != gu_task_current())
        gu_misuse("gust_lock_release: the current task does not hold the lock");
    lock->holder = hand_on(&lock->sem);
}

static void release_deferred(void *lock)
{
    gust_lock_release(lock);
}

int gust_locked_open_(gust_lock *lock)
{
    int err;

    gu_task_check_raise("GUST_LOCKED");
    err = gust_lock_acquire(lock);
    if (err == 0)
        gust_defer(release_deferred, lock);
    return err;
}
