/*
 * locks — semaphores and locks, and what is misuse of any
 */
#include "locks_support.h"
#include "task/task_impl.h"
#include <string.h>

/* --- semaphore --- */

static int pass_permits(void *arg)
{
    struct waiter waiters[] = WAITERS(wait_sem);
    gust_group *group;

    (void)arg;
    assert_int_equal(gust_sem_acquire(&sem), 0);
    group = start(waiters, 4);
    assert_int_equal(gust_sleep(2), 0); /* b leaves */
    for (int i = 0; i < 3; i++) {
        gust_sem_release(&sem);
        gust_yield();
        note("| ");
    }
    gust_ignore(gust_group_wait(group));
    gust_sem_release(&sem);
    assert_int_equal(gust_sem_acquire(&sem), 0); /* nobody's wait lost a permit */
    {
        GUST_DEADLINE(1);
        assert_int_equal(gust_sem_acquire(&sem), -ETIMEDOUT);
    }
    return 0;
}

TEST(a_semaphore_hands_permits_on_in_order_and_loses_none)
{
    reset();
    assert_int_equal(run(pass_permits, NULL), 0);
    assert_string_equal(trail, "late:b a | c | d | ");
}

static int overtake(void *arg)
{
    struct waiter waiters[] = {{wait_sem, "first ", GUST_NEVER}};
    gust_group *group;
    int err;

    (void)arg;
    assert_int_equal(gust_sem_acquire(&sem), 0);
    group = start(waiters, 1);
    gust_sem_release(&sem); /* the waiter has it now, though it has not run */
    {
        GUST_DEADLINE(1);
        err = gust_sem_acquire(&sem);
    }
    note("second ");
    gust_ignore(gust_group_wait(group));
    return err;
}

TEST(nobody_overtakes_a_waiter)
{
    reset();
    assert_int_equal(run(overtake, NULL), -ETIMEDOUT);
    assert_string_equal(trail, "first second ");
}

static int counted(void *arg)
{
    gust_sem three = GUST_SEM(3);

    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(gust_sem_acquire(&three), 0);
    GUST_DEADLINE(0);
    return gust_sem_acquire(&three);
}

TEST(a_semaphore_holds_as_many_permits_as_it_was_given)
{
    assert_int_equal(run(counted, NULL), -ETIMEDOUT);
}

static int give_more(void *arg)
{
    GUST_DEADLINE(0);
    (void)arg;
    gust_sem_release(&sem);
    gust_sem_release(&sem);
    for (int i = 0; i < 3; i++)
        assert_int_equal(gust_sem_acquire(&sem), 0);
    return gust_sem_acquire(&sem);
}

TEST(a_semaphore_may_be_given_more_permits_than_it_had)
{
    reset();
    assert_int_equal(run(give_more, NULL), -ETIMEDOUT);
}

static void release_callback(void *arg)
{
    gust_sem_release(arg);
}

static int wait_for_a_permit_of_a_callback(void *arg)
{
    (void)arg;
    assert_int_equal(gust_sem_acquire(&sem), 0);
    assert_non_null(gust_loop_call_later(gust_loop_current(), 1, release_callback, &sem));
    return gust_sem_acquire(&sem);
}

TEST(a_callback_may_give_a_permit)
{
    reset();
    assert_int_equal(run(wait_for_a_permit_of_a_callback, NULL), 0);
    assert_true(elapsed() == 1);
}

static int hold_permit(void *arg)
{
    {
        GUST_ACQUIRED(&sem);
        note(arg);
        gust_ignore(gust_sleep(1));
        note(arg);
    }
    return gust_sleep(10);
}

static int raise_with_permit(void *arg)
{
    GUST_ACQUIRED(&sem);
    note(arg);
    gu_task_raise(500, "raised with a permit");
}

static int take_permits_in_turns(void *arg)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    (void)arg;
    gust_group_go(group, hold_permit, (void *)(uintptr_t) "a");
    gust_group_go(group, raise_with_permit, (void *)(uintptr_t) "r");
    gust_group_go(group, hold_permit, (void *)(uintptr_t) "b");
    {
        GUST_DEADLINE(0.5);
        gust_group_go(group, hold_permit, (void *)(uintptr_t) "late");
    }
    gust_ignore(gust_group_wait(group));
    assert_int_equal(sem.n_less_one, 0); /* all given back, and none twice */
    return 0;
}

TEST(a_declared_permit_is_held_to_the_end_of_the_block_however_it_is_left)
{
    reset();
    assert_int_equal(run(take_permits_in_turns, NULL), 0);
    assert_string_equal(trail, "aarbb");
}

