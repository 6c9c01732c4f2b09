/*
 * log — what is logged: levels, loggers, sinks, and what comes too often
 */
#include "base/log_impl.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "log_pipe.h"
#include <stdio.h>
#include <string.h>

TEST(what_is_below_the_level_is_not_even_evaluated)
{
    struct log_pipe f;
    int evaluated = 0;

    open_log(&f, GUST_LOG_TEXT);
    gu_log(GUST_LOG_DEBUG, GU_LOG_GENERAL, "%d", ++evaluated);
    assert_int_equal(evaluated, 0);
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "%d", ++evaluated);
    assert_int_equal(evaluated, 1);
    assert_non_null(strstr(read_log(&f), " general] 1\n"));
    assert_int_equal(gust_log_set_level("gust.general", GUST_LOG_ERROR), 0);
    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "quiet");
    gust_log_debug("quiet");
    gust_log_info("loud");
    assert_null(strstr(read_log(&f), "quiet"));
    assert_non_null(strstr(seen, " application] loud\n"));
    assert_int_equal(gust_log_set_level(NULL, GUST_LOG_NONE), 0);
    gust_log_critical("quiet");
    gu_log_access_line(GUST_LOG_CRITICAL, GU_STR("quiet"));
    gu_log_flush();
    assert_string_equal(read_log(&f), "");
    close_log(&f);
}

TEST(each_public_call_has_its_level)
{
    struct log_pipe f;
    const char *at;

    open_log(&f, GUST_LOG_TEXT);
    assert_int_equal(gust_log_set_level(NULL, GUST_LOG_DEBUG), 0);
    gust_log_debug("%s", "d");
    gust_log_info("%s", "i");
    gust_log_warning("%s", "w");
    gust_log_error("%s", "e");
    gust_log_critical("%s", "c");
    at = read_log(&f);
    for (const char *letter = "DIWEC"; *letter != '\0'; letter++) {
        assert_int_equal(at[1], *letter);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    close_log(&f);
}

TEST(setting_up_refuses_what_is_not_there)
{
    assert_int_equal(gust_log_setup(&(gust_log_options){.fd = 9999}), -EBADF);
    assert_int_equal(gust_log_setup(&(gust_log_options){.level = (gust_log_level)70}), -EINVAL);
    assert_int_equal(gust_log_setup(&(gust_log_options){.format = (gust_log_format)7}), -EINVAL);
    assert_int_equal(gust_log_set_level("gust.nobody", GUST_LOG_INFO), -ENOENT);
    assert_int_equal(gust_log_set_level("general", GUST_LOG_INFO), -ENOENT);
    assert_int_equal(gust_log_set_level(NULL, (gust_log_level)0), -EINVAL);
    assert_int_equal(gust_log_level_from("warning"), GUST_LOG_WARNING);
    assert_int_equal(gust_log_level_from("none"), GUST_LOG_NONE);
    assert_int_equal(gust_log_level_from("Warning"), -EINVAL);
}

TEST(a_program_has_loggers_of_its_own)
{
    gust_logger *db = gust_logger_get("app.db"), *net = gust_logger_get("app.net");
    struct log_pipe f;

    assert_non_null(db);
    assert_ptr_not_equal(db, net);
    assert_ptr_equal(db, gust_logger_get("app.db"));
    open_log(&f, GUST_LOG_TEXT);
    assert_int_equal(gust_log_set_level("app.db", GUST_LOG_ERROR), 0);
    gust_log(db, GUST_LOG_WARNING, "quiet");
    gust_log(net, GUST_LOG_WARNING, "loud %d", 1);
    gust_log(NULL, GUST_LOG_INFO, "plain");
    assert_null(strstr(read_log(&f), "quiet"));
    assert_non_null(strstr(seen, " app.net] loud 1\n"));
    assert_non_null(strstr(seen, " application] plain\n"));
    close_log(&f);
    open_log(&f, GUST_LOG_JSON);
    gust_log(db, GUST_LOG_INFO, "m");
    assert_non_null(strstr(read_log(&f), "\"logger\":\"app.db\",\"message\":\"m\""));
    close_log(&f);
}

TEST(there_are_64_loggers_at_the_most)
{
    int n_made = 0;
    char name[24];

    for (int i = 0; i < 100; i++) { /* some are there from other tests */
        snprintf(name, sizeof name, "many.%d", i);
        n_made += gust_logger_get(name) != NULL;
    }
    assert_in_range(n_made, 50, 64);
    assert_null(gust_logger_get("many.99"));
    assert_non_null(gust_logger_get("many.0"));
    assert_int_equal(gust_log_set_level("many.99", GUST_LOG_INFO), -ENOENT);
}

struct capture {
    int n;
    gust_log_level level;
    enum gu_logger logger;
    char text[64];
};

static bool take(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    struct capture *c = arg;

    c->n++;
    c->level = level;
    c->logger = logger;
    snprintf(c->text, sizeof c->text, "%.*s", (int)message.len, message.ptr);
    return logger == GU_LOG_GENERAL;
}

TEST(a_sink_sees_messages_and_may_keep_them)
{
    struct log_pipe f;
    struct capture c = {0};

    open_log(&f, GUST_LOG_TEXT);
    gu_log_set_sink(take, &c);
    gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "kept %d", 1);
    assert_int_equal(c.level, GUST_LOG_WARNING);
    assert_int_equal(c.logger, GU_LOG_GENERAL);
    assert_string_equal(c.text, "kept 1");
    assert_string_equal(read_log(&f), "");
    gust_log_info("passed on");
    assert_string_equal(c.text, "passed on");
    assert_non_null(strstr(read_log(&f), "passed on"));
    gu_log_access_line(GUST_LOG_INFO, GU_STR("a raw line"));
    assert_string_equal(c.text, "a raw line");
    gu_log_set_sink(NULL, NULL);
    gust_log_info("unseen");
    assert_int_equal(c.n, 3);
    close_log(&f);
}

