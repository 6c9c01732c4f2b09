/*
 * tls — who is let in, whose word is taken, and what breaks
 *
 * Server and client are both ours, in one loop; that others understand them is tested over the
 * wire. What TLS must not change about streams is tests/contract.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/net_impl.h"
#include "test.h"
#include "tls_wire.h"
#include <fcntl.h>
#include <gust.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the log --- */

static char logged[4096];

static bool note(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    size_t len = strlen(logged);

    (void)arg;
    (void)level;
    (void)logger;
    snprintf(logged + len, sizeof logged - len, "%.*s\n", (int)message.len, message.ptr);
    return true;
}

static void listen_to_log(void)
{
    logged[0] = '\0';
    gu_log_set_sink(note, NULL);
}

/* --- contexts --- */

enum { GOOD = 1, OTHER, NOTHING, FOLDER, LOCKED, HALF, MISSING };

static struct tls_identity other_identity;

/* A file of a kind; for keys and for certificates. */
static const char *file_of(int kind, bool is_key)
{
    static char text[2 * 4096];
    const struct tls_identity *good = tls_localhost();

    switch (kind) {
    case GOOD:
        return tls_file(is_key ? good->key : good->cert);
    case OTHER:
        return tls_file(is_key ? other_identity.key : other_identity.cert);
    case NOTHING:
        return tls_file("nothing to see here\n");
    case FOLDER:
        return "/tmp";
    case LOCKED:
        return tls_file("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n"
                        "-----END ENCRYPTED PRIVATE KEY-----\n");
    case HALF:
        snprintf(text, sizeof text, "%s-----BEGIN CERTIFICATE-----\nMII", good->cert);
        return tls_file(text);
    case MISSING:
        return "/nonexistent/gust.pem";
    default:
        return NULL;
    }
}

TEST(what_is_wrong_with_files_and_options_shows_when_a_context_is_made)
{
    static const char *const empty_protocol[] = {"h2", "", NULL};
    static const struct {
        const char *name;
        int cert, key, ca, ocsp;
        const char *ciphers, *suites;
        const char *const *alpn;
        unsigned verify;
        int err;
        const char *why; /* in the log */
    } cases[] = {
        {"all is well", GOOD, GOOD, .err = 0, .why = ""},
        {"no certificate", 0, 0, .err = -EINVAL, .why = "certificate given as text: there is none"},
        {"no such certificate", MISSING, GOOD, .err = -ENOENT,
         .why = "certificate /nonexistent/gust.pem: No such file"},
        {"no such key", GOOD, MISSING, .err = -ENOENT,
         .why = "key /nonexistent/gust.pem: No such file"},
        {"a folder", FOLDER, GOOD, .err = -EISDIR, .why = "certificate /tmp: Is a directory"},
        {"no certificate in the file", NOTHING, GOOD, .err = -EINVAL,
         .why = "no certificate is in it"},
        {"a chain that breaks off", HALF, GOOD, .err = -EINVAL, .why = "its chain cannot be read"},
        {"no key in the file", GOOD, NOTHING, .err = -EINVAL, .why = "no key that can be read"},
        {"no key beside the certificate", GOOD, 0, .err = -EINVAL, .why = "no key that can be"},
        {"a key with a pass phrase", GOOD, LOCKED, .err = -EINVAL, .why = "without a pass phrase"},
        {"somebody else's key", GOOD, OTHER, .err = -EINVAL, .why = "it is not the certificate's"},
        {"no such CA", GOOD, GOOD, MISSING, .verify = GUST_TLS_VERIFY_REQUIRED, .err = -ENOENT,
         .why = "CA /nonexistent/gust.pem"},
        {"an empty CA", GOOD, GOOD, NOTHING, .verify = GUST_TLS_VERIFY_REQUIRED, .err = -EINVAL,
         .why = "no certificate is in it"},
        {"a response that is none", GOOD, GOOD, 0, NOTHING, .err = -EINVAL, .why = "OCSP response"},
        {"ciphers that nobody knows", GOOD, GOOD, .ciphers = "ROT13", .err = -EINVAL,
         .why = "ciphers: \"ROT13\""},
        {"suites that nobody knows", GOOD, GOOD, .suites = "ROT26", .err = -EINVAL,
         .why = "ciphersuites: \"ROT26\""},
        {"a protocol without a name", GOOD, GOOD, .alpn = empty_protocol, .err = -EINVAL,
         .why = "alpn"},
        {"a way to verify that is none", GOOD, GOOD, .verify = 9, .err = -EINVAL, .why = ""},
    };

    if (other_identity.cert[0] == '\0')
        tls_identity_make(&other_identity, "other.example");
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_tls_options options = {
            .server_side = true,
            .cert = {.cert_file = file_of(cases[i].cert, false),
                     .key_file = file_of(cases[i].key, true),
                     .ocsp_file = file_of(cases[i].ocsp, false)},
            .ca_file = file_of(cases[i].ca, false),
            .ciphers = cases[i].ciphers,
            .ciphersuites = cases[i].suites,
            .alpn = cases[i].alpn,
            .verify = cases[i].verify,
        };
        gust_tls_context *context = NULL;

        TEST_CASE(cases[i].name);
        listen_to_log();
        assert_int_equal(gust_tls_context_new(&options, &context), cases[i].err);
        gu_log_set_sink(NULL, NULL);
        if (strstr(logged, cases[i].why) == NULL)
            fail_msg("not in the log: %s; but: %s", cases[i].why, logged);
        assert_true(cases[i].err < 0 || context != NULL);
        gust_tls_context_free(context);
        tls_files_remove();
    }
}

