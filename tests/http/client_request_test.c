/*
 * client — what is sent, and where to
 */
#include "fetch_stage.h"
#include "net/tls.h"
#include "tls_wire.h"
#include <stdio.h>
#include <unistd.h>

/* --- requests --- */

struct request_case {
    const char *name, *path;
    gust_fetch_options o;
    int err;
    const char *holds[3]; /* of the request */
};

static const gust_field given[] = {{"X-A", "1"}, {"x-a", "2"}, {NULL, NULL}};
static const gust_field split_value[] = {{"X-A", "1\r\nEvil: yes"}, {NULL, NULL}};
static const gust_field lone_cr[] = {{"X-A", "1\rEvil: yes"}, {NULL, NULL}};
static const gust_field bad_name[] = {{"X A", "1"}, {NULL, NULL}};
static const gust_field framing[] = {{"Content-LENGTH", "1"}, {NULL, NULL}};
static const gust_field own_host[] = {{"Host", "example.org"}, {NULL, NULL}};

static int produce_two(gust_fetch_body *to, void *arg)
{
    (void)arg;
    if (gust_fetch_write(to, "ab", 2) < 0)
        return -EIO;
    gust_yield();
    return gust_fetch_write(to, "cde", 3);
}

static const struct request_case requests[] = {
    {"plain", "/a?b=c#d", {0}, 0, {"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:", "User-Agent: Gust/"}},
    {"no path", "", {0}, 0, {"GET / HTTP/1.1\r\n"}},
    {"a query alone", "?x", {0}, 0, {"GET /?x HTTP/1.1\r\n"}},
    {"blanks are escaped", "/a b\xc3\xa9", {0}, 0, {"GET /a%20b%C3%A9 HTTP/1.1\r\n"}},
    {"fields", "/", {.headers = given}, 0, {"X-A: 1\r\nx-a: 2\r\n"}},
    {"a host", "/", {.headers = own_host}, 0, {"Host: example.org\r\n"}},
    {"POST",
     "/",
     {.method = "POST", .body = {"a=b", 3}},
     0,
     {"Content-Type: application/x-www-form-urlencoded\r\n", "Content-Length: 3\r\n\r\na=b"}},
    {"POST nothing", "/", {.method = "POST"}, 0, {"Content-Length: 0\r\n"}},
    {"PUT", "/", {.method = "PUT", .body = {"x", 1}}, 0, {"Content-Length: 1\r\n\r\nx"}},
    {"produced",
     "/",
     {.method = "PUT", .body_producer = produce_two, .body_length = 5},
     0,
     {"Content-Length: 5\r\n\r\nabcde"}},
    {"produced too much",
     "/",
     {.method = "PUT", .body_producer = produce_two, .body_length = 4},
     -GUST_ETOOBIG,
     {NULL}},
    {"produced too little",
     "/",
     {.method = "PUT", .body_producer = produce_two, .body_length = 6},
     -EINVAL,
     {NULL}},
    {"Basic",
     "/",
     {.auth_username = "Aladdin", .auth_password = "open sesame"},
     0,
     {"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"}},
    {"an agent", "/", {.user_agent = "me"}, 0, {"User-Agent: me\r\n"}},
    {"since",
     "/",
     {.if_modified_since = 1359312200},
     0,
     {"If-Modified-Since: Sun, 27 Jan 2013 18:43:20 GMT\r\n"}},
    {"another method",
     "/",
     {.method = "PURGE", .allow_nonstandard_methods = true},
     0,
     {"PURGE / HTTP/1.1\r\n"}},
    {"GHSA-w235-7p84-xx57: CRLF in a value", "/", {.headers = split_value}, -EINVAL, {NULL}},
    {"GHSA-w235-7p84-xx57: CR in a value", "/", {.headers = lone_cr}, -EINVAL, {NULL}},
    {"a blank in a name", "/", {.headers = bad_name}, -EINVAL, {NULL}},
    {"framing", "/", {.headers = framing}, -EINVAL, {NULL}},
    {"GHSA-w235-7p84-xx57: in the target", "/\r\nEvil: yes", {0}, -EINVAL, {NULL}},
    {"CRLF in the method", "/", {.method = "GET / HTTP/1.1\r\nEvil: yes\r\n"}, -EINVAL, {NULL}},
    {"GHSA-w235-7p84-xx57: in the agent", "/", {.user_agent = "a\r\nEvil: yes"}, -EINVAL, {NULL}},
    {"a method nobody knows", "/", {.method = "PURGE"}, -EINVAL, {NULL}},
    {"a body with GET", "/", {.body = {"x", 1}}, -EINVAL, {NULL}},
    {"no_verify beside tls",
     "/",
     {.tls = &(gust_tls_options){0}, .no_verify = true},
     -EINVAL,
     {NULL}},
};

