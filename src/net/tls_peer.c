/*
 * tls — what is known of the peer
 */
#include "base/loopstack.h"
#include "net/pull_impl.h"
#include "net/tls_impl.h"
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* --- names --- */

/* What a BIO holds, copied; NULL when memory is short. Takes the BIO. */
static const char *text_of(struct gust_arena *arena, BIO *bio)
{
    char *bytes;
    long len = bio == NULL ? -1 : BIO_get_mem_data(bio, &bytes);
    gust_str text = len < 0 ? (gust_str){NULL, 0} : gu_arena_copy(arena, bytes, (size_t)len);

    BIO_free(bio);
    return text.ptr;
}

static const char *format_name(struct gust_arena *arena, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio != NULL)
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    return text_of(arena, bio);
}

static void print_ip(BIO *bio, const ASN1_OCTET_STRING *ip)
{
    int len = ASN1_STRING_length(ip);
    char text[INET6_ADDRSTRLEN] = "";

    if (len == 4 || len == 16)
        inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof text);
    BIO_printf(bio, "IP:%s", text);
}

/* A zero byte in a name is a trick, so such a name is shown as none. */
static void print_text(BIO *bio, const char *kind, const ASN1_STRING *text)
{
    const char *bytes = (const char *)ASN1_STRING_get0_data(text);
    size_t len = (size_t)ASN1_STRING_length(text);

    BIO_printf(bio, "%s:%.*s", kind, memchr(bytes, '\0', len) != NULL ? 0 : (int)len, bytes);
}

static const char *format_alternative(struct gust_arena *arena, const GENERAL_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio == NULL)
        return NULL;
    switch (name->type) {
    case GEN_DNS:
        print_text(bio, "DNS", name->d.dNSName);
        break;
    case GEN_EMAIL:
        print_text(bio, "email", name->d.rfc822Name);
        break;
    case GEN_URI:
        print_text(bio, "URI", name->d.uniformResourceIdentifier);
        break;
    case GEN_IPADD:
        print_ip(bio, name->d.iPAddress);
        break;
    default:
        BIO_puts(bio, "other:");
    }
    return text_of(arena, bio);
}

static const char *const *list_names(struct gust_arena *arena, X509 *x509)
{
    GENERAL_NAMES *list = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int n = list == NULL ? 0 : sk_GENERAL_NAME_num(list);
    const char **names = gu_arena_alloc(arena, ((size_t)n + 1) * sizeof *names);

    for (int i = 0; names != NULL && i < n; i++) {
        names[i] = format_alternative(arena, sk_GENERAL_NAME_value(list, i));
        if (names[i] == NULL)
            names = NULL;
    }
    if (names != NULL)
        names[n] = NULL;
    GENERAL_NAMES_free(list);
    return names;
}

/* --- the rest --- */

static const char *format_fingerprint(struct gust_arena *arena, const X509 *x509)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char *text = gu_arena_alloc(arena, 65);
    unsigned len = 0;

    if (text == NULL || X509_digest(x509, EVP_sha256(), digest, &len) != 1 || len != 32)
        return NULL;
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}

static int64_t seconds_of(const ASN1_TIME *at)
{
    struct tm tm;

    return ASN1_TIME_to_tm(at, &tm) == 1 ? timegm(&tm) : 0;
}

static gust_str copy_der(struct gust_arena *arena, X509 *x509)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    gust_str copy = {NULL, 0};

    if (len > 0)
        copy = gu_arena_copy(arena, der, (size_t)len);
    OPENSSL_free(der);
    return copy;
}

static gust_certificate *describe(struct gust_arena *arena, X509 *x509)
{
    gust_certificate *c = gu_arena_alloc(arena, sizeof *c);

    if (c == NULL)
        return NULL;
    *c = (gust_certificate){
        .subject = format_name(arena, X509_get_subject_name(x509)),
        .issuer = format_name(arena, X509_get_issuer_name(x509)),
        .names = list_names(arena, x509),
        .fingerprint = format_fingerprint(arena, x509),
        .not_before = seconds_of(X509_get0_notBefore(x509)),
        .not_after = seconds_of(X509_get0_notAfter(x509)),
        .der = copy_der(arena, x509),
    };
    return c->subject == NULL || c->issuer == NULL || c->names == NULL || c->fingerprint == NULL ||
                   c->der.ptr == NULL
               ? NULL
               : c;
}

struct describing {
    struct gust_arena *arena;
    X509 *x509;
    gust_certificate *made;
};

static int describe_leaf(void *arg)
{
    struct describing *d = arg;

    d->made = describe(d->arena, d->x509);
    return 0;
}

const gust_certificate *gu_tls_certificate(const struct gu_stream *s, struct gust_arena *arena)
{
    SSL *ssl = gu_stream_is_tls(s) ? gu_tls_of(s)->ssl : NULL;
    struct describing d = {arena, ssl == NULL ? NULL : SSL_get0_peer_certificate(ssl), NULL};

    if (d.x509 != NULL)
        gust_ignore(gu_on_loop_stack(describe_leaf, &d));
    return d.made;
}

/* --- public streams --- */

static const SSL *ssl_of(const gust_stream *stream)
{
    return gu_stream_is_tls(&stream->push) && !gu_stream_is_closed(&stream->push)
               ? gu_tls_of(&stream->push)->ssl
               : NULL;
}

const char *gust_stream_tls_version(const gust_stream *stream)
{
    const SSL *ssl = ssl_of(stream);

    return ssl == NULL ? NULL : SSL_get_version(ssl);
}

const char *gust_stream_alpn(const gust_stream *stream)
{
    const SSL *ssl = ssl_of(stream);
    const unsigned char *chosen = NULL;
    const char *const *name = ssl == NULL ? NULL : gu_tls_of(&stream->push)->context->alpn;
    unsigned len = 0;

    if (ssl != NULL)
        SSL_get0_alpn_selected(ssl, &chosen, &len);
    for (; name != NULL && *name != NULL && len > 0; name++)
        if (strlen(*name) == len && memcmp(*name, chosen, len) == 0)
            return *name;
    return NULL;
}

bool gust_stream_is_resumed(const gust_stream *stream)
{
    const SSL *ssl = ssl_of(stream);

    return ssl != NULL && SSL_session_reused(ssl) == 1;
}
