/*
 * task — waiting: what it may be ended by, who wakes, and where nobody can wait
 */
#include "task/task_impl.h"
#include "task_support.h"

static int wait_out(void *arg)
{
    struct gu_wait *wait = arg;
    GUST_DEADLINE(1);

    return gu_task_wait_out(wait);
}

static void wake_late(void *arg)
{
    struct gu_wait *wait = arg;

    gu_task_cancel(wait->task, GUST_CANCEL_CLOSED);
    gu_task_wake(wait->task, 5);
}

static int wait_out_in_a_child(void *arg)
{
    gust_group *group = gust_group_new(0);

    assert_non_null(gust_loop_call_later(gust_loop_current(), 3, wake_late, arg));
    gust_group_go(group, wait_out, arg);
    gust_ignore(gust_group_wait(group));
    return elapsed() == 3 ? 0 : 1;
}

TEST(a_wait_that_lends_memory_ends_neither_by_deadline_nor_by_cancellation)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};

    gu_list_init(&wait.link);
    assert_int_equal(run(wait_out_in_a_child, &wait), 0);
}

static struct gust_task *seen;

static void abandon_seen(struct gu_wait *wait)
{
    seen = wait->task;
}

static int wait_when_cancelled(void *arg)
{
    struct gu_wait wait = {.abandon = abandon_seen};

    (void)arg;
    gust_cancel(gu_task_current());
    assert_int_equal(gu_task_wait(&wait, GU_FOREVER), -ECANCELED);
    return seen == gu_task_current() ? 0 : 1;
}

TEST(a_wait_that_ends_before_it_begins_is_abandoned_too)
{
    assert_int_equal(run(wait_when_cancelled, NULL), 0);
}

static void sleep_outside(void *arg)
{
    (void)arg;
    gust_ignore(gust_sleep(1));
}

static void sleep_in_a_callback(void *arg)
{
    gust_loop *loop = gust_loop_current();

    (void)arg;
    gust_ignore(gust_loop_add_callback(loop, sleep_outside, NULL));
    gust_loop_start(loop);
}

static void yield_outside(void *arg)
{
    (void)arg;
    gust_yield();
}

static void go_outside(void *arg)
{
    (void)arg;
    gust_ignore(gust_go(sleep_outside, NULL, NULL) != NULL);
}

static void deadline_outside(void *arg)
{
    (void)arg;
    GUST_DEADLINE(1);
}

static void shield_outside(void *arg)
{
    (void)arg;
    GUST_SHIELD(1);
}

static void name_outside(void *arg)
{
    (void)arg;
    gust_task_set_name("x");
}

TEST(what_needs_a_task_aborts_outside_one)
{
    static const struct {
        const char *name;
        void (*fn)(void *);
        const char *message;
    } cases[] = {
        {"sleep", sleep_outside, "a call that waits was made outside a task: run it in gust_run()"},
        {"sleep in a callback", sleep_in_a_callback, "a call that waits was made outside a task"},
        {"yield", yield_outside, "a call that waits was made outside a task"},
        {"go", go_outside, "gust_go was called outside a task"},
        {"deadline", deadline_outside, "GUST_DEADLINE stands outside a task"},
        {"shield", shield_outside, "GUST_SHIELD stands outside a task"},
        {"name", name_outside, "gust_task_set_name was called outside a task"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_aborts(cases[i].fn, NULL, cases[i].message);
    }
}

static int wait_for_a_wake(void *arg)
{
    return gu_task_wait(arg, GU_FOREVER);
}

static void wake_with_nine(void *arg)
{
    struct gu_wait *wait = arg;

    gu_task_wake(wait->task, 9);
}

static int wake_by_a_callback(void *arg)
{
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), wake_with_nine, arg), 0);
    return wait_for_a_wake(arg);
}

TEST(a_callback_wakes_a_task_and_gives_it_a_result)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};

    gu_list_init(&wait.link);
    assert_int_equal(run(wake_by_a_callback, &wait), 9);
}
