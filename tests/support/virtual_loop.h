/*
 * virtual_loop — a loop whose time is the test's, so that no test sleeps
 *
 * virtual_open() makes this thread's loop; its clock starts at VIRTUAL_START and moves only when
 * the loop jumps to its next timer, or by virtual_pass(), which is how a test says that code took
 * long.
 */
#ifndef GUST_TEST_VIRTUAL_LOOP_H
#define GUST_TEST_VIRTUAL_LOOP_H

#include "loop/loop_impl.h"
#include "test.h"

#define VIRTUAL_START (1000 * GU_SECOND)

struct virtual_clock {
    struct gu_clock clock;
    gu_time now;
    bool stands;
};

static inline gu_time virtual_read(struct gu_clock *clock)
{
    return gu_container_of(clock, struct virtual_clock, clock)->now;
}

static inline void virtual_jump(struct gu_clock *clock, gu_time to)
{
    struct virtual_clock *c = gu_container_of(clock, struct virtual_clock, clock);

    if (!c->stands)
        c->now = to;
}

static inline struct virtual_clock *virtual_clock(void)
{
    static struct virtual_clock clock = {{virtual_read, virtual_jump}, VIRTUAL_START, false};

    return &clock;
}

/* A moment of the virtual clock, counted from its start. */
static inline gu_time virtual_at(double seconds)
{
    return VIRTUAL_START + (gu_time)(seconds * 1e9);
}

static inline void virtual_pass(double seconds)
{
    virtual_clock()->now += (gu_time)(seconds * 1e9);
}

/* Lets time stand still, or go on: while a thread is waited for, the loop is idle, and would jump.
 */
static inline void virtual_stand(bool stands)
{
    virtual_clock()->stands = stands;
}

static inline gust_loop *virtual_open(void)
{
    gust_loop_options options = {.slow_callback = GUST_NEVER};
    gust_loop *loop;

    assert_int_equal(gust_loop_new(&options, &loop), 0);
    virtual_clock()->now = VIRTUAL_START;
    virtual_stand(false);
    gu_loop_set_clock(loop, &virtual_clock()->clock);
    return loop;
}

static inline void virtual_stop_(void *loop)
{
    gust_loop_stop(loop);
}

/* Runs the loop for so long. */
static inline void virtual_run(gust_loop *loop, double seconds)
{
    assert_non_null(gust_loop_call_later(loop, seconds, virtual_stop_, loop));
    assert_int_equal(gust_loop_start(loop), 0);
}

/* One turn each. */
static inline void run_turns(gust_loop *loop, int n)
{
    while (n-- > 0) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
}

#endif
