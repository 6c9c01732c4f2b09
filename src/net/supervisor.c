/*
 * supervisor — a process that forks workers and sees to them
 *
 * All signals of interest are blocked from before the first fork on and taken out by
 * sigtimedwait(), so none is lost between a look and a wait, and no handler runs.
 */
#include "net/supervisor.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "net/process.h"
#include "net/tls.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QUICK GU_SECOND               /* an own end so soon after the start is a failed start */
#define FIRST_PAUSE (GU_SECOND / 10)  /* doubles with each quick end behind the second */
#define LAST_PAUSE (5 * GU_SECOND)    /* but not beyond */
#define ONE_STOP (GU_SECOND / 10)     /* stop signals so close together are one */
#define CUT_PATIENCE (10 * GU_SECOND) /* from "cut" to the kill */

static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP};

struct worker {
    pid_t pid; /* 0: there is none */
    int ready; /* where it says that it has started; -1 */
    gu_time started;
    gu_time due;      /* when to fork it, while there is none; GU_FOREVER: never again */
    unsigned n_quick; /* quick ends in a row */
    bool has_failed;
};

struct supervisor {
    const struct gu_supervisor_options *o;
    struct worker *workers;
    size_t n_alive;
    int n_restarts;
    sigset_t watched, before;
    struct sigaction child_before;
    bool was_ready; /* one worker was, once */
    int stopped_by; /* signal; 0: it goes on */
    gu_time stopped_at, kill_at;
    int code;
};

static int ready_fd = -1; /* in a worker */

static gu_time now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * GU_SECOND + t.tv_nsec;
}

/* --- signals --- */

bool gu_supervisor_is_new_stop(gu_time last, gu_time at)
{
    return last == 0 || at - last > ONE_STOP;
}

bool gu_supervisor_is_ignored(int signo)
{
    struct sigaction action;

    return sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void watch_signals(struct supervisor *s)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigemptyset(&s->watched);
    sigaddset(&s->watched, SIGCHLD);
    for (size_t i = 0; i < gu_countof(stop_signals); i++)
        if (!gu_supervisor_is_ignored(stop_signals[i]))
            sigaddset(&s->watched, stop_signals[i]);
    sigprocmask(SIG_BLOCK, &s->watched, &s->before);
    sigaction(SIGCHLD, &action, &s->child_before); /* ignored, children would leave no status */
}

static void unwatch_signals(const struct supervisor *s)
{
    sigaction(SIGCHLD, &s->child_before, NULL);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
}

static void signal_all(const struct supervisor *s, int signo)
{
    for (int i = 0; i < s->o->n_workers; i++)
        if (s->workers[i].pid > 0)
            kill(s->workers[i].pid, signo);
}

/* --- stopping --- */

static void stop(struct supervisor *s, int signo, int code)
{
    for (size_t i = 0; i < s->o->n_held; i++)
        gu_sockets_close(&s->o->held[i]);
    for (int i = 0; i < s->o->n_workers; i++)
        s->workers[i].due = GU_FOREVER;
    s->stopped_by = signo;
    s->stopped_at = now();
    s->kill_at = s->stopped_at + s->o->patience;
    s->code = code;
    signal_all(s, s->o->is_service ? SIGTERM : signo);
}

static void stop_asked(struct supervisor *s, int signo)
{
    if (signo == SIGHUP && s->o->passes_hup) {
        gust_log_reopen();
        signal_all(s, signo);
        return;
    }
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "stopping %zu workers: signal %d", s->n_alive, signo);
    stop(s, signo, 0);
}

static void stop_again(struct supervisor *s, int signo)
{
    if (!gu_supervisor_is_new_stop(s->stopped_at, now()))
        return;
    s->stopped_at = now();
    s->kill_at = gu_time_min(s->kill_at, s->stopped_at + CUT_PATIENCE);
    signal_all(s, s->o->is_service ? SIGQUIT : signo);
}

static void kill_late(struct supervisor *s)
{
    if (s->stopped_by == 0 || now() < s->kill_at)
        return;
    gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "killing %zu workers that did not stop", s->n_alive);
    s->kill_at = GU_FOREVER;
    signal_all(s, SIGKILL);
}

