/*
 * worker — one process that serves: its loops, and the signals that stop them
 */
#ifndef GU_WORKER_H
#define GU_WORKER_H

#include "net/sockets.h"
#include <gust/app.h>

struct gu_worker_options {
    const gust_app_options *app;
    const char *poller;      /* NULL: the best */
    struct gu_sockets *sets; /* one for each loop; taken */
    size_t n_loops;          /* above 1 each gets a thread and an application of its own */
    bool is_supervised;      /* SIGTERM stops and SIGQUIT cuts; else a second stop signal cuts */
    gu_time patience;        /* where nobody supervises: what still runs so long after it was told
                                to stop ends the process; 0: no bound */
    void (*started)(void *arg); /* all loops listen; from any of their threads */
    void *arg;
};

/* Serves until it is told to stop. Returns the exit code. */
int gu_worker_run(const struct gu_worker_options *options);

#endif
