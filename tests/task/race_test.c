/*
 * race — a wake-up, and a deadline or a cancellation, in the same turn
 *
 * Two tasks wait, `a` before `b`. In one turn `a` is woken and gives up, in either order. Whichever
 * is first decides: if the wake-up, `a` has what it waited for, although its time is over; if not,
 * the wake-up is for `b`, and not lost with `a`.
 */
#include "task/task_impl.h"
#include "task_support.h"
#include <string.h>

static gust_cond cond;
static gust_event event;
static gust_sem sem;
static gust_lock lock;
static gust_queue *queue;
static gust_future *future;

/* --- what is waited for --- */

static int wait_cond(void)
{
    return gust_cond_wait(&cond);
}

static void notify(void)
{
    gust_cond_notify(&cond, 1);
}

static int wait_event(void)
{
    return gust_event_wait(&event);
}

static void set(void)
{
    gust_event_set(&event);
    gust_event_clear(&event);
}

static void take_permit(void)
{
    assert_int_equal(gust_sem_acquire(&sem), 0);
}

static int wait_permit(void)
{
    return gust_sem_acquire(&sem);
}

static void give_permit(void)
{
    gust_sem_release(&sem);
}

static void take_lock(void)
{
    assert_int_equal(gust_lock_acquire(&lock), 0);
}

static int wait_lock(void)
{
    int err = gust_lock_acquire(&lock);

    if (err == 0)
        gust_lock_release(&lock);
    return err;
}

static void give_lock(void)
{
    if (lock.holder == gu_task_current())
        gust_lock_release(&lock);
}

static int wait_item(void)
{
    void *item = NULL;
    int err = gust_queue_get(queue, &item);

    assert_int_equal(item != NULL, err == 0);
    return err;
}

static void give_item(void)
{
    assert_int_equal(gust_queue_try_put(queue, &queue), 0);
}

static int wait_place(void)
{
    return gust_queue_put(queue, &queue);
}

static void give_place(void)
{
    void *item;

    assert_int_equal(gust_queue_try_get(queue, &item), 0);
    assert_ptr_equal(item, &queue);
}

static int wait_join(void)
{
    return gust_queue_join(queue);
}

static void give_work(void)
{
    give_item();
    give_place();
}

static void do_work(void)
{
    gust_queue_task_done(queue);
    give_work();
}

static int wait_future(void)
{
    return gust_await(future, NULL);
}

static void resolve(void)
{
    gust_future_try_resolve(future, 0, NULL, NULL);
}

static int wait_any(void)
{
    gust_future *futures[] = {future, future};
    size_t which;

    return gust_await_any(futures, 2, &which);
}

static int wait_next(void)
{
    size_t which;
    int more = gust_wait_iter_next(gust_wait_iter_new(&future, 1), &which);

    return more < 0 ? more : 0;
}

/* --- two waiters --- */

enum order { WOKEN_THEN_LATE, LATE_THEN_WOKEN, WOKEN_THEN_CANCELLED, CANCELLED_THEN_WOKEN };

struct primitive {
    const char *name;
    void (*prepare)(void);
    int (*wait)(void);
    void (*wake)(void);
    bool wakes_all;
};

struct race {
    const struct primitive *primitive;
    enum order order;
};

struct waiter {
    const struct primitive *primitive;
    const char *name;
    double deadline;
};

static void wait_and_note(void *arg)
{
    const struct waiter *w = arg;
    int err;

    GUST_DEADLINE(w->deadline);
    err = w->primitive->wait();
    note(err == 0 ? "" : err == -ETIMEDOUT || err == -ECANCELED ? "not " : "??? ");
    note(w->name);
}

static void wake_and_give_up(const struct race *race, gust_task *a)
{
    switch (race->order) {
    case WOKEN_THEN_LATE:
        spend(1); /* the deadline has passed, and the loop has not looked yet */
        race->primitive->wake();
        break;
    case LATE_THEN_WOKEN:
        assert_int_equal(gust_sleep(1), 0);
        race->primitive->wake();
        break;
    case WOKEN_THEN_CANCELLED:
        race->primitive->wake();
        gust_cancel(a);
        break;
    case CANCELLED_THEN_WOKEN:
        gust_cancel(a);
        race->primitive->wake();
        break;
    }
}

static int run_race(void *arg)
{
    const struct race *race = arg;
    struct waiter a = {race->primitive, "a ", 1}, b = {race->primitive, "b ", GUST_NEVER};
    gust_task *task;

    if (race->primitive->prepare != NULL)
        race->primitive->prepare();
    assert_non_null(task = gust_go(wait_and_note, &a, NULL));
    assert_non_null(gust_go(wait_and_note, &b, NULL));
    gust_yield();
    wake_and_give_up(race, task);
    assert_int_equal(gust_sleep(1), 0); /* nobody's deadline is left now */
    note("| ");
    race->primitive->wake();
    assert_int_equal(gust_sleep(1), 0);
    gust_future_unref(future);
    return 0;
}

static void reset(void)
{
    gust_queue_options options = {.max_size = 1};

    memset(&cond, 0, sizeof cond);
    memset(&event, 0, sizeof event);
    memset(&sem, 0, sizeof sem);
    memset(&lock, 0, sizeof lock);
    queue = gust_queue_new(&options);
    future = NULL;
}

static void make_future(void)
{
    future = gust_future_new();
}

TEST(what_comes_first_in_a_turn_decides_and_no_wake_up_is_lost)
{
    static const struct primitive primitives[] = {
        {"condition", NULL, wait_cond, notify, false},
        {"event", NULL, wait_event, set, true},
        {"semaphore", take_permit, wait_permit, give_permit, false},
        {"lock", take_lock, wait_lock, give_lock, true /* who has it gives it on */},
        {"getting from a queue", NULL, wait_item, give_item, false},
        {"putting into a queue", give_item, wait_place, give_place, false},
        {"joining a queue", give_work, wait_join, do_work, true},
        {"awaiting a future", make_future, wait_future, resolve, true},
        {"awaiting any", make_future, wait_any, resolve, true},
        {"the next of an iterator", make_future, wait_next, resolve, true},
    };
    static const struct {
        enum order order;
        const char *one, *all; /* the trail of what wakes one, and of what wakes all */
    } orders[] = {
        {WOKEN_THEN_LATE, "a | b ", "a b | "},
        {LATE_THEN_WOKEN, "not a b | ", "not a b | "},
        {WOKEN_THEN_CANCELLED, "a | b ", "a b | "},
        {CANCELLED_THEN_WOKEN, "not a b | ", "not a b | "},
    };

    for (size_t i = 0; i < gu_countof(primitives); i++) {
        for (size_t j = 0; j < gu_countof(orders); j++) {
            struct race race = {&primitives[i], orders[j].order};

            TEST_CASE(primitives[i].name);
            reset();
            assert_int_equal(run(run_race, &race), 0);
            assert_string_equal(trail, primitives[i].wakes_all ? orders[j].all : orders[j].one);
            assert_null(cond.waiters.first);
            assert_null(event.waiters.first);
            assert_null(sem.waiters.first);
            assert_null(lock.sem.waiters.first);
            gust_queue_free(queue, NULL); /* which aborts if somebody waits */
        }
    }
}
