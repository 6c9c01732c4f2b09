/*
 * run — a loop around one task
 */
#include "base/log.h"
#include "task/task_impl.h"

struct run {
    int (*fn)(void *);
    void *arg;
    struct gust_loop *loop;
    int result;
    bool has_ended;
};

/* The oldest of the task's defers, so that it runs when all that belongs to the task has ended. */
static void stop(void *arg)
{
    struct run *run = arg;

    run->has_ended = true;
    gust_loop_stop(run->loop);
}

static void run_main(struct gust_task *task)
{
    struct run *run = task->arg;

    run->result = run->fn(run->arg);
}

static void run_raised(struct gust_task *task)
{
    struct run *run = task->arg;

    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "gust_run: raised %d: %s", task->raise_code,
           task->raise_message);
    run->result = gu_task_raised_error(task);
}

static int run_on(struct gust_loop *loop, int (*fn)(void *), void *arg)
{
    struct run run = {.fn = fn, .arg = arg, .loop = loop};
    struct gu_tasks *tasks = gu_tasks_of(loop);
    struct gust_task *task = tasks == NULL ? NULL : gu_task_new(tasks, run_main, "main");
    int err;

    if (task == NULL)
        return -ENOMEM;
    task->raised = run_raised;
    task->arg = &run;
    gu_assert(gu_task_defer(task, stop, &run));
    gu_task_start_soon(task);
    while ((err = gust_loop_start(loop)) == 0 && !run.has_ended)
        gu_task_cancel(task, GUST_CANCEL_ASKED); /* somebody else stopped the loop */
    if (err < 0)
        gu_misuse("gust_run: the loop cannot wait for events: %s", gust_strerror(err));
    return run.result;
}

int gust_run(int (*fn)(void *), void *arg)
{
    struct gust_loop *loop = gu_loop_of_thread();
    bool is_ours = loop == NULL;
    int result;

    if (gu_task_current() != NULL)
        gu_misuse("gust_run was called in a task: call the function itself");
    loop = gust_loop_current();
    if (loop == NULL)
        return -ENOMEM;
    result = run_on(loop, fn, arg);
    if (is_ours)
        gust_loop_close(loop);
    return result;
}
