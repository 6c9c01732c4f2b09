/*
 * delegate — what a delegate is told, what it may do, and clients that leave meanwhile
 */
#include "http_stage.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\n\r\n"
#define POST(length) "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " #length "\r\n\r\n"
#define CHUNKS "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

/* --- one that notes everything --- */

struct script {
    int (*headers_received)(gust_exchange *x);
    int (*finish)(gust_exchange *x);
    int data_result;
    int max_body;
};

static struct script script;

static int on_headers(gust_exchange *x)
{
    http_note("H ");
    return script.headers_received == NULL ? 0 : script.headers_received(x);
}

static int on_data(gust_exchange *x, gust_str data)
{
    (void)x;
    http_note("D:%.*s ", (int)gu_min(data.len, 20), data.ptr);
    return script.data_result;
}

static int on_finish(gust_exchange *x)
{
    int err;

    http_note("F ");
    err = script.finish == NULL ? gust_exchange_write(x, "done", 4) : script.finish(x);
    http_note("f ");
    return err;
}

static void on_close(gust_exchange *x)
{
    (void)x;
    http_note("C ");
}

static const gust_delegate noting = {on_headers, on_data, on_finish, on_close, NULL};

static int serve(struct script given)
{
    script = given;
    if (stage->server == NULL)
        http_serve(&noting, NULL, NULL);
    stage->events[0] = '\0';
    return http_connect();
}

/* --- order --- */

HTTP_TEST(a_delegate_is_told_the_head_the_body_and_the_end)
{
    int fd = serve((struct script){0});

    assert_begins(http_ask(fd, GET), "HTTP/1.1 200 ");
    assert_string_equal(stage->events, "H F f ");
    stage->events[0] = '\0';
    assert_string_equal(http_ask(fd, POST(6) "abc"), "");
    assert_string_equal(stage->events, "H D:abc ");
    http_ask(fd, "def" CHUNKS "2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n");
    assert_string_equal(stage->events, "H D:abc D:def F f H D:xy D:z F f ");
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 2);
    close(fd);
}

static int check_head(gust_exchange *x)
{
    gust_str name, value;

    assert_string_equal(gust_exchange_method(x), "GET");
    assert_string_equal(gust_exchange_uri(x), "/a%20b?c=d");
    assert_string_equal(gust_exchange_path(x), "/a%20b");
    assert_string_equal(gust_exchange_query(x), "c=d");
    assert_string_equal(gust_exchange_host(x), "x:1");
    assert_int_equal(gust_exchange_minor_version(x), 1);
    assert_string_equal(gust_exchange_header(x, "x-a"), "2");
    assert_string_equal(gust_exchange_header(x, "HOST"), "x:1");
    assert_null(gust_exchange_header(x, "X-B"));
    assert_true(gust_exchange_field(x, 1, &name, &value));
    assert_string_equal(name.ptr, "X-A");
    assert_string_equal(value.ptr, "1");
    assert_false(gust_exchange_field(x, 3, &name, &value));
    assert_null(gust_exchange_arg(x));
    assert_null(*gust_exchange_state(x));
    *gust_exchange_state(x) = x;
    assert_ptr_equal(*gust_exchange_state(x), x);
    return 0;
}

HTTP_TEST(the_head_can_be_read)
{
    int fd = serve((struct script){.headers_received = check_head});

    http_ask(fd, "GET /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nX-A: 1\r\nX-A: 2\r\n\r\n");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    close(fd);
}

static int answer_early(gust_exchange *x)
{
    gust_exchange_finish(x);
    assert_int_equal(gust_exchange_write(x, "more", 4), -GUST_ELATE);
    assert_int_equal(gust_exchange_write_headers(x, 200, NULL, 0), -GUST_ELATE);
    gust_exchange_finish(x);
    return 0;
}

HTTP_TEST(a_response_that_is_finished_early_leaves_the_body_unread)
{
    int fd = serve((struct script){.headers_received = answer_early});

    http_ask(fd, POST(6) "abc");
    assert_string_equal(stage->events, "H ");
    assert_holds(stage->bytes, "Content-Length: 0\r\nConnection: close\r\n\r\n");
    close(fd);
    fd = serve(script);
    assert_int_equal(http_count(http_ask(fd, GET GET), "HTTP/1.1 200 "), 2);
    assert_string_equal(stage->events, "H F f H F f ");
    close(fd);
}

/* --- errors --- */

