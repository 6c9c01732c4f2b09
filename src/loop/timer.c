/*
 * timer — a 4-ary heap
 *
 * Four children a node halve the depth of a binary heap and share a cache line. Equal times run in
 * the order they were set, by a sequence number that is looked at only then.
 *
 * A timer that is set while due timers run waits for the next turn even if its time is past:
 * its time is then the present, so that it sorts behind all that are due now.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

/* --- the heap --- */

static bool is_before(struct gu_heap_entry a, struct gu_heap_entry b)
{
    return a.when != b.when ? a.when < b.when : a.timer->seq < b.timer->seq;
}

static void put(struct gu_heap *h, size_t at, struct gu_heap_entry entry)
{
    h->at[at] = entry;
    entry.timer->at = (uint32_t)at + 1;
}

static void sift_up(struct gu_heap *h, size_t at, struct gu_heap_entry entry)
{
    while (at > 0 && is_before(entry, h->at[(at - 1) / 4])) {
        put(h, at, h->at[(at - 1) / 4]);
        at = (at - 1) / 4;
    }
    put(h, at, entry);
}

static size_t least_child(const struct gu_heap *h, size_t at)
{
    size_t first = 4 * at + 1, end = gu_min(first + 4, h->n), least = first;

    for (size_t i = first + 1; i < end; i++)
        if (is_before(h->at[i], h->at[least]))
            least = i;
    return least;
}

static void sift_down(struct gu_heap *h, size_t at, struct gu_heap_entry entry)
{
    while (4 * at + 1 < h->n) {
        size_t child = least_child(h, at);

        if (!is_before(h->at[child], entry))
            break;
        put(h, at, h->at[child]);
        at = child;
    }
    put(h, at, entry);
}

static void take_out(struct gu_heap *h, struct gu_timer *timer)
{
    size_t at = timer->at - 1;
    struct gu_heap_entry last = h->at[--h->n];

    timer->at = 0;
    if (last.timer == timer)
        return;
    if (at > 0 && is_before(last, h->at[(at - 1) / 4]))
        sift_up(h, at, last);
    else
        sift_down(h, at, last);
}

static void insert(struct gu_heap *h, struct gu_timer *timer, gu_time when)
{
    timer->when = when;
    timer->seq = h->seq++;
    sift_up(h, h->n++, (struct gu_heap_entry){when, timer});
}

/* Room for `n` timers. */
static int grow(struct gu_heap *h, size_t n)
{
    size_t size = gu_max(gu_max(n, 16), 2 * h->size);
    struct gu_heap_entry *at;

    if (n <= h->size)
        return 0;
    if (n >= UINT32_MAX)
        return -ENOMEM;
    at = gu_realloc(h->at, size * sizeof *at);
    if (at == NULL)
        return -ENOMEM;
    h->at = at;
    h->size = size;
    return 0;
}

/* --- for the rooms --- */

int gu_timer_set(struct gust_loop *loop, struct gu_timer *timer, gu_time when)
{
    struct gu_heap *h = &loop->p->heap;

    if (gu_timer_is_set(timer))
        take_out(h, timer);
    else if (gu_unlikely(h->n + 1 + h->n_reserved > h->size)) {
        int err = grow(h, h->n + 1 + h->n_reserved);

        if (err < 0)
            return err;
    }
    insert(h, timer, h->is_running && when < loop->now ? loop->now : when);
    return 0;
}

void gu_timer_clear(struct gust_loop *loop, struct gu_timer *timer)
{
    if (gu_timer_is_set(timer))
        take_out(&loop->p->heap, timer);
}

/* --- for the loop --- */

int gu_timers_reserve(struct gust_loop *loop)
{
    struct gu_heap *h = &loop->p->heap;
    int err = grow(h, h->n + h->n_reserved + 1);

    if (err == 0)
        h->n_reserved++;
    return err;
}

void gu_timer_set_reserved(struct gust_loop *loop, struct gu_timer *timer, gu_time when)
{
    struct gu_heap *h = &loop->p->heap;

    gu_timer_clear(loop, timer);
    gu_assert(h->n < h->size);
    insert(h, timer, when > loop->now ? when : loop->now);
}

gu_time gu_timers_next(const struct gust_loop *loop)
{
    const struct gu_heap *h = &loop->p->heap;

    return h->n == 0 ? GU_FOREVER : h->at[0].when;
}

void gu_timers_run(struct gust_loop *loop)
{
    struct gu_heap *h = &loop->p->heap;
    uint64_t newer = h->seq;

    h->is_running = true;
    while (h->n > 0 && h->at[0].when <= loop->now && h->at[0].timer->seq < newer) {
        struct gu_timer *timer = h->at[0].timer;

        take_out(h, timer);
        timer->run(timer);
        gu_loop_ran(loop, NULL);
    }
    h->is_running = false;
}

/* --- public timers --- */

struct gust_timer {
    struct gu_timer timer;
    gust_loop *loop;
    void (*fn)(void *);
    void *arg;
    bool is_running;
};

static void run_public(struct gu_timer *base)
{
    gust_timer *timer = gu_container_of(base, gust_timer, timer);

    timer->is_running = true;
    timer->fn(timer->arg);
    gu_loop_ran_fn(timer->loop, (void (*)(void))timer->fn);
    gu_free(timer);
}

static gust_timer *add(gust_loop *loop, gu_time when, void (*fn)(void *), void *arg)
{
    gust_timer *timer = gu_alloc0(sizeof *timer);

    if (timer == NULL)
        return NULL;
    timer->timer.run = run_public;
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    if (gu_timer_set(loop, &timer->timer, when) < 0) {
        gu_free(timer);
        return NULL;
    }
    return timer;
}

gust_timer *gust_loop_call_later(gust_loop *loop, double seconds, void (*fn)(void *), void *arg)
{
    gu_time delay = seconds < 0 ? 0 : gu_time_from_seconds(seconds);

    gu_loop_refresh_now(loop);
    return add(loop, delay > GU_FOREVER - loop->now ? GU_FOREVER : loop->now + delay, fn, arg);
}

gust_timer *gust_loop_call_at(gust_loop *loop, double when, void (*fn)(void *), void *arg)
{
    return add(loop, when < 0 ? 0 : gu_time_from_seconds(when), fn, arg);
}

void gust_timer_cancel(gust_timer *timer)
{
    if (timer == NULL || timer->is_running)
        return;
    gu_timer_clear(timer->loop, &timer->timer);
    gu_free(timer);
}

void gu_timers_free(struct gust_loop *loop)
{
    struct gu_heap *h = &loop->p->heap;

    for (size_t i = 0; i < h->n; i++) {
        struct gu_timer *timer = h->at[i].timer;

        timer->at = 0;
        if (timer->run == run_public)
            gu_free(gu_container_of(timer, gust_timer, timer));
    }
    gu_free(h->at);
}
