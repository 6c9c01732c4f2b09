/*
 * raise — the second way out: what runs, in which order, and where it is forbidden
 */
#include "base/log.h"
#include "base/loopstack.h"
#include "task/task_impl.h"
#include "task_support.h"
#include <stdio.h>
#include <string.h>

/* A task whose owner handles raises, as the HTTP room's does. */
struct owner {
    void (*body)(void);
    void (*handle)(void); /* more of raised() */
    int n_raised, code;
    char message[128];
    gu_time deadline;
    int n_shields;
    bool has_ended;
};

static void end_owner(void *arg)
{
    struct owner *owner = arg;

    owner->has_ended = true;
    gust_loop_stop(gust_loop_current());
}

static void owned(struct gust_task *task)
{
    struct owner *owner = task->arg;

    owner->body();
    note("returned ");
}

static void owner_raised(struct gust_task *task)
{
    struct owner *owner = task->arg;

    owner->n_raised++;
    owner->code = task->raise_code;
    owner->deadline = task->deadline;
    owner->n_shields = task->n_shields;
    snprintf(owner->message, sizeof owner->message, "%s", task->raise_message);
    note("raised ");
    if (owner->handle != NULL)
        owner->handle();
}

static struct owner run_owned(void (*body)(void), void (*handle)(void))
{
    struct owner owner = {.body = body, .handle = handle};
    gust_loop *loop = gust_loop_current();
    struct gust_task *task = gu_task_new(gu_tasks_of(loop), owned, "owned");

    trail[0] = '\0';
    task->arg = &owner;
    task->raised = owner_raised;
    assert_true(gu_task_defer(task, end_owner, &owner));
    gu_task_start_soon(task);
    while (!owner.has_ended)
        gust_loop_start(loop);
    gust_loop_close(loop);
    return owner;
}

/* --- order --- */

static int child_cancelled(void *arg)
{
    int err = gust_sleep(GUST_NEVER);

    note(arg);
    return err;
}

static void raise_inside(void)
{
    GUST_SCOPE();
    NOTE_LATER("d3 ");
    gust_group *group = gust_group_new(0);

    gust_group_go(group, child_cancelled, (void *)(uintptr_t) "joined ");
    gust_yield();
    NOTE_LATER("d4 ");
    gu_task_raise(404, "no %s %d", "story", 7);
}

static void raise_deep(void)
{
    NOTE_LATER("d1 ");
    {
        GUST_SCOPE();
        NOTE_LATER("d2 ");
        raise_inside();
        note("not reached ");
    }
}

TEST(a_raise_joins_groups_and_runs_defers_inside_out_and_then_drops_the_stack)
{
    struct owner owner = run_owned(raise_deep, NULL);

    assert_string_equal(trail, "d4 joined d3 d2 raised d1 ");
    assert_int_equal(owner.n_raised, 1);
    assert_int_equal(owner.code, 404);
    assert_string_equal(owner.message, "no story 7");
}

static void check_frame(void *text)
{
    note(text); /* lies in the frame that raises */
}

static void raise_over_a_buffer(void)
{
    char buffer[64] = "frame stands ";

    GUST_SCOPE();
    gust_defer(check_frame, buffer);
    gu_task_raise(500, "%s", buffer);
}

TEST(defers_run_while_the_frames_still_stand)
{
    struct owner owner = run_owned(raise_over_a_buffer, NULL);

    assert_string_equal(trail, "frame stands raised ");
    assert_string_equal(owner.message, "frame stands ");
}

static void wait_in_a_defer(void *arg)
{
    (void)arg;
    gust_yield();
    note("waited ");
}

static void raise_over_a_wait(void)
{
    GUST_SCOPE();
    gust_defer(wait_in_a_defer, NULL);
    gu_task_raise(500, "x");
}

TEST(a_deferred_call_may_wait_while_the_stack_unwinds)
{
    run_owned(raise_over_a_wait, NULL);
    assert_string_equal(trail, "waited raised ");
}

static bool bound_in_defer[2];

static void look_at_bounds(void *arg)
{
    bound_in_defer[(intptr_t)arg] = gu_task_current()->deadline != GU_FOREVER;
}