static int fail_timed_out(gust_exchange *x)
{
    (void)x;
    return -ETIMEDOUT;
}

static int fail_io(gust_exchange *x)
{
    (void)x;
    return -EIO;
}

static int raise_teapot(gust_exchange *x)
{
    (void)x;
    gu_task_raise(418, "short and stout");
}

static int raise_memory(gust_exchange *x)
{
    (void)x;
    gu_task_raise(-ENOMEM, "none");
}

static int fail_after_head(gust_exchange *x)
{
    int err = gust_exchange_write(x, "begin", 5);

    return err < 0 ? err : -EIO;
}

static int raise_after_head(gust_exchange *x)
{
    gust_ignore(gust_exchange_write(x, "begin", 5));
    gu_task_raise(500, "too late");
}

static int write_too_much(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 200, NULL, 4);

    assert_int_equal(err, 0);
    assert_int_equal(gust_exchange_write(x, "abc", 3), 0);
    assert_int_equal(gust_exchange_write(x, "de", 2), -GUST_ETOOBIG);
    assert_int_equal(gust_exchange_write(x, "d", 1), -GUST_ECLOSED);
    return 0;
}

static int write_too_little(gust_exchange *x)
{
    assert_int_equal(gust_exchange_write_headers(x, 200, NULL, 4), 0);
    return gust_exchange_write(x, "abc", 3);
}

static int write_wrong_heads(gust_exchange *x)
{
    static const struct {
        int status;
        gust_field field;
    } cases[] = {
        {200, {"A b", "c"}},
        {200, {"A", "b\r\nC: d"}},
        {200, {"", "c"}},
        {199, {"A", "b"}},
        {1000, {"A", "b"}},
        {200, {"content-length", "7"}},
        {200, {"Connection", "close"}},
        {200, {"TRANSFER-ENCODING", "chunked"}},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_field fields[] = {{"Good", "1"}, cases[i].field, {0}};

        assert_int_equal(gust_exchange_write_headers(x, cases[i].status, fields, 0), -EINVAL);
    }
    assert_int_equal(gust_exchange_write_headers(x, 204, NULL, GUST_NEVER), 0);
    assert_int_equal(gust_exchange_write_headers(x, 204, NULL, GUST_NEVER), -GUST_ELATE);
    return 0;
}

static int write_large_head(gust_exchange *x)
{
    char *value = gust_alloc(300000);
    gust_field fields[] = {{"X", value}, {0}};

    memset(value, 'v', 299999);
    value[299999] = '\0';
    return gust_exchange_write_headers(x, 200, fields, 0);
}

