/*
 * loopstack — how a leaf call gets a big stack
 *
 * Tasks run on small stacks, and some foreign code needs a large one: jansson recurses, vsnprintf
 * takes 33 KiB for a long double. The task room sets the hook on its threads; without it, or
 * outside a task, the call is a plain one. What runs there may not wait and may not raise.
 */
#ifndef GU_LOOPSTACK_H
#define GU_LOOPSTACK_H

#include "base/gu.h"

typedef int gu_leaf_fn(void *arg);

/* This thread's way to the big stack, NULL while there is none. */
extern _Thread_local int (*gu_loop_stack_hook)(gu_leaf_fn *fn, void *arg);

/* fn(arg), on the loop's stack when the caller runs on a task's; returns what it returns. */
static inline int gu_on_loop_stack(gu_leaf_fn *fn, void *arg)
{
    return gu_loop_stack_hook == NULL ? fn(arg) : gu_loop_stack_hook(fn, arg);
}

#endif
