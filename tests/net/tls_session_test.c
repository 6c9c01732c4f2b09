/*
 * tls — what a client goes back to: whose sessions, how often, for how long
 *
 * Server and client are both ours, in one loop of virtual time. All servers take each other's
 * tickets, so a whole handshake tells that the client offered none.
 */
#include "net/tls_impl.h"
#include "test.h"
#include "tls_wire.h"
#include "virtual_loop.h"
#include <fcntl.h>
#include <gust.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a version --- */

static int newest; /* TLS1_…_VERSION; 0: any */

SSL *__real_gu_tls_ssl_new(struct gu_tls *tls, SSL_CTX *ctx);
SSL *__wrap_gu_tls_ssl_new(struct gu_tls *tls, SSL_CTX *ctx);

SSL *__wrap_gu_tls_ssl_new(struct gu_tls *tls, SSL_CTX *ctx)
{
    SSL *ssl = __real_gu_tls_ssl_new(tls, ctx);

    if (ssl != NULL)
        assert_int_equal(SSL_set_max_proto_version(ssl, newest), 1);
    return ssl;
}

/* --- the servers --- */

#define N_SERVERS 2u

static struct tls_identity client_identity, other_identity;
static gust_loop *loop;
static gust_tcpserver *servers[N_SERVERS];
static char subject[200]; /* of the last client's certificate, as its server saw it */

static int echo(gust_stream *s, void *arg)
{
    const gust_certificate *c = gust_stream_certificate(s);
    gust_str line;

    (void)arg;
    snprintf(subject, sizeof subject, "%s", c == NULL ? "nobody" : c->subject);
    while (gust_read_until(s, "\n", 0, &line) == 0)
        if (gust_stream_write(s, line.ptr, line.len) < 0)
            return 0;
    return 0;
}

static void open_servers(const gust_tls_options *options)
{
    const struct tls_identity *id = tls_localhost();
    gust_tls_options tls = options != NULL ? *options : (gust_tls_options){0};

    if (client_identity.cert[0] == '\0') {
        tls_identity_make(&client_identity, "somebody");
        tls_identity_make(&other_identity, "somebody else");
    }
    if (tls.cert.cert_pem == NULL)
        tls.cert = (gust_tls_cert){.cert_pem = id->cert, .key_pem = id->key};
    tls.verify = GUST_TLS_VERIFY_OPTIONAL;
    tls.ca_pem = tls_ca();
    loop = virtual_open();
    for (size_t i = 0; i < N_SERVERS; i++) {
        servers[i] = gust_tcpserver_new(echo, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
        assert_non_null(servers[i]);
        assert_int_equal(gust_tcpserver_listen(servers[i], "127.0.0.1:0"), 0);
    }
}

static void close_servers(void)
{
    for (size_t i = 0; i < N_SERVERS; i++)
        gust_tcpserver_free(servers[i]);
    run_turns(loop, 12);
    gust_loop_close(loop);
}

/* --- the client --- */

struct dial {
    gust_tls_options tls;
    const char *host; /* NULL: "localhost" */
    size_t server;
    gust_stream *stream;
    int err;
};

/* A connection that stays, over which a line went and came back; so its tickets have come. */
static int dial_main(void *arg)
{
    struct dial *d = arg;
    const char *host = d->host != NULL ? d->host : "localhost";
    gust_str line;

    GUST_DEADLINE(20);
    d->err = gust_connect(host, (unsigned)gust_tcpserver_port(servers[d->server]),
                          &(gust_connect_options){.tls = &d->tls, .family = AF_INET}, &d->stream);
    if (d->err < 0)
        return 0;
    gust_stream_keep(d->stream);
    assert_int_equal(gust_stream_write(d->stream, "hello\n", 6), 0);
    assert_int_equal(gust_read_until(d->stream, "\n", 0, &line), 0);
    return 0;
}

static void dial(struct dial *d)
{
    assert_int_equal(gust_run(dial_main, d), 0);
}

static void hang_up(struct dial *d)
{
    gust_stream_close(d->stream);
    run_turns(loop, 4);
}

/* Whether a connection, which is closed again, goes back to an earlier one. */
static bool resumes(struct dial d)
{
    bool is_resumed;

    dial(&d);
    assert_int_equal(d.err, 0);
    is_resumed = gust_stream_is_resumed(d.stream);
    hang_up(&d);
    return is_resumed;
}

static struct dial trusting(void)
{
    return (struct dial){.tls.ca_pem = tls_ca()};
}

TEST(the_second_connection_resumes_and_every_one_behind_it)
{
    static const struct {
        const char *name;
        int version;
    } cases[] = {{"TLSv1.2", TLS1_2_VERSION}, {"TLSv1.3", TLS1_3_VERSION}};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        newest = cases[i].version;
        open_servers(NULL);
        for (int n = 0; n < 4; n++) {
            struct dial d = trusting();

            dial(&d);
            assert_int_equal(d.err, 0);
            assert_string_equal(gust_stream_tls_version(d.stream), cases[i].name);
            assert_int_equal(gust_stream_is_resumed(d.stream), n > 0);
            hang_up(&d);
        }
        close_servers();
    }
    newest = 0;
}

