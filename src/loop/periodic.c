/*
 * periodic — callbacks that repeat
 *
 * The next beat is counted from the last one that was due, not from when its callback ran, so that
 * beats do not drift; it is decided after the callback, so that a slow one skips beats and never
 * runs them in a row. Follows PeriodicCallback.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

struct gust_periodic {
    struct gu_timer timer;
    struct gu_link link; /* in the loop's */
    gust_loop *loop;
    gu_time period, next;
    double jitter;
    void (*fn)(void *);
    void *arg;
    bool is_running, is_freed;
};

/* When the next beat is after the one that was due at `next`. `random` is in [0, 1). */
gu_time gu_periodic_next(gu_time next, gu_time now, gu_time period, double jitter, double random)
{
    gu_time step = period;

    if (jitter > 0)
        step = (gu_time)((double)period * (1 + jitter * (random - 0.5)));
    if (step < 1)
        step = 1;
    if (next > now) /* the clock went back: one beat on, whatever it says */
        return next + step;
    return next + ((now - next) / step + 1) * step;
}

/* xorshift64*: beats need to be spread, not secret. */
static double random_unit(gust_loop *loop)
{
    uint64_t x = loop->p->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    loop->p->random = x;
    return (double)(x * UINT64_C(0x2545F4914F6CDD1D) >> 11) * 0x1p-53;
}

static void schedule(gust_periodic *periodic)
{
    gust_loop *loop = periodic->loop;

    periodic->next = gu_periodic_next(periodic->next, loop->now, periodic->period, periodic->jitter,
                                      random_unit(loop));
    gu_timer_set_reserved(loop, &periodic->timer, periodic->next);
}

static void beat(struct gu_timer *timer)
{
    gust_periodic *periodic = gu_container_of(timer, gust_periodic, timer);

    periodic->is_running = true;
    periodic->fn(periodic->arg);
    gu_loop_ran_fn(periodic->loop, (void (*)(void))periodic->fn);
    periodic->is_running = false;
    if (periodic->is_freed) {
        gu_free(periodic);
        return;
    }
    gu_loop_refresh_now(periodic->loop);
    schedule(periodic);
}

gust_periodic *gust_periodic_new(gust_loop *loop, double seconds, double jitter, void (*fn)(void *),
                                 void *arg)
{
    gust_periodic *periodic;

    if (!(seconds > 0) || seconds > 9e8 || !(jitter >= 0) || jitter > 1)
        return NULL;
    periodic = gu_alloc0(sizeof *periodic);
    if (periodic == NULL)
        return NULL;
    gu_loop_refresh_now(loop);
    periodic->timer.run = beat;
    periodic->loop = loop;
    periodic->period = gu_time_from_seconds(seconds);
    periodic->next = loop->now;
    periodic->jitter = jitter;
    periodic->fn = fn;
    periodic->arg = arg;
    if (gu_timers_reserve(loop) < 0) {
        gu_free(periodic);
        return NULL;
    }
    schedule(periodic);
    gu_list_append(&loop->p->periodics, &periodic->link);
    return periodic;
}

void gust_periodic_free(gust_periodic *periodic)
{
    if (periodic == NULL || periodic->is_freed)
        return;
    gu_timer_clear(periodic->loop, &periodic->timer);
    gu_list_remove(&periodic->link);
    periodic->loop->p->heap.n_reserved--;
    periodic->is_freed = true;
    if (!periodic->is_running)
        gu_free(periodic);
}

void gu_periodics_free(struct gust_loop *loop)
{
    while (!gu_list_is_empty(&loop->p->periodics))
        gust_periodic_free(gu_container_of(loop->p->periodics.next, gust_periodic, link));
}
