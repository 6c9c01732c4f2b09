/*
 * stream — output
 *
 * The usual answer is one copy into the loop's buffer and one send() of it, behind the batch of
 * events that it belongs to. Everything else, large bodies, peers that read slowly, comes down to
 * iovecs: what was put, then what lies elsewhere; and what the kernel leaves of them becomes
 * entries of the queue (net/stream_queue.h).
 *
 * A short send is followed by another until the kernel says EAGAIN: only then does it promise to
 * tell when there is room again.
 */
#include "base/str.h"
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/stream_impl.h"
#include "net/stream_queue.h"
#include "net/tls.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define IOVECS 16
#define RECORD ((size_t)16384) /* plain bytes of a TLS record */

/* --- the kernel --- */

/* -ENOBUFS is the kernel short of memory, which it will not tell the end of. */
static int error_of_send(void)
{
    if (errno == EWOULDBLOCK)
        return -EAGAIN;
    return errno == ENOMEM ? -ENOBUFS : -errno;
}

static ssize_t send_no_socket(struct gu_stream *s, const struct iovec *iov, size_t n_iov)
{
    return gu_is_memory(s->io.fd) ? gu_memory_write(s->net, s->io.fd, iov, n_iov)
                                  : writev(s->io.fd, iov, (int)n_iov);
}

/* Bytes taken, or a negative error. */
static ssize_t send_once(struct gu_stream *s, struct iovec *iov, size_t n_iov)
{
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = n_iov};
    ssize_t n;

    do {
        if ((s->flags & GU_STREAM_IS_SOCKET) == 0)
            n = send_no_socket(s, iov, n_iov);
        else if (n_iov == 1)
            n = send(s->io.fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
        else
            n = sendmsg(s->io.fd, &message, MSG_NOSIGNAL);
    } while (gu_unlikely(n < 0 && errno == EINTR));
    if (gu_likely(n > 0))
        return n;
    return n == 0 ? -EAGAIN : error_of_send();
}

