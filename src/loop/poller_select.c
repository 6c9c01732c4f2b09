/*
 * poller — select(2), which is everywhere
 *
 * It holds descriptors below FD_SETSIZE, tells a hang-up as readability only, and nothing of a peer
 * that has shut its sending side down; a look at how many bytes there are makes up for that.
 *
 * An owner that does not read, but wants to know of its peer's leaving or of an error, is watched
 * for readability as well. Where that was bytes, select would tell of them for ever: the descriptor
 * is put aside, and poll(2), which looks behind the bytes, is asked about it now and then.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "loop/poller.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <time.h>

#define LOOK_EVERY (GU_SECOND / 20)

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

struct selected {
    struct gu_poller base;
    fd_set in, out; /* wanted */
    int n;          /* one past the highest descriptor */
    int next;       /* where the next batch begins, so that a full one starves nobody */
    fd_set aside;   /* readable, which is not what is wanted */
    int n_aside;
    gu_time look_at; /* those */
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

static bool holds(const struct selected *p, const struct gu_io *io)
{
    return io->fd < FD_SETSIZE && p->keys[io->fd] == gu_io_key(io);
}

static void put_bit(fd_set *set, int fd, bool is_set)
{
    if (is_set)
        FD_SET(fd, set);
    else
        FD_CLR(fd, set);
}

/* What is put aside comes back, to be found out about anew, when its owner wants something else. */
static void put_aside(struct selected *p, int fd, bool is_aside)
{
    p->n_aside += is_aside - (FD_ISSET(fd, &p->aside) != 0);
    put_bit(&p->aside, fd, is_aside);
}

static int select_modify(struct gu_poller *base, const struct gu_io *io, unsigned was)
{
    struct selected *p = of(base);

    (void)was;
    if (!holds(p, io))
        return -ENOENT;
    put_aside(p, io->fd, false);
    put_bit(&p->in, io->fd, (io->want & (GU_IN | GU_RDHUP | GU_ERR)) != 0);
    put_bit(&p->out, io->fd, (io->want & GU_OUT) != 0);
    p->want[io->fd] = io->want;
    return 0;
}

static int select_add(struct gu_poller *base, const struct gu_io *io)
{
    struct selected *p = of(base);

    if (io->fd >= FD_SETSIZE) {
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL,
               "select cannot watch descriptor %d, only those below %d: choose another poller "
               "(GUST_POLLER=poll), or allow fewer connections",
               io->fd, FD_SETSIZE);
        return -ERANGE;
    }
    if (!gu_is_open(io->fd))
        return -EBADF;
    if (p->keys[io->fd] != 0)
        return -EEXIST;
    if (io->fd >= p->n)
        p->n = io->fd + 1;
    p->keys[io->fd] = gu_io_key(io);
    return select_modify(base, io, 0);
}

static void select_remove(struct gu_poller *base, const struct gu_io *io, bool is_closing)
{
    struct selected *p = of(base);

    (void)is_closing;
    if (!holds(p, io))
        return;
    put_aside(p, io->fd, false);
    put_bit(&p->in, io->fd, false);
    put_bit(&p->out, io->fd, false);
    p->keys[io->fd] = 0;
    while (p->n > 0 && p->keys[p->n - 1] == 0)
        p->n--;
}

/* --- what is told --- */

/* Whether a readable descriptor has no bytes, if its owner asks: then what there is to read is the
 * end, or an error. Looking by MSG_PEEK would take the error away. */
static bool is_at_end(const struct selected *p, int fd)
{
    int n_bytes;

    return (p->want[fd] & GU_RDHUP) != 0 && ioctl(fd, FIONREAD, &n_bytes) == 0 && n_bytes == 0;
}

/* What there is beside bytes to read; nothing before the bytes are read where poll(2) cannot tell
 * it either. */
static uint32_t look_behind(const struct selected *p, int fd)
{
    struct pollfd one = {.fd = fd, .events = (p->want[fd] & GU_RDHUP) != 0 ? POLLRDHUP : 0};

    if (poll(&one, 1, 0) < 0)
        return 0;
    return (one.revents & (POLLERR | POLLHUP | POLLNVAL) ? GU_ERR : 0u) |
           ((one.revents & POLLRDHUP) != 0 || is_at_end(p, fd) ? GU_RDHUP : 0u);
}

static uint32_t events_of(struct selected *p, int fd, const fd_set *in, const fd_set *out)
{
    uint32_t events = FD_ISSET(fd, out) ? GU_OUT : 0, left;

    if (!FD_ISSET(fd, in))
        return events;
    if ((p->want[fd] & GU_IN) != 0)
        return events | (is_at_end(p, fd) ? GU_IN | GU_RDHUP : GU_IN);
    left = look_behind(p, fd);
    if (left != 0)
        return events | left;
    put_aside(p, fd, true);
    put_bit(&p->in, fd, false);
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

/* Which of them were closed while they were watched: an error for their owners, as poll(2) has it.
 */
static int collect_closed(const struct selected *p, struct gu_event *events)
{
    int n = 0;

    for (int fd = 0; fd < p->n && n < GU_BATCH; fd++)
        if (p->keys[fd] != 0 && !gu_is_open(fd))
            events[n++] = (struct gu_event){p->keys[fd], GU_ERR};
    return n > 0 ? n : -EBADF;
}

/* --- what was put aside --- */

static int collect_aside(struct selected *p, struct gu_event *events)
{
    int n = 0;

    for (int fd = 0; fd < p->n && n < GU_BATCH; fd++) {
        uint32_t left = FD_ISSET(fd, &p->aside) ? look_behind(p, fd) : 0;

        if (left != 0)
            events[n++] = (struct gu_event){p->keys[fd], left};
    }
    return n;
}

/* Those who left, if it is time to look for them; and not to sleep for longer than until then. */
static int look_aside(struct selected *p, struct gu_event *events, gu_time *timeout)
{
    struct timespec ts = {0};
    gu_time now;
    int n = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    now = ts.tv_sec * GU_SECOND + ts.tv_nsec;
    if (now >= p->look_at) {
        p->look_at = now + LOOK_EVERY;
        n = collect_aside(p, events);
    }
    *timeout = gu_time_min(*timeout, p->look_at - now);
    return n;
}

/* --- waiting --- */

static int wait_for(struct selected *p, struct gu_event *events, gu_time timeout)
{
    fd_set in = p->in, out = p->out;
    gu_time us = gu_time_min(timeout, 1000000 * GU_SECOND) / 1000 + (timeout % 1000 != 0);
    struct timeval tv = {us / 1000000, us % 1000000};
    int n = select(p->n, &in, &out, NULL, timeout == GU_FOREVER ? NULL : &tv);

    if (n < 0 && errno == EBADF)
        return collect_closed(p, events);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return n == 0 ? 0 : collect(p, events, &in, &out);
}

static int select_wait(struct gu_poller *base, struct gu_event *events, gu_time timeout)
{
    struct selected *p = of(base);
    int n = p->n_aside > 0 ? look_aside(p, events, &timeout) : 0;

    return n > 0 ? n : wait_for(p, events, timeout);
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
