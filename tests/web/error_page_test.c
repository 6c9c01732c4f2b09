/*
 * error — the page that is answered when a request fails, and who may write it
 */
#include "base/str.h"
#include "error_stage.h"
#include "web/web_impl.h"
#include <stdio.h>
#include <unistd.h>

/* --- pages --- */

static int fail_404(gust_request *r)
{
    gust_set_header(r, "X-Before", "1");
    gust_set_cookie(r, "kept", "1", NULL);
    gust_puts(r, "before");
    return gust_fail(r, 404, "no story <b>%d</b> & %s", 7, "\xff");
}

static int raise_404(gust_request *r)
{
    gust_raise(r, 404, "no story <b>%d</b> & %s", 7, "\xff");
}

static int fail_200(gust_request *r)
{
    return gust_fail(r, 200, "not a failure");
}

static int fail_empty(gust_request *r)
{
    return gust_fail(r, 403, "%s", "");
}

#define HTML(body) "<html><title>" body "</title><body>" body "</body></html>"

TEST(an_error_page_shows_what_is_public_in_the_form_that_is_liked)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        unsigned errors;
        bool debug;
        const char *accept, *type;
        int status;
        const char *body;
    } cases[] = {
        {"C11's page", send_404, 0, false, NULL, "text/html; charset=UTF-8", 404,
         HTML("404: Not Found")},
        {"a 4xx message is public, and escaped", fail_404, 0, false, NULL,
         "text/html; charset=UTF-8", 404,
         "<html><title>404: Not Found</title><body>404: Not Found<p>no story &lt;b&gt;7&lt;/b&gt; "
         "&amp; \xff</p></body></html>"},
        {"so is a raise's", raise_404, 0, false, NULL, "text/html; charset=UTF-8", 404,
         "<html><title>404: Not Found</title><body>404: Not Found<p>no story &lt;b&gt;7&lt;/b&gt; "
         "&amp; \xff</p></body></html>"},
        {"an empty message is none", fail_empty, 0, false, NULL, "text/html; charset=UTF-8", 403,
         HTML("403: Forbidden")},
        {"a 5xx message is not shown", fail_502, 0, false, NULL, "text/html; charset=UTF-8", 502,
         HTML("502: Bad Gateway")},
        {"nor a raise's", raise_500, 0, false, NULL, "text/html; charset=UTF-8", 500,
         HTML("500: Internal Server Error")},
        {"2.1: unless it is asked for", fail_502, 0, true, NULL, "text/html; charset=UTF-8", 502,
         "<html><title>502: Bad Gateway</title><body>502: Bad Gateway<p>the password is x</p>"
         "</body></html>"},
        {"a failure has a failure's status", fail_200, 0, false, NULL, "text/html; charset=UTF-8",
         500, HTML("500: Internal Server Error")},
        {"a problem for who likes problems", send_404, 0, false, "application/problem+json",
         "application/problem+json", 404,
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}"},
        {"or any JSON; bad UTF-8 is replaced", fail_404, 0, false, "text/*;q=0.1, application/json",
         "application/problem+json", 404,
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
         "\"detail\":\"no story <b>7<\\/b> & \xef\xbf\xbd\"}"},
        {"HTML for who takes all", send_404, 0, false, "*/*", "text/html; charset=UTF-8", 404,
         HTML("404: Not Found")},
        {"and for who takes neither", send_404, 0, false, "image/png", "text/html; charset=UTF-8",
         404, HTML("404: Not Found")},
        {"JSON only", send_404, GUST_ERRORS_JSON, false, "text/html", "application/problem+json",
         404, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}"},
        {"HTML only", send_404, GUST_ERRORS_HTML, false, "application/json",
         "text/html; charset=UTF-8", 404, HTML("404: Not Found")},
        {"no 5xx detail in JSON either", fail_502, GUST_ERRORS_JSON, false, NULL,
         "application/problem+json", 502,
         "{\"type\":\"about:blank\",\"title\":\"Bad Gateway\",\"status\":502}"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char lines[128] = "", type[96];
        const char *got;
        struct web *web;

        TEST_CASE(cases[i].name);
        web = serve_story(&(gust_handler){.get = cases[i].fn},
                          &(gust_app_options){.errors = cases[i].errors, .debug = cases[i].debug});
        if (cases[i].accept != NULL)
            snprintf(lines, sizeof lines, "Accept: %s\r\n", cases[i].accept);
        snprintf(type, sizeof type, "Content-Type: %s", cases[i].type);
        got = web_get(web, "/", lines);
        assert_int_equal(web_status(got), cases[i].status);
        assert_true(web_has_line(got, type));
        assert_string_equal(web_body_of(got), cases[i].body);
        assert_null(strstr(got, "X-Before"));
        assert_false(web->is_closed);
        web_close(web);
    }
}

