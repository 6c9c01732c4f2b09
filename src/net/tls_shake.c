/*
 * tls — the handshake
 *
 * A server's stream costs little until its peer has said something: only then there is an SSL, and
 * only so many of them are in a handshake at once, because that is when one is largest. A client
 * speaks first. Either way the protocol sees nothing until it is over.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/loopstack.h"
#include "net/address.h"
#include "net/process.h"
#include "net/stream_impl.h"
#include "net/tls_impl.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* --- how many there are --- */

#define CROWD 64u /* handshakes, of 44 KB each, that leave something to give back */
#define TRIM_PERIOD (10 * GU_SECOND) /* as of other pools */

/* The heap keeps what lies below what is still in use, and after thousands of handshakes that is
 * nearly all of what they used. It is done until there was no crowd for a whole period, because
 * connections that failed linger for a while. */
void gu_tls_trim(struct gu_timer *timer)
{
    struct gu_tls_shared *shared = gu_container_of(timer, struct gu_tls_shared, trim);
    size_t most = shared->most_shaking;

    gu_heap_trim();
    shared->most_shaking = shared->n_shaking;
    if (most > CROWD)
        gust_ignore(gu_timer_set(shared->loop, timer, shared->loop->now + TRIM_PERIOD));
}

static void count_in(struct gu_tls *tls)
{
    struct gu_tls_shared *shared = tls->stream->net->tls;

    shared->most_shaking = gu_max(shared->most_shaking, ++shared->n_shaking);
    if (shared->n_shaking > CROWD && !gu_timer_is_set(&shared->trim))
        gust_ignore(gu_timer_set(shared->loop, &shared->trim, shared->loop->now + TRIM_PERIOD));
}

/* --- the end of it --- */

/* Who has waited longest may begin. */
static void pass_turn_on(struct gust_tls_context *context)
{
    struct gu_link *link =
        context->n_handshakes < context->max_handshakes ? gu_list_pop(&context->waiting) : NULL;
    struct gu_stream *s;

    if (link == NULL)
        return;
    s = gu_container_of(link, struct gu_tls, turn)->stream;
    s->flags &= (uint16_t)~GU_STREAM_IN_LINE;
    gu_stream_want(s);
    gu_loop_ready(s->net->loop, &s->again);
}

/* The handshake is over, well or not; tells who wants to know. */
void gu_tls_shaken(struct gu_tls *tls, int err)
{
    struct gu_stream *s = tls->stream;
    gu_tls_opened *opened = tls->opened;
    bool was_shaking = tls->state == GU_TLS_SHAKE;

    tls->opened = NULL;
    tls->state = err == 0 ? GU_TLS_OPEN : GU_TLS_FAILED;
    s->net->tls->n_shaking -= was_shaking;
    gu_timeout_stop(&tls->timeout);
    gu_list_remove(&tls->turn);
    if (tls->is_server && was_shaking)
        tls->context->n_handshakes--;
    if (tls->is_server) /* it may also have had its turn, and made nothing of it */
        pass_turn_on(tls->context);
    s->flags &= (uint16_t) ~(GU_STREAM_SHAKING | GU_STREAM_IN_LINE);
    if ((s->flags & GU_STREAM_CLOSED) == 0)
        gu_stream_want(s);
    if (opened != NULL)
        opened(s, err, tls->arg);
}

void gu_tls_shaking_failed(struct gu_tls *tls, int err)
{
    gu_stream_break_input(tls->stream, err);
    gu_tls_shaken(tls, err);
}

/* A line for those who wonder why nobody comes in. */
static gu_cold int refused(struct gu_tls *tls)
{
    char peer[GUST_ADDRESS_TEXT] = "";
    struct gu_address address = {.len = sizeof address.as};
    long verified = SSL_get_verify_result(tls->ssl);
    int err = verified != X509_V_OK ? -GUST_ECERT : -GUST_EPROTO;

    if (getpeername(tls->stream->io.fd, &address.as.any, &address.len) == 0)
        gu_address_format(&address.as.any, address.len, peer);
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "TLS with %s: %s", peer,
           err == -GUST_ECERT ? X509_verify_cert_error_string(verified) : gu_tls_reason());
    return err;
}

/* --- a step --- */

static int shake_leaf(void *arg)
{
    ERR_clear_error();
    return SSL_do_handshake(arg);
}

static void well_shaken(struct gu_tls *tls)
{
    gu_tls_session_keep(tls);
    gu_tls_shaken(tls, 0);
}

