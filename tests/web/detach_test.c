/*
 * detach — requests that others end, and clients that leave
 */
#include "base/str.h"
#include "web/web_impl.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static gust_handler handler;
static struct web *web;

static void serve(const gust_handler *h)
{
    static const gust_route routes[] = {{.path = "/", .handler = &handler}, {0}};

    handler = *h;
    handler.name = "poll";
    web = web_open(&(gust_app_options){.routes = routes});
}

static char order[64];
static gust_request *held;

static void note(const char *what)
{
    size_t len = strlen(order);

    snprintf(order + len, sizeof order - len, "%s", what);
}

static void note_close(gust_request *r)
{
    (void)r;
    note("close,");
    held = NULL;
}

static void note_finish(gust_request *r)
{
    char status[16];

    snprintf(status, sizeof status, "finish %d,", gust_get_status(r));
    note(status);
}

static int hold_get(gust_request *r)
{
    order[0] = '\0';
    held = r;
    return gust_detach(r);
}

/* --- others end it --- */

static void finish_soon(void *arg)
{
    gust_request *r = arg;

    gust_text(r, "from %s", "outside");
    assert_int_equal(gust_finish(r), 0);
    gust_puts(r, "more");
    assert_int_equal(gust_finish(r), -GUST_ELATE);
}

static void fail_soon(void *arg)
{
    char why[] = "gone fishing";

    assert_int_equal(gust_fail(arg, 409, "%s", why), -GUST_EANSWERED);
    memset(why, 'x', sizeof why - 1);
}

static void latch_soon(void *arg)
{
    gust_set_header(arg, "X\n", "");
    assert_int_equal(gust_finish(arg), -EINVAL);
}

static void json_soon(void *arg)
{
    gust_ignore(gust_json(arg, GUST_VARS({"a", GUST_V(1)})));
}

static void flush_soon(void *arg)
{
    gust_puts(arg, "one,");
    assert_int_equal(gust_flush(arg), 0);
    gust_puts(arg, "two");
    assert_int_equal(gust_finish(arg), 0);
}

static void (*soon)(void *);

static int callback_get(gust_request *r)
{
    assert_int_equal(gust_loop_add_callback(gust_loop_current(), soon, r), 0);
    return hold_get(r);
}

static int task_get(gust_request *r)
{
    assert_non_null(gust_go(soon, r, NULL));
    return hold_get(r);
}

/* It waits before it returns: the end comes first. */
static int early_get(gust_request *r)
{
    int detached = hold_get(r);

    assert_non_null(gust_go(soon, r, NULL));
    gust_yield();
    gust_yield();
    return detached;
}

static void waiting_page(gust_request *r, const gust_error *error)
{
    gust_yield();
    gust_text(r, "page: %s", error->message == NULL ? gust_strerror(error->code) : error->message);
}