/* --- a server and a client --- */

static struct tls_identity identities[4]; /* localhost, *.example.org, a.example.net, a client's */

static void make_identities(void)
{
    static const char *const names[] = {"localhost", "*.example.org", "a.example.net", "somebody"};

    for (size_t i = 0; identities[3].cert[0] == '\0' && i < gu_countof(names); i++)
        tls_identity_make(&identities[i], names[i]);
}

static gust_tls_cert cert_of(size_t i)
{
    return (gust_tls_cert){.cert_pem = identities[i].cert, .key_pem = identities[i].key};
}

static char seen[512]; /* what the server's handler saw of its peer */

static int tell(gust_stream *s, void *arg)
{
    const gust_certificate *c = gust_stream_certificate(s);
    const char *alpn = gust_stream_alpn(s);
    gust_str line;
    int err;

    (void)arg;
    snprintf(seen, sizeof seen, "%s alpn=%s names=%s", c == NULL ? "nobody" : c->subject,
             alpn == NULL ? "" : alpn, c == NULL ? "" : c->names[0]);
    while ((err = gust_read_until(s, "\n", 0, &line)) == 0 && err == 0)
        err = gust_stream_write(s, line.ptr, line.len);
    return 0;
}

struct talk {
    gust_tls_options server, client;
    const char *host; /* NULL: "localhost" */
    int err;
    char subject[200]; /* of the server's certificate */
    char alpn[20];
};

static int talk_main(void *arg)
{
    struct talk *talk = arg;
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &talk->server});
    const char *host = talk->host == NULL ? "localhost" : talk->host;
    gust_stream *s = NULL;
    gust_str line;
    int err;

    GUST_DEADLINE(20);
    assert_non_null(server);
    assert_int_equal(gust_tcpserver_listen(server, "localhost:0"), 0);
    err = gust_connect(host, (unsigned)gust_tcpserver_port(server),
                       &(gust_connect_options){.tls = &talk->client}, &s);
    /* In TLS 1.3 a server may find fault when its client is done: its first read tells. */
    if (err == 0 && (err = gust_stream_write(s, "hello\n", 6)) == 0)
        err = gust_read_until(s, "\n", 0, &line);
    if (err == 0) {
        const gust_certificate *c = gust_stream_certificate(s);

        assert_string_equal(line.ptr, "hello\n");
        assert_true(gust_stream_is_tls(s));
        snprintf(talk->subject, sizeof talk->subject, "%s", c->subject);
        snprintf(talk->alpn, sizeof talk->alpn, "%s",
                 gust_stream_alpn(s) == NULL ? "" : gust_stream_alpn(s));
    }
    gust_stream_close(s);
    talk->err = err;
    gust_tcpserver_free(server);
    return 0;
}

static void talk_over_tls(struct talk *talk)
{
    seen[0] = '\0';
    listen_to_log();
    assert_int_equal(gust_run(talk_main, talk), 0);
    gu_log_set_sink(NULL, NULL);
}

