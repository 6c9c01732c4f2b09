/*
 * timer — order, and what happens to timers while timers run
 */
#include "base/alloc.h"
#include "loop/loop_private.h"
#include "test.h"
#include "virtual_loop.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gust_loop *loop;
static char ran[64];

static void note(void *letter)
{
    size_t n = strlen(ran);

    snprintf(ran + n, sizeof ran - n, "%s", (const char *)letter);
}

static void stop(void *unused)
{
    (void)unused;
    gust_loop_stop(loop);
}

static void open_loop(void)
{
    ran[0] = '\0';
    loop = virtual_open();
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

TEST(timers_run_in_the_order_of_their_times_and_equal_ones_as_they_were_made)
{
    open_loop();
    assert_non_null(gust_loop_call_later(loop, 3, note, d));
    assert_non_null(gust_loop_call_later(loop, 2, note, b));
    assert_non_null(gust_loop_call_later(loop, 2, note, c));
    assert_non_null(gust_loop_call_later(loop, 1, note, a));
    virtual_run(loop, 4);
    assert_string_equal(ran, "abcd");
    assert_int_equal(loop->now, virtual_at(4));
    gust_loop_close(loop);
}

TEST(odd_times_have_a_meaning)
{
    static const struct {
        const char *name;
        double later;
        const char *runs; /* a: call_later, b: call_at, which may be earlier than now */
    } rows[] = {
        {"now", 0, "ab"},           {"in the past", -5, "ba"},       {"not a number", NAN, "ba"},
        {"for ever", INFINITY, ""}, {"beyond the clock", 1e300, ""},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].name);
        open_loop();
        assert_non_null(gust_loop_call_later(loop, rows[i].later, note, a));
        assert_non_null(gust_loop_call_at(loop, gust_loop_time(loop) + rows[i].later, note, b));
        virtual_run(loop, 100);
        assert_string_equal(ran, rows[i].runs);
        gust_loop_close(loop);
    }
}

TEST(call_at_is_on_the_scale_of_the_loops_time)
{
    open_loop();
    assert_non_null(gust_loop_call_at(loop, gust_loop_time(loop) + 5, stop, NULL));
    assert_int_equal(gust_loop_start(loop), 0);
    assert_int_equal(loop->now, virtual_at(5));
    gust_loop_close(loop);
}

/* --- while timers run --- */

static gust_timer *others[2];

static void cancel_the_others(void *unused)
{
    note(a);
    (void)unused;
    gust_timer_cancel(others[0]);
    gust_timer_cancel(others[1]);
}

TEST(a_timer_cancels_others_that_are_due_with_it)
{
    open_loop();
    assert_non_null(gust_loop_call_later(loop, 1, cancel_the_others, NULL));
    others[0] = gust_loop_call_later(loop, 1, note, b);
    others[1] = gust_loop_call_later(loop, 9, note, c);
    assert_non_null(gust_loop_call_later(loop, 1, note, d));
    virtual_run(loop, 10);
    assert_string_equal(ran, "ad");
    gust_loop_close(loop);
}

static void cancel_itself(void *itself)
{
    note(a);
    gust_timer_cancel(*(gust_timer **)itself);
}

TEST(a_timer_that_cancels_itself_while_it_runs_does_no_harm)
{
    open_loop();
    others[0] = gust_loop_call_later(loop, 1, cancel_itself, &others[0]);
    gust_timer_cancel(NULL);
    virtual_run(loop, 2);
    assert_string_equal(ran, "a");
    gust_loop_close(loop);
}

static void set_another_at_once(void *unused)
{
    (void)unused;
    note(a);
    assert_non_null(gust_loop_call_at(loop, 0, note, d));
}

TEST(a_timer_set_by_a_timer_waits_for_the_next_turn_and_for_those_already_due)
{
    open_loop();
    assert_non_null(gust_loop_call_later(loop, 0, set_another_at_once, NULL));
    assert_non_null(gust_loop_call_later(loop, 0, note, b));
    run_turns(loop, 1);
    assert_string_equal(ran, "ab");
    run_turns(loop, 1);
    assert_string_equal(ran, "abd");
    gust_loop_close(loop);
}

