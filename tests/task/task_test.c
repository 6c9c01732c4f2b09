/*
 * task — running, sleeping, raising, groups
 */
#include "test.h"
#include <gust.h>
#include <stdio.h>
#include <string.h>

static char trail[256];

static void note(const char *what)
{
    size_t n = strlen(trail);

    snprintf(trail + n, sizeof trail - n, "%s", what);
}

static void note_arg(void *what)
{
    note(what);
}

static int in_task(int (*fn)(void *), void *arg)
{
    trail[0] = '\0';
    return gust_run(fn, arg);
}

static int answer(void *arg)
{
    return *(int *)arg;
}

TEST(run_returns_what_the_function_returned)
{
    int n = 42;

    assert_int_equal(in_task(answer, &n), 42);
    assert_int_equal(in_task(answer, &n), 42);
}

static int child(void *arg)
{
    gust_sleep(0.001 * (double)(intptr_t)arg);
    note((intptr_t)arg == 1 ? "1" : (intptr_t)arg == 2 ? "2" : "3");
    return 0;
}

static int three_children(void *arg)
{
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, child, (void *)3);
    gust_group_go(group, child, (void *)1);
    gust_group_go(group, child, (void *)2);
    return gust_group_wait(group);
}

TEST(children_sleep_beside_each_other)
{
    assert_int_equal(in_task(three_children, NULL), 0);
    assert_string_equal(trail, "123");
}

static int scopes(void *arg)
{
    (void)arg;
    gust_defer(note_arg, (void *)(uintptr_t) "outer");
    {
        GUST_SCOPE();
        gust_defer(note_arg, (void *)(uintptr_t) "b ");
        gust_defer(note_arg, (void *)(uintptr_t) "a ");
        note("in ");
    }
    note("out ");
    return 0;
}

TEST(defers_run_last_in_first_out_at_the_end_of_their_scope)
{
    assert_int_equal(in_task(scopes, NULL), 0);
    assert_string_equal(trail, "in a b out outer");
}

static int deadline(void *arg)
{
    (void)arg;
    GUST_DEADLINE(0.001);
    gust_group *group = gust_group_new(0);

    gust_group_go(group, child, (void *)100000);
    return gust_group_wait(group);
}

TEST(a_deadline_ends_every_wait)
{
    assert_int_equal(in_task(deadline, NULL), -ETIMEDOUT);
}

static int too_much(void *arg)
{
    (void)arg;
    GUST_SCOPE();
    gust_defer(note_arg, (void *)(uintptr_t) "unwound");
    gust_alloc((size_t)65 << 20);
    note("not reached");
    return 0;
}

TEST(passing_the_memory_limit_raises)
{
    assert_int_equal(in_task(too_much, NULL), -EIO);
    assert_string_equal(trail, "unwound");
}

static int text(void *arg)
{
    char *s = gust_sprintf("%d %s %.3f", 12, "abc", 1.5);

    (void)arg;
    assert_string_equal(s, "12 abc 1.500");
    s = gust_sprintf("%5000d", 1);
    assert_int_equal(strlen(s), 5000);
    return 0;
}

TEST(sprintf_grows_as_needed)
{
    assert_int_equal(in_task(text, NULL), 0);
}