TEST(a_client_takes_only_the_certificate_of_whom_it_wants)
{
    static const struct {
        const char *name, *host, *server_name;
        bool no_ca, no_name_check;
        unsigned verify;
        int err;
        const char *why;
    } cases[] = {
        {"by its host", NULL, NULL, .err = 0},
        {"by its address", "127.0.0.1", NULL, .err = 0},
        {"by a name that is given", "127.0.0.1", "localhost", .err = 0},
        {"another name", NULL, "example.org", .err = -GUST_ECERT, .why = "hostname mismatch"},
        {"another address", NULL, "127.0.0.2", .err = -GUST_ECERT, .why = "IP address mismatch"},
        {"another name that nobody checks", NULL, "example.org", .no_name_check = true, .err = 0},
        {"another address that nobody checks", NULL, "127.0.0.2", .no_name_check = true, .err = 0},
        {"from an unknown authority", NULL, NULL, .no_ca = true, .err = -GUST_ECERT,
         .why = "unable to get local issuer certificate"},
        {"from anybody", NULL, NULL, .no_ca = true, .verify = GUST_TLS_VERIFY_NONE, .err = 0},
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct talk talk = {
            .server.cert = cert_of(0),
            .client = {.ca_pem = cases[i].no_ca ? NULL : tls_ca(),
                       .server_name = cases[i].server_name,
                       .no_name_check = cases[i].no_name_check,
                       .verify = cases[i].verify},
            .host = cases[i].host,
        };

        TEST_CASE(cases[i].name);
        talk_over_tls(&talk);
        assert_int_equal(talk.err, cases[i].err);
        if (cases[i].why != NULL)
            assert_non_null(strstr(logged, cases[i].why));
    }
}

TEST(one_port_serves_several_names)
{
    static const struct {
        const char *wanted, *got;
    } cases[] = {
        {"www.example.org", "CN=*.example.org,O=Gust"},
        {"WWW.Example.ORG", "CN=*.example.org,O=Gust"},
        {"a.example.net", "CN=a.example.net,O=Gust"},
        {"localhost", "CN=localhost,O=Gust"},
    };
    gust_tls_cert others[3];

    make_identities();
    others[0] = cert_of(1);
    others[0].name = "*.example.org";
    others[1] = cert_of(2);
    others[1].name = "a.example.net";
    others[2] = (gust_tls_cert){0};
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct talk talk = {.server = {.cert = cert_of(0), .others = others},
                            .client = {.ca_pem = tls_ca(), .server_name = cases[i].wanted}};

        TEST_CASE(cases[i].wanted);
        talk_over_tls(&talk);
        assert_int_equal(talk.err, 0);
        assert_string_equal(talk.subject, cases[i].got);
    }
}

TEST(names_that_have_no_certificate_get_the_first_which_the_client_refuses)
{
    static const char *const wanted[] = {"example.org", "b.www.example.org", "b.example.net"};
    gust_tls_cert others[2];

    make_identities();
    others[0] = cert_of(1);
    others[0].name = "*.example.org";
    others[1] = (gust_tls_cert){0};
    for (size_t i = 0; i < gu_countof(wanted); i++) {
        struct talk talk = {.server = {.cert = cert_of(0), .others = others},
                            .client = {.ca_pem = tls_ca(), .server_name = wanted[i]}};

        TEST_CASE(wanted[i]);
        talk_over_tls(&talk);
        assert_int_equal(talk.err, -GUST_ECERT);
    }
}

