/*
 * overflow — a stack overflow that names its task
 *
 * A fault in a guard page is caught on an alternate signal stack and reported; the fault then
 * happens again with the handler that was there before, so that a core dump shows the place.
 */
#ifndef GU_OVERFLOW_H
#define GU_OVERFLOW_H

#include "task/stack.h"

/* Watches this thread's pool; the handler is the process's, the alternate stack the thread's. */
void gu_overflow_watch(const struct gu_stack_pool *pool);
void gu_overflow_unwatch(const struct gu_stack_pool *pool);

#endif
