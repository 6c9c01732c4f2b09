/*
 * response — in pieces, and other ways to the end
 *
 * A response is sent in one when its handler is done. It leaves in pieces once the handler flushes;
 * then the head is final, and whatever fails afterwards cuts the connection.
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/etag.h"
#include "web/web_impl.h"
#include <inttypes.h>

#define SLICE ((size_t)256 * 1024) /* of gust_send(), at the most copied when the peer is slow */

/* --- framing fields --- */

static void refuse_framing(gust_request *r, gust_str name, gust_str value)
{
    gu_log(GUST_LOG_DEBUG, GU_LOG_GENERAL,
           "%s: a handler may not set %.*s: %.*s, which frames the message", r->x->task->name,
           (int)name.len, name.ptr, (int)gu_min(value.len, 200), value.ptr);
    gu_response_latch(r, -EINVAL);
}

static void set_length(gust_request *r, gust_str name, gust_str value)
{
    uint64_t length;

    if (!gu_str_to_u64(value, &length) || length > INT64_MAX) {
        refuse_framing(r, name, value);
        return;
    }
    r->content_length = (int64_t)length;
    r->flags |= GU_R_LENGTH_SET;
}

bool gu_response_set_framing(gust_request *r, gust_str name, gust_str value)
{
    if (gu_str_ieq(name, GU_STR("Content-Length")))
        set_length(r, name, value);
    else if (gu_str_ieq(name, GU_STR("Connection")) && gu_str_ieq(value, GU_STR("close")))
        r->x->flags &= (uint16_t)~GU_X_KEEP_ALIVE;
    else if (gu_str_ieq(name, GU_STR("Connection")) ||
             gu_str_ieq(name, GU_STR("Transfer-Encoding")))
        refuse_framing(r, name, value);
    else
        return false;
    return true;
}

void gu_response_clear_framing(gust_request *r, gust_str name)
{
    if (gu_str_ieq(name, GU_STR("Content-Length")))
        r->flags &= ~(unsigned)GU_R_LENGTH_SET;
}

/* --- flushing --- */

static bool has_no_body(const gust_request *r)
{
    return r->status == 204 || r->status == 304;
}

static int send_head(gust_request *r)
{
    bool is_sized = (r->flags & GU_R_LENGTH_SET) != 0 && !has_no_body(r);
    gust_str lines, cookies;

    if (has_no_body(r))
        gu_response_no_body(r);
    if (!gu_response_lines(r, &lines) || !gu_response_cookies(r, &cookies))
        return -ENOMEM;
    r->flags |= GU_R_FLUSHED;
    gu_exchange_begin(r->x, r->status, r->reason, lines, cookies,
                      is_sized ? r->content_length : GUST_NEVER);
    return 0;
}

/* What was written so far goes to the connection; the caller waits. */
static int put_written(gust_request *r)
{
    int err = r->err != 0 ? r->err : gu_buf_error(&r->body);

    if ((r->flags & GU_R_ENDED) != 0)
        return -GUST_ELATE;
    if (err == 0 && !gu_response_may_write(r))
        err = r->err;
    if (err == 0 && (r->flags & GU_R_FLUSHED) == 0)
        err = gu_session_settle(r);
    if (err == 0 && (r->flags & GU_R_FLUSHED) == 0)
        err = send_head(r);
    if (err == 0)
        err = gu_exchange_put(r->x, r->body.ptr, r->body.len);
    if (err < 0) {
        gu_response_latch(r, err);
        return err;
    }
    gu_buf_clear(&r->body);
    return 0;
}

/* The error of a wait in which the client left is seen again by whoever writes next. */
static int latched(gust_request *r, int err)
{
    if (err == -GUST_ECLOSED || err == -GUST_ETOOBIG)
        gu_response_latch(r, err);
    return err;
}

int gust_flush(gust_request *r)
{
    bool is_elsewhere = gu_request_enter(r);
    int err = put_written(r);

    if (err == 0)
        err = latched(r, gu_exchange_drain(r->x, GU_UNSENT_WAIT));
    gu_request_leave(r, is_elsewhere);
    return err;
}

static int send_slices(gust_request *r, const char *data, size_t len)
{
    int err = 0;

    for (; err == 0 && len > 0; data += gu_min(len, SLICE), len -= gu_min(len, SLICE))
        err = gust_exchange_write(r->x, data, gu_min(len, SLICE));
    return err < 0 ? err : gu_exchange_drain(r->x, GU_UNSENT_WAIT);
}

