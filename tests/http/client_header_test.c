/*
 * client — the head, a line at a time
 */
#include "fetch_stage.h"

struct header_case {
    const char *name, *answers[2];
    gust_fetch_options o;
    int stop; /* at this call, counted from 1, the callback fails; 0: never */
    int err;
    const char *told; /* all lines, with "|" in front of each */
};

static const struct header_case heads[] = {
    {"start line, fields, an empty line",
     {"HTTP/1.1 200 Very well\r\nA: b\r\nContent-Length: 1\r\na:  c \r\n\r\nx"},
     {0},
     0,
     0,
     "|HTTP/1.1 200 Very well\r\n|A: b\r\n|Content-Length: 1\r\n|a: c\r\n|\r\n"},
    {"no reason, no fields", {"HTTP/1.1 204\r\n\r\n"}, {0}, 0, 0, "|HTTP/1.1 204 \r\n|\r\n"},
    {"an older version",
     {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
     {0},
     0,
     0,
     "|HTTP/1.0 200 OK\r\n|Content-Length: 0\r\n|\r\n"},
    {"an error is told, too",
     {"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"},
     {0},
     0,
     0,
     "|HTTP/1.1 404 X\r\n|Content-Length: 0\r\n|\r\n"},
    {"of 1xx nothing is",
     {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 X\r\n\r\n"},
     {0},
     0,
     0,
     "|HTTP/1.1 204 X\r\n|\r\n"},
    {"nor of what leads elsewhere",
     {"HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 X\r\n\r\n"},
     {0},
     0,
     0,
     "|HTTP/1.1 204 X\r\n|\r\n"},
    {"but of what is not followed",
     {"HTTP/1.1 302 X\r\nLocation: /b\r\n\r\n"},
     {.no_redirects = true, .method = "HEAD"},
     0,
     0,
     "|HTTP/1.1 302 X\r\n|Location: /b\r\n|\r\n"},
    {"a coding that is undone is not said",
     {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
      "\x1f\x8b\x08\x01\x01\x01\x01\x01\x01\x03\x03"},
     {0},
     2,
     -EDOM,
     "|HTTP/1.1 200 OK\r\n|Content-Length: 20\r\n"},
    {"one that is left is",
     {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"},
     {.no_decompress = true},
     0,
     0,
     "|HTTP/1.1 200 OK\r\n|Content-Encoding: gzip\r\n|Content-Length: 0\r\n|\r\n"},
    {"the first line ends it", {OK}, {0}, 1, -EDOM, "|HTTP/1.1 200 OK\r\n"},
    {"a field ends it", {OK}, {0}, 2, -EDOM, "|HTTP/1.1 200 OK\r\n|Content-Length: 2\r\n"},
    {"the empty line ends it",
     {OK},
     {0},
     3,
     -EDOM,
     "|HTTP/1.1 200 OK\r\n|Content-Length: 2\r\n|\r\n"},
    {"no answer, no call", {"SSH-2.0-x\r\n\r\n"}, {0}, 0, -GUST_EPROTO, ""},
};

static struct {
    const struct header_case *c;
    int n;
    size_t len;
    char told[1024];
} now;

static int take_line(gust_str line, void *arg)
{
    assert_ptr_equal(arg, &now);
    assert_int_equal(line.ptr[line.len], '\0');
    now.told[now.len++] = '|';
    memcpy(now.told + now.len, line.ptr, line.len + 1);
    now.len += line.len;
    return ++now.n == now.c->stop ? -EDOM : now.n; /* only a negative result ends it */
}

static int fetch_told(void *arg)
{
    gust_fetch_options o = now.c->o;
    const gust_response *res;

    o.header_callback = take_line;
    o.arg = &now;
    res = arg != NULL ? gust_fetch_open(url("/"), &o) : gust_fetch(url("/"), &o);
    assert_int_equal(res->error, now.c->err);
    return 0;
}

TEST(a_head_is_told_a_line_at_a_time)
{
    for (size_t i = 0; i < 2 * gu_countof(heads); i++) {
        const struct header_case *c = &heads[i / 2];

        TEST_CASE(c->name);
        memset(&now, 0, sizeof now);
        now.c = c;
        open_stage(c->answers[0]);
        stage.answers[1] = c->answers[1];
        in_task(fetch_told, i % 2 == 1 ? &now : NULL);
        assert_string_equal(now.told, c->told);
        close_stage();
    }
}
