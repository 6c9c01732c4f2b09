/*
 * server — budgets, two servers on a loop, closing, connections given away, and no memory
 */
#include "base/alloc.h"
#include "http_stage.h"
#include "net/listen.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(length) "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " #length "\r\n\r\n"

static int answer(gust_exchange *x)
{
    return gust_exchange_write(x, "ok", 2);
}

static int sleep_first(gust_exchange *x)
{
    int err = gust_sleep(5);

    http_note("%d ", err);
    return err < 0 ? err : answer(x);
}

static const gust_delegate plain = {.headers_received = answer};
static const gust_delegate sleepy = {.headers_received = sleep_first};

/* --- budgets --- */

HTTP_TEST(beyond_max_connections_clients_wait)
{
    int a, b, c;

    http_serve(&plain, NULL, &(gust_httpserver_options){.max_connections = 2});
    a = http_connect();
    b = http_connect();
    c = http_connect();
    assert_int_equal(gust_httpserver_n_connections(stage->server), 2);
    assert_string_equal(http_ask(c, GET), "");
    assert_begins(http_ask(b, GET), "HTTP/1.1 200 ");
    close(a);
    assert_begins(http_read(c), "HTTP/1.1 200 ");
    assert_int_equal(gust_httpserver_n_connections(stage->server), 2);
    close(b);
    close(c);
}

HTTP_TEST(beyond_max_tasks_requests_are_answered_503_and_two_servers_have_two_budgets)
{
    gust_httpserver *other;
    int a, b, c;

    http_serve(&sleepy, NULL, &(gust_httpserver_options){.max_tasks = 1});
    other = http_serve_also("-2", &plain, NULL, &(gust_httpserver_options){.max_tasks = 2});
    a = http_connect();
    b = http_connect();
    c = http_connect_to("-2");
    assert_string_equal(http_ask(a, GET), "");
    assert_begins(http_ask(b, GET), "HTTP/1.1 503 ");
    assert_true(stage->is_closed);
    assert_begins(http_ask(c, GET), "HTTP/1.1 200 ");
    virtual_run(stage->loop, 6);
    assert_begins(http_read(a), "HTTP/1.1 200 ");
    assert_string_equal(http_ask(a, GET), "");
    virtual_run(stage->loop, 6);
    assert_begins(http_read(a), "HTTP/1.1 200 ");
    close(a);
    close(b);
    close(c);
    gust_httpserver_free(other);
}

static int hold_memory(gust_exchange *x)
{
    if (gust_exchange_query(x)[0] != '\0')
        memset(gust_alloc(100000), 0, 100000);
    return sleep_first(x);
}

HTTP_TEST(beyond_max_memory_requests_are_answered_503_and_connections_wait)
{
    static const gust_delegate holding = {.headers_received = hold_memory};
    struct gu_http *http;
    size_t one;
    int a, b, c;

    http_serve(&holding, NULL, NULL);
    http = gu_http_of(stage->loop);
    a = http_connect();
    b = http_connect();
    http_ask(a, "GET /?1 HTTP/1.1\r\nHost: x\r\n\r\n");
    one = gu_http_memory(http);
    assert_in_range(one, 100000, 110000);
    stage->server->max_memory = one; /* the edge: not passed yet */
    assert_string_equal(http_ask(b, GET), "");
    stage->server->max_memory = gu_http_memory(http) - 1;
    c = http_connect(); /* the one that finds out */
    assert_begins(http_ask(c, GET), "HTTP/1.1 503 ");
    close(c);
    assert_holds(stage->log, "max_memory");
    c = http_connect();
    virtual_run(stage->loop, 1);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 2);
    virtual_run(stage->loop, 4.5);
    assert_begins(http_read(a), "HTTP/1.1 200 ");
    assert_int_equal(gust_httpserver_n_connections(stage->server), 3);
    http_ask(c, GET);
    virtual_run(stage->loop, 6);
    assert_begins(http_read(c), "HTTP/1.1 200 ");
    close(a);
    close(b);
    close(c);
}

