/*
 * listen — accepting connections
 */
#include "net/listen.h"
#include "base/log.h"
#include "net/net_impl.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define PAUSE (GU_SECOND / 10)

static void watch(struct gu_listener *listener)
{
    if (!listener->is_paused && listener->io.fd >= 0)
        gu_loop_want(listener->loop, &listener->io, GU_LEVEL | GU_IN);
}

/* Takes one connection and closes it, so that its client learns that there is no room. */
static void turn_away(struct gu_listener *listener)
{
    struct gu_net *net = gu_net_of(listener->loop);
    int fd;

    if (net->reserve < 0)
        return;
    close(net->reserve);
    fd = accept4(listener->io.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    net->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static gu_cold void hold(struct gu_listener *listener, int err)
{
    bool has_room = err != EMFILE && err != ENFILE;

    GU_LOG_ONCE_PER(10, listener->loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                    "accept: %s; clients %s until descriptors or memory are free "
                    "(RLIMIT_NOFILE, max_connections)",
                    gust_strerror(err), has_room ? "wait" : "are turned away");
    if (!has_room)
        turn_away(listener);
    /* Without memory for a timer it is better to try in each turn than never again. */
    if (gu_timer_set(listener->loop, &listener->retry, listener->loop->now + PAUSE) == 0)
        gu_loop_want(listener->loop, &listener->io, GU_LEVEL);
}

/* Whether to go on behind a failed accept4(). accept(2): what went wrong on the way to a connection
 * that is not there any more is told here, too. */
static bool may_go_on(struct gu_listener *listener, int err)
{
    switch (err) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
        return false;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM: /* a firewall's rule */
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return true;
    default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM, and what must not make the loop spin */
        hold(listener, err);
        return false;
    }
}

/* False when no more are to be taken now. */
static bool accept_one(struct gu_listener *listener)
{
    struct gu_peer peer = {.len = sizeof peer.address};
    int fd = accept4(listener->io.fd, (struct sockaddr *)&peer.address, &peer.len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (gu_unlikely(fd < 0))
        return may_go_on(listener, errno);
    listener->accepted(listener, fd, &peer);
    return listener->io.fd >= 0 && !listener->is_paused;
}

static void on_events(struct gu_io *io, unsigned events)
{
    struct gu_listener *listener = gu_container_of(io, struct gu_listener, io);

    (void)events;
    for (int i = 0; i < GU_ACCEPTS && accept_one(listener); i++)
        continue;
}

static void on_retry(struct gu_timer *timer)
{
    watch(gu_container_of(timer, struct gu_listener, retry));
}

static int prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL), on = 1;

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    /* Connections inherit it; Unix sockets do not know it. */
    gust_ignore(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    return 0;
}

int gu_listener_open(struct gu_listener *listener, struct gust_loop *loop, int fd,
                     void (*accepted)(struct gu_listener *, int, const struct gu_peer *))
{
    uint16_t gen = listener->io.gen;
    int err = gu_net_of(loop) == NULL ? -ENOMEM : prepare(fd);

    if (err < 0)
        return err;
    *listener = (struct gu_listener){
        .io = {.on_events = on_events, .fd = fd, .gen = gen},
        .loop = loop,
        .retry = {.run = on_retry},
        .accepted = accepted,
    };
    err = gu_loop_watch(loop, &listener->io, GU_LEVEL | GU_IN);
    if (err < 0)
        listener->io.fd = -1;
    return err;
}

void gu_listener_pause(struct gu_listener *listener)
{
    listener->is_paused = true;
    if (listener->io.fd >= 0)
        gu_loop_want(listener->loop, &listener->io, GU_LEVEL);
}

void gu_listener_resume(struct gu_listener *listener)
{
    listener->is_paused = false;
    if (!gu_timer_is_set(&listener->retry))
        watch(listener);
}

void gu_listener_drain(struct gu_listener *listener)
{
    listener->is_paused = false;
    while (listener->io.fd >= 0 && accept_one(listener))
        continue;
}

void gu_listener_close(struct gu_listener *listener)
{
    int fd = listener->io.fd;

    if (fd < 0)
        return;
    gu_timer_clear(listener->loop, &listener->retry);
    gu_loop_unwatch(listener->loop, &listener->io, true);
    close(fd);
}
