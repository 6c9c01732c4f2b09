/*
 * tls — contexts: options made into what OpenSSL begins connections with
 *
 * There is one SSL_CTX for each certificate, all alike otherwise; a connection begins with the
 * first and changes to another when the client says whom it wants (SNI). When files change a whole
 * new set is made, and takes the old one's place if nothing is wrong with it; connections keep the
 * SSL_CTX they began with.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/tls_impl.h"
#include <openssl/err.h>
#include <strings.h>
#include <sys/stat.h>

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384"
#define CHAIN_MAX (64 * 1024) /* bytes of certificates that a peer may show */

/* --- one SSL_CTX --- */

struct named {
    const char *name;
    SSL_CTX *ctx;
};

struct gu_tls_names {
    SSL_CTX *main;
    uint64_t seen; /* of the files, when they were read */
    size_t n;
    struct named others[];
};

static int wrong_option(const char *what, const char *value, const char *why)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "TLS: %s: \"%s\" (%s)", what, value, why);
    ERR_clear_error();
    return -EINVAL;
}

static int set_protocols(SSL_CTX *ctx, const gust_tls_options *o)
{
    char groups[] = GROUPS; /* the call's macro takes the const away */
    int min = o->min_version == GUST_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;

    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
    if (SSL_CTX_set_min_proto_version(ctx, min) != 1 || SSL_CTX_set1_groups_list(ctx, groups) != 1)
        return -ENOMEM;
    if (SSL_CTX_set_cipher_list(ctx, o->ciphers != NULL ? o->ciphers : CIPHERS) != 1)
        return wrong_option("ciphers", o->ciphers != NULL ? o->ciphers : CIPHERS, gu_tls_reason());
    if (o->ciphersuites != NULL && SSL_CTX_set_ciphersuites(ctx, o->ciphersuites) != 1)
        return wrong_option("ciphersuites", o->ciphersuites, gu_tls_reason());
    return 0;
}

