/*
 * lifetime — an application on a loop, from .on_start to the end of its last task
 */
#include "web/lifetime.h"
#include "base/alloc.h"
#include "base/log.h"

#define DRAIN_TIMEOUT 30.0
#define UNWINDING 1.0 /* seconds for requests that were cut to end in */
/* Seconds for .on_stop, and for the application's tasks, however little of drain_timeout is left.
 */
#define LAST_WORDS 5.0

/* What belongs to the application of one loop. */
struct gu_lifetime {
    gust_app *app;
    gust_httpserver *server;
    struct gu_link jobs;
    struct gu_link beats;
    struct gust_task *main; /* NULL: gu_lifetime_run() does not run */
    struct gu_wait *waiting;
    struct job *hook; /* while .on_start or .on_stop runs */
    void (*started)(void *arg);
    void *started_arg;
    int start_result;
    gu_time stop_until;
    bool is_stopping, is_closed;
};

/* A task of the application; it lies in the task's arena. */
struct job {
    struct gu_link link;
    struct gu_lifetime *life;
    struct gust_task *task;
    void (*fn)(void *arg);
    void *arg;
    struct job **owner; /* set to NULL at the end; or NULL */
};

struct gust_beat {
    struct gu_link link;
    struct gu_lifetime *life;
    gust_periodic *periodic; /* NULL: stopped */
    struct job *running;
    void (*fn)(void *arg);
    void *arg;
};

static struct gu_lifetime *life_of(gust_app *app)
{
    if (app->lifetime == NULL) {
        app->lifetime = gu_alloc0(sizeof *app->lifetime);
        if (app->lifetime == NULL)
            return NULL;
        app->lifetime->app = app;
        gu_list_init(&app->lifetime->jobs);
        gu_list_init(&app->lifetime->beats);
    }
    return app->lifetime;
}

/* --- waiting for something to change --- */

struct change {
    struct gu_wait wait;
    struct gu_lifetime *life;
};

static void abandon_change(struct gu_wait *wait)
{
    gu_container_of(wait, struct change, wait)->life->waiting = NULL;
}

static void changed(struct gu_lifetime *life)
{
    struct gu_wait *wait = life->waiting;

    if (wait == NULL)
        return;
    life->waiting = NULL;
    gu_task_wake(wait->task, 0);
}

static int wait_until(struct gu_lifetime *life, bool (*is_true)(const struct gu_lifetime *life))
{
    struct change change = {{.abandon = abandon_change}, life};
    int err = 0;

    while (err == 0 && !is_true(life)) {
        life->waiting = &change.wait;
        err = gu_task_wait(&change.wait, GU_FOREVER);
    }
    return err;
}

static bool is_stopping(const struct gu_lifetime *life)
{
    return life->is_stopping;
}

static bool has_no_hook(const struct gu_lifetime *life)
{
    return life->hook == NULL;
}

static bool has_no_job(const struct gu_lifetime *life)
{
    return gu_list_is_empty(&life->jobs);
}

/* --- tasks of the application --- */

static void job_run(struct gust_task *task)
{
    struct job *job = task->arg;

    job->fn(job->arg);
}

static void job_raised(struct gust_task *task)
{
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "task \"%s\" raised %d: %s", task->name,
           task->raise_code, task->raise_message);
}

/* Deferred before anything else, so it runs behind everything else. */
static void job_ended(void *arg)
{
    struct job *job = arg;

    gu_list_remove(&job->link);
    if (job->owner != NULL)
        *job->owner = NULL;
    changed(job->life);
}

static struct job *job_new(struct gu_lifetime *life, struct gust_task *task)
{
    struct job *job = gu_arena_alloc(&task->arena, sizeof *job);

    if (job == NULL || !gu_task_defer(task, job_ended, job))
        return NULL;
    gu_list_append(&life->jobs, &job->link);
    job->life = life;
    job->task = task;
    task->raised = job_raised;
    task->arg = job;
    return job;
}

/* Starts fn(arg) in a task. *owner, unless it is NULL, is the job until it ends. */
static int job_start(struct gu_lifetime *life, const char *name, void (*fn)(void *), void *arg,
                     struct job **owner)
{
    struct gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = loop == NULL ? NULL : gu_tasks_of(loop);
    struct gust_task *task = tasks == NULL ? NULL : gu_task_new(tasks, job_run, name);
    struct job *job;

