/*
 * model — a lock, a semaphore, a condition and a queue against what they should be
 *
 * A dozen tasks do random things to them, with deadlines, and cancel each other. A model of a few
 * lines says what each call is to return, and when: it knows who stands in which line, and that a
 * task whose deadline has come, or that was cancelled, stands in none. A wake-up that is lost, goes
 * to the wrong task or to two, or that leaves something behind, makes a call differ from its model.
 *
 * What a seed does is always the same; a failure names its seed. Some seeds are new in each run.
 */
#include "base/gu.h"
#include "task_support.h"
#include <stdio.h>
#include <time.h>

#define TASKS 12
#define STEPS 40
#define PERMITS 2
#define PLACES 3
#define SEEDS 250
#define NEW_SEEDS 50

enum { WAITS = 1 }; /* a result that is not known yet */

/* --- the model --- */

/* A task, as the model sees it. */
struct actor {
    gust_task *task;
    int expected; /* of the call in hand: WAITS, or its result */
    double until; /* the deadline of that */
    int item;     /* that a getter is to get, or a putter puts */
    bool is_cancelled, has_ended, has_lock;
    int n_permits;
};

/* Those who wait, first come first. */
struct line {
    struct actor *at[TASKS];
    size_t n;
};

static struct actor actors[TASKS];
static struct {
    struct line for_lock, for_permit, for_cond, to_get, to_put;
    bool is_locked;
    int n_permits;
    int items[PLACES];
    size_t n_items;
} model;

static void leave(struct line *line, size_t i)
{
    line->n--;
    for (; i < line->n; i++)
        line->at[i] = line->at[i + 1];
}

/* Whose deadline has come stands there no longer. */
static void let_leave(struct line *line)
{
    for (size_t i = 0; i < line->n;)
        if (line->at[i]->until <= elapsed()) {
            line->at[i]->expected = -ETIMEDOUT;
            leave(line, i);
        } else {
            i++;
        }
}

static struct actor *next_of(struct line *line)
{
    struct actor *first;

    let_leave(line);
    if (line->n == 0)
        return NULL;
    first = line->at[0];
    leave(line, 0);
    first->expected = 0;
    return first;
}

static void stand(struct actor *a, struct line *line)
{
    a->expected = WAITS;
    if (a->is_cancelled)
        a->expected = -ECANCELED;
    else
        line->at[line->n++] = a;
}

static void model_lock(struct actor *a)
{
    a->expected = 0;
    if (model.is_locked)
        stand(a, &model.for_lock);
    model.is_locked = true;
}

static void model_unlock(void)
{
    if (next_of(&model.for_lock) == NULL)
        model.is_locked = false;
}

static void model_take(struct actor *a)
{
    a->expected = 0;
    if (model.n_permits == 0)
        stand(a, &model.for_permit);
    else
        model.n_permits--;
}

static void model_give(void)
{
    if (next_of(&model.for_permit) == NULL)
        model.n_permits++;
}

static void model_put(struct actor *a, int item)
{
    struct actor *getter = next_of(&model.to_get);

    a->item = item;
    a->expected = 0;
    if (getter != NULL)
        getter->item = item;
    else if (model.n_items == PLACES)
        stand(a, &model.to_put);
    else
        model.items[model.n_items++] = item;
}

static void model_get(struct actor *a)
{
    struct actor *putter = model.n_items == 0 ? NULL : next_of(&model.to_put);
    int first = model.items[0];

    a->expected = 0;
    if (model.n_items == 0) {
        stand(a, &model.to_get);
        return;
    }
    for (size_t i = 1; i < model.n_items; i++)
        model.items[i - 1] = model.items[i];
    model.n_items--;
    if (putter != NULL)
        model.items[model.n_items++] = putter->item;
    a->item = first;
}

static void model_cancel(struct actor *a)
{
    struct line *lines[] = {&model.for_lock, &model.for_permit, &model.for_cond, &model.to_get,
                            &model.to_put};

    a->is_cancelled = true;
    for (size_t k = 0; k < gu_countof(lines); k++) {
        let_leave(lines[k]);
        for (size_t i = 0; i < lines[k]->n; i++)
            if (lines[k]->at[i] == a) {
                a->expected = -ECANCELED;
                leave(lines[k], i);
            }
    }
}

/* --- the tasks --- */

static uint32_t dice;
static size_t n_ended, n_waits, n_timed_out, n_cancelled;
static gust_lock lock;
static gust_sem sem;
static gust_cond cond;
static gust_queue *queue;
static int places[100000]; /* items point here */
static int n_put;

static unsigned below(unsigned n)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % n;
}

/* The call in hand has returned. */
static void check(struct actor *a, int result)
{
    if (a->expected == WAITS && a->until <= elapsed())
        a->expected = -ETIMEDOUT;
    assert_int_equal(result, a->expected);
    n_timed_out += result == -ETIMEDOUT;
    n_cancelled += result == -ECANCELED;
    let_leave(&model.for_lock);
    let_leave(&model.for_permit);
    let_leave(&model.for_cond);
    let_leave(&model.to_get);
    let_leave(&model.to_put);
}

