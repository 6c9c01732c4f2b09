/*
 * tls — limits, at their edges: what a peer may show, and what files may hold
 */
#include "base/alloc.h"
#include "test.h"
#include "tls_wire.h"
#include <gust.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- certificates of a given size --- */

/* A certificate that says nothing, at length. Its signature always has the same size. */
static X509 *padding(size_t len)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    unsigned char *bytes = calloc(1, len + 1);
    X509 *cert = X509_new();
    X509_EXTENSION *extension;

    assert_true(key != NULL && value != NULL && bytes != NULL && cert != NULL);
    assert_int_equal(ASN1_OCTET_STRING_set(value, bytes, (int)len), 1);
    extension = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, value);
    assert_non_null(extension);
    X509_set_version(cert, 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    assert_true(X509_sign(cert, key, NULL) > 0);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    EVP_PKEY_free(key);
    free(bytes);
    return cert;
}

static size_t der_len(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int len = i2d_X509(cert, NULL);

    assert_true(len > 0);
    X509_free(cert);
    BIO_free(bio);
    return (size_t)len;
}

/* The text of a chain that begins with `first` and comes to `size` bytes in a Certificate message
 * of TLS 1.3 (RFC 8446, 4.4.2); to be freed. */
static char *chain_of(const char *first, size_t size)
{
    static const size_t frame = 1 + 3, entry = 3 + 2;
    size_t want = size - frame - entry - der_len(first) - entry, len = want - 1000;
    X509 *cert = padding(len);
    BIO *bio = BIO_new(BIO_s_mem());
    size_t had = (size_t)i2d_X509(cert, NULL);
    char *text, *copy;
    long n;

    X509_free(cert);
    cert = padding(len + want - had); /* lengths keep their widths */
    assert_int_equal(i2d_X509(cert, NULL), want);
    assert_int_equal(BIO_puts(bio, first), strlen(first));
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    n = BIO_get_mem_data(bio, &text);
    copy = calloc(1, (size_t)n + 1);
    assert_non_null(copy);
    memcpy(copy, text, (size_t)n);
    X509_free(cert);
    BIO_free(bio);
    return copy;
}

/* --- what a peer shows --- */

struct meeting {
    gust_tls_options server, client;
    int err;
};

static int echo(gust_stream *s, void *arg)
{
    gust_str line;

    (void)arg;
    if (gust_read_until(s, "\n", 0, &line) == 0)
        gust_ignore(gust_stream_write(s, line.ptr, line.len));
    return 0;
}

static int meet(void *arg)
{
    struct meeting *m = arg;
    gust_tcpserver *server =
        gust_tcpserver_new(echo, NULL, &(gust_tcpserver_options){.stream.tls = &m->server});
    gust_stream *s = NULL;
    gust_str line;

    GUST_DEADLINE(20);
    assert_non_null(server);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    m->err = gust_connect("127.0.0.1", (unsigned)gust_tcpserver_port(server),
                          &(gust_connect_options){.tls = &m->client}, &s);
    if (m->err == 0)
        m->err = gust_stream_write(s, "hello\n", 6);
    if (m->err == 0) /* a server's refusal shows in the first read */
        m->err = gust_read_until(s, "\n", 0, &line);
    gust_stream_close(s);
    gust_tcpserver_free(server);
    return 0;
}

TEST(certificates_that_a_peer_shows_are_limited)
{
    static const struct {
        const char *name;
        size_t size;
        bool is_client, is_refused;
    } cases[] = {
        {"a server, a byte less", 65535, false, false},
        {"a server, as many", 65536, false, false},
        {"a server, a byte more", 65537, false, true},
        {"a client, a byte less", 65535, true, false},
        {"a client, as many", 65536, true, false},
        {"a client, a byte more", 65537, true, true},
    };
    const struct tls_identity *id = tls_localhost();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char *chain = chain_of(id->cert, cases[i].size);
        struct meeting m = {
            .server = {.cert = {.cert_pem = id->cert, .key_pem = id->key},
                       .verify = GUST_TLS_VERIFY_OPTIONAL,
                       .ca_pem = tls_ca()},
            .client = {.ca_pem = tls_ca(), .min_version = GUST_TLS_1_3},
        };

        TEST_CASE(cases[i].name);
        if (cases[i].is_client)
            m.client.cert = (gust_tls_cert){.cert_pem = chain, .key_pem = id->key};
        else
            m.server.cert.cert_pem = chain;
        assert_int_equal(gust_run(meet, &m), 0);
        if (!cases[i].is_refused)
            assert_int_equal(m.err, 0);
        else
            assert_int_equal(m.err, cases[i].is_client ? -GUST_ECLOSED : -GUST_EPROTO);
        free(chain);
    }
}

/* --- files --- */

/* A file with a text and blank lines behind it, of `size` bytes. */
static const char *file_of(const char *text, size_t size)
{
    char *padded = malloc(size + 1);
    const char *path;

    assert_non_null(padded);
    memset(padded, '\n', size);
    memcpy(padded, text, strlen(text));
    padded[size] = '\0';
    path = tls_file(padded);
    free(padded);
    return path;
}

TEST(a_file_has_a_largest_size)
{
    static const size_t max = (size_t)1 << 20;
    static const struct {
        const char *name;
        size_t cert, key, ca; /* 0: small */
        int err;
    } cases[] = {
        {"a certificate, a byte less", max - 1, 0, 0, 0},
        {"a certificate, as large", max, 0, 0, 0},
        {"a certificate, a byte more", max + 1, 0, 0, -EFBIG},
        {"a key, a byte less", 0, max - 1, 0, 0},
        {"a key, as large", 0, max, 0, 0},
        {"a key, a byte more", 0, max + 1, 0, -EFBIG},
        {"a CA, a byte less", 0, 0, max - 1, 0},
        {"a CA, as large", 0, 0, max, 0},
        {"a CA, a byte more", 0, 0, max + 1, -EFBIG},
    };
    const struct tls_identity *id = tls_localhost();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const gust_tls_options options = {
            .server_side = true,
            .verify = GUST_TLS_VERIFY_OPTIONAL,
            .cert = {.cert_file = file_of(id->cert, gu_max(cases[i].cert, 8192)),
                     .key_file = file_of(id->key, gu_max(cases[i].key, 8192))},
            .ca_file = file_of(tls_ca(), gu_max(cases[i].ca, 8192)),
        };
        gust_tls_context *context = NULL;

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_tls_context_new(&options, &context), cases[i].err);
        gust_tls_context_free(context);
        tls_files_remove();
    }
}

/* --- protocols --- */

TEST(names_of_protocols_have_their_room)
{
    static const struct {
        const char *name;
        size_t lens[3]; /* each takes a byte more */
        int err;
    } cases[] = {
        {"one, a byte less", {253}, 0},       {"one, all of it", {254}, 0},
        {"one, a byte more", {255}, -EINVAL}, {"two, a byte less", {100, 152}, 0},
        {"two, all of it", {100, 153}, 0},    {"two, a byte more", {100, 154}, -EINVAL},
    };
    static char text[256];

    memset(text, 'p', sizeof text - 1);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *names[3] = {NULL};
        gust_tls_context *context = NULL;

        TEST_CASE(cases[i].name);
        for (size_t n = 0; cases[i].lens[n] > 0; n++)
            names[n] = text + sizeof text - 1 - cases[i].lens[n];
        assert_int_equal(
            gust_tls_context_new(&(gust_tls_options){.verify = GUST_TLS_VERIFY_NONE, .alpn = names},
                                 &context),
            cases[i].err);
        gust_tls_context_free(context);
    }
}
