/*
 * subprocess — other programs
 *
 * A program that was started stands in its loop's list until it has been collected, whatever
 * becomes of the handle in between: that is why none stays a zombie. Its end is told by a pidfd,
 * which the loop watches as any descriptor; where the kernel has none, by SIGCHLD, on which all of
 * the list are asked. Only that process is ever collected whose id we know, so children that other
 * code of this process has are left alone; and an id is only signalled before it was collected, so
 * it never means somebody else.
 */
#include "net/subprocess.h"
#include "base/alloc.h"
#include "base/log.h"
#include "net/process.h"
#include "net/pull_impl.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNKNOWN_CODE 255 /* somebody else collected it */

struct gust_subprocess {
    struct gu_io io;      /* the pidfd; first: its gen outlives the memory's use */
    struct gu_link link;  /* of the loop's children, until it was collected */
    struct gu_ready tell; /* calls on_exit */
    struct gu_net *net;
    struct gu_link waits; /* of tasks that wait for its end */
    gust_stream *streams[3];
    void (*on_exit)(gust_subprocess *process, int code, void *arg);
    void *arg;
    pid_t pid;
    int code;
    unsigned n_refs; /* the owner's, the scope's, the loop's until it was collected */
    bool has_ended, is_closed, is_scoped, leads_group;
};

/* --- life --- */

static void subprocess_free(void *memory)
{
    gu_free(memory);
}

static void unref(struct gust_subprocess *p)
{
    gu_assert(p->n_refs > 0);
    if (--p->n_refs == 0)
        gu_loop_free_later(p->net->loop, p, subprocess_free);
}

static void check(const struct gust_subprocess *p, const char *call)
{
    if (gu_unlikely(p->is_closed))
        gu_misuse("%s: the process was closed by gust_subprocess_close()", call);
}

static int send_signal(const struct gust_subprocess *p, int signo)
{
    if (p->has_ended)
        return -ESRCH;
    /* A group there is none of yet, where the system returns before the child has made it. */
    if (p->leads_group && kill(-p->pid, signo) == 0)
        return 0;
    return kill(p->pid, signo) < 0 ? -errno : 0;
}

static void wake_all(struct gust_subprocess *p, int result)
{
    struct gu_link *link;

    while ((link = gu_list_pop(&p->waits)) != NULL)
        gu_task_wake(gu_container_of(link, struct gu_wait, link)->task, result);
}

static void close_streams(struct gust_subprocess *p)
{
    for (size_t i = 0; i < gu_countof(p->streams); i++) {
        if (p->streams[i] == NULL)
            continue;
        gust_stream_close(p->streams[i]);
        gu_pull_unref(p->streams[i]);
        p->streams[i] = NULL;
    }
}

void gust_subprocess_close(gust_subprocess *process)
{
    if (process == NULL || process->is_closed)
        return;
    process->is_closed = true;
    gust_ignore(send_signal(process, SIGKILL));
    close_streams(process);
    wake_all(process, -GUST_ECLOSED);
    gu_loop_unready(process->net->loop, &process->tell);
    unref(process);
}

void gust_subprocess_keep(gust_subprocess *process)
{
    check(process, "gust_subprocess_keep");
    process->is_scoped = false;
}

/* --- its end --- */

static int code_of(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void tell(struct gu_ready *ready)
{
    struct gust_subprocess *p = gu_container_of(ready, struct gust_subprocess, tell);

    if (p->on_exit != NULL)
        p->on_exit(p, p->code, p->arg);
}

static void unwatch(struct gust_subprocess *p)
{
    struct gu_net *net = p->net;
    int fd = p->io.fd;

    gu_list_remove(&p->link);
    if (fd >= 0) {
        gu_loop_unwatch(net->loop, &p->io, true);
        close(fd);
    }
}

static void ended(struct gust_subprocess *p, int code)
{
    p->has_ended = true;
    p->code = code;
    unwatch(p);
    if (!p->is_closed) {
        wake_all(p, 0);
        gu_loop_ready(p->net->loop, &p->tell);
    }
    unref(p);
}

/* Collects it if it has ended; `flags` of waitpid(). */
static void collect(struct gust_subprocess *p, int flags)
{
    int status = 0;
    pid_t pid;

    do
        pid = waitpid(p->pid, &status, flags);
    while (pid < 0 && errno == EINTR);
    if (pid == p->pid) {
        ended(p, code_of(status));
    } else if (pid < 0) {
        gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL,
               "process %d was collected by somebody else: its exit code is not known",
               (int)p->pid);
        ended(p, UNKNOWN_CODE);
    }
}

static void on_pidfd(struct gu_io *io, unsigned events)
{
    (void)events;
    collect(gu_container_of(io, struct gust_subprocess, io), WNOHANG);
}

static void on_child(int signo, void *net)
{
    (void)signo;
    GU_LIST_FOREACH_SAFE (link, &((struct gu_net *)net)->children)
        collect(gu_container_of(link, struct gust_subprocess, link), WNOHANG);
}

void gu_children_close(struct gu_net *net)
{
    GU_LIST_FOREACH_SAFE (link, &net->children) {
        struct gust_subprocess *p = gu_container_of(link, struct gust_subprocess, link);

        gust_subprocess_close(p);
        collect(p, 0);
    }
}

/* --- its beginning --- */

