/*
 * tls — certificates, keys and stapled responses, from files or texts
 *
 * Files are read here and not by OpenSSL, whose errors do not say which file they are about.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/tls_impl.h"
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)1 << 20)

/* --- reading --- */

/* What is read: a file's bytes, or a text. */
struct source {
    const char *what; /* "certificate" */
    const char *name; /* the file's, or what stands for it */
    char *own;        /* to be freed */
    gust_str text;
};

static int complain(const struct source *from, int err, const char *why)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "TLS: %s %s: %s", from->what, from->name, why);
    return err;
}

static int read_all(struct source *from, int fd, size_t size)
{
    size_t len = 0;

    from->own = gu_alloc(size + 1);
    if (from->own == NULL)
        return -ENOMEM;
    while (len < size) {
        ssize_t n = read(fd, from->own + len, size - len);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            return n < 0 ? -errno : -EIO;
        len += n > 0 ? (size_t)n : 0;
    }
    from->own[len] = '\0';
    from->text = (gust_str){from->own, len};
    return 0;
}

static int read_file(struct source *from)
{
    int fd = open(from->name, O_RDONLY | O_CLOEXEC), err = 0;
    struct stat st;

    if (fd < 0)
        return complain(from, -errno, strerrordesc_np(errno));
    if (fstat(fd, &st) < 0)
        err = -errno;
    else if (!S_ISREG(st.st_mode))
        err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    else if (st.st_size > FILE_MAX)
        err = -EFBIG;
    else
        err = read_all(from, fd, (size_t)st.st_size);
    close(fd);
    return err < 0 ? complain(from, err, gust_strerror(err)) : 0;
}

static int source_open(struct source *from, const char *what, const char *file, const char *text)
{
    *from = (struct source){what, file != NULL ? file : "given as text", NULL, {NULL, 0}};
    if (file != NULL)
        return read_file(from);
    if (text == NULL)
        return complain(from, -EINVAL, "there is none");
    from->text = gust_str_from(text);
    return 0;
}

/* A key may have been in it. */
static void source_close(struct source *from)
{
    if (from->own != NULL)
        OPENSSL_cleanse(from->own, from->text.len);
    gu_free(from->own);
}

const char *gu_tls_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);

    if (ERR_SYSTEM_ERROR(code))
        return strerrordesc_np(ERR_GET_REASON(code));
    return reason != NULL ? reason : "unknown error";
}

static int complain_ssl(const struct source *from, const char *what)
{
    char why[200];

    snprintf(why, sizeof why, "%s (%s)", what, gu_tls_reason());
    ERR_clear_error();
    return complain(from, -EINVAL, why);
}

/* Nobody is asked for a pass phrase: a server has no one to ask. */
static int no_passphrase(char *buf, int size, int is_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

/* --- certificates --- */

static X509 *next_cert(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
}

/* Whether reading stopped because nothing else was there. */
static bool is_at_end(void)
{
    unsigned long code = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

    if (ended)
        ERR_clear_error();
    return ended;
}

static int use_chain(SSL_CTX *ctx, BIO *bio, const struct source *from)
{
    X509 *cert = next_cert(bio);
    int err = 0;

    if (cert == NULL)
        return complain_ssl(from, "no certificate is in it");
    if (SSL_CTX_use_certificate(ctx, cert) != 1)
        err = complain_ssl(from, "it cannot be used");
    X509_free(cert);
    while (err == 0 && (cert = next_cert(bio)) != NULL)
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            err = complain_ssl(from, "a certificate of its chain cannot be used");
        }
    if (err == 0 && !is_at_end())
        err = complain_ssl(from, "a certificate of its chain cannot be read");
    return err;
}

static int load_chain(SSL_CTX *ctx, const gust_tls_cert *cert)
{
    struct source from;
    int err = source_open(&from, "certificate", cert->cert_file, cert->cert_pem);
    BIO *bio = err < 0 ? NULL : BIO_new_mem_buf(from.text.ptr, (int)from.text.len);

    if (bio != NULL)
        err = use_chain(ctx, bio, &from);
    else if (err == 0)
        err = -ENOMEM;
    BIO_free(bio);
    source_close(&from);
    return err;
}

/* --- keys --- */

static int use_key(SSL_CTX *ctx, BIO *bio, const struct source *from)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    int err = 0;

    if (key == NULL)
        return complain_ssl(from, "no key that can be read is in it; it must be without a "
                                  "pass phrase");
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        err = complain_ssl(from, "it is not the certificate's");
    EVP_PKEY_free(key);
    return err;
}

static int load_key(SSL_CTX *ctx, const gust_tls_cert *cert)
{
    bool is_apart = cert->key_file != NULL || cert->key_pem != NULL;
    struct source from;
    int err = source_open(&from, "key", is_apart ? cert->key_file : cert->cert_file,
                          is_apart ? cert->key_pem : cert->cert_pem);
    BIO *bio = err < 0 ? NULL : BIO_new_mem_buf(from.text.ptr, (int)from.text.len);

    if (bio != NULL)
        err = use_key(ctx, bio, &from);
    else if (err == 0)
        err = -ENOMEM;
    BIO_free(bio);
    source_close(&from);
    return err;
}

