/*
 * gust/loop.h — the event loop: callbacks, timers, descriptors, signals
 *
 * One loop a thread. A loop runs callbacks, due timers and the handlers of ready descriptors, on
 * its own stack: nothing that is called from one may wait (see task.h for code that waits). All
 * calls belong to the loop's thread but those that say **Any thread.** An error that a callback
 * meets is its own to log; nothing it does stops the loop but gust_loop_stop().
 *
 * A turn: the callbacks that were there when it began; due timers; the poller, which sleeps only if
 * no callback waits; the handlers of what is ready. A callback that a callback adds runs in the
 * next turn. Follows Tornado's IOLoop.
 *
 * A loop belongs to one process: fork() before a loop is made, or make none in the child.
 */
#ifndef GUST_LOOP_H
#define GUST_LOOP_H

#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_loop gust_loop;
typedef struct gust_timer gust_timer;
typedef struct gust_periodic gust_periodic;

/** What a descriptor is watched for, and what it is ready for. */
enum {
    GUST_READ = 1,
    GUST_WRITE = 4,
    GUST_ERROR = 0x18, /**< always watched for: an error or a hang-up */
};

typedef struct gust_loop_options {
    /** "epoll", "kqueue", "poll" or "select"; NULL: what GUST_POLLER names, else the best. */
    const char *poller;
    /** Seconds: what holds the loop longer is logged with its name. 0: 0.1; GUST_NEVER: nothing. */
    double slow_callback;
} gust_loop_options;

/** A loop for this thread, which has none yet. **Errors:** -EEXIST when it has one, -ENOENT for a
 * poller that is not there, or what the system says. */
GUST_API int gust_loop_new(const gust_loop_options *options, gust_loop **loop) GUST_CHECK;

/** This thread's loop; made with default options if there is none, NULL if that fails. */
GUST_API gust_loop *gust_loop_current(void);

/** Runs until gust_loop_stop(). 0, or a negative error of the poller. Follows IOLoop.start. */
GUST_API int gust_loop_start(gust_loop *loop);

/** Makes gust_loop_start() return after the turn in hand; before a start, makes the next one return
 * after one turn. **Any thread.** */
GUST_API void gust_loop_stop(gust_loop *loop);

/** Frees a stopped loop with its timers and callbacks, on its own thread; descriptors stay open.
 * NULL is allowed. */
GUST_API void gust_loop_close(gust_loop *loop);

/** Seconds of the monotonic clock, read once a turn. */
GUST_API double gust_loop_time(const gust_loop *loop);

/** Which poller was chosen. */
GUST_API const char *gust_loop_poller(const gust_loop *loop);

/* --- callbacks --- */

/** Calls fn(arg) in the next turn. **Any thread.** Dropped if the loop is closed before. Follows
 * IOLoop.add_callback. **Errors:** -ENOMEM. */
GUST_API int gust_loop_add_callback(gust_loop *loop, void (*fn)(void *), void *arg);

/* --- timers --- */

/** Calls fn(arg) once, `seconds` from now or at `when` of gust_loop_time(). Timers run in the order
 * of their times, equal ones in the order they were made. NULL when memory is short. The handle
 * stays good until the timer has run, or is cancelled. */
GUST_API gust_timer *gust_loop_call_later(gust_loop *loop, double seconds, void (*fn)(void *),
                                          void *arg);
GUST_API gust_timer *gust_loop_call_at(gust_loop *loop, double when, void (*fn)(void *), void *arg);

/** Forgets a timer that has not run yet; nothing happens inside its own callback. NULL is allowed.
 */
GUST_API void gust_timer_cancel(gust_timer *timer);

/** Calls fn(arg) every `seconds`, the first time after one period. With a jitter of 0.1 each period
 * is between 0.95 and 1.05 times as long. Beats that were missed are skipped, not made up for.
 * NULL when memory is short, `seconds` is not positive or `jitter` is not within 0 and 1. Follows
 * PeriodicCallback. */
GUST_API gust_periodic *gust_periodic_new(gust_loop *loop, double seconds, double jitter,
                                          void (*fn)(void *), void *arg);

/** Stops and frees; allowed inside its own callback. NULL is allowed. */
GUST_API void gust_periodic_free(gust_periodic *periodic);

/* --- descriptors --- */

/** Calls fn(fd, ready, arg) whenever `fd` is ready for one of `events`, as long as it is
 * (level-triggered). **Errors:** -EEXIST when `fd` has a handler, -ERANGE for a descriptor that the
 * poller cannot hold (select beyond FD_SETSIZE), -EBADF, -ENOMEM, -ENOSPC, -EPERM for a file. */
GUST_API int gust_loop_add_handler(gust_loop *loop, int fd, unsigned events,
                                   void (*fn)(int fd, unsigned ready, void *arg),
                                   void *arg) GUST_CHECK;

/** Changes what a handler waits for. **Errors:** -ENOENT, or what the system says; then it waits
 * for what it did before. */
GUST_API int gust_loop_update_handler(gust_loop *loop, int fd, unsigned events) GUST_CHECK;

/** Removes a handler, also from inside a handler; an event that was pending is dropped. Nothing
 * happens if there is none. Call it before closing the descriptor. */
GUST_API void gust_loop_remove_handler(gust_loop *loop, int fd);

/* --- signals --- */

/** Calls fn(signo, arg) on the loop after the process got the signal; NULL restores the default.
 * Signals that came twice before the loop saw the first are one. One loop of a process may watch a
 * given signal. **Errors:** -EBUSY when another loop does, -EINVAL. */
GUST_API int gust_loop_add_signal(gust_loop *loop, int signo, void (*fn)(int signo, void *arg),
                                  void *arg) GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
