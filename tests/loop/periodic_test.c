/*
 * periodic — when the next beat is
 */
#include "base/alloc.h"
#include "loop/loop_private.h"
#include "test.h"
#include "virtual_loop.h"
#include <math.h>

/* Tornado's own cases (TestPeriodicCallbackMath): seconds a callback takes, and when beats are. A
 * negative duration is a clock that went back. */
TEST(beats_are_where_tornado_has_them)
{
    static const struct {
        const char *name;
        size_t n;
        double durations[11], jitter, random[11], expected[11];
    } rows[] = {
        {"on schedule", 5, .expected = {1010, 1020, 1030, 1040, 1050}},
        {"overrun skips whole cycles",
         11,
         {9, 9, 10, 11, 20, 20, 35, 35, 0, 0, 0},
         .expected = {1010, 1020, 1030, 1050, 1070, 1100, 1130, 1170, 1210, 1220, 1230}},
        {"clock backwards", 5, {-2, -1, -3, -2, 0}, .expected = {1010, 1020, 1030, 1040, 1050}},
        {"clock far backwards", 3, {-100, 0, 0}, .expected = {1010, 1020, 1030}},
        {"jitter", 4, {0}, 0.5, {0.5, 1, 0, 0.75}, {1010, 1022.5, 1030, 1041.25}},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        gu_time next = VIRTUAL_START, now = VIRTUAL_START;

        TEST_CASE(rows[i].name);
        for (size_t k = 0; k < rows[i].n; k++) {
            next = gu_periodic_next(next, now, 10 * GU_SECOND, rows[i].jitter, rows[i].random[k]);
            assert_int_equal(next, (gu_time)(rows[i].expected[k] * 1e9));
            now = next + (gu_time)(rows[i].durations[k] * 1e9);
        }
    }
}

TEST(a_beat_of_no_length_still_moves_on)
{
    assert_int_equal(gu_periodic_next(5, 5, 1, 1, 0), 6);
}

static gust_loop *loop;
static gust_periodic *periodic;
static gu_time beats[256];
static int n_beats;
static double takes; /* seconds, each beat */

static void beat(void *unused)
{
    (void)unused;
    beats[n_beats++] = loop->now;
    virtual_pass(takes);
}

static void run_for(double seconds, double period, double jitter)
{
    n_beats = 0;
    loop = virtual_open();
    periodic = gust_periodic_new(loop, period, jitter, beat, NULL);
    assert_non_null(periodic);
    virtual_run(loop, seconds);
    gust_periodic_free(periodic);
    gust_loop_close(loop);
}

TEST(the_first_beat_is_after_one_period_and_slow_beats_skip)
{
    takes = 0;
    run_for(5.5, 1, 0);
    assert_int_equal(n_beats, 5);
    for (int i = 0; i < n_beats; i++)
        assert_int_equal(beats[i], virtual_at(i + 1));
    takes = 2.5;
    run_for(10.5, 1, 0);
    assert_int_equal(n_beats, 4);
    for (int i = 0; i < n_beats; i++)
        assert_int_equal(beats[i], virtual_at(3 * i + 1));
    takes = 0;
}

TEST(jitter_spreads_beats_within_its_bounds)
{
    bool is_below = false, is_above = false;

    run_for(100, 1, 0.1);
    assert_in_range(n_beats, 95, 105);
    for (int i = 1; i < n_beats; i++) {
        gu_time step = beats[i] - beats[i - 1];

        assert_in_range(step, GU_SECOND * 95 / 100, GU_SECOND * 105 / 100);
        is_below |= step < GU_SECOND * 99 / 100;
        is_above |= step > GU_SECOND * 101 / 100;
    }
    assert_true(is_below && is_above);
}

static void free_itself(void *unused)
{
    (void)unused;
    n_beats++;
    gust_periodic_free(periodic);
}

TEST(it_may_be_freed_in_its_own_callback_or_left_to_the_loop)
{
    n_beats = 0;
    loop = virtual_open();
    periodic = gust_periodic_new(loop, 1, 0, free_itself, NULL);
    assert_non_null(gust_periodic_new(loop, 1, 0, beat, NULL));
    virtual_run(loop, 3.5);
    assert_int_equal(n_beats, 1 + 3);
    gust_loop_close(loop);
    gust_periodic_free(NULL);
}

TEST(what_makes_no_sense_or_finds_no_memory_is_refused)
{
    static const struct {
        const char *name;
        double seconds, jitter;
    } rows[] = {
        {"no period", 0, 0},
        {"negative period", -1, 0},
        {"period not a number", NAN, 0},
        {"endless period", INFINITY, 0},
        {"negative jitter", 1, -0.1},
        {"jitter too large", 1, 1.1},
        {"jitter not a number", 1, NAN},
    };

    loop = virtual_open();
    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].name);
        assert_null(gust_periodic_new(loop, rows[i].seconds, rows[i].jitter, beat, NULL));
    }
    gu_alloc_fail_at(1);
    assert_null(gust_periodic_new(loop, 1, 0, beat, NULL));
    assert_true(gu_alloc_has_failed());
    for (int i = 0; i < 20; i++) { /* until the heap has to grow */
        gu_alloc_fail_at(2);
        if (gust_periodic_new(loop, 1, 0, beat, NULL) == NULL)
            break;
    }
    assert_true(gu_alloc_has_failed());
    gu_alloc_fail_at(0);
    gust_loop_close(loop);
}
