/*
 * brim — a request whose memory is used up, at each step of its way
 *
 * What a request keeps is in its exchange's arena. Here that is filled to the brim before the
 * application sees the request, but for a few bytes, and for a few more each time, so that every
 * allocation fails once, whatever asks for it. The answer is an error of ours or none, never half
 * of what was meant; and the next request is served.
 */
#include "base/str.h"
#include "test.h"
#include "web/web_impl.h"
#include "web_client.h"
#include <stdio.h>
#include <unistd.h>

#define STEP 16 /* what an arena rounds to */
#define ENOUGH ((size_t)3500)

static size_t left;
static bool is_brimming;

static void brim(struct gust_arena *arena)
{
    while ((size_t)(arena->end - arena->cur) < left)
        if (gu_arena_alloc_slow(arena, STEP) == NULL)
            break;
    gu_arena_bump(arena, (size_t)(arena->end - arena->cur) - left);
    arena->limit = arena->used;
}

static int brim_headers(gust_exchange *x)
{
    if (is_brimming) {
        brim(&x->arena);
        x->server->max_task_memory = 0; /* or a body would have room of its own */
    }
    x->delegate = &gu_web_delegate;
    return gu_web_delegate.headers_received(x);
}

/* --- the application --- */

static int arguments_get(gust_request *r)
{
    gust_text(r, "%s", gust_need_argument(r, "a"));
    return 0;
}

static int cookie_get(gust_request *r)
{
    const char *value = gust_get_cookie(r, "a");

    if (value == NULL)
        return gust_fail(r, 503, "no cookie");
    gust_set_cookie(r, "b", value, &(gust_cookie_options){.http_only = true});
    return 0;
}

static int path_get(gust_request *r)
{
    gust_text(r, "%s %d", gust_path_arg(r, 0), (int)gust_path_int(r, 1));
    return 0;
}

static int body_post(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_write(r, body.ptr, body.len);
    return 0;
}

static int pull_post(gust_request *r)
{
    gust_str piece;
    int n;

    while ((n = gust_body_read(r, &piece)) > 0)
        gust_write(r, piece.ptr, piece.len);
    return n;
}

static int invalid_get(gust_request *r)
{
    gust_invalid(r, "a", "is %s", "wrong");
    gust_invalid(r, "b", "too");
    gust_check_valid(r);
    return 0;
}

static int fail_get(gust_request *r)
{
    return gust_fail(r, 404, "no %s", "story");
}

static int head_get(gust_request *r)
{
    gust_set_reason(r, 200, "Well");
    gust_add_header(r, "X-A", "a value");
    gust_set_header(r, "Content-Type", "text/x-of-ours; and=a parameter that makes it longer");
    gust_set_header(r, "ETag", "\"mine\"");
    return 0;
}

static int redirect_get(gust_request *r)
{
    return gust_redirect(r, gust_reverse_url(r, "story", "a b", "7", NULL));
}

static int html_get(gust_request *r)
{
    gust_html(r, "<b>%s</b>", "a & b");
    return 0;
}

static int pieces_get(gust_request *r)
{
    gust_set_header(r, "X-A", "a value");
    gust_puts(r, "one,");
    if (gust_flush(r) < 0)
        return -EIO;
    gust_puts(r, "two");
    return 0;
}

static int peer_get(gust_request *r)
{
    const char *url = gust_full_url(r);

    gust_text(r, "%s %s %s", gust_remote_ip(r), gust_protocol(r), url == NULL ? "" : url);
    return 0;
}

static int state_get(gust_request *r)
{
    memset(gust_state(r), 's', 100);
    gust_write(r, gust_state(r), 10);
    return 0;
}

static const gust_handler pull = {.post = pull_post, .flags = GUST_STREAM_BODY},
                          stateful = {.get = state_get, .state_size = 100};

static const gust_route routes[] = {
    {.path = "/arguments", .get = arguments_get, .post = arguments_get},
    {.path = "/cookie", .get = cookie_get},
    {.path = "/path/(\\w+)/([0-9]+)", .get = path_get, .name = "story"},
    {.path = "/body", .post = body_post},
    {.path = "/pull", .handler = &pull},
    {.path = "/invalid", .get = invalid_get},
    {.path = "/fail", .get = fail_get},
    {.path = "/head", .get = head_get},
    {.path = "/redirect", .get = redirect_get},
    {.path = "/html", .get = html_get},
    {.path = "/pieces", .get = pieces_get},
    {.path = "/peer", .get = peer_get},
    {.path = "/state", .handler = &stateful},
    {0},
};

