/*
 * loop — the order of a turn, its rules, and the watchdog
 */
#include "base/alloc.h"
#include "kept_log.h"
#include "loop/loop_impl.h"
#include "test.h"
#include "virtual_loop.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What ran, a letter each. */
static char ran[64];
static gust_loop *loop;

static void note(void *letter)
{
    size_t n = strlen(ran);

    snprintf(ran + n, sizeof ran - n, "%s", (const char *)letter);
}

static void note_and_stop(void *letter)
{
    note(letter);
    gust_loop_stop(loop);
}

static void open_loop(void)
{
    ran[0] = '\0';
    loop = virtual_open();
}

static void add(void (*fn)(void *), void *arg)
{
    assert_int_equal(gust_loop_add_callback(loop, fn, arg), 0);
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d", e[] = "e";

/* --- callbacks, start and stop --- */

TEST(callbacks_run_in_the_order_they_were_added_also_behind_a_stop)
{
    open_loop();
    add(note, a);
    add(note, b);
    add(note_and_stop, c);
    add(note, d);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_string_equal(ran, "abcd");
    assert_int_equal(loop->n_turns, 1);
    gust_loop_close(loop);
}

static void add_another(void *letter)
{
    note(a);
    add(note, letter);
}

TEST(a_callback_that_a_callback_adds_runs_in_the_next_turn)
{
    open_loop();
    add(add_another, b);
    run_turns(loop, 1);
    assert_string_equal(ran, "a");
    run_turns(loop, 1);
    assert_string_equal(ran, "ab");
    gust_loop_close(loop);
}

TEST(stop_before_start_makes_the_next_start_return_after_one_turn)
{
    open_loop();
    gust_loop_stop(loop);
    gust_loop_stop(loop);
    add(note, a);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_string_equal(ran, "a");
    assert_int_equal(loop->n_turns, 1);
    add(note, b);
    add(note_and_stop, c); /* without it the second start would not return */
    assert_int_equal(gust_loop_start(loop), 0);
    assert_int_equal(loop->n_turns, 2);
    gust_loop_close(loop);
}

static void do_nothing(void *unused)
{
    (void)unused;
}

static void add_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10000; i++)
        add(do_nothing, NULL);
}

TEST(a_flood_of_callbacks_is_run_and_its_memory_given_back)
{
    uint64_t asked;

    open_loop();
    add(add_many, NULL);
    run_turns(loop, 2);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            add(do_nothing, NULL);
        asked = gu_alloc_count();
        run_turns(loop, 1);
        assert_int_equal(gu_alloc_count(), asked);
    }
    gust_loop_close(loop);
}

TEST(callbacks_that_have_not_run_are_dropped_when_the_loop_closes)
{
    open_loop();
    add(note, a);
    gust_loop_close(loop);
    assert_string_equal(ran, "");
}

TEST(short_memory_refuses_a_callback_and_keeps_the_others)
{
    open_loop();
    for (int i = 0; i < 16; i++)
        add(note, a);
    gu_alloc_fail_at(1);
    assert_int_equal(gust_loop_add_callback(loop, note, b), -ENOMEM);
    assert_true(gu_alloc_has_failed());
    add(note, c);
    run_turns(loop, 1);
    assert_string_equal(ran, "aaaaaaaaaaaaaaaac");
    gust_loop_close(loop);
}

/* --- the order of a turn --- */

static void note_ready(struct gu_ready *ready)
{
    (void)ready;
    note(d);
}

static struct gu_ready soon = {note_ready, NULL};

static void on_readable(int fd, unsigned ready, void *letter)
{
    char byte;

    (void)ready;
    assert_int_equal(read(fd, &byte, 1), 1);
    note(letter);
    gu_loop_ready(loop, &soon);
    gu_loop_ready(loop, &soon); /* once is enough */
}

static void note_freed(void *memory)
{
    note(e);
    gu_free(memory);
}

static void make_readable(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
}

TEST(a_turn_is_callbacks_then_timers_then_descriptors_then_what_is_ready_then_freeing)
{
    int ends[2];

    open_loop();
    make_readable(ends);
    gu_loop_free_later(loop, gu_alloc(64), note_freed);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, on_readable, c), 0);
    assert_non_null(gust_loop_call_later(loop, 0, note, b));
    add(note, a);
    run_turns(loop, 1);
    assert_string_equal(ran, "abcde");
    gust_loop_remove_handler(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    gust_loop_close(loop);
}

/* --- soon --- */

static struct gu_ready first, second;

static void queue_both(struct gu_ready *ready)
{
    note(a);
    gu_loop_ready(loop, ready);
    gu_loop_ready(loop, &second);
}

static void note_b(struct gu_ready *ready)
{
    (void)ready;
    note(b);
}

