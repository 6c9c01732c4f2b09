/*
 * client — the body on its way, and what the server says meanwhile
 *
 * A server may answer before it has read all, and may read no further until its answer is read. So
 * the task that sends also listens: while it waits for room, whatever comes is taken as the
 * response. An answer below 300 lets the rest of the body go, and what comes of its own body is
 * kept, or given to streaming_callback; any other one ends the upload, and with it the connection
 * (RFC 9112 9.5).
 */
#include "base/str.h"
#include "http/client_impl.h"

#define CONTINUE_PATIENCE 1.0           /* seconds; RFC 9110 10.1.1 leaves it to the client */
#define UNSENT_MAX ((size_t)256 * 1024) /* as gust_stream_write(): more, and it waits */
#define UNSENT_LOW ((size_t)64 * 1024)

/* --- listening --- */

/* A head that is whole, and the pieces of the body that are there. */
static int take_what_came(struct gu_fetch *f)
{
    gust_str piece;
    int n = f->has_head ? 0 : gu_fetch_read_response(f);

    if (n == 0 && gu_fetch_is_refused(f))
        return -EPIPE;
    if (n == 0)
        n = gu_fetch_tell_head(f);
    if (n < 0)
        return n;
    while ((n = gu_fetch_read_piece(f, &piece)) > 0) {
        n = gu_fetch_keep(f, piece);
        if (n < 0)
            return n;
    }
    f->has_heard_all = n == 0;
    return n;
}

/* 0, or what ends the upload; that stays. */
static int listen_now(struct gu_fetch *f)
{
    struct gust_arena *arena = f->arena;
    int err;

    f->is_sending = true;
    f->arena = &f->late; /* the producer may have scopes open */
    err = take_what_came(f);
    f->arena = arena;
    f->is_sending = false;
    f->heard = err == -EAGAIN ? 0 : err;
    return f->heard;
}

/* What was put may wait here; so may what has come. */
static int make_room(struct gu_fetch *f)
{
    struct gust_stream *s = f->conn->stream;
    size_t most = gust_stream_unsent(s) > UNSENT_MAX ? UNSENT_LOW : UNSENT_MAX;
    int err;

    if (f->has_heard_all)
        return gu_stream_wait_sent(&s->push, most);
    while ((err = gu_pull_wait_sent(s, most)) > 0) {
        err = listen_now(f);
        if (err < 0 || f->has_heard_all)
            break;
    }
    return err < 0 ? err : 0;
}

/* --- sending --- */

static int put(struct gu_fetch *f, const char *bytes, size_t len)
{
    int err = f->heard;

    while (err == 0 && len > 0) {
        size_t n = gu_min(len, UNSENT_MAX);

        gu_stream_put(&f->conn->stream->push, bytes, n);
        bytes += n;
        len -= n;
        err = make_room(f);
    }
    return err;
}

int gust_fetch_write(gust_fetch_body *to, const void *bytes, size_t len)
{
    char size[GU_CHUNKED_SIZE_LEN];
    int err;

    if (len == 0)
        return 0;
    if (!to->is_chunked) {
        if (len > to->left)
            return gu_fetch_fail(to->fetch, -GUST_ETOOBIG, "%s", "more than body_length");
        to->left -= len;
        return put(to->fetch, bytes, len);
    }
    err = put(to->fetch, size, gu_chunked_format_size(size, len));
    if (err == 0)
        err = put(to->fetch, bytes, len);
    return err < 0 ? err : put(to->fetch, "\r\n", 2);
}

static int produce(struct gu_fetch *f)
{
    struct gust_fetch_body to = {f, (uint64_t)f->o.body_length, f->o.body_length == 0};
    int err = f->o.body_producer(&to, f->o.arg);

    if (err < 0)
        return err;
    if (to.is_chunked)
        return put(f, GU_CHUNKED_LAST, sizeof GU_CHUNKED_LAST - 1);
    return to.left > 0 && f->heard == 0 ? gu_fetch_fail(f, -EINVAL, "%s", "less than body_length")
                                        : f->heard;
}

static int send_body(struct gu_fetch *f)
{
    if (f->o.body_producer == NULL)
        return put(f, f->o.body.ptr, f->o.body.len);
    gu_stream_resume(&f->conn->stream->push); /* the producer may wait for something else */
    return produce(f);
}

/* 1 when the server goes ahead without the body. */
static int may_send_body(struct gu_fetch *f)
{
    int err;

    if (!f->o.expect_continue)
        return 0;
    {
        GUST_DEADLINE(CONTINUE_PATIENCE);
        err = gu_fetch_await_continue(f);
    }
    return err == -ETIMEDOUT && gu_task_current()->deadline > f->client->loop->now ? 0 : err;
}

int gu_fetch_send(struct gu_fetch *f)
{
    gust_str head = gu_fetch_format(f, f->arena);
    int err = head.ptr == NULL ? -ENOMEM : gust_stream_write(f->conn->stream, head.ptr, head.len);

    f->response.times.pretransfer = gu_fetch_elapsed(f);
    if (err < 0 || !f->has_body)
        return err;
    f->is_unsent = true;
    err = may_send_body(f);
    if (err == 0)
        err = send_body(f);
    else if (err > 0)
        return 0;
    f->is_unsent = err < 0;
    return err;
}
