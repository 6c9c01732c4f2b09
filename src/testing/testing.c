/*
 * testing — an application's life in a test, the virtual clock, what may be left of it
 *
 * The loop has the test's clock, which tells when nothing is ready and only timers are left: the
 * loop then stops, and the call that runs it decides whether that is the end, a moment for time to
 * pass, or for other threads and sockets to be given a little of the real time.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "http/http_impl.h"
#include "testing/testing_impl.h"
#include "web/lifetime.h"
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE 5.0 /* seconds of real time, for other threads and sockets */
#define NAP (GU_SECOND / 5000)
#define FIRST_MOMENT (1000 * GU_SECOND)
#define DRAINING 3600.0 /* more than any drain_timeout that a test sets */

/* --- failing --- */

static void (*on_failure)(const char *message);

void gust_test_on_failure(void (*fail)(const char *message))
{
    on_failure = fail;
}

void gu_test_fail(const char *format, ...)
{
    static char message[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (on_failure != NULL)
        on_failure(message);
    gu_misuse("the test failed: %s", message);
}

/* --- memory --- */

void *gu_test_alloc(gust_test *t, size_t size)
{
    void *memory = gu_arena_alloc(t->arena, size);

    if (memory == NULL)
        gu_test_fail("out of memory");
    return memory;
}

char *gu_test_strdup(gust_test *t, gust_str text)
{
    char *copy = gu_test_alloc(t, text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

/* --- the clock --- */

static int64_t real_time(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * GU_SECOND + ts.tv_nsec;
}

/* Read once a turn, so here it is seen, too, that something runs for ever. */
static gu_time clock_read(struct gu_clock *clock)
{
    gust_test *t = gu_container_of(clock, gust_test, clock);

    if (t->real_until != 0 && real_time() > t->real_until) {
        t->is_late = true;
        gust_loop_stop(t->loop);
    }
    return t->now;
}

static void clock_jump(struct gu_clock *clock, gu_time to)
{
    gust_test *t = gu_container_of(clock, gust_test, clock);

    t->next = to;
    t->is_idle = true;
    gust_loop_stop(t->loop);
}

static void guard_ran(struct gu_timer *timer)
{
    (void)timer;
}

/* --- running --- */

static void run(gust_test *t)
{
    int err;

    if (gu_loop_is_running(t->loop))
        gu_misuse("gust_test_…: called in a task or a callback of the loop that it runs");
    t->is_idle = false;
    err = gust_loop_start(t->loop);
    if (err < 0)
        gu_test_fail("the loop failed: %s", gust_strerror(err));
}

void gu_test_wake(gust_test *t)
{
    if (gu_loop_is_running(t->loop))
        gust_loop_stop(t->loop);
}

static void be_patient(gust_test *t)
{
    t->is_late = false;
    t->real_until = real_time() + gu_time_from_seconds(t->patience);
}

bool gu_test_run_until(gust_test *t, bool (*is_true)(const void *arg), const void *arg)
{
    be_patient(t);
    while (!is_true(arg) && !t->is_late) {
        run(t);
        if (t->is_idle && !is_true(arg))
            nanosleep(&(struct timespec){0, NAP}, NULL);
    }
    t->real_until = 0;
    return is_true(arg);
}

void gu_test_settle(gust_test *t)
{
    be_patient(t);
    do
        run(t);
    while (!t->is_idle && !t->is_late);
    t->real_until = 0;
    if (!t->is_idle)
        gu_test_fail("the application was still busy after %g s", t->patience);
}

static void advance(gust_test *t, gu_time by)
{
    gu_time until = t->now + by;

    gu_test_settle(t);
    while (t->next <= until) {
        t->now = t->next;
        gu_test_settle(t);
    }
    t->now = until;
    gu_test_settle(t);
}

void gust_test_advance(gust_test *t, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9))
        gu_misuse("gust_test_advance: %g seconds are none that can pass", seconds);
    advance(t, gu_time_from_seconds(seconds));
}

void gu_test_go(gust_test *t, void (*fn)(struct gust_task *), void *arg, const char *name)
{
    struct gu_tasks *tasks = gu_tasks_of(t->loop);
    struct gust_task *task = tasks == NULL ? NULL : gu_task_new(tasks, fn, name);

    if (task == NULL)
        gu_test_fail("no task for \"%s\": out of memory, or too many of them", name);
    task->arg = arg;
    gu_task_start_soon(task);
}

struct call {
    gust_test *t;
    int (*fn)(void *);
    void *arg;
    int result;
    bool has_ended;
};

static void call_ended(void *arg)
{
    struct call *call = arg;

    call->has_ended = true;
    gu_test_wake(call->t);
}

static void call_run(struct gust_task *task)
{
    struct call *call = task->arg;

    gust_defer(call_ended, call);
    call->result = call->fn(call->arg);
}

static bool call_has_ended(const void *arg)
{
    return ((const struct call *)arg)->has_ended;
}

int gust_test_run(gust_test *t, int (*fn)(void *), void *arg)
{
    struct call *call = gu_test_alloc(t, sizeof *call);

    *call = (struct call){.t = t, .fn = fn, .arg = arg, .result = -EIO};
    gu_test_go(t, call_run, call, "gust_test_run");
    if (!gu_test_run_until(t, call_has_ended, call))
        gu_test_fail("gust_test_run: the function did not return within %g s", t->patience);
    return call->result;
}

/* --- starting --- */

static void app_started(void *arg)
{
    gust_test *t = arg;

    t->has_started = true;
    gu_test_wake(t);
}

static void app_ended(void *arg)
{
    gust_test *t = arg;

    t->has_ended = true;
    gu_test_wake(t);
}

static void app_run(struct gust_task *task)
{
    gust_test *t = task->arg;

    gust_defer(app_ended, t);
    t->exit_code = gu_lifetime_live(t->app, t->server, app_started, t);
}

static bool app_has_started(const void *arg)
{
    const gust_test *t = arg;

    return t->has_started || t->has_ended;
}

static bool app_has_ended(const void *arg)
{
    return ((const gust_test *)arg)->has_ended;
}

static int count_fds(void)
{
    DIR *dir = opendir("/dev/fd");
    int n = 0;

    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static double patience(void)
{
    const char *text = getenv("GUST_TEST_TIMEOUT");
    double seconds = text == NULL ? 0 : strtod(text, NULL);

    return seconds > 0 ? seconds : PATIENCE;
}

static bool open_loop(gust_test *t)
{
    const gust_loop_options options = {.slow_callback = GUST_NEVER};

    if (gu_loop_of_thread() != NULL)
        gu_misuse("gust_test_new: this thread has a loop already");
    t->arena = gust_arena_new();
    if (t->arena == NULL || gust_loop_new(&options, &t->loop) < 0)
        return false;
    t->now = FIRST_MOMENT;
    t->clock = (struct gu_clock){clock_read, clock_jump};
    gu_loop_set_clock(t->loop, &t->clock);
    t->guard.run = guard_ran;
    return gu_timer_set(t->loop, &t->guard, GU_FOREVER - 1) == 0;
}

static bool open_app(gust_test *t, const gust_app_options *options)
{
    t->tls = options->server.tls;
    t->app = gust_app_new(options);
    t->server = t->app == NULL ? NULL : gust_httpserver_new(t->app, NULL);
    return t->server != NULL && gust_httpserver_bind(t->server, "127.0.0.1:0") == 0;
}

gust_test *gust_test_new(const gust_app_options *options)
{
    gust_test *t = gu_alloc0(sizeof *t);

    if (t == NULL)
        gu_test_fail("out of memory");
    t->fds_before = count_fds();
    t->patience = patience();
    gu_list_init(&t->requests);
    gu_list_init(&t->values);
    gu_list_init(&t->jar.cookies);
    gu_test_log_open(t);
    gu_test_stubs_open(t);
    if (!open_loop(t) || !open_app(t, options))
        gu_test_fail("the application could not be made: %s", t->log.last);
    gu_test_go(t, app_run, t, "gust_test_new");
    if (!gu_test_run_until(t, app_has_started, t) || !t->has_started)
        gu_test_fail("the application did not start: %s", t->log.last);
    return t;
}

gust_app *gust_test_app(const gust_test *t)
{
    return t->app;
}

const char *gust_test_url(gust_test *t, const char *path)
{
    struct gu_buf url;
    gust_str text;

    gu_buf_init(&url, t->arena, SIZE_MAX);
    gu_buf_printf(&url, "%s://127.0.0.1:%d%s", t->tls != NULL ? "https" : "http",
                  gust_httpserver_port(t->server), path);
    if (gu_buf_finish(&url, &text) < 0)
        gu_test_fail("out of memory");
    return text.ptr;
}

/* --- ending --- */

struct value {
    struct gu_link link;
    json_t *json;
};

static void stop(gust_test *t, struct gu_buf *problems)
{
    gu_test_requests_leave(t);
    if (!t->has_ended) {
        gu_lifetime_stop(t->app);
        gu_test_settle(t);
    }
    if (!t->has_ended)
        advance(t, gu_time_from_seconds(DRAINING));
    if (!t->has_ended && !gu_test_run_until(t, app_has_ended, t))
        gu_buf_puts(problems, "\n  the application did not stop");
    else if (t->exit_code != 0)
        gu_buf_printf(problems, "\n  the application stopped with code %d: %s", t->exit_code,
                      t->log.last);
}

/* What requests leave behind, once all of them must be over. */
static void find_leaks(const gust_test *t, struct gu_buf *problems)
{
    const struct gu_tasks *tasks = gu_tasks_of(t->loop);
    const struct gu_net *net = gu_net_of(t->loop);

    if (tasks != NULL && tasks->n_live > 0)
        gu_buf_printf(problems, "\n  %zu tasks are left", tasks->n_live);
    else if (tasks != NULL && tasks->chunks.live > 0)
        gu_buf_printf(problems, "\n  %zu bytes of tasks that ended are left", tasks->chunks.live);
    if (net == NULL)
        return;
    if (net->queued + net->held > 0)
        gu_buf_printf(problems, "\n  %zu bytes of connections are left", net->queued + net->held);
    for (size_t i = 0; i < net->n_memory; i++)
        if (net->memory[i] != NULL) {
            gu_buf_puts(problems, "\n  a connection in memory is left open");
            break;
        }
}

static void close_all(gust_test *t)
{
    struct gu_link *link;

    gust_httpserver_free(t->server);
    gu_test_stubs_close(t);
    gu_test_settle(t);
    while ((link = gu_list_pop(&t->values)) != NULL)
        json_decref(gu_container_of(link, struct value, link)->json);
}

void gust_test_free(gust_test *t)
{
    char room[3072];
    struct gu_buf problems;
    gust_str text;
    int fds;

    if (t == NULL)
        return;
    gu_buf_init_fixed(&problems, room, sizeof room);
    stop(t, &problems);
    close_all(t);
    find_leaks(t, &problems);
    gu_test_log_check(t, &problems);
    gust_app_free(t->app);
    gu_timer_clear(t->loop, &t->guard);
    gu_loop_set_clock(t->loop, NULL);
    gust_loop_close(t->loop);
    gu_test_log_close();
    fds = count_fds();
    if (fds > t->fds_before)
        gu_buf_printf(&problems, "\n  %d descriptors are left open", fds - t->fds_before);
    gust_arena_free(t->arena);
    gu_free(t);
    if (gu_buf_finish(&problems, &text) < 0 || text.len > 0)
        gu_test_fail("at its end:%s", text.len > 0 ? text.ptr : " more is wrong than fits here");
}

/* --- JSON --- */

json_t *gust_test_json(gust_test *t, const gust_response *response)
{
    json_error_t error;
    struct value *value = gu_test_alloc(t, sizeof *value);

    value->json = json_loadb(response->body.ptr, response->body.len, JSON_DECODE_ANY, &error);
    if (value->json == NULL)
        gu_test_fail("the body is no JSON: %s in line %d: %.200s", error.text, error.line,
                     response->body.ptr);
    gu_list_append(&t->values, &value->link);
    return value->json;
}
