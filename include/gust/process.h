/*
 * gust/process.h — worker processes, and other programs
 *
 * Workers: one process uses one core. Several that listen on the same port use all of them, and one
 * crash does not take the rest. gust_app_main() does all this by itself (--workers); what is here
 * is for programs that begin in another way.
 *
 * Other programs are run beside the loop: gust_run_command() for those that are given something and
 * answer, gust_subprocess_open() for those that are talked to. They get no descriptor but the three
 * that their options name, and no signal that this process blocks or ignores. None becomes a
 * zombie, whoever waits for it or does not: its loop collects it when it ends. Calls belong to the
 * loop's thread.
 */
#ifndef GUST_PROCESS_H
#define GUST_PROCESS_H

#include <gust/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- workers --- */

/** How many cores this process may use; 1 at the least. */
GUST_API int gust_cpu_count(void);

/**
 * Forks `n` workers, one a core if that is 0 or less, and returns in each of them with its number,
 * from 0. The calling process becomes their supervisor, which waits, replaces those that end by a
 * signal or with an exit code that is not 0, and passes SIGTERM, SIGINT and SIGHUP on to them; it
 * exits with 0 when all have ended normally, or by the signal that was passed on, else with 1.
 * Fork before there is a loop or a thread. Follows process.fork_processes.
 * **Errors:** -EEXIST where this thread has a loop, or this is a worker; -GUST_EFULL, in the
 * supervisor, when more than `max_restarts` were replaced (0: 100; GUST_NEVER: no limit): then none
 * is left; or what the system says. */
GUST_API int gust_fork_processes(int n, int max_restarts) GUST_CHECK;

/** This worker's number; -1 in a process that is none. Its replacement gets the same. Follows
 * process.task_id. */
GUST_API int gust_worker_id(void);

/* --- other programs --- */

typedef struct gust_subprocess gust_subprocess;

/** What a program is given as one of its standard streams. */
enum gust_stdio {
    GUST_STDIO_INHERIT, /**< this process's own */
    GUST_STDIO_NULL,    /**< /dev/null */
    GUST_STDIO_PIPE,    /**< a pipe, see gust_subprocess_stream() */
    GUST_STDIO_STDOUT   /**< for standard error: where standard output goes */
};

typedef struct gust_subprocess_options {
    const char *const *env;  /**< "NAME=value", ended by NULL; NULL: this process's own */
    const char *cwd;         /**< the directory to start in; NULL: this process's own */
    enum gust_stdio std_in;  /**< GUST_STDIO_INHERIT by default, as the others */
    enum gust_stdio std_out; /**< */
    enum gust_stdio std_err; /**< */
    bool own_group;          /**< it leads a process group, to which signals go: for programs that
                                start others */
    int64_t max_buffer_size; /**< of its pipes, see gust_stream_options; 0: 16 MiB */
} gust_subprocess_options;

/** Starts argv[0], which is looked for in PATH if it has no slash, with the arguments argv, ended
 * by NULL. No shell is in between. A relative path counts from `cwd`. Opened in a task it is closed
 * with the innermost scope at the latest, see gust_subprocess_keep(). The loop is held until the
 * program is loaded. Follows process.Subprocess.
 * **Errors:** -ENOENT, -EACCES and what else the system says of a program that cannot be started,
 * or of descriptors and memory; -EINVAL for options that mean nothing; without pidfds, -EBUSY when
 * another loop of this process watches SIGCHLD. */
GUST_API int gust_subprocess_open(const char *const argv[], const gust_subprocess_options *options,
                                  gust_subprocess **process) GUST_CHECK;

/** Takes it out of its scope: it lives until gust_subprocess_close(). */
GUST_API void gust_subprocess_keep(gust_subprocess *process);

/** Closes its streams, and kills it if it still runs. Does not wait: the loop collects it. Whoever
 * waits for it is told -GUST_ECLOSED; its exit callback is not called any more. What still runs
 * when the loop closes is killed, too. NULL is allowed. */
GUST_API void gust_subprocess_close(gust_subprocess *process);

/** This end of a pipe: 0 is written to, 1 and 2 are read. NULL where there is none. It is closed
 * with the process, or earlier by gust_stream_close(), which for 0 is how the program learns that
 * no more comes. **Lends** it until gust_subprocess_close(). */
GUST_API gust_stream *gust_subprocess_stream(gust_subprocess *process, int fd);

/** Its process id, while it runs and after. */
GUST_API int gust_subprocess_pid(const gust_subprocess *process);

/** Sends it a signal. **Errors:** -ESRCH when it has ended, or what the system says. */
GUST_API int gust_subprocess_kill(gust_subprocess *process, int signo) GUST_CHECK;

/** Waits until it has ended, and stores its exit code, negative for the signal that ended it. With
 * `code` NULL any other end than 0 is an error. Read its pipes first: who fills one waits. **Waits.
 * Errors:** -ETIMEDOUT and -ECANCELED (it runs on), -GUST_EEXIT when `code` is NULL. Follows
 * Subprocess.wait_for_exit. */
GUST_API int gust_subprocess_wait(gust_subprocess *process, int *code) GUST_WAITS GUST_CHECK;

/** Calls fn(process, code, arg) on the loop when it ends, or soon if it has; one callback, NULL for
 * none. It may close the process. Follows Subprocess.set_exit_callback. */
GUST_API void gust_subprocess_set_exit_callback(
    gust_subprocess *process, void (*fn)(gust_subprocess *process, int code, void *arg), void *arg);

/* --- a program as a call --- */

typedef struct gust_command_options {
    const char *const *env; /**< as of gust_subprocess_options */
    const char *cwd;        /**< */
    gust_str input;         /**< its standard input; none: /dev/null */
    int64_t max_output;     /**< bytes of output and of errors, each; 0: 16 MiB */
    bool merge_errors;      /**< its errors go where its output does */
} gust_command_options;

typedef struct gust_command_result {
    int code;      /**< its exit code, negative for the signal that ended it */
    gust_str out;  /**< its output */
    gust_str errs; /**< its errors; empty with merge_errors */
} gust_command_result;

/** Runs a program until it has ended and closed its output. A code that is not 0 is no error of
 * this call. Whatever ends the call early (a GUST_DEADLINE, a cancellation, too much output) kills
 * the program and, if that still runs, what it started. A program that leaves before it has read
 * its input is no error. What is stored lives as long as the innermost scope. **Waits. Raises
 * 503. Errors:** as gust_subprocess_open(); -GUST_ETOOBIG, -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_run_command(const char *const argv[], const gust_command_options *options,
                              gust_command_result *result) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
