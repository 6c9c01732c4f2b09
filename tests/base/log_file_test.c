/*
 * log — files: where one ends and the next begins, what backups are called, and who follows whom
 */
#include "base/log_file.h"
#include "base/str.h"
#include "test.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[80];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/gust-log-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/app.log", folder);
}

static const char *in_folder(const char *name)
{
    static char text[400];

    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while ((entry = readdir(dir)) != NULL)
        unlink(in_folder(entry->d_name));
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The files of the folder and what they hold: "app.log=c app.log.1=b ". */
static const char *listing(void)
{
    static char text[1024];
    char names[16][64], content[64];
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    size_t n = 0, len = 0;

    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            snprintf(names[n++], sizeof names[0], "%.63s", entry->d_name);
    closedir(dir);
    qsort(names, n, sizeof names[0], by_name);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        int fd = open(in_folder(names[i]), O_RDONLY | O_CLOEXEC);
        ssize_t got = read(fd, content, sizeof content - 1);

        close(fd);
        for (ssize_t c = 0; c < got; c++)
            if (content[c] == '\n')
                content[c] = '/';
        len += (size_t)snprintf(text + len, sizeof text - len, "%s=%.*s ", names[i], (int)got,
                                content);
    }
    return text;
}

static void write_lines(struct gu_log_file *f, const char *lines, time_t now)
{
    assert_int_equal(gu_log_file_write(f, lines, strlen(lines), now), strlen(lines));
}

TEST(a_file_ends_before_the_line_that_would_pass_its_size)
{
    static const struct {
        const char *name;
        int64_t max;
        int n_backups; /* 0: 10 */
        const char *batches[5];
        const char *files;
    } cases[] = {
        {"one byte below", 7, 0, {"aa\nbb\n"}, "app.log=aa/bb/ "},
        {"exactly the size", 6, 0, {"aa\nbb\n"}, "app.log=aa/bb/ "},
        {"one byte above", 5, 0, {"aa\nbb\n"}, "app.log=bb/ app.log.1=aa/ "},
        {"across batches, one below", 7, 0, {"aa\n", "bb\n"}, "app.log=aa/bb/ "},
        {"across batches, exactly", 6, 0, {"aa\n", "bb\n"}, "app.log=aa/bb/ "},
        {"across batches, one above", 5, 0, {"aa\n", "bb\n"}, "app.log=bb/ app.log.1=aa/ "},
        {"several in one batch",
         3,
         0,
         {"aa\nbb\ncc\n"},
         "app.log=cc/ app.log.1=bb/ app.log.2=aa/ "},
        {"a line above the size has a file to itself",
         4,
         0,
         {"a\nbbbbbbbb\nc\n"},
         "app.log=c/ app.log.1=bbbbbbbb/ app.log.2=a/ "},
        {"the oldest goes",
         3,
         2,
         {"aa\n", "bb\n", "cc\n", "dd\n"},
         "app.log=dd/ app.log.1=cc/ app.log.2=bb/ "},
        {"none is kept", 3, GUST_NEVER, {"aa\n", "bb\n"}, "app.log=bb/ "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_file f;

        TEST_CASE(cases[i].name);
        make_folder();
        assert_int_equal(
            gu_log_file_open(&f, &(gust_log_options){.file = path,
                                                     .file_max_size = cases[i].max,
                                                     .file_num_backups = cases[i].n_backups}),
            0);
        for (const char *const *batch = cases[i].batches; *batch != NULL; batch++)
            write_lines(&f, *batch, time(NULL));
        assert_string_equal(listing(), cases[i].files);
        gu_log_file_close(&f);
        remove_folder();
    }
}

TEST(what_a_file_has_already_counts)
{
    struct gu_log_file f;
    gust_log_options o = {.file = path, .file_max_size = 6};

    make_folder();
    assert_int_equal(gu_log_file_open(&f, &o), 0);
    write_lines(&f, "aa\n", time(NULL));
    gu_log_file_close(&f);
    assert_int_equal(gu_log_file_open(&f, &o), 0);
    write_lines(&f, "bb\n", time(NULL));
    assert_string_equal(listing(), "app.log=aa/bb/ ");
    write_lines(&f, "cc\n", time(NULL));
    assert_string_equal(listing(), "app.log=cc/ app.log.1=aa/bb/ ");
    gu_log_file_close(&f);
    remove_folder();
}

TEST(a_file_that_is_never_rotated_grows)
{
    struct gu_log_file f;

    make_folder();
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path,
                                                              .file_max_size = 1,
                                                              .rotate = GUST_LOG_ROTATE_NEVER}),
                     0);
    write_lines(&f, "aa\nbb\n", time(NULL));
    write_lines(&f, "cc\n", time(NULL));
    assert_string_equal(listing(), "app.log=aa/bb/cc/ ");
    gu_log_file_close(&f);
    remove_folder();
}

