/*
 * arguments — of queries and forms, cookies, and what is wrong with them
 */
#include "base/str.h"
#include "web_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *or_null(const char *text)
{
    return text == NULL ? "NULL" : text;
}

/* "argument query body first second third" of `a`. */
static int show(gust_request *r)
{
    gust_printf(r, "%s|%s|%s|%s|%s|%s", gust_get_argument(r, "a", "none"),
                gust_get_query_argument(r, "a", "none"), gust_get_body_argument(r, "a", "none"),
                or_null(gust_get_arguments(r, "a", 0)), or_null(gust_get_arguments(r, "a", 1)),
                or_null(gust_get_arguments(r, "a", 2)));
    return 0;
}

static const gust_route show_routes[] = {{.path = "/", .get = show, .post = show}, {0}};

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define HTML "Accept: text/html\r\n"
#define JSON "Accept: application/json\r\n"

/* --- reading --- */

TEST(the_body_counts_before_the_query_and_the_last_before_the_first)
{
    static const struct web_row cases[] = {
        {"neither", "/", .status = 200, .body = "none|none|none|NULL|NULL|NULL", .content = ""},
        {"of the query", "/?a=1", .status = 200, .body = "1|1|none|1|NULL|NULL", .content = ""},
        {"the last", "/?a=1&b=x&a=2", .status = 200, .body = "2|2|none|1|2|NULL", .content = ""},
        {"of the body", "/", FORM, .status = 200, .body = "3|none|3|3|NULL|NULL", .content = "a=3"},
        {"of both", "/?a=1&a=2", FORM, .status = 200, .body = "3|2|3|1|2|3", .content = "a=3"},
        {"no value", "/?a", .status = 200, .body = "||none||NULL|NULL", .content = ""},
        {"plus and escapes", "/?a=b+c%2Bd", .status = 200,
         .body = "b c+d|b c+d|none|b c+d|NULL|NULL", .content = ""},
        {"names are escaped too", "/?%61=1", .status = 200, .body = "1|1|none|1|NULL|NULL",
         .content = ""},
        {"UTF-8", "/?a=%C3%A9", .status = 200, .body = "\xc3\xa9|\xc3\xa9|none|\xc3\xa9|NULL|NULL",
         .content = ""},
        {"blanks around it go", "/?a=+%09x%0A+", .status = 200, .body = "x|x|none|x|NULL|NULL",
         .content = ""},
        {"nothing but blanks", "/?a=+++", .status = 200, .body = "||none||NULL|NULL",
         .content = ""},
        {"control characters are blanks", "/?a=x%01y%1F", .status = 200,
         .body = "x y|x y|none|x y|NULL|NULL", .content = ""},
        {"a semicolon separates nothing", "/?a=1;a=2", .status = 200,
         .body = "1;a=2|1;a=2|none|1;a=2|NULL|NULL", .content = ""},
        {"parameters of the type", "/",
         "Content-Type: Application/X-WWW-Form-Urlencoded; charset=x\r\n", .status = 200,
         .body = "3|none|3|3|NULL|NULL", .content = "a=3"},
        {"another type is no form", "/", "Content-Type: text/plain\r\n", .status = 200,
         .body = "none|none|none|NULL|NULL|NULL", .content = "a=3"},
        {"nor is none", "/", .status = 200, .body = "none|none|none|NULL|NULL|NULL",
         .content = "a=3"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = show_routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(what_is_not_utf8_never_reaches_the_handler)
{
    static const struct web_row cases[] = {
        {"a value of the query", "/?b=1&c=%FF", .status = 400, .content = ""},
        {"a name of the query", "/?%FF=1", .status = 400, .content = ""},
        {"a zero byte", "/?b=%00", .status = 400, .content = ""},
        {"an overlong form", "/?b=%C0%AF", .status = 400, .content = ""},
        {"a surrogate", "/?b=%ED%A0%80", .status = 400, .content = ""},
        {"a value of the body", "/", FORM, .status = 400, .content = "b=%FF"},
        {"raw in the body", "/", FORM, .status = 400, .content = "b=\xff"},
        {"a name of the body", "/", FORM, .status = 400, .content = "%FF"},
        {"a form that is coded", "/", FORM "Content-Encoding: gzip\r\n", .status = 400,
         .content = "a=1"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = show_routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(the_default_limit_is_a_thousand)
{
    struct web *web = web_open(&(gust_app_options){.routes = show_routes});
    char target[4096];
    size_t len = (size_t)snprintf(target, sizeof target, "/?");

    for (int i = 0; i < 1000; i++, len += 2)
        memcpy(target + len, "a&", 3);
    assert_non_null(strstr(web_get(web, target, NULL), "HTTP/1.1 200 "));
    memcpy(target + len, "a", 2);
    assert_non_null(strstr(web_get(web, target, NULL), "HTTP/1.1 400 "));
    assert_non_null(strstr(web->log, "more than 1000 arguments (max_arguments)"));
    web_close(web);
}

TEST(the_number_of_arguments_is_limited)
{
    static const struct {
        const char *name, *query;
        int max, status;
    } cases[] = {
        {"as many", "a=1&b=2&c=3", 3, 200},
        {"one more", "a=1&b=2&c=3&d=4", 3, 400},
        {"empty ones are none", "a=1&&&&b=2&c=3", 3, 200},
        {"no limit", "a&b&c&d&e", GUST_NEVER, 200},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_app_options options = {.routes = show_routes, .max_arguments = cases[i].max};
        struct web *web = web_open(&options);
        char target[64];
        const struct web_row rows[] = {
            {cases[i].name, "/", FORM, .status = cases[i].status, .content = cases[i].query},
            {cases[i].name, target, .status = cases[i].status},
        };

        snprintf(target, sizeof target, "/?%s", cases[i].query);
        web_ask_each(web, rows, gu_countof(rows));
        web_close(web);
    }
}

/* --- asking --- */

static int need_get(gust_request *r)
{
    gust_puts(r, gust_need_argument(r, "a"));
    return 0;
}

static int int_get(gust_request *r)
{
    int64_t found = -1;
    int err = gust_find_int(r, "n", -5, 5, &found);

    gust_printf(r, "%d %" PRId64 " ", err == 1 ? 1 : -err, found);
    gust_printf(r, "%" PRId64, gust_get_int(r, "n", 3, -5, 5));
    return 0;
}

static int find_get(gust_request *r)
{
    int64_t found = -1;

    gust_puts(r, gust_strerror(gust_find_int(r, "n", INT64_MIN, INT64_MAX, &found)));
    gust_printf(r, " %" PRId64, found);
    return 0;
}

TEST(asking_for_what_is_not_there_is_400)
{
    static const gust_route routes[] = {{.path = "/need", .get = need_get},
                                        {.path = "/int", .get = int_get},
                                        {.path = "/find", .get = find_get},
                                        {0}};
    static const struct web_row cases[] = {
        {"there", "/need?a=b", HTML, .status = 200, .body = "b"},
        {"empty is there", "/need?a=", HTML, .status = 200, .body = ""},
        {"missing", "/need?b=a", HTML, .status = 400,
         .part = "the argument &quot;a&quot; is missing"},
        {"no number asked: the fallback", "/int", HTML, .status = 200, .part = "1 -1 3"},
        {"a number", "/int?n=-5", HTML, .status = 200, .part = "0 -5 -5"},
        {"with blanks", "/int?n=+5+", HTML, .status = 200, .part = "0 5 5"},
        {"below", "/int?n=-6", HTML, .status = 400, .part = "is not between -5 and 5"},
        {"above", "/int?n=6", HTML, .status = 400, .part = "is not between -5 and 5"},
        {"beyond 64 bits", "/int?n=99999999999999999999", HTML, .status = 400,
         .part = "is not between"},
        {"no number", "/int?n=five", HTML, .status = 400, .part = "is not a number"},
        {"empty", "/int?n=", HTML, .status = 400, .part = "is not a number"},
        {"a sign alone", "/int?n=-", HTML, .status = 400, .part = "is not a number"},
        {"hexadecimal", "/int?n=0x1", HTML, .status = 400, .part = "is not a number"},
        {"the least", "/find?n=-9223372036854775808", HTML, .status = 200,
         .part = " -9223372036854775808"},
        {"nothing is stored", "/find?n=1.5", HTML, .status = 200, .part = "Invalid argument -1"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

static int check_get(gust_request *r)
{
    assert_null(gust_find_invalid(r, "name"));
    if (gust_find_argument(r, "name") == NULL)
        gust_invalid(r, "name", "is missing");
    if (gust_find_argument(r, "age") == NULL)
        gust_invalid(r, "age", "is at least %d", 18);
    if (gust_find_argument(r, "return") != NULL && !gust_is_valid(r))
        return gust_fail_invalid(r);
    if (gust_find_argument(r, "show") != NULL) {
        gust_invalid(r, "name", "is short");
        gust_text(r, "%s; %s", gust_find_invalid(r, "age"), gust_find_invalid(r, "name"));
        return gust_find_invalid(r, "na") == NULL ? 0 : -EIO;
    }
    gust_check_valid(r);
    if (gust_fail_invalid(r) != 0)
        return -EIO;
    gust_puts(r, "fine");
    return 0;
}

TEST(all_that_is_wrong_is_answered_at_once)
{
    static const gust_route routes[] = {{.path = "/", .get = check_get}, {0}};
    static const struct web_row cases[] = {
        {"nothing", "/?name=x&age=1", JSON, .status = 200, .part = "fine", .lacks = "is missing"},
        {"both", "/", JSON, .status = 422, .part = "is missing"},
        {"and the other of them", "/", JSON, .status = 422, .part = "is at least 18"},
        {"both, returning", "/?return=1", JSON, .status = 422, .part = "is missing"},
        {"and the other of them", "/?return=1", JSON, .status = 422, .part = "is at least 18"},
        {"one", "/?name=x", JSON, .status = 422, .part = "is at least 18", .lacks = "is missing"},
        {"in a form", "/?show=1", JSON, .status = 200, .part = "is at least 18; is missing"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

/* --- cookies --- */

static int cookie_get(gust_request *r)
{
    gust_printf(r, "%s|%s", or_null(gust_get_cookie(r, "a")), or_null(gust_get_cookie(r, "b")));
    return 0;
}

/* CookieTest, ParseCookieTest; the codec's own test has the rest. */
TEST(cookies_are_read)
{
    static const gust_route routes[] = {{.path = "/", .get = cookie_get}, {0}};
    static const struct web_row cases[] = {
        {"none", NULL, "", .status = 200, .body = "NULL|NULL"},
        {"two", NULL, "Cookie: a=1; b=2\r\n", .status = 200, .body = "1|2"},
        {"the last of a name", NULL, "Cookie: a=1; a=2\r\n", .status = 200, .body = "2|NULL"},
        {"quoted", NULL, "Cookie: a=\"x\\\"y\"\r\n", .status = 200, .body = "x\"y|NULL"},
        {"two fields, as HTTP/2 splits them", NULL, "Cookie: a=1\r\nX-Other: x\r\nCookie: b=2\r\n",
         .status = 200, .body = "1|2"},
        {"not UTF-8", NULL, "Cookie: a=\xff; b=2\r\n", .status = 200, .body = "NULL|2"},
        {"a zero byte in quotes", NULL, "Cookie: a=\"x\\000y\"\r\n", .status = 200,
         .body = "NULL|NULL"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(too_many_cookies_are_none)
{
    static const gust_route routes[] = {{.path = "/", .get = cookie_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    char lines[4096];
    size_t len = (size_t)snprintf(lines, sizeof lines, "Cookie: a=1;");

    for (int i = 0; i < 1000; i++, len += 2)
        memcpy(lines + len, "x;", 3);
    memcpy(lines + len, "\r\n", 3);
    assert_string_equal(web_body_of(web_get(web, "/", lines)), "NULL|NULL");
    assert_non_null(strstr(web->log, "more than 1000 cookies"));
    web_close(web);
}

/* --- what is lacking --- */

/* What a request lacks is NULL, and may be given to what answers. */
static int repeat(gust_request *r)
{
    gust_set_header(r, "X-Set", gust_get_header(r, "X-None"));
    gust_add_header(r, "X-Added", gust_get_header(r, "X-None"));
    gust_puts(r, gust_get_header(r, "X-None"));
    return 0;
}

TEST(what_a_request_lacks_is_an_empty_text_in_its_answer)
{
    static const gust_route routes[] = {{.path = "/", .get = repeat}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    const char *answer = web_get(web, "/", "");

    assert_int_equal(web_status(answer), 200);
    assert_true(web_has_line(answer, "X-Set: "));
    assert_true(web_has_line(answer, "X-Added: "));
    assert_string_equal(web_body_of(answer), "");
    web_close(web);
}
