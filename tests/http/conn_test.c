/*
 * conn — heads, limits, timeouts, rates of bodies, lingering
 */
#include "http_stage.h"
#include <stdio.h>
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

/* Reads the body, then answers with its length. */
static int count_body(gust_exchange *x)
{
    char piece[1000], text[32];
    size_t total = 0;
    int n;

    while ((n = gust_exchange_read(x, piece, sizeof piece)) > 0)
        total += (size_t)n;
    http_note("[%zu %d]", total, n);
    if (n < 0)
        return n;
    n = snprintf(text, sizeof text, "%zu", total);
    return gust_exchange_write(x, text, (size_t)n);
}

static const gust_delegate counting = {.headers_received = count_body};

/* --- heads --- */

/* A head of exactly `len` bytes. */
static char *head_of(size_t len)
{
    static const char begin[] = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    char *head = malloc(len + 1);

    assert_non_null(head);
    memset(head, 'a', len);
    memcpy(head, begin, sizeof begin - 1);
    memcpy(head + len - 4, "\r\n\r\n", 5);
    return head;
}

HTTP_TEST(a_head_may_be_as_long_as_max_header_size)
{
    static const struct {
        size_t len;
        const char *status;
    } cases[] = {{499, "HTTP/1.1 200"}, {500, "HTTP/1.1 200"}, {501, "HTTP/1.1 431"}};

    http_serve(&plain, NULL, &(gust_httpserver_options){.max_header_size = 500});
    for (size_t i = 0; i < gu_countof(cases); i++) {
        for (int is_cut = 0; is_cut < 2; is_cut++) {
            char *head = head_of(cases[i].len);
            int fd = http_connect();

            if (is_cut) {
                http_send_bytes(fd, head, 100);
                run_turns(stage->loop, 4);
            }
            http_ask(fd, head + (is_cut ? 100 : 0));
            assert_memory_equal(stage->bytes, cases[i].status, 12);
            assert_int_equal(stage->is_closed, cases[i].len > 500);
            close(fd);
            free(head);
        }
    }
}

HTTP_TEST(a_request_line_that_does_not_end_is_answered_414)
{
    char *line = head_of(600);
    int fd;

    http_serve(&plain, NULL, &(gust_httpserver_options){.max_header_size = 500});
    memset(line, 'G', 600);
    fd = http_connect();
    line[499] = '\0';
    assert_string_equal(http_ask(fd, line), "");
    assert_begins(http_ask(fd, "G"), "HTTP/1.1 414 ");
    assert_true(stage->is_closed);
    assert_holds(stage->log, "max_header_size");
    close(fd);
    free(line);
}

HTTP_TEST(a_head_may_have_max_header_count_fields)
{
    http_serve(&plain, NULL, &(gust_httpserver_options){.max_header_count = 3});
    for (int n = 2; n <= 4; n++) {
        int fd = http_connect();

        http_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n");
        for (int i = 1; i < n; i++)
            http_send(fd, "A: b\r\n");
        http_ask(fd, "\r\n");
        assert_memory_equal(stage->bytes, n > 3 ? "HTTP/1.1 431" : "HTTP/1.1 200", 12);
        assert_int_equal(stage->is_closed, n > 3);
        close(fd);
    }
    assert_holds(stage->log, "max_header_count");
}

HTTP_TEST(what_is_no_request_is_refused)
{
    static const struct {
        const char *name, *text, *status;
    } cases[] = {
        {"nonsense", "NONSENSE\r\n\r\n", "HTTP/1.1 400"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        {"version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505"},
        {"connect without a port", "CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
        {"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "HTTP/1.1 200"},
        {"options", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200"},
        {"upgrade", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
         "HTTP/1.1 200"},
        {"empty lines first", "\r\n\r\n" GET, "HTTP/1.1 200"},
    };

    http_serve(&plain, NULL, NULL);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = http_connect();

        http_ask(fd, cases[i].text);
        assert_memory_equal(stage->bytes, cases[i].status, 12);
        assert_int_equal(stage->is_closed, strcmp(cases[i].status, "HTTP/1.1 200") != 0);
        close(fd);
    }
}

HTTP_TEST(options_of_the_server_reaches_a_delegate_with_its_asterisk)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    assert_holds(http_ask(fd, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "X-Path: *\r\n");
    close(fd);
}

HTTP_TEST(http_1_0_closes_unless_it_is_asked_to_stay)
{
    static const struct {
        const char *text, *line;
        bool is_closed;
    } cases[] = {
        {"GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "Connection: close\r\n", true},
        {GET, "\r\n\r\nok", false},
    };

    http_serve(&plain, NULL, NULL);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = http_connect();

        assert_holds(http_ask(fd, cases[i].text), cases[i].line);
        assert_int_equal(stage->is_closed, cases[i].is_closed);
        close(fd);
    }
}

HTTP_TEST(no_keep_alive_closes_after_each_response)
{
    int fd;

    http_serve(&plain, NULL, &(gust_httpserver_options){.no_keep_alive = true});
    fd = http_connect();
    assert_holds(http_ask(fd, GET), "Connection: close\r\n");
    assert_true(stage->is_closed);
    close(fd);
}

/* --- timeouts --- */

HTTP_TEST(a_heads_deadline_is_absolute)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    http_send(fd, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 9; i++) {
        virtual_run(stage->loop, 1.05);
        http_send(fd, "a");
        assert_string_equal(http_read(fd), "");
    }
    virtual_run(stage->loop, 1.05);
    assert_begins(http_read(fd), "HTTP/1.1 408 ");
    assert_true(stage->is_closed);
    assert_holds(stage->log, "header_timeout");
    close(fd);
}

HTTP_TEST(who_says_nothing_is_closed_in_silence)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    virtual_run(stage->loop, 9.5);
    assert_string_equal(http_read(fd), "");
    assert_false(stage->is_closed);
    virtual_run(stage->loop, 1);
    assert_string_equal(http_read(fd), "");
    assert_true(stage->is_closed);
    assert_string_equal(stage->log, "");
    close(fd);
}

HTTP_TEST(a_second_head_has_its_own_deadline)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    http_ask(fd, GET "GET / HT");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    virtual_run(stage->loop, 9);
    assert_begins(http_ask(fd, "TP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 ");
    virtual_run(stage->loop, 70);
    http_ask(fd, "G");
    virtual_run(stage->loop, 10.5);
    assert_begins(http_read(fd), "HTTP/1.1 408 ");
    close(fd);
}

HTTP_TEST(an_idle_connection_is_closed_75_seconds_after_its_last_response)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    for (int i = 0; i < 2; i++) {
        http_ask(fd, GET);
        virtual_run(stage->loop, 74);
        http_ask(fd, "\r\n"); /* puts nothing off */
        assert_false(stage->is_closed);
    }
    virtual_run(stage->loop, 1.5);
    assert_string_equal(http_read(fd), "");
    assert_true(stage->is_closed);
    close(fd);
}

