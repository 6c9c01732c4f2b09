/*
 * connect — streams from descriptors and from addresses
 *
 * A connecting stream is watched once, by its own gu_io, whose function changes when it is there.
 */
#include "base/alloc.h"
#include "net/address.h"
#include "net/pull_impl.h"
#include "net/stream_impl.h"
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- over a descriptor --- */

/* writev() on a pipe without a reader raises SIGPIPE; send() can be told not to. */
static void ignore_sigpipe(void)
{
    struct sigaction now;

    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static int prepare(int fd, bool *is_socket)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return -EPERM;
    *is_socket = S_ISSOCK(st.st_mode);
    if (!*is_socket)
        ignore_sigpipe();
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static struct gu_net *net_here(void)
{
    struct gust_loop *loop = gust_loop_current();

    return loop == NULL ? NULL : gu_net_of(loop);
}

int gust_stream_open(int fd, const gust_stream_options *options, gust_stream **stream)
{
    struct gu_net *net = net_here();
    gust_stream *s;
    bool is_socket = false;
    int err = prepare(fd, &is_socket);

    if (err < 0)
        return err;
    s = net == NULL ? NULL : gu_pull_new(net, options);
    if (s == NULL)
        return -ENOMEM;
    err = gu_pull_open(s, fd, is_socket);
    if (err < 0) {
        gust_stream_close(s);
        return err;
    }
    *stream = s;
    return 0;
}

int gust_stream_pair(gust_stream *ends[2])
{
    gust_stream *made[2];
    int fds[2], err;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    err = gust_stream_open(fds[0], NULL, &made[0]);
    if (err < 0) {
        close(fds[0]);
        close(fds[1]);
        return err;
    }
    err = gust_stream_open(fds[1], NULL, &made[1]);
    if (err < 0) {
        gust_stream_close(made[0]);
        close(fds[1]);
        return err;
    }
    memcpy(ends, made, sizeof made);
    return 0;
}

/* --- connecting --- */

struct connect_wait {
    struct gu_wait base;
    struct gust_stream *stream;
};

static void abandon(struct gu_wait *wait)
{
    gu_container_of(wait, struct connect_wait, base)->stream->connecting = NULL;
}

static void on_connected(struct gu_io *io, unsigned events)
{
    struct gust_stream *s = gu_container_of(io, struct gust_stream, push.io);
    struct gu_wait *wait = s->connecting;

    io->ready |= (uint8_t)(events & ~(unsigned)GU_ERR);
    s->connecting = NULL;
    if (wait != NULL)
        gu_task_wake(wait->task, 0);
}

static int wait_connected(struct gust_stream *s)
{
    struct connect_wait wait = {{.abandon = abandon}, s};
    int err, result = 0;
    socklen_t len = sizeof result;

    s->connecting = &wait.base;
    err = gu_task_wait(&wait.base, GU_FOREVER);
    if (err < 0)
        return err;
    if (getsockopt(s->push.io.fd, SOL_SOCKET, SO_ERROR, &result, &len) < 0)
        return -errno;
    return -result;
}

/* Waits until the connection that fd began is there. */
static int finish_connecting(struct gust_stream *s, int fd)
{
    int err;

    gu_stream_init(&s->push, s->push.net, &gu_pull_ops, fd, true);
    s->push.io.on_events = on_connected;
    err = gu_loop_watch(s->push.net->loop, &s->push.io, GU_OUT);
    if (err == 0) {
        err = wait_connected(s);
        if (err < 0)
            gu_loop_unwatch(s->push.net->loop, &s->push.io, true);
    }
    if (err < 0) {
        s->push.flags = GU_STREAM_CLOSED;
        return err;
    }
    s->push.io.on_events = gu_stream_on_events;
    gu_pull_ref(s);
    gu_stream_pause(&s->push);
    return 0;
}

static int connect_to(struct gust_stream *s, const struct gu_address *address)
{
    int fd = socket(address->as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err, on = 1;

    if (fd < 0)
        return -errno;
    if (address->as.any.sa_family != AF_UNIX)
        gust_ignore(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    if (connect(fd, &address->as.any, address->len) == 0)
        err = gu_pull_open(s, fd, true);
    else if (errno == EINPROGRESS || errno == EINTR)
        err = finish_connecting(s, fd);
    else
        err = -errno;
    if (err < 0)
        close(fd);
    return err;
}

static void scope_ended(void *arg)
{
    gust_stream *s = arg;

    if (s->is_scoped)
        gust_stream_close(s);
    gu_pull_unref(s);
}

/* A stream that closes with the innermost scope. */
static struct gust_stream *new_in_scope(const gust_stream_options *options)
{
    struct gu_net *net = net_here();
    struct gust_stream *s = net == NULL ? NULL : gu_pull_new(net, options);

    if (s == NULL)
        return NULL;
    if (!gu_try_defer(scope_ended, s)) {
        gust_stream_close(s);
        return NULL;
    }
    s->is_scoped = true;
    gu_pull_ref(s);
    return s;
}

struct gust_stream *gu_pull_take(struct gu_stream *from, const char *unread, size_t len)
{
    bool is_socket = (from->flags & GU_STREAM_IS_SOCKET) != 0;
    struct gu_pending *pending = NULL;
    struct gust_stream *s = new_in_scope(NULL);
    int fd = s == NULL ? -ENOMEM : gu_stream_detach(from, unread, len, &pending);

    if (fd >= 0 && gu_pull_open(s, fd, is_socket) < 0) {
        close(fd);
        gu_free(pending);
        fd = -1;
    }
    if (fd < 0) {
        gust_stream_close(s);
        return NULL;
    }
    s->push.pending = pending;
    if (pending != NULL)
        s->push.net->held += pending->size;
    return s;
}

int gust_connect(const char *host, unsigned port, const gust_stream_options *options,
                 gust_stream **stream)
{
    struct gu_address list[GUST_BIND_MAX];
    gust_stream *s;
    int n, err = -EINVAL;

    if (gu_task_current() == NULL)
        gu_misuse("gust_connect was called outside a task: run it in gust_run() or gust_go()");
    if (port > UINT16_MAX)
        return -EINVAL;
    n = port == 0 ? gu_address_parse(host, list)
                  : gu_address_parse_host(gust_str_from(host), (uint16_t)port, list);
    if (n < 0)
        return n;
    s = new_in_scope(options);
    if (s == NULL)
        return -ENOMEM;
    for (int i = 0; i < n && err < 0 && err != -ETIMEDOUT && err != -ECANCELED; i++)
        err = connect_to(s, &list[i]);
    if (err < 0)
        gust_stream_close(s);
    else
        *stream = s;
    return err;
}

void gust_stream_keep(gust_stream *stream)
{
    gu_pull_check(stream, "gust_stream_keep");
    stream->is_scoped = false;
}

/* --- asking --- */

int gust_stream_error(const gust_stream *stream)
{
    return stream->error != 0 ? stream->error : stream->push.err;
}

void gust_stream_peer(const gust_stream *stream, char text[GUST_ADDRESS_TEXT])
{
    struct gu_address address = {.len = sizeof address.as};

    text[0] = '\0';
    if (getpeername(stream->push.io.fd, &address.as.any, &address.len) == 0)
        gu_address_format(&address.as.any, address.len, text);
}

int gust_stream_fd(const gust_stream *stream)
{
    return stream->push.io.fd;
}
