/*
 * subprocess — ends that are told by SIGCHLD, which the kernel hands to whichever thread it likes
 *
 * The loop's thread runs tasks all the time, so that signals come in the middle of them, too, and
 * another thread computes.
 */
#include "loop/loop_impl.h"
#include "test.h"
#include <gust.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define TASKS 6
#define PROGRAMS 8 /* of each task, one after the other */
#define KILLED 100

int __wrap_gu_pidfd_open(pid_t pid);

/* A kernel that has none. */
int __wrap_gu_pidfd_open(pid_t pid)
{
    (void)pid;
    return -ENOSYS;
}

static atomic_bool is_over;
static atomic_uint n_turns;
static size_t n_running; /* tasks whose programs have not all ended */

static void *compute(void *arg)
{
    while (!is_over)
        n_turns++;
    return arg;
}

static int run_programs(void *arg)
{
    static const char *const scripts[] = {"exit 3", "kill -9 $$", "echo; exit 5", "cat; exit 7"};
    static const int codes[] = {3, -9, 5, 7};
    size_t first = *(const size_t *)arg;

    for (size_t i = first; i < first + PROGRAMS; i++) {
        size_t which = i % gu_countof(codes);
        const char *const argv[] = {"sh", "-c", scripts[which], NULL};
        gust_command_result result;

        assert_int_equal(gust_run_command(argv, NULL, &result), 0);
        assert_int_equal(result.code, codes[which]);
    }
    n_running--;
    return 0;
}

/* Kills each and computes for a while, a little longer each time: the signal comes while the task
 * still runs, or is about to leave, and no other comes to tell of it. */
static int kill_programs(void *arg)
{
    static const char *const argv[] = {"sleep", "1000", NULL};

    (void)arg;
    GUST_DEADLINE(60);
    for (int i = 0; i < KILLED; i++) {
        volatile int n = i * 20000;
        gust_subprocess *p;
        int code = 0;

        assert_int_equal(gust_subprocess_open(argv, NULL, &p), 0);
        assert_int_equal(gust_subprocess_kill(p, SIGKILL), 0);
        while (n > 0)
            n--;
        assert_int_equal(gust_subprocess_wait(p, &code), 0);
        assert_int_equal(code, -SIGKILL);
        gust_subprocess_close(p);
    }
    return 0;
}

TEST(an_end_is_told_that_comes_while_a_task_runs)
{
    static const char *const pollers[] = {"epoll", "poll", "select"};

    for (size_t i = 0; i < gu_countof(pollers); i++) {
        gust_loop_options options = {.poller = pollers[i], .slow_callback = GUST_NEVER};
        gust_loop *loop;

        TEST_CASE(pollers[i]);
        assert_int_equal(gust_loop_new(&options, &loop), 0);
        assert_int_equal(gust_run(kill_programs, NULL), 0);
        gust_loop_close(loop);
    }
}

/* Goes round with the loop, so that most signals find a task. */
static int keep_busy(void *arg)
{
    (void)arg;
    while (n_running > 0)
        gust_yield();
    return 0;
}

static int run_all(void *arg)
{
    static const size_t firsts[TASKS] = {0, 1, 2, 3, 4, 5};
    const bool *is_busy = arg;
    gust_group *group = gust_group_new(0);

    GUST_DEADLINE(60);
    n_running = TASKS;
    for (size_t i = 0; i < TASKS; i++)
        gust_group_go(group, run_programs, (void *)(uintptr_t)&firsts[i]);
    if (*is_busy)
        gust_group_go(group, keep_busy, NULL);
    return gust_group_wait(group);
}

TEST(every_end_is_told_whichever_thread_gets_the_signal)
{
    static const struct {
        const char *name, *poller;
        bool is_busy;
    } cases[] = {
        {"the best poller", NULL, false}, {"the best poller, never asleep", NULL, true},
        {"poll", "poll", false},          {"poll, never asleep", "poll", true},
        {"select", "select", false},
    };
    pthread_t thread;

    is_over = false;
    assert_int_equal(pthread_create(&thread, NULL, compute, NULL), 0);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_loop_options options = {.poller = cases[i].poller, .slow_callback = GUST_NEVER};
        bool is_busy = cases[i].is_busy;
        gust_loop *loop;

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_loop_new(&options, &loop), 0);
        assert_int_equal(gust_run(run_all, &is_busy), 0);
        gust_loop_close(loop);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
        assert_int_equal(errno, ECHILD);
    }
    is_over = true;
    pthread_join(thread, NULL);
    assert_true(n_turns > 0);
}
