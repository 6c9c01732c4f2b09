/*
 * log — where lines go: what a slow reader, a full disk, a fork and many threads cost
 */
#include "base/str.h"
#include "log_pipe.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(access_lines_wait_for_a_flush_and_the_others_do_not)
{
    struct log_pipe f;

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

TEST(a_reader_that_stops_costs_lines_and_never_time)
{
    struct log_pipe f;
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
    struct log_pipe f, again;

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

TEST(a_full_disk_costs_lines_and_the_next_one_begins_anew)
{
    struct log_pipe f;
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

TEST(a_fork_writes_what_waits_once)
{
    struct log_pipe f;
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
    struct log_pipe f;
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
