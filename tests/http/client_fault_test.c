/*
 * client — every system call of a fetch fails once
 *
 * A client asks a server on the same loop: for something small, for more than is received at once,
 * and with a body that the server sends back as it comes; with connections that are kept, and with
 * new ones; in plain, over TLS and through a proxy's tunnel. One call, the n-th of its kind, is
 * answered with an error or a short count. The fetch may fail, unless the fault is one that nobody
 * should notice, and the next one of the same client is served.
 *
 * Unix sockets are used, which have the bytes at once, and a clock that jumps; but for connecting,
 * and for the proxy, where it is TCP and the real clock.
 */
#include "fault.h"
#include "fetch_stage.h"
#include "tls_wire.h"
#include <stdio.h>

#define MAX_N 1000 /* calls of a kind in a conversation; more are one without an end */
#define BIG ((size_t)300000)

static char big[BIG];
static gust_httpclient *kept; /* the client that lives through all faults */
static gust_tls_options server_tls, client_tls;
static gust_tcpserver *secret, *proxy; /* beside the stage's server */
static unsigned secret_port, proxy_port;
static char secret_address[80];

/* --- servers --- */

static int serve_one(gust_stream *s, gust_str head)
{
    bool is_echo = strncmp(head.ptr, "PUT ", 4) == 0, is_big = strstr(head.ptr, " /big ") != NULL;
    size_t len = is_echo || is_big ? BIG : 2;
    gust_str some;
    int err = gust_stream_printf(s, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);

    if (!is_echo)
        return err < 0 ? err : gust_stream_write(s, is_big ? big : "ok", len);
    for (size_t at = 0; err == 0 && at < len; at += some.len) {
        err = gust_read_some(s, &some);
        if (err <= 0)
            return -GUST_ECLOSED;
        err = gust_stream_write(s, some.ptr, some.len);
    }
    return err;
}

static int serve(gust_stream *s, void *arg)
{
    gust_str head;
    int err;

    (void)arg;
    do {
        err = gust_read_until(s, "\r\n\r\n", 0, &head);
        if (err == 0)
            err = serve_one(s, head);
    } while (err == 0);
    return 0;
}

static int serve_tunnel(gust_stream *s, void *arg)
{
    gust_str head;
    int err = gust_read_until(s, "\r\n\r\n", 0, &head);

    if (err == 0)
        err = gust_stream_printf(s, "HTTP/1.1 200 X\r\n\r\n");
    if (err == 0)
        err = gust_start_tls(s, &server_tls);
    return err < 0 ? 0 : serve(s, arg);
}

/* --- conversations --- */

enum way { PLAIN, OVER_TLS, TUNNELLED };

static enum way way;
static bool is_tcp;
static double patience; /* of a request, in seconds */

static gust_fetch_options options(void)
{
    gust_fetch_options o = {.request_timeout = patience};

    if (way != PLAIN)
        o.tls = &client_tls;
    if (way == TUNNELLED)
        o.proxy_host = "127.0.0.1";
    o.proxy_port = proxy_port;
    if (is_tcp)
        o.source_address = "127.0.0.1";
    else
        o.unix_socket = strchr(way == PLAIN ? test_address() : secret_address, '@');
    return o;
}

static const char *to(const char *path)
{
    return way == PLAIN ? url(path) : gust_sprintf("https://localhost:%u%s", secret_port, path);
}

static int get(gust_httpclient *client, const char *path, const char *text, size_t len)
{
    gust_fetch_options o = options();
    const gust_response *res = gust_httpclient_fetch(client, to(path), &o);

    if (res->error < 0)
        return res->error;
    assert_int_equal(res->body.len, len);
    assert_memory_equal(res->body.ptr, text, len);
    return 0;
}

static int produce(gust_fetch_body *body, void *arg)
{
    int err = 0;

    (void)arg;
    for (size_t at = 0; err == 0 && at < BIG; at += BIG / 10)
        err = gust_fetch_write(body, big + at, BIG / 10);
    return err;
}

static int put(gust_httpclient *client)
{
    gust_fetch_options o = options();
    const gust_response *res;

    o.method = "PUT";
    o.body_producer = produce;
    o.body_length = (int64_t)BIG;
    res = gust_httpclient_fetch(client, to("/"), &o);
    if (res->error < 0)
        return res->error;
    assert_int_equal(res->body.len, BIG);
    assert_memory_equal(res->body.ptr, big, BIG);
    return 0;
}

static int talk_by(gust_httpclient *client)
{
    int err = get(client, "/", "ok", 2);

    if (err == 0 && way != TUNNELLED) /* behind its beginning a tunnel is TLS as others are */
        err = get(client, "/big", big, BIG);
    if (err == 0 && way != TUNNELLED)
        err = put(client);
    assert_int_equal(client->n_busy, 0);
    return err;
}

static int talk_kept(void *arg)
{
    (void)arg;
    return talk_by(kept);
}

static int talk_anew(void *arg)
{
    gust_httpclient *client = gust_httpclient_new(NULL);
    int err = talk_by(client);

    (void)arg;
    gust_httpclient_free(client);
    return err;
}

/* --- one fault each --- */

static int wait_long(void *arg)
{
    (void)arg;
    gust_ignore(gust_sleep(60)); /* what still sends is given up */
    return 0;
}

