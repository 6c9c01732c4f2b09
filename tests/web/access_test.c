/*
 * access — the access log, and who is told that a request ended
 */
#include "base/log.h"
#include "base/str.h"
#include "web_client.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static gust_handler handler;
static gust_app_options options;

static struct web *serve(const gust_handler *h, void (*log_request)(gust_request *r))
{
    static const gust_route routes[] = {{.path = "/.*", .handler = &handler}, {0}};

    handler = *h;
    options = (gust_app_options){.routes = routes, .log_request = log_request};
    return web_open(&options);
}

static int status_get(gust_request *r)
{
    gust_set_status(r, (int)strtol(gust_path(r) + 1, NULL, 10));
    gust_puts(r, "Hello");
    return 0;
}

/* --- text --- */

/* "prefix", digits with two behind the point, "ms" and a newline. */
static bool is_line(const char *line, const char *prefix)
{
    size_t len = strlen(prefix), whole;

    if (strncmp(line, prefix, len) != 0)
        return false;
    whole = strspn(line + len, "0123456789");
    line += len + whole;
    return whole > 0 && line[0] == '.' && strspn(line + 1, "0123456789") == 2 &&
           strcmp(line + 3, "ms\n") == 0;
}

TEST(a_request_leaves_tornados_line_at_the_level_of_its_status)
{
    static const struct {
        const char *name, *request, *prefix;
    } cases[] = {
        {"C12: success", "GET /200?a=b HTTP/1.1", "I 200 GET /200?a=b (127.0.0.1) "},
        {"redirection", "GET /302 HTTP/1.1", "I 302 GET /302 (127.0.0.1) "},
        {"the least that is a warning", "GET /400 HTTP/1.1", "W 400 GET /400 (127.0.0.1) "},
        {"the last that is one", "GET /499 HTTP/1.1", "W 499 GET /499 (127.0.0.1) "},
        {"an error", "GET /500 HTTP/1.1", "E 500 GET /500 (127.0.0.1) "},
        {"a method that is not there", "POST /200 HTTP/1.1", "W 405 POST /200 (127.0.0.1) "},
        {"a status of its own", "GET /599 HTTP/1.1", "E 599 GET /599 (127.0.0.1) "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(&(gust_handler){.get = status_get}, NULL);
        char request[128];

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s\r\nHost: a\r\n\r\n", cases[i].request);
        web_talk(web, request);
        assert_true(is_line(web->log, cases[i].prefix));
        web_close(web);
    }
}

TEST(a_level_that_is_off_leaves_no_line)
{
    struct web *web = serve(&(gust_handler){.get = status_get}, NULL);

    assert_int_equal(gust_log_set_level("gust.access", GUST_LOG_WARNING), 0);
    web_get(web, "/200", NULL);
    assert_string_equal(web->log, "");
    web_get(web, "/404", NULL);
    assert_true(is_line(web->log, "W 404 GET /404 (127.0.0.1) "));
    assert_int_equal(gust_log_set_level("gust.access", GUST_LOG_INFO), 0);
    web_close(web);
}

TEST(a_long_target_is_cut)
{
    struct web *web = serve(&(gust_handler){.get = status_get}, NULL);
    static char request[16384];
    static char long_query[10001];

    memset(long_query, 'x', sizeof long_query - 1);
    snprintf(request, sizeof request, "GET /200?%s HTTP/1.1\r\nHost: a\r\n\r\n", long_query);
    assert_true(web_has_line(web_talk(web, request), "HTTP/1.1 200 OK"));
    assert_in_range(web->log_len, 2048, 2048 + 64);
    web_close(web);
}

/* --- JSON --- */

static int log_file;
static off_t buffered_size;

static int buffered_get(gust_request *r)
{
    buffered_size = lseek(log_file, 0, SEEK_END);
    return status_get(r);
}

static json_t *last_line(void)
{
    static char text[16384];
    ssize_t n = pread(log_file, text, sizeof text - 1, 0);
    char *line;

    assert_true(n > 0);
    text[n - 1] = '\0';
    line = strrchr(text, '\n');
    return json_loads(line == NULL ? text : line + 1, 0, NULL);
}

static void member_is(const json_t *line, const char *member, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(line, member)), value);
}