/* 2026-11-20 09:05:26, a Friday, in UTC. */
#define FRIDAY 1795165526

TEST(periods_end_as_tornados_do)
{
    static const struct {
        const char *when;
        int interval;
        const char *end;
    } cases[] = {
        {NULL, 0, "2026-11-21 00:00:00"},       {"midnight", 1, "2026-11-21 00:00:00"},
        {"MIDNIGHT", 3, "2026-11-23 00:00:00"}, {"S", 1, "2026-11-20 09:05:27"},
        {"s", 30, "2026-11-20 09:05:56"},       {"M", 5, "2026-11-20 09:10:26"},
        {"H", 1, "2026-11-20 10:05:26"},        {"D", 2, "2026-11-22 09:05:26"},
        {"W4", 1, "2026-11-21 00:00:00"},       {"W5", 1, "2026-11-22 00:00:00"},
        {"W3", 1, "2026-11-27 00:00:00"},       {"W0", 2, "2026-12-01 00:00:00"},
    };

    setenv("TZ", "UTC", 1);
    tzset();
    make_folder();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_file f;
        char text[32];
        time_t end;
        struct tm tm;

        TEST_CASE(cases[i].when == NULL ? "by default" : cases[i].when);
        assert_int_equal(
            gu_log_file_open(&f, &(gust_log_options){.file = path,
                                                     .rotate = GUST_LOG_ROTATE_TIME,
                                                     .rotate_when = cases[i].when,
                                                     .rotate_interval = cases[i].interval}),
            0);
        end = gu_log_file_period_end(&f, FRIDAY);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime_r(&end, &tm));
        assert_string_equal(text, cases[i].end);
        gu_log_file_close(&f);
    }
    remove_folder();
}

TEST(a_backup_has_the_date_its_period_began)
{
    static const struct {
        const char *when, *backup;
    } cases[] = {
        {"S", "app.log.2026-11-20_09-05-26"}, {"M", "app.log.2026-11-20_09-05"},
        {"H", "app.log.2026-11-20_09"},       {"D", "app.log.2026-11-20"},
        {"midnight", "app.log.2026-11-20"},
    };

    setenv("TZ", "UTC", 1);
    tzset();
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_file f;
        char want[128];

        TEST_CASE(cases[i].when);
        make_folder();
        assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path,
                                                                  .rotate = GUST_LOG_ROTATE_TIME,
                                                                  .rotate_when = cases[i].when}),
                         0);
        f.rotate_at = gu_log_file_period_end(&f, FRIDAY);
        write_lines(&f, "a\n", f.rotate_at - 1);
        write_lines(&f, "b\n", f.rotate_at);
        snprintf(want, sizeof want, "app.log=b/ %s=a/ ", cases[i].backup);
        assert_string_equal(listing(), want);
        gu_log_file_close(&f);
        remove_folder();
    }
}

TEST(backups_by_date_are_kept_apart_and_counted)
{
    struct gu_log_file f;

    setenv("TZ", "UTC", 1);
    tzset();
    make_folder();
    close(open(in_folder("app.log.conf"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(open(in_folder("app.log.2026-11-20"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(open(in_folder("app.log.2026-11-18"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path,
                                                              .rotate = GUST_LOG_ROTATE_TIME,
                                                              .file_num_backups = 2}),
                     0);
    write_lines(&f, "a\n", FRIDAY);
    f.rotate_at = gu_log_file_period_end(&f, FRIDAY);
    write_lines(&f, "b\n", f.rotate_at);
    assert_string_equal(listing(),
                        "app.log=b/ app.log.2026-11-20= app.log.2026-11-20.1=a/ app.log.conf= ");
    gu_log_file_close(&f);
    remove_folder();
}

TEST(a_file_that_was_moved_away_or_removed_is_begun_anew)
{
    struct gu_log_file f;
    char moved[400];

    make_folder();
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path}), 0);
    write_lines(&f, "a\n", 1);
    snprintf(moved, sizeof moved, "%s", in_folder("old"));
    assert_int_equal(rename(path, moved), 0);
    write_lines(&f, "b\n", 1);
    assert_string_equal(listing(), "app.log=b/ old=a/ ");
    unlink(path);
    write_lines(&f, "c\n", 1);
    assert_string_equal(listing(), "app.log=c/ old=a/ ");
    gu_log_file_close(&f);
    remove_folder();
}

TEST(where_another_writes_to_the_file_its_size_is_seen)
{
    struct gu_log_file one, other;
    gust_log_options o = {.file = path, .file_max_size = 6};

    make_folder();
    assert_int_equal(gu_log_file_open(&one, &o), 0);
    assert_int_equal(gu_log_file_open(&other, &o), 0);
    write_lines(&one, "aa\n", 1);
    write_lines(&other, "bb\n", 1);
    write_lines(&one, "cc\n", 1);
    write_lines(&other, "dd\n", 1);
    assert_string_equal(listing(), "app.log=cc/dd/ app.log.1=aa/bb/ ");
    gu_log_file_close(&one);
    gu_log_file_close(&other);
    remove_folder();
}

#define N_CHILDREN 4
#define N_LINES 500

static void write_many(char letter)
{
    struct gu_log_file f;
    char line[32];

    if (gu_log_file_open(
            &f,
            &(gust_log_options){.file = path, .file_max_size = 2000, .file_num_backups = 1000}) < 0)
        _exit(1);
    for (int i = 0; i < N_LINES; i++) {
        int n = snprintf(line, sizeof line, "%c line %04d\n", letter, i);

        if (gu_log_file_write(&f, line, (size_t)n, 1) != (size_t)n)
            _exit(2);
    }
    _exit(0);
}

/* Lines of all files of the folder; each must be whole. */
static int count_whole_lines(void)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int n = 0;

    while ((entry = readdir(dir)) != NULL) {
        FILE *stream = entry->d_name[0] == '.' ? NULL : fopen(in_folder(entry->d_name), "re");
        char line[64], letter;
        int number;

        while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
            assert_int_equal(strlen(line), 12);
            assert_int_equal(sscanf(line, "%c line %4d\n", &letter, &number), 2);
            n++;
        }
        if (stream != NULL)
            fclose(stream);
    }
    closedir(dir);
    return n;
}

TEST(processes_that_share_a_file_lose_no_line_when_one_rotates)
{
    pid_t children[N_CHILDREN];
    int status;

    make_folder();
    for (int i = 0; i < N_CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0)
            write_many((char)('a' + i));
    }
    for (int i = 0; i < N_CHILDREN; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_whole_lines(), N_CHILDREN * N_LINES);
    remove_folder();
}

