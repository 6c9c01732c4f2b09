/*
 * testing — an application under gust_test: asked, left, and its time
 */
#include "test.h"
#include <errno.h>
#include <gust.h>
#include <gust/testing.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* --- an application --- */

static char events[256];

static void note(const char *event)
{
    size_t len = strlen(events);

    snprintf(events + len, sizeof events - len, "%s", event);
}

static int started(gust_app *app)
{
    (void)app;
    note("start ");
    return 0;
}

static void stopped(gust_app *app)
{
    (void)app;
    note("stop ");
}

static int hello(gust_request *r)
{
    gust_text(r, "Hello, %s from %s", gust_get_argument(r, "name", "world"), gust_remote_ip(r));
    return 0;
}

static int echo(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_set_header(r, "X-Type", gust_get_header(r, "Content-Type"));
    gust_write(r, body.ptr, body.len);
    return 0;
}

static int login(gust_request *r)
{
    gust_set_cookie(r, "user", gust_need_argument(r, "name"), NULL);
    return gust_redirect(r, "/who");
}

static int round_trip(gust_request *r)
{
    return gust_redirect(r, "/round");
}

static int logout(gust_request *r)
{
    gust_clear_cookie(r, "user", NULL);
    return 0;
}

static int who(gust_request *r)
{
    const char *user = gust_get_cookie(r, "user");

    gust_text(r, "%s", user != NULL ? user : "nobody");
    return 0;
}

static int json(gust_request *r)
{
    return gust_json(r, GUST_VARS({"n", GUST_V(42)}));
}

static int stream(gust_request *r)
{
    for (int i = 0; i < 3; i++) {
        gust_printf(r, "piece %d;", i);
        if (gust_flush(r) < 0)
            return 0;
    }
    return 0;
}

static int big(gust_request *r)
{
    static char bytes[3000000];

    memset(bytes, 'b', sizeof bytes);
    gust_write(r, bytes, sizeof bytes);
    return 0;
}

static int slow(gust_request *r)
{
    gust_sleep(3600);
    gust_text(r, "at last");
    return 0;
}

static int late(gust_request *r)
{
    GUST_DEADLINE(2.0);
    gust_sleep(10);
    gust_text(r, "not reached");
    return -ETIMEDOUT;
}

static void on_close(gust_request *r)
{
    (void)r;
    note("left ");
}

static void on_finish(gust_request *r)
{
    (void)r;
    note("finished ");
}

static const gust_handler leaving = {
    .get = slow, .on_close = on_close, .on_finish = on_finish, .flags = GUST_CANCEL_ON_CLOSE};

static int in_thread(void *arg)
{
    *(int *)arg = 7;
    return 0;
}

static int thread(gust_request *r)
{
    int n = 0, err = gust_run_in_executor(in_thread, &n);

    gust_text(r, "%d", n);
    return err;
}

static int upstream(gust_request *r)
{
    const gust_response *res;

    GUST_DEADLINE(5.0);
    res = gust_fetch(gust_sprintf("http://api.example%s", gust_get_argument(r, "path", "/")), NULL);
    if (res->error == -ETIMEDOUT)
        return res->error;
    gust_text(r, "%s: %s", gust_response_reason(res), res->body.ptr);
    return 0;
}

static const gust_handler echoes = {.post = echo, .put = echo};
static const gust_route routes[] = {
    {.path = "/", .get = hello},
    {.path = "/echo", .handler = &echoes},
    {.path = "/login", .post = login},
    {.path = "/logout", .get = logout},
    {.path = "/who", .get = who},
    {.path = "/json", .get = json},
    {.path = "/stream", .get = stream},
    {.path = "/big", .get = big},
    {.path = "/slow", .get = slow},
    {.path = "/late", .get = late},
    {.path = "/leaving", .handler = &leaving},
    {.path = "/thread", .get = thread},
    {.path = "/round", .get = round_trip},
    {.path = "/upstream", .get = upstream},
    {0},
};

static gust_test *test_new(void)
{
    events[0] = '\0';
    return gust_test_new(
        &(gust_app_options){.routes = routes, .on_start = started, .on_stop = stopped});
}

static void assert_answer(const gust_response *response, int status, const char *body)
{
    assert_int_equal(response->error, 0);
    assert_int_equal(response->status, status);
    assert_string_equal(response->body.ptr, body);
}

/* --- requests --- */

TEST(an_application_lives_from_new_to_free)
{
    gust_test *t = test_new();

    assert_string_equal(events, "start ");
    assert_answer(gust_test_get(t, "/?name=you"), 200, "Hello, you from 127.0.0.1");
    gust_test_free(t);
    assert_string_equal(events, "start stop ");
    gust_test_free(NULL);
}

