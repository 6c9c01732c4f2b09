/*
 * fiber — what sanitizers are told of a switch
 *
 * AddressSanitizer keeps frames of its own for each stack, and has to know the bounds of the one in
 * use; ThreadSanitizer keeps a history for each. Both are told just before a switch, and
 * AddressSanitizer again just after it. Nothing is left of this in a plain build.
 *
 * ThreadSanitizer puts a signal off until the code that it interrupted next calls into libc, and
 * counts that by fiber: one that comes shortly before a task leaves would wait until that task runs
 * again, while the loop sleeps and knows of nothing. So none comes then: signals are held back by
 * the kernel while fibers are switched, and what was put off before is delivered by that very call.
 */
#ifndef GU_FIBER_H
#define GU_FIBER_H

#include "task/task_private.h"
#if GU_TSAN
#include <pthread.h>
#include <signal.h>
#endif

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

/* All but those that an error of the program's own raises. */
static inline void gu_fiber_hold_signals(struct gu_tasks *tasks)
{
    static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    sigset_t all;

    sigfillset(&all);
    for (size_t i = 0; i < gu_countof(own); i++)
        sigdelset(&all, own[i]);
    pthread_sigmask(SIG_BLOCK, &all, &tasks->signals);
    tasks->has_held = true;
}

/* A raise comes here as well, without a switch. */
static inline void gu_fiber_let_signals_in(struct gu_tasks *tasks)
{
    if (tasks->has_held)
        pthread_sigmask(SIG_SETMASK, &tasks->signals, NULL);
    tasks->has_held = false;
}

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
    gu_fiber_hold_signals(task->home);
    __tsan_switch_to_fiber(task->fiber, 0);
}

static inline void gu_fiber_after_enter(struct gu_tasks *tasks)
{
    gu_fiber_let_signals_in(tasks);
}

static inline void gu_fiber_before_leave(struct gust_task *task)
{
    gu_fiber_hold_signals(task->home);
    __tsan_switch_to_fiber(task->home->fiber, 0);
}

static inline void gu_fiber_after_leave(struct gust_task *task)
{
    gu_fiber_let_signals_in(task->home);
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
