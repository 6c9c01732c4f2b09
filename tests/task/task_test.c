/*
 * task — running, sleeping, task-local values
 */
#include "base/alloc.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <string.h>

/* --- running --- */

static int answer(void *arg)
{
    return *(int *)arg;
}

TEST(run_returns_what_the_function_returned)
{
    int n = 42;

    assert_int_equal(gust_run(answer, &n), 42);
    assert_int_equal(gust_run(answer, &n), 42);
    assert_null(gu_loop_of_thread());
}

static int entry_alignment(void *arg)
{
    max_align_t here;

    (void)arg;
    return (int)((uintptr_t)__builtin_frame_address(0) % 16 +
                 (uintptr_t)&here % _Alignof(max_align_t));
}

TEST(the_stack_of_a_task_is_aligned_as_the_abi_says)
{
    assert_int_equal(run(entry_alignment, NULL), 0);
}

static void sleep_and_note(void *text)
{
    gust_ignore(gust_sleep(5));
    note(text);
}

static int start_and_leave(void *arg)
{
    (void)arg;
    assert_non_null(gust_go(sleep_and_note, (void *)(uintptr_t) "child ", NULL));
    gust_yield();
    NOTE_LATER("deferred ");
    note("main ");
    return 7;
}

TEST(a_gust_go_task_is_cancelled_and_joined_before_what_was_deferred_runs)
{
    assert_int_equal(run(start_and_leave, NULL), 7);
    assert_string_equal(trail, "main child deferred ");
    assert_true(elapsed() < 1);
}

static void go_on(void *arg)
{
    (void)arg;
    gust_ignore(gust_go(sleep_and_note, (void *)(uintptr_t) "late ", NULL));
}

static int go_from_a_defer(void *arg)
{
    (void)arg;
    NOTE_LATER("first ");
    gust_defer(go_on, NULL);
    return 0;
}

TEST(what_a_deferred_call_starts_is_joined_before_the_next_deferred_call)
{
    run(go_from_a_defer, NULL);
    assert_string_equal(trail, "late first ");
}

static void stop_the_loop(void *arg)
{
    (void)arg;
    gust_loop_stop(gust_loop_current());
}

static int sleep_while_the_loop_is_stopped(void *arg)
{
    (void)arg;
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), stop_the_loop, NULL), 0);
    return gust_sleep(100);
}

TEST(stopping_the_loop_of_gust_run_cancels_its_task_and_waits_for_it)
{
    assert_int_equal(run(sleep_while_the_loop_is_stopped, NULL), -ECANCELED);
}

static void nested(void *arg)
{
    int n = 0;

    (void)arg;
    gust_ignore(gust_run(answer, &n));
}

static int run_in_task(void *arg)
{
    nested(arg);
    return 0;
}

static void run_twice(void *arg)
{
    gust_ignore(gust_run(run_in_task, arg));
}

TEST(gust_run_in_a_task_aborts)
{
    assert_aborts(run_twice, NULL, "gust_run was called in a task: call the function itself");
}

static void forget_me(struct gust_task *task)
{
    (void)task;
    gust_ignore(gust_sleep(100));
}

static void close_too_early(void *arg)
{
    gust_loop *loop = gust_loop_current();

    (void)arg;
    gu_task_start(gu_task_new(gu_tasks_of(loop), forget_me, "forgotten"));
    gust_loop_close(loop);
}

TEST(closing_a_loop_on_which_tasks_live_aborts)
{
    assert_aborts(close_too_early, NULL, "the loop was closed while 1 tasks were alive on it");
}

TEST(a_task_that_was_not_started_can_be_discarded)
{
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = gu_tasks_of(loop);
    struct gust_task *task = gu_task_new(tasks, forget_me, "never");

    assert_non_null(gu_arena_alloc(&task->arena, 100000));
    gu_task_discard(task);
    assert_int_equal(tasks->n_live, 0);
    gust_loop_close(loop);
}

TEST(there_are_no_more_tasks_than_max_live)
{
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = gu_tasks_of(loop);
    struct gust_task *two[2];

    tasks->max_live = 2;
    for (size_t i = 0; i < 2; i++)
        assert_non_null(two[i] = gu_task_new(tasks, forget_me, "one of two"));
    assert_null(gu_task_new(tasks, forget_me, "third"));
    gu_task_discard(two[0]);
    assert_non_null(two[0] = gu_task_new(tasks, forget_me, "third"));
    gu_task_discard(two[0]);
    gu_task_discard(two[1]);
    gust_loop_close(loop);
}

/* --- sleeping --- */

static int sleep_for(void *arg)
{
    return gust_sleep(*(double *)arg);
}

