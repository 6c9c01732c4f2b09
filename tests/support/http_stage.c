/*
 * http_stage — see http_stage.h
 */
#include "http_stage.h"
#include "base/log.h"
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TURNS 12

static struct stage the_stage;
struct stage *stage = &the_stage;

static const char *const pollers[] = {"epoll", "poll", "select"};

/* --- the server --- */

static bool keep_log(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    size_t len = strlen(stage->log), room = sizeof stage->log - len;

    (void)arg;
    (void)level;
    (void)logger;
    snprintf(stage->log + len, room, "%.*s\n", (int)message.len, message.ptr);
    return true;
}

/* Each has a time of its own, or what is logged once in a while is not logged on the next. */
void http_stage_open(const char *poller)
{
    static gu_time n_stages;
    const gust_loop_options options = {.slow_callback = GUST_NEVER, .poller = poller};

    memset(stage, 0, offsetof(struct stage, bytes));
    gu_log_set_sink(keep_log, NULL);
    assert_int_equal(gust_loop_new(&options, &stage->loop), 0);
    virtual_clock()->now = VIRTUAL_START + ++n_stages * 1000 * GU_SECOND;
    gu_loop_set_clock(stage->loop, &virtual_clock()->clock);
}

void http_on_pollers(void (*test)(void))
{
    for (size_t i = 0; i < gu_countof(pollers); i++) {
        TEST_CASE(pollers[i]);
        http_stage_open(pollers[i]);
        test();
        http_end();
    }
}

static void name_of(char to[64], const char *name)
{
    snprintf(to, 64, "gust-http-test-%d%s", (int)getpid(), name);
}

gust_httpserver *http_serve_also(const char *name, const gust_delegate *delegate, void *arg,
                                 const gust_httpserver_options *options)
{
    gust_httpserver *server = gust_httpserver_new_delegate(delegate, arg, options);
    char path[64], address[80];

    assert_non_null(server);
    name_of(path, name);
    snprintf(address, sizeof address, "unix:@%s", path);
    assert_int_equal(gust_httpserver_listen(server, address), 0);
    return server;
}

void http_serve(const gust_delegate *delegate, void *arg, const gust_httpserver_options *options)
{
    stage->server = http_serve_also("", delegate, arg, options);
}

void http_end(void)
{
    struct gu_http *http = gu_http_of(stage->loop);

    gust_httpserver_free(stage->server);
    run_turns(stage->loop, TURNS);
    assert_int_equal(http->tasks->n_live, 0);
    assert_int_equal(http->n_lingering, 0);
    assert_int_equal(gu_http_memory(http), 0);
    gust_loop_close(stage->loop);
    gu_log_set_sink(NULL, NULL);
}

void http_note(const char *format, ...)
{
    size_t len = strlen(stage->events), room = sizeof stage->events - len;
    va_list args;

    va_start(args, format);
    vsnprintf(stage->events + len, room, format, args);
    va_end(args);
}

struct gu_conn *http_newest(void)
{
    return gu_container_of(stage->server->conns.prev, struct gu_conn, all);
}

void http_narrow(void)
{
    int size = 4096;

    assert_int_equal(setsockopt(http_newest()->s.io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size),
                     0);
}

int http_answer_big(gust_exchange *x)
{
    char *big = gust_alloc(HTTP_BIG);
    int err;

    memset(big, 'b', HTTP_BIG);
    err = gust_exchange_write_headers(x, 200, NULL, HTTP_BIG);
    return err < 0 ? err : gust_exchange_write(x, big, HTTP_BIG);
}

/* --- the client --- */

int http_call(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char path[64];

    assert_true(fd >= 0);
    name_of(path, name);
    memcpy(to.sun_path + 1, path, strlen(path));
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&to,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path))),
        0);
    return fd;
}

int http_connect_to(const char *name)
{
    int fd = http_call(name);

    run_turns(stage->loop, 3);
    return fd;
}

int http_connect(void)
{
    return http_connect_to("");
}

void http_send_bytes(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

void http_send(int fd, const char *text)
{
    http_send_bytes(fd, text, strlen(text));
}

static bool receive(int fd)
{
    size_t room = sizeof stage->bytes - 1 - stage->len;
    ssize_t n = recv(fd, stage->bytes + stage->len, room, 0);

    if (n > 0)
        stage->len += (size_t)n;
    stage->is_closed = n == 0 || (n < 0 && errno != EAGAIN);
    stage->is_reset = n < 0 && errno == ECONNRESET;
    stage->bytes[stage->len] = '\0';
    return n > 0;
}

const char *http_read(int fd)
{
    stage->len = 0;
    for (int quiet = 0; quiet < TURNS;) {
        run_turns(stage->loop, 1);
        quiet = receive(fd) ? 0 : quiet + 1;
        if (stage->is_closed)
            break;
    }
    return stage->bytes;
}

const char *http_ask(int fd, const char *text)
{
    http_send(fd, text);
    return http_read(fd);
}

size_t http_count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        n++;
    return n;
}