TEST(an_answer_is_read_however_it_is_framed)
{
    static const struct {
        const char *path;
        gust_fetch_options options;
        int status;
        const char *body;
    } cases[] = {
        {"/", {0}, 200, "Hello, world from 127.0.0.1"},
        {"/", {.method = "HEAD"}, 200, ""},
        {"/stream", {0}, 200, "piece 0;piece 1;piece 2;"},
        {"/echo", {.body = {"abc", 3}}, 200, "abc"},
        {"/echo", {.method = "PUT", .body = {"a\nb", 2}}, 200, "a\n"},
        {"/echo", {.method = "DELETE"}, 405, NULL},
        {"/none", {0}, 404, NULL},
        {"/thread", {0}, 200, "7"},
    };
    gust_test *t = test_new();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const gust_response *response = gust_test_fetch(t, cases[i].path, &cases[i].options);

        TEST_CASE(cases[i].path);
        if (cases[i].body != NULL)
            assert_answer(response, cases[i].status, cases[i].body);
        else
            assert_int_equal(response->status, cases[i].status);
        assert_string_equal(response->reason, gust_status_reason(cases[i].status));
    }
    assert_int_equal(gust_test_get(t, "/big")->body.len, 3000000);
    gust_test_free(t);
}

TEST(headers_go_both_ways)
{
    static const gust_field headers[] = {
        {"Content-Type", "text/x-mine"}, {"Host", "example.org"}, {NULL, NULL}};
    gust_test *t = test_new();
    const gust_response *response =
        gust_test_fetch(t, "/echo", &(gust_fetch_options){.body = {"x", 1}, .headers = headers});

    assert_string_equal(gust_response_header(response, "x-type"), "text/x-mine");
    assert_null(gust_response_header(response, "X-None"));
    assert_int_equal(
        json_integer_value(json_object_get(gust_test_json(t, gust_test_get(t, "/json")), "n")), 42);
    gust_test_free(t);
}

TEST(cookies_are_kept_until_they_are_over)
{
    static const gust_field none[] = {{"Cookie", "other=1"}, {NULL, NULL}};
    gust_test *t = test_new();

    assert_answer(gust_test_get(t, "/who"), 200, "nobody");
    assert_answer(gust_test_post(t, "/login", "name=ann"), 200, "ann");
    assert_string_equal(gust_test_cookie(t, "user"), "ann");
    assert_answer(gust_test_get(t, "/who"), 200, "ann");
    assert_answer(gust_test_fetch(t, "/who", &(gust_fetch_options){.headers = none}), 200,
                  "nobody");
    gust_test_get(t, "/logout");
    assert_null(gust_test_cookie(t, "user"));
    assert_answer(gust_test_get(t, "/who"), 200, "nobody");
    gust_test_set_cookie(t, "user", "bob");
    assert_answer(gust_test_get(t, "/who"), 200, "bob");
    gust_test_set_cookie(t, "user", NULL);
    assert_answer(gust_test_get(t, "/who"), 200, "nobody");
    gust_test_free(t);
}

TEST(redirects_are_followed_within_the_application_unless_told_not_to)
{
    static const gust_field form[] = {{"Content-Type", "application/x-www-form-urlencoded"},
                                      {NULL, NULL}};
    gust_fetch_options options = {.body = gust_str_from("name=ann"), .headers = form};
    gust_test *t = test_new();

    assert_answer(gust_test_fetch(t, "/login", &options), 200, "ann");
    assert_int_equal(gust_test_fetch(t, "/login", &options)->n_redirects, 1);
    options.no_redirects = true;
    assert_int_equal(gust_test_fetch(t, "/login", &options)->status, 302);
    assert_int_equal(gust_test_get(t, "/round")->status, 302);
    assert_int_equal(gust_test_get(t, "/round")->n_redirects, 5);
    options = (gust_fetch_options){.max_redirects = 2};
    assert_int_equal(gust_test_fetch(t, "/round", &options)->n_redirects, 2);
    gust_test_free(t);
}

/* --- time --- */

TEST(time_passes_only_when_it_is_told_to)
{
    gust_test *t = test_new();
    gust_test_request *request = gust_test_start(t, "/slow", NULL);

    gust_test_advance(t, 3599.9);
    assert_false(gust_test_is_done(request));
    gust_test_advance(t, 0.1);
    assert_true(gust_test_is_done(request));
    assert_answer(gust_test_finish(t, request), 200, "at last");
    assert_answer(gust_test_finish(t, request), 200, "at last");
    gust_test_free(t);
}

TEST(a_deadline_of_the_application_passes)
{
    gust_test *t = test_new();
    gust_test_request *request = gust_test_start(t, "/late", NULL);

    gust_test_expect_log(t, GUST_LOG_ERROR, "504 GET /late");
    gust_test_advance(t, 2.0);
    assert_int_equal(gust_test_finish(t, request)->status, 504);
    gust_test_free(t);
}

static char order[8]; /* behind the letters zeros */

static char letters[] = "abcde";

static void ring(void *arg)
{
    order[strlen(order)] = *(const char *)arg;
}

static void ring_and_set(void *arg)
{
    ring(arg);
    gust_loop_call_later(gust_loop_current(), 1.0, ring, &letters[2]);
}

