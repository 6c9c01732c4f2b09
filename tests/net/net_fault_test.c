/*
 * fault — every system call and every allocation of a conversation fails once
 *
 * A server and a client talk over a Unix socket and a pipe, on a clock that jumps. One call, the
 * n-th of its kind, is answered with an error or a short count; the conversation may fail, unless
 * the fault is one that nobody should notice, and the next one is served. n goes up until it is not
 * reached any more.
 */
#include "base/alloc.h"
#include "net/net_impl.h"
#include "test.h"
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "gust-fault-test"
#define ADDRESS "unix:@" NAME
#define SHORT (-1) /* the fault of moving one byte only */

/* --- the faults --- */

enum call { RECV, SEND, SENDMSG, READ, WRITEV, ACCEPT, CONNECT, SOCKET, CTL, WAIT, N_CALLS };

static enum call failing;
static int fault;           /* an errno, SHORT, or 0 for none */
static unsigned n_to_fault; /* calls of that kind until it comes */
static bool has_failed;
static unsigned n_waits;

static bool must_fail(enum call call)
{
    if (fault == 0 || call != failing || --n_to_fault > 0)
        return false;
    has_failed = true;
    return true;
}

/* The answer of a call that moves bytes: the error, or how many it may move. */
static ssize_t faulty(enum call call, size_t *size)
{
    if (!must_fail(call))
        return 0;
    if (fault == SHORT) {
        *size = 1;
        fault = 0;
        return 0;
    }
    errno = fault;
    fault = 0;
    return -1;
}

static bool fails(enum call call)
{
    size_t size;

    return faulty(call, &size) < 0;
}

/* What the linker calls instead: --wrap. */
#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAP(ssize_t, recv, int fd, void *to, size_t size, int flags)
{
    return faulty(RECV, &size) < 0 ? -1 : __real_recv(fd, to, size, flags);
}

WRAP(ssize_t, send, int fd, const void *bytes, size_t size, int flags)
{
    return faulty(SEND, &size) < 0 ? -1 : __real_send(fd, bytes, size, flags);
}

WRAP(ssize_t, read, int fd, void *to, size_t size)
{
    return faulty(READ, &size) < 0 ? -1 : __real_read(fd, to, size);
}

WRAP(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
    size_t size = 0;
    struct iovec first = {message->msg_iov->iov_base, 1};
    struct msghdr cut = {.msg_iov = &first, .msg_iovlen = 1};

    if (faulty(SENDMSG, &size) < 0)
        return -1;
    return __real_sendmsg(fd, size == 1 ? &cut : message, flags);
}

WRAP(ssize_t, writev, int fd, const struct iovec *iov, int n)
{
    size_t size = 0;
    struct iovec first = {iov->iov_base, 1};

    if (faulty(WRITEV, &size) < 0)
        return -1;
    return size == 1 ? __real_writev(fd, &first, 1) : __real_writev(fd, iov, n);
}

WRAP(int, accept4, int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return fails(ACCEPT) ? -1 : __real_accept4(fd, address, len, flags);
}

WRAP(int, connect, int fd, const struct sockaddr *address, socklen_t len)
{
    return fails(CONNECT) ? -1 : __real_connect(fd, address, len);
}

WRAP(int, socket, int family, int type, int protocol)
{
    return fails(SOCKET) ? -1 : __real_socket(family, type, protocol);
}

WRAP(int, epoll_ctl, int fd, int op, int of, struct epoll_event *event)
{
    return fails(CTL) ? -1 : __real_epoll_ctl(fd, op, of, event);
}

WRAP(int, epoll_wait, int fd, struct epoll_event *events, int n, int ms)
{
    if (++n_waits > 100000) {
        fprintf(stderr, "the loop spins\n");
        abort();
    }
    return fails(WAIT) ? -1 : __real_epoll_wait(fd, events, n, ms);
}

/* --- the stage --- */

struct jumping {
    struct gu_clock base;
    gu_time now;
};

static gu_time clock_read(struct gu_clock *base)
{
    return gu_container_of(base, struct jumping, base)->now;
}

static void clock_jump(struct gu_clock *base, gu_time to)
{
    gu_container_of(base, struct jumping, base)->now = to;
}

static struct jumping jumping;
static gust_loop *loop;
static gust_tcpserver *server;

