/*
 * poller — kqueue
 *
 * A descriptor is up to two filters, and each reports by itself: EV_CLEAR makes them edges. What
 * poll(2) calls RDHUP is EV_EOF of the read filter; EV_EOF of the write filter says that nobody
 * will read any more. A close(2) takes both filters away.
 */
#include "base/alloc.h"
#include "loop/poller.h"
#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

_Static_assert(sizeof(void *) == sizeof(uint64_t), "udata carries a key");

struct kqueue {
    struct gu_poller base;
    int fd;
    struct kevent ready[GU_BATCH];
};

static inline struct kqueue *of(struct gu_poller *base)
{
    return gu_container_of(base, struct kqueue, base);
}

static int kqueue_open(struct gu_poller **poller)
{
    struct kqueue *p = gu_alloc(sizeof *p);
    int err;

    if (p == NULL)
        return -ENOMEM;
    p->base.ops = &gu_poller_kqueue;
    p->fd = kqueue();
    if (p->fd < 0) {
        err = -errno;
        gu_free(p);
        return err;
    }
    fcntl(p->fd, F_SETFD, FD_CLOEXEC);
    *poller = &p->base;
    return 0;
}

static void kqueue_close(struct gu_poller *base)
{
    close(of(base)->fd);
    gu_free(of(base));
}

/* --- the set --- */

static int change(struct gu_poller *base, const struct gu_io *io, short filter, unsigned flags)
{
    struct kevent event;

    EV_SET(&event, (uintptr_t)io->fd, filter, (unsigned short)flags, 0, 0,
           (void *)(uintptr_t)gu_io_key(io));
    return kevent(of(base)->fd, &event, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

/* Both filters as edges. A pipe has one of them only, so one that is refused is no failure. */
static int add_edges(struct gu_poller *base, const struct gu_io *io)
{
    int read_err = change(base, io, EVFILT_READ, EV_ADD | EV_CLEAR);
    int write_err = change(base, io, EVFILT_WRITE, EV_ADD | EV_CLEAR);

    return read_err < 0 && write_err < 0 ? read_err : 0;
}

static int turn_filter(struct gu_poller *base, const struct gu_io *io, short filter, unsigned bit,
                       unsigned was)
{
    if ((io->want & bit) == (was & bit))
        return 0;
    if (io->want & bit)
        return change(base, io, filter, EV_ADD);
    gust_ignore(change(base, io, filter, EV_DELETE)); /* it cannot be there for longer */
    return 0;
}

static int kqueue_modify(struct gu_poller *base, const struct gu_io *io, unsigned was)
{
    int err = turn_filter(base, io, EVFILT_READ, GU_IN, was);

    return err < 0 ? err : turn_filter(base, io, EVFILT_WRITE, GU_OUT, was);
}

static void kqueue_remove(struct gu_poller *base, const struct gu_io *io, bool is_closing)
{
    bool is_level = (io->want & GU_LEVEL) != 0;

    if (is_closing)
        return;
    if (!is_level || io->want & GU_IN)
        gust_ignore(change(base, io, EVFILT_READ, EV_DELETE));
    if (!is_level || io->want & GU_OUT)
        gust_ignore(change(base, io, EVFILT_WRITE, EV_DELETE));
}

static int kqueue_add(struct gu_poller *base, const struct gu_io *io)
{
    int err;

    if ((io->want & GU_LEVEL) == 0)
        return add_edges(base, io);
    err = kqueue_modify(base, io, GU_LEVEL);
    if (err < 0)
        kqueue_remove(base, io, false);
    return err;
}

/* --- waiting --- */

static uint32_t translate(const struct kevent *event)
{
    bool is_eof = (event->flags & EV_EOF) != 0;

    if (event->filter == EVFILT_WRITE)
        return is_eof ? GU_OUT | GU_ERR : GU_OUT;
    return GU_IN | (is_eof ? GU_RDHUP : 0u) | (is_eof && event->fflags != 0 ? GU_ERR : 0u);
}

static int kqueue_wait(struct gu_poller *base, struct gu_event *events, gu_time timeout)
{
    struct kqueue *p = of(base);
    struct timespec ts = {timeout / GU_SECOND, timeout % GU_SECOND};
    int n = kevent(p->fd, NULL, 0, p->ready, GU_BATCH, timeout == GU_FOREVER ? NULL : &ts);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++)
        events[i] =
            (struct gu_event){(uint64_t)(uintptr_t)p->ready[i].udata, translate(&p->ready[i])};
    return n;
}

const struct gu_poller_ops gu_poller_kqueue = {
    .name = "kqueue",
    .is_edge = true,
    .open = kqueue_open,
    .close = kqueue_close,
    .add = kqueue_add,
    .modify = kqueue_modify,
    .remove = kqueue_remove,
    .wait = kqueue_wait,
};
