/*
 * queue — order, bounds, and who waits for an item or for room
 */
#include "base/alloc.h"
#include "queue_support.h"
#include <string.h>

static void note_next(void)
{
    void *item;

    assert_int_equal(gust_queue_try_get(queue, &item), 0);
    note(item);
}

/* --- order and bounds, without waiting --- */

TEST(items_leave_in_the_order_of_their_kind)
{
    static const char *const put[] = {"c1 ", "a1 ", "c2 ", "b1 ", "a2 "};
    static const struct {
        const char *name;
        enum gust_queue_kind kind;
        const char *expected;
    } cases[] = {
        {"FIFO", GUST_QUEUE_FIFO, "c1 a1 c2 b1 a2 "},
        {"LIFO", GUST_QUEUE_LIFO, "a2 b1 c2 a1 c1 "},
        {"priority, the oldest of equal ones", GUST_QUEUE_PRIORITY, "a1 a2 b1 c1 c2 "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_queue_options options = options_of(cases[i].kind, 0);

        TEST_CASE(cases[i].name);
        trail[0] = '\0';
        queue = gust_queue_new(&options);
        for (size_t n = 0; n < gu_countof(put); n++)
            try_put(put[n]);
        for (size_t n = 0; n < gu_countof(put); n++)
            note_next();
        assert_string_equal(trail, cases[i].expected);
        assert_true(gust_queue_is_empty(queue));
        gust_queue_free(queue, NULL);
    }
}

TEST(a_queue_takes_as_many_as_max_size_and_no_more)
{
    static const struct {
        const char *name;
        int64_t max_size;
        int fit;
    } cases[] = {
        {"one", 1, 1},
        {"no power of two", 3, 3},
        {"just the ring", 8, 8},
        {"unlimited by default", 0, 1000},
        {"unlimited by name", GUST_NEVER, 1000},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_queue_options options = options_of(GUST_QUEUE_FIFO, cases[i].max_size);
        void *item = NULL;

        TEST_CASE(cases[i].name);
        queue = gust_queue_new(&options);
        assert_int_equal(gust_queue_try_get(queue, &item), -EAGAIN);
        assert_null(item);
        for (int n = 0; n < cases[i].fit; n++) {
            assert_false(gust_queue_is_full(queue));
            assert_int_equal(gust_queue_size(queue), n);
            try_put("x");
        }
        assert_int_equal(gust_queue_is_full(queue), cases[i].max_size > 0);
        if (cases[i].max_size > 0)
            assert_int_equal(gust_queue_try_put(queue, item_of("y")), -GUST_EFULL);
        assert_int_equal(gust_queue_size(queue), cases[i].fit);
        assert_int_equal(gust_queue_try_get(queue, &item), 0);
        assert_false(gust_queue_is_full(queue));
        gust_queue_free(queue, NULL);
    }
}

TEST(freeing_drops_what_is_left_in_its_order)
{
    gust_queue_options options = options_of(GUST_QUEUE_PRIORITY, 0);

    trail[0] = '\0';
    queue = gust_queue_new(&options);
    try_put("b");
    try_put("c");
    try_put("a");
    gust_queue_free(queue, note_deferred);
    gust_queue_free(NULL, note_deferred);
    assert_string_equal(trail, "abc");
}

TEST(a_burst_leaves_no_memory_behind)
{
    uint64_t n_allocs;
    void *item;

    queue = gust_queue_new(NULL);
    for (int i = 0; i < 100000; i++)
        try_put("x");
    for (int i = 0; i < 100000; i++)
        assert_int_equal(gust_queue_try_get(queue, &item), 0);
    n_allocs = gu_alloc_count();
    try_put("x"); /* it begins anew */
    assert_int_equal(gu_alloc_count() - n_allocs, 1);
    for (int i = 0; i < 10000; i++) {
        try_put("x");
        assert_int_equal(gust_queue_try_get(queue, &item), 0);
    }
    assert_int_equal(gu_alloc_count() - n_allocs, 1); /* and then stays as it is */
    gust_queue_free(queue, NULL);
}

/* --- waiting to get --- */

static int get_within_a_second(void *arg)
{
    GUST_DEADLINE(1);
    return get_and_note(arg);
}

static int hand_to_getters(void *arg)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    gust_group_go(group, get_and_note, arg);
    gust_group_go(group, get_within_a_second, arg);
    gust_group_go(group, get_and_note, arg);
    assert_int_equal(gust_sleep(2), 0); /* the second one leaves */
    try_put("a ");
    try_put("b ");
    assert_true(gust_queue_is_empty(queue)); /* they have theirs, though they have not run */
    try_put("c ");
    {
        GUST_DEADLINE(0);
        assert_int_equal(get_and_note(arg), 0); /* nobody is overtaken: this is the third */
    }
    return gust_group_wait(group);
}

