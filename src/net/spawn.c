/*
 * spawn — starting another program
 *
 * By posix_spawn(), which copies neither page tables nor threads, and which tells what exec said.
 * What the program inherits is named here and nowhere else: three descriptors, an environment, a
 * directory, no blocked signal and none that is ignored.
 */
#include "net/process.h"
#include "net/subprocess.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#define N_STDIO 3

struct spawn {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int theirs[N_STDIO]; /* the child's ends of pipes; -1 */
    int ours[N_STDIO];
};

/* --- pipes --- */

static void close_all(int fds[N_STDIO])
{
    for (int i = 0; i < N_STDIO; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

/* Where this process has closed a standard stream, a pipe may get its number; in the child it would
 * be overwritten before it was moved to its place. */
static int lift(int fd)
{
    int high;

    if (fd >= N_STDIO)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, N_STDIO);
    if (high < 0)
        high = -errno;
    close(fd);
    return high;
}

static int open_pipe(struct spawn *s, int n)
{
    int ends[2];
    bool is_input = n == STDIN_FILENO;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    s->ours[n] = ends[is_input ? 1 : 0];
    s->theirs[n] = lift(ends[is_input ? 0 : 1]);
    return s->theirs[n] < 0 ? s->theirs[n] : 0;
}

/* --- what it inherits --- */

static int add_stream(struct spawn *s, int n, enum gust_stdio what)
{
    int err;

    switch (what) {
    case GUST_STDIO_INHERIT:
        return 0;
    case GUST_STDIO_NULL:
        return -posix_spawn_file_actions_addopen(&s->actions, n, "/dev/null", O_RDWR, 0);
    case GUST_STDIO_PIPE:
        err = open_pipe(s, n);
        return err < 0 ? err : -posix_spawn_file_actions_adddup2(&s->actions, s->theirs[n], n);
    case GUST_STDIO_STDOUT:
        if (n == STDERR_FILENO)
            return -posix_spawn_file_actions_adddup2(&s->actions, STDOUT_FILENO, n);
    }
    return -EINVAL;
}

static int add_actions(struct spawn *s, const gust_subprocess_options *o)
{
    const enum gust_stdio what[N_STDIO] = {o->std_in, o->std_out, o->std_err};
    int err = 0;

    for (int n = 0; n < N_STDIO && err == 0; n++)
        err = add_stream(s, n, what[n]);
    if (err == 0)
        err = -gu_spawn_close_others(&s->actions);
    if (err == 0 && o->cwd != NULL)
        err = -posix_spawn_file_actions_addchdir_np(&s->actions, o->cwd);
    return err;
}

static int set_attributes(struct spawn *s, const gust_subprocess_options *o)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    if (o->own_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    err = posix_spawnattr_setsigmask(&s->attributes, &none);
    if (err == 0)
        err = posix_spawnattr_setsigdefault(&s->attributes, &all);
    if (err == 0)
        err = posix_spawnattr_setflags(&s->attributes, flags);
    return -err;
}

/* --- starting --- */

static int start(struct spawn *s, const char *const argv[], const gust_subprocess_options *o,
                 pid_t *pid)
{
    char *const *env = o->env == NULL ? environ : (char *const *)(uintptr_t)o->env;
    int err = add_actions(s, o);

    if (err == 0)
        err = set_attributes(s, o);
    if (err == 0)
        err = -posix_spawnp(pid, argv[0], &s->actions, &s->attributes,
                            (char *const *)(uintptr_t)argv, env);
    return err;
}

static int init(struct spawn *s)
{
    int err = posix_spawn_file_actions_init(&s->actions);

    if (err != 0)
        return -err;
    err = posix_spawnattr_init(&s->attributes);
    if (err != 0)
        posix_spawn_file_actions_destroy(&s->actions);
    return -err;
}

int gu_spawn(const char *const argv[], const gust_subprocess_options *options, int ends[3],
             pid_t *pid)
{
    struct spawn s = {.theirs = {-1, -1, -1}, .ours = {-1, -1, -1}};
    int err;

    if (argv == NULL || argv[0] == NULL)
        return -EINVAL;
    err = init(&s);
    if (err < 0)
        return err;
    err = start(&s, argv, options, pid);
    posix_spawnattr_destroy(&s.attributes);
    posix_spawn_file_actions_destroy(&s.actions);
    close_all(s.theirs);
    if (err < 0)
        close_all(s.ours);
    else
        memcpy(ends, s.ours, sizeof s.ours);
    return err;
}