TEST(what_a_ready_one_queues_waits_for_the_next_turn_without_sleeping)
{
    open_loop();
    first = (struct gu_ready){queue_both, NULL};
    second = (struct gu_ready){note_b, NULL};
    gu_loop_ready(loop, &first);
    run_turns(loop, 1);
    assert_string_equal(ran, "a");
    run_turns(loop, 1);
    assert_string_equal(ran, "aab");
    gu_loop_unready(loop, &first);
    gu_loop_unready(loop, &first);
    gu_loop_unready(loop, &second);
    run_turns(loop, 1);
    assert_string_equal(ran, "aab");
    gust_loop_close(loop);
}

static void take_the_second_off(struct gu_ready *ready)
{
    (void)ready;
    note(a);
    gu_loop_unready(loop, &second);
    gu_loop_ready(loop, &soon);
}

TEST(a_ready_one_may_take_the_last_off_the_queue)
{
    open_loop();
    first = (struct gu_ready){take_the_second_off, NULL};
    second = (struct gu_ready){note_b, NULL};
    gu_loop_ready(loop, &first);
    gu_loop_ready(loop, &second);
    run_turns(loop, 1);
    assert_string_equal(ran, "a");
    run_turns(loop, 1);
    assert_string_equal(ran, "ad");
    gu_loop_ready(loop, &second);
    run_turns(loop, 1);
    assert_string_equal(ran, "adb");
    gu_loop_ready(loop, &soon);
    gu_loop_ready(loop, &second);
    gu_loop_unready(loop, &second); /* from outside, behind another */
    gu_loop_ready(loop, &second);
    gu_loop_unready(loop, &soon);
    run_turns(loop, 1);
    assert_string_equal(ran, "adbb");
    gust_loop_close(loop);
}

/* --- freeing later --- */

static void free_another(void *memory)
{
    note(a);
    gu_loop_free_later(loop, gu_alloc(16), note_freed);
    gu_free(memory);
}

TEST(freeing_may_free_more_and_closing_frees_the_rest)
{
    open_loop();
    gu_loop_free_later(loop, gu_alloc(16), note_freed);
    gu_loop_free_later(loop, gu_alloc(16), free_another);
    run_turns(loop, 1);
    assert_string_equal(ran, "eae");
    gu_loop_free_later(loop, gu_alloc(16), free_another);
    gust_loop_close(loop);
    assert_string_equal(ran, "eaeae");
}

/* --- rooms --- */

static void free_low(struct gu_room *room)
{
    (void)room;
    note(b);
}

static void free_high(struct gu_room *room)
{
    (void)room;
    note(a);
    add(note, c); /* what it still does with the loop is harmless */
    assert_non_null(gust_loop_call_later(loop, 1, note, c));
}

TEST(closing_frees_the_highest_room_first)
{
    struct gu_room low = {free_low}, high = {free_high};

    open_loop();
    loop->rooms[GU_ROOM_TASK] = &low;
    loop->rooms[GU_ROOM_WEB] = &high;
    gust_loop_close(loop);
    assert_string_equal(ran, "ab");
}

/* --- the loop of a thread --- */

TEST(a_thread_has_one_loop_made_when_it_is_first_asked_for)
{
    assert_null(gu_loop_of_thread());
    loop = gust_loop_current();
    assert_non_null(loop);
    assert_ptr_equal(gust_loop_current(), loop);
    assert_ptr_equal(gu_loop_of_thread(), loop);
    assert_int_equal(gust_loop_new(NULL, &loop), -EEXIST);
    gust_loop_close(loop);
    assert_null(gu_loop_of_thread());
    gust_loop_close(NULL);
    keep_log();
    gu_alloc_fail_at(1);
    assert_null(gust_loop_current());
    gu_alloc_fail_at(0);
    release_log();
    assert_non_null(strstr(kept_log, "this thread gets no loop"));
}

static void start_inside(void *unused)
{
    (void)unused;
    gust_ignore(gust_loop_start(loop));
}

static void close_inside(void *unused)
{
    (void)unused;
    gust_loop_close(loop);
}

static void run_misuse(void *misuse)
{
    void (*fn)(void *);

    memcpy(&fn, misuse, sizeof fn);
    open_loop();
    add(fn, NULL);
    gust_ignore(gust_loop_start(loop));
}

TEST(misuse_aborts_with_a_message_that_says_what_to_do)
{
    void (*start)(void *) = start_inside, (*shut)(void *) = close_inside;

    assert_aborts(run_misuse, &start, "gust_loop_start: the loop is running already");
    assert_aborts(run_misuse, &shut, "gust_loop_close: stop the loop first");
}

/* --- time --- */