TEST(clients_show_certificates_as_the_server_wants)
{
    static const struct {
        const char *name;
        unsigned verify;
        int shown; /* index of the client's certificate; -1: none */
        bool is_known;
        bool is_refused;
        const char *seen;
    } cases[] = {
        {"not asked for", GUST_TLS_VERIFY_DEFAULT, 3, true, false, "nobody"},
        {"optional and shown", GUST_TLS_VERIFY_OPTIONAL, 3, true, false, "CN=somebody,O=Gust"},
        {"optional and not shown", GUST_TLS_VERIFY_OPTIONAL, -1, true, false, "nobody"},
        {"optional and not to be believed", GUST_TLS_VERIFY_OPTIONAL, 3, false, true, ""},
        {"required and shown", GUST_TLS_VERIFY_REQUIRED, 3, true, false, "CN=somebody,O=Gust"},
        {"required and not shown", GUST_TLS_VERIFY_REQUIRED, -1, true, true, ""},
        {"required and not to be believed", GUST_TLS_VERIFY_REQUIRED, 3, false, true, ""},
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct talk talk = {
            .server = {.cert = cert_of(0),
                       .verify = cases[i].verify,
                       .ca_pem = cases[i].is_known ? tls_ca() : NULL},
            .client = {.ca_pem = tls_ca()},
        };

        TEST_CASE(cases[i].name);
        if (cases[i].shown >= 0)
            talk.client.cert = cert_of((size_t)cases[i].shown);
        talk_over_tls(&talk);
        assert_true(cases[i].is_refused ? talk.err < 0 : talk.err == 0);
        assert_memory_equal(seen, cases[i].seen, strlen(cases[i].seen));
        assert_int_equal(strlen(seen) > 0, !cases[i].is_refused);
    }
    assert_non_null(strstr(logged, "TLS with 127.0.0.1:"));
}

TEST(protocols_above_are_agreed_on_by_the_servers_preference)
{
    static const char *const both[] = {"h2", "http/1.1", NULL};
    static const char *const swapped[] = {"http/1.1", "h2", NULL};
    static const char *const one[] = {"http/1.1", NULL}, *const strange[] = {"gopher", NULL};
    static const struct {
        const char *name;
        const char *const *server, *const *client;
        bool is_refused;
        const char *agreed;
    } cases[] = {
        {"the server's first", both, swapped, false, "h2"},
        {"what both have", both, one, false, "http/1.1"},
        {"the client offers none", both, NULL, false, ""},
        {"the server has none", NULL, both, false, ""},
        {"nothing in common", both, strange, true, ""},
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct talk talk = {.server = {.cert = cert_of(0), .alpn = cases[i].server},
                            .client = {.ca_pem = tls_ca(), .alpn = cases[i].client}};

        TEST_CASE(cases[i].name);
        talk_over_tls(&talk);
        assert_int_equal(talk.err, cases[i].is_refused ? -GUST_EPROTO : 0);
        assert_string_equal(talk.alpn, cases[i].agreed);
    }
}

