/*
 * detach — a connection that stops being HTTP
 *
 * The descriptor and what was received behind the head move to a public stream; the exchange stays
 * until its task ends, as one whose client is gone.
 */
#include "base/log.h"
#include "http/http_impl.h"
#include "net/pull_impl.h"

#define GONE_FOR_GOOD (GU_X_GONE | GU_X_FINISHED | GU_X_DETACHED | GU_X_BODY_READ | GU_X_HEAD_SENT)

static gust_stream *take_over(struct gust_exchange *x)
{
    struct gu_conn *conn = x->conn;
    uint16_t flags = x->flags;
    gust_stream *stream;

    x->flags |= GONE_FOR_GOOD; /* so that nobody is told that the client left */
    stream = gu_pull_take(&conn->s, conn->in, (size_t)(conn->in_end - conn->in));
    if (stream == NULL && !gu_stream_is_closed(&conn->s)) {
        x->flags = flags;
        return NULL;
    }
    if (conn->in != NULL)
        conn->in = conn->in_end;
    return stream;
}

gust_stream *gust_exchange_stream(gust_exchange *x)
{
    if (gu_task_check_wait() != x->task)
        gu_misuse("gust_exchange_stream was called outside the request's task");
    if ((x->flags & GU_X_FINISHED) != 0 || gu_exchange_drain(x, 0) < 0)
        return NULL;
    return take_over(x);
}
