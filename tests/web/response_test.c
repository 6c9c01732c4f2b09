/*
 * response — what a handler writes, as it arrives
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

/* C8, with the difference that Set-Cookie stands before the framing. */
TEST(default_headers_come_first_and_framing_last)
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
         "Date: DATE\r\nX-One: 1\r\nX-Two: 2\r\nSet-Cookie: a=3; Path=/\r\n"
         "Set-Cookie: b=2; HttpOnly; Path=/p\r\n"
         "ETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n\r\nHello, world"},
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

/* A handler that the next request runs; what it did is in the response. */
static struct web *serve(gust_handler_fn *fn)
{
    static gust_route routes[2];

    routes[0] = (gust_route){.path = "/", .get = fn, .post = fn};
    return web_open(&(gust_app_options){.routes = routes});
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
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *line;
    } cases[] = {
        {"no reason is the registered one", reason_get, "HTTP/1.1 202 Accepted"},
        {"CVE-2025-67724: CRLF", injected_reason_get, "HTTP/1.1 200 Unknown"},
        {"CVE-2025-67724: a tag", script_reason_get, "HTTP/1.1 200 Unknown"},
        {"an empty reason", empty_reason_get, "HTTP/1.1 200 Unknown"},
        {"a reason is copied", lent_reason_get, "HTTP/1.1 299 Just So"},
        {"an unregistered status", unknown_status_get, "HTTP/1.1 299 Unknown"},
        {"an interim status would leave the client waiting", interim_get,
         "HTTP/1.1 500 Internal Server Error"},
        {"no status above 599", high_status_get, "HTTP/1.1 500 Internal Server Error"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].fn);
        const char *got = web_get(web, "/", NULL);

        TEST_CASE(cases[i].name);
        assert_true(web_has_line(got, cases[i].line));
        assert_null(strstr(got, "X-Injected"));
        assert_null(strstr(got, "<script"));
        web_close(web);
    }
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
        struct web *web = serve(i % 2 == 0 ? set_get : add_get);
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
    struct web *web = serve(replaced_get);
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
    struct web *web = serve(cleared_get);
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
        const char *name;
        gust_handler handler;
        const char *target;
        int status;
        const char *from; /* NULL: no such field */
    } cases[] = {
        {"the application's", {.get = plain_get}, "/", 200, "X-From: app"},
        {"the handler's instead",
         {.get = plain_get, .set_default_headers = defaults_of_handler},
         "/",
         200,
         "X-From: handler"},
        {"a field of one's own", {.get = overriding_get}, "/", 200, "X-From: me"},
        {"after clearing", {.get = cleared_get}, "/", 200, "X-From: app"},
        {"on an error page", {.get = failing_get}, "/", 404, "X-From: app"},
        {"where no route is", {.get = plain_get}, "/nowhere", 404, "X-From: app"},
        {"wrong ones leave nothing",
         {.get = plain_get, .set_default_headers = wrong_defaults},
         "/",
         500,
         NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_route routes[] = {{.path = "/", .handler = &cases[i].handler}, {0}};
        struct web *web =
            web_open(&(gust_app_options){.routes = routes, .set_default_headers = defaults_of_app});
        const char *got = web_get(web, cases[i].target, NULL);

        TEST_CASE(cases[i].name);
        assert_int_equal(web_status(got), cases[i].status);
        if (cases[i].from != NULL)
            assert_true(web_has_line(got, cases[i].from));
        else
            assert_null(strstr(got, "X-"));
        web_close(web);
    }
}

/* --- cookies --- */

static struct {
    const char *name, *value;
    gust_cookie_options options;
} cookie;

static int cookie_get(gust_request *r)
{
    gust_set_cookie(r, cookie.name, cookie.value, &cookie.options);
    return 0;
}

