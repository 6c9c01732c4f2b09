/*
 * wire_app — the server that the wire tests talk to
 *
 * Two servers on one loop, with the same limits, which are options of the command line: one for a
 * delegate, which streams both ways, and one for an application of the framework. Ports are the
 * system's choice and are printed. SIGTERM frees everything, so that a sanitized build finds what
 * leaks.
 *
 *     wire_app [--header-timeout SECONDS] [--max-body-size BYTES] …
 */
#include "wire_app.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRUSTED 4 /* --trust */

/* --- options --- */

static gust_httpserver_options options;

static bool set_size(const char *name, const char *value)
{
    static const struct {
        const char *name;
        int64_t *size;
    } sizes[] = {
        {"--max-header-size", &options.max_header_size},
        {"--max-body-size", &options.max_body_size},
        {"--max-buffer-size", &options.max_buffer_size},
        {"--max-connections", &options.max_connections},
        {"--max-tasks", &options.max_tasks},
        {"--max-memory", &options.max_memory},
        {"--min-rate", &options.min_rate},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(name, sizes[i].name) == 0) {
            *sizes[i].size = strtoll(value, NULL, 10);
            return true;
        }
    return false;
}

static bool set_time(const char *name, const char *value)
{
    static const struct {
        const char *name;
        double *seconds;
    } times[] = {
        {"--header-timeout", &options.header_timeout},
        {"--idle-timeout", &options.idle_timeout},
        {"--body-timeout", &options.body_timeout},
        {"--min-rate-grace", &options.min_rate_grace},
        {"--linger-timeout", &options.linger_timeout},
    };

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (strcmp(name, times[i].name) == 0) {
            *times[i].seconds = strtod(value, NULL);
            return true;
        }
    return false;
}

static bool set_flag(const char *name)
{
    if (strcmp(name, "--no-keep-alive") == 0)
        options.no_keep_alive = true;
    else if (strcmp(name, "--xheaders") == 0)
        options.xheaders = true;
    else
        return false;
    return true;
}

static bool set_trusted(const char *name, const char *value)
{
    static const char *trusted[MAX_TRUSTED + 1];
    static size_t n;

    if (strcmp(name, "--trust") != 0 || n == MAX_TRUSTED)
        return false;
    trusted[n++] = value;
    options.trusted_downstream = trusted;
    return true;
}

static bool set_value(const char *name, const char *value)
{
    return set_size(name, value) || set_time(name, value) || set_trusted(name, value);
}

static bool set_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (set_flag(argv[i]))
            continue;
        if (i + 1 == argc || !set_value(argv[i], argv[i + 1]))
            return false;
        i++;
    }
    return true;
}

/* --- the program --- */

static gust_event stopping;

static void stop(int signo, void *arg)
{
    (void)signo;
    (void)arg;
    gust_event_set(&stopping);
}

/* Nothing may be left: neither connections nor requests in hand. */
static void close_server(gust_httpserver *server)
{
    GUST_DEADLINE(1);

    gust_httpserver_stop(server);
    gust_ignore(gust_httpserver_close_all(server));
}

static int serve(void *arg)
{
    gust_httpserver *streams = gust_httpserver_new_delegate(&wire_delegate, NULL, &options);
    gust_httpserver *pages = gust_httpserver_new(arg, &options);

    if (streams == NULL || pages == NULL || gust_httpserver_listen(streams, "127.0.0.1:0") < 0 ||
        gust_httpserver_listen(pages, "127.0.0.1:0") < 0 ||
        gust_loop_add_signal(gust_loop_current(), SIGTERM, stop, NULL) < 0)
        return -1;
    printf("%d %d\n", gust_httpserver_port(streams), gust_httpserver_port(pages));
    fflush(stdout);
    gust_ignore(gust_event_wait(&stopping));
    close_server(streams);
    close_server(pages);
    while (wire_n_running > 0)
        gust_sleep(0.01);
    gust_httpserver_free(streams);
    gust_httpserver_free(pages);
    return 0;
}

int main(int argc, char **argv)
{
    gust_app_options app_options = {.routes = wire_routes};
    gust_app *app;
    int err;

    if (!set_options(argc, argv)) {
        fprintf(stderr, "wire_app: an option that is unknown, or has no value\n");
        return 2;
    }
    app = gust_app_new(&app_options);
    if (app == NULL)
        return 1;
    err = gust_run(serve, app);
    gust_app_free(app);
    return err < 0;
}
