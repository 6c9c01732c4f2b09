/*
 * timeout — a small wheel per duration
 *
 * Activity stores a stamp and moves nothing, so a list in the order of expiry cannot be kept; what
 * can be kept cheaply is which 32nd of the duration an expiry falls into. A slot of the wheel holds
 * the timeouts that were due in its span of time when they were last looked at; when its time comes
 * they are looked at again: some expire, those touched since move to a later slot, the rest stay
 * for the earliest of them. Looking again waits a little if a slot is long, so that a timeout is
 * looked at a few dozen times in its duration, however many there are.
 *
 * Ten thousand connections that were opened together expire together. A turn does a bounded share
 * of that, and events in between have theirs.
 */
#include "base/alloc.h"
#include "loop/loop_private.h"

/* Two durations, so that a slot never holds timeouts of two turns of the wheel. */
#define N_SLOTS 64
#define SPANS (N_SLOTS / 2)
#define FEW 64     /* so short a slot is looked at as often as it asks */
#define SHARE 1024 /* how many are looked at in a turn */
#define EXPIRY 256 /* an expiry counts as so many: it answers, and closes a connection */

struct gu_timeout_list {
    struct gu_link link; /* in the loop's */
    struct gu_timer timer;
    gu_time duration;
    gu_time span;       /* of a slot */
    int64_t looked;     /* no timeout is in a slot before this one, which was looked at last */
    struct gu_link had; /* those of it that are still to be looked at */
    gu_time next;       /* when the first of those that stay in it is due; GU_FOREVER */
    size_t n_kept;      /* how many stay in it */
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

/* If the loop was held for longer than the duration, slots hold what was meant for a turn before.
 */
static void begin_slot(struct gu_timeout_list *list, int64_t nth)
{
    int64_t first = last_slot(list) - N_SLOTS + 1;

    list->looked = nth > first ? nth : first;
    gu_list_splice(&list->had, slot(list, list->looked));
    list->next = GU_FOREVER;
    list->n_kept = 0;
}

static void keep(struct gu_timeout_list *list, struct gu_timeout *timeout, gu_time due)
{
    gu_list_append(slot(list, due / list->span), &timeout->link);
    if (due / list->span != list->looked)
        return;
    list->next = gu_time_min(list->next, due);
    list->n_kept++;
}

/* Looks at what is left of the slot; false if the turn's share did not suffice. */
static bool look(struct gu_timeout_list *list, int *share)
{
    struct gu_link *link;

    while ((link = gu_list_pop(&list->had)) != NULL) {
        struct gu_timeout *timeout = gu_container_of(link, struct gu_timeout, link);
        gu_time due = timeout->stamp + list->duration;
        bool is_due = due <= list->loop->now;

        if (is_due)
            list->expired(timeout);
        else
            keep(list, timeout, due);
        *share -= is_due ? EXPIRY : 1;
        if (*share <= 0)
            return gu_list_is_empty(&list->had);
    }
    return true;
}

/* When to look at the slot again, GU_FOREVER if nothing stayed. */
static gu_time look_again_at(const struct gu_timeout_list *list)
{
    if (list->n_kept <= FEW)
        return list->next;
    return gu_time_min((list->looked + 1) * list->span, list->next + list->span / SPANS);
}

/* As run(); when to go on. */
static gu_time look_at_slots(struct gu_timeout_list *list)
{
    int share = SHARE;

    if (gu_list_is_empty(&list->had))
        begin_slot(list, list->looked);
    for (;;) {
        if (!look(list, &share))
            return list->loop->now;
        if (list->n_kept > 0 || list->looked >= last_slot(list))
            return look_again_at(list);
        begin_slot(list, list->looked + 1);
    }
}

/* What expires may start others, whose slots are never behind the one that is looked at. */
static void run(struct gu_timer *timer)
{
    struct gu_timeout_list *list = gu_container_of(timer, struct gu_timeout_list, timer);
    gu_time next;

    list->is_looking = true;
    next = look_at_slots(list);
    list->is_looking = false;
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
    gu_list_init(&list->had);
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
        while (gu_list_pop(&list->had) != NULL)
            ;
        for (size_t i = 0; i < N_SLOTS; i++)
            while (gu_list_pop(&list->slots[i]) != NULL)
                ;
        gu_free(list);
    }
}
