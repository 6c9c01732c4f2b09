/*
 * stream — input, and the life of a stream
 *
 * Readiness is kept as bits, because the poller may tell it only once: IN stays set until a receive
 * came back short. One dispatch receives a bounded number of times; what is left goes on in the
 * next turn, so that one fast peer does not hold the loop.
 */
#include "base/alloc.h"
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/stream_impl.h"
#include "net/stream_queue.h"
#include "net/tls.h"
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVES_PER_DISPATCH 4
#define PENDING_ROUND 512u

/* --- pending bytes --- */

static void pending_drop(struct gu_stream *s)
{
    if (s->pending == NULL)
        return;
    s->net->held -= s->pending->size;
    gu_free(s->pending);
    s->pending = NULL;
}

static struct gu_pending *pending_new(struct gu_net *net, size_t len)
{
    size_t size = (len + PENDING_ROUND - 1) & ~(size_t)(PENDING_ROUND - 1);
    struct gu_pending *pending = gu_alloc(sizeof *pending + size);

    if (pending == NULL)
        return NULL;
    pending->size = (uint32_t)size;
    net->held += size;
    return pending;
}

/* Keeps what the protocol left of the input buffer. False when memory is short. */
static bool pending_keep(struct gu_stream *s, const char *bytes, size_t len)
{
    if (s->pending != NULL && (s->pending->size < len || s->pending->size / 4 > len))
        pending_drop(s);
    if (len == 0) {
        pending_drop(s);
        return true;
    }
    if (s->pending == NULL)
        s->pending = pending_new(s->net, len);
    if (s->pending == NULL)
        return false;
    memcpy(s->pending->bytes, bytes, len);
    s->pending->len = (uint32_t)len;
    return true;
}

/* --- what is told --- */

static bool is_stopped(const struct gu_stream *s)
{
    const unsigned stops = GU_STREAM_PAUSED | GU_STREAM_IN_LINE | GU_STREAM_CLOSED;

    if (gu_unlikely((s->flags & stops) != 0) &&
        (s->flags & (stops | GU_STREAM_SHAKING)) != (GU_STREAM_PAUSED | GU_STREAM_SHAKING))
        return true;
    return s->out != NULL && (s->flags & GU_STREAM_DUPLEX) == 0;
}

/* Of a stream that is not read: that its peer left, and after that, where somebody wants to know,
 * that the connection broke. */
static unsigned wanted_unread(const struct gu_stream *s)
{
    if ((s->flags & (GU_STREAM_HUNG_UP | GU_STREAM_BROKEN | GU_STREAM_ENDED)) != 0)
        return 0;
    if ((s->flags & GU_STREAM_LEFT) == 0)
        return GU_RDHUP;
    return s->ops->left != NULL ? GU_ERR : 0;
}

static unsigned wanted(const struct gu_stream *s)
{
    const unsigned no_input = GU_STREAM_PAUSED | GU_STREAM_ENDED | GU_STREAM_CLOSED;

    if (s->out != NULL && (s->flags & (GU_STREAM_DUPLEX | no_input)) == GU_STREAM_DUPLEX)
        return GU_OUT | GU_IN;
    if (s->out != NULL)
        return GU_OUT | wanted_unread(s);
    if ((s->flags & (GU_STREAM_ENDED | GU_STREAM_IN_LINE | GU_STREAM_CLOSED)) != 0)
        return 0;
    if ((s->flags & GU_STREAM_PAUSED) == 0 || (s->flags & GU_STREAM_SHAKING) != 0)
        return GU_IN;
    return wanted_unread(s);
}

void gu_stream_want(struct gu_stream *s)
{
    gu_loop_want(s->net->loop, &s->io, wanted(s));
}

void gu_stream_fail(struct gu_stream *s, int err)
{
    struct gu_net *net = s->net;

    if ((s->flags & (GU_STREAM_BROKEN | GU_STREAM_CLOSED)) != 0)
        return;
    s->flags |= GU_STREAM_BROKEN;
    s->err = err;
    gu_stream_drop_put(s);
    gu_stream_drop_queue(s, -GUST_ECLOSED);
    gu_stream_want(s);
    gu_loop_ready(net->loop, &s->again);
}

static void tell_broken(struct gu_stream *s)
{
    int err = s->err;

    s->err = 0;
    if ((s->flags & GU_STREAM_CLOSE_SENT) != 0)
        gu_stream_close(s);
    else
        s->ops->ended(s, err);
}

