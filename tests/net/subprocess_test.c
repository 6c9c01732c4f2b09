/*
 * subprocess — other programs: how they begin, what they are given, and that none is left behind
 *
 * The programs are sh and cat. A test that leaves a child behind, running or as a zombie, fails.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "loop/loop_impl.h"
#include "test.h"
#include <fcntl.h>
#include <gust.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the ways to learn of an end --- */

int __real_gu_pidfd_open(pid_t pid);
int __wrap_gu_pidfd_open(pid_t pid);

static int pidfd_error; /* what opening one says; 0: the kernel decides */

int __wrap_gu_pidfd_open(pid_t pid)
{
    return pidfd_error != 0 ? pidfd_error : __real_gu_pidfd_open(pid);
}

static void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* Runs fn in a task: with pidfds, with each poller, and with SIGCHLD. ThreadSanitizer puts a signal
 * off that comes while a task runs, until that task runs again, so it is spared the last two. */
static void run_each(int (*fn)(void *), void *arg)
{
    static const struct {
        int pidfd_error;
        const char *poller; /* NULL: the best */
    } ways[] = {{0, NULL}, {0, "poll"}, {0, "select"}, {-ENOSYS, NULL}, {-EPERM, "poll"}};

    for (size_t i = 0; i < gu_countof(ways) - (GU_TSAN ? 2 : 0); i++) {
        gust_loop_options options = {.poller = ways[i].poller};
        gust_loop *loop;

        pidfd_error = ways[i].pidfd_error;
        assert_int_equal(gust_loop_new(&options, &loop), 0);
        assert_int_equal(gust_run(fn, arg), 0);
        gust_loop_close(loop);
        pidfd_error = 0;
        assert_no_child();
    }
}

static const gust_subprocess_options with_input = {.std_in = GUST_STDIO_PIPE};
static const gust_subprocess_options with_output = {.std_out = GUST_STDIO_PIPE};

#define SH(script) ((const char *const[]){"sh", "-c", (script), NULL})

static gust_subprocess *open_sh(const char *script, const gust_subprocess_options *options)
{
    gust_subprocess *p;

    assert_int_equal(gust_subprocess_open(SH(script), options, &p), 0);
    return p;
}

/* --- its end --- */

static int end_in_each_way(void *arg)
{
    static const struct {
        const char *name, *script;
        int code, err;
    } cases[] = {
        {"normally", "exit 0", 0, 0},
        {"with a code", "exit 42", 42, -GUST_EEXIT},
        {"the largest code", "exit 255", 255, -GUST_EEXIT},
        {"by a signal", "kill -TERM $$", -SIGTERM, -GUST_EEXIT},
        {"by SIGKILL", "kill -KILL $$", -SIGKILL, -GUST_EEXIT},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_subprocess *p = open_sh(cases[i].script, NULL);
        int code = 1;

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_subprocess_wait(p, &code), 0);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(gust_subprocess_wait(p, NULL), cases[i].err); /* as often as one likes */
        assert_int_equal(gust_subprocess_kill(p, SIGTERM), -ESRCH);
    }
    return 0;
}

TEST(the_exit_code_is_told_or_is_an_error)
{
    run_each(end_in_each_way, NULL);
}

static int wait_for(void *p)
{
    int code = 0, err = gust_subprocess_wait(p, &code);

    return err < 0 ? err : code == 7 ? 0 : -EIO;
}

static int wait_twice(void *arg)
{
    gust_subprocess *p = open_sh("read x; exit 7", &with_input);
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, wait_for, p);
    gust_group_go(group, wait_for, p);
    gust_yield();
    gust_stream_close(gust_subprocess_stream(p, 0));
    return gust_group_wait(group);
}

TEST(several_tasks_may_wait_and_closing_its_input_is_told)
{
    run_each(wait_twice, NULL);
}

static int wait_until_a_deadline(void *arg)
{
    gust_subprocess *p = open_sh("exec cat", &with_input);
    int code = 1;

    (void)arg;
    {
        GUST_DEADLINE(0.01);
        assert_int_equal(gust_subprocess_wait(p, &code), -ETIMEDOUT);
    }
    assert_int_equal(code, 1);
    assert_int_equal(kill(gust_subprocess_pid(p), 0), 0); /* it runs on */
    assert_int_equal(gust_subprocess_kill(p, SIGTERM), 0);
    assert_int_equal(gust_subprocess_wait(p, &code), 0);
    assert_int_equal(code, -SIGTERM);
    return 0;
}

