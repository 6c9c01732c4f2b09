/*
 * loop — what other threads may do
 *
 * Run under ThreadSanitizer too.
 */
#include "base/alloc.h"
#include "base/gu.h"
#include "test.h"
#include <gust/loop.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const char *const pollers[] = {"epoll", "poll", "select"};
static gust_loop *loop;

/* --- a system without eventfd --- */

static bool has_no_eventfd;

int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);

int __wrap_eventfd(unsigned count, int flags)
{
    if (!has_no_eventfd)
        return __real_eventfd(count, flags);
    errno = ENOSYS;
    return -1;
}

/* --- callbacks --- */

enum { N_THREADS = 4, N_EACH = 20000 };

struct sender {
    pthread_t thread;
    int n_sent, n_got;
    bool is_ordered;
};

struct letter {
    struct sender *from;
    int nth;
};

static int n_left;

static void receive(void *arg)
{
    struct letter *letter = arg;

    letter->from->is_ordered &= letter->nth == letter->from->n_got;
    letter->from->n_got++;
    gu_free(letter);
    if (--n_left == 0)
        gust_loop_stop(loop);
}

static void *send_letters(void *arg)
{
    struct sender *sender = arg;

    while (sender->n_sent < N_EACH) {
        struct letter *letter = gu_alloc(sizeof *letter);

        *letter = (struct letter){sender, sender->n_sent++};
        gu_assert(gust_loop_add_callback(loop, receive, letter) == 0);
    }
    return NULL;
}

static void exchange_letters(void)
{
    struct sender senders[N_THREADS] = {0};

    n_left = N_THREADS * N_EACH;
    for (int i = 0; i < N_THREADS; i++) {
        senders[i].is_ordered = true;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]), 0);
    }
    assert_int_equal(gust_loop_start(loop), 0);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(senders[i].n_got, N_EACH);
        assert_true(senders[i].is_ordered);
    }
}

TEST(callbacks_from_other_threads_all_arrive_and_each_threads_in_order)
{
    for (size_t i = 0; i < gu_countof(pollers); i++)
        for (int without = 0; without < 2; without++) {
            TEST_CASE(pollers[i]);
            has_no_eventfd = without == 1;
            assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
            exchange_letters();
            gust_loop_close(loop);
        }
    has_no_eventfd = false;
}

static void crash(void *unused)
{
    (void)unused;
    gu_assert(false);
}

static void *send_a_crash(void *unused)
{
    (void)unused;
    gu_assert(gust_loop_add_callback(loop, crash, NULL) == 0);
    return NULL;
}

TEST(a_callback_that_came_too_late_is_dropped)
{
    pthread_t thread;

    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_a_crash, NULL), 0);
    pthread_join(thread, NULL);
    gust_loop_close(loop);
}

static void *send_with_short_memory(void *err)
{
    gu_alloc_fail_at(1);
    *(int *)err = gust_loop_add_callback(loop, gu_free, NULL);
    gu_alloc_fail_at(0);
    return NULL;
}

static void count(void *n)
{
    ++*(int *)n;
}

static void *send_three(void *n)
{
    for (int i = 0; i < 3; i++)
        gu_assert(gust_loop_add_callback(loop, count, n) == 0);
    return NULL;
}

TEST(short_memory_on_either_side_loses_nothing_that_was_accepted)
{
    pthread_t thread;
    int err = 0, n = 0;

    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_with_short_memory, &err), 0);
    pthread_join(thread, NULL);
    assert_int_equal(err, -ENOMEM);
    assert_int_equal(pthread_create(&thread, NULL, send_three, &n), 0);
    pthread_join(thread, NULL);
    gu_alloc_fail_at(1); /* when the loop takes them over */
    for (int i = 0; i < 3; i++) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
    assert_true(gu_alloc_has_failed());
    gu_alloc_fail_at(0);
    assert_int_equal(n, 3);
    gust_loop_close(loop);
}

/* --- stopping --- */

static void *stop_it(void *unused)
{
    (void)unused;
    gust_loop_stop(loop);
    return NULL;
}

TEST(another_thread_stops_a_sleeping_loop)
{
    for (int i = 0; i < 100; i++) {
        pthread_t thread;

        assert_int_equal(gust_loop_new(NULL, &loop), 0);
        assert_int_equal(pthread_create(&thread, NULL, stop_it, NULL), 0);
        assert_int_equal(gust_loop_start(loop), 0);
        pthread_join(thread, NULL);
        gust_loop_close(loop);
    }
}

/* --- loops in threads --- */

static void stop_mine(void *unused)
{
    (void)unused;
    gust_loop_stop(gust_loop_current());
}

static void *run_a_loop(void *is_own)
{
    gust_loop *mine = gust_loop_current();

    *(bool *)is_own = mine != NULL && mine != loop;
    gu_assert(gust_loop_add_callback(mine, stop_mine, NULL) == 0);
    gu_assert(gust_loop_start(mine) == 0);
    gust_loop_close(mine);
    return NULL;
}

TEST(each_thread_has_a_loop_of_its_own)
{
    pthread_t threads[N_THREADS];
    bool is_own[N_THREADS] = {false};

    assert_int_equal(gust_loop_new(NULL, &loop), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_a_loop, &is_own[i]), 0);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(is_own[i]);
    }
    assert_ptr_equal(gust_loop_current(), loop);
    gust_loop_close(loop);
}

static void *start_it(void *unused)
{
    (void)unused;
    gust_ignore(gust_loop_start(loop));
    return NULL;
}

static void start_elsewhere(void *unused)
{
    pthread_t thread;

    (void)unused;
    gust_ignore(gust_loop_new(NULL, &loop));
    pthread_create(&thread, NULL, start_it, NULL);
    pthread_join(thread, NULL);
}

TEST(starting_another_threads_loop_aborts)
{
    assert_aborts(start_elsewhere, NULL, "the loop belongs to another thread");
}
