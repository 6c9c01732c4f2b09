/*
 * signed cookies — set, sent back, read; changed, they are none
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <unistd.h>

static const char *or_null(const char *text)
{
    return text == NULL ? "NULL" : text;
}

static int set_get(gust_request *r)
{
    gust_cookie_options options = {.http_only = true, .same_site = "Lax"};

    options.expires_days = (double)gust_get_int(r, "days", 0, -1, 1000);
    gust_set_signed_cookie(r, gust_get_argument(r, "name", "user"),
                           gust_get_argument(r, "value", "ben"), &options);
    return 0;
}

static int read_get(gust_request *r)
{
    const gust_signed_options old = {.min_version = 1, .max_age_days = GUST_NEVER};
    bool is_old = gust_find_argument(r, "old") != NULL;

    gust_printf(r, "%s %d", or_null(gust_get_signed_cookie(r, "user", is_old ? &old : NULL)),
                gust_get_signed_cookie_key_version(r, "user"));
    return 0;
}

static int clear_get(gust_request *r)
{
    gust_clear_all_cookies(r, &(gust_cookie_options){.path = "/p"});
    return 0;
}

static int wrong_get(gust_request *r)
{
    const gust_signed_options third = {.min_version = 3}, below = {.min_version = -1};

    gust_printf(r, "%s %s", or_null(gust_get_signed_cookie(r, "user", &third)),
                or_null(gust_get_signed_cookie(r, "user", &below)));
    return 0;
}

static const gust_route routes[] = {
    {.path = "/set", .get = set_get},
    {.path = "/read", .get = read_get},
    {.path = "/clear", .get = clear_get},
    {.path = "/wrong", .get = wrong_get},
    {0},
};

static const gust_app_options with_secret = {.routes = routes, .cookie_secret = "squeamish"};

/* "Cookie: name=value" as the browser would send what the last answer set. */
static const char *cookie_back(const char *response)
{
    static char line[1024];
    const char *at = strstr(response, "Set-Cookie: ");

    assert_non_null(at);
    at += strlen("Set-Cookie: ");
    snprintf(line, sizeof line, "Cookie: %.*s\r\n", (int)strcspn(at, ";\r"), at);
    return line;
}

TEST(a_signed_cookie_comes_back_as_it_was)
{
    static const struct {
        const char *name, *target, *read;
    } cases[] = {
        {"a value", "/set", "ben 0"},
        {"nothing", "/set?value=", " 0"},
        {"UTF-8", "/set?value=%C3%A9", "\xc3\xa9 0"},
        {"blanks and quotes", "/set?value=a+b%22;c", "a b\";c 0"},
        {"another name", "/set?name=users", "NULL -2"},
    };
    struct web *web = web_open(&with_secret);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *lines = cookie_back(web_get(web, cases[i].target, NULL));

        TEST_CASE(cases[i].name);
        assert_string_equal(web_body_of(web_get(web, "/read", lines)), cases[i].read);
    }
    assert_string_equal(web_body_of(web_get(web, "/read", "")), "NULL -2");
    web_close(web);
}

TEST(a_signed_cookie_lasts_thirty_days_or_as_asked)
{
    static const struct {
        const char *name, *target;
        bool has_date;
    } cases[] = {
        {"by default", "/set", true},
        {"a day", "/set?days=1", true},
        {"the browser's session", "/set?days=-1", false},
    };
    struct web *web = web_open(&with_secret);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *response = web_get(web, cases[i].target, NULL);

        TEST_CASE(cases[i].name);
        assert_int_equal(strstr(response, "; expires=") != NULL, cases[i].has_date);
        assert_non_null(strstr(response, "; HttpOnly; Path=/; SameSite=Lax\r\n"));
    }
    web_close(web);
}

TEST(a_cookie_that_is_not_ours_is_none)
{
    static const char v1[] = "Cookie: user=\"dmFsdWU=|1300000000|"
                             "5bbc1ff8a5a5fdfea2ff1b1ed5d7cf0f5e01fcb1\"\r\n";
    struct web *web = web_open(&with_secret), *other;
    char lines[1024], *at;

    snprintf(lines, sizeof lines, "%s", cookie_back(web_get(web, "/set", NULL)));
    at = strrchr(lines, '|') + 1;
    *at ^= 1;
    assert_string_equal(web_body_of(web_get(web, "/read", lines)), "NULL 0");
    *at ^= 1;
    assert_string_equal(web_body_of(web_get(web, "/wrong", lines)), "NULL NULL");
    assert_string_equal(web_body_of(web_get(web, "/read", v1)), "NULL -74");
    web_close(web);
    other = web_open(&(gust_app_options){.routes = routes, .cookie_secret = "ossifrage"});
    assert_string_equal(web_body_of(web_get(other, "/read", lines)), "NULL 0");
    web_close(other);
}

TEST(secrets_are_changed_in_an_application)
{
    static const gust_secret old[] = {{"old", 1}, {0}}, both[] = {{"new", 2}, {"old", 1}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes, .cookie_secrets = old});
    char lines[1024];

    snprintf(lines, sizeof lines, "%s", cookie_back(web_get(web, "/set", NULL)));
    web_close(web);
    web = web_open(&(gust_app_options){.routes = routes, .cookie_secrets = both});
    assert_string_equal(web_body_of(web_get(web, "/read", lines)), "ben 1");
    snprintf(lines, sizeof lines, "%s", cookie_back(web_get(web, "/set", NULL)));
    assert_string_equal(web_body_of(web_get(web, "/read", lines)), "ben 2");
    web_close(web);
}

TEST(without_a_secret_nothing_is_signed_and_the_log_says_why)
{
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_string_equal(web_body_of(web_get(web, "/read", "Cookie: user=x\r\n")), "NULL -74");
    assert_int_equal(web_status(web_get(web, "/set", NULL)), 500);
    assert_non_null(strstr(web->log, "gust_app_options.cookie_secret"));
    web_close(web);
}

TEST(every_cookie_that_came_is_cleared_but_those_that_cannot_be_set)
{
    struct web *web = web_open(&with_secret);
    const char *response = web_get(web, "/clear", "Cookie: a=1; b@d=2; c=3; \xff=4; a=5\r\n");

    assert_int_equal(web_status(response), 200);
    assert_non_null(strstr(response, "Set-Cookie: a=\"\"; expires="));
    assert_non_null(strstr(response, "Set-Cookie: c=\"\"; expires="));
    assert_non_null(strstr(response, "; Path=/p\r\n"));
    assert_null(strstr(response, "b@d"));
    web_close(web);
}
