/*
 * response — its head: the status line, the fields, and those that are there by themselves
 */
#include "base/str.h"
#include "web_table.h"
#include <stdio.h>
#include <string.h>

/* --- the head --- */

static int plain_get(gust_request *r)
{
    gust_puts(r, "Hello, world");
    return 0;
}

static int dressed_get(gust_request *r)
{
    gust_set_cookie(r, "a", "1", NULL);
    gust_add_header(r, "X-One", "1");
    gust_set_cookie(r, "b", "2", &(gust_cookie_options){.path = "/p", .http_only = true});
    gust_add_header(r, "X-Two", "2");
    gust_set_cookie(r, "a", "3", NULL);
    gust_text(r, "Hello, world");
    return 0;
}

static int bare_get(gust_request *r)
{
    gust_clear_header(r, "Server");
    gust_clear_header(r, "date");
    gust_clear_header(r, "Content-Type");
    gust_set_header(r, "ETag", "\"mine\"");
    return 0;
}

/* C8 */
TEST(default_headers_come_first_and_cookies_last)
{
    static const gust_route routes[] = {{.path = "/", .get = plain_get},
                                        {.path = "/dressed", .get = dressed_get},
                                        {.path = "/bare", .get = bare_get},
                                        {0}};
    static const struct {
        const char *name, *target, *lines, *expected;
    } cases[] = {
        {"untouched", "/", NULL,
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/html; charset=UTF-8\r\n"
         "Date: DATE\r\nETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n\r\n"
         "Hello, world"},
        {"closing says so at the end", "/", "Connection: close\r\n",
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/html; charset=UTF-8\r\n"
         "Date: DATE\r\nETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n"
         "Connection: close\r\n\r\nHello, world"},
        {"own fields in their order, cookies behind them, the last of a name", "/dressed", NULL,
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
         "Date: DATE\r\nX-One: 1\r\nX-Two: 2\r\n"
         "ETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n"
         "Set-Cookie: a=3; Path=/\r\nSet-Cookie: b=2; HttpOnly; Path=/p\r\n\r\nHello, world"},
        {"defaults can be taken away, whatever their case", "/bare", NULL,
         "HTTP/1.1 200 OK\r\nETag: \"mine\"\r\nContent-Length: 0\r\n\r\n"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char got[1024];
        char *date;

        TEST_CASE(cases[i].name);
        snprintf(got, sizeof got, "%s", web_get(web, cases[i].target, cases[i].lines));
        date = strstr(got, "Date: ");
        if (date != NULL) {
            memcpy(date + 6, "DATE", 4);
            memmove(date + 10, date + 35, strlen(date + 35) + 1);
        }
        assert_string_equal(got, cases[i].expected);
    }
    web_close(web);
}

static int reason_get(gust_request *r)
{
    gust_set_reason(r, 202, NULL);
    return 0;
}

static int injected_reason_get(gust_request *r)
{
    gust_set_reason(r, 200, "OK\r\nX-Injected: y");
    return 0;
}

static int script_reason_get(gust_request *r)
{
    gust_set_reason(r, 200, "<script>alert(1)</script>");
    return 0;
}

static int empty_reason_get(gust_request *r)
{
    gust_set_reason(r, 200, "");
    return 0;
}

static int lent_reason_get(gust_request *r)
{
    char reason[] = "Just So";

    gust_set_reason(r, 299, reason);
    memset(reason, 'x', sizeof reason - 1);
    return 0;
}

static int unknown_status_get(gust_request *r)
{
    gust_set_status(r, 299);
    return 0;
}

static int interim_get(gust_request *r)
{
    gust_set_status(r, 100);
    return 0;
}

static int high_status_get(gust_request *r)
{
    gust_set_status(r, 600);
    return 0;
}

TEST(the_status_line_says_only_what_may_stand_in_one)
{
    static const struct web_row cases[] = {
        {"no reason is the registered one", .get = reason_get, .status = 202,
         .line = "HTTP/1.1 202 Accepted"},
        {"CVE-2025-67724: CRLF", .get = injected_reason_get, .status = 200,
         .line = "HTTP/1.1 200 Unknown", .lacks = "X-Injected"},
        {"CVE-2025-67724: a tag", .get = script_reason_get, .status = 200,
         .line = "HTTP/1.1 200 Unknown", .lacks = "<script"},
        {"an empty reason", .get = empty_reason_get, .status = 200, .line = "HTTP/1.1 200 Unknown"},
        {"a reason is copied", .get = lent_reason_get, .status = 299,
         .line = "HTTP/1.1 299 Just So"},
        {"an unregistered status", .get = unknown_status_get, .status = 299,
         .line = "HTTP/1.1 299 Unknown"},
        {"an interim status would leave the client waiting", .get = interim_get, .status = 500,
         .line = "HTTP/1.1 500 Internal Server Error"},
        {"no status above 599", .get = high_status_get, .status = 500,
         .line = "HTTP/1.1 500 Internal Server Error"},
    };

    web_serve_each(cases, gu_countof(cases));
}

/* --- fields --- */

static const char *field_name, *field_value;

static int set_get(gust_request *r)
{
    gust_set_header(r, field_name, field_value);
    gust_set_header(r, field_name, field_value);
    gust_puts(r, "12345");
    return 0;
}

static int add_get(gust_request *r)
{
    gust_add_header(r, field_name, field_value);
    gust_puts(r, "12345");
    return 0;
}

TEST(no_field_ends_its_line_or_frames_the_message)
{
    static const struct {
        const char *name, *field, *value;
        int status;
        const char *line; /* that the response has */
    } cases[] = {
        {"a field", "X-A", "b", 200, "X-A: b"},
        {"an empty value", "X-A", "", 200, "X-A: "},
        {"a tab and obs-text", "X-A", "a\tb\xe9", 200, "X-A: a\tb\xe9"},
        {"2.2.1: CRLF in a value", "X-A", "b\r\nX-Injected: c", 500, NULL},
        {"a bare LF", "X-A", "b\nX-Injected: c", 500, NULL},
        {"a bare CR", "X-A", "b\rX-Injected: c", 500, NULL},
        {"another control character", "X-A", "b\x01", 500, NULL},
        {"DEL", "X-A", "b\x7f", 500, NULL},
        {"CRLF in a name", "X-A: b\r\nX-Injected", "c", 500, NULL},
        {"a colon in a name", "X-A:", "b", 500, NULL},
        {"a blank in a name", "X A", "b", 500, NULL},
        {"no name", "", "b", 500, NULL},
        {"CRLF in the type", "Content-Type", "a/b\r\nX-Injected: c", 500, NULL},
        {"a control character in a short type", "Content-Type", "text/\x01html", 500, NULL},
        {"LF behind a short type", "Content-Type", "text/plain\n", 500, NULL},
        {"a type of seven bytes", "Content-Type", "a/bcdef", 200, "Content-Type: a/bcdef"},
        {"a type with a tab", "Content-Type", "text/html;\tq", 200, "Content-Type: text/html;\tq"},
        {"a type of more than 32 bytes", "Content-Type", "text/html; charset=utf-8; quality=9", 200,
         "Content-Type: text/html; charset=utf-8; quality=9"},
        {"its name in other letters", "content-TYPE", "text/css", 200, "Content-Type: text/css"},
        {"a length that is right", "Content-Length", "5", 200, "Content-Length: 5"},
        {"its name in other letters", "CONTENT-LENGTH", "5", 200, "Content-Length: 5"},
        {"a length with a sign", "Content-Length", "+5", 500, NULL},
        {"a length beyond 63 bits", "Content-Length", "9223372036854775808", 500, NULL},
        {"a list of lengths", "Content-Length", "5, 5", 500, NULL},
        {"chunked", "Transfer-Encoding", "chunked", 500, NULL},
        {"no coding at all", "transfer-encoding", "identity", 500, NULL},
        {"closing", "Connection", "close", 200, "Connection: close"},
        {"another option", "connection", "upgrade", 500, NULL},
    };

    for (size_t i = 0; i < 2 * gu_countof(cases); i++) {
        struct web *web = web_serve(i % 2 == 0 ? set_get : add_get);
        const char *got;

        TEST_CASE(cases[i / 2].name);
        field_name = cases[i / 2].field;
        field_value = cases[i / 2].value;
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), cases[i / 2].status);
        assert_null(strstr(got, "X-Injected"));
        if (cases[i / 2].line != NULL)
            assert_true(web_has_line(got, cases[i / 2].line));
        assert_true(strstr(got, "Content-Length: ") == strrchr(got, 'C') ||
                    strstr(strstr(got, "Content-Length: ") + 1, "Content-Length: ") == NULL);
        web_close(web);
    }
}

