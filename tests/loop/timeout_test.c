/*
 * timeout — when they expire, few and many
 */
#include "base/alloc.h"
#include "loop/loop_impl.h"
#include "test.h"
#include "virtual_loop.h"
#include <stdlib.h>

static gust_loop *loop;

struct idle {
    struct gu_timeout timeout;
    gu_time expired_at; /* 0: not yet */
};

static void on_expiry(struct gu_timeout *timeout)
{
    struct idle *idle = gu_container_of(timeout, struct idle, timeout);

    assert_true(gu_list_is_empty(&timeout->link));
    assert_int_equal(idle->expired_at, 0);
    idle->expired_at = loop->now;
}

static void start(struct gu_timeout_list *list, struct idle *idle)
{
    gu_timeout_init(&idle->timeout);
    idle->expired_at = 0;
    gu_timeout_start(list, &idle->timeout);
}

static void touch(void *idle)
{
    gu_timeout_touch(loop, &((struct idle *)idle)->timeout);
}

TEST(a_timeout_expires_its_duration_after_the_last_touch)
{
    static const double durations[] = {1e-9, 0.001, 1, 10, 75, 3600, 1e6};

    for (size_t i = 0; i < gu_countof(durations); i++) {
        double d = durations[i];
        gu_time duration = (gu_time)(d * 1e9);
        struct idle quiet, busy;
        struct gu_timeout_list *list;

        loop = virtual_open();
        list = gu_timeout_list(loop, duration, on_expiry);
        start(list, &busy);
        start(list, &quiet);
        for (int tenth = 1; tenth <= 15; tenth++)
            assert_non_null(gust_loop_call_later(loop, d * tenth / 10, touch, &busy));
        virtual_run(loop, 4 * d);
        assert_int_equal(quiet.expired_at, VIRTUAL_START + duration);
        if (duration > 1)
            assert_int_equal(busy.expired_at, virtual_at(d * 15 / 10) + duration);
        gust_loop_close(loop);
    }
}

TEST(a_stopped_one_never_expires_and_a_started_one_starts_anew)
{
    struct idle stopped, restarted, moved;
    struct gu_timeout_list *list, *other;

    loop = virtual_open();
    list = gu_timeout_list(loop, 10 * GU_SECOND, on_expiry);
    other = gu_timeout_list(loop, 50 * GU_SECOND, on_expiry);
    assert_ptr_not_equal(list, other);
    assert_ptr_equal(gu_timeout_list(loop, 10 * GU_SECOND, on_expiry), list);
    start(list, &stopped);
    start(list, &restarted);
    start(list, &moved);
    gu_timeout_stop(&stopped.timeout);
    gu_timeout_stop(&stopped.timeout);
    virtual_run(loop, 4);
    gu_timeout_start(list, &restarted.timeout);
    gu_timeout_start(other, &moved.timeout);
    virtual_run(loop, 100);
    assert_int_equal(stopped.expired_at, 0);
    assert_int_equal(restarted.expired_at, virtual_at(14));
    assert_int_equal(moved.expired_at, virtual_at(54));
    gust_loop_close(loop);
}

TEST(without_a_limit_it_can_be_touched_and_stopped_and_never_expires)
{
    struct idle idle, kept;
    struct gu_timeout_list *list;

    loop = virtual_open();
    list = gu_timeout_list(loop, gu_option_time(GUST_NEVER, 75), on_expiry);
    start(list, &idle);
    start(list, &kept);
    virtual_run(loop, 1e8);
    touch(&idle);
    gu_timeout_stop(&idle.timeout);
    assert_int_equal(idle.expired_at + kept.expired_at, 0);
    gust_loop_close(loop);
    gu_timeout_stop(&kept.timeout); /* allowed after the loop */
}

/* --- expiry that changes the list --- */

static struct idle three[3];
static struct gu_timeout_list *of_three;

static void stop_the_rest(struct gu_timeout *timeout)
{
    on_expiry(timeout);
    for (int i = 0; i < 3; i++)
        gu_timeout_stop(&three[i].timeout);
}

static void start_again(struct gu_timeout *timeout)
{
    gu_container_of(timeout, struct idle, timeout)->expired_at = loop->now;
    if (loop->now < virtual_at(3))
        gu_timeout_start(of_three, timeout);
}

TEST(an_expiry_may_stop_the_others_and_start_itself)
{
    int n_expired = 0;

    loop = virtual_open();
    of_three = gu_timeout_list(loop, GU_SECOND, stop_the_rest);
    for (int i = 0; i < 3; i++)
        start(of_three, &three[i]);
    virtual_run(loop, 5);
    for (int i = 0; i < 3; i++)
        n_expired += three[i].expired_at != 0;
    assert_int_equal(n_expired, 1);
    gust_loop_close(loop);

    loop = virtual_open();
    of_three = gu_timeout_list(loop, GU_SECOND, start_again);
    for (int i = 0; i < 3; i++)
        start(of_three, &three[i]);
    virtual_run(loop, 5);
    for (int i = 0; i < 3; i++)
        assert_int_equal(three[i].expired_at, virtual_at(3));
    gust_loop_close(loop);
}

