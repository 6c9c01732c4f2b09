/*
 * fault — each allocation of a busy task fails once; the next run is well
 */
#include "base/alloc.h"
#include "kept_log.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <string.h>

static char key;

static int child(void *arg)
{
    gust_task_set(&key, arg);
    gust_defer(note_deferred, (void *)(uintptr_t) "");
    memset(gust_alloc(10000), 1, 10000);
    return gust_sleep(1);
}

static void background(void *arg)
{
    gust_ignore(child(arg));
}

static void resolve(void *future)
{
    gust_future_resolve(future, 0, NULL, NULL);
    gust_future_unref(future);
}

static int await_something(void)
{
    gust_future *future = gust_future_new();
    int err;

    if (future == NULL)
        return -ENOMEM;
    gust_future_ref(future);
    if (gust_loop_call_later(gust_loop_current(), 1, resolve, future) == NULL) {
        gust_future_unref(future);
        gust_future_unref(future);
        return -ENOMEM;
    }
    err = gust_await(future, NULL);
    gust_future_unref(future);
    return err;
}

static int be_busy(void *arg)
{
    GUST_DEADLINE(50);
    GUST_SCOPE();
    gust_group *group = gust_group_new(0);
    int err;

    gust_task_set(&key, arg);
    for (int i = 0; i < 3; i++)
        gust_group_go(group, child, arg);
    if (gust_go(background, arg, gust_arena_new()) == NULL)
        return -ENOMEM;
    gust_sprintf("%9000d", 1);
    err = gust_group_wait(group);
    return err < 0 ? err : await_something();
}

TEST(each_allocation_may_fail_and_nothing_is_left_behind)
{
    uint64_t n = 0;
    int failed = 0, result;
    bool has_failed;

    drop_log();
    do {
        gust_loop *loop;

        assert_int_equal(gust_loop_new(NULL, &loop), 0);
        gu_loop_set_clock(loop, test_clock());
        gu_alloc_fail_at(++n);
        result = gust_run(be_busy, &key);
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        failed += result < 0;
        assert_true(result == 0 || (has_failed && result == -ENOMEM));
        gust_loop_close(loop);
    } while (has_failed);
    release_log();
    assert_true(failed >= 6);
}
