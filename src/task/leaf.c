/*
 * leaf — a call on the loop's stack
 *
 * While a task runs, the loop stands in gu_task_enter(), and all of its big stack below is free. A
 * leaf call runs there as a plain call of the task: it allocates in the task's arena, but neither
 * waits nor raises, because the loop could not be entered above it.
 */
#include "base/loopstack.h"
#include "task/switch.h"
#include "task/task_private.h"

#if GU_ASAN

struct leaf {
    gu_leaf_fn *fn;
    void *arg;
    struct gu_tasks *tasks;
    struct gust_task *task;
};

static int call_leaf(void *arg)
{
    struct leaf *leaf = arg;
    void *fake;
    int result;

    __sanitizer_finish_switch_fiber(leaf->tasks->fake_stack, NULL, NULL);
    result = leaf->fn(leaf->arg);
    __sanitizer_start_switch_fiber(&fake, gu_stack_low(gu_task_stack(leaf->task)), GU_STACK_SIZE);
    leaf->tasks->fake_stack = fake;
    return result;
}

static int call_below(struct gu_tasks *tasks, struct gust_task *task, gu_leaf_fn *fn, void *arg)
{
    struct leaf leaf = {fn, arg, tasks, task};
    void *fake;
    int result;

    __sanitizer_start_switch_fiber(&fake, tasks->loop_low, tasks->loop_size);
    result = gu_switch_call(tasks->loop_sp, call_leaf, &leaf);
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
    return result;
}

#else

static int call_below(struct gu_tasks *tasks, struct gust_task *task, gu_leaf_fn *fn, void *arg)
{
    (void)task;
    return gu_switch_call(tasks->loop_sp, fn, arg);
}

#endif

int gu_leaf_call(gu_leaf_fn *fn, void *arg)
{
    struct gu_tasks *tasks = gu_tasks_here();
    struct gust_task *task = tasks->current;
    int result;

    if (task == NULL || tasks->n_on_loop_stack > 0)
        return fn(arg);
    tasks->n_on_loop_stack++;
    task->n_no_raise++;
    result = call_below(tasks, task, fn, arg);
    task->n_no_raise--;
    tasks->n_on_loop_stack--;
    return result;
}

/* --- how much is left --- */

size_t gu_task_stack_left(void)
{
    struct gust_task *task = gu_task_current();
    const char *here = __builtin_frame_address(0);

    return task == NULL ? SIZE_MAX : (size_t)(here - gu_stack_low(gu_task_stack(task)));
}
