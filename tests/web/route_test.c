/*
 * route — which handler a request gets, and what the path tells it
 */
#include "base/alloc.h"
#include "base/str.h"
#include "kept_log.h"
#include "web_table.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "data: arg, arg, …" of whatever route matched. */
static int show(gust_request *r)
{
    const char *arg;

    gust_puts(r, gust_route_data(r) == NULL ? "?" : gust_route_data(r));
    for (size_t i = 0; i < 4; i++)
        if ((arg = gust_path_arg(r, i)) != NULL)
            gust_printf(r, " [%zu %s]", i, arg);
    return 0;
}

/* --- matching --- */

TEST(the_first_route_that_matches_wins_whichever_kind_it_is)
{
    static const gust_route routes[] = {
        {.path = "/pattern/first.*", .get = show, .data = "pattern"},
        {.path = "/pattern/first", .get = show, .data = "literal"},
        {.path = "/literal/first", .get = show, .data = "literal"},
        {.path = "/literal/.*", .get = show, .data = "pattern"},
        {.path = "/same", .get = show, .data = "one"},
        {.path = "/same", .get = show, .data = "two"},
        {.path = "/a|/ab", .get = show, .data = "either"},
        {.path = "/opt(?:ional)?", .get = show, .data = "optional"},
        {.path = "/x{2}y?", .get = show, .data = "counted"},
        {.path = "/braces{2}", .get = show, .data = "braces"},
        {.path = "^/anchored$", .get = show, .data = "anchored"},
        {.path = "(?i)/CASE", .get = show, .data = "case"},
        {.path = "/dot\\.txt", .get = show, .data = "dot"},
        {.path = "/none(?!x)|/other", .get = show, .data = "alternative"},
        {0}};
    static const struct web_row cases[] = {
        {"a pattern in front of a literal path", "/pattern/first", .status = 200,
         .body = "pattern"},
        {"a literal path in front of a pattern", "/literal/first", .status = 200,
         .body = "literal"},
        {"a pattern behind it", "/literal/second", .status = 200, .body = "pattern"},
        {"of equal paths the first", "/same", .status = 200, .body = "one"},
        {"the whole path, by whichever alternative", "/ab", .status = 200, .body = "either"},
        {"nothing behind the pattern", "/abc", .status = 404},
        {"nothing in front of it", "/x/literal/second", .status = 404},
        {"an optional end", "/opt", .status = 200, .body = "optional"},
        {"the last character may be counted", "/xxy", .status = 200, .body = "counted"},
        {"a brace alone makes no pattern", "/braces{2}", .status = 200, .body = "braces"},
        {"anchors of one's own do no harm", "/anchored", .status = 200, .body = "anchored"},
        {"options in the pattern", "/case", .status = 200, .body = "case"},
        {"an escaped dot is a dot", "/dot.txt", .status = 200, .body = "dot"},
        {"and nothing else", "/dotxtxt", .status = 404},
        {"a bar outside of groups: no common beginning", "/other", .status = 200,
         .body = "alternative"},
        {"the query is no part of the path", "/same?/x", .status = 200, .body = "one"},
        {"an absolute target", "http://localhost/same", .status = 200, .body = "one"},
        {"paths are compared undecoded", "/s%61me", .status = 404},
        {"no such path", "/", .status = 404},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

static int named_get(gust_request *r)
{
    const char *none = gust_path_named(r, "none");

    gust_printf(r, "%s-%s-%s", gust_path_named(r, "year"), gust_path_named(r, "month"),
                none == NULL ? "NULL" : none);
    return 0;
}

static int number_get(gust_request *r)
{
    int64_t found = 0;

    if (gust_find_path_int(r, 0, &found) && found != gust_path_int(r, 0))
        return -EIO;
    gust_printf(r, "%lld", (long long)gust_path_int(r, 0));
    return 0;
}

/* A9; decode_argument of web_test's WSGISafeWebTest. */
TEST(groups_are_decoded)
{
    static const gust_route routes[] = {
        {.path = "/one/([^/]*)", .get = show, .data = "one"},
        {.path = "/two/(a)?(b)?", .get = show, .data = "two"},
        {.path = "/date/(?<year>[0-9]+)/(?P<month>[0-9]+)", .get = named_get},
        {.path = "/number/(.*)", .get = number_get},
        {0}};
    static const struct web_row cases[] = {
        {"as it is", "/one/abc", .status = 200, .body = "one [0 abc]"},
        {"empty", "/one/", .status = 200, .body = "one [0 ]"},
        {"escapes are undone", "/one/%C3%A9%20%2F", .status = 200, .body = "one [0 \xc3\xa9 /]"},
        {"a plus sign stays", "/one/a+b", .status = 200, .body = "one [0 a+b]"},
        {"what is no escape stays", "/one/100%", .status = 200, .body = "one [0 100%]"},
        {"control characters stay", "/one/a%01b", .status = 200,
         .body = "one [0 a\x01"
                 "b]"},
        {"not UTF-8", "/one/%E9", .status = 400},
        {"a zero byte", "/one/a%00b", .status = 400},
        {"a group that took no part", "/two/b", .status = 200, .body = "two [1 b]"},
        {"nor did any", "/two/", .status = 200, .body = "two"},
        {"by name", "/date/2026/11", .status = 200, .body = "2026-11-NULL"},
        {"a number", "/number/42", .status = 200, .body = "42"},
        {"the least", "/number/-9223372036854775808", .status = 200,
         .body = "-9223372036854775808"},
        {"the largest", "/number/+9223372036854775807", .status = 200,
         .body = "9223372036854775807"},
        {"beyond it", "/number/9223372036854775808", .status = 404},
        {"no number", "/number/4x", .status = 404},
        {"nothing", "/number/", .status = 404},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(a_pattern_that_backtracks_gives_up)
{
    static const gust_route routes[] = {
        {.path = "/slow/(?:(?:a+)+)+[bc]*[0-9]", .get = show, .data = "slow"},
        {.path = "/deep/((?:a|ab)(?:c|bcd)*)*", .get = show, .data = "deep"},
        {.path = "/fast", .get = show, .data = "fast"},
        {0}};
    char target[128] = "/slow/";
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    memset(target + 6, 'a', 60);
    assert_non_null(strstr(web_get(web, target, NULL), "HTTP/1.1 500 "));
    assert_non_null(strstr(web->log, "took too many steps"));
    assert_non_null(strstr(web_get(web, "/fast", NULL), "HTTP/1.1 200 "));
    web_close(web);
}

TEST(finding_a_route_allocates_nothing)
{
    static const gust_route routes[] = {{.path = "/p/([a-z]+)/([0-9]+)", .get = show, .data = "p"},
                                        {.path = "/l", .get = show, .host = ".*", .data = "l"},
                                        {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd = web_connect(web);
    uint64_t before = 0;

    for (int i = 0; i < 20; i++) {
        before = i == 10 ? gu_alloc_count() : before;
        web_send(fd, "GET /p/abc/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_string_equal(web_body_of(web_read(web, fd)), "p [0 abc] [1 1]");
        web_send(fd, "GET /l HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_string_equal(web_body_of(web_read(web, fd)), "l");
    }
    assert_int_equal(gu_alloc_count(), before);
    close(fd);
    web_close(web);
}

/* --- hosts --- */

/* HostMatchingTest, DefaultHostMatchingTest. */
TEST(hosts_are_patterns)
{
    static const gust_route deeper[] = {
        {.path = "/inner", .get = show, .host = "x\\..*", .data = "x"}, {0}};
    static const gust_route routes[] = {
        {.path = "/", .get = show, .host = "www\\.example\\.com", .data = "www"},
        {.path = "/", .get = show, .host = ".*\\.test", .data = "test"},
        {.path = "/(p)", .get = show, .host = "(w)ww.*", .data = "pattern"},
        {.routes = deeper, .host = ".*\\.org"},
        {.path = "/6", .get = show, .host = "\\[::1\\]", .data = "six"},
        {.path = "/open", .get = show, .data = "open"},
        {0}};
    static const struct web_row cases[] = {
        {"its name", "http://www.example.com/", .status = 200, .body = "www"},
        {"any case, and a port", "http://WWW.Example.COM:8080/", .status = 200, .body = "www"},
        {"the next rule", "http://a.test/", .status = 200, .body = "test"},
        {"DNS rebinding: the whole name", "http://www.example.com.evil/", .status = 404},
        {"groups of the path alone are arguments", "http://www/p", .status = 200,
         .body = "pattern [0 p]"},
        {"both of nested ones", "http://x.org/inner", .status = 200, .body = "x"},
        {"not one of them", "http://y.org/inner", .status = 404},
        {"nor the other", "http://x.com/inner", .status = 404},
        {"IPv6", "http://[::1]:80/6", .status = 200, .body = "six"},
        {"a route for any host", "http://whatever/open", .status = 200, .body = "open"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(the_default_host_is_for_hosts_that_nothing_is_for)
{
    static const gust_route routes[] = {
        {.path = "/", .get = show, .host = "www\\.example\\.com", .data = "www"},
        {.path = "/", .get = show, .host = "other", .data = "other"},
        {.path = "/open", .get = show, .data = "open"},
        {0}};
    static const struct web_row cases[] = {
        {"no host that is known", "http://127.0.0.1/", .status = 200, .body = "www"},
        {"one that is", "http://other/", .status = 200, .body = "other"},
        {"behind a proxy, which knows", "http://127.0.0.1/", "X-Real-Ip: 1.2.3.4\r\n",
         .status = 404},
        {"routes for any host were tried", "http://127.0.0.1/open", .status = 200, .body = "open"},
        {"no such path", "http://127.0.0.1/none", .status = 404},
    };
    struct web *web =
        web_open(&(gust_app_options){.routes = routes, .default_host = "www.example.com"});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

/* --- tables in tables --- */

TEST(a_table_without_a_match_falls_through)
{
    static const gust_route deepest[] = {{.path = "/leaf", .get = show}, {0}};
    static const gust_route numbers[] = {{.path = "/([a-z]+)", .get = show},
                                         {.path = "/deep", .routes = deepest, .data = "deep"},
                                         {0}};
    static const gust_route inner[] = {{.path = "", .get = show, .data = "root"},
                                       {.path = "/a.b", .get = show, .data = "pattern"},
                                       {.path = "/list", .get = show},
                                       {0}};
    static const gust_route routes[] = {
        {.path = "/in(ner)", .routes = inner, .data = "outer pattern"},
        {.path = "/v1.0", .routes = inner, .data = "dotted"},
        {.path = "/{x}", .routes = inner, .data = "braces"},
        {.path = "/n/([0-9]+)", .routes = numbers, .data = "numbers"},
        {.path = "/n/.*", .get = show, .data = "fallback"},
        {0}};
    static const struct web_row cases[] = {
        {"the prefix itself", "/{x}", .status = 200, .body = "root"},
        {"literal behind literal", "/{x}/list", .status = 200, .body = "braces"},
        {"a pattern behind literal", "/{x}/a-b", .status = 200, .body = "pattern"},
        {"whose prefix is not a pattern", "/{{x}/a-b", .status = 404},
        {"literal behind a pattern", "/inner/list", .status = 200, .body = "outer pattern [0 ner]"},
        {"groups count through", "/n/12/abc", .status = 200, .body = "numbers [0 12] [1 abc]"},
        {"data of the nearest table", "/n/7/deep/leaf", .status = 200, .body = "deep [0 7]"},
        {"no match inside", "/n/12/ABC", .status = 200, .body = "fallback"},
        {"no match at all", "/v1.0/none", .status = 404},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

/* --- methods --- */

static int verb(gust_request *r)
{
    gust_puts(r, gust_method(r));
    return 0;
}

static int own_options(gust_request *r)
{
    gust_puts(r, "mine");
    return 0;
}

TEST(a_method_without_a_function_is_405)
{
    static const gust_handler three = {.get = verb, .put = verb, .del = verb};
    static const gust_handler headed = {.head = verb, .post = verb, .patch = verb};
    static const gust_handler any = {.any = verb, .options = own_options};
    static const gust_route routes[] = {{.path = "/three", .handler = &three},
                                        {.path = "/headed", .handler = &headed},
                                        {.path = "/any", .handler = &any},
                                        {.path = "/both", .get = verb, .post = verb},
                                        {0}};
    static const struct {
        const char *name, *line;
        int status;
        const char *allow; /* NULL: no such field */
        const char *body;
    } cases[] = {
        {"get", "GET /three", 200, NULL, "GET"},
        {"put", "PUT /three", 200, NULL, "PUT"},
        {"delete", "DELETE /three", 200, NULL, "DELETE"},
        {"head runs get and has no body", "HEAD /three", 200, NULL, ""},
        {"post is missing", "POST /three", 405, "GET, HEAD, PUT, DELETE, OPTIONS", NULL},
        {"options is answered", "OPTIONS /three", 204, "GET, HEAD, PUT, DELETE, OPTIONS", ""},
        {"an unknown method", "FOO /three", 405, "GET, HEAD, PUT, DELETE, OPTIONS", NULL},
        {"trace", "TRACE /three", 405, "GET, HEAD, PUT, DELETE, OPTIONS", NULL},
        {"head alone", "GET /headed", 405, "HEAD, POST, PATCH, OPTIONS", NULL},
        {"patch", "PATCH /headed", 200, NULL, "PATCH"},
        {"any", "FOO /any", 200, NULL, "FOO"},
        {"any is for what has no function", "OPTIONS /any", 200, NULL, "mine"},
        {"get and post without a handler", "POST /both", 200, NULL, "POST"},
        {"they alone", "PUT /both", 405, "GET, HEAD, POST, OPTIONS", NULL},
        {"the server as a whole", "OPTIONS *", 204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
         ""},
        {"a tunnel", "CONNECT localhost:80", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
         NULL},
        {"an unknown method of an unknown path", "FOO /none", 404, NULL, NULL},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char request[256], expected[128];
        const char *response;

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
                 cases[i].line);
        response = web_talk(web, request);
        snprintf(expected, sizeof expected, "HTTP/1.1 %d ", cases[i].status);
        if (strncmp(response, expected, strlen(expected)) != 0)
            fail_msg("%.200s", response);
        snprintf(expected, sizeof expected, "Allow: %s", cases[i].allow);
        if (cases[i].allow == NULL ? strstr(response, "\r\nAllow:") != NULL
                                   : !web_has_line(response, expected))
            fail_msg("%.300s", response);
        if (cases[i].body != NULL)
            assert_string_equal(web_body_of(response), cases[i].body);
    }
    web_close(web);
}

/* --- the way back --- */

static int reverse_get(gust_request *r)
{
    gust_printf(r, "%s %s %s %s", gust_reverse_url(r, "plain", NULL),
                gust_reverse_url(r, "one", "a b/\xc3\xa9?", NULL),
                gust_reverse_url(r, "two", "1", "2", NULL), gust_reverse_url(r, "in", "x", NULL));
    return 0;
}

static int reverse_none(gust_request *r)
{
    gust_puts(r, gust_reverse_url(r, "none", NULL));
    return 0;
}

static int reverse_less(gust_request *r)
{
    gust_puts(r, gust_reverse_url(r, "two", "1", NULL));
    return 0;
}

/* URLSpecReverseTest, and A9. */
TEST(a_named_route_gives_its_url)
{
    static const gust_route inner[] = {{.path = "/x.(y*)/?", .get = show},
                                       {.path = "/([a-z]+)\\.txt", .get = show, .name = "in"},
                                       {0}};
    static const gust_route routes[] = {
        {.path = "/plain", .get = show, .name = "plain"},
        {.path = "^/one/([^/]+)$", .get = show, .name = "one"},
        {.path = "/two/(?<a>[()0-9\\)]+)/(?P<b>.*)-x", .get = show, .name = "two"},
        {.path = "/in-ner", .routes = inner},
        {.path = "/reverse", .get = reverse_get},
        {.path = "/none", .get = reverse_none},
        {.path = "/less", .get = reverse_less},
        {0}};
    static const struct web_row cases[] = {
        {"arguments are escaped, slashes stay", "/reverse", .status = 200,
         .body = "/plain /one/a%20b/%C3%A9%3F /two/1/2-x /in-ner/x.txt"},
        {"no such name", "/none", .status = 500},
        {"too few arguments", "/less", .status = 500},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    assert_non_null(strstr(web->log, "no route has the name \"none\""));
    assert_non_null(strstr(web->log, "the route \"two\" takes 2 arguments, not 1"));
    web_close(web);
}

/* --- wrong tables --- */

TEST(a_wrong_table_is_refused_with_a_reason)
{
    static const gust_handler empty = {.on_finish = NULL};
    static const gust_handler twice = {
        .post = verb, .flags = GUST_STREAM_BODY, .data_received = NULL, .base = NULL};
    static int (*const received)(gust_request *, gust_str) = NULL;
    static gust_handler circle[2], both, small, large = {.get = verb, .state_size = 64};
    static gust_route loop[2];
    static const gust_delegate delegate = {.finish = NULL};
    const struct {
        const char *name;
        gust_route route;
        const char *why;
    } cases[] = {
        {"no target", {.path = "/x"}, "none of handler, get, post, routes and delegate"},
        {"two targets", {.path = "/x", .get = verb, .handler = &twice}, "more than one of"},
        {"a delegate beside", {.path = "/x", .post = verb, .delegate = &delegate}, "more than one"},
        {"no path", {.get = verb}, "it has no path"},
        {"a bad pattern", {.path = "/x(a", .get = verb}, "at offset 4 of \"/x(a\""},
        {"a bad host", {.path = "/x", .get = verb, .host = "[a"}, "at offset 2 of \"[a\""},
        {"no method", {.path = "/x", .handler = &empty}, "no function for any method"},
        {"a circle of bases", {.path = "/x", .handler = &circle[0]}, "bases run in a circle"},
        {"a smaller state", {.path = "/x", .handler = &small}, "state_size is less"},
        {"pulled and pushed", {.path = "/x", .handler = &both}, "pulled or pushed"},
        {"a circle of tables", {.path = "/x", .routes = loop}, "its table stands in itself"},
        {"a named table", {.path = "/x", .routes = loop, .name = "n"}, "a name belongs to one URL"},
        {"a name that is there", {.path = "/x", .get = verb, .name = "first"}, "another route's"},
        {"nested groups", {.path = "/((a)b)", .get = verb, .name = "n"}, "too complicated"},
        {"special outside of groups", {.path = "/a+", .get = verb, .name = "n"}, "too complicated"},
        {"an optional group", {.path = "/(a)?", .get = verb, .name = "n"}, "too complicated"},
        {"a class", {.path = "/[ab]", .get = verb, .name = "n"}, "too complicated"},
        {"a look-ahead", {.path = "/(?=a)a", .get = verb, .name = "n"}, "too complicated"},
        {"an escaped letter", {.path = "/\\d", .get = verb, .name = "n"}, "too complicated"},
        {"a bar", {.path = "/a|/b", .get = verb, .name = "n"}, "too complicated"},
    };

    (void)received;
    circle[0] = (gust_handler){.get = verb, .base = &circle[1]};
    circle[1] = (gust_handler){.get = verb, .base = &circle[0]};
    small = (gust_handler){.base = &large, .state_size = 63};
    both = (gust_handler){.post = verb,
                          .flags = GUST_STREAM_BODY,
                          .data_received = (int (*)(gust_request *, gust_str))(void (*)(void))verb};
    loop[0] = (gust_route){.path = "/y", .routes = loop};
    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_route routes[] = {
            {.path = "/first", .get = verb, .name = "first"}, cases[i].route, {0}};

        TEST_CASE(cases[i].name);
        keep_log();
        assert_null(gust_app_new(&(gust_app_options){.routes = routes}));
        release_log();
        if (strstr(kept_log, cases[i].why) == NULL)
            fail_msg("it said: %s", kept_log);
        assert_non_null(strchr(kept_log, '\n'));
        assert_int_equal(strchr(kept_log, '\n')[1], '\0');
    }
}

TEST(short_memory_makes_no_application)
{
    static const gust_route inner[] = {{.path = "/(b)", .get = show, .name = "in"}, {0}};
    static const gust_route routes[] = {{.path = "/a", .get = show, .name = "a", .host = "h.*"},
                                        {.path = "/(a)/x", .routes = inner},
                                        {0}};
    bool has_failed = true;
    uint64_t n;

    for (n = 1; has_failed; n++) {
        gust_app *app;

        keep_log();
        gu_alloc_fail_at(n);
        app = gust_app_new(&(gust_app_options){.routes = routes});
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        release_log();
        /* without the stack of machine code patterns still match, on the loop's */
        if (!has_failed)
            assert_non_null(app);
        gust_app_free(app);
    }
    assert_true(n > 20);
}
