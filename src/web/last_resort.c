/*
 * last_resort — see last_resort.h
 */
#include "web/last_resort.h"
#include "base/log.h"
#include <signal.h>
#include <time.h>
#include <unistd.h>

static gu_time now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (gu_time)t.tv_sec * GU_SECOND + t.tv_nsec;
}

/* Not exit(): what spins still uses all that would be torn down. */
static void end_process(void)
{
    gu_log(GUST_LOG_CRITICAL, GU_LOG_GENERAL,
           "ending: something takes no notice of having been cancelled");
    gu_log_flush();
    _exit(1);
}

static void *wait_for_the_end(void *arg)
{
    struct gu_last_resort *last = arg;

    pthread_mutex_lock(&last->lock);
    while (!last->is_over && now() < last->at) {
        struct timespec until = {(time_t)(last->at / GU_SECOND), (long)(last->at % GU_SECOND)};

        pthread_cond_timedwait(&last->changed, &last->lock, &until);
    }
    if (!last->is_over)
        end_process();
    pthread_mutex_unlock(&last->lock);
    return NULL;
}

/* Signals are for the loops. */
static bool start(struct gu_last_resort *last)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&last->thread, NULL, wait_for_the_end, last);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err == 0;
}

void gu_last_resort_init(struct gu_last_resort *last)
{
    pthread_condattr_t attr;

    *last = (struct gu_last_resort){.at = GU_FOREVER};
    pthread_mutex_init(&last->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&last->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void gu_last_resort_arm(struct gu_last_resort *last, gu_time patience)
{
    gu_time from = now();

    pthread_mutex_lock(&last->lock);
    if (patience < GU_FOREVER - from)
        last->at = gu_time_min(last->at, from + patience);
    pthread_cond_signal(&last->changed);
    if (!last->is_running && last->at < GU_FOREVER)
        last->is_running = start(last);
    pthread_mutex_unlock(&last->lock);
}

void gu_last_resort_deinit(struct gu_last_resort *last)
{
    pthread_mutex_lock(&last->lock);
    last->is_over = true;
    pthread_cond_signal(&last->changed);
    pthread_mutex_unlock(&last->lock);
    if (last->is_running)
        pthread_join(last->thread, NULL);
    pthread_cond_destroy(&last->changed);
    pthread_mutex_destroy(&last->lock);
}
