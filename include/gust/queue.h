/*
 * gust/queue.h — a queue between tasks of one loop
 *
 * Producers put, consumers get; who finds it full, or empty, waits, first come, first served. An
 * item is a pointer that the queue does not look at. A wait that ends by a deadline or a
 * cancellation has put, or got, nothing, and leaves nothing behind. Callbacks use the calls that do
 * not wait. Not for use between threads.
 *
 * Each item that was put is also work to be done: a consumer says so by gust_queue_task_done() when
 * it has dealt with one, and gust_queue_join() waits until all were. Follows tornado.queues.
 */
#ifndef GUST_QUEUE_H
#define GUST_QUEUE_H

#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_queue gust_queue;

/** Which item leaves first. */
enum gust_queue_kind {
    GUST_QUEUE_FIFO,    /**< the oldest */
    GUST_QUEUE_LIFO,    /**< the newest */
    GUST_QUEUE_PRIORITY /**< the least, by `compare`; the oldest of equal ones */
};

typedef struct gust_queue_options {
    int64_t max_size; /**< items that fit; 0 and GUST_NEVER: as many as memory holds */
    enum gust_queue_kind kind;
    /** For GUST_QUEUE_PRIORITY: negative if `a` is less than `b`, 0 if equal, else positive. It
     * must not use the queue, nor wait. */
    int (*compare)(const void *a, const void *b);
} gust_queue_options;

/** An empty queue; NULL options are the defaults. Aborts with a message if `compare` is missing, or
 * is there without need. NULL when memory is short. */
GUST_API gust_queue *gust_queue_new(const gust_queue_options *options);

/** Frees it, and calls drop(item) on each item left, in the order in which they would have left,
 * unless `drop` is NULL. Aborts with a message while tasks wait for it. NULL is allowed. */
GUST_API void gust_queue_free(gust_queue *queue, void (*drop)(void *item));

/** Puts an item, waiting while the queue is full. The item is the caller's on failure. **Waits.**
 * **Errors:** -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_queue_put(gust_queue *queue, void *item) GUST_WAITS GUST_CHECK;

/** Gets an item, waiting while there is none. **Waits.** **Errors:** -ETIMEDOUT, -ECANCELED,
 * -ENOMEM: *item is then untouched. */
GUST_API int gust_queue_get(gust_queue *queue, void **item) GUST_WAITS GUST_CHECK;

/** Puts an item if it fits now. **Errors:** -GUST_EFULL, -ENOMEM. Follows put_nowait. */
GUST_API int gust_queue_try_put(gust_queue *queue, void *item) GUST_CHECK;

/** Gets an item if there is one now. **Errors:** -EAGAIN: there is none. Follows get_nowait. */
GUST_API int gust_queue_try_get(gust_queue *queue, void **item) GUST_CHECK;

/** Says that an item which was got has been dealt with. Aborts with a message if it is said more
 * often than items were put. */
GUST_API void gust_queue_task_done(gust_queue *queue);

/** Waits until all items that were put have been dealt with; 0 at once if there are none. Those
 * that wait to be put do not count. **Waits.** **Errors:** -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_queue_join(gust_queue *queue) GUST_WAITS GUST_CHECK;

/** How many items are in it, and whether that is none, or as many as fit. */
GUST_API size_t gust_queue_size(const gust_queue *queue);
GUST_API bool gust_queue_is_empty(const gust_queue *queue);
GUST_API bool gust_queue_is_full(const gust_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