int gust_send(gust_request *r, const void *data, size_t len)
{
    bool is_elsewhere = gu_request_enter(r);
    int err = put_written(r);

    if (err == 0)
        err = latched(r, send_slices(r, data, len));
    gu_request_leave(r, is_elsewhere);
    return err;
}

/* --- the end --- */

int gu_response_end_gone(gust_request *r)
{
    r->flags |= GU_R_FINISHED;
    if ((r->flags & GU_R_FLUSHED) == 0)
        r->status = 499; /* for the log, as nginx has it: nobody is answered */
    return -GUST_ECLOSED;
}

static int end_flushed(gust_request *r)
{
    int err = put_written(r);

    r->flags |= GU_R_FINISHED;
    gust_exchange_finish(r->x);
    return err;
}

/* Nothing has left, and nothing does: a body of another length than was said could only look whole
 * or swallow what comes next. */
static int refuse_length(gust_request *r, size_t len)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION,
           "%s %s: %s wrote %zu bytes with a Content-Length of %" PRId64, r->x->method_name.ptr,
           r->x->target.ptr, r->x->task->name, len, r->content_length);
    r->flags |= GU_R_FINISHED;
    r->x->flags |= GU_X_CUT;
    return -GUST_ETOOBIG;
}

static bool is_read(const gust_request *r)
{
    return r->x->method == GU_METHOD_GET || r->x->method == GU_METHOD_HEAD;
}

static bool is_known_to_client(const gust_request *r)
{
    if ((r->flags & GU_R_ETAG_SET) == 0 || r->status != 200 || !is_read(r) ||
        r->x->first[GU_FIELD_IF_NONE_MATCH] == 0)
        return false;
    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next)
        if (gu_str_ieq(f->name, GU_STR("ETag")))
            return gu_etag_matches(gu_exchange_known(r->x, GU_FIELD_IF_NONE_MATCH), f->value);
    return false;
}

static int fail(gust_request *r, int err)
{
    gu_response_error(r, &(gust_error){.code = err});
    return err;
}

/* The answer to HEAD says how long that to GET would be, if the handler told it. */
static int end_head_only(gust_request *r)
{
    int err = send_head(r);

    if (err < 0)
        return fail(r, err);
    r->flags |= GU_R_FINISHED;
    gust_exchange_finish(r->x);
    return 0;
}

static int end_whole(gust_request *r, gust_str body)
{
    gust_str cookies;

    if (!gu_response_cookies(r, &cookies))
        return fail(r, -ENOMEM);
    if (has_no_body(r))
        gu_response_no_body(r);
    r->flags |= GU_R_FINISHED;
    gu_response_send_any(r, cookies, body);
    return 0;
}

/* In the request's own task, since it may wait; and for a client that has left as well: it may have
 * logged out. */
static int settle_session(gust_request *r)
{
    int err = 0;

    if ((r->flags & GU_R_FLUSHED) == 0 && !gu_request_is_elsewhere(r))
        err = gu_session_settle(r);
    if (err < 0)
        gu_response_error(r, &(gust_error){.status = err == -ENOMEM ? 503 : 500, .code = err});
    return err;
}

int gu_response_end_special(gust_request *r)
{
    gust_str body = gu_str(r->body.ptr, r->body.len);
    int err = settle_session(r);

    if (err < 0)
        return err;
    if ((r->flags & GU_R_GONE) != 0)
        return gu_response_end_gone(r);
    if (gu_request_is_elsewhere(r)) {
        gu_request_ask_end(r, NULL);
        return 0;
    }
    if ((r->flags & GU_R_FLUSHED) != 0)
        return end_flushed(r);
    if (is_known_to_client(r)) {
        r->status = 304;
        r->reason = NULL;
    }
    if (has_no_body(r)) {
        body = GU_STR("");
    } else if ((r->flags & GU_R_LENGTH_SET) != 0) {
        if (r->x->method == GU_METHOD_HEAD && body.len == 0)
            return end_head_only(r);
        if (body.len != (uint64_t)r->content_length)
            return refuse_length(r, body.len);
    }
    return end_whole(r, body);
}
