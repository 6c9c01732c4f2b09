/*
 * future — awaiting one, all, any, or each as it comes
 *
 * A task that waits for a future has a reference of its own while it does, so that the owner may
 * drop his. When the wait ends well the reference goes to the innermost scope, for the value; when
 * it ends otherwise it goes at once, and takes a late result's memory along.
 */
#include "task/future_impl.h"

/* --- references --- */

static void unref_deferred(void *future)
{
    gust_future_unref(future);
}

/* Passes the caller's reference to the innermost scope. 0 or -ENOMEM, and it is dropped. */
static int keep(gust_future *future)
{
    if (gu_try_defer(unref_deferred, future))
        return 0;
    gust_future_unref(future);
    return -ENOMEM;
}

static void ref_each(gust_future *const futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        gust_future_ref(futures[i]);
}

static void unref_each(gust_future *const futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        gust_future_unref(futures[i]);
}

/* --- waiting for one of several --- */

struct any {
    struct gu_wait wait;
    struct any_watcher *watchers;
    size_t n;
    bool is_woken;
};

struct any_watcher {
    struct gu_watcher watcher;
    struct any *any;
};

static void fire_any(struct gu_watcher *watcher)
{
    struct any *any = gu_container_of(watcher, struct any_watcher, watcher)->any;

    if (any->is_woken)
        return;
    any->is_woken = true;
    gu_task_wake(any->wait.task, 0);
}

static void abandon_any(struct gu_wait *wait)
{
    struct any *any = gu_container_of(wait, struct any, wait);

    for (size_t i = 0; i < any->n; i++)
        gu_list_remove(&any->watchers[i].watcher.link);
}

static int wait_for_any(gust_future *const futures[], size_t n, struct any_watcher *watchers)
{
    struct any any = {{.abandon = abandon_any}, watchers, n, false};
    int err;

    for (size_t i = 0; i < n; i++) {
        watchers[i] = (struct any_watcher){{.fire = fire_any}, &any};
        gu_list_append(&futures[i]->watchers, &watchers[i].watcher.link);
    }
    err = gu_task_wait(&any.wait, GU_FOREVER);
    abandon_any(&any.wait);
    return err;
}

/* --- one --- */

/* Waits until it is done. Takes the caller's reference, for the innermost scope. */
static int settle(gust_future *future)
{
    struct any_watcher watcher;
    int err = future->is_done ? 0 : wait_for_any(&future, 1, &watcher);

    if (err == 0)
        return keep(future);
    gust_future_unref(future);
    return err;
}

int gust_await(gust_future *future, void **value)
{
    int err;

    gu_task_check_wait();
    err = settle(gust_future_ref(future));
    if (err < 0)
        return err;
    if (value != NULL)
        *value = future->value;
    return gust_future_error(future);
}

/* --- all --- */

static int first_error(gust_future *const futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (futures[i]->err < 0)
            return gust_future_error(futures[i]);
    return 0;
}

int gust_await_all(gust_future *const futures[], size_t n)
{
    int err = 0;
    size_t i;

    gu_task_check_wait();
    ref_each(futures, n);
    for (i = 0; i < n && err == 0; i++)
        err = settle(futures[i]);
    unref_each(futures + i, n - i);
    return err < 0 ? err : first_error(futures, n);
}

/* --- any --- */

static size_t first_done(gust_future *const futures[], size_t n)
{
    size_t i = 0;

    while (i < n && !futures[i]->is_done)
        i++;
    return i;
}

/* The caller holds them. */
static int wait_for_some(gust_future *const futures[], size_t n)
{
    struct any_watcher *watchers;

    GUST_SCOPE();
    watchers = n <= SIZE_MAX / sizeof *watchers ? gust_try_alloc(n * sizeof *watchers) : NULL;
    return watchers == NULL ? -ENOMEM : wait_for_any(futures, n, watchers);
}

int gust_await_any(gust_future *const futures[], size_t n, size_t *which)
{
    size_t i = first_done(futures, n);
    int err = 0;

    gu_task_check_wait();
    if (n == 0)
        return -EINVAL;
    ref_each(futures, n);
    if (i == n) {
        err = wait_for_some(futures, n);
        i = first_done(futures, n);
    }
    if (err == 0)
        err = keep(gust_future_ref(futures[i]));
    unref_each(futures, n);
    if (err < 0)
        return err;
    *which = i;
    return gust_future_error(futures[i]);
}

/* --- each as it comes --- */

/* One future of an iterator. Its watcher hangs in the future, then among those that are done. */
struct item {
    struct gu_watcher watcher;
    struct gust_wait_iter *iter;
    gust_future *future;
};

struct gust_wait_iter {
    struct gust_task *owner;
    struct gu_link done;  /* and not told yet */
    struct gu_wait *wait; /* of the owner, while it waits */
    size_t n, n_left;
    struct item items[];
};

/* The owner, waiting. */
struct next {
    struct gu_wait wait;
    struct gust_wait_iter *iter;
};

static void fire_item(struct gu_watcher *watcher)
{
    struct gust_wait_iter *iter = gu_container_of(watcher, struct item, watcher)->iter;
    struct gu_wait *wait = iter->wait;

    gu_list_append(&iter->done, &watcher->link);
    iter->wait = NULL;
    if (wait != NULL)
        gu_task_wake(wait->task, 0);
}

static void iter_close(void *arg)
{
    struct gust_wait_iter *iter = arg;

    for (size_t i = 0; i < iter->n; i++) {
        gu_list_remove(&iter->items[i].watcher.link);
        gust_future_unref(iter->items[i].future);
    }
}

gust_wait_iter *gust_wait_iter_new(gust_future *const futures[], size_t n)
{
    struct gust_task *task = gu_task_check_raise("gust_wait_iter_new");
    struct gust_wait_iter *iter;

    if (n > (SIZE_MAX - sizeof *iter) / sizeof(struct item))
        gu_no_memory();
    iter = gust_alloc(sizeof *iter + n * sizeof(struct item));
    *iter = (struct gust_wait_iter){.owner = task, .n = n, .n_left = n};
    gu_list_init(&iter->done);
    for (size_t i = 0; i < n; i++) {
        struct item *item = &iter->items[i];

        *item = (struct item){{.fire = fire_item}, iter, gust_future_ref(futures[i])};
        gu_list_append(item->future->is_done ? &iter->done : &item->future->watchers,
                       &item->watcher.link);
    }
    gust_defer(iter_close, iter);
    return iter;
}

static void abandon_next(struct gu_wait *wait)
{
    gu_container_of(wait, struct next, wait)->iter->wait = NULL;
}

static int wait_for_next(struct gust_wait_iter *iter)
{
    struct next next = {{.abandon = abandon_next}, iter};

    iter->wait = &next.wait;
    return gu_task_wait(&next.wait, GU_FOREVER);
}

int gust_wait_iter_next(gust_wait_iter *iter, size_t *which)
{
    struct gu_link *link;
    int err;

    if (gu_task_check_wait() != iter->owner)
        gu_misuse("gust_wait_iter_next: the iterator belongs to another task");
    if (iter->n_left == 0)
        return 0;
    err = gu_list_is_empty(&iter->done) ? wait_for_next(iter) : 0;
    if (err < 0)
        return err;
    link = gu_list_pop(&iter->done);
    iter->n_left--;
    *which = (size_t)(gu_container_of(link, struct item, watcher.link) - iter->items);
    return 1;
}
