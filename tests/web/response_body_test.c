/*
 * response — its body: as HTML, as JSON, none at all; its length and its entity tag
 */
#include "base/str.h"
#include "web_table.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- bodies --- */

static int html_get(gust_request *r)
{
    gust_html(r, "<b>%s</b>%c%d %5.1f %-4u| %lld %zu %hhd %% %x %s", "<&>\"'", '<', -7, 2.25, 12u,
              (long long)1 << 40, (size_t)9, (signed char)44, 255u, "end");
    return 0;
}

TEST(html_escapes_texts_and_prints_numbers_as_printf)
{
    struct web *web = web_serve(html_get);
    const char *got = web_get(web, "/", NULL);

    assert_string_equal(web_body_of(got),
                        "<b>&lt;&amp;&gt;&quot;&#x27;</b>&lt;-7   2.2 12  | 1099511627776 9 44 % "
                        "ff end");
    web_close(web);
}

static const char *html_format;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int wrong_html_get(gust_request *r)
{
    gust_html(r, html_format, "<script>", 1, 2, 3);
    return 0;
}
#pragma GCC diagnostic pop

TEST(html_refuses_what_it_could_not_escape)
{
    static const struct {
        const char *name, *format;
    } cases[] = {
        {"a width would cut an entity, or not count it", "%10s"},
        {"so would a precision", "%.3s"},
        {"wide text is no text of ours", "%ls"},
        {"a width from the arguments", "%*d"},
        {"writing through an argument", "%n"},
        {"errno is not an argument", "%m"},
        {"a long double", "%Lf"},
        {"an unknown letter", "%y"},
        {"the end in a conversion", "a %"},
        {"the end behind a flag", "a %-"},
        {"a size that a real has not", "%hf"},
        {"flags without end", "%00000000000000000000000000000000000000d"},
        {"a percent sign with a width", "%5%"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = web_serve(wrong_html_get);
        const char *got;

        TEST_CASE(cases[i].name);
        html_format = cases[i].format;
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), 500);
        assert_null(strstr(got, "script"));
        web_close(web);
    }
}

static int json_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V("</script>")}, {"b", GUST_V(1)}));
}

static int json_value_get(gust_request *r)
{
    return gust_json_value(r, GUST_V("x"));
}

static int json_text_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V("\xff")}));
}

static int json_nan_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"a", GUST_V(0.0 / 0.0)}));
}

TEST(json_ends_the_response_or_is_the_handlers_error)
{
    static const char type[] = "Content-Type: application/json; charset=UTF-8";
    static const struct web_row cases[] = {
        {"an object", .get = json_get, .status = 200, .line = type,
         .body = "{\"a\":\"<\\/script>\",\"b\":1}"},
        {"any value", .get = json_value_get, .status = 200, .line = type, .body = "\"x\""},
        {"text that is not UTF-8", .get = json_text_get, .status = 500},
        {"a number that JSON has not", .get = json_nan_get, .status = 500},
    };

    web_serve_each(cases, gu_countof(cases));
}

static int finished_get(gust_request *r)
{
    gust_puts(r, "whole");
    assert_int_equal(gust_finish(r), 0);
    gust_puts(r, " and more");
    gust_set_header(r, "X-Late", "1");
    assert_int_equal(gust_json(r, GUST_VARS({"a", GUST_V(1)})), -GUST_ELATE);
    assert_int_equal(gust_finish(r), -GUST_ELATE);
    return 0;
}

TEST(nothing_is_added_to_a_finished_response)
{
    struct web *web = web_serve(finished_get);
    const char *got = web_get(web, "/", NULL);

    assert_string_equal(web_body_of(got), "whole");
    assert_null(strstr(got, "X-Late"));
    web_close(web);
}

static int empty_status;

static int no_body_get(gust_request *r)
{
    gust_set_status(r, empty_status);
    gust_set_header(r, "Content-Encoding", "gzip");
    gust_set_header(r, "Content-Language", "en");
    gust_set_header(r, "X-A", "1");
    gust_puts(r, "dropped");
    return 0;
}

TEST(a_status_without_a_body_has_nothing_that_describes_one)
{
    struct web *web = web_serve(no_body_get);
    int fd = web_connect(web);

    for (empty_status = 204; empty_status <= 304; empty_status += 100) {
        const char *got;

        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        got = web_read(web, fd);
        assert_int_equal(web_status(got), empty_status);
        assert_null(strstr(got, "Content-"));
        assert_null(strstr(got, "Transfer-Encoding"));
        assert_true(web_has_line(got, "X-A: 1"));
        assert_string_equal(web_body_of(got), "");
        assert_false(web->is_closed);
    }
    close(fd);
    web_close(web);
}

