/*
 * tls — a layer below both faces of a stream
 *
 *   in:   kernel ─recv─▶ loop's ciphertext ─ SSL_read ─▶ loop's input buffer ─▶ received()
 *                            │ what is left when the protocol stops      │ not consumed
 *                            ▼                                           ▼
 *                         kept                                    pending block
 *
 *   out:  put, large, queue ─ SSL_write ─▶ loop's ciphertext ─▶ send ── not taken ──▶ front of
 *                                                                                    the queue
 *
 * A stream in plain text and one in TLS differ in two places: what a receive is, and what a send
 * is. All that is above stays as it was: pausing, pending bytes, corking, the queue, which holds
 * plain bytes that are encrypted when there is room for them, so that a large body is sent from
 * where it lies here too.
 *
 * OpenSSL reads and writes through a BIO of ours, over the loop's two buffers, and never waits in
 * it: where there is nothing to read it says "again". So an idle stream keeps no buffer, and no
 * task is ever switched inside the library. Its calls need more stack than a task has; where a
 * task may be the caller, it runs on the loop's.
 *
 * Ciphertext is kept in a stream only when its protocol stops in the middle of it. GU_IN is then
 * left in io.ready, though the kernel may have nothing, so that all who ask whether there is input
 * are told the truth.
 */
#include "net/tls.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/loopstack.h"
#include "net/address.h"
#include "net/stream_impl.h"
#include "net/stream_queue.h"
#include "net/tls_impl.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* --- what a loop's streams share --- */

struct gu_tls_shared *gu_tls_shared_of(struct gu_net *net)
{
    struct gu_tls_shared *shared = net->tls;
    char *both;

    if (shared != NULL)
        return shared;
    shared = gu_alloc0(sizeof *shared);
    if (shared == NULL)
        return NULL;
    both = mmap(NULL, GU_TLS_IN + GU_TLS_OUT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    if (both == MAP_FAILED) {
        gu_free(shared);
        return NULL;
    }
    shared->loop = net->loop;
    shared->trim.run = gu_tls_trim;
    shared->in = both;
    shared->out = both + GU_TLS_IN;
    net->tls = shared;
    return shared;
}

void gu_tls_shared_free(struct gu_net *net)
{
    if (net->tls == NULL)
        return;
    gu_timer_clear(net->loop, &net->tls->trim);
    gu_tls_known_free(net->tls);
    munmap(net->tls->in, GU_TLS_IN + GU_TLS_OUT);
    gu_free(net->tls);
    net->tls = NULL;
}

/* --- sending ciphertext --- */

/* Sends what is in the buffer. What is left stays there, for gu_tls_unsent(). */
static int push(struct gu_stream *s)
{
    struct gu_tls_shared *shared = s->net->tls;
    int err = 0;

    while (shared->n_sent < shared->n_out) {
        struct iovec iov = {shared->out + shared->n_sent, shared->n_out - shared->n_sent};
        ssize_t n = gu_stream_send_once(s, &iov, 1);

        if (n == -EAGAIN || n == -ENOBUFS)
            return (int)n;
        if (n < 0)
            err = (int)n;
        if (n < 0)
            break;
        shared->n_sent += (size_t)n;
    }
    shared->n_sent = shared->n_out = 0;
    return err;
}

gust_str gu_tls_unsent(struct gu_stream *s)
{
    struct gu_tls_shared *shared = s->net->tls;
    gust_str left = {shared->out + shared->n_sent, shared->n_out - shared->n_sent};

    shared->n_sent = shared->n_out = 0;
    return left;
}

/* Sends what a handshake, or an alert, has put there. */
void gu_tls_push(struct gu_stream *s)
{
    if ((s->flags & GU_STREAM_BROKEN) != 0)
        (void)gu_tls_unsent(s);
    else if (s->net->tls->n_out > 0)
        gu_stream_keep_sealed(s, gu_stream_is_sealed(s) ? -EAGAIN : push(s));
}

struct sealing {
    struct gu_tls *tls;
    struct iovec *iov;
    size_t n_iov, taken;
};

static int seal_leaf(void *arg)
{
    struct sealing *sealing = arg;

    ERR_clear_error();
    for (size_t i = 0; i < sealing->n_iov && sealing->taken < GU_TLS_SEAL; i++) {
        size_t n = gu_min(sealing->iov[i].iov_len, GU_TLS_SEAL - sealing->taken), done;

        if (n > 0 && SSL_write_ex(sealing->tls->ssl, sealing->iov[i].iov_base, n, &done) != 1)
            return -EPIPE;
        sealing->taken += n;
    }
    return 0;
}

int gu_tls_send(struct gu_stream *s, struct iovec *iov, size_t n_iov, size_t *sent)
{
    struct gu_tls *tls = gu_tls_of(s);
    int err = tls->state == GU_TLS_OPEN && !tls->has_left ? 0 : -EPIPE;

    *sent = 0;
    while (err == 0 && n_iov > 0) {
        struct sealing sealing = {tls, iov, n_iov, 0};

        err = gu_on_loop_stack(seal_leaf, &sealing);
        if (err < 0)
            break;
        *sent += sealing.taken;
        gu_stream_advance(&iov, &n_iov, sealing.taken);
        err = push(s);
    }
    return err;
}

/* --- receiving --- */

/* What to do when SSL_read() gave nothing, for the reason `why`. True to receive more. */
static bool not_read(struct gu_tls *tls, int why)
{
    struct gu_stream *s = tls->stream;

    switch (why) {
    case SSL_ERROR_NONE:
        return true;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: /* an answer to the peer was in the way */
        return (s->flags & GU_STREAM_BROKEN) == 0;
    case SSL_ERROR_ZERO_RETURN:
        if (!gu_stream_is_stopped(s)) /* else it is read again */
            gu_stream_end_input(s);
        return false;
    default:
        tls->state = GU_TLS_FAILED;
        gu_stream_break_input(s, -GUST_EPROTO);
        return false;
    }
}

/* Decrypts what is there, to the input buffer from `len` on; returns its new length. */
static size_t decrypt(struct gu_tls *tls, size_t len, int *why)
{
    struct gu_stream *s = tls->stream;
    int n = 1;

    ERR_clear_error();
    while (len < GU_NET_IN && n > 0) {
        n = SSL_read(tls->ssl, s->net->in + len, (int)(GU_NET_IN - len));
        if (n > 0)
            len += (size_t)n;
    }
    *why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, n);
    if (*why == SSL_ERROR_SSL)
        gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "TLS: %s", gu_tls_reason());
    ERR_clear_error();
    if (s->net->tls->n_out > 0)
        gu_tls_push(s); /* the buffer is the next one's who writes */
    return len;
}

