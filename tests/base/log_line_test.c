/*
 * log — what a line looks like, and what a message cannot do to it
 */
#include "base/log_impl.h"
#include "base/str.h"
#include "log_pipe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gu_log_record a_record(gust_str message)
{
    setenv("TZ", "UTC", 1);
    return (struct gu_log_record){.level = GUST_LOG_INFO,
                                  .logger = GU_LOG_ACCESS,
                                  .now = {.tv_sec = 1795165526, .tv_nsec = 7999999},
                                  .message = message};
}

TEST(a_text_line_has_tornados_shape)
{
    static const struct {
        const char *name;
        gust_log_level level;
        enum gu_logger logger;
        gust_str context, message;
        bool in_color;
        const char *line;
    } cases[] = {
        {"access", GUST_LOG_INFO, GU_LOG_ACCESS, GU_STR_INIT(""),
         GU_STR_INIT("200 GET / (127.0.0.1) 0.60ms"), false,
         "[I 261120 09:05:26 access] 200 GET / (127.0.0.1) 0.60ms\n"},
        {"with the request's id", GUST_LOG_ERROR, GU_LOG_APPLICATION, GU_STR_INIT("4f2a"),
         GU_STR_INIT("no"), false, "[E 261120 09:05:26 application 4f2a] no\n"},
        {"an id cannot close the bracket", GUST_LOG_DEBUG, GU_LOG_GENERAL, GU_STR_INIT("a] b\n"),
         GU_STR_INIT(""), false, "[D 261120 09:05:26 general a\\x5d b\n    ] \n"},
        {"in colour", GUST_LOG_CRITICAL, GU_LOG_GENERAL, GU_STR_INIT(""), GU_STR_INIT("x"), true,
         "\x1b[35m[C 261120 09:05:26 general]\x1b[0m x\n"},
        {"a level between two names", (gust_log_level)35, GU_LOG_GENERAL, GU_STR_INIT(""),
         GU_STR_INIT("x"), false, "[W 261120 09:05:26 general] x\n"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_record r = a_record(cases[i].message);
        struct gu_buf b = GU_BUF_NULL;
        gust_str line;

        TEST_CASE(cases[i].name);
        r.level = cases[i].level;
        r.logger = cases[i].logger;
        r.context = cases[i].context;
        gu_log_format_text(&b, &r, cases[i].in_color);
        assert_int_equal(gu_buf_finish(&b, &line), 0);
        assert_string_equal(line.ptr, cases[i].line);
        gu_buf_deinit(&b);
    }
}

TEST(a_message_cannot_forge_a_line)
{
    static const struct {
        const char *name;
        gust_str message;
        const char *text, *json; /* what follows the head */
    } cases[] = {
        {"plain", GU_STR_INIT("a b"), "a b", "a b"},
        {"newline", GU_STR_INIT("a\n[I b"), "a\n    [I b", "a\\n[I b"},
        {"carriage return", GU_STR_INIT("a\r[I b"), "a\\x0d[I b", "a\\u000d[I b"},
        {"tab", GU_STR_INIT("a\tb"), "a\tb", "a\\u0009b"},
        {"zero byte", GU_STR_INIT("a\0b"), "a\\x00b", "a\\u0000b"},
        {"escape", GU_STR_INIT("\x1b[2J"), "\\x1b[2J", "\\u001b[2J"},
        {"delete", GU_STR_INIT("\x7f"), "\\x7f", "\\u007f"},
        {"quotes", GU_STR_INIT("\"\\"), "\"\\", "\\\"\\\\"},
        {"UTF-8", GU_STR_INIT("\xc3\xa4\xf0\x9f\x98\x80"), "\xc3\xa4\xf0\x9f\x98\x80",
         "\xc3\xa4\xf0\x9f\x98\x80"},
        {"C1 control",
         GU_STR_INIT("\xc2\x9b"
                     "2J"),
         "\\xc2\\x9b2J", "\\ufffd\\ufffd2J"},
        {"first after C1", GU_STR_INIT("\xc2\xa0"), "\xc2\xa0", "\xc2\xa0"},
        {"line separator", GU_STR_INIT("\xe2\x80\xa8"), "\\xe2\\x80\\xa8", "\\ufffd\\ufffd\\ufffd"},
        {"paragraph separator", GU_STR_INIT("\xe2\x80\xa9"), "\\xe2\\x80\\xa9",
         "\\ufffd\\ufffd\\ufffd"},
        {"stray byte", GU_STR_INIT("a\xff"), "a\\xff", "a\\ufffd"},
        {"cut sequence", GU_STR_INIT("a\xe2\x82"), "a\\xe2\\x82", "a\\ufffd\\ufffd"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_record r = a_record(cases[i].message);
        struct gu_buf b = GU_BUF_NULL;
        char want[200];
        gust_str line;

        TEST_CASE(cases[i].name);
        gu_log_format_text(&b, &r, false);
        snprintf(want, sizeof want, "[I 261120 09:05:26 access] %s\n", cases[i].text);
        assert_int_equal(gu_buf_finish(&b, &line), 0);
        assert_string_equal(line.ptr, want);
        gu_buf_clear(&b);
        gu_log_format_json(&b, &r);
        snprintf(want, sizeof want,
                 "{\"time\":\"2026-11-20T09:05:26.007Z\",\"level\":\"info\","
                 "\"logger\":\"gust.access\",\"message\":\"%s\"}\n",
                 cases[i].json);
        assert_int_equal(gu_buf_finish(&b, &line), 0);
        assert_string_equal(line.ptr, want);
        gu_buf_deinit(&b);
    }
}

TEST(members_and_the_request_join_the_json_object)
{
    struct gu_log_record r = a_record(GU_STR("m"));
    struct gu_buf b = GU_BUF_NULL;
    gust_str line;

    r.context = GU_STR("id\"1");
    r.members = GU_STR("\"status\":200");
    gu_log_format_json(&b, &r);
    assert_int_equal(gu_buf_finish(&b, &line), 0);
    assert_string_equal(line.ptr,
                        "{\"time\":\"2026-11-20T09:05:26.007Z\",\"level\":\"info\",\"logger\":"
                        "\"gust.access\",\"request\":\"id\\\"1\",\"message\":\"m\","
                        "\"status\":200}\n");
    gu_buf_deinit(&b);
}

TEST(a_long_message_is_cut_and_marked)
{
    struct log_pipe f;
    static char text[10000];

    memset(text, 'x', sizeof text - 1);
    open_log(&f, GUST_LOG_TEXT);
    gust_log_info("%s", text);
    assert_true(strlen(read_log(&f)) < 8192 + 64);
    assert_non_null(strstr(seen, "xxx...\n"));
    text[8191] = '\0';
    gust_log_info("%s", text);
    assert_null(strstr(read_log(&f), "..."));
    close_log(&f);
}

static gust_str the_request(void)
{
    return GU_STR("req-7");
}

TEST(the_context_is_in_every_line_while_it_is_set)
{
    struct log_pipe f;

    open_log(&f, GUST_LOG_TEXT);
    gu_log_set_context(the_request);
    gust_log_info("a");
    gu_log_set_context(NULL);
    gust_log_info("b");
    assert_non_null(strstr(read_log(&f), " application req-7] a\n"));
    assert_non_null(strstr(seen, " application] b\n"));
    close_log(&f);
}

TEST(json_lines_are_chosen_by_an_option)
{
    struct log_pipe f;

    open_log(&f, GUST_LOG_JSON);
    assert_true(gu_log_is_json());
    gu_log_write_members(GUST_LOG_INFO, GU_LOG_GENERAL, GU_STR("m"), GU_STR("\"a\":1"));
    assert_memory_equal(read_log(&f), "{\"time\":\"", 9);
    assert_non_null(strstr(seen, ",\"message\":\"m\",\"a\":1}\n"));
    close_log(&f);
    assert_false(gu_log_is_json());
}

TEST(names_of_loggers_cannot_forge_a_line_and_are_bounded)
{
    static const struct {
        const char *name;
        bool is_one;
    } cases[] = {
        {"", false},
        {"a b", false},
        {"a]", false},
        {"a\n", false},
        {"a\"", false},
        {"\xc3\xa4", false},
        {"a\\", false},
        {"gust.access", true},
        {"0123456789012345678901234567890", true},
        {"01234567890123456789012345678901", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_true((gust_logger_get(cases[i].name) != NULL) == cases[i].is_one);
    }
}
