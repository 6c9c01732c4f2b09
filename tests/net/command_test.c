/*
 * command — how other programs begin, what they are given, and a program as a call
 */
#include "base/alloc.h"
#include "kept_log.h"
#include "program_stage.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
    bool is_reached = true;
    uint64_t n = 0;

    keep_log();
    while (is_reached) {
        gu_alloc_fail_at(++n);
        gust_ignore(gust_run(run_cat, NULL));
        is_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_int_equal(gust_run(run_cat, NULL), 0);
    }
    release_log();
    assert_true(n > 10);
    gust_loop_close(loop);
    assert_no_child();
}