TEST(a_rotation_that_fails_is_noted_and_tried_later)
{
    struct gu_log_file f;

    make_folder();
    assert_int_equal(mkdir(in_folder("app.log.1"), 0700), 0);
    assert_int_equal(
        gu_log_file_open(
            &f, &(gust_log_options){.file = path, .file_max_size = 3, .file_num_backups = 1}),
        0);
    write_lines(&f, "aa\nbb\n", 100);
    assert_int_equal(f.rotate_err, -EISDIR);
    f.rotate_err = 0;
    write_lines(&f, "cc\n", 159);
    assert_int_equal(f.rotate_err, 0);
    assert_int_equal(rmdir(in_folder("app.log.1")), 0);
    write_lines(&f, "dd\n", 160);
    assert_string_equal(listing(), "app.log=dd/ app.log.1=aa/bb/cc/ ");
    gu_log_file_close(&f);
    remove_folder();
}

TEST(a_full_disk_cuts_a_line_and_the_next_begins_anew)
{
    struct gu_log_file f;
    struct rlimit before, small;

    signal(SIGXFSZ, SIG_IGN);
    make_folder();
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path}), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(gu_log_file_write(&f, "aa\nbb\n", 6, 1), 4);
    assert_int_equal(gu_log_file_write(&f, "cc\n", 3, 1), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(gu_log_file_write(&f, "dd\n", 3, 1), 3);
    assert_string_equal(listing(), "app.log=aa/b/dd/ ");
    gu_log_file_close(&f);
    remove_folder();
}

TEST(what_is_no_file_is_not_rotated_and_may_be_full)
{
    static char lines[200000];
    struct gu_log_file f;
    int reader;
    size_t n;

    signal(SIGPIPE, SIG_IGN);
    make_folder();
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path}), -ENXIO);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(gu_log_file_open(&f, &(gust_log_options){.file = path, .file_max_size = 1}),
                     0);
    memset(lines, '\n', sizeof lines);
    n = gu_log_file_write(&f, lines, sizeof lines, 1);
    assert_in_range(n, 4096, sizeof lines - 1);
    assert_true(f.is_full);
    close(reader);
    assert_int_equal(gu_log_file_write(&f, "a\n", 2, 1), 0);
    assert_false(f.is_full);
    gu_log_file_close(&f);
    remove_folder();
}

TEST(options_that_are_none_are_refused)
{
    static const struct {
        const char *name;
        gust_log_options o;
        int err;
    } cases[] = {
        {"a folder that is not there", {.file = "/nowhere/log"}, -ENOENT},
        {"a folder", {.file = "/tmp"}, -EISDIR},
        {"when", {.file = "/dev/null", .rotate_when = "noon"}, -EINVAL},
        {"a day of the week", {.file = "/dev/null", .rotate_when = "W7"}, -EINVAL},
        {"an interval", {.file = "/dev/null", .rotate_interval = -1}, -EINVAL},
        {"a size", {.file = "/dev/null", .file_max_size = -1}, -EINVAL},
        {"a mode", {.file = "/dev/null", .rotate = (gust_log_rotate)3}, -EINVAL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_log_file f;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_log_file_open(&f, &cases[i].o), cases[i].err);
    }
}
