/*
 * making — what can go wrong while something is made: each system call, and each allocation
 *
 * Whatever fails, the call says so or does without; it leaves no descriptor and no memory behind
 * (the test program looks), and works when it is asked again. What goes wrong later, in the middle
 * of conversations, is net_fault_test.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "fault.h"
#include "net/net_impl.h"
#include "net/sockets.h"
#include "test.h"
#include "tls_wire.h"
#include <errno.h>
#include <fcntl.h>
#include <gust.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 400 /* calls of a kind that a making may take */

static bool drop_log(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg;
    (void)level;
    (void)logger;
    (void)message;
    return true;
}

/* --- what is made --- */

static int bind_to(const char *address, const gust_bind_options *options)
{
    int fds[GUST_BIND_MAX], n = gust_bind_sockets(address, options, fds, GUST_BIND_MAX);

    for (int i = 0; i < n; i++)
        close(fds[i]);
    return n < 0 ? n : 0;
}

static int bind_one(void *arg)
{
    (void)arg;
    return bind_to("127.0.0.1:0", NULL);
}

static int bind_both(void *arg)
{
    (void)arg;
    return bind_to("localhost:0", &(gust_bind_options){.backlog = 10, .reuse_port = true});
}

static char path[64];

static int bind_path(void *arg)
{
    int err;

    (void)arg;
    err = bind_to(path, &(gust_bind_options){.unix_mode = 0660});
    unlink(path + strlen("unix:"));
    return err;
}

static int bind_over(void *arg)
{
    int err = bind_to(path, NULL);

    (void)arg;
    if (err == 0)
        err = bind_to(path, NULL); /* one that was left behind is replaced */
    unlink(path + strlen("unix:"));
    return err;
}

static int bind_sets(void *arg)
{
    struct gu_sockets sets[3] = {0};
    int err = gu_sockets_bind(arg, sets, 3);

    for (size_t i = 0; err == 0 && i < 3; i++)
        gu_sockets_close(&sets[i]);
    if (strncmp(arg, "unix:/", 6) == 0)
        unlink(path + strlen("unix:"));
    return err;
}

static int name_socket(void *arg)
{
    char text[GUST_ADDRESS_TEXT];
    int fds[1], err = gust_bind_sockets("[::1]:0", NULL, fds, 1);

    (void)arg;
    if (err < 0)
        return err;
    err = gust_socket_address(fds[0], text);
    if (err == 0)
        err = gust_socket_port(fds[0]);
    close(fds[0]);
    return err < 0 ? err : 0;
}

static int serve_nobody(gust_stream *s, void *arg)
{
    (void)s;
    (void)arg;
    return 0;
}

static int make_server(void *arg)
{
    const gust_tcpserver_options options = {.stream.tls = arg};
    gust_tcpserver *server = gust_tcpserver_new(serve_nobody, NULL, &options);
    int err;

    if (server == NULL)
        return -ENOMEM;
    err = gust_tcpserver_listen(server, "localhost:0");
    gust_tcpserver_free(server);
    return err;
}

static int wrap_socket(void *arg)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
    gust_stream *s;

    (void)arg;
    if (fd < 0)
        return -errno;
    err = gust_stream_open(fd, NULL, &s);
    if (err < 0)
        close(fd);
    else
        gust_stream_close(s);
    return err;
}

static int wrap_pipe(void *arg)
{
    gust_stream *s;
    int ends[2], err;

    (void)arg;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[1]);
    err = gust_stream_open(ends[0], NULL, &s);
    if (err < 0)
        close(ends[0]);
    else
        gust_stream_close(s);
    return err;
}

static int make_pair(void *arg)
{
    gust_stream *ends[2];
    int err = gust_stream_pair(ends);

    (void)arg;
    if (err < 0)
        return err;
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    return 0;
}

static int make_memory_pair(void *arg)
{
    gust_stream *ends[2];
    int err = gust_stream_memory_pair(arg, ends);

    if (err < 0)
        return err;
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    return 0;
}

static int configure_resolver(void *arg)
{
    static const gust_host_override rows[] = {
        {.host = "one.test", .to = "127.0.0.1"}, {.host = "two.test", .to = "[::1]"}, {0}};
    int err = gust_resolver_configure(&(gust_resolver_options){.overrides = rows, .ttl = 5});

    (void)arg;
    return err < 0 ? err : gust_resolver_configure(NULL);
}

static int resolve(void *arg)
{
    const char *addresses[GUST_RESOLVE_MAX];
    int n = gust_resolve(arg, 80, 0, addresses);

    return n < 0 ? n : 0;
}

/* --- who is connected to --- */

static unsigned port;
static gust_tcpserver *server;

static int connect_by(const char *host, const gust_connect_options *options)
{
    gust_stream *s;
    int err;

    GUST_DEADLINE(5);
    err = gust_connect(host, port, options, &s);
    if (err == 0)
        gust_stream_close(s);
    return err;
}

static int connect_plain(void *arg)
{
    (void)arg;
    return connect_by("127.0.0.1", NULL);
}

static int connect_by_name(void *arg)
{
    (void)arg;
    return connect_by("localhost", &(gust_connect_options){.attempt_delay = 0.001});
}

