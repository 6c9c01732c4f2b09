/*
 * gust/executor.h — calls that block, on other threads
 *
 * What cannot wait in Gust's way (a driver that blocks, a long computation) is done by a pool of
 * threads while the calling task waits and the loop serves others. One pool a process, started by
 * its first use, joined when the last loop that used it closes. Its threads block all signals.
 */
#ifndef GUST_EXECUTOR_H
#define GUST_EXECUTOR_H

#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_executor_options {
    int64_t threads; /**< at most; 0: five a processor, but no more than 20 */
    int64_t queue;   /**< calls that wait for a thread; 0: 1024 */
} gust_executor_options;

/** Sets the pool's options, NULL for the defaults. **Any thread.** **Errors:** -EBUSY once the pool
 * has started, -EINVAL for no threads, or more than 1024. */
GUST_API int gust_executor_configure(const gust_executor_options *options) GUST_CHECK;

/**
 * Calls fn(arg) on a thread of the pool and returns what it returned. Once it has begun it is
 * waited out: neither a deadline nor a cancellation returns earlier, because fn() uses memory of
 * the caller. On its thread fn() has a scope of its own: what it allocates moves into the caller's
 * innermost scope, what it defers runs there when it returns. It can neither wait nor raise.
 * **Waits.**
 * **Errors:** before fn() has begun: -GUST_EFULL when too many calls wait for a thread, -ETIMEDOUT,
 * -ECANCELED, -ENOMEM when there is no thread and none can be made. Follows IOLoop.run_in_executor.
 */
GUST_API int gust_run_in_executor(int (*fn)(void *arg), void *arg) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
