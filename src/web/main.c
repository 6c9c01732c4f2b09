/*
 * main — gust_app_main()
 *
 * Reads the command line, binds, and becomes a worker; or, with more workers than one, the
 * supervisor of processes that do.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/options.h"
#include "base/str.h"
#include "loop/poller.h"
#include "net/process.h"
#include "net/supervisor.h"
#include "web/web_impl.h"
#include "web/worker.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_LOOPS 1024
#define KILL_AFTER (15 * GU_SECOND) /* behind drain_timeout */

enum { CODE_CLEAN, CODE_FAILED, CODE_USAGE };

struct program {
    gust_app_options app;
    const char *address, *poller, *log_level, *log_format, *log_file;
    int64_t port, n_workers, n_threads, max_connections;
    double drain_timeout;
    bool has_access_log;
    struct gu_sockets *sets; /* n_threads for each worker */
    char listens[2 * GUST_ADDRESS_TEXT + 40];
    int64_t n_descriptors;
};

/* --- the command line --- */

static void set_defaults(struct program *p, const gust_app_options *options)
{
    *p = (struct program){
        .app = *options,
        .log_level = "info",
        .log_format = "text",
        .port = 8888,
        .n_workers = 1,
        .n_threads = 1,
        .max_connections = options->server.max_connections,
        .drain_timeout = options->drain_timeout == 0 ? 30 : options->drain_timeout,
        .has_access_log = true,
    };
}

/* As gu_options_parse(). */
static int parse(struct program *p, int argc, char **argv, struct gu_buf *message)
{
    const struct gu_option table[] = {
        {"port", GU_OPTION_INT, &p->port, 0, 65535, NULL, "to listen on; 0: any that is free"},
        {"address", GU_OPTION_STRING, &p->address, 0, 0, "ADDR",
         "to listen on: 127.0.0.1, ::1, localhost, unix:/path; none: every interface"},
        {"workers", GU_OPTION_INT, &p->n_workers, 0, MAX_LOOPS, NULL, "processes; 0: one a core"},
        {"threads", GU_OPTION_INT, &p->n_threads, 1, MAX_LOOPS, NULL,
         "in each process, each with a loop of its own"},
        {"max-connections", GU_OPTION_INT, &p->max_connections, 0, INT64_MAX, NULL,
         "of each loop; 0: as many as there are descriptors"},
        {"drain-timeout", GU_OPTION_DOUBLE, &p->drain_timeout, 0, 0, "SECONDS",
         "for requests in hand when stopping"},
        {"poller", GU_OPTION_STRING, &p->poller, 0, 0, "NAME", "epoll, kqueue, poll or select"},
        {"log-level", GU_OPTION_STRING, &p->log_level, 0, 0, "LEVEL",
         "debug, info, warning, error, critical or none"},
        {"log-format", GU_OPTION_STRING, &p->log_format, 0, 0, "FORMAT", "text or json"},
        {"log-file", GU_OPTION_STRING, &p->log_file, 0, 0, "PATH",
         "appended to; none: standard error"},
        {"access-log", GU_OPTION_BOOL, &p->has_access_log, 0, 0, NULL, "log every request"},
        {NULL, GU_OPTION_BOOL, NULL, 0, 0, NULL, NULL},
    };
    int rest = gu_options_parse(table, argc, argv, message);

    if (rest > 0 && rest < argc) {
        gu_buf_printf(message, "Unexpected argument: '%s'", argv[rest]);
        return -EINVAL;
    }
    return rest;
}

/* How many loops there may be; state that lives in one is not seen by another. */
static int check_workers(struct program *p, struct gu_buf *message)
{
    int64_t max = p->app.max_workers == 0 ? 1 : p->app.max_workers;

    if (max < 0)
        max = MAX_LOOPS;
    if (p->n_workers == 0)
        p->n_workers = gust_cpu_count() < max ? gust_cpu_count() : max;
    if (p->n_workers * p->n_threads <= max)
        return 0;
    gu_buf_printf(message,
                  "%lld workers of %lld threads are too many: this program runs in at most %lld "
                  "(gust_app_options.max_workers)",
                  (long long)p->n_workers, (long long)p->n_threads, (long long)max);
    return -EINVAL;
}