/* One step, with what has come. True when the stream is open. */
bool gu_tls_shake(struct gu_tls *tls)
{
    struct gu_stream *s = tls->stream;
    int result = gu_on_loop_stack(shake_leaf, tls->ssl), why;

    why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, result);
    gu_tls_push(s);
    if ((s->flags & GU_STREAM_BROKEN) != 0) /* the peer is gone */
        gu_tls_shaking_failed(tls, s->err < 0 ? s->err : -GUST_ECLOSED);
    else if (result == 1)
        well_shaken(tls);
    else if (why != SSL_ERROR_WANT_READ)
        gu_tls_shaking_failed(tls, refused(tls));
    ERR_clear_error();
    return tls->state == GU_TLS_OPEN;
}

static bool ssl_begin(struct gu_tls *tls)
{
    struct gu_stream *s = tls->stream;

    tls->ssl = gu_tls_ssl_new(tls, gu_tls_context_ctx(tls->context, s->net->loop->now));
    if (tls->ssl == NULL) {
        gu_tls_shaking_failed(tls, -ENOMEM);
        return false;
    }
    tls->state = GU_TLS_SHAKE;
    count_in(tls);
    return true;
}

/* A server's peer has said something. False when it has to wait for others. */
bool gu_tls_accept_begins(struct gu_tls *tls)
{
    struct gust_tls_context *context = tls->context;
    struct gu_stream *s = tls->stream;

    if (context->n_handshakes >= context->max_handshakes) {
        GU_LOG_ONCE_PER(60, s->net->loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "TLS: %zu handshakes at once, others wait (max_handshakes)",
                        context->n_handshakes);
        s->flags |= GU_STREAM_IN_LINE;
        gu_list_append(&context->waiting, &tls->turn);
        gu_stream_want(s);
        return false;
    }
    if (!ssl_begin(tls))
        return false;
    context->n_handshakes++;
    return true;
}

/* --- beginning --- */

static void shook_too_slowly(struct gu_timeout *timeout)
{
    struct gu_tls *tls = gu_container_of(timeout, struct gu_tls, timeout);

    gu_tls_shaking_failed(tls, -ETIMEDOUT);
}

/* Whom the client asks for, and whose certificate it then wants to see. */
static bool set_server_name(struct gu_tls *tls, const char *name)
{
    bool is_checked = !tls->context->options.no_name_check;
    bool is_ip = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), name) == 1;

    if (is_ip && !is_checked)
        return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(tls->ssl), NULL, 0) == 1;
    if (is_ip)
        return true;
    SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(tls->ssl, (char *)(uintptr_t)name) == 1 &&
           (!is_checked || SSL_set1_host(tls->ssl, name) == 1);
}

struct connecting {
    struct gu_tls *tls;
    const struct gu_tls_peer *peer;
};

static int connect_leaf(void *arg)
{
    struct connecting *c = arg;

    if (!ssl_begin(c->tls))
        return -ENOMEM;
    gu_tls_session_offer(c->tls, c->peer);
    return 0;
}

/* A client speaks first. */
static void connect_begins(struct gu_tls *tls, const struct gu_tls_peer *peer)
{
    struct connecting c = {tls, peer};

    if (gu_on_loop_stack(connect_leaf, &c) < 0)
        return;
    if (peer->name != NULL && !set_server_name(tls, peer->name))
        gu_tls_shaking_failed(tls, -ENOMEM);
    else
        gu_tls_shake(tls);
}

int gu_tls_begin_with(struct gu_stream *s, struct gust_tls_context *context,
                      const struct gu_tls_peer *peer, gu_tls_opened *opened, void *arg)
{
    struct gu_tls *tls = gu_tls_shared_of(s->net) == NULL ? NULL : gu_alloc0(sizeof *tls);
    struct gu_timeout_list *list =
        gu_timeout_list(s->net->loop, context->handshake_timeout, shook_too_slowly);

    if (tls == NULL || list == NULL) {
        gu_free(tls);
        return -ENOMEM;
    }
    *tls = (struct gu_tls){
        .ops = *s->ops,
        .stream = s,
        .context = context,
        .opened = opened,
        .arg = arg,
        .is_server = context->is_server,
    };
    context->n_refs++;
    gu_timeout_init(&tls->timeout);
    gu_list_init(&tls->turn);
    gu_timeout_start(list, &tls->timeout);
    s->ops = &tls->ops;
    s->flags |= GU_STREAM_TLS | GU_STREAM_SHAKING;
    gu_stream_want(s);
    if ((s->io.ready & GU_IN) != 0 || (s->flags & GU_STREAM_DISPATCHING) != 0)
        gu_loop_ready(s->net->loop, &s->again);
    if (!context->is_server)
        connect_begins(tls, peer);
    return 0;
}

void gu_tls_forget_opened(struct gu_stream *s)
{
    gu_tls_of(s)->opened = NULL;
}
