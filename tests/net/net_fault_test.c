/*
 * fault — every system call and every allocation of a conversation fails once
 *
 * A server and a client talk over a Unix socket, in plain and over TLS, and through a pipe, on a
 * clock that jumps. One call, the n-th of its kind, is answered with an error or a short count; the
 * conversation may fail, unless the fault is one that nobody should notice, and the next one is
 * served. n goes up until it is not reached any more.
 */
#include "base/alloc.h"
#include "fault.h"
#include "net/net_impl.h"
#include "test.h"
#include "tls_wire.h"
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_N 500 /* calls of a kind in a conversation; more are a conversation without an end */

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
static gust_tls_options server_tls, client_tls;
static double patience; /* of a conversation, in seconds */

static int echo(gust_stream *s, void *arg)
{
    (void)arg;
    return gust_copy(s, s);
}

static void make_contexts(void)
{
    const struct tls_identity *identity = tls_localhost();
    const gust_tls_options ours = {.server_side = true,
                                   .cert = {.cert_pem = identity->cert, .key_pem = identity->key}};
    const gust_tls_options theirs = {.ca_pem = tls_ca(), .server_name = "localhost"};

    assert_int_equal(gust_tls_context_new(&ours, &server_tls.context), 0);
    assert_int_equal(gust_tls_context_new(&theirs, &client_tls.context), 0);
    server_tls.server_side = true;
    client_tls.server_name = "localhost";
}

static void drop_contexts(void)
{
    gust_tls_context_free(server_tls.context);
    gust_tls_context_free(client_tls.context);
    server_tls = client_tls = (gust_tls_options){0};
}

static void set_up(bool is_tls)
{
    gust_tcpserver_options options = {.stream.tls = is_tls ? &server_tls : NULL};

    jumping = (struct jumping){{clock_read, clock_jump}, GU_SECOND};
    patience = 5;
    assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = "epoll"}, &loop), 0);
    gu_loop_set_clock(loop, &jumping.base);
    if (is_tls)
        make_contexts();
    server = gust_tcpserver_new(echo, NULL, &options);
    assert_int_equal(gust_tcpserver_listen(server, test_address()), 0);
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
    drop_contexts();
}

/* --- the conversations --- */

static char big[300000], back[300000];

static void send_big(void *stream)
{
    gust_ignore(gust_stream_write(stream, big, sizeof big));
}

