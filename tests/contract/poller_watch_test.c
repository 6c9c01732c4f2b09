/*
 * poller — the contract of who is told: handlers, what is removed while its event waits, many
 */
#include "kept_log.h"
#include "poller_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

/* --- handlers --- */

CONTRACT(a_handler_fires_for_as_long_as_its_event_is_true)
{
    int ends[2];

    make_pair(ends);
    n_calls = 0;
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), 0);
    run_turns(2);
    assert_int_equal(n_calls, 0);
    send_text(ends[1], "x");
    run_turns(3);
    assert_int_equal(n_calls, 3);
    assert_int_equal(last_ready, GUST_READ);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], GUST_WRITE), 0);
    run_turns(2);
    assert_int_equal(n_calls, 5);
    assert_int_equal(last_ready, GUST_WRITE);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], 0), 0);
    run_turns(2);
    assert_int_equal(n_calls, 5);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], GUST_READ | GUST_WRITE), 0);
    last_ready = 0;
    run_turns(1);
    assert_int_not_equal(last_ready, 0);
    gust_loop_remove_handler(loop, ends[0]);
    n_calls = 0;
    run_turns(2);
    assert_int_equal(n_calls, 0);
    close_pair(ends);
}

CONTRACT(a_second_watcher_of_a_descriptor_is_refused_and_leaves_the_first_alone)
{
    struct watched w = {0}, second = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    if (!is_poller("kqueue")) { /* whose kernel replaces the first; Gust's own tables catch it */
        second.io.fd = ends[0];
        assert_int_equal(gu_loop_watch(loop, &second.io, GU_IN), -EEXIST);
        gu_loop_unwatch(loop, &second.io, true);
    }
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    gu_loop_unwatch(loop, &w.io, false);
    n_calls = 0;
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), 0);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), -EEXIST);
    run_turns(1);
    assert_int_equal(n_calls, 1);
    gust_loop_remove_handler(loop, ends[0]);
    close_pair(ends);
}

/* --- removal --- */

static int two[2][2];

static void remove_the_other(int fd, unsigned ready, void *arg)
{
    (void)ready;
    (void)arg;
    n_calls++;
    gust_loop_remove_handler(loop, fd == two[0][0] ? two[1][0] : two[0][0]);
}

CONTRACT(a_handler_that_removes_another_drops_its_pending_event)
{
    n_calls = 0;
    for (int i = 0; i < 2; i++) {
        make_pair(two[i]);
        send_text(two[i][1], "x");
        assert_int_equal(gust_loop_add_handler(loop, two[i][0], GUST_READ, remove_the_other, NULL),
                         0);
    }
    run_turns(1);
    assert_int_equal(n_calls, 1);
    for (int i = 0; i < 2; i++) {
        gust_loop_remove_handler(loop, two[i][0]);
        close_pair(two[i]);
    }
}

static void replace_itself(int fd, unsigned ready, void *arg)
{
    (void)ready;
    (void)arg;
    gust_loop_remove_handler(loop, fd);
    assert_int_equal(gust_loop_add_handler(loop, fd, GUST_READ, count_calls, NULL), 0);
}

CONTRACT(a_handler_may_replace_itself)
{
    int ends[2];

    make_pair(ends);
    send_text(ends[1], "x");
    n_calls = 0;
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, replace_itself, NULL), 0);
    run_turns(1);
    assert_int_equal(n_calls, 0);
    run_turns(1);
    assert_int_equal(n_calls, 1);
    gust_loop_remove_handler(loop, ends[0]);
    close_pair(ends);
}

static struct watched pair_of[2], newcomer;
static int newcomer_ends[2];

