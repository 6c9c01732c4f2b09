/*
 * client — redirects, and the cookies on the way
 */
#include "fetch_stage.h"
#include <stdio.h>

/* --- redirects --- */

static const gust_field secrets[] = {
    {"Authorization", "secret"}, {"Cookie", "a=secret"}, {"X-Keep", "yes"}, {NULL, NULL}};

struct redirect_case {
    const char *name, *method;
    int status;
    const char *location; /* "%u" is the port */
    const char *asked;    /* the second time; NULL: it is not followed */
};

static const struct redirect_case redirects[] = {
    {"301 GET", "GET", 301, "/b", "GET /b HTTP"},
    {"302 POST is GET", "POST", 302, "/b", "GET /b HTTP"},
    {"301 POST is GET", "POST", 301, "/b", "GET /b HTTP"},
    {"302 PUT stays", "PUT", 302, "/b", "PUT /b HTTP"},
    {"303 PUT is GET", "PUT", 303, "/b", "GET /b HTTP"},
    {"303 HEAD stays", "HEAD", 303, "/b", "HEAD /b HTTP"},
    {"307 POST stays", "POST", 307, "/b", "POST /b HTTP"},
    {"308 POST stays", "POST", 308, "/b", "POST /b HTTP"},
    {"relative", "GET", 302, "c", "GET /x/c HTTP"},
    {"dots", "GET", 302, "../../c/./d/..", "GET /c/ HTTP"},
    {"a query", "GET", 302, "?q", "GET /x/y?q HTTP"},
    {"an absolute one", "GET", 302, "http://127.0.0.1:%u/z", "GET /z HTTP"},
    {"no scheme", "GET", 302, "//127.0.0.1:%u/z", "GET /z HTTP"},
    {"300 is not followed", "GET", 300, "/b", NULL},
    {"304 is not followed", "GET", 304, "/b", NULL},
};

static int fetch_redirected(void *arg)
{
    const struct redirect_case *c = arg;
    bool has_body = strcmp(c->method, "POST") == 0 || strcmp(c->method, "PUT") == 0;
    const gust_fetch_options o = {.method = c->method,
                                  .headers = secrets,
                                  .body = has_body ? (gust_str){"x=y", 3} : (gust_str){0}};
    const gust_response *res = gust_fetch(url("/x/y?z"), &o);

    assert_int_equal(res->error, 0);
    assert_int_equal(res->n_redirects, c->asked != NULL);
    return 0;
}

TEST(redirects_are_followed_as_browsers_do)
{
    for (size_t i = 0; i < gu_countof(redirects); i++) {
        struct redirect_case c = redirects[i];
        char text[256], location[128];
        size_t n = c.asked == NULL ? 1 : 2;

        TEST_CASE(c.name);
        open_stage(NULL);
        stage.answers[0] = text;
        snprintf(location, sizeof location, "%s", c.location);
        if (strstr(c.location, "%u") != NULL)
            snprintf(location, sizeof location, "%.*s%u%s",
                     (int)(strstr(c.location, "%u") - c.location), c.location, stage.port,
                     strstr(c.location, "%u") + 2);
        snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 c.status, location);
        stage.answers[1] = strcmp(c.method, "HEAD") == 0 ? "HTTP/1.1 200 OK\r\n\r\n" : OK;
        in_task(fetch_redirected, &c);
        assert_int_equal(stage.n_requests, n);
        assert_int_equal(stage.n_conns, 1);
        assert_int_equal(count(stage.asked, "Cookie: a=secret"), n);
        if (c.asked != NULL)
            assert_holds(stage.asked, c.asked);
        if (c.asked != NULL && strncmp(c.asked, c.method, 3) == 0)
            assert_int_equal(count(stage.asked, "x=y"), count(stage.asked, "Length: 3"));
        close_stage();
    }
}

static int fetch_elsewhere(void *arg)
{
    const gust_response *res = gust_fetch(
        gust_sprintf("http://me:pass@127.0.0.1:%u/", stage.port),
        &(gust_fetch_options){.headers = secrets, .auth_username = arg, .auth_password = "p"});

    assert_int_equal(res->error, 0);
    assert_int_equal(res->n_redirects, 1);
    return 0;
}

