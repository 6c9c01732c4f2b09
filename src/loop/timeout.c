/*
 * timeout — a small wheel per duration
 *
 * Activity stores a stamp and moves nothing, so a list in the order of expiry cannot be kept; what
 * can be kept cheaply is which 32nd of the duration an expiry falls into. A slot of the wheel holds
 * the timeouts that were due in its span of time when they were last looked at; when its time comes
 * they are looked at again: some expire, those touched since move to a later slot, the rest stay
 * for the earliest of them. Looking again waits a little if a slot is long, so that a timeout is
 * looked at a few dozen times in its duration, however many there are.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

/* Two durations, so that a slot never holds timeouts of two turns of the wheel. */
#define N_SLOTS 64
#define SPANS (N_SLOTS / 2)
#define FEW 64 /* so short a slot is looked at as often as it asks */

struct gu_timeout_list {
    struct gu_link link; /* in the loop's */
    struct gu_timer timer;
    gu_time duration;
    gu_time span;   /* of a slot */
    int64_t looked; /* no timeout is in a slot before this one */
    bool is_looking;
    void (*expired)(struct gu_timeout *timeout);
    struct gust_loop *loop;
    struct gu_link slots[N_SLOTS];
};

static struct gu_link *slot(struct gu_timeout_list *list, int64_t nth)
{
    return &list->slots[(uint64_t)nth % N_SLOTS];
}

/* The slot of what starts now: none is later. */
static int64_t last_slot(const struct gu_timeout_list *list)
{
    return (list->loop->now + list->duration) / list->span;
}

/* Looks at all of one slot. When to look again, GU_FOREVER if nothing stayed. */
static gu_time look(struct gu_timeout_list *list, int64_t nth)
{
    struct gu_link had, *link;
    gu_time now = list->loop->now, next = GU_FOREVER;
    size_t n_kept = 0;

    gu_list_init(&had);
    gu_list_splice(&had, slot(list, nth));
    while ((link = gu_list_pop(&had)) != NULL) {
        struct gu_timeout *timeout = gu_container_of(link, struct gu_timeout, link);
        gu_time due = timeout->stamp + list->duration;

        if (due <= now) {
            list->expired(timeout);
            continue;
        }
        gu_list_append(slot(list, due / list->span), link);
        if (due / list->span == nth) {
            next = gu_time_min(next, due);
            n_kept++;
        }
    }
    if (n_kept > FEW)
        next = gu_time_min((nth + 1) * list->span, next + list->span / SPANS);
    return next;
}

/* What expires may start others, whose slots are never behind the one that is looked at. */
static void run(struct gu_timer *timer)
{
    struct gu_timeout_list *list = gu_container_of(timer, struct gu_timeout_list, timer);
    gu_time next = GU_FOREVER;
    int64_t nth = list->looked;

    if (last_slot(list) - nth >= N_SLOTS) /* the loop was held for longer than the duration */
        nth = last_slot(list) - N_SLOTS + 1;
    list->is_looking = true;
    while (nth <= last_slot(list) && (next = look(list, nth)) == GU_FOREVER)
        nth++;
    list->is_looking = false;
    list->looked = nth;
    if (next != GU_FOREVER)
        gu_timer_set_reserved(list->loop, &list->timer, next);
}

/* --- for the rooms --- */

static struct gu_timeout_list *list_new(struct gust_loop *loop, gu_time duration,
                                        void (*expired)(struct gu_timeout *))
{
    struct gu_timeout_list *list = gu_alloc0(sizeof *list);

    if (list == NULL)
        return NULL;
    if (gu_timers_reserve(loop) < 0) {
        gu_free(list);
        return NULL;
    }
    list->timer.run = run;
    list->duration = duration;
    list->span = duration / SPANS + 1;
    list->expired = expired;
    list->loop = loop;
    for (size_t i = 0; i < N_SLOTS; i++)
        gu_list_init(&list->slots[i]);
    gu_list_append(&loop->p->timeout_lists, &list->link);
    return list;
}

struct gu_timeout_list *gu_timeout_list(struct gust_loop *loop, gu_time duration,
                                        void (*expired)(struct gu_timeout *))
{
    GU_LIST_FOREACH (link, &loop->p->timeout_lists) {
        struct gu_timeout_list *list = gu_container_of(link, struct gu_timeout_list, link);

        if (list->duration == duration && list->expired == expired)
            return list;
    }
    return list_new(loop, duration, expired);
}

void gu_timeout_start(struct gu_timeout_list *list, struct gu_timeout *timeout)
{
    gu_time due;

    gu_list_remove(&timeout->link);
    timeout->stamp = list->loop->now;
    if (list->duration >= GU_FOREVER - timeout->stamp) { /* no limit: it only has to be stoppable */
        gu_list_append(&list->slots[0], &timeout->link);
        return;
    }
    due = timeout->stamp + list->duration;
    gu_list_append(slot(list, due / list->span), &timeout->link);
    if (!gu_timer_is_set(&list->timer) && !list->is_looking) {
        list->looked = due / list->span;
        gu_timer_set_reserved(list->loop, &list->timer, due);
    }
}

void gu_timeouts_free(struct gust_loop *loop)
{
    struct gu_link *link;

    while ((link = gu_list_pop(&loop->p->timeout_lists)) != NULL) {
        struct gu_timeout_list *list = gu_container_of(link, struct gu_timeout_list, link);

        gu_timer_clear(loop, &list->timer);
        for (size_t i = 0; i < N_SLOTS; i++)
            while (gu_list_pop(&list->slots[i]) != NULL)
                ;
        gu_free(list);
    }
}