TEST(a_cookie_cannot_carry_what_is_not_its_own)
{
    static const struct {
        const char *name, *cookie, *value;
        gust_cookie_options options;
        const char *line; /* NULL: refused */
    } cases[] = {
        {"every attribute, in C16's order",
         "a",
         "b",
         {"ex.com", "/p", "Lax", 0, 5, true, true},
         "Set-Cookie: a=b; Domain=ex.com; HttpOnly; Max-Age=5; Path=/p; SameSite=Lax; Secure"},
        {"the path is / unless said", "a", "b", {0}, "Set-Cookie: a=b; Path=/"},
        {"a value that has to be quoted",
         "a",
         "b;c,\"\\",
         {0},
         "Set-Cookie: a=\"b\\073c\\054\\\"\\\\\"; Path=/"},
        {"a far future ends with the year 9999",
         "a",
         "b",
         {.expires_days = 1e300},
         "Set-Cookie: a=b; expires=Fri, 31 Dec 9999 23:59:59 GMT; Path=/"},
        {"a blank in a value", "a", "b c", {0}, NULL},
        {"CRLF in a value", "a", "b\r\nX: y", {0}, NULL},
        {"CVE-2026-35536: a name that ends", "a;b", "c", {0}, NULL},
        {"CVE-2026-35536: another attribute in the domain", "a", "b", {.domain = "x;Secure"}, NULL},
        {"CVE-2026-35536: in the path", "a", "b", {.path = "/;Domain=evil"}, NULL},
        {"CVE-2026-35536: in SameSite", "a", "b", {.same_site = "Lax;Domain=evil"}, NULL},
        {"CVE-2026-35536: a control character in the path", "a", "b", {.path = "/\r\nX: y"}, NULL},
        {"DEL in the domain", "a", "b", {.domain = "x\x7f"}, NULL},
        {"an attribute's name", "path", "b", {0}, NULL},
        {"no name", "", "b", {0}, NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cookie_get);
        const char *got;

        TEST_CASE(cases[i].name);
        cookie.name = cases[i].cookie;
        cookie.value = cases[i].value;
        cookie.options = cases[i].options;
        got = web_get(web, "/", NULL);
        if (cases[i].line != NULL)
            assert_true(web_has_line(got, cases[i].line));
        else
            assert_true(web_has_line(got, "HTTP/1.1 500 Internal Server Error"));
        assert_int_equal(strstr(got, "Set-Cookie") != NULL, cases[i].line != NULL);
        web_close(web);
    }
}

static int dated_cookies_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", &(gust_cookie_options){.expires_days = 30, .path = "/p"});
    gust_clear_cookie(r, "gone", &(gust_cookie_options){.domain = "ex.com", .max_age = 7});
    return 0;
}

/* Seconds from now to the date behind `field` in a response. */
static double seconds_until(const char *response, const char *field)
{
    const char *at = strstr(response, field);
    struct tm tm = {0};

    assert_non_null(at);
    assert_non_null(strptime(at + strlen(field), "%a, %d %b %Y %H:%M:%S GMT", &tm));
    return difftime(timegm(&tm), time(NULL));
}

TEST(cookies_expire_by_the_wall_clock)
{
    struct web *web = serve(dated_cookies_get);
    const char *got = web_get(web, "/", NULL);
    double ahead = seconds_until(got, "Set-Cookie: a=b; expires=");
    double ago = seconds_until(got, "Set-Cookie: gone=\"\"; Domain=ex.com; expires=");

    assert_in_range((uintmax_t)ahead, 30 * 86400 - 600, 30 * 86400 + 600);
    assert_in_range((uintmax_t)-ago, 365 * 86400 - 600, 365 * 86400 + 600);
    assert_null(strstr(got, "Max-Age"));
    web_close(web);
}

/* --- redirections --- */

static struct {
    const char *url;
    int status; /* to set before; 0: none */
} redirection;

static int redirect_get(gust_request *r)
{
    gust_set_header(r, "Content-Length", "100");
    gust_puts(r, "not sent");
    if (redirection.status != 0)
        gust_set_status(r, redirection.status);
    return gust_redirect(r, redirection.url);
}

TEST(a_redirection_has_a_location_and_no_body)
{
    static const struct {
        const char *name, *url;
        int status, answer;
    } cases[] = {
        {"302 unless said", "/a?b=c", 0, 302},
        {"a status that was set", "https://example.com/", 308, 308},
        {"a status that is none", "/", 404, 302},
        {"304 is none", "/", 304, 302},
        {"as it is given", "/\xc3\xa9", 0, 302},
        {"2.2.1: CRLF", "/\r\nSet-Cookie: a=b", 0, 500},
        {"a control character", "/\x01", 0, 500},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(redirect_get);
        char line[128];
        const char *got;

        TEST_CASE(cases[i].name);
        redirection.url = cases[i].url;
        redirection.status = cases[i].status;
        snprintf(line, sizeof line, "Location: %s", cases[i].url);
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), cases[i].answer);
        assert_int_equal(web_has_line(got, line), cases[i].answer != 500);
        assert_null(strstr(got, "Set-Cookie"));
        if (cases[i].answer != 500) {
            assert_true(web_has_line(got, "Content-Length: 0"));
            assert_true(web_has_line(got, "Content-Type: text/html; charset=UTF-8"));
            assert_string_equal(web_body_of(got), "");
        }
        web_close(web);
    }
}

