/*
 * stack — slabs, guards and the pool
 *
 * The top page holds the task's struct and the first bytes of its arena, so it is touched anyway. A
 * mark at the bottom of that page, never written by a stack that stays within it, tells whether
 * deeper pages were used; only then is a system call spent on giving them back.
 *
 * A slab has 64 stacks, so that what is true of each fits a word.
 */
#include "task/stack.h"
#include "base/alloc.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13; not in older headers */
#endif

#define STACKS_PER_SLAB ((size_t)64)
#define SLAB_SIZE (STACKS_PER_SLAB * GU_STACK_SIZE)
#define CANARY UINT64_C(0x7473756720656e64)
#define MARK UINT64_C(0x2d6d61726b2d2d2d)

struct gu_stack_slab {
    struct gu_stack_slab *next, *next_cold;
    char *memory;
    uint64_t cold;    /* nothing backs it */
    uint64_t guarded; /* has its guard page, or is to have a canary */
    uint64_t canary;
    unsigned valgrind_id;
    bool on_valgrind;
};

static _Atomic(size_t) n_protected; /* in the process: mappings are the process's */

static struct gu_stack *stack_at(const struct gu_stack_slab *slab, size_t i)
{
    return (struct gu_stack *)(void *)(slab->memory + (i + 1) * GU_STACK_SIZE) - 1;
}

static uint64_t bit_of(const struct gu_stack *stack)
{
    size_t offset = (size_t)((const char *)stack - stack->slab->memory);

    return UINT64_C(1) << (offset / GU_STACK_SIZE);
}

static uint64_t *mark_of(const struct gu_stack *stack)
{
    return (uint64_t *)(void *)(gu_stack_low(stack) + GU_STACK_SIZE - GU_PAGE);
}

static uint64_t *canary_of(const struct gu_stack *stack)
{
    return (uint64_t *)(void *)gu_stack_low(stack);
}

/* Where pages are larger than GU_PAGE, a guard page would cover the stack it guards. The leak
 * sanitizer reads all of a slab, but for what the kernel lists as not readable, which light guards
 * are not. */
static enum gu_guard best_guard(void)
{
    if (sysconf(_SC_PAGESIZE) != (long)GU_PAGE)
        return GU_GUARD_CANARY;
    return GU_ASAN ? GU_GUARD_MPROTECT : GU_GUARD_LIGHT;
}

void gu_stack_pool_init(struct gu_stack_pool *pool)
{
    *pool = (struct gu_stack_pool){.guard = best_guard()};
}

void gu_stack_pool_deinit(struct gu_stack_pool *pool)
{
    gu_assert(pool->n_used == 0);
    atomic_fetch_sub_explicit(&n_protected, pool->n_protected, memory_order_relaxed);
    while (pool->slabs != NULL) {
        struct gu_stack_slab *slab = pool->slabs;

        pool->slabs = slab->next;
        gu_unpoison(slab->memory, SLAB_SIZE);
        GU_VALGRIND_FORGET(slab->valgrind_id);
#if GU_ASAN
        __lsan_unregister_root_region(slab->memory, SLAB_SIZE);
#endif
        munmap(slab->memory, SLAB_SIZE);
        gu_free(slab);
    }
    gu_stack_pool_init(pool);
}

static bool slab_add(struct gu_stack_pool *pool)
{
    struct gu_stack_slab *slab = gu_alloc(sizeof *slab);
    void *memory;

    if (slab == NULL)
        return false;
    memory = mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        gu_free(slab);
        return false;
    }
    madvise(memory, SLAB_SIZE, MADV_NOHUGEPAGE); /* a huge page would back 31 stacks at once */
#if GU_ASAN
    __lsan_register_root_region(memory, SLAB_SIZE);
#endif
    *slab = (struct gu_stack_slab){
        .next = pool->slabs, .next_cold = pool->cold, .memory = memory, .cold = UINT64_MAX};
    slab->on_valgrind = GU_VALGRIND_IS_HERE();
    slab->valgrind_id = GU_VALGRIND_STACKS(memory, slab->memory + SLAB_SIZE);
    pool->slabs = slab;
    pool->cold = slab;
    return true;
}

/* How many mappings a process may have. */
static size_t max_maps(void)
{
    char text[32] = "";
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        gust_ignore(read(fd, text, sizeof text - 1));
        close(fd);
    }
    return text[0] == '\0' ? 65530 : (size_t)strtoul(text, NULL, 10);
}

/* Each costs two mappings, and malloc() and the next slab need some too: half of what there is. */
static bool protect(struct gu_stack_pool *pool, void *page)
{
    static _Atomic(size_t) most;

    if (most == 0)
        most = gu_max(max_maps() / 4, 1);
    if (atomic_load_explicit(&n_protected, memory_order_relaxed) >= most ||
        mprotect(page, GU_PAGE, PROT_NONE) < 0)
        return false;
    atomic_fetch_add_explicit(&n_protected, 1, memory_order_relaxed);
    pool->n_protected++;
    return true;
}

/* That the call succeeds says nothing where it is not the kernel that answers (qemu-user): the
 * first page is proven by a system call that would have to read it. */
static bool install(struct gu_stack_pool *pool, void *page)
{
    if (madvise(page, GU_PAGE, MADV_GUARD_INSTALL) != 0)
        return false;
    if (!pool->is_light_proven)
        pool->is_light_proven = access(page, F_OK) < 0 && errno == EFAULT;
    return pool->is_light_proven;
}