TEST(versions_and_ciphers_meet_or_do_not)
{
    static const struct {
        const char *name;
        gust_tls_options server, client;
        bool is_refused;
    } cases[] = {
        {"only 1.3, on one side", {.min_version = GUST_TLS_1_3}, {0}, false},
        {"ciphers of 1.2 in common",
         {.ciphers = "ECDHE+AESGCM"},
         {.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
         false},
        {"suites of 1.3 that differ",
         {.min_version = GUST_TLS_1_3, .ciphersuites = "TLS_AES_128_GCM_SHA256"},
         {.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256"},
         true},
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct talk talk = {.server = cases[i].server, .client = cases[i].client};

        TEST_CASE(cases[i].name);
        talk.server.cert = cert_of(0);
        talk.client.ca_pem = tls_ca();
        talk_over_tls(&talk);
        assert_int_equal(talk.err, cases[i].is_refused ? -GUST_EPROTO : 0);
    }
}

/* Checks it in its own task, where it lives. */
static int check_certificate(gust_stream *s, void *arg)
{
    static const char *const names[] = {"IP:127.0.0.1", "IP:::1", "DNS:x.example",
                                        "email:a@example", "URI:https://e/"};
    const gust_certificate *c = gust_stream_certificate(s);

    assert_non_null(c);
    assert_string_equal(c->issuer, "CN=Gust tests,O=Gust");
    for (size_t i = 0; i < gu_countof(names); i++)
        assert_string_equal(c->names[i], names[i]);
    assert_null(c->names[gu_countof(names)]);
    assert_int_equal(strspn(c->fingerprint, "0123456789abcdef"), 64);
    assert_int_equal(c->not_after - c->not_before, 86400 + 3600);
    assert_int_equal(c->der.ptr[0], 0x30); /* a SEQUENCE */
    *(bool *)arg = true;
    return 0;
}

static int show_certificate(void *arg)
{
    gust_tls_options *options = arg;
    bool is_checked = false;
    gust_tcpserver *server = gust_tcpserver_new(
        check_certificate, &is_checked, &(gust_tcpserver_options){.stream.tls = &options[0]});
    gust_stream *s;
    gust_str line;

    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    assert_int_equal(gust_connect("127.0.0.1", (unsigned)gust_tcpserver_port(server),
                                  &(gust_connect_options){.tls = &options[1]}, &s),
                     0);
    assert_int_equal(gust_read_some(s, &line), 0);
    gust_stream_close(s);
    gust_tcpserver_free(server);
    assert_true(is_checked);
    return 0;
}

TEST(a_certificate_is_told_in_full)
{
    static struct tls_identity identity;
    gust_tls_options options[2] = {{.verify = GUST_TLS_VERIFY_REQUIRED}, {.verify = 0}};

    tls_identity_make(&identity,
                      "IP:127.0.0.1,IP:::1,DNS:x.example,email:a@example,URI:https://e/");
    for (size_t i = 0; i < 2; i++) {
        options[i].ca_pem = tls_ca();
        options[i].cert = (gust_tls_cert){.cert_pem = identity.cert, .key_pem = identity.key};
    }
    assert_int_equal(gust_run(show_certificate, options), 0);
}

/* --- the end --- */

static void pump(void *arg)
{
    tls_relays_pump();
    gust_ignore(gust_loop_add_callback(gust_loop_current(), pump, arg));
}

/* A stream of ours whose peer is the test, through a relay. */
static gust_stream *open_relayed(struct wire *wire)
{
    gust_tls_options options = {.server_side = true};
    gust_stream *s;

    *wire = (struct wire){0};
    tls_open_to_client(wire);
    options.context = tls_context_of(wire);
    assert_int_equal(gust_stream_open(wire->in, NULL, &s), 0);
    assert_int_equal(gust_start_tls(s, &options), 0);
    gust_tls_context_free(options.context);
    return s;
}

static int end_or_cut(void *arg)
{
    bool is_cut = *(bool *)arg;
    struct wire wire;
    gust_stream *s;
    gust_str got;

    GUST_DEADLINE(20);
    pump(NULL);
    s = open_relayed(&wire);
    wire_send(&wire, "first\nlast", 10);
    gust_yield();
    if (is_cut)
        tls_relay_cut();
    wire_close_peer(&wire);
    tls_relays_pump();
    assert_int_equal(gust_read_until(s, "\n", 0, &got), 0); /* what came is there either way */
    assert_string_equal(got.ptr, "first\n");
    assert_int_equal(gust_read_until_close(s, 0, &got), is_cut ? -GUST_ECLOSED : 0);
    if (is_cut)
        assert_int_equal(gust_read_some(s, &got), 4); /* it came, and is lent as what it is */
    assert_string_equal(got.ptr, "last");
    assert_int_equal(gust_read_some(s, &got), is_cut ? -GUST_ECLOSED : 0);
    assert_int_equal(gust_stream_error(s), is_cut ? -GUST_EPROTO : 0);
    gust_stream_close(s);
    return 0;
}

TEST(a_connection_that_was_cut_does_not_look_like_one_that_ended)
{
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        bool cut = is_cut == 1;

        TEST_CASE(cut ? "cut" : "ended");
        assert_int_equal(gust_run(end_or_cut, &cut), 0);
        tls_relays_free();
    }
}

/* --- beginning in the middle --- */

static int greet_and_start(gust_stream *s, void *arg)
{
    gust_tls_options options = {.server_side = true, .cert = cert_of(0)};
    gust_str line;

    (void)arg;
    assert_int_equal(gust_stream_printf(s, "220 ready\r\n"), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_string_equal(line.ptr, "STARTTLS\r\n");
    assert_int_equal(gust_stream_printf(s, "220 go ahead\r\n"), 0); /* leaves in plain text */
    assert_int_equal(gust_start_tls(s, &options), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    return gust_stream_printf(s, "250 %.*s", (int)line.len, line.ptr);
}

static int start_in_the_middle(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(greet_and_start, NULL, NULL);
    gust_tls_options options = {.ca_pem = tls_ca(), .server_name = "localhost"};
    gust_stream *s;
    gust_str line;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "localhost:0"), 0);
    assert_int_equal(gust_connect("localhost", (unsigned)gust_tcpserver_port(server), NULL, &s), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_int_equal(gust_stream_printf(s, "STARTTLS\r\n"), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_string_equal(line.ptr, "220 go ahead\r\n");
    assert_false(gust_stream_is_tls(s));
    assert_null(gust_stream_tls_version(s));
    assert_int_equal(gust_start_tls(s, &options), 0);
    assert_string_equal(gust_stream_tls_version(s), "TLSv1.3");
    assert_false(gust_stream_is_resumed(s));
    assert_int_equal(gust_start_tls(s, &options), -EINVAL); /* once is enough */
    assert_int_equal(gust_stream_printf(s, "EHLO\r\n"), 0);
    assert_int_equal(gust_read_until_close(s, 0, &line), 0);
    assert_string_equal(line.ptr, "250 EHLO\r\n");
    gust_stream_close(s);
    gust_tcpserver_free(server);
    return 0;
}

TEST(tls_may_begin_in_the_middle)
{
    make_identities();
    assert_int_equal(gust_run(start_in_the_middle, NULL), 0);
}

static gust_str other_line;

static void read_line(void *stream)
{
    gust_ignore(gust_read_until(stream, "\n", 0, &other_line));
}

enum unidle { UNREAD, BEING_READ, NAMELESS, HAS_PROTOCOL, IS_PIPE };

static size_t swallow(gust_stream *s, const char *bytes, size_t len, void *data)
{
    (void)s;
    (void)bytes;
    (void)data;
    return len;
}

static int start_when_not_idle(void *arg)
{
    static const gust_stream_protocol protocol = {.received = swallow};
    enum unidle why = *(const enum unidle *)arg;
    gust_tls_options options = {.ca_pem = tls_ca(),
                                .server_name = why == NAMELESS ? NULL : "localhost"};
    gust_stream *ends[2];
    gust_str line;
    int fds[2], err;

    GUST_DEADLINE(20);
    assert_int_equal(gust_stream_pair(ends), 0);
    if (why == UNREAD) {
        assert_int_equal(gust_stream_write(ends[1], "one\nMAIL\n", 9), 0);
        assert_int_equal(gust_stream_flush(ends[1]), 0);
        assert_int_equal(gust_read_until(ends[0], "\n", 0, &line), 0);
    } else if (why == BEING_READ) {
        assert_non_null(gust_go(read_line, ends[0], NULL));
        gust_yield();
    } else if (why == HAS_PROTOCOL) {
        gust_stream_set_protocol(ends[0], &protocol, NULL);
    } else if (why == IS_PIPE) {
        gust_stream_close(ends[0]);
        assert_return_code(pipe(fds), errno);
        close(fds[1]);
        assert_int_equal(gust_stream_open(fds[0], NULL, &ends[0]), 0);
    }
    err = gust_start_tls(ends[0], &options);
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    return err;
}

TEST(tls_begins_only_on_a_stream_that_is_idle)
{
    static const struct {
        const char *name;
        enum unidle why;
        int err;
        const char *logged;
    } cases[] = {
        {"bytes are unread", UNREAD, -EINVAL, "bytes that came in plain text are unread"},
        {"a task reads", BEING_READ, -EINVAL, "another task reads the stream"},
        {"a protocol has it", HAS_PROTOCOL, -EINVAL, "the stream has a protocol"},
        {"a client without a name", NAMELESS, -EINVAL, "server_name"},
        {"a pipe", IS_PIPE, -ENOTSOCK, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        enum unidle why = cases[i].why;

        TEST_CASE(cases[i].name);
        listen_to_log();
        assert_int_equal(gust_run(start_when_not_idle, &why), cases[i].err);
        gu_log_set_sink(NULL, NULL);
        assert_non_null(strstr(logged, cases[i].logged));
    }
}

/* --- bounds of handshakes --- */

static int plain_to(unsigned port, const char *bytes, size_t len)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof to), errno);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

/* Whether a client gets through in a little while. */
static bool gets_in(unsigned port)
{
    gust_tls_options options = {.ca_pem = tls_ca()};
    gust_stream *s;
    int err;

    GUST_DEADLINE(0.1);
    err = gust_connect("127.0.0.1", port, &(gust_connect_options){.tls = &options}, &s);
    if (err == 0)
        gust_stream_close(s);
    assert_true(err == 0 || err == -ETIMEDOUT);
    return err == 0;
}

static int crowd(void *arg)
{
    static const char begun[] = "\x16\x03\x01\x02"; /* the beginning of a ClientHello */
    gust_tls_options options = {.cert = cert_of(0), .max_handshakes = 3};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    unsigned port;
    int fds[3];

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    for (size_t i = 0; i < 3; i++) {
        assert_true(gets_in(port)); /* none, one, two are in their handshakes */
        fds[i] = plain_to(port, begun, sizeof begun - 1);
        gust_sleep(0.005);
    }
    assert_false(gets_in(port)); /* three: others wait */
    close(fds[0]);
    gust_sleep(0.005);
    assert_true(gets_in(port));
    close(fds[1]);
    close(fds[2]);
    gust_tcpserver_free(server);
    return 0;
}

TEST(no_more_than_max_handshakes_are_in_theirs_and_others_wait)
{
    make_identities();
    listen_to_log();
    assert_int_equal(gust_run(crowd, NULL), 0);
    gu_log_set_sink(NULL, NULL);
    assert_non_null(strstr(logged, "max_handshakes"));
}

static int wait_for_handshake(void *arg)
{
    gust_tls_options options = {.cert = cert_of(0), .handshake_timeout = 0.05};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    gust_tls_options client = {.verify = GUST_TLS_VERIFY_NONE, .handshake_timeout = 0.05};
    int silent, begun, listener;
    gust_stream *s;
    char byte;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    silent = plain_to((unsigned)gust_tcpserver_port(server), "", 0);
    begun = plain_to((unsigned)gust_tcpserver_port(server), "\x16\x03", 2);
    gust_sleep(0.02);
    assert_int_equal(recv(silent, &byte, 1, MSG_DONTWAIT), -1);
    gust_sleep(0.1);
    assert_int_equal(recv(silent, &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(begun, &byte, 1, MSG_DONTWAIT), 0);
    close(silent);
    close(begun);
    gust_tcpserver_free(server);
    assert_int_equal(gust_bind_sockets("127.0.0.1:0", NULL, &listener, 1), 1);
    assert_int_equal(gust_connect("127.0.0.1", (unsigned)gust_socket_port(listener),
                                  &(gust_connect_options){.tls = &client}, &s),
                     -ETIMEDOUT);
    close(listener);
    return 0;
}

TEST(a_handshake_has_its_time_whoever_is_silent)
{
    make_identities();
    assert_int_equal(gust_run(wait_for_handshake, NULL), 0);
}

static int bad_beginning(void *arg)
{
    const char *bytes = arg;
    gust_tls_options options = {.cert = cert_of(0)};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    char rest[64];
    int fd;

    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    fd = plain_to((unsigned)gust_tcpserver_port(server), bytes, strlen(bytes));
    for (int i = 0; i < 100 && recv(fd, rest, sizeof rest, MSG_DONTWAIT | MSG_PEEK) < 0; i++)
        gust_sleep(0.001);
    assert_true(recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 7); /* nothing but an alert */
    close(fd);
    gust_tcpserver_free(server);
    return 0;
}

/* An older kernel, or an emulator, has no light guard pages, which is logged by every loop; and a
 * slow one holds the loop. */
static bool tells_of_the_machine(const char *line, const char *end)
{
    size_t len = (size_t)(end - line);

    return memmem(line, len, "guard pages", 11) != NULL || memmem(line, len, "was held", 8) != NULL;
}

TEST(what_is_no_tls_is_closed_with_one_line)
{
    static char *const beginnings[] = {
        (char *)(uintptr_t) "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        (char *)(uintptr_t) "SSH-2.0-OpenSSH\r\n",
        (char *)(uintptr_t) "\x16\x03\x01\x7f\xff endless records are none",
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(beginnings); i++) {
        size_t n_lines = 0;

        TEST_CASE(beginnings[i]);
        seen[0] = '\0';
        listen_to_log();
        assert_int_equal(gust_run(bad_beginning, beginnings[i]), 0);
        gu_log_set_sink(NULL, NULL);
        for (const char *at = logged, *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
            n_lines += !tells_of_the_machine(at, end);
        assert_int_equal(n_lines, 1);
        assert_int_equal(strlen(seen), 0);
    }
}

/* --- files that change --- */

static void rewrite(const char *path, const char *text)
{
    char fresh[64];
    int fd;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_return_code(fd, errno);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_return_code(rename(fresh, path), errno);
}

static const char *subject_of(unsigned port)
{
    gust_tls_options options = {.ca_pem = tls_ca(), .no_name_check = true};
    const char *subject;
    gust_stream *s;

    assert_int_equal(gust_connect("127.0.0.1", port, &(gust_connect_options){.tls = &options}, &s),
                     0);
    subject = gust_stream_certificate(s)->subject;
    gust_stream_close(s);
    return subject;
}

static int change_files(void *arg)
{
    const char *cert = tls_file(identities[0].cert), *key = tls_file(identities[0].key);
    gust_tls_options options = {.cert = {.cert_file = cert, .key_file = key},
                                .reload_interval = 1e-9};
    gust_tls_options client = {.ca_pem = tls_ca()};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    gust_stream *before;
    gust_str line;
    unsigned port;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "localhost:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    assert_int_equal(
        gust_connect("localhost", port, &(gust_connect_options){.tls = &client}, &before), 0);
    assert_string_equal(subject_of(port), "CN=localhost,O=Gust");
    rewrite(cert, identities[2].cert);
    assert_string_equal(subject_of(port), "CN=localhost,O=Gust"); /* the key is not its */
    assert_non_null(strstr(logged, "it is not the certificate's"));
    assert_non_null(strstr(logged, "the certificates in use are the old ones"));
    rewrite(key, identities[2].key);
    assert_string_equal(subject_of(port), "CN=a.example.net,O=Gust");
    unlink(cert);
    assert_string_equal(subject_of(port), "CN=a.example.net,O=Gust");
    assert_int_equal(gust_stream_write(before, "still here\n", 11), 0);
    assert_int_equal(gust_read_until(before, "\n", 0, &line), 0);
    assert_string_equal(gust_stream_certificate(before)->subject, "CN=localhost,O=Gust");
    gust_stream_close(before);
    gust_tcpserver_free(server);
    return 0;
}

TEST(a_file_that_changes_is_used_by_the_next_connection_and_drops_none)
{
    make_identities();
    listen_to_log();
    assert_int_equal(gust_run(change_files, NULL), 0);
    gu_log_set_sink(NULL, NULL);
    tls_files_remove();
}

/* --- memory that is short --- */

/* Whatever fails, nothing is left behind, and what succeeds is right. */
static int talk_if_you_can(void *arg)
{
    gust_tls_options options = {.cert = cert_of(0)};
    gust_tls_options client = {.ca_pem = tls_ca()};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    gust_stream *s = NULL;
    gust_str line;
    int err;

    (void)arg;
    GUST_DEADLINE(20);
    err = server == NULL ? -ENOMEM : gust_tcpserver_listen(server, "127.0.0.1:0");
    if (err == 0)
        err = gust_connect("127.0.0.1", (unsigned)gust_tcpserver_port(server),
                           &(gust_connect_options){.tls = &client}, &s);
    if (err == 0)
        err = gust_stream_write(s, "hello\n", 6);
    if (err == 0)
        err = gust_read_until(s, "\n", 0, &line);
    if (err == 0)
        assert_string_equal(line.ptr, "hello\n");
    gust_stream_close(s);
    gust_tcpserver_free(server);
    assert_int_not_equal(err, -ETIMEDOUT);
    return err;
}

TEST(memory_that_is_short_anywhere_ends_a_conversation_and_no_more)
{
    bool was_reached = true;
    uint64_t n = 0;

    make_identities();
    gust_ignore(gust_run(talk_if_you_can, NULL)); /* what is made once */
    listen_to_log();
    while (was_reached) {
        gu_alloc_fail_at(++n);
        gust_ignore(gust_run(talk_if_you_can, NULL));
        was_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
    }
    gu_log_set_sink(NULL, NULL);
    assert_true(n > 20);
    assert_int_equal(gust_run(talk_if_you_can, NULL), 0);
}
