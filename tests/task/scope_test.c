/*
 * scope — the memory rule, in tasks, callbacks and threads
 */
#include "base/alloc.h"
#include "base/sanitize.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <pthread.h>
#include <string.h>

static size_t used(void)
{
    return gu_task_current()->arena.used;
}

/* --- scopes --- */

static int scopes(void *arg)
{
    (void)arg;
    NOTE_LATER("outer");
    {
        GUST_SCOPE();
        NOTE_LATER("b ");
        NOTE_LATER("a ");
        note("in ");
    }
    note("out ");
    return 0;
}

TEST(defers_run_last_in_first_out_at_the_end_of_their_scope)
{
    assert_int_equal(run(scopes, NULL), 0);
    assert_string_equal(trail, "in a b out outer");
}

static void look(void *memory)
{
    note(memory);
}

static int defer_a_look(void *arg)
{
    (void)arg;
    {
        GUST_SCOPE();
        gust_defer(look, gust_strdup("still here, "));
    }
    gust_defer(look, gust_strdup("at the end of the task too"));
    return 0;
}

TEST(defers_run_before_the_memory_goes)
{
    assert_int_equal(run(defer_a_look, NULL), 0);
    assert_string_equal(trail, "still here, at the end of the task too");
}

static int loop_in_a_scope(void *arg)
{
    size_t before = used();

    (void)arg;
    for (int i = 0; i < 1000; i++) {
        GUST_SCOPE();
        memset(gust_alloc(10000), 1, 10000);
        memset(gust_alloc(100), 1, 100);
    }
    return used() == before ? 0 : 1;
}

TEST(a_scope_in_a_loop_keeps_the_task_from_growing)
{
    assert_int_equal(run(loop_in_a_scope, NULL), 0);
}

static void defer_more(void *arg)
{
    (void)arg;
    NOTE_LATER("more ");
    note("first ");
}

static int nested_defers(void *arg)
{
    {
        GUST_SCOPE();
        NOTE_LATER("last ");
        gust_defer(defer_more, arg);
    }
    note("end");
    return 0;
}

TEST(a_deferred_call_may_defer_and_open_scopes)
{
    assert_int_equal(run(nested_defers, NULL), 0);
    assert_string_equal(trail, "first more last end");
}

static void sleep_and_look(void *text)
{
    gust_ignore(gust_sleep(1));
    note(text);
}

static int defer_a_wait(void *arg)
{
    (void)arg;
    {
        GUST_SCOPE();
        gust_defer(sleep_and_look, gust_strdup("waited "));
    }
    note(elapsed() == 1 ? "on" : "not");
    return 0;
}

TEST(a_deferred_call_may_wait)
{
    assert_int_equal(run(defer_a_wait, NULL), 0);
    assert_string_equal(trail, "waited on");
}

static int alignment_and_text(void *arg)
{
    (void)arg;
    for (size_t size = 0; size < 5000; size += 7) {
        char *p = gust_alloc(size);

        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 1, size);
    }
    assert_string_equal(gust_strdup("abc"), "abc");
    assert_memory_equal(gust_strndup("ab\0cd", 5), "ab\0cd", 6);
    assert_string_equal(gust_sprintf("%d %s %.3f", 12, "abc", 1.5), "12 abc 1.500");
    assert_int_equal(strlen(gust_sprintf("%Lf", (long double)1e300)), 301 + 7);
    for (int n = 0; n < 6000; n += 11)
        assert_int_equal(strlen(gust_sprintf("%*d", n + 1, 1)), n + 1);
    return 0;
}

TEST(memory_is_aligned_and_text_is_of_any_length)
{
    assert_int_equal(run(alignment_and_text, NULL), 0);
}

static int alloc_nothing(void *arg)
{
    (void)arg;
    gust_alloc(0);
    return gust_try_alloc(0) != NULL ? 0 : 1;
}

TEST(nothing_can_be_allocated)
{
    GUST_SCOPE();
    assert_non_null(gust_try_alloc(0));
    assert_int_equal(run(alloc_nothing, NULL), 0);
}

/* --- moves --- */

static int adopt(void *arg)
{
    size_t before = used();
    char *text;

    (void)arg;
    {
        GUST_SCOPE();
        gust_arena *arena = gust_arena_new();

        text = gust_arena_strdup(arena, "moved");
        gust_arena_adopt(arena);
        gust_arena_adopt(NULL);
        gust_alloc(10000);
        assert_string_equal(text, "moved");
        assert_true(used() > before);
    }
    return used() == before ? 0 : 1;
}

