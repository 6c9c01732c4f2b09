/*
 * queue — order, bounds, waiting, joining
 *
 * Items are texts; those of a priority queue are ordered by their first letter.
 */
#include "base/alloc.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <string.h>

static gust_queue *queue;

static void *item_of(const char *text)
{
    return (void *)(uintptr_t)text;
}

static int by_first_letter(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static gust_queue_options options_of(enum gust_queue_kind kind, int64_t max_size)
{
    return (gust_queue_options){
        .max_size = max_size,
        .kind = kind,
        .compare = kind == GUST_QUEUE_PRIORITY ? by_first_letter : NULL,
    };
}

/* Runs fn(NULL) with `queue` made for it, and freed behind it. */
static int run_with(enum gust_queue_kind kind, int64_t max_size, int (*fn)(void *))
{
    gust_queue_options options = options_of(kind, max_size);
    int result;

    queue = gust_queue_new(&options);
    assert_non_null(queue);
    result = run(fn, NULL);
    gust_queue_free(queue, NULL);
    return result;
}

static void try_put(const char *text)
{
    assert_int_equal(gust_queue_try_put(queue, item_of(text)), 0);
}

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

static int get_and_note(void *arg)
{
    void *item = arg;
    int err = gust_queue_get(queue, &item);

    if (err < 0)
        assert_ptr_equal(item, arg);
    note(err == 0 ? item : err == -ETIMEDOUT ? "late " : "cancelled ");
    return err;
}

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