TEST(the_clock_is_monotonic_seconds_and_real_without_a_virtual_one)
{
    double before;

    loop = gust_loop_current();
    before = gust_loop_time(loop);
    assert_true(before > 0);
    assert_non_null(gust_loop_call_later(loop, 0.001, note_and_stop, a));
    assert_int_equal(gust_loop_start(loop), 0);
    assert_true(gust_loop_time(loop) >= before + 0.001);
    gust_loop_close(loop);
}

/* --- the watchdog --- */

static void hold(void *seconds)
{
    virtual_pass(*(double *)seconds);
}

static void hold_in_a_handler(int fd, unsigned ready, void *seconds)
{
    char byte;

    (void)ready;
    assert_int_equal(read(fd, &byte, 1), 1);
    hold(seconds);
}

struct user {
    struct gu_io io;
    const char *name;
};

/* As rooms do that run users' code. */
static void hold_in_an_io(struct gu_io *io, unsigned events)
{
    (void)events;
    loop->running = gu_container_of(io, struct user, io)->name;
    virtual_pass(0.3);
}

static void hold_when_ready(struct gu_ready *ready)
{
    (void)ready;
    loop->running = "GET /ready";
    virtual_pass(0.4);
}

static void hold_a_timer(struct gu_timer *timer)
{
    (void)timer;
    virtual_pass(0.5);
}

static struct gu_ready slow_soon = {hold_when_ready, NULL};
static struct gu_timer slow_timer = {.run = hold_a_timer};

static void watch_log(double limit)
{
    ran[0] = '\0';
    assert_int_equal(gust_loop_new(&(gust_loop_options){.slow_callback = limit}, &loop), 0);
    gu_loop_set_clock(loop, &virtual_clock()->clock);
    keep_log();
}

static void close_log(void)
{
    release_log();
    gust_loop_close(loop);
}

TEST(what_holds_the_loop_longer_than_the_limit_is_logged)
{
    static const struct {
        const char *name;
        double limit, holds;
        bool is_logged;
    } rows[] = {
        {"just within the default", 0, 0.1, false}, {"beyond the default", 0, 0.101, true},
        {"within the option", 2, 1.9, false},       {"beyond the option", 2, 2.1, true},
        {"no limit", GUST_NEVER, 1000, false},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        double holds = rows[i].holds;

        TEST_CASE(rows[i].name);
        watch_log(rows[i].limit);
        add(hold, &holds);
        run_turns(loop, 2);
        close_log();
        assert_int_equal(strstr(kept_log, "the loop was held for") != NULL, rows[i].is_logged);
    }
}

static void check_blamed(const char *seconds, const char *whom)
{
    char *again;

    close_log();
    assert_non_null(strstr(kept_log, seconds));
    assert_non_null(strstr(kept_log, whom));
    again = strchr(kept_log, '\n');
    assert_string_equal(again, "\n"); /* one line */
}

/* Test programs export nothing, so a static function is blamed by its file and offset. */
#define THIS_PROGRAM "loop_test+0x"

TEST(the_watchdog_names_what_held_the_loop_and_nothing_else)
{
    double holds = 0.25;
    struct user user = {{.on_events = hold_in_an_io}, "GET /slow"};
    int ends[2];

    watch_log(0);
    add(note, a);
    add(hold, &holds);
    add(note, b);
    run_turns(loop, 3);
    check_blamed("0.250 s", THIS_PROGRAM);

    watch_log(0);
    assert_non_null(gust_loop_call_later(loop, 1, hold, &holds));
    virtual_run(loop, 3);
    check_blamed("0.250 s", THIS_PROGRAM);

    watch_log(0);
    make_readable(ends);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, hold_in_a_handler, &holds), 0);
    run_turns(loop, 3);
    gust_loop_remove_handler(loop, ends[0]);
    check_blamed("0.250 s", THIS_PROGRAM);

    watch_log(0);
    gu_loop_ready(loop, &slow_soon);
    gu_loop_ready(loop, &soon);
    run_turns(loop, 3);
    check_blamed("0.400 s", "GET /ready");

    watch_log(0);
    assert_int_equal(gu_timer_set(loop, &slow_timer, 0), 0);
    assert_non_null(gust_loop_call_later(loop, 0, note, a));
    run_turns(loop, 3);
    check_blamed("0.500 s", "what it runs itself");

    watch_log(0);
    user.io.fd = ends[1];
    assert_int_equal(gu_loop_watch(loop, &user.io, GU_OUT), 0);
    run_turns(loop, 1);
    gu_loop_unwatch(loop, &user.io, true);
    check_blamed("0.300 s", "GET /slow");
    close(ends[0]);
    close(ends[1]);
}

TEST(sleeping_is_not_holding)
{
    watch_log(0);
    assert_non_null(gust_loop_call_later(loop, 100, note, a));
    virtual_run(loop, 200);
    close_log();
    assert_string_equal(kept_log, "");
    assert_string_equal(ran, "a");
}
