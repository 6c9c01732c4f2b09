/*
 * memory — pairs of public streams without descriptors; what all transports have in common is in
 * tests/contract
 */
#include "base/alloc.h"
#include "net/memory.h"
#include "test.h"
#include "tls_wire.h"
#include <gust.h>

static gust_stream *a, *b;

static int run_pair(void *arg)
{
    void (*const *test)(void) = arg;
    gust_stream *ends[2];

    assert_int_equal(gust_stream_memory_pair(NULL, ends), 0);
    a = ends[0];
    b = ends[1];
    (*test)();
    gust_stream_close(a);
    gust_stream_close(b);
    return 0;
}

#define PAIR_TEST(name_)                                \
    static void pair_##name_(void);                     \
    TEST(name_)                                         \
    {                                                   \
        void (*test)(void) = pair_##name_;              \
                                                        \
        assert_int_equal(gust_run(run_pair, &test), 0); \
    }                                                   \
    static void pair_##name_(void)

PAIR_TEST(what_one_writes_the_other_reads_and_both_have_no_descriptor)
{
    char peer[GUST_ADDRESS_TEXT];
    gust_str line;

    assert_int_equal(gust_stream_printf(a, "hello %d\n", 1), 0);
    assert_int_equal(gust_read_until(b, "\n", 0, &line), 0);
    assert_string_equal(line.ptr, "hello 1\n");
    assert_int_equal(gust_stream_write(b, "back\n", 5), 0);
    assert_int_equal(gust_read_until(a, "\n", 0, &line), 0);
    assert_string_equal(line.ptr, "back\n");
    assert_int_equal(gust_stream_fd(a), -1);
    gust_stream_peer(a, peer);
    assert_string_equal(peer, "");
}

static void write_much(void *arg)
{
    static char block[1000];

    for (int i = 0; i < 1000; i++)
        if (gust_stream_write(a, block, sizeof block) < 0)
            return;
    gust_ignore(gust_stream_flush(a));
    *(bool *)arg = true;
}

PAIR_TEST(a_writer_waits_for_its_reader)
{
    bool is_done = false;
    size_t n = 0;
    gust_str some;

    assert_non_null(gust_go(write_much, &is_done, NULL));
    for (int i = 0; i < 20; i++)
        gust_yield();
    assert_false(is_done);
    while (n < 1000000) {
        int got = gust_read_some(b, &some);

        assert_true(got > 0);
        n += (size_t)got;
    }
    for (int i = 0; i < 5; i++)
        gust_yield();
    assert_true(is_done);
}

PAIR_TEST(a_broken_connection_is_told_with_its_error)
{
    gust_str some;

    assert_int_equal(gust_stream_write(b, "lost", 4), 0);
    gust_yield();
    gust_stream_memory_break(a, -ENETRESET);
    assert_int_equal(gust_read_some(a, &some), -GUST_ECLOSED);
    assert_int_equal(gust_stream_error(a), -ENETRESET);
    assert_int_equal(gust_stream_write(a, "x", 1), -GUST_ECLOSED);
    assert_int_equal(gust_stream_write(b, "lost too", 8), 0); /* it cannot know */
    assert_int_equal(gust_stream_flush(b), 0);
    assert_int_equal(gust_stream_error(b), 0);
}

PAIR_TEST(closing_upon_unread_bytes_resets_the_other)
{
    gust_str some;

    assert_int_equal(gust_stream_write(b, "unread", 6), 0);
    assert_int_equal(gust_stream_flush(b), 0);
    gust_stream_close(a);
    a = NULL;
    assert_int_equal(gust_read_some(b, &some), -GUST_ECLOSED);
    assert_int_equal(gust_stream_error(b), -ECONNRESET);
}

static void serve_tls(void *arg)
{
    const struct tls_identity *identity = tls_localhost();
    gust_tls_options options = {.server_side = true,
                                .cert = {.cert_pem = identity->cert, .key_pem = identity->key}};
    gust_str line;

    (void)arg;
    assert_int_equal(gust_start_tls(b, &options), 0);
    assert_int_equal(gust_read_until(b, "\n", 0, &line), 0);
    assert_int_equal(gust_stream_write(b, line.ptr, line.len), 0);
    assert_int_equal(gust_stream_flush(b), 0);
}

PAIR_TEST(tls_goes_through_memory)
{
    gust_tls_options options = {.ca_pem = tls_ca(), .server_name = "localhost"};
    gust_str line;

    assert_non_null(gust_go(serve_tls, NULL, NULL));
    assert_int_equal(gust_start_tls(a, &options), 0);
    assert_int_equal(gust_stream_printf(a, "secret\n"), 0);
    assert_int_equal(gust_read_until(a, "\n", 0, &line), 0);
    assert_string_equal(line.ptr, "secret\n");
}

/* --- the window --- */

TEST(a_window_holds_so_much_and_no_more)
{
    static const struct {
        const char *name;
        size_t len;
        ssize_t taken;
    } cases[] = {{"one less", 99, 99}, {"exactly", 100, 100}, {"one more", 101, 100}};
    char bytes[101] = {1}, got[200];
    gust_loop *loop = gust_loop_current();
    struct gu_net *net = gu_net_of(loop);
    int fds[2];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct iovec iov = {bytes, cases[i].len};

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_memory_pair(net, 100, fds), 0);
        /* not from the ring's beginning */
        assert_int_equal(gu_memory_write(net, fds[0], &(struct iovec){bytes, 30}, 1), 30);
        assert_int_equal(gu_memory_read(net, fds[1], got, 20), 20);
        assert_int_equal(gu_memory_write(net, fds[0], &(struct iovec){bytes, 80}, 1), 80);
        assert_int_equal(gu_memory_read(net, fds[1], got, 90), 90);
        assert_int_equal(gu_memory_write(net, fds[0], &iov, 1), cases[i].taken);
        if (cases[i].taken == 100)
            assert_int_equal(gu_memory_write(net, fds[0], &iov, 1), -1);
        assert_int_equal(gu_memory_read(net, fds[1], got, sizeof got), cases[i].taken);
        assert_memory_equal(got, bytes, (size_t)cases[i].taken);
        gu_memory_close(net, fds[0], false);
        gu_memory_close(net, fds[1], false);
    }
    gust_loop_close(loop);
}

static void break_a_socket(void *arg)
{
    gust_stream *ends[2];

    (void)arg;
    gust_ignore(gust_stream_pair(ends));
    gust_stream_memory_break(ends[0], -ECONNRESET);
}

TEST(only_ends_in_memory_can_be_broken)
{
    assert_aborts(break_a_socket, NULL, "takes an end of gust_stream_memory_pair()");
}

/* --- memory that is short --- */

TEST(a_pair_without_memory_is_refused_and_leaves_nothing)
{
    gust_loop *loop = gust_loop_current();
    gust_stream *ends[2];
    bool has_failed = true;
    int n = 0, err;

    assert_non_null(gu_net_of(loop));
    gu_alloc_fail_at(1); /* the table, which is kept */
    assert_int_equal(gust_stream_memory_pair(NULL, ends), -ENOMEM);
    assert_int_equal(gust_stream_memory_pair(NULL, ends), 0);
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    while (has_failed) {
        gu_alloc_fail_at((uint64_t)++n);
        err = gust_stream_memory_pair(NULL, ends);
        has_failed = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_int_equal(err, has_failed ? -ENOMEM : 0);
    }
    assert_int_equal(n, 5); /* two ends, two streams, and none */
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    gust_loop_close(loop);
}