static void use_lock(struct actor *a)
{
    int err;

    if (a->has_lock) {
        a->has_lock = false;
        model_unlock();
        gust_lock_release(&lock);
        return;
    }
    model_lock(a);
    n_waits += a->expected == WAITS;
    err = gust_lock_acquire(&lock);
    check(a, err);
    a->has_lock = err == 0;
}

static void use_permit(struct actor *a)
{
    int err;

    if (a->n_permits > 0 && below(2) == 0) {
        a->n_permits--;
        model_give();
        gust_sem_release(&sem);
        return;
    }
    model_take(a);
    n_waits += a->expected == WAITS;
    err = gust_sem_acquire(&sem);
    check(a, err);
    a->n_permits += err == 0;
}

static void use_cond(struct actor *a)
{
    unsigned n = below(4);

    if (n == 0) {
        stand(a, &model.for_cond);
        n_waits++;
        check(a, gust_cond_wait(&cond));
        return;
    }
    gust_cond_notify(&cond, n);
    while (n-- > 0)
        next_of(&model.for_cond);
}

static void put(struct actor *a)
{
    int item = n_put++;

    assert_true(n_put < (int)gu_countof(places));
    model_put(a, item);
    n_waits += a->expected == WAITS;
    check(a, gust_queue_put(queue, &places[item]));
}

static void get(struct actor *a)
{
    void *item = NULL;
    int err;

    model_get(a);
    n_waits += a->expected == WAITS;
    err = gust_queue_get(queue, &item);
    check(a, err);
    if (err == 0)
        assert_int_equal((int *)item - places, a->item);
    else
        assert_null(item);
}

static void cancel_another(struct actor *a)
{
    struct actor *other = &actors[below(TASKS)];

    if (other == a || other->has_ended || other->is_cancelled || below(6) != 0)
        return;
    model_cancel(other);
    gust_cancel(other->task);
}

static void rest(struct actor *a)
{
    (void)a;
    if (below(3) == 0)
        gust_yield();
    else
        gust_ignore(gust_sleep(below(3)));
}

static void (*const deeds[])(struct actor *) = {
    use_lock, use_lock, use_permit, use_permit, use_permit,     use_cond,
    put,      put,      get,        get,        cancel_another, rest,
};

static void give_all_back(struct actor *a)
{
    if (a->has_lock)
        use_lock(a);
    for (; a->n_permits > 0; a->n_permits--) {
        model_give();
        gust_sem_release(&sem);
    }
    a->has_ended = true;
    n_ended++;
}

static void act(void *arg)
{
    struct actor *a = arg;

    for (int i = 0; i < STEPS; i++) {
        double seconds = 1 + below(4);

        a->until = elapsed() + seconds;
        GUST_DEADLINE(seconds);
        deeds[below(gu_countof(deeds))](a);
    }
    give_all_back(a);
}

static int act_all(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < TASKS; i++)
        actors[i].task = gust_go(act, &actors[i], NULL);
    while (n_ended < TASKS)
        gust_sleep(1);
    return 0;
}

static void play(uint32_t seed)
{
    void *item;

    dice = seed;
    n_ended = 0;
    n_put = 0;
    memset(actors, 0, sizeof actors);
    memset(&model, 0, sizeof model);
    memset(&lock, 0, sizeof lock);
    memset(&cond, 0, sizeof cond);
    model.n_permits = PERMITS;
    sem = (gust_sem)GUST_BOUNDED_SEM(PERMITS);
    queue = gust_queue_new(&(gust_queue_options){.max_size = PLACES});
    assert_non_null(queue);
    assert_int_equal(run(act_all, NULL), 0);
    assert_false(model.is_locked);
    assert_null(lock.holder);
    assert_int_equal(model.n_permits, PERMITS);
    assert_int_equal(gust_queue_size(queue), model.n_items);
    for (size_t i = 0; i < model.n_items; i++) {
        assert_int_equal(gust_queue_try_get(queue, &item), 0);
        assert_int_equal((int *)item - places, model.items[i]);
    }
    gust_queue_free(queue, NULL);
}

TEST(what_tasks_do_at_random_comes_out_as_the_model_says)
{
    static char row[40];
    uint32_t fresh = (uint32_t)time(NULL) * 2654435761u;

    n_waits = n_timed_out = n_cancelled = 0;
    for (uint32_t i = 0; i < SEEDS + NEW_SEEDS; i++) {
        uint32_t seed = i < SEEDS ? i : fresh + i;

        snprintf(row, sizeof row, "seed %u", (unsigned)seed);
        TEST_CASE(row);
        play(seed);
    }
    assert_true(n_waits > 10000 && n_timed_out > 1000 && n_cancelled > 500);
}
