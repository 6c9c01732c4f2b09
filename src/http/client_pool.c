/*
 * client — places, and connections that are kept
 *
 * A fetch needs a place in its client (max_clients) and in its origin (max_per_host). Who finds
 * none waits in the origin's line; origins in whose line somebody waits, and that have room, take
 * turns, so that one slow server holds up nobody else's requests. A place is handed over: who is
 * woken has it.
 *
 * A connection that is kept has a protocol instead of a reader: whatever comes on it, its end or
 * bytes that nobody asked for, closes it. So what is taken out of the pool was good in the last
 * turn of the loop, without a system call.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "http/client_impl.h"

/* --- origins --- */

struct gu_origin *gu_origin_ref(struct gust_httpclient *client, gust_str key)
{
    struct gu_origin *origin = gu_map_find(&client->origins, key);

    if (origin == NULL) {
        origin = gu_alloc0(sizeof *origin + key.len);
        if (origin == NULL)
            return NULL;
        origin->client = client;
        origin->key_len = key.len;
        memcpy(origin->key, key.ptr, key.len);
        gu_list_init(&origin->eligible);
        gu_list_init(&origin->waiting);
        gu_list_init(&origin->idle);
        if (gu_map_put(&client->origins, gu_str(origin->key, key.len), origin) < 0) {
            gu_free(origin);
            return NULL;
        }
    }
    origin->n_refs++;
    return origin;
}

void gu_origin_unref(struct gu_origin *origin)
{
    if (origin == NULL || --origin->n_refs > 0)
        return;
    gu_map_remove(&origin->client->origins, gu_str(origin->key, origin->key_len));
    gust_tls_context_free(origin->tls);
    gu_free(origin);
}

/* --- places --- */

struct place_wait {
    struct gu_wait base;
    struct gu_origin *origin;
};

static bool has_room(const struct gu_origin *origin)
{
    return origin->n_busy < origin->client->max_per_host;
}

static void look_at_line(struct gu_origin *origin)
{
    bool is_eligible = !gu_list_is_empty(&origin->waiting) && has_room(origin);

    if (is_eligible == !gu_list_is_empty(&origin->eligible))
        return;
    if (is_eligible)
        gu_list_append(&origin->client->eligible, &origin->eligible);
    else
        gu_list_remove(&origin->eligible);
}

static void take(struct gu_origin *origin)
{
    origin->client->n_busy++;
    origin->n_busy++;
}

static void hand_out(struct gust_httpclient *client)
{
    while (client->n_busy < client->max_clients && !gu_list_is_empty(&client->eligible)) {
        struct gu_link *link = client->eligible.next;
        struct gu_origin *origin = gu_container_of(link, struct gu_origin, eligible);
        struct gu_link *first = origin->waiting.next;

        gu_list_remove(link);
        gu_list_remove(first);
        take(origin);
        look_at_line(origin); /* behind the others, if it still has somebody */
        gu_task_wake(gu_container_of(first, struct gu_wait, link)->task, 0);
    }
}

static void abandon(struct gu_wait *wait)
{
    gu_list_remove(&wait->link);
    look_at_line(gu_container_of(wait, struct place_wait, base)->origin);
}

int gu_place_take(struct gu_origin *origin, bool is_first)
{
    struct gust_httpclient *client = origin->client;
    struct place_wait wait = {{.abandon = abandon}, origin};

    if (client->is_freed)
        return -GUST_ECLOSED;
    if (client->n_busy < client->max_clients && has_room(origin) &&
        gu_list_is_empty(&origin->waiting)) {
        take(origin);
        return 0;
    }
    gu_list_init(&wait.base.link);
    if (is_first)
        gu_list_prepend(&origin->waiting, &wait.base.link);
    else
        gu_list_append(&origin->waiting, &wait.base.link);
    look_at_line(origin);
    return gu_task_wait(&wait.base, GU_FOREVER);
}

void gu_place_give(struct gu_origin *origin)
{
    gu_assert(origin->n_busy > 0);
    origin->n_busy--;
    origin->client->n_busy--;
    look_at_line(origin);
    hand_out(origin->client);
}

/* --- connections --- */

struct gu_client_conn *gu_client_conn_new(struct gu_origin *origin, struct gust_stream *stream)
{
    struct gu_client_conn *conn = gu_alloc0(sizeof *conn);

    if (conn == NULL)
        return NULL;
    conn->origin = origin;
    conn->stream = stream;
    gu_list_init(&conn->of_origin);
    gu_list_init(&conn->of_client);
    gu_timeout_init(&conn->timeout);
    return conn;
}

void gu_client_conn_cut(struct gu_client_conn *conn)
{
    gu_stream_cut(&conn->stream->push);
    gust_stream_close(conn->stream);
    gu_free(conn);
}

void gu_client_conn_leave(struct gu_client_conn *conn)
{
    gust_stream_close(conn->stream);
    gu_free(conn);
}

