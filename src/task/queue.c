/*
 * queue — items, and two lines of tasks that wait for them
 *
 * What always holds, and makes it fair: while tasks wait to get, the queue is empty; while tasks
 * wait to put, it is full. So an item that is put goes straight to who waited longest, and an item
 * that is got lets in the one that waited longest, before the next is chosen.
 *
 * Items lie in a ring. A heap is a ring that begins at its first place.
 */
#include "base/alloc.h"
#include "task/waiters.h"
#include <gust/queue.h>

#define LEAST_PLACES 8
#define PLACES_KEPT 64 /* by an empty queue */

struct entry {
    void *item;
    uint64_t number; /* in the order in which they came */
};

struct gust_queue {
    enum gust_queue_kind kind;
    int (*compare)(const void *, const void *);
    struct entry *ring;
    size_t n_places; /* a power of two, or 0 */
    size_t first, n;
    size_t max;
    uint64_t n_put;
    size_t n_undone;
    gust_waiters getters, putters, joiners;
};

/* A task that waits to put this item, or has been given it. */
struct carrier {
    struct gu_waiter waiter;
    void *item;
};

/* --- places --- */

static struct entry *at(const gust_queue *queue, size_t i)
{
    return &queue->ring[(queue->first + i) & (queue->n_places - 1)];
}

/* Makes room for `n` entries. False when memory is short. */
static bool reserve(gust_queue *queue, size_t n)
{
    size_t n_places = gu_max(queue->n_places, LEAST_PLACES);
    struct entry *ring;

    if (n <= queue->n_places)
        return true;
    if (n > SIZE_MAX / sizeof *ring / 2)
        return false;
    while (n_places < n)
        n_places *= 2;
    ring = gu_alloc(n_places * sizeof *ring);
    if (ring == NULL)
        return false;
    for (size_t i = 0; i < queue->n; i++)
        ring[i] = *at(queue, i);
    gu_free(queue->ring);
    queue->ring = ring;
    queue->n_places = n_places;
    queue->first = 0;
    return true;
}

/* What a burst left behind goes when the queue is empty. */
static void let_places_go(gust_queue *queue)
{
    if (queue->n > 0 || queue->n_places <= PLACES_KEPT)
        return;
    gu_free(queue->ring);
    queue->ring = NULL;
    queue->n_places = 0;
    queue->first = 0;
}

/* --- the heap --- */

static bool precedes(const gust_queue *queue, size_t i, size_t j)
{
    const struct entry *a = at(queue, i), *b = at(queue, j);
    int order = queue->compare(a->item, b->item);

    return order < 0 || (order == 0 && a->number < b->number);
}

static void swap(gust_queue *queue, size_t i, size_t j)
{
    struct entry entry = *at(queue, i);

    *at(queue, i) = *at(queue, j);
    *at(queue, j) = entry;
}

