/*
 * tcpserver — a task for each connection
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/listen.h"
#include "net/pull_impl.h"
#include "net/tls.h"
#include <gust/tcpserver.h>
#include <unistd.h>

#define MAX_CONNECTIONS 10000

struct tcp_listener {
    struct gu_listener base;
    struct gu_link link;
    struct gust_tcpserver *server;
};

struct tcp_conn {
    struct gu_link link;
    struct gust_tcpserver *server;
    struct gust_stream *stream;
    struct gust_task *task; /* NULL: in the handshake of TLS */
};

struct gust_tcpserver {
    struct gust_loop *loop;
    struct gu_net *net;
    struct gu_tasks *tasks;
    int (*handle)(gust_stream *stream, void *arg);
    void *arg;
    struct gust_tcpserver_options options;
    struct gust_tls_context *tls; /* NULL: plain */
    struct gu_link listeners, conns;
    size_t n_conns, max_conns;
    bool is_paused, is_freed;
};

/* --- bounds --- */

static void look_at_bounds(gust_tcpserver *server)
{
    bool is_full = server->n_conns >= server->max_conns;

    if (is_full == server->is_paused)
        return;
    server->is_paused = is_full;
    GU_LIST_FOREACH (link, &server->listeners) {
        struct gu_listener *listener = &gu_container_of(link, struct tcp_listener, link)->base;

        if (is_full)
            gu_listener_pause(listener);
        else
            gu_listener_resume(listener);
    }
    if (is_full)
        GU_LOG_ONCE_PER(60, server->loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "%s: %zu connections are served, others wait (max_connections)",
                        server->options.name, server->n_conns);
}

/* --- a connection --- */

static void server_free(void *memory)
{
    gust_tcpserver *server = memory;

    gust_tls_context_free(server->tls);
    gu_free(server);
}

static void conn_ended(struct tcp_conn *conn)
{
    gust_tcpserver *server = conn->server;

    gust_stream_close(conn->stream); /* NULL once a protocol has it */
    gu_list_remove(&conn->link);
    gu_free(conn);
    server->n_conns--;
    if (!server->is_freed)
        look_at_bounds(server);
    else if (server->n_conns == 0)
        gu_loop_free_later(server->loop, server, server_free);
}

static void conn_main(struct gust_task *task)
{
    struct tcp_conn *conn = task->arg;
    int err = conn->server->handle(conn->stream, conn->server->arg);

    if (err < 0 && err != -GUST_ECLOSED && err != -ECANCELED)
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "%s: the handler of a connection failed: %s",
               conn->server->options.name, gust_strerror(err));
    if (conn->stream->protocol != NULL)
        conn->stream = NULL;
    conn_ended(conn);
}

static void conn_raised(struct gust_task *task)
{
    struct tcp_conn *conn = task->arg;

    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "%s: the handler of a connection raised %d: %s",
           conn->server->options.name, task->raise_code, task->raise_message);
    conn_ended(conn);
}

/* False when memory is short. */
static bool task_make(struct tcp_conn *conn)
{
    conn->task = gu_task_new(conn->server->tasks, conn_main, conn->server->options.name);
    if (conn->task == NULL)
        return false;
    conn->task->arg = conn;
    conn->task->raised = conn_raised;
    return true;
}

/* The handler finds a stream that is open, or never sees it. */
static void conn_opened(struct gu_stream *s, int err, void *arg)
{
    struct tcp_conn *conn = arg;

    (void)s;
    if (err == 0 && task_make(conn))
        gu_task_start(conn->task);
    else
        conn_ended(conn);
}

/* Everything that a connection needs, or nothing. Takes fd. */
static struct tcp_conn *conn_new(gust_tcpserver *server, int fd)
{
    struct tcp_conn *conn = gu_alloc0(sizeof *conn);
    struct gust_stream *stream = gu_pull_new(server->net, &server->options.stream);

    if (conn == NULL || stream == NULL || gu_pull_open(stream, fd, true) < 0) {
        close(fd);
        goto fail;
    }
    conn->server = server;
    conn->stream = stream;
    if (server->tls == NULL
            ? task_make(conn)
            : gu_tls_begin(&stream->push, server->tls, NULL, conn_opened, conn) == 0)
        return conn;
fail:
    gust_stream_close(stream);
    gu_free(conn);
    return NULL;
}

