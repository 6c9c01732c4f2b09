/*
 * stream — output
 *
 * The usual answer is one copy into the loop's buffer and one send() of it. Everything else, large
 * bodies, peers that read slowly, comes down to iovecs: what was put, then what lies elsewhere; and
 * what the kernel leaves of them becomes entries of the queue.
 *
 * A short send is followed by another until the kernel says EAGAIN: only then does it promise to
 * tell when there is room again.
 */
#include "base/alloc.h"
#include "net/net_impl.h"
#include "net/stream_impl.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define IOVECS 16
#define RETRY (GU_SECOND / 100)
#define UNSENDABLE (GU_STREAM_BROKEN | GU_STREAM_CLOSED)

/* --- the kernel --- */

/* Bytes taken, or a negative error. -ENOBUFS is the kernel short of memory, which it will not tell
 * the end of. */
static ssize_t send_once(struct gu_stream *s, struct iovec *iov, size_t n_iov)
{
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = n_iov};
    ssize_t n;

    do {
        if ((s->flags & GU_STREAM_IS_SOCKET) == 0)
            n = writev(s->io.fd, iov, (int)n_iov);
        else if (n_iov == 1)
            n = send(s->io.fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
        else
            n = sendmsg(s->io.fd, &message, MSG_NOSIGNAL);
    } while (gu_unlikely(n < 0 && errno == EINTR));
    if (gu_likely(n > 0))
        return n;
    if (n == 0 || errno == EWOULDBLOCK)
        return -EAGAIN;
    return errno == ENOMEM ? -ENOBUFS : -errno;
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
static int send_all(struct gu_stream *s, struct iovec *iov, size_t n_iov, size_t *sent)
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

/* --- the queue --- */

struct room_wait {
    struct gu_wait base;
    size_t most;
};

static void out_free(struct gu_net *net, struct gu_out *out)
{
    net->queued -= out->size;
    gu_chunks_release(out->hold);
    gu_free(out);
}

static void queue_free(struct gu_stream *s, int err)
{
    struct gu_out_queue *queue = s->out;
    struct gu_link *link;

    s->out = NULL;
    gu_timer_clear(s->net->loop, &queue->retry);
    while ((link = gu_list_pop(&queue->waits)) != NULL)
        gu_task_wake(gu_container_of(link, struct gu_wait, link)->task, err);
    gu_free(queue);
}

void gu_stream_drop_queue(struct gu_stream *s, int err)
{
    if (s->out == NULL)
        return;
    while (s->out->first != NULL) {
        struct gu_out *out = s->out->first;

        s->out->first = out->next;
        out_free(s->net, out);
    }
    queue_free(s, err);
}

static void on_retry(struct gu_timer *timer)
{
    struct gu_stream *s = gu_container_of(timer, struct gu_out_queue, retry)->stream;

    gu_stream_on_events(&s->io, GU_OUT);
}

static bool queue_make(struct gu_stream *s)
{
    struct gu_out_queue *queue = gu_alloc(sizeof *queue);

    if (queue == NULL)
        return false;
    *queue = (struct gu_out_queue){
        .retry = {.run = on_retry},
        .stream = s,
    };
    queue->last = &queue->first;
    gu_list_init(&queue->waits);
    if (s->ops->blocked != NULL)
        queue->max = s->ops->blocked(s);
    s->out = queue;
    s->io.ready &= (uint8_t)~GU_OUT;
    gu_stream_want(s);
    return true;
}

static void queue_append(struct gu_stream *s, struct gu_out *out)
{
    *s->out->last = out;
    s->out->last = &out->next;
    s->out->len += out->len;
    s->net->queued += out->size;
}

static size_t most_queued(const struct gu_stream *s)
{
    return s->out->max != 0 ? s->out->max : s->net->max_queue;
}

/* Keeps bytes that the kernel did not take: a copy, or, with *hold, the memory they lie in. */
static void queue_add(struct gu_stream *s, const char *bytes, size_t len, struct gu_chunk **hold)
{
    bool is_held = hold != NULL && *hold != NULL;
    struct gu_out *out;

    if (len == 0 || (s->flags & UNSENDABLE) != 0)
        return;
    if (s->out != NULL && s->out->len > most_queued(s)) {
        gu_stream_fail(s, -GUST_EFULL);
        return;
    }
    out = gu_alloc(sizeof *out + (is_held ? 0 : len));
    if (out == NULL || (s->out == NULL && !queue_make(s))) {
        gu_free(out);
        gu_stream_fail(s, -ENOMEM);
        return;
    }
    *out = (struct gu_out){.ptr = bytes, .len = len};
    if (is_held) {
        out->hold = *hold;
        *hold = NULL;
    } else {
        out->ptr = memcpy(out->bytes, bytes, len);
        out->size = len;
    }
    queue_append(s, out);
}

static void wake_those_with_room(struct gu_out_queue *queue)
{
    GU_LIST_FOREACH_SAFE (link, &queue->waits) {
        struct gu_wait *wait = gu_container_of(link, struct gu_wait, link);

        if (queue->len > gu_container_of(wait, struct room_wait, base)->most)
            continue;
        gu_list_remove(link);
        gu_task_wake(wait->task, 0);
    }
}

/* Takes `n` sent bytes off the front. */
static void queue_sent(struct gu_stream *s, size_t n)
{
    struct gu_out_queue *queue = s->out;

    queue->len -= n;
    queue->n_sent += n;
    while (queue->first != NULL && n >= queue->first->len) {
        struct gu_out *out = queue->first;

        n -= out->len;
        queue->first = out->next;
        out_free(s->net, out);
    }
    if (queue->first == NULL) {
        queue_free(s, 0);
        return;
    }
    queue->first->ptr += n;
    queue->first->len -= n;
    wake_those_with_room(queue);
}

/* What to do about a send that ended with an error, the rest being in the queue. */
static void stopped_sending(struct gu_stream *s, int err)
{
    if (err != -EAGAIN && err != -ENOBUFS) {
        gu_stream_fail(s, err);
        return;
    }
    if (s->out == NULL)
        return;
    s->io.ready &= (uint8_t)~GU_OUT;
    if (err == -ENOBUFS &&
        gu_timer_set(s->net->loop, &s->out->retry, s->net->loop->now + RETRY) < 0)
        gu_stream_fail(s, -ENOMEM);
}

static int send_some(struct gu_stream *s)
{
    struct iovec iov[IOVECS];
    size_t n_iov = 0, sent;
    int err;

    for (struct gu_out *out = s->out->first; out != NULL && n_iov < IOVECS; out = out->next)
        iov[n_iov++] = (struct iovec){(void *)(uintptr_t)out->ptr, out->len};
    err = send_all(s, iov, n_iov, &sent);
    queue_sent(s, sent);
    return err;
}

bool gu_stream_send_queue(struct gu_stream *s)
{
    int err = 0;

    while (s->out != NULL && err == 0)
        err = send_some(s);
    if (err < 0) {
        stopped_sending(s, err);
        return true;
    }
    gu_stream_want(s);
    if ((s->flags & GU_STREAM_CLOSE_SENT) != 0)
        gu_stream_close(s);
    else
        s->ops->drained(s);
    return (s->flags & GU_STREAM_CLOSED) == 0;
}

/* --- the output buffer --- */

/* Sends what was put and then `bytes`; keeps what is left. */
static gu_noinline void send_both(struct gu_stream *s, size_t put, const char *bytes, size_t len,
                                  struct gu_chunk **hold)
{
    struct gu_net *net = s->net;
    size_t n = 0;
    int err = 0;

    if ((s->flags & UNSENDABLE) != 0)
        return;
    if (s->out == NULL) {
        struct iovec iov[2] = {{net->out, put}, {(void *)(uintptr_t)bytes, len}};

        err = put == 0 ? send_all(s, iov + 1, 1, &n) : send_all(s, iov, len == 0 ? 1 : 2, &n);
        if (err == 0)
            return;
        if (err != -EAGAIN && err != -ENOBUFS) {
            gu_stream_fail(s, err);
            return;
        }
    }
    if (n < put)
        queue_add(s, net->out + n, put - n, NULL);
    n = n > put ? n - put : 0;
    queue_add(s, bytes + n, len - n, hold);
    if (err < 0)
        stopped_sending(s, err);
}

/* The buffer is nobody's again; returns what this stream had put into it. */
static size_t uncork(struct gu_stream *s)
{
    if (s->net->corked != s)
        return 0;
    s->net->corked = NULL;
    return s->net->out_len;
}

void gu_stream_flush(struct gu_stream *s)
{
    size_t put = uncork(s);

    if (gu_likely(put > 0))
        send_both(s, put, "", 0, NULL);
}

void gu_net_uncork(struct gu_ready *ready)
{
    struct gu_net *net = gu_container_of(ready, struct gu_net, uncork);

    if (net->corked != NULL)
        gu_stream_flush(net->corked);
}

/* Makes the buffer this stream's; nobody's, if what is written is to go nowhere. */
static gu_noinline void cork(struct gu_stream *s)
{
    struct gu_net *net = s->net;

    if (net->corked != NULL)
        gu_stream_flush(net->corked);
    net->out_len = 0;
    if ((s->flags & UNSENDABLE) != 0)
        return;
    net->corked = s;
    if ((s->flags & GU_STREAM_DISPATCHING) == 0)
        gu_loop_ready(net->loop, &net->uncork);
}

char *gu_stream_reserve(struct gu_stream *s, size_t size)
{
    struct gu_net *net = s->net;

    gu_assert(size <= GU_NET_OUT);
    if (gu_unlikely(net->corked != s))
        cork(s);
    if (gu_unlikely(size > GU_NET_OUT - net->out_len)) {
        gu_stream_flush(s);
        cork(s);
    }
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
        send_both(s, uncork(s), bytes, len, hold);
}

/* --- waiting for room --- */

int gu_stream_wait_sent(struct gu_stream *s, size_t most)
{
    gu_stream_flush(s);
    while (s->out != NULL && s->out->len > most) {
        struct room_wait wait = {{.abandon = gu_wait_unlink}, most};
        int err;

        gu_list_append(&s->out->waits, &wait.base.link);
        err = gu_task_wait(&wait.base, GU_FOREVER);
        if (err < 0)
            return err;
    }
    return (s->flags & UNSENDABLE) != 0 ? -GUST_ECLOSED : 0;
}

/* --- closing when all is sent --- */

void gu_stream_close_sent(struct gu_stream *s)
{
    gu_stream_flush(s);
    if (s->out == NULL)
        gu_stream_close(s);
    else
        s->flags |= GU_STREAM_CLOSE_SENT;
}
