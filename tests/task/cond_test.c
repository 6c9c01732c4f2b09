/*
 * locks — conditions and events
 */
#include "base/gu.h"
#include "locks_support.h"

/* --- condition --- */

static int notify_in_order(void *arg)
{
    struct waiter waiters[] = WAITERS(wait_cond);
    gust_group *group = start(waiters, 4);

    (void)arg;
    assert_int_equal(gust_sleep(2), 0); /* b leaves */
    gust_cond_notify(&cond, 2);
    gust_yield();
    note("| ");
    gust_cond_notify(&cond, 9);
    gust_cond_notify_all(&cond);
    assert_int_equal(gust_group_wait(group), -ETIMEDOUT);
    assert_null(cond.waiters.first);
    assert_null(cond.waiters.last);
    return 0;
}

TEST(a_condition_wakes_those_who_waited_longest_and_skips_who_left)
{
    reset();
    assert_int_equal(run(notify_in_order, NULL), 0);
    assert_string_equal(trail, "late:b a c | d ");
}

static int notify_and_wait_again(void *arg)
{
    struct waiter waiters[] = WAITERS(wait_cond), more[] = {{wait_cond, "new ", 1}};
    gust_group *group = start(waiters, 4);

    (void)arg;
    gust_cond_notify_all(&cond);
    gust_group_go(group, wait_and_note, more);
    gust_ignore(gust_group_wait(group));
    return 0;
}

TEST(who_waits_after_a_notify_is_not_woken_by_it)
{
    reset();
    assert_int_equal(run(notify_and_wait_again, NULL), 0);
    assert_string_equal(trail, "a b c d late:new ");
}

static int cancel_waiters(void *arg)
{
    struct waiter waiters[] = WAITERS(wait_cond);
    {
        GUST_SCOPE();
        start(waiters, 4);
    }
    gust_cond_notify_all(&cond);
    (void)arg;
    return 0;
}

TEST(cancelled_waiters_leave_the_list)
{
    reset();
    assert_int_equal(run(cancel_waiters, NULL), 0);
    assert_string_equal(trail, "cancelled:a cancelled:b cancelled:c cancelled:d ");
    assert_null(cond.waiters.first);
}

static int notify_another(void *arg)
{
    int err = gust_cond_wait(&cond);

    note(arg);
    gust_cond_notify(&cond, 1);
    return err;
}

static int notify_from_waiters(void *arg)
{
    static const char *const names[] = {"a ", "b ", "c "};
    gust_group *group = gust_group_new(0);

    (void)arg;
    for (size_t i = 0; i < gu_countof(names); i++)
        gust_group_go(group, notify_another, (void *)(uintptr_t)names[i]);
    gust_yield();
    gust_cond_notify(&cond, 1);
    return gust_group_wait(group);
}

TEST(who_was_notified_may_notify_the_next)
{
    reset();
    assert_int_equal(run(notify_from_waiters, NULL), 0);
    assert_string_equal(trail, "a b c ");
}

enum { MANY = 1000 };

static int wait_a_second(void *arg)
{
    (void)arg;
    GUST_DEADLINE(1);
    return gust_cond_wait(&cond);
}

static int time_out_by_the_thousand(void *arg)
{
    struct waiter last[] = {{wait_cond, "last", GUST_NEVER}};
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    (void)arg;
    for (int i = 0; i < MANY; i++)
        gust_group_go(group, wait_a_second, NULL);
    gust_yield();
    gust_group_go(group, wait_and_note, last);
    assert_int_equal(gust_sleep(1), 0);
    assert_ptr_equal(cond.waiters.first, cond.waiters.last); /* one is left */
    gust_cond_notify(&cond, 1);
    return gust_group_wait(group);
}

TEST(waiters_that_timed_out_leave_nothing_behind)
{
    reset();
    assert_int_equal(run(time_out_by_the_thousand, NULL), -ETIMEDOUT);
    assert_string_equal(trail, "last");
}

static void notify_callback(void *arg)
{
    gust_cond_notify_all(arg);
}

static int wait_for_callback(void *arg)
{
    (void)arg;
    assert_non_null(gust_loop_call_later(gust_loop_current(), 1, notify_callback, &cond));
    return gust_cond_wait(&cond);
}

TEST(a_callback_may_notify)
{
    reset();
    assert_int_equal(run(wait_for_callback, NULL), 0);
}

/* --- event --- */

static int set_event(void *arg)
{
    struct waiter waiters[] = WAITERS(wait_event);
    gust_group *group = start(waiters, 4);

    (void)arg;
    gust_event_set(&event);
    assert_true(gust_event_is_set(&event));
    gust_event_clear(&event); /* they go on all the same */
    assert_false(gust_event_is_set(&event));
    assert_int_equal(gust_group_wait(group), 0);
    gust_event_set(&event);
    return gust_event_wait(&event);
}

TEST(setting_an_event_wakes_all)
{
    reset();
    assert_int_equal(run(set_event, NULL), 0);
    assert_string_equal(trail, "a b c d ");
}

static int wait_for_an_event(void *arg)
{
    (void)arg;
    GUST_DEADLINE(1);
    assert_int_equal(gust_event_wait(&event), -ETIMEDOUT);
    assert_null(event.waiters.first);
    gust_event_set(&event);
    assert_int_equal(gust_event_wait(&event), 0); /* it need not wait, whatever the deadline */
    gust_event_clear(&event);
    return gust_event_wait(&event);
}

TEST(an_event_is_waited_for_only_while_it_is_clear)
{
    reset();
    assert_int_equal(run(wait_for_an_event, NULL), -ETIMEDOUT);
    assert_true(elapsed() == 1);
}
