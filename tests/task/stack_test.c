/*
 * stack — guards and what stands in for them, overflow, the pool
 *
 * madvise() and mprotect() are wrapped by the linker, so that kernels without light guards, and
 * with no mapping left, can be had anywhere.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "task/task_private.h"
#include "task_support.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_INSTALL 102

static bool has_light, has_protect;
static int n_guards, n_protected, n_dropped;

int __real_madvise(void *at, size_t len, int advice);
int __wrap_madvise(void *at, size_t len, int advice);
int __real_mprotect(void *at, size_t len, int protection);
int __wrap_mprotect(void *at, size_t len, int protection);

int __wrap_madvise(void *at, size_t len, int advice)
{
    if (advice == GUARD_INSTALL && !has_light) {
        errno = EINVAL;
        return -1;
    }
    n_guards += advice == GUARD_INSTALL;
    n_dropped += advice == MADV_DONTNEED;
    return __real_madvise(at, len, advice);
}

int __wrap_mprotect(void *at, size_t len, int protection)
{
    if (!has_protect) {
        errno = ENOMEM;
        return -1;
    }
    n_protected++;
    return __real_mprotect(at, len, protection);
}

static void kernel(bool light, bool protect)
{
    has_light = light;
    has_protect = protect;
    n_guards = n_protected = n_dropped = 0;
}

static bool count_line(void *n, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)level;
    (void)logger;
    note(message.ptr);
    ++*(int *)n;
    return true;
}

static void forget(struct gu_stack *stack)
{
    (void)stack;
}

/* --- faults: first, because the handler is installed once in a process --- */

/* Touches the last word as an overflow would, without running into what lies below. */
static void touch_low(struct gust_task *task)
{
    *(volatile char *)gu_stack_low(gu_task_stack(task)) = 1;
}

/* A guard page of another task: a wild pointer, not an overflow. */
static void touch_other(struct gust_task *task)
{
    touch_low(task->arg);
}

static void fault_elsewhere(void *arg)
{
    struct gu_tasks *tasks = gu_tasks_of(gust_loop_current());
    struct gust_task *task = gu_task_new(tasks, touch_other, "the wild one");

    (void)arg;
    task->arg = gu_task_new(tasks, touch_low, "its victim");
    gu_task_start(task);
}

static void on_segv(int signo)
{
    (void)signo;
    gust_ignore(write(STDERR_FILENO, "the handler before", 18));
    abort();
}

static void fault_with_handler(void *arg)
{
    signal(SIGSEGV, on_segv); /* before Gust's */
    fault_elsewhere(arg);
}

TEST(a_fault_that_is_no_overflow_goes_to_the_handler_that_was_there_before)
{
    kernel(false, true);
    assert_aborts(fault_with_handler, NULL, "the handler before");
}

/* --- guards --- */

static struct gu_stack *take(struct gu_stack_pool *pool)
{
    bool is_new;
    struct gu_stack *stack = gu_stack_take(pool, &is_new);

    assert_non_null(stack);
    return stack;
}

/* Whether what runs us has light guards: not an older kernel, nor an emulator, nor ASan's build. */
static bool has_light_guards(void)
{
    struct gu_stack_pool pool;
    struct gu_stack *stack;
    int n_lines = 0;
    bool has;

    kernel(true, true);
    gu_log_set_sink(count_line, &n_lines);
    gu_stack_pool_init(&pool);
    stack = take(&pool);
    has = pool.guard == GU_GUARD_LIGHT;
    gu_stack_put(&pool, stack);
    gu_stack_pool_empty(&pool, forget);
    gu_stack_pool_deinit(&pool);
    gu_log_set_sink(NULL, NULL);
    return has;
}

TEST(guards_go_from_light_to_mprotect_to_a_canary_and_each_step_is_logged_once)
{
    const bool has = has_light_guards();
    const int told = !has && !GU_ASAN; /* where there are none, that is said even so */
    const struct {
        const char *name;
        bool light, protect;
        enum gu_guard guard;
        int n_lines;
        const char *line;
    } cases[] = {
        {"light", true, true, has ? GU_GUARD_LIGHT : GU_GUARD_MPROTECT, told, ""},
        {"mprotect", false, true, GU_GUARD_MPROTECT, GU_ASAN ? 0 : 1, "no light guard pages"},
        {"canary", false, false, GU_GUARD_CANARY, GU_ASAN ? 1 : 2, "a canary only"},
    };
    struct gu_stack *stacks[3];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_stack_pool pool;
        int n_lines = 0;

        TEST_CASE(cases[i].name);
        kernel(cases[i].light, cases[i].protect);
        trail[0] = '\0';
        gu_log_set_sink(count_line, &n_lines);
        gu_stack_pool_init(&pool);
        for (size_t k = 0; k < 3; k++)
            stacks[k] = take(&pool);
        gu_log_set_sink(NULL, NULL);
        assert_int_equal(pool.guard, cases[i].guard);
        assert_int_equal(n_lines, cases[i].n_lines);
        assert_true(n_lines == 0 || strstr(trail, cases[i].line) != NULL);
        for (size_t k = 0; k < 3; k++)
            gu_stack_put(&pool, stacks[k]);
        gu_stack_pool_empty(&pool, forget);
        gu_stack_pool_deinit(&pool);
    }
}

/* --- overflow --- */

static gu_noinline int dive(volatile char *above, size_t depth)
{
    volatile char frame[1024];

    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = above == NULL ? 1 : above[0];
    if (depth == 0)
        return frame[0];
    return dive(frame, depth - 1) + frame[0];
}