static void raise_under_declarations(void)
{
    GUST_SCOPE();
    gust_defer(look_at_bounds, (void *)0);
    GUST_DEADLINE(50);
    GUST_SHIELD(100);
    {
        GUST_SCOPE();
        gust_defer(look_at_bounds, (void *)1);
        GUST_DEADLINE(0.001);
        gu_task_raise(500, "x");
    }
}

TEST(a_raise_ends_declarations_as_leaving_their_blocks_would)
{
    struct owner owner = run_owned(raise_under_declarations, NULL);

    assert_int_equal(owner.deadline, GU_FOREVER);
    assert_int_equal(owner.n_shields, 0);
    assert_false(bound_in_defer[0]);
    assert_true(bound_in_defer[1]);
}

static void raise_long(void)
{
    gu_task_raise(400, "%0600d", 1);
}

TEST(a_long_message_is_cut)
{
    assert_int_equal(run_owned(raise_long, NULL).code, 400);
}

/* --- raising while a raise is handled --- */

static void raise_plainly(void)
{
    gu_task_raise(500, "again");
}

TEST(handling_a_raise_may_raise_once_and_never_goes_round_for_ever)
{
    struct owner owner = run_owned(raise_plainly, raise_plainly);

    assert_int_equal(owner.n_raised, 2);
    assert_true(owner.has_ended);
}

static void fill(void)
{
    for (;;)
        gust_alloc(5000);
}

static void make_page(void)
{
    memset(gust_alloc(30000), 1, 30000);
    note("page ");
}

TEST(after_the_memory_limit_there_is_memory_for_an_error_page)
{
    struct owner owner = run_owned(fill, make_page);

    assert_string_equal(trail, "raised page ");
    assert_int_equal(owner.code, 503);
    assert_non_null(strstr(owner.message, "\"owned\" passed its memory limit of 67108864 bytes"));
}

static int raise_in_child(void *arg)
{
    gu_task_raise((int)(intptr_t)arg, "child");
}

static int join_raised(void *arg)
{
    gust_group *group = gust_group_new(0);

    gust_group_go(group, raise_in_child, arg);
    return gust_group_wait(group);
}

TEST(a_raise_in_a_child_is_the_groups_error)
{
    static const struct {
        const char *name;
        int code, err;
    } cases[] = {
        {"a status", 404, -EIO},
        {"out of memory", 503, -ENOMEM},
        {"an error", -GUST_EFULL, -GUST_EFULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(run(join_raised, (void *)(intptr_t)cases[i].code), cases[i].err);
    }
}

static int raise_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3000; i++) {
        GUST_SCOPE();
        assert_int_equal(join_raised((void *)404), -EIO);
    }
    return 0;
}

static bool count_line(void *n, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)level;
    (void)logger;
    *(int *)n += memmem(message.ptr, message.len, "raised", 6) != NULL;
    return true;
}

TEST(pooled_stacks_survive_many_raises_and_each_is_logged_once)
{
    int n = 0;

    gu_log_set_sink(count_line, &n);
    assert_int_equal(run(raise_many, NULL), 0);
    gu_log_set_sink(NULL, NULL);
    assert_int_equal(n, 3000);
}

/* --- where it is forbidden --- */

static void raise_outside(void *arg)
{
    (void)arg;
    gu_task_check_raise("gust_need_argument");
}

static int raise_in_no_raise(void *arg)
{
    GUST_NO_RAISE();
    gu_task_check_raise("gust_need_argument");
    return *(int *)arg;
}

static int alloc_in_no_raise(void *arg)
{
    GUST_NO_RAISE();
    gust_alloc(1); /* aborts though there is memory */
    return *(int *)arg;
}

static int sprintf_in_no_raise(void *arg)
{
    GUST_NO_RAISE();
    gust_sprintf("%d", *(int *)arg);
    return 0;
}

static int wait_in_no_raise(void *arg)
{
    (void)arg;
    GUST_NO_RAISE();
    return gust_sleep(1);
}

static void raise_deferred(void *arg)
{
    (void)arg;
    gu_task_raise(500, "x");
}

static int raise_in_a_defer(void *arg)
{
    GUST_SCOPE();
    gust_defer(raise_deferred, arg);
    return 0;
}

