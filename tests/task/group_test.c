/*
 * group — tasks that end together
 */
#include "base/alloc.h"
#include "task/task_impl.h"
#include "task_support.h"

struct child {
    double seconds;
    int result;
    const char *name;
};

static int sleep_and_return(void *arg)
{
    const struct child *c = arg;
    int err = gust_sleep(c->seconds);

    note(err < 0 ? "!" : "");
    note(c->name);
    return err < 0 ? err : c->result;
}

struct plan {
    const char *name;
    unsigned flags;
    double deadline;
    struct child children[4]; /* NULL-terminated */
    int err;
    double took;
    const char *trail;
};

static int carry_out(void *arg)
{
    struct plan *p = arg;
    gust_group *group = gust_group_new(p->flags);

    GUST_DEADLINE(p->deadline);
    for (struct child *c = p->children; c->name != NULL; c++)
        gust_group_go(group, sleep_and_return, c);
    return gust_group_wait(group);
}

TEST(a_join_returns_when_all_have_ended_with_the_first_error)
{
    static const struct plan plans[] = {
        {"none", 0, GUST_NEVER, {{0, 0, NULL}}, 0, 0, ""},
        {"all well", 0, GUST_NEVER, {{3, 0, "3"}, {1, 7, "1"}, {2, 0, "2"}}, 0, 3, "123"},
        {"the first error cancels the rest",
         0,
         GUST_NEVER,
         {{3, 0, "3"}, {1, -EIO, "1"}, {2, -EPERM, "2"}},
         -EIO,
         1,
         "1!3!2"},
        {"keep going",
         GUST_GROUP_KEEP_GOING,
         GUST_NEVER,
         {{3, 0, "3"}, {1, -EIO, "1"}, {2, -EPERM, "2"}},
         -EIO,
         3,
         "123"},
        {"the deadline cancels", 0, 1.5, {{3, 0, "3"}, {1, 0, "1"}}, -ETIMEDOUT, 1.5, "1!3"},
        {"the deadline has passed", 0, 0, {{3, 0, "3"}}, -ETIMEDOUT, 0, "!3"},
    };

    for (size_t i = 0; i < gu_countof(plans); i++) {
        struct plan plan = plans[i];

        TEST_CASE(plan.name);
        assert_int_equal(run(carry_out, &plan), plan.err);
        assert_string_equal(trail, plan.trail);
        assert_true(elapsed() == plan.took);
    }
}

static int reuse(void *arg)
{
    struct child bad = {1, -EIO, "bad "}, good = {1, 0, "good"};
    gust_group *group = gust_group_new(0);

    (void)arg;
    gust_group_go(group, sleep_and_return, &bad);
    assert_int_equal(gust_group_wait(group), -EIO);
    gust_group_go(group, sleep_and_return, &good);
    return gust_group_wait(group);
}

TEST(a_group_can_be_used_again)
{
    assert_int_equal(run(reuse, NULL), 0);
    assert_string_equal(trail, "bad good");
}

static int leave_scope(void *arg)
{
    struct child slow = {100, 0, "slow "};

    (void)arg;
    {
        GUST_SCOPE();
        NOTE_LATER("memory still stands ");
        gust_group_go(gust_group_new(0), sleep_and_return, &slow);
        gust_yield();
    }
    note("out");
    return 0;
}

TEST(what_runs_when_the_scope_ends_is_cancelled_and_joined)
{
    assert_int_equal(run(leave_scope, NULL), 0);
    assert_string_equal(trail, "!slow memory still stands out");
}

static void wait_for_group(void *arg)
{
    struct child slow = {100, 0, "slow "};
    gust_group *group = gust_group_new(0);
    int *err = arg;

    gust_group_go(group, sleep_and_return, &slow);
    *err = gust_group_wait(group);
}

static int cancel_the_parent(void *arg)
{
    gust_task *task = gust_go(wait_for_group, arg, NULL);

    gust_yield();
    gust_yield();
    gust_cancel(task);
    return gust_sleep(1);
}

TEST(cancelling_the_parent_cancels_the_children_and_waits_for_them)
{
    int err = 1;

    assert_int_equal(run(cancel_the_parent, &err), 0);
    assert_int_equal(err, -ECANCELED);
    assert_string_equal(trail, "!slow ");
}

static int stubborn(void *arg)
{
    GUST_SHIELD(10);
    gust_ignore(gust_sleep(4));
    note(arg);
    return 0;
}

static int join_stubborn(void *arg)
{
    gust_group *group = gust_group_new(0);
    GUST_DEADLINE(1);

    (void)arg;
    gust_group_go(group, stubborn, (void *)(uintptr_t) "cleaned");
    return gust_group_wait(group);
}

TEST(a_child_that_cleans_up_is_waited_out)
{
    assert_int_equal(run(join_stubborn, NULL), -ETIMEDOUT);
    assert_string_equal(trail, "cleaned");
    assert_true(elapsed() == 4);
}

static int go_without_memory(void *arg)
{
    struct child slow = {100, 0, "slow "};
    struct gu_tasks *tasks = gu_task_current()->home;
    gust_group *group = gust_group_new(0);
    int err;

    (void)arg;
    gust_group_go(group, sleep_and_return, &slow);
    tasks->max_live = tasks->n_live;
    gust_group_go(group, sleep_and_return, &slow);
    err = gust_group_wait(group);
    tasks->max_live = tasks->n_live;
    assert_null(gust_go(note_deferred, NULL, gust_arena_new()));
    return err;
}

TEST(a_child_that_cannot_start_is_the_groups_error)
{
    assert_int_equal(run(go_without_memory, NULL), -ENOMEM);
    assert_string_equal(trail, "!slow ");
}

static gust_group *foreign;

static void go_in_foreign(void *arg)
{
    gust_group_go(foreign, sleep_and_return, arg);
}

static void wait_for_foreign(void *arg)
{
    (void)arg;
    gust_ignore(gust_group_wait(foreign));
}

static int share_a_group(void *fn)
{
    void (*use)(void *) = *(void (**)(void *))fn;

    foreign = gust_group_new(0);
    gust_ignore(gust_go(use, NULL, NULL) != NULL);
    gust_yield();
    return 0;
}

static void run_shared(void *fn)
{
    gust_ignore(gust_run(share_a_group, fn));
}

TEST(a_group_belongs_to_one_task)
{
    void (*go)(void *) = go_in_foreign, (*wait)(void *) = wait_for_foreign;

    assert_aborts(run_shared, &go, "gust_group_go: the group belongs to another task");
    assert_aborts(run_shared, &wait, "gust_group_wait: the group belongs to another task");
}
