/*
 * stack — memory for tasks to run on
 *
 * Stacks are carved from large slabs of address space that nothing backs until it is touched. Below
 * each lies a guard page: a light one (MADV_GUARD_INSTALL, Linux 6.13) costs no mapping, so a
 * million fit; else mprotect(), up to a quarter of the mappings that a process may have; else a
 * canary, which is looked at when the stack is put back. Which of them it became is logged once.
 *
 * A pool belongs to one thread. It keeps the stacks that were in use at the peak of the last
 * seconds, twice over, with their first page; the rest give their memory back.
 */
#ifndef GU_STACK_H
#define GU_STACK_H

#include "base/gu.h"
#include "base/sanitize.h"

#if GU_ASAN || GU_TSAN
#define GU_STACK_SIZE ((size_t)256 * 1024)
#else
#define GU_STACK_SIZE ((size_t)64 * 1024)
#endif
#define GU_PAGE ((size_t)4096)

enum gu_guard { GU_GUARD_LIGHT, GU_GUARD_MPROTECT, GU_GUARD_CANARY };

struct gu_stack_slab;

/* Lies at the top of every stack; what the task pushes goes below it. */
struct gu_stack {
    struct gu_stack *next; /* while it is free */
    struct gu_stack_slab *slab;
};

struct gu_stack_pool {
    struct gu_stack *free;
    struct gu_stack_slab *slabs; /* all */
    struct gu_stack_slab *cold;  /* those with stacks that no memory backs */
    size_t n_free, n_used, peak;
    size_t n_protected;   /* guards made by mprotect() */
    enum gu_guard guard;  /* what the next stack gets; only ever goes down the list */
    bool is_light_proven; /* a light guard was seen to work */
};

void gu_stack_pool_init(struct gu_stack_pool *pool);

/* Unmaps all; no stack may be in use. */
void gu_stack_pool_deinit(struct gu_stack_pool *pool);

/* A stack that is as its last user left it near the top, or, *is_new, all zero. NULL when memory is
 * short. */
struct gu_stack *gu_stack_take(struct gu_stack_pool *pool, bool *is_new);

/* Puts a stack back. Memory below its first page is given back if it was touched. */
void gu_stack_put(struct gu_stack_pool *pool, struct gu_stack *stack);

/* Gives back what a stack used below its first page, while the page lives on. */
void gu_stack_settle(struct gu_stack *stack);

/* Frees the memory of free stacks beyond twice the peak since the last call, calling `forget` on
 * each first, and forgets the peak. */
void gu_stack_pool_trim(struct gu_stack_pool *pool, void (*forget)(struct gu_stack *));

/* Frees the memory of all free stacks. */
void gu_stack_pool_empty(struct gu_stack_pool *pool, void (*forget)(struct gu_stack *));

/* Whether a stack has overflowed, as far as its canary tells; false with real guards. */
bool gu_stack_is_damaged(const struct gu_stack *stack);

/* The stack whose guard page holds an address, NULL if it is none of the pool's. */
struct gu_stack *gu_stack_of_guard(const struct gu_stack_pool *pool, const void *address);

static inline char *gu_stack_low(const struct gu_stack *stack)
{
    return (char *)(uintptr_t)(stack + 1) - GU_STACK_SIZE;
}

#endif
