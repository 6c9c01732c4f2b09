/*
 * client — bodies that are kept
 *
 * A body grows with what arrives: what a server says about its length is believed up to a bound
 * only. It lies in an arena of the fetch's own, where it can grow in place whatever else the task
 * allocates meanwhile, and whatever scope is open: it may come while a body_producer runs.
 */
#include "http/client_impl.h"

#define FIRST_BODY ((size_t)16 * 1024)
#define BELIEVED ((uint64_t)1 << 20)
#define KEPT_FOR_LATER ((size_t)16 << 20) /* of a body that nobody can read yet */

void gu_fetch_drop_body(struct gu_fetch *f)
{
    f->body = (gust_str){NULL, 0};
    f->body_cap = 0;
}

/* Room for `n` more, and a zero byte. */
static bool make_room(struct gu_fetch *f, size_t n)
{
    size_t need = f->body.len + n, cap = gu_max(gu_max(f->body_cap * 2, FIRST_BODY), need);
    char *ptr = (char *)(uintptr_t)f->body.ptr;

    if (f->body_cap >= need && ptr != NULL)
        return true;
    cap = gu_max(gu_min(cap, f->max_body), need);
    ptr = ptr == NULL ? gu_arena_alloc(&f->late, cap + 1)
                      : gu_arena_grow(&f->late, ptr, f->body_cap + 1, cap + 1);
    if (ptr == NULL)
        return false;
    f->body.ptr = ptr;
    f->body_cap = cap;
    return true;
}

static int keep(struct gu_fetch *f, gust_str piece)
{
    char *end;

    if (!make_room(f, piece.len))
        return gu_fetch_fail(f, -ENOMEM, "%s", "the body is more than the task's memory");
    end = (char *)(uintptr_t)f->body.ptr + f->body.len;
    memcpy(end, piece.ptr, piece.len);
    end[piece.len] = '\0';
    f->body.len += piece.len;
    return 0;
}

int gu_fetch_keep(struct gu_fetch *f, gust_str piece)
{
    if (f->is_open && piece.len > KEPT_FOR_LATER - f->body.len)
        return gu_fetch_fail(f, -GUST_ETOOBIG, "%s",
                             "the answer is too far ahead of the request's body");
    if (f->o.streaming_callback != NULL && !f->is_open)
        return f->o.streaming_callback(piece, f->o.arg);
    return keep(f, piece);
}

int gu_fetch_read_body(struct gu_fetch *f)
{
    gust_str piece;
    int n;

    if (f->framing == GU_BODY_SIZED && f->left > 0 && f->left <= BELIEVED &&
        f->o.streaming_callback == NULL)
        gust_ignore(make_room(f, (size_t)f->left));
    while ((n = gu_fetch_read_piece(f, &piece)) > 0) {
        n = gu_fetch_keep(f, piece);
        if (n < 0)
            return n;
    }
    if (n == 0 && f->body.len > 0)
        f->response.body = f->body;
    return n;
}

int gu_fetch_take_kept(struct gu_fetch *f, gust_str *lent)
{
    *lent = f->body;
    gu_fetch_drop_body(f);
    return (int)lent->len;
}
