/*
 * process_server — an application whose life test_process.py and test_tls.py watch from outside
 *
 * It counts what accept(2) returned and what was asked, and each worker logs both as it stops, so
 * that the clients' counts can be held against them. GUST_TEST_START says how .on_start goes:
 * "fail" fails, "fail-once" fails in the first worker that tries and not again, "slow" waits for
 * ever.
 */
#include <fcntl.h>
#include <gust.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_size_t n_accepted, n_requests;

/* In place of the C library's, whose declaration ISO C cannot repeat. */
int accept4(int fd, void *address, void *len, int flags);

int accept4(int fd, void *address, void *len, int flags)
{
    long made = syscall(SYS_accept4, fd, address, len, flags);

    n_accepted += made >= 0;
    return (int)made;
}

/* --- handlers --- */

static int pid_get(gust_request *r)
{
    n_requests++;
    gust_text(r, "%d", (int)getpid());
    return 0;
}

static int slow_get(gust_request *r)
{
    n_requests++;
    gust_sleep(0.5);
    gust_text(r, "slow");
    return gust_is_cancelled() ? -ECANCELED : 0;
}

static int poll_get(gust_request *r)
{
    (void)r;
    gust_sleep(3600);
    return gust_cancel_reason() == GUST_CANCEL_DRAINING ? -ECANCELED : -EIO;
}

static int stubborn_get(gust_request *r)
{
    GUST_SHIELD(3600);

    gust_sleep(3600);
    gust_text(r, "never");
    return 0;
}

/* What is known of the way that the request came, and of who sent it. */
static int way_get(gust_request *r)
{
    const gust_certificate *c = gust_get_ssl_certificate(r);

    gust_text(r, "%s %s %s", gust_protocol(r), gust_full_url(r), c == NULL ? "-" : c->subject);
    return 0;
}

static int echo_post(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_set_header(r, "Content-Type", "application/octet-stream");
    gust_write(r, body.ptr, body.len);
    return 0;
}

/* Another protocol from here on: lines come back, until an empty one. */
static int lines_get(gust_request *r)
{
    gust_stream *s = gust_request_stream(r);
    gust_str line = {"", 0};

    if (s == NULL)
        return -GUST_ECLOSED;
    if (gust_stream_printf(s, "HTTP/1.1 101 Switching Protocols\r\n\r\n") < 0)
        return -GUST_ECLOSED;
    while (gust_read_until(s, "\n", 0, &line) == 0 && line.len > 1)
        if (gust_stream_write(s, line.ptr, line.len) < 0)
            break;
    return 0;
}

static int crash_get(gust_request *r)
{
    (void)r;
    abort();
}

/* --- the application's life --- */

static void background(void *app)
{
    gust_sleep(3600);
    gust_log_info("background ended: draining %d, reason %d", gust_app_is_draining(app),
                  gust_cancel_reason());
}

static int on_start(gust_app *app)
{
    const char *how = getenv("GUST_TEST_START");
    const char *once = getenv("GUST_TEST_ONCE");

    if (how != NULL && strcmp(how, "fail") == 0)
        return -EIO;
    if (how != NULL && strcmp(how, "fail-once") == 0 &&
        open(once, O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0)
        return -EIO;
    if (how != NULL && strcmp(how, "slow") == 0)
        gust_sleep(3600);
    gust_log_info("on_start in worker %d", gust_worker_id());
    return gust_is_cancelled() ? -ECANCELED : gust_app_go(app, background, app);
}

static void on_stop(gust_app *app)
{
    (void)app;
    gust_sleep(0.01);
    gust_log_info("on_stop: accepted %zu, requests %zu", (size_t)n_accepted, (size_t)n_requests);
}

int main(int argc, char **argv)
{
    static const gust_handler poll = {.get = poll_get, .flags = GUST_CANCEL_ON_DRAIN};
    static const gust_route routes[] = {
        {.path = "/pid", .get = pid_get},
        {.path = "/slow", .get = slow_get},
        {.path = "/poll", .handler = &poll},
        {.path = "/stubborn", .get = stubborn_get},
        {.path = "/crash", .get = crash_get},
        {.path = "/way", .get = way_get},
        {.path = "/lines", .get = lines_get},
        {.path = "/echo", .post = echo_post},
        {0},
    };

    gust_tls_options tls = {.ca_file = getenv("GUST_TEST_CLIENT_CA"),
                            .cert.ocsp_file = getenv("GUST_TEST_OCSP"),
                            .verify = GUST_TLS_VERIFY_OPTIONAL};
    bool has_tls = tls.ca_file != NULL || tls.cert.ocsp_file != NULL;

    return gust_app_main(&(gust_app_options){.routes = routes,
                                             .max_workers = 4,
                                             .on_start = on_start,
                                             .on_stop = on_stop,
                                             .server.tls = has_tls ? &tls : NULL},
                         argc, argv);
}
