/*
 * response — heads, framing, bodies (RFC 9112 6)
 *
 * Whoever writes a response hands over lines that it has checked; what frames the message
 * (Content-Length, Transfer-Encoding, Connection) is added here and nowhere else, so that it cannot
 * contradict what is sent.
 */
#include "base/fmt.h"
#include "base/log.h"
#include "base/str.h"
#include "codec/fields.h"
#include "codec/status.h"
#include "http/http_impl.h"
#include <inttypes.h>

#define HEAD_ROOM \
    ((size_t)256) /* for the status line, without its reason, and the framing fields */

#define RESET_CONTENT 205 /* framed like any other, and always empty (RFC 9110 15.3.6) */

static bool has_no_body(int status)
{
    return gu_unlikely(status != 200) && (status == 204 || status == 304 || status < 200);
}

static char *put_status(char *to, int status, const char *reason)
{
    if (gu_likely(status == 200 && reason == NULL))
        return GU_PUT(to, "HTTP/1.1 200 OK\r\n");
    if (reason == NULL)
        reason = gu_status_reason(status);
    to = GU_PUT(to, "HTTP/1.1 ");
    to += gu_fmt_u64(to, (uint64_t)status);
    *to++ = ' ';
    to = gu_put(to, reason, strlen(reason));
    return GU_PUT(to, "\r\n");
}

static char *put_connection(const struct gust_exchange *x, char *to)
{
    if (gu_unlikely((x->flags & GU_X_KEEP_ALIVE) == 0))
        return GU_PUT(to, "Connection: close\r\n");
    if (gu_unlikely(x->minor == 0))
        return GU_PUT(to, "Connection: keep-alive\r\n");
    return to;
}

static char *put_length(char *to, int64_t length)
{
    to = GU_PUT(to, "Content-Length: ");
    to += gu_fmt_u64(to, (uint64_t)length);
    return GU_PUT(to, "\r\n");
}

/* What frames the body, with `last` between what describes the response and what describes its
 * transfer, and the end of the head; `length` is negative when it is not known. */
static char *put_framing(const struct gust_exchange *x, char *to, gust_str last, int64_t length)
{
    bool has_body = !has_no_body(x->status);

    if (gu_unlikely(x->status == RESET_CONTENT))
        length = 0;
    if (gu_likely(has_body && length >= 0))
        to = put_length(to, length);
    to = gu_put(to, last.ptr, last.len);
    if (has_body && length < 0 && (x->flags & GU_X_CHUNKED) != 0)
        to = GU_PUT(to, "Transfer-Encoding: chunked\r\n");
    to = put_connection(x, to);
    return GU_PUT(to, "\r\n");
}

static size_t head_size(const char *reason, size_t fields_len)
{
    return HEAD_ROOM + fields_len + (reason == NULL ? 0 : strlen(reason));
}

/* The connection is only kept if the next request can be found behind this one's body. Where the
 * answer begins while the body is being read, that is likely; where it is whole already, it is not.
 */
static bool is_body_left(const struct gust_exchange *x)
{
    if ((x->flags & GU_X_BODY_READ) != 0)
        return false;
    return x->body_since == 0 || (x->flags & (GU_X_BODY_BAD | GU_X_FINISHED)) != 0;
}

static void settle(struct gust_exchange *x, int status)
{
    x->status = status;
    x->flags |= GU_X_HEAD_SENT;
    if (has_no_body(status) || status == RESET_CONTENT)
        x->flags |= GU_X_NO_BODY;
    if (gu_unlikely(is_body_left(x)) ||
        gu_unlikely(x->server->is_draining && !gu_conn_has_unused(x->conn)))
        x->flags &= (uint16_t)~GU_X_KEEP_ALIVE;
}

/* A head that does not fit the output buffer. */
static gu_cold void refuse_large_head(struct gust_exchange *x)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION,
           "%s %s: the response's head is larger than %zu bytes", x->method_name.ptr, x->target.ptr,
           GU_NET_OUT - GU_NET_COPY);
    x->flags |= GU_X_CUT;
}

/* What the kernel does not take is kept by the body's own chunk, and not copied. */
static void put_large_body(struct gust_exchange *x, gust_str body)
{
    struct gu_chunk *hold = gu_arena_take_chunk(&x->arena, body.ptr);

    gu_stream_put_large(&x->conn->s, body.ptr, body.len, &hold);
    gu_chunks_release(hold);
}

