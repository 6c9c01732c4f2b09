/*
 * listen — accepting connections
 */
#include "net/listen.h"
#include "base/log.h"
#include <fcntl.h>
#include <unistd.h>

#define PAUSE (GU_SECOND / 10)

static int reserve = -1; /* of the process; given up to turn a client away */

static void reserve_make(void)
{
    if (reserve < 0)
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Takes one connection and closes it, so that its client learns that there is no room. */
static void turn_away(struct gu_listener *listener)
{
    int fd;

    if (reserve < 0)
        return;
    close(reserve);
    fd = accept4(listener->io.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    reserve = -1;
    reserve_make();
}

static void hold(struct gu_listener *listener, int err)
{
    GU_LOG_ONCE_PER(10, listener->loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                    "accept: %s; clients are turned away until descriptors or memory are free "
                    "(RLIMIT_NOFILE, max_connections)",
                    gust_strerror(err));
    turn_away(listener);
    gu_loop_want(listener->loop, &listener->io, GU_LEVEL);
    gust_ignore(gu_timer_set(listener->loop, &listener->retry, listener->loop->now + PAUSE));
}

/* False when no more are to be taken now. */
static bool accept_one(struct gu_listener *listener)
{
    struct gu_peer peer = {.len = sizeof peer.address};
    int fd = accept4(listener->io.fd, (struct sockaddr *)&peer.address, &peer.len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (gu_likely(fd >= 0)) {
        listener->accepted(listener, fd, &peer);
        return listener->io.fd >= 0 && !listener->is_paused;
    }
    switch (errno) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return true;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        hold(listener, errno);
        return false;
    default:
        return false;
    }
}

static void on_events(struct gu_io *io, unsigned events)
{
    struct gu_listener *listener = gu_container_of(io, struct gu_listener, io);

    (void)events;
    for (int i = 0; i < GU_ACCEPTS && accept_one(listener); i++)
        continue;
}

static void watch(struct gu_listener *listener)
{
    if (!listener->is_paused && listener->io.fd >= 0)
        gu_loop_want(listener->loop, &listener->io, GU_LEVEL | GU_IN);
}

static void on_retry(struct gu_timer *timer)
{
    watch(gu_container_of(timer, struct gu_listener, retry));
}

int gu_listener_open(struct gu_listener *listener, struct gust_loop *loop, int fd,
                     void (*accepted)(struct gu_listener *, int, const struct gu_peer *))
{
    reserve_make();
    *listener = (struct gu_listener){
        .io = {.on_events = on_events, .fd = fd},
        .loop = loop,
        .retry = {.run = on_retry},
        .accepted = accepted,
    };
    return gu_loop_watch(loop, &listener->io, GU_LEVEL | GU_IN);
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
    if (gu_timer_is_set(&listener->retry))
        gu_timer_clear(listener->loop, &listener->retry);
    gu_loop_unwatch(listener->loop, &listener->io, true);
    close(fd);
}
