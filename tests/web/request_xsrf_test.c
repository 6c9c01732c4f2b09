/*
 * xsrf — which requests have to show a token, where they may show it, and what they are told
 *
 * Follows tornado.test.web_test.XSRFTest, XSRFCookieNameTest and XSRFCookieKwargsTest.
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <string.h>

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define TOKEN "2|01020304|777dd96d6f4e4fdc9d4d1e3e1b4d5858|1300000000"
#define SAME "2|00000000|767fda696e4c4cd89c4f1d3a1a4f5b5c|7" /* with another mask */
#define PLAIN "767fda696e4c4cd89c4f1d3a1a4f5b5c"             /* in format 1 */
#define OTHER "2|00000000|867fda696e4c4cd89c4f1d3a1a4f5b5c|1300000000"

static int n_posts, n_prepared;

static int token_get(gust_request *r)
{
    gust_puts(r, gust_xsrf_token(r));
    return 0;
}

static int any_post(gust_request *r)
{
    n_posts++;
    gust_puts(r, "done");
    return 0;
}

static int note_prepare(gust_request *r)
{
    (void)r;
    n_prepared++;
    return 0;
}

static int pushed(gust_request *r, gust_str data)
{
    (void)r, (void)data;
    n_prepared++;
    return 0;
}

static int user_get(gust_request *r)
{
    gust_set_current_user(r, r);
    return token_get(r);
}

static int form_get(gust_request *r)
{
    gust_puts(r, gust_xsrf_form_html(r));
    gust_puts(r, gust_xsrf_form_html(r));
    return 0;
}

static int late_get(gust_request *r)
{
    gust_puts(r, "early");
    gust_ignore(gust_flush(r));
    gust_puts(r, gust_xsrf_token(r));
    return 0;
}

static const gust_handler main_handler = {
    .prepare = note_prepare, .get = token_get, .post = any_post, .any = any_post};
static const gust_handler open_handler = {.base = &main_handler, .flags = GUST_NO_XSRF};
static const gust_handler pull_handler = {.base = &main_handler, .flags = GUST_STREAM_BODY};
static const gust_handler push_handler = {.base = &main_handler, .data_received = pushed};

static const gust_route routes[] = {
    {.path = "/", .handler = &main_handler},     {.path = "/open", .handler = &open_handler},
    {.path = "/pull", .handler = &pull_handler}, {.path = "/push", .handler = &push_handler},
    {.path = "/user", .get = user_get},          {.path = "/form", .get = form_get},
    {.path = "/late", .get = late_get},          {0},
};

static const gust_app_options with_xsrf = {.routes = routes, .xsrf_cookies = true};

static const char *send_to(struct web *web, const char *method, const char *target,
                           const char *lines, const char *body)
{
    char request[2048];

    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             method, target, lines, strlen(body), body);
    return web_talk(web, request);
}

#define COOKIE "Cookie: _xsrf=" TOKEN "\r\n"
#define MISSING "'_xsrf' argument missing from POST"
#define INVALID "'_xsrf' argument has invalid format"
#define DIFFERS "XSRF cookie does not match POST argument"

