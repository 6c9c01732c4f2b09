/*
 * body — reading a request's body, in its task
 *
 * Bytes are taken from what the connection hands up at the moment. When it hands up nothing, the
 * task waits and is resumed with the next bytes in place.
 */
#include "base/str.h"
#include "http/http_impl.h"

/* Bytes at hand. */
static size_t at_hand(const struct gu_conn *conn)
{
    return (size_t)(conn->in_end - conn->in);
}

/* What is wrong with a body stays wrong. */
static int fail(struct gust_exchange *x, int err)
{
    x->flags |= GU_X_BODY_BAD;
    x->body_error = err;
    return err;
}

/* --- taking --- */

static int take_sized(struct gust_exchange *x, char *to, size_t size)
{
    struct gu_conn *conn = x->conn;
    size_t n = gu_min(gu_min(size, at_hand(conn)), x->body_left);

    memcpy(to, conn->in, n);
    conn->in += n;
    x->body_left -= n;
    x->n_body += n;
    if (x->body_left == 0)
        x->flags |= GU_X_BODY_READ;
    return (int)n;
}

static int take_data(struct gust_exchange *x, char *to, gust_str data)
{
    if (data.len > x->body_max - x->n_body)
        return fail(x, -GUST_ETOOBIG);
    x->n_body += data.len;
    memcpy(to, data.ptr, data.len);
    return (int)data.len;
}

static int end_chunked(struct gust_exchange *x, enum gu_chunked_event event)
{
    if (event == GU_CHUNKED_BAD)
        return fail(x, -GUST_EPROTO);
    if (event == GU_CHUNKED_TOO_BIG) {
        x->flags |= GU_X_TRAILERS_BAD;
        return fail(x, -GUST_ETOOBIG);
    }
    if (x->chunked->trailers.err < 0)
        return fail(x, x->chunked->trailers.err);
    x->flags |= GU_X_BODY_READ;
    return 0;
}

/* 0 when what is at hand gave nothing. */
static int take_chunked(struct gust_exchange *x, char *to, size_t size)
{
    struct gu_chunked_body *body = x->chunked;
    struct gu_conn *conn = x->conn;

    body->limits.max_data = size;
    for (;;) {
        struct gu_chunked_part part;
        enum gu_chunked_event event =
            gu_chunked_next(&body->decoder, &body->limits, conn->in, at_hand(conn), &part);

        conn->in += part.consumed;
        switch (event) {
        case GU_CHUNKED_DATA:
            return take_data(x, to, part.data);
        case GU_CHUNKED_TRAILER:
            gu_fields_add(&body->trailers, part.name, part.data);
            break;
        case GU_CHUNKED_MORE:
            return 0;
        default:
            return end_chunked(x, event);
        }
    }
}

/* --- waiting --- */

struct body_wait {
    struct gu_wait base;
    struct gust_exchange *x;
};

static void abandon_read(struct gu_wait *wait)
{
    gu_container_of(wait, struct body_wait, base)->x->reader = NULL;
}

/* Who sends without waiting for it need not be told (RFC 9110 10.1.1). */
static void say_continue(struct gust_exchange *x)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    x->flags &= (uint16_t)~GU_X_CONTINUE;
    if ((x->flags & GU_X_HEAD_SENT) == 0 && x->n_body == 0)
        gu_stream_put(&x->conn->s, text, sizeof text - 1);
}

/* Whether all that the peer will ever send is at hand. */
static bool is_at_end(const struct gu_conn *conn)
{
    return (conn->s.flags & GU_STREAM_ENDED) != 0 && (conn->in != NULL || conn->s.pending == NULL);
}

static int wait_for_input(struct gust_exchange *x)
{
    struct body_wait wait = {{.abandon = abandon_read}, x};
    struct gu_conn *conn = x->conn;
    int err;

    if ((x->flags & GU_X_CONTINUE) != 0)
        say_continue(x);
    if ((x->flags & GU_X_GONE) != 0)
        return -GUST_ECLOSED;
    if (is_at_end(conn)) /* incomplete (RFC 9112 8), but who sent it may still read */
        return -GUST_EPROTO;
    gu_stream_flush(&conn->s); /* the peer may wait for what was written before it sends more */
    if (conn->in == NULL)
        gu_stream_resume(&conn->s);
    gu_conn_watch(conn);
    x->wait_since = x->server->http->loop->now;
    x->reader = &wait.base;
    err = gu_task_wait(&wait.base, GU_FOREVER);
    x->waited += x->server->http->loop->now - x->wait_since;
    return err;
}

/* --- reading --- */

static int begin_chunked(struct gust_exchange *x)
{
    const struct gust_httpserver *server = x->server;

    x->chunked = gu_arena_alloc(&x->arena, sizeof *x->chunked);
    if (x->chunked == NULL)
        return fail(x, -ENOMEM);
    x->chunked->decoder = (struct gu_chunked){0};
    x->chunked->limits = (struct gu_chunked_limits){
        .max_bytes = (uint32_t)server->max_header_size,
        .max_fields = (uint16_t)server->max_header_count,
    };
    gu_fields_init(&x->chunked->trailers, &x->arena, server->max_header_count);
    return 0;
}

static int begin(struct gust_exchange *x)
{
    x->body_since = x->server->http->loop->now;
    x->waited = 0;
    x->pace = (struct gu_pace){0};
    if ((x->head_flags & GU_HEAD_CHUNKED) != 0)
        return begin_chunked(x);
    return x->body_left > x->body_max ? fail(x, -GUST_ETOOBIG) : 0;
}

/* The reader's own deadline and cancellation end its read, but not the body. */
static int read_ended(struct gust_exchange *x, int err)
{
    return err == -ETIMEDOUT || err == -ECANCELED ? err : fail(x, err);
}

static int read_some(struct gust_exchange *x, char *to, size_t size)
{
    bool is_chunked = (x->head_flags & GU_HEAD_CHUNKED) != 0;
    int n = 0;

    while (n >= 0 && size > 0) {
        if (at_hand(x->conn) > 0)
            n = is_chunked ? take_chunked(x, to, size) : take_sized(x, to, size);
        if (n != 0 || (x->flags & GU_X_BODY_READ) != 0)
            return n;
        n = wait_for_input(x);
    }
    return n < 0 ? read_ended(x, n) : 0;
}

int gust_exchange_read(gust_exchange *x, void *to, size_t size)
{
    int err;

    gu_task_check_wait();
    if (gu_unlikely(x->reader != NULL))
        gu_misuse("gust_exchange_read: another task waits in a read of this request");
    if (gu_unlikely((x->flags & GU_X_BODY_BAD) != 0))
        return x->body_error;
    if ((x->flags & GU_X_BODY_READ) != 0)
        return 0;
    if (x->body_since == 0 && (err = begin(x)) < 0)
        return err;
    return read_some(x, to, gu_min(size, INT32_MAX));
}

const char *gust_exchange_trailer(const gust_exchange *x, const char *name)
{
    const struct gu_fields_item *item, *last = NULL;

    if (x->chunked == NULL || (x->flags & GU_X_BODY_READ) == 0)
        return NULL;
    item = gu_fields_find(&x->chunked->trailers, gust_str_from(name));
    for (; item != NULL; item = gu_fields_find_next(item))
        last = item;
    return last == NULL ? NULL : last->value.ptr;
}

void gust_exchange_set_max_body_size(gust_exchange *x, int64_t size)
{
    x->body_max = size < 0 ? UINT64_MAX : (uint64_t)size;
}
