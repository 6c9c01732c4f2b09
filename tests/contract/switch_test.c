/*
 * switch — one contract over every implementation that runs on this machine
 *
 * The native one is the library's; the one by ucontext is compiled into this program under other
 * names, so that both are held to the same.
 */
#include "base/gu.h"
#include "task/switch.h"
#include "test.h"
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

void uc_switch(void **save, void *to);
void *uc_switch_prepare(void *top, void (*fn)(void *), void *arg);
GUST_NORETURN void uc_switch_restart(void *top, void (*fn)(void *), void *arg);
int uc_switch_call(void *sp, int (*fn)(void *), void *arg);

struct way {
    const char *name;
    void (*to)(void **save, void *to);
    void *(*prepare)(void *top, void (*fn)(void *), void *arg);
    void (*restart)(void *top, void (*fn)(void *), void *arg); /* does not return */
    int (*call)(void *sp, int (*fn)(void *), void *arg);
};

static const struct way ways[] = {
    {"native", gu_switch, gu_switch_prepare, gu_switch_restart, gu_switch_call},
    {"ucontext", uc_switch, uc_switch_prepare, uc_switch_restart, uc_switch_call},
};

/* --- two stacks --- */

#define SIZE ((size_t)256 * 1024)

static const struct way *way;
static void *here, *there; /* where the test stands, where the other stack does */
static char *low, *top;
static int n_steps;

static void begin(const struct way *w, void (*fn)(void *), void *arg)
{
    TEST_CASE(w->name);
    way = w;
    n_steps = 0;
    low = aligned_alloc(64, SIZE);
    assert_non_null(low);
    memset(low, 0x5a, SIZE);
    top = low + SIZE;
    there = way->prepare(top, fn, arg);
}

static void end(void)
{
    free(low);
}

static gu_noinline void go(void)
{
    way->to(&here, there);
}

static gu_noinline void back(void)
{
    way->to(&there, here);
}

/* --- the contract --- */

static void step(void *arg)
{
    assert_ptr_equal(arg, &n_steps);
    for (;;) {
        n_steps++;
        back();
    }
}

TEST(a_switch_goes_there_and_comes_back_where_it_left)
{
    for (size_t i = 0; i < gu_countof(ways); i++) {
        begin(&ways[i], step, &n_steps);
        for (int n = 1; n <= 1000; n++) {
            go();
            assert_int_equal(n_steps, n);
        }
        end();
    }
}

static uintptr_t frame_at, aligned_at;

static gu_noinline void look(void)
{
    max_align_t aligned = {0};

    frame_at = (uintptr_t)__builtin_frame_address(0);
    aligned_at = (uintptr_t)&aligned;
}

static void look_and_leave(void *arg)
{
    (void)arg;
    for (;;) {
        look();
        back();
    }
}

TEST(the_function_runs_on_its_own_stack_which_is_aligned)
{
    for (size_t i = 0; i < gu_countof(ways); i++) {
        begin(&ways[i], look_and_leave, NULL);
        go();
        assert_in_range(frame_at, (uintptr_t)low, (uintptr_t)top);
        assert_int_equal(frame_at % 16, 0);
        assert_int_equal(aligned_at % _Alignof(max_align_t), 0);
        end();
    }
}

/* Values that a compiler would keep in callee-saved registers, whole and floating. */
#define KEEP(seed)                                                                   \
    uint64_t a = (seed)*3, b = (seed)*5, c = (seed)*7, d = (seed)*11, e = (seed)*13, \
             f = (seed)*17;                                                          \
    double x = (double)(seed)*1.5, y = (double)(seed)*2.5, z = (double)(seed)*3.5

#define KEPT(seed)                                                                          \
    (a == (seed)*3 && b == (seed)*5 && c == (seed)*7 && d == (seed)*11 && e == (seed)*13 && \
     f == (seed)*17 && x == (double)(seed)*1.5 && y == (double)(seed)*2.5 &&                \
     z == (double)(seed)*3.5)

#define OPAQUE() __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f))

static bool there_kept = true;

static void scramble(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;

    for (;; seed++) {
        KEEP(seed);

        OPAQUE();
        back();
        OPAQUE();
        there_kept = there_kept && KEPT(seed);
    }
}

static gu_noinline bool keep_across(uint64_t seed)
{
    KEEP(seed);

    OPAQUE();
    go();
    OPAQUE();
    return KEPT(seed);
}

TEST(registers_that_a_call_keeps_are_kept)
{
    for (size_t i = 0; i < gu_countof(ways); i++) {
        uint64_t seed = 1000;

        begin(&ways[i], scramble, &seed);
        for (uint64_t n = 1; n < 200; n++)
            assert_true(keep_across(n));
        assert_true(there_kept);
        end();
    }
}

/* --- restarting --- */

static void third(void *arg)
{
    (void)arg;
    for (;;) {
        n_steps += 100;
        look();
        back();
    }
}

static gu_noinline void dive_and_restart(int depth)
{
    volatile char frame[512];

    frame[0] = (char)depth;
    if (depth > 0)
        dive_and_restart(depth - 1);
    else
        way->restart(top, third, NULL);
    frame[1] = frame[0];
}

static void restart_deep(void *arg)
{
    (void)arg;
    n_steps++;
    back();
    dive_and_restart(20);
}

TEST(a_restart_drops_all_frames)
{
    for (size_t i = 0; i < gu_countof(ways); i++) {
        begin(&ways[i], restart_deep, NULL);
        go();
        assert_int_equal(n_steps, 1);
        go();
        assert_int_equal(n_steps, 101);
        assert_in_range(frame_at, (uintptr_t)top - 4096, (uintptr_t)top);
        assert_int_equal(frame_at % 16, 0);
        go();
        assert_int_equal(n_steps, 201);
        end();
    }
}

/* --- calling on the other stack --- */

static int leaf(void *arg)
{
    volatile char deep[100 * 1024];

    memset((char *)(uintptr_t)deep, 1, sizeof deep);
    look();
    return *(int *)arg + deep[77];
}

static uintptr_t main_frame;
static int leaf_result;

static void call_leaf(void *arg)
{
    for (;;) {
        uint64_t seed = 77;
        KEEP(seed);

        OPAQUE();
        leaf_result = way->call(here, leaf, arg);
        OPAQUE();
        there_kept = there_kept && KEPT(seed);
        back();
    }
}

TEST(a_call_runs_below_where_the_other_stack_stands_and_leaves_it_as_it_was)
{
    for (size_t i = 0; i < gu_countof(ways); i++) {
        char guard[256];
        int n = 41;

        memset(guard, 0x33, sizeof guard);
        main_frame = (uintptr_t)__builtin_frame_address(0);
        begin(&ways[i], call_leaf, &n);
        for (int k = 0; k < 3; k++) {
            go();
            assert_int_equal(leaf_result, 42);
            assert_true(frame_at < main_frame && frame_at > main_frame - 1024 * 1024);
            assert_int_equal(frame_at % 16, 0);
        }
        for (size_t k = 0; k < sizeof guard; k++)
            assert_int_equal(guard[k], 0x33);
        assert_true(there_kept);
        end();
    }
}
