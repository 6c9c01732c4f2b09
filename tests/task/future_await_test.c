/*
 * future_await — several futures, deadlines, errors that nobody asks for, chains
 */
#include "base/alloc.h"
#include "base/log.h"
#include "task/future_impl.h"
#include "task_support.h"
#include <stdio.h>
#include <string.h>

enum { N = 4 };

/* --- errors that are logged --- */

static char logged[512];

static bool keep_line(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    size_t len = strlen(logged);

    (void)arg;
    if (level != GUST_LOG_ERROR || logger != GU_LOG_APPLICATION)
        return false;
    snprintf(logged + len, sizeof logged - len, "%.*s\n", (int)message.len, message.ptr);
    return true;
}

static int run_logged(int (*fn)(void *), void *arg)
{
    int result;

    logged[0] = '\0';
    gu_log_set_sink(keep_line, NULL);
    result = run(fn, arg);
    gu_log_set_sink(NULL, NULL);
    return result;
}

#define LINE(error) "nobody asked for the error of a future: " error "\n"

/* --- futures that somebody resolves later --- */

struct later {
    gust_future *future;
    int err;
    gust_arena *arena;
};

/* Whoever promised the result: he has a reference too, and drops it. */
static void keep_promise(void *arg)
{
    struct later *later = arg;
    char *value = later->arena == NULL ? NULL : gust_arena_strdup(later->arena, "value");

    gust_future_resolve(later->future, later->err, value, later->arena);
    gust_future_unref(later->future);
}

static gust_future *promise(struct later *later, double seconds, int err)
{
    later->future = gust_future_new();
    later->err = err;
    later->arena = err == 0 ? gust_arena_new() : NULL;
    assert_non_null(gust_loop_call_later(gust_loop_current(), seconds, keep_promise, later));
    return gust_future_ref(later->future);
}

