/*
 * client — from a request to a connection
 *
 * The key of an origin is made of everything that distinguishes connections, each text behind its
 * length, so that no two that differ look alike; a TLS context that the caller made is told by its
 * address, which cannot be another's while the origin keeps it alive.
 */
#include "base/alloc.h"
#include "base/str.h"
#include "http/client_impl.h"
#include "net/resolver.h"
#include "net/tls.h"

#define PROXY_PORT 3128
#define CONNECT_TIMEOUT 20.0

static const char *const alpn[] = {"http/1.1", NULL};

/* --- keys --- */

static int make_key(const struct gu_fetch *f, gust_str *key)
{
    const gust_fetch_options *o = &f->o;
    struct gu_buf b;

    gu_buf_init(&b, f->arena, SIZE_MAX);
    gu_buf_put_number(&b, f->target.is_tls);
    gu_buf_put_part(&b, f->target.host);
    gu_buf_put_number(&b, f->target.port);
    gu_buf_put_part(&b, o->unix_socket);
    gu_buf_put_part(&b, o->proxy_host);
    gu_buf_put_number(&b, o->proxy_port);
    gu_buf_put_part(&b, o->proxy_username);
    gu_buf_put_part(&b, o->proxy_password);
    gu_buf_put_part(&b, o->source_address);
    gu_buf_put_number(&b, (unsigned)o->family);
    if (f->target.is_tls) {
        gu_buf_put_part(&b, f->tls.server_name);
        gu_tls_put_options(&b, &f->tls);
    }
    return gu_buf_finish(&b, key);
}

/* --- a new connection --- */

/* gust_connect() finds it in what the loop has learned; here it is seen how long it took. */
static int look_up(struct gu_fetch *f, const char *host, unsigned port)
{
    struct gu_address *list = gu_arena_alloc(f->arena, GUST_RESOLVE_MAX * sizeof *list);
    int n = list == NULL ? -ENOMEM
                         : gu_resolve(f->client->http->net, gust_str_from(host), (uint16_t)port,
                                      f->o.family, list);

    return n < 0 ? n : 0;
}

static int connect_to(struct gu_fetch *f, const char *host, unsigned port, gust_stream **stream)
{
    const char *why = NULL;
    gust_connect_options o = {
        .family = f->o.family, .source_address = f->o.source_address, .why = &why};
    int err = port == 0 ? 0 : look_up(f, host, port);

    if (err < 0)
        return gu_fetch_fail(f, err, "%s", host);
    f->response.times.namelookup = gu_fetch_elapsed(f);
    err = gust_connect(host, port, &o, stream);
    if (err < 0)
        return gu_fetch_fail(f, err, "%s", why != NULL ? why : host);
    f->response.times.connect = gu_fetch_elapsed(f);
    return 0;
}

/* "unix:" and the path, where that is where to connect to. */
static int connect_unix(struct gu_fetch *f, gust_stream **stream)
{
    char address[GUST_ADDRESS_TEXT];
    size_t len = strlen(f->o.unix_socket);

    if (len + sizeof "unix:" > sizeof address)
        return gu_fetch_fail(f, -ENAMETOOLONG, "%s", "unix_socket");
    memcpy(address, "unix:", 5);
    memcpy(address + 5, f->o.unix_socket, len + 1);
    return connect_to(f, address, 0, stream);
}

/* Has the proxy make a way through to the server (RFC 9110 9.3.6). */
static int tunnel(struct gu_fetch *f, gust_stream *s)
{
    gust_str request = gu_fetch_format_connect(f, f->arena), text;
    const struct gu_head *head = &f->client->head;
    int err;

    if (request.ptr == NULL)
        return -ENOMEM;
    err = gust_stream_write(s, request.ptr, request.len);
    do
        err = err < 0 ? err : gu_fetch_read_head(f, s, &text);
    while (err == 0 && head->status < 200);
    if (err < 0)
        return err;
    if (head->status >= 300)
        return gu_fetch_fail(f, -ECONNREFUSED, "the proxy answered %d %.*s", head->status,
                             (int)gu_min(head->reason_len, 64), text.ptr + head->reason_at);
    f->has_input = false;
    return 0;
}

