/*
 * stream_out — responses that leave in pieces
 */
#include "base/str.h"
#include "web/web_impl.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static gust_handler handler;

static struct web *serve(gust_handler_fn *get)
{
    static const gust_route routes[] = {{.path = "/", .handler = &handler}, {0}};

    handler = (gust_handler){.name = "pieces", .get = get};
    return web_open(&(gust_app_options){.routes = routes});
}

/* --- framing --- */

static int pieces_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    assert_int_equal(gust_flush(r), 0);
    assert_int_equal(gust_flush(r), 0);
    gust_puts(r, "one,");
    assert_int_equal(gust_flush(r), 0);
    assert_int_equal(gust_send(r, "two,", 4), 0);
    gust_puts(r, "three,");
    assert_int_equal(gust_send(r, "four,", 5), 0);
    gust_text(r, "%s", "five");
    return 0;
}

static int sized_get(gust_request *r)
{
    gust_set_header(r, "Content-Length", "24");
    return pieces_get(r);
}

static int status_of_pieces;

static int no_body_get(gust_request *r)
{
    gust_set_status(r, status_of_pieces);
    return pieces_get(r);
}

static int no_content_get(gust_request *r)
{
    status_of_pieces = 204;
    return no_body_get(r);
}

static int reset_get(gust_request *r)
{
    status_of_pieces = 205;
    return no_body_get(r);
}

static int not_modified_get(gust_request *r)
{
    status_of_pieces = 304;
    return no_body_get(r);
}

#define TEXT "one,two,three,four,five"

TEST(pieces_are_framed_as_the_client_understands)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *request;
        const char *line, *no_line, *body;
        bool is_closed;
    } cases[] = {
        {"chunked; an empty piece is no end", pieces_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "Transfer-Encoding: chunked", "Content-Length",
         "4\r\none,\r\n4\r\ntwo,\r\n6\r\nthree,\r\n5\r\nfour,\r\n4\r\nfive\r\n0\r\n\r\n", false},
        {"to HTTP/1.0 until the end of the connection", pieces_get, "GET / HTTP/1.0\r\n\r\n",
         "Connection: close", "Transfer-Encoding", TEXT, true},
        {"even where it would stay", pieces_get, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         "Connection: close", "Transfer-Encoding", TEXT, true},
        {"a HEAD has no chunks", pieces_get, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
         "Transfer-Encoding: chunked", "Content-Length", "", false},
        {"204 has no body and no framing", no_content_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "HTTP/1.1 204 No Content", "Transfer-Encoding", "", false},
        {"205 is empty and says so", reset_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "Content-Length: 0", "Transfer-Encoding", "", false},
        {"nor a type", not_modified_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "HTTP/1.1 304 Not Modified", "Content-Type", "", false},
        {"a cookie leaves with the head", pieces_get, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
         "Set-Cookie: a=b; Path=/", "ETag", "", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].fn);
        const char *got = web_talk(web, cases[i].request);

        TEST_CASE(cases[i].name);
        assert_true(web_has_line(got, cases[i].line));
        assert_null(strstr(got, cases[i].no_line));
        assert_string_equal(web_body_of(got), cases[i].body);
        assert_int_equal(web->is_closed, cases[i].is_closed);
        web_close(web);
    }
}

/* --- lengths --- */

static const char *said_length;

static int said_get(gust_request *r)
{
    int err;

    gust_set_header(r, "Content-Length", said_length);
    gust_puts(r, "one,");
    err = gust_flush(r);
    gust_puts(r, "two");
    return err;
}

TEST(a_length_is_kept_or_the_connection_cut)
{
    static const struct {
        const char *name, *length, *body, *log;
        bool is_closed;
    } cases[] = {
        {"right", "7", "one,two", NULL, false},
        {"too high", "8", "one,two", "wrote 1 bytes less than Content-Length", true},
        {"too low for the second piece", "6", "one,", "wrote 1 bytes more than Content-Length",
         true},
        {"too low for the first", "3", "", "wrote 1 bytes more than Content-Length", true},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(said_get);
        char line[64];
        const char *got;

        TEST_CASE(cases[i].name);
        said_length = cases[i].length;
        snprintf(line, sizeof line, "Content-Length: %s", said_length);
        got = web_get(web, "/", NULL);
        assert_true(web_has_line(got, line));
        assert_string_equal(web_body_of(got), cases[i].body);
        assert_int_equal(web->is_closed, cases[i].is_closed);
        if (cases[i].log != NULL)
            assert_non_null(strstr(web->log, cases[i].log));
        web_close(web);
    }
}

