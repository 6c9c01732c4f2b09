/*
 * switch — from one stack to another
 *
 * What has to survive is pushed on the stack that is left, and the last step is a jump through a
 * popped register: a `ret` would be mispredicted each time (2.2 ns against 7.4). The floating-point
 * control words are not saved; all tasks share them.
 */
#ifndef GU_SWITCH_H
#define GU_SWITCH_H

/* Leaves this stack, storing where in *save, and goes on where `to` was stored. */
#if defined __x86_64__ && !defined GU_SWITCH_BY_UCONTEXT
#include "task/switch_x86_64.h"
#else
void gu_switch(void **save, void *to);
#endif

/* What gu_switch() can go to: a stack that will call fn(arg), which never returns. `top` is the
 * end of the stack's memory, aligned to 16. */
void *gu_switch_prepare(void *top, void (*fn)(void *), void *arg);

/* Drops all of this stack's frames and calls fn(arg) on its empty top. */
__attribute__((noreturn)) void gu_switch_restart(void *top, void (*fn)(void *), void *arg);

/* Calls fn(arg) below `sp` of another stack and comes back. */
int gu_switch_call(void *sp, int (*fn)(void *), void *arg);

#endif
