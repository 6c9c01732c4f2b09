/*
 * stream_queue — see stream_queue.h
 *
 * Entries are of two kinds, ciphertext in front of all that is plain, so that what was encrypted
 * for a place in the connection keeps it.
 */
#include "net/stream_queue.h"
#include "base/alloc.h"
#include "base/str.h"
#include "net/stream_impl.h"
#include "net/tls.h"

#define RETRY (GU_SECOND / 100)

/* --- an end --- */

static void out_free(struct gu_net *net, struct gu_out *out)
{
    net->queued -= out->size;
    gu_chunks_release(out->hold);
    gu_free(out);
}

static void queue_free(struct gu_stream *s, int err)
{
    struct gu_out_queue *queue = s->out;
    struct gu_link *link;

    s->out = NULL;
    gu_timer_clear(s->net->loop, &queue->retry);
    while ((link = gu_list_pop(&queue->waits)) != NULL)
        gu_task_wake(gu_container_of(link, struct gu_wait, link)->task, err);
    gu_free(queue);
}

/* --- a beginning --- */

static void on_retry(struct gu_timer *timer)
{
    struct gu_stream *s = gu_container_of(timer, struct gu_out_queue, retry)->stream;

    gu_stream_on_events(&s->io, GU_OUT);
}

static bool queue_make(struct gu_stream *s)
{
    struct gu_out_queue *queue = gu_alloc(sizeof *queue);

    if (queue == NULL)
        return false;
    *queue = (struct gu_out_queue){
        .retry = {.run = on_retry},
        .stream = s,
    };
    queue->last = &queue->first;
    gu_list_init(&queue->waits);
    if (s->ops->blocked != NULL)
        queue->max = s->ops->blocked(s);
    s->out = queue;
    s->io.ready &= (uint8_t)~GU_OUT;
    gu_stream_want(s);
    return true;
}

/* An entry with room for `size` bytes, to be added to the stream's queue, which there is from now
 * on. NULL: memory was short, and the stream fails. */
static struct gu_out *out_make(struct gu_stream *s, size_t size)
{
    struct gu_out *out = gu_alloc(sizeof *out + size);

    if (out == NULL || (s->out == NULL && !queue_make(s))) {
        gu_free(out);
        gu_stream_fail(s, -ENOMEM);
        return NULL;
    }
    *out = (struct gu_out){.size = size};
    return out;
}

static void insert(struct gu_stream *s, struct gu_out **at, struct gu_out *out)
{
    out->next = *at;
    *at = out;
    if (out->next == NULL)
        s->out->last = &out->next;
    s->out->len += out->len;
    s->net->queued += out->size;
}

/* --- adding --- */

/* One piece of `len` bytes, whatever its size, may follow as much as the limit: who waits for room
 * before each is never cut, and an answer that is one piece arrives whole. A little that only went
 * through the buffer (len is 0) may come behind it: the end of its framing. */
bool gu_stream_queue_is_full(const struct gu_stream *s, size_t len)
{
    size_t max = s->out->max != 0 ? s->out->max : s->net->max_queue;

    return s->out->len > max && (len > 0 || s->out->len > s->out->max_behind);
}

void gu_stream_queue_add(struct gu_stream *s, const char *bytes, size_t len, struct gu_chunk **hold)
{
    bool is_held = hold != NULL && *hold != NULL;
    struct gu_out *out;

    if (len == 0 || (s->flags & GU_STREAM_UNSENDABLE) != 0)
        return;
    out = out_make(s, is_held ? 0 : len);
    if (out == NULL)
        return;
    out->len = len;
    if (is_held) {
        out->ptr = bytes;
        out->hold = *hold;
        *hold = NULL;
    } else {
        out->ptr = memcpy(out->bytes, bytes, len);
    }
    insert(s, s->out->last, out);
}

void gu_stream_queue_sealed(struct gu_stream *s)
{
    gust_str left = gu_tls_unsent(s);
    struct gu_out *out, **at;

    if (left.len == 0)
        return;
    out = out_make(s, left.len);
    if (out == NULL)
        return;
    out->is_sealed = true;
    out->len = left.len;
    out->ptr = memcpy(out->bytes, left.ptr, left.len);
    at = &s->out->first;
    while (*at != NULL && (*at)->is_sealed)
        at = &(*at)->next;
    insert(s, at, out);
}

bool gu_stream_is_sealed(const struct gu_stream *s)
{
    return s->out != NULL && s->out->first->is_sealed;
}

/* --- sending --- */

static void wake_those_with_room(struct gu_out_queue *queue)
{
    GU_LIST_FOREACH_SAFE (link, &queue->waits) {
        struct gu_wait *wait = gu_container_of(link, struct gu_wait, link);

        if (queue->len > gu_container_of(wait, struct gu_room_wait, base)->most)
            continue;
        gu_list_remove(link);
        gu_task_wake(wait->task, 0);
    }
}

void gu_stream_queue_sent(struct gu_stream *s, size_t n)
{
    struct gu_out_queue *queue = s->out;

    queue->len -= n;
    queue->n_sent += n;
    while (queue->first != NULL && n >= queue->first->len) {
        struct gu_out *out = queue->first;

        n -= out->len;
        queue->first = out->next;
        out_free(s->net, out);
    }
    if (queue->first == NULL) {
        queue->last = &queue->first;
    } else {
        queue->first->ptr += n;
        queue->first->len -= n;
    }
    if (gu_stream_is_tls(s))
        gu_stream_queue_sealed(s);
    if (s->out == NULL)
        return; /* memory was short */
    if (queue->first == NULL)
        queue_free(s, 0);
    else
        wake_those_with_room(queue);
}

void gu_stream_queue_stopped(struct gu_stream *s, int err)
{
    if (!gu_stream_is_for_now(err)) {
        gu_stream_fail(s, err);
        return;
    }
    if (s->out == NULL)
        return;
    s->io.ready &= (uint8_t)~GU_OUT;
    if (err == -ENOBUFS &&
        gu_timer_set(s->net->loop, &s->out->retry, s->net->loop->now + RETRY) < 0)
        gu_stream_fail(s, -ENOMEM);
}

/* --- waiting --- */

int gu_stream_queue_wait(struct gu_stream *s, size_t most)
{
    while (s->out != NULL && s->out->len > most) {
        struct gu_room_wait wait = {{.abandon = gu_wait_unlink}, most};
        int err;

        gu_list_append(&s->out->waits, &wait.base.link);
        err = gu_task_wait(&wait.base, GU_FOREVER);
        if (err < 0)
            return err;
    }
    return 0;
}

void gu_stream_drop_queue(struct gu_stream *s, int err)
{
    if (s->out == NULL)
        return;
    while (s->out->first != NULL) {
        struct gu_out *out = s->out->first;

        s->out->first = out->next;
        out_free(s->net, out);
    }
    queue_free(s, err);
}