static int fill_a_bounded_one(void *arg)
{
    gust_sem two = GUST_BOUNDED_SEM(2);

    (void)arg;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gust_sem_acquire(&two), 0);
        assert_int_equal(gust_sem_acquire(&two), 0);
        gust_sem_release(&two);
        gust_sem_release(&two);
    }
    return 0;
}

TEST(a_bounded_semaphore_may_be_filled_again)
{
    assert_int_equal(run(fill_a_bounded_one, NULL), 0);
}

/* --- lock --- */

static int hold(void *arg)
{
    {
        GUST_LOCKED(&lock);
        note(arg);
        gust_ignore(gust_sleep(1));
        note(arg);
    }
    return gust_sleep(10); /* not with the lock */
}

static int raise_holding(void *arg)
{
    GUST_SCOPE();
    GUST_LOCKED(&lock);
    note(arg);
    gu_task_raise(500, "raised with the lock held");
}

static int take_turns(void *arg)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);

    (void)arg;
    gust_group_go(group, hold, (void *)(uintptr_t) "a");
    gust_group_go(group, raise_holding, (void *)(uintptr_t) "r");
    gust_group_go(group, hold, (void *)(uintptr_t) "b");
    gust_ignore(gust_group_wait(group));
    assert_true(elapsed() == 12);
    assert_null(lock.holder);
    return gust_lock_acquire(&lock);
}

TEST(a_lock_is_held_by_one_task_at_a_time_to_the_end_of_a_block_however_it_is_left)
{
    reset();
    assert_int_equal(run(take_turns, NULL), 0);
    assert_string_equal(trail, "aarbb");
}

static int time_out_on_a_lock(void *arg)
{
    gust_group *group = gust_group_new(0);

    assert_int_equal(gust_lock_acquire(&lock), 0);
    {
        GUST_DEADLINE(1);
        gust_group_go(group, hold, arg);
    }
    assert_int_equal(gust_group_wait(group), -ETIMEDOUT);
    gust_lock_release(&lock);
    return gust_lock_acquire(&lock);
}

TEST(gust_locked_returns_if_the_lock_cannot_be_had)
{
    reset();
    assert_int_equal(run(time_out_on_a_lock, NULL), 0);
    assert_string_equal(trail, "");
}

static int acquire_twice(void *arg)
{
    (void)arg;
    gust_ignore(gust_lock_acquire(&lock));
    return gust_lock_acquire(&lock);
}

static int release_unheld(void *arg)
{
    (void)arg;
    gust_lock_release(&lock);
    return 0;
}

static int release_too_often(void *arg)
{
    gust_sem two = GUST_BOUNDED_SEM(2);

    (void)arg;
    assert_int_equal(gust_sem_acquire(&two), 0);
    gust_sem_release(&two);
    gust_sem_release(&two);
    return 0;
}

static void wait_in_vain(void *arg)
{
    (void)arg;
    gust_ignore(gust_cond_wait(&cond));
}

static int notify_elsewhere(void *arg)
{
    gust_cond_notify_all(arg);
    return 0;
}

static int notify_from_a_thread(void *arg)
{
    (void)arg;
    assert_non_null(gust_go(wait_in_vain, NULL, NULL));
    gust_yield();
    return gust_run_in_executor(notify_elsewhere, &cond);
}

static void end_with_the_lock(void *name)
{
    gust_task_set_name(name);
    gust_ignore(gust_lock_acquire(&lock));
}

/* The next task that starts has the memory of the last that ended. */
static int acquire_behind_one_that_ended(void *arg)
{
    (void)arg;
    gust_go(end_with_the_lock, (void *)(uintptr_t) "first", NULL);
    gust_yield();
    gust_yield();
    gust_go(end_with_the_lock, (void *)(uintptr_t) "second", NULL);
    gust_yield();
    return 0;
}

struct call {
    int (*fn)(void *);
};

static void in_a_task(void *arg)
{
    const struct call *call = arg;

    gust_ignore(gust_run(call->fn, NULL));
}

TEST(misuse_aborts)
{
    static const struct {
        const char *name;
        struct call call;
        const char *message;
    } cases[] = {
        {"twice", {acquire_twice}, "task \"main\" acquires a lock that it holds"},
        {"of one that ended",
         {acquire_behind_one_that_ended},
         "task \"second\" acquires a lock that task \"first\" holds, which has ended"},
        {"not held", {release_unheld}, "gust_lock_release: the current task does not hold the"},
        {"too many permits", {release_too_often}, "holds all of its 2 permits already"},
        {"another thread", {notify_from_a_thread}, "locks and queues are for the tasks of one"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct call call = cases[i].call;

        TEST_CASE(cases[i].name);
        reset();
        assert_aborts(in_a_task, &call, cases[i].message);
    }
}
