/*
 * client — nothing of one request reaches the next
 *
 * What a plain request is, a client that has asked for nothing else tells. Behind each request that
 * has something to hide, and beside it, the same plain request is asked of the same server by the
 * same client: it is the same to the byte, and so is what comes of it.
 */
#include "fetch_stage.h"
#include "tls_wire.h"
#include <stdio.h>

#define WITH_COOKIE                                                       \
    "HTTP/1.1 200 OK\r\nSet-Cookie: k=v; Path=/\r\nContent-Length: 2\r\n" \
    "\r\nok"

static gust_httpclient *client;
static size_t n_called;

static const gust_field fields[] = {{"Authorization", "secret"}, {"Cookie", "a=secret"},
                                    {"X-Own", "secret"},         {"Accept-Encoding", "secret"},
                                    {"Host", "secret.example"},  {NULL, NULL}};
static const gust_field upgrade[] = {{"Upgrade", "secret"}, {"TE", "trailers"}, {NULL, NULL}};

static int call_line(gust_str line, void *arg)
{
    (void)line;
    (void)arg;
    n_called++;
    return 0;
}

static int produce(gust_fetch_body *to, void *arg)
{
    (void)arg;
    n_called++;
    return gust_fetch_write(to, "secret", 6);
}

/* What is asked first; "jar" and what needs an address are set when it is. */
static const struct {
    const char *name, *path;
    gust_fetch_options o;
    int err;
    bool has_jar;
} firsts[] = {
    {"auth", "/", {.auth_username = "u", .auth_password = "secret"}, 0, false},
    {"fields", "/", {.headers = fields}, 0, false},
    {"an upgrade, and TE", "/", {.headers = upgrade}, 0, false},
    {"an agent", "/", {.user_agent = "secret"}, 0, false},
    {"a date", "/", {.if_modified_since = 1359312200}, 0, false},
    {"no coding", "/", {.no_decompress = true}, 0, false},
    {"a method", "/", {.method = "DELETE"}, 0, false},
    {"a body", "/", {.method = "POST", .body = {"secret", 6}}, 0, false},
    {"a producer", "/", {.method = "PUT", .body_producer = produce, .body_length = 6}, 0, false},
    {"an expectation",
     "/",
     {.method = "PUT", .body = {"secret", 6}, .expect_continue = true},
     0,
     false},
    {"a path", "/secret?secret#secret", {0}, 0, false},
    {"cookies", "/", {0}, 0, true},
    {"a limit", "/", {.max_body_size = 1}, -GUST_ETOOBIG, false},
    {"functions", "/", {.header_callback = call_line, .streaming_callback = call_line}, 0, false},
    {"a source", "/", {.source_address = "127.0.0.1"}, 0, false},
    {"a method that is none", "/", {.method = "secret secret"}, -EINVAL, false},
    {"a field that is none",
     "/",
     {.headers = (gust_field[]){{"X", "secret\n"}, {0}}},
     -EINVAL,
     false},
};

/* --- asking --- */

static gust_fetch_options first_options(size_t i, gust_cookie_jar *jar)
{
    gust_fetch_options o = firsts[i].o;

    o.jar = firsts[i].has_jar ? jar : NULL;
    return o;
}

static void check_plain(const gust_response *res)
{
    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, 200);
    assert_string_equal(res->body.ptr, "ok");
    assert_int_equal(res->n_redirects, 0);
}

static char plain[1024]; /* the text of a plain request */

static int ask_plain(void *arg)
{
    (void)arg;
    check_plain(gust_fetch(url("/"), NULL));
    assert_true(stage.len < sizeof plain);
    memcpy(plain, stage.asked, stage.len + 1);
    return 0;
}

static int ask_after(void *arg)
{
    size_t i = *(const size_t *)arg;
    gust_cookie_jar *jar = gust_cookie_jar_new();
    gust_fetch_options o = first_options(i, jar);

    for (int round = 0; round < 2; round++) { /* the second finds connections that were used */
        assert_int_equal(gust_httpclient_fetch(client, url(firsts[i].path), &o)->error,
                         firsts[i].err);
        stage.len = n_called = 0;
        check_plain(gust_httpclient_fetch(client, url("/"), NULL));
        assert_string_equal(stage.asked, plain);
        assert_int_equal(n_called, 0);
        assert_int_equal(gust_cookie_jar_count(jar), firsts[i].has_jar);
    }
    gust_cookie_jar_free(jar);
    return 0;
}

