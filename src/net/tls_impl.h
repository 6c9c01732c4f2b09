/*
 * tls — shared by its files, which alone see OpenSSL
 */
#ifndef GU_TLS_IMPL_H
#define GU_TLS_IMPL_H

#include "net/tls.h"
#include <openssl/ssl.h>

#define GU_TLS_IN ((size_t)64 * 1024)     /* ciphertext received at once at the most */
#define GU_TLS_SEAL ((size_t)64 * 1024)   /* plain bytes encrypted at once at the most */
#define GU_TLS_OUT (GU_TLS_SEAL + 16384u) /* and what that comes to: headers, tags, handshakes */

#define GU_TLS_RESUMED (12 * 3600) /* seconds that one may resume at the most */

enum gu_tls_state {
    GU_TLS_NEW,   /* a server's stream whose peer has said nothing, or whose turn has not come */
    GU_TLS_SHAKE, /* in the handshake */
    GU_TLS_OPEN,
    GU_TLS_FAILED
};

/* What a stream has in addition while it speaks TLS. */
struct gu_tls {
    struct gu_stream_ops ops; /* the protocol's; the stream's `ops` points here, and so finds us */
    struct gu_stream *stream;
    struct gust_tls_context *context;
    SSL *ssl;                /* NULL until the handshake begins */
    struct gu_pending *kept; /* ciphertext that was received and not decrypted */
    gu_tls_opened *opened;   /* until it was told */
    void *arg;
    char *whom;                /* a client's: to whom its sessions belong; NULL: none are kept */
    gu_time checked_until;     /* of the session that it began with */
    struct gu_timeout timeout; /* of the handshake */
    struct gu_link turn;       /* in context->waiting */
    uint8_t state;
    bool is_server, has_read;
    bool has_left; /* the farewell is said: nothing can be sent any more */
};

#define GU_TLS_KNOWN 16

/* What was made of a client's options. */
struct gu_tls_known {
    char *key;
    size_t key_len;
    struct gust_tls_context *context;
};

/* One stream at a time uses the buffers: ciphertext does not stay in them from one call to the
 * next. */
struct gu_tls_shared {
    char *in, *out;
    const char *at, *end;  /* of `in`: not read yet */
    struct gu_tls *reader; /* whose that is */
    size_t n_out, n_sent;  /* of `out` */
    size_t n_shaking;      /* streams that are in their handshake, of both sides */
    size_t most_shaking;   /* at once, since the heap was trimmed */
    struct gu_timer trim;  /* gives back what they used, when there were many */
    struct gust_loop *loop;
    size_t n_known;
    struct gu_tls_known known[GU_TLS_KNOWN]; /* the newest first */
};

void gu_tls_known_free(struct gu_tls_shared *shared);

/* Some time after a crowd has come. */
void gu_tls_trim(struct gu_timer *timer);

static inline struct gu_tls *gu_tls_of(const struct gu_stream *s)
{
    return gu_container_of((uintptr_t)s->ops, struct gu_tls, ops);
}

/* An SSL whose ciphertext comes from and goes to its stream's loop's buffers. NULL: memory. */
SSL *gu_tls_ssl_new(struct gu_tls *tls, SSL_CTX *ctx);

/* Whose it is. */
struct gu_tls *gu_tls_of_ssl(const SSL *ssl);

/* Made on the first call; NULL: memory. */
struct gu_tls_shared *gu_tls_shared_of(struct gu_net *net);

/* Sends what a handshake, or an alert, has put into the loop's buffer, or queues it. */
void gu_tls_push(struct gu_stream *s);

/* --- the handshake --- */

/* A server's peer has said something. False when it has to wait for others, or failed. */
bool gu_tls_accept_begins(struct gu_tls *tls);

/* One step, with what has come. True when the stream is open. */
bool gu_tls_shake(struct gu_tls *tls);

/* It is over, well or not; tells who wants to know. */
void gu_tls_shaken(struct gu_tls *tls, int err);

/* The same, and the stream breaks. */
void gu_tls_shaking_failed(struct gu_tls *tls, int err);

/* --- contexts --- */

struct gu_tls_names;

struct gust_tls_context {
    unsigned n_refs;
    bool is_server;
    gust_tls_options options;
    const char *const *alpn;
    gu_time handshake_timeout, reload_interval;
    size_t n_handshakes, max_handshakes;
    struct gu_link waiting;     /* for their turn to begin one */
    struct gu_tls_names *names; /* the certificates in use */
    gu_time looked;             /* when files were looked at */
    struct gu_link sessions;    /* a client's, of earlier connections: tls_session.c */
    size_t n_sessions, max_sessions;
    gu_time session_span; /* how long they are good at the most */
};

/* A number that is another one when a file is; `seen` is of other files. */
uint64_t gu_tls_look_at(uint64_t seen, const char *file);
uint64_t gu_tls_look_at_files(const gust_tls_options *options);

/* What a new connection begins with. Looks, now and then, whether files have changed. */
SSL_CTX *gu_tls_context_ctx(struct gust_tls_context *context, gu_time now);

/* Puts a certificate, its chain, its key and a stapled response into an SSL_CTX. The log says what
 * is wrong. */
int gu_tls_load_cert(SSL_CTX *ctx, const gust_tls_cert *cert) GUST_CHECK;

/* Puts those whose word is trusted into an SSL_CTX. */
int gu_tls_load_trust(SSL_CTX *ctx, const gust_tls_options *options, bool is_server) GUST_CHECK;

/* A text about the last error of OpenSSL, and what it says of itself. */
const char *gu_tls_reason(void);

/* Lets clients resume by tickets whose keys change. */
int gu_tls_use_tickets(SSL_CTX *ctx, struct gust_tls_context *context) GUST_CHECK;

/* --- a client's sessions --- */

/* Keeps those that come. */
void gu_tls_use_sessions(SSL_CTX *ctx);

/* Before a handshake: goes back to an earlier connection to this peer, if there was one. */
void gu_tls_session_offer(struct gu_tls *tls, const struct gu_tls_peer *peer);

/* After one. */
void gu_tls_session_keep(struct gu_tls *tls);

void gu_tls_sessions_drop(struct gust_tls_context *context);

#endif
