/*
 * body — the request's body: whole, pulled or pushed
 *
 * A whole body grows with what arrives: what a client says about its length is believed up to 64
 * KiB only.
 */
#include "base/log.h"
#include "base/str.h"
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

static size_t first_cap(const gust_exchange *x)
{
    if ((x->head_flags & GU_HEAD_CHUNKED) != 0)
        return GU_NET_COPY;
    return gu_min((size_t)x->body_left, FIRST_BODY);
}

/* A sized body ends where it is said to, a chunked one has to be tried for its end. */
static bool grow(gust_exchange *x, struct body *body)
{
    size_t most = SIZE_MAX / 2, cap;
    char *ptr;

    if ((x->head_flags & GU_HEAD_CHUNKED) == 0)
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
    struct body body = {.cap = first_cap(x)};
    int n;

    raise_limit(x);
    body.ptr = gu_arena_alloc(&x->arena, body.cap + 1);
    if (body.ptr == NULL)
        return -ENOMEM;
    do {
        if (body.len == body.cap && !grow(x, &body))
            return -ENOMEM;
        n = gust_exchange_read(x, body.ptr + body.len, body.cap - body.len);
        if (n < 0)
            return n;
        body.len += (size_t)n;
    } while ((x->flags & GU_X_BODY_READ) == 0);
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
    n = gust_exchange_read(r->x, input->piece, GU_NET_COPY - 1);
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

int gu_body_receive(gust_request *r)
{
    if (r->handler->fns.data_received != NULL)
        return push(r);
    if (r->x->body_max < r->x->body_left)
        return -GUST_ETOOBIG;
    return read_whole(r);
}
