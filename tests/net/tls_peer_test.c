/*
 * tls — peers: who is let in, whose word is taken, and what two agree on
 *
 * Server and client are both ours, in one loop; that others understand them is tested over the
 * wire. What TLS must not change about streams is tests/contract.
 */
#include "base/gu.h"
#include "tls_stage.h"
#include <stdio.h>

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
    keep_log();
    assert_int_equal(gust_run(talk_main, talk), 0);
    release_log();
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
            assert_non_null(strstr(kept_log, cases[i].why));
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
    assert_non_null(strstr(kept_log, "TLS with 127.0.0.1:"));
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