TEST(credentials_stay_with_their_origin)
{
    static const char *const users[] = {NULL, "u"};

    for (size_t i = 0; i < gu_countof(users); i++) {
        char text[256];

        open_stage(text);
        snprintf(text, sizeof text,
                 "HTTP/1.1 302 X\r\nLocation: http://localhost:%u/\r\nContent-Length: 0\r\n\r\n",
                 stage.port);
        stage.answers[1] = OK;
        in_task(fetch_elsewhere, (void *)(uintptr_t)users[i]);
        assert_int_equal(stage.n_requests, 2);
        assert_int_equal(count(stage.asked, "Authorization"), 1);
        assert_int_equal(count(stage.asked, "secret"), i == 0 ? 2 : 1);
        assert_int_equal(count(stage.asked, "X-Keep"), 2);
        close_stage();
    }
}

static int fetch_loop(void *arg)
{
    const gust_fetch_options o = {.max_redirects = *(const int *)arg};
    const gust_response *res = gust_fetch(url("/"), &o);

    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, 302);
    assert_int_equal(stage.n_requests, (o.max_redirects == 0 ? 5 : o.max_redirects) + 1);
    return 0;
}

TEST(redirects_are_bounded)
{
    for (int max = 0; max < 3; max++) {
        open_stage("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
        in_task(fetch_loop, &max);
        close_stage();
    }
}

static int fetch_past(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->error, 0);
    assert_int_equal(res->n_redirects, 1);
    assert_string_equal(res->body.ptr, "ok");
    return 0;
}

TEST(a_long_body_of_a_redirect_is_not_read)
{
    static char text[66000 + 100];

    for (size_t len = 65535; len <= 65537; len++) {
        int n = snprintf(text, sizeof text,
                         "HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: %zu\r\n\r\n", len);

        memset(text + n, 'x', len);
        text[(size_t)n + len] = '\0';
        open_stage(text);
        stage.answers[1] = OK;
        in_task(fetch_past, NULL);
        assert_int_equal(stage.n_conns, len > 65536 ? 2 : 1);
        close_stage();
    }
}

static int fetch_nowhere(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->error, -ECONNREFUSED);
    assert_int_equal(res->status, 0); /* not the redirect's */
    assert_null(res->fields[0].name);
    assert_string_equal(res->url, "http://127.0.0.1:1/");
    return 0;
}

TEST(a_redirect_to_a_server_that_is_not_there_is_an_error)
{
    open_stage("HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    in_task(fetch_nowhere, NULL);
    close_stage();
}

static int fetch_wherever(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->error, -GUST_EPROTO);
    return 0;
}

TEST(a_redirect_leads_to_http_alone)
{
    static const char *const answers[] = {
        "HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 X\r\nLocation: gopher://h/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 X\r\nLocation: http://\r\nContent-Length: 0\r\n\r\n",
    };

    for (size_t i = 0; i < gu_countof(answers); i++) {
        open_stage(answers[i]);
        in_task(fetch_wherever, NULL);
        assert_int_equal(stage.n_requests, 1);
        close_stage();
    }
}

/* --- cookies --- */

static int fetch_with_jar(void *arg)
{
    static const gust_field own[] = {{"Cookie", "mine=1"}, {NULL, NULL}};
    gust_cookie_jar *jar = gust_cookie_jar_new();
    const gust_fetch_options o = {.jar = jar}, given_one = {.jar = jar, .headers = own};

    (void)arg;
    assert_true(gust_response_ok(gust_fetch(url("/a"), &o)));
    assert_int_equal(gust_cookie_jar_count(jar), 1);
    assert_true(gust_response_ok(gust_fetch(url("/b"), &o)));
    assert_true(gust_response_ok(gust_fetch(url("/c"), &given_one)));
    assert_true(gust_response_ok(gust_fetch(url("/d"), NULL)));
    assert_int_equal(count(stage.asked, "Cookie: k=v\r\n"), 2); /* the redirect's, and /b's */
    assert_int_equal(count(stage.asked, "Cookie: "), 3);
    gust_cookie_jar_free(jar);
    return 0;
}

TEST(a_jar_keeps_cookies_for_the_requests_that_name_it)
{
    open_stage(
        "HTTP/1.1 302 X\r\nLocation: /x\r\nSet-Cookie: k=v; Path=/\r\nContent-Length: 0\r\n\r\n");
    stage.answers[1] = OK;
    in_task(fetch_with_jar, NULL);
    close_stage();
}