static int sleep_long(gust_exchange *x)
{
    int err = gust_sleep(300);

    return err < 0 ? err : answer(x);
}

HTTP_TEST(a_request_in_hand_is_not_idle)
{
    static const gust_delegate sleepy = {.headers_received = sleep_long};
    int fd;

    http_serve(&sleepy, NULL, NULL);
    fd = http_connect();
    assert_string_equal(http_ask(fd, GET), "");
    virtual_run(stage->loop, 299);
    assert_string_equal(http_read(fd), "");
    assert_false(stage->is_closed);
    virtual_run(stage->loop, 2);
    assert_begins(http_read(fd), "HTTP/1.1 200 ");
    assert_false(stage->is_closed);
    close(fd);
}

/* --- bodies that come slowly --- */

#define POST(length) "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " #length "\r\n\r\n"

HTTP_TEST(a_body_that_drips_is_answered_408)
{
    int fd, seconds = 0;

    http_serve(&counting, NULL, NULL);
    fd = http_connect();
    http_ask(fd, POST(1000000));
    while (stage->len == 0 && seconds < 20) {
        http_send(fd, "a");
        virtual_run(stage->loop, 1);
        seconds++;
        http_read(fd);
    }
    assert_in_range(seconds, 6, 8);
    assert_begins(stage->bytes, "HTTP/1.1 408 ");
    assert_holds(stage->bytes, "Connection: close\r\n");
    close(fd);
}

HTTP_TEST(a_body_that_comes_at_min_rate_is_read_and_one_that_then_stalls_is_not)
{
    char piece[300];
    int fd;

    memset(piece, 'a', sizeof piece);
    http_serve(&counting, NULL, NULL);
    fd = http_connect();
    http_ask(fd, POST(1000000));
    for (int i = 0; i < 60; i++) {
        http_send_bytes(fd, piece, sizeof piece);
        virtual_run(stage->loop, 1);
        assert_string_equal(http_read(fd), "");
    }
    virtual_run(stage->loop, 14);
    assert_begins(http_read(fd), "HTTP/1.1 408 ");
    close(fd);
}

/* The handler's own time is not the peer's. */
static int read_slowly(gust_exchange *x)
{
    char byte[10];
    int n = 0, err = 0;

    while ((n = gust_exchange_read(x, byte, sizeof byte)) > 0 && err == 0)
        err = gust_sleep(30);
    return n < 0 ? n : answer(x);
}

HTTP_TEST(a_reader_that_takes_its_time_does_not_make_the_peer_slow)
{
    static const gust_delegate slow = {.headers_received = read_slowly};
    int fd;

    http_serve(&slow, NULL, NULL);
    fd = http_connect();
    http_ask(fd, POST(30) "0123456789");
    for (int i = 0; i < 2; i++) {
        virtual_run(stage->loop, 32);
        http_ask(fd, "0123456789");
    }
    virtual_run(stage->loop, 32);
    assert_begins(http_read(fd), "HTTP/1.1 200 ");
    /* and who then stops is still found out */
    http_ask(fd, POST(30) "0123456789");
    virtual_run(stage->loop, 30.5);
    http_ask(fd, "0123456789");
    virtual_run(stage->loop, 40);
    assert_begins(http_read(fd), "HTTP/1.1 408 ");
    close(fd);
}