static void set_up(enum way how, bool over_tcp)
{
    static const gust_tcpserver_options plain;
    gust_tcpserver_options tls = {.stream.tls = &server_tls};

    way = how;
    is_tcp = over_tcp;
    open_stage(OK);
    if (is_tcp)
        gu_loop_set_clock(stage.loop, NULL);
    serve_by(serve, NULL);
    assert_int_equal(gust_tcpserver_listen(stage.server, test_address()), 0);
    server_tls = (gust_tls_options){
        .server_side = true,
        .cert = {.cert_pem = tls_localhost()->cert, .key_pem = tls_localhost()->key}};
    client_tls = (gust_tls_options){.ca_pem = tls_ca()};
    secret = gust_tcpserver_new(serve, NULL, &tls);
    proxy = gust_tcpserver_new(serve_tunnel, NULL, &plain);
    assert_int_equal(gust_tcpserver_listen(secret, "127.0.0.1:0"), 0);
    assert_int_equal(gust_tcpserver_listen(proxy, "127.0.0.1:0"), 0);
    snprintf(secret_address, sizeof secret_address, "%s-tls", test_address());
    assert_int_equal(gust_tcpserver_listen(secret, secret_address), 0);
    secret_port = (unsigned)gust_tcpserver_port(secret);
    proxy_port = (unsigned)gust_tcpserver_port(proxy);
    kept = gust_httpclient_new(NULL);
}

static void tear_down(void)
{
    gu_loop_set_clock(stage.loop, &virtual_clock()->clock);
    gust_httpclient_free(kept);
    gust_tcpserver_free(secret);
    gust_tcpserver_free(proxy);
    in_task(wait_long, NULL);
    close_stage();
}

/* Fails the n-th call for all n: how many there were. */
static unsigned fail_each(enum fault_call call, int fault, bool is_harmless,
                          int (*conversation)(void *))
{
    unsigned n = 0;
    bool has_failed;

    do {
        int err;

        fault_set(call, ++n, fault);
        patience = is_tcp && !is_harmless ? 1 : 100;
        err = gust_run(conversation, NULL);
        has_failed = fault_clear();
        patience = 100;
        if (err < 0 && (is_harmless || !has_failed))
            fail_msg("fault %d at call %u: %s", fault, n, gust_strerror(err));
        err = gust_run(conversation, NULL);
        if (err < 0)
            fail_msg("behind fault %d at call %u: %s", fault, n, gust_strerror(err));
    } while (has_failed && n < MAX_N);
    assert_true(n < MAX_N);
    return n - 1;
}

static const struct {
    const char *name;
    enum fault_call call;
    int harmless[8], others[8]; /* faults that nobody may notice, and those that may be */
    bool is_of_connecting;
} calls[] = {
    {"recv",
     FAULT_RECV,
     {EINTR, ENOBUFS, ENOMEM},
     {FAULT_SHORT, EAGAIN, ECONNRESET, ETIMEDOUT, EHOSTUNREACH},
     false},
    {"send", FAULT_SEND, {EINTR, FAULT_SHORT, ENOBUFS, ENOMEM}, {EAGAIN, EPIPE, ECONNRESET}, false},
    {"connect", FAULT_CONNECT, {0}, {EINTR, ECONNREFUSED, EAGAIN, ENOBUFS, EADDRNOTAVAIL}, true},
    {"socket", FAULT_SOCKET, {0}, {EMFILE, ENFILE, ENOBUFS, ENOMEM}, true},
    {"setsockopt", FAULT_SETOPT, {ENOBUFS}, {0}, true},
    {"getsockopt", FAULT_GETOPT, {0}, {ENOBUFS}, true},
    {"epoll_ctl", FAULT_CTL, {0}, {ENOMEM, ENOSPC}, true},
    {"close", FAULT_CLOSE, {EINTR, EIO}, {0}, true},
};

static void try_call(size_t i, int (*conversation)(void *))
{
    for (const int *f = calls[i].harmless; *f != 0; f++)
        assert_true(fail_each(calls[i].call, *f, true, conversation) > 0);
    for (const int *f = calls[i].others; *f != 0; f++)
        if (!is_tcp || (*f != EAGAIN && *f != FAULT_SHORT)) /* after which it waits for nothing */
            assert_true(fail_each(calls[i].call, *f, false, conversation) > 0);
}

static void try_way(enum way how)
{
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 15);
    for (size_t i = 0; i < gu_countof(calls); i++) {
        TEST_CASE(calls[i].name);
        set_up(how, how == TUNNELLED || calls[i].is_of_connecting);
        try_call(i, talk_anew);
        if (!is_tcp)
            try_call(i, talk_kept);
        tear_down();
    }
}

TEST(a_failing_system_call_costs_its_fetch_at_the_most)
{
    try_way(PLAIN);
}

TEST(so_it_is_over_tls)
{
    try_way(OVER_TLS);
}

TEST(and_through_a_tunnel)
{
    try_way(TUNNELLED);
}

TEST(a_source_address_that_cannot_be_had_costs_no_more)
{
    set_up(PLAIN, true);
    assert_true(fail_each(FAULT_BIND, EADDRINUSE, false, talk_anew) > 0);
    assert_true(fail_each(FAULT_BIND, EADDRNOTAVAIL, false, talk_anew) > 0);
    tear_down();
}

/* On the real clock: the one that jumps would take a failed wait for an idle one. */
TEST(a_wait_that_is_interrupted_is_not_noticed)
{
    set_up(PLAIN, true);
    assert_true(fail_each(FAULT_WAIT, EINTR, true, talk_anew) > 0);
    tear_down();
}