static int set_up_log(const struct program *p, struct gu_buf *message)
{
    gust_log_options o = {.fd = STDERR_FILENO};
    int level = gust_log_level_from(p->log_level);

    if (level < 0) {
        gu_buf_printf(message, "Option '--log-level' is no level: '%s'", p->log_level);
        return -EINVAL;
    }
    if (strcmp(p->log_format, "text") != 0 && strcmp(p->log_format, "json") != 0) {
        gu_buf_printf(message, "Option '--log-format' must be text or json, not '%s'",
                      p->log_format);
        return -EINVAL;
    }
    if (p->log_file != NULL)
        o.fd = open(p->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (o.fd < 0) {
        gu_buf_printf(message, "%s: %s", p->log_file, gust_strerror(errno));
        return -EINVAL;
    }
    o.level = (gust_log_level)level;
    o.format = strcmp(p->log_format, "json") == 0 ? GUST_LOG_JSON : GUST_LOG_TEXT;
    gust_ignore(gust_log_setup(&o));
    if (!p->has_access_log)
        gust_ignore(gust_log_set_level("gust.access", GUST_LOG_NONE));
    return 0;
}

static int check(struct program *p, struct gu_buf *message)
{
    const struct gu_poller_ops *poller = gu_poller_find(p->poller);

    if (poller == NULL) {
        gu_buf_printf(message, "there is no poller '%s' here",
                      p->poller != NULL ? p->poller : "that GUST_POLLER names");
        return -EINVAL;
    }
    p->poller = poller->name;
    p->app.drain_timeout = p->drain_timeout == 0 ? 1e-9 : p->drain_timeout; /* 0 is the default */
    p->app.server.max_connections = p->max_connections;
    return check_workers(p, message);
}

/* Returns the program's exit code, or -1 to go on. */
static int read_command_line(struct program *p, int argc, char **argv)
{
    struct gu_buf message = GU_BUF_NULL;
    gust_str text = GU_STR("memory is short");
    int rest = parse(p, argc, argv, &message), code = -1;

    if (rest > 0)
        rest = check(p, &message) < 0 || set_up_log(p, &message) < 0 ? -EINVAL : rest;
    if (rest <= 0)
        (void)gu_buf_finish(&message, &text);
    if (rest == 0) {
        fputs(text.ptr, stdout);
        code = CODE_CLEAN;
    } else if (rest < 0) {
        fprintf(stderr, "%s: %s (--help lists the options)\n", argc > 0 ? argv[0] : "gust",
                text.ptr);
        code = CODE_USAGE;
    }
    gu_buf_deinit(&message);
    return code;
}

/* --- listening --- */

static void put_address(const struct program *p, char *to, size_t size)
{
    const char *host = p->address == NULL ? "" : p->address;
    bool is_bare_v6 = strchr(host, ':') != NULL && host[0] != '[';

    if (strncmp(host, "unix:", 5) == 0)
        snprintf(to, size, "%s", host);
    else
        snprintf(to, size, is_bare_v6 ? "[%s]:%lld" : "%s:%lld", host, (long long)p->port);
}

static void name_addresses(struct program *p)
{
    char address[GUST_ADDRESS_TEXT];
    size_t len = 0;

    for (size_t i = 0; i < p->sets[0].n; i++)
        if (gust_socket_address(p->sets[0].fds[i], address) == 0)
            len += (size_t)snprintf(p->listens + len, sizeof p->listens - len, "%s%s",
                                    i > 0 ? " and " : "", address);
    if (p->address == NULL) /* what a browser can be given */
        snprintf(p->listens + len, sizeof p->listens - len, " (http://localhost:%d)",
                 gust_socket_port(p->sets[0].fds[0]));
}

static int listen_all(struct program *p)
{
    size_t n_sets = (size_t)(p->n_workers * p->n_threads);
    char address[256];
    int err = -ENOMEM;

    put_address(p, address, sizeof address);
    p->sets = gu_alloc0(n_sets * sizeof *p->sets);
    if (p->sets != NULL)
        err = gu_sockets_bind(address, p->sets, n_sets);
    if (err < 0)
        gu_log(GUST_LOG_CRITICAL, GU_LOG_GENERAL, "cannot listen on %s: %s", address,
               gust_strerror(err));
    else
        name_addresses(p);
    return err;
}

/* The line that says what runs here, once it does. */
static void announce(void *arg)
{
    const struct program *p = arg;

    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL,
           "Gust %s listens on %s; workers: %lld; threads: %lld; poller: %s; descriptors: %lld",
           gust_version(), p->listens, (long long)p->n_workers, (long long)p->n_threads, p->poller,
           (long long)p->n_descriptors);
}

/* --- running --- */

static void worker_started(void *arg)
{
    (void)arg;
    gu_supervisor_ready();
}

static int run_worker(struct program *p, size_t id, void (*started)(void *), bool is_supervised)
{
    size_t n = (size_t)p->n_threads;
    struct gu_worker_options o = {
        .app = &p->app,
        .poller = p->poller,
        .sets = p->sets + id * n,
        .n_loops = n,
        .is_supervised = is_supervised,
        .started = started,
        .arg = p,
    };

    for (size_t i = 0; i < (size_t)p->n_workers * n; i++)
        if (i / n != id)
            gu_sockets_close(&p->sets[i]);
    return gu_worker_run(&o);
}

static int run_supervisor(struct program *p)
{
    struct gu_supervisor_options o = {
        .n_workers = (int)p->n_workers,
        .max_restarts = GUST_NEVER,
        .is_service = true,
        .patience = gu_time_from_seconds(p->drain_timeout),
        .held = p->sets,
        .n_held = (size_t)(p->n_workers * p->n_threads),
    };
    int id, code = CODE_FAILED;

    if (o.patience < GU_FOREVER - KILL_AFTER)
        o.patience += KILL_AFTER;
    announce(p);
    id = gu_supervise(&o, &code);
    return id >= 0 ? run_worker(p, (size_t)id, worker_started, true) : code;
}

int gust_app_main(const gust_app_options *options, int argc, char **argv)
{
    struct program p;
    gust_app *tried;
    int code;

    set_defaults(&p, options);
    code = read_command_line(&p, argc, argv);
    if (code >= 0)
        return code;
    signal(SIGPIPE, SIG_IGN);
    p.n_descriptors = gu_descriptors_raise();
    tried = gust_app_new(&p.app); /* a wrong route shows here, not in each worker */
    gust_app_free(tried);
    if (tried == NULL || listen_all(&p) < 0)
        code = CODE_FAILED;
    else if (p.n_workers == 1)
        code = run_worker(&p, 0, announce, false);
    else
        code = run_supervisor(&p);
    gu_free(p.sets);
    gu_log_flush();
    return code;
}