TEST(what_changes_something_has_to_show_the_token)
{
    static const struct {
        const char *name, *method, *target, *lines, *body;
        const char *why; /* NULL: it is let through */
    } cases[] = {
        {"no argument", "POST", "/", COOKIE, "", MISSING},
        {"no cookie", "POST", "/", FORM, "_xsrf=" TOKEN, DIFFERS},
        {"neither", "POST", "/", "", "", MISSING},
        {"in the form", "POST", "/", COOKIE FORM, "_xsrf=" TOKEN, NULL},
        {"in the query", "POST", "/?_xsrf=" TOKEN, COOKIE, "", NULL},
        {"in the head", "POST", "/", COOKIE "X-XSRFToken: " TOKEN "\r\n", "", NULL},
        {"by its other name", "POST", "/", COOKIE "X-CSRFToken: " TOKEN "\r\n", "", NULL},
        {"an empty argument before the head", "POST",
         "/?_xsrf=", COOKIE "X-Xsrftoken: " TOKEN "\r\n", "", NULL},
        {"the argument before the head", "POST", "/?_xsrf=" OTHER,
         COOKIE "X-Xsrftoken: " TOKEN "\r\n", "", DIFFERS},
        {"the form before the query", "POST", "/?_xsrf=" OTHER, COOKIE FORM, "_xsrf=" TOKEN,
         DIFFERS},
        {"another mask", "POST", "/?_xsrf=" SAME, COOKIE, "", NULL},
        {"format 1 for format 2", "POST", "/?_xsrf=" PLAIN, COOKIE, "", NULL},
        {"format 2 for format 1", "POST", "/?_xsrf=" TOKEN, "Cookie: _xsrf=" PLAIN "\r\n", "",
         NULL},
        {"a short token, as it is", "POST", "/?_xsrf=x", "Cookie: _xsrf=x\r\n", "", NULL},
        {"another token", "POST", "/?_xsrf=" OTHER, COOKIE, "", DIFFERS},
        {"a part of it", "POST", "/?_xsrf=2|00000000|767fda69|7", COOKIE, "", DIFFERS},
        {"another version", "POST", "/?_xsrf=3|00000000|767fda69|7", COOKIE, "", INVALID},
        {"not hexadecimal", "POST", "/?_xsrf=2|0000000x|767fda69|7", COOKIE, "", INVALID},
        {"a bad cookie is none", "POST", "/?_xsrf=" TOKEN, "Cookie: _xsrf=2|\r\n", "", DIFFERS},
        {"empty equals empty to nobody", "POST", "/?_xsrf=2|00000000||7",
         "Cookie: _xsrf=2|00000000||7\r\n", "", INVALID},
        {"the name is the whole name", "POST", "/?_xsrf=" TOKEN, "Cookie: a_xsrf=" TOKEN "\r\n", "",
         DIFFERS},
        {"1.1.1: X-Requested-With shows nothing", "POST", "/",
         COOKIE "X-Requested-With: XMLHttpRequest\r\n", "", MISSING},
        {"4.4.2: a cookie in another's quotes", "POST", "/?_xsrf=" OTHER,
         "Cookie: a=\"b; _xsrf=" OTHER "; c=\"; _xsrf=" TOKEN "\r\n", "", DIFFERS},
        {"4.4.2: a bracket hides nothing", "POST", "/?_xsrf=" TOKEN,
         "Cookie: a=b; \"; c[d]=e; _xsrf=" TOKEN "\r\n", "", NULL},
        {"PUT", "PUT", "/", COOKIE, "", MISSING},
        {"DELETE", "DELETE", "/", COOKIE, "", MISSING},
        {"PATCH", "PATCH", "/", COOKIE, "", MISSING},
        {"a method of one's own", "BREW", "/", COOKIE, "", MISSING},
        {"a handler that needs none", "POST", "/open", "", "", NULL},
        {"a body that is pulled", "POST", "/pull", COOKIE FORM, "_xsrf=" TOKEN, MISSING},
        {"one that is pushed", "POST", "/push", COOKIE FORM, "_xsrf=" TOKEN, MISSING},
        {"one that is pushed, and a head", "POST", "/push",
         COOKIE FORM "X-Xsrftoken: " TOKEN "\r\n", "a=b", NULL},
        {"another type is no form", "POST", "/", COOKIE "Content-Type: text/plain\r\n",
         "_xsrf=" TOKEN, MISSING},
    };
    struct web *web = web_open(&with_xsrf);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *response;

        TEST_CASE(cases[i].name);
        n_posts = 0;
        response = send_to(web, cases[i].method, cases[i].target, cases[i].lines, cases[i].body);
        if (web_status(response) != (cases[i].why == NULL ? 200 : 403))
            fail_msg("%s", response);
        assert_int_equal(n_posts, cases[i].why == NULL);
        if (cases[i].why != NULL)
            assert_non_null(strstr(web_body_of(response), cases[i].why));
        assert_null(strstr(response, "Set-Cookie"));
    }
    web_close(web);
}

TEST(reading_needs_no_token)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    struct web *web = web_open(&with_xsrf);

    for (size_t i = 0; i < gu_countof(methods); i++) {
        TEST_CASE(methods[i]);
        assert_int_equal(web_status(send_to(web, methods[i], "/", "", "")) / 100, 2);
    }
    web_close(web);
}

TEST(an_application_that_asks_for_none_lets_all_through)
{
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_int_equal(web_status(send_to(web, "POST", "/", "", "")), 200);
    web_close(web);
}

TEST(prepare_runs_behind_the_check_but_for_a_token_in_the_form)
{
    static const struct {
        const char *name, *target, *lines, *body;
        int n_prepared;
    } cases[] = {
        {"no body", "/", COOKIE, "", 0},
        {"a wrong one in the head", "/", COOKIE FORM "X-Xsrftoken: x\r\n", "a=b", 0},
        {"a body that is pushed", "/push", COOKIE FORM, "a=b", 0},
        {"a form without", "/", COOKIE FORM, "a=b", 1},
    };
    struct web *web = web_open(&with_xsrf);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        n_prepared = n_posts = 0;
        assert_int_equal(
            web_status(send_to(web, "POST", cases[i].target, cases[i].lines, cases[i].body)), 403);
        assert_int_equal(n_prepared, cases[i].n_prepared);
        assert_int_equal(n_posts, 0);
    }
    web_close(web);
}

