/*
 * poller — the contract where something fails: waits that end early, a kernel that holds no more,
 * memory; and how a poller is chosen and opened
 */
#include "base/alloc.h"
#include "kept_log.h"
#include "poller_stage.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>

/* --- faults of the system's calls --- */

static int fault;    /* the errno of the next waits, 0: none */
static int n_faults; /* how many of them */

static bool must_fail(void)
{
    if (fault == 0 || n_faults == 0)
        return false;
    n_faults--;
    errno = fault;
    return true;
}

static int ctl_fault; /* the errno of all changes of the kernel's set, 0: none */
static bool has_no_pwait2;

int __real_epoll_ctl(int fd, int op, int target, struct epoll_event *event);
int __real_epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
                        const sigset_t *mask);
int __wrap_epoll_ctl(int fd, int op, int target, struct epoll_event *event);
int __wrap_epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
                        const sigset_t *mask);
int __real_epoll_wait(int fd, struct epoll_event *events, int n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);
int __real_select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int n, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __wrap_select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout);

int __wrap_epoll_ctl(int fd, int op, int target, struct epoll_event *event)
{
    if (ctl_fault == 0 || op == EPOLL_CTL_DEL)
        return __real_epoll_ctl(fd, op, target, event);
    errno = ctl_fault;
    return -1;
}

int __wrap_epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
                        const sigset_t *mask)
{
    if (!has_no_pwait2)
        return must_fail() ? -1 : __real_epoll_pwait2(fd, events, n, timeout, mask);
    errno = ENOSYS;
    return -1;
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
    return must_fail() ? -1 : __real_epoll_wait(fd, events, n, ms);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
    return must_fail() ? -1 : __real_poll(fds, n, ms);
}

int __wrap_select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
    return must_fail() ? -1 : __real_select(n, in, out, except, timeout);
}

/* --- time --- */

static void stop_it(void *unused)
{
    (void)unused;
    gust_loop_stop(loop);
}

static void wait_once(void)
{
    uint64_t turns;
    double start;

    run_turns(1);
    turns = loop->n_turns;
    start = gust_loop_time(loop);
    assert_non_null(gust_loop_call_later(loop, 0.0123456, stop_it, NULL));
    assert_int_equal(gust_loop_start(loop), 0);
    assert_true(gust_loop_time(loop) - start >= 0.0123456);
    assert_in_range(loop->n_turns - turns, 1, 2);
}

CONTRACT(a_wait_is_never_cut_short_so_a_timer_does_not_spin)
{
    wait_once();
    has_no_pwait2 = true; /* an older Linux: epoll counts milliseconds */
    wait_once();
    has_no_pwait2 = false;
}

/* --- faults --- */

CONTRACT(an_interrupted_or_starved_wait_is_tried_again)
{
    static const struct {
        const char *name;
        int err;
    } rows[] = {{"interrupted", EINTR}, {"kernel memory short", ENOMEM}, {"try again", EAGAIN}};

    for (size_t i = 0; i < gu_countof(rows); i++) {
        int ends[2];

        TEST_CASE(rows[i].name);
        make_pair(ends);
        send_text(ends[1], "x");
        n_calls = 0;
        assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), 0);
        fault = rows[i].err;
        n_faults = 3;
        keep_log();
        run_turns(4);
        release_log();
        assert_int_equal(n_faults, 0);
        assert_int_equal(n_calls, 1);
        gust_loop_remove_handler(loop, ends[0]);
        close_pair(ends);
    }
}

CONTRACT(an_interrupted_sleep_is_slept_to_its_end)
{
    fault = EINTR;
    n_faults = 2;
    assert_non_null(gust_loop_call_later(loop, 0.002, stop_it, NULL));
    assert_int_equal(gust_loop_start(loop), 0);
    assert_int_equal(n_faults, 0);
}

