/*
 * future — watchers of a result
 *
 * Who wants to know hangs a watcher into the future: a task that waits has them on its stack, a
 * callback on the heap. Resolving marks the future and fires all watchers, which only ever queue
 * something, so that no foreign code runs inside gust_future_resolve().
 */
#include "base/alloc.h"
#include "task/task_impl.h"
#include <gust/future.h>

struct gust_future {
    size_t refs;
    struct gust_loop *loop;
    struct gu_link watchers;
    bool is_done;
    int err;
    void *value;
    gust_arena *arena; /* that the value lies in */
};

struct watcher {
    struct gu_link link; /* of the future, until it fires */
    void (*fire)(struct watcher *watcher);
};

/* --- life --- */

gust_future *gust_future_new(void)
{
    struct gust_loop *loop = gu_loop_of_thread();
    gust_future *future;

    if (loop == NULL)
        gu_misuse("gust_future_new was called on a thread without a loop");
    future = gu_alloc0(sizeof *future);
    if (future == NULL)
        return NULL;
    future->refs = 1;
    future->loop = loop;
    gu_list_init(&future->watchers);
    return future;
}

static void check_thread(const gust_future *future)
{
    if (gu_unlikely(future->loop != gu_loop_of_thread()))
        gu_misuse("a future was used on another thread than its loop's: gust_future_post() is for "
                  "other threads");
}

gust_future *gust_future_ref(gust_future *future)
{
    check_thread(future);
    future->refs++;
    return future;
}

void gust_future_unref(gust_future *future)
{
    if (future == NULL)
        return;
    check_thread(future);
    gu_assert(future->refs > 0);
    if (--future->refs > 0)
        return;
    gu_assert(gu_list_is_empty(&future->watchers)); /* each holds a reference */
    gust_arena_free(future->arena);
    gu_free(future);
}

/* --- resolving --- */

void gust_future_resolve(gust_future *future, int err, void *value, gust_arena *taken)
{
    struct gu_link *link;

    check_thread(future);
    if (future->is_done)
        gu_misuse("a future was resolved twice: look at gust_future_is_done() first");
    if (err > 0)
        gu_misuse("a future was resolved with %d: errors are negative", err);
    future->is_done = true;
    future->err = err;
    future->value = value;
    future->arena = taken;
    while ((link = gu_list_pop(&future->watchers)) != NULL) {
        struct watcher *watcher = gu_container_of(link, struct watcher, link);

        watcher->fire(watcher);
    }
}

struct post {
    gust_future *future;
    int err;
    void *value;
    gust_arena *arena;
};

static void run_post(void *arg)
{
    struct post *post = arg;

    gust_future_resolve(post->future, post->err, post->value, post->arena);
    gust_future_unref(post->future);
    gu_free(post);
}

int gust_future_post(gust_future *future, int err, void *value, gust_arena *taken)
{
    struct post *post = gu_alloc(sizeof *post);
    int failed;

    if (post == NULL)
        return -ENOMEM;
    *post = (struct post){future, err, value, taken};
    failed = gust_loop_add_callback(future->loop, run_post, post);
    if (failed < 0)
        gu_free(post);
    return failed;
}

/* --- looking --- */

bool gust_future_is_done(const gust_future *future)
{
    return future->is_done;
}

static void check_done(const gust_future *future, const char *what)
{
    if (!future->is_done)
        gu_misuse("%s: the future is not done; wait with gust_await()", what);
}

int gust_future_error(const gust_future *future)
{
    check_done(future, "gust_future_error");
    return future->err;
}

void *gust_future_value(const gust_future *future)
{
    check_done(future, "gust_future_value");
    return future->value;
}

/* --- callbacks --- */

struct callback {
    struct watcher watcher;
    struct gu_ready ready;
    uint64_t turn; /* when it fired */
    gust_future *future;
    void (*fn)(gust_future *, void *);
    void *arg;
};

/* The queue may still be run in the turn of the resolve; "next turn" is then the next time. */
static void run_callback(struct gu_ready *ready)
{
    struct callback *callback = gu_container_of(ready, struct callback, ready);
    struct gust_loop *loop = callback->future->loop;

    if (loop->n_turns == callback->turn) {
        gu_loop_ready(loop, ready);
        return;
    }
    callback->fn(callback->future, callback->arg);
    gust_future_unref(callback->future);
    gu_free(callback);
}

static void fire_callback(struct watcher *watcher)
{
    struct callback *callback = gu_container_of(watcher, struct callback, watcher);

    callback->turn = callback->future->loop->n_turns;
    gu_loop_ready(callback->future->loop, &callback->ready);
}

int gust_future_add_done_callback(gust_future *future, void (*fn)(gust_future *, void *), void *arg)
{
    struct callback *callback = gu_alloc0(sizeof *callback);

    if (callback == NULL)
        return -ENOMEM;
    callback->watcher.fire = fire_callback;
    callback->ready.run = run_callback;
    callback->future = gust_future_ref(future);
    callback->fn = fn;
    callback->arg = arg;
    if (future->is_done)
        fire_callback(&callback->watcher);
    else
        gu_list_append(&future->watchers, &callback->watcher.link);
    return 0;
}

/* --- awaiting --- */

static void unref_deferred(void *future)
{
    gust_future_unref(future);
}

/* For as long as the innermost scope, and so for as long as anyone waits. */
static bool hold(gust_future *future)
{
    if (!gu_try_defer(unref_deferred, future))
        return false;
    gust_future_ref(future);
    return true;
}

/* A task that waits for one of several. */
struct any {
    struct gu_wait wait;
    struct any_watcher *watchers;
    size_t n;
    bool is_woken;
};

struct any_watcher {
    struct watcher watcher;
    struct any *any;
};

static void fire_any(struct watcher *watcher)
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

int gust_await(gust_future *future, void **value)
{
    struct any_watcher watcher;
    int err;

    gu_task_check_wait();
    if (!hold(future))
        return -ENOMEM;
    err = future->is_done ? 0 : wait_for_any(&future, 1, &watcher);
    if (err < 0)
        return err;
    if (value != NULL)
        *value = future->value;
    return future->err;
}

int gust_await_all(gust_future *const futures[], size_t n)
{
    int first = 0;

    gu_task_check_wait();
    for (size_t i = 0; i < n; i++) {
        int err = gust_await(futures[i], NULL);

        if (!futures[i]->is_done)
            return err;
        first = first == 0 ? err : first;
    }
    return first;
}

static size_t first_done(gust_future *const futures[], size_t n)
{
    size_t i = 0;

    while (i < n && !futures[i]->is_done)
        i++;
    return i;
}

/* The futures are held by whoever passed them in; that one which is done is held by the scope. */
static int wait_for_some(gust_future *const futures[], size_t n)
{
    struct any_watcher *watchers;

    GUST_SCOPE();
    watchers = n <= SIZE_MAX / sizeof *watchers ? gust_try_alloc(n * sizeof *watchers) : NULL;
    if (watchers == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!hold(futures[i]))
            return -ENOMEM;
    return wait_for_any(futures, n, watchers);
}

int gust_await_any(gust_future *const futures[], size_t n, size_t *which)
{
    size_t i = first_done(futures, n);
    int err;

    gu_task_check_wait();
    if (n == 0)
        return -EINVAL;
    if (i == n) {
        err = wait_for_some(futures, n);
        if (err < 0)
            return err;
        i = first_done(futures, n);
    }
    if (!hold(futures[i]))
        return -ENOMEM;
    *which = i;
    return futures[i]->err;
}
