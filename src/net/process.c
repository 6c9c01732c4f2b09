/*
 * process — worker processes of a program's own
 */
#include "net/process.h"
#include "base/log.h"
#include "loop/loop_impl.h"
#include "net/supervisor.h"
#include <stdlib.h>
#include <sys/resource.h>

#define MAX_RESTARTS 100
#define PATIENCE (60 * GU_SECOND)

static int worker_id = -1;

int gust_worker_id(void)
{
    return worker_id;
}

void gu_worker_set_id(int id)
{
    worker_id = id;
}

int64_t gu_descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

int gust_fork_processes(int n, int max_restarts)
{
    struct gu_supervisor_options options = {
        .n_workers = n > 0 ? n : gust_cpu_count(),
        .max_restarts = max_restarts == 0 ? MAX_RESTARTS : max_restarts,
        .patience = PATIENCE,
    };
    int result, code;

    if (gu_loop_of_thread() != NULL || worker_id >= 0) {
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "cannot run in multiple processes: %s",
               worker_id >= 0 ? "this is a worker" : "there is a loop already");
        return -EEXIST;
    }
    result = gu_supervise(&options, &code);
    if (result != -GUST_ECLOSED)
        return result;
    if (code < 0)
        return code;
    exit(code);
}
