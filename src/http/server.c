/*
 * server — options, listeners, connections as a whole
 */
#include "base/alloc.h"
#include "base/log.h"
#include "http/http_impl.h"
#include "net/tls.h"
#include <gust/net.h>
#include <gust/process.h>
#include <unistd.h>

#define TICK GU_SECOND         /* how often those who are watched over are looked at */
#define RETRY (GU_SECOND / 10) /* how often memory is looked at while there is too little */

/* --- options --- */

static bool make_lists(struct gust_httpserver *server, const gust_httpserver_options *o)
{
    struct gust_loop *loop = server->http->loop;

    server->heading =
        gu_timeout_list(loop, gu_option_time(o->header_timeout, 10), gu_conn_expired_heading);
    server->idle = gu_timeout_list(loop, gu_option_time(o->idle_timeout, 75), gu_conn_expired_idle);
    server->busy = gu_timeout_list(loop, TICK, gu_conn_expired_busy);
    server->lingering =
        gu_timeout_list(loop, gu_option_time(o->linger_timeout, 2), gu_conn_expired_lingering);
    return server->heading != NULL && server->idle != NULL && server->busy != NULL &&
           server->lingering != NULL;
}

static void set_options(struct gust_httpserver *server, const gust_httpserver_options *o)
{
    size_t n_fields = gu_option_size(o->max_header_count, 100);

    server->options = *o;
    server->max_header_size =
        gu_min(gu_option_size(o->max_header_size, (size_t)64 * 1024), GU_NET_IN - 1);
    server->max_header_count = (unsigned)gu_min(n_fields, GU_HEAD_MAX_FIELDS);
    server->no_keep_alive = o->no_keep_alive;
    server->max_body_size = gu_option_size(o->max_body_size, (size_t)32 << 20);
    server->max_connections = gu_option_size(o->max_connections, SIZE_MAX);
    server->max_memory = gu_option_size(o->max_memory, SIZE_MAX);
    server->max_task_memory = gu_option_size(o->max_task_memory, GU_TASK_MEMORY);
    server->body_timeout = gu_option_time(o->body_timeout, GUST_NEVER);
    server->grace = gu_option_time(o->min_rate_grace, 5);
    server->min_rate = o->min_rate < 0 ? 0 : gu_option_size(o->min_rate, 240);
    server->max_buffer_size = gu_option_size(o->max_buffer_size, (size_t)16 << 20);
    server->max_exchanges = gu_option_size(o->max_tasks, 100000);
}

/* --- pausing --- */

static void pause_listeners(gust_httpserver *server, uint8_t why)
{
    server->paused |= why;
    GU_LIST_FOREACH (link, &server->listeners) {
        gu_listener_pause(&gu_container_of(link, struct gu_server_listener, link)->listener);
    }
}

static void resume_listeners(gust_httpserver *server, uint8_t why)
{
    server->paused &= (uint8_t)~why;
    if (server->paused != 0)
        return;
    GU_LIST_FOREACH (link, &server->listeners) {
        gu_listener_resume(&gu_container_of(link, struct gu_server_listener, link)->listener);
    }
}

/* A pause ends well below the limit, or it would begin anew with the next connection. */
static void on_retry(struct gu_timer *timer)
{
    gust_httpserver *server = gu_container_of(timer, gust_httpserver, retry);
    struct gust_loop *loop = server->http->loop;

    if (gu_http_memory(server->http) <= server->max_memory / 8 * 7 ||
        gu_timer_set(loop, timer, loop->now + RETRY) < 0)
        resume_listeners(server, GU_PAUSE_MEMORY);
}

bool gu_server_is_full(gust_httpserver *server)
{
    struct gust_loop *loop = server->http->loop;

    if (gu_http_memory(server->http) <= server->max_memory)
        return false;
    GU_LOG_ONCE_PER(10, loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                    "503: requests use %zu bytes (max_memory); connections wait",
                    gu_http_memory(server->http));
    if ((server->paused & GU_PAUSE_MEMORY) == 0 &&
        gu_timer_set(loop, &server->retry, loop->now + RETRY) == 0)
        pause_listeners(server, GU_PAUSE_MEMORY);
    return true;
}

/* --- life --- */

gust_httpserver *gust_httpserver_new_delegate(const gust_delegate *delegate, void *arg,
                                              const gust_httpserver_options *options)
{
    static const char *const protocols[] = {"http/1.1", NULL};
    gust_httpserver *server = gu_alloc0(sizeof *server);

    if (server == NULL)
        return NULL;
    if (options != NULL && options->tls != NULL &&
        gu_tls_context_of(options->tls, true, protocols, &server->tls) < 0) {
        gu_free(server);
        return NULL;
    }
    server->n_holders = 1;
    server->delegate = delegate;
    server->arg = arg;
    gu_list_init(&server->listeners);
    gu_list_init(&server->conns);
    gu_list_init(&server->orphans);
    gu_list_init(&server->closers);
    server->retry.run = on_retry;
    if (options != NULL)
        server->options = *options;
    return server;
}