/* --- bodies --- */

static int html_get(gust_request *r)
{
    gust_html(r, "<b>%s</b>%c%d %5.1f %-4u| %lld %zu %hhd %% %x %s", "<&>\"'", '<', -7, 2.25, 12u,
              (long long)1 << 40, (size_t)9, (signed char)44, 255u, "end");
    return 0;
}

TEST(html_escapes_texts_and_prints_numbers_as_printf)
{
    struct web *web = serve(html_get);
    const char *got = web_get(web, "/", NULL);

    assert_string_equal(web_body_of(got),
                        "<b>&lt;&amp;&gt;&quot;&#x27;</b>&lt;-7   2.2 12  | 1099511627776 9 44 % "
                        "ff end");
    web_close(web);
}

static const char *html_format;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int wrong_html_get(gust_request *r)
{
    gust_html(r, html_format, "<script>", 1, 2, 3);
    return 0;
}
#pragma GCC diagnostic pop

TEST(html_refuses_what_it_could_not_escape)
{
    static const struct {
        const char *name, *format;
    } cases[] = {
        {"a width would cut an entity, or not count it", "%10s"},
        {"so would a precision", "%.3s"},
        {"wide text is no text of ours", "%ls"},
        {"a width from the arguments", "%*d"},
        {"writing through an argument", "%n"},
        {"errno is not an argument", "%m"},
        {"a long double", "%Lf"},
        {"an unknown letter", "%y"},
        {"the end in a conversion", "a %"},
        {"the end behind a flag", "a %-"},
        {"a size that a real has not", "%hf"},
        {"flags without end", "%00000000000000000000000000000000000000d"},
        {"a percent sign with a width", "%5%"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(wrong_html_get);
        const char *got;

        TEST_CASE(cases[i].name);
        html_format = cases[i].format;
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), 500);
        assert_null(strstr(got, "script"));
        web_close(web);
    }
}

static int json_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V("</script>")}, {"b", GUST_V(1)}));
}

static int json_value_get(gust_request *r)
{
    return gust_json_value(r, GUST_V("x"));
}

static int json_text_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V("\xff")}));
}

static int json_nan_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V(0.0 / 0.0)}));
}

TEST(json_ends_the_response_or_is_the_handlers_error)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        int status;
        const char *body;
    } cases[] = {
        {"an object", json_get, 200, "{\"a\":\"<\\/script>\",\"b\":1}"},
        {"any value", json_value_get, 200, "\"x\""},
        {"text that is not UTF-8", json_text_get, 500, NULL},
        {"a number that JSON has not", json_nan_get, 500, NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].fn);
        const char *got = web_get(web, "/", NULL);

        TEST_CASE(cases[i].name);
        assert_int_equal(web_status(got), cases[i].status);
        if (cases[i].body != NULL) {
            assert_string_equal(web_body_of(got), cases[i].body);
            assert_true(web_has_line(got, "Content-Type: application/json; charset=UTF-8"));
        }
        web_close(web);
    }
}

static int finished_get(gust_request *r)
{
    gust_puts(r, "whole");
    assert_int_equal(gust_finish(r), 0);
    gust_puts(r, " and more");
    gust_set_header(r, "X-Late", "1");
    assert_int_equal(gust_json(r, GUST_VARS({"a", GUST_V(1)})), -GUST_ELATE);
    assert_int_equal(gust_finish(r), -GUST_ELATE);
    return 0;
}

TEST(nothing_is_added_to_a_finished_response)
{
    struct web *web = serve(finished_get);
    const char *got = web_get(web, "/", NULL);

    assert_string_equal(web_body_of(got), "whole");
    assert_null(strstr(got, "X-Late"));
    web_close(web);
}

static int empty_status;

static int no_body_get(gust_request *r)
{
    gust_set_status(r, empty_status);
    gust_set_header(r, "Content-Encoding", "gzip");
    gust_set_header(r, "Content-Language", "en");
    gust_set_header(r, "X-A", "1");
    gust_puts(r, "dropped");
    return 0;
}

