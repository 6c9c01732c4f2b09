/*
 * tls — the contexts that a loop has worked out for its clients
 *
 * To read whom the system trusts takes longer than a handshake, and a session is resumed only in
 * the context that it comes from. So a loop remembers what it made of which options. They are told
 * apart by their texts and by what their files look like: when a file has changed, or anything
 * else, a new context is made, which knows nothing of the sessions of the old one.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "net/tls_impl.h"
#include <openssl/x509.h>
#include <stdlib.h>

/* --- keys --- */

static void put_cert(struct gu_buf *key, const gust_tls_cert *cert)
{
    const char *const texts[] = {cert->cert_file, cert->key_file, cert->cert_pem, cert->key_pem};

    for (size_t i = 0; i < gu_countof(texts); i++)
        gu_buf_put_part(key, texts[i]);
}

void gu_tls_put_options(struct gu_buf *key, const gust_tls_options *o)
{
    const char *const texts[] = {o->ca_file, o->ca_dir, o->ca_pem, o->ciphers, o->ciphersuites};

    gu_buf_put_number(key, (uintptr_t)o->context);
    if (o->context != NULL)
        return;
    put_cert(key, &o->cert);
    for (size_t i = 0; i < gu_countof(texts); i++)
        gu_buf_put_part(key, texts[i]);
    gu_buf_put_number(key, o->verify);
    gu_buf_put_number(key, o->no_name_check);
    gu_buf_put_number(key, o->min_version);
    gu_buf_put_number(key, (uint64_t)gu_option_time(o->handshake_timeout, 0));
    gu_buf_put_number(key, o->no_tickets);
    gu_buf_put_number(key, (uint64_t)gu_option_time(o->ticket_lifetime, 0));
    gu_buf_put_number(key, gu_option_size(o->max_sessions, 0));
    for (const char *const *name = o->alpn; name != NULL && *name != NULL; name++)
        gu_buf_put_part(key, *name);
}

/* Where OpenSSL finds whom the system trusts. */
static const char *system_trust(void)
{
    const char *given = getenv(X509_get_default_cert_file_env());

    return given != NULL ? given : X509_get_default_cert_file();
}

static int make_key(struct gu_buf *b, const gust_tls_options *o, gust_str *key)
{
    gu_tls_put_options(b, o);
    gu_buf_put_number(b, gu_tls_look_at_files(o));
    gu_buf_put_number(b, gu_tls_look_at(0, system_trust()));
    return gu_buf_finish(b, key);
}

/* --- the contexts --- */

static void forget(struct gu_tls_known *known)
{
    gu_free(known->key);
    gust_tls_context_free(known->context);
}

void gu_tls_known_free(struct gu_tls_shared *shared)
{
    while (shared->n_known > 0)
        forget(&shared->known[--shared->n_known]);
}

static struct gust_tls_context *find(const struct gu_tls_shared *shared, gust_str key)
{
    for (size_t i = 0; i < shared->n_known; i++)
        if (gu_str_eq(key, gu_str(shared->known[i].key, shared->known[i].key_len)))
            return shared->known[i].context;
    return NULL;
}

/* Puts it in front; the one that was made first goes. When memory is short, it is made again. */
static void remember(struct gu_tls_shared *shared, gust_str key, struct gust_tls_context *context)
{
    char *copy = gu_alloc(key.len);

    if (copy == NULL)
        return;
    memcpy(copy, key.ptr, key.len);
    if (shared->n_known == GU_TLS_KNOWN)
        forget(&shared->known[--shared->n_known]);
    memmove(shared->known + 1, shared->known, shared->n_known * sizeof shared->known[0]);
    shared->known[0] = (struct gu_tls_known){copy, key.len, context};
    shared->n_known++;
    context->n_refs++;
}

static int find_or_make(struct gu_tls_shared *shared, const gust_tls_options *o, gust_str key,
                        struct gust_tls_context **context)
{
    gust_tls_options same = {.context = find(shared, key)};
    int err;

    if (same.context != NULL)
        return gu_tls_context_of(&same, false, NULL, context);
    err = gu_tls_context_of(o, false, NULL, context);
    if (err == 0)
        remember(shared, key, *context);
    return err;
}

int gu_tls_client_context(struct gu_net *net, const gust_tls_options *options,
                          const char *const *alpn, struct gust_tls_context **context)
{
    struct gu_tls_shared *shared = gu_tls_shared_of(net);
    gust_tls_options o = *options;
    struct gu_buf b = GU_BUF_NULL;
    gust_str key;
    int err;

    if (shared == NULL)
        return -ENOMEM;
    if (o.context != NULL)
        return gu_tls_context_of(&o, false, NULL, context);
    if (o.alpn == NULL)
        o.alpn = alpn;
    err = make_key(&b, &o, &key);
    if (err == 0)
        err = find_or_make(shared, &o, key, context);
    gu_buf_deinit(&b);
    return err;
}
