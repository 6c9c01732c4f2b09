/*
 * tls_wire — the TLS ends of tests
 */
#include "tls_wire.h"
#include "test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- certificates --- */

static struct {
    X509 *cert;
    EVP_PKEY *key;
    char pem[4096];
} ca;

static void pem_of(char *to, size_t size, const X509 *cert, const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_non_null(bio);
    if (cert != NULL)
        assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    else
        assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_read(bio, to, (int)size - 1);
    assert_in_range(n, 1, size - 2);
    to[n] = '\0';
    BIO_free(bio);
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate of a name for a key, to be signed; valid now and for a day. */
static X509 *cert_new(const char *name, EVP_PKEY *key, const X509_NAME *issuer)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_NAME *subject;

    assert_non_null(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Gust", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(cert, issuer != NULL ? issuer : subject);
    X509_set_pubkey(cert, key);
    return cert;
}

static void ca_make(void)
{
    if (ca.cert != NULL)
        return;
    ca.key = EVP_EC_gen("P-256");
    assert_non_null(ca.key);
    ca.cert = cert_new("Gust tests", ca.key, NULL);
    extend(ca.cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    assert_true(X509_sign(ca.cert, ca.key, EVP_sha256()) > 0);
    pem_of(ca.pem, sizeof ca.pem, ca.cert, NULL);
}

const char *tls_ca(void)
{
    ca_make();
    return ca.pem;
}

void tls_identity_make(struct tls_identity *identity, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char names[300];
    X509 *cert;

    ca_make();
    assert_non_null(key);
    cert = cert_new(name, key, X509_get_subject_name(ca.cert));
    if (strcmp(name, "localhost") == 0)
        snprintf(names, sizeof names, "DNS:localhost,IP:127.0.0.1,IP:::1");
    else if (strchr(name, ':') != NULL)
        snprintf(names, sizeof names, "%.250s", name);
    else
        snprintf(names, sizeof names, "DNS:%.250s", name);
    extend(cert, NID_subject_alt_name, names);
    assert_true(X509_sign(cert, ca.key, EVP_sha256()) > 0);
    pem_of(identity->cert, sizeof identity->cert, cert, NULL);
    pem_of(identity->key, sizeof identity->key, NULL, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

const struct tls_identity *tls_localhost(void)
{
    static struct tls_identity identity;

    if (identity.cert[0] == '\0')
        tls_identity_make(&identity, "localhost");
    return &identity;
}

#define FILES_MAX 16
static char files[FILES_MAX][40];
static size_t n_files;

const char *tls_file(const char *text)
{
    char *path = files[n_files++];
    int fd;

    assert_true(n_files <= FILES_MAX);
    snprintf(path, sizeof files[0], "/tmp/gust-tls-test-XXXXXX");
    fd = mkstemp(path);
    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

void tls_files_remove(void)
{
    while (n_files > 0)
        unlink(files[--n_files]);
}

/* --- relays --- */

#define PIECE 16384

struct relay {
    struct relay *next;
    SSL *ssl;
    int plain, sealed; /* descriptors; -1: closed */
    bool is_open;      /* the handshake is done */
    bool in_ended, out_ended;
    bool is_cut;
    char in[PIECE], out[PIECE]; /* from the plain side; to it */
    size_t n_in, n_out;
};

static struct relay *relays;
static SSL_CTX *client_ctx, *server_ctx;

static void server_ctx_make(void)
{
    const struct tls_identity *identity = tls_localhost();
    BIO *cert = BIO_new_mem_buf(identity->cert, -1), *key = BIO_new_mem_buf(identity->key, -1);
    X509 *x509 = PEM_read_bio_X509(cert, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    server_ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(server_ctx);
    assert_int_equal(SSL_CTX_use_certificate(server_ctx, x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server_ctx, pkey), 1);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    BIO_free(cert);
    BIO_free(key);
}

static struct relay *relay_new(bool is_server)
{
    struct relay *relay = calloc(1, sizeof *relay);

    assert_non_null(relay);
    if (client_ctx == NULL) {
        client_ctx = SSL_CTX_new(TLS_client_method());
        assert_non_null(client_ctx);
        server_ctx_make();
    }
    relay->ssl = SSL_new(is_server ? server_ctx : client_ctx);
    assert_non_null(relay->ssl);
    SSL_set_mode(relay->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (is_server)
        SSL_set_accept_state(relay->ssl);
    else
        SSL_set_connect_state(relay->ssl);
    relay->next = relays;
    relays = relay;
    return relay;
}

static void open_relay(struct wire *wire, bool is_server)
{
    struct relay *relay = relay_new(is_server);
    int ends[2];

    wire_open_tcp4(wire);
    relay->sealed = wire->peer_in;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                       errno);
    wire->peer_in = wire->peer_out = ends[0];
    wire->is_tls = true;
    wire->is_tls_server = !is_server;
    relay->plain = ends[1];
    SSL_set_fd(relay->ssl, relay->sealed);
}

void tls_open_to_client(struct wire *wire)
{
    open_relay(wire, false);
}

void tls_open_to_server(struct wire *wire)
{
    open_relay(wire, true);
}

gust_tls_context *tls_context_of(const struct wire *wire)
{
    gust_tls_options options = {.server_side = true};
    gust_tls_context *context;

    if (!wire->is_tls)
        return NULL;
    if (wire->is_tls_server) {
        options.cert.cert_pem = tls_localhost()->cert;
        options.cert.key_pem = tls_localhost()->key;
    } else {
        options = (gust_tls_options){.ca_pem = tls_ca()};
    }
    assert_int_equal(gust_tls_context_new(&options, &context), 0);
    return context;
}

static void end_sealed(struct relay *relay)
{
    ERR_clear_error();
    if (!relay->is_cut && relay->is_open)
        SSL_shutdown(relay->ssl);
    if (relay->sealed >= 0)
        shutdown(relay->sealed, SHUT_WR);
    relay->in_ended = true;
}

/* From the test to the stream. */
static bool pump_in(struct relay *relay)
{
    bool has_moved = false;
    ssize_t n;

    if (relay->in_ended)
        return false;
    if (relay->n_in == 0) {
        n = read(relay->plain, relay->in, sizeof relay->in);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            end_sealed(relay);
            return true;
        }
        relay->n_in = n > 0 ? (size_t)n : 0;
    }
    if (relay->n_in == 0)
        return false;
    ERR_clear_error();
    n = SSL_write(relay->ssl, relay->in, (int)relay->n_in);
    if (n > 0) {
        relay->n_in -= (size_t)n;
        memmove(relay->in, relay->in + n, relay->n_in);
        has_moved = true;
    } else if (SSL_get_error(relay->ssl, (int)n) != SSL_ERROR_WANT_WRITE) {
        relay->in_ended = true;
    }
    return has_moved;
}

/* From the stream to the test. */
static bool pump_out(struct relay *relay)
{
    bool has_moved = false;
    ssize_t n;

    if (relay->n_out == 0 && !relay->out_ended) {
        ERR_clear_error();
        n = SSL_read(relay->ssl, relay->out, sizeof relay->out);
        if (n > 0) {
            relay->n_out = (size_t)n;
        } else if (SSL_get_error(relay->ssl, (int)n) != SSL_ERROR_WANT_READ) {
            relay->out_ended = true;
            shutdown(relay->plain, SHUT_WR);
            return true;
        }
    }
    if (relay->n_out > 0) {
        n = send(relay->plain, relay->out, relay->n_out, MSG_NOSIGNAL);
        if (n > 0) {
            relay->n_out -= (size_t)n;
            memmove(relay->out, relay->out + n, relay->n_out);
            has_moved = true;
        }
    }
    return has_moved;
}

/* The test has closed its end, and will read nothing. */
static bool is_left(const struct relay *relay)
{
    struct pollfd look = {.fd = relay->plain};

    return poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

static bool pump(struct relay *relay)
{
    bool has_moved = false;

    if (relay->sealed < 0)
        return false;
    if (!relay->is_open) {
        ERR_clear_error();
        relay->is_open = SSL_do_handshake(relay->ssl) == 1;
        has_moved = relay->is_open;
    }
    if (relay->is_open) {
        has_moved |= pump_in(relay);
        has_moved |= pump_out(relay);
    }
    if (is_left(relay) && (relay->in_ended || !relay->is_open)) {
        close(relay->sealed);
        relay->sealed = -1;
    }
    return has_moved;
}

bool tls_relays_pump(void)
{
    bool has_moved = false;

    for (struct relay *relay = relays; relay != NULL; relay = relay->next)
        while (pump(relay))
            has_moved = true;
    return has_moved;
}

void tls_relays_free(void)
{
    while (relays != NULL) {
        struct relay *relay = relays;

        relays = relay->next;
        close(relay->plain);
        if (relay->sealed >= 0)
            close(relay->sealed);
        SSL_free(relay->ssl);
        free(relay);
    }
}

void tls_relay_cut(void)
{
    relays->is_cut = true;
}
