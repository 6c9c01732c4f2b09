/*
 * client — places, connections that are kept, time, streams, futures
 */
#include "fetch_stage.h"
#include <sys/socket.h>

/* --- the pool --- */

static int fetch_thrice(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        const gust_response *res = gust_fetch(url("/"), NULL);

        assert_true(gust_response_ok(res));
        assert_int_equal(res->is_reused, i > 0);
    }
    assert_int_equal(stage.n_conns, 1);
    gust_sleep(29);
    assert_int_equal(gu_client_of_loop()->n_idle, 1);
    gust_sleep(2);
    assert_int_equal(gu_client_of_loop()->n_idle, 0);
    assert_int_equal(gu_client_of_loop()->origins.n, 0);
    return 0;
}

TEST(a_connection_is_used_again_and_closed_when_idle)
{
    open_stage(OK);
    in_task(fetch_thrice, NULL);
    close_stage();
}

static int fetch_after_close(void *arg)
{
    (void)arg;
    assert_true(gust_response_ok(gust_fetch(url("/"), NULL)));
    gust_sleep(1); /* the server closes meanwhile */
    assert_int_equal(gu_client_of_loop()->n_idle, 0);
    assert_true(gust_response_ok(gust_fetch(url("/"), NULL)));
    assert_int_equal(stage.n_conns, 2);
    return 0;
}

TEST(what_the_server_closed_is_not_used_again)
{
    open_stage(OK);
    stage.closes = true;
    in_task(fetch_after_close, NULL);
    close_stage();
}

/* The second request of a connection is answered by closing. */
static int fetch_stale(void *arg)
{
    const gust_fetch_options o = {.method = arg};
    bool is_repeated = strcmp(arg, "POST") != 0;

    assert_true(gust_response_ok(gust_fetch(url("/"), NULL)));
    stage.answers[1] = "";
    stage.answers[2] = OK;
    stage.closes = true;
    assert_int_equal(gust_fetch(url("/"), &o)->error, is_repeated ? 0 : -GUST_ECLOSED);
    assert_int_equal(stage.n_requests, is_repeated ? 3 : 2);
    return 0;
}

TEST(a_request_is_repeated_once_if_it_may_be)
{
    static const char *const tried[] = {"GET", "PUT", "DELETE", "POST"};

    for (size_t i = 0; i < gu_countof(tried); i++) {
        TEST_CASE(tried[i]);
        open_stage(OK);
        in_task(fetch_stale, (void *)(uintptr_t)tried[i]);
        close_stage();
    }
}

static int fetch_many(void *arg)
{
    gust_fetch_item items[100];

    (void)arg;
    for (size_t i = 0; i < gu_countof(items); i++)
        items[i] = (gust_fetch_item){.url = url("/")};
    assert_int_equal(gust_fetch_all(items, gu_countof(items)), 0);
    for (size_t i = 0; i < gu_countof(items); i++)
        assert_string_equal(items[i].response->body.ptr, "ok");
    assert_int_equal(stage.n_conns, 64);
    return 0;
}

TEST(no_more_than_max_per_host_go_to_one_server_and_all_are_served)
{
    open_stage(OK);
    in_task(fetch_many, NULL);
    close_stage();
}

static int fetch_in_line(void *arg)
{
    gust_httpclient *client = gust_httpclient_new(&(gust_httpclient_options){.max_clients = 1});
    const gust_response *first, *second;

    (void)arg;
    first = gust_httpclient_fetch_open(client, url("/"), NULL);
    assert_int_equal(first->error, 0);
    second = gust_httpclient_fetch(client, url("/"), &(gust_fetch_options){.connect_timeout = 3});
    assert_int_equal(second->error, -ETIMEDOUT);
    assert_non_null(strstr(gust_response_reason(second), "in the line"));
    assert_int_equal(client->n_busy, 1);
    gust_httpclient_free(client);
    return 0;
}

