/*
 * tls — the BIO between OpenSSL and a loop's ciphertext buffers
 *
 * It never waits, and never calls back into the stream: it copies what is there, and says "again"
 * when that is nothing.
 */
#include "net/tls_impl.h"

static struct gu_tls *tls_of(BIO *bio)
{
    return BIO_get_data(bio);
}

static int bio_read(BIO *bio, char *to, size_t size, size_t *n_read)
{
    struct gu_tls *tls = tls_of(bio);
    struct gu_tls_shared *shared = tls->stream->net->tls;
    size_t n = shared->reader == tls ? gu_min(size, (size_t)(shared->end - shared->at)) : 0;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(to, shared->at, n);
    shared->at += n;
    *n_read = n;
    return 1;
}

static int bio_write(BIO *bio, const char *bytes, size_t len, size_t *n_written)
{
    struct gu_tls_shared *shared = tls_of(bio)->stream->net->tls;
    size_t n = gu_min(len, GU_TLS_OUT - shared->n_out);

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_write(bio);
        return 0;
    }
    memcpy(shared->out + shared->n_out, bytes, n);
    shared->n_out += n;
    *n_written = n;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long n, void *arg)
{
    (void)bio;
    (void)n;
    (void)arg;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop");

    if (made == NULL || BIO_meth_set_read_ex(made, bio_read) != 1 ||
        BIO_meth_set_write_ex(made, bio_write) != 1 || BIO_meth_set_ctrl(made, bio_ctrl) != 1) {
        BIO_meth_free(made);
        return;
    }
    method = made;
}

struct gu_tls *gu_tls_of_ssl(const SSL *ssl)
{
    return tls_of(SSL_get_rbio(ssl));
}

SSL *gu_tls_ssl_new(struct gu_tls *tls, SSL_CTX *ctx)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    SSL *ssl;
    BIO *bio;

    if (CRYPTO_THREAD_run_once(&once, make_method) != 1 || method == NULL)
        return NULL;
    ssl = SSL_new(ctx);
    bio = ssl == NULL ? NULL : BIO_new(method);
    if (bio == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    if (tls->is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}
