/*
 * error — what a failure's code means, what the log is told, raising, and memory that is short
 */
#include "base/alloc.h"
#include "error_stage.h"
#include "web/web_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* --- codes, and the log --- */

static int code;

static int code_get(gust_request *r)
{
    (void)r;
    return code;
}

TEST(a_bare_error_is_answered_by_what_it_means)
{
    static const struct {
        const char *name;
        int code, status;
        const char *log; /* a line that is there; NULL: no line but the access log's */
    } cases[] = {
        {"a deadline", -ETIMEDOUT, 504, "E 504 GET / (127.0.0.1) in story: Connection timed out\n"},
        {"cancelled is no news", -ECANCELED, 503, NULL},
        {"memory", -ENOMEM, 503,
         "E 503 GET / (127.0.0.1) in story: out of memory, or beyond the task's limit "
         "(max_task_memory)\n"},
        {"a full queue", -GUST_EFULL, 503, "E 503 GET / (127.0.0.1) in story: "},
        {"a limit of the body", -GUST_ETOOBIG, 413, NULL},
        {"a slow body", -GUST_ESLOW, 408, NULL},
        {"a broken body", -GUST_EPROTO, 400, NULL},
        {"another server that left", -GUST_ECLOSED, 500, "E 500 GET / (127.0.0.1) in story: "},
        {"anything else", -EIO, 500, "E 500 GET / (127.0.0.1) in story: Input/output error\n"},
        {"a number that is no error", -99999, 500, "E 500 GET / (127.0.0.1) in story: "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve_get(code_get);
        const char *got;

        TEST_CASE(cases[i].name);
        code = cases[i].code;
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), cases[i].status);
        if (cases[i].log != NULL)
            assert_non_null(strstr(web->log, cases[i].log));
        else
            assert_ptr_equal(strchr(web->log, '\n'), web->log + web->log_len - 1);
        web_close(web);
    }
}

static int fail_injected(gust_request *r)
{
    return gust_fail(r, 400, "bad\nE forged");
}

TEST(the_log_is_told_once_what_nobody_else_is)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *line; /* the one beside the access log's; NULL: none */
    } cases[] = {
        {"a 4xx without a message is the client's affair", send_404, NULL},
        {"a 4xx with a message is a warning", fail_injected,
         "W 400 GET / (127.0.0.1): bad\nE forged\n"},
        {"a 5xx names the handler", fail_502,
         "E 502 GET / (127.0.0.1) in story: the password is x\n"},
        {"so does a raise", raise_500, "E 500 GET / (127.0.0.1) in story: the password is x\n"},
        {"an error after the response", late_code_get,
         "E 500 GET / (127.0.0.1) in story, after the response: Input/output error\n"},
        {"what was latched is told once", latched_code_get,
         "E 500 GET / (127.0.0.1) in story: Invalid argument\n"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve_get(cases[i].fn);
        size_t len = cases[i].line == NULL ? 0 : strlen(cases[i].line);

        TEST_CASE(cases[i].name);
        web_get(web, "/", NULL);
        if (len > 0)
            assert_memory_equal(web->log, cases[i].line, len);
        assert_ptr_equal(strchr(web->log + len, '\n'), web->log + web->log_len - 1);
        web_close(web);
    }
}

/* --- raising --- */

static int raise_in_scopes(gust_request *r)
{
    GUST_SCOPE();
    gust_write(r, gust_alloc(100), 0);
    {
        GUST_SCOPE();
        gust_raise(r, 409, "from %d scopes", 2);
    }
}

TEST(a_raise_is_answered_from_any_depth)
{
    struct web *web = serve_get(raise_in_scopes);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "HTTP/1.1 409 Conflict"));
    assert_non_null(strstr(got, "<p>from 2 scopes</p>"));
    web_close(web);
}

static void raise_for_another(void *arg)
{
    gust_raise(arg, 400, "not mine");
}

static int raise_elsewhere_get(gust_request *r)
{
    assert_non_null(gust_go(raise_for_another, r, NULL));
    gust_yield();
    return 0;
}

static void serve_raise_elsewhere(void *arg)
{
    struct web *web = serve_get(raise_elsewhere_get);

    (void)arg;
    web_get(web, "/", NULL);
}

