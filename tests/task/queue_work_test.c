/*
 * queue — as a list of work: joining, producers and consumers; misuse, and memory that is short
 */
#include "base/alloc.h"
#include "queue_support.h"
#include <string.h>

/* --- work to be done --- */

static int work(void *seconds)
{
    for (;;) {
        void *item;
        int err = gust_queue_get(queue, &item);

        if (err == 0)
            err = gust_sleep(*(double *)seconds);
        if (err < 0)
            return err;
        note(item);
        gust_queue_task_done(queue);
    }
}

static int join_workers(void *arg)
{
    double seconds = 1;
    gust_group *group = gust_group_new(0);

    (void)arg;
    assert_int_equal(gust_queue_join(queue), 0); /* nothing to wait for */
    for (int i = 0; i < 2; i++)
        gust_group_go(group, work, &seconds);
    for (const char *text = "abcde"; *text != '\0'; text++)
        try_put(gust_sprintf("%c", *text));
    {
        GUST_DEADLINE(2.5);
        assert_int_equal(gust_queue_join(queue), -ETIMEDOUT);
    }
    assert_string_equal(trail, "abcd");
    assert_int_equal(gust_queue_join(queue), 0);
    assert_true(elapsed() == 3);
    try_put("f");
    return gust_queue_join(queue); /* it can be joined again */
}

TEST(a_join_lasts_until_all_that_was_put_is_done)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 0, join_workers), 0);
    assert_true(elapsed() == 4);
    assert_string_equal(trail, "abcdef");
}

static int join_and_note(void *text)
{
    int err = gust_queue_join(queue);

    note(err == 0 ? text : "late ");
    return err;
}

static int join_often(void *arg)
{
    gust_group *group = gust_group_new(0);

    try_put("x");
    gust_group_go(group, join_and_note, item_of("a "));
    gust_group_go(group, join_and_note, item_of("b "));
    gust_yield();
    assert_int_equal(gust_queue_get(queue, &arg), 0);
    gust_yield();
    note("| "); /* getting is not having done */
    gust_queue_task_done(queue);
    try_put("y"); /* they go on all the same */
    return gust_group_wait(group);
}

TEST(all_who_join_go_on_when_the_last_task_is_done)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 0, join_often), 0);
    assert_string_equal(trail, "| a b ");
}

static int hand_over_and_join(void *arg)
{
    double seconds = 1;
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, work, &seconds);
    gust_yield();
    for (int i = 0; i < 3; i++)
        assert_int_equal(gust_queue_put(queue, item_of("x")), 0);
    assert_int_equal(gust_queue_join(queue), 0);
    assert_true(elapsed() == 3);
    return 0;
}

TEST(items_that_were_handed_over_or_waited_to_be_put_count_as_work)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 1, hand_over_and_join), 0);
    assert_string_equal(trail, "xxx");
}

/* --- producers and consumers --- */

enum { PRODUCERS = 5, EACH = 200, CONSUMERS = 7 };

static int n_consumed;

static int produce(void *arg)
{
    int err = 0;

    for (int i = 0; i < EACH && err == 0; i++)
        err = gust_queue_put(queue, arg);
    return err;
}

static int consume(void *arg)
{
    while (gust_queue_get(queue, &arg) == 0) {
        n_consumed++;
        if (n_consumed % 3 == 0)
            gust_yield();
        gust_queue_task_done(queue);
    }
    return 0;
}

static int trade(void *arg)
{
    gust_group *consumers = gust_group_new(0), *producers = gust_group_new(0);

    for (int i = 0; i < CONSUMERS; i++)
        gust_group_go(consumers, consume, NULL);
    for (int i = 0; i < PRODUCERS; i++)
        gust_group_go(producers, produce, arg);
    assert_int_equal(gust_group_wait(producers), 0);
    assert_int_equal(gust_queue_join(queue), 0);
    return 0; /* the consumers are cancelled with the scope */
}

TEST(many_producers_and_consumers_lose_and_repeat_nothing)
{
    for (int64_t max_size = 0; max_size < 5; max_size++) {
        n_consumed = 0;
        assert_int_equal(run_with(GUST_QUEUE_FIFO, max_size, trade), 0);
        assert_int_equal(n_consumed, PRODUCERS * EACH);
    }
}

/* --- misuse --- */

static int free_while_one_waits(void *arg)
{
    gust_group *group = gust_group_new(0);

    gust_group_go(group, get_and_note, arg);
    gust_yield();
    gust_queue_free(queue, NULL);
    return 0;
}

struct misuse {
    int (*fn)(void *);
    gust_queue_options options;
};

static void misuse(void *arg)
{
    const struct misuse *misuse = arg;

    queue = gust_queue_new(&misuse->options);
    gust_ignore(gust_run(misuse->fn, NULL));
}

static int do_too_often(void *arg)
{
    (void)arg;
    try_put("x");
    gust_queue_task_done(queue);
    gust_queue_task_done(queue);
    return 0;
}

TEST(misuse_aborts)
{
    static const struct {
        const char *name;
        struct misuse misuse;
        const char *message;
    } cases[] = {
        {"done too often", {do_too_often, {0}}, "gust_queue_task_done was called more often"},
        {"freed while one waits", {free_while_one_waits, {0}}, "tasks wait for the queue"},
        {"no compare", {NULL, {.kind = GUST_QUEUE_PRIORITY}}, "needs .compare"},
        {"compare in vain", {NULL, {.compare = by_first_letter}}, "and no other, needs .compare"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct misuse m = cases[i].misuse;

        TEST_CASE(cases[i].name);
        assert_aborts(misuse, &m, cases[i].message);
    }
}

/* --- memory that fails --- */

static int use_without_memory(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) { /* of the ring's growing */
        size_t n = gust_queue_size(queue);

        gu_alloc_fail_at(1);
        assert_int_equal(gust_queue_try_put(queue, item_of("x")), -ENOMEM);
        assert_true(gu_alloc_has_failed());
        gu_alloc_fail_at(1);
        assert_int_equal(gust_queue_put(queue, item_of("x")), -ENOMEM);
        assert_true(gu_alloc_has_failed());
        assert_int_equal(gust_queue_size(queue), n);
        gu_alloc_fail_at(0);
        while (gust_queue_size(queue) < 8)
            try_put("x");
    }
    return 0;
}

static int wait_to_put_without_memory(void *arg)
{
    while (gust_queue_try_put(queue, item_of("x")) == 0)
        ;
    gu_alloc_fail_at(1); /* the place that letting it in will need */
    assert_int_equal(gust_queue_put(queue, arg), -ENOMEM);
    assert_true(gu_alloc_has_failed());
    return 0;
}

TEST(each_call_says_that_memory_is_short_and_changes_nothing)
{
    gu_alloc_fail_at(1);
    assert_null(gust_queue_new(NULL));
    assert_true(gu_alloc_has_failed());
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 0, use_without_memory), 0);
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 8, wait_to_put_without_memory), 0);
}
