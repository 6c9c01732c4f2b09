/*
 * gust/future.h — a result that is not there yet
 *
 * A future joins code that is written in callbacks and code that waits: one side resolves it once,
 * any number of tasks wait for it, any number of callbacks are told. It belongs to the loop of the
 * thread that made it, is counted, and keeps the arena that came with its value.
 *
 * Nothing runs inside gust_future_resolve(): tasks go on, and callbacks are called, afterwards.
 * Who stops waiting (GUST_DEADLINE, gust_cancel()) leaves the future to its owner: a result that
 * comes later is dropped with the last reference, its memory with it. An error, other than
 * -ECANCELED, that nobody asked for by then is logged: it would be lost.
 *
 * Follows tornado.concurrent.Future. To cancel one is to try to resolve it with -ECANCELED.
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

/** As gust_future_resolve() if it is not done yet; else this result is dropped, and false returned.
 * For whoever may come second. **Takes arena.** Follows future_set_result_unless_cancelled. */
GUST_API bool gust_future_try_resolve(gust_future *future, int err, void *value, gust_arena *arena);

/** As gust_future_try_resolve(), soon, on the loop of the future. **Any thread.** **Takes a
 * reference** of the caller's and **takes arena**, not on failure. **Errors:** -ENOMEM. */
GUST_API int gust_future_post(gust_future *future, int err, void *value,
                              gust_arena *arena) GUST_CHECK;

GUST_API bool gust_future_is_done(const gust_future *future);

/** The error that it was resolved with, 0 for none. Aborts while it is not done. */
GUST_API int gust_future_error(gust_future *future);

/** Its error, if it gets one, is nobody's concern: it is not logged when nobody asks for it. */
GUST_API void gust_future_ignore_error(gust_future *future);

/** Its value, lent as long as the future. Aborts while it is not done. */
GUST_API void *gust_future_value(const gust_future *future);

/** Calls fn(future, arg) in the next turn after it is resolved, or the next one if it is. The
 * future is kept until then. **Errors:** -ENOMEM. */
GUST_API int gust_future_add_done_callback(gust_future *future,
                                           void (*fn)(gust_future *future, void *arg),
                                           void *arg) GUST_CHECK;

/** Resolves `to` with the error and the value of `from`, in the turn after that was resolved; `to`
 * may have been resolved otherwise by then. Both are kept until then. **Errors:** -ENOMEM. Follows
 * chain_future. */
GUST_API int gust_future_chain(gust_future *from, gust_future *to) GUST_CHECK;

/* --- waiting --- */

/** Waits until it is resolved and returns its error; *value, if asked for, lives as long as the
 * innermost scope here, whatever becomes of the future. **Waits.** **Errors:** the future's,
 * -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_await(gust_future *future, void **value) GUST_WAITS GUST_CHECK;

/** Waits until all are resolved, also when one has an error, and returns the error of the first in
 * the list that has one. The others' are there for gust_future_error(). Values live as with
 * gust_await(). **Waits.** **Errors:** the first, or -ETIMEDOUT, -ECANCELED, -ENOMEM before all
 * were resolved. Follows gen.multi. */
GUST_API int gust_await_all(gust_future *const futures[], size_t n) GUST_WAITS GUST_CHECK;

/** Waits until one is resolved, and returns its error; *which is the first in the list that is. Its
 * value lives as with gust_await(). **Waits.** **Errors:** the future's, -EINVAL for an empty list,
 * -ETIMEDOUT, -ECANCELED, -ENOMEM: *which is then untouched. */
GUST_API int gust_await_any(gust_future *const futures[], size_t n,
                            size_t *which) GUST_WAITS GUST_CHECK;

/** Futures in the order in which they are resolved. */
typedef struct gust_wait_iter gust_wait_iter;

/** Watches futures for the current task, which alone may ask; it lives in the innermost scope, and
 * keeps the futures as long. Those that are resolved already come first, in the list's order.
 * **Raises 503.** Follows gen.WaitIterator. */
GUST_API gust_wait_iter *gust_wait_iter_new(gust_future *const futures[], size_t n);

/** Waits for the next one: 1, and *which is its index in the list; 0 when all were told; or
 * negative, and it may be asked again. What the future was resolved with is not looked at here.
 * **Waits.** **Errors:** -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_wait_iter_next(gust_wait_iter *iter, size_t *which) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