TEST(a_wait_ends_at_its_deadline_and_the_program_runs_on)
{
    run_each(wait_until_a_deadline, NULL);
}

/* --- nobody waits --- */

static int leave_the_scope(void *arg)
{
    pid_t pid;

    (void)arg;
    {
        GUST_SCOPE();
        pid = gust_subprocess_pid(open_sh("exec cat", &with_input));
    }
    while (kill(pid, 0) == 0) /* a zombie has its id, too */
        gust_yield();
    return 0;
}

static int leave_the_task(void *arg)
{
    (void)arg;
    open_sh("exec cat", &with_input);
    return 0;
}

static int forget_what_ends(void *arg)
{
    gust_subprocess *p = open_sh("exit 3", NULL);
    pid_t pid = gust_subprocess_pid(p);

    (void)arg;
    gust_subprocess_keep(p);
    while (kill(pid, 0) == 0)
        gust_yield();
    gust_subprocess_close(p);
    return 0;
}

static int keep_until_the_loop_closes(void *arg)
{
    (void)arg;
    gust_subprocess_keep(open_sh("exec sleep 1000", &with_output));
    return 0;
}

static int die_by_cancellation(void *arg)
{
    gust_subprocess *p = open_sh("exec sleep 1000", NULL);

    (void)arg;
    return gust_subprocess_wait(p, NULL) == -ECANCELED ? 0 : -EIO;
}

static void cancelled(void *arg)
{
    *(int *)arg = die_by_cancellation(NULL);
}

static int cancel_the_task(void *arg)
{
    int result = 1;
    gust_task *task = gust_go(cancelled, &result, NULL);

    (void)arg;
    gust_yield();
    gust_cancel(task);
    while (result == 1)
        gust_yield();
    return result;
}

TEST(whoever_forgets_it_no_zombie_is_left)
{
    static const struct {
        const char *name;
        int (*fn)(void *);
    } cases[] = {
        {"the scope ends", leave_the_scope},
        {"the task ends", leave_the_task},
        {"it ends and nobody waits", forget_what_ends},
        {"the loop closes", keep_until_the_loop_closes},
        {"the task is cancelled", cancel_the_task},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        run_each(cases[i].fn, NULL);
    }
}

static int collect_elsewhere(void *arg)
{
    gust_subprocess *p = open_sh("read x; exit 3", &with_input);
    int code = 0;

    (void)arg;
    gust_stream_close(gust_subprocess_stream(p, 0));
    assert_int_equal(waitpid(gust_subprocess_pid(p), NULL, 0), gust_subprocess_pid(p));
    assert_int_equal(gust_subprocess_wait(p, &code), 0);
    assert_int_equal(code, 255);
    return 0;
}

static bool drop(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)level, (void)logger;
    *(bool *)arg |= gu_str_find(message, GU_STR("collected by somebody else"), 0) != GU_NPOS;
    return true;
}

TEST(one_that_somebody_else_collected_has_ended_too)
{
    bool was_told = false;

    gu_log_set_sink(drop, &was_told);
    run_each(collect_elsewhere, NULL);
    gu_log_set_sink(NULL, NULL);
    assert_true(was_told);
}

static int ignore_children(void *arg)
{
    gust_subprocess *p;
    int code = 0;

    (void)arg;
    signal(SIGCHLD, SIG_IGN);
    p = open_sh("exit 9", NULL);
    assert_int_equal(gust_subprocess_wait(p, &code), 0);
    assert_int_equal(code, 9);
    return 0;
}

TEST(a_program_that_ignores_sigchld_learns_the_code_all_the_same)
{
    run_each(ignore_children, NULL);
    signal(SIGCHLD, SIG_DFL);
}

/* --- the exit callback --- */

static int told_code, n_told;

static void told(gust_subprocess *process, int code, void *arg)
{
    told_code = code;
    n_told++;
    gust_subprocess_close(process);
    gust_loop_stop(arg);
}

