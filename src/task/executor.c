/*
 * executor — a pool of threads
 *
 * One lock guards the queue, the threads and each loop's list of done jobs. A thread hands a job
 * back by putting it on that list; the first one of a list posts a callback to the loop, which
 * takes all of them. Everything else about a job, its wait first of all, belongs to the loop's
 * thread.
 */
#include "task/executor.h"
#include "base/alloc.h"
#include "task/task_private.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 1024
#define DEFAULT_QUEUE 1024
/* Address space, of which only what is touched costs memory; getaddrinfo() and database drivers
 * want some. */
#define THREAD_STACK ((size_t)1024 * 1024)

/* A loop that uses the pool. */
struct gu_executor_client {
    struct gust_loop *loop;
    struct gu_link done;   /* jobs for the loop to take */
    size_t n_taken;        /* jobs that threads are at, or have not handed back entirely */
    pthread_cond_t handed; /* n_taken fell */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work; /* the queue grew, or is_stopping */
    struct gu_link queue;
    size_t n_queued, max_queued;
    pthread_t *threads;
    size_t n_threads, n_idle, max_threads;
    size_t n_clients;
    bool is_stopping;
    gust_executor_options options;
} pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .queue = {&pool.queue, &pool.queue},
};

/* --- options --- */

int gust_executor_configure(const gust_executor_options *options)
{
    static const gust_executor_options defaults;
    const gust_executor_options *o = options != NULL ? options : &defaults;
    int err = 0;

    if (o->threads < 0 || o->threads > MAX_THREADS)
        return -EINVAL;
    pthread_mutex_lock(&pool.lock);
    if (pool.n_clients > 0)
        err = -EBUSY;
    else
        pool.options = *o;
    pthread_mutex_unlock(&pool.lock);
    return err;
}

static size_t default_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return gu_min(n > 0 ? (size_t)n * 5 : 5, 20);
}

/* --- on a thread of the pool --- */

static void take_done(void *client);

