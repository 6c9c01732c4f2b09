/*
 * options — what a command line may say, and what it is told when it is wrong
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/options.h"
#include "base/str.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct settings {
    bool verbose, fast;
    int64_t port, any;
    double rate, ratio, wait;
    struct tm when;
    const char *host, *level;
    gust_option_list ids, names, waits, flags;
    int n_calls;
    int64_t port_at_call;
};

static struct settings now;

static struct settings defaults(void)
{
    return (struct settings){.fast = true, .port = 8888, .rate = 0.5, .host = "::"};
}

#define MAX_WORDS 8

static void on_any(const gust_option *option)
{
    assert_string_equal(option->name, "any");
    now.n_calls++;
    now.port_at_call = now.port; /* stored, although it stands behind in the line */
}

static const char *const levels[] = {"low", "mid", "high", NULL};

static const gust_option lists[] = {
    {.name = "ids", .type = GUST_OPTION_INT, .to = &now.ids, .max = 70000, .is_multiple = true},
    {.name = "names", .to = &now.names, .is_multiple = true, .help = "who"},
    {.name = "waits", .type = GUST_OPTION_DURATION, .to = &now.waits, .is_multiple = true},
    {.name = "flags", .type = GUST_OPTION_BOOL, .to = &now.flags, .is_multiple = true},
    {0},
};

static const gust_option table[] = {
    {.name = "verbose", .type = GUST_OPTION_BOOL, .to = &now.verbose, .help = "say more"},
    {.name = "fast", .type = GUST_OPTION_BOOL, .to = &now.fast, .help = "hurry"},
    {.name = "port",
     .type = GUST_OPTION_INT,
     .to = &now.port,
     .max = 65535,
     .help = "to listen on"},
    {.name = "any",
     .type = GUST_OPTION_INT,
     .to = &now.any,
     .metavar = "COUNT",
     .help = "count",
     .callback = on_any},
    {.name = "rate",
     .type = GUST_OPTION_FLOAT,
     .to = &now.rate,
     .min = -1,
     .max = 1,
     .help = "a share",
     .group = "Numbers"},
    {.name = "ratio", .type = GUST_OPTION_FLOAT, .to = &now.ratio, .group = "Numbers"},
    {.name = "wait", .type = GUST_OPTION_DURATION, .to = &now.wait, .help = "before it"},
    {.name = "when", .type = GUST_OPTION_DATETIME, .to = &now.when, .help = "not before"},
    {.name = "host", .to = &now.host, .help = "address", .group = "Net"},
    {.name = "log-level", .alias = "logging", .to = &now.level, .choices = levels, .help = "least"},
    {.name = "config", .type = GUST_OPTION_CONFIG, .help = "more of these"},
    {.table = lists},
    {0},
};

static gust_options *options;

static void open_options(void)
{
    now = defaults();
    options = gust_options_new(table, "prog 1.2");
    assert_non_null(options);
}

/* The words behind a program's name as a command line. */
static int parse_line(const char *const words[MAX_WORDS])
{
    char program[] = "prog", *argv[MAX_WORDS + 1] = {program};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return gust_options_parse_command_line(options, argc, argv);
}

static int parse(const char *const words[MAX_WORDS])
{
    int rest, err = 0;

    open_options();
    rest = parse_line(words);
    if (rest > 0)
        err = gust_options_finish(options);
    return err < 0 ? err : rest;
}

static void put_list(struct gu_buf *b, const char *name, const gust_option_list *list, char kind)
{
    if (list->n == 0)
        return;
    gu_buf_printf(b, "%s=", name);
    for (size_t i = 0; i < list->n; i++)
        if (kind == 'i')
            gu_buf_printf(b, "%lld,", (long long)list->of.ints[i]);
        else if (kind == 's')
            gu_buf_printf(b, "%s|", list->of.strings[i]);
        else if (kind == 'b')
            gu_buf_printf(b, "%d,", list->of.bools[i]);
        else
            gu_buf_printf(b, "%g,", list->of.floats[i]);
    gu_buf_putc(b, ' ');
}

