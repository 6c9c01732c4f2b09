/*
 * response — the cookies that a handler sets, and where it sends its client
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <time.h>

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
        struct web *web = web_serve(cookie_get);
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
    struct web *web = web_serve(dated_cookies_get);
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
        struct web *web = web_serve(redirect_get);
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