/* A line there and back, then more than the kernel takes at once. */
static int talk_by(const gust_tls_options *tls)
{
    const gust_connect_options options = {.tls = tls};
    gust_stream *s;
    gust_str line;
    int err;

    GUST_DEADLINE(patience);
    err = gust_connect(test_address(), 0, &options, &s);
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

static int talk(void *arg)
{
    (void)arg;
    return talk_by(NULL);
}

static int talk_in_secret(void *arg)
{
    (void)arg;
    return talk_by(&client_tls);
}

/* A line there and back, the end, and the end of the other. */
static int leave_by(const gust_tls_options *tls)
{
    const gust_connect_options options = {.tls = tls};
    gust_stream *s;
    gust_str line;
    int err;

    GUST_DEADLINE(patience);
    err = gust_connect(test_address(), 0, &options, &s);
    if (err == 0)
        err = gust_stream_write(s, "bye\n", 4);
    if (err == 0)
        err = gust_stream_shutdown(s);
    if (err == 0)
        err = gust_read_until_close(s, 100, &line);
    if (err == 0 && !gust_str_equal(line, "bye\n")) /* the server gave up */
        err = -GUST_ECLOSED;
    return err;
}

static int leave(void *arg)
{
    (void)arg;
    return leave_by(NULL);
}

static int leave_in_secret(void *arg)
{
    (void)arg;
    return leave_by(&client_tls);
}

static bool is_secret(int (*conversation)(void *))
{
    return conversation == talk_in_secret || conversation == leave_in_secret;
}

static int through_pipe(void *arg)
{
    gust_stream *in = NULL, *out = NULL;
    int fds[2], err;

    GUST_DEADLINE(patience);
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

/* --- one fault each --- */

/* Fails the n-th call for all n. */
static unsigned fail_each(enum fault_call call, int fault, bool is_harmless,
                          int (*conversation)(void *))
{
    unsigned n = 0;
    bool has_failed;

    do {
        int err;

        fault_set(call, ++n, fault);
        err = gust_run(conversation, NULL);
        has_failed = fault_clear();
        if (err < 0 && is_harmless)
            fail_msg("fault %d at call %u was noticed: %s", fault, n, gust_strerror(err));
        if (err < 0 && !has_failed)
            fail_msg("failed without a fault, n = %u: %s", n, gust_strerror(err));
        err = gust_run(conversation, NULL);
        if (err < 0)
            fail_msg("behind fault %d at call %u: %s", fault, n, gust_strerror(err));
    } while (has_failed && n < MAX_N);
    assert_true(n < MAX_N);
    return n - 1;
}

TEST(a_failing_system_call_costs_its_conversation_at_the_most)
{
    static const struct {
        const char *name;
        enum fault_call call;
        int (*conversation)(void *);
        int harmless[8], others[8]; /* faults that nobody may notice, and those that may be */
    } cases[] = {
        /* EAGAIN, and a short count, where there are bytes, are what epoll(7) says cannot be. */
        {"recv",
         FAULT_RECV,
         talk,
         {EINTR, ENOBUFS, ENOMEM},
         {FAULT_SHORT, EAGAIN, ECONNRESET, ETIMEDOUT}},
        {"send",
         FAULT_SEND,
         talk,
         {EINTR, FAULT_SHORT, ENOBUFS, ENOMEM},
         {EAGAIN, EPIPE, ECONNRESET}},
        {"sendmsg",
         FAULT_SENDMSG,
         talk,
         {EINTR, FAULT_SHORT, ENOBUFS, ENOMEM},
         {EAGAIN, EPIPE, ECONNRESET}},
        {"read", FAULT_READ, through_pipe, {EINTR, FAULT_SHORT, ENOMEM}, {EAGAIN, EIO}},
        {"writev", FAULT_WRITEV, through_pipe, {EINTR, FAULT_SHORT, ENOMEM}, {EAGAIN, EPIPE, EIO}},
        {"accept4",
         FAULT_ACCEPT,
         talk,
         {EINTR, EAGAIN, ECONNABORTED, ENETDOWN, EINVAL, ENOBUFS, ENOMEM},
         {EMFILE, ENFILE}},
        {"connect", FAULT_CONNECT, talk, {0}, {ECONNREFUSED, EAGAIN, ENOBUFS}},
        {"socket", FAULT_SOCKET, talk, {0}, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
        {"shutdown", FAULT_SHUTDOWN, leave, {0}, {ENOTCONN, ENOBUFS}},
        {"epoll_ctl", FAULT_CTL, talk, {0}, {ENOMEM, ENOSPC}},
        {"epoll_ctl of a pipe", FAULT_CTL, through_pipe, {0}, {ENOMEM, ENOSPC}},
        {"epoll_wait", FAULT_WAIT, talk, {EINTR, ENOMEM}, {0}},
        {"recv, TLS",
         FAULT_RECV,
         talk_in_secret,
         {EINTR, ENOBUFS, ENOMEM},
         {FAULT_SHORT, EAGAIN, ECONNRESET, ETIMEDOUT}},
        {"send, TLS",
         FAULT_SEND,
         talk_in_secret,
         {EINTR, FAULT_SHORT, ENOBUFS, ENOMEM},
         {EAGAIN, EPIPE, ECONNRESET}},
        {"shutdown, TLS", FAULT_SHUTDOWN, leave_in_secret, {0}, {ENOTCONN, ENOBUFS}},
        /* The goodbye is said once: without room for it the peer takes the end for a cut. */
        {"send of a goodbye, TLS",
         FAULT_SEND,
         leave_in_secret,
         {EINTR, FAULT_SHORT},
         {EAGAIN, ENOBUFS, ENOMEM, EPIPE}},
        {"epoll_ctl, TLS", FAULT_CTL, talk_in_secret, {0}, {ENOMEM, ENOSPC}},
        {"epoll_wait, TLS", FAULT_WAIT, talk_in_secret, {EINTR, ENOMEM}, {0}},
    };

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 15);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        set_up(is_secret(cases[i].conversation));
        if (cases[i].call == FAULT_WAIT) { /* the clock that jumps would take it for an idle wait */
            gu_loop_set_clock(loop, NULL);
            patience = 100; /* on the real clock a machine that is busy needs time */
        }
        for (const int *f = cases[i].harmless; *f != 0; f++)
            assert_true(fail_each(cases[i].call, *f, true, cases[i].conversation) > 0);
        for (const int *f = cases[i].others; *f != 0; f++)
            assert_true(fail_each(cases[i].call, *f, false, cases[i].conversation) > 0);
        gu_loop_set_clock(loop, &jumping.base);
        tear_down();
    }
}

TEST(an_allocation_that_fails_costs_its_conversation_at_the_most)
{
    int (*const conversations[])(void *) = {talk, leave, talk_in_secret, leave_in_secret,
                                            through_pipe};

    for (size_t i = 0; i < gu_countof(conversations); i++) {
        uint64_t n = 0;
        bool is_reached = true;

        set_up(is_secret(conversations[i]));
        while (is_reached) {
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

/* --- an address of two sockets --- */

TEST(a_server_takes_all_sockets_of_an_address_or_none)
{
    gust_tcpserver *two;

    set_up(false);
    two = gust_tcpserver_new(echo, NULL, NULL);
    fault_set(FAULT_CTL, 2, ENOMEM);
    assert_int_equal(gust_tcpserver_listen(two, "localhost:0"), -ENOMEM);
    assert_true(fault_clear());
    assert_int_equal(gust_tcpserver_port(two), 0);
    assert_int_equal(gust_tcpserver_listen(two, "localhost:0"), 0);
    assert_true(gust_tcpserver_port(two) > 0);
    gust_tcpserver_free(two);
    tear_down();
}

/* --- no descriptors left --- */

static int wait_a_while(void *arg)
{
    (void)arg;
    gust_sleep(3);
    return 0;
}

/* "unix:@name": behind the zero byte of an abstract name. */
static socklen_t abstract_name(struct sockaddr_un *address)
{
    const char *name = test_address() + strlen("unix:@");
    size_t len = strlen(name);

    memcpy(address->sun_path + 1, name, len);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

TEST(out_of_descriptors_turns_away_and_does_not_spin)
{
    enum { N = 20, ROOM = 5 };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len;
    struct rlimit limit, low;
    int clients[N], n_away = 0, n_served = 0;
    uint64_t turns;
    char byte;

    set_up(false);
    len = abstract_name(&address);
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