static int replaced_get(gust_request *r)
{
    gust_add_header(r, "X-A", "1");
    gust_add_header(r, "x-a", "2");
    gust_add_header(r, "X-B", "3");
    gust_set_header(r, "X-A", "4");
    gust_add_header(r, "X-C", "5");
    gust_clear_header(r, "x-c");
    gust_set_header(r, "Server", "Mine");
    gust_set_header(r, "Content-Length", "1000");
    gust_clear_header(r, "content-length");
    return 0;
}

TEST(setting_replaces_and_clearing_removes_whatever_the_case)
{
    struct web *web = web_serve(replaced_get);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "X-A: 4"));
    assert_true(web_has_line(got, "X-B: 3"));
    assert_null(strstr(got, "X-A: 1"));
    assert_null(strstr(got, "x-a: 2"));
    assert_null(strstr(got, "X-C"));
    assert_true(web_has_line(got, "Server: Mine"));
    assert_null(strstr(got, "Gust/"));
    assert_true(web_has_line(got, "Content-Length: 0"));
    web_close(web);
}

TEST(the_server_header_and_the_etag_can_be_turned_off)
{
    static const gust_route routes[] = {{.path = "/", .get = plain_get}, {0}};
    struct web *web =
        web_open(&(gust_app_options){.routes = routes, .no_server_header = true, .no_etag = true});
    const char *got = web_get(web, "/", NULL);

    assert_null(strstr(got, "Server:"));
    assert_null(strstr(got, "ETag:"));
    assert_string_equal(web_body_of(got), "Hello, world");
    web_close(web);
}