static int start_tls(struct gu_fetch *f, gust_stream *s)
{
    gust_tls_options o = {.context = f->origin->tls};
    const char *why = NULL;
    struct gu_tls_peer peer = {
        .name = f->tls.server_name != NULL ? f->tls.server_name : f->target.host,
        .host = f->target.host,
        .port = f->target.port,
        .why = &why,
    };
    int err = gu_pull_start_tls(s, &o, &peer);

    if (err < 0 && why != NULL)
        return gu_fetch_fail(f, err, "TLS with %s: %s", f->target.host, why);
    if (err < 0)
        return gu_fetch_fail(f, err, "TLS with %s", f->target.host);
    f->response.times.tls = gu_fetch_elapsed(f);
    return 0;
}

static int open_stream(struct gu_fetch *f, gust_stream **stream)
{
    const gust_fetch_options *o = &f->o;
    int err = 0;

    if (f->target.is_tls && f->origin->tls == NULL)
        err = gu_tls_client_context(f->client->http->net, &f->tls, alpn, &f->origin->tls);
    if (err < 0)
        return err;
    if (o->unix_socket != NULL)
        err = connect_unix(f, stream);
    else if (o->proxy_host != NULL)
        err = connect_to(f, o->proxy_host, o->proxy_port, stream);
    else
        err = connect_to(f, f->target.host, f->target.port, stream);
    if (err == 0 && f->target.is_tls && o->proxy_host != NULL && o->unix_socket == NULL)
        err = tunnel(f, *stream);
    if (err == 0 && f->target.is_tls)
        err = start_tls(f, *stream);
    return err;
}

/* The stream leaves the scope that it was made in, and with it all that making it cost. What a
 * tunnel read lies in the arena, which is why it is read before anything else is kept there. */
static int connect_new(struct gu_fetch *f)
{
    gust_stream *stream = NULL;
    int err;

    GUST_SCOPE();
    err = open_stream(f, &stream);
    if (err < 0)
        return err;
    f->conn = gu_client_conn_new(f->origin, stream);
    if (f->conn == NULL)
        return -ENOMEM;
    gust_stream_keep(stream);
    return 0;
}

/* --- the origin, the place, the connection --- */

static int need_place(struct gu_fetch *f)
{
    gust_str key;
    int err;

    if (f->has_place)
        return 0;
    err = make_key(f, &key);
    if (err < 0)
        return err;
    f->origin = gu_origin_ref(f->client, key);
    if (f->origin == NULL)
        return -ENOMEM;
    err = gu_place_take(f->origin, f->had_place);
    if (err < 0)
        return gu_fetch_fail(f, err, "%s", "in the line of requests (max_clients, max_per_host)");
    f->has_place = f->had_place = true;
    f->response.times.queue = gu_fetch_elapsed(f);
    return 0;
}

int gu_fetch_connect(struct gu_fetch *f, bool is_fresh)
{
    int err;

    GUST_DEADLINE(f->o.connect_timeout == 0 ? CONNECT_TIMEOUT : f->o.connect_timeout);
    if (f->o.proxy_port == 0)
        f->o.proxy_port = PROXY_PORT;
    f->response.times = (gust_fetch_times){0};
    err = need_place(f);
    if (err < 0)
        return err;
    f->conn = is_fresh ? NULL : gu_conn_reuse(f->origin);
    f->response.is_reused = f->conn != NULL;
    if (f->conn != NULL)
        return 0;
    err = connect_new(f);
    return err < 0 ? gu_fetch_fail(f, err, "while connecting to %s", f->target.host) : 0;
}