/* A callback that cannot be queued for lack of memory is tried again: somebody waits for it. */
static void post(struct gu_executor_client *client)
{
    while (gust_loop_add_callback(client->loop, take_done, client) < 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
}

/* The loop may have taken the job, and closed, as soon as n_taken falls. */
static void hand_back(struct gu_job *job)
{
    struct gu_executor_client *client = job->client;
    bool is_first = gu_list_is_empty(&client->done);

    job->state = GU_JOB_DONE;
    gu_list_append(&client->done, &job->link);
    if (is_first) {
        pthread_mutex_unlock(&pool.lock);
        post(client);
        pthread_mutex_lock(&pool.lock);
    }
    client->n_taken--;
    pthread_cond_signal(&client->handed);
}

static void do_next(void)
{
    struct gu_job *job = gu_container_of(gu_list_pop(&pool.queue), struct gu_job, link);

    pool.n_queued--;
    job->client->n_taken++;
    job->state = GU_JOB_RUNNING;
    pthread_mutex_unlock(&pool.lock);
    job->work(job);
    pthread_mutex_lock(&pool.lock);
    hand_back(job);
}

static void *thread_main(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!gu_list_is_empty(&pool.queue))
            do_next();
        if (pool.is_stopping)
            break;
        pool.n_idle++;
        pthread_cond_wait(&pool.work, &pool.lock);
        pool.n_idle--;
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* --- the pool, under its lock --- */

static int create(pthread_t *thread)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int err;

    if (pthread_attr_init(&attr) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(thread, &attr, thread_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -err;
}

/* One more thread if all are busy; it matters only that there is one at all. */
static int add_thread(void)
{
    int err;

    if (pool.n_idle >= pool.n_queued || pool.n_threads == pool.max_threads)
        return 0;
    err = create(&pool.threads[pool.n_threads]);
    if (err == 0)
        pool.n_threads++;
    return pool.n_threads > 0 ? 0 : -ENOMEM;
}

static int open_pool(void)
{
    size_t most = gu_option_size(pool.options.threads, default_threads());

    pool.threads = gu_alloc(most * sizeof *pool.threads);
    if (pool.threads == NULL)
        return -ENOMEM;
    pool.max_threads = most;
    pool.max_queued = gu_option_size(pool.options.queue, DEFAULT_QUEUE);
    return 0;
}

/* The lock is let go while threads end; a loop that comes meanwhile waits in join_pool(). */
static void close_pool(void)
{
    pool.is_stopping = true;
    pthread_cond_broadcast(&pool.work);
    for (size_t i = 0; i < pool.n_threads; i++) {
        pthread_mutex_unlock(&pool.lock);
        pthread_join(pool.threads[i], NULL);
        pthread_mutex_lock(&pool.lock);
    }
    gu_free(pool.threads);
    pool.threads = NULL;
    pool.n_threads = 0;
    pool.is_stopping = false;
    pthread_cond_broadcast(&pool.work);
}

static int join_pool(void)
{
    while (pool.is_stopping)
        pthread_cond_wait(&pool.work, &pool.lock);
    if (pool.threads == NULL && open_pool() < 0)
        return -ENOMEM;
    pool.n_clients++;
    return 0;
}

/* --- on the loop's thread --- */

static struct gu_executor_client *client_of(struct gu_tasks *tasks)
{
    struct gu_executor_client *client = tasks->executor;
    int err;

    if (gu_likely(client != NULL))
        return client;
    client = gu_alloc(sizeof *client);
    if (client == NULL)
        return NULL;
    pthread_mutex_lock(&pool.lock);
    err = join_pool();
    pthread_mutex_unlock(&pool.lock);
    if (err < 0) {
        gu_free(client);
        return NULL;
    }
    *client = (struct gu_executor_client){.loop = tasks->loop};
    gu_list_init(&client->done);
    pthread_cond_init(&client->handed, NULL);
    tasks->executor = client;
    return client;
}

static int submit(struct gu_job *job)
{
    int err;

    job->client = client_of(gu_tasks_here());
    if (job->client == NULL)
        return -ENOMEM;
    job->state = GU_JOB_QUEUED;
    pthread_mutex_lock(&pool.lock);
    err = pool.n_queued >= pool.max_queued ? -GUST_EFULL : 0;
    if (err == 0) {
        gu_list_append(&pool.queue, &job->link);
        pool.n_queued++;
        err = add_thread();
        if (err < 0) {
            gu_list_remove(&job->link);
            pool.n_queued--;
        }
    }
    if (err == 0)
        pthread_cond_signal(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    return err;
}

bool gu_executor_withdraw(struct gu_job *job)
{
    bool is_queued;

    pthread_mutex_lock(&pool.lock);
    is_queued = job->state == GU_JOB_QUEUED;
    if (is_queued) {
        gu_list_remove(&job->link);
        pool.n_queued--;
    }
    pthread_mutex_unlock(&pool.lock);
    return is_queued;
}

int gu_executor_submit(struct gu_job *job)
{
    job->wait = NULL;
    return submit(job);
}

static void deliver(struct gu_job *job)
{
    if (job->wait != NULL)
        gu_task_wake(job->wait->task, 0);
    else
        job->drop(job);
}

static void take_done(void *arg)
{
    struct gu_executor_client *client = arg;
    struct gu_link done;

    gu_list_init(&done);
    pthread_mutex_lock(&pool.lock);
    gu_list_splice(&done, &client->done);
    pthread_mutex_unlock(&pool.lock);
    for (struct gu_link *link; (link = gu_list_pop(&done)) != NULL;)
        deliver(gu_container_of(link, struct gu_job, link));
}

/* The queue is searched for this loop's jobs, which nobody waits for: no task is left. */
static void drop_queued(struct gu_executor_client *client)
{
    GU_LIST_FOREACH_SAFE (link, &pool.queue) {
        struct gu_job *job = gu_container_of(link, struct gu_job, link);

        if (job->client != client)
            continue;
        gu_list_remove(link);
        pool.n_queued--;
        job->drop(job);
    }
}

void gu_executor_leave(struct gu_tasks *tasks)
{
    struct gu_executor_client *client = tasks->executor;

    if (client == NULL)
        return;
    pthread_mutex_lock(&pool.lock);
    drop_queued(client);
    while (client->n_taken > 0)
        pthread_cond_wait(&client->handed, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    take_done(client);
    pthread_mutex_lock(&pool.lock);
    if (--pool.n_clients == 0)
        close_pool();
    pthread_mutex_unlock(&pool.lock);
    pthread_cond_destroy(&client->handed);
    gu_free(client);
    tasks->executor = NULL;
}

size_t gu_executor_n_threads(void)
{
    size_t n;

    pthread_mutex_lock(&pool.lock);
    n = pool.n_threads;
    pthread_mutex_unlock(&pool.lock);
    return n;
}

/* --- waiting for a job --- */

struct job_wait {
    struct gu_wait wait;
    struct gu_job *job;
};

static void abandon_job(struct gu_wait *wait)
{
    gu_container_of(wait, struct job_wait, wait)->job->wait = NULL;
}

static int wait_for(struct gu_job *job)
{
    struct job_wait wait = {{.abandon = abandon_job}, job};

    job->wait = &wait.wait;
    return gu_task_wait(&wait.wait, GU_FOREVER);
}

static void wait_out(struct gu_job *job)
{
    struct job_wait wait = {{.abandon = abandon_job}, job};

    job->wait = &wait.wait;
    gust_ignore(gu_task_wait_out(&wait.wait));
}

int gu_executor_call(struct gu_job *job)
{
    int err;

    gu_task_check_wait();
    job->wait = NULL;
    err = submit(job);
    if (err < 0) {
        job->drop(job);
        return err;
    }
    err = wait_for(job);
    if (err < 0 && gu_executor_withdraw(job))
        job->drop(job);
    return err;
}

/* --- work on lent memory --- */

struct lent {
    struct gu_job job;
    int (*fn)(void *);
    void *arg;
    int result;
    struct gu_chunk *memory;
};

static void call(void *arg)
{
    struct lent *lent = arg;

    lent->result = lent->fn(lent->arg);
}

static void work_on_lent(struct gu_job *job)
{
    struct lent *lent = gu_container_of(job, struct lent, job);

    lent->memory = gu_scope_call(call, lent);
}

int gust_run_in_executor(int (*fn)(void *), void *arg)
{
    struct gust_task *task = gu_task_check_wait();
    struct lent lent = {.job = {.work = work_on_lent}, .fn = fn, .arg = arg};
    int err = submit(&lent.job);

    if (err < 0)
        return err;
    err = wait_for(&lent.job);
    if (err < 0) {
        if (gu_executor_withdraw(&lent.job))
            return err;
        wait_out(&lent.job);
    }
    gu_arena_adopt_chunks(&task->arena, lent.memory);
    return lent.result;
}
