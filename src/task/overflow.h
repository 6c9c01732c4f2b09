/*
 * overflow — a stack overflow that names its task
 *
 * A fault in the guard page of the task that runs is caught on an alternate signal stack, reported,
 * and ends the process with a core dump. Any other fault goes to the handler that was there before.
 */
#ifndef GU_OVERFLOW_H
#define GU_OVERFLOW_H

#include "task/stack.h"

/* Watches this thread's pool; the handler is the process's, the alternate stack the thread's. */
void gu_overflow_watch(const struct gu_stack_pool *pool);
void gu_overflow_unwatch(const struct gu_stack_pool *pool);

#endif
