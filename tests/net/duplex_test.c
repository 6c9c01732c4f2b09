/*
 * duplex — a stream is read while it waits to be written
 *
 * One end writes all before it reads anything; the other is written by one task and read by
 * another. What they send is more than lies between them, so this ends only if the reader is handed
 * input while the writer waits for room.
 */
#include "base/gu.h"
#include "test.h"
#include "tls_wire.h"
#include <gust.h>

#define LEN ((size_t)8 << 20)

enum between { SOCKETS, MEMORY, TLS };

static char sent[LEN];
static gust_stream *ends[2];
static enum between between;

static int speak(gust_stream *s, bool is_server)
{
    const struct tls_identity *id = tls_localhost();
    gust_tls_options o = {.server_side = is_server, .server_name = "localhost"};

    if (between != TLS)
        return 0;
    if (is_server)
        o.cert = (gust_tls_cert){.cert_pem = id->cert, .key_pem = id->key};
    else
        o.ca_pem = tls_ca();
    return gust_start_tls(s, &o);
}

static int read_all(void *arg)
{
    gust_stream *s = arg;
    gust_str some;
    size_t len = 0;
    int n = 0;

    while (len < LEN && (n = gust_read_some(s, &some)) > 0) {
        assert_memory_equal(some.ptr, sent + len, some.len);
        len += some.len;
    }
    return n < 0 ? n : len == LEN ? 0 : -EPIPE;
}

static int write_all(void *arg)
{
    return gust_stream_write(arg, sent, LEN);
}

static int one_after_the_other(void *arg)
{
    int err = speak(arg, true);

    if (err == 0)
        err = write_all(arg);
    return err == 0 ? read_all(arg) : err;
}

static int both_at_once(void *arg)
{
    gust_group *group = gust_group_new(0);
    int err = speak(arg, false);

    if (err < 0)
        return err;
    gust_group_go(group, write_all, arg);
    gust_group_go(group, read_all, arg);
    return gust_group_wait(group);
}

static int run(void *arg)
{
    gust_group *group = gust_group_new(0);
    int err;

    (void)arg;
    GUST_DEADLINE(60);
    assert_int_equal(
        between == SOCKETS ? gust_stream_pair(ends) : gust_stream_memory_pair(NULL, ends), 0);
    gust_group_go(group, one_after_the_other, ends[0]);
    gust_group_go(group, both_at_once, ends[1]);
    err = gust_group_wait(group);
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    return err;
}

TEST(a_stream_is_read_while_it_waits_to_be_written)
{
    static const char *const pollers[] = {"epoll", "poll", "select"};
    static const char *const names[] = {"sockets", "memory", "TLS"};
    gust_loop *loop;

    for (size_t i = 0; i < LEN; i++)
        sent[i] = (char)(i + (i >> 10));
    for (size_t i = 0; i < gu_countof(pollers); i++)
        for (between = SOCKETS; between <= TLS; between++) {
            TEST_CASE(names[between]);
            assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
            assert_int_equal(gust_run(run, NULL), 0);
            gust_loop_close(loop);
        }
}
