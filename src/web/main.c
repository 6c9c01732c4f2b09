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
#include "net/tls.h"
#include "web/web_impl.h"
#include "web/worker.h"
#include <gust/session.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_LOOPS 1024
#define KILL_AFTER (15 * GU_SECOND) /* behind drain_timeout */

enum { CODE_CLEAN, CODE_FAILED, CODE_USAGE };

struct program {
    gust_app_options app;
    gust_options *options;
    struct log_settings {
        const char *level, *format, *file, *rotate_mode, *rotate_when;
        gust_option_list levels;
        int64_t max_size, n_backups, rotate_interval;
        double repeats;
        bool to_stderr, has_access;
    } log;
    const char *address, *poller;
    const char *tls_cert, *tls_key;
    gust_tls_options tls;
    int64_t port, n_workers, n_threads, max_connections;
    double drain_timeout;
    struct gu_sockets *sets; /* n_threads for each worker */
    char listens[2 * GUST_ADDRESS_TEXT + 40];
    int64_t n_descriptors;
};

/* --- the command line --- */

static void set_defaults(struct program *p, const gust_app_options *options)
{
    *p = (struct program){
        .app = *options,
        .log = {.level = "info",
                .format = "text",
                .rotate_mode = "size",
                .rotate_when = "midnight",
                .max_size = 100000000,
                .n_backups = 10,
                .rotate_interval = 1,
                .has_access = true},
        .port = 8888,
        .n_workers = 1,
        .n_threads = 1,
        .max_connections = options->server.max_connections,
        .drain_timeout = options->drain_timeout == 0 ? 30 : options->drain_timeout,
        .tls = options->server.tls != NULL ? *options->server.tls : (gust_tls_options){0},
    };
}

#define OPTION(name_, type_, to_, ...)                                         \
    {                                                                          \
        .name = (name_), .type = GUST_OPTION_##type_, .to = (to_), __VA_ARGS__ \
    }
#define SERVER .group = "Server"
#define LOG .group = "Log"