/* poll and select keep their sets themselves, so there is no call to fail. */
CONTRACT(a_kernel_that_holds_no_more_refuses_a_handler_and_keeps_the_rest)
{
    int ends[2], more[2], refused = loop->is_edge ? -ENOSPC : 0;

    make_pair(ends);
    make_pair(more);
    assert_int_equal(gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL), 0);
    ctl_fault = ENOSPC;
    assert_int_equal(gust_loop_add_handler(loop, more[0], GUST_READ, count_calls, NULL), refused);
    assert_int_equal(gust_loop_update_handler(loop, ends[0], GUST_READ | GUST_WRITE), refused);
    ctl_fault = 0;
    gust_loop_remove_handler(loop, more[0]);
    n_calls = 0;
    run_turns(1);
    assert_int_equal(n_calls, loop->is_edge ? 0 : 1); /* still waits for bytes alone */
    send_text(ends[1], "x");
    run_turns(1);
    assert_true((last_ready & GUST_READ) != 0);
    gust_loop_remove_handler(loop, ends[0]);
    close_pair(ends);
    close_pair(more);
}

CONTRACT(a_wait_that_cannot_work_ends_the_start)
{
    fault = EINVAL;
    n_faults = 1;
    assert_int_equal(gust_loop_start(loop), -EINVAL);
    assert_int_equal(n_faults, 0);
    run_turns(1);
}

CONTRACT(short_memory_refuses_a_handler_and_the_next_try_succeeds)
{
    int ends[2], n = 0, err;

    make_pair(ends);
    do {
        gu_alloc_fail_at((uint64_t)++n);
        err = gust_loop_add_handler(loop, ends[0], GUST_READ, count_calls, NULL);
        if (err < 0)
            assert_int_equal(err, -ENOMEM);
    } while (err < 0);
    gu_alloc_fail_at(0);
    assert_in_range(n, 3, 8); /* the table and the handler, and what the poller keeps */
    send_text(ends[1], "x");
    n_calls = 0;
    run_turns(1);
    assert_int_equal(n_calls, 1);
    gust_loop_remove_handler(loop, ends[0]);
    close_pair(ends);
}

/* --- opening --- */

TEST(opening_fails_without_descriptors_or_memory_and_leaks_nothing)
{
    register_pollers();
    for (size_t i = 0; i < N_POLLERS; i++) {
        gust_loop_options options = {.poller = pollers[i]};
        struct rlimit limit, none;
        int err, n = 0;

        TEST_CASE(pollers[i]);
        getrlimit(RLIMIT_NOFILE, &limit);
        none = limit;
        none.rlim_cur = 0;
        setrlimit(RLIMIT_NOFILE, &none);
        err = gust_loop_new(&options, &loop);
        setrlimit(RLIMIT_NOFILE, &limit);
        assert_int_equal(err, -EMFILE);
        do {
            gu_alloc_fail_at((uint64_t)++n);
            err = gust_loop_new(&options, &loop);
        } while (err == -ENOMEM);
        gu_alloc_fail_at(0);
        assert_int_equal(err, 0);
        assert_in_range(n, 4, 8);
        gust_loop_close(loop);
    }
}

TEST(a_poller_is_chosen_by_option_then_by_environment_then_the_best)
{
    gust_loop_options poll = {.poller = "poll"};

    assert_int_equal(setenv("GUST_POLLER", "select", 1), 0);
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_string_equal(gust_loop_poller(loop), "select");
    gust_loop_close(loop);
    assert_int_equal(gust_loop_new(&poll, &loop), 0);
    assert_string_equal(gust_loop_poller(loop), "poll");
    gust_loop_close(loop);
    assert_int_equal(setenv("GUST_POLLER", "devpoll", 1), 0);
    keep_log();
    assert_int_equal(gust_loop_new(NULL, &loop), -ENOENT);
    assert_string_equal(kept_log, "no poller here is called \"devpoll\"; the best is \"epoll\"\n");
    assert_null(gust_loop_current());
    assert_non_null(strstr(kept_log, "this thread gets no loop"));
    release_log();
    assert_int_equal(unsetenv("GUST_POLLER"), 0);
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_string_equal(gust_loop_poller(loop), "epoll");
    gust_loop_close(loop);
}
