/*
 * body — the request's body: whole, pulled or pushed
 *
 * A whole body grows with what arrives: what a client says about its length is believed up to 64
 * KiB only.
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/form.h"
#include "codec/multipart.h"
#include "web/web_impl.h"

#define FIRST_BODY ((size_t)64 * 1024)
#define DEFAULT_BODY ((size_t)32 << 20) /* what GU_TASK_MEMORY is made for */

void gust_set_max_body_size(gust_request *r, int64_t size)
{
    gust_exchange_set_max_body_size(r->x, size);
}

gust_str gust_body(const gust_request *r)
{
    return r->request_body;
}

/* --- whole --- */

struct body {
    char *ptr;
    size_t len, cap; /* and a byte behind */
};

/* Whether the client told how long it is; that of a coded one is known when it is read. */
static bool is_sized(const gust_request *r)
{
    return (r->x->head_flags & GU_HEAD_CHUNKED) == 0 && !gu_body_is_decoded(r);
}

static size_t first_cap(const gust_request *r)
{
    return is_sized(r) ? gu_min((size_t)r->x->body_left, FIRST_BODY) : GU_NET_COPY;
}

/* A sized body ends where it is said to, a chunked one has to be tried for its end, and one byte
 * beyond the limit is enough for that. */
static bool grow(gust_request *r, struct body *body)
{
    size_t most = (size_t)gu_min(r->x->body_max, SIZE_MAX / 2 - 1) + 1, cap;
    gust_exchange *x = r->x;
    char *ptr;

    if (is_sized(r))
        most = body->len + (size_t)gu_min(x->body_left, SIZE_MAX / 2 - body->len);
    cap = gu_min(body->cap > most / 2 ? most : body->cap * 2, most);
    ptr = gu_arena_grow(&x->arena, body->ptr, body->cap + 1, cap + 1);
    if (ptr == NULL)
        return false;
    body->ptr = ptr;
    body->cap = cap;
    return true;
}

/* Whoever lets bodies be larger lets their requests have more memory. */
static void raise_limit(gust_exchange *x)
{
    size_t extra = x->body_max > DEFAULT_BODY ? (size_t)x->body_max - DEFAULT_BODY : 0;
    size_t limit = x->server->max_task_memory;

    limit += gu_min(extra, SIZE_MAX - limit);
    x->arena.limit = gu_max(x->arena.limit, limit);
    x->task->arena.limit = gu_max(x->task->arena.limit, limit);
}

static int read_whole(gust_request *r)
{
    gust_exchange *x = r->x;
    struct body body = {.cap = first_cap(r)};
    int n;

    raise_limit(x);
    body.ptr = gu_arena_alloc(&x->arena, body.cap + 1);
    if (body.ptr == NULL)
        return -ENOMEM;
    do {
        if (body.len == body.cap && !grow(r, &body))
            return -ENOMEM;
        n = gu_body_take(r, body.ptr + body.len, body.cap - body.len);
        if (n < 0)
            return n;
        body.len += (size_t)n;
    } while (!gu_body_is_over(r));
    body.ptr[body.len] = '\0';
    r->request_body = gu_str(body.ptr, body.len);
    return 0;
}

/* --- in pieces --- */

static int read_piece(gust_request *r, gust_str *lent)
{
    struct gu_input *input = gu_request_input(r);
    int n;

    if (input != NULL && input->piece == NULL)
        input->piece = gu_arena_alloc(&r->x->arena, GU_NET_COPY);
    if (input == NULL || input->piece == NULL)
        return -ENOMEM;
    n = gu_body_take(r, input->piece, GU_NET_COPY - 1);
    if (n < 0)
        return n;
    input->piece[n] = '\0';
    *lent = gu_str(input->piece, (size_t)n);
    return n;
}

int gust_body_read(gust_request *r, gust_str *lent)
{
    if (gu_task_current() != r->x->task)
        gu_misuse("gust_body_read was called outside the request's task");
    return read_piece(r, lent);
}

static int push(gust_request *r)
{
    gust_str piece;
    int n;

    while ((n = read_piece(r, &piece)) > 0) {
        int err = r->handler->fns.data_received(r, piece);

        if (err < 0 || (r->flags & GU_R_FINISHED) != 0)
            return err;
    }
    return n;
}

/* What is coded, and not decoded here, is not the form that it says it is (C20). */
static int receive_form(gust_request *r)
{
    if (r->x->first[GU_FIELD_CONTENT_ENCODING] != 0 && !gu_body_is_decoded(r))
        return gust_send_error(r, 400);
    raise_limit(r->x);
    return gu_form_receive(r);
}

int gu_body_receive(gust_request *r)
{
    int err;

    if (r->handler->fns.data_received != NULL)
        return push(r);
    if (r->x->body_max < r->x->body_left)
        return -GUST_ETOOBIG;
    err = gu_body_begin(r);
    if (err < 0)
        return err;
    if (gu_content_type_is(gu_exchange_known(r->x, GU_FIELD_CONTENT_TYPE), GU_MULTIPART_TYPE))
        return receive_form(r);
    return read_whole(r);
}