HTTP_TEST(what_goes_wrong_is_answered_or_cuts)
{
    static const struct {
        const char *name;
        int (*fn)(gust_exchange *);
        const char *answer, *log;
        bool is_closed;
    } cases[] = {
        {"timed out", fail_timed_out, "HTTP/1.1 504 ", "", false},
        {"failed", fail_io, "HTTP/1.1 500 ", "returned Input/output error", false},
        {"raised", raise_teapot, "HTTP/1.1 418 ", "", false},
        {"raised an error", raise_memory, "HTTP/1.1 503 ", "raised: none", false},
        {"after the head", fail_after_head, "HTTP/1.1 200 ", "", true},
        {"raised after the head", raise_after_head, "HTTP/1.1 200 ", "", true},
        {"too much", write_too_much, "HTTP/1.1 200 ", "1 bytes more", true},
        {"too little", write_too_little, "HTTP/1.1 200 ", "1 bytes less", true},
        {"wrong heads", write_wrong_heads, "HTTP/1.1 204 ", "", false},
        {"large head", write_large_head, "HTTP/1.1 5", "", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = serve((struct script){.finish = cases[i].fn});

        TEST_CASE(cases[i].name);
        stage->log[0] = '\0';
        http_ask(fd, GET);
        assert_memory_equal(stage->bytes, cases[i].answer, strlen(cases[i].answer));
        assert_holds(stage->log, cases[i].log);
        assert_int_equal(stage->is_closed, cases[i].is_closed);
        if (cases[i].is_closed)
            assert_null(strstr(stage->bytes, "0\r\n\r\n"));
        assert_null(strchr(stage->events, 'C'));
        close(fd);
    }
}

static void answer_raised(gust_exchange *x, int code, const char *message)
{
    http_note("R:%d:%s ", code, message);
    if (code == 409)
        gu_task_raise(410, "again");
    gust_ignore(gust_exchange_write(x, "caught", 6));
}

static int raise_conflict(gust_exchange *x)
{
    (void)x;
    gu_task_raise(409, "first");
}

HTTP_TEST(a_delegate_that_wants_raises_is_told_of_them)
{
    static const gust_delegate catching = {.headers_received = raise_conflict,
                                           .raised = answer_raised};
    int fd;

    http_serve(&catching, NULL, NULL);
    fd = http_connect();
    assert_holds(http_ask(fd, GET), "6\r\ncaught\r\n0\r\n\r\n");
    assert_string_equal(stage->events, "R:409:first R:410:again ");
    close(fd);
}

HTTP_TEST(data_received_may_refuse)
{
    int fd = serve((struct script){.data_result = -GUST_EPROTO});

    http_ask(fd, POST(6) "abc");
    assert_begins(stage->bytes, "HTTP/1.1 400 ");
    assert_string_equal(stage->events, "H D:abc ");
    close(fd);
}

/* --- responses --- */

static int write_pieces(gust_exchange *x)
{
    int err = gust_exchange_write(x, "ab", 2);

    if (err == 0)
        err = gust_exchange_write(x, "", 0);
    return err < 0 ? err : gust_exchange_write(x, "c", 1);
}

static int write_204(gust_exchange *x)
{
    return gust_exchange_write_headers(x, 204, NULL, GUST_NEVER);
}

HTTP_TEST(a_response_is_framed_by_what_the_client_can_read)
{
    static const struct {
        const char *name;
        int (*fn)(gust_exchange *);
        const char *text, *end;
        bool is_closed;
    } cases[] = {
        {"chunks", write_pieces, GET,
         "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false},
        {"1.0", write_pieces, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         "Connection: close\r\n\r\nabc", true},
        {"HEAD", write_pieces, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
         "Transfer-Encoding: chunked\r\n\r\n", false},
        {"204", write_204, GET, "HTTP/1.1 204 No Content\r\n\r\n", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = serve((struct script){.finish = cases[i].fn});
        size_t len = strlen(cases[i].end);

        TEST_CASE(cases[i].name);
        http_ask(fd, cases[i].text);
        assert_true(stage->len >= len);
        assert_string_equal(stage->bytes + stage->len - len, cases[i].end);
        assert_int_equal(stage->is_closed, cases[i].is_closed);
        close(fd);
    }
}

/* --- reading --- */

static int read_in_bites(gust_exchange *x)
{
    char bite[3];
    int n;

    while ((n = gust_exchange_read(x, bite, sizeof bite)) > 0)
        http_note("%.*s|", n, bite);
    http_note("%d %s ", n, gust_exchange_trailer(x, "x-sum"));
    assert_null(gust_exchange_trailer(x, "Content-Length"));
    assert_int_equal(gust_exchange_read(x, bite, sizeof bite), n);
    return n;
}

HTTP_TEST(a_body_is_read_in_bites_and_trailers_behind_it_whatever_their_length)
{
    static const struct {
        const char *name, *text, *events, *status;
    } cases[] = {
        {"sized", POST(8) "abcdefgh", "H abc|def|gh|0 (null) F f ", "200"},
        {"chunks", CHUNKS "8\r\nabcdefgh\r\n0\r\n\r\n", "H abc|def|gh|0 (null) F f ", "200"},
        {"trailers",
         CHUNKS "2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: a long one\r\nContent-Length: 9\r\n"
                "X-SUM: last\r\n\r\n",
         "H ab|c|0 last F f ", "200"},
        {"too many trailers", CHUNKS "0\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n",
         "H -10002 (null) ", "431"},
        {"bad trailer", CHUNKS "0\r\nA 1\r\n\r\n", "H -10003 (null) ", "400"},
    };

    script = (struct script){.headers_received = read_in_bites};
    http_serve(&noting, NULL, &(gust_httpserver_options){.max_header_count = 3});
    for (size_t i = 0; i < gu_countof(cases); i++)
        for (int step = 1; step <= 1000; step += 999) {
            int fd = http_connect();

            TEST_CASE(cases[i].name);
            stage->events[0] = '\0';
            for (const char *at = cases[i].text; *at != '\0';) {
                size_t n = gu_min(strlen(at), (size_t)step);

                http_send_bytes(fd, at, n);
                run_turns(stage->loop, step == 1 ? 2 : 1);
                at += n;
            }
            http_read(fd);
            assert_memory_equal(stage->bytes + 9, cases[i].status, 3);
            if (step > 1)
                assert_string_equal(stage->events, cases[i].events);
            close(fd);
        }
}

static void read_elsewhere(void *arg)
{
    char piece[8];

    http_note("elsewhere:%d ", gust_exchange_read(arg, piece, sizeof piece));
}

static int read_in_child(gust_exchange *x)
{
    gust_go(read_elsewhere, x, NULL);
    return gust_sleep(1);
}

HTTP_TEST(a_task_of_the_request_may_read_its_body)
{
    int fd = serve((struct script){.headers_received = read_in_child});

    http_ask(fd, POST(3));
    assert_string_equal(http_ask(fd, "abc"), "");
    assert_string_equal(stage->events, "H elsewhere:3 ");
    virtual_run(stage->loop, 2);
    assert_begins(http_read(fd), "HTTP/1.1 200 ");
    close(fd);
}

static int read_under_deadline(gust_exchange *x)
{
    char piece[8];
    int n;

    {
        GUST_DEADLINE(1);
        n = gust_exchange_read(x, piece, sizeof piece);
    }
    http_note("%d ", n);
    return gust_exchange_read(x, piece, sizeof piece) == 3 ? 0 : -EIO;
}

HTTP_TEST(a_read_that_met_its_own_deadline_can_be_tried_again)
{
    int fd = serve((struct script){.headers_received = read_under_deadline});

    http_ask(fd, POST(3));
    virtual_run(stage->loop, 2);
    http_ask(fd, "abc");
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    assert_string_equal(stage->events, "H -110 F f ");
    close(fd);
}

static int sleep_then_read(gust_exchange *x)
{
    char piece[8];
    int n;

    gust_ignore(gust_sleep(1));
    n = gust_exchange_read(x, piece, sizeof piece);
    http_note("%d ", n);
    return n < 0 ? n : 0;
}

HTTP_TEST(a_body_that_waits_with_the_end_behind_it_is_read)
{
    int fd;

    fd = serve((struct script){.headers_received = sleep_then_read});
    for (int i = 0; i < 65; i++) /* so that what is behind waits for its turn */
        http_send(fd, GET);
    http_send(fd, POST(3) "abc");
    shutdown(fd, SHUT_WR);
    virtual_run(stage->loop, 80);
    http_read(fd);
    assert_int_equal(http_count(stage->bytes, "HTTP/1.1 200 "), 66);
    assert_non_null(strstr(stage->events, "H 3 F f "));
    close(fd);
}

/* --- clients that leave --- */

static int sleep_ten(gust_exchange *x)
{
    int err = gust_sleep(10);

    http_note("w:%d ", gust_exchange_write(x, "a", 1));
    return err;
}

HTTP_TEST(a_client_that_leaves_is_told_of_once)
{
    static const struct {
        const char *name;
        struct script script;
        const char *text, *events;
    } cases[] = {
        {"while the head is worked on", {.headers_received = sleep_ten}, GET, "H C w:-10001 "},
        {"in the body", {0}, POST(6) "abc", "H D:abc C "},
        {"while finish waits", {.finish = sleep_ten}, GET, "H F C w:-10001 f "},
        {"behind the end", {0}, GET, "H F f "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd = serve(cases[i].script);
        struct linger at_once = {.l_onoff = 1};

        TEST_CASE(cases[i].name);
        http_send(fd, cases[i].text);
        run_turns(stage->loop, 3);
        /* the server learns of it by an error, as it sees no end of what it does not read */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        gu_stream_close(&http_newest()->s);
        virtual_run(stage->loop, 11);
        assert_string_equal(stage->events, cases[i].events);
        assert_int_equal(stage->server->n_exchanges, 0);
        close(fd);
    }
}

static int defer_count;

static void deferred(void *arg)
{
    gust_exchange *x = arg;
    char piece[4];

    defer_count++;
    assert_string_equal(gust_exchange_path(x), "/a%20b");
    assert_int_equal(gust_exchange_read(x, piece, sizeof piece), 0);
}

static int defer_one(gust_exchange *x)
{
    gust_defer(deferred, x);
    return 0;
}

HTTP_TEST(what_was_deferred_finds_the_exchange_as_it_was)
{
    int fd = serve((struct script){.headers_received = defer_one});

    defer_count = 0;
    http_ask(fd, GET);
    assert_begins(stage->bytes, "HTTP/1.1 200 ");
    assert_int_equal(defer_count, 1);
    close(fd);
}