TEST(a_limit_lets_one_through_in_its_time)
{
    struct gu_log_limit limit = {0};

    assert_true(gu_log_limit_allows(&limit, 5, 10));
    assert_false(gu_log_limit_allows(&limit, 14, 10));
    assert_true(gu_log_limit_allows(&limit, 15, 10));
    assert_false(gu_log_limit_allows(&limit, 15, 10));
}

TEST(once_in_a_while_is_counted_for_each_place)
{
    struct capture c = {0};

    gu_log_set_sink(take, &c);
    for (gu_time now = 0; now < 121 * GU_SECOND; now += GU_SECOND) {
        GU_LOG_ONCE_PER(60, now, GUST_LOG_WARNING, GU_LOG_GENERAL, "raise max_%s", "bodies");
        GU_LOG_ONCE_PER(60, now, GUST_LOG_DEBUG, GU_LOG_GENERAL, "below the level");
    }
    gu_log_set_sink(NULL, NULL);
    assert_int_equal(c.n, 3);
    assert_string_equal(c.text, "raise max_bodies");
}

TEST(a_message_that_comes_again_is_counted)
{
    struct log_pipe f;

    open_log(&f, GUST_LOG_TEXT);
    assert_int_equal(gust_log_setup(&(gust_log_options){.fd = f.ends[1], .repeat_window = 3600}),
                     0);
    for (int i = 0; i < 5; i++)
        gust_log_info("again");
    assert_non_null(strstr(read_log(&f), "application] again\n"));
    assert_null(strstr(strchr(seen, '\n'), "again"));
    gust_log_warning("again"); /* another level is another message */
    assert_non_null(strstr(read_log(&f), "[I "));
    assert_non_null(strstr(seen, "application] last message repeated 4 times\n[W "));
    gust_log_warning("again");
    gu_log_access_line(GUST_LOG_INFO, GU_STR("raw")); /* lines of requests are all written */
    gu_log_access_line(GUST_LOG_INFO, GU_STR("raw"));
    gu_log_end();
    assert_memory_equal(read_log(&f), "raw\nraw\n", 8);
    assert_non_null(strstr(seen, "application] last message repeated 1 times\n"));
    close_log(&f);
}

TEST(a_message_that_comes_again_later_is_written_again)
{
    struct log_pipe f;

    open_log(&f, GUST_LOG_TEXT);
    assert_int_equal(gust_log_setup(&(gust_log_options){.fd = f.ends[1], .repeat_window = 1e-9}),
                     0);
    gust_log_info("again");
    gu_log_out.repeat.written -= GU_SECOND;
    gust_log_info("again");
    assert_int_equal(strncmp(strstr(strstr(read_log(&f), "again\n") + 1, "again"), "again\n", 6),
                     0);
    close_log(&f);
}

static int n_leaves;

static int count_leaf(gu_leaf_fn *fn, void *arg)
{
    n_leaves++;
    return fn(arg);
}

TEST(formatting_asks_for_the_loops_stack)
{
    struct capture c = {0};

    gu_log_set_sink(take, &c);
    gu_loop_stack_hook = count_leaf;
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "%Lf", 1.0L);
    gu_loop_stack_hook = NULL;
    gu_log_set_sink(NULL, NULL);
    assert_int_equal(n_leaves, 1);
    assert_string_equal(c.text, "1.000000");
}
