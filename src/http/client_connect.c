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

static void put_text(struct gu_buf *b, const char *text)
{
    if (text != NULL) {
        gu_buf_u64(b, strlen(text));
        gu_buf_putc(b, ':');
        gu_buf_puts(b, text);
    }
    gu_buf_putc(b, '|');
}

static void put_number(struct gu_buf *b, uint64_t number)
{
    gu_buf_u64(b, number);
    gu_buf_putc(b, '|');
}

static void put_cert(struct gu_buf *b, const gust_tls_cert *cert)
{
    const char *const texts[] = {cert->cert_file, cert->key_file, cert->cert_pem, cert->key_pem};

    for (size_t i = 0; i < gu_countof(texts); i++)
        put_text(b, texts[i]);
}

/* What makes one context of TLS another. */
static void put_tls(struct gu_buf *b, const gust_tls_options *o)
{
    const char *const texts[] = {o->ca_file, o->ca_dir, o->ca_pem, o->ciphers, o->ciphersuites};

    put_number(b, (uintptr_t)o->context);
    if (o->context != NULL)
        return;
    put_cert(b, &o->cert);
    for (size_t i = 0; i < gu_countof(texts); i++)
        put_text(b, texts[i]);
    put_number(b, o->verify);
    put_number(b, o->no_name_check);
    put_number(b, o->min_version);
    put_number(b, (uint64_t)(o->handshake_timeout * 1000));
    for (const char *const *name = o->alpn; name != NULL && *name != NULL; name++)
        put_text(b, *name);
}

static int make_key(const struct gu_fetch *f, gust_str *key)
{
    const gust_fetch_options *o = &f->o;
    struct gu_buf b;

    gu_buf_init(&b, f->arena, SIZE_MAX);
    put_number(&b, f->target.is_tls);
    put_text(&b, f->target.host);
    put_number(&b, f->target.port);
    put_text(&b, o->unix_socket);
    put_text(&b, o->proxy_host);
    put_number(&b, o->proxy_port);
    put_text(&b, o->proxy_username);
    put_text(&b, o->proxy_password);
    put_text(&b, o->source_address);
    put_number(&b, (unsigned)o->family);
    if (f->target.is_tls) {
        put_text(&b, f->tls.server_name);
        put_tls(&b, &f->tls);
    }
    return gu_buf_finish(&b, key);
}

/* --- contexts of TLS --- */

static struct gust_tls_context *find_context(const struct gust_httpclient *client, gust_str key)
{
    for (unsigned i = 0; i < client->n_contexts; i++)
        if (gu_str_eq(key, gu_str(client->contexts[i].key, client->contexts[i].key_len)))
            return client->contexts[i].tls;
    return NULL;
}

/* Puts it in front; the one that was made first goes. When memory is short, it is made again. */
static void remember_context(struct gust_httpclient *client, gust_str key,
                             struct gust_tls_context *tls)
{
    struct gu_client_context *list = client->contexts;
    gust_tls_options same = {.context = tls};
    char *copy = gu_alloc(key.len);

    if (copy == NULL || gu_tls_context_of(&same, false, NULL, &tls) < 0) {
        gu_free(copy);
        return;
    }
    memcpy(copy, key.ptr, key.len);
    if (client->n_contexts == GU_CLIENT_CONTEXTS) {
        client->n_contexts--;
        gust_tls_context_free(list[client->n_contexts].tls);
        gu_free(list[client->n_contexts].key);
    }
    memmove(list + 1, list, client->n_contexts * sizeof *list);
    list[0] = (struct gu_client_context){copy, key.len, tls};
    client->n_contexts++;
}

/* The origin's context, made on its first connection; of the same options, made once. */
static int need_context(struct gu_fetch *f)
{
    gust_tls_options o = f->tls;
    struct gust_tls_context *known;
    struct gu_buf b;
    gust_str key;
    int err;

    if (f->origin->tls != NULL)
        return 0;
    gu_buf_init(&b, f->arena, SIZE_MAX);
    put_tls(&b, &f->tls);
    err = gu_buf_finish(&b, &key);
    if (err < 0)
        return err;
    known = o.context != NULL ? NULL : find_context(f->client, key);
    if (known != NULL)
        o.context = known;
    err = gu_tls_context_of(&o, false, alpn, &f->origin->tls);
    if (err == 0 && o.context == NULL)
        remember_context(f->client, key, f->origin->tls);
    return err;
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
    gust_tls_options o = {
        .context = f->origin->tls,
        .server_name = f->tls.server_name != NULL ? f->tls.server_name : f->target.host,
    };
    int err = gust_start_tls(s, &o);

    if (err < 0)
        return gu_fetch_fail(f, err, "TLS with %s", f->target.host);
    f->response.times.tls = gu_fetch_elapsed(f);
    return 0;
}

static int open_stream(struct gu_fetch *f, gust_stream **stream)
{
    const gust_fetch_options *o = &f->o;
    int err = f->target.is_tls ? need_context(f) : 0;

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
