/*
 * http_fault — a server's system calls fail, one at a time
 *
 * First those that set a server up: the address is not listened on, nothing is left behind, and the
 * same server listens when it is asked again. Then those of serving: the n-th call of a kind fails
 * for every n that is reached; what it costs is its own connection at the most, and the next
 * request is answered.
 */
#include "base/alloc.h"
#include "fault.h"
#include "http_stage.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_N 200 /* calls of a kind; more are a conversation without an end */

static int answer(gust_exchange *x)
{
    const char *path = gust_exchange_path(x);

    if (strcmp(path, "/big") == 0)
        return http_answer_big(x);
    if (strcmp(path, "/cut") != 0)
        return gust_exchange_write(x, "ok", 2);
    gust_ignore(gust_exchange_write_headers(x, 200, NULL, -1));
    gust_ignore(gust_exchange_write(x, "half", 4));
    return -EIO;
}

static int take(gust_exchange *x, gust_str data)
{
    (void)x;
    (void)data;
    return 0;
}

static const gust_delegate delegate = {.data_received = take, .finish = answer};

/* --- setting up --- */

static int connect_to_port(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)gust_httpserver_port(stage->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_return_code(connect(fd, (const struct sockaddr *)&to, sizeof to), errno);
    assert_return_code(fcntl(fd, F_SETFL, O_NONBLOCK), errno);
    return fd;
}

static void assert_serves(int fd)
{
    assert_begins(http_ask(fd, GET), "HTTP/1.1 200 ");
    assert_false(stage->is_closed);
    close(fd);
}

/* Listens with each call of the kind failing, until there are no more. The number of failures. An
 * address of two sockets, of which the second may fail when the first is open. */
static unsigned fail_to_listen(enum fault_call call, int fault)
{
    unsigned n = 0, n_failed = 0;
    bool has_failed;

    do {
        int err;

        stage->server = gust_httpserver_new_delegate(&delegate, NULL, NULL);
        fault_set(call, ++n, fault);
        err = gust_httpserver_listen(stage->server, "localhost:0");
        has_failed = fault_clear();
        if (err < 0 && (!has_failed || err != -fault))
            fail_msg("listening fails with %s, n = %u", gust_strerror(err), n);
        n_failed += err < 0;
        assert_true(err == 0 || gu_list_is_empty(&stage->server->listeners));
        if (err < 0)
            assert_int_equal(gust_httpserver_listen(stage->server, "localhost:0"), 0);
        if (gust_httpserver_port(stage->server) != 0)
            assert_serves(connect_to_port());
        gust_httpserver_free(stage->server);
        run_turns(stage->loop, 2);
    } while (has_failed && n < MAX_N);
    assert_true(n > 1 && n < MAX_N);
    return n_failed;
}

