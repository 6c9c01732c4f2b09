/*
 * program_stage — see program_stage.h
 */
#include "program_stage.h"
#include "base/gu.h"
#include <sys/wait.h>

int __real_gu_pidfd_open(pid_t pid);
int __wrap_gu_pidfd_open(pid_t pid);

int pidfd_error;

int __wrap_gu_pidfd_open(pid_t pid)
{
    return pidfd_error != 0 ? pidfd_error : __real_gu_pidfd_open(pid);
}

void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

void run_each(int (*fn)(void *), void *arg)
{
    static const struct {
        int pidfd_error;
        const char *poller; /* NULL: the best */
    } ways[] = {{0, NULL}, {0, "poll"}, {0, "select"}, {-ENOSYS, NULL}, {-EPERM, "poll"}};

    for (size_t i = 0; i < gu_countof(ways); i++) {
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

gust_subprocess *open_sh(const char *script, const gust_subprocess_options *options)
{
    gust_subprocess *p;

    assert_int_equal(gust_subprocess_open(SH(script), options, &p), 0);
    return p;
}
