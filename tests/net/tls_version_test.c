/*
 * tls — the versions that are too old (RFC 8996)
 *
 * OpenSSL, which can still be talked into them, is the peer; against itself it succeeds, so that it
 * is Gust who refuses.
 */
#include "base/loopstack.h"
#include "test.h"
#include "tls_wire.h"
#include <errno.h>
#include <fcntl.h>
#include <gust.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct meeting {
    int version;  /* the newest that the peer speaks */
    bool is_ours; /* the server; else the client is */
    int agreed;   /* the peer's view: the version, or 0 */
    int why;      /* 0, or why it failed, in the peer's words */
    int err;      /* our client's */
};

/* --- the peer --- */

static void take_identity(SSL_CTX *ctx)
{
    BIO *cert = BIO_new_mem_buf(tls_localhost()->cert, -1);
    BIO *key = BIO_new_mem_buf(tls_localhost()->key, -1);
    X509 *x509 = PEM_read_bio_X509(cert, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    assert_int_equal(SSL_CTX_use_certificate(ctx, x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, pkey), 1);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    BIO_free(cert);
    BIO_free(key);
}

static SSL *peer_new(bool is_server, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    SSL *ssl;

    assert_non_null(ctx);
    SSL_CTX_set_min_proto_version(ctx, 0);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0"), 1);
    if (is_server)
        take_identity(ctx);
    ssl = SSL_new(ctx);
    assert_non_null(ssl);
    SSL_CTX_free(ctx);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

/* 1: done, 0: it needs more, -1: it failed. */
static int shake_once(void *ssl)
{
    int n, why;

    ERR_clear_error();
    n = SSL_do_handshake(ssl);
    if (n == 1)
        return 1;
    why = SSL_get_error(ssl, n);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void shake(struct meeting *m, int fd)
{
    SSL *ssl = peer_new(!m->is_ours, m->version);
    int done;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    SSL_set_fd(ssl, fd);
    while ((done = gu_on_loop_stack(shake_once, ssl)) == 0)
        assert_int_equal(gust_sleep(0.001), 0);
    m->agreed = done > 0 ? SSL_version(ssl) : 0;
    m->why = done > 0 ? 0 : ERR_GET_REASON(ERR_peek_error());
    SSL_free(ssl);
    close(fd);
}

TEST(the_peer_speaks_old_versions_with_itself)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION};

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        SSL *server = peer_new(true, versions[i]), *client = peer_new(false, versions[i]);
        BIO *one, *other;
        int a = 0, b = 0;

        assert_int_equal(BIO_new_bio_pair(&one, 0, &other, 0), 1);
        SSL_set_bio(server, one, one);
        SSL_set_bio(client, other, other);
        for (int n = 0; n < 20 && (a != 1 || b != 1); n++) {
            a = shake_once(client);
            b = shake_once(server);
        }
        assert_int_equal(a + b, 2);
        assert_int_equal(SSL_version(client), versions[i]);
        SSL_free(server);
        SSL_free(client);
    }
}

/* --- who meets --- */

static gust_event served;

static int ignore_stream(gust_stream *s, void *arg)
{
    gust_str rest;
    int err = gust_read_until_close(s, 100, &rest);

    (void)arg;
    gust_event_set(&served);
    return err;
}

static int meet_our_server(void *arg)
{
    struct meeting *m = arg;
    const gust_tls_options tls = {
        .cert = {.cert_pem = tls_localhost()->cert, .key_pem = tls_localhost()->key}};
    gust_tcpserver *server =
        gust_tcpserver_new(ignore_stream, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    to.sin_port = htons((uint16_t)gust_tcpserver_port(server));
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    gust_event_clear(&served);
    shake(m, fd);
    if (m->agreed != 0)
        assert_int_equal(gust_event_wait(&served), 0);
    gust_tcpserver_free(server);
    return 0;
}

static int listener;

static int serve_once(void *arg)
{
    int fd;

    while ((fd = accept(listener, NULL, NULL)) < 0 && errno == EAGAIN)
        assert_int_equal(gust_sleep(0.001), 0);
    assert_true(fd >= 0);
    shake(arg, fd);
    return 0;
}

static unsigned listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static int meet_our_client(void *arg)
{
    struct meeting *m = arg;
    const gust_tls_options tls = {.ca_pem = tls_ca(), .server_name = "localhost"};
    unsigned port = listen_somewhere();
    gust_group *group = gust_group_new(0);
    gust_stream *s = NULL;

    GUST_DEADLINE(20);
    gust_group_go(group, serve_once, m);
    m->err = gust_connect("127.0.0.1", port, &(gust_connect_options){.tls = &tls}, &s);
    gust_stream_close(s);
    assert_int_equal(gust_group_wait(group), 0);
    close(listener);
    return 0;
}

/* A server is told by an alert; a client's hello does not offer what is too old. */
TEST(versions_below_1_2_are_refused)
{
    static const int alert = SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
                     no_offer = SSL_R_UNSUPPORTED_PROTOCOL;
    const struct {
        const char *name;
        int version;
        bool is_ours;
        int why;
    } cases[] = {
        {"2.2: TLS 1.0 is all that the client speaks", TLS1_VERSION, true, alert},
        {"2.2: TLS 1.1 is all that the client speaks", TLS1_1_VERSION, true, alert},
        {"TLS 1.2 is enough for a client", TLS1_2_VERSION, true, 0},
        {"2.2: TLS 1.0 is all that the server speaks", TLS1_VERSION, false, no_offer},
        {"2.2: TLS 1.1 is all that the server speaks", TLS1_1_VERSION, false, no_offer},
        {"TLS 1.2 is enough for a server", TLS1_2_VERSION, false, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct meeting m = {.version = cases[i].version, .is_ours = cases[i].is_ours};

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_run(m.is_ours ? meet_our_server : meet_our_client, &m), 0);
        assert_int_equal(m.agreed, cases[i].why != 0 ? 0 : cases[i].version);
        assert_int_equal(m.why, cases[i].why);
        assert_int_equal(m.err, cases[i].why != 0 && !m.is_ours ? -GUST_EPROTO : 0);
    }
}

/* --- SSL 2.0 --- */

/* A hello of its own form (RFC 6101 E.2), which OpenSSL does not speak any more. */
static const unsigned char ancient[] = {0x80, 0x1c, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x00, 0x00,
                                        0x10, 0x07, 0x00, 0xc0, 'c',  'h',  'a',  'l',  'l',  'e',
                                        'n',  'g',  'e',  '1',  '2',  '3',  '4',  '5',  '6',  '7'};

static int send_ancient(void *arg)
{
    const gust_tls_options tls = {
        .cert = {.cert_pem = tls_localhost()->cert, .key_pem = tls_localhost()->key}};
    gust_tcpserver *server =
        gust_tcpserver_new(ignore_stream, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
    gust_stream *s;
    gust_str answer;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    assert_int_equal(gust_connect("127.0.0.1", (unsigned)gust_tcpserver_port(server), NULL, &s), 0);
    assert_int_equal(gust_stream_write(s, ancient, sizeof ancient), 0);
    assert_int_equal(gust_read_until_close(s, 100, &answer), 0);
    assert_true(answer.len == 0 || answer.ptr[0] == 21); /* an alert at the most */
    gust_stream_close(s);
    gust_tcpserver_free(server);
    return 0;
}

/* 2.2 */
TEST(a_hello_of_ssl_2_is_closed_upon)
{
    assert_int_equal(gust_run(send_ancient, NULL), 0);
}