TEST(a_detached_request_is_ended_by_whoever_comes_later)
{
    static const struct {
        const char *name;
        void (*soon)(void *);
        gust_handler_fn *fn;
        int status;
        const char *body;
    } cases[] = {
        {"a callback", finish_soon, callback_get, 200, "from outside"},
        {"another task", finish_soon, task_get, 200, "from outside"},
        {"before the handler returns", finish_soon, early_get, 200, "from outside"},
        {"failing, with a page that waits", fail_soon, callback_get, 409, "page: gone fishing"},
        {"failing in a task", fail_soon, task_get, 409, "page: gone fishing"},
        {"what was latched", latch_soon, callback_get, 500, "page: Invalid argument"},
        {"JSON", json_soon, callback_get, 200, "{\"a\":1}"},
        {"in pieces", flush_soon, task_get, 200, "4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        int fd;

        TEST_CASE(cases[i].name);
        soon = cases[i].soon;
        serve(&(gust_handler){.get = cases[i].fn,
                              .on_finish = note_finish,
                              .on_close = note_close,
                              .write_error = waiting_page});
        fd = web_connect(web);
        for (int again = 0; again < 2; again++) {
            char finish[16];
            const char *got;

            web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            got = web_read(web, fd);
            snprintf(finish, sizeof finish, "finish %d,", cases[i].status);
            assert_int_equal(web_status(got), cases[i].status);
            assert_string_equal(web_body_of(got), cases[i].body);
            assert_string_equal(order, finish);
            assert_false(web->is_closed);
        }
        close(fd);
        web_close(web);
    }
}

static int failing_get(gust_request *r)
{
    gust_ignore(hold_get(r));
    return -EIO;
}

static int finished_get(gust_request *r)
{
    gust_puts(r, "at once");
    gust_ignore(gust_finish(r));
    return hold_get(r);
}

TEST(a_handler_that_ended_its_request_is_not_waited_for)
{
    serve(&(gust_handler){.get = failing_get});
    assert_true(web_has_line(web_get(web, "/", NULL), "HTTP/1.1 500 Internal Server Error"));
    web_close(web);
    serve(&(gust_handler){.get = finished_get});
    assert_string_equal(web_body_of(web_get(web, "/", NULL)), "at once");
    web_close(web);
}

TEST(a_detached_request_has_the_handlers_timeout)
{
    serve(&(gust_handler){.get = hold_get, .timeout = 0.01, .on_finish = note_finish});
    assert_true(web_has_line(web_get(web, "/", NULL), "HTTP/1.1 504 Gateway Timeout"));
    assert_string_equal(order, "finish 504,");
    web_close(web);
}

/* --- clients that leave --- */

static void reset(int fd)
{
    struct linger linger = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

static void run_until(const char *expected)
{
    for (int i = 0; i < 1000000 && strcmp(order, expected) != 0; i++)
        web_turns(web, 1);
    web_turns(web, 2);
    assert_string_equal(order, expected);
}

static int sleep_get(gust_request *r)
{
    order[0] = '\0';
    gust_sleep(gust_get_header(r, "X-Short") != NULL ? 0.01 : 1000);
    note(gust_cancel_reason() == GUST_CANCEL_CLOSED ? "cancelled," : "slept,");
    gust_puts(r, "whole");
    return 0;
}

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define SHORT "GET / HTTP/1.1\r\nHost: a\r\nX-Short: 1\r\n\r\n"

TEST(a_client_that_leaves_is_told_of_once)
{
    static const struct {
        const char *name;
        gust_handler handler;
        const char *request;
        bool is_half; /* it only shuts its sending side down */
        const char *order;
        bool is_answered;
    } cases[] = {
        {"a detached request ends", {.get = hold_get}, REQUEST, false, "close,finish 499,", false},
        {"a handler that asked is cancelled",
         {.get = sleep_get, .flags = GUST_CANCEL_ON_CLOSE},
         REQUEST,
         false,
         "close,cancelled,finish 499,",
         false},
        {"so it is when the client shuts its side down",
         {.get = sleep_get, .flags = GUST_CANCEL_ON_CLOSE},
         REQUEST,
         true,
         "close,cancelled,finish 499,",
         false},
        {"and nothing behind it is answered",
         {.get = sleep_get, .flags = GUST_CANCEL_ON_CLOSE},
         REQUEST REQUEST,
         true,
         "close,cancelled,finish 499,",
         false},
        {"one that did not ask goes on",
         {.get = sleep_get},
         SHORT,
         false,
         "close,slept,finish 499,",
         false},
        {"and answers who may still read",
         {.get = sleep_get},
         SHORT,
         true,
         "slept,finish 200,",
         true},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_handler h = cases[i].handler;
        int fd;

        TEST_CASE(cases[i].name);
        h.on_close = note_close;
        h.on_finish = note_finish;
        serve(&h);
        fd = web_connect(web);
        web_send(fd, cases[i].request);
        order[0] = 'x';
        order[1] = '\0';
        while (strcmp(order, "x") == 0)
            web_turns(web, 1);
        if (cases[i].is_half)
            shutdown(fd, SHUT_WR);
        else
            reset(fd);
        run_until(cases[i].order);
        if (cases[i].is_half) {
            assert_int_equal(strstr(web_read(web, fd), "whole") != NULL, cases[i].is_answered);
            assert_true(web->is_closed);
            close(fd);
        }
        web_close(web);
    }
}

/* A task that is inside gust_flush() when the client leaves: the request ends after it. */
static void flush_for_ever(void *arg)
{
    static char block[1 << 20];
    gust_request *r = arg;
    int err;

    do
        err = gust_send(r, block, sizeof block);
    while (err == 0);
    note(err == -GUST_ECLOSED ? "closed," : "other,");
    gust_puts(r, "still there");
    assert_int_equal(gust_finish(r), -GUST_ECLOSED);
}

static void in_a_task(void *arg)
{
    (void)arg;
    flush_for_ever(held);
}

static int app_task_get(gust_request *r)
{
    gust_ignore(hold_get(r));
    assert_int_equal(gust_app_go(gust_request_app(r), in_a_task, NULL), 0);
    return 0;
}

TEST(a_request_lasts_as_long_as_a_task_waits_in_it)
{
    int fd;

    serve(&(gust_handler){.get = app_task_get, .on_finish = note_finish});
    fd = web_connect(web);
    web_send(fd, REQUEST);
    web_turns(web, 10);
    assert_string_equal(order, "");
    reset(fd);
    run_until("closed,finish 200,");
    web_close(web);
}

static void waiting_close(gust_request *r)
{
    (void)r;
    gust_sleep(1);
}

static void serve_waiting_close(void *arg)
{
    int fd;

    (void)arg;
    serve(&(gust_handler){.get = hold_get, .on_close = waiting_close});
    fd = web_connect(web);
    web_send(fd, REQUEST);
    web_turns(web, 5);
    reset(fd);
    web_turns(web, 20);
}

TEST(on_close_must_not_wait)
{
    assert_aborts(serve_waiting_close, NULL, "a call that waits was made outside a task");
}