TEST(a_server_that_could_not_listen_says_why_and_does_when_asked_again)
{
    static const struct {
        const char *name;
        enum fault_call call;
        int faults[6];
    } cases[] = {
        {"socket", FAULT_SOCKET, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
        {"setsockopt", FAULT_SETOPT, {ENOBUFS, ENOMEM, ENOPROTOOPT}},
        {"bind", FAULT_BIND, {EACCES, ENOBUFS, ENOMEM}},
        {"listen", FAULT_LISTEN, {ENOBUFS}},
        {"getsockname", FAULT_NAME, {ENOBUFS, ENOMEM}},
        {"fcntl", FAULT_FCNTL, {EINTR, ENOMEM}},
        {"epoll_ctl", FAULT_CTL, {ENOMEM, ENOSPC}},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        http_stage_open("epoll");
        for (const int *f = cases[i].faults; *f != 0; f++)
            assert_true(fail_to_listen(cases[i].call, *f) > 0);
        stage->server = NULL;
        http_end();
    }
}

/* A stage and a server on it, with the n-th allocation failing. Whether it was reached. */
static bool set_up_without_memory(uint64_t n)
{
    bool has_failed;
    int err = -ENOMEM;

    http_stage_open("epoll");
    gu_alloc_fail_at(n);
    stage->server = gust_httpserver_new_delegate(&delegate, NULL, NULL);
    if (stage->server != NULL)
        err = gust_httpserver_listen(stage->server, "localhost:0");
    has_failed = gu_alloc_has_failed();
    gu_alloc_fail_at(0);
    assert_true(err == 0 || (has_failed && err == -ENOMEM));
    if (stage->server == NULL)
        stage->server = gust_httpserver_new_delegate(&delegate, NULL, NULL);
    if (err < 0)
        assert_int_equal(gust_httpserver_listen(stage->server, "localhost:0"), 0);
    assert_serves(connect_to_port());
    http_end();
    return has_failed;
}

TEST(a_server_that_had_no_memory_listens_when_asked_again)
{
    uint64_t n = 1;

    while (set_up_without_memory(n))
        n++;
    assert_true(n > 5);
}

TEST(a_server_that_cannot_be_made_is_none)
{
    static const gust_tls_options no_certificate;

    http_stage_open("epoll");
    gust_httpserver_free(NULL);
    assert_null(gust_httpserver_new_delegate(&delegate, NULL,
                                             &(gust_httpserver_options){.tls = &no_certificate}));
    http_serve(&delegate, NULL, NULL);
    assert_int_equal(gust_httpserver_reload_tls(stage->server), -EINVAL);
    http_end();
}

/* --- serving --- */

static size_t n_answered; /* bytes */

/* Reads until nothing more comes, whatever is tried again after a while. */
static void read_all(int fd)
{
    n_answered = 0;
    for (int quiet = 0; quiet < 2 && !stage->is_closed;) {
        http_read(fd);
        n_answered += stage->len;
        quiet = stage->len > 0 ? 0 : quiet + 1;
        if (!stage->is_closed)
            virtual_run(stage->loop, 0.3);
    }
}

/* One connection, on which the client's own calls are spared. */
static void converse(const char *bytes)
{
    int fd = http_call("");

    fault_spare(fd);
    stage->is_closed = false;
    run_turns(stage->loop, 3);
    if (send(fd, bytes, strlen(bytes), MSG_NOSIGNAL) > 0)
        read_all(fd);
    close(fd);
    virtual_run(stage->loop, 0.3); /* a listener pauses so long at the most */
    fault_spare(-1);
}

struct serving {
    const char *name;
    enum fault_call call;
    const char *bytes;
    int harmless[6], others[6]; /* faults that nobody may notice, and those that may be */
};

static void fail_each(const struct serving *c, int fault, bool is_harmless)
{
    unsigned n = 0;
    size_t whole;
    bool has_failed;

    converse(c->bytes);
    whole = n_answered;
    assert_true(whole > 0);
    do {
        fault_set(c->call, ++n, fault);
        converse(c->bytes);
        has_failed = fault_clear();
        if (n_answered != whole && (is_harmless || !has_failed))
            fail_msg("fault %d at call %u: %zu bytes instead of %zu", fault, n, n_answered, whole);
        assert_serves(http_connect());
    } while (has_failed && n < MAX_N);
    if (n == 1 || n == MAX_N)
        fail_msg("fault %d: %u calls", fault, n);
}

static void fail_all(const struct serving *cases, size_t n)
{
    http_serve(&delegate, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        TEST_CASE(cases[i].name);
        for (const int *f = cases[i].harmless; *f != 0; f++)
            fail_each(&cases[i], *f, true);
        for (const int *f = cases[i].others; *f != 0; f++)
            fail_each(&cases[i], *f, false);
    }
}

#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
#define BIG "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"
#define LAST "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define REFUSED "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"
#define CUT "GET /cut HTTP/1.0\r\n\r\n"

HTTP_TEST(a_failing_system_call_costs_its_connection_at_the_most)
{
    static const struct serving cases[] = {
        {"accept4",
         FAULT_ACCEPT,
         GET,
         {EINTR, EAGAIN, ECONNABORTED, ENOBUFS, ENOMEM},
         {EMFILE, ENFILE}},
        {"recv", FAULT_RECV, GET POST, {EINTR, ENOBUFS, ENOMEM}, {ECONNRESET, ETIMEDOUT}},
        {"send", FAULT_SEND, GET POST LAST, {EINTR, ENOBUFS, ENOMEM}, {EAGAIN, EPIPE, ECONNRESET}},
        {"sendmsg", FAULT_SENDMSG, BIG, {EINTR, ENOBUFS, ENOMEM}, {EAGAIN, EPIPE, ECONNRESET}},
        {"send of a refusal", FAULT_SEND, REFUSED, {EINTR, ENOBUFS}, {EAGAIN, ECONNRESET}},
        {"shutdown", FAULT_SHUTDOWN, REFUSED, {ENOTCONN, ENOBUFS}, {0}},
        {"setsockopt", FAULT_SETOPT, CUT, {ENOBUFS, ENOMEM}, {0}},
        {"the wait", FAULT_WAIT, GET BIG, {EINTR, ENOMEM}, {0}},
    };

    fail_all(cases, gu_countof(cases));
}

TEST(a_connection_that_epoll_does_not_take_is_closed)
{
    static const struct serving cases[] = {{"epoll_ctl", FAULT_CTL, GET, {0}, {ENOMEM, ENOSPC}}};

    http_stage_open("epoll");
    fail_all(cases, gu_countof(cases));
    http_end();
}
