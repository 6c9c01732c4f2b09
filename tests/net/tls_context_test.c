/*
 * tls — contexts: what is wrong with their files and options, and files that change
 */
#include "base/gu.h"
#include "tls_stage.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
        keep_log();
        assert_int_equal(gust_tls_context_new(&options, &context), cases[i].err);
        release_log();
        if (strstr(kept_log, cases[i].why) == NULL)
            fail_msg("not in the log: %s; but: %s", cases[i].why, kept_log);
        assert_true(cases[i].err < 0 || context != NULL);
        gust_tls_context_free(context);
        tls_files_remove();
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
    assert_non_null(strstr(kept_log, "it is not the certificate's"));
    assert_non_null(strstr(kept_log, "the certificates in use are the old ones"));
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
    keep_log();
    assert_int_equal(gust_run(change_files, NULL), 0);
    release_log();
    tls_files_remove();
}
