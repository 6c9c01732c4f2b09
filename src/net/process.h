/*
 * process — what the processes of one program know of each other
 */
#ifndef GU_PROCESS_H
#define GU_PROCESS_H

#include "base/gu.h"
#include <gust/process.h>
#include <spawn.h>
#include <sys/types.h>

/* In a worker, just forked: it is told to stop (SIGTERM) when its parent dies, where the system can
 * do that. */
void gu_die_with_parent(pid_t parent);

/* In a worker: what gust_worker_id() says. */
void gu_worker_set_id(int id);

/* As many descriptors as the hard limit allows. Returns how many, or a negative error. */
int64_t gu_descriptors_raise(void);

/* A descriptor that is readable once the process has ended; -ENOSYS where the kernel has none. */
int gu_pidfd_open(pid_t pid);

/* In a program that is started: closes every descriptor behind the standard ones, where the system
 * can do that; elsewhere they had better be close-on-exec. 0 or an errno. */
int gu_spawn_close_others(posix_spawn_file_actions_t *actions);

/* Has the heap of this process keep a few megabytes that were freed, unless the environment says
 * what it is to do. A body of a megabyte is else given back to the system when its request ends,
 * and taken and cleared anew, page by page, for the next: that halves what a server can send over
 * TLS. It is for who owns the process, and so for gust_app_main() alone. */
void gu_heap_keep(void);

/* Gives back what of the heap is free and lies below or between what is in use, which takes some
 * milliseconds; what is kept stays. */
void gu_heap_trim(void);

#endif
