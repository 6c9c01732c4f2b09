/*
 * queue — what runs without waiting for anything: callbacks, gu_readys, and freeing
 *
 * Each queue is taken as it is when its moment in the turn comes; what is added meanwhile waits for
 * the next turn, so that none of them can keep the loop from its descriptors.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

#define KEEP_CALLS 4096 /* a longer array of callbacks is given back after use */

/* --- callbacks --- */

bool gu_calls_add(struct gu_calls *calls, void (*fn)(void *), void *arg)
{
    if (calls->n == calls->size) {
        size_t size = gu_max(16, 2 * calls->size);
        struct gu_call *at = gu_realloc(calls->at, size * sizeof *at);

        if (at == NULL)
            return false;
        calls->at = at;
        calls->size = size;
    }
    calls->at[calls->n++] = (struct gu_call){fn, arg};
    return true;
}

int gust_loop_add_callback(gust_loop *loop, void (*fn)(void *), void *arg)
{
    if (loop != gu_loop_of_thread())
        return gu_wake_post(loop, fn, arg);
    return gu_calls_add(&loop->p->calls, fn, arg) ? 0 : -ENOMEM;
}

/* Those that are there now: what they add goes to the other array. */
void gu_calls_run(struct gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    struct gu_calls calls = p->calls;

    if (calls.n == 0)
        return;
    p->calls = p->spare;
    p->spare = (struct gu_calls){0};
    for (size_t i = 0; i < calls.n; i++) {
        calls.at[i].fn(calls.at[i].arg);
        gu_loop_called(loop, (void (*)(void))calls.at[i].fn);
    }
    calls.n = 0;
    if (calls.size > KEEP_CALLS) {
        gu_free(calls.at);
        calls = (struct gu_calls){0};
    }
    p->spare = calls;
}

/* --- soon --- */

/* The last one of the queue points here, since NULL means not queued. */
struct gu_ready gu_end_of_queue;

void gu_loop_ready(struct gust_loop *loop, struct gu_ready *ready)
{
    struct gu_loop_private *p = loop->p;

    if (ready->next != NULL)
        return;
    ready->next = &gu_end_of_queue;
    *p->ready_last = ready;
    p->ready_last = &ready->next;
}

void gu_loop_unready(struct gust_loop *loop, struct gu_ready *ready)
{
    struct gu_ready **at = &loop->p->ready_first;

    if (ready->next == NULL)
        return;
    while (*at != ready)
        at = &(*at)->next;
    *at = ready->next;
    if (loop->p->ready_last == &ready->next)
        loop->p->ready_last = at;
    ready->next = NULL;
}

/* Up to what is last now; what is queued meanwhile comes behind it. The last may be taken off by
 * one before it, so a mark of our own stands at the end. */
void gu_ready_run(struct gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    struct gu_ready mark = {NULL, NULL}, *ready;

    if (p->ready_first == &gu_end_of_queue)
        return;
    gu_loop_ready(loop, &mark);
    while ((ready = p->ready_first) != &mark) {
        gu_loop_unready(loop, ready);
        ready->run(ready);
        gu_loop_ran(loop, NULL);
    }
    gu_loop_unready(loop, &mark);
}

/* --- memory that waits for the end of the turn --- */

void gu_loop_free_later(struct gust_loop *loop, void *memory, void (*fn)(void *memory))
{
    struct gu_loop_private *p = loop->p;
    size_t i = 0;

    while (i < p->n_later && p->later[i].fn != fn)
        i++;
    gu_assert(i < GU_N_LATER);
    if (i == p->n_later)
        p->later[p->n_later++] = (struct gu_later){fn, NULL};
    memcpy(memory, &p->later[i].first, sizeof(void *));
    p->later[i].first = memory;
}

/* Freeing may free more: until nothing is left. */
static bool free_some(struct gu_later *later)
{
    void *memory = later->first;

    if (memory == NULL)
        return false;
    memcpy(&later->first, memory, sizeof(void *));
    later->fn(memory);
    return true;
}

void gu_free_late(struct gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    bool is_more = true;

    while (is_more) {
        is_more = false;
        for (size_t i = 0; i < p->n_later; i++)
            while (free_some(&p->later[i]))
                is_more = true;
    }
}
