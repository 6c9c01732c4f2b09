/*
 * options — config files that name others
 */
#include "base/gu.h"
#include "test.h"
#include <errno.h>
#include <gust/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t port;
static const char *host;

static const gust_option table[] = {
    {.name = "port", .type = GUST_OPTION_INT, .to = &port, .min = 0, .max = 65535},
    {.name = "host", .to = &host},
    {.name = "config", .type = GUST_OPTION_CONFIG},
    {.name = "configs", .type = GUST_OPTION_CONFIG, .is_multiple = true},
    {0},
};

/* --- a folder of files --- */

static char folder[64];
static const char *const names[] = {"a", "b", "sub/c", "d"};

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_files(const char *const texts[])
{
    snprintf(folder, sizeof folder, "/tmp/gust-nested-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_return_code(mkdir(in_folder("sub"), 0700), errno);
    for (size_t i = 0; i < gu_countof(names); i++) {
        FILE *file = texts[i] == NULL ? NULL : fopen(in_folder(names[i]), "w");

        assert_true(file != NULL || texts[i] == NULL);
        if (file == NULL)
            continue;
        for (const char *c = texts[i]; *c != '\0'; c++) /* "@" is the folder */
            fprintf(file, "%.*s", *c == '@' ? 64 : 1, *c == '@' ? folder : c);
        assert_int_equal(fclose(file), 0);
    }
}

static void remove_files(void)
{
    for (size_t i = 0; i < gu_countof(names); i++)
        unlink(in_folder(names[i]));
    rmdir(in_folder("sub"));
    rmdir(folder);
}

/* --- what is read --- */

static const struct {
    const char *name;
    const char *texts[4]; /* of the files; NULL: there is none */
    int64_t port;
    const char *host;
    int err;
    const char *message; /* behind the folder */
} cases[] = {
    {"one names another", {"config = b", "port = 2"}, 2, "none", 0, ""},
    {"what stands below wins", {"config = b\nport = 1", "port = 2\nhost = b"}, 1, "b", 0, ""},
    {"and over what stands above", {"port = 1\nconfig = b", "port = 2"}, 2, "none", 0, ""},
    {"by an absolute path", {"config = @/b", "port = 2"}, 2, "none", 0, ""},
    {"in quotes", {"config = \"b\" # more", "port = 2"}, 2, "none", 0, ""},
    {"beside the one that names it",
     {"config = sub/c", NULL, "config = ../d", "port = 4"},
     4,
     "none",
     0,
     ""},
    {"several", {"configs = b, sub/c", "port = 2", "host = c"}, 2, "c", 0, ""},
    {"the same twice", {"configs = b, b", "port = 2"}, 2, "none", 0, ""},
    {"one that is not there",
     {"port = 1\nconfig = b"},
     0,
     "none",
     -ENOENT,
     "/b: No such file or directory"},
    {"a mistake in it",
     {"port = 1\nconfig = b", "\nport = x"},
     0,
     "none",
     -EINVAL,
     "/b:2: Option '--port' must be a whole number from 0 to 65535, not 'x'"},
    {"a mistake behind it",
     {"config = b\nport = x", "port = 2"},
     0,
     "none",
     -EINVAL,
     "/a:2: Option '--port' must be a whole number from 0 to 65535, not 'x'"},
    {"itself",
     {"\nconfig = a"},
     0,
     "none",
     -EINVAL,
     "/a:2: config files name one another too deeply"},
    {"in a circle",
     {"config = b", "config = a"},
     0,
     "none",
     -EINVAL,
     "/a:1: config files name one another too deeply"},
};

TEST(a_config_file_may_name_others)
{
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_options *options = gust_options_new(table, NULL);
        int err;

        TEST_CASE(cases[i].name);
        port = 0;
        host = "none";
        make_files(cases[i].texts);
        err = gust_options_parse_config_file(options, in_folder("a"));
        assert_int_equal(err, cases[i].err);
        assert_int_equal(gust_options_finish(options), err);
        if (err < 0)
            assert_string_equal(gust_options_message(options) + strlen(folder), cases[i].message);
        assert_int_equal(port, cases[i].port);
        assert_string_equal(host, cases[i].host);
        gust_options_free(options);
        remove_files();
    }
}

/* --- how deep --- */

/* A chain of n files, each naming the next. */
static int read_chain(int n)
{
    gust_options *options = gust_options_new(table, NULL);
    int err;

    snprintf(folder, sizeof folder, "/tmp/gust-nested-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (int i = 1; i <= n; i++) {
        char name[16];
        FILE *file;

        snprintf(name, sizeof name, "%d", i);
        file = fopen(in_folder(name), "w");
        assert_non_null(file);
        fprintf(file, i < n ? "config = %d\n" : "port = %d\n", i + 1);
        assert_int_equal(fclose(file), 0);
    }
    err = gust_options_parse_config_file(options, in_folder("1"));
    for (int i = 1; i <= n; i++) {
        char name[16];

        snprintf(name, sizeof name, "%d", i);
        unlink(in_folder(name));
    }
    rmdir(folder);
    gust_options_free(options);
    return err;
}

/* Eight beside the first. */
TEST(eight_may_be_nested)
{
    assert_int_equal(read_chain(8), 0);
    assert_int_equal(read_chain(9), 0);
    assert_int_equal(read_chain(10), -EINVAL);
}
