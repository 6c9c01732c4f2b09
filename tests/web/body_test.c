/*
 * body — the request's body: whole, pulled, pushed, as JSON; and how much of it there may be
 */
#include "base/alloc.h"
#include "base/str.h"
#include "http/http_impl.h"
#include "web_table.h"
#include <gust/json.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char request[6 << 20];

/* Prints into the request from `at` on; what follows it. */
static size_t put(size_t at, const char *format, ...) GUST_PRINTF(2, 3);

static size_t put(size_t at, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(request + at, sizeof request - at, format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof request - at - 1);
    return at + (size_t)n;
}

/* A POST with a body of `len` bytes, "abc…" over and over. */
static const char *post(const char *target, bool is_chunked, size_t len)
{
    size_t at = put(0, "POST %s HTTP/1.1\r\nHost: localhost\r\n", target);

    if (!is_chunked)
        at = put(at, "Content-Length: %zu\r\n\r\n", len);
    else
        at = put(at, "Transfer-Encoding: chunked\r\n\r\n");
    if (is_chunked && len > 0)
        at = put(at, "%zx\r\n", len);
    for (size_t i = 0; i < len; i++)
        request[at + i] = (char)('a' + i % 26);
    at += len;
    put(at, "%s", !is_chunked ? "" : len > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
    return request;
}

/* Sends what does not fit a socket's buffer at once. */
static const char *talk(struct web *web, const char *bytes)
{
    int fd = web_connect(web);
    size_t len = strlen(bytes);

    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            break; /* refused before its end */
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        web_turns(web, 1);
    }
    web_turns(web, 200); /* what still lies in the socket's buffers */
    web_read(web, fd);
    close(fd);
    web_turns(web, 2);
    return web->bytes;
}

static bool is_sound(gust_str body)
{
    for (size_t i = 0; i < body.len; i++)
        if (body.ptr[i] != (char)('a' + i % 26))
            return false;
    return body.ptr[body.len] == '\0';
}

/* What is posted, sized and chunked, and what its answer has. */
struct posted {
    struct web_row row;
    size_t len;
};

static void post_each(const gust_app_options *options, const struct posted *cases, size_t n)
{
    struct web *web = web_open(options);

    for (size_t i = 0; i < n; i++)
        for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
            TEST_CASE(cases[i].row.name);
            web_check(talk(web, post(cases[i].row.target, is_chunked, cases[i].len)),
                      &cases[i].row);
        }
    web_close(web);
}

/* --- whole --- */

static int whole_post(gust_request *r)
{
    gust_printf(r, "%zu %s", gust_body(r).len, is_sound(gust_body(r)) ? "sound" : "broken");
    return 0;
}

TEST(a_body_arrives_whole)
{
    static const gust_route routes[] = {{.path = "/", .post = whole_post}, {0}};
    static const struct posted cases[] = {
        {{"none", "/", .status = 200, .body = "0 sound"}, 0},
        {{"one byte", "/", .status = 200, .body = "1 sound"}, 1},
        {{"all that is believed at once", "/", .status = 200, .body = "65536 sound"}, 65536},
        {{"one byte more", "/", .status = 200, .body = "65537 sound"}, 65537},
        {{"many growths", "/", .status = 200, .body = "3000001 sound"}, 3000001},
    };

    post_each(&(gust_app_options){.routes = routes}, cases, gu_countof(cases));
}

