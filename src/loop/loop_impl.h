/*
 * loop — what the rooms above see of it
 *
 * Four kinds of work, each an intrusive struct in its owner's memory, so that none allocates:
 *
 *   gu_ready    run soon: later in this turn, in the next one if another gu_ready queued it
 *   gu_timer    run at a time; a heap
 *   gu_timeout  run when nothing happened for a while; a small wheel per distinct duration, so that
 *               activity costs a store and no link moves
 *   gu_io       a descriptor
 *
 * Edge and level. A gu_io is registered once. Where the poller is edge-triggered (epoll, kqueue) it
 * reports IN, OUT and RDHUP each time they newly become true, and gu_loop_want() does nothing;
 * readiness is then the owner's to remember (gu_io.ready). Where it is level-triggered (poll,
 * select) gu_loop_want() says which of them are reported at all. An owner that always calls
 * gu_loop_want() when its interest changes, and tolerates a report it already knows, is right on
 * both. What stays wanted on a level-triggered poller is reported in every turn, GU_ERR with it;
 * with a want of 0 nothing is, with one of GU_ERR that alone. RDHUP beside unread bytes is told by
 * epoll, kqueue and a poll(2) that has POLLRDHUP; select tells it once the bytes are read, but to
 * who does not want IN it tells it, and GU_ERR, within 50 ms.
 *
 * A poller that completes receives (io_uring) fits in beside these: its events carry the bytes, so
 * gu_io gets one more event bit and the stream one more way to be handed input; see
 * docs/architecture.md.
 *
 * Closing. gu_loop_unwatch() makes an event that is already in the batch go nowhere: events carry
 * the gu_io's generation, and an owner's memory is freed by gu_loop_free_later(), after the batch.
 */
#ifndef GU_LOOP_IMPL_H
#define GU_LOOP_IMPL_H

#include "base/arena_impl.h"
#include "base/gu.h"
#include "base/list.h"
#include <gust/loop.h>

/* --- what is embedded in owners --- */

enum {
    GU_IN = 1,     /* bytes, an end of input or a connection can be read */
    GU_OUT = 4,    /* there is room to send */
    GU_ERR = 8,    /* an error or both ends gone */
    GU_RDHUP = 16, /* the peer has shut its sending side down */
    GU_LATE = 64,  /* in `want` only: the poller has not been told yet */
    GU_LEVEL =
        128 /* in `want` only: level-triggered on every poller, for as long as it is watched */
};

struct gu_io {
    void (*on_events)(struct gu_io *io, unsigned events);
    int fd;        /* -1: not watched */
    uint16_t gen;  /* changes when the io is unwatched; kept when its memory is reused */
    uint8_t ready; /* the owner's: bits it knows to be true */
    uint8_t want;  /* the level-triggered interest; GU_ERR comes with all others */
};

struct gu_ready {
    void (*run)(struct gu_ready *ready);
    struct gu_ready *next; /* NULL: not queued */
};

struct gu_timer {
    void (*run)(struct gu_timer *timer);
    gu_time when;
    uint64_t seq;
    uint32_t at; /* index in the heap + 1; 0: not set */
};

struct gu_timeout_list;

/* Fires the list's duration after `stamp`, unless the stamp moved meanwhile. */
struct gu_timeout {
    struct gu_link link;
    gu_time stamp;
};

/* --- rooms' own state on a loop --- */

enum { GU_ROOM_TASK, GU_ROOM_NET, GU_ROOM_HTTP, GU_ROOM_WEB, GU_N_ROOMS };

struct gu_room {
    void (*free)(struct gu_room *room); /* called when the loop closes, highest room first */
};

/* --- the loop --- */

struct gu_loop_private;

struct gust_loop {
    gu_time now;  /* monotonic, read once a turn and after a long batch */
    bool is_edge; /* whether gu_io reports edges */
    struct gu_room *rooms[GU_N_ROOMS];
    const char *running; /* what the watchdog blames: set by whoever runs user code; else NULL */
    uint64_t n_turns;
    struct gu_loop_private *p;
};

/* This thread's loop, NULL if there is none. */
struct gust_loop *gu_loop_of_thread(void);

/* Whether gust_loop_start() is running it now. */
bool gu_loop_is_running(const struct gust_loop *loop);

/* The watchdog's look at the clock, the coarse one: 3 ns. The loop looks after each callback,
 * timer, handler and gu_ready, but only once after all gu_ios of a turn; a room that runs users'
 * code from there may call it behind that, to have it blamed and not whoever comes last. A NULL
 * name stands for loop->running, which is NULL afterwards. */