HTTP_TEST(a_turn_accepts_32_connections_and_the_next_the_rest)
{
    static const size_t wait[] = {GU_ACCEPTS - 1, GU_ACCEPTS, GU_ACCEPTS + 1};
    int fds[GU_ACCEPTS + 1];

    http_serve(&plain, NULL, NULL);
    for (size_t i = 0; i < gu_countof(wait); i++) {
        for (size_t n = 0; n < wait[i]; n++)
            fds[n] = http_call("");
        run_turns(stage->loop, 1);
        assert_int_equal(gust_httpserver_n_connections(stage->server),
                         gu_min(wait[i], (size_t)GU_ACCEPTS));
        run_turns(stage->loop, 1);
        assert_int_equal(gust_httpserver_n_connections(stage->server), wait[i]);
        for (size_t n = 0; n < wait[i]; n++)
            close(fds[n]);
        run_turns(stage->loop, 4);
        assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    }
}

#define MOST_FIELDS (GU_NET_OUT - GU_NET_COPY) /* the least of which is the server's own */

/* Answers with as much as fits. */
static int answer_large(gust_exchange *x)
{
    static const size_t sizes[] = {MOST_FIELDS + 1, MOST_FIELDS, MOST_FIELDS - 1024};
    static char value[MOST_FIELDS + 2];
    const gust_field fields[] = {{"X", value}, {0}};

    memset(value, '~', sizeof value - 1);
    for (size_t i = 0; i < gu_countof(sizes); i++) {
        int err;

        value[sizes[i]] = '\0';
        err = gust_exchange_write_headers(x, 200, fields, 2);
        http_note("%d ", err == -EMSGSIZE ? -1 : err);
    }
    return answer(x);
}

HTTP_TEST(a_delegate_is_told_of_a_head_that_is_too_large)
{
    static const gust_delegate delegate = {.headers_received = answer_large};
    int fd;

    http_serve(&delegate, NULL, NULL);
    fd = http_connect();
    assert_begins(http_ask(fd, GET), "HTTP/1.1 200 ");
    assert_in_range(stage->len, MOST_FIELDS - 1024, MOST_FIELDS);
    assert_string_equal(stage->events, "-1 -1 0 ");
    close(fd);
}

/* --- the end --- */

static int close_all(void *arg)
{
    http_note("closed:%d ", gust_httpserver_close_all(arg));
    return 0;
}

static void close_all_soon(void *arg)
{
    gust_ignore(close_all(arg));
}

static int close_twice(void *server)
{
    gust_go(close_all_soon, server, NULL);
    return close_all(server);
}

HTTP_TEST(closing_all_waits_for_what_is_in_hand_whoever_waits)
{
    int idle, busy;

    http_serve(&sleepy, NULL, NULL);
    idle = http_connect();
    busy = http_connect();
    http_ask(idle, GET);
    virtual_run(stage->loop, 6);
    http_read(idle);
    http_ask(busy, GET);
    stage->events[0] = '\0';
    gust_httpserver_stop(stage->server);
    assert_int_equal(gust_run(close_twice, stage->server), 0);
    assert_string_equal(stage->events, "0 closed:0 closed:0 ");
    http_read(busy);
    assert_holds(stage->bytes, "Connection: close\r\n");
    http_read(idle);
    assert_true(stage->is_closed);
    close(idle);
    close(busy);
}

HTTP_TEST(freeing_cuts_connections_and_cancels_requests)
{
    int idle, busy;

    http_serve(&sleepy, NULL, NULL);
    idle = http_connect();
    busy = http_connect();
    http_ask(busy, GET GET);
    gust_httpserver_free(stage->server);
    stage->server = NULL;
    assert_string_equal(http_read(busy), "");
    assert_true(stage->is_closed);
    assert_string_equal(stage->events, "-125 ");
    close(idle);
    close(busy);
}

HTTP_TEST(a_server_on_a_unix_socket_has_no_port_and_one_on_tcp_its_own)
{
    http_serve(&plain, NULL, NULL);
    assert_int_equal(gust_httpserver_port(stage->server), 0);
    assert_int_equal(gust_httpserver_listen(stage->server, "127.0.0.1:0"), 0);
    assert_in_range(gust_httpserver_port(stage->server), 1, 65535);
    assert_int_equal(gust_httpserver_listen(stage->server, "nonsense:x:y"), -EINVAL);
}

/* --- connections given away --- */