static int ask_case(void *arg)
{
    const struct request_case *c = arg;
    const gust_response *res = gust_fetch(url(c->path), &c->o);

    assert_int_equal(res->error, c->err);
    return 0;
}

TEST(requests_say_what_they_are_told_or_are_refused)
{
    for (size_t i = 0; i < gu_countof(requests); i++) {
        struct request_case c = requests[i];

        TEST_CASE(c.name);
        open_stage(OK);
        in_task(ask_case, &c);
        if (c.err == -EINVAL && c.o.body_producer == NULL)
            assert_int_equal(stage.n_conns, 0);
        for (size_t j = 0; j < gu_countof(c.holds) && c.holds[j] != NULL; j++)
            assert_holds(stage.asked, c.holds[j]);
        close_stage();
    }
}

static int bad_urls(void *arg)
{
    static const char *const urls[] = {"",
                                       "/path",
                                       "ftp://h/",
                                       "http://",
                                       "http:///x",
                                       "http://h:99999/",
                                       "http://h:0/",
                                       "http://a b/",
                                       "http://h\n/",
                                       "http://[::1/",
                                       "file:///etc/passwd"};

    (void)arg;
    for (size_t i = 0; i < gu_countof(urls); i++) {
        TEST_CASE(urls[i]);
        assert_int_equal(gust_fetch(urls[i], NULL)->error, -EINVAL);
    }
    assert_int_equal(gust_fetch(NULL, NULL)->error, -EINVAL);
    return 0;
}

TEST(what_is_no_url_is_refused)
{
    open_stage(OK);
    in_task(bad_urls, NULL);
    close_stage();
}

/* --- 100-continue --- */

struct continue_case {
    const char *name, *first;
    bool is_sent; /* the body is */
    int status;
};

static const struct continue_case continues[] = {
    {"it is wanted", "HTTP/1.1 100 Continue\r\n\r\n", true, 200},
    {"another 1xx", "HTTP/1.1 103 Early Hints\r\n\r\n", true, 200},
    {"nothing for a second", "", true, 200},
    {"it is not wanted", "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", false, 413},
};

static int serve_continue(gust_stream *s, void *arg)
{
    const struct continue_case *c = arg;
    gust_str lent;
    int err = gust_read_until(s, "\r\n\r\n", 0, &lent);

    assert_non_null(strstr(lent.ptr, "Expect: 100-continue\r\n"));
    if (err == 0)
        err = gust_stream_write(s, c->first, strlen(c->first));
    if (err == 0)
        err = gust_read_bytes(s, 4, &lent);
    assert_int_equal(err == 0, c->is_sent);
    return err < 0 ? 0 : gust_stream_printf(s, "%s", OK);
}

static int fetch_continue(void *arg)
{
    const struct continue_case *c = arg;
    const gust_response *res = gust_fetch(
        url("/"),
        &(gust_fetch_options){.method = "PUT", .body = {"body", 4}, .expect_continue = true});

    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, c->status);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

TEST(a_body_waits_for_100_but_not_for_ever)
{
    for (size_t i = 0; i < gu_countof(continues); i++) {
        struct continue_case c = continues[i];

        TEST_CASE(c.name);
        open_stage(OK);
        serve_by(serve_continue, &c);
        in_task(fetch_continue, &c);
        close_stage();
    }
}

/* --- a server that has heard enough --- */

static int serve_early(gust_stream *s, void *arg)
{
    gust_str lent;
    int err = gust_read_until(s, "\r\n\r\n", 0, &lent);

    (void)arg;
    return err < 0 ? err : gust_stream_printf(s, "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno");
}

