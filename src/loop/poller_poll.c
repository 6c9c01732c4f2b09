/*
 * poller — poll(2), for systems that have nothing better
 *
 * The array that the kernel reads is kept packed; `at` finds a descriptor's place in it.
 */
#include "base/alloc.h"
#include "loop/poller.h"
#include <poll.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

struct polled {
    struct pollfd *fds;
    uint64_t *keys; /* of the same place */
    size_t n, size;
    uint32_t *at; /* by descriptor: place + 1, 0 if there is none */
    size_t n_at;
    size_t next; /* where the next batch begins, so that a full one starves nobody */
    struct gu_poller base;
};

static inline struct polled *of(struct gu_poller *base)
{
    return gu_container_of(base, struct polled, base);
}

static int poll_open(struct gu_poller **poller)
{
    struct polled *p = gu_alloc0(sizeof *p);

    if (p == NULL)
        return -ENOMEM;
    p->base.ops = &gu_poller_poll;
    *poller = &p->base;
    return 0;
}

static void poll_close(struct gu_poller *base)
{
    struct polled *p = of(base);

    gu_free(p->fds);
    gu_free(p->keys);
    gu_free(p->at);
    gu_free(p);
}

/* --- the set --- */

static int grow_set(struct polled *p)
{
    size_t size = gu_max(64, 2 * p->size);
    struct pollfd *fds;
    uint64_t *keys;

    if (p->n < p->size)
        return 0;
    fds = gu_realloc(p->fds, size * sizeof *fds);
    if (fds == NULL)
        return -ENOMEM;
    p->fds = fds;
    keys = gu_realloc(p->keys, size * sizeof *keys);
    if (keys == NULL)
        return -ENOMEM;
    p->keys = keys;
    p->size = size;
    return 0;
}

static int grow_index(struct polled *p, int fd)
{
    size_t n = gu_max((size_t)fd + 1, gu_max(64, 2 * p->n_at));
    uint32_t *at;

    if ((size_t)fd < p->n_at)
        return 0;
    at = gu_realloc(p->at, n * sizeof *at);
    if (at == NULL)
        return -ENOMEM;
    memset(at + p->n_at, 0, (n - p->n_at) * sizeof *at);
    p->at = at;
    p->n_at = n;
    return 0;
}

static bool holds(const struct polled *p, const struct gu_io *io)
{
    return (size_t)io->fd < p->n_at && p->at[io->fd] != 0 &&
           p->keys[p->at[io->fd] - 1] == gu_io_key(io);
}

/* One that wants nothing is held as a negative number, which poll(2) passes over: a hang-up that
 * nobody looks at would be told for ever. */
static void put(struct polled *p, size_t place, const struct gu_io *io)
{
    unsigned want = io->want;

    p->fds[place].fd = want != 0 ? io->fd : ~io->fd;
    p->fds[place].events = (short)((want & GU_IN ? POLLIN : 0) | (want & GU_OUT ? POLLOUT : 0) |
                                   (want & GU_RDHUP ? POLLRDHUP : 0));
    p->fds[place].revents = 0;
    p->keys[place] = gu_io_key(io);
}

static int poll_add(struct gu_poller *base, const struct gu_io *io)
{
    struct polled *p = of(base);
    int err = gu_is_open(io->fd) ? grow_index(p, io->fd) : -EBADF;

    if (err == 0 && p->at[io->fd] != 0)
        err = -EEXIST;
    if (err == 0)
        err = grow_set(p);
    if (err < 0)
        return err;
    put(p, p->n++, io);
    p->at[io->fd] = (uint32_t)p->n;
    return 0;
}

static int poll_modify(struct gu_poller *base, const struct gu_io *io, unsigned was)
{
    struct polled *p = of(base);

    (void)was;
    if (!holds(p, io))
        return -ENOENT;
    put(p, p->at[io->fd] - 1, io);
    return 0;
}

static void poll_remove(struct gu_poller *base, const struct gu_io *io, bool is_closing)
{
    struct polled *p = of(base);
    size_t place, last;
    int moved;

    (void)is_closing;
    if (!holds(p, io))
        return;
    place = p->at[io->fd] - 1;
    last = --p->n;
    p->at[io->fd] = 0;
    if (place == last)
        return;
    p->fds[place] = p->fds[last];
    p->keys[place] = p->keys[last];
    moved = p->fds[place].fd < 0 ? ~p->fds[place].fd : p->fds[place].fd;
    p->at[moved] = (uint32_t)place + 1;
}

/* --- waiting --- */

static uint32_t translate(int revents)
{
    return (revents & POLLIN ? GU_IN : 0u) | (revents & POLLOUT ? GU_OUT : 0u) |
           (revents & (POLLERR | POLLHUP | POLLNVAL) ? GU_ERR : 0u) |
           (revents & POLLRDHUP ? GU_RDHUP : 0u);
}

static int collect(struct polled *p, struct gu_event *events, int n_ready)
{
    size_t at = p->next < p->n ? p->next : 0;
    int n = 0, most = n_ready < GU_BATCH ? n_ready : GU_BATCH;

    for (size_t i = 0; i < p->n && n < most; i++) {
        if (p->fds[at].fd >= 0 && p->fds[at].revents != 0)
            events[n++] = (struct gu_event){p->keys[at], translate(p->fds[at].revents)};
        at = at + 1 == p->n ? 0 : at + 1;
    }
    p->next = at;
    return n;
}

static int poll_wait(struct gu_poller *base, struct gu_event *events, gu_time timeout)
{
    struct polled *p = of(base);
    int n = poll(p->fds, (nfds_t)p->n, gu_poll_ms(timeout));

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return collect(p, events, n);
}

const struct gu_poller_ops gu_poller_poll = {
    .name = "poll",
    .is_edge = false,
    .open = poll_open,
    .close = poll_close,
    .add = poll_add,
    .modify = poll_modify,
    .remove = poll_remove,
    .wait = poll_wait,
};
