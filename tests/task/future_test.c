/*
 * future — resolving, awaiting, callbacks, whose memory it is
 */
#include "base/alloc.h"
#include "base/log.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <pthread.h>

static void resolve_later(void *future)
{
    gust_future_resolve(future, 0, (void *)(uintptr_t) "value", NULL);
    note("resolved ");
}

static int await_one(void *arg)
{
    gust_future *f = gust_future_new();
    void *value = NULL;

    (void)arg;
    assert_false(gust_future_is_done(f));
    assert_non_null(gust_loop_call_later(gust_loop_current(), 2, resolve_later, f));
    assert_int_equal(gust_await(f, &value), 0);
    note(value);
    assert_true(gust_future_is_done(f));
    assert_ptr_equal(gust_future_value(f), value);
    assert_int_equal(gust_future_error(f), 0);
    assert_int_equal(gust_await(f, NULL), 0);
    gust_future_unref(f);
    gust_future_unref(NULL);
    return 0;
}

TEST(a_task_waits_until_a_callback_resolves)
{
    assert_int_equal(run(await_one, NULL), 0);
    assert_string_equal(trail, "resolved value");
    assert_true(elapsed() == 2);
}

static int await_error(void *arg)
{
    gust_future *f = gust_future_new();
    void *value = &value;
    int err;

    (void)arg;
    gust_future_resolve(f, -EPERM, NULL, NULL);
    err = gust_await(f, &value);
    assert_null(value);
    gust_future_unref(f);
    return err;
}

TEST(awaiting_returns_the_error)
{
    assert_int_equal(run(await_error, NULL), -EPERM);
}

static int await_beyond(void *arg)
{
    char *text;

    (void)arg;
    {
        GUST_SCOPE();
        gust_future *f = gust_future_new();
        gust_arena *arena = gust_arena_new();
        void *value;

        gust_future_resolve(f, 0, gust_arena_strdup(arena, "in the future's arena"), arena);
        assert_int_equal(gust_await(f, &value), 0);
        gust_future_unref(f); /* the scope still holds it */
        text = value;
        note(text);
    }
    return 0;
}

TEST(an_awaited_value_lives_as_long_as_the_awaiting_scope)
{
    assert_int_equal(run(await_beyond, NULL), 0);
    assert_string_equal(trail, "in the future's arena");
}

/* --- ends of a wait --- */

static int await_in_vain(void *arg)
{
    gust_future *f = gust_future_new();
    void *value = arg;
    {
        GUST_DEADLINE(1);
        assert_int_equal(gust_await(f, &value), -ETIMEDOUT);
        assert_ptr_equal(value, arg);
        assert_int_equal(gust_await_any(&f, 1, NULL), -ETIMEDOUT);
    }
    gust_cancel(gu_task_current());
    assert_int_equal(gust_await(f, &value), -ECANCELED);
    gust_future_resolve(f, 0, NULL, NULL); /* nobody is left to be woken */
    assert_int_equal(gust_await(f, NULL), 0);
    gust_future_unref(f);
    return 0;
}

TEST(a_wait_that_ends_early_leaves_nothing_in_the_future)
{
    assert_int_equal(run(await_in_vain, NULL), 0);
}

static int drop_while_awaited(void *arg)
{
    gust_future *f = gust_future_new();

    (void)arg;
    GUST_DEADLINE(1);
    assert_non_null(
        gust_loop_call_later(gust_loop_current(), 0.5, (void (*)(void *))gust_future_unref, f));
    return gust_await(f, NULL);
}

TEST(a_future_that_is_waited_for_outlives_its_owner)
{
    assert_int_equal(run(drop_while_awaited, NULL), -ETIMEDOUT);
}

/* --- several --- */

enum { N = 3 };

static void resolve_with_error(void *future)
{
    gust_future_resolve(future, -EIO, NULL, NULL);
}

static void make(gust_future *futures[N])
{
    for (int i = 0; i < N; i++)
        futures[i] = gust_future_new();
}

static void unmake(gust_future *futures[N])
{
    for (int i = 0; i < N; i++)
        gust_future_unref(futures[i]);
}

static int await_all(void *arg)
{
    gust_loop *loop = gust_loop_current();
    gust_future *f[N + 1];
    int err;

    (void)arg;
    make(f);
    f[N] = f[0]; /* twice the same */
    gust_future_resolve(f[1], -EPERM, NULL, NULL);
    assert_non_null(gust_loop_call_later(loop, 1, resolve_with_error, f[2]));
    assert_non_null(gust_loop_call_later(loop, 3, resolve_later, f[0]));
    err = gust_await_all(f, N + 1);
    assert_true(elapsed() == 3);
    assert_int_equal(gust_await_all(f, 1), 0);
    assert_int_equal(gust_await_all(f, 0), 0);
    unmake(f);
    return err;
}

