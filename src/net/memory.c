/*
 * memory — connections without descriptors
 *
 * Two ends, each with a ring of the bytes that came and were not read; its size is the window. What
 * becomes true of an end is told from the loop's ready queue, once, as an edge-triggered poller
 * tells it, and whatever the loop's poller is. So a conversation needs no system call, and takes
 * the same turns each time.
 *
 * A ring is made by the first byte, and given back with the last: an idle connection has none.
 */
#include "net/memory.h"
#include "base/alloc.h"
#include "net/pull_impl.h"

#define WINDOW ((size_t)64 * 1024)
#define WINDOW_MAX ((size_t)16 << 20) /* it is allocated as a whole */

struct gu_memory_end {
    struct gu_ready tells;
    struct gu_net *net;
    struct gu_memory_end *other; /* NULL: it is closed */
    struct gu_io *io;            /* who is told; NULL: nobody */
    unsigned events;             /* to be told */
    int handle;
    int err;         /* what broke it; until it was told */
    bool has_broken; /* whether that ever was */
    bool has_ended;  /* the other end sends no more */
    bool has_shut;   /* this one does not */
    bool is_refused; /* the other end found no room here, and waits for some */
    char *ring;      /* NULL: empty */
    size_t at, len, window;
};

/* --- handles --- */

static struct gu_memory_end *end_of(struct gu_net *net, int fd)
{
    size_t i = (size_t)((int64_t)fd - GU_MEMORY_FIRST);

    gu_assert(gu_is_memory(fd) && i < net->n_memory && net->memory[i] != NULL);
    return net->memory[i];
}

/* A free place; 0 or -ENOMEM. */
static int find_place(struct gu_net *net, size_t *place)
{
    size_t n = net->n_memory, size = gu_max(16, 2 * n);
    struct gu_memory_end **ends;

    for (*place = 0; *place < n; ++*place)
        if (net->memory[*place] == NULL)
            return 0;
    ends = gu_realloc(net->memory, size * sizeof(struct gu_memory_end *));
    if (ends == NULL)
        return -ENOMEM;
    memset(ends + n, 0, (size - n) * sizeof(struct gu_memory_end *));
    net->memory = ends;
    net->n_memory = size;
    return 0;
}

/* --- telling --- */

/* The last thing it does with the end: whoever is told may close it. */
static void tell(struct gu_ready *ready)
{
    struct gu_memory_end *end = gu_container_of(ready, struct gu_memory_end, tells);
    struct gu_io *io = end->io;
    unsigned events = end->events;

    end->events = 0;
    if (io != NULL)
        io->on_events(io, events);
}

static void tell_soon(struct gu_memory_end *end, unsigned events)
{
    if (end == NULL || end->io == NULL)
        return;
    end->events |= events;
    gu_loop_ready(end->net->loop, &end->tells);
}

void gu_memory_watch(struct gu_net *net, int fd, struct gu_io *io)
{
    struct gu_memory_end *end = end_of(net, fd);

    io->ready = 0;
    io->want = GU_IN;
    end->io = io;
    tell_soon(end, GU_OUT | (end->len > 0 || end->has_ended ? (unsigned)GU_IN : 0) |
                       (end->has_ended ? (unsigned)GU_RDHUP : 0) |
                       (end->has_broken ? (unsigned)GU_ERR : 0));
}

void gu_memory_unwatch(struct gu_net *net, int fd)
{
    struct gu_memory_end *end = end_of(net, fd);

    gu_loop_unready(net->loop, &end->tells);
    if (end->io == NULL)
        return;
    end->io->fd = -1;
    end->io->gen++;
    end->io = NULL;
    end->events = 0;
}

/* --- bytes --- */

static void drop_ring(struct gu_memory_end *end)
{
    gu_free(end->ring);
    end->ring = NULL;
    end->at = end->len = 0;
}

static ssize_t failed(int err)
{
    errno = err;
    return -1;
}

int gu_memory_error(struct gu_net *net, int fd)
{
    struct gu_memory_end *end = end_of(net, fd);
    int err = end->err;

    end->err = 0;
    return err;
}

/* A writer that was refused is told when half of the window is free: not of each byte. */
static void make_room(struct gu_memory_end *end)
{
    if (!end->is_refused || end->len > end->window / 2)
        return;
    end->is_refused = false;
    tell_soon(end->other, GU_OUT);
}

ssize_t gu_memory_read(struct gu_net *net, int fd, char *to, size_t size)
{
    struct gu_memory_end *end = end_of(net, fd);
    size_t n = gu_min(size, end->len), first = gu_min(n, end->window - end->at);

    if (end->err < 0)
        return failed(-gu_memory_error(net, fd));
    if (n == 0)
        return end->has_ended || size == 0 ? 0 : failed(EAGAIN);
    memcpy(to, end->ring + end->at, first);
    memcpy(to + first, end->ring, n - first);
    end->at = (end->at + n) % end->window;
    end->len -= n;
    if (end->len == 0)
        drop_ring(end);
    make_room(end);
    return (ssize_t)n;
}

static size_t fill(struct gu_memory_end *end, const char *bytes, size_t len)
{
    size_t at = (end->at + end->len) % end->window;
    size_t n = gu_min(len, end->window - end->len), first = gu_min(n, end->window - at);

    memcpy(end->ring + at, bytes, first);
    memcpy(end->ring, bytes + first, n - first);
    end->len += n;
    return n;
}

