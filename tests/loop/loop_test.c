/*
 * loop — the order of a turn
 */
#include "base/alloc.h"
#include "loop/loop_impl.h"
#include "test.h"
#include <stdio.h>
#include <unistd.h>

/* What ran, a letter each. */
static char ran[64];
static gust_loop *loop;

static void note(const char *letter)
{
    size_t n = strlen(ran);

    snprintf(ran + n, sizeof ran - n, "%s", letter);
}

static void note_it(void *letter)
{
    note(letter);
}

static void note_and_stop(void *letter)
{
    note(letter);
    gust_loop_stop(loop);
}

static void open_loop(void)
{
    ran[0] = '\0';
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
}

static void run_turns(int n)
{
    while (n-- > 0) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

TEST(callbacks_run_in_the_order_they_were_added)
{
    open_loop();
    assert_int_equal(gust_loop_add_callback(loop, note_it, a), 0);
    assert_int_equal(gust_loop_add_callback(loop, note_it, b), 0);
    assert_int_equal(gust_loop_add_callback(loop, note_and_stop, c), 0);
    assert_int_equal(gust_loop_add_callback(loop, note_it, d), 0);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_string_equal(ran, "abcd");
    gust_loop_close(loop);
}

static void add_another(void *unused)
{
    (void)unused;
    note("a");
    assert_int_equal(gust_loop_add_callback(loop, note_it, b), 0);
}

TEST(a_callback_that_a_callback_adds_runs_in_the_next_turn)
{
    open_loop();
    assert_int_equal(gust_loop_add_callback(loop, add_another, NULL), 0);
    run_turns(1);
    assert_string_equal(ran, "a");
    run_turns(1);
    assert_string_equal(ran, "ab");
    gust_loop_close(loop);
}

TEST(stop_before_start_makes_the_next_start_return_after_one_turn)
{
    open_loop();
    gust_loop_stop(loop);
    assert_int_equal(gust_loop_add_callback(loop, note_it, a), 0);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_string_equal(ran, "a");
    assert_int_equal(loop->n_turns, 1);
    gust_loop_close(loop);
}

/* --- descriptors --- */

struct watched {
    struct gu_io io;
    unsigned events;
    int n;
};

static void on_events(struct gu_io *io, unsigned events)
{
    struct watched *w = gu_container_of(io, struct watched, io);

    w->events = events;
    w->n++;
}

TEST(an_io_reports_what_newly_became_true)
{
    struct watched w = {.io.on_events = on_events};
    int ends[2];

    open_loop();
    assert_int_equal(pipe(ends), 0);
    w.io.fd = ends[0];
    assert_int_equal(gu_loop_watch(loop, &w.io, GU_IN), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    run_turns(3);
    assert_int_equal(w.n, 1);
    assert_int_equal(w.events, GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close(ends[0]);
    close(ends[1]);
    gust_loop_close(loop);
}

static void read_one(int fd, unsigned ready, void *n)
{
    char byte;

    assert_int_equal(ready, GUST_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    ++*(int *)n;
}

TEST(a_handler_is_called_as_long_as_there_is_something)
{
    int ends[2], n = 0;

    open_loop();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, read_one, &n), 0);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, read_one, &n), -EEXIST);
    assert_int_equal(write(ends[1], "xyz", 3), 3);
    run_turns(5);
    assert_int_equal(n, 3);
    gust_loop_remove_handler(loop, ends[0]);
    gust_loop_remove_handler(loop, ends[0]);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], GUST_READ), -ENOENT);
    close(ends[0]);
    close(ends[1]);
    gust_loop_close(loop);
}

/* --- timers, on a clock of our own --- */

struct virtual_clock {
    struct gu_clock clock;
    gu_time now;
};

static gu_time read_virtual(struct gu_clock *clock)
{
    return gu_container_of(clock, struct virtual_clock, clock)->now;
}

static void jump(struct gu_clock *clock, gu_time to)
{
    gu_container_of(clock, struct virtual_clock, clock)->now = to;
}

static struct virtual_clock virtual_clock = {{read_virtual, jump}, 0};

static void open_virtual(void)
{
    open_loop();
    virtual_clock.now = 1000 * GU_SECOND;
    gu_loop_set_clock(loop, &virtual_clock.clock);
}

TEST(timers_run_in_the_order_of_their_times_and_equal_ones_as_they_were_made)
{
    gust_timer *cancelled;

    open_virtual();
    assert_non_null(gust_loop_call_later(loop, 3, note_and_stop, d));
    assert_non_null(gust_loop_call_later(loop, 2, note_it, b));
    assert_non_null(gust_loop_call_later(loop, 2, note_it, c));
    cancelled = gust_loop_call_later(loop, 2, note_it, d);
    assert_non_null(gust_loop_call_later(loop, 1, note_it, a));
    gust_timer_cancel(cancelled);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_string_equal(ran, "abcd");
    assert_int_equal(virtual_clock.now, 1003 * GU_SECOND);
    gust_loop_close(loop);
}

struct idle {
    struct gu_timeout timeout;
    gu_time expired_at;
};

static void on_expiry(struct gu_timeout *timeout)
{
    gu_container_of(timeout, struct idle, timeout)->expired_at = loop->now;
}

static void touch(void *idle)
{
    gu_timeout_touch(loop, &((struct idle *)idle)->timeout);
}

TEST(a_timeout_expires_its_duration_after_the_last_touch)
{
    struct idle quiet, busy, stopped;
    struct gu_timeout_list *list;

    open_virtual();
    list = gu_timeout_list(loop, 10 * GU_SECOND, on_expiry);
    assert_ptr_equal(gu_timeout_list(loop, 10 * GU_SECOND, on_expiry), list);
    gu_timeout_init(&quiet.timeout);
    gu_timeout_init(&busy.timeout);
    gu_timeout_init(&stopped.timeout);
    gu_timeout_start(list, &busy.timeout);
    gu_timeout_start(list, &quiet.timeout);
    gu_timeout_start(list, &stopped.timeout);
    gu_timeout_stop(&stopped.timeout);
    stopped.expired_at = 0;
    for (int i = 1; i <= 15; i++)
        assert_non_null(gust_loop_call_later(loop, i, touch, &busy));
    assert_non_null(gust_loop_call_later(loop, 40, note_and_stop, a));
    assert_int_equal(gust_loop_start(loop), 0);
    assert_int_equal(quiet.expired_at, 1010 * GU_SECOND);
    assert_int_equal(busy.expired_at, 1025 * GU_SECOND);
    assert_int_equal(stopped.expired_at, 0);
    gust_loop_close(loop);
}