TEST(a_task_cannot_raise_for_a_request_that_is_not_its_own)
{
    assert_aborts(serve_raise_elsewhere, NULL,
                  "for a request that is not its own: use gust_fail()");
}

/* --- memory --- */

static int endless_get(gust_request *r)
{
    static char block[1 << 20];

    for (int i = 0; i < 100; i++)
        gust_write(r, block, sizeof block);
    return 0;
}

TEST(a_response_without_end_is_503_and_names_its_handler)
{
    struct web *web = serve_get(endless_get);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "HTTP/1.1 503 Service Unavailable"));
    assert_non_null(strstr(web->log, "in story: out of memory, or beyond the task's limit"));
    web_close(web);
}

#define TASK_MEMORY ((int64_t)1 << 20)
#define OF_A_CHUNK 32 /* is its own */

static int alloc_get(gust_request *r)
{
    gust_alloc((size_t)gust_path_int(r, 0));
    gust_text(r, "enough");
    return 0;
}

TEST(a_task_has_what_max_task_memory_says_and_not_a_byte_more)
{
    static const gust_route routes[] = {{.path = "/([0-9]+)", .get = alloc_get}, {0}};
    static const struct {
        const char *name;
        int64_t size;
        int status;
    } cases[] = {
        {"a byte less", TASK_MEMORY - OF_A_CHUNK - 1, 200},
        {"all of it", TASK_MEMORY - OF_A_CHUNK, 200},
        {"a byte more", TASK_MEMORY - OF_A_CHUNK + 1, 503},
    };
    struct web *web =
        web_open(&(gust_app_options){.routes = routes, .server = {.max_task_memory = TASK_MEMORY}});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char target[32];

        TEST_CASE(cases[i].name);
        snprintf(target, sizeof target, "/%" PRId64, cases[i].size);
        assert_int_equal(web_status(web_get(web, target, NULL)), cases[i].status);
    }
    web_close(web);
}

static char filler[3000];

static int rich_get(gust_request *r)
{
    gust_set_reason(r, 200, "Fine");
    gust_set_cookie(r, "a", filler, NULL);
    gust_set_header(r, "X-A", filler);
    gust_html(r, "%s%s%s", filler, filler, filler);
    return gust_json(r, GUST_VARS({"a", GUST_V((const char *)filler)}));
}

static int rich_pieces_get(gust_request *r)
{
    gust_set_cookie(r, "a", filler, NULL);
    gust_set_header(r, "X-A", filler);
    gust_html(r, "%s%s%s", filler, filler, filler);
    gust_ignore(gust_flush(r));
    return gust_send(r, filler, sizeof filler - 1);
}

static int rich_head_get(gust_request *r)
{
    gust_set_header(r, "Content-Length", "7");
    gust_set_header(r, "X-A", filler);
    return 0;
}

static int rich_fail_get(gust_request *r)
{
    gu_problem_add(r, gust_str_from(filler), gust_str_from(filler));
    return gust_fail(r, 422, "%s", filler);
}

TEST(each_allocation_of_an_answer_may_fail_and_the_next_is_served)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *request;
        int status;
    } cases[] = {
        {"in one", rich_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"in pieces", rich_pieces_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"of HEAD, with a length", rich_head_get, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"an error page", rich_fail_get, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 422},
    };
    bool has_failed = true;

    memset(filler, 'x', sizeof filler - 1);
    for (size_t i = 0; i < gu_countof(cases); i++, has_failed = true) {
        size_t n_faults = 0;

        TEST_CASE(cases[i].name);
        for (uint64_t n = 1; has_failed; n++) {
            struct web *web = serve_get(cases[i].fn);
            int fd = web_connect(web), status;

            web_turns(web, 3);
            web_send(fd, cases[i].request);
            gu_alloc_fail_at(n);
            status = web_status(web_read(web, fd));
            has_failed = gu_alloc_has_failed();
            gu_alloc_fail_at(0);
            n_faults += has_failed;
            assert_true(status == cases[i].status || status == 503 || status == 500 ||
                        (has_failed && web->len == 0 && web->is_closed));
            close(fd);
            status = web_status(web_talk(web, cases[i].request));
            assert_int_equal(status, cases[i].status);
            web_close(web);
        }
        assert_true(n_faults > 0);
    }
}