static void end_input(struct gu_stream *s)
{
    s->io.ready &= (uint8_t)~GU_IN;
    if ((s->flags & GU_STREAM_ENDED) != 0)
        return;
    s->flags |= GU_STREAM_ENDED;
    gu_stream_want(s);
    s->ops->ended(s, 0);
}

static void break_input(struct gu_stream *s, int err)
{
    s->io.ready &= (uint8_t)~GU_IN;
    s->flags |= GU_STREAM_ENDED;
    gu_stream_fail(s, err);
}

static int error_of(const struct gu_stream *s)
{
    int err = 0;
    socklen_t len = sizeof err;

    if (gu_is_memory(s->io.fd))
        return gu_memory_error(s->net, s->io.fd);
    if ((s->flags & GU_STREAM_IS_SOCKET) == 0)
        return 0;
    return getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno : -err;
}

/* Nobody reads now, and the protocol wants to know that the peer is gone. */
static gu_cold void peer_left(struct gu_stream *s, unsigned events)
{
    bool was_told;
    int err = 0;

    if ((s->flags & (GU_STREAM_CLOSED | GU_STREAM_ENDED | GU_STREAM_BROKEN)) != 0)
        return;
    if ((events & GU_ERR) != 0)
        err = error_of(s);
    if (err < 0) {
        gu_stream_fail(s, err);
        return;
    }
    was_told = (s->flags & GU_STREAM_LEFT) != 0;
    s->flags |= GU_STREAM_LEFT;
    if (was_told && (events & GU_ERR) != 0)
        s->flags |= GU_STREAM_HUNG_UP;
    gu_stream_want(s);
    if (!was_told && s->ops->left != NULL)
        s->ops->left(s);
}

/* --- receiving --- */

static gu_noinline ssize_t receive_no_socket(struct gu_stream *s, char *to, size_t size)
{
    return gu_is_memory(s->io.fd) ? gu_memory_read(s->net, s->io.fd, to, size)
                                  : read(s->io.fd, to, size);
}

static gu_inline ssize_t receive(struct gu_stream *s, char *to, size_t size)
{
    ssize_t n;

    do
        n = gu_likely((s->flags & GU_STREAM_IS_SOCKET) != 0) ? recv(s->io.fd, to, size, 0)
                                                             : receive_no_socket(s, to, size);
    while (gu_unlikely(n < 0 && errno == EINTR));
    return n;
}

/* Hands the first `len` bytes of the input buffer up. False when the stream is closed, or what is
 * left could not be kept. */
static gu_inline bool hand_up(struct gu_stream *s, size_t len)
{
    char *in = s->net->in;
    size_t used = s->ops->received(s, in, len);

    gu_assert(used <= len);
    if (gu_likely(used == len && s->pending == NULL))
        return (s->flags & GU_STREAM_CLOSED) == 0;
    if ((s->flags & GU_STREAM_CLOSED) != 0)
        return false;
    if (pending_keep(s, in + used, len - used))
        return true;
    break_input(s, -ENOMEM);
    return false;
}

/* Bytes that were left are handed up again without waiting for more of them. False when none of
 * them was taken. */
static gu_noinline bool hand_up_pending(struct gu_stream *s)
{
    size_t len = s->pending->len;

    memcpy(s->net->in, s->pending->bytes, len);
    return hand_up(s, len) && (s->pending == NULL || s->pending->len < len);
}

static gu_cold bool not_received(struct gu_stream *s, ssize_t n)
{
    if (n == 0) {
        end_input(s);
        return false;
    }
    switch (errno) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
        s->io.ready &= (uint8_t)~GU_IN;
        return false;
    case ENOBUFS:
    case ENOMEM: /* the kernel is short: try again next turn */
        gu_loop_ready(s->net->loop, &s->again);
        return false;
    default:
        break_input(s, -errno);
        return false;
    }
}

/* One receive, behind what is pending. False when there is nothing more to do now. */
static gu_inline bool receive_once(struct gu_stream *s)
{
    struct gu_net *net = s->net;
    size_t have = s->pending == NULL ? 0 : s->pending->len;
    bool is_last;
    ssize_t n;

    if (gu_unlikely((s->flags & GU_STREAM_TLS) != 0))
        return gu_tls_receive(s);
    if (gu_unlikely(have > 0)) {
        if (have == GU_NET_IN)
            return hand_up_pending(s);
        memcpy(net->in, s->pending->bytes, have);
    }
    n = receive(s, net->in + have, GU_NET_IN - have);
    if (gu_unlikely(n <= 0))
        return not_received(s, n);
    /* Short, and no end of input behind it: a socket has no more (epoll(7)); a terminal may. */
    is_last = (size_t)n < GU_NET_IN - have && (s->io.ready & GU_RDHUP) == 0 &&
              (s->flags & GU_STREAM_IS_SOCKET) != 0;
    if (is_last)
        s->io.ready &= (uint8_t)~GU_IN;
    return hand_up(s, have + (size_t)n) && !is_last;
}