static void run_with_client(int (*fn)(void *), size_t i)
{
    open_stage(WITH_COOKIE);
    in_task(ask_plain, NULL);
    client = gust_httpclient_new(NULL);
    in_task(fn, &i);
    gust_httpclient_free(client);
    close_stage();
}

TEST(a_request_is_the_same_whatever_was_asked_before)
{
    for (size_t i = 0; i < gu_countof(firsts); i++) {
        TEST_CASE(firsts[i].name);
        run_with_client(ask_after, i);
    }
}

/* --- at the same time --- */

static int ask_first(void *arg)
{
    size_t i = *(const size_t *)arg;
    gust_fetch_options o = first_options(i, NULL);

    gust_ignore(gust_httpclient_fetch(client, url(firsts[i].path), &o)->error);
    return 0;
}

static int ask_second(void *arg)
{
    (void)arg;
    check_plain(gust_httpclient_fetch(client, url("/"), NULL));
    return 0;
}

static int ask_beside(void *arg)
{
    gust_group *group = gust_group_new(0);

    stage.len = 0;
    gust_group_go(group, ask_first, arg);
    gust_group_go(group, ask_second, NULL);
    gust_group_go(group, ask_first, arg);
    assert_int_equal(gust_group_wait(group), 0);
    assert_holds(stage.asked, plain);
    return 0;
}

TEST(a_request_is_the_same_whatever_is_asked_beside_it)
{
    for (size_t i = 0; i < gu_countof(firsts); i++) {
        TEST_CASE(firsts[i].name);
        run_with_client(ask_beside, i);
    }
}

/* --- what leads elsewhere --- */

/* The first is led to another host, and leaves its secrets behind; the next has its own. */
static int ask_led(void *arg)
{
    const gust_fetch_options o = {.auth_username = "u", .auth_password = "p"};

    (void)arg;
    assert_int_equal(gust_fetch(url("/"), &o)->n_redirects, 1);
    stage.len = 0;
    check_plain(gust_fetch(url("/"), &o));
    assert_holds(stage.asked, "Authorization: Basic dTpw\r\n");
    stage.len = 0;
    check_plain(gust_fetch(gust_sprintf("http://me:pass@127.0.0.1:%u/", stage.port), NULL));
    assert_holds(stage.asked, "Authorization: Basic bWU6cGFzcw==\r\n");
    stage.len = 0;
    check_plain(gust_fetch(url("/"), NULL));
    assert_int_equal(count(stage.asked, "Authorization"), 0);
    return 0;
}

TEST(what_a_redirect_took_away_is_there_for_the_next)
{
    char text[128] = "";

    open_stage(text);
    snprintf(text, sizeof text,
             "HTTP/1.1 302 X\r\nLocation: http://localhost:%u/\r\nContent-Length: 0\r\n\r\n",
             stage.port);
    stage.answers[1] = OK;
    in_task(ask_led, NULL);
    close_stage();
}

/* --- redirects, time --- */

static int ask_followed(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        const gust_fetch_options one = {.max_redirects = 1}, none = {.no_redirects = true};

        assert_int_equal(gust_fetch(url("/"), &none)->n_redirects, 0);
        assert_int_equal(gust_fetch(url("/"), &one)->n_redirects, 1);
        assert_int_equal(gust_fetch(url("/"), NULL)->n_redirects, 5);
    }
    return 0;
}

TEST(how_far_one_is_led_is_each_ones_own)
{
    open_stage("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    in_task(ask_followed, NULL);
    close_stage();
}

static int serve_late(gust_stream *s, void *arg)
{
    (void)arg;
    while (read_request(s) == 0)
        if (gust_sleep(2) < 0 || answer(s) < 0)
            break;
    return 0;
}

static int ask_in_time(void *arg)
{
    const gust_fetch_options hasty = {.request_timeout = 1};

    (void)arg;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gust_fetch(url("/"), &hasty)->error, -ETIMEDOUT);
        check_plain(gust_fetch(url("/"), NULL));
    }
    return 0;
}

