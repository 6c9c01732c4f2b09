/*
 * poller — one contract, every poller
 *
 * Each CONTRACT runs on epoll, poll, select and on kqueue, which is an emulation here
 * (tests/support/kqueue). Where pollers may differ, the row says how.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "loop/loop_private.h"
#include "test.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const pollers[] = {"epoll", "kqueue", "poll", "select"};
static gust_loop *loop;

static void on_every_poller(void (*contract)(void))
{
    gu_poller_register(&gu_poller_kqueue);
    for (size_t i = 0; i < gu_countof(pollers); i++) {
        TEST_CASE(pollers[i]);
        assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
        assert_string_equal(gust_loop_poller(loop), pollers[i]);
        contract();
        gust_loop_close(loop);
    }
}

#define CONTRACT(name_)                    \
    static void contract_##name_(void);    \
    TEST(name_)                            \
    {                                      \
        on_every_poller(contract_##name_); \
    }                                      \
    static void contract_##name_(void)

static bool is_poller(const char *name)
{
    return strcmp(gust_loop_poller(loop), name) == 0;
}

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

/* --- what watches --- */

struct watched {
    struct gu_io io;
    unsigned seen; /* all bits since the start */
    int n;
    void (*then)(struct watched *w, unsigned events);
};

static void on_events(struct gu_io *io, unsigned events)
{
    struct watched *w = gu_container_of(io, struct watched, io);

    w->seen |= events;
    w->n++;
    if (w->then != NULL)
        w->then(w, events);
}

static void watch(struct watched *w, int fd, unsigned want)
{
    w->io.on_events = on_events;
    w->io.fd = fd;
    w->seen = 0;
    w->n = 0;
    assert_int_equal(gu_loop_watch(loop, &w->io, want), 0);
}

static void run_turns(int n)
{
    while (n-- > 0) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
}

static void make_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
}

static size_t drain(int fd)
{
    char bytes[65536];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        total += (size_t)n;
    return total;
}

static void fill(int fd)
{
    char bytes[65536] = {0};

    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

/* --- what is told --- */

CONTRACT(bytes_to_read_are_told_and_not_before_they_are_there)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    run_turns(2);
    assert_int_equal(w.seen & GU_IN, 0);
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_ERR | GU_RDHUP), GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(room_to_send_is_told_again_after_there_was_none)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_OUT);
    run_turns(1);
    assert_int_equal(w.seen, GU_OUT);
    fill(ends[0]);
    run_turns(1);
    w.seen = 0;
    run_turns(2);
    assert_int_equal(w.seen, 0);
    assert_true(drain(ends[1]) > 0);
    run_turns(1);
    assert_int_equal(w.seen, GU_OUT);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(a_peer_that_shut_its_sending_side_is_told_by_rdhup)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP | GU_ERR), GU_IN | GU_RDHUP);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

/* select cannot look behind the bytes: it tells once they are read. */
CONTRACT(rdhup_behind_unread_bytes_is_told_with_them_but_by_select)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    send_text(ends[1], "x");
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP), is_poller("select") ? GU_IN : GU_IN | GU_RDHUP);
    assert_int_equal(drain(ends[0]), 1);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP), GU_IN | GU_RDHUP);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

/* Which bits tell it differs; that one of them makes the owner read, and find the end, does not. */
CONTRACT(a_hang_up_makes_the_owner_read_and_find_the_end)
{
    static const struct {
        const char *name;
        bool is_pipe;
    } rows[] = {{"socket", false}, {"pipe", true}};

    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct watched w = {0};
        int ends[2];
        char byte;

        TEST_CASE(rows[i].name);
        if (rows[i].is_pipe)
            assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        else
            make_pair(ends);
        watch(&w, ends[0], GU_IN | GU_RDHUP);
        run_turns(1);
        w.seen = 0;
        close(ends[1]);
        run_turns(1);
        assert_int_not_equal(w.seen & (GU_IN | GU_RDHUP | GU_ERR), 0);
        assert_int_equal(read(ends[0], &byte, 1), 0);
        gu_loop_unwatch(loop, &w.io, true);
        close(ends[0]);
    }
}

/* A connection over loopback. */
static void make_tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, len), 0);
    ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(ends[0] >= 0);
    close(listener);
}

CONTRACT(a_reset_makes_the_owner_read_and_find_the_error)
{
    struct linger at_once = {1, 0};
    struct watched w = {0};
    int ends[2];
    char byte;

    make_tcp_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    run_turns(1);
    w.seen = 0;
    setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(ends[1]);
    run_turns(1);
    assert_int_not_equal(w.seen & (GU_IN | GU_ERR), 0);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    gu_loop_unwatch(loop, &w.io, true);
    close(ends[0]);
}

