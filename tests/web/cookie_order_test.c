/*
 * cookie — where Set-Cookie stands
 *
 * Behind everything that describes the response, its length included, and in front of what is about
 * the connection, as Tornado has it. Whoever compares heads of both sees no difference.
 */
#include "base/str.h"
#include "test.h"
#include "web_client.h"
#include <stdio.h>

#define COOKIE "Set-Cookie: a=b; Path=/\r\n"
#define ETAG "ETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\n"

static int whole_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    gust_add_header(r, "X-Own", "1");
    gust_puts(r, "Hello, world");
    return 0;
}

static int chunked_get(gust_request *r)
{
    int err;

    gust_set_cookie(r, "a", "b", NULL);
    gust_puts(r, "Hello, ");
    err = gust_flush(r);
    gust_set_cookie(r, "late", "1", NULL);
    gust_puts(r, "world");
    return err;
}

static int sized_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    gust_set_header(r, "Content-Length", "12");
    return gust_send(r, "Hello, world", 12);
}

/* What an upstream set stays where the handler put it. */
static int copied_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    gust_add_header(r, "Set-Cookie", "theirs=1");
    gust_add_header(r, "X-Own", "1");
    gust_puts(r, "Hello, world");
    return 0;
}

static int empty_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    gust_set_status(r, 204);
    return 0;
}

static int failing_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    gust_add_header(r, "X-Own", "1");
    return gust_fail(r, 404, "no");
}

static int redirecting_get(gust_request *r)
{
    gust_set_cookie(r, "a", "b", NULL);
    return gust_redirect(r, "/there");
}

/* The fields behind Date, which is not the same twice. */
static const char *fields_of(char *response)
{
    char *end = strstr(response, "\r\n\r\n");
    char *date = strstr(response, "Date: ");

    assert_non_null(end);
    assert_non_null(date);
    end[2] = '\0';
    return strstr(date, "\r\n") + 2;
}

TEST(cookies_stand_behind_the_length_and_before_what_concerns_the_connection)
{
    static const gust_route routes[] = {
        {.path = "/", .get = whole_get},         {.path = "/chunked", .get = chunked_get},
        {.path = "/sized", .get = sized_get},    {.path = "/copied", .get = copied_get},
        {.path = "/empty", .get = empty_get},    {.path = "/failing", .get = failing_get},
        {.path = "/to", .get = redirecting_get}, {0},
    };
    static const struct {
        const char *name, *line, *lines, *expected;
    } cases[] = {
        {"whole", "GET / HTTP/1.1", "", "X-Own: 1\r\n" ETAG "Content-Length: 12\r\n" COOKIE},
        {"the connection is closed", "GET / HTTP/1.1", "Connection: close\r\n",
         "X-Own: 1\r\n" ETAG "Content-Length: 12\r\n" COOKIE "Connection: close\r\n"},
        {"the connection is kept for an old client", "GET / HTTP/1.0", "Connection: keep-alive\r\n",
         "X-Own: 1\r\n" ETAG "Content-Length: 12\r\n" COOKIE "Connection: keep-alive\r\n"},
        {"HEAD", "HEAD / HTTP/1.1", "", "X-Own: 1\r\n" ETAG "Content-Length: 12\r\n" COOKIE},
        {"the client has the body", "GET / HTTP/1.1",
         "If-None-Match: \"61f0632fb079b54d7386e91040cf00c3\"\r\n", "X-Own: 1\r\n" ETAG COOKIE},
        {"in chunks, which are the connection's affair", "GET /chunked HTTP/1.1", "",
         COOKIE "Transfer-Encoding: chunked\r\n"},
        {"until the connection's end", "GET /chunked HTTP/1.0", "", COOKIE "Connection: close\r\n"},
        {"in pieces of a known length", "GET /sized HTTP/1.1", "", "Content-Length: 12\r\n" COOKIE},
        {"a field of that name is a field like others", "GET /copied HTTP/1.1", "",
         "Set-Cookie: theirs=1\r\nX-Own: 1\r\n" ETAG "Content-Length: 12\r\n" COOKIE},
        {"no body", "GET /empty HTTP/1.1", "", COOKIE},
        {"an error, which drops all fields but cookies", "GET /failing HTTP/1.1", "",
         "Content-Length: 78\r\n" COOKIE},
        {"a redirection", "GET /to HTTP/1.1", "",
         "Location: /there\r\nContent-Length: 0\r\n" COOKIE},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char request[512], got[2048];

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s\r\nHost: localhost\r\n%s\r\n", cases[i].line,
                 cases[i].lines);
        snprintf(got, sizeof got, "%s", web_talk(web, request));
        assert_string_equal(fields_of(got), cases[i].expected);
    }
    web_close(web);
}

/* --- how much --- */

static unsigned n_cookies;

static int many_get(gust_request *r)
{
    static char value[4001];
    char name[16];

    memset(value, 'v', sizeof value - 1);
    for (unsigned i = 0; i < n_cookies; i++) {
        snprintf(name, sizeof name, "c%u", i);
        gust_set_cookie(r, name, value, NULL);
    }
    return 0;
}

TEST(cookies_count_towards_the_bound_of_a_head)
{
    static const gust_route routes[] = {{.path = "/", .get = many_get}, {0}};
    static const struct {
        const char *name;
        unsigned n;
        int status;
    } cases[] = {
        {"near it", 60, 200},
        {"beyond it: the connection is cut, and the log says why", 61, 0},
        {"one again: the next is answered", 1, 200},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        n_cookies = cases[i].n;
        assert_int_equal(web_status(web_get(web, "/", NULL)), cases[i].status);
        assert_int_equal(web->is_closed, cases[i].status == 0);
    }
    assert_non_null(strstr(web->log, "the response's head is larger than"));
    web_close(web);
}