/* 3.2.2: the same token, and never the same text. */
TEST(breach_each_page_has_another_text)
{
    struct web *web = web_open(&with_xsrf);
    char first[128];

    snprintf(first, sizeof first, "%s", web_body_of(web_get(web, "/", COOKIE)));
    assert_memory_equal(first, "2|", 2);
    assert_string_not_equal(web_body_of(web_get(web, "/", COOKIE)), first);
    assert_int_equal(strlen(first), strlen(TOKEN));
    assert_string_equal(strrchr(first, '|'), strrchr(TOKEN, '|'));
    web_close(web);
}

/* Where the text of an answer's cookie begins, and how long it is. */
static gust_str new_cookie(const char *response)
{
    const char *at = strstr(response, "Set-Cookie: ");

    assert_non_null(at);
    at += strlen("Set-Cookie: ");
    return gu_str(at, strcspn(at, "\r"));
}

TEST(the_cookie_is_set_when_there_is_none_yet)
{
    static const gust_cookie_options attributes = {.http_only = true, .expires_days = 2};
    static const struct {
        const char *name;
        gust_app_options options;
        const char *target, *lines, *begins, *ends;
        bool has_date;
    } cases[] = {
        {"by default", {.xsrf_cookies = true}, "/", "", "_xsrf=2|", "; Path=/", false},
        {"nobody asked for it to be checked", {0}, "/", "", "_xsrf=2|", "; Path=/", false},
        {"a bad one", {0}, "/", "Cookie: _xsrf=3|x\r\n", "_xsrf=2|", "; Path=/", false},
        {"a user stays", {0}, "/user", "", "_xsrf=2|", "; Path=/", true},
        {"format 1", {.xsrf_cookie_version = 1}, "/", "", "_xsrf=", "; Path=/", false},
        {"another name", {.xsrf_cookie_name = "tok"}, "/", COOKIE, "tok=2|", "; Path=/", false},
        {"attributes",
         {.xsrf_cookie = &attributes},
         "/",
         "",
         "_xsrf=2|",
         "; HttpOnly; Path=/",
         true},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_app_options options = cases[i].options;
        struct web *web;
        gust_str cookie;

        TEST_CASE(cases[i].name);
        options.routes = routes;
        web = web_open(&options);
        cookie = new_cookie(web_get(web, cases[i].target, cases[i].lines));
        assert_memory_equal(cookie.ptr, cases[i].begins, strlen(cases[i].begins));
        assert_memory_equal(cookie.ptr + cookie.len - strlen(cases[i].ends), cases[i].ends,
                            strlen(cases[i].ends));
        assert_int_equal(gu_str_find(cookie, GU_STR("; expires="), 0) != GU_NPOS,
                         cases[i].has_date);
        web_close(web);
    }
}

TEST(a_cookie_that_came_is_not_set_again)
{
    struct web *web = web_open(&with_xsrf);

    assert_null(strstr(web_get(web, "/", COOKIE), "Set-Cookie"));
    web_close(web);
}

TEST(what_a_page_was_given_is_accepted)
{
    struct web *web = web_open(&with_xsrf);
    char lines[256], target[256];
    const char *response = web_get(web, "/", "");
    gust_str cookie = new_cookie(response);

    snprintf(lines, sizeof lines, "Cookie: %.*s\r\n", (int)strcspn(cookie.ptr, ";"), cookie.ptr);
    snprintf(target, sizeof target, "/?_xsrf=%s", web_body_of(response));
    assert_int_equal(web_status(send_to(web, "POST", target, lines, "")), 200);
    web_close(web);
}

TEST(a_form_has_the_token_as_a_hidden_field)
{
    struct web *web = web_open(&with_xsrf);
    const char *body = web_body_of(web_get(web, "/form", COOKIE));
    size_t half = strlen(body) / 2;

    assert_memory_equal(body, "<input type=\"hidden\" name=\"_xsrf\" value=\"2|", 42);
    assert_memory_equal(body, body + half, half);
    assert_memory_equal(body + half - 3, "\"/>", 3);
    web_close(web);
}

TEST(a_cookie_that_comes_too_late_fails)
{
    struct web *web = web_open(&with_xsrf);

    web_get(web, "/late", "");
    assert_true(web->is_closed);
    assert_non_null(strstr(web->log, "after the head had left: the connection is cut"));
    web_close(web);
}
