/*
 * signal — from the process to a callback
 */
#include "base/gu.h"
#include "test.h"
#include <gust/loop.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static gust_loop *loop;
static int got[8], n_got;

static void on_signal(int signo, void *arg)
{
    assert_ptr_equal(arg, got);
    got[n_got++] = signo;
    gust_loop_stop(loop);
}

static void open_loop(void)
{
    n_got = 0;
    assert_int_equal(gust_loop_new(NULL, &loop), 0);
}

static void watch(int signo)
{
    assert_int_equal(gust_loop_add_signal(loop, signo, on_signal, got), 0);
}

static bool is_default(int signo)
{
    struct sigaction action;

    sigaction(signo, NULL, &action);
    return action.sa_handler == SIG_DFL;
}

static void one_turn(void)
{
    gust_loop_stop(loop);
    assert_int_equal(gust_loop_start(loop), 0);
}

TEST(a_signal_becomes_a_callback_and_several_one)
{
    open_loop();
    watch(SIGUSR1);
    watch(SIGUSR2);
    for (int i = 0; i < 3; i++)
        raise(SIGUSR2);
    raise(SIGUSR1);
    assert_int_equal(n_got, 0);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_int_equal(n_got, 2);
    assert_int_equal(got[0] + got[1], SIGUSR1 + SIGUSR2);
    one_turn();
    assert_int_equal(n_got, 2);
    gust_loop_close(loop);
}

static void *send_signal(void *pid)
{
    kill(*(pid_t *)pid, SIGUSR1);
    return NULL;
}

TEST(a_signal_wakes_a_sleeping_loop)
{
    pid_t pid = getpid();
    pthread_t thread;

    open_loop();
    watch(SIGUSR1);
    assert_int_equal(pthread_create(&thread, NULL, send_signal, &pid), 0);
    assert_int_equal(gust_loop_start(loop), 0);
    pthread_join(thread, NULL);
    assert_int_equal(n_got, 1);
    gust_loop_close(loop);
}

TEST(null_and_closing_restore_the_default)
{
    open_loop();
    watch(SIGUSR1);
    watch(SIGUSR2);
    assert_false(is_default(SIGUSR1));
    raise(SIGUSR1);
    assert_int_equal(gust_loop_add_signal(loop, SIGUSR1, NULL, NULL), 0);
    assert_int_equal(gust_loop_add_signal(loop, SIGUSR1, NULL, NULL), 0);
    assert_true(is_default(SIGUSR1));
    one_turn();
    assert_int_equal(n_got, 0); /* what was pending is forgotten with it */
    assert_false(is_default(SIGUSR2));
    gust_loop_close(loop);
    assert_true(is_default(SIGUSR2));
}

static void forget_it(int signo, void *arg)
{
    (void)arg;
    n_got++;
    assert_int_equal(gust_loop_add_signal(loop, signo, NULL, NULL), 0);
}

TEST(a_handler_may_change_what_is_watched)
{
    open_loop();
    watch(SIGUSR1);
    assert_int_equal(gust_loop_add_signal(loop, SIGUSR1, forget_it, NULL), 0); /* replaces */
    raise(SIGUSR1);
    one_turn();
    assert_int_equal(n_got, 1);
    assert_true(is_default(SIGUSR1));
    gust_loop_close(loop);
}

TEST(what_cannot_be_watched_is_refused)
{
    static const struct {
        const char *name;
        int signo;
    } rows[] = {{"zero", 0}, {"negative", -1}, {"too large", 1000}, {"not to be caught", SIGKILL}};

    open_loop();
    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].name);
        assert_int_equal(gust_loop_add_signal(loop, rows[i].signo, on_signal, got), -EINVAL);
    }
    gust_loop_close(loop);
}

static void *watch_elsewhere(void *err)
{
    gust_loop *mine = gust_loop_current();

    *(int *)err = gust_loop_add_signal(mine, SIGUSR1, on_signal, got);
    gust_loop_close(mine);
    return NULL;
}

TEST(one_loop_of_the_process_watches_a_signal)
{
    pthread_t thread;
    int err = 0;

    open_loop();
    watch(SIGUSR1);
    assert_int_equal(pthread_create(&thread, NULL, watch_elsewhere, &err), 0);
    pthread_join(thread, NULL);
    assert_int_equal(err, -EBUSY);
    assert_false(is_default(SIGUSR1)); /* the other loop's closing left it alone */
    gust_loop_close(loop);
}
