/*
 * loop — the turn
 *
 * One wait and one reading of the clock a turn, no lock, no allocation. The clock is read a second
 * time only when a timer is so near that the turn's own length matters, or when the coarse clock,
 * which costs next to nothing, says that the turn was long.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "loop/loop_private.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

#define NEAR (GU_SECOND / 10)        /* a timer so near is waited for by a fresh clock */
#define FLUSH_AFTER (GU_SECOND / 10) /* how long a line of the access log may wait */
#define KEEP_CALLS 4096              /* a longer array of callbacks is given back after use */

static _Thread_local gust_loop *current;

/* --- time --- */

static gu_time read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (gu_time)ts.tv_sec * GU_SECOND + ts.tv_nsec;
}

void gu_loop_refresh_now(struct gust_loop *loop)
{
    struct gu_clock *clock = loop->p->clock;

    loop->now = gu_likely(clock == NULL) ? read_clock(CLOCK_MONOTONIC) : clock->read(clock);
}

/* At most a few milliseconds behind. */
static gu_time coarse_now(const gust_loop *loop)
{
    struct gu_clock *clock = loop->p->clock;

    return gu_likely(clock == NULL) ? read_clock(CLOCK_MONOTONIC_COARSE) : clock->read(clock);
}

void gu_loop_set_clock(struct gust_loop *loop, struct gu_clock *clock)
{
    loop->p->clock = clock;
    gu_loop_refresh_now(loop);
    loop->p->checked = loop->now;
}

double gust_loop_time(const gust_loop *loop)
{
    return (double)loop->now / 1e9;
}

/* --- the watchdog --- */

static gu_cold void complain(gu_time held, const char *name)
{
    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "the loop was held for %.3f s by %s",
           (double)held / 1e9, name);
}

/* How long the loop has been held since the last call, if that is too long; else 0. */
static gu_time look_at_watch(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    gu_time now = coarse_now(loop), held = now - p->checked;

    if (gu_likely(held <= 0)) /* not even a tick */
        return 0;
    p->checked = now;
    if (now > loop->now)
        gu_loop_refresh_now(loop);
    return held > p->slow ? held : 0;
}

void gu_loop_ran(struct gust_loop *loop, const char *name)
{
    gu_time held = look_at_watch(loop);

    if (name == NULL)
        name = loop->running != NULL ? loop->running : "what it runs itself";
    if (gu_unlikely(held > 0))
        complain(held, name);
    loop->running = NULL;
}

/* The name of a function that the dynamic linker knows, else an address for addr2line. */
static gu_cold void complain_of_fn(gu_time held, void (*fn)(void))
{
    char text[256];
    void *address;
    Dl_info info;

    memcpy(&address, &fn, sizeof address);
    if (dladdr(address, &info) == 0)
        snprintf(text, sizeof text, "%p", address);
    else if (info.dli_sname != NULL && info.dli_saddr == address)
        snprintf(text, sizeof text, "%s()", info.dli_sname);
    else
        snprintf(text, sizeof text, "%s+%#zx", info.dli_fname,
                 (size_t)((uintptr_t)address - (uintptr_t)info.dli_fbase));
    complain(held, text);
}

void gu_loop_ran_fn(struct gust_loop *loop, void (*fn)(void))
{
    gu_time held = look_at_watch(loop);

    if (gu_unlikely(held > 0))
        complain_of_fn(held, fn);
}

/* --- callbacks --- */

bool gu_calls_add(struct gu_calls *calls, struct gu_call call)
{
    if (calls->n == calls->size) {
        size_t size = gu_max(16, 2 * calls->size);
        struct gu_call *at = gu_realloc(calls->at, size * sizeof *at);

        if (at == NULL)
            return false;
        calls->at = at;
        calls->size = size;
    }
    calls->at[calls->n++] = call;
    return true;
}

void gu_calls_drop(struct gu_calls *calls)
{
    for (size_t i = 0; i < calls->n; i++)
        if (calls->at[i].drop != NULL)
            calls->at[i].drop(calls->at[i].arg);
    gu_free(calls->at);
    *calls = (struct gu_calls){0};
}

int gu_loop_post(struct gust_loop *loop, void (*fn)(void *), void *arg, void (*drop)(void *))
{
    struct gu_call call = {fn, arg, drop};

    if (loop != current)
        return gu_wake_post(loop, call);
    return gu_calls_add(&loop->p->calls, call) ? 0 : -ENOMEM;
}

