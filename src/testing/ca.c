/*
 * testing — an authority that exists as long as the process, and what it signs
 *
 * Keys and certificates are made when they are first asked for: none lies in the tree, and none
 * expires there.
 */
#include "base/alloc.h"
#include "testing/testing_impl.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct signed_name {
    struct signed_name *next;
    char name[256], cert[4096], key[1024];
};

static struct {
    X509 *cert;
    EVP_PKEY *key;
    char pem[4096];
    struct signed_name *names;
} ca;

static void check(bool is_done)
{
    if (!is_done)
        gu_test_fail("OpenSSL could not make a certificate");
}

static void to_pem(char *to, size_t size, X509 *cert, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    check(bio != NULL);
    check((cert != NULL ? PEM_write_bio_X509(bio, cert)
                        : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) == 1);
    n = BIO_read(bio, to, (int)size - 1);
    check(n > 0 && (size_t)n < size - 1);
    to[n] = '\0';
    BIO_free(bio);
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Of `name`, for `key`, by `issuer` (NULL: itself); valid from an hour ago for a day. */
static X509 *cert_new(const char *name, EVP_PKEY *key, X509 *issuer)
{
    static long serial;
    X509 *cert = X509_new();
    X509_NAME *subject;

    check(cert != NULL);
    subject = X509_get_subject_name(cert);
    check(X509_set_version(cert, X509_VERSION_3) == 1 &&
          ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial) == 1 &&
          X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
          X509_gmtime_adj(X509_getm_notAfter(cert), 86400) != NULL &&
          X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                     -1, 0) == 1 &&
          X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL ? issuer : cert)) == 1 &&
          X509_set_pubkey(cert, key) == 1);
    return cert;
}

static void make_ca(void)
{
    if (ca.cert != NULL)
        return;
    ca.key = EVP_EC_gen("P-256");
    check(ca.key != NULL);
    ca.cert = cert_new("gust_test_ca", ca.key, NULL);
    extend(ca.cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    check(X509_sign(ca.cert, ca.key, EVP_sha256()) > 0);
    to_pem(ca.pem, sizeof ca.pem, ca.cert, NULL);
}

const char *gust_test_ca(void)
{
    make_ca();
    return ca.pem;
}

static void sign(struct signed_name *made)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    char names[300];
    X509 *cert;

    check(key != NULL);
    cert = cert_new(made->name, key, ca.cert);
    if (strcmp(made->name, "localhost") == 0)
        snprintf(names, sizeof names, "DNS:localhost,IP:127.0.0.1,IP:::1");
    else
        snprintf(names, sizeof names, "%s%s",
                 strncmp(made->name, "IP:", 3) == 0 ? "" : "DNS:", made->name);
    extend(cert, NID_subject_alt_name, names);
    check(X509_sign(cert, ca.key, EVP_sha256()) > 0);
    to_pem(made->cert, sizeof made->cert, cert, NULL);
    to_pem(made->key, sizeof made->key, NULL, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

gust_tls_cert gust_test_cert(const char *name)
{
    struct signed_name *found = ca.names;

    if (strlen(name) > 64)
        gu_misuse("gust_test_cert: a name has 64 bytes at the most");
    while (found != NULL && strcmp(found->name, name) != 0)
        found = found->next;
    if (found == NULL) {
        make_ca();
        found = gu_alloc0(sizeof *found);
        check(found != NULL);
        snprintf(found->name, sizeof found->name, "%s", name);
        sign(found);
        found->next = ca.names;
        ca.names = found;
    }
    return (gust_tls_cert){.cert_pem = found->cert, .key_pem = found->key};
}

const gust_tls_options *gust_test_tls(void)
{
    static gust_tls_options options;

    options.cert = gust_test_cert("localhost");
    return &options;
}
