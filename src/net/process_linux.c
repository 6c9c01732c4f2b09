/*
 * process — what only Linux has
 */
#include "net/process.h"
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

int gu_pidfd_open(pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */

    return fd < 0 ? -errno : (int)fd;
}

int gu_spawn_close_others(posix_spawn_file_actions_t *actions)
{
    return posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

#define HEAP_KEPT (8 << 20)

#ifdef M_TRIM_THRESHOLD /* musl has a malloc.h without it */
static bool heap_is_told(void)
{
    static const char *const names[] = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_",
                                        "MALLOC_MMAP_MAX_"};
    const char *tunables = getenv("GLIBC_TUNABLES");

    for (size_t i = 0; i < gu_countof(names); i++)
        if (getenv(names[i]) != NULL)
            return true;
    return tunables != NULL && strstr(tunables, "glibc.malloc.") != NULL;
}

void gu_heap_keep(void)
{
    if (heap_is_told())
        return;
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT / 2);
}

void gu_heap_trim(void)
{
    if (!heap_is_told())
        malloc_trim(HEAP_KEPT);
}
#else
void gu_heap_keep(void) {}

void gu_heap_trim(void) {}
#endif