HTTP_TEST(a_whole_body_has_body_timeout)
{
    const gust_httpserver_options options = {.body_timeout = 20, .min_rate = GUST_NEVER};
    int fd;

    http_serve(&counting, NULL, &options);
    fd = http_connect();
    http_ask(fd, POST(100));
    for (int i = 0; i < 19; i++) {
        http_send(fd, "a");
        virtual_run(stage->loop, 1);
    }
    assert_string_equal(http_read(fd), "");
    http_send(fd, "a");
    virtual_run(stage->loop, 3);
    assert_begins(http_read(fd), "HTTP/1.1 408 ");
    close(fd);
}

/* --- lingering --- */

HTTP_TEST(what_comes_behind_a_refusal_is_read_for_two_seconds)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    fd = http_connect();
    http_ask(fd, POST(100000) "begin");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    assert_holds(stage->bytes, "Connection: close\r\n");
    assert_int_equal(gu_http_of(stage->loop)->n_lingering, 1);
    http_send(fd, "more");
    virtual_run(stage->loop, 1.9);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 1);
    http_send(fd, "more");
    virtual_run(stage->loop, 0.2);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    close(fd);
}

HTTP_TEST(lingering_ends_after_64_kib_or_when_the_peer_closes)
{
    static char much[GU_LINGER_BYTES / 2];
    int fd;

    http_serve(&plain, NULL, NULL);
    for (int is_closing = 0; is_closing < 2; is_closing++) {
        fd = http_connect();
        http_ask(fd, POST(100000));
        http_send_bytes(fd, much, sizeof much);
        run_turns(stage->loop, 4);
        http_send_bytes(fd, much, sizeof much);
        run_turns(stage->loop, 4);
        assert_int_equal(gust_httpserver_n_connections(stage->server), 1);
        if (is_closing)
            close(fd);
        else
            http_send(fd, "1");
        run_turns(stage->loop, 4);
        assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
        if (!is_closing)
            close(fd);
    }
}

HTTP_TEST(no_more_than_a_number_of_connections_linger)
{
    int fd;

    http_serve(&plain, NULL, NULL);
    gu_http_of(stage->loop)->n_lingering = GU_LINGERERS;
    fd = http_connect();
    http_ask(fd, POST(100000));
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    gu_http_of(stage->loop)->n_lingering = 0;
    close(fd);
}

/* --- bodies --- */

HTTP_TEST(a_body_may_be_as_large_as_max_body_size)
{
    static const struct {
        const char *name, *text, *status, *events;
    } cases[] = {
        {"sized", POST(9) "012345678", "200", "[9 0]"},
        {"sized, at", POST(10) "0123456789", "200", "[10 0]"},
        {"sized, above", POST(11) "0123456789a", "413", "[0 -10002]"},
        {"chunked",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "9\r\n012345678\r\n0\r\n\r\n",
         "200", "[9 0]"},
        {"chunked, at",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
         "200", "[10 0]"},
        {"chunked, above",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\n0123\r\n7\r\n456789a\r\n0\r\n\r\n",
         "413", "[4 -10002]"},
        {"chunked, broken",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400",
         "[0 -10003]"},
    };

    http_serve(&counting, NULL, &(gust_httpserver_options){.max_body_size = 10});
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = http_connect();

        stage->events[0] = '\0';
        http_ask(fd, cases[i].text);
        assert_memory_equal(stage->bytes + 9, cases[i].status, 3);
        assert_string_equal(stage->events, cases[i].events);
        assert_int_equal(stage->is_closed, *cases[i].status != '2');
        close(fd);
    }
}

HTTP_TEST(whoever_waits_for_100_is_told_to_go_on_but_not_when_the_answer_is_no)
{
    int fd;

    http_serve(&counting, NULL, &(gust_httpserver_options){.max_body_size = 10});
    fd = http_connect();
    http_ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                 "Expect: 100-continue\r\n\r\n");
    assert_string_equal(stage->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    http_ask(fd, "12345");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    http_ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                 "Expect: 100-continue\r\n\r\n12345");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    http_ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n"
                 "Expect: 100-continue\r\n\r\n");
    assert_begins(stage->bytes, "HTTP/1.1 413 ");
    assert_true(stage->is_closed);
    close(fd);
}

HTTP_TEST(a_body_that_ends_too_soon_is_answered_400)
{
    int fd;

    http_serve(&counting, NULL, NULL);
    fd = http_connect();
    http_ask(fd, POST(10) "12345");
    shutdown(fd, SHUT_WR);
    assert_begins(http_read(fd), "HTTP/1.1 400 ");
    assert_string_equal(stage->events, "[5 -10003]");
    close(fd);
}

HTTP_TEST(whoever_half_closes_behind_whole_requests_is_answered)
{
    int fd;

    http_serve(&counting, NULL, NULL);
    fd = http_connect();
    http_send(fd, GET GET POST(3) "abc"
                                  "GET / HT");
    shutdown(fd, SHUT_WR);
    http_read(fd);
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 3);
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 "), 3);
    assert_true(stage->is_closed);
    assert_int_equal(gust_httpserver_n_connections(stage->server), 0);
    close(fd);
}
