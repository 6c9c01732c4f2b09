/*
 * supervisor — what gust_fork_processes() makes of workers that end, fail, or are told to
 *
 * Each case runs in a child of the test, which becomes the supervisor; what its workers have to say
 * goes through a pipe.
 */
#include "base/random.h"
#include "kept_log.h"
#include "net/supervisor.h"
#include "test.h"
#include <fcntl.h>
#include <gust/loop.h>
#include <gust/process.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int says; /* the pipe's writing end */

static void say(uint64_t word)
{
    gust_ignore(write(says, &word, sizeof word));
}

/* Runs supervise() in a child, which exits with what that returns. Gives back its wait status, and
 * what was said, up to `max` words. */
static int run(int (*supervise)(void), uint64_t *words, size_t max, size_t *n_words)
{
    int ends[2], status;
    pid_t pid;

    assert_return_code(pipe(ends), 0);
    pid = fork();
    assert_return_code(pid, 0);
    if (pid == 0) {
        close(ends[0]);
        says = ends[1];
        drop_log();
        _exit(supervise());
    }
    close(ends[1]);
    *n_words = 0;
    while (*n_words < max && read(ends[0], &words[*n_words], sizeof *words) == sizeof *words)
        ++*n_words;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* --- workers that end --- */

enum { GAVE_UP = 77, REFUSED = 78 };

static int end_normally(void)
{
    int id = gust_fork_processes(3, 0);

    if (id < 0)
        return GAVE_UP;
    say((uint64_t)id << 32 | (uint64_t)gust_worker_id());
    return 0;
}

TEST(each_worker_has_its_number_and_the_supervisor_ends_behind_the_last)
{
    uint64_t words[8];
    size_t n;
    unsigned seen = 0;

    assert_int_equal(run(end_normally, words, 8, &n), 0);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(words[i] >> 32, words[i] & UINT32_MAX);
        seen |= 1u << (words[i] & 31);
    }
    assert_int_equal(seen, 7);
}

static int fail_always(void)
{
    int id = gust_fork_processes(2, 3);

    if (id == -GUST_EFULL)
        return GAVE_UP;
    say((uint64_t)id);
    if (id == 0)
        pause(); /* until the supervisor gives up */
    return 3;
}

static int crash_always(void)
{
    int id = gust_fork_processes(1, 3);

    if (id == -GUST_EFULL)
        return GAVE_UP;
    say((uint64_t)id);
    raise(SIGKILL);
    return 0;
}

TEST(workers_that_fail_are_replaced_until_there_were_too_many)
{
    static const struct {
        const char *name;
        int (*supervise)(void);
        size_t n_least, n_starts; /* the one that waits may be ended before it could speak */
    } cases[] = {
        {"by their exit code; the others are ended", fail_always, 1 + 3, 2 + 3},
        {"by a signal", crash_always, 1 + 3, 1 + 3},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t words[16];
        size_t n;
        int status = run(cases[i].supervise, words, 16, &n);

        TEST_CASE(cases[i].name);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), GAVE_UP);
        assert_in_range(n, cases[i].n_least, cases[i].n_starts);
    }
}

static int fail_once(void)
{
    int seen[2], id;
    char byte;

    if (pipe2(seen, O_CLOEXEC | O_NONBLOCK) < 0)
        return REFUSED;
    gust_ignore(write(seen[1], "x", 1));
    id = gust_fork_processes(1, 0);
    if (id < 0)
        return GAVE_UP;
    say(gu_random_u64());
    return read(seen[0], &byte, 1) == 1 ? 1 : 0;
}

TEST(a_worker_that_failed_once_is_replaced_and_all_is_well)
{
    uint64_t words[8];
    size_t n;

    assert_int_equal(run(fail_once, words, 8, &n), 0);
    assert_int_equal(n, 2);
}

static int draw(void)
{
    uint64_t before = gu_random_u64();
    int id = gust_fork_processes(2, 0);

    if (id < 0)
        return GAVE_UP;
    say(gu_random_u64());
    return before == 0;
}

static int one_a_core(void)
{
    int id = gust_fork_processes(0, 0);

    if (id < 0)
        return GAVE_UP;
    say((uint64_t)id);
    return 0;
}

TEST(without_a_number_there_is_a_worker_for_each_core)
{
    uint64_t words[1024];
    size_t n;

    assert_int_equal(run(one_a_core, words, 1024, &n), 0);
    assert_int_equal(n, gust_cpu_count());
}

TEST(workers_draw_numbers_of_their_own)
{
    uint64_t words[8];
    size_t n;

    assert_int_equal(run(draw, words, 8, &n), 0);
    assert_int_equal(n, 2);
    assert_true(words[0] != words[1]);
}

/* --- signals --- */

static int signalled(int signo)
{
    pid_t supervisor = getpid();
    int id = gust_fork_processes(2, 0);

    if (id < 0)
        return GAVE_UP;
    say((uint64_t)id);
    if (id == 0)
        kill(supervisor, signo);
    for (;;)
        pause();
}

