/*
 * executor — calls on other threads, for the rooms above
 *
 * A gu_job is work that some thread of the pool does while a task waits. Two kinds: work on memory
 * that the task lent is waited out (gust_run_in_executor); work that owns its memory may outlive
 * the wait (gu_executor_call), and its result is then dropped. What is nobody's alone to wait for
 * is submitted, and over when it is dropped.
 */
#ifndef GU_EXECUTOR_H
#define GU_EXECUTOR_H

#include "task/task_impl.h"
#include <gust/executor.h>

enum gu_job_state { GU_JOB_QUEUED, GU_JOB_RUNNING, GU_JOB_DONE };

struct gu_job {
    void (*work)(struct gu_job *job); /* on a thread of the pool */
    void (*drop)(struct gu_job *job); /* frees it, on the loop's thread, once nobody waits for it */

    struct gu_link link;  /* of the queue, then of its loop's jobs that are done */
    struct gu_wait *wait; /* NULL: nobody waits any more */
    struct gu_executor_client *client;
    enum gu_job_state state; /* under the pool's lock */
};

/* Does job->work(job), which must set `work` and `drop` and be on the heap. Waits. After 0 the job
 * is the caller's again; on any error `drop` is called, now or when the work has been done. Errors:
 * -ETIMEDOUT, -ECANCELED, -GUST_EFULL, -ENOMEM. */
int gu_executor_call(struct gu_job *job) GUST_CHECK;

/* The same without waiting: `drop` is called when the work has been done, or the loop ends before.
 * On failure the job stays the caller's. Errors: -GUST_EFULL, -ENOMEM. */
int gu_executor_submit(struct gu_job *job) GUST_CHECK;

/* Takes back a job that no thread has begun with; false if one has. */
bool gu_executor_withdraw(struct gu_job *job);

/* Takes a loop's jobs out of the pool, waiting for those that run; joins the threads if this was
 * the last loop that used them. Called when the loop closes. */
void gu_executor_leave(struct gu_tasks *tasks);

/* How many threads there are, for tests. */
size_t gu_executor_n_threads(void);

#endif