static void again_at_once(struct gu_timer *timer)
{
    note(a);
    assert_int_equal(gu_timer_set(loop, timer, 0), 0);
}

TEST(a_timer_that_sets_itself_for_the_past_starves_nobody)
{
    struct gu_timer timer = {.run = again_at_once};

    open_loop();
    assert_int_equal(gu_timer_set(loop, &timer, 0), 0);
    assert_non_null(gust_loop_call_later(loop, 0, note, b));
    run_turns(loop, 3);
    assert_string_equal(ran, "abaa");
    gu_timer_clear(loop, &timer);
    gu_timer_clear(loop, &timer);
    gust_loop_close(loop);
}

TEST(closing_frees_what_has_not_run)
{
    struct gu_timer timer = {.run = again_at_once};

    open_loop();
    for (int i = 0; i < 100; i++)
        assert_non_null(gust_loop_call_later(loop, i + 1, note, a));
    assert_int_equal(gu_timer_set(loop, &timer, GU_FOREVER), 0);
    gust_loop_close(loop);
    assert_false(gu_timer_is_set(&timer));
    assert_string_equal(ran, "");
}

/* --- the heap --- */

enum { N = 1000 };

struct numbered {
    struct gu_timer timer;
    int n_ran;
};

static struct numbered timers[N];
static gu_time last_when;
static uint64_t last_seq;

static void check_order(struct gu_timer *timer)
{
    assert_true(timer->when > last_when || (timer->when == last_when && timer->seq > last_seq));
    last_when = timer->when;
    last_seq = timer->seq;
    gu_container_of(timer, struct numbered, timer)->n_ran++;
}

TEST(whatever_is_set_set_anew_and_cleared_the_rest_runs_once_and_in_order)
{
    open_loop();
    srandom(1);
    memset(timers, 0, sizeof timers);
    last_when = 0;
    for (int step = 0; step < 20 * N; step++) {
        struct numbered *t = &timers[random() % N];

        t->timer.run = check_order;
        if (random() % 3 == 0)
            gu_timer_clear(loop, &t->timer);
        else
            assert_int_equal(gu_timer_set(loop, &t->timer, virtual_at((double)(random() % 100))),
                             0);
    }
    for (int i = 0; i < N; i++)
        timers[i].n_ran = gu_timer_is_set(&timers[i].timer) ? 0 : 1;
    virtual_run(loop, 101);
    for (int i = 0; i < N; i++) {
        assert_int_equal(timers[i].n_ran, 1);
        assert_false(gu_timer_is_set(&timers[i].timer));
    }
    gust_loop_close(loop);
}

static void expire(struct gu_timeout *timeout)
{
    (void)timeout;
    note(a);
}

TEST(short_memory_refuses_a_timer_but_not_what_has_its_place_reserved)
{
    struct gu_timeout timeout;
    struct gu_timeout_list *list;
    size_t room;

    open_loop();
    list = gu_timeout_list(loop, GU_SECOND, expire);
    room = loop->p->heap.size - loop->p->heap.n_reserved;
    memset(timers, 0, sizeof timers);
    for (size_t i = 0; i < room; i++)
        assert_int_equal(gu_timer_set(loop, &timers[i].timer, GU_FOREVER), 0);
    gu_alloc_fail_at(1);
    assert_int_equal(gu_timer_set(loop, &timers[room].timer, 1), -ENOMEM);
    assert_true(gu_alloc_has_failed());
    assert_false(gu_timer_is_set(&timers[room].timer));
    gu_alloc_fail_at(1);
    assert_null(gust_loop_call_later(loop, 1, note, a));
    gu_alloc_fail_at(2);
    assert_null(gust_loop_call_later(loop, 1, note, a));
    assert_true(gu_alloc_has_failed());
    gu_alloc_fail_at(1);
    gu_timeout_init(&timeout);
    gu_timeout_start(list, &timeout);
    assert_false(gu_alloc_has_failed());
    gu_alloc_fail_at(0);
    virtual_run(loop, 2);
    assert_string_equal(ran, "a");
    gust_loop_close(loop);
}