static int use_stack(void *arg)
{
    gust_task_set_name("the diver");
    return dive(NULL, *(size_t *)arg / 1024) > 0 ? 0 : 1;
}

static void overflow(void *arg)
{
    size_t deep = GU_STACK_SIZE * 2;

    (void)arg;
    gust_ignore(gust_run(use_stack, &deep));
}

TEST(an_overflow_ends_the_process_and_names_the_task)
{
    kernel(true, true);
    assert_aborts(overflow, NULL, "the stack of task \"the diver\" overflowed");
    kernel(false, true);
    assert_aborts(overflow, NULL, "the stack of task \"the diver\" overflowed");
}

static void damage(void *arg)
{
    gust_loop *loop = gust_loop_current();

    (void)arg;
    gu_task_start(gu_task_new(gu_tasks_of(loop), touch_low, "the toucher"));
}

TEST(a_canary_tells_of_an_overflow_when_the_task_ends)
{
    kernel(false, false);
    assert_aborts(damage, NULL, "the stack of task \"the toucher\" overflowed");
}

TEST(a_guard_page_is_known_by_its_addresses)
{
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = gu_tasks_of(loop);
    struct gust_task *task;
    char *low;

    kernel(true, true);
    task = gu_task_new(tasks, touch_low, "one");
    low = gu_stack_low(gu_task_stack(task));
    assert_ptr_equal(gu_stack_of_guard(&tasks->stacks, low), gu_task_stack(task));
    assert_ptr_equal(gu_stack_of_guard(&tasks->stacks, low + GU_PAGE - 1), gu_task_stack(task));
    assert_null(gu_stack_of_guard(&tasks->stacks, low + GU_PAGE));
    assert_null(gu_stack_of_guard(&tasks->stacks, &loop));
    gu_task_discard(task);
    gust_loop_close(loop);
}

/* --- the pool --- */

static int go_deep(void *arg)
{
    size_t deep = 20000;

    (void)arg;
    dive(NULL, deep / 1024);
    return 0;
}

static int run_children(void *arg)
{
    gust_group *group = gust_group_new(0);
    int before = n_dropped;

    gust_group_go(group, arg == NULL ? go_deep : use_stack, arg);
    gust_ignore(gust_group_wait(group));
    return n_dropped - before;
}

TEST(a_stack_that_went_past_its_first_page_is_given_back)
{
    size_t shallow = 0;

    kernel(true, true);
    assert_int_equal(run(run_children, NULL), 1);
    if (!GU_ASAN && !GU_TSAN) /* whose frames are larger than the page */
        assert_int_equal(run(run_children, &shallow), 0);
}

TEST(the_pool_keeps_twice_the_peak_and_takes_stacks_again)
{
    enum { N = 200 };
    struct gu_stack *stacks[N];
    struct gu_stack_pool pool;
    bool is_new;

    kernel(true, true);
    gu_stack_pool_init(&pool);
    for (int i = 0; i < N; i++)
        stacks[i] = take(&pool);
    for (int i = 0; i < N; i++)
        gu_stack_put(&pool, stacks[i]);
    gu_stack_pool_trim(&pool, forget);
    assert_int_equal(pool.n_free, N); /* they were the peak */
    for (int i = 0; i < 10; i++)
        stacks[i] = take(&pool);
    for (int i = 0; i < 10; i++)
        gu_stack_put(&pool, stacks[i]);
    n_dropped = 0;
    gu_stack_pool_trim(&pool, forget);
    assert_int_equal(pool.n_free, 20);
    assert_int_equal(n_dropped, N - 20);
    for (int i = 0; i < N; i++) {
        stacks[i] = gu_stack_take(&pool, &is_new);
        assert_non_null(stacks[i]);
        assert_true(is_new == (i >= 20));
        memset(stacks[i] + 1, 0, 0);
        *((volatile char *)stacks[i] - 100) = 1; /* it can be written to */
    }
    for (int i = 0; i < N; i++)
        gu_stack_put(&pool, stacks[i]);
    gu_stack_pool_empty(&pool, forget);
    assert_int_equal(pool.n_free, 0);
    gu_stack_pool_deinit(&pool);
}

static int idle(void *arg)
{
    struct gu_stack_pool *pool = &gu_task_current()->home->stacks;
    gust_group *group = gust_group_new(0);

    (void)arg;
    for (int i = 0; i < 100; i++)
        gust_group_go(group, go_deep, NULL);
    gust_ignore(gust_group_wait(group));
    assert_int_equal(pool->n_free, 100);
    gust_ignore(gust_sleep(25));
    return (int)pool->n_free;
}

TEST(the_pool_shrinks_by_itself)
{
    kernel(true, true);
    assert_int_equal(run(idle, NULL), 1);
}

TEST(no_memory_for_a_slab_is_no_task)
{
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = gu_tasks_of(loop);

    gu_alloc_fail_at(1);
    assert_null(gu_task_new(tasks, touch_low, "none"));
    assert_true(gu_alloc_has_failed());
    gust_loop_close(loop);
}

static int nothing(void *arg)
{
    (void)arg;
    return 5;
}

TEST(each_allocation_of_a_run_may_fail)
{
    for (uint64_t n = 1;; n++) {
        int result;

        gu_alloc_fail_at(n);
        result = gust_run(nothing, NULL);
        if (!gu_alloc_has_failed()) {
            assert_int_equal(result, 5);
            assert_true(n > 4);
            break;
        }
        assert_true(result == 5 || result == -ENOMEM);
        assert_null(gu_loop_of_thread());
    }
    gu_alloc_fail_at(0);
}
