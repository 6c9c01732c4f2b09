/*
 * executor — work on other threads, waited out or dropped late
 *
 * Order between threads is made by semaphores, never by time.
 */
#include "base/alloc.h"
#include "task/executor.h"
#include "task_support.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static sem_t began, go_on;

static void open_gates(void)
{
    assert_int_equal(sem_init(&began, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
}

/* --- plain calls --- */

static int where(void *arg)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    *(pthread_t *)arg = pthread_self();
    return sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT) ? 42 : 1;
}

static int call_once(void *arg)
{
    return gust_run_in_executor(where, arg);
}

TEST(a_call_runs_on_another_thread_that_blocks_signals)
{
    pthread_t thread = pthread_self();

    assert_int_equal(gust_run(call_once, &thread), 42);
    assert_false(pthread_equal(thread, pthread_self()));
    assert_int_equal(gu_executor_n_threads(), 0); /* joined when the loop closed */
}

static int measure_stack(void *arg)
{
    pthread_attr_t attr;
    size_t size = 0;

    (void)arg;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return -EINVAL;
    pthread_attr_getstacksize(&attr, &size);
    pthread_attr_destroy(&attr);
    return (int)size;
}

static int call_to_measure(void *arg)
{
    return gust_run_in_executor(measure_stack, arg);
}

TEST(the_stack_of_a_thread_is_a_mebibyte)
{
    assert_int_equal(gust_run(call_to_measure, NULL), 1 << 20);
}

static int make_text(void *arg)
{
    NOTE_LATER("deferred ");
    {
        GUST_SCOPE();
        gust_alloc(100000);
    }
    *(char **)arg = gust_sprintf("made %s", "there");
    return 0;
}

static int keep_text(void *arg)
{
    size_t before = gu_task_current()->arena.used;
    {
        GUST_SCOPE();
        assert_int_equal(gust_run_in_executor(make_text, arg), 0);
        note(*(char **)arg);
        assert_true(gu_task_current()->arena.used > before);
    }
    return gu_task_current()->arena.used == before ? 0 : 1;
}

TEST(what_it_allocates_moves_into_the_callers_scope)
{
    char *text;

    trail[0] = '\0';
    assert_int_equal(gust_run(keep_text, &text), 0);
    assert_string_equal(trail, "deferred made there");
}

static int square(void *arg)
{
    int n = *(int *)arg;

    return n * n;
}

static int call_square(void *arg)
{
    int n = *(int *)arg, result = gust_run_in_executor(square, arg);

    return result == n * n ? 0 : -EIO;
}

static int many_calls(void *arg)
{
    int *numbers = gust_alloc(500 * sizeof *numbers);
    gust_group *group = gust_group_new(0);

    (void)arg;
    for (int i = 0; i < 500; i++) {
        numbers[i] = i;
        gust_group_go(group, call_square, &numbers[i]);
    }
    return gust_group_wait(group);
}

TEST(many_calls_at_once_all_come_back)
{
    assert_int_equal(gust_run(many_calls, NULL), 0);
}

static void *run_many(void *arg)
{
    *(int *)arg = gust_run(many_calls, NULL);
    return NULL;
}

TEST(loops_in_threads_share_the_pool)
{
    pthread_t threads[3];
    int results[3] = {1, 1, 1};

    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &results[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(results[i], 0);
    }
    assert_int_equal(gu_executor_n_threads(), 0);
}

/* --- deadlines and cancellation --- */

static int block(void *arg)
{
    sem_post(&began);
    sem_wait(&go_on);
    *(int *)arg = 1;
    return 7;
}

struct blocked {
    int written;
    int result;
};

static void call_block(void *arg)
{
    struct blocked *b = arg;

    b->result = gust_run_in_executor(block, &b->written);
}

static int cancel_while_it_runs(void *arg)
{
    struct blocked *b = arg;
    gust_task *task = gust_go(call_block, b, NULL);

    gust_yield();
    sem_wait(&began);
    gust_cancel(task);
    gust_yield();
    assert_int_equal(b->result, 0); /* it waits on */
    sem_post(&go_on);
    while (b->result == 0)
        gust_yield();
    return b->written;
}

TEST(a_call_that_has_begun_is_waited_out)
{
    struct blocked b = {0};

    open_gates();
    assert_int_equal(gust_run(cancel_while_it_runs, &b), 1);
    assert_int_equal(b.result, 7);
}