/* --- workers --- */

/* What the child does not need of its supervisor; its number. */
static int become_worker(struct supervisor *s, int id, int ready[2])
{
    ready_fd = ready[1];
    close(ready[0]);
    for (int i = 0; i < s->o->n_workers; i++)
        if (s->workers[i].ready >= 0)
            close(s->workers[i].ready);
    gu_free(s->workers);
    unwatch_signals(s);
    gu_random_reseed();
    gu_worker_set_id(id);
    return id;
}

static int open_ready(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0)
        return 0;
    return -errno;
}

/* In the child its number; in the supervisor GU_PARENT, or a negative error. */
#define GU_PARENT INT32_MAX
static int start(struct supervisor *s, int id)
{
    struct worker *w = &s->workers[id];
    pid_t supervisor = getpid();
    int ready[2];
    int err = open_ready(ready);

    if (err < 0)
        return err;
    gu_log_flush();
    fflush(NULL); /* or both processes would write what waits there */
    w->pid = fork();
    if (w->pid == 0) {
        gu_die_with_parent(supervisor);
        return become_worker(s, id, ready);
    }
    err = w->pid < 0 ? -errno : GU_PARENT;
    close(ready[1]);
    if (err < 0) {
        close(ready[0]);
        w->pid = 0;
        return err;
    }
    w->ready = ready[0];
    w->started = now();
    s->n_alive++;
    return GU_PARENT;
}

/* Forks those that are due. As start(); an error is retried later. */
static int start_due(struct supervisor *s)
{
    gu_time at = now();

    for (int id = 0; id < s->o->n_workers; id++) {
        struct worker *w = &s->workers[id];
        int result;

        if (w->pid > 0 || w->due > at)
            continue;
        result = start(s, id);
        if (result >= 0 && result != GU_PARENT)
            return result;
        if (result < 0) {
            gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "worker %d cannot be forked: %s", id,
                   gust_strerror(result));
            w->due = at + QUICK;
        }
    }
    return GU_PARENT;
}

/* --- their end --- */

static bool said_ready(struct worker *w)
{
    char byte;
    bool is_ready = read(w->ready, &byte, 1) == 1;

    close(w->ready);
    w->ready = -1;
    return is_ready;
}

static bool all_failed(const struct supervisor *s)
{
    for (int i = 0; i < s->o->n_workers; i++)
        if (!s->workers[i].has_failed)
            return false;
    return true;
}

static gu_time pause_of(unsigned n_quick)
{
    gu_time pause = FIRST_PAUSE;

    if (n_quick < 2)
        return 0;
    while (--n_quick >= 2 && pause < LAST_PAUSE)
        pause *= 2;
    return gu_time_min(pause, LAST_PAUSE);
}

static void replace(struct supervisor *s, struct worker *w)
{
    if (s->o->max_restarts >= 0 && s->n_restarts >= s->o->max_restarts) {
        gu_log(GUST_LOG_CRITICAL, GU_LOG_GENERAL, "Too many child restarts, giving up");
        stop(s, SIGTERM, -GUST_EFULL);
    } else if (s->o->is_service && !s->was_ready && all_failed(s)) {
        gu_log(GUST_LOG_CRITICAL, GU_LOG_GENERAL, "no worker could start, giving up");
        stop(s, SIGTERM, 1);
    } else {
        s->n_restarts++;
        w->due = s->o->is_service ? now() + pause_of(w->n_quick) : 0;
    }
}

/* The signals of a process's own errors; what else kills comes from outside. */
static bool is_own_signal(int signo)
{
    static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};

    for (size_t i = 0; i < gu_countof(own); i++)
        if (own[i] == signo)
            return true;
    return false;
}

/* A pause is for what fails by itself and would again. A worker that had started well and was then
 * killed by somebody says nothing of the next, and every pause is a loss of service. */
static bool is_failed_start(const struct worker *w, int status, bool was_ready)
{
    if (was_ready && WIFSIGNALED(status) && !is_own_signal(WTERMSIG(status)))
        return false;
    return now() - w->started < QUICK;
}

