/*
 * gust/testing.h — testing an application without a network and without waiting
 *
 * A gust_test runs an application on this thread's loop, as gust_app_run() does: .on_start, its
 * server, .on_stop. Requests reach it over connections in memory, through all that requests of the
 * network go through; a free port is listened on as well, for clients that are not ours. One test
 * runs at a time on a thread that has no loop of its own. The calls are made from plain functions,
 * not from tasks; the loop runs inside them only, and what they return lives until
 * gust_test_free().
 *
 *     gust_test *t = gust_test_new(&(gust_app_options){.routes = routes});
 *     assert_int_equal(gust_test_get(t, "/")->status, 200);
 *     gust_test_free(t);
 *
 * Time stands still but for gust_test_advance(), so that a test never sleeps and is never late:
 * timers, deadlines and timeouts are those of a virtual clock. (Dates are the real ones.)
 *
 * A call that fails, since nothing answers or something leaks, ends the test as
 * gust_test_on_failure() says; none returns an error. Under sanitizers and without, these are
 * failures of gust_test_free(): a task, a connection, a descriptor or memory of requests that is
 * left, and a line of the log of level error or above that was not expected.
 *
 * A call that waits for the application does so for 5 s of real time at the most, or for as many
 * seconds as GUST_TEST_TIMEOUT in the environment says (Tornado's ASYNC_TEST_TIMEOUT): only other
 * threads, processes and sockets take any.
 *
 * The calls are in libgust-testing, which holds all of libgust too: a test program is linked with
 * it instead of libgust (pkg-config gust-testing; Gust::testing in CMake). Follows
 * tornado.testing's AsyncHTTPTestCase.
 */
#ifndef GUST_TESTING_H
#define GUST_TESTING_H

#include <gust/app.h>
#include <gust/client.h>
#include <gust/log.h>
#include <gust/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_test gust_test;
typedef struct gust_test_request gust_test_request;

/* --- life --- */

/** What a failed test does with its message; it may longjmp(), as cmocka's fail_msg() does, or
 * throw away the process. NULL, and what returns: the message goes to standard error, and abort().
 */
GUST_API void gust_test_on_failure(void (*fail)(const char *message));

/** Starts an application and waits for its .on_start. `options` are as of gust_app_main(); with
 * options.server.tls, such as gust_test_tls(), requests are made over TLS. */
GUST_API gust_test *gust_test_new(const gust_app_options *options);

/** Leaves what is still asked, drains and stops the application, letting time pass for that, and
 * looks for what is left. NULL is allowed. */
GUST_API void gust_test_free(gust_test *t);

GUST_API gust_app *gust_test_app(const gust_test *t);

/** The URL of a path on the port that is listened on: "http://127.0.0.1:40000/path". */
GUST_API const char *gust_test_url(gust_test *t, const char *path);

/* --- requests --- */

/** Asks, and waits for the answer, which is never NULL and lives until gust_test_free(). Of the
 * options these are looked at: method (without one POST if there is a body, else GET), headers,
 * body, no_redirects, max_redirects (within the application). Cookies are kept from one request to
 * the next, and sent unless `headers` has some. The test fails if there is no answer:
 * the application may wait for time to pass, which wants gust_test_start(). Follows
 * AsyncHTTPTestCase.fetch. */
GUST_API const gust_response *gust_test_fetch(gust_test *t, const char *path,
                                              const gust_fetch_options *options);

/** The same, for a plain GET, and for the POST of a form ("a=1&b=2"). */
GUST_API const gust_response *gust_test_get(gust_test *t, const char *path);
GUST_API const gust_response *gust_test_post(gust_test *t, const char *path, const char *form);

/** The body, read as JSON. The test fails if it is none. **Lends** until gust_test_free(). */
GUST_API struct json_t *gust_test_json(gust_test *t, const gust_response *response);

/** The value of a cookie that is kept, NULL without one; sets one; NULL for a value forgets it.
 * Names are all that is looked at: paths, hosts and flags are not. */
GUST_API const char *gust_test_cookie(const gust_test *t, const char *name);
GUST_API void gust_test_set_cookie(gust_test *t, const char *name, const char *value);

/* --- requests in flight --- */

/** Asks, and runs the application as far as it goes without time passing. To be finished. */
GUST_API gust_test_request *gust_test_start(gust_test *t, const char *path,
                                            const gust_fetch_options *options);

/** Whether it was answered. */
GUST_API bool gust_test_is_done(const gust_test_request *request);

/** Waits for the answer, as gust_test_fetch() does. A second time: the same answer. */
GUST_API const gust_response *gust_test_finish(gust_test *t, gust_test_request *request);

/** The client goes away before its answer; the application is run until it has seen that. */
GUST_API void gust_test_disconnect(gust_test *t, gust_test_request *request);

/* --- time, tasks --- */

/** Lets time pass: timers run in the order of their times, each at its own, and all that follows
 * from one before the next. */
GUST_API void gust_test_advance(gust_test *t, double seconds);

/** Runs fn(arg) in a task of its own beside the application, for what has to wait: clients,
 * locks, queues. Returns its result. As gust_test_fetch() for what takes long. Follows gen_test. */
GUST_API int gust_test_run(gust_test *t, int (*fn)(void *), void *arg);

/* --- what is around the application --- */

/** From now on, who connects to the host of `url` ("http://api.example:8080/v1/news"), by
 * gust_fetch() and gust_connect(), reaches a server of the test instead, which answers `url`
 * so, and what it does not know by 404. A query is looked at if `url` has one. The last stub of a
 * URL counts. Plain HTTP only. */
GUST_API void gust_test_stub(gust_test *t, const char *url, int status, const char *body);

/** The same, but there is never an answer. */
GUST_API void gust_test_stub_hang(gust_test *t, const char *url);

/** How many requests a stub has had. */
GUST_API size_t gust_test_stub_count(const gust_test *t, const char *url);

/** Until the end of the test at least one line of that level must be logged that holds `text`.
 * Such lines are not printed, and no failure. Follows ExpectLog. */
GUST_API void gust_test_expect_log(gust_test *t, gust_log_level level, const char *text);

/* --- HTTPS --- */

/** The certificate, in PEM, of an authority that exists as long as the process, and whom nobody
 * else trusts; for gust_tls_options.ca_pem of clients. */
GUST_API const char *gust_test_ca(void);

/** A certificate of that authority with its key, valid for a day. `name` is a host's, or "IP:…".
 * Lives as long as the process. */
GUST_API gust_tls_cert gust_test_cert(const char *name);

/** A server's options with the certificate of localhost: for gust_app_options.server.tls. Follows
 * AsyncHTTPSTestCase. */
GUST_API const gust_tls_options *gust_test_tls(void);

#ifdef __cplusplus
}
#endif

#endif
