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

/** A number of permits: `{0}` holds one, GUST_SEM(n) holds n. */
typedef struct gust_sem {
    gust_waiters waiters;
    int64_t n_less_one; /* permits that are free, less one, so that zero means one */
} gust_sem;

#define GUST_SEM(n)   \
    {                 \
        {0, 0}, (n)-1 \
    }

/** Takes a permit, waiting until there is one. Does not overtake those who wait already. **Waits.**
 * **Errors:** -ETIMEDOUT, -ECANCELED: no permit was taken. */
GUST_API int gust_sem_acquire(gust_sem *sem) GUST_WAITS GUST_CHECK;

/** Gives a permit back, to the task that has waited longest if there is one. */
GUST_API void gust_sem_release(gust_sem *sem);

/* --- lock --- */

/** Held by one task at a time. It is not recursive. */
typedef struct gust_lock {
    gust_sem sem;
    void *holder;
} gust_lock;

/** Takes the lock. A task that holds it already aborts with a message. **Waits.** **Errors:**
 * -ETIMEDOUT, -ECANCELED: it was not taken. */
GUST_API int gust_lock_acquire(gust_lock *lock) GUST_WAITS GUST_CHECK;

/** Gives it back; aborts with a message unless the current task holds it. */
GUST_API void gust_lock_release(gust_lock *lock);

/* Not to be called but by GUST_LOCKED. */
GUST_API int gust_locked_open_(gust_lock *lock) GUST_WAITS GUST_CHECK;

/**
 * A declaration that returns from the function if the lock cannot be had: from here to the end of
 * the innermost GUST_SCOPE, or of the task, the lock is held, and given back however it ends, by a
 * raise too. For functions that return int. **Waits.** **Raises 503.**
 */
#define GUST_LOCKED(lock)                                                \
    do {                                                                 \
        int GUST_CAT_(gust_locked_, __LINE__) = gust_locked_open_(lock); \
        if (GUST_CAT_(gust_locked_, __LINE__) < 0)                       \
            return GUST_CAT_(gust_locked_, __LINE__);                    \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