TEST(json_lines_have_the_parts_as_members_and_wait_for_company)
{
    struct web *web = serve(&(gust_handler){.get = buffered_get}, NULL);
    json_t *line;

    gu_log_set_sink(NULL, NULL);
    log_file = memfd_create("log", MFD_CLOEXEC);
    assert_int_equal(gust_log_setup(&(gust_log_options){.format = GUST_LOG_JSON, .fd = log_file}),
                     0);
    web_talk(web, "GET /200?a=\"b HTTP/1.1\r\nHost: a\r\n\r\n"
                  "HEAD /404 HTTP/1.1\r\nHost: a\r\n\r\n"
                  "GET /201?a=\"b HTTP/1.1\r\nHost: a\r\nUser-Agent: \"x\xff\"\r\n\r\n");
    assert_int_equal(buffered_size, 0);
    gu_log_flush();
    line = last_line();
    assert_non_null(line);
    member_is(line, "level", "info");
    member_is(line, "method", "GET");
    member_is(line, "uri", "/201?a=\"b");
    member_is(line, "remote_ip", "127.0.0.1");
    member_is(line, "user_agent", "\"x\xef\xbf\xbd\"");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 201);
    assert_int_equal(json_integer_value(json_object_get(line, "bytes")), 5);
    assert_true(json_is_real(json_object_get(line, "duration_ms")));
    json_decref(line);
    assert_int_equal(gust_log_setup(NULL), 0);
    close(log_file);
    web_close(web);
}

/* --- on_finish, log_request --- */

static char order[64];

static void note_finish(gust_request *r)
{
    size_t len = strlen(order);

    snprintf(order + len, sizeof order - len, "finish %d,", gust_get_status(r));
}

static void note_log(gust_request *r)
{
    size_t len = strlen(order);

    snprintf(order + len, sizeof order - len, "log %d,", gust_get_status(r));
}

static int fail_get(gust_request *r)
{
    return gust_fail(r, 404, "no");
}

static int raise_get(gust_request *r)
{
    gust_raise(r, 409, "no");
}

static int error_get(gust_request *r)
{
    (void)r;
    return -ETIMEDOUT;
}

static int cut_get(gust_request *r)
{
    gust_ignore(gust_flush(r));
    return -EIO;
}

static int finish_get(gust_request *r)
{
    gust_ignore(gust_finish(r));
    return 0;
}

static int refuse(gust_request *r)
{
    return gust_fail(r, 403, "not you");
}

TEST(on_finish_and_then_the_log_come_once_however_it_ended)
{
    static const struct {
        const char *name;
        gust_handler handler;
        const char *order;
    } cases[] = {
        {"it returned", {.get = status_get}, "finish 200,log 200,"},
        {"it finished itself", {.get = finish_get}, "finish 200,log 200,"},
        {"it failed", {.get = fail_get}, "finish 404,log 404,"},
        {"it raised", {.get = raise_get}, "finish 409,log 409,"},
        {"it returned an error", {.get = error_get}, "finish 504,log 504,"},
        {"it was cut", {.get = cut_get}, "finish 200,log 200,"},
        {"prepare refused", {.get = status_get, .prepare = refuse}, "finish 403,log 403,"},
        {"there was no such method", {.post = status_get}, "finish 405,log 405,"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_handler h = cases[i].handler;
        struct web *web;

        TEST_CASE(cases[i].name);
        h.on_finish = note_finish;
        order[0] = '\0';
        web = serve(&h, note_log);
        web_get(web, "/200", NULL);
        assert_string_equal(order, cases[i].order);
        assert_null(strstr(web->log, "ms\n"));
        web_close(web);
    }
}
