/*
 * start_line — a start line alone
 */
#include "base/str.h"
#include "test.h"
#include <gust/httputil.h>

TEST(a_request_line_comes_apart)
{
    gust_request_start_line start;

    assert_int_equal(gust_parse_request_start_line(GU_STR("GET /foo?a=b HTTP/1.1"), &start), 0);
    assert_true(gust_str_equal(start.method, "GET"));
    assert_true(gust_str_equal(start.path, "/foo?a=b"));
    assert_true(gust_str_equal(start.version, "HTTP/1.1"));
    assert_int_equal(gust_parse_request_start_line(GU_STR("X * HTTP/1.9"), &start), 0);
    assert_true(gust_str_equal(start.path, "*"));
}

TEST(a_bad_request_line_leaves_the_result_alone)
{
    static const struct {
        const char *name, *line;
        int err;
    } cases[] = {
        {"empty", "", -GUST_ESYNTAX},
        {"a method alone", "GET", -GUST_ESYNTAX},
        {"no method", " / HTTP/1.1", -GUST_ESYNTAX},
        {"a comma in the method", "FOO,BAR / HTTP/1.1", -GUST_ESYNTAX},
        {"no target", "GET  HTTP/1.1", -GUST_ESYNTAX},
        {"no version", "GET /", -GUST_ESYNTAX},
        {"a fragment", "GET /#a HTTP/1.1", -GUST_ESYNTAX},
        {"a byte beyond ASCII", "GET /\xc3\xa4 HTTP/1.1", -GUST_ESYNTAX},
        {"two spaces", "GET /  HTTP/1.1", -GUST_ESYNTAX},
        {"a space behind", "GET / HTTP/1.1 ", -GUST_ESYNTAX},
        {"a line end", "GET / HTTP/1.1\r\n", -GUST_ESYNTAX},
        {"another protocol", "GET / RTSP/1.0", -GUST_ESYNTAX},
        {"a major version that is no digit", "GET / HTTP/x.1", -GUST_ESYNTAX},
        {"a comma in the version", "GET / HTTP/1,1", -GUST_ESYNTAX},
        {"a minor version that is no digit", "GET / HTTP/1.x", -GUST_ESYNTAX},
        {"HTTP/2", "GET / HTTP/2.0", -GUST_EPROTO},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_request_start_line start = {.path = GU_STR_INIT("untouched")};

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_parse_request_start_line(gust_str_from(cases[i].line), &start),
                         cases[i].err);
        assert_true(gust_str_equal(start.path, "untouched"));
    }
}

TEST(a_status_line_comes_apart)
{
    static const struct {
        const char *name, *line;
        int code;
        const char *reason;
    } cases[] = {
        {"a reason", "HTTP/1.1 404 Not Found", 404, "Not Found"},
        {"an empty reason", "HTTP/1.0 200 ", 200, ""},
        {"no space before no reason", "HTTP/1.1 599", 599, ""},
        {"bytes beyond ASCII in the reason", "HTTP/1.1 100 \xc3\xa4\t", 100, "\xc3\xa4\t"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_response_start_line start;

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_parse_response_start_line(gust_str_from(cases[i].line), &start), 0);
        assert_int_equal(start.version.len, 8);
        assert_int_equal(start.code, cases[i].code);
        assert_true(gust_str_equal(start.reason, cases[i].reason));
    }
}

TEST(a_bad_status_line_leaves_the_result_alone)
{
    static const struct {
        const char *name, *line;
        int err;
    } cases[] = {
        {"empty", "", -GUST_ESYNTAX},
        {"a version alone", "HTTP/1.1", -GUST_ESYNTAX},
        {"two digits", "HTTP/1.1 20", -GUST_ESYNTAX},
        {"no space before the code", "HTTP/1.1x200 OK", -GUST_ESYNTAX},
        {"below 100", "HTTP/1.1 099 OK", -GUST_ESYNTAX},
        {"beyond 599", "HTTP/1.1 600 OK", -GUST_ESYNTAX},
        {"a letter in the code", "HTTP/1.1 2x0 OK", -GUST_ESYNTAX},
        {"four digits", "HTTP/1.1 2000 OK", -GUST_ESYNTAX},
        {"a line end", "HTTP/1.1 200 OK\r\n", -GUST_ESYNTAX},
        {"a control character in the reason", "HTTP/1.1 200 O\001K", -GUST_ESYNTAX},
        {"HTTP/2", "HTTP/2.0 200 OK", -GUST_EPROTO},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_response_start_line start = {.code = -7};

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_parse_response_start_line(gust_str_from(cases[i].line), &start),
                         cases[i].err);
        assert_int_equal(start.code, -7);
    }
}