/* A worker's end while nobody asked for it. Says what Tornado says. */
static void ended_unasked(struct supervisor *s, struct worker *w, pid_t pid, int status,
                          bool was_ready)
{
    int id = (int)(w - s->workers);

    w->has_failed = true;
    w->n_quick = is_failed_start(w, status, was_ready) ? w->n_quick + 1 : 0;
    if (WIFSIGNALED(status))
        gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL,
               "child %d (pid %d) killed by signal %d, restarting", id, (int)pid, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL,
               "child %d (pid %d) exited with status %d, restarting", id, (int)pid,
               WEXITSTATUS(status));
    else
        gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "child %d (pid %d) exited normally", id, (int)pid);
    if (s->o->is_service || status != 0)
        replace(s, w);
    else
        w->due = GU_FOREVER;
}

/* Ends that were asked for: normal, by the signal that was passed on to a program's own worker, or
 * by ours to one that had not yet come to watch for it. */
static bool is_good_end(const struct supervisor *s, int status, bool was_ready)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == 0;
    return s->o->is_service ? WTERMSIG(status) == SIGTERM && !was_ready
                            : WTERMSIG(status) == s->stopped_by;
}

static void reap(struct supervisor *s)
{
    for (int i = 0; i < s->o->n_workers; i++) {
        struct worker *w = &s->workers[i];
        pid_t pid = w->pid;
        bool is_ready;
        int status;

        if (pid <= 0 || waitpid(pid, &status, WNOHANG) != pid)
            continue;
        is_ready = said_ready(w);
        s->was_ready |= is_ready;
        s->n_alive--;
        w->pid = 0;
        if (s->stopped_by == 0)
            ended_unasked(s, w, pid, status, is_ready);
        else if (s->code == 0 && !is_good_end(s, status, is_ready))
            s->code = 1;
    }
}

/* --- waiting --- */

/* When something is to be done though no signal comes. */
static gu_time next_due(const struct supervisor *s)
{
    gu_time due = s->stopped_by != 0 ? s->kill_at : GU_FOREVER;

    for (int i = 0; i < s->o->n_workers; i++)
        if (s->workers[i].pid == 0)
            due = gu_time_min(due, s->workers[i].due);
    return due;
}

/* `due` is what else there is to do. */
static int wait_signal(const struct supervisor *s, gu_time due)
{
    gu_time left;
    struct timespec span;

    due = gu_time_min(due, next_due(s));
    if (due == GU_FOREVER)
        return sigwaitinfo(&s->watched, NULL);
    left = due - now();
    if (left < 0)
        left = 0;
    span = (struct timespec){.tv_sec = left / GU_SECOND, .tv_nsec = left % GU_SECOND};
    return sigtimedwait(&s->watched, NULL, &span);
}

static bool is_over(const struct supervisor *s)
{
    return s->n_alive == 0 && (s->stopped_by != 0 || next_due(s) == GU_FOREVER);
}

static int supervise(struct supervisor *s)
{
    for (;;) {
        gu_time due = gu_tls_turn_tickets(); /* before others inherit what it knows */
        int id = start_due(s), signo;

        if (id != GU_PARENT)
            return id;
        if (is_over(s))
            return -GUST_ECLOSED;
        signo = wait_signal(s, due);
        if (signo == SIGCHLD)
            reap(s);
        else if (signo > 0 && s->stopped_by == 0)
            stop_asked(s, signo);
        else if (signo > 0)
            stop_again(s, signo);
        kill_late(s);
    }
}

int gu_supervise(const struct gu_supervisor_options *options, int *code)
{
    struct supervisor s = {.o = options, .kill_at = GU_FOREVER};
    int result;

    s.workers = gu_alloc0((size_t)options->n_workers * sizeof *s.workers);
    if (s.workers == NULL)
        return -ENOMEM;
    for (int i = 0; i < options->n_workers; i++)
        s.workers[i].ready = -1;
    watch_signals(&s);
    result = supervise(&s);
    if (result >= 0)
        return result;
    unwatch_signals(&s);
    gu_free(s.workers);
    *code = s.code;
    return result;
}

void gu_supervisor_ready(void)
{
    if (ready_fd < 0)
        return;
    gust_ignore(write(ready_fd, "", 1));
    close(ready_fd);
    ready_fd = -1;
}
