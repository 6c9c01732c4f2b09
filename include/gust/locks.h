/*
 * gust/locks.h — conditions, events, locks and semaphores between tasks of one loop
 *
 * Tasks switch only where they wait, so most code needs none of these; they are for what must hold
 * across a wait. All are zero-initialisable, may lie anywhere, and need no closing; nobody may wait
 * on one when its memory goes. Waiters are served first come, first served. A wait that ends by a
 * deadline or a cancellation leaves nothing behind. None is for use between threads.
 */
#ifndef GUST_LOCKS_H
#define GUST_LOCKS_H

#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who waits; its fields are Gust's own. */
typedef struct gust_waiters {
    void *first, *last;
} gust_waiters;

/* --- condition --- */

/** Tasks that wait until they are told to look again. */
typedef struct gust_cond {
    gust_waiters waiters;
} gust_cond;

/** Waits until notified. **Waits.** **Errors:** -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_cond_wait(gust_cond *cond) GUST_WAITS GUST_CHECK;

/** Wakes the n that have waited longest, or all. Those who begin to wait later are not concerned.
 * Called by tasks and by callbacks. */
GUST_API void gust_cond_notify(gust_cond *cond, size_t n);
GUST_API void gust_cond_notify_all(gust_cond *cond);

/* --- event --- */

/** A flag that tasks wait for. */
typedef struct gust_event {
    gust_waiters waiters;
    bool is_set;
} gust_event;

/** Returns at once if it is set, else waits until it is. **Waits.** **Errors:** -ETIMEDOUT,
 * -ECANCELED. */
GUST_API int gust_event_wait(gust_event *event) GUST_WAITS GUST_CHECK;

/** Sets the flag; all who wait go on, even if it is cleared before they run. */
GUST_API void gust_event_set(gust_event *event);
GUST_API void gust_event_clear(gust_event *event);
GUST_API bool gust_event_is_set(const gust_event *event);

/* --- semaphore --- */

/** A number of permits: `{0}` holds one, GUST_SEM(n) holds n. One of GUST_BOUNDED_SEM(n) never
 * holds more than the n that it begins with. */
typedef struct gust_sem {
    gust_waiters waiters;
    int64_t n_less_one; /* permits that are free, less one, so that zero means one */
    int64_t bound;      /* 0: none */
} gust_sem;

#define GUST_SEM(n)      \
    {                    \
        {0, 0}, (n)-1, 0 \
    }
#define GUST_BOUNDED_SEM(n) \
    {                       \
        {0, 0}, (n)-1, (n)  \
    }

/** Takes a permit, waiting until there is one. Does not overtake those who wait already. **Waits.**
 * **Errors:** -ETIMEDOUT, -ECANCELED: no permit was taken. */
GUST_API int gust_sem_acquire(gust_sem *sem) GUST_WAITS GUST_CHECK;

/** Gives a permit back, to the task that has waited longest if there is one. Any task or callback
 * may, whoever took it. Aborts with a message if a bounded semaphore would hold too many. */
GUST_API void gust_sem_release(gust_sem *sem);

/* --- lock --- */

/** Held by one task at a time. It is not recursive, and a task that ends does not give it back. */
typedef struct gust_lock {
    gust_sem sem;
    void *holder;
    uint64_t holder_number; /* of the task, whose memory may be another's when it has ended */
    char holder_name[24];
} gust_lock;

/** Takes the lock. A task that holds it already aborts with a message; so does one that would wait
 * for a task which has ended, where that can be told. **Waits.** **Errors:**
 * -ETIMEDOUT, -ECANCELED: it was not taken. */
GUST_API int gust_lock_acquire(gust_lock *lock) GUST_WAITS GUST_CHECK;

/** Gives it back, to the task that has waited longest if there is one; aborts with a message unless
 * the current task holds it. */
GUST_API void gust_lock_release(gust_lock *lock);

/* --- declarations: to the end of the block --- */

/* Not to be called but by the macros below. */
GUST_API int gust_locked_open_(gust_guard *guard, gust_lock *lock) GUST_WAITS GUST_CHECK;
GUST_API int gust_acquired_open_(gust_guard *guard, gust_sem *sem) GUST_WAITS GUST_CHECK;
GUST_API void gust_held_close_(gust_guard *guard);

#define GUST_HELD_(open_, what_)                                                           \
    gust_guard GUST_CAT_(gust_held_, __LINE__) __attribute__((cleanup(gust_held_close_))); \
    do {                                                                                   \
        int gust_err_ = open_(&GUST_CAT_(gust_held_, __LINE__), (what_));                  \
        if (gust_err_ < 0)                                                                 \
            return gust_err_;                                                              \
    } while (0)

/** Holds a lock to the end of the block, and gives it back however that is left, by a raise too.
 * Returns from the function, which must return int, with -ETIMEDOUT or -ECANCELED if the lock is
 * not to be had. **Waits.** */
#define GUST_LOCKED(lock) GUST_HELD_(gust_locked_open_, lock)

/** Holds a permit of a semaphore in the same way. **Waits.** */
#define GUST_ACQUIRED(sem) GUST_HELD_(gust_acquired_open_, sem)

#ifdef __cplusplus
}
#endif

#endif
