/*
 * pipeline — many requests of a connection: their turns, their order, and what suspends them
 */
#include "http_stage.h"
#include <sys/socket.h>
#include <unistd.h>

/* --- delegates --- */

static int answer(gust_exchange *x)
{
    const gust_field fields[] = {{"X-Path", gust_exchange_path(x)}, {0}};
    int err = gust_exchange_write_headers(x, 200, fields, 2);

    return err < 0 ? err : gust_exchange_write(x, "ok", 2);
}

/* --- pipelines --- */

static int note_turn(gust_exchange *x)
{
    http_note("%c", gust_exchange_path(x)[1]);
    return answer(x);
}

HTTP_TEST(a_turn_has_64_requests_of_a_connection_then_others_are_served)
{
    static const gust_delegate noting = {.headers_received = note_turn};
    int a, b;

    http_serve(&noting, NULL, NULL);
    a = http_connect();
    b = http_connect();
    for (int i = 0; i < 200; i++)
        http_send(a, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    http_send(b, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    http_read(a);
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 200);
    assert_in_range(strchr(stage->events, 'b') - stage->events, 0, 64);
    http_read(b);
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 1);
    close(a);
    close(b);
}

HTTP_TEST(more_than_a_receive_of_requests_has_one_turn_too)
{
    static const gust_delegate noting = {.headers_received = note_turn};
    static char many[GU_NET_IN * 2];
    const char one[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t n = sizeof many / (sizeof one - 1), sent = n * (sizeof one - 1);
    int a, b, size = 1 << 20;

    for (size_t i = 0; i < n; i++)
        memcpy(many + i * (sizeof one - 1), one, sizeof one - 1);
    http_serve(&noting, NULL, NULL);
    a = http_connect();
    b = http_connect();
    setsockopt(a, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    http_send_bytes(a, many, sent);
    http_send(b, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    run_turns(stage->loop, 1);
    assert_in_range(strchr(stage->events, 'b') - stage->events, 0, 64);
    assert_in_range(strlen(stage->events), 1, 130); /* a turn of each kind: events, the ready */
    for (size_t i = 0; i < n / 32; i++)
        run_turns(stage->loop, 1);
    http_read(a);
    http_read(b);
    assert_int_equal(strlen(stage->events), n + 1);
    close(a);
    close(b);
}

static int suspend(gust_exchange *x)
{
    if (gust_exchange_path(x)[1] == 's')
        gust_ignore(gust_sleep(1));
    return note_turn(x);
}

HTTP_TEST(a_pipeline_waits_behind_a_request_that_is_suspended)
{
    static const gust_delegate suspending = {.headers_received = suspend};
    const char *at;
    int fd;

    http_serve(&suspending, NULL, NULL);
    fd = http_connect();
    http_ask(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /s HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HT");
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 1);
    http_ask(fd, "TP/1.1\r\nHost: x\r\n\r\nGET /s HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /6 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(stage->len, 0);
    virtual_run(stage->loop, 3);
    at = http_read(fd);
    assert_int_equal(http_count(at, "HTTP/1.1 200 "), 5);
    assert_string_equal(stage->events, "1s34s6");
    close(fd);
}

static int answer_by_path(gust_exchange *x)
{
    http_note("%c", gust_exchange_path(x)[1]);
    return gust_exchange_path(x)[1] == 'b' ? http_answer_big(x) : answer(x);
}

HTTP_TEST(responses_come_in_order_and_eagain_stops_the_pipeline)
{
    static const gust_delegate mixed = {.headers_received = answer_by_path};
    int fd;

    http_serve(&mixed, NULL, NULL);
    fd = http_connect();
    http_narrow();
    http_send(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    run_turns(stage->loop, 20);
    assert_string_equal(stage->events, "1b");
    http_read(fd);
    assert_string_equal(stage->events, "1b2b3");
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 5);
    assert_true(stage->len > 2 * HTTP_BIG);
    assert_memory_equal(stage->bytes + stage->len - 2, "ok", 2);
    close(fd);
}
