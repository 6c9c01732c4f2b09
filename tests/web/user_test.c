/*
 * user — who is asking, what only users may see, and where a login leads
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <string.h>

static int n_asked;

/* Whoever names himself, after a while. */
static void *named_user(gust_request *r)
{
    n_asked++;
    gust_sleep(0);
    return (void *)(uintptr_t)gust_get_argument(r, "user", NULL);
}

static void *other_user(gust_request *r)
{
    (void)r;
    n_asked++;
    return (void *)(uintptr_t) "other";
}

static int show_get(gust_request *r)
{
    const char *user = gust_current_user(r), *again = gust_current_user(r);

    gust_puts(r, user == NULL ? "nobody" : user);
    return user == again ? 0 : -EIO;
}

static int plain_get(gust_request *r)
{
    gust_puts(r, "plain");
    return 0;
}

static int set_prepare(gust_request *r)
{
    gust_set_current_user(r, (void *)(uintptr_t)gust_get_argument(r, "set", NULL));
    return 0;
}

static int next_get(gust_request *r)
{
    gust_puts(r, gust_safe_next(r, "(home)"));
    return 0;
}

static const gust_handler show = {.get = show_get};
static const gust_handler other = {.get = show_get, .get_current_user = other_user};
static const gust_handler derived = {.base = &other};
static const gust_handler members = {
    .get = show_get, .post = show_get, .flags = GUST_AUTHENTICATED};
static const gust_handler guests = {
    .base = &members, .clear_flags = GUST_AUTHENTICATED, .get = plain_get};
static const gust_handler prepared = {.base = &members, .prepare = set_prepare};

static const gust_route routes[] = {
    {.path = "/show", .handler = &show},       {.path = "/other", .handler = &other},
    {.path = "/derived", .handler = &derived}, {.path = "/members", .handler = &members},
    {.path = "/guests", .handler = &guests},   {.path = "/prepared", .handler = &prepared},
    {.path = "/next", .get = next_get},        {0},
};

static const gust_app_options options = {
    .routes = routes, .get_current_user = named_user, .login_url = "/login"};

TEST(a_user_is_asked_for_once_and_only_if_somebody_wants_to_know)
{
    static const struct {
        const char *name, *target, *body;
        int n_asked;
    } cases[] = {
        {"somebody", "/show?user=ben", "ben", 1},
        {"nobody", "/show", "nobody", 1},
        {"the handler's own", "/other?user=ben", "other", 1},
        {"a base's", "/derived?user=ben", "other", 1},
        {"nobody wants to know", "/guests?user=ben", "plain", 0},
        {"a page for users", "/members?user=ben", "ben", 1},
        {"set before", "/prepared?user=ben&set=ann", "ann", 0},
    };
    struct web *web = web_open(&options);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        n_asked = 0;
        assert_string_equal(web_body_of(web_get(web, cases[i].target, NULL)), cases[i].body);
        assert_int_equal(n_asked, cases[i].n_asked);
    }
    web_close(web);
}

TEST(an_application_without_users_has_nobody)
{
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_string_equal(web_body_of(web_get(web, "/show?user=ben", NULL)), "nobody");
    assert_int_equal(web_status(web_get(web, "/members?user=ben", NULL)), 403);
    web_close(web);
}

/* AuthRedirectTest. */
TEST(who_is_nobody_is_sent_to_the_login_and_told_the_way_back)
{
    static const struct {
        const char *name, *login_url, *request;
        int status;
        const char *location; /* NULL: none */
    } cases[] = {
        {"a path", "/login", "GET /members", 302, "/login?next=%2Fmembers"},
        {"its query too", "/login", "GET /members?a=b&c=%C3%A9+", 302,
         "/login?next=%2Fmembers%3Fa%3Db%26c%3D%25C3%25A9%2B"},
        {"a login elsewhere", "http://id.example.com/login", "GET /members?a=b", 302,
         "http://id.example.com/login?next=http%3A%2F%2Flocalhost%2Fmembers%3Fa%3Db"},
        {"a login with a query", "/login?from=app", "GET /members", 302, "/login?from=app"},
        {"HEAD", "/login", "HEAD /members", 302, "/login?next=%2Fmembers"},
        {"POST", "/login", "POST /members", 403, NULL},
        {"set to nobody before", "/login", "GET /prepared", 302, "/login?next=%2Fprepared"},
        {"no login", NULL, "GET /members", 403, NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_app_options with = options;
        char request[256], line[256];
        const char *response;
        struct web *web;

        TEST_CASE(cases[i].name);
        with.login_url = cases[i].login_url;
        web = web_open(&with);
        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", cases[i].request);
        response = web_talk(web, request);
        assert_int_equal(web_status(response), cases[i].status);
        snprintf(line, sizeof line, "Location: %s", cases[i].location);
        assert_int_equal(web_has_line(response, line), cases[i].location != NULL);
        web_close(web);
    }
}

/* The demos' open redirect of 6.5.3, and its kin. */
TEST(a_login_leads_to_no_other_site)
{
    static const struct {
        const char *name, *next, *goes; /* NULL: home */
    } cases[] = {
        {"a path", "/members", "/members"},
        {"a path with a query", "/members?a=b%26c", "/members?a=b&c"},
        {"the root", "/", "/"},
        {"this site", "http://localhost/members", "/members"},
        {"this site in capitals", "HTTP://LOCALHOST/members", "/members"},
        {"two slashes in the middle", "/a//b", "/a//b"},
        {"a path that another site's name stands in", "/login/@evil.com", "/login/@evil.com"},
        {"nothing", "", NULL},
        {"//evil", "//evil.com", NULL},
        {"///evil", "///evil.com", NULL},
        {"a backslash for the second", "/%5Cevil.com", NULL},
        {"for the first", "%5C/evil.com", NULL},
        {"for both", "%5C%5Cevil.com", NULL},
        {"a tab between", "/%09/evil.com", NULL},
        {"a line's end between", "/%0A/evil.com", NULL},
        {"a carriage return before", "%0D//evil.com", NULL},
        {"a blank between", "/+/evil.com", NULL},
        {"another site", "http://evil.com/", NULL},
        {"another scheme", "https://localhost/members", NULL},
        {"a script", "javascript:alert(1)", NULL},
        {"a name that begins as ours", "http://localhost.evil.com/", NULL},
        {"ours as a user's name", "http://localhost@evil.com/", NULL},
        {"ours, and another port", "http://localhost:81/", NULL},
        {"ours, and then another", "http://localhost//evil.com", NULL},
        {"a path without a slash", "members", NULL},
        {"a query alone", "?a", NULL},
        {"no path behind ours", "http://localhost", NULL},
    };
    struct web *web = web_open(&options);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char target[256];

        TEST_CASE(cases[i].name);
        snprintf(target, sizeof target, "/next?next=%s", cases[i].next);
        assert_string_equal(web_body_of(web_get(web, target, NULL)),
                            cases[i].goes == NULL ? "(home)" : cases[i].goes);
    }
    assert_string_equal(web_body_of(web_get(web, "/next", NULL)), "(home)");
    web_close(web);
}
