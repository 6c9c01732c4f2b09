/*
 * subprocess — other programs: how they are started, and what becomes of them at the end
 */
#ifndef GU_SUBPROCESS_H
#define GU_SUBPROCESS_H

#include "net/net_impl.h"
#include <gust/process.h>
#include <sys/types.h>

/* Starts a program. Stores this process's ends of the pipes that were asked for, -1 for others,
 * close-on-exec. Errors: what the system says, also of loading the program. */
int gu_spawn(const char *const argv[], const gust_subprocess_options *options, int ends[3],
             pid_t *pid) GUST_CHECK;

/* Kills and collects what still runs; the loop ends. */
void gu_children_close(struct gu_net *net);

#endif
