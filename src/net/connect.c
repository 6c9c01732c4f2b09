/*
 * connect — streams from descriptors and from addresses
 *
 * Here text becomes a host and a port, and a connected socket a stream; what lies between is the
 * resolver's, and happy.c's.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "net/address.h"
#include "net/happy.h"
#include "net/memory.h"
#include "net/pull_impl.h"
#include "net/resolver.h"
#include "net/stream_impl.h"
#include "net/tls.h"
#include <fcntl.h>
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
    int err = options != NULL && options->tls != NULL ? -EINVAL : prepare(fd, &is_socket);

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

static void scope_ended(void *arg)
{
    gust_stream *s = arg;

    if (s->is_scoped)
        gust_stream_close(s);
    gu_pull_unref(s);
}

bool gu_pull_scope(struct gust_stream *s)
{
    if (!gu_try_defer(scope_ended, s))
        return false;
    s->is_scoped = true;
    gu_pull_ref(s);
    return true;
}

/* A stream that closes with the innermost scope. */
static struct gust_stream *new_in_scope(const gust_stream_options *options)
{
    struct gu_net *net = net_here();
    struct gust_stream *s = net == NULL ? NULL : gu_pull_new(net, options);

    if (s == NULL)
        return NULL;
    if (gu_pull_scope(s))
        return s;
    gust_stream_close(s);
    return NULL;
}

struct gust_stream *gu_pull_take(struct gu_stream *from, const char *unread, size_t len)
{
    bool is_socket = (from->flags & GU_STREAM_IS_SOCKET) != 0;
    struct gu_pending *pending = NULL;
    struct gust_stream *s = new_in_scope(NULL);
    int fd = s == NULL ? -ENOMEM : gu_stream_detach(from, unread, len, &pending);
    bool is_taken = fd != -ENOMEM;

    if (is_taken && gu_pull_open(s, fd, is_socket) < 0) {
        close(fd); /* one of memory cannot fail */
        gu_free(pending);
        if (gu_stream_is_tls(from))
            gu_tls_drop(from);
        is_taken = false;
    }
    if (!is_taken) {
        gust_stream_close(s);
        return NULL;
    }
    if (gu_stream_is_tls(from))
        gu_tls_move(from, &s->push);
    s->push.pending = pending;
    if (pending != NULL)
        s->push.net->held += pending->size;
    return s;
}

/* "name:80", or whatever else is an address with a port. */
static int resolve_text(struct gu_net *net, const char *text, int family,
                        struct gu_address list[GUST_RESOLVE_MAX])
{
    const char *colon = strrchr(text, ':');
    gust_str host = gu_str(text, colon == NULL ? 0 : (size_t)(colon - text));
    uint64_t port;

    if (!gu_str_to_u64(gust_str_from(colon == NULL ? text : colon + 1), &port) || port > UINT16_MAX)
        return -EINVAL;
    /* ::1:8888 may mean two things. */
    if (host.len > 0 && host.ptr[0] != '[' && gu_str_find(host, GU_STR(":"), 0) != GU_NPOS)
        return -EINVAL;
    return gu_resolve(net, host, (uint16_t)port, family, list);
}

static int find_addresses(struct gu_net *net, const char *host, unsigned port, int family,
                          struct gu_address list[GUST_RESOLVE_MAX])
{
    if (port > UINT16_MAX)
        return -EINVAL;
    if (port != 0)
        return gu_resolve(net, gust_str_from(host), (uint16_t)port, family, list);
    if (strncmp(host, "unix:", 5) == 0)
        return gu_address_parse(host, list);
    return resolve_text(net, host, family, list);
}

static int connect_stream(struct gust_stream *s, const char *host, unsigned port,
                          const gust_connect_options *options)
{
    struct gu_net *net = s->push.net;
    struct gu_address *list = gust_try_alloc(GUST_RESOLVE_MAX * sizeof *list);
    int n = list == NULL ? -ENOMEM : find_addresses(net, host, port, options->family, list), fd;
    int err;

    if (n < 0)
        return n;
    gu_happy_sort(list, n);
    fd = gu_happy_connect(net, list, n, options);
    if (fd < 0)
        return fd;
    err = gu_pull_open(s, fd, true);
    if (err < 0)
        close(fd);
    return err;
}

/* The same, or what stands in for it. */
static int open_connection(struct gust_stream *s, const char *host, unsigned port,
                           const gust_connect_options *options)
{
    struct gu_net *net = s->push.net;
    int fd = net->dialer == NULL ? GU_DIAL_NOBODY : net->dialer->dial(net->dialer, host, port);

    if (fd == GU_DIAL_NOBODY)
        return connect_stream(s, host, port, options);
    return gu_is_memory(fd) ? gu_pull_open(s, fd, false) : fd;
}

/* The name is the host's, but a Unix socket has none. */
static int connect_tls(gust_stream *s, const gust_tls_options *options, const char *host,
                       unsigned port)
{
    struct gu_tls_peer peer = {options->server_name, host, port, NULL};

    if (peer.name == NULL && port != 0)
        peer.name = host;
    return gu_pull_start_tls(s, options, &peer);
}

int gust_connect(const char *host, unsigned port, const gust_connect_options *options,
                 gust_stream **stream)
{
    static const gust_connect_options defaults;
    const gust_connect_options *o = options != NULL ? options : &defaults;
    gust_stream *s;
    int err;

    if (gu_task_current() == NULL)
        gu_misuse("gust_connect was called outside a task: run it in gust_run() or gust_go()");
    s = new_in_scope(&(gust_stream_options){.max_buffer_size = o->max_buffer_size});
    if (s == NULL)
        return -ENOMEM;
    err = open_connection(s, host, port, o);
    if (err == 0 && o->tls != NULL)
        err = connect_tls(s, o->tls, host, port);
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
    return stream->push.io.fd < 0 ? -1 : stream->push.io.fd;
}
