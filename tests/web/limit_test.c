/*
 * limit — an answer at the edges of what it may be, and requests when memory is short
 */
#include "base/alloc.h"
#include "base/str.h"
#include "web/web_impl.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the edges of an answer --- */

#define MESSAGE_MAX ((size_t)64 * 1024)
#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static size_t length;

static int fail_at_length(gust_request *r)
{
    char *message = gust_alloc(length + 1);

    memset(message, '~', length);
    message[length] = '\0';
    return gust_fail(r, 404, "%s", message);
}

static size_t count(const char *bytes, char which)
{
    size_t n = 0;

    for (; *bytes != '\0'; bytes++)
        n += *bytes == which;
    return n;
}

TEST(the_message_of_an_error_may_be_64_kib)
{
    static const struct {
        const char *name;
        size_t length;
        bool is_shown;
    } cases[] = {
        {"a byte below", MESSAGE_MAX - 1, true},
        {"the limit", MESSAGE_MAX, true},
        {"a byte above", MESSAGE_MAX + 1, false},
    };
    static const gust_route routes[] = {{.path = "/", .get = fail_at_length}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        length = cases[i].length;
        assert_int_equal(web_status(web_talk(web, GET("/"))), 404);
        assert_int_equal(count(web->bytes, '~'), cases[i].is_shown ? length : 0);
    }
    web_close(web);
}

static int head_of_length(gust_request *r)
{
    char *value = gust_alloc(length + 1);

    memset(value, '~', length);
    value[length] = '\0';
    gust_set_header(r, "X", value);
    return 0;
}

/* What else is in the head leaves less for the value; how much less is found first. */
TEST(a_head_that_does_not_fit_the_output_buffer_cuts_the_connection)
{
    static const gust_route routes[] = {{.path = "/", .get = head_of_length}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    size_t fits = GU_NET_OUT - GU_NET_COPY - 4096, too_long = GU_NET_OUT - GU_NET_COPY;

    while (fits + 1 < too_long) {
        length = (fits + too_long) / 2;
        if (web_status(web_talk(web, GET("/"))) == 200)
            fits = length;
        else
            too_long = length;
    }
    assert_in_range(fits, GU_NET_OUT - GU_NET_COPY - 1024, GU_NET_OUT - GU_NET_COPY - 64);
    for (length = fits - 1; length <= too_long; length++) {
        int status = web_status(web_talk(web, GET("/")));

        assert_int_equal(status, length <= fits ? 200 : 0);
        assert_int_equal(count(web->bytes, '~'), length <= fits ? length : 0);
    }
    assert_non_null(strstr(web->log, "the response's head is larger than"));
    assert_int_equal(web_status(web_talk(web, GET("/nothing"))), 404);
    web_close(web);
}

/* --- no memory --- */

#define FILLER 20000

/* What is small needs no allocation at all: a task's arena has a block that is kept. */
static char filler[FILLER + 1];

/* A request in which * is the filler. */
static const char *filled(const char *request)
{
    static char text[FILLER + 1000];
    const char *star = strchr(request, '*');

    if (star == NULL)
        return request;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(star - request), request, filler, star + 1);
    return text;
}

static int arguments_get(gust_request *r)
{
    gust_text(r, "%s %s", gust_need_argument(r, "a"), gust_get_argument(r, "b", "-"));
    return 0;
}

static int form_post(gust_request *r)
{
    gust_text(r, "%s", gust_need_argument(r, "a"));
    return 0;
}

static int json_post(gust_request *r)
{
    return gust_json_value(r, GUST_V(gust_get_json(r)));
}

static int cookie_get(gust_request *r)
{
    gust_set_cookie(r, "b", gust_get_cookie(r, "a"), NULL);
    return 0;
}

static int invalid_get(gust_request *r)
{
    gust_invalid(r, "a", "%s", filler);
    gust_check_valid(r);
    return 0;
}