static const char *const levels[] = {"debug", "info", "warning", "error", "critical", "none", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const modes[] = {
    [GUST_LOG_ROTATE_SIZE] = "size",
    [GUST_LOG_ROTATE_TIME] = "time",
    [GUST_LOG_ROTATE_NEVER] = "never",
    NULL,
};

static int parse_all(struct program *p, gust_options *o, int argc, char **argv)
{
    const char *prefix = p->app.environment;
    int err = prefix == NULL ? 0 : gust_options_parse_environment(o, prefix);
    int rest = err < 0 ? err : gust_options_parse_command_line(o, argc, argv);

    if (rest > 0 && rest < argc)
        return gu_options_fail(o, -EINVAL, "Unexpected argument: '%s'", argv[rest]);
    if (rest > 0)
        err = gust_options_finish(o);
    return err < 0 ? err : rest;
}

/* Positive to go on, 0 when help or the version was asked for. */
static int parse(struct program *p, int argc, char **argv)
{
    static const gust_option none[] = {{0}};
    struct log_settings *log = &p->log;
    const gust_option log_table[] = {
        OPTION("log-level", STRING, &log->level, LOG, .alias = "logging", .metavar = "LEVEL",
               .choices = levels, .help = "debug, info, warning, error, critical or none"),
        OPTION("log-levels", STRING, &log->levels, LOG, .metavar = "LOGGER=LEVEL",
               .is_multiple = true, .help = "of single loggers"),
        OPTION("access-log", BOOL, &log->has_access, LOG, .help = "log every request"),
        OPTION("log-format", STRING, &log->format, LOG, .metavar = "FORMAT", .choices = formats,
               .help = "text or json"),
        OPTION("log-repeats", DURATION, &log->repeats, LOG, .max = INT64_MAX,
               .help = "within which a line that comes again is only counted"),
        OPTION("log-file", STRING, &log->file, LOG, .alias = "log-file-prefix", .metavar = "PATH",
               .help = "appended to; none: standard error"),
        OPTION("log-to-stderr", BOOL, &log->to_stderr, LOG, .help = "beside the file"),
        OPTION("log-rotate-mode", STRING, &log->rotate_mode, LOG, .metavar = "MODE",
               .choices = modes, .help = "size, time or never"),
        OPTION("log-file-max-size", INT, &log->max_size, LOG, .metavar = "BYTES", .min = 1,
               .max = INT64_MAX, .help = "at which the file is rotated"),
        OPTION("log-file-num-backups", INT, &log->n_backups, LOG, .max = 10000,
               .help = "files that are kept"),
        OPTION("log-rotate-when", STRING, &log->rotate_when, LOG, .metavar = "WHEN",
               .help = "S, M, H, D, midnight, W0 (Monday) to W6"),
        OPTION("log-rotate-interval", INT, &log->rotate_interval, LOG, .min = 1, .max = 10000,
               .help = "of these"),
        {0},
    };
    const gust_option table[] = {
        {.table = p->app.options != NULL ? p->app.options : none},
        OPTION("config", CONFIG, NULL, .help = "lines of: name = value"),
        OPTION("port", INT, &p->port, SERVER, .max = 65535,
               .help = "to listen on; 0: any that is free"),
        OPTION("address", STRING, &p->address, SERVER, .metavar = "ADDR",
               .help = "127.0.0.1, ::1, localhost, unix:/path; none: every interface"),
        OPTION("workers", INT, &p->n_workers, SERVER, .max = MAX_LOOPS,
               .help = "processes; 0: one a core"),
        OPTION("threads", INT, &p->n_threads, SERVER, .min = 1, .max = MAX_LOOPS,
               .help = "in each process, each with a loop of its own"),
        OPTION("max-connections", INT, &p->max_connections, SERVER, .max = INT64_MAX,
               .help = "of each loop; 0: as many as there are descriptors"),
        OPTION("drain-timeout", DURATION, &p->drain_timeout, SERVER,
               .help = "for requests in hand when stopping"),
        OPTION("tls-cert", STRING, &p->tls_cert, SERVER, .metavar = "FILE",
               .help = "serve HTTPS: the certificate and its chain, PEM; read again on SIGHUP, or "
                       "when it changes"),
        OPTION("tls-key", STRING, &p->tls_key, SERVER, .metavar = "FILE",
               .help = "its key, PEM; none: in the same file"),
        OPTION("poller", STRING, &p->poller, SERVER, .metavar = "NAME",
               .help = "epoll, kqueue, poll or select"),
        {.table = log_table},
        {0},
    };

    p->options = gust_options_new(table, p->app.version != NULL ? p->app.version : gust_version());
    return p->options == NULL ? -ENOMEM : parse_all(p, p->options, argc, argv);
}

/* How many loops there may be; state that lives in one is not seen by another. */
static int check_workers(struct program *p)
{
    int64_t max = p->app.max_workers == 0 ? 1 : p->app.max_workers;
    const gust_session_options *sessions = p->app.sessions;

    if (sessions != NULL && sessions->store != NULL && sessions->store->is_local) {
        if (p->n_workers * p->n_threads > 1)
            return gu_options_fail(p->options, -EINVAL,
                                   "%lld workers of %lld threads are too many: this program keeps "
                                   "its sessions in the memory of one "
                                   "(gust_session_options.store)",
                                   (long long)p->n_workers, (long long)p->n_threads);
        max = 1;
    }
    if (max < 0)
        max = MAX_LOOPS;
    if (p->n_workers == 0)
        p->n_workers = gust_cpu_count() < max ? gust_cpu_count() : max;
    if (p->n_workers * p->n_threads <= max)
        return 0;
    return gu_options_fail(
        p->options, -EINVAL,
        "%lld workers of %lld threads are too many: this program runs in at most %lld "
        "(gust_app_options.max_workers)",
        (long long)p->n_workers, (long long)p->n_threads, (long long)max);
}

static int rotation(const char *mode)
{
    int i = GUST_LOG_ROTATE_NEVER;

    while (i > 0 && strcmp(mode, modes[i]) != 0)
        i--;
    return i;
}

/* "myapp.db=debug": a logger that is not there yet begins with the level. */
static int set_level(const struct program *p, const char *text)
{
    const char *equals = strrchr(text, '=');
    int level = equals == NULL ? -EINVAL : gust_log_level_from(equals + 1), err = -EINVAL;
    char name[64];

    if (level >= 0 && equals - text < (ptrdiff_t)sizeof name) {
        snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
        gust_ignore(gust_logger_get(name) == NULL);
        err = gust_log_set_level(name, (gust_log_level)level);
    }
    if (err < 0)
        return gu_options_fail(p->options, err,
                               "Option '--log-levels' must be LOGGER=LEVEL, not '%s'", text);
    return 0;
}

static int set_up_log(const struct program *p)
{
    const struct log_settings *log = &p->log;
    gust_log_options o = {
        .level = (gust_log_level)gust_log_level_from(log->level),
        .format = strcmp(log->format, "json") == 0 ? GUST_LOG_JSON : GUST_LOG_TEXT,
        .repeat_window = log->repeats,
        .file = log->file,
        .to_stderr = log->to_stderr,
        .rotate = (gust_log_rotate)rotation(log->rotate_mode),
        .file_max_size = log->max_size,
        .file_num_backups = log->n_backups == 0 ? GUST_NEVER : (int)log->n_backups,
        .rotate_when = log->rotate_when,
        .rotate_interval = (int)log->rotate_interval,
    };
    int err = gust_log_setup(&o);

    if (err == -EINVAL)
        return gu_options_fail(p->options, err,
                               "Option '--log-rotate-when' must be S, M, H, D, "
                               "midnight or W0 to W6, not '%s'",
                               log->rotate_when);
    if (err < 0)
        return gu_options_fail(p->options, err, "%s: %s", log->file, gust_strerror(err));
    if (!log->has_access)
        gust_ignore(gust_log_set_level("gust.access", GUST_LOG_NONE));
    for (size_t i = 0; err == 0 && i < log->levels.n; i++)
        err = set_level(p, log->levels.of.strings[i]);
    return err;
}

static int check_tls(struct program *p)
{
    if (p->tls_key != NULL && p->tls_cert == NULL)
        return gu_options_fail(p->options, -EINVAL, "Option '--tls-key' needs '--tls-cert'");
    if (p->tls_cert == NULL)
        return 0;
    p->tls.cert.cert_file = p->tls_cert;
    p->tls.cert.key_file = p->tls_key;
    p->app.server.tls = &p->tls;
    return 0;
}

static int check(struct program *p)
{
    bool is_option = p->poller != NULL && p->poller[0] != '\0';
    const struct gu_poller_ops *poller = gu_poller_find(p->poller);

    if (poller == NULL)
        return gu_options_fail(
            p->options, -EINVAL, "%sthere is no poller '%s' here",
            is_option ? "" : "GUST_POLLER: ", is_option ? p->poller : getenv("GUST_POLLER"));
    p->poller = poller->name;
    p->app.drain_timeout = p->drain_timeout == 0 ? 1e-9 : p->drain_timeout; /* 0 is the default */
    p->app.server.max_connections = p->max_connections;
    return check_tls(p) < 0 ? -EINVAL : check_workers(p);
}

/* Returns the program's exit code, or -1 to go on. */
static int read_command_line(struct program *p, int argc, char **argv)
{
    int rest = parse(p, argc, argv);
    const char *message;

    if (rest > 0 && (check(p) < 0 || set_up_log(p) < 0))
        rest = -EINVAL;
    if (rest > 0)
        return -1;
    message = p->options == NULL ? "memory is short" : gust_options_message(p->options);
    if (rest == 0) {
        fputs(message, stdout);
        return CODE_CLEAN;
    }
    fprintf(stderr, "%s: %s (--help lists the options)\n", argc > 0 ? argv[0] : "gust", message);
    return CODE_USAGE;
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
        snprintf(p->listens + len, sizeof p->listens - len, " (%s://localhost:%d)",
                 p->app.server.tls == NULL ? "http" : "https", gust_socket_port(p->sets[0].fds[0]));
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

static gu_time patience_of(const struct program *p)
{
    gu_time drain = gu_time_from_seconds(p->drain_timeout);

    return drain < GU_FOREVER - KILL_AFTER ? drain + KILL_AFTER : GU_FOREVER;
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
        .patience = patience_of(p),
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
        .passes_hup = gu_log_has_file() || p->app.server.tls != NULL,
        .patience = patience_of(p),
        .held = p->sets,
        .n_held = (size_t)(p->n_workers * p->n_threads),
    };
    int id, code = CODE_FAILED;

    announce(p);
    id = gu_supervise(&o, &code);
    return id >= 0 ? run_worker(p, (size_t)id, worker_started, true) : code;
}

/* What every worker will make, once: wrong options show here, and tickets get the secret that the
 * workers share. */
static int try_application(struct program *p)
{
    gust_app *app = gust_app_new(&p->app);
    gust_httpserver *server = app == NULL ? NULL : gust_httpserver_new(app, NULL);

    gust_httpserver_free(server);
    gust_app_free(app);
    return server == NULL ? -EINVAL : 0;
}

static int run(struct program *p)
{
    int code;

    signal(SIGPIPE, SIG_IGN);
    gu_heap_keep();
    p->n_descriptors = gu_descriptors_raise();
    if (try_application(p) < 0 || listen_all(p) < 0)
        code = CODE_FAILED;
    else if (p->n_workers == 1)
        code = run_worker(p, 0, announce, false);
    else
        code = run_supervisor(p);
    gu_free(p->sets);
    gu_log_end();
    return code;
}

int gust_app_main(const gust_app_options *options, int argc, char **argv)
{
    struct program p;
    int code;

    set_defaults(&p, options);
    code = read_command_line(&p, argc, argv);
    if (code < 0)
        code = run(&p);
    gust_options_free(p.options);
    return code;
}