static bool guard_set(struct gu_stack_pool *pool, struct gu_stack_slab *slab, size_t i)
{
    void *page = slab->memory + i * GU_STACK_SIZE;

    switch (pool->guard) {
    case GU_GUARD_LIGHT:
        return install(pool, page);
    case GU_GUARD_MPROTECT:
        return protect(pool, page);
    case GU_GUARD_CANARY:
        break;
    }
    slab->canary |= UINT64_C(1) << i;
    return true;
}

static void guard_tell(enum gu_guard guard)
{
    static const char *const texts[] = {
        [GU_GUARD_MPROTECT] = "this kernel has no light guard pages: each task's stack costs a "
                              "memory mapping (sysctl vm.max_map_count)",
        [GU_GUARD_CANARY] = "there are too many guard pages (sysctl vm.max_map_count): further "
                            "tasks have a canary only, and an overflow is found late",
    };

    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "%s", texts[guard]);
}

static void guard(struct gu_stack_pool *pool, struct gu_stack_slab *slab, size_t i)
{
    while (!guard_set(pool, slab, i))
        guard_tell(++pool->guard);
    slab->guarded |= UINT64_C(1) << i;
}

/* The first cold stack of the first slab that has one. */
static struct gu_stack *warm_up(struct gu_stack_pool *pool)
{
    struct gu_stack_slab *slab;
    struct gu_stack *stack;
    size_t i;

    if (pool->cold == NULL && !slab_add(pool))
        return NULL;
    slab = pool->cold;
    i = (size_t)__builtin_ctzll(slab->cold);
    slab->cold &= slab->cold - 1;
    if (slab->cold == 0)
        pool->cold = slab->next_cold;
    if (!(slab->guarded & UINT64_C(1) << i))
        guard(pool, slab, i);
    stack = stack_at(slab, i);
    stack->slab = slab;
    *mark_of(stack) = MARK;
    if (slab->canary & UINT64_C(1) << i)
        *canary_of(stack) = CANARY;
    return stack;
}

struct gu_stack *gu_stack_take(struct gu_stack_pool *pool, bool *is_new)
{
    struct gu_stack *stack = pool->free;

    *is_new = stack == NULL;
    if (gu_likely(stack != NULL)) {
        pool->free = stack->next;
        pool->n_free--;
    } else {
        stack = warm_up(pool);
        if (stack == NULL)
            return NULL;
    }
    if (++pool->n_used > pool->peak)
        pool->peak = pool->n_used;
    return stack;
}

/* What lies between the guard (or the canary's page) and the top page. */
static gu_cold void give_back(struct gu_stack *stack)
{
    madvise(gu_stack_low(stack) + GU_PAGE, GU_STACK_SIZE - 2 * GU_PAGE, MADV_DONTNEED);
    *mark_of(stack) = MARK;
}

/* valgrind takes what lies below the stack pointer for gone. */
static gu_cold void keep_marks(const struct gu_stack *stack)
{
    GU_VALGRIND_DEFINED(mark_of(stack), sizeof(uint64_t));
    GU_VALGRIND_DEFINED(canary_of(stack), sizeof(uint64_t));
}

void gu_stack_settle(struct gu_stack *stack)
{
    if (gu_unlikely(stack->slab->on_valgrind))
        keep_marks(stack);
    if (gu_unlikely(*mark_of(stack) != MARK))
        give_back(stack);
}

void gu_stack_put(struct gu_stack_pool *pool, struct gu_stack *stack)
{
    gu_stack_settle(stack);
    stack->next = pool->free;
    pool->free = stack;
    pool->n_free++;
    pool->n_used--;
}

static void cool_down(struct gu_stack_pool *pool, void (*forget)(struct gu_stack *))
{
    struct gu_stack *stack = pool->free;
    struct gu_stack_slab *slab = stack->slab;
    uint64_t bit = bit_of(stack);
    char *low = gu_stack_low(stack);

    pool->free = stack->next;
    pool->n_free--;
    forget(stack);
    gu_unpoison(low, GU_STACK_SIZE);
    madvise(low + GU_PAGE, GU_STACK_SIZE - GU_PAGE, MADV_DONTNEED);
    if (slab->cold == 0) {
        slab->next_cold = pool->cold;
        pool->cold = slab;
    }
    slab->cold |= bit;
}

void gu_stack_pool_trim(struct gu_stack_pool *pool, void (*forget)(struct gu_stack *))
{
    size_t most = pool->peak * 2;

    while (pool->n_free > 0 && pool->n_free + pool->n_used > most)
        cool_down(pool, forget);
    pool->peak = pool->n_used;
}

void gu_stack_pool_empty(struct gu_stack_pool *pool, void (*forget)(struct gu_stack *))
{
    while (pool->n_free > 0)
        cool_down(pool, forget);
}

bool gu_stack_is_damaged(const struct gu_stack *stack)
{
    return gu_unlikely(stack->slab->canary != 0) && (stack->slab->canary & bit_of(stack)) != 0 &&
           *canary_of(stack) != CANARY;
}

struct gu_stack *gu_stack_of_guard(const struct gu_stack_pool *pool, const void *address)
{
    const char *at = address;

    for (const struct gu_stack_slab *slab = pool->slabs; slab != NULL; slab = slab->next) {
        size_t offset = (size_t)(at - slab->memory);

        if (at >= slab->memory && offset < SLAB_SIZE)
            return offset % GU_STACK_SIZE < GU_PAGE ? stack_at(slab, offset / GU_STACK_SIZE) : NULL;
    }
    return NULL;
}