/* What differs from the defaults, as text. */
static const char *changes(void)
{
    static char text[512];
    struct settings d = defaults();
    struct gu_buf b;
    gust_str result = GU_STR("");

    gu_buf_init_fixed(&b, text, sizeof text);
    if (now.verbose != d.verbose)
        gu_buf_printf(&b, "verbose=%d ", now.verbose);
    if (now.fast != d.fast)
        gu_buf_printf(&b, "fast=%d ", now.fast);
    if (now.port != d.port)
        gu_buf_printf(&b, "port=%lld ", (long long)now.port);
    if (now.any != d.any)
        gu_buf_printf(&b, "any=%lld ", (long long)now.any);
    if (now.rate != d.rate)
        gu_buf_printf(&b, "rate=%g ", now.rate);
    if (now.ratio != d.ratio)
        gu_buf_printf(&b, "ratio=%g ", now.ratio);
    if (now.host != d.host)
        gu_buf_printf(&b, "host='%s' ", now.host);
    if (now.level != d.level)
        gu_buf_printf(&b, "log_level='%s' ", now.level);
    put_list(&b, "ids", &now.ids, 'i');
    put_list(&b, "names", &now.names, 's');
    put_list(&b, "waits", &now.waits, 'd');
    put_list(&b, "flags", &now.flags, 'b');
    assert_int_equal(gu_buf_finish(&b, &result), 0);
    return result.ptr;
}

