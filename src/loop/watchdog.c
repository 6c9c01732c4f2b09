/*
 * watchdog — the loop's time, and who held it for too long
 *
 * The coarse clock costs 3 ns and lags by a tick, a few milliseconds: enough to see who holds the
 * loop, and to notice that the present has moved on within a turn.
 */
#include "base/log.h"
#include "loop/loop_private.h"
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

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

void gu_loop_called(struct gust_loop *loop, void (*fn)(void))
{
    gu_time held = look_at_watch(loop);

    if (gu_unlikely(held > 0))
        complain_of_fn(held, fn);
    if (loop->after_call != NULL)
        loop->after_call(loop);
}
