/*
 * process — what the processes of one program know of each other
 */
#ifndef GU_PROCESS_H
#define GU_PROCESS_H

#include "base/gu.h"
#include <gust/process.h>
#include <sys/types.h>

/* In a worker, just forked: it is told to stop (SIGTERM) when its parent dies, where the system can
 * do that. */
void gu_die_with_parent(pid_t parent);

/* In a worker: what gust_worker_id() says. */
void gu_worker_set_id(int id);

/* As many descriptors as the hard limit allows. Returns how many, or a negative error. */
int64_t gu_descriptors_raise(void);

#endif
