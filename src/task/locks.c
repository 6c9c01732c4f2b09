/*
 * locks — one line of waiters, four uses of it
 *
 * A permit is handed to the waiter as it is woken, never left for whoever comes first, so that
 * nobody is overtaken.
 */
#include "task/task_private.h"
#include "task/waiters.h"

/* --- waiting --- */

static int wait_in(gust_waiters *line)
{
    struct gu_waiter waiter;

    return gu_waiters_wait(line, &waiter);
}

/* --- condition --- */

int gust_cond_wait(gust_cond *cond)
{
    return wait_in(&cond->waiters);
}

void gust_cond_notify(gust_cond *cond, size_t n)
{
    while (n > 0 && gu_waiters_wake(&cond->waiters) != NULL)
        n--;
}

void gust_cond_notify_all(gust_cond *cond)
{
    gu_waiters_wake_all(&cond->waiters);
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
    gu_waiters_wake_all(&event->waiters);
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
    const struct gu_waiter *waiter = gu_waiters_wake(&sem->waiters);

    if (waiter != NULL)
        return waiter->wait.task;
    sem->n_less_one++;
    return NULL;
}

void gust_sem_release(gust_sem *sem)
{
    if (sem->bound > 0 && sem->n_less_one + 1 >= sem->bound)
        gu_misuse("gust_sem_release: a bounded semaphore holds all of its %lld permits already",
                  (long long)sem->bound);
    hand_on(sem);
}

/* --- lock --- */

static void hold(gust_lock *lock, struct gust_task *task)
{
    size_t len = strnlen(task->name, sizeof lock->holder_name - 1);

    lock->holder = task;
    lock->holder_number = gu_task_number(task);
    memcpy(lock->holder_name, task->name, len);
    lock->holder_name[len] = '\0';
}

/* The holder's memory is looked at only where it is the current task's: else it may be nobody's. */
static gu_cold void misused(const gust_lock *lock, struct gust_task *task)
{
    if (lock->holder_number == gu_task_number(task))
        gu_misuse("task \"%s\" acquires a lock that it holds", task->name);
    gu_misuse(
        "task \"%s\" acquires a lock that task \"%s\" holds, which has ended: it must release "
        "what it acquires, see GUST_LOCKED",
        task->name, lock->holder_name);
}

int gust_lock_acquire(gust_lock *lock)
{
    struct gust_task *task = gu_task_check_wait();
    int err;

    if (lock->holder == task)
        misused(lock, task);
    err = gust_sem_acquire(&lock->sem);
    if (err == 0)
        hold(lock, task);
    return err;
}

void gust_lock_release(gust_lock *lock)
{
    struct gust_task *task = gu_task_current(), *next;

    if (task == NULL || lock->holder != task || lock->holder_number != gu_task_number(task))
        gu_misuse("gust_lock_release: the current task does not hold the lock");
    next = hand_on(&lock->sem);
    lock->holder = NULL;
    if (next != NULL)
        hold(lock, next);
}

/* --- declarations --- */

static void give_lock_back(void *lock)
{
    gust_lock_release(lock);
}

static void give_permit_back(void *sem)
{
    gust_sem_release(sem);
}

int gust_locked_open_(gust_guard *guard, gust_lock *lock)
{
    int err = gust_lock_acquire(lock);

    gu_guard_open_held(guard, err < 0 ? NULL : give_lock_back, lock);
    return err;
}

int gust_acquired_open_(gust_guard *guard, gust_sem *sem)
{
    int err = gust_sem_acquire(sem);

    gu_guard_open_held(guard, err < 0 ? NULL : give_permit_back, sem);
    return err;
}

void gust_held_close_(gust_guard *guard)
{
    gu_guard_close(guard, "GUST_LOCKED");
}
