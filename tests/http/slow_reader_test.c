/*
 * slow_reader — peers that take their answers slowly, or not at all, and what is kept for them
 */
#include "http_stage.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

/* --- delegates --- */

static int answer(gust_exchange *x)
{
    const gust_field fields[] = {{"X-Path", gust_exchange_path(x)}, {0}};
    int err = gust_exchange_write_headers(x, 200, fields, 2);

    return err < 0 ? err : gust_exchange_write(x, "ok", 2);
}

static const gust_delegate plain = {.headers_received = answer};

/* --- peers that read slowly --- */

static const gust_delegate large = {.headers_received = http_answer_big};

/* What a peer that reads n bytes a second gets to see of it, in so many seconds. */
static void read_at(int fd, size_t rate, int seconds)
{
    static char piece[65536];

    for (int i = 0; i < seconds; i++) {
        ssize_t n = recv(fd, piece, rate, 0);

        if (n > 0)
            stage->len += (size_t)n;
        stage->is_closed = n == 0;
        virtual_run(stage->loop, 1);
    }
}

HTTP_TEST(a_peer_that_does_not_read_is_closed)
{
    int fd;

    http_serve(&large, NULL, NULL);
    fd = http_connect();
    http_narrow();
    http_send(fd, GET);
    run_turns(stage->loop, 5);
    assert_true(gu_stream_is_blocked(&http_newest()->s));
    read_at(fd, 20, 5);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 1);
    read_at(fd, 20, 4);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    assert_holds(stage->log, "min_rate");
    close(fd);
}

HTTP_TEST(a_peer_that_reads_steadily_is_sent_all)
{
    int fd;

    http_serve(&large, NULL, NULL);
    fd = http_connect();
    http_narrow();
    http_send(fd, GET);
    stage->len = 0;
    for (int i = 0; i < 400 && stage->len < HTTP_BIG; i++)
        read_at(fd, 6000, 1);
    assert_true(stage->len > HTTP_BIG);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 1);
    close(fd);
}

HTTP_TEST(a_response_that_is_finished_is_watched_too)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    http_narrow();
    for (int i = 0; i < 60; i++)
        http_send(fd, GET GET GET GET);
    run_turns(stage->loop, 20);
    assert_true(gu_stream_is_blocked(&http_newest()->s));
    assert_null(http_newest()->x);
    virtual_run(stage->loop, 9);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    close(fd);
}

#define BUFFER ((size_t)1 << 20) /* max_buffer_size */
#define FRAMING 9                /* bytes around a chunk with a size of five digits */

/* Answers in three pieces without waiting for room; behind the second, as many bytes are unsent as
 * the limit and the query say. */
static int write_regardless(gust_exchange *x)
{
    size_t full = BUFFER + (size_t)strtol(gust_exchange_query(x), NULL, 10);
    char *much = gust_alloc(2 * BUFFER);

    GUST_DEADLINE(0); /* no time to wait for room */
    memset(much, 'm', 2 * BUFFER);
    gust_ignore(gust_exchange_write(x, much, HTTP_BIG));
    gust_ignore(gust_exchange_write(x, much, full - FRAMING - gu_stream_unsent(&x->conn->s)));
    assert_int_equal(gu_stream_unsent(&x->conn->s), full);
    memcpy(much + BUFFER, "last", 4);
    gust_ignore(gust_exchange_write(x, much + BUFFER, GU_NET_COPY));
    return 0;
}

HTTP_TEST(more_than_max_buffer_size_unsent_cuts_the_connection)
{
    static const struct {
        const char *name, *request;
        bool is_cut;
    } cases[] = {
        {"a byte below", "GET /?-1 HTTP/1.1\r\nHost: x\r\n\r\n", false},
        {"the limit", "GET /?0 HTTP/1.1\r\nHost: x\r\n\r\n", false},
        {"a byte above", "GET /?1 HTTP/1.1\r\nHost: x\r\n\r\n", true},
    };
    static const gust_delegate regardless = {.headers_received = write_regardless};

    http_serve(&regardless, NULL, &(gust_httpserver_options){.max_buffer_size = BUFFER});
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = http_connect();

        TEST_CASE(cases[i].name);
        http_narrow();
        stage->events[0] = '\0';
        http_send(fd, cases[i].request);
        run_turns(stage->loop, 5);
        assert_int_equal(gust_httpserver_n_connections(stage->server), cases[i].is_cut ? 0 : 1);
        http_read(fd);
        assert_int_equal(stage->is_closed, cases[i].is_cut);
        assert_int_equal(http_count(stage->bytes, "last"), cases[i].is_cut ? 0 : 1);
        close(fd);
    }
}

/* One chunk, whose framing comes behind it. */
static int answer_in_one_chunk(gust_exchange *x)
{
    char *big = gust_alloc(HTTP_BIG);

    memset(big, 'b', HTTP_BIG);
    return gust_exchange_write(x, big, HTTP_BIG);
}

HTTP_TEST(an_answer_in_one_piece_may_be_larger_than_max_buffer_size)
{
    static const gust_delegate whole[] = {
        {.headers_received = http_answer_big},
        {.headers_received = answer_in_one_chunk},
    };

    http_serve(&large, NULL, &(gust_httpserver_options){.max_buffer_size = 100});
    for (size_t i = 0; i < gu_countof(whole); i++) {
        int fd;

        stage->server->delegate = &whole[i];
        fd = http_connect();
        http_narrow();
        http_send(fd, GET GET); /* the second is not begun before the first has left */
        http_read(fd);
        assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 2);
        assert_in_range(stage->len, 2 * HTTP_BIG, 2 * HTTP_BIG + 1000);
        assert_false(stage->is_closed);
        close(fd);
    }
}