static int fetch_early(void *arg)
{
    static char big[8 << 20];
    const gust_fetch_options o = {.method = "PUT", .body = {big, sizeof big}};
    const gust_response *res = gust_fetch(url("/"), &o);

    (void)arg;
    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, 413);
    assert_string_equal(res->body.ptr, "no");
    assert_int_equal(gu_client_of_loop()->n_idle, 0);
    return 0;
}

TEST(an_answer_counts_that_comes_before_the_body_has_left)
{
    open_stage(OK);
    serve_by(serve_early, NULL);
    in_task(fetch_early, NULL);
    close_stage();
}

/* --- where to connect to --- */

static int fetch_proxied(void *arg)
{
    const gust_fetch_options o = {.proxy_host = "127.0.0.1",
                                  .proxy_port = stage.port,
                                  .proxy_username = "u",
                                  .proxy_password = "p"};
    const gust_response *res = gust_fetch(arg, &o);

    assert_int_equal(res->error, strncmp(arg, "https", 5) == 0 ? -ECONNREFUSED : 0);
    return 0;
}

TEST(a_proxy_is_asked_by_the_whole_url)
{
    open_stage(OK);
    in_task(fetch_proxied, (void *)(uintptr_t) "http://example.org/a?b");
    assert_holds(stage.asked, "GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\n");
    assert_holds(stage.asked, "Proxy-Authorization: Basic dTpw\r\n");
    close_stage();
}

TEST(a_proxy_may_refuse_to_connect)
{
    open_stage("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    in_task(fetch_proxied, (void *)(uintptr_t) "https://example.org/a?b");
    assert_string_equal(stage.asked, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
                                     "Proxy-Authorization: Basic dTpw\r\n\r\n");
    close_stage();
}

/* A proxy that becomes the server: behind the CONNECT it speaks TLS. */
static int serve_tunnel(gust_stream *s, void *arg)
{
    int err = read_request(s);

    if (err == 0)
        err = gust_stream_printf(s, "HTTP/1.1 200 Connection established\r\n\r\n");
    if (err == 0)
        err = gust_start_tls(s, arg);
    while (err == 0 && read_request(s) == 0)
        err = answer(s);
    return err;
}

static int fetch_tunnelled(void *arg)
{
    const gust_tls_options trusting = {.ca_pem = tls_ca()};
    const gust_fetch_options o = {.proxy_host = "127.0.0.1",
                                  .proxy_port = *(const unsigned *)arg,
                                  .proxy_username = "u",
                                  .proxy_password = "p",
                                  .tls = &trusting};

    for (int i = 0; i < 2; i++) {
        const gust_response *res = gust_fetch("https://localhost:4430/a", &o);

        assert_string_equal(gust_response_reason(res), "200 OK");
        assert_int_equal(res->is_reused, i > 0);
    }
    return 0;
}

TEST(https_goes_through_a_proxys_tunnel)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.server_side = true,
                                  .cert = {.cert_pem = id->cert, .key_pem = id->key}};
    gust_tcpserver *proxy;
    unsigned port;

    open_stage(OK);
    proxy = listen_with(serve_tunnel, (void *)(uintptr_t)&tls, &port);
    in_task(fetch_tunnelled, &port);
    assert_int_equal(count(stage.asked, "CONNECT localhost:4430 HTTP/1.1\r\n"), 1);
    assert_int_equal(count(stage.asked, "Proxy-Authorization"), 1); /* the server sees none */
    assert_int_equal(count(stage.asked, "GET /a HTTP/1.1\r\nHost: localhost:4430\r\n"), 2);
    gust_tcpserver_free(proxy);
    close_stage();
}

static int fetch_unix(void *arg)
{
    const gust_response *res =
        gust_fetch("http://app/x", &(gust_fetch_options){.unix_socket = arg});

    assert_true(gust_response_ok(res));
    return 0;
}