TEST(time_in_the_line_counts)
{
    open_stage("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    stage.hangs = true;
    in_task(fetch_in_line, NULL);
    close_stage();
}

/* Three at once with so many places: how many connections that takes. */
static int fetch_three(void *arg)
{
    const gust_httpclient_options *o = arg;
    gust_httpclient *client = gust_httpclient_new(o);
    const gust_response *open[3];
    size_t places = (size_t)(o->max_clients > 0 ? o->max_clients : o->max_per_host), n = 0;

    for (size_t i = 0; i < 3; i++) {
        const gust_fetch_options once = {.connect_timeout = 1};

        open[i] = gust_httpclient_fetch_open(client, url("/"), &once);
        n += open[i]->error == 0;
        assert_int_equal(open[i]->error, i < places ? 0 : -ETIMEDOUT);
    }
    assert_int_equal(n, gu_min(places, 3));
    assert_int_equal(client->n_busy, n);
    gust_httpclient_free(client);
    return 0;
}

TEST(places_are_as_many_as_the_options_say)
{
    for (int64_t n = 2; n <= 4; n++)
        for (int i = 0; i < 2; i++) {
            gust_httpclient_options o = {.max_clients = i == 0 ? n : 0,
                                         .max_per_host = i == 1 ? n : 0};

            open_stage("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
            stage.hangs = true;
            in_task(fetch_three, &o);
            close_stage();
        }
}

/* As many connections as fetches, then how many of them are kept. */
static int keep_idle(void *arg)
{
    int64_t max = *(const int64_t *)arg;
    gust_httpclient *client = gust_httpclient_new(&(gust_httpclient_options){.max_idle = max});
    const gust_response *open[3];
    gust_str piece;

    for (size_t i = 0; i < 3; i++)
        open[i] = gust_httpclient_fetch_open(client, url("/"), NULL);
    for (size_t i = 0; i < 3; i++) {
        while (gust_response_read(open[i], &piece) > 0)
            ;
        assert_int_equal(open[i]->error, 0);
    }
    assert_int_equal(client->n_idle, gu_min((size_t)max, 3));
    gust_httpclient_free(client);
    return 0;
}

TEST(no_more_than_max_idle_connections_are_kept)
{
    for (int64_t max = 2; max <= 4; max++) {
        open_stage(OK);
        in_task(keep_idle, &max);
        close_stage();
    }
}

/* --- one request's state, and the next one's --- */

static int fetch_apart(void *arg)
{
    static const gust_field fields[] = {{"X-Secret", "1"}, {"Cookie", "c=1"}, {NULL, NULL}};
    const gust_fetch_options first = {
        .headers = fields, .auth_username = "u", .auth_password = "p", .user_agent = "me"};

    (void)arg;
    assert_true(gust_response_ok(gust_fetch(url("/"), &first)));
    stage.len = 0;
    assert_true(gust_fetch(url("/"), NULL)->is_reused);
    assert_null(strstr(stage.asked, "X-Secret"));
    assert_null(strstr(stage.asked, "Cookie"));
    assert_null(strstr(stage.asked, "Authorization"));
    assert_null(strstr(stage.asked, "me\r\n"));
    return 0;
}

/* 6.5.7: in Tornado, options stayed with the connection. */
TEST(nothing_of_a_request_reaches_the_next_one)
{
    open_stage(OK);
    in_task(fetch_apart, NULL);
    close_stage();
}

static int fetch_by_two_ways(void *arg)
{
    const gust_fetch_options ways[] = {
        {0},
        {.proxy_host = "127.0.0.1", .proxy_port = stage.port},
        {.proxy_host = "127.0.0.1", .proxy_port = stage.port, .proxy_username = "a"},
        {.proxy_host = "127.0.0.1", .proxy_port = stage.port, .proxy_username = "b"},
        {.source_address = "127.0.0.1"},
        {.family = AF_INET},
    };

    (void)arg;
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < gu_countof(ways); i++)
            assert_int_equal(gust_fetch(url("/"), &ways[i])->is_reused, round);
    assert_int_equal(stage.n_conns, gu_countof(ways));
    return 0;
}

/* 6.5.7: nor are a proxy's users mixed up. */
TEST(connections_that_differ_are_kept_apart)
{
    open_stage(OK);
    in_task(fetch_by_two_ways, NULL);
    close_stage();
}

/* --- time --- */

static int fetch_late(void *arg)
{
    double before = gust_loop_time(stage.loop);
    const gust_response *res = gust_fetch(url("/"), arg);

    assert_int_equal(res->error, -ETIMEDOUT);
    assert_true(gust_loop_time(stage.loop) - before < 8);
    assert_int_equal(gu_client_of_loop()->n_idle + gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(a_server_that_hangs_is_left_at_request_timeout)
{
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"};

    for (size_t i = 0; i < gu_countof(answers); i++) {
        open_stage(answers[i]);
        stage.hangs = true;
        in_task(fetch_late, &(gust_fetch_options){.request_timeout = 7});
        close_stage();
    }
}

static void fetch_forever(void *arg)
{
    *(int *)arg = gust_fetch(url("/"), NULL)->error;
}

static int cancel_it(void *arg)
{
    int err = 0;
    gust_task *task = gust_go(fetch_forever, &err, NULL);

    (void)arg;
    gust_sleep(1);
    gust_cancel(task);
    gust_sleep(1);
    assert_int_equal(err, -ECANCELED);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(cancelling_a_fetch_closes_its_connection)
{
    open_stage("");
    stage.hangs = true;
    in_task(cancel_it, NULL);
    close_stage();
}

/* --- streams --- */

static int read_open(void *arg)
{
    const gust_response *res = gust_fetch_open(url("/"), NULL);
    char text[16] = "";
    size_t len = 0;
    gust_str piece;
    int n;

    (void)arg;
    assert_int_equal(res->status, 200);
    for (; (n = gust_response_read(res, &piece)) > 0; len += piece.len)
        memcpy(text + len, piece.ptr, piece.len);
    assert_int_equal(n, 0);
    assert_string_equal(text, "abcde");
    assert_int_equal(gust_response_read(res, &piece), 0);
    assert_int_equal(gu_client_of_loop()->n_idle, 1);
    {
        GUST_SCOPE();
        assert_int_equal(gust_fetch_open(url("/"), NULL)->status, 200);
        assert_int_equal(gu_client_of_loop()->n_busy, 1);
    }
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(a_body_is_read_piece_by_piece_or_dropped_with_its_scope)
{
    open_stage(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    in_task(read_open, NULL);
    close_stage();
}

static int upgrade(void *arg)
{
    static const gust_field fields[] = {{"Upgrade", "echo"}, {NULL, NULL}};
    const gust_response *res = gust_fetch_open(url("/"), &(gust_fetch_options){.headers = fields});
    gust_stream *s = gust_response_stream(res);
    gust_str lent;

    (void)arg;
    assert_int_equal(res->status, 101);
    assert_non_null(s);
    assert_int_equal(gust_read_bytes(s, 5, &lent), 0);
    assert_string_equal(lent.ptr, "later");
    return 0;
}

TEST(an_upgrade_gives_its_stream)
{
    open_stage("HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n\r\nlater");
    in_task(upgrade, NULL);
    assert_holds(stage.asked, "Connection: upgrade\r\n");
    close_stage();
}

struct told {
    int n_heads;
    size_t n_bytes;
    int stop;
};

static int on_head(gust_str line, void *arg)
{
    ((struct told *)arg)->n_heads += gust_str_equal(line, "HTTP/1.1 200 OK\r\n");
    return 0;
}

static int on_piece(gust_str piece, void *arg)
{
    struct told *told = arg;

    told->n_bytes += piece.len;
    return told->stop;
}

static int fetch_told(void *arg)
{
    struct told *told = arg;
    const gust_fetch_options o = {
        .header_callback = on_head, .streaming_callback = on_piece, .arg = told};
    const gust_response *res = gust_fetch(url("/"), &o);

    assert_int_equal(res->error, told->stop);
    assert_int_equal(res->body.len, 0);
    assert_int_equal(told->n_heads, 1);
    assert_int_equal(told->n_bytes, 2);
    return 0;
}

TEST(callbacks_are_told_of_the_final_response_and_may_end_it)
{
    for (int stop = 0; stop > -2; stop--) {
        struct told told = {.stop = stop};

        open_stage("HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nother");
        stage.answers[1] = OK;
        in_task(fetch_told, &told);
        close_stage();
    }
}

static int raise_in_it(gust_str piece, void *arg)
{
    (void)piece;
    (void)arg;
    gu_task_raise(-EIO, "on purpose");
}

static int fetch_raising(void *arg)
{
    gust_fetch_item item = {.url = url("/"), .options = arg};

    assert_int_equal(gust_fetch_all(&item, 1), -EIO);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(a_callback_that_raises_leaves_nothing_behind)
{
    open_stage(OK);
    in_task(fetch_raising, &(gust_fetch_options){.streaming_callback = raise_in_it});
    close_stage();
}

/* --- futures, and no loop --- */

static int await_it(void *arg)
{
    gust_future *future = gust_fetch_future(url("/"), NULL);
    void *value;

    (void)arg;
    assert_int_equal(gust_await(future, &value), 0);
    gust_future_unref(future);
    assert_string_equal(((const gust_response *)value)->body.ptr, "ok");
    return 0;
}

TEST(a_fetch_may_be_a_future)
{
    open_stage(OK);
    in_task(await_it, NULL);
    close_stage();
}

TEST(a_fetch_needs_no_task)
{
    open_stage(OK);
    {
        const gust_response *res;

        GUST_SCOPE();
        res = gust_fetch_sync(url("/"), NULL);
        assert_true(gust_response_ok(res));
        assert_string_equal(res->body.ptr, "ok");
    }
    close_stage();
}