/* Takes it out of the pool. */
static void not_idle(struct gu_client_conn *conn)
{
    gu_list_remove(&conn->of_origin);
    gu_list_remove(&conn->of_client);
    gu_timeout_stop(&conn->timeout);
    conn->origin->client->n_idle--;
    gu_pull_take_up(conn->stream);
}

static void close_idle(struct gu_client_conn *conn)
{
    struct gu_origin *origin = conn->origin;

    not_idle(conn);
    gust_stream_close(conn->stream);
    gu_free(conn);
    gu_origin_unref(origin);
}

static size_t idle_received(struct gust_stream *s, const char *bytes, size_t len, void *data)
{
    (void)s;
    (void)bytes;
    close_idle(data);
    return len;
}

static void idle_ended(struct gust_stream *s, int err, void *data)
{
    (void)s;
    (void)err;
    close_idle(data);
}

static const gust_stream_protocol idle_protocol = {.received = idle_received, .ended = idle_ended};

static void idle_expired(struct gu_timeout *timeout)
{
    close_idle(gu_container_of(timeout, struct gu_client_conn, timeout));
}

struct gu_client_conn *gu_conn_reuse(struct gu_origin *origin)
{
    struct gu_client_conn *conn;

    if (gu_list_is_empty(&origin->idle))
        return NULL;
    conn = gu_container_of(origin->idle.prev, struct gu_client_conn, of_origin); /* the newest */
    not_idle(conn);
    gu_origin_unref(origin); /* the fetch has one */
    return conn;
}

void gu_client_conn_keep(struct gu_client_conn *conn)
{
    struct gust_httpclient *client = conn->origin->client;

    if (client->is_freed || client->max_idle == 0 ||
        !gu_pull_set_aside(conn->stream, &idle_protocol, conn)) {
        gu_client_conn_cut(conn);
        return;
    }
    conn->origin->n_refs++;
    gu_list_append(&conn->origin->idle, &conn->of_origin);
    gu_list_append(&client->idle, &conn->of_client);
    if (client->idle_timeout != NULL)
        gu_timeout_start(client->idle_timeout, &conn->timeout);
    if (client->n_idle++ >= client->max_idle)
        close_idle(gu_container_of(client->idle.next, struct gu_client_conn, of_client));
}

/* --- clients --- */

static int client_init(struct gust_httpclient *client, const gust_httpclient_options *o)
{
    gu_time idle = gu_option_time(o->idle_timeout, 30);

    client->options = *o;
    client->max_clients = gu_option_size(o->max_clients, 512);
    client->max_per_host = gu_option_size(o->max_per_host, 64);
    client->max_idle = gu_option_size(o->max_idle, 128);
    client->max_header_size = gu_option_size(o->max_header_size, (size_t)64 << 10);
    client->max_body_size = gu_option_size(o->max_body_size, (size_t)32 << 20);
    client->n_holders = 1;
    gu_list_init(&client->eligible);
    gu_list_init(&client->idle);
    if (idle == GU_FOREVER)
        return 0;
    client->idle_timeout = gu_timeout_list(client->loop, idle, idle_expired);
    return client->idle_timeout == NULL ? -ENOMEM : 0;
}

gust_httpclient *gust_httpclient_new(const gust_httpclient_options *options)
{
    static const gust_httpclient_options defaults;
    struct gust_loop *loop = gust_loop_current();
    struct gu_http *http = loop == NULL ? NULL : gu_http_of(loop);
    gust_httpclient *client = http == NULL ? NULL : gu_alloc0(sizeof *client);

    if (client == NULL)
        return NULL;
    client->http = http;
    client->loop = loop;
    if (client_init(client, options != NULL ? options : &defaults) < 0) {
        gu_free(client);
        return NULL;
    }
    return client;
}

struct gust_httpclient *gu_client_of_loop(void)
{
    struct gust_loop *loop = gust_loop_current();
    struct gu_http *http = loop == NULL ? NULL : gu_http_of(loop);

    if (http == NULL)
        return NULL;
    if (http->client == NULL)
        http->client = gust_httpclient_new(NULL);
    return http->client;
}

void gu_client_release(struct gust_httpclient *client)
{
    if (--client->n_holders > 0)
        return;
    gu_map_deinit(&client->origins);
    gu_free(client);
}

static void turn_away(struct gust_httpclient *client)
{
    GU_MAP_FOREACH (entry, &client->origins) {
        struct gu_origin *origin = entry->value;
        struct gu_link *link;

        while ((link = gu_list_pop(&origin->waiting)) != NULL)
            gu_task_wake(gu_container_of(link, struct gu_wait, link)->task, -GUST_ECLOSED);
        look_at_line(origin);
    }
}

void gust_httpclient_free(gust_httpclient *client)
{
    if (client == NULL)
        return;
    client->is_freed = true;
    turn_away(client);
    while (!gu_list_is_empty(&client->idle))
        close_idle(gu_container_of(client->idle.next, struct gu_client_conn, of_client));
    gu_client_release(client);
}