/* Hands up what is there, behind what is pending, as far as there is room. True to receive more. */
static bool read_some(struct gu_tls *tls)
{
    struct gu_stream *s = tls->stream;
    size_t have = gu_stream_load_pending(s), len;
    int why;

    len = decrypt(tls, have, &why);
    tls->has_read |= len > have;
    if (len > have || have == GU_NET_IN) {
        if (!gu_stream_hand_up(s, len) || (s->pending != NULL && s->pending->len == GU_NET_IN))
            return false;
    }
    return not_read(tls, why);
}

/* Whether there is something that needs no more of the kernel's bytes. */
static bool has_more(const struct gu_tls *tls)
{
    const struct gu_tls_shared *shared = tls->stream->net->tls;

    return shared->at < shared->end ||
           (tls->state == GU_TLS_OPEN &&
            (SSL_pending(tls->ssl) > 0 ||
             (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0));
}

/* Works off what was received. False when there is nothing more to do now. */
static bool unseal(struct gu_tls *tls)
{
    bool goes_on = true;

    do {
        if (tls->state == GU_TLS_SHAKE && !gu_tls_shake(tls))
            return tls->state == GU_TLS_SHAKE;
        if (gu_stream_is_stopped(tls->stream))
            return false;
        goes_on = read_some(tls);
    } while (goes_on && has_more(tls));
    return goes_on;
}

static void kept_drop(struct gu_tls *tls)
{
    if (tls->kept == NULL)
        return;
    tls->stream->net->held -= tls->kept->size;
    gu_free(tls->kept);
    tls->kept = NULL;
}

/* Keeps the rest of the ciphertext until the protocol goes on. */
static void keep(struct gu_tls *tls)
{
    struct gu_stream *s = tls->stream;
    struct gu_tls_shared *shared = s->net->tls;
    size_t len = (size_t)(shared->end - shared->at);

    shared->reader = NULL;
    if ((s->flags & (GU_STREAM_CLOSED | GU_STREAM_ENDED)) != 0 || !has_more(tls))
        return;
    s->io.ready |= GU_IN;
    if (len == 0)
        return;
    tls->kept = gu_alloc(sizeof *tls->kept + len);
    if (tls->kept == NULL) {
        gu_stream_break_input(s, -ENOMEM);
        return;
    }
    *tls->kept = (struct gu_pending){(uint32_t)len, (uint32_t)len};
    memcpy(tls->kept->bytes, shared->at, len);
    s->net->held += len;
}

/* The connection ended, and the peer had not said that it would. */
static bool cut_off(struct gu_tls *tls)
{
    struct gu_stream *s = tls->stream;

    if (tls->state == GU_TLS_OPEN)
        gu_stream_break_input(s, -GUST_EPROTO);
    else if (tls->state < GU_TLS_OPEN)
        gu_tls_shaking_failed(tls, -GUST_ECLOSED);
    return false;
}

/* A reset ends a handshake too, and who waits for that is told. */
static bool not_received(struct gu_tls *tls, ssize_t n)
{
    struct gu_stream *s = tls->stream;
    bool goes_on = gu_stream_not_received(s, n);

    if ((s->flags & GU_STREAM_BROKEN) != 0 && tls->state < GU_TLS_OPEN)
        gu_tls_shaken(tls, s->err);
    return goes_on;
}

/* Has ciphertext to read: what was kept, or what the kernel has. 1, 0 at the end, negative errors;
 * *is_last as in a plain receive. */
static ssize_t load_input(struct gu_tls *tls, bool *is_last)
{
    struct gu_stream *s = tls->stream;
    struct gu_tls_shared *shared = s->net->tls;
    ssize_t n = 1;

    *is_last = false;
    shared->at = shared->end = shared->in;
    if (tls->kept != NULL) {
        memcpy(shared->in, tls->kept->bytes, tls->kept->len);
        shared->end += tls->kept->len;
        kept_drop(tls);
    } else if (!has_more(tls)) {
        n = gu_stream_receive(s, shared->in, GU_TLS_IN);
        if (n > 0)
            shared->end += n;
        *is_last = n > 0 && (size_t)n < GU_TLS_IN && (s->io.ready & GU_RDHUP) == 0;
    }
    if (*is_last)
        s->io.ready &= (uint8_t)~GU_IN;
    return n;
}

bool gu_tls_receive(struct gu_stream *s)
{
    struct gu_tls *tls = gu_tls_of(s);
    bool is_last, goes_on;
    ssize_t n;

    if ((s->flags & GU_STREAM_ENDED) != 0) {
        s->io.ready &= (uint8_t)~GU_IN;
        return false;
    }
    if (tls->state == GU_TLS_NEW && !gu_tls_accept_begins(tls))
        return false;
    n = load_input(tls, &is_last);
    if (n == 0)
        return cut_off(tls);
    if (n < 0)
        return not_received(tls, n);
    if ((s->flags & GU_STREAM_CLOSE_SENT) != 0) /* it lingers */
        return !is_last;
    s->net->tls->reader = tls;
    goes_on = unseal(tls);
    keep(tls);
    return goes_on && !is_last;
}

/* --- closing --- */

static int farewell_leaf(void *arg)
{
    ERR_clear_error();
    gust_ignore(SSL_shutdown(arg));
    ERR_clear_error();
    return 0;
}

void gu_tls_farewell(struct gu_stream *s)
{
    struct gu_tls *tls = gu_tls_of(s);

    if (tls->state != GU_TLS_OPEN || tls->has_left || (s->flags & GU_STREAM_BROKEN) != 0 ||
        s->out != NULL || s->net->corked == s)
        return;
    tls->has_left = true;
    gust_ignore(gu_on_loop_stack(farewell_leaf, tls->ssl));
    gust_ignore(push(s)); /* 24 bytes, into an empty queue */
    (void)gu_tls_unsent(s);
}

/* A server sends tickets when nobody has asked for anything, and closing on unread bytes resets the
 * connection, which may lose what was written. So a client that has read nothing yet, and cannot
 * know whether the tickets have come, waits for the server's end. */
bool gu_tls_lingers(struct gu_stream *s)
{
    struct gu_tls *tls = gu_tls_of(s);

    if (tls->is_server || tls->state != GU_TLS_OPEN || tls->has_read ||
        (s->flags & (GU_STREAM_BROKEN | GU_STREAM_ENDED)) != 0)
        return false;
    gust_ignore(gu_stream_shutdown(s));
    s->flags |= GU_STREAM_CLOSE_SENT;
    gu_stream_resume(s);
    return true;
}

/* After the batch, from the loop: the stream may have been closed inside a call of ours. */
static void tls_free(void *memory)
{
    struct gu_tls *tls = memory;

    if (tls->ssl != NULL)
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* resumable */
    SSL_free(tls->ssl);
    gust_tls_context_free(tls->context);
    gu_free(tls->whom);
    gu_free(tls);
}

void gu_tls_drop(struct gu_stream *s)
{
    struct gu_tls *tls = gu_tls_of(s);

    if (tls->state < GU_TLS_OPEN)
        gu_tls_shaken(tls, -GUST_ECLOSED);
    kept_drop(tls);
    gu_loop_free_later(s->net->loop, tls, tls_free);
}

void gu_tls_move(struct gu_stream *from, struct gu_stream *to)
{
    struct gu_tls *tls = gu_tls_of(from);

    gu_assert(tls->state >= GU_TLS_OPEN);
    tls->ops = *to->ops;
    tls->stream = to;
    to->ops = &tls->ops;
    to->flags |= GU_STREAM_TLS;
    from->flags &= (uint16_t)~GU_STREAM_TLS;
    if (tls->kept != NULL || SSL_pending(tls->ssl) > 0)
        to->io.ready |= GU_IN;
}