/* Room for a head in the output buffer, and for a body that is copied behind it. */
static gu_inline char *reserve(struct gust_exchange *x, size_t room)
{
    if (gu_unlikely(room > GU_NET_OUT - GU_NET_COPY)) {
        refuse_large_head(x);
        return NULL;
    }
    x->out = gu_stream_reserve(&x->conn->s, room + GU_NET_COPY);
    return x->out;
}

char *gu_exchange_open(struct gust_exchange *x, int status, const char *reason, size_t fields_len)
{
    char *to;

    settle(x, status);
    if (gu_unlikely((x->flags & GU_X_GONE) != 0))
        return NULL;
    to = reserve(x, head_size(reason, fields_len));
    return gu_likely(to != NULL) ? put_status(to, status, reason) : NULL;
}

char *gu_exchange_open_plain(struct gust_exchange *x, size_t fields_len)
{
    char *to;

    x->status = 200;
    x->flags |= GU_X_HEAD_SENT;
    to = reserve(x, HEAD_ROOM + fields_len);
    return gu_likely(to != NULL) ? GU_PUT(to, "HTTP/1.1 200 OK\r\n") : NULL;
}

static gu_inline void put_body(struct gust_exchange *x, char *to, gust_str body)
{
    struct gu_stream *s = &x->conn->s;

    x->n_sent = body.len;
    if (gu_likely(body.len < GU_NET_COPY)) {
        to = gu_put(to, body.ptr, body.len);
        gu_stream_commit(s, (size_t)(to - x->out));
        return;
    }
    gu_stream_commit(s, (size_t)(to - x->out));
    put_large_body(x, body);
}

void gu_exchange_close(struct gust_exchange *x, char *to, gust_str last, gust_str body)
{
    x->flags |= GU_X_FINISHED;
    if (gu_unlikely(is_body_left(x)))
        x->flags &= (uint16_t)~GU_X_KEEP_ALIVE;
    to = put_framing(x, to, last, (int64_t)body.len);
    if (gu_unlikely((x->flags & GU_X_NO_BODY) != 0))
        body.len = 0;
    put_body(x, to, body);
}

void gu_exchange_close_plain(struct gust_exchange *x, char *to, gust_str body)
{
    x->flags |= GU_X_FINISHED;
    to = GU_PUT(to, "Content-Length: ");
    to += gu_fmt_u64(to, body.len);
    put_body(x, GU_PUT(to, "\r\n\r\n"), body);
}

void gu_exchange_respond(struct gust_exchange *x, int status, const char *reason, gust_str fields,
                         gust_str body)
{
    char *to = gu_exchange_open(x, status, reason, fields.len);

    x->flags |= GU_X_FINISHED;
    if (to != NULL)
        gu_exchange_close(x, gu_put(to, fields.ptr, fields.len), GU_STR(""), body);
}

void gu_exchange_begin(struct gust_exchange *x, int status, const char *reason, gust_str fields,
                       gust_str last, int64_t length)
{
    char *to = gu_exchange_open(x, status, reason, fields.len + last.len);

    if (to == NULL)
        return;
    if (status == RESET_CONTENT) {
        length = 0;
    } else if (length >= 0) {
        x->flags |= GU_X_SIZED;
        x->length_left = (uint64_t)length;
    } else if (!has_no_body(status)) {
        if (x->minor > 0)
            x->flags |= GU_X_CHUNKED;
        else
            x->flags &= (uint16_t)~GU_X_KEEP_ALIVE; /* the connection's end ends the body */
    }
    to = put_framing(x, gu_put(to, fields.ptr, fields.len), last, length);
    gu_stream_commit(&x->conn->s, (size_t)(to - x->out));
}

static int wrong_length(struct gust_exchange *x, const char *what, uint64_t n)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION,
           "%s %s: wrote %" PRIu64 " bytes %s than Content-Length", x->method_name.ptr,
           x->target.ptr, n, what);
    x->flags |= GU_X_CUT;
    return -GUST_ETOOBIG;
}

static void put_chunk(struct gu_stream *s, const void *data, size_t len)
{
    char line[GU_CHUNKED_SIZE_LEN];

    gu_stream_put(s, line, gu_chunked_format_size(line, len));
    gu_stream_put(s, data, len);
    gu_stream_put(s, "\r\n", 2);
}