void gu_loop_ran(struct gust_loop *loop, const char *name);

/* Reads the clock into loop->now, for code that may be called long after the turn began. */
void gu_loop_refresh_now(struct gust_loop *loop);

/* A clock for tests. With one, the loop never sleeps while a timer is set: when nothing is ready it
 * tells the clock to jump to the next timer. NULL: the system's monotonic clock again. */
struct gu_clock {
    gu_time (*read)(struct gu_clock *clock);
    void (*jump)(struct gu_clock *clock, gu_time to);
};
void gu_loop_set_clock(struct gust_loop *loop, struct gu_clock *clock);

/* --- descriptors --- */

/* Watches io->fd, which must be set; io->on_events is called on the loop's stack. Errors: -EEXIST,
 * -ERANGE, -ENOMEM, -ENOSPC, -EPERM (a file). */
int gu_loop_watch(struct gust_loop *loop, struct gu_io *io, unsigned want) GUST_CHECK;

/* In two steps: the poller hears of it in the second one, which does nothing when it is repeated.
 * An owner that is done with its descriptor before that has saved the kernel the trouble. */
void gu_loop_watch_late(struct gu_io *io, unsigned want);
int gu_loop_watch_now(struct gust_loop *loop, struct gu_io *io) GUST_CHECK;

/* The level-triggered interest; nothing to do where the poller is edge-triggered, unless the io is
 * watched with GU_LEVEL. On an error, which only kernel memory can cause, the old one stays. */
int gu_loop_want(struct gust_loop *loop, struct gu_io *io, unsigned want);

/* Forgets the descriptor, sets io->fd to -1 and changes the generation. `is_closing`: the caller
 * closes the only descriptor of the open file next, so that the kernel need not be told. */
void gu_loop_unwatch(struct gust_loop *loop, struct gu_io *io, bool is_closing);

/* --- soon --- */

/* Queues, for after the descriptors of this turn; what runs from there waits for the next turn.
 * Nothing happens when it is queued already. */
void gu_loop_ready(struct gust_loop *loop, struct gu_ready *ready);

/* gust_loop_add_callback(), but if the loop is closed before, drop(arg) is called then, on the
 * loop's thread. */
int gu_loop_post(struct gust_loop *loop, void (*fn)(void *), void *arg,
                 void (*drop)(void *)) GUST_CHECK;

/* Takes it off the queue if it is there. Linear in the queue: for closing only. */
void gu_loop_unready(struct gust_loop *loop, struct gu_ready *ready);

/* Calls fn(memory) at the end of the turn; the first word of the memory is used as a link, which
 * leaves the gen of a gu_io at its front alone. A program has a few dozen such functions at most.
 */
void gu_loop_free_later(struct gust_loop *loop, void *memory, void (*fn)(void *memory));

/* --- timers --- */

/* (Re)sets a timer, which never runs in the turn's timers that set it. Errors: -ENOMEM when the
 * heap cannot grow. */
int gu_timer_set(struct gust_loop *loop, struct gu_timer *timer, gu_time when) GUST_CHECK;
void gu_timer_clear(struct gust_loop *loop, struct gu_timer *timer);

static inline bool gu_timer_is_set(const struct gu_timer *timer)
{
    return timer->at != 0;
}

/* The loop's list for a duration, and those who wait for it with this function; made on the first
 * call, found by a linear search: durations come from options, never from peers. Lives as long as
 * the loop. NULL when memory is short. `expired` is called with the timeout unlinked. */
struct gu_timeout_list;
struct gu_timeout_list *gu_timeout_list(struct gust_loop *loop, gu_time duration,
                                        void (*expired)(struct gu_timeout *));

/* Starts to wait: `stamp` is loop->now. Expiry is exact for a few, and late by up to a thousandth
 * of the duration when thousands wait. Moves the timeout from whatever list it is in. */
void gu_timeout_start(struct gu_timeout_list *list, struct gu_timeout *timeout);

static inline void gu_timeout_init(struct gu_timeout *timeout)
{
    gu_list_init(&timeout->link);
}

static inline void gu_timeout_touch(struct gust_loop *loop, struct gu_timeout *timeout)
{
    timeout->stamp = loop->now;
}

static inline void gu_timeout_stop(struct gu_timeout *timeout)
{
    gu_list_remove(&timeout->link);
}

#endif