TEST(a_callback_is_told_without_a_task)
{
    static const int errors[] = {0, -ENOSYS};

    for (size_t i = 0; i < gu_countof(errors); i++) {
        gust_loop *loop = gust_loop_current();
        gust_subprocess *p = NULL;

        n_told = 0;
        pidfd_error = errors[i];
        p = open_sh("exit 5", NULL);
        gust_subprocess_set_exit_callback(p, told, loop);
        assert_int_equal(gust_loop_start(loop), 0);
        assert_int_equal(n_told, 1);
        assert_int_equal(told_code, 5);
        gust_loop_close(loop);
        pidfd_error = 0;
        assert_no_child();
    }
}

static void count(gust_subprocess *process, int code, void *arg)
{
    (void)process;
    *(int *)arg += code;
}

static int set_it_late(void *arg)
{
    gust_subprocess *p = open_sh("exit 5", NULL);
    int sum = 0;

    (void)arg;
    assert_int_equal(gust_subprocess_wait(p, NULL), -GUST_EEXIT);
    gust_subprocess_set_exit_callback(p, count, &sum);
    assert_int_equal(sum, 0); /* soon, not at once */
    gust_sleep(0);
    gust_sleep(0);
    assert_int_equal(sum, 5);
    return 0;
}

TEST(a_callback_set_behind_the_end_is_told_soon)
{
    run_each(set_it_late, NULL);
}

/* --- how it begins --- */

/* Whether posix_spawn() tells of what went wrong in the child. An emulator of another processor
 * forks where the C library shares its memory: there the child only exits, with 127. */
static bool spawn_tells_errors(void)
{
    char path[] = "/nonexistent/program";
    char *argv[] = {path, NULL};
    pid_t pid;

    if (posix_spawn(&pid, path, NULL, NULL, argv, argv + 1) != 0)
        return true;
    waitpid(pid, NULL, 0);
    return false;
}

static int fail_to_start(void *arg)
{
    static const struct {
        const char *name;
        const char *argv[2];
        gust_subprocess_options options;
        int err;
    } cases[] = {
        {"no such program", {"gust-no-such-program", NULL}, {0}, -ENOENT},
        {"no such path", {"/nonexistent/program", NULL}, {0}, -ENOENT},
        {"not a program", {"/etc/passwd", NULL}, {0}, -EACCES},
        {"no such directory", {"true", NULL}, {.cwd = "/nonexistent"}, -ENOENT},
        {"nothing to start", {NULL, NULL}, {0}, -EINVAL},
        {"no such kind of stream", {"true", NULL}, {.std_in = GUST_STDIO_STDOUT}, -EINVAL},
        {"behind a pipe that was made",
         {"true", NULL},
         {.std_in = GUST_STDIO_PIPE, .std_out = GUST_STDIO_STDOUT},
         -EINVAL},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_subprocess *p = NULL;
        int err, code = 0;

        TEST_CASE(cases[i].name);
        err = gust_subprocess_open(cases[i].argv, &cases[i].options, &p);
        if (cases[i].err != -EINVAL && !spawn_tells_errors()) {
            assert_int_equal(err, 0);
            assert_int_equal(gust_subprocess_wait(p, &code), 0);
            assert_int_equal(code, 127);
            continue;
        }
        assert_int_equal(err, cases[i].err);
        assert_null(p);
    }
    return 0;
}

TEST(what_cannot_be_started_says_why)
{
    run_each(fail_to_start, NULL);
}

static int lose_the_pidfd(void *arg)
{
    gust_subprocess *p;

    (void)arg;
    assert_int_equal(gust_subprocess_open(SH("exec sleep 1000"), NULL, &p), pidfd_error);
    return 0;
}

TEST(one_that_cannot_be_watched_is_killed)
{
    pidfd_error = -EMFILE;
    assert_int_equal(gust_run(lose_the_pidfd, NULL), 0);
    pidfd_error = 0;
    assert_no_child();
}

/* --- what it is given --- */

static const char *output_of(const char *script, const gust_command_options *options)
{
    gust_command_result result;

    assert_int_equal(gust_run_command(SH(script), options, &result), 0);
    return result.out.ptr;
}

