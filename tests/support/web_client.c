/*
 * web_client — see web_client.h
 */
#include "web_client.h"
#include "base/log.h"
#include "base/str.h"
#include "task/task_impl.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUIET_TURNS 20 /* of a millisecond each, without a byte: nothing more comes */

/* --- the server --- */

static bool keep_log(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    struct web *web = arg;
    size_t room = sizeof web->log - web->log_len;
    int n = snprintf(web->log + web->log_len, room, "%c %.*s\n", "?DIWEC"[level / 10],
                     (int)message.len, message.ptr);

    (void)logger;
    if (n > 0 && (size_t)n < room)
        web->log_len += (size_t)n;
    return true;
}

/* What the kernel lacks is logged by the first task of a loop; tests are not about that. */
static void warm_up(struct web *web)
{
    gu_task_discard(gu_task_new(gu_tasks_of(web->loop), NULL, "warm-up"));
    web->log_len = 0;
    web->log[0] = '\0';
}

struct web *web_open(const gust_app_options *options)
{
    const gust_loop_options loop_options = {.slow_callback = GUST_NEVER};
    struct web *web = calloc(1, sizeof *web);

    assert_non_null(web);
    gu_log_set_sink(keep_log, web);
    assert_int_equal(gust_loop_new(&loop_options, &web->loop), 0);
    warm_up(web);
    web->app = gust_app_new(options);
    assert_non_null(web->app);
    web->server = gust_httpserver_new(web->app, NULL);
    assert_non_null(web->server);
    assert_int_equal(gust_httpserver_listen(web->server, "127.0.0.1:0"), 0);
    return web;
}

struct web *web_serve(gust_handler_fn *fn)
{
    static gust_route routes[2];

    routes[0] = (gust_route){.path = "/", .get = fn, .post = fn};
    return web_open(&(gust_app_options){.routes = routes});
}

void web_close(struct web *web)
{
    gust_httpserver_free(web->server);
    web_turns(web, 3);
    gust_app_free(web->app);
    gust_loop_close(web->loop);
    gu_log_set_sink(NULL, NULL);
    free(web);
}

void web_turns(struct web *web, int n)
{
    while (n-- > 0) {
        gust_loop_stop(web->loop);
        assert_int_equal(gust_loop_start(web->loop), 0);
    }
}

/* --- the client --- */

int web_connect(struct web *web)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)gust_httpserver_port(web->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void web_send(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static gust_str field_of(const char *response, const char *name)
{
    const char *end = strstr(response, "\r\n\r\n");
    const char *at = end == NULL ? NULL : strstr(response, name);

    return at == NULL || at > end ? gu_str(NULL, 0) : gust_str_from(at + strlen(name));
}

static bool is_head_only(const char *response)
{
    return strncmp(response + 9, "204", 3) == 0 || strncmp(response + 9, "304", 3) == 0;
}

/* One response, as far as its framing tells. */
static bool is_whole(const struct web *web)
{
    const char *end = strstr(web->bytes, "\r\n\r\n");
    gust_str length;

    if (end == NULL)
        return false;
    if (is_head_only(web->bytes))
        return true;
    if (field_of(web->bytes, "Transfer-Encoding: chunked").ptr != NULL)
        return web->len >= 5 && memcmp(web->bytes + web->len - 5, "0\r\n\r\n", 5) == 0;
    length = field_of(web->bytes, "Content-Length: ");
    return length.ptr != NULL &&
           web->len >= (size_t)(end + 4 - web->bytes) + strtoul(length.ptr, NULL, 10);
}

static bool receive(struct web *web, int fd)
{
    ssize_t n = recv(fd, web->bytes + web->len, sizeof web->bytes - 1 - web->len, MSG_DONTWAIT);

    if (n > 0)
        web->len += (size_t)n;
    web->is_closed = n == 0 || (n < 0 && errno != EAGAIN);
    web->bytes[web->len] = '\0';
    return n > 0;
}

const char *web_read(struct web *web, int fd)
{
    int quiet = 0;

    web->len = 0;
    web->is_closed = false;
    while (quiet < QUIET_TURNS && !web->is_closed) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        web_turns(web, 1);
        if (receive(web, fd))
            quiet = 0;
        else if (poll(&p, 1, is_whole(web) ? 0 : 1) == 0)
            quiet++;
    }
    return web->bytes;
}

const char *web_talk(struct web *web, const char *request)
{
    int fd = web_connect(web);

    web_send(fd, request);
    web_read(web, fd);
    close(fd);
    web_turns(web, 2);
    return web->bytes;
}

const char *web_get(struct web *web, const char *target, const char *lines)
{
    char request[4096];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                     target, lines == NULL ? "" : lines);

    assert_true(n > 0 && (size_t)n < sizeof request);
    return web_talk(web, request);
}

/* --- responses --- */

int web_status(const char *response)
{
    return strncmp(response, "HTTP/1.", 7) == 0 ? (int)strtol(response + 9, NULL, 10) : 0;
}

const char *web_body_of(const char *response)
{
    const char *end = strstr(response, "\r\n\r\n");

    return end == NULL ? "" : end + 4;
}

bool web_has_line(const char *response, const char *line)
{
    const char *end = strstr(response, "\r\n\r\n");
    size_t len = strlen(line);

    for (const char *at = response; at != NULL && at <= end; at = strstr(at, "\r\n")) {
        at += at == response ? 0 : 2;
        if (strncmp(at, line, len) == 0 && strncmp(at + len, "\r\n", 2) == 0)
            return true;
    }
    return false;
}
