/*
 * late — calls that come when the head has left, when the answer is complete, or the client is gone
 *
 * Each of them does nothing to the answer, whichever call it is; the error is told where the
 * response's end is.
 */
#include "base/str.h"
#include "test.h"
#include "web_client.h"
#include <gust/json.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what comes too late --- */

static void set_status(gust_request *r)
{
    gust_set_status(r, 404);
}

static void set_reason(gust_request *r)
{
    gust_set_reason(r, 200, "Late");
}

static void set_header(gust_request *r)
{
    gust_set_header(r, "X-Late", "1");
}

static void set_type(gust_request *r)
{
    gust_set_header(r, "Content-Type", "text/late");
}

static void add_header(gust_request *r)
{
    gust_add_header(r, "X-Late", "1");
}

static void clear_header(gust_request *r)
{
    gust_clear_header(r, "X-Early");
}

static void set_cookie(gust_request *r)
{
    gust_set_cookie(r, "late", "1", NULL);
}

static void clear_cookie(gust_request *r)
{
    gust_clear_cookie(r, "late", NULL);
}

static void clear(gust_request *r)
{
    gust_clear(r);
}

static void redirect(gust_request *r)
{
    gust_ignore(gust_redirect(r, "/late"));
}

static void print(gust_request *r)
{
    gust_printf(r, "%s", "late");
}

static void text(gust_request *r)
{
    gust_text(r, "%s", "late");
}

static void html(gust_request *r)
{
    gust_html(r, "%s", "late");
}

static void puts_late(gust_request *r)
{
    gust_puts(r, "late");
}

static void json(gust_request *r)
{
    gust_ignore(gust_json(r, GUST_VARS({"late", GUST_V(1)})));
}

static void json_value(gust_request *r)
{
    gust_ignore(gust_json_value(r, GUST_V("late")));
}

static void flush(gust_request *r)
{
    assert_true(gust_flush(r) < 0);
}

static void send_late(gust_request *r)
{
    assert_true(gust_send(r, "late", 4) < 0);
}

static void finish(gust_request *r)
{
    assert_true(gust_finish(r) < 0);
}

static void (*late)(gust_request *r);

/* --- the head has left --- */

static int after_head_get(gust_request *r)
{
    gust_set_header(r, "X-Early", "1");
    gust_puts(r, "early,");
    if (gust_flush(r) < 0)
        return -EIO;
    late(r);
    return 0;
}

TEST(a_head_that_has_left_is_not_changed)
{
    static const struct {
        const char *name;
        void (*late)(gust_request *r);
    } cases[] = {
        {"gust_set_status", set_status}, {"gust_set_reason", set_reason},
        {"gust_set_header", set_header}, {"gust_set_header of the type", set_type},
        {"gust_add_header", add_header}, {"gust_clear_header", clear_header},
        {"gust_set_cookie", set_cookie}, {"gust_clear_cookie", clear_cookie},
        {"gust_clear", clear},           {"gust_redirect", redirect},
    };
    static const gust_route routes[] = {{.path = "/", .get = after_head_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *got;

        TEST_CASE(cases[i].name);
        late = cases[i].late;
        web->log_len = 0;
        got = web_get(web, "/", NULL);
        assert_true(web_has_line(got, "HTTP/1.1 200 OK"));
        assert_true(web_has_line(got, "X-Early: 1"));
        assert_string_equal(web_body_of(got), "6\r\nearly,\r\n");
        assert_null(strstr(got, "ate: 1"));
        assert_null(strstr(got, "0\r\n\r\n")); /* what was to change did not: it is cut */
        assert_true(web->is_closed);
        assert_non_null(strstr(web->log, "E 500 GET / (127.0.0.1) in /"));
    }
    web_close(web);
}

/* --- the answer is complete --- */

static int after_end_get(gust_request *r)
{
    gust_set_header(r, "X-Early", "1");
    gust_puts(r, "early");
    gust_ignore(gust_finish(r));
    late(r);
    return 0;
}

TEST(an_answer_that_is_complete_stays_as_it_is)
{
    static const struct {
        const char *name;
        void (*late)(gust_request *r);
    } cases[] = {
        {"gust_set_status", set_status},
        {"gust_set_reason", set_reason},
        {"gust_set_header", set_header},
        {"gust_set_header of the type", set_type},
        {"gust_add_header", add_header},
        {"gust_clear_header", clear_header},
        {"gust_set_cookie", set_cookie},
        {"gust_clear_cookie", clear_cookie},
        {"gust_clear", clear},
        {"gust_redirect", redirect},
        {"gust_printf", print},
        {"gust_text", text},
        {"gust_html", html},
        {"gust_puts", puts_late},
        {"gust_json", json},
        {"gust_json_value", json_value},
        {"gust_flush", flush},
        {"gust_send", send_late},
        {"gust_finish", finish},
    };
    static const gust_route routes[] = {{.path = "/", .get = after_end_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *got;

        TEST_CASE(cases[i].name);
        late = cases[i].late;
        web->log_len = 0;
        web->log[0] = '\0';
        got = web_get(web, "/", NULL);
        assert_true(web_has_line(got, "HTTP/1.1 200 OK"));
        assert_true(web_has_line(got, "X-Early: 1"));
        assert_string_equal(web_body_of(got), "early");
        assert_null(strstr(got, "ate: 1"));
        assert_null(strstr(web->log, "E "));
    }
    web_close(web);
}

/* --- the client is gone --- */

static bool has_ended;

static int after_leaving_get(gust_request *r)
{
    int err;

    gust_puts(r, "early");
    while ((err = gust_flush(r)) == 0) { /* until the kernel tells that nobody is there */
        gust_puts(r, "more");
        gust_yield();
    }
    assert_int_equal(err, -GUST_ECLOSED);
    late(r);
    has_ended = true;
    return 0;
}

TEST(nobody_is_written_to_who_has_left)
{
    static const struct {
        const char *name;
        void (*late)(gust_request *r);
    } cases[] = {
        {"gust_printf", print},   {"gust_text", text},      {"gust_html", html},
        {"gust_puts", puts_late}, {"gust_json", json},      {"gust_json_value", json_value},
        {"gust_flush", flush},    {"gust_send", send_late}, {"gust_redirect", redirect},
    };
    static const gust_route routes[] = {{.path = "/", .get = after_leaving_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct linger at_once = {.l_onoff = 1};
        int fd = web_connect(web);

        TEST_CASE(cases[i].name);
        late = cases[i].late;
        has_ended = false;
        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        web_turns(web, 5);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        for (int n = 0; n < 10000 && !has_ended; n++)
            web_turns(web, 1);
        assert_true(has_ended);
        assert_null(strstr(web->log, "E "));
    }
    web_close(web);
}