/* Behind the first dispatch of what gu_stream_open_accepted() opened. */
static void watch_now(struct gu_stream *s)
{
    int err = gu_loop_watch_now(s->net->loop, &s->io);

    if (gu_unlikely(err < 0))
        gu_stream_fail(s, err);
}

/* Inlined into its two callers, with what it calls: behind a system call every return is
 * mispredicted. */
static gu_inline void dispatch(struct gu_stream *s, bool is_again)
{
    struct gu_net *net = s->net;
    int rounds = RECEIVES_PER_DISPATCH;

    if (gu_unlikely((s->flags & (GU_STREAM_DISPATCHING | GU_STREAM_CLOSED)) != 0))
        return;
    s->flags |= GU_STREAM_DISPATCHING;
    if (gu_unlikely(is_again) && s->pending != NULL && !is_stopped(s))
        hand_up_pending(s);
    while ((s->io.ready & GU_IN) != 0 && !is_stopped(s) && receive_once(s))
        if (--rounds == 0) {
            gu_loop_ready(net->loop, &s->again);
            break;
        }
    s->flags &= (uint16_t)~GU_STREAM_DISPATCHING;
    if (gu_likely(net->corked == s))
        gu_stream_hold(s);
    if (gu_unlikely(is_again)) {
        gu_stream_flush(s); /* behind the batch, which does not wait for it */
        watch_now(s);
        if ((s->io.ready & GU_RDHUP) != 0 && (s->flags & GU_STREAM_LEFT) == 0 &&
            s->ops->left != NULL && is_stopped(s))
            peer_left(s, GU_RDHUP | GU_ERR);
    }
    if (gu_unlikely(s->err != 0) && (s->flags & GU_STREAM_CLOSED) == 0)
        tell_broken(s);
}

/* --- for TLS --- */

ssize_t gu_stream_receive(struct gu_stream *s, char *to, size_t size)
{
    return receive(s, to, size);
}

bool gu_stream_not_received(struct gu_stream *s, ssize_t n)
{
    return not_received(s, n);
}

size_t gu_stream_load_pending(struct gu_stream *s)
{
    if (s->pending == NULL)
        return 0;
    memcpy(s->net->in, s->pending->bytes, s->pending->len);
    return s->pending->len;
}

bool gu_stream_hand_up(struct gu_stream *s, size_t len)
{
    return hand_up(s, len);
}

void gu_stream_end_input(struct gu_stream *s)
{
    end_input(s);
}

void gu_stream_break_input(struct gu_stream *s, int err)
{
    break_input(s, err);
}

bool gu_stream_is_stopped(const struct gu_stream *s)
{
    return is_stopped(s);
}

/* --- events --- */

void gu_stream_on_events(struct gu_io *io, unsigned events)
{
    struct gu_stream *s = gu_container_of(io, struct gu_stream, io);

    /* Behind an error there may be bytes, and then an end: all of it is to be read. */
    if (gu_unlikely((events & GU_ERR) != 0))
        events |= GU_IN | GU_OUT | GU_RDHUP;
    io->ready |= (uint8_t)(events & ~(unsigned)GU_ERR);
    if (gu_unlikely((events & GU_OUT) != 0 && s->out != NULL)) {
        if (!gu_stream_send_queue(s))
            return;
        if (s->out == NULL)
            gu_loop_ready(s->net->loop, &s->again); /* what waits behind the answers */
    }
    if (gu_unlikely((events & GU_RDHUP) != 0) && is_stopped(s))
        peer_left(s, events);
    if ((io->ready & GU_IN) != 0)
        dispatch(s, false);
}

static void on_again(struct gu_ready *ready)
{
    dispatch(gu_container_of(ready, struct gu_stream, again), true);
}

/* --- life --- */

void gu_stream_init(struct gu_stream *s, struct gu_net *net, const struct gu_stream_ops *ops,
                    int fd, bool is_socket)
{
    uint16_t gen = s->io.gen;

    *s = (struct gu_stream){
        .io = {.on_events = gu_stream_on_events, .fd = fd, .gen = gen},
        .ops = ops,
        .net = net,
        .again = {.run = on_again},
        .flags = is_socket ? GU_STREAM_IS_SOCKET : 0,
    };
}

