/*
 * log — the thread that writes a file: a slow disk holds nobody, and what is lost is told
 */
#include "base/alloc.h"
#include "base/log_impl.h"
#include "base/str.h"
#include "test.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64], text[1 << 21];

static void name_file(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/gust-log-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static void set_up(const gust_log_options *o)
{
    assert_int_equal(gust_log_setup(o), 0);
}

/* What the file holds. */
static const char *content(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof text - 1);

    close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static int count(const char *have, const char *needle)
{
    int n = 0;

    for (; (have = strstr(have, needle)) != NULL; have++)
        n++;
    return n;
}

static void end_log(void)
{
    assert_int_equal(gust_log_setup(NULL), 0);
    unlink(path);
}

TEST(lines_are_in_the_file_when_the_log_ends)
{
    name_file();
    set_up(&(gust_log_options){.file = path});
    for (int i = 0; i < 1000; i++)
        gu_log(GUST_LOG_INFO, GU_LOG_ACCESS, "access %d;", i);
    gust_log_info("the last");
    gu_log_end();
    assert_int_equal(count(content(path), " access] access "), 1000);
    assert_non_null(strstr(text, "] the last\n"));
    gust_log_info("one more"); /* starts the thread again */
    gu_log_end();
    assert_non_null(strstr(content(path), "] one more\n"));
    end_log();
}

TEST(setting_up_anew_writes_what_waited)
{
    name_file();
    set_up(&(gust_log_options){.file = path});
    gu_log_access_line(GUST_LOG_INFO, GU_STR("waits"));
    assert_true(gu_log_has_file());
    assert_int_equal(gust_log_setup(NULL), 0);
    assert_false(gu_log_has_file());
    assert_string_equal(content(path), "waits\n");
    unlink(path);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 2000; i++)
        gust_log_info("%s", (const char *)arg);
    return NULL;
}

TEST(lines_of_many_threads_are_all_there_over_rotations)
{
    static char names[4][2] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    int n = 0;

    name_file();
    set_up(&(gust_log_options){.file = path, .file_max_size = 100000, .file_num_backups = 1000});
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(gust_log_setup(NULL), 0);
    n = count(content(path), " application] ");
    unlink(path);
    for (int i = 1;; i++) {
        char backup[96];

        snprintf(backup, sizeof backup, "%s.%d", path, i);
        if (access(backup, F_OK) != 0)
            break;
        assert_in_range(strlen(content(backup)), 1, 100000);
        n += count(text, " application] ");
        unlink(backup);
    }
    assert_int_equal(n, 8000);
}

/* --- slow and full --- */

static int open_pipe(void)
{
    int reader;

    name_file();
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    return reader;
}