static void unref_all(gust_future *futures[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        gust_future_unref(futures[i]);
}

/* --- under a deadline --- */

struct timeout_case {
    const char *name;
    double resolved_at;
    int err;
    double deadline;
    int result;
    double took;
    const char *logged;
};

static int await_in_time(void *arg)
{
    const struct timeout_case *c = arg;
    struct later later;
    gust_future *f = promise(&later, c->resolved_at, c->err);
    void *value = NULL;
    int err;

    if (c->resolved_at == 0)
        assert_int_equal(gust_sleep(0.5), 0);
    {
        GUST_DEADLINE(c->deadline);
        err = gust_await(f, &value);
    }
    assert_true(elapsed() == c->took);
    if (err == 0)
        assert_string_equal(value, "value");
    if (err == -ETIMEDOUT)
        assert_int_equal(f->refs, 2); /* ours and the promise's: the wait left none */
    gust_future_unref(f);
    assert_int_equal(gust_sleep(10), 0);
    return err;
}

TEST(a_deadline_bounds_the_wait_and_leaves_the_future_to_its_owner)
{
    static const struct timeout_case cases[] = {
        {"never in time", 5, 0, 1, -ETIMEDOUT, 1, ""},
        {"completes before", 1, 0, 5, 0, 1, ""},
        {"fails before", 1, -EPERM, 5, -EPERM, 1, ""},
        {"done already", 0, 0, 5, 0, 0.5, ""},
        {"done already, no time left", 0, 0, 0, 0, 0.5, ""},
        {"failed already", 0, -EPERM, 0, -EPERM, 0.5, ""},
        {"no time at all", 5, 0, 0, -ETIMEDOUT, 0, ""},
        {"fails too late", 5, -EPERM, 1, -ETIMEDOUT, 1, LINE("Operation not permitted")},
        {"is cancelled too late", 5, -ECANCELED, 1, -ETIMEDOUT, 1, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct timeout_case c = cases[i];

        TEST_CASE(c.name);
        assert_int_equal(run_logged(await_in_time, &c), c.result);
        assert_string_equal(logged, c.logged);
    }
}

static int give_up_in_a_loop(void *arg)
{
    gust_future *f = gust_future_new();
    const struct gust_task *task = gu_task_current();
    size_t used;

    (void)arg;
    used = task->arena.used;
    for (int i = 0; i < 10000; i++) {
        GUST_DEADLINE(0.001);
        assert_int_equal(gust_await(f, NULL), -ETIMEDOUT);
        assert_int_equal(gust_await_all(&f, 1), -ETIMEDOUT);
        assert_int_equal(gust_await_any(&f, 1, NULL), -ETIMEDOUT);
    }
    assert_int_equal(task->arena.used, used);
    assert_int_equal(f->refs, 1);
    gust_future_unref(f);
    return 0;
}

TEST(waits_that_time_out_keep_no_memory)
{
    assert_int_equal(run(give_up_in_a_loop, NULL), 0);
}

/* --- all --- */

struct all_case {
    const char *name;
    int errors[N];
    bool look, ignore;
    int result;
    const char *logged;
};

static int await_all(void *arg)
{
    const struct all_case *c = arg;
    struct later later[N];
    gust_future *f[N];
    int err;

    for (int i = 0; i < N; i++) {
        f[i] = promise(&later[i], N - i, c->errors[i]);
        if (c->ignore)
            gust_future_ignore_error(f[i]);
    }
    err = gust_await_all(f, N);
    assert_true(elapsed() == N);
    for (int i = 0; i < N && c->look; i++)
        assert_int_equal(gust_future_error(f[i]), c->errors[i]);
    unref_all(f, N);
    return err;
}

TEST(all_are_waited_for_and_errors_beyond_the_first_are_logged_unless_asked_for)
{
    static const struct all_case cases[] = {
        {"no error", {0}, false, false, 0, ""},
        {"one, the last to come", {-EPERM}, false, false, -EPERM, ""},
        {"one, the first to come", {0, 0, 0, -EIO}, false, false, -EIO, ""},
        {"the first in the list is returned, whichever comes first",
         {0, -EPERM, 0, -EIO},
         false,
         false,
         -EPERM,
         LINE("Input/output error")},
        {"each other one is logged",
         {-EPERM, -EIO, 0, -ENOENT},
         false,
         false,
         -EPERM,
         LINE("No such file or directory") LINE("Input/output error")},
        {"not if they were looked at", {-EPERM, -EIO}, true, false, -EPERM, ""},
        {"not if they are to be ignored", {-EPERM, -EIO}, false, true, -EPERM, ""},
        {"not what was cancelled", {-EPERM, -ECANCELED}, false, false, -EPERM, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct all_case c = cases[i];

        TEST_CASE(c.name);
        assert_int_equal(run_logged(await_all, &c), c.result);
        /* what is let go last, with the scope, is logged in its reverse order */
        assert_string_equal(logged, c.logged);
    }
}

enum { MANY = 10000 };

static void resolve_many(void *arg)
{
    gust_future **f = arg;

    for (int i = 0; i < MANY; i++)
        gust_future_resolve(f[(i * 7919) % MANY], 0, NULL, NULL);
}

static int await_many(void *arg)
{
    gust_future **f = arg;
    uint64_t n_turns, n_allocs;

    for (int i = 0; i < MANY; i++)
        assert_non_null(f[i] = gust_future_new());
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), resolve_many, f), 0);
    n_turns = gust_loop_current()->n_turns;
    n_allocs = gu_alloc_count();
    assert_int_equal(gust_await_all(f, MANY), 0);
    assert_true(gust_loop_current()->n_turns - n_turns <= 2);
    assert_true(gu_alloc_count() - n_allocs < 100); /* chunks of the arena, not one each */
    unref_all(f, MANY);
    return 0;
}

TEST(ten_thousand_are_awaited_in_a_turn)
{
    static gust_future *f[MANY];

    assert_int_equal(run(await_many, f), 0);
}

static int drop_all_while_awaited(void *arg)
{
    struct later later[2];
    gust_future *f[2] = {promise(&later[0], 1, 0), promise(&later[1], 2, -EPERM)};

    (void)arg;
    for (int i = 0; i < 2; i++)
        assert_non_null(gust_loop_call_later(gust_loop_current(), 0.5,
                                             (void (*)(void *))gust_future_unref, f[i]));
    return gust_await_all(f, 2);
}

TEST(futures_that_are_waited_for_together_outlive_their_owner)
{
    assert_int_equal(run(drop_all_while_awaited, NULL), -EPERM);
}

/* --- each as it comes --- */

static void note_index(size_t which)
{
    note((const char[2]){(char)('0' + which), '\0'});
}

