/*
 * loop — descriptors
 *
 * gu_io is what streams use: registered once, in its owner's memory. Public handlers are gu_ios in
 * a table by descriptor, level-triggered on every poller.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

/* --- gu_io --- */

void gu_loop_watch_late(struct gu_io *io, unsigned want)
{
    gu_assert(io->fd >= 0 && (uintptr_t)io >> 48 == 0);
    io->ready = 0;
    io->want = (uint8_t)(want | GU_LATE);
}

int gu_loop_watch_now(struct gust_loop *loop, struct gu_io *io)
{
    struct gu_poller *poller = loop->p->poller;

    if (io->fd < 0 || (io->want & GU_LATE) == 0)
        return 0;
    io->want &= (uint8_t)~GU_LATE;
    return poller->ops->add(poller, io);
}

int gu_loop_watch(struct gust_loop *loop, struct gu_io *io, unsigned want)
{
    gu_loop_watch_late(io, want);
    return gu_loop_watch_now(loop, io);
}

int gu_loop_want(struct gust_loop *loop, struct gu_io *io, unsigned want)
{
    struct gu_poller *poller = loop->p->poller;
    unsigned was = io->want;
    int err;

    io->want = (uint8_t)((want & ~(unsigned)GU_LEVEL) | (was & (GU_LEVEL | GU_LATE)));
    if (io->fd < 0 || io->want == was || (was & GU_LATE) != 0 ||
        (loop->is_edge && (was & GU_LEVEL) == 0))
        return 0;
    err = poller->ops->modify(poller, io, was);
    if (err < 0)
        io->want = (uint8_t)was;
    return err;
}

void gu_loop_unwatch(struct gust_loop *loop, struct gu_io *io, bool is_closing)
{
    struct gu_poller *poller = loop->p->poller;

    if (io->fd < 0)
        return;
    if ((io->want & GU_LATE) == 0)
        poller->ops->remove(poller, io, is_closing);
    io->fd = -1;
    io->gen++;
}

/* --- handlers --- */

struct gu_handler {
    struct gu_io io; /* first: what gu_loop_free_later() links by must not be its gen */
    gust_loop *loop;
    void (*fn)(int fd, unsigned ready, void *arg);
    void *arg;
};

static void on_events(struct gu_io *io, unsigned events)
{
    struct gu_handler *h = gu_container_of(io, struct gu_handler, io);
    gust_loop *loop = h->loop;
    void (*fn)(int, unsigned, void *) = h->fn;
    unsigned ready = events & (h->io.want | GUST_ERROR); /* what an update took back is not told */

    if (ready == 0)
        return;
    gu_loop_ran(loop, NULL); /* what ran before in the batch is not its fault */
    fn(io->fd, ready, h->arg);
    gu_loop_ran_fn(loop, (void (*)(void))fn);
}

static struct gu_handler *handler_of(const gust_loop *loop, int fd)
{
    return fd >= 0 && (size_t)fd < loop->p->n_handlers ? loop->p->handlers[fd] : NULL;
}

static int make_room(struct gu_loop_private *p, int fd)
{
    size_t n = gu_max((size_t)fd + 1, gu_max(64, 2 * p->n_handlers));
    struct gu_handler **handlers;

    if ((size_t)fd < p->n_handlers)
        return 0;
    handlers = gu_realloc(p->handlers, n * sizeof *handlers);
    if (handlers == NULL)
        return -ENOMEM;
    memset(handlers + p->n_handlers, 0, (n - p->n_handlers) * sizeof *handlers);
    p->handlers = handlers;
    p->n_handlers = n;
    return 0;
}

static unsigned level(unsigned events)
{
    return (events & (GUST_READ | GUST_WRITE)) | GU_LEVEL;
}

int gust_loop_add_handler(gust_loop *loop, int fd, unsigned events,
                          void (*fn)(int fd, unsigned ready, void *arg), void *arg)
{
    struct gu_handler *h;
    int err;

    if (fd < 0)
        return -EBADF;
    if (handler_of(loop, fd) != NULL)
        return -EEXIST;
    err = make_room(loop->p, fd);
    if (err < 0)
        return err;
    h = gu_alloc0(sizeof *h);
    if (h == NULL)
        return -ENOMEM;
    h->io.on_events = on_events;
    h->io.fd = fd;
    h->loop = loop;
    h->fn = fn;
    h->arg = arg;
    err = gu_loop_watch(loop, &h->io, level(events));
    if (err < 0)
        gu_free(h);
    else
        loop->p->handlers[fd] = h;
    return err;
}

int gust_loop_update_handler(gust_loop *loop, int fd, unsigned events)
{
    struct gu_handler *h = handler_of(loop, fd);

    if (h == NULL)
        return -ENOENT;
    return gu_loop_want(loop, &h->io, level(events));
}

void gust_loop_remove_handler(gust_loop *loop, int fd)
{
    struct gu_handler *h = handler_of(loop, fd);

    if (h == NULL)
        return;
    loop->p->handlers[fd] = NULL;
    gu_loop_unwatch(loop, &h->io, false);
    gu_loop_free_later(loop, h, gu_free);
}

void gu_handlers_free(struct gust_loop *loop)
{
    for (size_t fd = 0; fd < loop->p->n_handlers; fd++)
        gust_loop_remove_handler(loop, (int)fd);
}
