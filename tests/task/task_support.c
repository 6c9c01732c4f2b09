/*
 * task_support — a trail and a clock
 */
#include "task_support.h"
#include "loop/loop_impl.h"
#include <stdio.h>
#include <string.h>

#define START (1000 * GU_SECOND)

char trail[1024];
static gu_time now;

void note(const char *what)
{
    size_t len = strlen(trail);

    assert_true(len + strlen(what) < sizeof trail);
    snprintf(trail + len, sizeof trail - len, "%s", what);
}

void note_deferred(void *what)
{
    note(what);
}

static gu_time read_now(struct gu_clock *clock)
{
    (void)clock;
    return now;
}

static void jump(struct gu_clock *clock, gu_time to)
{
    (void)clock;
    now = to;
}

struct gu_clock *test_clock(void)
{
    static struct gu_clock clock = {read_now, jump};

    now = START;
    return &clock;
}

int run(int (*fn)(void *arg), void *arg)
{
    gust_loop *loop;
    int result;

    trail[0] = '\0';
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    gu_loop_set_clock(loop, test_clock());
    result = gust_run(fn, arg);
    gust_loop_close(loop);
    return result;
}

double elapsed(void)
{
    return (double)(now - START) / 1e9;
}

void spend(double seconds)
{
    now += gu_time_from_seconds(seconds);
}