static int connect_from(void *arg)
{
    const char *why = "";
    const gust_connect_options options = {.source_address = "127.0.0.1", .why = &why};

    (void)arg;
    return connect_by("127.0.0.1", &options);
}

static int connect_family(void *arg)
{
    (void)arg;
    return connect_by("127.0.0.1", &(gust_connect_options){.family = AF_INET});
}

/* --- each of them, and each of their calls --- */

struct making {
    const char *name;
    int (*fn)(void *arg);
    void *arg;
    bool is_plain; /* needs no task */
};

static const gust_tls_options *tls_options(void)
{
    static gust_tls_options options;

    options.server_side = true;
    options.cert.cert_pem = tls_localhost()->cert;
    options.cert.key_pem = tls_localhost()->key;
    options.ca_pem = tls_ca();
    options.verify = GUST_TLS_VERIFY_OPTIONAL;
    return &options;
}

static int make(const struct making *m)
{
    return m->is_plain ? m->fn(m->arg) : gust_run(m->fn, m->arg);
}

/* Fails the n-th call of a kind, for each n that is reached. Returns how often one failed. */
static unsigned fail_calls(const struct making *m, enum fault_call call, int fault)
{
    unsigned n = 0;
    bool is_reached = true;

    while (is_reached) {
        int err;

        fault_set(call, ++n, fault);
        err = make(m);
        is_reached = fault_clear();
        if (call == FAULT_CTL && err == -EEXIST)
            continue; /* it was the taking away that failed, which the system never does */
        if (err != 0 && err != -fault)
            fail_msg("call %u: %s", n, gust_strerror(err));
        assert_true(is_reached || err == 0);
        assert_true(n < MANY);
    }
    return n - 1;
}

static unsigned fail_allocations(const struct making *m)
{
    unsigned n = 0;
    bool is_reached = true;

    while (is_reached) {
        gu_alloc_fail_at(++n);
        gust_ignore(make(m));
        is_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_true(n < MANY);
    }
    return n - 1;
}

static gust_loop *open_loop(void)
{
    const gust_loop_options options = {.slow_callback = GUST_NEVER};
    gust_loop *loop;

    gu_log_set_sink(drop_log, NULL);
    assert_int_equal(gust_loop_new(&options, &loop), 0);
    server = gust_tcpserver_new(serve_nobody, NULL, NULL);
    assert_int_equal(gust_tcpserver_listen(server, "localhost:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    return loop;
}

static void close_loop(gust_loop *loop)
{
    gust_tcpserver_free(server);
    for (int i = 0; i < 20; i++) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
    gust_loop_close(loop);
    gu_log_set_sink(NULL, NULL);
}

TEST(whatever_fails_while_something_is_made_nothing_is_left)
{
    static const gust_stream_memory_options window = {.window = 1000};
    static const enum fault_call calls[] = {FAULT_SOCKET,  FAULT_BIND,   FAULT_LISTEN,
                                            FAULT_NAME,    FAULT_SETOPT, FAULT_GETOPT,
                                            FAULT_CONNECT, FAULT_FCNTL,  FAULT_CTL};
    char loopback[] = "127.0.0.1:0", localhost[] = "localhost:0", number[] = "127.0.0.1",
         name[] = "localhost";
    const struct making makings[] = {
        {"a listening socket", bind_one, NULL, true},
        {"two of one port", bind_both, NULL, true},
        {"one with a path", bind_path, NULL, true},
        {"one over another", bind_over, NULL, true},
        {"sets that share a port", bind_sets, loopback, true},
        {"sets of two", bind_sets, localhost, true},
        {"sets that share a path", bind_sets, path, true},
        {"the text of an address", name_socket, NULL, true},
        {"a server", make_server, NULL, true},
        {"a server with TLS", make_server, (void *)(uintptr_t)tls_options(), true},
        {"a stream over a socket", wrap_socket, NULL, true},
        {"a stream over a pipe", wrap_pipe, NULL, true},
        {"two streams", make_pair, NULL, true},
        {"two streams in memory", make_memory_pair, NULL, true},
        {"two with a small window", make_memory_pair, (void *)(uintptr_t)&window, true},
        {"names of one's own", configure_resolver, NULL, true},
        {"the addresses of a number", resolve, number, false},
        {"the addresses of a name", resolve, name, false},
        {"a connection", connect_plain, NULL, false},
        {"a connection by name", connect_by_name, NULL, false},
        {"a connection from an address", connect_from, NULL, false},
        {"a connection of one family", connect_family, NULL, false},
    };
    gust_loop *loop;
    unsigned n_calls = 0;

    snprintf(path, sizeof path, "unix:/tmp/gust-making-test-%d", (int)getpid());
    loop = open_loop();
    for (size_t i = 0; i < gu_countof(makings); i++) {
        TEST_CASE(makings[i].name);
        assert_int_equal(make(&makings[i]), 0);
        for (size_t k = 0; k < gu_countof(calls); k++)
            n_calls += fail_calls(&makings[i], calls[k], ENOMEM);
        fail_allocations(&makings[i]);
        assert_int_equal(make(&makings[i]), 0);
    }
    assert_true(n_calls > 50);
    close_loop(loop);
}