int gust_loop_add_callback(gust_loop *loop, void (*fn)(void *), void *arg)
{
    return gu_loop_post(loop, fn, arg, NULL);
}

/* Those that are there now: what they add goes to the other array. */
static void run_calls(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    struct gu_calls calls = p->calls;

    if (calls.n == 0)
        return;
    p->calls = p->spare;
    p->spare = (struct gu_calls){0};
    for (size_t i = 0; i < calls.n; i++) {
        calls.at[i].fn(calls.at[i].arg);
        gu_loop_ran_fn(loop, (void (*)(void))calls.at[i].fn);
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
static struct gu_ready end_of_queue;

void gu_loop_ready(struct gust_loop *loop, struct gu_ready *ready)
{
    struct gu_loop_private *p = loop->p;

    if (ready->next != NULL)
        return;
    ready->next = &end_of_queue;
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
static void run_ready(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    struct gu_ready mark = {NULL, NULL}, *ready;

    if (p->ready_first == &end_of_queue)
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

static void free_late(struct gu_loop_private *p)
{
    bool is_more = true;

    while (is_more) {
        is_more = false;
        for (size_t i = 0; i < p->n_later; i++)
            while (free_some(&p->later[i]))
                is_more = true;
    }
}

/* --- the log --- */

/* Lines of the access log are written together, a moment later: two system calls a turn would cost
 * more than the turn. */
static void flush_log(struct gu_timer *timer)
{
    (void)timer;
    gu_log_flush();
}

static void flush_log_soon(gust_loop *loop)
{
    struct gu_timer *timer = &loop->p->log_timer;

    if (gu_unlikely(gu_log_is_waiting()) && !gu_timer_is_set(timer))
        gu_timer_set_reserved(loop, timer, loop->now + FLUSH_AFTER);
}

/* --- the turn --- */

static gu_time time_to_wait(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    gu_time next;

    if (p->calls.n > 0 || p->ready_first != &end_of_queue ||
        atomic_load_explicit(&p->is_stopping, memory_order_relaxed))
        return 0;
    next = gu_timers_next(loop);
    if (next == GU_FOREVER)
        return GU_FOREVER;
    if (next - loop->now < NEAR)
        gu_loop_refresh_now(loop);
    return next > loop->now ? next - loop->now : 0;
}

static int wait_virtual(gust_loop *loop, gu_time timeout)
{
    struct gu_loop_private *p = loop->p;
    gu_time next = gu_timers_next(loop);
    int n = p->poller->ops->wait(p->poller, p->events, timeout == GU_FOREVER ? timeout : 0);

    if (n == 0 && timeout != 0 && next != GU_FOREVER)
        p->clock->jump(p->clock, next);
    return n;
}

/* Memory that is short in the kernel for a moment must not end a server. */
static gu_cold int survive(gust_loop *loop, int err)
{
    if (err != -ENOMEM && err != -EAGAIN && err != -ENOBUFS)
        return err;
    if (!loop->p->has_wait_error)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "%s: %s; trying again", gust_loop_poller(loop),
               gust_strerror(err));
    loop->p->has_wait_error = true;
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    return 0;
}

static int wait_for_events(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    gu_time timeout = time_to_wait(loop);
    int n;

    if (gu_likely(p->clock == NULL))
        n = p->poller->ops->wait(p->poller, p->events, timeout);
    else
        n = wait_virtual(loop, timeout);
    if (gu_unlikely(n < 0))
        n = survive(loop, n);
    gu_loop_refresh_now(loop);
    p->checked = loop->now;
    return n;
}

static void run_events(const struct gu_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        struct gu_io *io = gu_io_of_key(events[i].key);

        if (gu_likely(gu_io_key(io) == events[i].key && io->fd >= 0))
            io->on_events(io, events[i].events);
    }
}

static int turn(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    int n;

    loop->n_turns++;
    run_calls(loop);
    gu_timers_run(loop);
    n = wait_for_events(loop);
    if (gu_unlikely(n < 0))
        return n;
    run_events(p->events, n);
    gu_loop_ran(loop, NULL);
    run_ready(loop);
    free_late(p);
    flush_log_soon(loop);
    return 0;
}

int gust_loop_start(gust_loop *loop)
{
    struct gu_loop_private *p = loop->p;
    int err;

    if (loop != current)
        gu_misuse("gust_loop_start: the loop belongs to another thread");
    if (p->is_running)
        gu_misuse("gust_loop_start: the loop is running already; call gust_loop_stop() first");
    p->is_running = true;
    gu_loop_refresh_now(loop);
    p->checked = loop->now;
    do
        err = turn(loop);
    while (err == 0 && !atomic_load_explicit(&p->is_stopping, memory_order_relaxed));
    atomic_store(&p->is_stopping, false);
    p->is_running = false;
    return err;
}

bool gu_loop_is_running(const struct gust_loop *loop)
{
    return loop->p->is_running;
}

void gust_loop_stop(gust_loop *loop)
{
    atomic_store(&loop->p->is_stopping, true);
    if (loop != current)
        gu_wake_send(&loop->p->wake);
}

/* --- making and closing --- */

gust_loop *gu_loop_of_thread(void)
{
    return current;
}

gust_loop *gust_loop_current(void)
{
    gust_loop *loop;

    int err = current == NULL ? gust_loop_new(NULL, &loop) : 0;

    if (err < 0)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "this thread gets no loop: %s", gust_strerror(err));
    return current;
}

const char *gust_loop_poller(const gust_loop *loop)
{
    return loop->p->poller->ops->name;
}

static gust_loop *alloc_loop(void)
{
    gust_loop *loop = gu_alloc0(sizeof *loop);
    struct gu_loop_private *p = gu_alloc0(sizeof *p);

    if (loop == NULL || p == NULL) {
        gu_free(loop);
        gu_free(p);
        return NULL;
    }
    loop->p = p;
    p->ready_first = &end_of_queue;
    p->ready_last = &p->ready_first;
    gu_list_init(&p->timeout_lists);
    gu_list_init(&p->periodics);
    return loop;
}

static int open_loop(gust_loop *loop, const struct gu_poller_ops *ops)
{
    int err = ops->open(&loop->p->poller);

    if (err < 0)
        return err;
    loop->is_edge = ops->is_edge;
    loop->p->log_timer.run = flush_log;
    err = gu_timers_reserve(loop);
    if (err == 0)
        err = gu_wake_open(loop);
    if (err < 0) {
        gu_timers_free(loop);
        ops->close(loop->p->poller);
    }
    return err;
}

int gust_loop_new(const gust_loop_options *options, gust_loop **loop)
{
    static const gust_loop_options defaults;
    const gust_loop_options *o = options != NULL ? options : &defaults;
    const struct gu_poller_ops *ops = gu_poller_find(o->poller);
    gust_loop *made;
    int err;

    if (current != NULL)
        return -EEXIST;
    if (ops == NULL) {
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL,
               "no poller here is called \"%s\"; the best is \"%s\"",
               o->poller != NULL ? o->poller : getenv("GUST_POLLER"), gu_pollers[0]->name);
        return -ENOENT;
    }
    made = alloc_loop();
    if (made == NULL)
        return -ENOMEM;
    err = open_loop(made, ops);
    if (err < 0) {
        gu_free(made->p);
        gu_free(made);
        return err;
    }
    made->p->slow = gu_option_time(o->slow_callback, 0.1);
    gu_loop_refresh_now(made);
    made->p->random = (uint64_t)read_clock(CLOCK_REALTIME) | 1;
    *loop = current = made;
    return 0;
}

void gust_loop_close(gust_loop *loop)
{
    struct gu_loop_private *p;

    if (loop == NULL)
        return;
    p = loop->p;
    if (loop != current || p->is_running)
        gu_misuse("gust_loop_close: stop the loop first, and close it on its own thread");
    for (size_t i = GU_N_ROOMS; i-- > 0;)
        if (loop->rooms[i] != NULL)
            loop->rooms[i]->free(loop->rooms[i]);
    gu_signals_free(loop);
    gu_handlers_free(loop);
    gu_periodics_free(loop);
    gu_timeouts_free(loop);
    free_late(p);
    gu_timers_free(loop);
    gu_calls_drop(&p->calls);
    gu_wake_close(loop);
    gu_log_flush();
    p->poller->ops->close(p->poller);
    gu_free(p->handlers);
    gu_free(p->spare.at);
    gu_free(p);
    gu_free(loop);
    current = NULL;
}
