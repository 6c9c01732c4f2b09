/*
 * client — what is read, and its limits
 */
#include "fetch_stage.h"
#include <stdio.h>
#include <zlib.h>

/* --- responses --- */

struct response_case {
    const char *name, *method, *answer;
    bool closes;
    int err, status;
    const char *body;
    bool is_kept;
};

static const struct response_case responses[] = {
    {"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 0, 200, "hello",
     true},
    {"equal lengths are one", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", false, 0, 200, "hi",
     true},
    {"chunks", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
     false, 0, 200, "abcde", true},
    {"chunks and trailers", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n",
     false, 0, 200, "x", true},
    {"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\nall of it", true, 0, 200, "all of it", false},
    {"nothing until the end", "GET", "HTTP/1.0 200 OK\r\n\r\n", true, 0, 200, "", false},
    {"a status is no error", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, 0,
     404, "", true},
    {"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 0, 200, "", true},
    {"HEAD has none", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 0, 200, "",
     true},
    {"204 has none", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, 0, 204, "", true},
    {"304 has none", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 0, 304,
     "", true},
    {"1xx come before it", "GET",
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
     false, 0, 200, "x", true},
    {"close is said", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
     false, 0, 200, "x", false},
    {"1.0 closes", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false, 0, 200, "x",
     false},
    {"bytes behind it close", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n", false, 0, 200, "x",
     false},
    {"bytes behind a HEAD's close", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
     false, 0, 200, "", false},
    {"cut in the head", "POST", "HTTP/1.1 200 OK\r\nConte", true, -GUST_ECLOSED, 0, "", false},
    {"cut in a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", true,
     -GUST_ECLOSED, 200, "", false},
    {"cut in chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
     true, -GUST_ECLOSED, 200, "", false},
    {"no HTTP", "GET", "SSH-2.0-OpenSSH_9.2\r\n", false, -GUST_EPROTO, 0, "", false},
    {"HTTP/2", "GET", "HTTP/2 200\r\n\r\n", false, -GUST_EPROTO, 0, "", false},
    {"a bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", false, -GUST_EPROTO, 0, "",
     false},
    {"lengths that differ", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", false, -GUST_EPROTO, 0,
     "", false},
    {"a length that is none", "GET", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false,
     -GUST_EPROTO, 0, "", false},
    {"a length and chunks", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", false,
     -GUST_EPROTO, 0, "", false},
    {"another coding", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false,
     -GUST_EPROTO, 0, "", false},
    {"a size that is none", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     false, -GUST_EPROTO, 200, "", false},
    {"a folded field", "GET", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", false, -GUST_EPROTO, 0, "",
     false},
    {"101 that nobody asked for", "GET", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", false,
     -GUST_EPROTO, 0, "", false},
};

static int fetch_case(void *arg)
{
    const struct response_case *c = arg;
    const gust_response *res = gust_fetch(url("/"), &(gust_fetch_options){.method = c->method});

    assert_int_equal(res->error, c->err);
    assert_int_equal(res->status, c->status);
    if (c->err == 0) {
        assert_int_equal(res->body.len, strlen(c->body));
        assert_string_equal(res->body.ptr, c->body);
    }
    assert_int_equal(gu_client_of_loop()->n_idle, c->is_kept);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(responses_are_read_by_the_rules_whole_and_byte_by_byte)
{
    for (size_t i = 0; i < 2 * gu_countof(responses); i++) {
        struct response_case c = responses[i / 2];

        TEST_CASE(c.name);
        open_stage(c.answer);
        stage.closes = c.closes;
        stage.is_byte_by_byte = i % 2 == 1;
        if (stage.is_byte_by_byte && strstr(c.name, "bytes behind") != NULL)
            c.is_kept = true; /* until they come */
        in_task(fetch_case, &c);
        close_stage();
    }
}

static int fetch_half(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), &(gust_fetch_options){.method = "POST"});

    (void)arg;
    assert_int_equal(res->error, -GUST_ECLOSED);
    assert_string_not_equal(gust_response_reason(res), "");
    assert_int_equal(gu_client_of_loop()->n_idle + gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(an_answer_that_is_cut_at_any_byte_is_none)
{
    static const char *const whole[] = {
        "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
    };

    for (size_t i = 0; i < gu_countof(whole); i++)
        for (size_t len = 0; len < strlen(whole[i]); len++) {
            TEST_CASE(whole[i] + len);
            open_stage(len == 0 ? "" : whole[i]);
            stage.answer_len = len;
            stage.closes = true;
            in_task(fetch_half, NULL);
            close_stage();
        }
}

static int fetch_informed(void *arg)
{
    assert_int_equal(gust_fetch(url("/"), NULL)->error, *(const int *)arg);
    return 0;
}

TEST(sixteen_informational_responses_may_come_before_the_final_one)
{
    static const char one[] = "HTTP/1.1 102 Processing\r\n\r\n";

    for (size_t n = 15; n <= 17; n++) {
        char text[1024];
        size_t len = 0;
        int err = n > 16 ? -GUST_EPROTO : 0;

        for (; len < n * (sizeof one - 1); len += sizeof one - 1)
            memcpy(text + len, one, sizeof one - 1);
        memcpy(text + len, OK, sizeof OK);
        open_stage(text);
        in_task(fetch_informed, &err);
        close_stage();
    }
}

/* --- limits --- */

struct size_case {
    const char *name;
    int64_t max;
    int err;
};

static int fetch_sized(void *arg)
{
    const struct size_case *c = arg;

    assert_int_equal(gust_fetch(url("/"), &(gust_fetch_options){.max_body_size = c->max})->error,
                     c->err);
    return 0;
}

TEST(a_body_may_be_as_large_as_max_body_size)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd",
    };
    static const struct size_case sizes[] = {
        {"above", 5, 0}, {"exactly", 4, 0}, {"one too many", 3, -GUST_ETOOBIG}};

    for (size_t i = 0; i < gu_countof(answers) * gu_countof(sizes); i++) {
        struct size_case c = sizes[i % gu_countof(sizes)];

        TEST_CASE(c.name);
        open_stage(answers[i / gu_countof(sizes)]);
        stage.closes = true;
        in_task(fetch_sized, &c);
        close_stage();
    }
}