/* A client that promises 32 MiB and sends a few bytes gets memory for a few. */
TEST(a_promised_length_is_not_believed)
{
    static const gust_route routes[] = {{.path = "/", .post = whole_post}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd = web_connect(web);
    struct gu_conn *conn;

    web_send(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 33554432\r\n\r\nabc");
    web_turns(web, 10);
    conn = gu_container_of(web->server->conns.next, struct gu_conn, all);
    assert_non_null(conn->x);
    assert_true(conn->x->arena.used <= 128 * 1024);
    close(fd);
    web_turns(web, 3);
    web_close(web);
}

/* BodyLimitsTest. */

static int raise_prepare(gust_request *r)
{
    gust_set_max_body_size(r, 20000);
    return 0;
}

static int pull_post(gust_request *r)
{
    size_t total = 0;
    gust_str piece;
    int n;

    while ((n = gust_body_read(r, &piece)) > 0) {
        if ((size_t)n != piece.len || piece.ptr[piece.len] != '\0' ||
            piece.ptr[0] != (char)('a' + total % 26))
            return -EIO;
        total += piece.len;
    }
    if (n < 0)
        return n;
    gust_printf(r, "%zu %zu", total, gust_body(r).len);
    return 0;
}

TEST(a_body_is_limited)
{
    static const gust_handler more = {.post = whole_post, .max_body_size = 20000};
    static const gust_handler less = {.post = whole_post, .max_body_size = 10};
    static const gust_handler asked = {.post = whole_post, .prepare = raise_prepare};
    static const gust_handler pulled = {.post = pull_post, .flags = GUST_STREAM_BODY};
    static const gust_handler endless = {.post = whole_post, .max_body_size = GUST_NEVER};
    static const gust_route routes[] = {{.path = "/", .post = whole_post},
                                        {.path = "/more", .handler = &more},
                                        {.path = "/less", .handler = &less},
                                        {.path = "/asked", .handler = &asked},
                                        {.path = "/pulled", .handler = &pulled},
                                        {.path = "/endless", .handler = &endless},
                                        {0}};
    static const struct posted cases[] = {
        {{"at the server's limit", "/", .status = 200}, 4096},
        {{"a byte above it", "/", .status = 413}, 4097},
        {{"at the handler's", "/more", .status = 200}, 20000},
        {{"above it", "/more", .status = 413}, 20001},
        {{"a smaller one", "/less", .status = 200}, 10},
        {{"above that", "/less", .status = 413}, 11},
        {{"at one that prepare set", "/asked", .status = 200}, 20000},
        {{"above it", "/asked", .status = 413}, 20001},
        {{"pulled, at the limit", "/pulled", .status = 200}, 4096},
        {{"pulled, above", "/pulled", .status = 413}, 4097},
        {{"none", "/endless", .status = 200}, 1000000},
    };

    post_each(&(gust_app_options){.routes = routes, .server.max_body_size = 4096}, cases,
              gu_countof(cases));
}

/* --- in pieces --- */

struct pushed {
    size_t n_pieces, len;
    bool is_prepared;
};

static int push_prepare(gust_request *r)
{
    struct pushed *state = gust_state(r);

    state->is_prepared = true;
    return gust_find_argument(r, "refuse") == NULL ? 0 : gust_fail(r, 401, "not you");
}

static int push_received(gust_request *r, gust_str data)
{
    struct pushed *state = gust_state(r);

    if (!state->is_prepared || data.ptr[0] != (char)('a' + state->len % 26))
        return -EIO;
    if (gust_find_argument(r, "wait") != NULL)
        gust_sleep(0.001);
    state->n_pieces++;
    state->len += data.len;
    if (gust_find_argument(r, "early") != NULL) {
        gust_puts(r, "early");
        return gust_finish(r);
    }
    return gust_find_argument(r, "fail") == NULL ? 0 : gust_fail(r, 409, "enough");
}

static int push_post(gust_request *r)
{
    const struct pushed *state = gust_state(r);

    gust_printf(r, "%zu %s", state->len, state->n_pieces > 0 ? "pushed" : "nothing");
    return 0;
}

/* StreamingRequestBodyTest, and its FlowControlTests. */
TEST(a_body_arrives_in_pieces)
{
    static const gust_handler pull = {.post = pull_post, .flags = GUST_STREAM_BODY};
    static const gust_handler push = {.post = push_post,
                                      .prepare = push_prepare,
                                      .data_received = push_received,
                                      .state_size = sizeof(struct pushed)};
    static const gust_route routes[] = {
        {.path = "/pull", .handler = &pull}, {.path = "/push", .handler = &push}, {0}};
    static const struct posted cases[] = {
        {{"pulled", "/pull", .status = 200, .body = "1000000 0"}, 1000000},
        {{"an empty one, pulled", "/pull", .status = 200, .body = "0 0"}, 0},
        {{"pushed", "/push", .status = 200, .body = "1000000 pushed"}, 1000000},
        {{"an empty one, pushed", "/push", .status = 200, .body = "0 nothing"}, 0},
        {{"the receiver may wait", "/push?wait=1", .status = 200, .body = "100000 pushed"}, 100000},
        {{"prepare refuses", "/push?refuse=1", .status = 401}, 1000},
        {{"the receiver refuses", "/push?fail=1", .status = 409}, 1000},
        {{"the receiver has answered", "/push?early=1", .status = 200, .body = "early"}, 1000},
    };

    post_each(&(gust_app_options){.routes = routes}, cases, gu_countof(cases));
}

/* --- JSON --- */

static int json_post(gust_request *r)
{
    if (gust_find_argument(r, "find") != NULL) {
        gust_error error = {0};

        if (gust_find_json(r, &error) == NULL)
            return gust_fail(r, 409, "%d %s", error.status, error.message);
    }
    if (gust_get_json(r) != gust_get_json(r))
        return -EIO;
    if (gust_find_argument(r, "fail") != NULL)
        gust_raise(r, 410, "after all");
    return gust_json_value(r, gust_value_json(gust_get_json(r)));
}

TEST(a_body_is_read_as_json)
{
    static const gust_route routes[] = {{.path = "/", .post = json_post}, {0}};
    static const struct web_row cases[] = {
        {"an object", .content = "{\"a\":[1,2,{}]}", .status = 200, .part = "{\"a\":[1,2,{}]}"},
        {"any value", .content = " 42 ", .status = 200, .part = "42"},
        {"of equal keys the last", .content = "{\"a\":1,\"a\":2}", .status = 200,
         .part = "{\"a\":2}"},
        {"no JSON", .content = "{\"a\":}", .status = 400, .part = "in line 1, column"},
        {"nothing", .content = "", .status = 400, .part = "ends too early"},
        {"more behind it", .content = "1 2", .status = 400, .part = "something follows"},
        {"not UTF-8", .content = "\"\xff\"", .status = 400, .part = "not UTF-8"},
        {"the returning form", "/?find=1", .content = "[1", .status = 409, .part = "400 "},
        {"let go after a raise", "/?fail=1", .content = "[1]", .status = 410, .part = "after all"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_ask_each(web, cases, gu_countof(cases));
    web_close(web);
}

TEST(json_that_would_cost_too_much_is_413)
{
    static const gust_route routes[] = {{.path = "/", .post = json_post}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    size_t n = 200, head, len = 1 << 20;

    head = put(0, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", n);
    memset(request + head, '[', n);
    request[head + n] = '\0';
    assert_non_null(strstr(talk(web, request), "HTTP/1.1 413 "));
    head = put(0, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n[", len);
    for (size_t i = 1; i < len; i += 3)
        memcpy(request + head + i - 1, "{},", 4);
    assert_non_null(strstr(talk(web, request), "HTTP/1.1 413 "));
    web_close(web);
}

static int scope_get(gust_request *r)
{
    gust_error error = {0};
    json_t *kept;

    {
        GUST_SCOPE();
        json_t *json = gust_json_decode(GU_STR("{\"a\":\"</b>\"}"), &error);

        kept = json_incref(json);
        gust_printf(r, "%s ", gust_json_encode(json));
    }
    gust_printf(r, "%zu ", kept->refcount);
    json_decref(kept);
    if (gust_json_decode(GU_STR("[1"), &error) == NULL)
        gust_puts(r, gust_strerror(error.code));
    return 0;
}

TEST(json_of_a_scope_ends_with_it)
{
    static const gust_route routes[] = {{.path = "/", .get = scope_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    char expected[128];

    snprintf(expected, sizeof expected, "{\"a\":\"<\\/b>\"} 1 %s", gust_strerror(-GUST_ESYNTAX));
    assert_string_equal(web_body_of(web_get(web, "/", NULL)), expected);
    web_close(web);
}