static void advance(struct iovec **iov, size_t *n_iov, size_t n)
{
    while (*n_iov > 0 && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        ++*iov;
        --*n_iov;
    }
    if (*n_iov > 0) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

/* Sends until all is taken (0) or nothing more can be now (an error); *sent is what was taken. The
 * iovecs are used up. */
static int send_as_it_is(struct gu_stream *s, struct iovec *iov, size_t n_iov, size_t *sent)
{
    *sent = 0;
    while (n_iov > 0) {
        ssize_t n = send_once(s, iov, n_iov);

        if (gu_unlikely(n < 0))
            return (int)n;
        *sent += (size_t)n;
        advance(&iov, &n_iov, (size_t)n);
    }
    return 0;
}

/* The same for plain bytes of a stream that may have to encrypt them. */
static int send_all(struct gu_stream *s, struct iovec *iov, size_t n_iov, size_t *sent)
{
    return gu_unlikely(gu_stream_is_tls(s)) ? gu_tls_send(s, iov, n_iov, sent)
                                            : send_as_it_is(s, iov, n_iov, sent);
}

ssize_t gu_stream_send_once(struct gu_stream *s, struct iovec *iov, size_t n_iov)
{
    return send_once(s, iov, n_iov);
}

void gu_stream_advance(struct iovec **iov, size_t *n_iov, size_t n)
{
    advance(iov, n_iov, n);
}

/* --- from the queue --- */

static int send_some(struct gu_stream *s)
{
    bool is_sealed = s->out->first->is_sealed;
    struct iovec iov[IOVECS];
    size_t n_iov = 0, sent;
    int err;

    for (struct gu_out *out = s->out->first; out != NULL && n_iov < IOVECS; out = out->next)
        if (out->is_sealed == is_sealed)
            iov[n_iov++] = (struct iovec){(void *)(uintptr_t)out->ptr, out->len};
        else
            break;
    err = is_sealed ? send_as_it_is(s, iov, n_iov, &sent) : send_all(s, iov, n_iov, &sent);
    gu_stream_queue_sent(s, sent);
    return err;
}

static void all_is_sent(struct gu_stream *s)
{
    if (!gu_stream_is_tls(s) || !gu_tls_lingers(s))
        gu_stream_close(s);
}

bool gu_stream_send_queue(struct gu_stream *s)
{
    int err = 0;

    while (s->out != NULL && err == 0)
        err = send_some(s);
    if (err < 0) {
        gu_stream_queue_stopped(s, err);
        return true;
    }
    gu_stream_want(s);
    if ((s->flags & GU_STREAM_CLOSE_SENT) != 0)
        all_is_sent(s);
    else
        s->ops->drained(s);
    return (s->flags & GU_STREAM_CLOSED) == 0;
}

void gu_stream_keep_sealed(struct gu_stream *s, int err)
{
    if (gu_stream_is_for_now(err))
        gu_stream_queue_sealed(s);
    if (err < 0)
        gu_stream_queue_stopped(s, err);
}

/* --- the output buffer --- */

/* Keeps what a send left, which ended with `err` if it did not take all: of `first`, and then of
 * `bytes`, from `n` on. */
static gu_noinline void keep_unsent(struct gu_stream *s, int err, size_t n, gust_str first,
                                    gust_str bytes, struct gu_chunk **hold)
{
    if (err < 0 && !gu_stream_is_for_now(err)) {
        gu_stream_fail(s, err);
        return;
    }
    if (n < first.len)
        gu_stream_queue_add(s, first.ptr + n, first.len - n, NULL);
    n = n > first.len ? n - first.len : 0;
    gu_stream_queue_add(s, bytes.ptr + n, bytes.len - n, hold);
    if (bytes.len > 0 && s->out != NULL)
        s->out->max_behind = s->out->len + GU_NET_COPY;
    if (err < 0)
        gu_stream_queue_stopped(s, err);
}

/* A head of a few hundred bytes is not worth a record of its own: what follows it goes in, if it
 * was put last. */
static void fill_record(struct gu_net *net, gust_str *first, gust_str *bytes)
{
    char *last = net->out + net->out_len;
    size_t n = first->len == 0 ? 0 : gu_min(bytes->len, RECORD - first->len % RECORD);

    if (n == 0 || first->ptr != last || n > GU_NET_OUT - net->out_len - first->len)
        return;
    memcpy(last + first->len, bytes->ptr, n);
    first->len += n;
    *bytes = gu_str(bytes->ptr + n, bytes->len - n);
}

/* Sends `first` and then `bytes`; keeps what is left. */
static gu_noinline void send_both(struct gu_stream *s, gust_str first, gust_str bytes,
                                  struct gu_chunk **hold)
{
    size_t n = 0;
    int err = 0;

    if ((s->flags & GU_STREAM_UNSENDABLE) != 0)
        return;
    if (gu_unlikely(gu_stream_is_tls(s)))
        fill_record(s->net, &first, &bytes);
    if (s->out == NULL) {
        struct iovec iov[2] = {{(void *)(uintptr_t)first.ptr, first.len},
                               {(void *)(uintptr_t)bytes.ptr, bytes.len}};

        err = first.len == 0 ? send_all(s, iov + 1, 1, &n)
                             : send_all(s, iov, bytes.len == 0 ? 1 : 2, &n);
        if (err == 0)
            return;
        if (gu_stream_is_tls(s) && gu_stream_is_for_now(err))
            gu_stream_queue_sealed(s);
    } else if (gu_stream_queue_is_full(s, bytes.len)) { /* once: what was put goes with it */
        gu_stream_fail(s, -GUST_EFULL);
        return;
    }
    keep_unsent(s, err, n, first, bytes, hold);
}

/* The usual one: to a socket that takes all of it. Inlined, since every return behind a system call
 * is mispredicted. */
static gu_inline void send_put(struct gu_stream *s, gust_str put)
{
    const gust_str none = {"", 0};
    ssize_t n;

    if (gu_unlikely(s->out != NULL) ||
        gu_unlikely((s->flags & (GU_STREAM_UNSENDABLE | GU_STREAM_IS_SOCKET | GU_STREAM_TLS)) !=
                    GU_STREAM_IS_SOCKET)) {
        send_both(s, put, none, NULL);
        return;
    }
    n = send(s->io.fd, put.ptr, put.len, MSG_NOSIGNAL);
    if (gu_likely(n == (ssize_t)put.len))
        return;
    if (n > 0)
        send_both(s, gu_str(put.ptr + n, put.len - (size_t)n), none, NULL);
    else if (n < 0 && errno != EINTR)
        keep_unsent(s, error_of_send(), 0, put, none, NULL);
    else
        send_both(s, put, none, NULL);
}

static struct gu_held *held_of(struct gu_stream *s)
{
    struct gu_held *held = &s->net->turns[s->net->n_turns];

    while ((--held)->s != s)
        continue;
    return held;
}

size_t gu_stream_unsent(const struct gu_stream *s)
{
    const struct gu_net *net = s->net;
    size_t queued = s->out == NULL ? 0 : s->out->len;

    if (net->corked == s)
        return queued + net->out_len - net->out_at;
    if ((s->flags & GU_STREAM_HELD) != 0)
        return queued + held_of((struct gu_stream *)(uintptr_t)s)->len;
    return queued;
}

/* Takes out of the buffer what a stream has put; good until something else is put. */
static gust_str take_put(struct gu_stream *s)
{
    struct gu_net *net = s->net;
    gust_str put = {"", 0};

    if (net->corked == s) {
        put = gu_str(net->out + net->out_at, net->out_len - net->out_at);
        net->corked = NULL;
        net->out_len = net->out_at;
    } else if ((s->flags & GU_STREAM_HELD) != 0) {
        struct gu_held *held = held_of(s);

        put = gu_str(net->out + held->at, held->len);
        held->s = NULL;
        s->flags &= (uint16_t)~GU_STREAM_HELD;
    }
    return put;
}

void gu_stream_drop_put(struct gu_stream *s)
{
    take_put(s);
}

void gu_stream_flush(struct gu_stream *s)
{
    gust_str put = take_put(s);

    if (gu_likely(put.len > 0))
        send_put(s, put);
}

/* Sends what is held. None of the protocols is called from here, so nothing is put meanwhile. */
static gu_inline void send_held(struct gu_net *net)
{
    for (unsigned i = 0; i < net->n_turns; i++) {
        struct gu_held *held = &net->turns[i];

        if (gu_unlikely(held->s == NULL))
            continue;
        held->s->flags &= (uint16_t)~GU_STREAM_HELD;
        send_put(held->s, gu_str(net->out + held->at, held->len));
    }
    net->n_turns = 0;
}

void gu_net_uncork(struct gu_ready *ready)
{
    struct gu_net *net = gu_container_of(ready, struct gu_net, uncork);

    send_held(net);
    if (net->corked != NULL)
        gu_stream_flush(net->corked);
}

void gu_stream_hold(struct gu_stream *s)
{
    struct gu_net *net = s->net;
    size_t len = net->out_len - net->out_at;

    net->corked = NULL;
    if (gu_unlikely(len == 0))
        return;
    net->turns[net->n_turns++] = (struct gu_held){s, (uint32_t)net->out_at, (uint32_t)len};
    s->flags |= GU_STREAM_HELD;
    if (net->n_turns == GU_NET_HELD)
        send_held(net);
    else
        gu_loop_ready(net->loop, &net->uncork);
}

/* Makes the buffer this stream's; nobody's, if what is written is to go nowhere. What it has put
 * before leaves before. */
static gu_noinline void cork(struct gu_stream *s)
{
    struct gu_net *net = s->net;

    if (net->corked != NULL)
        gu_stream_hold(net->corked);
    if (gu_unlikely((s->flags & GU_STREAM_HELD) != 0))
        gu_stream_flush(s);
    if (net->n_turns == 0)
        net->out_len = 0;
    net->out_at = net->out_len;
    if ((s->flags & GU_STREAM_UNSENDABLE) != 0)
        return;
    net->corked = s;
    if ((s->flags & GU_STREAM_DISPATCHING) == 0)
        gu_loop_ready(net->loop, &net->uncork);
}

/* Empties the buffer. */
static gu_noinline void make_room(struct gu_stream *s)
{
    gu_stream_flush(s);
    send_held(s->net);
    cork(s);
}

char *gu_stream_reserve(struct gu_stream *s, size_t size)
{
    struct gu_net *net = s->net;

    gu_assert(size <= GU_NET_OUT);
    if (gu_unlikely(net->corked != s))
        cork(s);
    if (gu_unlikely(size > GU_NET_OUT - net->out_len))
        make_room(s);
    return net->out + net->out_len;
}

void gu_stream_commit(struct gu_stream *s, size_t len)
{
    if (gu_likely(s->net->corked == s))
        s->net->out_len += len;
}

void gu_stream_put(struct gu_stream *s, const void *bytes, size_t len)
{
    if (len >= GU_NET_COPY) {
        gu_stream_put_large(s, bytes, len, NULL);
        return;
    }
    memcpy(gu_stream_reserve(s, len), bytes, len);
    gu_stream_commit(s, len);
}

void gu_stream_put_large(struct gu_stream *s, const void *bytes, size_t len, struct gu_chunk **hold)
{
    if (len > 0)
        send_both(s, take_put(s), gu_str(bytes, len), hold);
}

/* --- waiting for room --- */

int gu_stream_wait_sent(struct gu_stream *s, size_t most)
{
    int err;

    gu_stream_flush(s);
    err = gu_stream_queue_wait(s, most);
    if (err < 0)
        return err;
    return (s->flags & GU_STREAM_UNSENDABLE) != 0 ? -GUST_ECLOSED : 0;
}

/* --- closing when all is sent --- */

void gu_stream_close_sent(struct gu_stream *s)
{
    gu_stream_flush(s);
    if (s->out == NULL)
        all_is_sent(s);
    else
        s->flags |= GU_STREAM_CLOSE_SENT;
}