static int terminated(void)
{
    return signalled(SIGTERM);
}

static int interrupted(void)
{
    return signalled(SIGINT);
}

static int hung_up(void)
{
    return signalled(SIGHUP);
}

TEST(a_signal_is_passed_on_and_the_workers_are_waited_for)
{
    static const struct {
        const char *name;
        int (*supervise)(void);
    } cases[] = {{"SIGTERM", terminated}, {"SIGINT", interrupted}, {"SIGHUP", hung_up}};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t words[8];
        size_t n;

        TEST_CASE(cases[i].name);
        assert_int_equal(run(cases[i].supervise, words, 8, &n), 0);
        assert_in_range(n, 1, 2); /* the second may have been ended before it could speak */
    }
}

/* The worker takes no notice of SIGTERM, which it sends its supervisor. */
static int wait_for_a_deaf_one(void)
{
    struct gu_supervisor_options o = {
        .n_workers = 1, .is_service = true, .max_restarts = GUST_NEVER, .patience = GU_SECOND / 20};
    int code = -1, id = gu_supervise(&o, &code);

    if (id < 0)
        return id == -GUST_ECLOSED && code == 1 ? 0 : GAVE_UP;
    signal(SIGTERM, SIG_IGN);
    gu_supervisor_ready();
    say((uint64_t)getpid());
    kill(getppid(), SIGTERM);
    for (;;)
        pause();
}

TEST(a_worker_that_does_not_stop_is_killed)
{
    uint64_t words[8];
    size_t n;

    assert_int_equal(run(wait_for_a_deaf_one, words, 8, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(kill((pid_t)words[0], 0), -1);
}

static int ignoring(void)
{
    signal(SIGHUP, SIG_IGN);
    kill(getpid(), SIGHUP);
    return signalled(SIGTERM);
}

TEST(an_ignored_signal_stays_ignored)
{
    uint64_t words[8];
    size_t n;

    assert_int_equal(run(ignoring, words, 8, &n), 0);
    assert_in_range(n, 1, 2);
}

TEST(stop_signals_close_together_are_one)
{
    static const struct {
        const char *name;
        gu_time last, now;
        bool is_new;
    } cases[] = {
        {"the first", 0, 5 * GU_SECOND, true},
        {"a double", 5 * GU_SECOND, 5 * GU_SECOND + GU_SECOND / 10, false},
        {"a second one", 5 * GU_SECOND, 5 * GU_SECOND + GU_SECOND / 10 + 1, true},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_supervisor_is_new_stop(cases[i].last, cases[i].now), cases[i].is_new);
    }
}

/* --- misuse --- */

static int fork_beside_a_loop(void)
{
    gust_loop *loop = gust_loop_current();
    int err = gust_fork_processes(2, 0);

    gust_loop_close(loop);
    return err == -EEXIST ? REFUSED : 0;
}

static int fork_in_a_worker(void)
{
    int id = gust_fork_processes(1, 0);

    if (id < 0)
        return GAVE_UP;
    say(gust_fork_processes(1, 0) == -EEXIST);
    return 0;
}

TEST(forking_is_refused_where_it_cannot_work)
{
    uint64_t words[8];
    size_t n;
    int status = run(fork_beside_a_loop, words, 8, &n);

    assert_int_equal(WEXITSTATUS(status), REFUSED);
    assert_int_equal(run(fork_in_a_worker, words, 8, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(words[0], 1);
    assert_int_equal(gust_worker_id(), -1);
}

/* --- sockets --- */

TEST(sets_share_a_port_that_nobody_else_gets)
{
    struct gu_sockets sets[3] = {0}, other;
    char address[GUST_ADDRESS_TEXT];

    assert_int_equal(gu_sockets_bind("127.0.0.1:0", sets, 3), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sets[i].n, 1);
        assert_int_equal(gust_socket_port(sets[i].fds[0]), gust_socket_port(sets[0].fds[0]));
    }
    assert_int_equal(gust_socket_address(sets[0].fds[0], address), 0);
    assert_int_equal(gu_sockets_bind(address, &other, 1), -EADDRINUSE);
    for (size_t i = 0; i < 3; i++)
        gu_sockets_close(&sets[i]);
}

TEST(sets_share_the_queue_of_a_unix_socket)
{
    struct gu_sockets sets[2] = {0};
    char first[GUST_ADDRESS_TEXT], second[GUST_ADDRESS_TEXT];

    assert_int_equal(gu_sockets_bind(test_address(), sets, 2), 0);
    assert_int_equal(gust_socket_address(sets[0].fds[0], first), 0);
    assert_int_equal(gust_socket_address(sets[1].fds[0], second), 0);
    assert_string_equal(first, second);
    gu_sockets_close(&sets[0]);
    gu_sockets_close(&sets[1]);
}
