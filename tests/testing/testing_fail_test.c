/*
 * testing — what makes a test fail: errors in the log, what is left, and what does not end
 */
#include "test.h"
#include <gust.h>
#include <gust/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- an application --- */

static int broken(gust_request *r)
{
    return gust_fail(r, 500, "the disk is on fire");
}

static const gust_route routes[] = {{.path = "/broken", .get = broken}, {0}};

static gust_test *test_new(void)
{
    return gust_test_new(&(gust_app_options){.routes = routes});
}

/* --- failing --- */

static jmp_buf failed;
static char message[4096];

static void remember(const char *text)
{
    snprintf(message, sizeof message, "%s", text);
    longjmp(failed, 1);
}

/* Runs what must fail the test with a message. */
static void assert_fails(void (*fn)(void), const char *with)
{
    gust_test_on_failure(remember);
    message[0] = '\0';
    if (setjmp(failed) == 0)
        fn();
    gust_test_on_failure(NULL);
    if (message[0] == '\0')
        fail_msg("it did not fail");
    if (strstr(message, with) == NULL)
        fail_msg("the message lacks \"%s\": %s", with, message);
}

static void unexpected_error(void)
{
    gust_test *t = test_new();

    gust_test_get(t, "/broken");
    gust_test_free(t);
}

TEST(an_error_in_the_log_fails_unless_it_is_expected)
{
    gust_test *t = test_new();

    gust_test_expect_log(t, GUST_LOG_ERROR, "on fire");
    assert_int_equal(gust_test_get(t, "/broken")->status, 500);
    gust_test_free(t);
    assert_fails(unexpected_error, "the disk is on fire");
}

static void nothing_logged(void)
{
    gust_test *t = test_new();

    gust_test_expect_log(t, GUST_LOG_WARNING, "a flood");
    gust_log_error("a flood");
    gust_test_free(t);
}

TEST(a_line_that_is_expected_must_be_logged_at_its_level)
{
    assert_fails(nothing_logged, "not logged, though expected: a flood");
}

static int left_fd;

static void leave_a_descriptor(void)
{
    gust_test *t = test_new();

    left_fd = dup(0);
    gust_test_free(t);
}

TEST(a_descriptor_that_is_left_fails)
{
    assert_fails(leave_a_descriptor, "1 descriptors are left open");
    close(left_fd);
}

static int hang(gust_request *r)
{
    static gust_event never;

    (void)r;
    return gust_event_wait(&never);
}

static int spin(gust_request *r)
{
    (void)r;
    while (!gust_is_cancelled())
        gust_yield();
    return -ECANCELED;
}

static const gust_route bad_routes[] = {
    {.path = "/hang", .get = hang}, {.path = "/spin", .get = spin}, {0}};

static void leave_a_request(void)
{
    gust_test *t = gust_test_new(&(gust_app_options){.routes = bad_routes});

    gust_test_start(t, "/hang", NULL);
    gust_test_free(t);
}

TEST(a_request_that_never_ends_fails)
{
    assert_fails(leave_a_request, "1 requests were cut before their end");
}

static void wait_in_vain(void *path)
{
    setenv("GUST_TEST_TIMEOUT", "0.02", 1);
    gust_test_get(gust_test_new(&(gust_app_options){.routes = bad_routes}), path);
}

TEST(an_answer_that_does_not_come_fails)
{
    assert_aborts(wait_in_vain, (void *)(uintptr_t) "/hang",
                  "the test failed: GET /hang: no answer within 0.02 s; if it waits for time");
    assert_aborts(wait_in_vain, (void *)(uintptr_t) "/spin", "still busy after 0.02 s");
}

static gust_stream *left[2];

static int make_a_pair(void *arg)
{
    (void)arg;
    return gust_stream_memory_pair(NULL, left);
}

static void leave_a_connection(void)
{
    gust_test *t = test_new();

    assert_int_equal(gust_test_run(t, make_a_pair, NULL), 0);
    gust_test_free(t);
}

TEST(a_connection_that_is_left_fails)
{
    assert_fails(leave_a_connection, "a connection in memory is left open");
}

static int refuse(gust_app *app)
{
    (void)app;
    return -EACCES;
}

static void not_started(void)
{
    gust_test_new(&(gust_app_options){.routes = routes, .on_start = refuse});
}

static void not_started_in_a_child(void *arg)
{
    (void)arg;
    not_started();
}

TEST(an_application_that_does_not_start_fails)
{
    assert_aborts(not_started_in_a_child, NULL,
                  "the application did not start: on_start failed: Permission denied");
}