static void accepted(struct gu_listener *listener, int fd, const struct gu_peer *peer)
{
    gust_tcpserver *server = gu_container_of(listener, struct tcp_listener, base)->server;
    struct tcp_conn *conn = conn_new(server, fd);

    (void)peer;
    if (conn == NULL) {
        GU_LOG_ONCE_PER(10, server->loop->now, GUST_LOG_ERROR, GU_LOG_GENERAL,
                        "%s: out of memory for a connection", server->options.name);
        return;
    }
    gu_list_append(&server->conns, &conn->link);
    server->n_conns++;
    look_at_bounds(server);
    if (conn->task != NULL)
        gu_task_start(conn->task);
}

/* --- the server --- */

static int open_tls(gust_tcpserver *server)
{
    const struct gust_tls_options *options = server->options.stream.tls;

    return options == NULL ? 0 : gu_tls_context_of(options, true, NULL, &server->tls);
}

gust_tcpserver *gust_tcpserver_new(int (*handle)(gust_stream *stream, void *arg), void *arg,
                                   const gust_tcpserver_options *options)
{
    struct gust_loop *loop = gust_loop_current();
    gust_tcpserver *server = loop == NULL ? NULL : gu_alloc0(sizeof *server);

    if (server == NULL)
        return NULL;
    server->loop = loop;
    server->net = gu_net_of(loop);
    server->tasks = gu_tasks_of(loop);
    server->handle = handle;
    server->arg = arg;
    if (options != NULL)
        server->options = *options;
    if (server->options.name == NULL)
        server->options.name = "tcpserver";
    server->max_conns = gu_option_size(server->options.max_connections, MAX_CONNECTIONS);
    gu_list_init(&server->listeners);
    gu_list_init(&server->conns);
    if (server->net == NULL || server->tasks == NULL || open_tls(server) < 0) {
        gu_free(server);
        return NULL;
    }
    return server;
}

static int add_socket(gust_tcpserver *server, int fd)
{
    struct tcp_listener *listener = gu_alloc0(sizeof *listener);
    int err =
        listener == NULL ? -ENOMEM : gu_listener_open(&listener->base, server->loop, fd, accepted);

    if (err < 0) {
        gu_free(listener);
        close(fd);
        return err;
    }
    listener->server = server;
    gu_list_append(&server->listeners, &listener->link);
    if (server->is_paused)
        gu_listener_pause(&listener->base);
    return 0;
}

static void free_listener(gust_tcpserver *server, struct gu_link *link)
{
    struct tcp_listener *listener = gu_container_of(link, struct tcp_listener, link);

    gu_list_remove(link);
    gu_listener_close(&listener->base);
    gu_loop_free_later(server->loop, listener, gu_free);
}

int gust_tcpserver_add_sockets(gust_tcpserver *server, const int fds[], size_t n_fds)
{
    int err = 0;
    size_t n = 0;

    for (size_t i = 0; i < n_fds; i++) {
        if (err == 0)
            err = add_socket(server, fds[i]);
        else
            close(fds[i]);
        n += err == 0;
    }
    while (err < 0 && n-- > 0)
        free_listener(server, server->listeners.prev);
    return err;
}

int gust_tcpserver_listen(gust_tcpserver *server, const char *address)
{
    int fds[GUST_BIND_MAX];
    int n = gust_bind_sockets(address, NULL, fds, GUST_BIND_MAX);

    return n < 0 ? n : gust_tcpserver_add_sockets(server, fds, (size_t)n);
}

int gust_tcpserver_port(const gust_tcpserver *server)
{
    struct gu_link *first = server->listeners.next;

    if (first == &server->listeners)
        return 0;
    return gust_socket_port(gu_container_of(first, struct tcp_listener, link)->base.io.fd);
}

void gust_tcpserver_stop(gust_tcpserver *server)
{
    GU_LIST_FOREACH_SAFE (link, &server->listeners) {
        free_listener(server, link);
    }
}

void gust_tcpserver_free(gust_tcpserver *server)
{
    size_t n_conns;

    if (server == NULL)
        return;
    n_conns = server->n_conns;
    gust_tcpserver_stop(server);
    server->is_freed = true;
    GU_LIST_FOREACH_SAFE (link, &server->conns) {
        struct tcp_conn *conn = gu_container_of(link, struct tcp_conn, link);

        if (conn->task != NULL)
            gu_task_cancel(conn->task, GUST_CANCEL_ASKED);
        else
            gust_stream_close(conn->stream); /* which ends it by conn_opened() */
    }
    if (n_conns == 0)
        gu_loop_free_later(server->loop, server, server_free);
}
