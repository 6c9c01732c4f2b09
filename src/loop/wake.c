/*
 * wake — how other threads and signal handlers reach a sleeping loop
 *
 * Callbacks from other threads wait under a lock that the loop takes only after its descriptor was
 * written to; the first callback writes, the rest of them find the loop about to look.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"
#include <fcntl.h>
#include <unistd.h>
#if __has_include(<sys/eventfd.h>)
#include <sys/eventfd.h>
#define open_eventfd() eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)
#else
#define open_eventfd() (errno = ENOSYS, -1)
#endif

static void take_calls(gust_loop *loop)
{
    struct gu_wake *wake = &loop->p->wake;

    pthread_mutex_lock(&wake->lock);
    for (size_t i = 0; i < wake->calls.n; i++)
        if (!gu_calls_add(&loop->p->calls, wake->calls.at[i])) {
            /* Memory is short: the rest stays, in order, for the next turn. */
            wake->calls.n -= i;
            memmove(wake->calls.at, wake->calls.at + i, wake->calls.n * sizeof *wake->calls.at);
            pthread_mutex_unlock(&wake->lock);
            gu_wake_send(wake);
            return;
        }
    wake->calls.n = 0;
    pthread_mutex_unlock(&wake->lock);
}

static void on_wake(struct gu_io *io, unsigned events)
{
    struct gu_loop_private *p = gu_container_of(io, struct gu_loop_private, wake.io);
    char drained[256];

    (void)events;
    while (read(io->fd, drained, sizeof drained) == (ssize_t)sizeof drained)
        ; /* an eventfd gives 8 bytes, a pipe as many as there were wakes */
    take_calls(gu_loop_of_thread());
    if (atomic_exchange(&p->wake.has_signal, false))
        gu_signals_run(gu_loop_of_thread());
}

static int open_pipe(int fds[2])
{
    if (pipe(fds) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static void close_fds(struct gu_wake *wake, int fd)
{
    if (wake->send_fd != fd)
        close(wake->send_fd);
    close(fd);
}

int gu_wake_open(struct gust_loop *loop)
{
    struct gu_wake *wake = &loop->p->wake;
    int fds[2], err;

    fds[0] = fds[1] = open_eventfd();
    if (fds[0] < 0 && errno != ENOSYS)
        return -errno;
    err = fds[0] < 0 ? open_pipe(fds) : 0;
    if (err < 0)
        return err;
    wake->io = (struct gu_io){.on_events = on_wake, .fd = fds[0]};
    wake->send_fd = fds[1];
    err = gu_loop_watch(loop, &wake->io, GU_IN | GU_LEVEL);
    if (err < 0) {
        close_fds(wake, fds[0]);
        return err;
    }
    pthread_mutex_init(&wake->lock, NULL);
    return 0;
}

void gu_wake_close(struct gust_loop *loop)
{
    struct gu_wake *wake = &loop->p->wake;
    int fd = wake->io.fd;

    gu_loop_unwatch(loop, &wake->io, false);
    close_fds(wake, fd);
    gu_calls_drop(&wake->calls);
    pthread_mutex_destroy(&wake->lock);
}

void gu_wake_send(struct gu_wake *wake)
{
    uint64_t one = 1;

    /* It fails only when it is so full that the loop is awake already. */
    gust_ignore(write(wake->send_fd, &one, sizeof one));
}

int gu_wake_post(struct gust_loop *loop, struct gu_call call)
{
    struct gu_wake *wake = &loop->p->wake;
    bool is_first, is_added;

    pthread_mutex_lock(&wake->lock);
    is_first = wake->calls.n == 0;
    is_added = gu_calls_add(&wake->calls, call);
    pthread_mutex_unlock(&wake->lock);
    if (!is_added)
        return -ENOMEM;
    if (is_first)
        gu_wake_send(wake);
    return 0;
}