TEST(a_unix_socket_is_connected_to_whatever_the_host)
{
    char address[64];

    open_stage(OK);
    snprintf(address, sizeof address, "unix:@gust-client-test-%d", (int)getpid());
    assert_int_equal(gust_tcpserver_listen(stage.server, address), 0);
    in_task(fetch_unix, address + 5);
    assert_holds(stage.asked, "GET /x HTTP/1.1\r\nHost: app\r\n");
    close_stage();
}

/* --- TLS --- */

static int fetch_tls(void *arg)
{
    const char *where = gust_sprintf("https://localhost:%u/", stage.port);
    const gust_tls_options trusting = {.ca_pem = tls_ca()},
                           elsewhere = {.ca_pem = tls_ca(), .server_name = "example.org"};
    const gust_response *res;

    (void)arg;
    res = gust_fetch(where, NULL);
    assert_int_equal(res->error, -GUST_ECERT);
    assert_holds(res->message, "TLS with localhost: unable to get local issuer certificate");
    assert_int_equal(stage.n_requests, 0);
    res = gust_fetch(where, &(gust_fetch_options){.tls = &elsewhere});
    assert_int_equal(res->error, -GUST_ECERT);
    assert_holds(res->message, "TLS with localhost: hostname mismatch");
    for (int i = 0; i < 2; i++) {
        res = gust_fetch(where, &(gust_fetch_options){.tls = &trusting});
        assert_string_equal(gust_response_reason(res), "200 OK");
        assert_int_equal(res->is_reused, i > 0);
    }
    /* who checks does not get the connection of who does not */
    res = gust_fetch(where, &(gust_fetch_options){.no_verify = true});
    assert_string_equal(gust_response_reason(res), "200 OK");
    assert_false(res->is_reused);
    assert_int_equal(gust_fetch(where, NULL)->error, -GUST_ECERT);
    return 0;
}

TEST(tls_is_checked_and_its_connections_are_kept_apart)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key}};

    open_stage_tls(OK, &tls);
    in_task(fetch_tls, NULL);
    close_stage();
}

static int fetch_certified(void *arg)
{
    const char *where = gust_sprintf("https://localhost:%u/", stage.port);
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options plain = {.ca_pem = tls_ca()};
    const gust_tls_options certified = {.ca_pem = tls_ca(),
                                        .cert = {.cert_pem = id->cert, .key_pem = id->key}};

    (void)arg;
    assert_int_equal(gust_fetch(where, &(gust_fetch_options){.tls = &plain})->error, 0);
    assert_int_equal(stage.n_certified, 0);
    assert_int_equal(gust_fetch(where, &(gust_fetch_options){.tls = &certified})->error, 0);
    assert_int_equal(stage.n_certified, 1);
    assert_int_equal(gust_fetch(where, &(gust_fetch_options){.tls = &plain})->error, 0);
    assert_int_equal(stage.n_conns, 2);
    return 0;
}

static int fetch_certified_elsewhere(void *arg)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options certified = {.ca_pem = tls_ca(),
                                        .cert = {.cert_pem = id->cert, .key_pem = id->key}};
    const gust_response *res = gust_fetch(gust_sprintf("https://localhost:%u/", stage.port),
                                          &(gust_fetch_options){.tls = &certified});

    (void)arg;
    assert_string_equal(gust_response_reason(res), "200 OK");
    assert_int_equal(res->n_redirects, 1);
    assert_int_equal(stage.n_conns, 2);
    assert_int_equal(stage.n_certified, 1);
    return 0;
}

/* 6.5.7: and it does not stay with the connection. */
TEST(a_certificate_is_shown_to_whom_it_was_meant_for_alone)
{
    static int (*const tries[])(void *) = {fetch_certified, fetch_certified_elsewhere};
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key},
                                  .ca_pem = tls_ca(),
                                  .verify = GUST_TLS_VERIFY_OPTIONAL};

    for (size_t i = 0; i < gu_countof(tries); i++) {
        char text[128];

        open_stage_tls(OK, &tls);
        snprintf(text, sizeof text,
                 "HTTP/1.1 302 X\r\nLocation: https://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
                 stage.port);
        if (i == 1) {
            stage.answers[0] = text;
            stage.answers[1] = OK;
        }
        in_task(tries[i], NULL);
        close_stage();
    }
}