TEST(a_status_without_a_body_has_nothing_that_describes_one)
{
    struct web *web = serve(no_body_get);
    int fd = web_connect(web);

    for (empty_status = 204; empty_status <= 304; empty_status += 100) {
        const char *got;

        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        got = web_read(web, fd);
        assert_int_equal(web_status(got), empty_status);
        assert_null(strstr(got, "Content-"));
        assert_null(strstr(got, "Transfer-Encoding"));
        assert_true(web_has_line(got, "X-A: 1"));
        assert_string_equal(web_body_of(got), "");
        assert_false(web->is_closed);
    }
    close(fd);
    web_close(web);
}

TEST(a_205_is_empty_whatever_was_written)
{
    struct web *web = serve(no_body_get);
    int fd = web_connect(web);

    empty_status = 205;
    for (int i = 0; i < 2; i++) { /* the second is framed behind the first */
        const char *got;

        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        got = web_read(web, fd);
        assert_int_equal(web_status(got), 205);
        assert_true(web_has_line(got, "Content-Length: 0"));
        assert_string_equal(web_body_of(got), "");
        assert_false(web->is_closed);
    }
    close(fd);
    web_close(web);
}

/* --- lengths --- */

static struct {
    const char *length, *body;
} said;

static int length_get(gust_request *r)
{
    gust_set_header(r, "Content-Length", said.length);
    gust_puts(r, said.body);
    return 0;
}

/* InvalidOutputContentLengthTest, and what a HEAD may say. */
TEST(a_length_that_was_said_is_held_against_the_body)
{
    static const struct {
        const char *name, *method, *length, *body;
        bool is_answered;
    } cases[] = {
        {"right", "GET", "2", "ok", true},
        {"too high", "GET", "42", "ok", false},
        {"too low", "GET", "1", "ok", false},
        {"HEAD tells what GET would", "HEAD", "42", "", true},
        {"HEAD from GET", "HEAD", "2", "ok", true},
        {"HEAD from a GET that is wrong", "HEAD", "42", "ok", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(length_get);
        char request[128], line[64];
        const char *got;

        TEST_CASE(cases[i].name);
        said.length = cases[i].length;
        said.body = cases[i].body;
        snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].method);
        snprintf(line, sizeof line, "Content-Length: %s", cases[i].length);
        got = web_talk(web, request);
        assert_int_equal(web_has_line(got, line), cases[i].is_answered);
        assert_int_equal(strstr(web->log, "with a Content-Length of") == NULL,
                         cases[i].is_answered);
        if (!cases[i].is_answered)
            assert_string_equal(got, "");
        assert_int_equal(web->is_closed, !cases[i].is_answered);
        web_close(web);
    }
}

/* --- entity tags --- */

static int tagged_get(gust_request *r)
{
    gust_set_header(r, "ETag", "W/\"mine\"");
    gust_set_header(r, "Cache-Control", "no-cache");
    gust_puts(r, "Hello, world");
    return 0;
}

static int created_get(gust_request *r)
{
    gust_set_status(r, 201);
    gust_puts(r, "Hello, world");
    return 0;
}

TEST(an_entity_tag_answers_if_none_match)
{
#define OURS "\"61f0632fb079b54d7386e91040cf00c3\""
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *method, *match;
        int status;
    } cases[] = {
        {"the tag of the body", plain_get, "GET", OURS, 304},
        {"compared weakly", plain_get, "GET", "W/" OURS, 304},
        {"in a list", plain_get, "GET", "\"a\", " OURS, 304},
        {"any", plain_get, "GET", "*", 304},
        {"another", plain_get, "GET", "\"a\"", 200},
        {"of HEAD", plain_get, "HEAD", OURS, 304},
        {"not of POST", plain_get, "POST", OURS, 200},
        {"only of 200", created_get, "GET", OURS, 201},
        {"one that the handler set", tagged_get, "GET", "\"mine\"", 304},
        {"not the body's beside it", tagged_get, "GET", OURS, 200},
        {"not of POST either", tagged_get, "POST", "\"mine\"", 200},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].fn);
        char request[256];
        const char *got;

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: a\r\nIf-None-Match: %s\r\n\r\n",
                 cases[i].method, cases[i].match);
        got = web_talk(web, request);
        assert_int_equal(web_status(got), cases[i].status);
        assert_int_equal(strstr(got, "Hello") != NULL,
                         cases[i].status != 304 && strcmp(cases[i].method, "HEAD") != 0);
        assert_int_equal(strstr(got, "ETag: ") != NULL,
                         cases[i].fn == tagged_get ||
                             (cases[i].fn == plain_get && strcmp(cases[i].method, "POST") != 0));
        if (cases[i].status == 304)
            assert_null(strstr(got, "Content-"));
        web_close(web);
    }
}