static int echo(gust_stream *s, void *arg)
{
    (void)arg;
    return gust_copy(s, s);
}

static void set_up(void)
{
    jumping = (struct jumping){{clock_read, clock_jump}, GU_SECOND};
    n_waits = 0;
    assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = "epoll"}, &loop), 0);
    gu_loop_set_clock(loop, &jumping.base);
    server = gust_tcpserver_new(echo, NULL, NULL);
    assert_int_equal(gust_tcpserver_listen(server, ADDRESS), 0);
}

static int nothing(void *arg)
{
    (void)arg;
    gust_sleep(60); /* what still sends is given up */
    return 0;
}

static void tear_down(void)
{
    gust_tcpserver_free(server);
    assert_int_equal(gust_run(nothing, NULL), 0);
    gust_loop_close(loop);
}

/* --- the conversations --- */

static char big[300000], back[300000];

static void send_big(void *stream)
{
    gust_ignore(gust_stream_write(stream, big, sizeof big));
}

/* A line there and back, then more than the kernel takes at once. */
static int talk(void *arg)
{
    gust_stream *s;
    gust_str line;
    int err;

    GUST_DEADLINE(5);
    (void)arg;
    err = gust_connect(ADDRESS, 0, NULL, &s);
    if (err == 0)
        err = gust_stream_write(s, "hello\n", 6);
    if (err == 0)
        err = gust_read_until(s, "\n", 100, &line);
    if (err == 0)
        assert_string_equal(line.ptr, "hello\n");
    if (err == 0)
        err = gust_stream_write(s, "prefix", 6); /* goes out with the rest: sendmsg */
    if (err == 0)
        err = gust_go(send_big, s, NULL) == NULL ? -ENOMEM : 0;
    if (err == 0)
        err = gust_read_into(s, back, 6);
    if (err == 0)
        err = gust_read_into(s, back, sizeof back);
    if (err == 0)
        assert_memory_equal(back, big, sizeof big);
    return err;
}

static int through_pipe(void *arg)
{
    gust_stream *in = NULL, *out = NULL;
    int fds[2], err;

    GUST_DEADLINE(5);
    (void)arg;
    assert_return_code(pipe(fds), errno);
    err = gust_stream_open(fds[0], NULL, &in);
    if (err < 0)
        close(fds[0]);
    if (err == 0)
        err = gust_stream_open(fds[1], NULL, &out);
    if (out == NULL)
        close(fds[1]);
    if (err == 0)
        err = gust_go(send_big, out, NULL) == NULL ? -ENOMEM : 0;
    if (err == 0)
        err = gust_read_into(in, back, sizeof back);
    if (err == 0)
        assert_memory_equal(back, big, sizeof big);
    gust_stream_close(in);
    gust_stream_close(out);
    return err;
}

/* Fails the n-th call for all n. */
static unsigned fail_each(enum call call, int with, bool is_harmless, int (*conversation)(void *))
{
    unsigned n = 0;

    do {
        int err;

        has_failed = false;
        failing = call;
        fault = with;
        n_to_fault = ++n;
        n_waits = 0;
        err = gust_run(conversation, NULL);
        fault = 0;
        if (err < 0 && is_harmless)
            fail_msg("fault %d at call %u was noticed: %s", with, n, gust_strerror(err));
        if (err < 0 && !has_failed)
            fail_msg("failed without a fault, n = %u: %s", n, gust_strerror(err));
        err = gust_run(conversation, NULL);
        if (err < 0)
            fail_msg("behind fault %d at call %u: %s", with, n, gust_strerror(err));
    } while (has_failed && n < 500);
    return n - 1;
}