/* Takes its place on this thread's loop: only when it first listens, because a server that is to
 * fork must have no loop before. */
static int open_server(struct gust_httpserver *server)
{
    struct gust_loop *loop = server->http == NULL ? gust_loop_current() : NULL;

    if (server->http != NULL)
        return 0;
    if (loop != NULL)
        server->http = gu_http_of(loop);
    if (server->http == NULL || !make_lists(server, &server->options)) {
        server->http = NULL;
        return -ENOMEM;
    }
    set_options(server, &server->options);
    return 0;
}

static void free_listener(struct gu_server_listener *sl)
{
    gu_listener_close(&sl->listener);
    gu_list_remove(&sl->link);
    gu_loop_free_later(sl->server->http->loop, sl, gu_free);
}

/* Closing a socket resets those who wait in its queue, so they are let in first. */
void gust_httpserver_stop(gust_httpserver *server)
{
    GU_LIST_FOREACH_SAFE (link, &server->listeners) {
        struct gu_server_listener *sl = gu_container_of(link, struct gu_server_listener, link);

        gu_listener_drain(&sl->listener);
        free_listener(sl);
    }
    gu_sockets_close(&server->bound);
}

void gust_httpserver_free(gust_httpserver *server)
{
    if (server == NULL)
        return;
    GU_LIST_FOREACH_SAFE (link, &server->listeners) {
        free_listener(gu_container_of(link, struct gu_server_listener, link));
    }
    gu_sockets_close(&server->bound);
    if (server->http != NULL)
        gu_timer_clear(server->http->loop, &server->retry);
    gu_httpserver_cut(server);
    gu_server_release(server);
}

static void server_free(void *memory)
{
    gust_httpserver *server = memory;

    gust_tls_context_free(server->tls);
    gu_free(server);
}

void gu_server_release(gust_httpserver *server)
{
    if (--server->n_holders > 0)
        return;
    if (server->http == NULL)
        server_free(server);
    else
        gu_loop_free_later(server->http->loop, server, server_free);
}

int gust_httpserver_reload_tls(gust_httpserver *server)
{
    return server->tls == NULL ? -EINVAL : gust_tls_context_reload(server->tls);
}

/* --- connections --- */

int gu_httpserver_accept(gust_httpserver *server, int fd, const struct gu_peer *peer)
{
    struct gu_conn *conn = open_server(server) < 0 ? NULL : gu_conn_new(server, fd, peer);

    if (conn == NULL)
        return -ENOMEM;
    if (server->tls != NULL && gu_tls_begin(&conn->s, server->tls, NULL, NULL, NULL) < 0) {
        server->n_conns++;
        gu_stream_close(&conn->s);
        return 0;
    }
    if (++server->n_conns >= server->max_connections)
        pause_listeners(server, GU_PAUSE_CONNECTIONS);
    gust_ignore(gu_server_has_memory(server)); /* else nothing more is accepted */
    return 0;
}

static void accepted(struct gu_listener *listener, int fd, const struct gu_peer *peer)
{
    gust_httpserver *server =
        gu_container_of(listener, struct gu_server_listener, listener)->server;

    if (gu_httpserver_accept(server, fd, peer) < 0)
        close(fd);
}

void gu_server_conn_closed(gust_httpserver *server)
{
    server->n_conns--;
    if (gu_unlikely((server->paused & GU_PAUSE_CONNECTIONS) != 0))
        resume_listeners(server, GU_PAUSE_CONNECTIONS);
    gu_server_is_quiet(server);
}

void gu_server_is_quiet(gust_httpserver *server)
{
    struct gu_link *link;

    if (gu_likely(gu_list_is_empty(&server->closers)) || server->n_conns > 0 ||
        !gu_list_is_empty(&server->orphans))
        return;
    while ((link = gu_list_pop(&server->closers)) != NULL)
        gu_task_wake(gu_container_of(link, struct gu_wait, link)->task, 0);
}

int gust_httpserver_close_all(gust_httpserver *server)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};

    gu_task_check_wait();
    server->is_draining = true;
    GU_LIST_FOREACH_SAFE (link, &server->conns) {
        struct gu_conn *conn = gu_container_of(link, struct gu_conn, all);

        if (conn->x == NULL && !conn->is_in_head)
            gu_conn_close_politely(conn);
        else if (conn->x == NULL && conn->s.pending == NULL) /* new, and silent so far */
            gu_timeout_start(server->lingering, &conn->timeout);
        else if (conn->x != NULL && server->draining != NULL)
            server->draining(conn->x);
    }
    if (server->n_conns == 0 && gu_list_is_empty(&server->orphans))
        return 0;
    gu_list_append(&server->closers, &wait.link);
    return gu_task_wait(&wait, GU_FOREVER);
}

