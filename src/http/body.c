/*
 * body — reading a request's body, in its task
 *
 * Bytes are taken from what the connection hands up at the moment. When it hands up nothing, the
 * task waits and is resumed with the next bytes in place.
 */
#include "http/http_impl.h"

static int too_big(struct gust_exchange *x)
{
    x->flags |= GU_X_BODY_BAD;
    return -GUST_ETOOBIG;
}

/* Bytes at hand, or NULL. */
static size_t at_hand(const struct gu_conn *conn)
{
    return (size_t)(conn->in_end - conn->in);
}

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

/* No more than `size` is looked at, so that no piece of data is larger; but a trailer line, which
 * is taken whole, may be longer than what the reader asked for. */
static enum gu_chunked_event next_part(struct gust_exchange *x, size_t size,
                                       struct gu_chunked_part *part)
{
    const struct gu_chunked_limits limits = {(uint32_t)x->server->max_header_size,
                                             (uint16_t)x->server->max_header_count};
    struct gu_conn *conn = x->conn;
    size_t have = at_hand(conn);
    enum gu_chunked_event event;

    event = gu_chunked_next(x->chunked, &limits, conn->in, gu_min(have, size), part);
    if (event == GU_CHUNKED_MORE && part->consumed == 0 && size < have)
        event = gu_chunked_next(x->chunked, &limits, conn->in, have, part);
    conn->in += part->consumed;
    return event;
}

/* 0 when what is at hand gave nothing. */
static int take_chunked(struct gust_exchange *x, char *to, size_t size)
{
    for (;;) {
        struct gu_chunked_part part;

        switch (next_part(x, size, &part)) {
        case GU_CHUNKED_DATA:
            x->n_body += part.data.len;
            if (x->n_body > x->body_max)
                return too_big(x);
            memcpy(to, part.data.ptr, part.data.len);
            return (int)part.data.len;
        case GU_CHUNKED_TRAILER:
            break;
        case GU_CHUNKED_MORE:
            if (part.consumed == 0 || at_hand(x->conn) == 0)
                return 0;
            break;
        case GU_CHUNKED_DONE:
            x->flags |= GU_X_BODY_READ;
            return 0;
        case GU_CHUNKED_TOO_BIG:
        case GU_CHUNKED_BAD:
            x->flags |= GU_X_BODY_BAD;
            return -GUST_EPROTO;
        }
    }
}

static void abandon_read(struct gu_wait *wait)
{
    struct gust_exchange *x = wait->task->arg;

    x->reader = NULL;
}

static void say_continue(struct gust_exchange *x)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    x->flags &= (uint16_t)~GU_X_CONTINUE;
    if ((x->flags & GU_X_HEAD_SENT) == 0)
        gu_stream_put(&x->conn->s, text, sizeof text - 1);
}

static int wait_for_input(struct gust_exchange *x)
{
    struct gu_wait wait = {.abandon = abandon_read, .task = x->task};
    struct gu_conn *conn = x->conn;

    if ((x->flags & GU_X_CONTINUE) != 0)
        say_continue(x);
    if ((x->flags & GU_X_GONE) != 0)
        return -GUST_ECLOSED;
    if ((conn->s.flags & GU_STREAM_ENDED) != 0) {
        x->flags |= GU_X_BODY_BAD; /* incomplete (RFC 9112 8), but who sent it may still read */
        return -GUST_EPROTO;
    }
    gu_stream_flush(&conn->s); /* the peer may wait for what was written before it sends more */
    if (conn->in == NULL)
        gu_stream_resume(&conn->s);
    x->reader = &wait;
    return gu_task_wait(&wait, GU_FOREVER);
}

static int begin(struct gust_exchange *x)
{
    x->body_since = x->server->http->loop->now;
    gu_conn_watch(x->conn);
    if ((x->head_flags & GU_HEAD_CHUNKED) == 0)
        return x->body_left > x->body_max ? too_big(x) : 0;
    x->chunked = gu_arena_alloc(&x->arena, sizeof *x->chunked);
    if (x->chunked == NULL)
        return -ENOMEM;
    *x->chunked = (struct gu_chunked){0};
    return 0;
}

static bool has_begun(const struct gust_exchange *x)
{
    return x->chunked != NULL || x->body_since != 0;
}

int gust_exchange_read(gust_exchange *x, void *to, size_t size)
{
    bool is_chunked = (x->head_flags & GU_HEAD_CHUNKED) != 0;
    int n = 0;

    if (gu_unlikely((x->flags & GU_X_BODY_BAD) != 0))
        return -GUST_EPROTO;
    if ((x->flags & GU_X_BODY_READ) != 0)
        return 0;
    if (!has_begun(x) && (n = begin(x)) < 0)
        return n;
    size = gu_min(size, INT32_MAX);
    while ((x->flags & GU_X_BODY_READ) == 0 && size > 0) {
        if (at_hand(x->conn) > 0) {
            n = is_chunked ? take_chunked(x, to, size) : take_sized(x, to, size);
            if (n != 0)
                return n;
            if ((x->flags & GU_X_BODY_READ) != 0)
                return 0;
        }
        n = wait_for_input(x);
        if (n < 0)
            return n;
    }
    return 0;
}

void gust_exchange_set_max_body_size(gust_exchange *x, int64_t size)
{
    x->body_max = size < 0 ? UINT64_MAX : (uint64_t)size;
}