TEST(a_failing_system_call_costs_its_conversation_at_the_most)
{
    static const struct {
        const char *name;
        enum call call;
        bool is_pipe;
        int harmless[8], others[8]; /* faults that nobody may notice, and those that may be */
    } cases[] = {
        /* EAGAIN, and a short count, where there are bytes, are what epoll(7) says cannot be. */
        {"recv", RECV, false, {EINTR, ENOBUFS, ENOMEM}, {SHORT, EAGAIN, ECONNRESET, ETIMEDOUT}},
        {"send", SEND, false, {EINTR, SHORT, ENOBUFS, ENOMEM}, {EAGAIN, EPIPE, ECONNRESET}},
        {"sendmsg", SENDMSG, false, {EINTR, SHORT, ENOBUFS, ENOMEM}, {EAGAIN, EPIPE, ECONNRESET}},
        {"read", READ, true, {EINTR, SHORT, ENOMEM}, {EAGAIN, EIO}},
        {"writev", WRITEV, true, {EINTR, SHORT, ENOMEM}, {EAGAIN, EPIPE, EIO}},
        {"accept4",
         ACCEPT,
         false,
         {EINTR, EAGAIN, ECONNABORTED, ENETDOWN, EINVAL, ENOBUFS, ENOMEM},
         {EMFILE, ENFILE}},
        {"connect", CONNECT, false, {0}, {ECONNREFUSED, EAGAIN, ENOBUFS}},
        {"socket", SOCKET, false, {0}, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
        {"epoll_ctl", CTL, false, {0}, {ENOMEM, ENOSPC}},
        {"epoll_ctl of a pipe", CTL, true, {0}, {ENOMEM, ENOSPC}},
        {"epoll_wait", WAIT, false, {EINTR, ENOMEM}, {0}},
    };

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 15);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int (*conversation)(void *) = cases[i].is_pipe ? through_pipe : talk;

        TEST_CASE(cases[i].name);
        set_up();
        if (cases[i].call == WAIT) /* the clock that jumps would take it for an idle wait */
            gu_loop_set_clock(loop, NULL);
        for (const int *f = cases[i].harmless; *f != 0; f++)
            assert_true(fail_each(cases[i].call, *f, true, conversation) > 0);
        for (const int *f = cases[i].others; *f != 0; f++)
            assert_true(fail_each(cases[i].call, *f, false, conversation) > 0);
        gu_loop_set_clock(loop, &jumping.base);
        tear_down();
    }
}

TEST(an_allocation_that_fails_costs_its_conversation_at_the_most)
{
    int (*const conversations[])(void *) = {talk, through_pipe};

    for (size_t i = 0; i < gu_countof(conversations); i++) {
        uint64_t n = 0;
        bool is_reached = true;

        set_up();
        while (is_reached) {
            n_waits = 0;
            gu_alloc_fail_at(++n);
            gust_ignore(gust_run(conversations[i], NULL));
            is_reached = gu_alloc_has_failed();
            gu_alloc_fail_at(0);
            assert_int_equal(gust_run(conversations[i], NULL), 0);
        }
        assert_true(n > 5);
        tear_down();
    }
}

/* --- no descriptors left --- */

static int wait_a_while(void *arg)
{
    (void)arg;
    gust_sleep(3);
    return 0;
}

TEST(out_of_descriptors_turns_away_and_does_not_spin)
{
    enum { N = 20, ROOM = 5 };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(NAME));
    struct rlimit limit, low;
    int clients[N], n_away = 0, n_served = 0;
    uint64_t turns;
    char byte;

    memcpy(address.sun_path + 1, NAME, strlen(NAME));
    set_up();
    for (int i = 0; i < N; i++)
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
    low = (struct rlimit){(rlim_t)clients[N - 1] + 1 + ROOM, limit.rlim_max};
    assert_return_code(setrlimit(RLIMIT_NOFILE, &low), errno);
    for (int i = 0; i < N; i++) {
        assert_return_code(connect(clients[i], (struct sockaddr *)&address, len), errno);
        assert_int_equal(write(clients[i], "x", 1), 1);
    }
    turns = loop->n_turns;
    n_waits = 0;
    assert_int_equal(gust_run(wait_a_while, NULL), 0);
    /* Three seconds are thirty pauses, of which each turns one away until nobody waits. */
    assert_in_range(loop->n_turns - turns, 10, 200);
    for (int i = 0; i < N; i++) {
        ssize_t n = read(clients[i], &byte, 1);

        n_served += n == 1;
        n_away += n == 0;
        n_away += n < 0 && errno == ECONNRESET;
    }
    assert_int_equal(n_served, ROOM);
    assert_int_equal(n_away, N - ROOM);
    for (int i = 0; i < N; i++)
        close(clients[i]);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
    assert_int_equal(gust_run(talk, NULL), 0);
    tear_down();
}