    if (task == NULL)
        return -ENOMEM;
    job = job_new(life, task);
    if (job == NULL) {
        gu_task_discard(task);
        return -ENOMEM;
    }
    job->fn = fn;
    job->arg = arg;
    job->owner = owner;
    if (owner != NULL)
        *owner = job;
    gu_task_start_soon(task);
    return 0;
}

int gust_app_go(gust_app *app, void (*fn)(void *arg), void *arg)
{
    struct gu_lifetime *life = life_of(app);

    if (life == NULL)
        return -ENOMEM;
    return life->is_closed ? -ECANCELED : job_start(life, "gust_app_go", fn, arg, NULL);
}

static void cancel_jobs(struct gu_lifetime *life)
{
    life->is_closed = true;
    GU_LIST_FOREACH_SAFE (link, &life->jobs) {
        gu_task_cancel(gu_container_of(link, struct job, link)->task, GUST_CANCEL_DRAINING);
    }
}

/* --- beats --- */

static void beat(void *arg)
{
    struct gust_beat *beat = arg;

    if (beat->running == NULL &&
        job_start(beat->life, "gust_app_every", beat->fn, beat->arg, &beat->running) < 0)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "gust_app_every: no memory for a beat");
}

gust_beat *gust_app_every(gust_app *app, double seconds, void (*fn)(void *arg), void *arg)
{
    struct gu_lifetime *life = life_of(app);
    struct gust_loop *loop = gust_loop_current();
    struct gust_beat *made = gu_alloc0(sizeof *made);

    if (life == NULL || loop == NULL || made == NULL || life->is_closed)
        goto fail;
    made->periodic = gust_periodic_new(loop, seconds, 0, beat, made);
    if (made->periodic == NULL)
        goto fail;
    made->life = life;
    made->fn = fn;
    made->arg = arg;
    gu_list_append(&life->beats, &made->link);
    return made;
fail:
    gu_free(made);
    return NULL;
}

void gust_beat_stop(gust_beat *stopped)
{
    if (stopped == NULL)
        return;
    gust_periodic_free(stopped->periodic);
    stopped->periodic = NULL;
}

static void stop_beats(struct gu_lifetime *life)
{
    GU_LIST_FOREACH (link, &life->beats) {
        gust_beat_stop(gu_container_of(link, struct gust_beat, link));
    }
}

size_t gust_app_n_connections(const gust_app *app)
{
    const struct gu_lifetime *life = app->lifetime;

    return life == NULL || life->server == NULL ? 0 : gust_httpserver_n_connections(life->server);
}

/* --- starting --- */

static void call_on_start(void *arg)
{
    struct gu_lifetime *life = arg;

    life->start_result = life->app->options.on_start(life->app);
}

static int run_on_start(struct gu_lifetime *life)
{
    int err;

    if (life->app->options.on_start == NULL)
        return 0;
    life->start_result = -EIO; /* what stands if it raises */
    err = job_start(life, "on_start", call_on_start, life, &life->hook);
    if (err == 0)
        err = wait_until(life, has_no_hook);
    if (err < 0)
        return err;
    return life->start_result < 0 ? life->start_result : 0;
}

static int begin(struct gu_lifetime *life)
{
    int err = run_on_start(life);

    if (err < 0 && !life->is_stopping)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "on_start failed: %s", gust_strerror(err));
    if (err < 0 || life->is_stopping)
        return err;
    err = gust_httpserver_start(life->server, 1);
    if (err < 0)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "cannot listen: %s", gust_strerror(err));
    else if (life->started != NULL)
        life->started(life->started_arg);
    return err;
}

/* --- stopping --- */

static double seconds_left(const struct gu_lifetime *life)
{
    double left = (double)(life->stop_until - life->main->home->loop->now) / 1e9;

    return left > LAST_WORDS ? left : LAST_WORDS;
}

/* False when something had to be cut. */
static bool finish_requests(struct gu_lifetime *life)
{
    GUST_DEADLINE((double)(life->stop_until - life->main->home->loop->now) / 1e9);
    size_t n;

    gust_httpserver_stop(life->server);
    if (gust_httpserver_close_all(life->server) == 0)
        return true;
    n = gu_httpserver_cut(life->server);
    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL,
           "stopping: %zu requests were cut before their end (drain_timeout)", n);
    GUST_SHIELD(UNWINDING);
    gust_ignore(gust_httpserver_close_all(life->server));
    return false;
}

static void call_on_stop(void *arg)
{
    struct gu_lifetime *life = arg;

    life->app->options.on_stop(life->app);
}