TEST(sleep_lasts_as_long_as_asked_and_no_shorter)
{
    static const struct {
        const char *name;
        double seconds, took;
    } cases[] = {
        {"a second and a half", 1.5, 1.5},
        {"nothing", 0, 0},
        {"less than nothing", -0.5, 0},
        {"a long time", 86400.0 * 365, 86400.0 * 365},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        double seconds = cases[i].seconds;

        TEST_CASE(cases[i].name);
        assert_int_equal(run(sleep_for, &seconds), 0);
        assert_true(elapsed() == cases[i].took);
    }
}

static int compute_then_sleep(void *arg)
{
    (void)arg;
    spend(3);
    return gust_sleep(2);
}

TEST(sleep_begins_now_and_not_when_the_turn_began)
{
    assert_int_equal(run(compute_then_sleep, NULL), 0);
    assert_true(elapsed() == 5);
}

static int beat(void *arg)
{
    const char *text = arg;

    for (int i = 0; i < 3; i++) {
        gust_ignore(gust_sleep(0));
        note(text);
    }
    return 0;
}

static int two_beats(void *arg)
{
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, beat, (void *)(uintptr_t) "a");
    gust_group_go(group, beat, (void *)(uintptr_t) "b");
    return gust_group_wait(group);
}

TEST(a_sleep_of_nothing_lets_others_run)
{
    assert_int_equal(run(two_beats, NULL), 0);
    assert_string_equal(trail, "ababab");
}

static void spin(void *arg)
{
    int *n = arg;

    while (*n < 10)
        gust_ignore(gust_sleep(1)); /* does not look at the result */
}

static void count(void *arg)
{
    int *n = arg;

    if (++*n < 10)
        assert_int_equal(gust_loop_add_callback(gust_loop_current(), count, n), 0);
}

static int cancel_one_that_spins(void *arg)
{
    static int n;
    gust_task *task;

    (void)arg;
    n = 0;
    task = gust_go(spin, &n, NULL);
    gust_cancel(task);
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), count, &n), 0);
    while (n < 10)
        gust_yield();
    return 0;
}

TEST(a_cancelled_task_that_goes_on_sleeping_holds_nobody_up)
{
    assert_int_equal(run(cancel_one_that_spins, NULL), 0);
}

/* --- task-local values --- */

static char key_a, key_b;

static int see_locals(void *arg)
{
    assert_ptr_equal(gust_task_get(&key_a), arg);
    assert_null(gust_task_get(&key_b));
    gust_task_set(&key_a, &key_a);
    gust_task_set(&key_b, &key_b);
    gust_yield();
    assert_ptr_equal(gust_task_get(&key_a), &key_a);
    return 0;
}

static int locals(void *arg)
{
    int one, two;
    gust_group *group = gust_group_new(0);

    (void)arg;
    assert_null(gust_task_get(&key_a));
    gust_task_set(&key_a, &one);
    gust_group_go(group, see_locals, &one);
    gust_yield();
    gust_task_set(&key_a, &two);
    gust_group_go(group, see_locals, &two);
    assert_int_equal(gust_group_wait(group), 0);
    assert_ptr_equal(gust_task_get(&key_a), &two);
    assert_null(gust_task_get(&key_b));
    return 0;
}

TEST(children_inherit_task_local_values_and_no_task_sees_what_another_sets)
{
    assert_int_equal(run(locals, NULL), 0);
    assert_null(gust_task_get(&key_a));
}

static int set_often(void *arg)
{
    uint64_t before;

    (void)arg;
    gust_task_set(&key_a, NULL);
    before = gu_alloc_count();
    for (int i = 0; i < 1000; i++)
        gust_task_set(&key_a, &i);
    return (int)(gu_alloc_count() - before);
}

TEST(setting_a_task_local_value_again_allocates_nothing)
{
    assert_int_equal(run(set_often, NULL), 0);
}

/* --- names --- */

static int rename_from_the_arena(void *arg)
{
    (void)arg;
    gust_task_set_name(gust_strdup("named in its own memory"));
    gust_yield();
    assert_string_equal(gu_task_current()->name, "named in its own memory");
    return 0;
}

TEST(a_name_in_the_tasks_memory_is_not_looked_at_after_its_end)
{
    gust_loop *loop;

    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_int_equal(gust_run(rename_from_the_arena, NULL), 0);
    assert_true(loop->running == NULL || strstr(loop->running, "named in") == NULL);
    gust_loop_close(loop);
}

/* --- cost --- */

static void nothing(struct gust_task *task)
{
    (void)task;
}

TEST(a_task_from_the_pool_allocates_nothing)
{
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = gu_tasks_of(loop);
    uint64_t before;

    assert_false(gu_task_start(gu_task_new(tasks, nothing, "warm-up")));
    before = gu_alloc_count();
    for (int i = 0; i < 1000; i++)
        assert_false(gu_task_start(gu_task_new(tasks, nothing, "pooled")));
    assert_int_equal(gu_alloc_count(), before);
    gust_loop_close(loop);
}
