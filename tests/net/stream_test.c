/*
 * stream — what is the same over every transport: pairs, protocols, and what is misuse
 */
#include "base/gu.h"
#include "test.h"
#include <gust.h>
#include <stdio.h>
#include <unistd.h>

/* --- misuse --- */

static void read_first(void *s)
{
    gust_str lent;

    gust_ignore(gust_read_some(s, &lent));
}

static int two_readers(void *arg)
{
    gust_stream *ends_of_pair[2];
    gust_str lent;

    (void)arg;
    gust_ignore(gust_stream_pair(ends_of_pair));
    gust_go(read_first, ends_of_pair[0], NULL);
    gust_yield();
    gust_yield();
    return gust_read_some(ends_of_pair[0], &lent);
}

static int read_closed(void *arg)
{
    gust_stream *ends_of_pair[2];
    gust_str lent;

    (void)arg;
    gust_ignore(gust_stream_pair(ends_of_pair));
    gust_stream_close(ends_of_pair[0]);
    return gust_read_some(ends_of_pair[0], &lent);
}

static void run(void *fn)
{
    int (*const *f)(void *) = fn;

    gust_ignore(gust_run(*f, NULL));
}

TEST(misuse_aborts_and_says_what)
{
    int (*fn)(void *) = two_readers;

    assert_aborts(run, &fn, "already reading");
    fn = read_closed;
    assert_aborts(run, &fn, "was closed");
}

static int open_file(void *arg)
{
    int fd = dup(STDIN_FILENO), file = fileno(tmpfile());
    gust_stream *s;

    (void)arg;
    close(fd);
    assert_int_equal(gust_stream_open(file, NULL, &s), -EPERM);
    close(file);
    assert_int_equal(gust_stream_open(-1, NULL, &s), -EBADF);
    return 0;
}

TEST(a_file_is_no_stream)
{
    assert_int_equal(gust_run(open_file, NULL), 0);
}

/* --- pairs --- */

static int use_pair(void *arg)
{
    gust_stream *ends_of_pair[2];
    gust_str lent;

    (void)arg;
    assert_int_equal(gust_stream_pair(ends_of_pair), 0);
    assert_int_equal(gust_stream_write(ends_of_pair[0], "ping", 4), 0);
    assert_int_equal(gust_read_bytes(ends_of_pair[1], 4, &lent), 0);
    assert_string_equal(lent.ptr, "ping");
    gust_stream_close(ends_of_pair[0]);
    assert_int_equal(gust_read_some(ends_of_pair[1], &lent), 0);
    gust_stream_close(ends_of_pair[1]);
    gust_stream_close(NULL);
    return 0;
}

TEST(a_pair_is_connected_to_itself)
{
    assert_int_equal(gust_run(use_pair, NULL), 0);
}

/* --- protocols --- */

static char big[3 << 20];

static int n_ended, n_drained, n_closed;

static size_t shout(gust_stream *s, const char *bytes, size_t len, void *data)
{
    const char *end = memchr(bytes, '\n', len);
    size_t used = end == NULL ? 0 : (size_t)(end - bytes) + 1;

    assert_string_equal((const char *)data, "data");
    gust_stream_send(s, bytes, used);
    if (used > 0 && memcmp(bytes, "big\n", 4) == 0)
        gust_stream_send(s, big, sizeof big);
    if (used > 0 && memcmp(bytes, "bye\n", 4) == 0)
        gust_stream_close(s);
    return used;
}

static void count_ended(gust_stream *s, int err, void *data)
{
    (void)data;
    assert_true(err <= 0);
    n_ended++;
    gust_stream_close(s);
}

static void count_drained(gust_stream *s, void *data)
{
    (void)data;
    assert_int_equal(gust_stream_unsent(s), 0);
    n_drained++;
}

static void count_closed(gust_stream *s, void *data)
{
    (void)s;
    (void)data;
    n_closed++;
}

static int open_protocol(gust_stream *s, void *arg)
{
    static const gust_stream_protocol protocol = {shout, count_ended, count_drained, count_closed};

    gust_stream_set_protocol(s, &protocol, arg);
    return 0;
}

static int talk_to_protocol(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(open_protocol, (void *)(uintptr_t) "data", NULL);
    static const char *const last[] = {"bye\n", ""};
    gust_stream *s;
    gust_str line;

    (void)arg;
    n_ended = n_drained = n_closed = 0;
    assert_int_equal(gust_tcpserver_listen(server, test_address()), 0);
    for (size_t i = 0; i < gu_countof(last); i++) {
        assert_int_equal(gust_connect(test_address(), 0, NULL, &s), 0);
        assert_int_equal(gust_stream_write(s, "he", 2), 0);
        gust_sleep(0.001);
        assert_int_equal(gust_stream_write(s, "llo\nbig\n", 8), 0);
        assert_int_equal(gust_read_until(s, "\n", 0, &line), 0);
        assert_string_equal(line.ptr, "hello\n");
        /* The second line waits with the protocol until it is asked for again by the third. */
        assert_int_equal(gust_stream_write(s, "x", 1), 0);
        assert_int_equal(gust_read_bytes(s, 4 + sizeof big, &line), 0);
        assert_int_equal(gust_stream_write(s, "\n", 1), 0);
        assert_int_equal(gust_read_bytes(s, 2, &line), 0);
        assert_string_equal(line.ptr, "x\n");
        assert_int_equal(gust_stream_write(s, last[i], strlen(last[i])), 0);
        if (*last[i] != '\0') {
            assert_int_equal(gust_read_until_close(s, 0, &line), 0);
            assert_string_equal(line.ptr, last[i]);
        }
        gust_stream_close(s);
        gust_sleep(0.001);
        assert_int_equal(n_closed, i + 1);
        assert_int_equal(n_ended, i);
        assert_int_equal(n_drained, i + 1);
    }
    gust_tcpserver_free(server);
    return 0;
}

TEST(a_protocol_serves_without_a_task)
{
    assert_int_equal(gust_run(talk_to_protocol, NULL), 0);
}