/* --- at each step --- */

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"
#define POST(target, length) "POST " target " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n"

struct step {
    const char *name, *request;
    int status;
    const char *body; /* of an error: some of it */
};

static void serve_brimming(struct web *web)
{
    static const char *const trusted[] = {"127.0.0.1", "10.0.0.1", NULL};
    static gust_delegate brimming;

    brimming = gu_web_delegate;
    brimming.headers_received = brim_headers;
    web->server->delegate = &brimming;
    web->server->options.xheaders = true;
    web->server->options.trusted_downstream = trusted;
}

/* True if it was answered as it is with all the memory that it wants. An error page may tell less
 * where there is less; a page that is none may not. */
static bool is_answered(struct web *web, const struct step *step)
{
    const size_t max = web->server->max_task_memory;
    const char *got = web_talk(web, step->request);
    int status = web_status(got);

    web->server->max_task_memory = max;
    web->log_len = 0;
    if (status == step->status && status < 400 && strcmp(web_body_of(got), step->body) == 0)
        return true;
    if (status == step->status && status >= 400)
        return strstr(web_body_of(got), step->body) != NULL;
    if (status != 503 && status != 500 && !(web->len == 0 && web->is_closed) &&
        strncmp(step->request, "GET /peer", 9) != 0) /* which says what it says without */
        fail_msg("%zu bytes left: %s", left, got);
    return false;
}

TEST(memory_may_be_used_up_at_any_step_of_a_request)
{
    static const struct step steps[] = {
        {"a query", GET("/arguments?a=b%20c&d=e") "\r\n", 200, "b c"},
        {"a form",
         POST("/arguments", "7") "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b%20c",
         200, "b c"},
        {"cookies, both ways", GET("/cookie") "Cookie: x=y; a=b\r\n\r\n", 200, ""},
        {"groups of a path", GET("/path/abc/42") "\r\n", 200, "abc 42"},
        {"a group that is no number", GET("/path/abc/99999999999999999999") "\r\n", 404,
         "is not a number"},
        {"a body", POST("/body", "5") "\r\nhello", 200, "hello"},
        {"problems of fields", GET("/invalid") "\r\n", 422, "<li>b: too</li>"},
        {"problems in JSON", GET("/invalid") "Accept: application/json\r\n\r\n", 422, "\"too\""},
        {"an error page", GET("/fail") "\r\n", 404, "no story"},
        {"a method that is not there", POST("/fail", "0") "\r\n", 405, "405: Method Not Allowed"},
        {"nothing there", GET("/none") "\r\n", 404, "404: Not Found"},
        {"what stands in a head", GET("/head") "\r\n", 200, ""},
        {"a redirection to a named route", GET("/redirect") "\r\n", 302, ""},
        {"HTML", GET("/html") "\r\n", 200, "<b>a &amp; b</b>"},
        {"pieces", GET("/pieces") "\r\n", 200, "4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"},
        {"its peer, behind proxies",
         GET("/peer") "X-Forwarded-For: 4.4.4.4, 10.0.0.1\r\nX-Scheme: https\r\n\r\n", 200,
         "4.4.4.4 https https://a/peer"},
        {"a state", GET("/state") "\r\n", 200, "ssssssssss"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    size_t n_failures = 0;

    serve_brimming(web);
    for (size_t i = 0; i < gu_countof(steps); i++) {
        TEST_CASE(steps[i].name);
        is_brimming = true;
        left = 0;
        for (; !is_answered(web, &steps[i]); left += STEP)
            assert_in_range(left, 0, ENOUGH);
        n_failures += left / STEP;
        is_brimming = false;
        assert_true(is_answered(web, &steps[i]));
    }
    assert_true(n_failures > 2 * gu_countof(steps));
    web_close(web);
}

TEST(what_needs_a_block_of_its_own_may_not_get_it)
{
    static const struct step steps[] = {
        {"a piece of a body", POST("/pull", "5") "\r\nhello", 200, "hello"},
        {"a body that does not say how long it is",
         "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\n0\r\n\r\n",
         200, "hello"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    serve_brimming(web);
    for (size_t i = 0; i < gu_countof(steps); i++) {
        TEST_CASE(steps[i].name);
        is_brimming = true;
        left = ENOUGH;
        assert_false(is_answered(web, &steps[i]));
        is_brimming = false;
        assert_true(is_answered(web, &steps[i]));
    }
    web_close(web);
}
