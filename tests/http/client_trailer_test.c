/*
 * client — fields behind a body
 */
#include "fetch_stage.h"
#include <stdio.h>

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

struct trailer_case {
    const char *name, *answer;
    const char *a;    /* the value of A; NULL: there is none */
    size_t n;         /* fields in all */
    const char *list; /* "name=value " of each */
};

static const struct trailer_case trailers[] = {
    {"none", CHUNKED "1\r\nx\r\n0\r\n\r\n", NULL, 0, ""},
    {"one", CHUNKED "1\r\nx\r\n0\r\nA: b\r\n\r\n", "b", 1, "A=b "},
    {"without case", CHUNKED "1\r\nx\r\n0\r\na:b\r\n\r\n", "b", 1, "a=b "},
    {"the last counts", CHUNKED "1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\nA: 3\r\n\r\n", "3", 3,
     "A=1 B=2 A=3 "},
    {"without a body", CHUNKED "0\r\nA: b\r\n\r\n", "b", 1, "A=b "},
    {"nothing in it", CHUNKED "0\r\nA:\r\n\r\n", "", 1, "A= "},
    {"what may not stand there is dropped",
     CHUNKED "0\r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nA: b\r\nContent-Encoding: gzip\r\n\r\n",
     "b", 1, "A=b "},
    {"a field of the head is none", "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 1\r\n\r\nx", NULL,
     0, ""},
    {"nor is what comes behind a sized body",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxA: b\r\n\r\n", NULL, 0, ""},
};

static void check(const gust_response *res, const struct trailer_case *c)
{
    const char *list = "";

    assert_int_equal(res->error, 0);
    assert_int_equal(res->n_trailers, c->n);
    for (const gust_field *field = res->trailers; field->name != NULL; field++)
        list = gust_sprintf("%s%s=%s ", list, field->name, field->value);
    assert_string_equal(list, c->list);
    if (c->a == NULL)
        assert_null(gust_response_trailer(res, "A"));
    else
        assert_string_equal(gust_response_trailer(res, "A"), c->a);
}

static int fetch_whole(void *arg)
{
    check(gust_fetch(url("/"), NULL), arg);
    return 0;
}

static int fetch_pieces(void *arg)
{
    const gust_response *res = gust_fetch_open(url("/"), NULL);
    int n;

    assert_null(gust_response_trailer(res, "A"));
    do { /* the scope that reads the end is not the one that asked */
        GUST_SCOPE();
        gust_str piece;

        n = gust_response_read(res, &piece);
        assert_true(n >= 0);
        gust_alloc(100);
    } while (n > 0);
    gust_ignore(memset(gust_alloc(4000), 'x', 4000));
    check(res, arg);
    return 0;
}

static int fetch_later(void *arg)
{
    gust_future *future = gust_fetch_future(url("/"), NULL);
    void *res;

    assert_int_equal(gust_await(future, &res), 0);
    check(res, arg);
    gust_future_unref(future);
    return 0;
}

TEST(trailers_are_there_when_the_body_is_read)
{
    static int (*const ways[])(void *) = {fetch_whole, fetch_pieces, fetch_later};

    for (size_t i = 0; i < gu_countof(trailers); i++)
        for (size_t j = 0; j < 2 * gu_countof(ways); j++) {
            struct trailer_case c = trailers[i];

            TEST_CASE(c.name);
            open_stage(c.answer);
            stage.is_byte_by_byte = j >= gu_countof(ways);
            in_task(ways[j % gu_countof(ways)], &c);
            close_stage();
        }
}

/* --- of the last response alone --- */

static int fetch_redirected(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->n_redirects, 1);
    assert_int_equal(res->n_trailers, 0);
    assert_null(res->trailers[0].name);
    return 0;
}

TEST(the_trailers_of_a_redirect_are_not_the_responses)
{
    open_stage("HTTP/1.1 302 X\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\nA: b\r\n\r\n");
    stage.answers[1] = OK;
    in_task(fetch_redirected, NULL);
    assert_int_equal(stage.n_conns, 1);
    close_stage();
}

/* --- bounds --- */

struct bound_case {
    const char *name;
    size_t n, len; /* fields; bytes of the last one's value */
    int err;
};

/* The section may have max_header_size bytes, here 1024, its empty line included. */
static const struct bound_case bounds[] = {
    {"fields, one less", 127, 1, 0},
    {"fields", 128, 1, 0},
    {"fields, one more", 129, 1, -GUST_ETOOBIG},
    {"bytes, one less", 1, 1024 - 2 - 5 - 1, 0},
    {"bytes", 1, 1024 - 2 - 5, 0},
    {"bytes, one more", 1, 1024 - 2 - 5 + 1, -GUST_ETOOBIG},
};

static int fetch_bound(void *arg)
{
    const struct bound_case *c = arg;
    gust_httpclient *client =
        gust_httpclient_new(&(gust_httpclient_options){.max_header_size = 1024});
    const gust_response *res = gust_httpclient_fetch(client, url("/"), NULL);

    assert_int_equal(res->error, c->err);
    assert_int_equal(res->n_trailers, c->err == 0 ? c->n : 0);
    gust_httpclient_free(client);
    return 0;
}

TEST(trailers_are_bounded_as_a_head_is)
{
    static char text[4096];

    for (size_t i = 0; i < gu_countof(bounds); i++) {
        const struct bound_case *c = &bounds[i];
        size_t at = (size_t)snprintf(text, sizeof text, CHUNKED "0\r\n");

        TEST_CASE(c->name);
        for (size_t j = 0; j + 1 < c->n; j++)
            at += (size_t)snprintf(text + at, sizeof text - at, "A:b\r\n");
        snprintf(text + at, sizeof text - at, "A: %0*d\r\n\r\n", (int)c->len, 0);
        open_stage(text);
        in_task(fetch_bound, (void *)(uintptr_t)c);
        close_stage();
    }
}

/* --- welcome --- */

static int fetch_te(void *arg)
{
    const gust_field fields[] = {{"TE", arg}, {NULL, NULL}};
    const gust_response *res = gust_fetch(url("/"), &(gust_fetch_options){.headers = fields});

    assert_int_equal(res->error, strcmp(arg, "trailers") == 0 ? 0 : -EINVAL);
    return 0;
}

TEST(that_trailers_are_welcome_is_said_of_the_connection)
{
    open_stage(OK);
    in_task(fetch_te, (void *)(uintptr_t) "trailers");
    assert_holds(stage.asked, "\r\nConnection: TE\r\n");
    assert_holds(stage.asked, "\r\nTE: trailers\r\n");
    in_task(fetch_te, (void *)(uintptr_t) "trailers, gzip");
    assert_int_equal(stage.n_requests, 1);
    close_stage();
}
