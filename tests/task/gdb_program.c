/*
 * gdb — a program with two sleeping tasks and a place to stop at, for gdb_test.py
 */
#include <gust.h>

__attribute__((noinline)) static void stop_here(void *arg)
{
    gust_loop_stop(arg);
}

__attribute__((noinline)) static int sleep_deep(int depth)
{
    return depth > 0 ? sleep_deep(depth - 1) + 1 : gust_sleep(GUST_NEVER);
}

static void sleeper(void *arg)
{
    gust_task_set_name(arg);
    gust_ignore(sleep_deep(3));
}

static int run(void *arg)
{
    gust_loop *loop = gust_loop_current();

    (void)arg;
    gust_task_set_name("the parent");
    gust_ignore(gust_go(sleeper, (void *)(uintptr_t) "the first", NULL) != NULL);
    gust_ignore(gust_go(sleeper, (void *)(uintptr_t) "the second", NULL) != NULL);
    gust_ignore(gust_loop_call_later(loop, 0.01, stop_here, loop) != NULL);
    return gust_sleep(1000);
}

int main(void)
{
    return gust_run(run, NULL) == -ECANCELED ? 0 : 1;
}
