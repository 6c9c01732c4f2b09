/*
 * loopstack — the hook itself
 */
#include "base/loopstack.h"

_Thread_local int (*gu_loop_stack_hook)(gu_leaf_fn *fn, void *arg);