/* Closes the other's descriptor, and lets a newcomer have its number. */
static void close_the_other(struct watched *w, unsigned events)
{
    struct watched *other = w == &pair_of[0] ? &pair_of[1] : &pair_of[0];
    int fd = other->io.fd;

    (void)events;
    if (newcomer.io.fd >= 0 || fd < 0)
        return;
    gu_loop_unwatch(loop, &other->io, true);
    close(fd);
    make_pair(newcomer_ends);
    if (newcomer_ends[0] != fd) { /* two numbers were free: take the one that matters */
        assert_int_equal(dup2(newcomer_ends[0], fd), fd);
        close(newcomer_ends[0]);
        newcomer_ends[0] = fd;
    }
    watch(&newcomer, fd, GU_IN);
}

CONTRACT(an_event_of_a_closed_descriptor_does_not_reach_who_got_its_number)
{
    newcomer = (struct watched){.io.fd = -1};
    for (int i = 0; i < 2; i++) {
        pair_of[i] = (struct watched){.then = close_the_other};
        make_pair(two[i]);
        send_text(two[i][1], "x");
        watch(&pair_of[i], two[i][0], GU_IN);
    }
    run_turns(1);
    assert_true((pair_of[0].n > 0) != (pair_of[1].n > 0));
    assert_int_equal(newcomer.seen & GU_IN, 0);
    assert_int_equal(newcomer.n, 0);
    run_turns(1);
    assert_int_equal(newcomer.seen & GU_IN, 0);
    send_text(newcomer_ends[1], "x");
    run_turns(1);
    assert_int_equal(newcomer.seen & GU_IN, GU_IN);
    gu_loop_unwatch(loop, &newcomer.io, true);
    close_pair(newcomer_ends);
    for (int i = 0; i < 2; i++) {
        if (pair_of[i].io.fd >= 0)
            close(two[i][0]);
        gu_loop_unwatch(loop, &pair_of[i].io, true);
        close(two[i][1]);
    }
}

/* Watches the other's own gu_io anew, on a descriptor that is quiet. */
static void reuse_the_other(struct watched *w, unsigned events)
{
    struct watched *other = w == &pair_of[0] ? &pair_of[1] : &pair_of[0];

    (void)events;
    gu_loop_unwatch(loop, &other->io, false);
    watch(other, newcomer_ends[0], GU_IN);
}

CONTRACT(an_event_does_not_reach_an_io_that_was_watched_anew_in_the_same_memory)
{
    make_pair(newcomer_ends);
    for (int i = 0; i < 2; i++) {
        pair_of[i] = (struct watched){.then = reuse_the_other};
        make_pair(two[i]);
        send_text(two[i][1], "x");
        watch(&pair_of[i], two[i][0], GU_IN);
    }
    run_turns(1);
    assert_true((pair_of[0].n > 0) != (pair_of[1].n > 0));
    for (int i = 0; i < 2; i++) {
        gu_loop_unwatch(loop, &pair_of[i].io, false);
        close_pair(two[i]);
    }
    close_pair(newcomer_ends);
}

/* Epoll and kqueue forget it; poll and select tell its owner of an error. */
CONTRACT(a_descriptor_closed_while_it_is_watched_breaks_nothing)
{
    struct watched closed = {0}, w = {0};
    int ends[2], dead[2];

    make_pair(ends);
    make_pair(dead);
    watch(&closed, dead[0], GU_IN);
    watch(&w, ends[0], GU_IN);
    close_pair(dead);
    send_text(ends[1], "x");
    run_turns(2);
    assert_int_equal(closed.seen & GU_ERR, loop->is_edge ? 0 : GU_ERR);
    gu_loop_unwatch(loop, &closed.io, false);
    w.seen = 0;
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(a_number_that_is_no_descriptor_is_refused)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    close_pair(ends);
    w.io.fd = ends[0];
    assert_int_equal(gu_loop_watch(loop, &w.io, GU_IN), -EBADF);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), -EBADF);
    assert_int_equal(gust_loop_add_handler(loop, -1, GUST_READ, count_calls, NULL), -EBADF);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], GUST_READ), -ENOENT);
    assert_int_equal(gust_loop_update_handler(loop, -1, GUST_READ), -ENOENT);
    gust_loop_remove_handler(loop, ends[0]);
    if (!loop->is_edge) /* by edges there is nothing to change */
        assert_int_equal(gu_loop_want(loop, &w.io, GU_OUT), -ENOENT);
    gu_loop_unwatch(loop, &w.io, true); /* as owners do that were refused */
    gu_loop_unwatch(loop, &w.io, true);
    assert_int_equal(w.io.fd, -1);
    assert_int_equal(gu_loop_want(loop, &w.io, GU_IN), 0);
}