TEST(a_205_is_empty_whatever_was_written)
{
    struct web *web = web_serve(no_body_get);
    int fd = web_connect(web);

    empty_status = 205;
    for (int i = 0; i < 2; i++) { /* the second is framed behind the first */
        const char *got;

        web_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        got = web_read(web, fd);
        assert_int_equal(web_status(got), 205);
        assert_true(web_has_line(got, "Content-Length: 0"));
        assert_string_equal(web_body_of(got), "");
        assert_false(web->is_closed);
    }
    close(fd);
    web_close(web);
}

/* --- lengths --- */

static struct {
    const char *length, *body;
} said;

static int length_get(gust_request *r)
{
    gust_set_header(r, "Content-Length", said.length);
    gust_puts(r, said.body);
    return 0;
}

/* InvalidOutputContentLengthTest, and what a HEAD may say. */
TEST(a_length_that_was_said_is_held_against_the_body)
{
    static const struct {
        const char *name, *method, *length, *body;
        bool is_answered;
    } cases[] = {
        {"right", "GET", "2", "ok", true},
        {"too high", "GET", "42", "ok", false},
        {"too low", "GET", "1", "ok", false},
        {"HEAD tells what GET would", "HEAD", "42", "", true},
        {"HEAD from GET", "HEAD", "2", "ok", true},
        {"HEAD from a GET that is wrong", "HEAD", "42", "ok", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = web_serve(length_get);
        char request[128], line[64];
        const char *got;

        TEST_CASE(cases[i].name);
        said.length = cases[i].length;
        said.body = cases[i].body;
        snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].method);
        snprintf(line, sizeof line, "Content-Length: %s", cases[i].length);
        got = web_talk(web, request);
        assert_int_equal(web_has_line(got, line), cases[i].is_answered);
        assert_int_equal(strstr(web->log, "with a Content-Length of") == NULL,
                         cases[i].is_answered);
        if (!cases[i].is_answered)
            assert_string_equal(got, "");
        assert_int_equal(web->is_closed, !cases[i].is_answered);
        web_close(web);
    }
}

/* --- entity tags --- */

static int plain_get(gust_request *r)
{
    gust_puts(r, "Hello, world");
    return 0;
}

static int tagged_get(gust_request *r)
{
    gust_set_header(r, "ETag", "W/\"mine\"");
    gust_set_header(r, "Cache-Control", "no-cache");
    gust_puts(r, "Hello, world");
    return 0;
}

static int created_get(gust_request *r)
{
    gust_set_status(r, 201);
    gust_puts(r, "Hello, world");
    return 0;
}

#define OURS "\"61f0632fb079b54d7386e91040cf00c3\""
#define IF_NOT(tags) "If-None-Match: " tags "\r\n"

TEST(an_entity_tag_answers_if_none_match)
{
    static const char all[] = "Hello, world", ours[] = "ETag: " OURS, mine[] = "ETag: W/\"mine\"";
    static const struct web_row cases[] = {
        {"the tag of the body", NULL, IF_NOT(OURS), .status = 304, .body = "", .get = plain_get,
         .line = ours, .lacks = "Content-"},
        {"compared weakly", NULL, IF_NOT("W/" OURS), .status = 304, .body = "", .get = plain_get,
         .line = ours, .lacks = "Content-"},
        {"in a list", NULL, IF_NOT("\"a\", " OURS), .status = 304, .body = "", .get = plain_get,
         .line = ours, .lacks = "Content-"},
        {"any", NULL, IF_NOT("*"), .status = 304, .body = "", .get = plain_get, .line = ours,
         .lacks = "Content-"},
        {"another", NULL, IF_NOT("\"a\""), .status = 200, .body = all, .get = plain_get,
         .line = ours},
        {"of HEAD", NULL, IF_NOT(OURS), .status = 304, .body = "", .method = "HEAD",
         .get = plain_get, .line = ours, .lacks = "Content-"},
        {"not of POST", NULL, IF_NOT(OURS), .status = 200, .body = all, .method = "POST",
         .get = plain_get, .lacks = "ETag: "},
        {"only of 200", NULL, IF_NOT(OURS), .status = 201, .body = all, .get = created_get,
         .lacks = "ETag: "},
        {"one that the handler set", NULL, IF_NOT("\"mine\""), .status = 304, .body = "",
         .get = tagged_get, .line = mine, .lacks = "Content-"},
        {"not the body's beside it", NULL, IF_NOT(OURS), .status = 200, .body = all,
         .get = tagged_get, .line = mine},
        {"not of POST either", NULL, IF_NOT("\"mine\""), .status = 200, .body = all,
         .method = "POST", .get = tagged_get, .line = mine},
    };

    web_serve_each(cases, gu_countof(cases));
}
