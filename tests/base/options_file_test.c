/*
 * options — config files, what stands where it is said more than once, and help
 */
#include "base/alloc.h"
#include "base/str.h"
#include "options_stage.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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
