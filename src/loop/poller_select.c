/*
 * poller — select(2), which is everywhere
 *
 * It holds descriptors below FD_SETSIZE, tells a hang-up as readability only, and nothing of a peer
 * that has shut its sending side down; a look at the next byte makes up for that.
 */
#include "base/alloc.h"
#include "loop/poller.h"
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>

struct selected {
    struct gu_poller base;
    fd_set in, out; /* wanted */
    int n;          /* one past the highest descriptor */
    int next;       /* where the next batch begins, so that a full one starves nobody */
    uint8_t want[FD_SETSIZE];
    uint64_t keys[FD_SETSIZE]; /* 0: not held */
};

static inline struct selected *of(struct gu_poller *base)
{
    return gu_container_of(base, struct selected, base);
}

static int select_open(struct gu_poller **poller)
{
    struct selected *p = gu_alloc0(sizeof *p);

    if (p == NULL)
        return -ENOMEM;
    p->base.ops = &gu_poller_select;
    *poller = &p->base;
    return 0;
}

static void select_close(struct gu_poller *base)
{
    gu_free(of(base));
}

/* --- the set --- */

static void put_bit(fd_set *set, int fd, bool is_set)
{
    if (is_set)
        FD_SET(fd, set);
    else
        FD_CLR(fd, set);
}

static int select_modify(struct gu_poller *base, const struct gu_io *io, unsigned was)
{
    struct selected *p = of(base);

    (void)was;
    put_bit(&p->in, io->fd, (io->want & GU_IN) != 0);
    put_bit(&p->out, io->fd, (io->want & GU_OUT) != 0);
    p->want[io->fd] = io->want;
    p->keys[io->fd] = gu_io_key(io);
    return 0;
}

static int select_add(struct gu_poller *base, const struct gu_io *io)
{
    struct selected *p = of(base);

    if (io->fd >= FD_SETSIZE) {
        fprintf(stderr,
                "gust: select cannot watch descriptor %d, only those below %d: use another poller "
                "(GUST_POLLER=poll) or fewer connections\n",
                io->fd, FD_SETSIZE);
        return -ERANGE;
    }
    if (p->keys[io->fd] != 0)
        return -EEXIST;
    if (io->fd >= p->n)
        p->n = io->fd + 1;
    return select_modify(base, io, 0);
}

static void select_remove(struct gu_poller *base, const struct gu_io *io, bool is_closing)
{
    struct selected *p = of(base);

    (void)is_closing;
    put_bit(&p->in, io->fd, false);
    put_bit(&p->out, io->fd, false);
    p->keys[io->fd] = 0;
    while (p->n > 0 && p->keys[p->n - 1] == 0)
        p->n--;
}

/* --- waiting --- */

/* Whether a readable descriptor has nothing left but the end, if its owner asks. */
static bool is_at_end(const struct selected *p, int fd)
{
    char byte;

    return (p->want[fd] & GU_RDHUP) != 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static uint32_t events_of(const struct selected *p, int fd, const fd_set *in, const fd_set *out)
{
    uint32_t events = FD_ISSET(fd, out) ? GU_OUT : 0;

    if (FD_ISSET(fd, in))
        events |= is_at_end(p, fd) ? GU_IN | GU_RDHUP : GU_IN;
    return events;
}

static int collect(struct selected *p, struct gu_event *events, const fd_set *in, const fd_set *out)
{
    int fd = p->next < p->n ? p->next : 0, n = 0;

    for (int i = 0; i < p->n && n < GU_BATCH; i++) {
        uint32_t ready = events_of(p, fd, in, out);

        if (ready != 0)
            events[n++] = (struct gu_event){p->keys[fd], ready};
        fd = fd + 1 == p->n ? 0 : fd + 1;
    }
    p->next = fd;
    return n;
}

static int select_wait(struct gu_poller *base, struct gu_event *events, gu_time timeout)
{
    struct selected *p = of(base);
    fd_set in = p->in, out = p->out;
    gu_time us = gu_time_min(timeout, 1000000 * GU_SECOND) / 1000 + (timeout % 1000 != 0);
    struct timeval tv = {us / 1000000, us % 1000000};
    int n = select(p->n, &in, &out, NULL, timeout == GU_FOREVER ? NULL : &tv);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return n == 0 ? 0 : collect(p, events, &in, &out);
}

const struct gu_poller_ops gu_poller_select = {
    .name = "select",
    .is_edge = false,
    .open = select_open,
    .close = select_close,
    .add = select_add,
    .modify = select_modify,
    .remove = select_remove,
    .wait = select_wait,
};