static int fetch_with_head(void *arg)
{
    size_t len = *(const size_t *)arg;
    gust_httpclient *client =
        gust_httpclient_new(&(gust_httpclient_options){.max_header_size = 100});
    const gust_response *res = gust_httpclient_fetch(client, url("/"), NULL);

    assert_int_equal(res->error, len > 100 ? -GUST_ETOOBIG : 0);
    gust_httpclient_free(client);
    return 0;
}

TEST(a_head_may_be_as_large_as_max_header_size)
{
    for (size_t len = 99; len <= 101; len++) {
        static const char begin[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
        char text[128];

        memset(text, 'x', sizeof text);
        memcpy(text, begin, sizeof begin - 1);
        memcpy(text + len - 4, "\r\n\r\n", 5);
        open_stage(text);
        in_task(fetch_with_head, &len);
        close_stage();
    }
}

/* --- codings --- */

struct coding_case {
    const char *name;
    gust_fetch_options o;
    int err;
    bool is_coded; /* the body, as it is given */
};

static const struct coding_case codings[] = {
    {"decoded", {0}, 0, false},
    {"left as it came", {.no_decompress = true}, 0, true},
    {"exactly the limit", {.max_body_size = 100000}, 0, false},
    {"beyond the limit", {.max_body_size = 99999}, -GUST_ETOOBIG, false},
};

static int fetch_coded(void *arg)
{
    const struct coding_case *c = arg;
    const gust_response *res = gust_fetch(url("/"), &c->o);

    assert_int_equal(res->error, c->err);
    assert_int_equal(gust_response_header(res, "content-encoding") != NULL, c->is_coded);
    if (c->err == 0)
        assert_int_equal(res->body.len == 100000, !c->is_coded);
    assert_int_equal(gu_client_of_loop()->n_idle, c->err == 0);
    return 0;
}

/* 100,000 zero bytes by zlib, with a head in front of them. */
static size_t make_coded(char *to, size_t size)
{
    static char zeros[100000];
    z_stream z = {0};
    size_t n;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)zeros;
    z.avail_in = sizeof zeros;
    z.next_out = (Bytef *)to + 200;
    z.avail_out = (uInt)(size - 200);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n = z.total_out;
    deflateEnd(&z);
    snprintf(to, 200, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
             n);
    memmove(to + strlen(to), to + 200, n);
    return n;
}