/* --- failing --- */

static int fail_late_get(gust_request *r)
{
    gust_puts(r, "half");
    gust_ignore(gust_flush(r));
    return gust_fail(r, 404, "too late");
}

static int code_late_get(gust_request *r)
{
    gust_puts(r, "half");
    gust_ignore(gust_flush(r));
    return -EIO;
}

static int raise_late_get(gust_request *r)
{
    gust_puts(r, "half");
    gust_ignore(gust_flush(r));
    gust_raise(r, 500, "too late");
}

static int header_late_get(gust_request *r)
{
    gust_puts(r, "half");
    gust_ignore(gust_flush(r));
    gust_set_header(r, "X-A", "b");
    gust_puts(r, " and half");
    assert_int_equal(gust_flush(r), -GUST_ELATE);
    return 0;
}

static int redirect_late_get(gust_request *r)
{
    gust_puts(r, "half");
    gust_ignore(gust_flush(r));
    return gust_redirect(r, "/elsewhere");
}

TEST(a_truncated_answer_never_looks_whole)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *why;
    } cases[] = {
        {"failing", fail_late_get, "too late"},
        {"an error", code_late_get, "Input/output error"},
        {"a raise", raise_late_get, "too late"},
        {"a field", header_late_get, "E 500 GET / (127.0.0.1) in pieces, after the head had left"},
        {"C7: a redirection", redirect_late_get, "after the head had left"},
    };

    for (size_t i = 0; i < 2 * gu_countof(cases); i++) {
        struct web *web = serve(cases[i / 2].fn);
        const char *got;

        TEST_CASE(cases[i / 2].name);
        got = web_talk(web, i % 2 == 0 ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                       : "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                         "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(web_has_line(got, "HTTP/1.1 200 OK"));
        assert_string_equal(web_body_of(got), "4\r\nhalf\r\n");
        assert_true(web->is_closed);
        assert_non_null(strstr(web->log, cases[i / 2].why));
        assert_non_null(strstr(web->log, "after the head had left: the connection is cut"));
        web_close(web);
    }
}

/* The error that reading ends with; 0 for a proper end. */
static int end_of(struct web *web, int fd)
{
    char piece[4096];
    ssize_t n = -1;

    for (int i = 0; n != 0 && i < 1000; i++) {
        web_turns(web, 1);
        n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return errno;
    }
    return n == 0 ? 0 : EAGAIN;
}

TEST(a_body_that_only_the_close_ends_is_cut_by_a_reset)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        int err;
    } cases[] = {
        {"whole", pieces_get, 0},
        {"failing", fail_late_get, ECONNRESET},
        {"a raise", raise_late_get, ECONNRESET},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].fn);
        int fd = web_connect(web);

        TEST_CASE(cases[i].name);
        web_send(fd, "GET / HTTP/1.0\r\n\r\n");
        assert_int_equal(end_of(web, fd), cases[i].err);
        close(fd);
        web_close(web);
    }
}

static int latched_get(gust_request *r)
{
    gust_set_header(r, "X\n", "b");
    assert_int_equal(gust_flush(r), -EINVAL);
    assert_int_equal(gust_send(r, "x", 1), -EINVAL);
    return gust_fail(r, 409, "nothing has left");
}

TEST(a_flush_tells_what_was_latched_and_sends_nothing)
{
    struct web *web = serve(latched_get);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "HTTP/1.1 409 Conflict"));
    assert_non_null(strstr(got, "nothing has left"));
    web_close(web);
}

