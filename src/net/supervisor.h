/*
 * supervisor — a process that forks workers and sees to them
 *
 * It has no loop, no TLS, no thread but the log's, which ends before each fork, and allocates only
 * before the first one: what it does not have cannot break. It waits in one place, for signals, and
 * never looks at anything on a schedule.
 *
 * Two kinds of workers. A program's own (gust_fork_processes) may end: one that exits with 0 is not
 * replaced, and signals are passed on as they came. A service's always go on: each that ends is
 * replaced, at once if it lived for a second, was killed from outside after it had started, or is
 * the first to fail, else after a pause that doubles. They take SIGTERM as "drain" and SIGQUIT as
 * "cut", whatever was sent to the supervisor, and have to ignore SIGINT and SIGHUP, which a
 * terminal sends to all of them; where passes_hup is set, SIGHUP has the log's file opened again
 * instead.
 */
#ifndef GU_SUPERVISOR_H
#define GU_SUPERVISOR_H

#include "net/sockets.h"

struct gu_supervisor_options {
    int n_workers;
    int max_restarts; /* of all workers together; negative: no limit */
    bool is_service;
    bool passes_hup;  /* SIGHUP goes to the workers, and stops nothing */
    gu_time patience; /* what still runs so long after it was told to stop is killed */
    /* Listening sockets that workers inherit; closed as soon as it stops, so that a worker that
     * closes its own is the last to hold it. */
    struct gu_sockets *held;
    size_t n_held;
};

/* Forks. Returns in each worker, with its number. In the supervisor it returns when none is left:
 * -GUST_ECLOSED, with what the program's exit code is in *code, or there -GUST_EFULL after too many
 * restarts. Errors: -ENOMEM. What cannot be forked is tried again. */
int gu_supervise(const struct gu_supervisor_options *options, int *code) GUST_CHECK;

/* In a service's worker: it has started. If every worker ended before one said so, the supervisor
 * gives up. */
void gu_supervisor_ready(void);

/* Whether a stop signal counts that came at `now`, when the last one came at `last`, 0 if none did.
 * Some senders (timeout(1), systemd) signal a process and its group: those two are one. */
bool gu_supervisor_is_new_stop(gu_time last, gu_time now);

/* Stop signals that were ignored when the program began stay so: nohup, and shells for what they
 * run in the background, mean it. */
bool gu_supervisor_is_ignored(int signo);

#endif
