/*
 * future — watchers of a result
 *
 * Who wants to know hangs a watcher into the future: a task that waits has them on its stack, a
 * callback on the heap. Resolving marks the future and fires all watchers.
 *
 * An error that nobody asks for (the second of gust_await_all(), one that came after the deadline)
 * would be lost without a trace: the last reference logs it.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "task/future_impl.h"
#include "task/task_private.h"

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

static void future_free(gust_future *future)
{
    gu_assert(gu_list_is_empty(&future->watchers)); /* each holds a reference */
    if (future->err < 0 && future->err != -ECANCELED && !future->is_told)
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "nobody asked for the error of a future: %s",
               gust_strerror(future->err));
    gust_arena_free(future->arena);
    gu_free(future);
}

/* A loop, because a chain of futures may be long. */
void gust_future_unref(gust_future *future)
{
    while (future != NULL) {
        gust_future *origin = future->origin;

        check_thread(future);
        gu_assert(future->refs > 0);
        if (--future->refs > 0)
            return;
        future_free(future);
        future = origin;
    }
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
        struct gu_watcher *watcher = gu_container_of(link, struct gu_watcher, link);

        watcher->fire(watcher);
    }
}

bool gust_future_try_resolve(gust_future *future, int err, void *value, gust_arena *taken)
{
    check_thread(future);
    if (future->is_done) {
        gust_arena_free(taken);
        return false;
    }
    gust_future_resolve(future, err, value, taken);
    return true;
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

    gust_future_try_resolve(post->future, post->err, post->value, post->arena);
    gust_future_unref(post->future);
    gu_free(post);
}

/* The loop was closed before. */
static void drop_post(void *arg)
{
    struct post *post = arg;

    gust_arena_free(post->arena);
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
    failed = gu_loop_post(future->loop, run_post, post, drop_post);
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

int gust_future_error(gust_future *future)
{
    check_done(future, "gust_future_error");
    future->is_told = true;
    return future->err;
}

void *gust_future_value(const gust_future *future)
{
    check_done(future, "gust_future_value");
    return future->value;
}

void gust_future_ignore_error(gust_future *future)
{
    future->is_told = true;
}

/* --- callbacks --- */

struct callback {
    struct gu_watcher watcher;
    struct gu_ready ready;
    struct gu_link all; /* in the loop's list, until it has run */
    uint64_t turn;      /* when it fired */
    gust_future *future;
    void (*fn)(gust_future *, void *);
    void *arg;
    void (*drop)(void *); /* of `arg`, if it does not run; or NULL */
};

static void callback_free(struct callback *callback)
{
    gu_list_remove(&callback->all);
    gust_future_unref(callback->future);
    gu_free(callback);
}

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
    callback_free(callback);
}

/* Those that wait for their future, and those whose turn did not come. */
void gu_futures_close(struct gu_tasks *tasks)
{
    while (!gu_list_is_empty(&tasks->future_callbacks)) {
        struct callback *callback =
            gu_container_of(tasks->future_callbacks.next, struct callback, all);

        gu_list_remove(&callback->watcher.link);
        gu_loop_unready(tasks->loop, &callback->ready);
        if (callback->drop != NULL)
            callback->drop(callback->arg);
        callback_free(callback);
    }
}

static void fire_callback(struct gu_watcher *watcher)
{
    struct callback *callback = gu_container_of(watcher, struct callback, watcher);

    callback->turn = callback->future->loop->n_turns;
    gu_loop_ready(callback->future->loop, &callback->ready);
}

static int add_callback(gust_future *future, void (*fn)(gust_future *, void *), void *arg,
                        void (*drop)(void *))
{
    struct gu_tasks *tasks = gu_tasks_of(future->loop);
    struct callback *callback = tasks == NULL ? NULL : gu_alloc0(sizeof *callback);

    if (callback == NULL)
        return -ENOMEM;
    gu_list_init(&callback->watcher.link);
    gu_list_append(&tasks->future_callbacks, &callback->all);
    callback->watcher.fire = fire_callback;
    callback->ready.run = run_callback;
    callback->future = gust_future_ref(future);
    callback->fn = fn;
    callback->arg = arg;
    callback->drop = drop;
    if (future->is_done)
        fire_callback(&callback->watcher);
    else
        gu_list_append(&future->watchers, &callback->watcher.link);
    return 0;
}

int gust_future_add_done_callback(gust_future *future, void (*fn)(gust_future *, void *), void *arg)
{
    return add_callback(future, fn, arg, NULL);
}

/* --- chains --- */

static void pass_on(gust_future *from, void *to)
{
    gust_future *future = to;

    if (!future->is_done) {
        from->is_told = true; /* it is for `to` to tell now */
        future->origin = gust_future_ref(from);
        gust_future_resolve(future, from->err, from->value, NULL);
    }
    gust_future_unref(future);
}

static void drop_end(void *to)
{
    gust_future_unref(to);
}

int gust_future_chain(gust_future *from, gust_future *to)
{
    int err = add_callback(from, pass_on, to, drop_end);

    if (err == 0)
        gust_future_ref(to);
    return err;
}