/* Memory is watched without the loop. */
static bool is_watched_memory(struct gu_stream *s)
{
    if (gu_likely(!gu_is_memory(s->io.fd)))
        return false;
    s->flags = 0;
    gu_memory_watch(s->net, s->io.fd, &s->io);
    return true;
}

int gu_stream_open(struct gu_stream *s, struct gu_net *net, const struct gu_stream_ops *ops, int fd,
                   bool is_socket)
{
    gu_stream_init(s, net, ops, fd, is_socket);
    return is_watched_memory(s) ? 0 : gu_loop_watch(net->loop, &s->io, GU_IN);
}

void gu_stream_open_accepted(struct gu_stream *s, struct gu_net *net,
                             const struct gu_stream_ops *ops, int fd)
{
    gu_stream_init(s, net, ops, fd, true);
    if (is_watched_memory(s))
        return;
    gu_loop_watch_late(&s->io, GU_IN);
    s->io.ready = GU_IN;
    gu_loop_ready(net->loop, &s->again);
}

void gu_stream_pause(struct gu_stream *s)
{
    s->flags = (uint16_t)((s->flags & ~(unsigned)GU_STREAM_LEFT) | GU_STREAM_PAUSED);
    gu_stream_want(s);
    if (gu_unlikely((s->io.ready & GU_RDHUP) != 0) && s->ops->left != NULL)
        gu_loop_ready(s->net->loop, &s->again); /* it came with the bytes, and comes but once */
}

void gu_stream_resume(struct gu_stream *s)
{
    if ((s->flags & GU_STREAM_CLOSED) != 0)
        return;
    s->flags &= (uint16_t)~GU_STREAM_PAUSED;
    gu_stream_want(s);
    /* Inside `received` it is not known yet what will be pending. */
    if (s->pending != NULL || (s->io.ready & GU_IN) != 0 || (s->flags & GU_STREAM_DISPATCHING) != 0)
        gu_loop_ready(s->net->loop, &s->again);
}

static void unlink_from_loop(struct gu_stream *s)
{
    struct gu_net *net = s->net;

    s->flags |= GU_STREAM_CLOSED;
    s->err = 0;
    gu_stream_drop_put(s);
    gu_loop_unready(net->loop, &s->again);
    gu_stream_drop_queue(s, -GUST_ECLOSED);
}

static void close_descriptor(struct gu_stream *s)
{
    int fd = s->io.fd;

    if (gu_is_memory(fd)) {
        gu_memory_close(s->net, fd, (s->flags & GU_STREAM_BROKEN) != 0);
        return;
    }
    gu_loop_unwatch(s->net->loop, &s->io, true);
    close(fd);
}

void gu_stream_close(struct gu_stream *s)
{
    if ((s->flags & GU_STREAM_CLOSED) != 0)
        return;
    if (gu_stream_is_tls(s))
        gu_tls_farewell(s);
    unlink_from_loop(s);
    pending_drop(s);
    close_descriptor(s);
    s->ops->closed(s);
    if (gu_stream_is_tls(s))
        gu_tls_drop(s);
}

void gu_stream_cut(struct gu_stream *s)
{
    s->flags |= GU_STREAM_BROKEN;
    gu_stream_close(s);
}

int gu_stream_shutdown(struct gu_stream *s)
{
    bool is_memory = gu_is_memory(s->io.fd);

    if (!is_memory && (s->flags & GU_STREAM_IS_SOCKET) == 0)
        return -ENOTSOCK;
    if (gu_stream_is_tls(s))
        gu_tls_farewell(s);
    if (is_memory) {
        gu_memory_shutdown(s->net, s->io.fd);
        return 0;
    }
    return shutdown(s->io.fd, SHUT_WR) < 0 ? -errno : 0;
}

int gu_stream_detach(struct gu_stream *s, const char *unread, size_t len,
                     struct gu_pending **pending)
{
    int fd = s->io.fd;

    gu_assert((s->flags & GU_STREAM_CLOSED) == 0 && s->out == NULL && s->net->corked != s &&
              (s->flags & GU_STREAM_HELD) == 0);
    if (unread != NULL && !pending_keep(s, unread, len))
        return -ENOMEM;
    unlink_from_loop(s);
    *pending = s->pending;
    if (s->pending != NULL)
        s->net->held -= s->pending->size;
    s->pending = NULL;
    if (gu_is_memory(fd))
        gu_memory_unwatch(s->net, fd);
    else
        gu_loop_unwatch(s->net->loop, &s->io, false);
    s->ops->closed(s);
    return fd;
}
