/*
 * blocking — a handler that asks a slow service, written in three ways, and the service
 *
 * /task waits in the handler's task, so the loop serves others. /threads uses a client that blocks,
 * on a thread of the executor's. /blocking uses it where the loop runs, and holds everybody. What
 * all three ask is --backend; /slow of another process of this program answers after --delay.
 */
#include <gust.h>
#include <pthread.h>

static const char *backend = "http://127.0.0.1:8888/slow";
static double delay = 1;

/* --- the service --- */

static int slow_get(gust_request *r)
{
    int err = gust_sleep(delay);

    if (err < 0)
        return err;
    gust_text(r, "at last\n");
    return 0;
}

static int up_get(gust_request *r)
{
    gust_text(r, "yes\n");
    return 0;
}

/* --- three ways to ask it --- */

/* With the defaults no more than 64 requests go to one origin at once. */
static int on_start(gust_app *app)
{
    gust_httpclient *client = gust_httpclient_new(&(gust_httpclient_options){
        .max_clients = GUST_NEVER, .max_per_host = GUST_NEVER, .max_idle = GUST_NEVER});

    gust_app_set_data(app, client);
    return client == NULL ? -ENOMEM : 0;
}

static void on_stop(gust_app *app)
{
    gust_httpclient_free(gust_app_data(app));
}

static int answer(gust_request *r, bool is_well, const char *reason)
{
    if (!is_well)
        return gust_fail(r, 502, "%s", reason);
    gust_text(r, "at last\n");
    return 0;
}

static int task_get(gust_request *r)
{
    const gust_response *res = gust_httpclient_fetch(gust_data(r), backend, NULL);

    return answer(r, gust_response_ok(res), gust_response_reason(res));
}

static int fetch_and_block(void *is_well)
{
    GUST_SCOPE();

    *(bool *)is_well = gust_response_ok(gust_fetch_sync(backend, NULL));
    return 0;
}

static int threads_get(gust_request *r)
{
    bool is_well = false;
    int err = gust_run_in_executor(fetch_and_block, &is_well);

    return err < 0 ? err : answer(r, is_well, "the backend");
}

static void *fetch_thread(void *is_well)
{
    fetch_and_block(is_well);
    return NULL;
}

/* gust_fetch_sync() aborts in a task, where it would do this; so here a thread does it, and the
 * loop waits for it as for any client that blocks. */
static int blocking_get(gust_request *r)
{
    bool is_well = false;
    pthread_t thread;

    if (pthread_create(&thread, NULL, fetch_thread, &is_well) != 0)
        return -EAGAIN;
    pthread_join(thread, NULL);
    return answer(r, is_well, "the backend");
}

int main(int argc, char **argv)
{
    static const gust_option options[] = {
        {.name = "backend", .to = &backend, .help = "the URL of the slow service"},
        {.name = "delay", .type = GUST_OPTION_DURATION, .to = &delay, .help = "of this one's"},
        {0},
    };
    static const gust_route routes[] = {
        {.path = "/slow", .get = slow_get},         {.path = "/up", .get = up_get},
        {.path = "/task", .get = task_get},         {.path = "/threads", .get = threads_get},
        {.path = "/blocking", .get = blocking_get}, {0},
    };

    return gust_app_main(
        &(gust_app_options){
            .routes = routes, .options = options, .on_start = on_start, .on_stop = on_stop},
        argc, argv);
}
