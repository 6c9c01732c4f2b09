/*
 * subprocess — other programs: their ends, who is told, talking to them, and that none is left
 */
#include "base/gu.h"
#include "kept_log.h"
#include "program_stage.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const gust_subprocess_options with_input = {.std_in = GUST_STDIO_PIPE};
static const gust_subprocess_options with_output = {.std_out = GUST_STDIO_PIPE};

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

TEST(one_that_somebody_else_collected_has_ended_too)
{
    keep_log();
    run_each(collect_elsewhere, NULL);
    release_log();
    assert_non_null(strstr(kept_log, "collected by somebody else"));
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
