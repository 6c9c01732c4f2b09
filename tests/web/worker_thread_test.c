/*
 * worker — loops in threads, while clients ask and the process is told to stop
 */
#include "kept_log.h"
#include "test.h"
#include "web/worker.h"
#include <gust.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOPS 3
#define CLIENTS 4
#define REQUESTS 50

static atomic_int n_tries, n_starts, n_stops, n_served, n_failed;
static uint16_t port;

/* State of one loop, that no lock guards: that is what is tested. */
struct state {
    int n_requests;
};

static int on_start(gust_app *app)
{
    struct state *state = calloc(1, sizeof *state);

    gust_sleep(0.001);
    gust_app_set_data(app, state);
    n_starts++;
    return state == NULL ? -ENOMEM : 0;
}

static int on_start_once(gust_app *app)
{
    return n_tries++ == 0 ? on_start(app) : -EIO;
}

static void on_stop(gust_app *app)
{
    struct state *state = gust_app_data(app);

    n_served += state->n_requests;
    n_stops++;
    free(state);
}

static int count_get(gust_request *r)
{
    struct state *state = gust_data(r);

    state->n_requests++;
    gust_sleep(0.0001);
    return gust_json(r, GUST_VARS({"n", GUST_V(state->n_requests)}));
}

static void ask(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[512];

    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0 ||
        recv(fd, answer, sizeof answer, 0) < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0)
        n_failed++;
    close(fd);
}

static void *client(void *arg)
{
    for (int i = 0; i < REQUESTS; i++)
        ask();
    return arg;
}

/* Runs when all loops listen, in one of them: the clients go on beside. */
static void *all_clients(void *arg)
{
    pthread_t threads[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&threads[i], NULL, client, NULL);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    kill(getpid(), SIGTERM);
    return arg;
}

static pthread_t driver;

static void started(void *arg)
{
    pthread_create(&driver, NULL, all_clients, arg);
}

static int run(int (*start)(gust_app *), void (*when_started)(void *))
{
    static const gust_route routes[] = {{.path = "/", .get = count_get}, {0}};
    static struct gu_sockets sets[LOOPS];
    const gust_app_options app = {.routes = routes, .on_start = start, .on_stop = on_stop};
    int code;

    n_tries = n_starts = n_stops = n_served = n_failed = 0;
    drop_log();
    assert_int_equal(gu_sockets_bind("127.0.0.1:0", sets, LOOPS), 0);
    port = (uint16_t)gust_socket_port(sets[0].fds[0]);
    code = gu_worker_run(&(struct gu_worker_options){
        .app = &app, .sets = sets, .n_loops = LOOPS, .started = when_started});
    release_log();
    return code;
}

TEST(each_loop_has_its_own_application_and_all_drain_at_a_signal)
{
    assert_int_equal(run(on_start, started), 0);
    pthread_join(driver, NULL);
    assert_int_equal(n_failed, 0);
    assert_int_equal(n_starts, LOOPS);
    assert_int_equal(n_stops, LOOPS);
    assert_int_equal(n_served, CLIENTS * REQUESTS);
}

TEST(a_loop_that_cannot_start_stops_the_others)
{
    assert_int_equal(run(on_start_once, NULL), 1);
    assert_int_equal(n_starts, n_stops);
}

/* --- what does not stop --- */

static void spin(void *arg)
{
    (void)arg;
    kill(getpid(), SIGTERM);
    for (;;)
        gust_ignore(gust_sleep(1)); /* once it is cancelled, this does not wait */
}

static int start_spinning(gust_app *app)
{
    return gust_app_go(app, spin, NULL);
}

static _Noreturn void spin_until_ended(int says)
{
    static const gust_route routes[] = {{0}};
    const gust_app_options app = {.routes = routes, .on_start = start_spinning};
    struct gu_sockets set;

    dup2(says, STDERR_FILENO);
    gust_ignore(gu_sockets_bind("127.0.0.1:0", &set, 1));
    alarm(60);
    _exit(2 + gu_worker_run(&(struct gu_worker_options){
                  .app = &app, .sets = &set, .n_loops = 1, .patience = GU_SECOND / 5}));
}

TEST(a_process_whose_task_takes_no_notice_of_its_end_is_ended)
{
    char text[4096];
    int ends[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    assert_return_code(pipe(ends), 0);
    pid = fork();
    assert_return_code(pid, 0);
    if (pid == 0)
        spin_until_ended(ends[1]);
    close(ends[1]);
    while ((n = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(text, "ending: something takes no notice"));
}
