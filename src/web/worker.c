/*
 * worker — one process that serves: its loops, and the signals that stop them
 *
 * With one loop, the calling thread runs it. With more, each has a thread, an application and
 * sockets of its own and shares nothing with the others; the calling thread then runs a loop that
 * only watches for signals and for their ends.
 */
#include "web/worker.h"
#include "base/alloc.h"
#include "base/log.h"
#include "net/supervisor.h"
#include "web/last_resort.h"
#include "web/lifetime.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* For what was cut by a second signal: lifetime.c's own bounds, and some more. */
#define CUT_PATIENCE (15 * GU_SECOND)

struct worker;

/* One loop that serves. */
struct member {
    struct worker *worker;
    struct gu_sockets *set;
    pthread_t thread;
    int code;
    /* under the worker's lock: */
    gust_loop *loop; /* while it can be told to stop */
    gust_app *app;
    gust_httpserver *server;
};

struct worker {
    const struct gu_worker_options *o;
    struct member *members;
    gust_loop *watching; /* of the calling thread, when members have threads */
    size_t n_running;    /* threads whose end `watching` waits for */
    gu_time stopped_at;
    _Atomic(size_t) n_started;
    struct gu_last_resort last;
    pthread_mutex_t lock;
    bool is_stopping, is_cut; /* under it, for members that have no loop yet */
};

/* --- stopping --- */

static void stop_member(void *app)
{
    gu_lifetime_stop(app);
}

static void cut_member(void *app)
{
    gu_lifetime_cut(app);
}

/* Under the lock. */
static void tell(const struct member *m)
{
    if (m->loop != NULL)
        gust_ignore(
            gust_loop_add_callback(m->loop, m->worker->is_cut ? cut_member : stop_member, m->app));
}

static void stop_all(struct worker *w, bool is_cut)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    w->is_cut |= is_cut;
    for (size_t i = 0; i < w->o->n_loops; i++)
        tell(&w->members[i]);
    pthread_mutex_unlock(&w->lock);
}

/* --- certificates --- */

static void reload_member(void *server)
{
    if (gust_httpserver_reload_tls(server) == 0)
        gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "SIGHUP: certificates were read again");
    else
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "SIGHUP: the certificates in use are the old ones");
}

static void on_hup(int signo, void *arg)
{
    struct worker *w = arg;

    (void)signo;
    gust_log_reopen();
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->o->n_loops; i++)
        if (w->members[i].loop != NULL)
            gust_ignore(
                gust_loop_add_callback(w->members[i].loop, reload_member, w->members[i].server));
    pthread_mutex_unlock(&w->lock);
}

/* Whether SIGHUP means something: certificates to read again, a log file to open again. */
static bool passes_hup(const struct worker *w)
{
    return w->o->app->server.tls != NULL || gu_log_has_file();
}

/* --- signals --- */

static void on_stop_signal(int signo, void *arg)
{
    struct worker *w = arg;
    gu_time now = gust_loop_current()->now;

    if (!gu_supervisor_is_new_stop(w->stopped_at, now))
        return;
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL,
           w->stopped_at == 0 ? "stopping: signal %d" : "stopping at once: signal %d", signo);
    if (w->o->patience > 0)
        gu_last_resort_arm(&w->last, w->stopped_at == 0 ? w->o->patience : CUT_PATIENCE);
    stop_all(w, w->stopped_at != 0);
    w->stopped_at = now;
}

static void on_term(int signo, void *arg)
{
    (void)signo;
    stop_all(arg, false);
}

static void on_quit(int signo, void *arg)
{
    (void)signo;
    stop_all(arg, true);
}

/* A terminal sends SIGINT and SIGHUP to the supervisor, too, which passes on what is to be done. */
static int watch_supervised(gust_loop *loop, struct worker *w)
{
    int err = gust_loop_add_signal(loop, SIGTERM, on_term, w);

    signal(SIGINT, SIG_IGN);
    if (!passes_hup(w))
        signal(SIGHUP, SIG_IGN);
    else if (err == 0)
        err = gust_loop_add_signal(loop, SIGHUP, on_hup, w);
    return err < 0 ? err : gust_loop_add_signal(loop, SIGQUIT, on_quit, w);
}

static int watch_signals(gust_loop *loop, struct worker *w)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    int err = 0;

    if (w->o->is_supervised)
        return watch_supervised(loop, w);
    for (size_t i = 0; err == 0 && i < gu_countof(signals); i++)
        if (signals[i] == SIGHUP && passes_hup(w))
            err = gust_loop_add_signal(loop, SIGHUP, on_hup, w);
        else if (!gu_supervisor_is_ignored(signals[i]))
            err = gust_loop_add_signal(loop, signals[i], on_stop_signal, w);
    return err;
}

