/*
 * tasks — what a sleeping task costs
 *
 *     tasks --tasks 1000000
 *
 * Starts so many tasks, each of which allocates a little and sleeps; prints what the process's
 * resident memory and page tables grew by, a task; wakes them all; says how long each step took.
 */
#include "task/task_impl.h"
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT 5120 /* bytes a task that the project promises, where guards are light */

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A figure of /proc/self/status, in bytes. */
static double status(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kib = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtod(line + strlen(name), NULL);
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

static gust_cond morning;
static long n_awake;

static void sleep_in(struct gust_task *task)
{
    char *text = gust_sprintf("task %p", (void *)task);

    gust_ignore(gust_cond_wait(&morning));
    n_awake += text[0] == 't';
}

static void stop(void *loop)
{
    gust_loop_stop(loop);
}

static long read_count(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--tasks=", 8) == 0)
            return strtol(argv[i] + 8, NULL, 10);
        if (strcmp(argv[i], "--tasks") == 0 && i + 1 < argc)
            return strtol(argv[i + 1], NULL, 10);
    }
    return 1000000;
}

static bool start(struct gu_tasks *tasks, long n)
{
    for (long i = 0; i < n; i++) {
        struct gust_task *task = gu_task_new(tasks, sleep_in, "sleeper");

        if (task == NULL) {
            fprintf(stderr, "no memory for task %ld\n", i);
            return false;
        }
        gu_task_start(task);
    }
    return true;
}

int main(int argc, char **argv)
{
    static const char *const guards[] = {"light", "mprotect", "canary"};
    long n = read_count(argc, argv);
    gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = loop == NULL ? NULL : gu_tasks_of(loop);
    double resident = status("VmRSS:"), tables = status("VmPTE:"), began = now(), started, each;

    if (n <= 0 || tasks == NULL || !start(tasks, n))
        return 1;
    started = now();
    resident = (status("VmRSS:") - resident) / (double)n;
    tables = (status("VmPTE:") - tables) / (double)n;
    each = resident + tables;
    printf("%ld tasks asleep, guards: %s\n", n, guards[tasks->stacks.guard]);
    printf("resident     %8.0f bytes a task\n", resident);
    printf("page tables  %8.0f bytes a task\n", tables);
    printf("together     %8.0f bytes a task (at most %d)\n", each, LIMIT);
    printf("start        %8.0f ns a task\n", (started - began) / (double)n * 1e9);
    began = now();
    gust_cond_notify_all(&morning);
    if (gust_loop_add_callback(loop, stop, loop) < 0)
        return 1;
    gust_loop_start(loop);
    printf("wake and end %8.0f ns a task\n", (now() - began) / (double)n * 1e9);
    gust_loop_close(loop);
    return n_awake == n && each <= LIMIT ? 0 : 1;
}