TEST(timers_run_in_order_each_at_its_time)
{
    gust_test *t = test_new();
    double begun = gust_loop_time(gust_loop_current());

    memset(order, 0, sizeof order);
    gust_loop_call_later(gust_loop_current(), 3.0, ring, &letters[3]);
    gust_loop_call_later(gust_loop_current(), 1.5, ring_and_set, &letters[1]);
    gust_loop_call_later(gust_loop_current(), 1.0, ring, &letters[0]);
    gust_loop_call_later(gust_loop_current(), 5.001, ring, &letters[4]);
    gust_test_advance(t, 5.0);
    assert_string_equal(order, "abcd");
    assert_true(gust_loop_time(gust_loop_current()) - begun == 5.0);
    gust_test_free(t);
}

/* --- clients that leave --- */

TEST(a_client_that_leaves_is_seen_to)
{
    gust_test *t = test_new();
    gust_test_request *request = gust_test_start(t, "/leaving", NULL);

    gust_test_disconnect(t, request);
    assert_string_equal(events, "start left finished ");
    assert_true(gust_test_is_done(request));
    assert_int_equal(gust_test_finish(t, request)->error, -GUST_ECLOSED);
    gust_test_free(t);
}

TEST(what_is_still_asked_at_the_end_is_left)
{
    gust_test *t = test_new();

    gust_test_start(t, "/leaving", NULL);
    gust_test_free(t);
    assert_string_equal(events, "start left finished stop ");
}

/* --- beside the application --- */

static int use_a_lock(void *arg)
{
    static gust_lock lock;

    gust_sleep(0);
    assert_int_equal(gust_lock_acquire(&lock), 0);
    gust_lock_release(&lock);
    return *(int *)arg;
}

TEST(a_function_runs_in_a_task)
{
    gust_test *t = test_new();
    int n = 5;

    assert_int_equal(gust_test_run(t, use_a_lock, &n), 5);
    gust_test_free(t);
}

static int ask_the_port(void *url)
{
    gust_stream *s;
    gust_str line;
    int err = gust_connect(strstr(url, "127"), 0, NULL, &s);

    if (err == 0)
        err = gust_stream_printf(s, "GET / HTTP/1.0\r\n\r\n");
    if (err == 0)
        err = gust_read_until(s, "\r\n", 0, &line);
    if (err == 0)
        assert_string_equal(line.ptr, "HTTP/1.1 200 OK\r\n");
    return err;
}

TEST(other_clients_find_it_on_a_port)
{
    gust_test *t = test_new();

    assert_int_equal(gust_test_run(t, ask_the_port, (void *)(uintptr_t)gust_test_url(t, "")), 0);
    gust_test_free(t);
}

/* --- upstreams --- */

TEST(a_stub_answers_instead_of_the_network)
{
    gust_test *t = test_new();

    gust_test_stub(t, "http://api.example/", 503, "old");
    gust_test_stub(t, "http://api.example/", 200, "{\"new\": 1}");
    gust_test_stub(t, "http://api.example/search?q=1", 200, "one");
    assert_answer(gust_test_get(t, "/upstream"), 200, "200 OK: {\"new\": 1}");
    assert_answer(gust_test_get(t, "/upstream?path=/?x"), 200, "200 OK: {\"new\": 1}");
    assert_answer(gust_test_get(t, "/upstream?path=/search%3fq%3d1"), 200, "200 OK: one");
    assert_answer(gust_test_get(t, "/upstream?path=/search"), 200,
                  "404 Not Found: there is no stub for this URL\n");
    assert_int_equal(gust_test_stub_count(t, "http://api.example/"), 2);
    assert_int_equal(gust_test_stub_count(t, "http://api.example/search?q=1"), 1);
    assert_int_equal(gust_test_stub_count(t, "http://api.example/none"), 0);
    gust_test_free(t);
}

TEST(a_stub_that_hangs_is_left_at_the_deadline)
{
    gust_test *t = test_new();
    gust_test_request *request;

    gust_test_expect_log(t, GUST_LOG_ERROR, "504 GET /upstream");
    gust_test_stub_hang(t, "http://api.example/");
    request = gust_test_start(t, "/upstream", NULL);
    assert_int_equal(gust_test_stub_count(t, "http://api.example/"), 1);
    gust_test_advance(t, 4.999);
    assert_false(gust_test_is_done(request));
    gust_test_advance(t, 0.001);
    assert_int_equal(gust_test_finish(t, request)->status, 504);
    gust_test_free(t);
}

/* --- HTTPS --- */

TEST(an_application_is_asked_over_tls)
{
    gust_test *t =
        gust_test_new(&(gust_app_options){.routes = routes, .server = {.tls = gust_test_tls()}});

    assert_answer(gust_test_get(t, "/"), 200, "Hello, world from 127.0.0.1");
    assert_memory_equal(gust_test_url(t, "/"), "https://127.0.0.1:", 18);
    gust_test_free(t);
}