int gu_exchange_put(struct gust_exchange *x, const void *data, size_t len)
{
    if ((x->flags & (GU_X_GONE | GU_X_CUT)) != 0)
        return -GUST_ECLOSED;
    if ((x->flags & GU_X_FINISHED) != 0)
        return -GUST_ELATE;
    if ((x->flags & GU_X_SIZED) != 0) {
        if (len > x->length_left)
            return wrong_length(x, "more", len - x->length_left);
        x->length_left -= len;
    }
    if (len == 0 || (x->flags & GU_X_NO_BODY) != 0)
        return 0;
    x->n_sent += len;
    if ((x->flags & GU_X_CHUNKED) != 0)
        put_chunk(&x->conn->s, data, len);
    else
        gu_stream_put(&x->conn->s, data, len);
    return 0;
}

int gu_exchange_drain(struct gust_exchange *x, size_t most)
{
    int err;

    if ((x->flags & (GU_X_GONE | GU_X_CUT)) != 0)
        return -GUST_ECLOSED;
    err = gu_stream_wait_sent(&x->conn->s, most);
    if (gu_unlikely(err == -GUST_ECLOSED))
        gu_exchange_gone(x); /* before the one who writes is told */
    return err;
}

void gust_exchange_finish(gust_exchange *x)
{
    if ((x->flags & GU_X_FINISHED) != 0)
        return;
    if ((x->flags & GU_X_HEAD_SENT) == 0) {
        gu_exchange_respond(x, 200, NULL, GU_STR(""), GU_STR(""));
        return;
    }
    x->flags |= GU_X_FINISHED;
    if ((x->flags & (GU_X_GONE | GU_X_CUT)) != 0)
        return;
    if ((x->flags & GU_X_SIZED) != 0 && x->length_left > 0 && ((x->flags & GU_X_NO_BODY) == 0))
        wrong_length(x, "less", x->length_left);
    else if ((x->flags & (GU_X_CHUNKED | GU_X_NO_BODY)) == GU_X_CHUNKED)
        gu_stream_put(&x->conn->s, GU_CHUNKED_LAST, sizeof GU_CHUNKED_LAST - 1);
}

/* --- the delegates' forms --- */

/* What frames the message is written by put_framing(), and may not be contradicted. */
static bool is_framing(gust_str name)
{
    return gu_str_ieq(name, GU_STR("Content-Length")) || gu_str_ieq(name, GU_STR("Connection")) ||
           gu_str_ieq(name, GU_STR("Transfer-Encoding"));
}

static int put_fields(struct gu_buf *lines, const gust_field *fields)
{
    for (; fields != NULL && fields->name != NULL; fields++) {
        gust_str name = gust_str_from(fields->name), value = gust_str_from(fields->value);

        if (!gu_field_name_ok(name) || !gu_field_value_ok(value) || is_framing(name))
            return -EINVAL;
        gu_buf_put_str(lines, name);
        gu_buf_puts(lines, ": ");
        gu_buf_put_str(lines, value);
        gu_buf_puts(lines, "\r\n");
    }
    return 0;
}

int gust_exchange_write_headers(gust_exchange *x, int status, const gust_field *fields,
                                int64_t length)
{
    struct gu_buf lines;
    gust_str text = {"", 0};
    int err;

    if ((x->flags & GU_X_HEAD_SENT) != 0)
        return -GUST_ELATE;
    if (status < 200 || status > 999)
        return -EINVAL;
    gu_buf_init(&lines, &x->arena, GU_NET_OUT - GU_NET_COPY - HEAD_ROOM);
    err = put_fields(&lines, fields);
    if (err == 0)
        err = gu_buf_finish(&lines, &text);
    if (err < 0) /* too large is no fault of the request's */
        return err == -GUST_ETOOBIG ? -EMSGSIZE : err;
    gu_exchange_begin(x, status, NULL, text, GU_STR(""), length);
    return 0;
}

int gust_exchange_write(gust_exchange *x, const void *data, size_t len)
{
    int err;

    if ((x->flags & GU_X_HEAD_SENT) == 0) {
        err = gust_exchange_write_headers(x, 200, NULL, GUST_NEVER);
        if (err < 0)
            return err;
    }
    err = gu_exchange_put(x, data, len);
    if (err < 0 || gu_stream_unsent(&x->conn->s) <= GU_UNSENT_WAIT)
        return err;
    return gu_exchange_drain(x, GU_UNSENT_WAIT);
}