struct peek {
    struct dial *d;
    const char *subject;
};

static int look_at_server(void *arg)
{
    struct peek *p = arg;

    p->subject = gust_heap_strdup(gust_stream_certificate(p->d->stream)->subject);
    return 0;
}

TEST(who_the_two_are_is_known_in_a_resumed_connection_too)
{
    open_servers(NULL);
    for (int n = 0; n < 3; n++) {
        struct dial d = trusting();
        struct peek p = {&d, NULL};

        d.tls.cert =
            (gust_tls_cert){.cert_pem = client_identity.cert, .key_pem = client_identity.key};
        dial(&d);
        assert_int_equal(d.err, 0);
        assert_int_equal(gust_stream_is_resumed(d.stream), n > 0);
        assert_string_equal(subject, "CN=somebody,O=Gust");
        assert_int_equal(gust_run(look_at_server, &p), 0);
        assert_string_equal(p.subject, "CN=localhost,O=Gust");
        gust_heap_free((void *)(uintptr_t)p.subject);
        hang_up(&d);
    }
    close_servers();
}

/* --- settings --- */

static gust_tls_cert cert_of(const struct tls_identity *id)
{
    return (gust_tls_cert){.cert_pem = id->cert, .key_pem = id->key};
}

static const char *two_authorities(void)
{
    static char text[2 * 4096];

    snprintf(text, sizeof text, "%s%s", tls_ca(), other_identity.cert);
    return text;
}

TEST(a_session_is_never_used_under_other_settings)
{
    static const char *const protocols[] = {"echo", NULL};
    struct dial cases[] = {
        [0] = {.host = NULL},
        [1] = {.host = "127.0.0.1", .tls.server_name = "localhost"},
        [2] = {.tls.server_name = "127.0.0.1"},
        [3] = {.server = 1},
        [4] = {.tls.verify = GUST_TLS_VERIFY_NONE},
        [5] = {.tls.no_name_check = true},
        [6] = {.tls.ca_pem = "two"},
        [7] = {.tls.cert.cert_pem = "somebody"},
        [8] = {.tls.cert.cert_pem = "somebody else"},
        [9] = {.tls.alpn = protocols},
        [10] = {.tls.ciphersuites = "TLS_AES_256_GCM_SHA384"},
        [11] = {.tls.ciphers = "ECDHE+AESGCM"},
        [12] = {.tls.min_version = GUST_TLS_1_3},
        [13] = {.tls.ticket_lifetime = 60},
    };
    static const char *const names[] = {
        "none given",       "another host",       "another name",     "another port",
        "nothing checked",  "no name checked",    "more authorities", "a certificate of ours",
        "another of ours",  "other protocols",    "other suites",     "other ciphers",
        "a higher version", "a shorter lifetime",
    };

    open_servers(&(gust_tls_options){.alpn = protocols});
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_tls_options *tls = &cases[i].tls;

        tls->ca_pem = tls->ca_pem != NULL ? two_authorities() : tls_ca();
        if (i == 7)
            tls->cert = cert_of(&client_identity);
        else if (i == 8)
            tls->cert = cert_of(&other_identity);
        TEST_CASE(names[i]);
        assert_false(resumes(cases[i])); /* whatever was kept of those before */
    }
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(names[i]);
        assert_true(resumes(cases[i]));
    }
    close_servers();
}

