/*
 * tls — sessions: what a client keeps of a connection, to begin the next one to the same peer with
 *
 * A session vouches for what was checked when it was made: whose certificate that was, by whom it
 * was signed, and which certificate of ours was shown. So it belongs to a context, and within that
 * to whom the client wanted (RFC 8446, 4.6.1) and where it was found.
 *
 * What was checked does not become truer by being passed on: sessions that come of sessions end
 * together with the first, and then there is a whole handshake again.
 *
 * One of TLS 1.3 is for one connection, or its two could be told to be one client's; it is taken
 * out when it is used. So is one of TLS 1.2, and put back when the connection has come about: a
 * peer that stumbles over it is not met with it again.
 */
#include "base/alloc.h"
#include "net/address.h"
#include "net/tls_impl.h"
#include <openssl/asn1.h>
#include <stdio.h>
#include <sys/socket.h>

#define MAX_OF_PEER 4u /* so many connections may begin at once */

struct kept {
    struct gu_link link; /* in context->sessions, the newest first */
    SSL_SESSION *session;
    gu_time good_until;
    gu_time checked_until; /* when the handshake behind it is too long ago */
    const char *whom;      /* lies behind this */
};

/* --- what is kept --- */

static void drop(struct gust_tls_context *c, struct kept *kept)
{
    gu_list_remove(&kept->link);
    c->n_sessions--;
    SSL_SESSION_free(kept->session);
    gu_free(kept);
}

void gu_tls_sessions_drop(struct gust_tls_context *c)
{
    while (!gu_list_is_empty(&c->sessions))
        drop(c, gu_container_of(c->sessions.next, struct kept, link));
}

/* Room for one more: what is too much goes, the oldest first. */
static void make_room(struct gust_tls_context *c, const char *whom)
{
    size_t n_same = 0;

    GU_LIST_FOREACH_SAFE (link, &c->sessions) {
        struct kept *kept = gu_container_of(link, struct kept, link);

        if (strcmp(kept->whom, whom) == 0 && ++n_same >= MAX_OF_PEER)
            drop(c, kept);
    }
    if (c->n_sessions >= c->max_sessions)
        drop(c, gu_container_of(c->sessions.prev, struct kept, link));
}

/* How long it is good: as long as its server says, and as the certificate is. */
static gu_time span_of(const SSL_SESSION *session)
{
    int64_t hint = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(session);
    int64_t span = GU_TLS_RESUMED; /* seconds, as what else is compared here */
    const X509 *cert = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
    int days, seconds;

    if (hint > 0 || SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION)
        span = gu_time_min(span, hint);
    if (cert != NULL && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) == 1)
        span = gu_time_min(span, (int64_t)days * 86400 + seconds);
    return span * GU_SECOND;
}

/* A context that was read again since may trust others. */
static bool is_of_present(const struct gu_tls *tls, gu_time now)
{
    return SSL_get_SSL_CTX(tls->ssl) == gu_tls_context_ctx(tls->context, now);
}

/* Takes the session. What cannot be kept is not: the next handshake is a whole one. */
static void keep(struct gu_tls *tls, SSL_SESSION *session)
{
    struct gust_tls_context *c = tls->context;
    gu_time now = tls->stream->net->loop->now, span = span_of(session);
    bool is_good = span > 0 && is_of_present(tls, now);
    size_t len = strlen(tls->whom) + 1;
    struct kept *kept = is_good ? gu_alloc(sizeof *kept + len) : NULL;

    if (kept == NULL) {
        SSL_SESSION_free(session);
        return;
    }
    if (SSL_session_reused(tls->ssl) != 1)
        tls->checked_until = now + c->session_span;
    make_room(c, tls->whom);
    kept->session = session;
    kept->checked_until = tls->checked_until;
    kept->good_until = gu_time_min(tls->checked_until, now + span);
    kept->whom = memcpy(kept + 1, tls->whom, len);
    gu_list_prepend(&c->sessions, &kept->link);
    c->n_sessions++;
}

/* The newest of the connection's peer, taken out; NULL if there is none. Those that are no good any
 * more go. */
static SSL_SESSION *take(struct gu_tls *tls)
{
    struct gust_tls_context *c = tls->context;
    gu_time now = tls->stream->net->loop->now;
    SSL_SESSION *session = NULL;

    GU_LIST_FOREACH_SAFE (link, &c->sessions) {
        struct kept *kept = gu_container_of(link, struct kept, link);
        bool is_good = now < kept->good_until && SSL_SESSION_is_resumable(kept->session);
        bool is_taken = is_good && session == NULL && strcmp(kept->whom, tls->whom) == 0;

        if (is_taken && SSL_SESSION_up_ref(kept->session) == 1) {
            session = kept->session;
            tls->checked_until = kept->checked_until;
        }
        if (is_taken || !is_good)
            drop(c, kept);
    }
    return session;
}

/* --- a connection's --- */

/* A new one, of TLS 1.3, has come. Returns what SSL_CTX_sess_set_new_cb(3) asks for: whether it is
 * ours now. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct gu_tls *tls = gu_tls_of_ssl(ssl);

    if (tls->whom == NULL || SSL_version(ssl) != TLS1_3_VERSION)
        return 0;
    keep(tls, session);
    return 1;
}

void gu_tls_use_sessions(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
}

/* Where the peer was found, as text: what the caller says of it, or its address. */
static void format_place(const struct gu_tls *tls, const struct gu_tls_peer *peer,
                         char text[GUST_ADDRESS_TEXT])
{
    struct gu_address address = {.len = sizeof address.as};

    text[0] = '\0';
    if (peer->host == NULL && getpeername(tls->stream->io.fd, &address.as.any, &address.len) == 0)
        gu_address_format(&address.as.any, address.len, text);
}

/* No two peers that differ look alike, since a place's length is told. NULL: memory. */
static char *format_whom(const struct gu_tls *tls, const struct gu_tls_peer *peer)
{
    const char *name = peer->name != NULL ? peer->name : "", *host = peer->host;
    char place[GUST_ADDRESS_TEXT], *whom;
    size_t size;

    format_place(tls, peer, place);
    host = host != NULL ? host : place;
    size = strlen(name) + strlen(host) + 40;
    whom = gu_alloc(size);
    if (whom != NULL)
        snprintf(whom, size, "%u %zu %s%s", peer->port, strlen(host), host, name);
    return whom;
}

void gu_tls_session_offer(struct gu_tls *tls, const struct gu_tls_peer *peer)
{
    SSL_SESSION *session;

    if (tls->context->max_sessions == 0)
        return;
    tls->whom = format_whom(tls, peer);
    session = tls->whom == NULL ? NULL : take(tls);
    if (session != NULL)
        gust_ignore(SSL_set_session(tls->ssl, session));
    SSL_SESSION_free(session);
}

void gu_tls_session_keep(struct gu_tls *tls)
{
    SSL_SESSION *session;

    if (tls->whom == NULL || SSL_version(tls->ssl) == TLS1_3_VERSION)
        return;
    session = SSL_get1_session(tls->ssl);
    if (session != NULL && SSL_SESSION_is_resumable(session))
        keep(tls, session);
    else
        SSL_SESSION_free(session);
}
