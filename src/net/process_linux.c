/*
 * process — what only Linux has
 */
#include "net/process.h"
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

void gu_die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before the call */
        raise(SIGTERM);
}

int gust_cpu_count(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > 0 ? n : 1;
}