static int look_at_what_it_has(void *arg)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "COLOUR=blue", NULL};
    static const char descriptors[] = "i=0; while [ $i -lt 200 ]; do"
                                      " [ -e /proc/$$/fd/$i ] && echo $i; i=$((i + 1)); done";
    int leaky = open("/dev/null", O_RDONLY); /* not close-on-exec */
    sigset_t blocked, before;
    const char *ignored;

    (void)arg;
    assert_return_code(leaky, errno);
    sigfillset(&blocked);
    sigdelset(&blocked, SIGCHLD);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    signal(SIGUSR1, SIG_IGN);
    assert_string_equal(output_of("echo $COLOUR$HOME", &(gust_command_options){.env = env}),
                        "blue\n");
    assert_string_equal(output_of("pwd", &(gust_command_options){.cwd = "/"}), "/\n");
    assert_string_equal(output_of(descriptors, NULL), "0\n1\n2\n");
    assert_string_equal(output_of("grep SigBlk /proc/self/status", NULL),
                        "SigBlk:\t0000000000000000\n");
    /* The two behind the first 31 are glibc's own, which nobody can reach. */
    ignored = output_of("grep SigIgn /proc/self/status", NULL);
    assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & INT32_MAX, 0);
    assert_string_equal(output_of("readlink /proc/$$/fd/0", NULL), "/dev/null\n");
    signal(SIGUSR1, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(leaky);
    return 0;
}

TEST(it_has_what_was_named_and_nothing_else)
{
    assert_int_equal(gust_run(look_at_what_it_has, NULL), 0);
    assert_no_child();
}

static int echo_without_stdin(void *arg)
{
    gust_command_result result;
    int in = dup(STDIN_FILENO);

    (void)arg;
    assert_string_equal(output_of("echo x", NULL), "x\n"); /* what the loop opens is open */
    close(STDIN_FILENO);
    assert_int_equal(gust_run_command((const char *const[]){"cat", NULL},
                                      &(gust_command_options){.input = gust_str_from("hello")},
                                      &result),
                     0);
    assert_string_equal(result.out.ptr, "hello");
    assert_int_equal(dup2(in, STDIN_FILENO), STDIN_FILENO);
    close(in);
    return 0;
}

TEST(pipes_find_their_places_where_this_process_has_closed_one)
{
    assert_int_equal(gust_run(echo_without_stdin, NULL), 0);
}

/* --- talking --- */

static int talk(void *arg)
{
    gust_subprocess_options options = {
        .std_in = GUST_STDIO_PIPE,
        .std_out = GUST_STDIO_PIPE,
        .std_err = GUST_STDIO_STDOUT,
    };
    gust_subprocess *p = open_sh("while read x; do echo \"got $x\"; echo oh >&2; done", &options);
    gust_stream *in = gust_subprocess_stream(p, 0), *out = gust_subprocess_stream(p, 1);
    gust_str line;

    (void)arg;
    assert_null(gust_subprocess_stream(p, 2));
    assert_null(gust_subprocess_stream(p, 3));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gust_stream_printf(in, "%d\n", i), 0);
        assert_int_equal(gust_read_until(out, "\n", 0, &line), 0);
        assert_int_equal(line.ptr[4], '0' + i);
        assert_int_equal(gust_read_until(out, "\n", 0, &line), 0);
        assert_string_equal(line.ptr, "oh\n");
    }
    gust_stream_close(in);
    assert_int_equal(gust_read_some(out, &line), 0);
    return gust_subprocess_wait(p, NULL);
}

TEST(a_conversation_goes_through_its_pipes)
{
    run_each(talk, NULL);
}

/* --- a program as a call --- */

static char many[300000];

static int run_commands(void *arg)
{
    static const struct {
        const char *name, *script;
        gust_command_options options;
        int err, code;
        const char *out, *errs; /* NULL: not looked at */
    } cases[] = {
        {"output and errors", "echo a; echo b >&2", {0}, 0, 0, "a\n", "b\n"},
        {"merged", "echo a; echo b >&2", {.merge_errors = true}, 0, 0, "a\nb\n", ""},
        {"nothing", "exit 3", {0}, 0, 3, "", ""},
        {"a signal", "echo x; kill -9 $$", {0}, 0, -9, "x\n", ""},
        {"no input", "cat", {0}, 0, 0, "", ""},
        {"input", "cat", {.input = {"some", 4}}, 0, 0, "some", ""},
        {"more than a pipe holds, both ways",
         "cat",
         {.input = {many, sizeof many}},
         0,
         0,
         NULL,
         ""},
        {"input unread", "exit 0", {.input = {many, sizeof many}}, 0, 0, "", ""},
        {"one below the limit", "printf abc", {.max_output = 4}, 0, 0, "abc", ""},
        {"the limit", "printf abcd", {.max_output = 4}, 0, 0, "abcd", ""},
        {"one beyond", "printf abcde; sleep 1000", {.max_output = 4}, -GUST_ETOOBIG, 0, 0, 0},
        {"errors beyond", "printf abcde >&2", {.max_output = 4}, -GUST_ETOOBIG, 0, 0, 0},
        {"no program", "exec /nonexistent", {0}, 0, 127, "", NULL},
        {"no directory", "", {.cwd = "/nonexistent"}, -ENOENT, 0, 0, 0},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_command_result result = {.code = 99};
        int err = gust_run_command(SH(cases[i].script), &cases[i].options, &result);

        bool is_untold = cases[i].err == -ENOENT && !spawn_tells_errors();
        int code = is_untold ? 127 : cases[i].code;

        TEST_CASE(cases[i].name);
        assert_int_equal(err, is_untold ? 0 : cases[i].err);
        assert_int_equal(result.code, err < 0 ? 99 : code);
        if (cases[i].out != NULL)
            assert_string_equal(result.out.ptr, cases[i].out);
        if (cases[i].errs != NULL)
            assert_string_equal(result.errs.ptr, cases[i].errs);
        if (err == 0 && cases[i].out == NULL && code == 0)
            assert_memory_equal(result.out.ptr, many, sizeof many);
    }
    return 0;
}

