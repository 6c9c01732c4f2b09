/*
 * options — what a command line may say, and what it is told when it is wrong
 */
#include "base/alloc.h"
#include "base/options.h"
#include "base/str.h"
#include "test.h"
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct settings {
    bool verbose, fast;
    int64_t port, any;
    double rate, ratio;
    const char *host, *log_level;
};

static struct settings defaults(void)
{
    return (struct settings){.fast = true, .port = 8888, .rate = 0.5, .host = "::"};
}

#define MAX_ARGS 8

/* Parses the words behind a program's name. */
static int parse(struct settings *s, const char *const words[MAX_ARGS], struct gu_buf *message)
{
    const struct gu_option table[] = {
        {.name = "verbose", .type = GU_OPTION_BOOL, .to = &s->verbose, .help = "say more"},
        {.name = "fast", .type = GU_OPTION_BOOL, .to = &s->fast, .help = "hurry"},
        {.name = "port",
         .type = GU_OPTION_INT,
         .to = &s->port,
         .max = 65535,
         .help = "to listen on"},
        {.name = "any", .type = GU_OPTION_INT, .to = &s->any, .metavar = "COUNT", .help = "count"},
        {.name = "rate",
         .type = GU_OPTION_DOUBLE,
         .to = &s->rate,
         .min = -1,
         .max = 1,
         .help = "a share"},
        {.name = "ratio", .type = GU_OPTION_DOUBLE, .to = &s->ratio},
        {.name = "host", .type = GU_OPTION_STRING, .to = &s->host, .help = "address"},
        {.name = "log-level", .type = GU_OPTION_STRING, .to = &s->log_level, .help = "least"},
        {.name = NULL},
    };
    char program[] = "prog", *argv[MAX_ARGS + 1] = {program};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return gu_options_parse(table, argc, argv, message);
}

/* What differs from the defaults, as text. */
static const char *changes(const struct settings *s)
{
    static char text[256];
    struct settings d = defaults();
    struct gu_buf b;
    gust_str result = GU_STR("");

    gu_buf_init_fixed(&b, text, sizeof text);
    if (s->verbose != d.verbose)
        gu_buf_printf(&b, "verbose=%d ", s->verbose);
    if (s->fast != d.fast)
        gu_buf_printf(&b, "fast=%d ", s->fast);
    if (s->port != d.port)
        gu_buf_printf(&b, "port=%lld ", (long long)s->port);
    if (s->any != d.any)
        gu_buf_printf(&b, "any=%lld ", (long long)s->any);
    if (s->rate != d.rate)
        gu_buf_printf(&b, "rate=%g ", s->rate);
    if (s->ratio != d.ratio)
        gu_buf_printf(&b, "ratio=%g ", s->ratio);
    if (s->host != d.host)
        gu_buf_printf(&b, "host='%s' ", s->host);
    if (s->log_level != d.log_level)
        gu_buf_printf(&b, "log_level='%s' ", s->log_level);
    assert_int_equal(gu_buf_finish(&b, &result), 0);
    return result.ptr;
}

