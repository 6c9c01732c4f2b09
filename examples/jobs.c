/*
 * jobs — a queue, ten workers, and an end in time
 *
 * A producer puts numbers into a queue that holds a few; ten workers square them, each of which
 * takes a while. The whole is given some seconds, and what was not done by then is counted:
 *
 *     ./dev run jobs              a hundred jobs, within ten seconds
 *     ./dev run jobs 1000 0.5     more than that time allows
 */
#include <gust.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define N_WORKERS 10

struct jobs {
    gust_queue *queue;
    int64_t n;
    double seconds;
    int64_t n_done, sum;
};

/* Puts all numbers, as fast as the workers take them. */
static int produce(void *arg)
{
    struct jobs *jobs = arg;
    int err = 0;

    for (intptr_t i = 1; i <= jobs->n && err == 0; i++)
        err = gust_queue_put(jobs->queue, (void *)i);
    return err;
}

static int work(void *arg)
{
    struct jobs *jobs = arg;
    void *item;
    int err;

    while ((err = gust_queue_get(jobs->queue, &item)) == 0) {
        intptr_t i = (intptr_t)item;

        err = gust_sleep(0.01); /* stands for a request to another server */
        if (err < 0)
            break;
        jobs->n_done++;
        jobs->sum += i * i;
        gust_queue_task_done(jobs->queue);
    }
    return err;
}

static int run_jobs(void *arg)
{
    struct jobs *jobs = arg;
    gust_group *workers = gust_group_new(0), *producer = gust_group_new(0);
    int err;

    for (int i = 0; i < N_WORKERS; i++)
        gust_group_go(workers, work, jobs);
    {
        GUST_DEADLINE(jobs->seconds);
        gust_group_go(producer, produce, jobs);
        err = gust_group_wait(producer);
        if (err == 0)
            err = gust_queue_join(jobs->queue);
    }
    return err; /* the workers, which wait for more, end with the scope */
}

int main(int argc, char **argv)
{
    struct jobs jobs = {
        .queue = gust_queue_new(&(gust_queue_options){.max_size = 2 * N_WORKERS}),
        .n = argc > 1 ? strtol(argv[1], NULL, 10) : 100,
        .seconds = argc > 2 ? strtod(argv[2], NULL) : 10,
    };
    int err = jobs.queue == NULL ? -ENOMEM : gust_run(run_jobs, &jobs);

    printf("%" PRId64 " of %" PRId64 " jobs done, the sum of squares is %" PRId64 "\n", jobs.n_done,
           jobs.n, jobs.sum);
    if (err < 0)
        fprintf(stderr, "jobs: %s\n", gust_strerror(err));
    gust_queue_free(jobs.queue, NULL);
    return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