TEST(a_command_gives_back_what_it_said_within_its_limits)
{
    memset(many, 'm', sizeof many);
    run_each(run_commands, NULL);
}

/* It starts another, which holds this test's pipe as well; that one's end shows both are gone. */
static int run_past_the_deadline(void *arg)
{
    static const char script[] = "(echo $$; exec sleep 1000) > %s & exec sleep 1000";
    gust_command_result result = {.code = 99};
    char path[] = "/tmp/gust-subprocess-XXXXXX";
    gust_stream *fifo;
    gust_str rest;
    int fd;

    (void)arg;
    assert_non_null(mkdtemp(path));
    assert_return_code(mkfifo(gust_sprintf("%s/fifo", path), 0600), errno);
    fd = open(gust_sprintf("%s/fifo", path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_return_code(fd, errno);
    {
        GUST_DEADLINE(0.3);
        assert_int_equal(gust_run_command(SH(gust_sprintf(script, gust_sprintf("%s/fifo", path))),
                                          NULL, &result),
                         -ETIMEDOUT);
    }
    assert_int_equal(result.code, 99);
    assert_int_equal(gust_stream_open(fd, NULL, &fifo), 0);
    assert_int_equal(gust_read_until_close(fifo, 0, &rest), 0);
    assert_true(rest.len > 1);
    gust_stream_close(fifo);
    unlink(gust_sprintf("%s/fifo", path));
    rmdir(path);
    return 0;
}

TEST(a_deadline_kills_the_command)
{
    run_each(run_past_the_deadline, NULL);
}

/* --- faults --- */

static int run_cat(void *arg)
{
    gust_command_result result;
    gust_command_options options = {.input = {many, sizeof many}};

    (void)arg;
    return gust_run_command((const char *const[]){"cat", NULL}, &options, &result);
}

TEST(an_allocation_that_fails_costs_the_command_at_the_most)
{
    gust_loop *loop = gust_loop_current();
    bool is_reached = true, was_told = false;
    uint64_t n = 0;

    gu_log_set_sink(drop, &was_told);
    while (is_reached) {
        gu_alloc_fail_at(++n);
        gust_ignore(gust_run(run_cat, NULL));
        is_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_int_equal(gust_run(run_cat, NULL), 0);
    }
    gu_log_set_sink(NULL, NULL);
    assert_true(n > 10);
    gust_loop_close(loop);
    assert_no_child();
}

/* --- misuse --- */

static void wait_outside(void *arg)
{
    (void)arg;
    gust_ignore(gust_subprocess_wait(open_sh("exit 0", NULL), NULL));
}

static int use_a_closed_one(void *arg)
{
    gust_subprocess *p = open_sh("exit 0", NULL);

    (void)arg;
    gust_subprocess_close(p);
    gust_subprocess_close(p);
    gust_subprocess_keep(p);
    return 0;
}

static void run_closed(void *arg)
{
    gust_ignore(gust_run(use_a_closed_one, arg));
}

TEST(misuse_aborts_with_a_message)
{
    assert_aborts(wait_outside, NULL, "outside a task");
    assert_aborts(run_closed, NULL, "the process was closed");
}