static int cleared_get(gust_request *r)
{
    gust_set_status(r, 201);
    gust_set_header(r, "X-A", "1");
    gust_set_header(r, "Server", "Mine");
    gust_set_header(r, "Content-Length", "7");
    gust_set_cookie(r, "kept", "1", NULL);
    gust_text(r, "dropped");
    gust_clear(r);
    gust_puts(r, "new");
    return 0;
}

TEST(clearing_begins_anew_but_keeps_cookies)
{
    struct web *web = web_serve(cleared_get);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "HTTP/1.1 200 OK"));
    assert_true(web_has_line(got, "Server: Gust/0.1.0"));
    assert_true(web_has_line(got, "Content-Type: text/html; charset=UTF-8"));
    assert_true(web_has_line(got, "Set-Cookie: kept=1; Path=/"));
    assert_null(strstr(got, "X-A"));
    assert_string_equal(web_body_of(got), "new");
    web_close(web);
}

static void defaults_of_app(gust_request *r)
{
    gust_set_header(r, "X-Frame-Options", "DENY");
    gust_set_header(r, "X-From", "app");
}

static void defaults_of_handler(gust_request *r)
{
    gust_set_header(r, "X-From", "handler");
}

static void wrong_defaults(gust_request *r)
{
    gust_set_header(r, "X\n", "");
}

static int overriding_get(gust_request *r)
{
    gust_set_header(r, "X-From", "me");
    return 0;
}

static int failing_get(gust_request *r)
{
    gust_set_header(r, "X-From", "me");
    return gust_send_error(r, 404);
}

TEST(every_response_begins_with_the_default_headers)
{
    static const struct {
        struct web_row row;
        gust_handler handler;
    } cases[] = {
        {{"the application's", .status = 200, .line = "X-From: app"}, {.get = plain_get}},
        {{"the handler's instead", .status = 200, .line = "X-From: handler"},
         {.get = plain_get, .set_default_headers = defaults_of_handler}},
        {{"a field of one's own", .status = 200, .line = "X-From: me"}, {.get = overriding_get}},
        {{"after clearing", .status = 200, .line = "X-From: app"}, {.get = cleared_get}},
        {{"on an error page", .status = 404, .line = "X-From: app"}, {.get = failing_get}},
        {{"where no route is", "/nowhere", .status = 404, .line = "X-From: app"},
         {.get = plain_get}},
        {{"wrong ones leave nothing", .status = 500, .lacks = "X-"},
         {.get = plain_get, .set_default_headers = wrong_defaults}},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_route routes[] = {{.path = "/", .handler = &cases[i].handler}, {0}};
        struct web *web =
            web_open(&(gust_app_options){.routes = routes, .set_default_headers = defaults_of_app});

        web_ask(web, &cases[i].row);
        web_close(web);
    }
}
