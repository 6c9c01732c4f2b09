/*
 * request_fuzz — any bytes as what a connection sends to an application
 *
 * They go through head, routes, arguments, cookies and body; the handler asks for everything, and
 * holds what it is told against what the documentation promises.
 */
#include "base/log.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "http/http_impl.h"
#include <gust.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS 6

/* --- the application --- */

static void require_text(const char *text)
{
    if (text != NULL)
        gu_assert(gu_utf8_is_valid(gust_str_from(text)));
}

static void ask(gust_request *r)
{
    int64_t number;

    for (size_t i = 0; i < 5; i++)
        require_text(gust_path_arg(r, i));
    require_text(gust_path_named(r, "name"));
    for (size_t i = 0; i < 3; i++)
        require_text(gust_get_arguments(r, "a", i));
    require_text(gust_find_argument(r, "a"));
    require_text(gust_get_cookie(r, "a"));
    require_text(gust_remote_ip(r));
    gu_assert(gust_protocol(r)[0] == 'h' && gust_full_url(r)[0] == 'h');
    gu_assert(strlen(gust_path(r)) > 0 && strlen(gust_host(r)) < 65536);
    gust_ignore(gust_find_path_int(r, 0, &number));
    if (gust_find_int(r, "a", 0, 9, &number) == 0)
        gu_assert(number >= 0 && number <= 9);
}

static int ask_any(gust_request *r)
{
    gust_error error = {0};

    ask(r);
    if (gust_find_argument(r, "json") != NULL && gust_find_json(r, &error) == NULL)
        return gust_fail(r, error.status, "%s", error.message);
    if (gust_find_argument(r, "need") != NULL)
        gust_text(r, "%s %lld", gust_need_argument(r, "a"), (long long)gust_path_int(r, 0));
    gust_write(r, gust_body(r).ptr, gust_body(r).len);
    return 0;
}

static int ask_pull(gust_request *r)
{
    gust_str piece;
    int n;

    ask(r);
    while ((n = gust_body_read(r, &piece)) > 0)
        gu_assert(piece.ptr[piece.len] == '\0');
    return n;
}

static int ask_piece(gust_request *r, gust_str piece)
{
    ask(r);
    gust_write(r, piece.ptr, piece.len);
    return 0;
}

static const gust_handler any = {.any = ask_any};
static const gust_handler pull = {.any = ask_pull, .flags = GUST_STREAM_BODY, .max_body_size = 99};
static const gust_handler push = {.any = ask_any, .data_received = ask_piece, .state_size = 8};
static const gust_route inner[] = {{.path = "/([a-z]+)/?(?<name>.*)", .handler = &any}, {0}};
static const gust_route routes[] = {
    {.path = "/", .handler = &any},
    {.path = "/pull", .handler = &pull},
    {.path = "/push", .handler = &push},
    {.path = "/slow/(?:(?:a+)+)+[bc]*[0-9]", .handler = &any},
    {.path = "/h/(.*)", .host = "(a|b)+\\.c", .handler = &any},
    {.path = "/n/([^/]*)", .routes = inner},
    {.path = "/(x)?(y)?(.*)", .handler = &any},
    {0},
};

static bool drop(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg, (void)level, (void)logger, (void)message;
    return true;
}

static gust_httpserver *server_new(void)
{
    static const gust_app_options options = {
        .routes = routes,
        .default_host = "a.c",
        .max_arguments = 20,
        .server = {.xheaders = true, .max_body_size = 4096, .linger_timeout = 0.001}};
    char address[64]; /* nobody comes upon it, as might be upon a port */
    gust_app *app;
    gust_httpserver *server;

    gu_log_set_sink(drop, NULL);
    app = gust_app_new(&options);
    server = app == NULL ? NULL : gust_httpserver_new(app, NULL);
    gu_assert(server != NULL);
    snprintf(address, sizeof address, "unix:@gust-request-fuzz-%ld", (long)getpid());
    gu_assert(gust_httpserver_listen(server, address) == 0); /* that it has a loop */
    return server;
}

/* --- the connection --- */

static void turns(int n)
{
    while (n-- > 0) {
        gust_loop_stop(gust_loop_current());
        gu_assert(gust_loop_start(gust_loop_current()) == 0);
    }
}

/* Whatever comes back begins as a response does. */
static void check(int fd)
{
    static char bytes[1 << 16];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n > 0)
        gu_assert(n >= 9 && memcmp(bytes, "HTTP/1.1 ", 9) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gust_httpserver *server;
    struct gu_peer peer = {.address.ss_family = AF_UNIX};
    int ends[2];

    if (server == NULL)
        server = server_new();
    if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
        return 0;
    gu_assert(gu_conn_new(server, ends[0], &peer) != NULL);
    server->n_conns++;
    gust_ignore(send(ends[1], data, size, MSG_NOSIGNAL));
    turns(TURNS);
    check(ends[1]);
    close(ends[1]);
    turns(TURNS);
    gu_assert(server->n_conns == 0);
    return 0;
}