/* The other end is not told that what it sends is lost. */
static ssize_t swallow(const struct iovec *iov, size_t n_iov)
{
    size_t n = 0;

    for (size_t i = 0; i < n_iov; i++)
        n += iov[i].iov_len;
    return (ssize_t)n;
}

ssize_t gu_memory_write(struct gu_net *net, int fd, const struct iovec *iov, size_t n_iov)
{
    struct gu_memory_end *end = end_of(net, fd), *to = end->other;
    size_t n = 0;

    if (end->err < 0)
        return failed(-gu_memory_error(net, fd));
    if (end->has_broken || end->has_shut || to == NULL)
        return failed(EPIPE);
    if (to->has_broken)
        return swallow(iov, n_iov);
    if (to->ring == NULL)
        to->ring = gu_alloc(to->window);
    if (to->ring == NULL)
        return failed(ENOBUFS);
    for (size_t i = 0; i < n_iov && to->len < to->window; i++)
        n += fill(to, iov[i].iov_base, iov[i].iov_len);
    to->is_refused = to->len == to->window;
    if (n == 0)
        return failed(EAGAIN);
    tell_soon(to, GU_IN);
    return (ssize_t)n;
}

/* --- ends --- */

void gu_memory_shutdown(struct gu_net *net, int fd)
{
    struct gu_memory_end *end = end_of(net, fd);

    end->has_shut = true;
    if (end->other == NULL)
        return;
    end->other->has_ended = true;
    tell_soon(end->other, GU_IN | GU_RDHUP);
}

static void break_end(struct gu_memory_end *end, int err)
{
    drop_ring(end);
    end->err = err;
    end->has_broken = end->has_ended = true;
    make_room(end);
    tell_soon(end, GU_IN | GU_OUT | GU_RDHUP | GU_ERR);
}

void gu_memory_break(struct gu_net *net, int fd, int err)
{
    break_end(end_of(net, fd), err);
}

void gu_memory_close(struct gu_net *net, int fd, bool is_cut)
{
    struct gu_memory_end *end = end_of(net, fd), *other = end->other;

    gu_memory_unwatch(net, fd);
    net->memory[fd - GU_MEMORY_FIRST] = NULL;
    if (other != NULL) {
        other->other = NULL;
        if (is_cut || end->len > 0)
            break_end(other, -ECONNRESET);
        other->has_ended = true;
        tell_soon(other, GU_IN | GU_OUT | GU_RDHUP);
    }
    gu_free(end->ring);
    gu_free(end);
}

static struct gu_memory_end *end_new(struct gu_net *net, size_t window)
{
    struct gu_memory_end *end;
    size_t place;

    if (find_place(net, &place) < 0)
        return NULL;
    end = gu_alloc0(sizeof *end);
    if (end == NULL)
        return NULL;
    end->tells.run = tell;
    end->net = net;
    end->window = window;
    end->handle = GU_MEMORY_FIRST + (int)place;
    net->memory[place] = end;
    return end;
}

int gu_memory_pair(struct gu_net *net, size_t window, int fds[2])
{
    struct gu_memory_end *a = end_new(net, window), *b = a == NULL ? NULL : end_new(net, window);

    if (b == NULL) {
        if (a != NULL)
            gu_memory_close(net, a->handle, false);
        return -ENOMEM;
    }
    a->other = b;
    b->other = a;
    fds[0] = a->handle;
    fds[1] = b->handle;
    return 0;
}

void gu_memory_free(struct gu_net *net)
{
    for (size_t i = 0; i < net->n_memory; i++)
        if (net->memory[i] != NULL)
            net->memory[i]->io = NULL; /* whose memory may be gone already */
    for (size_t i = 0; i < net->n_memory; i++)
        if (net->memory[i] != NULL)
            gu_memory_close(net, net->memory[i]->handle, false);
    gu_free(net->memory);
}

/* --- public --- */

int gust_stream_memory_pair(const gust_stream_memory_options *options, gust_stream *ends[2])
{
    static const gust_stream_memory_options defaults;
    const gust_stream_memory_options *o = options != NULL ? options : &defaults;
    const gust_stream_options stream_options = {.max_buffer_size = o->max_buffer_size};
    struct gust_loop *loop = gust_loop_current();
    struct gu_net *net = loop == NULL ? NULL : gu_net_of(loop);
    gust_stream *made[2] = {NULL, NULL};
    size_t window = gu_min(gu_option_size(o->window, WINDOW), WINDOW_MAX);
    int fds[2];

    if (net == NULL || gu_memory_pair(net, window, fds) < 0)
        return -ENOMEM;
    for (int i = 0; i < 2; i++) {
        made[i] = gu_pull_new(net, &stream_options);
        if (made[i] == NULL || gu_pull_open(made[i], fds[i], false) < 0) {
            gu_memory_close(net, fds[1], false);
            if (i == 0)
                gu_memory_close(net, fds[0], false);
            gust_stream_close(made[i]);
            gust_stream_close(i == 1 ? made[0] : NULL);
            return -ENOMEM;
        }
    }
    memcpy(ends, made, sizeof made);
    return 0;
}

void gust_stream_memory_break(gust_stream *end, int err)
{
    gu_pull_check(end, "gust_stream_memory_break");
    if (!gu_is_memory(end->push.io.fd) || err >= 0)
        gu_misuse("gust_stream_memory_break: it takes an end of gust_stream_memory_pair(), and a "
                  "negative error");
    gu_memory_break(end->push.net, end->push.io.fd, err);
}