static int set_verify(SSL_CTX *ctx, const struct gust_tls_context *c)
{
    static const int modes[] = {
        [GUST_TLS_VERIFY_NONE] = SSL_VERIFY_NONE,
        [GUST_TLS_VERIFY_OPTIONAL] = SSL_VERIFY_PEER,
        [GUST_TLS_VERIFY_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    };
    unsigned verify = c->options.verify;

    if (verify == GUST_TLS_VERIFY_DEFAULT)
        verify = c->is_server ? GUST_TLS_VERIFY_NONE : GUST_TLS_VERIFY_REQUIRED;
    if (verify >= gu_countof(modes))
        return -EINVAL;
    SSL_CTX_set_verify(ctx, modes[verify], NULL);
    return verify == GUST_TLS_VERIFY_NONE ? 0 : gu_tls_load_trust(ctx, &c->options, c->is_server);
}

/* --- protocols above (ALPN, RFC 7301) --- */

#define ALPN_MAX 255 /* bytes of the list as it is sent */

/* The list as it is sent: each name behind its length. Returns its length, -EINVAL. */
static int alpn_format(const char *const *names, unsigned char to[ALPN_MAX])
{
    size_t len = 0;

    for (; *names != NULL; names++) {
        size_t n = strlen(*names);

        if (n == 0 || n >= ALPN_MAX - len)
            return wrong_option("alpn", *names,
                                n == 0 ? "it has no name" : "too many, or too long");
        to[len] = (unsigned char)n;
        memcpy(to + len + 1, *names, n);
        len += n + 1;
    }
    return (int)len;
}

/* In one piece; a loop may keep a context for longer than its options live. */
static int alpn_copy(const char *const *names, const char *const **copied)
{
    size_t n = 0, len = 0;
    const char **copy;
    char *text;

    for (; names != NULL && names[n] != NULL; n++)
        len += strlen(names[n]) + 1;
    if (names == NULL)
        return 0;
    copy = gu_alloc((n + 1) * sizeof *copy + len);
    if (copy == NULL)
        return -ENOMEM;
    text = (char *)(copy + n + 1);
    for (size_t i = 0; i < n; i++) {
        len = strlen(names[i]) + 1;
        copy[i] = memcpy(text, names[i], len);
        text += len;
    }
    copy[n] = NULL;
    *copied = copy;
    return 0;
}

static int select_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *n_chosen,
                           const unsigned char *offered, unsigned n_offered, void *arg)
{
    const struct gust_tls_context *c = arg;

    (void)ssl;
    for (const char *const *name = c->alpn; *name != NULL; name++) {
        size_t len = strlen(*name);

        for (unsigned at = 0; at < n_offered; at += offered[at] + 1u)
            if (offered[at] == len && memcmp(offered + at + 1, *name, len) == 0) {
                *chosen = offered + at + 1;
                *n_chosen = (unsigned char)len;
                return SSL_TLSEXT_ERR_OK;
            }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_alpn(SSL_CTX *ctx, struct gust_tls_context *c)
{
    unsigned char list[ALPN_MAX];
    int len = c->alpn == NULL ? 0 : alpn_format(c->alpn, list);

    if (len <= 0)
        return len;
    if (c->is_server)
        SSL_CTX_set_alpn_select_cb(ctx, select_protocol, c);
    else if (SSL_CTX_set_alpn_protos(ctx, list, (unsigned)len) != 0)
        return -ENOMEM;
    return 0;
}

/* --- whom the client wants (SNI, RFC 6066, 3) --- */

/* "*.example.org" stands for one label in place of the asterisk. */
static bool matches(const char *pattern, const char *name)
{
    const char *dot;

    if (pattern[0] != '*' || pattern[1] != '.')
        return strcasecmp(pattern, name) == 0;
    dot = strchr(name, '.');
    return dot != NULL && dot != name && strcasecmp(pattern + 1, dot) == 0;
}

static int select_certificate(SSL *ssl, int *alert, void *arg)
{
    const struct gust_tls_context *c = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    for (size_t i = 0; name != NULL && i < c->names->n; i++)
        if (matches(c->names->others[i].name, name)) {
            SSL_set_SSL_CTX(ssl, c->names->others[i].ctx);
            break;
        }
    return SSL_TLSEXT_ERR_OK;
}

static int set_server(SSL_CTX *ctx, struct gust_tls_context *c)
{
    static const unsigned char id[] = "gust"; /* a session belongs to all of our certificates */

    SSL_CTX_set_tlsext_servername_callback(ctx, select_certificate);
    SSL_CTX_set_tlsext_servername_arg(ctx, c);
    SSL_CTX_set_num_tickets(ctx, 1); /* the server's default is two, one of which nobody uses */
    if (SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) != 1)
        return -ENOMEM;
    SSL_CTX_set_timeout(ctx, (long)((c->session_span + GU_SECOND - 1) / GU_SECOND));
    if (!c->options.no_tickets)
        return gu_tls_use_tickets(ctx, c);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    return 0;
}

static void set_client(SSL_CTX *ctx, const struct gust_tls_context *c)
{
    if (c->options.no_tickets)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    else
        gu_tls_use_sessions(ctx);
}

static int set_up(SSL_CTX *ctx, struct gust_tls_context *c, const gust_tls_cert *cert)
{
    bool has_cert = cert->cert_file != NULL || cert->cert_pem != NULL;
    int err = set_protocols(ctx, &c->options);

    if (err == 0 && (has_cert || c->is_server))
        err = gu_tls_load_cert(ctx, cert);
    if (err == 0)
        err = set_verify(ctx, c);
    if (err == 0)
        err = set_alpn(ctx, c);
    if (err == 0 && c->is_server)
        err = set_server(ctx, c);
    else if (err == 0)
        set_client(ctx, c);
    return err;
}

static int ctx_new(struct gust_tls_context *c, const gust_tls_cert *cert, SSL_CTX **made)
{
    SSL_CTX *ctx = SSL_CTX_new(c->is_server ? TLS_server_method() : TLS_client_method());
    int err = ctx == NULL ? -ENOMEM : set_up(ctx, c, cert);

    ERR_clear_error();
    if (err < 0)
        SSL_CTX_free(ctx);
    else
        *made = ctx;
    return err;
}

/* --- the set of them --- */

static void names_free(struct gu_tls_names *names)
{
    if (names == NULL)
        return;
    SSL_CTX_free(names->main);
    for (size_t i = 0; i < names->n; i++)
        SSL_CTX_free(names->others[i].ctx);
    gu_free(names);
}

static size_t count_others(const gust_tls_cert *others)
{
    size_t n = 0;

    while (others != NULL && others[n].name != NULL)
        n++;
    return n;
}

static int names_new(struct gust_tls_context *c, struct gu_tls_names **made)
{
    const gust_tls_cert *others = c->options.others;
    size_t n = count_others(others);
    struct gu_tls_names *names = gu_alloc0(sizeof *names + n * sizeof names->others[0]);
    int err = names == NULL ? -ENOMEM : ctx_new(c, &c->options.cert, &names->main);

    for (; err == 0 && names->n < n; names->n += err == 0) {
        struct named *other = &names->others[names->n];

        other->name = others[names->n].name;
        err = ctx_new(c, &others[names->n], &other->ctx);
    }
    if (err < 0)
        names_free(names);
    else
        *made = names;
    return err;
}

/* --- files that change --- */

static uint64_t mix(uint64_t seen, uint64_t value)
{
    return (seen ^ value) * UINT64_C(0x9e3779b97f4a7c15) ^ seen >> 29;
}

uint64_t gu_tls_look_at(uint64_t seen, const char *file)
{
    struct stat st;

    if (file == NULL || stat(file, &st) < 0)
        return mix(seen, 1);
    seen = mix(seen, (uint64_t)st.st_ino);
    seen = mix(seen, (uint64_t)st.st_size);
    seen = mix(seen, (uint64_t)st.st_mtim.tv_sec);
    return mix(seen, (uint64_t)st.st_mtim.tv_nsec);
}

static uint64_t look_at_cert(uint64_t seen, const gust_tls_cert *cert)
{
    seen = gu_tls_look_at(seen, cert->cert_file);
    seen = gu_tls_look_at(seen, cert->key_file);
    return gu_tls_look_at(seen, cert->ocsp_file);
}

uint64_t gu_tls_look_at_files(const gust_tls_options *o)
{
    uint64_t seen = gu_tls_look_at(look_at_cert(0, &o->cert), o->ca_file);

    seen = gu_tls_look_at(seen, o->ca_dir);
    for (size_t i = 0; i < count_others(o->others); i++)
        seen = look_at_cert(seen, &o->others[i]);
    return seen;
}

int gust_tls_context_reload(gust_tls_context *c)
{
    /* before they are read, or a change is missed */
    uint64_t seen = gu_tls_look_at_files(&c->options);
    struct gu_tls_names *names;
    int err = names_new(c, &names);

    if (err == 0) {
        names_free(c->names);
        c->names = names;
        gu_tls_sessions_drop(c); /* they vouch for what the old ones trusted */
    }
    if (c->names != NULL)
        c->names->seen = seen; /* what is wrong is not read again until it changes again */
    return err;
}

SSL_CTX *gu_tls_context_ctx(struct gust_tls_context *c, gu_time now)
{
    if (!c->is_server || (c->looked != 0 && now - c->looked < c->reload_interval))
        return c->names->main;
    c->looked = now;
    if (gu_tls_look_at_files(&c->options) == c->names->seen)
        return c->names->main;
    if (gust_tls_context_reload(c) == 0)
        gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "TLS: certificates were read again");
    else
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "TLS: the certificates in use are the old ones");
    return c->names->main;
}

