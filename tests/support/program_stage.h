/*
 * program_stage — other programs, on each way to learn of their end
 *
 * The programs are sh and cat. A test that leaves a child behind, running or as a zombie, fails.
 * Linked with --wrap=gu_pidfd_open.
 */
#ifndef GUST_TEST_PROGRAM_STAGE_H
#define GUST_TEST_PROGRAM_STAGE_H

#include "test.h"
#include <gust.h>

extern int pidfd_error; /* what opening a pidfd says; 0: the kernel decides */

/* Runs fn in a task: with pidfds, with each poller, and with SIGCHLD. */
void run_each(int (*fn)(void *), void *arg);

void assert_no_child(void);

#define SH(script) ((const char *const[]){"sh", "-c", (script), NULL})
gust_subprocess *open_sh(const char *script, const gust_subprocess_options *options);

#endif