static bool run_on_stop(struct gu_lifetime *life)
{
    GUST_SHIELD(seconds_left(life));

    if (life->app->options.on_stop == NULL)
        return true;
    return job_start(life, "on_stop", call_on_stop, life, &life->hook) == 0 &&
           wait_until(life, has_no_hook) == 0;
}

static bool join_jobs(struct gu_lifetime *life)
{
    GUST_SHIELD(seconds_left(life));

    cancel_jobs(life);
    if (wait_until(life, has_no_job) == 0)
        return true;
    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL,
           "stopping: tasks of the application did not end when they were cancelled");
    return false;
}

static int live(void *arg)
{
    struct gu_lifetime *life = arg;
    int err;
    bool is_clean;

    life->main = gu_task_current();
    err = begin(life);
    is_clean = err == 0 || life->is_stopping;
    if (err == 0) {
        gust_ignore(wait_until(life, is_stopping)); /* or until it is cut */
        is_clean = finish_requests(life);
    }
    stop_beats(life);
    if (err == 0 && !run_on_stop(life))
        is_clean = false;
    if (!join_jobs(life))
        is_clean = false;
    return is_clean ? 0 : 1;
}

/* In a task of its own, or, with `runs` gust_run(), in one that is made. */
static int live_in(int (*runs)(int (*fn)(void *), void *arg), gust_app *app,
                   gust_httpserver *server, void (*started)(void *arg), void *arg)
{
    struct gu_lifetime *life = life_of(app);
    int code;

    if (life == NULL || gust_loop_current() == NULL)
        return 1;
    life->server = server;
    life->started = started;
    life->started_arg = arg;
    code = runs(live, life);
    life->main = NULL;
    life->server = NULL; /* which its owner may free */
    return code == 0 ? 0 : 1;
}

int gu_lifetime_run(gust_app *app, gust_httpserver *server, void (*started)(void *arg), void *arg)
{
    return live_in(gust_run, app, server, started, arg);
}

static int call_it(int (*fn)(void *), void *arg)
{
    return fn(arg);
}

int gu_lifetime_live(gust_app *app, gust_httpserver *server, void (*started)(void *arg), void *arg)
{
    return live_in(call_it, app, server, started, arg);
}

static void begin_stop(struct gu_lifetime *life)
{
    gu_time now = gust_loop_current()->now;
    gu_time timeout = gu_option_time(life->app->options.drain_timeout, DRAIN_TIMEOUT);

    life->is_stopping = true;
    life->app->is_draining = true;
    life->stop_until = timeout > GU_FOREVER - now ? GU_FOREVER : now + timeout;
    if (life->hook != NULL)
        gu_task_cancel(life->hook->task, GUST_CANCEL_DRAINING);
    changed(life);
}

void gu_lifetime_stop(gust_app *app)
{
    struct gu_lifetime *life = life_of(app);

    if (life != NULL && !life->is_stopping)
        begin_stop(life);
}

int gust_app_run(gust_app *app, gust_httpserver *server)
{
    return gu_lifetime_run(app, server, NULL, NULL);
}

void gust_app_stop(gust_app *app)
{
    gu_lifetime_stop(app);
}

void gu_lifetime_cut(gust_app *app)
{
    gu_lifetime_stop(app);
    if (app->lifetime != NULL && app->lifetime->main != NULL)
        gu_task_cancel(app->lifetime->main, GUST_CANCEL_DRAINING);
}

void gu_request_drain(gust_exchange *x)
{
    const gust_request *r = x->state;

    if (x->delegate == &gu_web_delegate && r != NULL && r->handler != NULL &&
        (r->handler->fns.flags & GUST_CANCEL_ON_DRAIN) != 0)
        gu_task_cancel(x->task, GUST_CANCEL_DRAINING);
}

bool gu_lifetime_is_over(void)
{
    const struct gu_tasks *tasks = gu_tasks_here();

    return tasks == NULL || tasks->n_live == 0;
}

void gu_lifetime_free(gust_app *app)
{
    struct gu_lifetime *life = app->lifetime;
    struct gu_link *link;

    if (life == NULL)
        return;
    while ((link = gu_list_pop(&life->beats)) != NULL) {
        struct gust_beat *freed = gu_container_of(link, struct gust_beat, link);

        gust_beat_stop(freed);
        gu_free(freed);
    }
    gu_free(life);
    app->lifetime = NULL;
}