static int iterate(void *arg)
{
    static const double at[N] = {3, 1, 4, 2};
    struct later later[N];
    gust_future *f[N];
    gust_wait_iter *iter;
    size_t which = 99;
    int more;

    (void)arg;
    for (int i = 0; i < N; i++)
        f[i] = promise(&later[i], at[i], i == 3 ? -EIO : 0);
    {
        GUST_SCOPE();
        iter = gust_wait_iter_new(f, N);
        unref_all(f, N); /* the iterator holds them */
        while ((more = gust_wait_iter_next(iter, &which)) > 0) {
            assert_true(elapsed() == at[which]);
            assert_int_equal(gust_await(f[which], NULL), which == 3 ? -EIO : 0);
            note_index(which);
        }
    }
    return more;
}

TEST(an_iterator_tells_futures_in_the_order_they_finish)
{
    assert_int_equal(run(iterate, NULL), 0);
    assert_string_equal(trail, "1302");
}

static int iterate_over_done_ones(void *arg)
{
    gust_future *f[N + 1];
    gust_wait_iter *iter;
    size_t which = 99;

    (void)arg;
    for (int i = 0; i < N; i++)
        f[i] = gust_future_new();
    f[N] = f[1]; /* twice the same */
    gust_future_resolve(f[3], 0, NULL, NULL);
    gust_future_resolve(f[1], 0, NULL, NULL);
    {
        GUST_SCOPE();
        GUST_DEADLINE(0);
        iter = gust_wait_iter_new(f, N + 1);
        while (gust_wait_iter_next(iter, &which) == 1)
            note_index(which);
        which = 99;
        assert_int_equal(gust_wait_iter_next(iter, &which), -ETIMEDOUT);
        assert_int_equal(which, 99);
        gust_future_resolve(f[2], 0, NULL, NULL);
        gust_future_resolve(f[0], 0, NULL, NULL);
        while (gust_wait_iter_next(iter, &which) == 1)
            note_index(which);
        assert_int_equal(gust_wait_iter_next(iter, &which), 0);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(f[i]->refs, 1);
    unref_all(f, N);
    assert_int_equal(gust_wait_iter_next(gust_wait_iter_new(NULL, 0), &which), 0);
    return 0;
}

TEST(an_iterator_begins_with_those_that_are_done_and_can_be_asked_again_after_a_deadline)
{
    assert_int_equal(run(iterate_over_done_ones, NULL), 0);
    assert_string_equal(trail, "13420");
}

static int leave_an_iterator(void *arg)
{
    struct later later[2];
    gust_future *f[2] = {promise(&later[0], 1, 0), promise(&later[1], 2, 0)};
    size_t which;

    (void)arg;
    {
        GUST_SCOPE();
        gust_wait_iter *iter = gust_wait_iter_new(f, 2);

        assert_int_equal(gust_wait_iter_next(iter, &which), 1);
        gust_cancel(gu_task_current());
        assert_int_equal(gust_wait_iter_next(iter, &which), -ECANCELED);
    }
    assert_int_equal(f[0]->refs, 1);
    assert_int_equal(f[1]->refs, 2);
    assert_true(gu_list_is_empty(&f[1]->watchers));
    {
        GUST_SHIELD(5);
        assert_int_equal(gust_await(f[1], NULL), 0);
    }
    unref_all(f, 2);
    return 0;
}

TEST(an_iterator_that_is_left_early_lets_its_futures_go)
{
    assert_int_equal(run(leave_an_iterator, NULL), 0);
}

static int ask_for_next(void *iter)
{
    size_t which;

    return gust_wait_iter_next(iter, &which);
}

static int ask_from_another_task(void *arg)
{
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, ask_for_next, gust_wait_iter_new(NULL, 0));
    return gust_group_wait(group);
}

static void in_a_task(void *arg)
{
    (void)arg;
    gust_ignore(gust_run(ask_from_another_task, NULL));
}

TEST(an_iterator_belongs_to_one_task)
{
    assert_aborts(in_a_task, NULL, "gust_wait_iter_next: the iterator belongs to another task");
}

/* --- who comes second --- */

static int resolve_twice(void *arg)
{
    gust_future *f = gust_future_new();
    gust_arena *second = gust_arena_new();

    (void)arg;
    assert_true(gust_future_try_resolve(f, -ECANCELED, NULL, NULL));
    assert_false(gust_future_try_resolve(f, 0, gust_arena_alloc(second, 10), second));
    assert_int_equal(gust_future_post(gust_future_ref(f), -EIO, NULL, gust_arena_new()), 0);
    gust_yield();
    gust_yield();
    assert_int_equal(f->refs, 1);
    assert_int_equal(gust_await(f, NULL), -ECANCELED);
    gust_future_unref(f);
    return 0;
}

