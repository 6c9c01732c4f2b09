/*
 * start — gust_httpserver_bind() and gust_httpserver_start(): the server that forks itself
 */
#include "kept_log.h"
#include "test.h"
#include <gust/loop.h>
#include <gust/process.h>
#include <gust/server.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int answer_id(gust_exchange *x)
{
    char body = (char)('0' + gust_worker_id());
    int err = gust_exchange_write_headers(x, 200, (gust_field[]){{NULL, NULL}}, 1);

    return err < 0 ? err : gust_exchange_write(x, &body, 1);
}

static const gust_delegate delegate = {.headers_received = answer_id};

/* A supervisor of two workers; the port goes to `to`. */
static int serve(int to)
{
    gust_httpserver *server = gust_httpserver_new_delegate(&delegate, NULL, NULL);
    int port;

    if (gust_httpserver_bind(server, "127.0.0.1:0") < 0 ||
        gust_httpserver_bind(server, "127.0.0.1:0") != -EEXIST)
        return 2;
    port = gust_httpserver_port(server);
    gust_ignore(write(to, &port, sizeof port));
    if (gust_httpserver_start(server, 2) < 0)
        return 3;
    return gust_loop_start(gust_loop_current());
}

/* The number of the worker that answered. */
static int ask(int port)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[512];
    ssize_t n, len = 0;

    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    while ((n = recv(fd, answer + len, sizeof answer - (size_t)len, 0)) > 0)
        len += n;
    assert_int_equal(n, 0);
    close(fd);
    assert_true(len > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
    return answer[len - 1] - '0';
}

TEST(a_server_that_was_bound_is_served_by_several_processes)
{
    int ends[2], port, status;
    unsigned seen = 0;
    pid_t pid;

    assert_return_code(pipe(ends), 0);
    pid = fork();
    assert_return_code(pid, 0);
    if (pid == 0) {
        drop_log();
        _exit(serve(ends[1]));
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &port, sizeof port), sizeof port);
    close(ends[0]);
    for (int i = 0; i < 1000 && seen != 3; i++)
        seen |= 1u << ask(port);
    assert_int_equal(seen, 3);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

TEST(with_one_process_it_listens_here)
{
    gust_httpserver *server = gust_httpserver_new_delegate(&delegate, NULL, NULL);

    assert_int_equal(gust_httpserver_bind(server, "127.0.0.1:0"), 0);
    assert_int_equal(gust_httpserver_start(server, 1), 0);
    assert_true(gust_httpserver_port(server) > 0);
    assert_int_equal(gust_httpserver_start(server, 2), -EEXIST); /* there is a loop now */
    gust_httpserver_free(server);
    gust_loop_close(gust_loop_current());
}

TEST(a_server_that_never_listened_is_freed)
{
    gust_httpserver *server = gust_httpserver_new_delegate(&delegate, NULL, NULL);

    assert_int_equal(gust_httpserver_bind(server, "127.0.0.1:0"), 0);
    gust_httpserver_free(server);
    gust_httpserver_free(NULL);
}