TEST(an_error_begins_anew_but_keeps_cookies)
{
    struct web *web = serve_get(fail_404);
    const char *got = web_get(web, "/", NULL);

    assert_true(web_has_line(got, "Set-Cookie: kept=1; Path=/"));
    assert_null(strstr(got, "before"));
    assert_null(strstr(got, "ETag"));
    web_close(web);
}

TEST(an_error_page_has_no_body_for_head)
{
    struct web *web = serve_get(send_404);
    const char *got = web_talk(web, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");

    assert_int_equal(web_status(got), 404);
    assert_true(web_has_line(got, "Content-Length: 69"));
    assert_string_equal(web_body_of(got), "");
    web_close(web);
}

TEST(a_method_that_is_not_there_is_405_with_allow)
{
    struct web *web = serve_get(send_404);
    const char *got = web_talk(web, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");

    assert_int_equal(web_status(got), 405);
    assert_true(web_has_line(got, "Allow: GET, HEAD, OPTIONS"));
    got = web_talk(web, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert_int_equal(web_status(got), 405);
    assert_true(web_has_line(got, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    web_close(web);
}

static int invalid_get(gust_request *r)
{
    gu_problem_add(r, GU_STR("name"), GU_STR("is \"empty\""));
    gu_problem_add(r, GU_STR("<age>"), GU_STR("is no number"));
    return gust_send_error(r, 422);
}

static int invalid_400(gust_request *r)
{
    gu_problem_add(r, GU_STR("name"), GU_STR("is empty"));
    return gust_send_error(r, 400);
}

TEST(a_422_lists_the_fields_that_are_wrong)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        const char *accept, *body;
    } cases[] = {
        {"as a list", invalid_get, "Accept: text/html\r\n",
         "<html><title>422: Unprocessable Content</title><body>422: Unprocessable Content<ul>"
         "<li>name: is &quot;empty&quot;</li><li>&lt;age&gt;: is no "
         "number</li></ul></body></html>"},
        {"as errors", invalid_get, "Accept: application/json\r\n",
         "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"errors\":["
         "{\"field\":\"name\",\"message\":\"is \\\"empty\\\"\"},"
         "{\"field\":\"<age>\",\"message\":\"is no number\"}]}"},
        {"not where they are not the reason", invalid_400, "Accept: application/json\r\n",
         "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400}"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve_get(cases[i].fn);

        TEST_CASE(cases[i].name);
        assert_string_equal(web_body_of(web_get(web, "/", cases[i].accept)), cases[i].body);
        web_close(web);
    }
}

/* --- hooks --- */

static void page_of_handler(gust_request *r, const gust_error *error)
{
    gust_text(r, "handler: %d %s", error->status, error->message);
}

static void page_of_app(gust_request *r, const gust_error *error)
{
    gust_text(r, "app: %d %d %s", error->status, error->code,
              error->message == NULL ? "-" : error->message);
}

static void page_that_finishes(gust_request *r, const gust_error *error)
{
    gust_set_status(r, 409);
    gust_ignore(gust_json(r, GUST_VARS({"status", GUST_V(error->status)})));
}

static void page_that_latches(gust_request *r, const gust_error *error)
{
    gust_printf(r, "%d", error->status);
    gust_set_header(r, "X\n", "");
}

static void page_that_raises(gust_request *r, const gust_error *error)
{
    gust_raise(r, error->status, "again");
}

static void page_that_fails(gust_request *r, const gust_error *error)
{
    gust_ignore(gust_fail(r, error->status, "again"));
}

static void page_that_cuts(gust_request *r, const gust_error *error)
{
    gust_printf(r, "%d", error->status);
    gust_ignore(gust_flush(r));
    gust_raise(r, error->status, "in the middle");
}

TEST(write_error_writes_the_page_and_cannot_go_round)
{
    static const struct {
        const char *name;
        gust_handler_fn *fn;
        void (*of_handler)(gust_request *r, const gust_error *error);
        void (*of_app)(gust_request *r, const gust_error *error);
        const char *line, *body;
    } cases[] = {
        {"the handler's", fail_502, page_of_handler, page_of_app, "HTTP/1.1 502 Bad Gateway",
         "handler: 502 the password is x"},
        {"else the application's", fail_502, NULL, page_of_app, "HTTP/1.1 502 Bad Gateway",
         "app: 502 0 the password is x"},
        {"else the page that there always is", fail_404, gust_write_error, page_of_app,
         "HTTP/1.1 404 Not Found",
         "<html><title>404: Not Found</title><body>404: Not Found<p>no story &lt;b&gt;7&lt;/b&gt; "
         "&amp; \xff</p></body></html>"},
        {"which does not tell why it failed", fail_502, gust_write_error, NULL,
         "HTTP/1.1 502 Bad Gateway", HTML("502: Bad Gateway")},
        {"for a raise", raise_500, NULL, page_of_app, "HTTP/1.1 500 Internal Server Error",
         "app: 500 0 the password is x"},
        {"for a bare code", late_code_get, NULL, page_of_app, "HTTP/1.1 200 OK", "whole"},
        {"what was latched is forgotten", latched_code_get, NULL, page_of_app,
         "HTTP/1.1 500 Internal Server Error", "app: 500 -22 -"},
        {"it may change the status, and finish", send_404, page_that_finishes, NULL,
         "HTTP/1.1 409 Conflict", "{\"status\":404}"},
        {"it latches", send_404, page_that_latches, NULL, "HTTP/1.1 500 Internal Server Error", ""},
        {"it raises", send_404, page_that_raises, NULL, "HTTP/1.1 500 Internal Server Error", ""},
        {"it raises for a raise", raise_500, page_that_raises, NULL,
         "HTTP/1.1 500 Internal Server Error", ""},
        {"it fails", send_404, page_that_fails, NULL, "HTTP/1.1 500 Internal Server Error", ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web;
        const char *got;

        TEST_CASE(cases[i].name);
        web = serve_story(&(gust_handler){.get = cases[i].fn, .write_error = cases[i].of_handler},
                          &(gust_app_options){.write_error = cases[i].of_app});
        got = web_get(web, "/", NULL);
        assert_true(web_has_line(got, cases[i].line));
        assert_string_equal(web_body_of(got), cases[i].body);
        web_close(web);
    }
}

TEST(a_page_that_fails_in_the_middle_is_cut)
{
    struct web *web;
    const char *got;

    web = serve_story(&(gust_handler){.get = send_404, .write_error = page_that_cuts}, NULL);
    got = web_get(web, "/", NULL);
    assert_string_equal(web_body_of(got), "3\r\n404\r\n");
    assert_true(web->is_closed);
    web_close(web);
}

static int n_finished, n_logged;

static void finish_that_raises(gust_request *r)
{
    n_finished++;
    gust_raise(r, 500, "in on_finish");
}

static void log_that_raises(gust_request *r)
{
    n_logged++;
    gust_raise(r, 500, "in log_request");
}

TEST(what_raises_after_the_response_neither_changes_nor_repeats_it)
{
    const gust_handler handler = {
        .get = raise_404, .write_error = page_that_raises, .on_finish = finish_that_raises};
    struct web *web = serve_story(&handler, &(gust_app_options){.log_request = log_that_raises});
    int fd = web_connect(web);

    n_finished = n_logged = 0;
    for (int i = 1; i <= 2; i++) {
        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(web_has_line(web_read(web, fd), "HTTP/1.1 500 Internal Server Error"));
        assert_false(web->is_closed);
        assert_int_equal(n_finished, i);
        assert_int_equal(n_logged, i);
    }
    assert_non_null(strstr(web->log, "in story, while answering an error: again"));
    assert_non_null(strstr(web->log, "in story, after the response: in on_finish"));
    assert_non_null(strstr(web->log, "in story, after the response: in log_request"));
    close(fd);
    web_close(web);
}