TEST(who_does_not_want_to_resume_does_not)
{
    struct dial d = trusting();

    open_servers(NULL);
    assert_false(resumes(d));
    d.tls.no_tickets = true;
    assert_false(resumes(d));
    assert_false(resumes(d));
    close_servers();
}

/* --- contexts --- */

TEST(sessions_belong_to_a_context_and_end_when_it_is_read_again)
{
    struct dial plain = trusting(), with = {0};

    open_servers(NULL);
    assert_false(resumes(plain));
    with.tls.server_name = "localhost";
    assert_int_equal(gust_tls_context_new(&plain.tls, &with.tls.context), 0);
    assert_false(resumes(with)); /* the same options, but somebody else's context */
    assert_true(resumes(with));
    assert_int_equal(gust_tls_context_reload(with.tls.context), 0);
    assert_false(resumes(with));
    gust_tls_context_free(with.tls.context);
    assert_true(resumes(plain));
    close_servers();
}

/* A ticket that comes when its context has been read again is of no use to it. */
static int read_again_before_the_ticket(void *arg)
{
    struct dial *d = arg;
    gust_str line;

    GUST_DEADLINE(20);
    assert_int_equal(gust_connect("localhost", (unsigned)gust_tcpserver_port(servers[0]),
                                  &(gust_connect_options){.tls = &d->tls, .family = AF_INET},
                                  &d->stream),
                     0);
    assert_int_equal(gust_tls_context_reload(d->tls.context), 0);
    assert_int_equal(gust_stream_write(d->stream, "hello\n", 6), 0);
    return gust_read_until(d->stream, "\n", 0, &line);
}

TEST(a_session_that_comes_late_is_none_of_what_was_read_again)
{
    struct dial d = trusting();

    open_servers(NULL);
    assert_int_equal(gust_tls_context_new(&d.tls, &d.tls.context), 0);
    assert_int_equal(gust_run(read_again_before_the_ticket, &d), 0);
    assert_false(resumes(d));
    assert_true(resumes(d));
    gust_tls_context_free(d.tls.context);
    close_servers();
}

static void rewrite(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

TEST(a_file_of_authorities_that_changes_ends_the_sessions_that_it_vouched_for)
{
    struct dial d = {0};

    open_servers(NULL);
    d.tls.ca_file = tls_file(tls_ca());
    assert_false(resumes(d));
    assert_true(resumes(d));
    rewrite(d.tls.ca_file, other_identity.cert);
    dial(&d);
    assert_int_equal(d.err, -GUST_ECERT);
    close_servers();
    tls_files_remove();
}

/* --- how many --- */

#define CROWD 6u

struct crowd {
    size_t n, n_resumed;
    struct dial dials[CROWD];
};

/* All begin before the first has got its ticket. */
static int crowd_main(void *arg)
{
    struct crowd *crowd = arg;
    gust_group *group = gust_group_new(0);

    for (size_t i = 0; i < crowd->n; i++) {
        crowd->dials[i] = trusting();
        crowd->dials[i].host = "127.0.0.1";
        gust_group_go(group, dial_main, &crowd->dials[i]);
    }
    return gust_group_wait(group);
}

static size_t crowd_resumes(size_t n)
{
    struct crowd crowd = {.n = n};

    assert_int_equal(gust_run(crowd_main, &crowd), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(crowd.dials[i].err, 0);
        crowd.n_resumed += gust_stream_is_resumed(crowd.dials[i].stream);
        gust_stream_close(crowd.dials[i].stream);
    }
    run_turns(loop, 4);
    return crowd.n_resumed;
}

TEST(a_ticket_is_used_once_and_four_of_a_peer_are_kept)
{
    static const struct {
        const char *name;
        size_t n_before, n_resumed;
    } cases[] = {{"one", 1, 1}, {"three", 3, 3}, {"four", 4, 4}, {"five", 5, 4}};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        open_servers(NULL);
        assert_int_equal(crowd_resumes(cases[i].n_before), 0);
        assert_int_equal(crowd_resumes(CROWD), cases[i].n_resumed);
        close_servers();
    }
}

