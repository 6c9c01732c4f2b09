/*
 * tcpserver — connections that are served by tasks, and who connects to them
 */
#include "base/gu.h"
#include "test.h"
#include <gust.h>
#include <stdio.h>
#include <string.h>

static int echo(gust_stream *s, void *arg)
{
    (void)arg;
    return gust_copy(s, s);
}

static int talk_through(const char *address)
{
    GUST_SCOPE();
    gust_str lent;
    gust_stream *s;
    int err = gust_connect(address, 0, NULL, &s);

    if (err < 0)
        return err;
    assert_int_equal(gust_stream_printf(s, "hello %d\n", 7), 0);
    assert_int_equal(gust_read_until(s, "\n", 0, &lent), 0);
    assert_string_equal(lent.ptr, "hello 7\n");
    return 0; /* the scope closes it */
}

static int serve_and_talk(void *arg)
{
    const char *const addresses[] = {"127.0.0.1:0", "[::1]:0", "localhost:0", test_address()};

    (void)arg;
    for (size_t i = 0; i < gu_countof(addresses); i++) {
        gust_tcpserver *server = gust_tcpserver_new(echo, NULL, NULL);
        char address[GUST_ADDRESS_TEXT];

        TEST_CASE(addresses[i]);
        assert_int_equal(gust_tcpserver_listen(server, addresses[i]), 0);
        snprintf(address, sizeof address, "%.*s%d", (int)strlen(addresses[i]) - 1, addresses[i],
                 gust_tcpserver_port(server));
        assert_int_equal(talk_through(i == 3 ? addresses[i] : address), 0);
        assert_int_equal(talk_through(i == 3 ? addresses[i] : address), 0);
        gust_tcpserver_stop(server);
        gust_tcpserver_stop(server);
        assert_int_equal(talk_through(i == 3 ? addresses[i] : address), -ECONNREFUSED);
        gust_tcpserver_free(server);
        gust_yield();
        gust_yield();
        gust_yield();
    }
    assert_int_equal(talk_through("127.1:80"), -EINVAL);
    assert_int_equal(talk_through("::1:80"), -EINVAL);
    assert_int_equal(talk_through("localhost:x"), -EINVAL);
    return 0;
}

TEST(a_server_serves_each_connection_in_a_task)
{
    static const char *const pollers[] = {"epoll", "poll", "select"};

    for (size_t i = 0; i < gu_countof(pollers); i++) {
        gust_loop *loop;

        assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
        assert_int_equal(gust_run(serve_and_talk, NULL), 0);
        gust_loop_close(loop);
    }
}

static int n_serving, most_serving;

static int hold(gust_stream *s, void *arg)
{
    gust_str lent;
    int err;

    (void)arg;
    most_serving = ++n_serving > most_serving ? n_serving : most_serving;
    err = gust_read_some(s, &lent);
    n_serving--;
    return err < 0 ? err : 0;
}

static int crowd(void *arg)
{
    gust_tcpserver *server =
        gust_tcpserver_new(hold, NULL, &(gust_tcpserver_options){.max_connections = 3});
    gust_stream *clients[8];
    char address[32];

    (void)arg;
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", gust_tcpserver_port(server));
    for (int i = 0; i < 8; i++)
        assert_int_equal(gust_connect(address, 0, NULL, &clients[i]), 0);
    gust_sleep(0.01);
    assert_int_equal(n_serving, 3);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(gust_stream_write(clients[i], "x", 1), 0);
        gust_sleep(0.002);
    }
    while (n_serving > 0)
        gust_sleep(0.002);
    assert_int_equal(most_serving, 3);
    gust_tcpserver_free(server);
    return 0;
}

TEST(max_connections_lets_others_wait)
{
    assert_int_equal(gust_run(crowd, NULL), 0);
}

static int free_while_serving(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(hold, NULL, NULL);
    gust_stream *client;
    gust_str lent;

    (void)arg;
    assert_int_equal(gust_tcpserver_listen(server, test_address()), 0);
    assert_int_equal(gust_connect(test_address(), 0, NULL, &client), 0);
    while (n_serving == 0)
        gust_yield();
    gust_tcpserver_free(server);
    assert_int_equal(gust_read_some(client, &lent), 0);
    assert_int_equal(n_serving, 0);
    return 0;
}

TEST(freeing_a_server_cancels_its_connections)
{
    assert_int_equal(gust_run(free_while_serving, NULL), 0);
}