TEST(items_go_to_who_waited_longest_and_nobody_is_overtaken)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 1, hand_to_getters), -ETIMEDOUT);
    assert_string_equal(trail, "late c a b ");
}

static void put_callback(void *arg)
{
    assert_int_equal(gust_queue_try_put(queue, arg), 0);
}

static int get_from_callbacks(void *arg)
{
    (void)arg;
    for (int i = 1; i <= 3; i++)
        assert_non_null(
            gust_loop_call_later(gust_loop_current(), i, put_callback, item_of(&"abc"[i - 1])));
    for (int i = 1; i <= 3; i++) {
        void *item;

        assert_int_equal(gust_queue_get(queue, &item), 0);
        assert_true(elapsed() == i);
    }
    return 0;
}

TEST(a_callback_may_put)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 0, get_from_callbacks), 0);
}

static int iterate(void *arg)
{
    void *item;
    int err;

    (void)arg;
    GUST_DEADLINE(1);
    try_put("a ");
    try_put("b ");
    while ((err = gust_queue_get(queue, &item)) == 0)
        note(item);
    return err;
}

TEST(a_loop_over_get_is_a_loop_over_the_items)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 0, iterate), -ETIMEDOUT);
    assert_string_equal(trail, "a b ");
}

/* --- waiting to put --- */

static int put(void *text)
{
    int err = gust_queue_put(queue, text);

    note(err == 0 ? "+" : "-");
    note(text);
    return err;
}

static int put_within_a_second(void *text)
{
    GUST_DEADLINE(1);
    return put(text);
}

static int let_putters_in(void *arg)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    (void)arg;
    try_put("m ");
    gust_group_go(group, put, item_of("z "));
    gust_group_go(group, put_within_a_second, item_of("late "));
    gust_group_go(group, put, item_of("a "));
    assert_int_equal(gust_sleep(2), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(gust_queue_is_full(queue));
        assert_int_equal(gust_queue_size(queue), 1);
        note_next();
        gust_yield();
        note("| ");
    }
    assert_true(gust_queue_is_empty(queue));
    return gust_group_wait(group);
}

TEST(a_get_lets_in_who_waited_longest_before_the_next_item_is_chosen)
{
    static const struct {
        const char *name;
        enum gust_queue_kind kind;
        const char *expected;
    } cases[] = {
        {"FIFO", GUST_QUEUE_FIFO, "-late m +z | z +a | a | "},
        {"LIFO", GUST_QUEUE_LIFO, "-late z +z | a +a | m | "},
        {"priority", GUST_QUEUE_PRIORITY, "-late m +z | a +a | z | "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(run_with(cases[i].kind, 1, let_putters_in), -ETIMEDOUT);
        assert_string_equal(trail, cases[i].expected);
    }
}

static int put_without_waiting(void *arg)
{
    GUST_DEADLINE(0);
    assert_int_equal(gust_queue_put(queue, arg), 0);
    assert_int_equal(gust_queue_put(queue, arg), -ETIMEDOUT);
    assert_int_equal(gust_queue_size(queue), 1);
    assert_int_equal(gust_queue_get(queue, &arg), 0);
    return gust_queue_get(queue, &arg);
}

TEST(a_deadline_of_nothing_takes_what_is_there_now)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 1, put_without_waiting), -ETIMEDOUT);
}

enum { MANY = 1000 };

static int wait_a_second(void *is_putter)
{
    void *item;

    GUST_DEADLINE(1);
    return is_putter != NULL ? gust_queue_put(queue, is_putter) : gust_queue_get(queue, &item);
}

static int give_up_by_the_thousand(void *is_putter)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    if (is_putter != NULL)
        try_put("x");
    for (int i = 0; i < MANY; i++)
        gust_group_go(group, wait_a_second, is_putter);
    assert_int_equal(gust_group_wait(group), -ETIMEDOUT);
    if (is_putter == NULL)
        try_put("x"); /* goes to nobody */
    assert_int_equal(gust_queue_size(queue), 1);
    note_next(); /* lets nobody in */
    assert_true(gust_queue_is_empty(queue));
    return 0;
}

static int give_up_putting(void *arg)
{
    (void)arg;
    return give_up_by_the_thousand(item_of("in vain"));
}

TEST(who_gave_up_leaves_nothing_behind)
{
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 1, give_up_by_the_thousand), 0);
    assert_int_equal(run_with(GUST_QUEUE_FIFO, 1, give_up_putting), 0);
}