static int echo_lines(gust_exchange *x)
{
    gust_stream *s = gust_exchange_stream(x);
    gust_str line;

    assert_non_null(s);
    assert_null(gust_exchange_stream(x));
    assert_int_equal(gust_exchange_write(x, "a", 1), -GUST_ECLOSED);
    if (gust_stream_printf(s, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n") < 0)
        return -EIO;
    while (gust_read_until(s, "\n", 0, &line) == 0)
        gust_ignore(gust_stream_write(s, line.ptr, line.len));
    http_note("end ");
    return 0;
}

static int echo_later(gust_exchange *x)
{
    gust_ignore(gust_sleep(1));
    return echo_lines(x);
}

static void note_close(gust_exchange *x)
{
    (void)x;
    http_note("C ");
}

HTTP_TEST(a_connection_is_given_away_with_what_came_behind_the_head)
{
    static const gust_delegate delegates[] = {
        {.headers_received = echo_lines, .on_connection_close = note_close},
        {.headers_received = echo_later, .on_connection_close = note_close},
    };

    http_serve(&delegates[0], NULL, NULL);
    for (size_t i = 0; i < gu_countof(delegates); i++) {
        int fd;

        stage->server->delegate = &delegates[i];
        stage->events[0] = '\0';
        fd = http_connect();
        http_send(fd, GET "one\ntwo\nthr");
        virtual_run(stage->loop, 2);
        http_read(fd);
        assert_begins(stage->bytes, "HTTP/1.1 101 ");
        assert_holds(stage->bytes, "\r\n\r\none\ntwo\n");
        assert_string_equal(http_ask(fd, "ee\n"), "three\n");
        assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
        assert_int_equal(stage->server->n_exchanges, 1);
        close(fd);
        run_turns(stage->loop, 5);
        assert_string_equal(stage->events, "end ");
        assert_int_equal(stage->server->n_exchanges, 0);
    }
}

/* --- no memory --- */

static int read_and_answer(gust_exchange *x)
{
    gust_field fields[] = {{"X-Sum", NULL}, {0}};
    char piece[512];
    int n;

    while ((n = gust_exchange_read(x, piece, sizeof piece)) > 0)
        continue;
    fields[0].value = gust_exchange_trailer(x, "X-Sum");
    if (n == 0)
        n = gust_exchange_write_headers(x, 200, fields, 3);
    return n < 0 ? n : gust_exchange_write(x, "yes", 3);
}

/* A connection, a request whose head and body come in pieces, a response. The server may have
 * closed it long before. */
static void talk_once(void)
{
    static const char *const pieces[] = {
        "POST /a?b HTTP/1.1\r\nHost: x\r\nTransfer-Enc",
        "oding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-S",
        "um: 1\r\n\r\n",
    };
    int fd = http_connect();

    for (size_t i = 0; i < gu_countof(pieces); i++) {
        gust_ignore((int)send(fd, pieces[i], strlen(pieces[i]), MSG_NOSIGNAL));
        http_read(fd);
    }
    close(fd);
    run_turns(stage->loop, 4);
}

TEST(after_each_allocation_that_fails_the_next_request_is_served)
{
    static const gust_delegate reading = {.headers_received = read_and_answer};
    bool has_failed = true;
    uint64_t n = 0;

    while (has_failed) {
        http_stage_open("epoll");
        http_serve(&reading, NULL, NULL);
        gu_alloc_fail_at(++n);
        talk_once();
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        talk_once();
        assert_holds(stage->bytes, "X-Sum: 1\r\n");
        http_end();
    }
    assert_true(n > 3);
}

static int echo_if_it_can(gust_exchange *x)
{
    gust_stream *s = gust_exchange_stream(x);
    gust_str line;
    int err = s == NULL ? -ENOMEM : gust_read_until(s, "\n", 0, &line);

    return err < 0 ? err : gust_stream_write(s, line.ptr, line.len);
}

/* What came behind the head goes along, so it has to be kept. */
static void take_once(void)
{
    int fd = http_connect();

    gust_ignore((int)send(fd, GET "one\n", sizeof GET + 3, MSG_NOSIGNAL));
    http_read(fd);
    close(fd);
    run_turns(stage->loop, 4);
}

TEST(after_each_allocation_that_fails_the_next_connection_is_given_away)
{
    static const gust_delegate echoing = {.headers_received = echo_if_it_can};
    bool has_failed = true;
    uint64_t n = 0;

    while (has_failed) {
        http_stage_open("epoll");
        http_serve(&echoing, NULL, NULL);
        gu_alloc_fail_at(++n);
        take_once();
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        take_once();
        assert_string_equal(stage->bytes, "one\n");
        http_end();
    }
    assert_true(n > 3);
}