static int raise_in_a_root_defer(void *arg)
{
    gust_defer(raise_deferred, arg);
    return 0;
}

static int raise_while_raising(void *arg)
{
    gust_defer(raise_deferred, arg);
    gu_task_raise(500, "y");
}

static int leaf_that_raises(void *arg)
{
    (void)arg;
    gu_task_check_raise("gust_need_argument");
    return 0;
}

static int leaf_that_waits(void *arg)
{
    (void)arg;
    return gust_sleep(1);
}

static int raise_in_a_leaf(void *arg)
{
    return gu_on_loop_stack(leaf_that_raises, arg);
}

static int wait_in_a_leaf(void *arg)
{
    return gu_on_loop_stack(leaf_that_waits, arg);
}

static int group_in_a_leaf(void *arg)
{
    return gu_on_loop_stack(join_raised, arg);
}

struct in_task {
    int (*fn)(void *);
};

static void run_for_abort(void *arg)
{
    static int zero;
    const struct in_task *t = arg;

    gust_ignore(gust_run(t->fn, &zero));
}

TEST(raising_and_waiting_are_refused_where_the_stack_must_not_be_dropped)
{
    static const struct {
        const char *name;
        struct in_task task;
        const char *message;
    } cases[] = {
        {"raise in GUST_NO_RAISE",
         {raise_in_no_raise},
         "gust_need_argument may raise, and was called inside GUST_NO_RAISE by task \"main\": use "
         "the form that returns"},
        {"alloc in GUST_NO_RAISE", {alloc_in_no_raise}, "gust_alloc may raise"},
        {"sprintf in GUST_NO_RAISE", {sprintf_in_no_raise}, "gust_sprintf may raise"},
        {"wait in GUST_NO_RAISE", {wait_in_no_raise}, "task \"main\" waits inside GUST_NO_RAISE"},
        {"raise in a deferred call", {raise_in_a_defer}, "inside a deferred call"},
        {"raise in the task's last calls", {raise_in_a_root_defer}, "inside a deferred call"},
        {"raise while raising", {raise_while_raising}, "inside a deferred call"},
        {"raise in a leaf", {raise_in_a_leaf}, "inside a leaf call on the loop's stack"},
        {"wait in a leaf", {wait_in_a_leaf}, "waits inside a leaf call on the loop's stack"},
        {"wait for a group in a leaf", {group_in_a_leaf}, "inside a leaf call"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct in_task task = cases[i].task;

        TEST_CASE(cases[i].name);
        assert_aborts(run_for_abort, &task, cases[i].message);
    }
    assert_aborts(raise_outside, NULL,
                  "gust_need_argument may raise, and was called outside a task");
}

static int after_no_raise(void *arg)
{
    (void)arg;
    {
        GUST_NO_RAISE();
        assert_non_null(gust_try_alloc(100));
    }
    gust_alloc(1);
    return gust_sleep(1);
}

TEST(gust_no_raise_ends_with_its_block)
{
    assert_int_equal(run(after_no_raise, NULL), 0);
}

/* --- leaf calls --- */

static int use_much_stack(void *arg)
{
    volatile char deep[400 * 1024];

    memset((char *)(uintptr_t)deep, 1, sizeof deep);
    *(char **)arg = gust_try_alloc(100);
    return deep[1000] + 41;
}

static int leaf_in_leaf(void *arg)
{
    return gu_on_loop_stack(use_much_stack, arg) + 1;
}

static int call_leaves(void *arg)
{
    char *memory = NULL;

    (void)arg;
    assert_int_equal(gu_on_loop_stack(use_much_stack, &memory), 42);
    assert_non_null(memory); /* from the task's arena */
    memset(memory, 1, 100);
    assert_int_equal(gu_on_loop_stack(leaf_in_leaf, &memory), 43);
    gust_yield();
    assert_int_equal(gu_on_loop_stack(use_much_stack, &memory), 42);
    return 0;
}

TEST(a_leaf_call_has_the_loops_big_stack_and_the_tasks_arena)
{
    char *memory;

    GUST_SCOPE();
    assert_int_equal(run(call_leaves, NULL), 0);
    assert_int_equal(gu_on_loop_stack(use_much_stack, &memory), 42); /* a plain call here */
}
