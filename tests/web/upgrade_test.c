/*
 * upgrade — a handler that takes its connection away from HTTP, and bodies that the queue keeps
 */
#include "http/http_impl.h"
#include "test.h"
#include "web_client.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int echo_get(gust_request *r)
{
    gust_stream *s;
    gust_str line;

    gust_puts(r, "never sent");
    s = gust_request_stream(r);
    assert_non_null(s);
    assert_null(gust_request_stream(r));
    assert_true(gust_finish(r) < 0);
    if (gust_stream_printf(s, "HTTP/1.1 101 Switching Protocols\r\n\r\n") < 0)
        return -EIO;
    while (gust_read_until(s, "\n", 100, &line) == 0)
        gust_ignore(gust_stream_write(s, line.ptr, line.len));
    return 0;
}

#define LARGE ((size_t)3 << 20)

static void use_after_finish(gust_request *r)
{
    gust_puts(r, "too late"); /* into a body that the connection has taken */
}

static int large_get(gust_request *r)
{
    char *block = gust_alloc(LARGE);

    memset(block, 'l', LARGE);
    gust_write(r, block, LARGE);
    gust_ignore(gust_finish(r));
    gust_puts(r, "too late");
    return gust_sleep(0.001);
}

static const gust_handler large = {.get = large_get, .on_finish = use_after_finish};

static struct web *open_web(void)
{
    return web_open(&(gust_app_options){.routes = (gust_route[]){
                                            {.path = "/echo", .get = echo_get},
                                            {.path = "/large", .handler = &large},
                                            {0},
                                        }});
}

TEST(a_handler_takes_its_connection_and_what_came_behind_its_request)
{
    struct web *web = open_web();
    int fd = web_connect(web);

    web_send(fd, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
                 "one\ntw");
    assert_string_equal(web_read(web, fd), "HTTP/1.1 101 Switching Protocols\r\n\r\none\n");
    web_send(fd, "o\n");
    assert_string_equal(web_read(web, fd), "two\n");
    shutdown(fd, SHUT_WR);
    web_read(web, fd);
    assert_true(web->is_closed);
    assert_non_null(strstr(web->log, "101 GET /echo"));
    close(fd);
    web_close(web);
}

TEST(a_large_body_is_sent_from_its_own_memory_to_a_slow_reader)
{
    struct web *web = open_web();
    int fd = web_connect(web), size = 65536;
    const struct gu_conn *conn;

    web_turns(web, 3);
    conn = gu_container_of(web->server->conns.next, struct gu_conn, all);
    assert_int_equal(setsockopt(conn->s.io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    web_send(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    web_turns(web, 10);
    assert_true(gu_stream_is_blocked(&conn->s));
    assert_int_equal(conn->s.net->queued, 0); /* the queue keeps it where it lies */
    web_read(web, fd);
    assert_int_equal(strlen(web_body_of(web->bytes)), LARGE);
    assert_null(strstr(web->bytes, "too late"));
    close(fd);
    web_close(web);
}
