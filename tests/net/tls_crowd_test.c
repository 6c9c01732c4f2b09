/*
 * tls — what a crowd of handshakes leaves behind
 */
#include "net/process.h"
#include "net/tls_impl.h"
#include "test.h"
#include "tls_wire.h"
#include "virtual_loop.h"
#include <gust.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int n_trims;

void __wrap_gu_heap_trim(void);

void __wrap_gu_heap_trim(void)
{
    n_trims++;
}

static int do_nothing(gust_stream *s, void *arg)
{
    (void)s;
    (void)arg;
    return 0;
}

#define CROWD_MAX 65

static gust_loop *loop;
static gust_tcpserver *server;
static int fds[CROWD_MAX];

static struct gu_tls_shared *shared(void)
{
    return gu_tls_shared_of(gu_net_of(loop));
}

/* Peers that begin a handshake, and say no more. */
static void come(size_t n)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)gust_tcpserver_port(server)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (size_t i = 0; i < n; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(fds[i], errno);
        assert_return_code(connect(fds[i], (const struct sockaddr *)&to, sizeof to), errno);
        assert_int_equal(write(fds[i], "\x16\x03\x01", 3), 3);
    }
    for (int i = 0; i < 100 && shared()->n_shaking < n; i++)
        run_turns(loop, 1);
    assert_int_equal(shared()->n_shaking, n);
}

static void leave(size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    for (int i = 0; i < 100 && shared()->n_shaking > 0; i++)
        run_turns(loop, 1);
    assert_int_equal(shared()->n_shaking, 0);
}

static void open_server(void)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key},
                                  .handshake_timeout = GUST_NEVER};

    loop = virtual_open();
    server = gust_tcpserver_new(do_nothing, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
    assert_non_null(server);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    n_trims = 0;
}

static void close_server(void)
{
    gust_tcpserver_free(server);
    run_turns(loop, 12);
    gust_loop_close(loop);
}

TEST(the_heap_is_trimmed_after_a_crowd_and_not_after_a_few)
{
    static const struct {
        const char *name;
        size_t n;
        int n_trims;
    } cases[] = {{"a few", 3, 0}, {"nearly", 63, 0}, {"not yet", 64, 0}, {"a crowd", 65, 2}};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        open_server();
        come(cases[i].n);
        leave(cases[i].n);
        virtual_run(loop, 100);
        assert_int_equal(n_trims, cases[i].n_trims);
        close_server();
    }
}

TEST(it_is_trimmed_again_while_the_crowd_stays_and_for_a_period_behind_it)
{
    open_server();
    come(65);
    virtual_run(loop, 35);
    assert_int_equal(n_trims, 3);
    leave(65);
    virtual_run(loop, 100);
    assert_int_equal(n_trims, 5);
    close_server();
}
