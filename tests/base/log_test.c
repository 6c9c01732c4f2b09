/*
 * log — what a line looks like, what a message cannot do to it, and what a slow reader costs
 */
#include "base/log.h"
#include "base/log_impl.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "test.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char seen[1 << 20];

/* A log that writes into a pipe. */
struct fixture {
    int ends[2];
};

static void open_log(struct fixture *f, gust_log_format format)
{
    assert_int_equal(pipe2(f->ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(f->ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(gust_log_setup(&(gust_log_options){
                         .level = GUST_LOG_INFO, .format = format, .fd = f->ends[1]}),
                     0);
}

/* What the log has written since the last time. */
static const char *read_log(struct fixture *f)
{
    size_t len = 0;
    ssize_t n;

    while ((n = read(f->ends[0], seen + len, sizeof seen - 1 - len)) > 0)
        len += (size_t)n;
    seen[len] = '\0';
    return seen;
}

static void close_log(struct fixture *f)
{
    assert_int_equal(gust_log_setup(NULL), 0);
    close(f->ends[0]);
    close(f->ends[1]);
}

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

TEST(what_is_below_the_level_is_not_even_evaluated)
{
    struct fixture f;
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
    struct fixture f;
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

TEST(access_lines_wait_for_a_flush_and_the_others_do_not)
{
    struct fixture f;

    open_log(&f, GUST_LOG_TEXT);
    gu_log_write(GUST_LOG_INFO, GU_LOG_ACCESS, GU_STR("first"));
    gu_log_access_line(GUST_LOG_INFO, GU_STR("raw"));
    assert_string_equal(read_log(&f), "");
    gu_log_flush();
    assert_non_null(strstr(read_log(&f), "access] first\nraw\n"));
    gu_log_access_line(GUST_LOG_INFO, GU_STR("raw"));
    gust_log_info("second");
    assert_memory_equal(read_log(&f), "raw\n[I ", 7);
    close_log(&f);
}

TEST(a_long_message_is_cut_and_marked)
{
    struct fixture f;
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

TEST(a_reader_that_stops_costs_lines_and_never_time)
{
    struct fixture f;
    static char text[1000];
    int n_seen = 0, n_lost = 0;
    const char *at;

    memset(text, 'x', sizeof text - 1);
    open_log(&f, GUST_LOG_TEXT); /* the descriptor itself blocks */
    for (int i = 0; i < 1000; i++)
        gu_log(GUST_LOG_INFO, GU_LOG_ACCESS, "%s", text);
    for (int i = 0; i < 3; i++) { /* the pipe, then what the buffer kept */
        for (at = read_log(&f); (at = strstr(at, "x\n")) != NULL; at++)
            n_seen++;
        gu_log_flush();
    }
    gust_log_info("here again");
    at = strstr(read_log(&f), " log lines were lost");
    assert_non_null(at);
    while (at[-1] != ' ')
        at--;
    n_lost = (int)strtol(at, NULL, 10);
    assert_true(n_lost > 0);
    assert_int_equal(n_seen + n_lost, 1000);
    assert_non_null(strstr(at, "here again\n"));
    gust_log_info("told once");
    assert_null(strstr(read_log(&f), "lost"));
    close_log(&f);
}

TEST(a_reader_that_is_gone_does_not_end_the_program)
{
    struct fixture f, again;

    signal(SIGPIPE, SIG_IGN);
    open_log(&f, GUST_LOG_TEXT);
    close(f.ends[0]);
    gust_log_info("one");
    gust_log_info("two");
    open_log(&again, GUST_LOG_TEXT);
    close(f.ends[1]);
    gust_log_info("three");
    assert_non_null(strstr(read_log(&again), "general] 2 log lines were lost"));
    assert_non_null(strstr(seen, "] three\n"));
    close_log(&again);
}

/* A log that writes into a file that is already unlinked. */
static void open_file_log(struct fixture *f)
{
    char path[] = "/tmp/gust-log-XXXXXX";

    f->ends[1] = mkstemp(path);
    f->ends[0] = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    assert_int_equal(gust_log_setup(&(gust_log_options){.fd = f->ends[1]}), 0);
}

TEST(a_full_disk_costs_lines_and_the_next_one_begins_anew)
{
    struct fixture f;
    struct rlimit before, small;
    static char text[200];

    memset(text, 'x', sizeof text - 1);
    signal(SIGXFSZ, SIG_IGN);
    open_file_log(&f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    gust_log_info("%s", text); /* half of it is written */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(strlen(read_log(&f)), 100);
    gust_log_info("after");
    assert_memory_equal(read_log(&f), "\n[W ", 4);
    assert_non_null(strstr(seen, "] 1 log lines were lost"));
    assert_non_null(strstr(seen, "] after\n"));
    close_log(&f);
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
    struct fixture f;
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

static gust_str the_request(void)
{
    return GU_STR("req-7");
}

TEST(the_context_is_in_every_line_while_it_is_set)
{
    struct fixture f;

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
    struct fixture f;

    open_log(&f, GUST_LOG_JSON);
    assert_true(gu_log_is_json());
    gu_log_write_members(GUST_LOG_INFO, GU_LOG_GENERAL, GU_STR("m"), GU_STR("\"a\":1"));
    assert_memory_equal(read_log(&f), "{\"time\":\"", 9);
    assert_non_null(strstr(seen, ",\"message\":\"m\",\"a\":1}\n"));
    close_log(&f);
    assert_false(gu_log_is_json());
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
    struct fixture f;

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
    struct fixture f;

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

TEST(a_program_has_loggers_of_its_own)
{
    gust_logger *db = gust_logger_get("app.db"), *net = gust_logger_get("app.net");
    struct fixture f;

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

TEST(a_fork_writes_what_waits_once)
{
    struct fixture f;
    int status;
    pid_t child;

    open_log(&f, GUST_LOG_TEXT);
    gu_log_access_line(GUST_LOG_INFO, GU_STR("once"));
    child = fork();
    if (child == 0) {
        gu_log_access_line(GUST_LOG_INFO, GU_STR("child"));
        gu_log_flush();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    gu_log_access_line(GUST_LOG_INFO, GU_STR("parent"));
    gu_log_flush();
    assert_string_equal(read_log(&f), "once\nchild\nparent\n");
    close_log(&f);
}

static void *log_much(void *arg)
{
    (void)arg;
    for (int i = 0; i < 500; i++)
        gu_log(GUST_LOG_INFO, GU_LOG_ACCESS, "0123456789 %d", i);
    return NULL;
}

TEST(lines_of_many_threads_stay_whole)
{
    pthread_t threads[4];
    struct fixture f;
    int n = 0;

    open_file_log(&f);
    for (size_t i = 0; i < gu_countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, NULL), 0);
    for (size_t i = 0; i < gu_countof(threads); i++)
        pthread_join(threads[i], NULL);
    gu_log_flush();
    read_log(&f);
    for (char *rest = seen, *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; n++)
        assert_non_null(strstr(line, " access] 0123456789 "));
    assert_int_equal(n, 2000);
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