/* --- stapled responses (RFC 6066, 8) --- */

static int staple_index = -1; /* of an SSL_CTX's own copy of the response */

static void staple_free(void *parent, void *staple, CRYPTO_EX_DATA *data, int index, long argl,
                        void *argp)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    gu_free(staple);
}

struct staple {
    size_t len;
    unsigned char der[];
};

static int on_status_asked(SSL *ssl, void *arg)
{
    const struct staple *staple = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), staple_index);
    unsigned char *copy = staple == NULL ? NULL : OPENSSL_memdup(staple->der, staple->len);

    (void)arg;
    if (copy == NULL || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)staple->len) != 1)
        return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
}

static bool is_response(gust_str der)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
    bool is_good =
        response != NULL && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;

    OCSP_RESPONSE_free(response);
    return is_good;
}

static int use_staple(SSL_CTX *ctx, const struct source *from)
{
    struct staple *staple;

    if (!is_response(from->text))
        return complain_ssl(from, "it is no successful response in DER");
    staple = gu_alloc(sizeof *staple + from->text.len);
    if (staple == NULL || SSL_CTX_set_ex_data(ctx, staple_index, staple) != 1) {
        gu_free(staple);
        return -ENOMEM;
    }
    staple->len = from->text.len;
    memcpy(staple->der, from->text.ptr, from->text.len);
    SSL_CTX_set_tlsext_status_cb(ctx, on_status_asked);
    return 0;
}

static void staple_make_index(void)
{
    staple_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, staple_free);
}

static int load_staple(SSL_CTX *ctx, const char *file)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    struct source from;
    int err;

    if (CRYPTO_THREAD_run_once(&once, staple_make_index) != 1 || staple_index < 0)
        return -ENOMEM;
    err = source_open(&from, "OCSP response", file, NULL);
    if (err == 0)
        err = use_staple(ctx, &from);
    source_close(&from);
    return err;
}

int gu_tls_load_cert(SSL_CTX *ctx, const gust_tls_cert *cert)
{
    int err = load_chain(ctx, cert);

    if (err == 0)
        err = load_key(ctx, cert);
    if (err == 0 && cert->ocsp_file != NULL)
        err = load_staple(ctx, cert->ocsp_file);
    return err;
}

/* --- whom to trust --- */

static int trust_all_in(SSL_CTX *ctx, BIO *bio, const struct source *from, bool is_server)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509 *cert;
    size_t n = 0;

    while ((cert = next_cert(bio)) != NULL) {
        bool is_added = X509_STORE_add_cert(store, cert) == 1 &&
                        (!is_server || SSL_CTX_add_client_CA(ctx, cert) == 1);

        X509_free(cert);
        if (!is_added)
            return complain_ssl(from, "a certificate of it cannot be used");
        n++;
    }
    if (!is_at_end())
        return complain_ssl(from, "a certificate of it cannot be read");
    return n > 0 ? 0 : complain(from, -EINVAL, "no certificate is in it");
}

static int trust_source(SSL_CTX *ctx, const char *file, const char *text, bool is_server)
{
    struct source from;
    int err = source_open(&from, "CA", file, text);
    BIO *bio = err < 0 ? NULL : BIO_new_mem_buf(from.text.ptr, (int)from.text.len);

    if (bio != NULL)
        err = trust_all_in(ctx, bio, &from, is_server);
    else if (err == 0)
        err = -ENOMEM;
    BIO_free(bio);
    source_close(&from);
    return err;
}

static int trust_dir(SSL_CTX *ctx, const char *dir)
{
    struct source from = {.what = "CA folder", .name = dir};
    struct stat st;

    if (stat(dir, &st) < 0)
        return complain(&from, -errno, strerrordesc_np(errno));
    if (!S_ISDIR(st.st_mode))
        return complain(&from, -ENOTDIR, "it is no folder");
    return SSL_CTX_load_verify_dir(ctx, dir) == 1 ? 0 : -ENOMEM;
}

int gu_tls_load_trust(SSL_CTX *ctx, const gust_tls_options *options, bool is_server)
{
    const gust_tls_options *o = options;
    int err = 0;

    if (o->ca_file == NULL && o->ca_dir == NULL && o->ca_pem == NULL)
        return is_server || SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0 : -ENOMEM;
    if (o->ca_file != NULL)
        err = trust_source(ctx, o->ca_file, NULL, is_server);
    if (err == 0 && o->ca_pem != NULL)
        err = trust_source(ctx, NULL, o->ca_pem, is_server);
    if (err == 0 && o->ca_dir != NULL)
        err = trust_dir(ctx, o->ca_dir);
    return err;
}
