/*
 * gust/future.h — a result that is not there yet
 *
 * A future joins code that is written in callbacks and code that waits: one side resolves it once,
 * any number of tasks wait for it, any number of callbacks are told. It belongs to the loop of the
 * thread that made it, is counted, and keeps the arena that came with its value.
 *
 * Nothing runs inside gust_future_resolve(): tasks go on, and callbacks are called, afterwards.
 * Follows tornado.concurrent.Future; cancelling one is cancelling the task that waits.
 */
#ifndef GUST_FUTURE_H
#define GUST_FUTURE_H

#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_future gust_future;

/** A future with one reference, the caller's. NULL when memory is short. */
GUST_API gust_future *gust_future_new(void);

/** One more reference. */
GUST_API gust_future *gust_future_ref(gust_future *future);

/** One reference less; the last one frees it, with its value's arena. NULL is allowed. */
GUST_API void gust_future_unref(gust_future *future);

/** Sets the result: `err` is 0 or negative, `value` what awaiting it gives. A future is resolved
 * once; a second time aborts with a message. **Takes arena** (or NULL), in which the value lies. */
GUST_API void gust_future_resolve(gust_future *future, int err, void *value, gust_arena *arena);

/** As gust_future_resolve(), soon, on the loop of the future. **Any thread.** **Takes a reference**
 * of the caller's and **takes arena**, not on failure. **Errors:** -ENOMEM. */
GUST_API int gust_future_post(gust_future *future, int err, void *value,
                              gust_arena *arena) GUST_CHECK;

GUST_API bool gust_future_is_done(const gust_future *future);

/** The error that it was resolved with, 0 for none. Aborts while it is not done. */
GUST_API int gust_future_error(const gust_future *future);

/** Its value, lent as long as the future. Aborts while it is not done. */
GUST_API void *gust_future_value(const gust_future *future);

/** Calls fn(future, arg) in the next turn after it is resolved, or the next one if it is. The
 * future is kept until then. **Errors:** -ENOMEM. */
GUST_API int gust_future_add_done_callback(gust_future *future,
                                           void (*fn)(gust_future *future, void *arg),
                                           void *arg) GUST_CHECK;

/** Waits until it is resolved and returns its error; *value, if asked for, lives as long as the
 * innermost scope here, whatever becomes of the future. **Waits.** **Errors:** the future's,
 * -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_await(gust_future *future, void **value) GUST_WAITS GUST_CHECK;

/** Waits until all are resolved, and returns the error of the first in the list that has one. Their
 * values live as with gust_await(). **Waits.** Follows gen.multi. */
GUST_API int gust_await_all(gust_future *const futures[], size_t n) GUST_WAITS GUST_CHECK;

/** Waits until one is resolved, and returns its error; *which is the first in the list that is. Its
 * value lives as with gust_await(). **Waits.** Follows gen.WaitIterator. **Errors:** the future's,
 * -EINVAL for an empty list, -ETIMEDOUT, -ECANCELED, -ENOMEM: *which is then untouched. */
GUST_API int gust_await_any(gust_future *const futures[], size_t n,
                            size_t *which) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