static int leave_the_queue(void *arg)
{
    struct blocked *b = arg;
    gust_task *running = gust_go(call_block, &b[0], NULL);
    gust_task *queued;

    gust_yield();
    sem_wait(&began);
    queued = gust_go(call_block, &b[1], NULL);
    gust_yield();
    gust_cancel(queued);
    while (b[1].result == 0)
        gust_yield();
    sem_post(&go_on);
    while (b[0].result == 0)
        gust_yield();
    return running != NULL ? 0 : 1;
}

TEST(a_call_that_waits_for_a_thread_leaves_the_queue)
{
    struct blocked b[2] = {{0, 0}, {0, 0}};

    open_gates();
    assert_int_equal(gust_executor_configure(&(gust_executor_options){.threads = 1}), 0);
    assert_int_equal(gust_run(leave_the_queue, b), 0);
    assert_int_equal(b[1].result, -ECANCELED);
    assert_int_equal(b[1].written, 0);
    assert_int_equal(gust_executor_configure(NULL), 0);
}

static int fill_the_queue(void *arg)
{
    struct blocked *b = arg;

    for (int i = 0; i < 4; i++) {
        gust_ignore(gust_go(call_block, &b[i], NULL) != NULL);
        gust_yield();
        if (i == 0)
            sem_wait(&began);
    }
    assert_int_equal(b[3].result, -GUST_EFULL);
    assert_int_equal(gust_executor_configure(NULL), -EBUSY);
    for (int i = 0; i < 3; i++)
        sem_post(&go_on);
    while (b[2].result == 0)
        gust_yield();
    return b[1].result;
}

TEST(the_queue_is_bounded)
{
    struct blocked b[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    gust_executor_options options = {.threads = 1, .queue = 2};

    open_gates();
    assert_int_equal(gust_executor_configure(&options), 0);
    assert_int_equal(gust_run(fill_the_queue, b), 7);
    assert_int_equal(gust_executor_configure(NULL), 0);
    options.threads = -1;
    assert_int_equal(gust_executor_configure(&options), -EINVAL);
    options.threads = 1025;
    assert_int_equal(gust_executor_configure(&options), -EINVAL);
}

/* --- work that owns its memory --- */

struct owned {
    struct gu_job job;
    int *n_dropped;
    int value;
    bool blocks;
};

static void work(struct gu_job *job)
{
    struct owned *o = (struct owned *)(void *)job;

    if (o->blocks) {
        sem_post(&began);
        sem_wait(&go_on);
    }
    o->value = 42;
}

static void drop(struct gu_job *job)
{
    struct owned *o = (struct owned *)(void *)job;

    ++*o->n_dropped;
    free(o);
}

static struct owned *owned_new(int *n_dropped, bool blocks)
{
    struct owned *o = calloc(1, sizeof *o);

    assert_non_null(o);
    *o = (struct owned){{.work = work, .drop = drop}, n_dropped, 0, blocks};
    return o;
}

static int call_owned(void *arg)
{
    struct owned *o = owned_new(arg, false);
    int value, err = gu_executor_call(&o->job);

    assert_int_equal(err, 0);
    value = o->value;
    free(o);
    return value;
}

TEST(an_owned_call_gives_the_job_back)
{
    int n_dropped = 0;

    assert_int_equal(gust_run(call_owned, &n_dropped), 42);
    assert_int_equal(n_dropped, 0);
}

static void call_blocking(void *arg)
{
    int *results = arg;

    results[1] = gu_executor_call(&owned_new(&results[0], true)->job);
}

static int leave_early(void *arg)
{
    int *results = arg;
    gust_task *task = gust_go(call_blocking, results, NULL);

    gust_yield();
    sem_wait(&began);
    gust_cancel(task);
    while (results[1] == 1)
        gust_yield();
    assert_int_equal(results[1], -ECANCELED);
    assert_int_equal(results[0], 0); /* the thread is still at it */
    sem_post(&go_on);
    while (results[0] == 0)
        gust_yield();
    return results[0];
}

TEST(an_owned_call_may_be_left_and_its_late_result_is_dropped)
{
    int results[2] = {0, 1};

    open_gates();
    assert_int_equal(gust_run(leave_early, results), 1);
}

static void release_gate(void *arg)
{
    (void)arg;
    sem_post(&go_on);
}

static int leave_before_the_end(void *arg)
{
    gust_cancel(gust_go(call_blocking, arg, NULL));
    gust_yield();
    release_gate(NULL);
    return 0;
}

TEST(closing_the_loop_waits_for_what_a_thread_is_at)
{
    int results[2] = {0, 1};

    open_gates();
    assert_int_equal(gust_run(leave_before_the_end, results), 0);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], -ECANCELED);
}