TEST(await_all_waits_for_all_and_returns_the_first_error_of_the_list)
{
    assert_int_equal(run(await_all, NULL), -EPERM);
}

static int await_all_in_vain(void *arg)
{
    gust_future *f[N];
    int err;

    (void)arg;
    make(f);
    gust_future_resolve(f[0], -EPERM, NULL, NULL);
    GUST_DEADLINE(1);
    err = gust_await_all(f, N);
    unmake(f);
    return err;
}

TEST(await_all_ends_at_the_deadline)
{
    assert_int_equal(run(await_all_in_vain, NULL), -ETIMEDOUT);
}

static int await_any(void *arg)
{
    gust_loop *loop = gust_loop_current();
    gust_future *f[N];
    size_t which = 99;
    void *value;

    (void)arg;
    make(f);
    assert_int_equal(gust_await_any(f, 0, &which), -EINVAL);
    assert_int_equal(which, 99);
    assert_non_null(gust_loop_call_later(loop, 1, resolve_with_error, f[2]));
    assert_non_null(gust_loop_call_later(loop, 2, resolve_later, f[1]));
    assert_int_equal(gust_await_any(f, N, &which), -EIO);
    assert_int_equal(which, 2);
    assert_int_equal(gust_await_any(f, 2, &which), 0);
    assert_int_equal(which, 1);
    assert_true(elapsed() == 2);
    assert_int_equal(gust_await(f[1], &value), 0);
    gust_future_resolve(f[0], 0, NULL, NULL);
    assert_int_equal(gust_await_any(f, N, &which), 0);
    assert_int_equal(which, 0);
    unmake(f);
    return 0;
}

TEST(await_any_tells_the_first_of_the_list_that_is_done)
{
    assert_int_equal(run(await_any, NULL), 0);
}

static void resolve_two(void *arg)
{
    gust_future **f = arg;

    gust_future_resolve(f[2], 0, NULL, NULL);
    gust_future_resolve(f[1], 0, NULL, NULL);
}

static int await_any_of_two(void *arg)
{
    gust_future *f[N];
    size_t which = 99;

    (void)arg;
    make(f);
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), resolve_two, f), 0);
    assert_int_equal(gust_await_any(f, N, &which), 0);
    assert_int_equal(which, 1);
    unmake(f);
    return 0;
}

TEST(two_futures_that_are_resolved_at_once_wake_a_task_once)
{
    assert_int_equal(run(await_any_of_two, NULL), 0);
}

/* --- callbacks --- */

static uint64_t turn;

static void note_turn(gust_future *future, void *text)
{
    assert_true(gust_future_is_done(future));
    note(gust_loop_current()->n_turns == turn + 1 ? "next turn: " : "another turn: ");
    note(text);
}

static void resolve_and_note(void *future)
{
    turn = gust_loop_current()->n_turns;
    gust_future_resolve(future, 0, NULL, NULL);
    note("resolve returned, ");
    gust_future_unref(future); /* the callbacks keep it */
}

static int add_callbacks(void *arg)
{
    gust_future *f = gust_future_new();

    (void)arg;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            gust_future_add_done_callback(f, note_turn, (void *)(uintptr_t)(i == 0 ? "a " : "b ")),
            0);
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), resolve_and_note, f), 0);
    for (int i = 0; i < 4; i++)
        gust_yield();
    return 0;
}

TEST(callbacks_run_in_the_next_turn_never_inside_resolve)
{
    assert_int_equal(run(add_callbacks, NULL), 0);
    assert_string_equal(trail, "resolve returned, next turn: a next turn: b ");
}

static int add_to_done(void *arg)
{
    gust_future *f = gust_future_new();

    (void)arg;
    turn = gust_loop_current()->n_turns;
    gust_future_resolve(f, 0, NULL, NULL);
    assert_int_equal(gust_future_add_done_callback(f, note_turn, (void *)(uintptr_t) "c"), 0);
    gust_future_unref(f);
    assert_string_equal(trail, "");
    for (int i = 0; i < 4; i++)
        gust_yield();
    return 0;
}

TEST(a_callback_added_to_a_done_future_runs_in_the_next_turn)
{
    assert_int_equal(run(add_to_done, NULL), 0);
    assert_string_equal(trail, "next turn: c");
}

/* --- misuse --- */

