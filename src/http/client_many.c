/*
 * client — several fetches at once, fetches that somebody else waits for, and those without a loop
 */
#include "base/alloc.h"
#include "http/client_impl.h"

/* --- at once --- */

static int fetch_item(void *arg)
{
    gust_fetch_item *item = arg;

    item->response = gust_fetch(item->url, item->options);
    return 0;
}

int gust_fetch_all(gust_fetch_item items[], size_t n)
{
    gust_group *group = gust_group_new(GUST_GROUP_KEEP_GOING);
    int err;

    for (size_t i = 0; i < n; i++) {
        items[i].response = NULL;
        gust_group_go(group, fetch_item, &items[i]);
    }
    err = gust_group_wait(group);
    for (size_t i = 0; i < n; i++)
        if (items[i].response == NULL) /* it could not begin, or a callback raised */
            items[i].response = gu_fetch_failed(err);
    for (size_t i = 0; i < n; i++)
        if (items[i].response->error < 0)
            return items[i].response->error;
    return 0;
}

/* --- for somebody else --- */

struct job {
    gust_future *future;
    gust_arena *arena; /* that the response is made in */
    gust_fetch_options options;
    const gust_response *response;
    char url[];
};

static void job_end(struct job *job, const gust_response *response)
{
    gust_future *future = job->future;
    gust_arena *arena = job->arena;

    gu_free(job);
    gust_future_try_resolve(future, 0, (void *)(uintptr_t)response, arena);
    gust_future_unref(future);
}

/* What the fetch holds is given back by the scope, before the arena is given away. */
static const gust_response *run_in_arena(gust_arena *arena, const char *url,
                                         const gust_fetch_options *options)
{
    GUST_SCOPE();
    return gu_fetch_run(gu_client_of_loop(), arena, url, options, false);
}

static void job_main(struct gust_task *task)
{
    struct job *job = task->arg;

    job_end(job, run_in_arena(job->arena, job->url, &job->options));
}

static void job_raised(struct gust_task *task)
{
    job_end(task->arg, gu_fetch_failed(gu_task_raised_error(task)));
}

static struct job *job_new(const char *url, const gust_fetch_options *options)
{
    size_t len = strlen(url) + 1;
    struct job *job = gu_alloc0(sizeof *job + len);

    if (job == NULL)
        return NULL;
    memcpy(job->url, url, len);
    if (options != NULL)
        job->options = *options;
    job->arena = gust_arena_new();
    job->future = job->arena == NULL ? NULL : gust_future_new();
    if (job->future != NULL)
        return job;
    gust_arena_free(job->arena);
    gu_free(job);
    return NULL;
}

gust_future *gust_fetch_future(const char *url, const gust_fetch_options *options)
{
    struct gust_loop *loop = gust_loop_current();
    struct gu_tasks *tasks = loop == NULL ? NULL : gu_tasks_of(loop);
    struct gust_task *task = tasks == NULL ? NULL : gu_task_new(tasks, job_main, "gust_fetch");
    struct job *job;

    if (task == NULL)
        return NULL;
    job = job_new(url, options);
    if (job == NULL) {
        gu_task_discard(task);
        return NULL;
    }
    task->arg = job;
    task->raised = job_raised;
    gu_task_start_soon(task);
    return gust_future_ref(job->future);
}

/* --- without a loop --- */

struct sync {
    const char *url;
    const gust_fetch_options *options;
    gust_arena *arena;
    const gust_response *response;
};

static int run_sync(void *arg)
{
    struct sync *sync = arg;

    sync->response = run_in_arena(sync->arena, sync->url, sync->options);
    return 0;
}

const gust_response *gust_fetch_sync(const char *url, const gust_fetch_options *options)
{
    struct sync sync = {.url = url, .options = options, .arena = gust_arena_new()};
    int err = sync.arena == NULL ? -ENOMEM : gust_run(run_sync, &sync);

    if (sync.response == NULL)
        sync.response = gu_fetch_failed(err);
    gust_arena_adopt(sync.arena);
    return sync.response;
}
