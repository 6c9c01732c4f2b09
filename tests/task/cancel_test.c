/*
 * task — what ends its waits early: cancelling, deadlines, and shields against both
 */
#include "task/task_impl.h"
#include "task_support.h"

/* --- cancelling --- */

struct sleeper {
    int err, err_again;
    bool told;
    enum gust_cancel_reason reason;
};

static void sleep_until_cancelled(void *arg)
{
    struct sleeper *s = arg;

    s->err = gust_sleep(GUST_NEVER);
    s->err_again = gust_sleep(1);
    s->told = gust_is_cancelled();
    s->reason = gust_cancel_reason();
}

static int cancel_a_sleeper(void *arg)
{
    gust_task *task = gust_go(sleep_until_cancelled, arg, NULL);

    gust_yield();
    gust_cancel(task);
    gust_cancel(task);
    gust_cancel(NULL);
    gust_yield();
    return gust_is_cancelled();
}

TEST(cancelling_ends_the_pending_wait_and_all_later_ones)
{
    struct sleeper s = {0};

    assert_int_equal(run(cancel_a_sleeper, &s), 0);
    assert_int_equal(s.err, -ECANCELED);
    assert_int_equal(s.err_again, -ECANCELED);
    assert_true(s.told);
    assert_int_equal(s.reason, GUST_CANCEL_ASKED);
}

static int cancel_before_it_starts(void *arg)
{
    gust_cancel(gust_go(sleep_until_cancelled, arg, NULL));
    return 0;
}

TEST(a_task_that_is_cancelled_before_it_starts_runs_and_learns_of_it_in_its_first_wait)
{
    struct sleeper s = {0};

    assert_int_equal(run(cancel_before_it_starts, &s), 0);
    assert_int_equal(s.err, -ECANCELED);
}

static int leave_a_sleeper(void *arg)
{
    gust_ignore(gust_go(sleep_until_cancelled, arg, NULL) != NULL);
    gust_yield();
    return 0;
}

TEST(the_end_of_the_parent_is_a_reason_of_its_own)
{
    struct sleeper s = {0};

    assert_int_equal(run(leave_a_sleeper, &s), 0);
    assert_int_equal(s.reason, GUST_CANCEL_PARENT);
}

static void clean_up(void *arg)
{
    int *err = arg;

    err[0] = gust_sleep(1);
    GUST_SHIELD(5);
    err[1] = gust_sleep(1);
    err[2] = gust_sleep(10);
    {
        GUST_DEADLINE(GUST_NEVER);
        err[3] = gust_sleep(0);
    }
    note("cleaned");
}

static void defer_clean_up(void *err)
{
    gust_defer(clean_up, err);
    gust_ignore(gust_sleep(GUST_NEVER));
}

static int cancel_with_clean_up(void *err)
{
    gust_task *task = gust_go(defer_clean_up, err, NULL);

    gust_yield();
    gust_cancel(task);
    return gust_sleep(20);
}

TEST(a_shield_lets_clean_up_wait_for_so_long_at_the_most)
{
    int err[4] = {1, 1, 1, 1};

    assert_int_equal(run(cancel_with_clean_up, err), 0);
    assert_string_equal(trail, "cleaned");
    assert_int_equal(err[0], -ECANCELED);
    assert_int_equal(err[1], 0);
    assert_int_equal(err[2], -ETIMEDOUT);
    assert_int_equal(err[3], -ETIMEDOUT);
}

static void shielded(void *arg)
{
    int *err = arg;
    {
        GUST_SHIELD(5);
        err[0] = gust_sleep(1);
    }
    err[1] = gust_sleep(1);
}

static int cancel_inside_a_shield(void *err)
{
    gust_task *task = gust_go(shielded, err, NULL);

    gust_yield();
    gust_cancel(task);
    return gust_sleep(20);
}

TEST(a_cancellation_inside_a_shield_is_seen_behind_it)
{
    int err[2] = {1, 1};

    assert_int_equal(run(cancel_inside_a_shield, err), 0);
    assert_int_equal(err[0], 0);
    assert_int_equal(err[1], -ECANCELED);
}

/* --- deadlines --- */

static int nested_deadlines(void *arg)
{
    (void)arg;
    GUST_DEADLINE(2);
    {
        GUST_DEADLINE(100);
        assert_int_equal(gust_sleep(50), -ETIMEDOUT);
        assert_true(elapsed() == 2);
    }
    assert_int_equal(gust_sleep(0), -ETIMEDOUT);
    return 0;
}

TEST(nested_deadlines_take_the_nearest)
{
    assert_int_equal(run(nested_deadlines, NULL), 0);
}

static int ended_deadline(void *arg)
{
    (void)arg;
    {
        GUST_DEADLINE(1);
        assert_int_equal(gust_sleep(50), -ETIMEDOUT);
    }
    {
        GUST_DEADLINE(-3); /* a span that somebody computed: it has passed */
        assert_int_equal(gust_sleep(50), -ETIMEDOUT);
    }
    {
        GUST_DEADLINE(GUST_NEVER);
        assert_int_equal(gust_sleep(50), 0);
    }
    return elapsed() == 51 ? 0 : 1;
}

TEST(a_deadline_ends_with_its_block)
{
    assert_int_equal(run(ended_deadline, NULL), 0);
}

static int compute_then_bound(void *arg)
{
    (void)arg;
    spend(3);
    GUST_DEADLINE(1);
    return gust_sleep(0.5);
}

TEST(a_deadline_counts_from_where_it_stands)
{
    assert_int_equal(run(compute_then_bound, NULL), 0);
}

static int sleep_ten(void *arg)
{
    (void)arg;
    return gust_sleep(10);
}

static void sleep_ten_into(void *err)
{
    *(int *)err = gust_sleep(10);
}

static int bound_children(void *arg)
{
    int err[2] = {1, 1};
    gust_group *group;

    (void)arg;
    group = gust_group_new(GUST_GROUP_KEEP_GOING);
    GUST_DEADLINE(100);
    {
        GUST_DEADLINE(2);
        gust_ignore(gust_go(sleep_ten_into, &err[0], NULL) != NULL);
        gust_group_go(group, sleep_ten, NULL);
    }
    err[1] = gust_group_wait(group);
    assert_int_equal(err[1], -ETIMEDOUT);
    assert_true(elapsed() == 2);
    assert_int_equal(gust_sleep(20), 0);
    assert_int_equal(err[0], 0);
    return 0;
}

TEST(children_of_a_group_inherit_the_deadline_and_gust_go_tasks_that_of_the_whole_task)
{
    assert_int_equal(run(bound_children, NULL), 0);
}

static int go_under_the_tasks_own_deadline(void *arg)
{
    int err = 1;

    (void)arg;
    gu_task_current()->deadline = gu_task_current()->home->loop->now + 3 * GU_SECOND;
    {
        GUST_SHIELD(50);
        gust_ignore(gust_go(sleep_ten_into, &err, NULL) != NULL);
        assert_int_equal(gust_sleep(20), 0);
    }
    return err;
}

TEST(a_gust_go_task_inherits_the_deadline_that_the_whole_task_has)
{
    assert_int_equal(run(go_under_the_tasks_own_deadline, NULL), -ETIMEDOUT);
}