/* --- edge and level --- */

CONTRACT(what_stays_true_is_told_once_by_edges_and_every_turn_by_levels)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    send_text(ends[1], "x");
    watch(&w, ends[0], GU_IN);
    run_turns(1);
    w.n = 0;
    run_turns(3);
    assert_int_equal(w.n, loop->is_edge ? 0 : 3);
    send_text(ends[1], "y"); /* a new arrival is a new edge, read or not */
    w.seen = 0;
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(what_is_not_wanted_is_not_told_by_levels_and_told_when_wanted_again)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    assert_int_equal(gu_loop_want(loop, &w.io, 0), 0);
    w.n = 0;
    run_turns(2);
    assert_int_equal(w.n, 0);
    assert_int_equal(gu_loop_want(loop, &w.io, GU_IN), 0);
    run_turns(1);
    assert_int_equal(w.n,
                     loop->is_edge ? 0 : 1); /* by edges the owner knows since the first time */
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(a_hang_up_that_nobody_wants_to_hear_of_does_not_spin)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    assert_int_equal(gu_loop_want(loop, &w.io, 0), 0);
    close(ends[1]);
    run_turns(1);
    w.n = 0;
    run_turns(3);
    assert_int_equal(w.n, 0);
    gu_loop_unwatch(loop, &w.io, true);
    close(ends[0]);
}

/* An owner by the book: remembers what it was told, reads until EAGAIN or a budget of 2 bytes, and
 * says what it wants. */
struct reader {
    struct watched w;
    struct gu_ready again;
    char got[32];
    size_t len;
};

static void read_two(struct reader *r)
{
    ssize_t n = read(r->w.io.fd, r->got + r->len, 2);

    if (n > 0)
        r->len += (size_t)n;
    else
        r->w.io.ready &= (uint8_t)~GU_IN;
    if (r->w.io.ready & GU_IN)
        gu_loop_ready(loop, &r->again);
    gu_loop_want(loop, &r->w.io, r->w.io.ready & GU_IN ? 0 : GU_IN);
}

static void read_again(struct gu_ready *again)
{
    read_two(gu_container_of(again, struct reader, again));
}

static void on_readable(struct watched *w, unsigned events)
{
    w->io.ready |= (uint8_t)events;
    if (events & GU_IN)
        gu_loop_ready(loop, &gu_container_of(w, struct reader, w)->again);
}

CONTRACT(an_owner_by_the_book_gets_every_byte)
{
    struct reader r = {.w.then = on_readable, .again.run = read_again};
    int ends[2];

    make_pair(ends);
    watch(&r.w, ends[0], GU_IN);
    send_text(ends[1], "abcdefg");
    run_turns(3);
    send_text(ends[1], "hij");
    run_turns(5);
    send_text(ends[1], "klm");
    run_turns(5);
    assert_string_equal(r.got, "abcdefghijklm");
    gu_loop_unwatch(loop, &r.w.io, true);
    close_pair(ends);
}

/* --- handlers --- */

static int n_calls;
static unsigned last_ready;

static void count_calls(int fd, unsigned ready, void *arg)
{
    (void)fd;
    (void)arg;
    n_calls++;
    last_ready = ready;
}

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

static char logged[512];

static bool keep_log(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg;
    (void)level;
    (void)logger;
    snprintf(logged, sizeof logged, "%.*s", (int)message.len, message.ptr);
    return true;
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
    logged[0] = '\0';
    gu_log_set_sink(keep_log, NULL);
    assert_int_equal(gust_loop_add_handler(loop, fd, GUST_READ, count_calls, NULL),
                     is_refused ? -ERANGE : 0);
    gu_log_set_sink(NULL, NULL);
    if (is_refused)
        assert_non_null(strstr(logged, "GUST_POLLER=poll"));
    else
        assert_string_equal(logged, "");
    run_turns(1);
    gust_loop_remove_handler(loop, fd);
    close(fd);
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
        gu_log_set_sink(keep_log, NULL);
        run_turns(4);
        gu_log_set_sink(NULL, NULL);
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
    gu_poller_register(&gu_poller_kqueue);
    for (size_t i = 0; i < gu_countof(pollers); i++) {
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
    gu_log_set_sink(keep_log, NULL);
    assert_int_equal(gust_loop_new(NULL, &loop), -ENOENT);
    assert_string_equal(logged, "no poller here is called \"devpoll\"; the best is \"epoll\"");
    assert_null(gust_loop_current());
    assert_non_null(strstr(logged, "this thread gets no loop"));
    gu_log_set_sink(NULL, NULL);
    assert_int_equal(unsetenv("GUST_POLLER"), 0);
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_string_equal(gust_loop_poller(loop), "epoll");
    gust_loop_close(loop);
}