/* --- life --- */

static void context_free(struct gust_tls_context *c)
{
    gu_tls_sessions_drop(c);
    names_free(c->names);
    gu_free((void *)(uintptr_t)c->alpn);
    gu_free(c);
}

static int context_new(const gust_tls_options *options, bool is_server, const char *const *alpn,
                       struct gust_tls_context **context)
{
    struct gust_tls_context *c = gu_alloc0(sizeof *c);
    int err;

    if (c == NULL)
        return -ENOMEM;
    c->n_refs = 1;
    c->options = *options;
    c->is_server = is_server;
    c->handshake_timeout = gu_option_time(options->handshake_timeout, 10);
    c->reload_interval = gu_option_time(options->reload_interval, 1);
    c->max_handshakes = gu_option_size(options->max_handshakes, 1000);
    c->max_sessions = options->no_tickets ? 0 : gu_option_size(options->max_sessions, 64);
    c->session_span = gu_time_min(gu_option_time(options->ticket_lifetime, GU_TLS_RESUMED),
                                  GU_TLS_RESUMED * GU_SECOND);
    gu_list_init(&c->waiting);
    gu_list_init(&c->sessions);
    err = alpn_copy(options->alpn != NULL ? options->alpn : alpn, &c->alpn);
    if (err == 0)
        err = gust_tls_context_reload(c);
    if (err < 0)
        context_free(c);
    else
        *context = c;
    return err;
}

static int context_ref(struct gust_tls_context *c, bool is_server,
                       struct gust_tls_context **context)
{
    if (c->is_server != is_server) {
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "TLS: the context is a %s's (server_side)",
               c->is_server ? "server" : "client");
        return -EINVAL;
    }
    c->n_refs++;
    *context = c;
    return 0;
}

int gu_tls_context_of(const gust_tls_options *options, bool is_server, const char *const *alpn,
                      struct gust_tls_context **context)
{
    static const gust_tls_options defaults;

    if (options == NULL)
        options = &defaults;
    if (options->context != NULL)
        return context_ref(options->context, is_server, context);
    return context_new(options, is_server, alpn, context);
}

int gust_tls_context_new(const gust_tls_options *options, gust_tls_context **context)
{
    return gu_tls_context_of(options, options != NULL && options->server_side, NULL, context);
}

void gust_tls_context_free(gust_tls_context *context)
{
    if (context == NULL || --context->n_refs > 0)
        return;
    context_free(context);
}
