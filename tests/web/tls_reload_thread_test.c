/*
 * worker — certificates that are read again while other threads' loops shake hands
 */
#include "base/log.h"
#include "test.h"
#include "tls_wire.h"
#include "web/worker.h"
#include <fcntl.h>
#include <gust.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOPS 2
#define CLIENTS 2
#define ROUNDS 8

static const char *const names[2] = {"even", "odd"};
static char texts[2][5120]; /* certificate and key of each, for one file that is replaced at once */
static const char *path;
static unsigned port;
static atomic_int n_failed, n_shaken, n_reloads;
static atomic_bool is_over;

static bool count_reloads(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg, (void)level, (void)logger;
    n_reloads += memmem(message.ptr, message.len, "were read again", 15) != NULL;
    return true;
}

static int hello_get(gust_request *r)
{
    gust_text(r, "hello");
    return 0;
}

/* --- clients --- */

struct visit {
    char subject[100]; /* of the server's certificate; empty if something failed */
};

static int ask(gust_stream *s)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    gust_str line;
    int err = gust_stream_write(s, request, sizeof request - 1);

    if (err == 0)
        err = gust_read_until(s, "hello", 0, &line);
    if (err == 0 && memcmp(line.ptr, "HTTP/1.1 200", 12) != 0)
        err = -GUST_EPROTO;
    return err;
}

static int open_stream(gust_stream **s)
{
    const gust_tls_options tls = {.ca_pem = tls_ca(), .no_name_check = true};

    return gust_connect("127.0.0.1", port, &(gust_connect_options){.tls = &tls}, s);
}

static int visit_main(void *arg)
{
    struct visit *visit = arg;
    gust_stream *s = NULL;
    int err;

    GUST_DEADLINE(20);
    err = open_stream(&s);
    if (err == 0)
        err = ask(s);
    if (err == 0)
        snprintf(visit->subject, sizeof visit->subject, "%s", gust_stream_certificate(s)->subject);
    gust_stream_close(s);
    return err;
}

/* The name of whose certificate a new connection is shown, in a loop of its own. */
static struct visit look(void)
{
    struct visit visit = {""};

    if (gust_run(visit_main, &visit) < 0)
        n_failed++;
    else
        n_shaken++;
    return visit;
}

static void *visit_again_and_again(void *arg)
{
    while (!is_over)
        look();
    return arg;
}

/* A connection that is there before the first change, and after the last. */
static int stay(void *arg)
{
    gust_stream *s = NULL;
    int err = open_stream(&s);

    (void)arg;
    if (err == 0)
        err = ask(s);
    while (err == 0 && !is_over)
        err = gust_sleep(0.001);
    if (err == 0)
        err = ask(s);
    gust_stream_close(s);
    return err;
}

static void *stay_in_thread(void *arg)
{
    n_failed += gust_run(stay, NULL) < 0;
    return arg;
}

/* --- changes --- */

static bool replace_file(const char *text)
{
    char fresh[64];
    int fd;
    bool is_good;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    is_good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return is_good && rename(fresh, path) == 0;
}

/* Until the name was shown as often as there are loops, in a row. */
static bool is_soon_shown(const char *name)
{
    char subject[100];
    int n = 0;

    snprintf(subject, sizeof subject, "CN=%s,O=Gust", name);
    for (int i = 0; i < 2000 && n < 2 * LOOPS; i++)
        n = strcmp(look().subject, subject) == 0 ? n + 1 : 0;
    return n == 2 * LOOPS;
}

/* In turn by SIGHUP and by the file alone. */
static void *change_again_and_again(void *arg)
{
    pthread_t threads[CLIENTS + 1];

    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&threads[i], NULL, visit_again_and_again, NULL);
    pthread_create(&threads[CLIENTS], NULL, stay_in_thread, NULL);
    for (int i = 1; i <= ROUNDS; i++) {
        n_failed += !replace_file(texts[i % 2]);
        if (i % 4 < 2)
            kill(getpid(), SIGHUP);
        n_failed += !is_soon_shown(names[i % 2]);
    }
    is_over = true;
    for (int i = 0; i <= CLIENTS; i++)
        pthread_join(threads[i], NULL);
    kill(getpid(), SIGTERM);
    return arg;
}

static pthread_t driver;

static void started(void *arg)
{
    pthread_create(&driver, NULL, change_again_and_again, arg);
}

static void make_identities(void)
{
    static struct tls_identity id;

    for (int i = 0; i < 2; i++) {
        char subject[100];

        snprintf(subject, sizeof subject, "%s", names[i]);
        tls_identity_make(&id, subject);
        snprintf(texts[i], sizeof texts[i], "%s%s", id.cert, id.key);
    }
}

TEST(certificates_are_read_again_while_other_loops_shake_hands)
{
    static const gust_route routes[] = {{.path = "/", .get = hello_get}, {0}};
    static struct gu_sockets sets[LOOPS];
    gust_tls_options tls = {.reload_interval = 0.001};
    const gust_app_options app = {.routes = routes, .server.tls = &tls};
    int code;

    make_identities();
    path = tls.cert.cert_file = tls_file(texts[0]);
    gu_log_set_sink(count_reloads, NULL);
    assert_int_equal(gu_sockets_bind("127.0.0.1:0", sets, LOOPS), 0);
    port = (unsigned)gust_socket_port(sets[0].fds[0]);
    code = gu_worker_run(&(struct gu_worker_options){
        .app = &app, .sets = sets, .n_loops = LOOPS, .started = started});
    pthread_join(driver, NULL);
    gu_log_set_sink(NULL, NULL);
    assert_int_equal(code, 0);
    assert_int_equal(n_failed, 0);
    assert_true(n_reloads >= ROUNDS);
    assert_true(n_shaken >= ROUNDS * 2 * LOOPS);
    tls_files_remove();
}
