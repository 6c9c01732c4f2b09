/*
 * test — registration, main, leaked descriptors, deaths
 *
 * Each program prints cmocka's lines and exits with the number of failures. A first argument picks
 * the tests whose name contains it.
 */
#include "test.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_entry *first, **last = &first;
static const char *row;
static int fds_before;

void test_register(struct test_entry *entry)
{
    *last = entry;
    last = &entry->next;
}

void test_case(const char *name)
{
    row = name;
}

const char *test_address(void)
{
    static char address[64];

    snprintf(address, sizeof address, "unix:@gust-test-%d", (int)getpid());
    return address;
}

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static int set_up(void **state)
{
    (void)state;
    row = NULL;
    fds_before = count_fds();
    return 0;
}

static int tear_down(void **state)
{
    int fds = count_fds();

    (void)state;
    if (row != NULL)
        print_message("           (last row: %s)\n", row);
    if (fds != fds_before) {
        print_error("%d descriptors were open before the test, %d after it\n", fds_before, fds);
        return -1;
    }
    return 0;
}

void assert_aborts(void (*fn)(void *), void *arg, const char *message)
{
    char text[4096];
    size_t len = 0;
    ssize_t n;
    int ends[2], status;
    pid_t pid;

    assert_return_code(pipe(ends), 0);
    fflush(stdout);
    pid = fork();
    assert_return_code(pid, 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        fn(arg);
        _exit(0);
    }
    close(ends[1]);
    while (len < sizeof text - 1 && (n = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("it did not abort (status %d); it printed: %s", status, text);
    if (strstr(text, message) == NULL)
        fail_msg("the message lacks \"%s\": %s", message, text);
}

int main(int argc, char **argv)
{
    struct CMUnitTest *tests;
    size_t n = 0;
    int failed;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct test_entry *e = first; e != NULL; e = e->next)
        n++;
    tests = calloc(n > 0 ? n : 1, sizeof *tests);
    if (tests == NULL)
        return 1;
    n = 0;
    for (struct test_entry *e = first; e != NULL; e = e->next)
        if (argc < 2 || strstr(e->name, argv[1]) != NULL)
            tests[n++] = (struct CMUnitTest){e->name, e->run, set_up, tear_down, NULL};
    failed = n == 0 ? 1 : _cmocka_run_group_tests(argv[0], tests, n, NULL, NULL);
    free(tests);
    return failed;
}