/* Appends what has come to `text`, after waiting for something. */
static size_t read_more(int reader, size_t len)
{
    struct pollfd p = {.fd = reader, .events = POLLIN};
    ssize_t n;

    (void)poll(&p, 1, 1000);
    while ((n = read(reader, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return len;
}

/* Until the thread has written what it can; not the log's end, which would tell a loss. */
static void drain(void)
{
    pthread_mutex_lock(&gu_log_out.lock);
    assert_true(gu_log_writer_drain(gu_log_out.writer, GU_LOG_PATIENCE));
    pthread_mutex_unlock(&gu_log_out.lock);
}

static long told_lost(const char *lines)
{
    long n = 0;

    for (const char *at = lines; (at = strstr(at, " log lines were lost")) != NULL; at++) {
        const char *digits = at;

        while (digits[-1] != ' ')
            digits--;
        n += strtol(digits, NULL, 10);
    }
    return n;
}

TEST(a_pipe_that_nobody_reads_holds_nobody_and_every_line_is_accounted_for)
{
    static char line[1000];
    int reader = open_pipe();
    size_t len = 0;

    memset(line, 'x', sizeof line - 1);
    text[0] = 0;
    set_up(&(gust_log_options){.file = path, .queue_size = 100000});
    for (int i = 0; i < 1000; i++)
        gust_log_info("%s", line); /* a megabyte: more than pipe and queue hold */
    for (int i = 0; i < 100 && count(text, "xx\n") + told_lost(text) < 1000; i++) {
        gust_log_info("after");
        len = read_more(reader, len);
    }
    assert_true(told_lost(text) > 0);
    assert_int_equal(count(text, "xx\n") + told_lost(text), 1000);
    end_log();
    close(reader);
}

TEST(a_queue_holds_its_size_and_not_a_byte_more)
{
    static const struct {
        const char *name;
        size_t len; /* of a line, with its newline */
        int n_lost;
    } cases[] = {
        {"one byte below", 999, 0},
        {"exactly", 1000, 0},
        {"one byte above", 1001, 1},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        static char line[1001];

        TEST_CASE(cases[i].name);
        memset(line, 'x', sizeof line);
        name_file();
        set_up(&(gust_log_options){.file = path, .queue_size = 1000});
        gu_log_access_line(GUST_LOG_INFO, gu_str(line, cases[i].len - 1));
        drain();
        assert_int_equal(strlen(content(path)), cases[i].n_lost ? 0 : cases[i].len);
        gust_log_info("after");
        drain();
        assert_int_equal(told_lost(content(path)), cases[i].n_lost);
        end_log();
    }
}

TEST(a_full_disk_costs_lines_and_is_told_once_there_is_room)
{
    char full[] = "/dev/full";

    set_up(&(gust_log_options){.file = full});
    for (int i = 0; i < 3; i++) {
        gust_log_info("lost");
        drain();
    }
    name_file();
    set_up(&(gust_log_options){.file = path});
    gust_log_info("here");
    gu_log_end();
    assert_int_equal(told_lost(content(path)), 3);
    assert_non_null(strstr(text, "] here\n"));
    end_log();
}

/* --- reopening, forks, standard error --- */

TEST(reopening_follows_the_name)
{
    char moved[96];

    name_file();
    snprintf(moved, sizeof moved, "%s.old", path);
    gust_log_reopen(); /* without a file: nothing */
    set_up(&(gust_log_options){.file = path});
    gust_log_info("before");
    gu_log_end();
    assert_int_equal(rename(path, moved), 0);
    gust_log_reopen();
    gust_log_info("after");
    gu_log_end();
    assert_null(strstr(content(moved), "after"));
    assert_non_null(strstr(content(path), "] after\n"));
    unlink(moved);
    end_log();
}

TEST(a_fork_leaves_what_waits_with_the_parent_and_both_go_on)
{
    int status;
    pid_t child;

    name_file();
    set_up(&(gust_log_options){.file = path});
    gust_log_info("started");
    for (int i = 0; i < 100; i++)
        gu_log_access_line(GUST_LOG_INFO, GU_STR("once"));
    child = fork();
    if (child == 0) {
        gust_log_info("child");
        gu_log_end();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    gust_log_info("parent");
    gu_log_end();
    assert_int_equal(count(content(path), "once\n"), 100);
    assert_int_equal(count(text, "] child\n"), 1);
    assert_int_equal(count(text, "] parent\n"), 1);
    end_log();
}

static void *set_up_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) {
        set_up(&(gust_log_options){.file = path});
        gust_log_reopen();
    }
    return NULL;
}

static void *end_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) {
        gust_log_info("ends");
        gu_log_end();
    }
    return NULL;
}

TEST(setting_up_ending_and_logging_may_meet)
{
    void *(*const fns[])(void *) = {set_up_often, set_up_often, end_often, log_many};
    static char name[] = "meets";
    pthread_t threads[4];

    name_file();
    set_up(&(gust_log_options){.file = path});
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fns[i], name), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(gust_log_setup(NULL), 0);
    assert_int_equal(count(content(path), "] meets\n"), 2000);
    assert_int_equal(count(text, "] ends\n"), 50);
    unlink(path);
}

TEST(standard_error_gets_a_copy)
{
    int saved = dup(STDERR_FILENO), ends[2];
    ssize_t n;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    name_file();
    set_up(&(gust_log_options){.file = path, .to_stderr = true});
    gust_log_info("twice");
    gu_log_end();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    text[n < 0 ? 0 : n] = '\0';
    assert_non_null(strstr(text, "] twice\n"));
    assert_non_null(strstr(content(path), "] twice\n"));
    end_log();
}

TEST(a_file_that_cannot_be_had_changes_nothing)
{
    name_file();
    set_up(&(gust_log_options){.file = path});
    assert_int_equal(gust_log_setup(&(gust_log_options){.file = "/nowhere/x"}), -ENOENT);
    assert_int_equal(gust_log_setup(&(gust_log_options){.file = path, .queue_size = -1}), -EINVAL);
    for (uint64_t n = 1; n <= 4; n++) {
        gu_alloc_fail_at(n);
        assert_int_equal(gust_log_setup(&(gust_log_options){.file = path}), -ENOMEM);
        assert_true(gu_alloc_has_failed());
        gu_alloc_fail_at(0);
    }
    gust_log_info("still here");
    gu_log_end();
    assert_non_null(strstr(content(path), "] still here\n"));
    end_log();
}