TEST(a_second_result_is_dropped_with_its_memory)
{
    assert_int_equal(run_logged(resolve_twice, NULL), 0);
    assert_string_equal(logged, "");
}

/* --- chains --- */

static int await_a_chain(void *arg)
{
    struct later later;
    gust_future *from = promise(&later, 1, 0), *to = gust_future_new();
    void *value;

    (void)arg;
    assert_int_equal(gust_future_chain(from, to), 0);
    gust_future_unref(from);
    assert_int_equal(gust_await(to, &value), 0);
    gust_future_unref(to);
    assert_true(elapsed() == 1);
    note(value); /* in the memory of `from` */
    return 0;
}

TEST(a_chained_future_gets_the_result_and_keeps_its_memory)
{
    assert_int_equal(run(await_a_chain, NULL), 0);
    assert_string_equal(trail, "value");
}

static int chain_errors(void *arg)
{
    gust_future *from = gust_future_new(), *to = gust_future_new(), *done = gust_future_new();

    (void)arg;
    gust_future_resolve(done, 0, NULL, NULL);
    gust_future_resolve(from, -EIO, NULL, NULL);
    assert_int_equal(gust_future_chain(from, to), 0);
    assert_int_equal(gust_future_chain(from, done), 0);
    assert_false(gust_future_is_done(to)); /* not inside the call */
    assert_int_equal(gust_await(to, NULL), -EIO);
    gust_yield();
    assert_int_equal(gust_future_error(done), 0);
    gust_future_unref(from);
    gust_future_unref(to);
    gust_future_unref(done);
    return 0;
}

TEST(a_chain_passes_errors_on_and_spares_who_is_done)
{
    assert_int_equal(run_logged(chain_errors, NULL), 0);
    assert_string_equal(logged, "");
}

static int pass_through_many(void *arg)
{
    gust_future *first = gust_future_new(), *last = first, *next;
    int err;

    (void)arg;
    for (int i = 0; i < MANY; i++) {
        next = gust_future_new();
        assert_int_equal(gust_future_chain(last, next), 0);
        if (last != first)
            gust_future_unref(last);
        last = next;
    }
    gust_future_resolve(first, -EPERM, NULL, NULL);
    gust_future_unref(first);
    err = gust_await(last, NULL);
    gust_future_unref(last);
    return err;
}

TEST(a_long_chain_needs_no_stack)
{
    assert_int_equal(run_logged(pass_through_many, NULL), -EPERM);
    assert_string_equal(logged, "");
}

/* --- memory that fails --- */

static int await_all_without_memory(void *arg)
{
    gust_future *f[2] = {gust_future_new(), gust_future_new()};
    size_t which = 99;

    (void)arg;
    gu_alloc_fail_at(1);
    assert_int_equal(gust_future_chain(f[0], f[1]), -ENOMEM);
    assert_true(gu_alloc_has_failed());
    while (gust_try_alloc(16) != NULL)
        ;
    assert_int_equal(gust_await_any(f, 2, &which), -ENOMEM);
    gust_future_resolve(f[1], 0, NULL, NULL);
    assert_int_equal(gust_await_any(f, 2, &which), -ENOMEM);
    assert_int_equal(which, 99);
    gust_future_resolve(f[0], 0, NULL, NULL);
    assert_int_equal(gust_await_all(f, 2), -ENOMEM);
    for (int i = 0; i < 2; i++)
        assert_int_equal(f[i]->refs, 1);
    unref_all(f, 2);
    return 0;
}

TEST(each_way_to_wait_says_that_memory_is_short_and_keeps_nothing)
{
    assert_int_equal(run(await_all_without_memory, NULL), 0);
}

static int iterate_without_memory(void *arg)
{
    gust_future **f = arg;

    f[0] = gust_future_new();
    while (gust_try_alloc(16) != NULL)
        ;
    gust_wait_iter_new(f, 1);
    return 0;
}

TEST(an_iterator_without_memory_raises_and_keeps_nothing)
{
    gust_future *f[1];
    gust_loop *loop;

    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    logged[0] = '\0';
    gu_log_set_sink(keep_line, NULL);
    assert_int_equal(gust_run(iterate_without_memory, f), -ENOMEM);
    gu_log_set_sink(NULL, NULL);
    assert_non_null(strstr(logged, "raised 503"));
    assert_int_equal(f[0]->refs, 1);
    gust_future_unref(f[0]);
    gust_loop_close(loop);
}