size_t gu_httpserver_cut(gust_httpserver *server)
{
    size_t n = 0;

    GU_LIST_FOREACH_SAFE (link, &server->orphans) {
        gu_task_cancel(gu_container_of(link, struct gu_conn, all)->x->task, GUST_CANCEL_DRAINING);
        n++;
    }
    GU_LIST_FOREACH_SAFE (link, &server->conns) {
        struct gu_conn *conn = gu_container_of(link, struct gu_conn, all);

        if (conn->x != NULL) {
            gu_task_cancel(conn->x->task, GUST_CANCEL_DRAINING);
            n++;
        }
        gu_stream_close(&conn->s);
    }
    return n;
}

/* --- listening --- */

static int add_socket(gust_httpserver *server, int fd)
{
    struct gu_server_listener *sl = gu_alloc0(sizeof *sl);
    int err =
        sl == NULL ? -ENOMEM : gu_listener_open(&sl->listener, server->http->loop, fd, accepted);
    int port;

    if (err < 0) {
        gu_free(sl);
        close(fd);
        return err;
    }
    sl->server = server;
    port = gust_socket_port(fd);
    sl->port = port > 0 ? (uint16_t)port : 0;
    gu_list_append(&server->listeners, &sl->link);
    if (server->paused != 0)
        gu_listener_pause(&sl->listener);
    return 0;
}

/* Takes back the newest sockets, on which nothing was accepted yet. */
static gu_cold void drop_sockets(gust_httpserver *server, size_t n)
{
    while (n-- > 0)
        free_listener(gu_container_of(server->listeners.prev, struct gu_server_listener, link));
}

int gust_httpserver_add_sockets(gust_httpserver *server, const int fds[], size_t n_fds)
{
    int err = open_server(server);
    size_t n = 0;

    for (size_t i = 0; i < n_fds; i++) {
        if (err == 0)
            err = add_socket(server, fds[i]);
        else
            close(fds[i]);
        n += err == 0;
    }
    if (err < 0)
        drop_sockets(server, n);
    return err;
}

int gust_httpserver_listen(gust_httpserver *server, const char *address)
{
    int fds[8];
    int n = gust_bind_sockets(address, NULL, fds, gu_countof(fds));

    return n < 0 ? n : gust_httpserver_add_sockets(server, fds, (size_t)n);
}

int gu_httpserver_add_bound(gust_httpserver *server, const struct gu_sockets *set)
{
    if (server->bound.n + set->n > gu_countof(server->bound.fds))
        return -ENOSPC;
    for (size_t i = 0; i < set->n; i++)
        server->bound.fds[server->bound.n++] = set->fds[i];
    return 0;
}

int gust_httpserver_bind(gust_httpserver *server, const char *address)
{
    struct gu_sockets set;
    int err = server->bound.n > 0 ? -EEXIST : gu_sockets_bind(address, &set, 1);

    return err < 0 ? err : gu_httpserver_add_bound(server, &set);
}

/* In each worker: its own set of sockets, and no other's. */
static int start_worker(gust_httpserver *server, struct gu_sockets *sets, size_t n_sets)
{
    int id = gust_fork_processes((int)n_sets, 0);

    for (size_t i = 0; i < n_sets; i++)
        if ((int)i != id)
            gu_sockets_close(&sets[i]);
    if (id >= 0)
        server->bound = sets[id];
    return id;
}

static int start_workers(gust_httpserver *server, size_t n)
{
    struct gu_sockets *sets = gu_alloc0(n * sizeof *sets);
    int err;

    if (sets == NULL)
        return -ENOMEM;
    sets[0] = server->bound;
    err = gu_sockets_share(sets, n);
    if (err == 0) {
        server->bound.n = 0;
        err = start_worker(server, sets, n);
    }
    gu_free(sets);
    return err;
}

int gust_httpserver_start(gust_httpserver *server, int n)
{
    struct gu_sockets set;
    int err = 0;

    if (n <= 0)
        n = gust_cpu_count();
    if (n > 1)
        err = start_workers(server, (size_t)n);
    if (err < 0)
        return err;
    set = server->bound;
    server->bound.n = 0;
    return gust_httpserver_add_sockets(server, set.fds, set.n);
}

size_t gust_httpserver_n_connections(const gust_httpserver *server)
{
    return server->n_conns;
}

int gust_httpserver_port(const gust_httpserver *server)
{
    GU_LIST_FOREACH (link, &server->listeners) {
        struct gu_server_listener *sl = gu_container_of(link, struct gu_server_listener, link);

        if (sl->port != 0)
            return sl->port;
    }
    return server->bound.n > 0 ? gust_socket_port(server->bound.fds[0]) : 0;
}