/* --- futures and wakes from threads --- */

static void *resolve_in_a_thread(void *future)
{
    gust_arena *arena = gust_arena_new();

    assert_int_equal(gust_future_post(future, 0, gust_arena_strdup(arena, "from a thread"), arena),
                     0);
    return NULL;
}

static int await_a_thread(void *arg)
{
    gust_future *f = gust_future_new();
    pthread_t thread;
    void *value;

    (void)arg;
    gust_future_ref(f);
    assert_int_equal(pthread_create(&thread, NULL, resolve_in_a_thread, f), 0);
    assert_int_equal(gust_await(f, &value), 0);
    pthread_join(thread, NULL);
    note(value);
    gust_future_unref(f);
    return 0;
}

TEST(a_future_is_resolved_from_another_thread)
{
    trail[0] = '\0';
    assert_int_equal(gust_run(await_a_thread, NULL), 0);
    assert_string_equal(trail, "from a thread");
}

static void *resolve_directly(void *future)
{
    gust_future_resolve(future, 0, NULL, NULL);
    return NULL;
}

static int resolve_on_the_wrong_thread(void *arg)
{
    gust_future *f = gust_future_new();
    pthread_t thread;

    (void)arg;
    pthread_create(&thread, NULL, resolve_directly, f);
    pthread_join(thread, NULL);
    return 0;
}

static void run_wrong_thread(void *arg)
{
    gust_ignore(gust_run(resolve_on_the_wrong_thread, arg));
}

TEST(resolving_on_the_wrong_thread_aborts)
{
    assert_aborts(run_wrong_thread, NULL, "a future was used on another thread than its loop's");
}

static void notify(void *cond)
{
    gust_cond_notify_all(cond);
}

struct wake {
    gust_loop *loop;
    gust_cond cond;
};

static void *wake_in_a_thread(void *arg)
{
    struct wake *w = arg;

    assert_int_equal(gust_loop_add_callback(w->loop, notify, &w->cond), 0);
    return NULL;
}

static int wait_for_a_thread(void *arg)
{
    struct wake w = {.loop = gust_loop_current()};
    pthread_t thread;
    int err;

    (void)arg;
    assert_int_equal(pthread_create(&thread, NULL, wake_in_a_thread, &w), 0);
    err = gust_cond_wait(&w.cond);
    pthread_join(thread, NULL);
    return err;
}

TEST(another_thread_wakes_a_task_through_a_callback)
{
    assert_int_equal(gust_run(wait_for_a_thread, NULL), 0);
}

/* --- misuse and memory --- */

static void call_outside(void *arg)
{
    gust_ignore(gust_run_in_executor(square, arg));
}

static int raise_there(void *arg)
{
    (void)arg;
    gu_task_check_raise("gust_need_argument");
    return 0;
}

static int call_raise(void *arg)
{
    return gust_run_in_executor(raise_there, arg);
}

static void run_raise(void *arg)
{
    gust_ignore(gust_run(call_raise, arg));
}

TEST(misuse_aborts)
{
    int n = 1;

    assert_aborts(call_outside, &n, "a call that waits was made outside a task");
    assert_aborts(run_raise, &n, "gust_need_argument may raise, and was called outside a task");
}

static int call_without_memory(void *arg)
{
    int n_failed = 0;

    for (int err = -ENOMEM; err != 9; n_failed++) {
        gu_alloc_fail_at((uint64_t)n_failed + 1);
        err = gust_run_in_executor(square, arg);
        assert_true(gu_alloc_has_failed());
        assert_true(err == -ENOMEM || err == 9);
    }
    gu_alloc_fail_at(0);
    return n_failed; /* the last one is the loop's, which tries again */
}

TEST(a_pool_without_memory_says_so_and_works_the_next_time)
{
    int n = 3;

    assert_int_equal(gust_run(call_without_memory, &n), 3);
}