TEST(an_adopted_arena_ends_with_the_scope_that_adopted_it)
{
    assert_int_equal(run(adopt, NULL), 0);
}

static void use_arena(void *text)
{
    note(text);
}

static int give_arena(void *arg)
{
    gust_arena *arena = gust_arena_new();
    char *text = gust_arena_strdup(arena, "in the task's arena");

    (void)arg;
    assert_non_null(gust_go(use_arena, text, arena));
    gust_yield();
    return 0;
}

TEST(gust_go_takes_an_arena_along)
{
    assert_int_equal(run(give_arena, NULL), 0);
    assert_string_equal(trail, "in the task's arena");
}

static char *result[2];

static int make_small_result(void *arg)
{
    (void)arg;
    gust_yield();
    result[0] = gust_strdup("small");
    return 0;
}

static int make_large_result(void *arg)
{
    (void)arg;
    result[1] = gust_alloc(20000);
    memset(result[1], 'x', 20000);
    return 0;
}

static int no_result(void *arg)
{
    (void)arg;
    return 0;
}

static int join_results(void *arg)
{
    struct gu_stack_pool *pool = &gu_task_current()->home->stacks;
    size_t before = used(), stacks = pool->n_used;

    (void)arg;
    {
        GUST_SCOPE();
        gust_group *group = gust_group_new(0);

        gust_group_go(group, make_small_result, NULL);
        gust_group_go(group, make_large_result, NULL);
        gust_group_go(group, no_result, NULL);
        assert_int_equal(gust_group_wait(group), 0);
        assert_string_equal(result[0], "small");
        assert_int_equal(result[1][19999], 'x');
        assert_int_equal(pool->n_used, stacks + 1); /* the small result lies in a stack */
        assert_true(used() >= before + 20000 + GU_PAGE);
    }
    assert_int_equal(pool->n_used, stacks);
    return used() == before ? 0 : 1;
}

TEST(a_joined_childs_memory_lives_in_the_parents_scope)
{
    assert_int_equal(run(join_results, NULL), 0);
}

static int join_many(void *arg)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    (void)arg;
    for (int i = 0; i < 10000; i++) {
        gust_group_go(group, no_result, NULL);
        if (i % 100 == 99)
            assert_int_equal(gust_group_wait(group), 0);
    }
    return (int)gu_task_current()->home->stacks.peak;
}

TEST(children_that_allocated_nothing_keep_no_stack)
{
    assert_true(run(join_many, NULL) < 150);
}

/* --- limits --- */

static int too_much(void *arg)
{
    (void)arg;
    GUST_SCOPE();
    NOTE_LATER("unwound");
    gust_alloc(*(size_t *)arg);
    note("allocated ");
    return 0;
}

TEST(a_task_may_hold_64_mib)
{
    size_t most = GU_TASK_MEMORY - 100, more = GU_TASK_MEMORY;

    assert_int_equal(run(too_much, &most), 0);
    assert_string_equal(trail, "allocated unwound");
    assert_int_equal(run(too_much, &more), -ENOMEM);
    assert_string_equal(trail, "unwound");
    more = SIZE_MAX;
    assert_int_equal(run(too_much, &more), -ENOMEM);
}

static void alloc_at_the_limit(void *arg)
{
    (void)arg;
    gust_alloc(100000);
    note("cleaned ");
}

static int fill_and_clean(void *arg)
{
    (void)arg;
    gust_defer(alloc_at_the_limit, NULL);
    {
        GUST_SCOPE();
        gust_defer(alloc_at_the_limit, NULL);
        for (int i = 0; i < 100000; i++)
            gust_alloc(1000);
    }
    return 0;
}

TEST(clean_up_may_allocate_when_the_limit_was_reached)
{
    assert_int_equal(run(fill_and_clean, NULL), -ENOMEM);
    assert_string_equal(trail, "cleaned cleaned ");
}

static int alloc_beyond_the_limit(void *arg)
{
    (void)arg;
    assert_null(gust_try_alloc(GU_TASK_MEMORY + 1));
    assert_non_null(gust_try_alloc(100));
    return 0;
}

TEST(try_alloc_answers_null_where_alloc_raises)
{
    assert_int_equal(run(alloc_beyond_the_limit, NULL), 0);
}

/* --- outside tasks --- */

static char *scratch[3];

static void use_scratch(void *arg)
{
    int *n = arg;

    scratch[*n] = gust_alloc(5000);
    memset(scratch[*n], 1, 5000);
    NOTE_LATER("d");
    note("c");
    if (++*n < 3)
        gust_ignore(gust_loop_add_callback(gust_loop_current(), use_scratch, n));
    else
        gust_loop_stop(gust_loop_current());
}

