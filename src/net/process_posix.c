/*
 * process — where there is no more than POSIX: workers outlive a supervisor that is killed
 */
#include "net/process.h"
#include <unistd.h>

void gu_die_with_parent(pid_t parent)
{
    (void)parent;
}

int gust_cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 && n < INT32_MAX ? (int)n : 1;
}

int gu_pidfd_open(pid_t pid)
{
    (void)pid;
    return -ENOSYS;
}

int gu_spawn_close_others(posix_spawn_file_actions_t *actions)
{
    (void)actions;
    return 0;
}

void gu_heap_keep(void) {}

void gu_heap_trim(void) {}
