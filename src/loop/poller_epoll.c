/*
 * poller — epoll
 *
 * Descriptors are registered once, edge-triggered: a change of interest would cost a system call.
 * epoll_pwait2() gives waits in nanoseconds (Linux 5.11); where it is missing, and for waits so
 * long that nobody counts milliseconds, epoll_wait() with the timeout rounded up.
 */
#include "base/alloc.h"
#include "base/sanitize.h"
#include "loop/poller.h"
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define FINE_BELOW (GU_SECOND / 10)

struct epoll {
    struct gu_poller base;
    int fd;
    bool has_fine; /* epoll_pwait2() is there, as far as known */
    struct epoll_event ready[GU_BATCH];
};

static inline struct epoll *of(struct gu_poller *base)
{
    return gu_container_of(base, struct epoll, base);
}

static int epoll_open(struct gu_poller **poller)
{
    struct epoll *p = gu_alloc(sizeof *p);
    int err;

    if (p == NULL)
        return -ENOMEM;
    p->base.ops = &gu_poller_epoll;
    p->has_fine = !GU_TSAN; /* which would put a signal off that comes just before the call */
    p->fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->fd < 0) {
        err = -errno;
        gu_free(p);
        return err;
    }
    *poller = &p->base;
    return 0;
}

static void epoll_close(struct gu_poller *base)
{
    close(of(base)->fd);
    gu_free(of(base));
}

static uint32_t interest(unsigned want)
{
    if ((want & GU_LEVEL) == 0)
        return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    return (want & GU_IN ? (uint32_t)EPOLLIN : 0) | (want & GU_OUT ? (uint32_t)EPOLLOUT : 0) |
           (want & GU_RDHUP ? (uint32_t)EPOLLRDHUP : 0);
}

static int control(struct gu_poller *base, int op, const struct gu_io *io)
{
    struct epoll_event event = {.events = interest(io->want), .data.u64 = gu_io_key(io)};

    return epoll_ctl(of(base)->fd, op, io->fd, &event) == 0 ? 0 : -errno;
}

static int epoll_add(struct gu_poller *base, const struct gu_io *io)
{
    return control(base, EPOLL_CTL_ADD, io);
}

static int epoll_modify(struct gu_poller *base, const struct gu_io *io, unsigned was)
{
    (void)was;
    return control(base, EPOLL_CTL_MOD, io);
}

static void epoll_remove(struct gu_poller *base, const struct gu_io *io, bool is_closing)
{
    if (!is_closing) /* a close(2) tells the kernel by itself */
        gust_ignore(control(base, EPOLL_CTL_DEL, io));
}

static int wait_fine(struct epoll *p, gu_time timeout)
{
    struct timespec ts = {timeout / GU_SECOND, timeout % GU_SECOND};
    int n = epoll_pwait2(p->fd, p->ready, GU_BATCH, &ts, NULL);

    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) /* EPERM: a sandbox that does not know it */
        return n;
    p->has_fine = false;
    return epoll_wait(p->fd, p->ready, GU_BATCH, gu_poll_ms(timeout));
}

_Static_assert((int)EPOLLIN == GU_IN && (int)EPOLLOUT == GU_OUT && (int)EPOLLERR == GU_ERR, "");
_Static_assert(EPOLLHUP >> 1 == GU_ERR && EPOLLRDHUP >> 9 == GU_RDHUP, "shifted below");

/* IN, OUT and ERR have our values already; HUP counts as ERR. */
static uint32_t translate(uint32_t e)
{
    return (e & (EPOLLIN | EPOLLOUT | EPOLLERR)) | (e & EPOLLHUP) >> 1 | (e & EPOLLRDHUP) >> 9;
}

static int epoll_wait_(struct gu_poller *base, struct gu_event *events, gu_time timeout)
{
    struct epoll *p = of(base);
    int n;

    if (timeout > 0 && timeout < FINE_BELOW && p->has_fine)
        n = wait_fine(p, timeout);
    else
        n = epoll_wait(p->fd, p->ready, GU_BATCH, gu_poll_ms(timeout));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++)
        events[i] = (struct gu_event){p->ready[i].data.u64, translate(p->ready[i].events)};
    return n;
}

const struct gu_poller_ops gu_poller_epoll = {
    .name = "epoll",
    .is_edge = true,
    .open = epoll_open,
    .close = epoll_close,
    .add = epoll_add,
    .modify = epoll_modify,
    .remove = epoll_remove,
    .wait = epoll_wait_,
};
