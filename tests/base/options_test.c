/*
 * options — what a command line may say, and what it is told when it is wrong
 */
#include "base/gu.h"
#include "options_stage.h"
#include <math.h>
#include <stdio.h>

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