CONTRACT(what_is_watched_late_is_told_from_then_on_with_what_is_wanted_by_then)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    w.io.fd = ends[0];
    w.io.on_events = on_events;
    gu_loop_watch_late(&w.io, GU_IN);
    send_text(ends[1], "x");
    run_turns(2);
    assert_int_equal(w.n, 0);
    assert_int_equal(gu_loop_want(loop, &w.io, GU_IN | GU_OUT), 0);
    run_turns(2);
    assert_int_equal(w.n, 0);
    assert_int_equal(gu_loop_watch_now(loop, &w.io), 0);
    assert_int_equal(gu_loop_watch_now(loop, &w.io), 0);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_OUT), GU_IN | GU_OUT);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

/* The poller has not heard of it: its number may be watched by another at once. */
CONTRACT(what_was_to_be_watched_late_can_be_given_up_before)
{
    struct watched w = {0}, other = {0};
    int ends[2];

    make_pair(ends);
    w.io.on_events = on_events;
    w.io.fd = ends[0];
    gu_loop_watch_late(&w.io, GU_IN);
    gu_loop_unwatch(loop, &w.io, false);
    assert_int_equal(gu_loop_watch_now(loop, &w.io), 0);
    watch(&other, ends[0], GU_IN);
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(other.seen & GU_IN, GU_IN);
    assert_int_equal(w.n, 0);
    gu_loop_unwatch(loop, &other.io, true);
    close_pair(ends);
}

/* --- many --- */

static void raise_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur > 10100);
}

/* select holds what FD_SETSIZE leaves. */
CONTRACT(ten_thousand_descriptors_are_each_told_as_often_as_they_should)
{
    size_t n = is_poller("select") ? 900 : 10000;
    struct watched *all = calloc(n, sizeof *all);
    int turns = (int)(n / GU_BATCH) + 1;

    assert_non_null(all);
    raise_limit();
    for (size_t i = 0; i < n; i++)
        watch(&all[i], eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), GU_IN);
    run_turns(2 * turns);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(all[i].seen & GU_IN, 0);
        all[i].n = 0;
        if (i % 7 != 0)
            assert_int_equal(eventfd_write(all[i].io.fd, 1), 0);
    }
    run_turns(2 * turns); /* kqueue has half as many a turn: each is two filters */
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(all[i].seen & GU_IN, i % 7 != 0 ? GU_IN : 0);
        if (i % 7 != 0) /* no one is told twice before another is told once */
            assert_in_range(all[i].n, 1, 2 * turns);
    }
    for (size_t i = 0; i < n; i++) {
        int fd = all[i].io.fd;

        gu_loop_unwatch(loop, &all[i].io, i % 2 == 0);
        close(fd);
    }
    free(all);
}

CONTRACT(a_number_beyond_fd_setsize_is_refused_by_select_with_a_line_that_says_what_to_do)
{
    bool is_refused = is_poller("select");
    int fd;

    raise_limit();
    fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FD_SETSIZE);
    assert_true(fd >= FD_SETSIZE);
    close(fd);
    assert_int_equal(dup3(loop->p->wake.io.fd, fd, O_CLOEXEC), fd);
    keep_log();
    assert_int_equal(gust_loop_add_handler(loop, fd, GUST_READ, count_calls, NULL),
                     is_refused ? -ERANGE : 0);
    release_log();
    if (is_refused)
        assert_non_null(strstr(kept_log, "GUST_POLLER=poll"));
    else
        assert_string_equal(kept_log, "");
    run_turns(1);
    gust_loop_remove_handler(loop, fd);
    close(fd);
}
