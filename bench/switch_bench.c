/*
 * switch — what a switch costs
 *
 * The first figure is two bare switches, there and back. The second goes through the whole of the
 * room: a task that waits, and is resumed. The third is a task's whole life: taken from the pool,
 * run to its end, put back. Best of five, in nanoseconds.
 */
#include "task/switch.h"
#include "task/task_impl.h"
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 10000000
#define STACK ((size_t)64 * 1024)

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double best_of_five(void (*round)(void))
{
    double best = 1e18;

    for (int i = 0; i < 5; i++) {
        double began = now();

        round();
        best = best < now() - began ? best : now() - began;
    }
    return best / ROUNDS;
}

/* --- bare --- */

static void *here, *there;

static void step_back(void *arg)
{
    (void)arg;
    for (;;)
        gu_switch(&there, here);
}

static void there_and_back(void)
{
    for (int i = 0; i < ROUNDS; i++)
        gu_switch(&here, there);
}

/* --- tasks --- */

static struct gu_tasks *tasks;
static struct gust_task *sleeper;
static bool is_over;

static void sleep_on(struct gust_task *task)
{
    struct gu_wait wait = {.abandon = gu_wait_unlink};

    (void)task;
    while (!is_over)
        gust_ignore(gu_task_wait(&wait, GU_FOREVER));
}

static void resume(void)
{
    for (int i = 0; i < ROUNDS; i++)
        gu_task_resume(sleeper, 0);
}

static void nothing(struct gust_task *task)
{
    (void)task;
}

static void live(void)
{
    for (int i = 0; i < ROUNDS; i++)
        gu_task_start(gu_task_new(tasks, nothing, "bench"));
}

int main(void)
{
    gust_loop *loop = gust_loop_current();
    char *stack = aligned_alloc(64, STACK);

    tasks = loop == NULL ? NULL : gu_tasks_of(loop);
    if (stack == NULL || tasks == NULL)
        return 1;
    there = gu_switch_prepare(stack + STACK, step_back, NULL);
    printf("switch there and back     %6.2f ns\n", best_of_five(there_and_back));
    sleeper = gu_task_new(tasks, sleep_on, "sleeper");
    gu_task_start(sleeper);
    printf("resume a task that waits  %6.2f ns\n", best_of_five(resume));
    is_over = true;
    gu_task_resume(sleeper, 0);
    printf("a task, from start to end %6.2f ns\n", best_of_five(live));
    gust_loop_close(loop);
    free(stack);
    return 0;
}
