/*
 * loop — what the files of this room share
 */
#ifndef GU_LOOP_PRIVATE_H
#define GU_LOOP_PRIVATE_H

#include "loop/loop_impl.h"
#include "loop/poller.h"
#include <pthread.h>
#include <stdatomic.h>

/* --- callbacks --- */

struct gu_call {
    void (*fn)(void *);
    void *arg;
    void (*drop)(void *); /* NULL: `arg` is not ours to drop */
};

struct gu_calls {
    struct gu_call *at;
    size_t n, size;
};

/* --- timers --- */

struct gu_heap_entry {
    gu_time when; /* beside the pointer, so that most comparisons touch no timer */
    struct gu_timer *timer;
};

struct gu_heap {
    struct gu_heap_entry *at;
    size_t n, size;
    size_t n_reserved; /* places for timers that cannot fail to be set */
    uint64_t seq;
    bool is_running; /* due timers are being run */
};

/* --- waking --- */

/* How other threads and signal handlers reach a sleeping loop. */
struct gu_wake {
    struct gu_io io;
    int send_fd; /* the same as io.fd where it is an eventfd */
    pthread_mutex_t lock;
    struct gu_calls calls; /* under the lock */
    atomic_bool has_signal;
};

/* --- memory that waits for the end of the turn --- */

#define GU_N_LATER 32

struct gu_later {
    void (*fn)(void *);
    void *first; /* linked by the first word */
};

struct gu_handler;

struct gu_loop_private {
    struct gu_poller *poller;
    struct gu_clock *clock; /* NULL: the system's */
    gu_time slow;           /* what holds the loop longer is logged */
    gu_time checked;        /* when the watchdog looked last */
    bool is_running;
    bool has_wait_error; /* said once */
    atomic_bool is_stopping;

    struct gu_calls calls, spare;
    struct gu_ready *ready_first, **ready_last;
    struct gu_later later[GU_N_LATER];
    size_t n_later;

    struct gu_heap heap;
    struct gu_timer log_timer;
    struct gu_link timeout_lists;
    struct gu_link periodics;
    uint64_t random;

    struct gu_handler **handlers; /* by descriptor */
    size_t n_handlers;

    struct gu_wake wake;
    struct gu_event events[GU_BATCH];
};

bool gu_calls_add(struct gu_calls *calls, struct gu_call call);
void gu_calls_drop(struct gu_calls *calls); /* none of them will be called */

/* loop.c */
void gu_loop_ran_fn(struct gust_loop *loop, void (*fn)(void));

/* timer.c */
gu_time gu_timers_next(const struct gust_loop *loop); /* GU_FOREVER: none */
void gu_timers_run(struct gust_loop *loop);
int gu_timers_reserve(struct gust_loop *loop);
void gu_timer_set_reserved(struct gust_loop *loop, struct gu_timer *timer, gu_time when);
void gu_timers_free(struct gust_loop *loop);

/* timeout.c */
void gu_timeouts_free(struct gust_loop *loop);

/* periodic.c */
gu_time gu_periodic_next(gu_time next, gu_time now, gu_time period, double jitter, double random);
void gu_periodics_free(struct gust_loop *loop);

/* loop_io.c */
void gu_handlers_free(struct gust_loop *loop);

/* wake.c */
int gu_wake_open(struct gust_loop *loop);
void gu_wake_close(struct gust_loop *loop);
void gu_wake_send(struct gu_wake *wake); /* any thread, any signal handler */
int gu_wake_post(struct gust_loop *loop, struct gu_call call);

/* signal.c */
void gu_signals_run(struct gust_loop *loop);
void gu_signals_free(struct gust_loop *loop);

#endif