TEST(a_right_line_is_stored)
{
    static const struct {
        const char *name;
        const char *words[MAX_WORDS];
        int rest;
        const char *changes;
    } cases[] = {
        {"nothing", {NULL}, 1, ""},
        {"with an equals sign", {"--port=80"}, 2, "port=80 "},
        {"with a space", {"--port", "80"}, 3, "port=80 "},
        {"one dash", {"-port=80"}, 2, "port=80 "},
        {"underscore for dash", {"--log_level=mid"}, 2, "log_level='mid' "},
        {"dash", {"--log-level", "low"}, 3, "log_level='low' "},
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
        {"another name", {"--logging=high"}, 2, "log_level='high' "},
        {"a list", {"--ids=3,1,2"}, 2, "ids=3,1,2, "},
        {"a range, both ends included", {"--ids=1:4"}, 2, "ids=1,2,3,4, "},
        {"a range of one", {"--ids=4:4"}, 2, "ids=4, "},
        {"ranges among numbers", {"--ids=9,1:2,5"}, 2, "ids=9,1,2,5, "},
        {"spaces around elements", {"--names= a , b c"}, 2, "names=a|b c| "},
        {"no range of texts", {"--names=1:3"}, 2, "names=1:3| "},
        {"an empty element", {"--names=a,,b"}, 2, "names=a||b| "},
        {"quotes mean nothing here", {"--names=\"a,b\""}, 2, "names=\"a|b\"| "},
        {"durations", {"--waits=1m,250ms"}, 2, "waits=60,0.25, "},
        {"switches", {"--flags=t,f"}, 2, "flags=1,0, "},
        {"an empty list", {"--ids=1", "--ids="}, 3, ""},
        {"the last list wins whole", {"--ids=1,2", "--ids=3"}, 3, "ids=3, "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(parse(cases[i].words), cases[i].rest);
        assert_string_equal(changes(), cases[i].changes);
        assert_string_equal(gust_options_message(options), "");
        gust_options_free(options);
    }
}

TEST(a_wrong_line_is_explained_and_stores_nothing)
{
    static const struct {
        const char *name;
        const char *words[MAX_WORDS];
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
        {"no choice",
         {"--log-level=loud"},
         "Option '--log-level' must be low, mid or high, not 'loud'"},
        {"a choice in capitals",
         {"--log-level=LOW"},
         "Option '--log-level' must be low, mid or high, not 'LOW'"},
        {"a list with one that is none",
         {"--ids=1,x"},
         "Option '--ids' must be a whole number from 0 to 70000, not 'x'"},
        {"an empty element",
         {"--ids=1,"},
         "Option '--ids' must be a whole number from 0 to 70000, not ''"},
        {"a range backwards",
         {"--ids=3:2"},
         "Option '--ids' must be a whole number from 0 to 70000, not '3:2'"},
        {"a range that leaves the range",
         {"--ids=69999:70001"},
         "Option '--ids' must be a whole number from 0 to 70000, not '69999:70001'"},
        {"a range without an end",
         {"--ids=1:"},
         "Option '--ids' must be a whole number from 0 to 70000, not '1:'"},
        {"a range for one number",
         {"--any=1:2"},
         "Option '--any' must be a whole number, not '1:2'"},
        {"a bad duration",
         {"--wait=1 fortnight"},
         "Option '--wait' must be a duration (1h30m, 250ms, 2), not '1 fortnight'"},
        {"a bad time",
         {"--when=tomorrow"},
         "Option '--when' must be a time (2026-11-20 09:05), not 'tomorrow'"},
        {"no config file", {"--config"}, "Option '--config' requires a value"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(parse(cases[i].words), -EINVAL);
        assert_string_equal(gust_options_message(options), cases[i].message);
        assert_int_equal(gust_options_finish(options), -EINVAL);
        assert_string_equal(gust_options_message(options), cases[i].message);
        assert_string_equal(changes(), "");
        gust_options_free(options);
    }
}

TEST(durations_are_sums_of_parts_with_units)
{
    static const struct {
        const char *text;
        double seconds; /* NAN: it is none */
    } cases[] = {
        {"2", 2},
        {"1.5", 1.5},
        {".5s", .5},
        {"5.", 5},
        {"1h30m", 5400},
        {"1h 30m", 5400},
        {" 3 min ", 180},
        {"2sec", 2},
        {"250ms", .25},
        {"7us", 7e-6},
        {"1d", 86400},
        {"1w", 604800},
        {"1w1d1h1m1s", 694861},
        {"-1h", -3600},
        {"1h-5m", 3300},
        {"+2s", 2},
        {"1e2s", 100},
        {"2 hours", 7200},
        {"3 days", 259200},
        {"0", 0},
        {"", NAN},
        {"h", NAN},
        {"1x", NAN},
        {"1h30", 3630},
        {"1H", NAN},
        {"0x10", NAN},
        {"inf", NAN},
        {"nan", NAN},
        {"1h,", NAN},
        {"--1", NAN},
        {"1e999", NAN},
        {".", NAN},
        {"1 2", 3},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char word[64];
        const char *words[MAX_WORDS] = {word};

        TEST_CASE(cases[i].text);
        snprintf(word, sizeof word, "--wait=%s", cases[i].text);
        assert_int_equal(parse(words), isnan(cases[i].seconds) ? -EINVAL : 2);
        assert_true(fabs(now.wait - (isnan(cases[i].seconds) ? 0 : cases[i].seconds)) < 1e-9);
        gust_options_free(options);
    }
}

TEST(points_in_time_have_tornados_ten_formats)
{
    static const struct {
        const char *text, *iso; /* NULL: it is none */
    } cases[] = {
        {"Fri Nov 20 09:05:26 2026", "2026-11-20T09:05:26"},
        {"2026-11-20 09:05:26", "2026-11-20T09:05:26"},
        {"2026-11-20 09:05", "2026-11-20T09:05:00"},
        {"2026-11-20T09:05", "2026-11-20T09:05:00"},
        {"20261120 09:05:26", "2026-11-20T09:05:26"},
        {"20261120 09:05", "2026-11-20T09:05:00"},
        {"2026-11-20", "2026-11-20T00:00:00"},
        {"20261120", "2026-11-20T00:00:00"},
        {"09:05:26", "1900-01-01T09:05:26"},
        {"09:05", "1900-01-01T09:05:00"},
        {"1969-12-31 23:59:59", "1969-12-31T23:59:59"},
        {"2024-02-29", "2024-02-29T00:00:00"},
        {"2026-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-04-31", NULL},
        {"24:00", NULL},
        {"09:60", NULL},
        {"09:05:60", NULL},
        {"2026-11-20T09:05:26", NULL},
        {"2026-11-20 ", NULL},
        {"2026-11-20 09:05 x", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char word[64], iso[32];
        const char *words[MAX_WORDS] = {word};

        TEST_CASE(cases[i].text);
        snprintf(word, sizeof word, "--when=%s", cases[i].text);
        assert_int_equal(parse(words), cases[i].iso == NULL ? -EINVAL : 2);
        if (cases[i].iso != NULL) {
            strftime(iso, sizeof iso, "%Y-%m-%dT%H:%M:%S", &now.when);
            assert_string_equal(iso, cases[i].iso);
        }
        gust_options_free(options);
    }
}

TEST(a_list_is_bounded_with_its_ranges_counted_out)
{
    static const struct {
        const char *name;
        const char *words[MAX_WORDS];
        size_t n; /* 0: it is refused */
    } cases[] = {
        {"one below", {"--ids=1:65535"}, 65535},
        {"as many as there may be", {"--ids=1:65536"}, 65536},
        {"one more", {"--ids=1:65537"}, 0},
        {"one more, behind a range", {"--ids=1:65536,7"}, 0},
        {"two ranges", {"--ids=1:40000,1:40000"}, 0},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(parse(cases[i].words), cases[i].n == 0 ? -EINVAL : 2);
        assert_int_equal(now.ids.n, cases[i].n);
        if (cases[i].n == 0)
            assert_string_equal(gust_options_message(options),
                                "Option '--ids' takes at most 65536 values");
        else
            assert_int_equal(now.ids.of.ints[cases[i].n - 1], cases[i].n);
        gust_options_free(options);
    }
}

/* --- config files --- */

static char path[64];

static void write_file(const char *text, size_t len)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/gust-options-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

TEST(a_config_file_is_lines_of_names_and_values)
{
    static const struct {
        const char *name, *text, *changes;
    } cases[] = {
        {"empty", "", ""},
        {"comments and empty lines", "# port = 1\n\n   \n  # x\n", ""},
        {"a number", "port = 80\n", "port=80 "},
        {"no newline at the end", "port=80", "port=80 "},
        {"carriage returns", "port = 80\r\nany = 2\r\n", "port=80 any=2 "},
        {"underscores", "log_level = mid", "log_level='mid' "},
        {"another name", "logging = mid", "log_level='mid' "},
        {"a comment behind", "port = 80 # the usual", "port=80 "},
        {"no comment without a space", "host = a#b", "host='a#b' "},
        {"a text with spaces and commas", "host =  a, b  ", "host='a, b' "},
        {"an empty text", "host =", "host='' "},
        {"a text with an equals sign", "host = a=b", "host='a=b' "},
        {"quotes keep spaces", "host = \" a # b \" # c", "host=' a # b ' "},
        {"escapes", "host = \"a\\t\\n\\\"\\\\\"", "host='a\t\n\"\\' "},
        {"quotes inside", "host = say \"x\"", "host='say \"x\"' "},
        {"a quoted number", "port = \"80\"", "port=80 "},
        {"a switch", "verbose = yes\nfast = off", "verbose=1 fast=0 "},
        {"a list", "ids = 1:3, 9 # some", "ids=1,2,3,9, "},
        {"a list of quotes", "names = \"a, b\" , c, \"\"", "names=a, b|c|| "},
        {"an empty list", "names =\n", ""},
        {"the last wins", "port = 1\nport = 2", "port=2 "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        open_options();
        write_file(cases[i].text, strlen(cases[i].text));
        assert_int_equal(gust_options_parse_config_file(options, path), 0);
        assert_string_equal(changes(), ""); /* not yet */
        assert_int_equal(gust_options_finish(options), 0);
        assert_string_equal(changes(), cases[i].changes);
        unlink(path);
        gust_options_free(options);
    }
}

TEST(a_wrong_config_file_is_told_with_its_line_and_stores_nothing)
{
    static const struct {
        const char *name;
        gust_str text;
        const char *message; /* behind the path */
    } cases[] = {
        {"an unknown name", GU_STR_INIT("port = 1\n\nfoo = 2"), ":3: Unrecognized option: 'foo'"},
        {"a bad value", GU_STR_INIT("verbose = on\nport = x"),
         ":2: Option '--port' must be a whole number from 0 to 65535, not 'x'"},
        {"no equals sign", GU_STR_INIT("verbose"), ":1: expected: name = value"},
        {"no name", GU_STR_INIT("= 1"), ":1: Unrecognized option: ''"},
        {"a section", GU_STR_INIT("[server]\n"), ":1: expected: name = value"},
        {"an open quote", GU_STR_INIT("host = \"a\nport = 1"), ":1: a quote is not closed"},
        {"an open quote that ends in a backslash", GU_STR_INIT("host = \"a\\"),
         ":1: a backslash in quotes stands before n, t, \" or \\"},
        {"an unknown escape", GU_STR_INIT("host = \"\\x41\""),
         ":1: a backslash in quotes stands before n, t, \" or \\"},
        {"more behind a quote", GU_STR_INIT("host = \"a\" b"),
         ":1: something stands behind the closing quote"},
        {"a comma behind a quote", GU_STR_INIT("host = \"a\", b"),
         ":1: something stands behind the closing quote"},
        {"a zero byte", GU_STR_INIT("host = a\0b"), ":1: there is a zero byte"},
        {"another file", GU_STR_INIT("config = x"), ":1: a config file cannot name another"},
        {"the dashes of a command line", GU_STR_INIT("--port = 1"),
         ":1: Unrecognized option: '--port'"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        open_options();
        write_file(cases[i].text.ptr, cases[i].text.len);
        assert_int_equal(gust_options_parse_config_file(options, path), -EINVAL);
        assert_memory_equal(gust_options_message(options), path, strlen(path));
        assert_string_equal(gust_options_message(options) + strlen(path), cases[i].message);
        assert_int_equal(gust_options_finish(options), -EINVAL);
        assert_string_equal(changes(), "");
        unlink(path);
        gust_options_free(options);
    }
}

TEST(a_config_file_has_a_largest_size)
{
    size_t max = (size_t)1 << 20;
    char *text = gu_alloc(max + 1);

    assert_non_null(text);
    memset(text, '#', max + 1);
    for (size_t len = max - 1; len <= max + 1; len++) {
        open_options();
        write_file(text, len);
        assert_int_equal(gust_options_parse_config_file(options, path),
                         len > max ? -GUST_ETOOBIG : 0);
        unlink(path);
        gust_options_free(options);
    }
    gu_free(text);
}

TEST(a_file_that_cannot_be_read_is_told_by_its_path)
{
    open_options();
    assert_int_equal(gust_options_parse_config_file(options, "/nowhere/x"), -ENOENT);
    assert_non_null(strstr(gust_options_message(options), "/nowhere/x: "));
    gust_options_free(options);
    open_options();
    assert_int_equal(gust_options_parse_config_file(options, "/tmp"), -EIO);
    assert_non_null(strstr(gust_options_message(options), "/tmp: "));
    gust_options_free(options);
}

/* --- sources together --- */

TEST(the_line_wins_over_the_environment_and_that_over_a_file)
{
    static const char text[] = "port = 1\nany = 1\nhost = file\n";
    char word[80];
    const char *words[MAX_WORDS] = {"--port=3", word};

    write_file(text, sizeof text - 1);
    snprintf(word, sizeof word, "--config=%s", path);
    setenv("TST_PORT", "2", 1);
    setenv("TST_ANY", "2", 1);
    setenv("TST_LOG_LEVEL", "high", 1);
    setenv("TST_UNKNOWN", "x", 1);
    open_options();
    assert_int_equal(gust_options_parse_environment(options, "TST_"), 0);
    assert_int_equal(parse_line(words), 3);
    assert_int_equal(gust_options_finish(options), 0);
    assert_string_equal(changes(), "port=3 any=2 host='file' log_level='high' ");
    assert_int_equal(now.n_calls, 1);
    assert_int_equal(now.port_at_call, 3);
    gust_options_free(options);
    setenv("TST_PORT", "x", 1);
    open_options();
    assert_int_equal(gust_options_parse_environment(options, "TST_"), -EINVAL);
    assert_string_equal(
        gust_options_message(options),
        "TST_PORT: Option '--port' must be a whole number from 0 to 65535, not 'x'");
    assert_int_equal(parse_line(words), -EINVAL);
    assert_string_equal(changes(), "");
    assert_int_equal(now.n_calls, 0);
    gust_options_free(options);
    unlink(path);
    unsetenv("TST_PORT");
    unsetenv("TST_ANY");
    unsetenv("TST_LOG_LEVEL");
    unsetenv("TST_UNKNOWN");
}

TEST(a_required_option_must_be_given_somewhere)
{
    static const char *name;
    static const gust_option needs[] = {
        {.name = "verbose", .type = GUST_OPTION_BOOL, .to = &now.verbose},
        {.name = "name", .to = &name, .is_required = true},
        {0},
    };
    static const char *const without[MAX_WORDS] = {"--verbose"}, *const with[MAX_WORDS] = {
                                                                     "--name=x"};

    now = defaults();
    name = NULL;
    options = gust_options_new(needs, NULL);
    assert_int_equal(parse_line(without), 2);
    assert_int_equal(gust_options_finish(options), -EINVAL);
    assert_string_equal(gust_options_message(options), "Option '--name' is required");
    assert_false(now.verbose);
    gust_options_free(options);
    options = gust_options_new(needs, NULL);
    assert_int_equal(parse_line(with), 2);
    assert_int_equal(gust_options_finish(options), 0);
    assert_string_equal(name, "x");
    gust_options_free(options);
}

TEST(a_name_in_two_tables_is_an_error)
{
    static const gust_option rows[][2] = {
        {{.name = "log_level"}},
        {{.name = "logging"}},
        {{.name = "x", .alias = "port"}},
    };
    static const char *const none[MAX_WORDS] = {NULL};

    for (size_t i = 0; i < gu_countof(rows); i++) {
        const gust_option both[] = {{.table = table}, {.table = rows[i]}, {0}};

        TEST_CASE(rows[i][0].name);
        options = gust_options_new(both, NULL);
        assert_int_equal(parse_line(none), -EEXIST);
        assert_non_null(strstr(gust_options_message(options), "is already defined"));
        gust_options_free(options);
    }
}

TEST(the_version_is_told_where_there_is_one)
{
    static const char *const words[MAX_WORDS] = {"--version"};

    assert_int_equal(parse(words), 0);
    assert_string_equal(gust_options_message(options), "prog 1.2\n");
    gust_options_free(options);
    options = gust_options_new(table, NULL);
    assert_int_equal(parse_line(words), -EINVAL);
    gust_options_free(options);
}

TEST(help_shows_groups_and_defaults_whatever_stands_before_it)
{
    static const char *const words[MAX_WORDS] = {"--port=1", "--help"};

    assert_int_equal(parse(words), 0);
    assert_string_equal(gust_options_message(options),
                        "Usage: prog [options]\n"
                        "\n"
                        "Options:\n"
                        "\n"
                        "  --verbose                     say more\n"
                        "  --fast                        hurry (default on; --no-fast)\n"
                        "  --port=N                      to listen on (default 8888)\n"
                        "  --any=COUNT                   count (default 0)\n"
                        "  --wait=DURATION               before it (default 0s)\n"
                        "  --when=TIME                   not before\n"
                        "  --log-level=TEXT              least\n"
                        "  --config=FILE                 more of these\n"
                        "  --ids=N,...                   \n"
                        "  --names=TEXT,...              who\n"
                        "  --waits=DURATION,...          \n"
                        "  --flags=BOOL,...              \n"
                        "  --help                        show this help\n"
                        "  --version                     show the version\n"
                        "\n"
                        "Numbers:\n"
                        "\n"
                        "  --rate=X                      a share (default 0.5)\n"
                        "  --ratio=X                      (default 0)\n"
                        "\n"
                        "Net:\n"
                        "\n"
                        "  --host=TEXT                   address (default ::)\n");
    assert_string_equal(changes(), "");
    gust_options_free(options);
}

/* Every allocation fails once, by turns: all is stored, or nothing and the answer is -ENOMEM. */
TEST(short_memory_stores_all_or_nothing)
{
    static const char text[] = "names = a, \"b\", c, d, e\nhost = \"quoted\"\n";
    char word[80];
    const char *words[MAX_WORDS] = {"--ids=1:3000", word, "--port=1"};
    uint64_t n = 1;

    write_file(text, sizeof text - 1);
    snprintf(word, sizeof word, "--config=%s", path);
    for (;; n++) {
        int rest;

        now = defaults();
        gu_alloc_fail_at(n);
        options = gust_options_new(table, NULL);
        rest = options == NULL ? -ENOMEM : parse_line(words);
        if (rest > 0)
            rest = gust_options_finish(options);
        if (!gu_alloc_has_failed())
            break;
        gu_alloc_fail_at(0);
        if (rest == 0) { /* the memory was for a message that was not needed */
            assert_int_equal(now.port, 1);
            assert_int_equal(now.ids.n, 3000);
        } else {
            assert_int_equal(rest, -ENOMEM);
            assert_string_equal(changes(), "");
        }
        gust_options_free(options);
    }
    gu_alloc_fail_at(0);
    assert_true(n > 4);
    assert_int_equal(now.port, 1);
    gust_options_free(options);
    unlink(path);
}

/* The exit status, and what was written, of a main() with one argument. */
static int run(const char *arg, int fd, char *output, size_t size)
{
    static const gust_option none[] = {{0}};
    int ends[2], status;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        char program[] = "prog";
        char *argv[] = {program, (char *)(uintptr_t)arg};

        dup2(ends[1], fd);
        _exit(100 + gust_options_parse_or_exit(gust_options_new(none, NULL), NULL, 2, argv));
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