static void run_callbacks(void)
{
    gust_loop *loop = gust_loop_current();
    int n = 0;

    trail[0] = '\0';
    gust_ignore(gust_loop_add_callback(loop, use_scratch, &n));
    assert_int_equal(gust_loop_start(loop), 0);
    gust_loop_close(loop);
    assert_string_equal(trail, "cdcdcd");
}

TEST(a_callback_has_a_scratch_arena_that_ends_with_the_turn)
{
    run_callbacks();
}

TEST(callbacks_do_not_fill_the_scope_of_who_runs_the_loop)
{
    GUST_SCOPE();
    char *text = gust_strdup("outer");

    run_callbacks();
    assert_string_equal(text, "outer");
    assert_string_equal(gust_strdup("and again"), "and again");
}

static void scope_in_a_callback(void *arg)
{
    char *text = gust_strdup("kept ");

    (void)arg;
    {
        GUST_SCOPE();
        NOTE_LATER("inner ");
        gust_alloc(5000);
    }
    note(text);
    gust_loop_stop(gust_loop_current());
}

TEST(scopes_nest_in_callbacks)
{
    gust_loop *loop = gust_loop_current();

    trail[0] = '\0';
    gust_ignore(gust_loop_add_callback(loop, scope_in_a_callback, NULL));
    gust_loop_start(loop);
    gust_loop_close(loop);
    assert_string_equal(trail, "inner kept ");
}

static void *allocate_in_a_thread(void *arg)
{
    (void)arg;
    GUST_SCOPE();
    NOTE_LATER("closed ");
    note(gust_sprintf("%s ", "in a thread"));
    {
        GUST_SCOPE();
        gust_alloc(100000);
    }
    return NULL;
}

TEST(on_a_thread_without_a_loop_calls_allocate_from_the_open_scope)
{
    pthread_t thread;

    trail[0] = '\0';
    assert_int_equal(pthread_create(&thread, NULL, allocate_in_a_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(trail, "in a thread closed ");
}

/* --- misuse --- */

static void alloc_without_a_scope(void *arg)
{
    (void)arg;
    gust_alloc(1);
}

static void alloc_beside_a_loop(void *arg)
{
    gust_loop *loop = gust_loop_current();

    gust_loop_stop(loop);
    gust_loop_start(loop);
    gust_alloc(*(int *)arg != 0);
}

static void defer_without_a_scope(void *arg)
{
    gust_defer(note_deferred, arg);
}

static gust_scope left;

static void leave_scope(void *arg)
{
    (void)arg;
    gust_scope_close_(&left);
}

static int open_in_one_task(void *arg)
{
    (void)arg;
    gust_scope_open_(&left);
    gust_ignore(gust_go(leave_scope, NULL, NULL) != NULL);
    gust_yield();
    return 0;
}

static void leave_in_another_task(void *arg)
{
    gust_ignore(gust_run(open_in_one_task, arg));
}

static void out_of_memory_outside(void *arg)
{
    (void)arg;
    GUST_SCOPE();
    gu_alloc_fail_at(1);
    gust_alloc(100000);
}

TEST(memory_from_nowhere_aborts)
{
    static int one = 1;
    static const struct {
        const char *name;
        void (*fn)(void *);
        const char *message;
    } cases[] = {
        {"no scope, no loop", alloc_without_a_scope, "open a GUST_SCOPE first"},
        {"beside a loop that does not run", alloc_beside_a_loop, "open a GUST_SCOPE first"},
        {"a defer", defer_without_a_scope, "open a GUST_SCOPE first"},
        {"a scope left in another task", leave_in_another_task,
         "a GUST_SCOPE of one task was left in another"},
        {"no memory", out_of_memory_outside, "gust_try_alloc() does not abort"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_aborts(cases[i].fn, &one, cases[i].message);
    }
}

#if GU_ASAN
static char *kept;

static int keep_beyond_the_task(void *arg)
{
    (void)arg;
    kept = gust_strdup("dead");
    return 0;
}

static void read_beyond_the_task(void *arg)
{
    gust_loop *loop = gust_loop_current();

    (void)arg;
    gust_ignore(gust_run(keep_beyond_the_task, NULL));
    if (__asan_address_is_poisoned(kept))
        gu_misuse("the arena is poisoned");
    gust_loop_close(loop);
}

TEST(debug_builds_poison_arenas_that_ended)
{
    assert_aborts(read_beyond_the_task, NULL, "the arena is poisoned");
}
#endif
