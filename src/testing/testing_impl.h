/*
 * testing — shared by its files
 */
#ifndef GU_TESTING_IMPL_H
#define GU_TESTING_IMPL_H

#include "base/arena_impl.h"
#include "base/list.h"
#include "base/log.h"
#include "loop/loop_impl.h"
#include "net/net_impl.h"
#include "net/pull_impl.h"
#include <gust/testing.h>

struct gu_test_jar {
    struct gu_link cookies;
};

struct gu_test_log {
    struct gu_link expected;
    char unexpected[1024]; /* lines, as far as there is room */
    char last[512];        /* the newest warning, for what it explains */
    size_t len;
};

struct gu_test_stubs {
    struct gu_dialer dialer;
    struct gu_link all;
    gust_httpserver *server; /* NULL until there is one */
};

struct gust_test {
    struct gu_clock clock;
    gu_time now, next;     /* the time; that of the next timer, when nothing else is to be done */
    double patience;       /* seconds of real time that a call waits */
    int64_t real_until;    /* nanoseconds: when a call gives up */
    struct gu_timer guard; /* so that there is a timer always, and the loop never sleeps */
    bool is_idle, is_late;
    gust_loop *loop;
    gust_app *app;
    gust_httpserver *server;
    const gust_tls_options *tls;
    bool has_started, has_ended;
    int exit_code;
    int fds_before;
    gust_arena *arena; /* of all that calls return */
    struct gu_link requests, values;
    struct gu_test_jar jar;
    struct gu_test_log log;
    struct gu_test_stubs stubs;
};

/* Ends the test with a message. */
GUST_NORETURN void gu_test_fail(const char *format, ...) GUST_PRINTF(1, 2);

/* Runs until it is true, without time passing; false when nothing happens any more. */
bool gu_test_run_until(gust_test *t, bool (*is_true)(const void *arg), const void *arg);

/* Runs as far as it goes without time passing. */
void gu_test_settle(gust_test *t);

/* Has the call in hand look at what it waits for. */
void gu_test_wake(gust_test *t);

/* Starts run(arg) in a task. The test fails when memory is short. */
void gu_test_go(gust_test *t, void (*run)(struct gust_task *), void *arg, const char *name);

/* Memory that lives as long as the test; short memory fails it. */
void *gu_test_alloc(gust_test *t, size_t size);
char *gu_test_strdup(gust_test *t, gust_str text);

/* --- cookies --- */

struct gu_buf;

/* The field "Cookie: …" with its line end, if there are any. */
void gu_test_jar_put(const gust_test *t, struct gu_buf *to);
void gu_test_jar_take(gust_test *t, gust_str set_cookie);

/* --- the log --- */

void gu_test_log_open(gust_test *t);
void gu_test_log_close(void);

/* Appends what was not logged though expected, and the other way round. */
void gu_test_log_check(const gust_test *t, struct gu_buf *problems);

/* --- stubs, requests --- */

void gu_test_stubs_open(gust_test *t);
void gu_test_stubs_close(gust_test *t);
void gu_test_requests_leave(gust_test *t);

#endif