static int pieces_get(gust_request *r)
{
    gust_puts(r, filler);
    if (gust_flush(r) < 0)
        return -EIO;
    return gust_send(r, "two", 3);
}

static int page_get(gust_request *r)
{
    return gust_fail(r, 404, "no %s", filler);
}

static int raise_get(gust_request *r)
{
    gust_set_header(r, "X-A", filler);
    gust_puts(r, filler);
    gust_raise(r, 404, "no %s", filler);
}

static void finish_soon(void *arg)
{
    gust_request *r = arg;

    gust_puts(r, filler);
    gust_ignore(gust_finish(r));
}

static int detach_get(gust_request *r)
{
    if (gust_loop_call_later(gust_loop_current(), 0, finish_soon, r) == NULL)
        return -ENOMEM;
    return gust_detach(r);
}

static int sleep_get(gust_request *r)
{
    gust_set_header(r, "X-A", gust_sprintf("%s", filler));
    gust_puts(r, filler);
    return gust_sleep(0);
}

static int delegate_headers(gust_exchange *x)
{
    const gust_field fields[] = {{"X-A", filler}, {0}};
    int err = gust_exchange_write_headers(x, 200, fields, GUST_NEVER);

    return err < 0 ? err : gust_exchange_write(x, "ok", 2);
}

TEST(each_allocation_of_a_request_may_fail_and_the_next_is_served)
{
    static const gust_delegate delegate = {.headers_received = delegate_headers};
    static const gust_route routes[] = {
        {.path = "/arguments", .get = arguments_get}, {.path = "/form", .post = form_post},
        {.path = "/json", .post = json_post},         {.path = "/cookie", .get = cookie_get},
        {.path = "/invalid", .get = invalid_get},     {.path = "/pieces", .get = pieces_get},
        {.path = "/page", .get = page_get},           {.path = "/raise", .get = raise_get},
        {.path = "/detach", .get = detach_get},       {.path = "/sleep", .get = sleep_get},
        {.path = "/delegate", .delegate = &delegate}, {0},
    };
    static const struct {
        const char *name, *request;
        int status;
    } cases[] = {
        {"arguments", GET("/arguments?a=%20*&b=2"), 200},
        {"a form",
         "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
         "Content-Length: 20005\r\n\r\na=%20*",
         200},
        {"JSON both ways",
         "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         "Content-Length: 20010\r\n\r\n{\"a\":[\"*\"]}",
         200},
        {"a chunked body",
         "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         "Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n",
         200},
        {"cookies both ways", "GET /cookie HTTP/1.1\r\nHost: a\r\nCookie: a=*\r\n\r\n", 200},
        {"problems of fields", GET("/invalid"), 422},
        {"in pieces", GET("/pieces"), 200},
        {"an error page", GET("/page"), 404},
        {"a problem in JSON", "GET /page HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n",
         404},
        {"a raise", GET("/raise"), 404},
        {"ended by another", GET("/detach"), 200},
        {"one that waits", GET("/sleep"), 200},
        {"a delegate", GET("/delegate"), 200},
    };

    memset(filler, 'x', FILLER);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *request = filled(cases[i].request);
        bool has_failed = true;
        uint64_t n = 0;

        TEST_CASE(cases[i].name);
        while (has_failed) {
            struct web *web = web_open(&(gust_app_options){.routes = routes});
            int fd = web_connect(web), status;

            gu_alloc_fail_at(++n);
            web_turns(web, 3);
            web_send(fd, request);
            status = web_status(web_read(web, fd));
            has_failed = gu_alloc_has_failed();
            gu_alloc_fail_at(0);
            if (status != cases[i].status && status != 503 && status != 500)
                if (!has_failed || web->len != 0 || !web->is_closed)
                    fail_msg("allocation %d: status %d, %s", (int)n, status, web->log);
            close(fd);
            assert_int_equal(web_status(web_talk(web, request)), cases[i].status);
            web_close(web);
        }
        assert_true(n > 1);
    }
}