TEST(a_right_line_is_stored)
{
    static const struct {
        const char *name;
        const char *words[MAX_ARGS];
        int rest;
        const char *changes;
    } cases[] = {
        {"nothing", {NULL}, 1, ""},
        {"with an equals sign", {"--port=80"}, 2, "port=80 "},
        {"with a space", {"--port", "80"}, 3, "port=80 "},
        {"one dash", {"-port=80"}, 2, "port=80 "},
        {"underscore for dash", {"--log_level=info"}, 2, "log_level='info' "},
        {"dash", {"--log-level", "info"}, 3, "log_level='info' "},
        {"the last wins", {"--port=1", "--port=2"}, 3, "port=2 "},
        {"the largest port", {"--port=65535"}, 2, "port=65535 "},
        {"the least port", {"--port=0"}, 2, "port=0 "},
        {"a negative value", {"--any", "-5"}, 3, "any=-5 "},
        {"no range", {"--any=9223372036854775807"}, 2, "any=9223372036854775807 "},
        {"a double", {"--rate=-1e-1"}, 2, "rate=-0.1 "},
        {"an empty text", {"--host="}, 2, "host='' "},
        {"a text with an equals sign", {"--host=a=b"}, 2, "host='a=b' "},
        {"a switch", {"--verbose"}, 2, "verbose=1 "},
        {"a switch takes no next word", {"--verbose", "false"}, 2, "verbose=1 "},
        {"a switch off", {"--no-fast"}, 2, "fast=0 "},
        {"a switch off, underscore", {"--no_fast"}, 2, "fast=0 "},
        {"false", {"--fast=false"}, 2, "fast=0 "},
        {"F", {"--fast=F"}, 2, "fast=0 "},
        {"0", {"--fast=0"}, 2, "fast=0 "},
        {"on", {"--verbose=on"}, 2, "verbose=1 "},
        {"rest begins at a word", {"--port=1", "file", "--port=2"}, 2, "port=1 "},
        {"rest begins at two dashes", {"--port=1", "--", "--port=2"}, 3, "port=1 "},
        {"a dash alone is a word", {"-"}, 1, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct settings s = defaults();
        struct gu_buf message = GU_BUF_NULL;

        TEST_CASE(cases[i].name);
        assert_int_equal(parse(&s, cases[i].words, &message), cases[i].rest);
        assert_string_equal(changes(&s), cases[i].changes);
        assert_int_equal(message.len, 0);
        gu_buf_deinit(&message);
    }
}

TEST(a_wrong_line_is_explained_and_stores_nothing)
{
    static const struct {
        const char *name;
        const char *words[MAX_ARGS];
        const char *message;
    } cases[] = {
        {"unknown", {"--port=1", "--foo"}, "Unrecognized command line option: '--foo'"},
        {"unknown with a value", {"--foo=7"}, "Unrecognized command line option: '--foo'"},
        {"a beginning is not a name", {"--por=1"}, "Unrecognized command line option: '--por'"},
        {"no- of a number", {"--no-port"}, "Unrecognized command line option: '--no-port'"},
        {"no- with a value", {"--no-fast=1"}, "Unrecognized command line option: '--no-fast'"},
        {"no- alone", {"--no-"}, "Unrecognized command line option: '--no-'"},
        {"dashes alone", {"---"}, "Unrecognized command line option: '--'"},
        {"no value at the end", {"--port"}, "Option '--port' requires a value"},
        {"an option is no value", {"--port", "--fast"}, "Option '--port' requires a value"},
        {"above the range",
         {"--verbose", "--port=65536"},
         "Option '--port' must be a whole number from 0 to 65535, not '65536'"},
        {"below the range",
         {"--port=-1"},
         "Option '--port' must be a whole number from 0 to 65535, not '-1'"},
        {"empty number", {"--any="}, "Option '--any' must be a whole number, not ''"},
        {"beyond 64 bits",
         {"--any=9223372036854775808"},
         "Option '--any' must be a whole number, not '9223372036854775808'"},
        {"a unit", {"--any=5s"}, "Option '--any' must be a whole number, not '5s'"},
        {"NaN", {"--ratio=nan"}, "Option '--ratio' must be a number, not 'nan'"},
        {"a word for a double", {"--ratio=x"}, "Option '--ratio' must be a number, not 'x'"},
        {"a share above",
         {"--rate=1.5"},
         "Option '--rate' must be a number from -1 to 1, not '1.5'"},
        {"a share below", {"--rate=-2"}, "Option '--rate' must be a number from -1 to 1, not '-2'"},
        {"neither true nor false",
         {"--fast=maybe"},
         "Option '--fast' must be true or false, not 'maybe'"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct settings s = defaults();
        struct gu_buf message = GU_BUF_NULL;
        gust_str text;

        TEST_CASE(cases[i].name);
        assert_int_equal(parse(&s, cases[i].words, &message), -EINVAL);
        assert_int_equal(gu_buf_finish(&message, &text), 0);
        assert_string_equal(text.ptr, cases[i].message);
        assert_string_equal(changes(&s), "");
        gu_buf_deinit(&message);
    }
}

TEST(help_shows_the_defaults_whatever_stands_before_it)
{
    static const char *const words[MAX_ARGS] = {"--port=1", "--help"};
    struct settings s = defaults();
    struct gu_buf message = GU_BUF_NULL;
    gust_str text;

    assert_int_equal(parse(&s, words, &message), 0);
    assert_int_equal(gu_buf_finish(&message, &text), 0);
    assert_string_equal(text.ptr, "Usage: prog [options]\n"
                                  "\n"
                                  "Options:\n"
                                  "\n"
                                  "  --verbose                     say more\n"
                                  "  --fast                        hurry (default on; --no-fast)\n"
                                  "  --port=N                      to listen on (default 8888)\n"
                                  "  --any=COUNT                   count (default 0)\n"
                                  "  --rate=X                      a share (default 0.5)\n"
                                  "  --ratio=X                      (default 0)\n"
                                  "  --host=TEXT                   address (default ::)\n"
                                  "  --log-level=TEXT              least\n"
                                  "  --help                        show this help\n");
    gu_buf_deinit(&message);
}

TEST(short_memory_for_help_ends_and_latches)
{
    static const char *const words[MAX_ARGS] = {"--help"};
    struct settings s = defaults();
    struct gu_buf message = GU_BUF_NULL;

    gu_alloc_fail_at(2);
    assert_int_equal(parse(&s, words, &message), 0);
    assert_true(gu_alloc_has_failed());
    assert_int_equal(gu_buf_error(&message), -ENOMEM);
    gu_alloc_fail_at(0);
    gu_buf_deinit(&message);
}

/* The exit status, and what was written, of a main() with one argument. */
static int run(const char *arg, int fd, char *output, size_t size)
{
    static const struct gu_option none[] = {{.name = NULL}};
    int ends[2], status;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        char program[] = "prog";
        char *argv[] = {program, (char *)(uintptr_t)arg};

        dup2(ends[1], fd);
        _exit(100 + gu_options_parse_or_exit(none, 2, argv));
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    n = read(ends[0], output, size - 1);
    output[n < 0 ? 0 : n] = '\0';
    close(ends[0]);
    return WEXITSTATUS(status);
}

TEST(a_main_exits_by_itself_for_help_and_for_what_is_wrong)
{
    char output[256];

    assert_int_equal(run("--help", STDOUT_FILENO, output, sizeof output), 0);
    assert_memory_equal(output, "Usage: prog", 11);
    assert_int_equal(run("--foo", STDERR_FILENO, output, sizeof output), 2);
    assert_string_equal(output, "Unrecognized command line option: '--foo' "
                                "(--help lists the options)\n");
    assert_int_equal(run("word", STDERR_FILENO, output, sizeof output), 101);
    assert_string_equal(output, "");
}