/* Ignored, children would leave no status. */
static void restore_sigchld(void)
{
    struct sigaction now;

    if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL);
}

/* An end that came before the watch is seen all the same: here it is asked once... */
static int watch_signal(struct gust_subprocess *p)
{
    int err = gust_loop_add_signal(p->net->loop, SIGCHLD, on_child, p->net);

    if (err == 0)
        collect(p, WNOHANG);
    return err;
}

/* ... and a pidfd stays readable. A sandbox that does not know the call refuses it by EPERM. */
static int watch(struct gust_subprocess *p)
{
    int err, fd = gu_pidfd_open(p->pid);

    if (fd == -ENOSYS || fd == -EPERM)
        return watch_signal(p);
    if (fd < 0)
        return fd;
    p->io.on_events = on_pidfd;
    p->io.fd = fd;
    err = gu_loop_watch(p->net->loop, &p->io, GU_IN);
    if (err < 0) {
        p->io.fd = -1;
        close(fd);
    }
    return err;
}

/* What was not opened is closed. A reference is kept, so that its user may close it, too. */
static int open_streams(struct gust_subprocess *p, const int ends[3], int64_t max)
{
    gust_stream_options options = {.max_buffer_size = max};
    int err = 0;

    for (size_t i = 0; i < gu_countof(p->streams); i++) {
        if (ends[i] < 0)
            continue;
        if (err == 0)
            err = gust_stream_open(ends[i], &options, &p->streams[i]);
        if (err == 0)
            gu_pull_ref(p->streams[i]);
        else
            close(ends[i]);
    }
    return err;
}

static void scope_ended(void *arg)
{
    struct gust_subprocess *p = arg;

    if (p->is_scoped)
        gust_subprocess_close(p);
    unref(p);
}

static struct gust_subprocess *subprocess_new(struct gu_net *net)
{
    struct gust_subprocess *p = gu_alloc0(sizeof *p);

    if (p == NULL)
        return NULL;
    p->net = net;
    p->io.fd = -1;
    p->n_refs = 1;
    p->has_ended = true; /* until it has begun */
    p->tell.run = tell;
    gu_list_init(&p->link);
    gu_list_init(&p->waits);
    return p;
}

static bool bind_to_scope(struct gust_subprocess *p)
{
    if (gu_task_current() == NULL)
        return true;
    if (!gu_try_defer(scope_ended, p))
        return false;
    p->is_scoped = true;
    p->n_refs++;
    return true;
}

static int begin(struct gust_subprocess *p, const char *const argv[],
                 const gust_subprocess_options *options)
{
    int ends[3] = {-1, -1, -1};
    int err = gu_spawn(argv, options, ends, &p->pid);

    if (err < 0)
        return err;
    p->has_ended = false;
    p->leads_group = options->own_group;
    p->n_refs++;
    gu_list_append(&p->net->children, &p->link);
    err = open_streams(p, ends, options->max_buffer_size);
    if (err == 0)
        err = watch(p);
    if (err < 0) { /* nobody would tell us of its end */
        gust_ignore(send_signal(p, SIGKILL));
        collect(p, 0);
    }
    return err;
}

int gust_subprocess_open(const char *const argv[], const gust_subprocess_options *options,
                         gust_subprocess **process)
{
    static const gust_subprocess_options defaults;
    struct gust_loop *loop = gust_loop_current();
    struct gu_net *net = loop == NULL ? NULL : gu_net_of(loop);
    struct gust_subprocess *p = net == NULL ? NULL : subprocess_new(net);
    int err = p == NULL || !bind_to_scope(p) ? -ENOMEM : 0;

    restore_sigchld();
    if (err == 0)
        err = begin(p, argv, options != NULL ? options : &defaults);
    if (err < 0)
        gust_subprocess_close(p);
    else
        *process = p;
    return err;
}

/* --- asking and waiting --- */

gust_stream *gust_subprocess_stream(gust_subprocess *process, int fd)
{
    check(process, "gust_subprocess_stream");
    return fd >= 0 && fd < 3 ? process->streams[fd] : NULL;
}

int gust_subprocess_pid(const gust_subprocess *process)
{
    return (int)process->pid;
}

int gust_subprocess_kill(gust_subprocess *process, int signo)
{
    check(process, "gust_subprocess_kill");
    return send_signal(process, signo);
}

static int wait_ended(struct gust_subprocess *p)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};
    int err;

    if (p->has_ended)
        return 0;
    gu_list_append(&p->waits, &wait.link);
    p->n_refs++;
    err = gu_task_wait(&wait, GU_FOREVER);
    unref(p);
    return err;
}

int gust_subprocess_wait(gust_subprocess *process, int *code)
{
    int err;

    gu_task_check_wait();
    check(process, "gust_subprocess_wait");
    err = wait_ended(process);
    if (err < 0)
        return err;
    if (code != NULL)
        *code = process->code;
    return code == NULL && process->code != 0 ? -GUST_EEXIT : 0;
}

void gust_subprocess_set_exit_callback(gust_subprocess *process,
                                       void (*fn)(gust_subprocess *process, int code, void *arg),
                                       void *arg)
{
    check(process, "gust_subprocess_set_exit_callback");
    process->on_exit = fn;
    process->arg = arg;
    if (process->has_ended)
        gu_loop_ready(process->net->loop, &process->tell);
}
