/*
 * fiber — what sanitizers are told of a switch
 *
 * AddressSanitizer keeps frames of its own for each stack, and has to know the bounds of the one in
 * use; ThreadSanitizer keeps a history for each. Both are told just before a switch, and
 * AddressSanitizer again just after it. Nothing is left of this in a plain build.
 */
#ifndef GU_FIBER_H
#define GU_FIBER_H

#include "task/task_private.h"

#if GU_ASAN

static inline void gu_fiber_init(struct gust_task *task)
{
    task->fake_stack = NULL;
}

static inline void gu_fiber_drop(struct gust_task *task)
{
    (void)task;
}

static inline void gu_fiber_before_enter(struct gust_task *task)
{
    __sanitizer_start_switch_fiber(&task->home->fake_stack, gu_stack_low(gu_task_stack(task)),
                                   GU_STACK_SIZE);
}

static inline void gu_fiber_after_enter(struct gu_tasks *tasks)
{
    __sanitizer_finish_switch_fiber(tasks->fake_stack, NULL, NULL);
}

static inline void gu_fiber_before_leave(struct gust_task *task)
{
    void **keep = task->state == GU_TASK_DONE ? NULL : &task->fake_stack; /* NULL: it dies */

    task->fake_stack = NULL;
    __sanitizer_start_switch_fiber(keep, task->home->loop_low, task->home->loop_size);
}

static inline void gu_fiber_after_leave(struct gust_task *task)
{
    __sanitizer_finish_switch_fiber(task->fake_stack, &task->home->loop_low,
                                    &task->home->loop_size);
}

static inline void gu_fiber_forget_frames(struct gust_task *task)
{
    char *low = gu_stack_low(gu_task_stack(task));

    gu_unpoison(low + GU_PAGE, (size_t)((char *)task - low) - GU_PAGE);
}

#elif GU_TSAN

static inline void gu_fiber_init(struct gust_task *task)
{
    task->fiber = __tsan_create_fiber(0);
    task->is_dirty = false;
}

static inline void gu_fiber_drop(struct gust_task *task)
{
    __tsan_destroy_fiber(task->fiber);
}

static inline void gu_fiber_before_enter(struct gust_task *task)
{
    __tsan_switch_to_fiber(task->fiber, 0);
}

static inline void gu_fiber_after_enter(struct gu_tasks *tasks)
{
    (void)tasks;
}

static inline void gu_fiber_before_leave(struct gust_task *task)
{
    __tsan_switch_to_fiber(task->home->fiber, 0);
}

static inline void gu_fiber_after_leave(struct gust_task *task)
{
    (void)task;
}

static inline void gu_fiber_forget_frames(struct gust_task *task)
{
    task->is_dirty = true;
}

#else

#define gu_fiber_init(task) ((void)0)
#define gu_fiber_drop(task) ((void)0)
#define gu_fiber_before_enter(task) ((void)0)
#define gu_fiber_after_enter(tasks) ((void)0)
#define gu_fiber_before_leave(task) ((void)0)
#define gu_fiber_after_leave(task) ((void)0)
#define gu_fiber_forget_frames(task) ((void)0)

#endif

#endif