/* --- a loop that serves --- */

static void member_started(void *arg)
{
    struct worker *w = arg;

    if (atomic_fetch_add(&w->n_started, 1) + 1 == w->o->n_loops && w->o->started != NULL)
        w->o->started(w->o->arg);
}

/* From now on it can be told to stop, and is if the others were before. */
static void publish(struct member *m, gust_loop *loop, gust_app *app, gust_httpserver *server)
{
    pthread_mutex_lock(&m->worker->lock);
    m->loop = loop;
    m->app = app;
    m->server = server;
    if (m->worker->is_stopping)
        tell(m);
    pthread_mutex_unlock(&m->worker->lock);
}

static void hide(struct member *m)
{
    pthread_mutex_lock(&m->worker->lock);
    m->loop = NULL;
    pthread_mutex_unlock(&m->worker->lock);
}

static int serve(struct member *m, gust_loop *loop)
{
    gust_app *app = gust_app_new(m->worker->o->app);
    gust_httpserver *server = app == NULL ? NULL : gust_httpserver_new(app, NULL);
    int code = 1;

    if (server != NULL && gu_httpserver_add_bound(server, m->set) == 0) {
        m->set->n = 0;
        publish(m, loop, app, server);
        code = gu_lifetime_run(app, server, member_started, m->worker);
        hide(m);
    }
    if (!gu_lifetime_is_over())
        return code; /* what still runs uses all this; the process ends next */
    gust_httpserver_free(server);
    gust_app_free(app);
    gust_loop_close(loop);
    return code;
}

static int open_loop(const struct worker *w, gust_loop **loop)
{
    gust_loop_options options = {.poller = w->o->poller};
    int err = gust_loop_new(&options, loop);

    if (err < 0)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "no loop: %s", gust_strerror(err));
    return err;
}

static int run_here(struct worker *w)
{
    struct member *m = &w->members[0];
    gust_loop *loop;

    if (open_loop(w, &loop) < 0)
        return 1;
    if (watch_signals(loop, w) < 0) {
        gust_loop_close(loop);
        return 1;
    }
    return serve(m, loop);
}

/* --- loops in threads --- */

static void member_ended(void *arg)
{
    struct member *m = arg;
    struct worker *w = m->worker;

    if (--w->n_running == 0)
        gust_loop_stop(w->watching);
    else if (!w->is_stopping)
        stop_all(w, false); /* one that could not start takes the others with it */
}

static void *run_thread(void *arg)
{
    struct member *m = arg;
    gust_loop *loop;

    m->code = open_loop(m->worker, &loop) < 0 ? 1 : serve(m, loop);
    gust_ignore(gust_loop_add_callback(m->worker->watching, member_ended, m));
    return NULL;
}

static int join(struct worker *w, size_t n)
{
    int code = n == w->o->n_loops ? 0 : 1;

    while (n-- > 0) {
        pthread_join(w->members[n].thread, NULL);
        if (w->members[n].code > code)
            code = w->members[n].code;
    }
    return code;
}

static int run_threads(struct worker *w)
{
    size_t n = 0;
    int code;

    if (open_loop(w, &w->watching) < 0)
        return 1;
    if (watch_signals(w->watching, w) < 0) {
        gust_loop_close(w->watching);
        return 1;
    }
    while (n < w->o->n_loops &&
           pthread_create(&w->members[n].thread, NULL, run_thread, &w->members[n]) == 0)
        n++;
    w->n_running = n;
    if (n < w->o->n_loops) {
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "only %zu of %zu threads could be made", n,
               w->o->n_loops);
        stop_all(w, false);
    }
    code = n > 0 && gust_loop_start(w->watching) < 0 ? 1 : 0;
    code |= join(w, n);
    gust_loop_close(w->watching);
    return code;
}

int gu_worker_run(const struct gu_worker_options *options)
{
    struct worker w = {.o = options};
    int code;

    w.members = gu_alloc0(options->n_loops * sizeof *w.members);
    if (w.members == NULL)
        return 1;
    pthread_mutex_init(&w.lock, NULL);
    gu_last_resort_init(&w.last);
    for (size_t i = 0; i < options->n_loops; i++) {
        w.members[i].worker = &w;
        w.members[i].set = &options->sets[i];
    }
    code = options->n_loops == 1 ? run_here(&w) : run_threads(&w);
    for (size_t i = 0; i < options->n_loops; i++)
        gu_sockets_close(&options->sets[i]);
    gu_last_resort_deinit(&w.last);
    pthread_mutex_destroy(&w.lock);
    gu_free(w.members);
    gu_log_flush();
    return code;
}
