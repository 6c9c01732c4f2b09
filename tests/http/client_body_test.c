/*
 * client — how large a body may be
 */
#include "fetch_stage.h"
#include <stdio.h>

#define MIB ((size_t)1 << 20)
#define PIECE ((size_t)64 * 1024)

struct body_case {
    const char *name;
    size_t len;
    bool is_to_end;        /* no length is told */
    int64_t max_body_size; /* of the request */
    size_t held;           /* that the task has when it asks */
    int err;
    const char *message;
    int (*streaming_callback)(gust_str piece, void *arg);
};

static size_t n_streamed;

static int serve_body(gust_stream *s, void *arg)
{
    static char bytes[PIECE];
    const struct body_case *c = arg;
    size_t left = c->len;
    int err = read_request(s);

    if (err == 0 && c->is_to_end)
        err = gust_stream_printf(s, "HTTP/1.1 200 OK\r\n\r\n");
    else if (err == 0)
        err = gust_stream_printf(s, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", left);
    while (err == 0 && left > 0) {
        size_t n = gu_min(left, PIECE);

        err = gust_stream_write(s, bytes, n);
        left -= n;
    }
    return err;
}

static int count_piece(gust_str piece, void *arg)
{
    (void)arg;
    n_streamed += piece.len;
    return 0;
}

#define TOO_LARGE "the body is larger than max_body_size"

static const struct body_case bodies[] = {
    {"less than the default", 32 * MIB - 1, false, 0, 0, 0, "", NULL},
    {"the default", 32 * MIB, false, 0, 0, 0, "", NULL},
    {"more than the default", 32 * MIB + 1, false, 0, 0, -GUST_ETOOBIG, TOO_LARGE, NULL},
    {"the default, to the end", 32 * MIB, true, 0, 0, 0, "", NULL},
    {"more, to the end", 32 * MIB + 1, true, 0, 0, -GUST_ETOOBIG, TOO_LARGE, NULL},
    {"less than what was raised", 100 * MIB - 1, true, (int64_t)(100 * MIB), 0, 0, "", NULL},
    {"what was raised", 100 * MIB, true, (int64_t)(100 * MIB), 0, 0, "", NULL},
    {"what was raised, and told", 100 * MIB, false, (int64_t)(100 * MIB), 0, 0, "", NULL},
    {"more", 100 * MIB + 1, true, (int64_t)(100 * MIB), 0, -GUST_ETOOBIG, TOO_LARGE, NULL},
    {"raised, beside what the task has", 100 * MIB, false, (int64_t)(100 * MIB), 30 * MIB, 0, "",
     NULL},
    {"no limit", 100 * MIB, false, GUST_NEVER, 0, 0, "", NULL},
    {"more than the task has left", 30 * MIB, false, 0, 40 * MIB, -ENOMEM,
     "the body is more than the task's memory", NULL},
    {"streamed", 32 * MIB, false, 0, 40 * MIB, 0, "", count_piece},
    {"more, streamed", 32 * MIB + 1, false, 0, 40 * MIB, -GUST_ETOOBIG, TOO_LARGE, count_piece},
    {"raised, streamed", 100 * MIB, false, (int64_t)(100 * MIB), 40 * MIB, 0, "", count_piece},
};

static int fetch_body(void *arg)
{
    const struct body_case *c = arg;
    const gust_fetch_options o = {.max_body_size = c->max_body_size,
                                  .streaming_callback = c->streaming_callback,
                                  .unix_socket = strchr(test_address(), '@')};
    const gust_response *res;

    n_streamed = 0;
    if (c->held > 0)
        gust_alloc(c->held);
    res = gust_fetch(url("/"), &o);
    assert_int_equal(res->error, c->err);
    assert_string_equal(res->message, c->message);
    if (c->err == 0)
        assert_int_equal(c->streaming_callback != NULL ? n_streamed : res->body.len, c->len);
    /* and then the task goes on as before */
    assert_non_null(gust_try_alloc(MIB));
    return 0;
}

TEST(max_body_size_is_what_decides)
{
    for (size_t i = 0; i < gu_countof(bodies); i++) {
        struct body_case c = bodies[i];

        TEST_CASE(c.name);
        open_stage(OK);
        serve_by(serve_body, &c);
        assert_int_equal(gust_tcpserver_listen(stage.server, test_address()), 0);
        in_task(fetch_body, &c);
        close_stage();
    }
}

/* A limit that was raised is raised once, however often it is fetched. */
static int fetch_often(void *arg)
{
    const struct body_case *c = arg;
    const gust_fetch_options o = {.max_body_size = c->max_body_size,
                                  .unix_socket = strchr(test_address(), '@')};

    for (int i = 0; i < 5; i++) {
        GUST_SCOPE();
        assert_int_equal(gust_fetch(url("/"), &o)->error, 0);
    }
    assert_null(gust_try_alloc(65 * MIB));
    return 0;
}

TEST(a_raised_limit_does_not_add_up)
{
    struct body_case c = {"", 33 * MIB, false, (int64_t)(33 * MIB), 0, 0, "", NULL};

    open_stage(OK);
    serve_by(serve_body, &c);
    assert_int_equal(gust_tcpserver_listen(stage.server, test_address()), 0);
    in_task(fetch_often, &c);
    close_stage();
}