TEST(no_more_than_max_sessions_are_kept_and_the_oldest_goes)
{
    static const char *const peers[] = {"a.example", "b.example", "c.example", "d.example"};
    static const struct {
        const char *name;
        size_t n_peers;
        int64_t max;
        bool is_first_kept, is_last_kept;
    } cases[] = {
        {"fewer", 2, 3, true, true},
        {"as many", 3, 3, true, true},
        {"one more", 4, 3, false, true},
        {"one at all", 2, 1, false, true},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct dial d = trusting();

        TEST_CASE(cases[i].name);
        open_servers(NULL);
        d.tls.max_sessions = cases[i].max;
        d.tls.no_name_check = true;
        for (size_t n = 0; n < cases[i].n_peers; n++) {
            d.tls.server_name = peers[n];
            assert_false(resumes(d));
        }
        assert_int_equal(resumes(d), cases[i].is_last_kept);
        d.tls.server_name = peers[0];
        assert_int_equal(resumes(d), cases[i].is_first_kept);
        close_servers();
    }
}

/* --- how long --- */

/* A certificate of nobody's that is good for so many seconds from now. */
static void short_lived(struct tls_identity *id, long seconds)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME *name = X509_get_subject_name(cert);
    int n;

    assert_true(key != NULL && cert != NULL && bio != NULL);
    X509_set_version(cert, 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"brief", -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    n = BIO_read(bio, id->cert, sizeof id->cert - 1);
    id->cert[n] = '\0';
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_read(bio, id->key, sizeof id->key - 1);
    id->key[n] = '\0';
    BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(key);
}

TEST(a_session_ends_with_its_time_its_servers_time_or_its_certificate)
{
    static struct tls_identity brief;
    static const struct {
        const char *name;
        double client, server; /* their ticket_lifetime */
        long certificate;      /* seconds; 0: a day */
        double pass;
        bool is_resumed;
    } cases[] = {
        {"soon", 0, 0, 0, 0, true},
        {"a moment less than 12 hours", 0, 0, 0, 12 * 3600 - 0.001, true},
        {"12 hours", 0, 0, 0, 12 * 3600, false},
        {"no more than 12 hours", 13 * 3600, 0, 0, 12 * 3600, false},
        {"a second less than ours", 100, 0, 0, 99, true},
        {"ours", 100, 0, 0, 100, false},
        {"a second less than the server's", 0, 100, 0, 99, true},
        {"the server's", 0, 100, 0, 100, false},
        {"well within the certificate's", 0, 0, 1000, 900, true},
        {"the certificate's", 0, 0, 1000, 1000, false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_tls_options server = {.ticket_lifetime = cases[i].server};
        struct dial d = {.tls.ticket_lifetime = cases[i].client,
                         .tls.verify = GUST_TLS_VERIFY_NONE};

        TEST_CASE(cases[i].name);
        if (cases[i].certificate > 0) {
            short_lived(&brief, cases[i].certificate);
            server.cert = cert_of(&brief);
        }
        open_servers(&server);
        assert_false(resumes(d));
        virtual_pass(cases[i].pass);
        assert_int_equal(resumes(d), cases[i].is_resumed);
        close_servers();
    }
}

TEST(resuming_does_not_put_off_the_next_whole_handshake)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    for (size_t i = 0; i < gu_countof(versions); i++) {
        struct dial d = trusting();

        TEST_CASE(i == 0 ? "TLS 1.2" : "TLS 1.3");
        newest = versions[i];
        open_servers(NULL);
        d.tls.ticket_lifetime = 100;
        assert_false(resumes(d));
        virtual_pass(60);
        assert_true(resumes(d));
        virtual_pass(39);
        assert_true(resumes(d));
        virtual_pass(1);
        assert_false(resumes(d));
        assert_true(resumes(d));
        close_servers();
    }
    newest = 0;
}
