/*
 * gust/process.h — worker processes
 *
 * One process uses one core. Several that listen on the same port use all of them, and one crash
 * does not take the rest. gust_app_main() does all this by itself (--workers); what is here is for
 * programs that begin in another way.
 */
#ifndef GUST_PROCESS_H
#define GUST_PROCESS_H

#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many cores this process may use; 1 at the least. */
GUST_API int gust_cpu_count(void);

/**
 * Forks `n` workers, one a core if that is 0 or less, and returns in each of them with its number,
 * from 0. The calling process becomes their supervisor, which waits, replaces those that end by a
 * signal or with an exit code that is not 0, and passes SIGTERM, SIGINT and SIGHUP on to them; it
 * exits with 0 when all have ended normally, or by the signal that was passed on, else with 1.
 * Fork before there is a loop or a thread. Follows process.fork_processes.
 * **Errors:** -EEXIST where this thread has a loop, or this is a worker; -GUST_EFULL, in the
 * supervisor, when more than `max_restarts` were replaced (0: 100; GUST_NEVER: no limit): then none
 * is left; or what the system says. */
GUST_API int gust_fork_processes(int n, int max_restarts) GUST_CHECK;

/** This worker's number; -1 in a process that is none. Its replacement gets the same. Follows
 * process.task_id. */
GUST_API int gust_worker_id(void);

#ifdef __cplusplus
}
#endif

#endif
