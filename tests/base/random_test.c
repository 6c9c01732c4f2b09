/*
 * random — that it is not constant, and that it stays in its range
 */
#include "base/random.h"
#include "test.h"
#include <pthread.h>

TEST(the_kernels_bytes_differ_and_reach_the_end)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    size_t n_equal = 0;

    gu_random(a, sizeof a);
    gu_random(b, sizeof b);
    gu_random(b, 0);
    for (size_t i = 0; i < sizeof a; i++)
        n_equal += a[i] == b[i];
    assert_true(n_equal < 100); /* 4 are expected; 100 have a chance below 1e-90 */
}

TEST(units_fill_their_range)
{
    int bins[10] = {0};

    for (int i = 0; i < 10000; i++) {
        double x = gu_random_unit();

        assert_true(x >= 0 && x < 1);
        bins[(int)(x * 10)]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(bins[i], 700, 1300); /* ten standard deviations */
}

static void *draw(void *to)
{
    *(uint64_t *)to = gu_random_u64();
    return NULL;
}

TEST(each_thread_has_its_own_numbers)
{
    pthread_t thread;
    uint64_t here, there = 0;

    assert_int_equal(pthread_create(&thread, NULL, draw, &there), 0);
    here = gu_random_u64();
    pthread_join(thread, NULL);
    assert_true(here != there);
}
