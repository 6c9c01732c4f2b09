/*
 * allocation — a server that is warm asks the heap for nothing
 *
 * What a request needs lies in its task's arena, whose blocks are kept for the next one, and in
 * buffers that are lent. So the allocations of the requests that follow a warm-up are counted.
 * There are none, whatever of the framework they use, but for a chunked body: nobody has said how
 * long it is, so the room that is made for it is larger than the arena's blocks.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_WARM_UP 50
#define N_REQUESTS 1000
#define N_TURNS 1000 /* at the most, until an answer is there */

/* --- the application --- */

static int plain_get(gust_request *r)
{
    gust_text(r, "hello");
    return 0;
}

static int path_get(gust_request *r)
{
    gust_text(r, "%s", gust_path_arg(r, 0));
    return 0;
}

static int query_get(gust_request *r)
{
    gust_text(r, "%s", gust_need_argument(r, "q"));
    return 0;
}

static int json_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"answer", GUST_V(42)}, {"of", GUST_V("all")}));
}

static int body_post(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_write(r, body.ptr, body.len);
    return 0;
}

static int form_post(gust_request *r)
{
    gust_text(r, "%s", gust_need_argument(r, "a"));
    return 0;
}

static int pieces_get(gust_request *r)
{
    gust_puts(r, "one,");
    if (gust_flush(r) < 0)
        return -EIO;
    gust_puts(r, "two");
    return 0;
}

static int cookie_get(gust_request *r)
{
    gust_set_cookie(r, "b", gust_get_cookie(r, "a"), NULL);
    return 0;
}

static int sleep_get(gust_request *r)
{
    gust_text(r, "slept");
    return gust_sleep(0);
}

static const gust_route routes[] = {
    {.path = "/plain", .get = plain_get},   {.path = "/path/(\\w+)", .get = path_get},
    {.path = "/query", .get = query_get},   {.path = "/json", .get = json_get},
    {.path = "/body", .post = body_post},   {.path = "/form", .post = form_post},
    {.path = "/pieces", .get = pieces_get}, {.path = "/cookie", .get = cookie_get},
    {.path = "/sleep", .get = sleep_get},   {0},
};

/* --- the client --- */

/* Sends a request and runs the loop until the answer, which has `len` bytes, is there. */
static void ask(struct web *web, int fd, const char *request, size_t len)
{
    char answer[1024];
    size_t have = 0;

    web_send(fd, request);
    for (int i = 0; have < len && i < N_TURNS; i++) {
        ssize_t n;

        web_turns(web, 1);
        n = recv(fd, answer + have, sizeof answer - have, MSG_DONTWAIT);
        have += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(have, len);
}

TEST(a_warm_server_allocates_nothing)
{
    static const struct {
        const char *name, *request, *line, *body;
        uint64_t each; /* how often a request asks */
    } cases[] = {
        {"plain, with an ETag", "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK",
         "hello", 0},
        {"not modified", "GET /plain HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
         "HTTP/1.1 304 Not Modified", "", 0},
        {"a path's argument", "GET /path/abc HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK", "abc",
         0},
        {"a query's argument", "GET /query?q=a%20b HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK",
         "a b", 0},
        {"JSON out", "GET /json HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK",
         "{\"answer\":42,\"of\":\"all\"}", 0},
        {"a body", "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
         "HTTP/1.1 200 OK", "abcd", 0},
        {"a chunked body",
         "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\nabcd\r\n0\r\n\r\n",
         "HTTP/1.1 200 OK", "abcd", 1},
        {"a form",
         "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
         "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b+c",
         "HTTP/1.1 200 OK", "b c", 0},
        {"an answer in pieces", "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n",
         "Transfer-Encoding: chunked", "4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n", 0},
        {"cookies", "GET /cookie HTTP/1.1\r\nHost: a\r\nCookie: a=x\r\n\r\n",
         "Set-Cookie: b=x; Path=/", "", 0},
        {"a handler that waits", "GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK",
         "slept", 0},
        {"an error page", "GET /nothing HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n",
         "HTTP/1.1 404 Not Found", NULL, 0},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd = web_connect(web);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t before;
        const char *got;
        size_t len;

        TEST_CASE(cases[i].name);
        web_send(fd, cases[i].request);
        got = web_read(web, fd);
        assert_true(web_has_line(got, cases[i].line));
        if (cases[i].body != NULL)
            assert_string_equal(web_body_of(got), cases[i].body);
        len = web->len;
        for (int n = 0; n < N_WARM_UP; n++)
            ask(web, fd, cases[i].request, len);
        before = gu_alloc_count();
        for (int n = 0; n < N_REQUESTS; n++)
            ask(web, fd, cases[i].request, len);
        assert_int_equal(gu_alloc_count() - before, cases[i].each * N_REQUESTS);
    }
    close(fd);
    web_close(web);
}
