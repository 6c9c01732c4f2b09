/*
 * close — what was written and is still to be sent when a stream is closed
 */
#include "net/net_impl.h"
#include "test.h"
#include "virtual_loop.h"
#include <gust.h>
#include <sys/socket.h>
#include <unistd.h>

static int peer;

/* More than the kernel takes, and a peer that does not read it. */
static int write_and_close(void *arg)
{
    static char much[100000];
    gust_stream *s;
    int fds[2];

    GUST_DEADLINE(1);
    (void)arg;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    peer = fds[1];
    assert_int_equal(gust_stream_open(fds[0], NULL, &s), 0);
    while (gust_stream_write(s, much, sizeof much) == 0)
        continue;
    gust_stream_close(s);
    return 0;
}

static size_t drain(void)
{
    static char piece[65536];
    ssize_t n;
    size_t total = 0;

    while ((n = recv(peer, piece, sizeof piece, 0)) > 0)
        total += (size_t)n;
    return n == 0 ? total : 0; /* 0: the end is not there */
}

TEST(what_is_still_to_be_sent_at_the_close_has_30_seconds)
{
    static const struct {
        const char *name;
        double seconds;
        bool is_open;
    } cases[] = {{"a little less", 29.9, true}, {"a little more", 30.1, false}};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_loop *loop = virtual_open();

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_run(write_and_close, NULL), 0);
        virtual_run(loop, cases[i].seconds);
        assert_int_equal(gu_list_is_empty(&gu_net_of(loop)->closing), !cases[i].is_open);
        assert_int_equal(gu_net_of(loop)->queued > 0, cases[i].is_open);
        for (int n = 0; n < 100 && drain() == 0; n++)
            run_turns(loop, 1);
        assert_true(
            gu_list_is_empty(&gu_net_of(loop)->closing)); /* all was sent in time, or none */
        close(peer);
        gust_loop_close(loop);
    }
}