TEST(a_response_in_pieces_is_followed_by_the_next)
{
    struct web *web = serve(sized_get);
    const char *got, *second;

    handler.get = NULL;
    web_close(web);
    web = serve(pieces_get);
    got = web_talk(web, "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    second = strstr(got, "0\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_non_null(second);
    assert_false(web->is_closed);
    web_close(web);
}

/* --- large ones, and slow readers --- */

#define LARGE ((size_t)8 << 20)

static size_t most_queued;
static bool is_sent;

static int large_get(gust_request *r)
{
    char *block = gust_alloc(LARGE);

    for (size_t i = 0; i < LARGE; i++)
        block[i] = (char)('a' + i % 23);
    gust_set_header(r, "Content-Length", "8388608");
    assert_int_equal(gust_send(r, block, LARGE), 0);
    is_sent = true;
    return 0;
}

TEST(sending_waits_for_a_slow_reader_and_queues_little)
{
    struct web *web = serve(large_get);
    static char piece[65536];
    size_t have = 0;
    const char *end;
    int fd = web_connect(web);

    most_queued = 0;
    is_sent = false;
    web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (ssize_t n = 1; n != 0;) {
        web_turns(web, 1);
        most_queued = gu_max(most_queued, gu_net_of(web->loop)->queued);
        n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n <= 0)
            continue;
        assert_int_equal(is_sent && have == 0, 0);
        end = have == 0 ? memmem(piece, (size_t)n, "\r\n\r\n", 4) : piece - 4;
        assert_non_null(end);
        for (const char *at = end + 4; at < piece + n; at++)
            assert_int_equal(*at, 'a' + have++ % 23);
    }
    assert_int_equal(have, LARGE);
    assert_true(most_queued > 0);
    assert_true(most_queued <= (64 + 256) * 1024);
    close(fd);
    web_close(web);
}

static int unflushed_get(gust_request *r)
{
    static char block[LARGE / 256];

    memset(block, '~', sizeof block);
    if (gust_find_argument(r, "begun") != NULL)
        assert_int_equal(gust_flush(r), 0);
    for (size_t i = 0; i < 256; i++)
        gust_write(r, block, sizeof block);
    return 0;
}

TEST(what_is_written_without_a_flush_is_one_piece)
{
    static const struct {
        const char *name, *request;
    } cases[] = {
        {"sized", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"one chunk and the last", "GET /?begun=1 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"until the end", "GET /?begun=1 HTTP/1.0\r\n\r\n"},
    };
    static const gust_route routes[] = {{.path = "/", .get = unflushed_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web->server->max_buffer_size = 1000;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        static char piece[65536];
        int fd = web_connect(web);
        size_t have = 0;

        TEST_CASE(cases[i].name);
        web_send(fd, cases[i].request);
        web_turns(web, 5);
        assert_int_equal(gust_httpserver_n_connections(web->server), 1); /* it was not all taken */
        for (ssize_t n = 1, quiet = 0; n != 0 && quiet<100; quiet = n> 0 ? 0 : quiet + 1) {
            web_turns(web, 1);
            n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
            for (ssize_t at = 0; at < n; at++)
                have += piece[at] == '~';
        }
        assert_int_equal(have, LARGE);
        close(fd);
        web_turns(web, 5);
    }
    web_close(web);
}

/* --- clients that leave --- */

static int n_closed, n_finished, send_error;
static char order[16];

static void note(const char *what)
{
    size_t len = strlen(order);

    snprintf(order + len, sizeof order - len, "%s", what);
}

static void note_close(gust_request *r)
{
    (void)r;
    n_closed++;
    note("c");
}

static void note_finish(gust_request *r)
{
    (void)r;
    n_finished++;
    note("f");
}

static int endless_get(gust_request *r)
{
    static char block[65536];

    do
        send_error = gust_send(r, block, sizeof block);
    while (send_error == 0);
    gust_puts(r, "more");
    assert_int_equal(gust_flush(r), -GUST_ECLOSED);
    return send_error;
}

TEST(writing_after_the_client_is_gone_latches)
{
    struct web *web = serve(endless_get);
    struct linger reset = {1, 0};
    int fd = web_connect(web);

    handler.on_close = note_close;
    handler.on_finish = note_finish;
    web_close(web);
    close(fd);
    web = web_open(
        &(gust_app_options){.routes = (gust_route[]){{.path = "/", .handler = &handler}, {0}}});
    n_closed = n_finished = 0;
    order[0] = '\0';
    fd = web_connect(web);
    web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    web_turns(web, 10);
    assert_int_equal(n_closed, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    for (int i = 0; i < 1000 && n_finished == 0; i++)
        web_turns(web, 1);
    assert_int_equal(send_error, -GUST_ECLOSED);
    assert_string_equal(order, "cf");
    assert_null(strstr(web->log, "E "));
    assert_non_null(strstr(web->log, "I 200 GET / (127.0.0.1) "));
    web_close(web);
}