TEST(bodies_are_decoded_within_the_limit)
{
    char text[1024];
    size_t n = make_coded(text, sizeof text);

    for (size_t i = 0; i < gu_countof(codings); i++) {
        struct coding_case c = codings[i];

        TEST_CASE(c.name);
        open_stage(text);
        stage.answer_len = (size_t)(strstr(text, "\r\n\r\n") + 4 - text) + n;
        in_task(fetch_coded, &c);
        assert_int_equal(count(stage.asked, "Accept-Encoding: gzip"), !c.o.no_decompress);
        close_stage();
    }
}

static int fetch_cut(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->error, -GUST_EPROTO);
    return 0;
}

TEST(what_does_not_decode_is_an_error)
{
    open_stage("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
    in_task(fetch_cut, NULL);
    close_stage();
}

/* --- what it took --- */

static int serve_in_phases(gust_stream *s, void *arg)
{
    int err;

    (void)arg;
    while ((err = read_request(s)) == 0) {
        gust_sleep(1);
        err = gust_stream_printf(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
        gust_sleep(2);
        err = err < 0 ? err : gust_stream_printf(s, "k");
        if (err < 0)
            break;
    }
    return err;
}

static int fetch_in_phases(void *client)
{
    const gust_response *res = gust_httpclient_fetch(client, url("/"), NULL);
    const gust_fetch_times *t = &res->times;
    int before = res->is_reused ? 3 : 0; /* for the only place there is */

    assert_int_equal(res->error, 0);
    assert_int_equal((int)(t->queue + 0.5), before);
    assert_true(t->namelookup <= t->connect && t->connect <= t->pretransfer);
    assert_true(t->tls == 0 && (t->connect == 0 || !res->is_reused));
    assert_int_equal((int)(t->pretransfer + 0.5), before);
    assert_int_equal((int)(t->starttransfer + 0.5), before + 1);
    assert_int_equal((int)(t->total + 0.5), before + 3);
    assert_true(t->total == res->request_time && res->start_time > 1e9);
    return 0;
}

static int fetch_twice_in_phases(void *arg)
{
    gust_httpclient *client = gust_httpclient_new(&(gust_httpclient_options){.max_clients = 1});
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, fetch_in_phases, client);
    gust_group_go(group, fetch_in_phases, client);
    assert_int_equal(gust_group_wait(group), 0);
    gust_httpclient_free(client);
    return 0;
}

TEST(a_response_tells_when_each_phase_was_over)
{
    open_stage(OK);
    serve_by(serve_in_phases, NULL);
    in_task(fetch_twice_in_phases, NULL);
    close_stage();
}

/* --- faults --- */

static int fetch_faulty(void *arg)
{
    static const gust_field fields[] = {{"X", "y"}, {NULL, NULL}};
    gust_cookie_jar *jar = arg;
    const gust_fetch_options o = {.headers = fields, .jar = jar, .auth_username = "u"};
    const gust_response *res = gust_fetch(url("/"), &o);

    if (!gu_alloc_has_failed())
        return 1;
    gu_alloc_fail_at(0);
    if (res->error < 0 && res->error != -ENOMEM)
        assert_in_range(-res->error, GUST_ECLOSED, GUST_ECLOSED); /* the server's end failed */
    assert_int_equal(gu_client_of_loop() == NULL ? 0 : gu_client_of_loop()->n_busy, 0);
    assert_true(gust_response_ok(gust_fetch(url("/"), &o)));
    return 0;
}

TEST(every_allocation_of_a_fetch_may_fail_once)
{
    uint64_t n = 0;
    int is_over = 0;

    while (!is_over) {
        gust_cookie_jar *jar;

        open_stage("HTTP/1.1 302 X\r\nLocation: /b\r\nSet-Cookie: a=b\r\n"
                   "Content-Length: 0\r\n\r\n");
        stage.answers[1] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n0\r\n\r\n";
        jar = gust_cookie_jar_new();
        gu_alloc_fail_at(++n);
        is_over = gust_run(fetch_faulty, jar);
        gu_alloc_fail_at(0);
        if (is_over < 0) /* there was no task */
            is_over = 0;
        gust_cookie_jar_free(jar);
        close_stage();
    }
    assert_true(n > 10);
}