TEST(a_loop_that_was_held_for_long_expires_all_that_is_due)
{
    struct gu_timeout_list *list;
    struct idle idle, fresh;

    loop = virtual_open();
    list = gu_timeout_list(loop, GU_SECOND, on_expiry);
    start(list, &idle);
    virtual_pass(1000);
    gu_loop_refresh_now(loop);
    start(list, &fresh);
    run_turns(loop, 1);
    assert_int_equal(idle.expired_at, virtual_at(1000));
    assert_int_equal(fresh.expired_at, 0);
    virtual_run(loop, 2);
    assert_int_equal(fresh.expired_at, virtual_at(1001));
    gust_loop_close(loop);
}

/* --- many --- */

enum { MANY = 20000 };

static struct idle *many;
static gu_time last_touch[MANY];

static void touch_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < MANY / 10; i++) {
        long nth = random() % MANY;

        if (many[nth].expired_at == 0) {
            touch(&many[nth]);
            last_touch[nth] = loop->now;
        }
    }
}

/* Twenty thousand, touched at random for a while: each expires a duration after its own last touch,
 * a thousandth later at the most, and looking for them takes a bounded number of turns. */
TEST(many_expire_in_time_and_are_looked_at_seldom)
{
    const gu_time duration = 75 * GU_SECOND;
    struct gu_timeout_list *list;
    uint64_t asked;

    many = calloc(MANY, sizeof *many);
    assert_non_null(many);
    srandom(2);
    loop = virtual_open();
    list = gu_timeout_list(loop, duration, on_expiry);
    for (int i = 0; i < MANY; i++) {
        start(list, &many[i]);
        last_touch[i] = loop->now;
    }
    for (int i = 0; i < 200; i++)
        assert_non_null(gust_loop_call_later(loop, i + 0.3, touch_some, NULL));
    asked = gu_alloc_count();
    virtual_run(loop, 300);
    assert_int_equal(gu_alloc_count() - asked, 1); /* virtual_run()'s own timer */
    for (int i = 0; i < MANY; i++) {
        assert_true(many[i].expired_at >= last_touch[i] + duration);
        assert_true(many[i].expired_at <= last_touch[i] + duration + duration / 1000);
    }
    assert_in_range(loop->n_turns, 200, MANY / 4 + 200 + 300 * 32 * 33 / 75);
    gust_loop_close(loop);
    free(many);
}

static uint64_t last_turn;
static int n_in_turn, n_in_fullest;

static void count_in_turn(struct gu_timeout *timeout)
{
    on_expiry(timeout);
    n_in_turn = loop->n_turns == last_turn ? n_in_turn + 1 : 1;
    last_turn = loop->n_turns;
    if (n_in_turn > n_in_fullest)
        n_in_fullest = n_in_turn;
}

static int n_stopped;

static void stop_every_other(void *unused)
{
    (void)unused;
    for (int i = 0; i < MANY; i += 2) {
        n_stopped += many[i].expired_at == 0;
        gu_timeout_stop(&many[i].timeout);
    }
}

static void stop_in_the_next_turn(void *unused)
{
    assert_int_equal(gust_loop_add_callback(loop, stop_every_other, unused), 0);
}

TEST(many_that_expire_at_once_are_spread_over_turns)
{
    struct gu_timeout_list *list;

    many = calloc(MANY, sizeof *many);
    assert_non_null(many);
    loop = virtual_open();
    list = gu_timeout_list(loop, 10 * GU_SECOND, count_in_turn);
    for (int i = 0; i < MANY; i++)
        start(list, &many[i]);
    assert_non_null(gust_loop_call_later(loop, 5, touch, &many[MANY - 1]));
    assert_non_null(gust_loop_call_later(loop, 10, stop_in_the_next_turn, NULL));
    virtual_run(loop, 20);
    assert_int_equal(n_stopped, MANY / 2 - 2);
    assert_int_equal(n_in_fullest, 4);
    for (int i = 1; i < MANY - 1; i += 2)
        assert_int_equal(many[i].expired_at, virtual_at(10));
    assert_int_equal(many[MANY - 1].expired_at, virtual_at(15));
    gust_loop_close(loop);
    free(many);
}

/* Forty lists, so that the heap has to grow in between: whichever allocation fails is an answer. */
TEST(short_memory_gives_no_list)
{
    int n_failed = 0;

    loop = virtual_open();
    for (int i = 0; i < 40; i++) {
        for (uint64_t nth = 1; nth <= 2; nth++) {
            gu_alloc_fail_at(nth);
            if (gu_timeout_list(loop, i + 1, on_expiry) == NULL)
                n_failed++;
            gu_alloc_fail_at(0);
        }
        assert_non_null(gu_timeout_list(loop, i + 1, on_expiry));
    }
    assert_in_range(n_failed, 41, 44); /* the list each time, the heap each time it had to grow */
    gust_loop_close(loop);
}