static int resolve_twice(void *arg)
{
    gust_future *f = gust_future_new();

    (void)arg;
    gust_future_resolve(f, 0, NULL, NULL);
    gust_future_resolve(f, 0, NULL, NULL);
    return 0;
}

static int resolve_positive(void *arg)
{
    (void)arg;
    gust_future_resolve(gust_future_new(), 1, NULL, NULL);
    return 0;
}

static int look_too_early(void *arg)
{
    (void)arg;
    return gust_future_error(gust_future_new());
}

static int value_too_early(void *arg)
{
    (void)arg;
    return gust_future_value(gust_future_new()) != NULL;
}

struct call {
    int (*fn)(void *);
};

static void in_a_task(void *arg)
{
    const struct call *call = arg;

    gust_ignore(gust_run(call->fn, NULL));
}

static void without_a_loop(void *arg)
{
    (void)arg;
    gust_future_new();
}

TEST(misuse_aborts)
{
    static const struct {
        const char *name;
        struct call call;
        const char *message;
    } cases[] = {
        {"twice", {resolve_twice}, "a future was resolved twice"},
        {"positive", {resolve_positive}, "resolved with 1: errors are negative"},
        {"error too early", {look_too_early}, "gust_future_error: the future is not done"},
        {"value too early", {value_too_early}, "gust_future_value: the future is not done"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct call call = cases[i].call;

        TEST_CASE(cases[i].name);
        assert_aborts(in_a_task, &call, cases[i].message);
    }
    assert_aborts(without_a_loop, NULL, "on a thread without a loop");
}

/* --- memory that fails --- */

static int await_without_memory(void *arg)
{
    gust_future *f = gust_future_new();

    (void)arg;
    gu_alloc_fail_at(1);
    assert_null(gust_future_new());
    assert_true(gu_alloc_has_failed());
    gu_alloc_fail_at(1);
    assert_int_equal(gust_future_add_done_callback(f, note_turn, NULL), -ENOMEM);
    gu_alloc_fail_at(1);
    assert_int_equal(gust_future_post(f, 0, NULL, NULL), -ENOMEM);
    while (gust_try_alloc(16) != NULL)
        ;
    gust_future_resolve(f, 0, NULL, NULL);
    assert_int_equal(gust_await(f, NULL), -ENOMEM);
    gust_future_unref(f);
    return 0;
}

TEST(each_call_says_that_memory_is_short)
{
    assert_int_equal(run(await_without_memory, NULL), 0);
}

/* --- loops that are closed --- */

static int n_untold;

static bool count_untold(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg;
    (void)level;
    (void)logger;
    (void)message;
    n_untold++;
    return true;
}

static void never(gust_future *f, void *arg)
{
    (void)f;
    (void)arg;
    fail_msg("called after its loop was closed");
}

/* A future whose last reference logs that nobody asked for its error. */
static gust_future *untold(void)
{
    gust_future *f = gust_future_new();

    gust_future_resolve(f, -EIO, NULL, NULL);
    return f;
}

static void queue_callback(void)
{
    gust_future *f = untold();

    assert_int_equal(gust_future_add_done_callback(f, never, NULL), 0);
    gust_future_unref(f);
}

static void queue_chain(void)
{
    gust_future *from = gust_future_new(), *to = untold();

    assert_int_equal(gust_future_chain(from, to), 0);
    gust_future_unref(from); /* nobody will resolve it */
    gust_future_unref(to);
}

static void queue_post(void)
{
    assert_int_equal(gust_future_post(untold(), 0, NULL, gust_arena_new()), 0);
}

static void *post_it(void *f)
{
    assert_int_equal(gust_future_post(f, 0, NULL, gust_arena_new()), 0);
    return NULL;
}

static void queue_post_of_a_thread(void)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, post_it, untold()), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

TEST(what_is_queued_when_a_loop_closes_is_dropped_and_given_back)
{
    static const struct {
        const char *name;
        void (*queue)(void);
    } cases[] = {
        {"a callback whose turn has not come", queue_callback},
        {"a chain from a future that is never resolved", queue_chain},
        {"a result that was posted", queue_post},
        {"by another thread", queue_post_of_a_thread},
    };

    gu_log_set_sink(count_untold, NULL);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_loop *loop = gust_loop_current();

        TEST_CASE(cases[i].name);
        n_untold = 0;
        cases[i].queue();
        assert_int_equal(n_untold, 0);
        gust_loop_close(loop);
        assert_int_equal(n_untold, 1);
    }
    gu_log_set_sink(NULL, NULL);
}
