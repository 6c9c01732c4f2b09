/*
 * fetch — what a fetch costs, 64 at a time
 *
 *     fetch URL N [CONCURRENT]
 *
 * So many tasks fetch one after the other until N are done. Printed are the CPU time of a fetch,
 * how long one takes, the connections that were opened, and the memory and descriptors at a tenth
 * of the way and at the end.
 */
#include <dirent.h>
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct run {
    const char *url;
    long n, n_begun, n_done, n_bad, n_connections;
};

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int n_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n - 3; /* ".", ".." and its own */
}

static void print_state(const struct run *run)
{
    printf("at %ld: %ld KiB, %d descriptors\n", run->n_done, resident_kib(), n_descriptors());
}

static int fetch_on(void *arg)
{
    struct run *run = arg;

    while (run->n_begun < run->n) {
        const gust_response *res;

        GUST_SCOPE();
        run->n_begun++;
        res = gust_fetch(run->url, NULL);
        run->n_bad += !gust_response_ok(res);
        run->n_connections += !res->is_reused;
        if (++run->n_done == run->n / 10 || run->n_done == run->n)
            print_state(run);
    }
    return 0;
}

struct all {
    struct run run;
    int concurrent;
};

static int fetch_all(void *arg)
{
    struct all *all = arg;
    gust_group *group = gust_group_new(0);

    for (int i = 0; i < all->concurrent; i++)
        gust_group_go(group, fetch_on, &all->run);
    return gust_group_wait(group);
}

int main(int argc, char **argv)
{
    struct all all = {.concurrent = 64};
    double began = now();
    int err;

    if (argc < 3) {
        fprintf(stderr, "usage: fetch URL N [CONCURRENT]\n");
        return 2;
    }
    all.run.url = argv[1];
    all.run.n = strtol(argv[2], NULL, 10);
    if (argc > 3)
        all.concurrent = (int)strtol(argv[3], NULL, 10);
    err = gust_run(fetch_all, &all);
    printf("%.2f us of CPU a fetch, which takes %.2f us, %ld connections, %ld failed\n",
           cpu_seconds() * 1e6 / (double)all.run.n,
           (now() - began) * 1e6 * all.concurrent / (double)all.run.n, all.run.n_connections,
           all.run.n_bad);
    return err < 0 || all.run.n_bad > 0;
}