static void sift_up(gust_queue *queue, size_t i)
{
    while (i > 0 && precedes(queue, i, (i - 1) / 2)) {
        swap(queue, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sift_down(gust_queue *queue, size_t i)
{
    for (size_t child = 2 * i + 1; child < queue->n; child = 2 * i + 1) {
        if (child + 1 < queue->n && precedes(queue, child + 1, child))
            child++;
        if (!precedes(queue, child, i))
            return;
        swap(queue, child, i);
        i = child;
    }
}

/* --- in and out --- */

/* There is a place for it. */
static void push(gust_queue *queue, void *item)
{
    *at(queue, queue->n) = (struct entry){item, queue->n_put};
    queue->n++;
    if (queue->kind == GUST_QUEUE_PRIORITY)
        sift_up(queue, queue->n - 1);
}

/* There is an item. */
static void *pop(gust_queue *queue)
{
    size_t leaves = queue->kind == GUST_QUEUE_LIFO ? queue->n - 1 : 0;
    void *item = at(queue, leaves)->item;

    queue->n--;
    if (queue->kind == GUST_QUEUE_FIFO) {
        queue->first = (queue->first + 1) & (queue->n_places - 1);
    } else if (queue->kind == GUST_QUEUE_PRIORITY) {
        *at(queue, 0) = *at(queue, queue->n);
        sift_down(queue, 0);
    }
    let_places_go(queue);
    return item;
}

static void count_put(gust_queue *queue)
{
    queue->n_put++;
    queue->n_undone++;
}

/* It is not full. */
static int put_now(gust_queue *queue, void *item)
{
    struct gu_waiter *getter = gu_waiters_wake(&queue->getters);

    if (getter != NULL)
        gu_container_of(getter, struct carrier, waiter)->item = item;
    else if (reserve(queue, queue->n + 1))
        push(queue, item);
    else
        return -ENOMEM;
    count_put(queue);
    return 0;
}

/* It is not empty. Who waits to put is let in first: its item may be the one to leave. */
static void *get_now(gust_queue *queue)
{
    struct gu_waiter *putter = gu_waiters_wake(&queue->putters);

    if (putter != NULL) {
        push(queue, gu_container_of(putter, struct carrier, waiter)->item);
        count_put(queue);
    }
    return pop(queue);
}

/* --- life --- */

gust_queue *gust_queue_new(const gust_queue_options *options)
{
    static const gust_queue_options defaults;
    gust_queue *queue;

    if (options == NULL)
        options = &defaults;
    if ((options->kind == GUST_QUEUE_PRIORITY) != (options->compare != NULL))
        gu_misuse("gust_queue_new: a queue of GUST_QUEUE_PRIORITY, and no other, needs .compare");
    queue = gu_alloc0(sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->kind = options->kind;
    queue->compare = options->compare;
    queue->max = gu_option_size(options->max_size, SIZE_MAX);
    return queue;
}

void gust_queue_free(gust_queue *queue, void (*drop)(void *))
{
    if (queue == NULL)
        return;
    if (!gu_waiters_is_empty(&queue->getters) || !gu_waiters_is_empty(&queue->putters) ||
        !gu_waiters_is_empty(&queue->joiners))
        gu_misuse("gust_queue_free: tasks wait for the queue: cancel and join them first");
    while (drop != NULL && queue->n > 0)
        drop(pop(queue));
    gu_free(queue->ring);
    gu_free(queue);
}

/* --- putting, getting --- */

int gust_queue_put(gust_queue *queue, void *item)
{
    struct carrier carrier = {.item = item};

    gu_task_check_wait();
    if (!gust_queue_is_full(queue))
        return put_now(queue, item);
    if (!reserve(queue, queue->n + 1)) /* now, so that letting it in cannot fail */
        return -ENOMEM;
    return gu_waiters_wait(&queue->putters, &carrier.waiter);
}

int gust_queue_get(gust_queue *queue, void **item)
{
    struct carrier carrier;
    int err;

    gu_task_check_wait();
    if (queue->n > 0) {
        *item = get_now(queue);
        return 0;
    }
    err = gu_waiters_wait(&queue->getters, &carrier.waiter);
    if (err == 0)
        *item = carrier.item;
    return err;
}

int gust_queue_try_put(gust_queue *queue, void *item)
{
    return gust_queue_is_full(queue) ? -GUST_EFULL : put_now(queue, item);
}

int gust_queue_try_get(gust_queue *queue, void **item)
{
    if (queue->n == 0)
        return -EAGAIN;
    *item = get_now(queue);
    return 0;
}

/* --- work to be done --- */

void gust_queue_task_done(gust_queue *queue)
{
    if (queue->n_undone == 0)
        gu_misuse("gust_queue_task_done was called more often than items were put");
    queue->n_undone--;
    if (queue->n_undone == 0)
        gu_waiters_wake_all(&queue->joiners);
}

int gust_queue_join(gust_queue *queue)
{
    struct gu_waiter waiter;

    gu_task_check_wait();
    return queue->n_undone == 0 ? 0 : gu_waiters_wait(&queue->joiners, &waiter);
}

/* --- looking --- */

size_t gust_queue_size(const gust_queue *queue)
{
    return queue->n;
}

bool gust_queue_is_empty(const gust_queue *queue)
{
    return queue->n == 0;
}

bool gust_queue_is_full(const gust_queue *queue)
{
    return queue->n >= queue->max;
}