static int ask_in_line(void *arg)
{
    const gust_httpclient_options narrow = {.max_clients = 1};
    const gust_fetch_options hasty = {.connect_timeout = 1};
    gust_group *group = gust_group_new(0);

    (void)arg;
    client = gust_httpclient_new(&narrow);
    gust_group_go(group, ask_second, NULL);
    gust_yield();
    gust_group_go(group, ask_second, NULL);
    gust_yield();
    assert_int_equal(gust_httpclient_fetch(client, url("/"), &hasty)->error, -ETIMEDOUT);
    assert_int_equal(gust_group_wait(group), 0);
    gust_httpclient_free(client);
    return 0;
}

TEST(time_is_each_ones_own)
{
    open_stage(OK);
    serve_by(serve_late, NULL);
    in_task(ask_in_time, NULL);
    in_task(ask_in_line, NULL);
    close_stage();
}

/* --- a proxy --- */

static int ask_proxied(void *arg)
{
    static const char *const users[] = {"one", NULL, "two", NULL};

    (void)arg;
    for (size_t i = 0; i < 2 * gu_countof(users); i++) {
        const char *user = users[i % gu_countof(users)];
        const gust_fetch_options o = {.proxy_host = "127.0.0.1",
                                      .proxy_port = stage.port,
                                      .proxy_username = user,
                                      .proxy_password = user};
        const gust_response *res;

        stage.len = 0;
        res = gust_fetch(url("/"), &o);
        check_plain(res);
        assert_int_equal(res->is_reused, i >= 3);
        assert_int_equal(count(stage.asked, "Proxy-Authorization"), user != NULL);
        if (user != NULL)
            assert_holds(stage.asked, strcmp(user, "one") == 0 ? "Basic b25lOm9uZQ==\r\n"
                                                               : "Basic dHdvOnR3bw==\r\n");
    }
    stage.len = 0;
    check_plain(gust_fetch(url("/"), NULL));
    assert_holds(stage.asked, "GET / HTTP/1.1\r\n");
    assert_int_equal(count(stage.asked, "Proxy-"), 0);
    assert_int_equal(stage.n_conns, 4);
    return 0;
}

TEST(who_asks_a_proxy_is_told_apart)
{
    open_stage(OK);
    in_task(ask_proxied, NULL);
    close_stage();
}

/* --- TLS --- */

static int ask_by(const gust_fetch_options *o)
{
    return gust_fetch(gust_sprintf("https://localhost:%u/", stage.port), o)->error;
}

static int ask_trusting(void *arg)
{
    const struct tls_identity *id = tls_localhost();
    const char *ca = tls_file(tls_ca()), *cert = tls_file(id->cert), *key = tls_file(id->key);
    const gust_fetch_options blind = {.no_verify = true}, trusting = {.ca_file = ca},
                             certified = {.ca_file = ca, .client_cert = cert, .client_key = key};

    (void)arg;
    for (int i = 1; i <= 3; i++) { /* in any order: what is kept, and resumed, changes nothing */
        assert_int_equal(ask_by(&blind), 0);
        assert_int_equal(ask_by(NULL), -GUST_ECERT);
        assert_int_equal(ask_by(&certified), 0);
        assert_int_equal(ask_by(&trusting), 0);
        assert_int_equal(ask_by(NULL), -GUST_ECERT);
    }
    assert_int_equal(stage.n_requests, 9);
    assert_int_equal(stage.n_conns, 3);
    assert_int_equal(stage.n_certified, 1);
    return 0;
}

TEST(whom_one_trusts_and_what_one_shows_is_each_ones_own)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key},
                                  .ca_pem = tls_ca(),
                                  .verify = GUST_TLS_VERIFY_OPTIONAL};

    open_stage_tls(OK, &tls);
    in_task(ask_trusting, NULL);
    close_stage();
    tls_files_remove();
}
