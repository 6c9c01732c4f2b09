/*
 * pull — one contract of public streams, over every transport and poller
 *
 * The stream under test runs in a task; the peer is a plain descriptor, which another task writes
 * to and reads from.
 */
#include "base/alloc.h"
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/pull_impl.h"
#include "test.h"
#include "tls_wire.h"
#include "wire.h"
#include <gust.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const pollers[] = {"epoll", "poll", "select"};
static const struct transport *transport;
static struct wire wire;
static gust_stream *in, *out; /* the same one, but for pipes */
static gust_stream_options options;

static void pump(void *arg)
{
    wire_pump();
    gust_ignore(gust_loop_add_callback(gust_loop_current(), pump, arg));
}

static void speak_tls(void)
{
    gust_tls_options tls = {.context = tls_context_of(&wire),
                            .server_side = wire.is_tls_server,
                            .server_name = "localhost"};

    if (tls.context == NULL)
        return;
    assert_int_equal(gust_start_tls(in, &tls), 0);
    gust_tls_context_free(tls.context);
}

static void open_stream(int fd, gust_stream **stream)
{
    if (!gu_is_memory(fd)) {
        assert_int_equal(gust_stream_open(fd, &options, stream), 0);
        return;
    }
    *stream = gu_pull_new(gu_net_of(gust_loop_current()), &options);
    assert_non_null(*stream);
    assert_int_equal(gu_pull_open(*stream, fd, false), 0);
}

static void open_ends(void)
{
    wire = (struct wire){0};
    transport->open(&wire);
    open_stream(wire.in, &in);
    out = in;
    if (wire.out != wire.in)
        open_stream(wire.out, &out);
    speak_tls();
}

static void close_ends(void)
{
    if (in != out)
        gust_stream_close(out);
    gust_stream_close(in);
    wire_close_peer(&wire);
}

static int run_contract(void *arg)
{
    void (*const *contract)(void) = arg;

    if (strncmp(transport->name, "tls", 3) == 0 || strcmp(transport->name, "memory") == 0)
        pump(NULL);
    open_ends();
    (*contract)();
    close_ends();
    return 0;
}

static void on_every_stage(void (*contract)(void))
{
    static char row[64];
    gust_loop *loop;

    for (size_t i = 0; i < gu_countof(pollers); i++)
        for (transport = transports; transport->name != NULL; transport++) {
            snprintf(row, sizeof row, "%s on %s", transport->name, pollers[i]);
            TEST_CASE(row);
            options = (gust_stream_options){.max_buffer_size = 100000};
            assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
            assert_int_equal(gust_run(run_contract, &contract), 0);
            wire_relays_free();
            gust_loop_close(loop);
        }
}

#define CONTRACT(name_)                   \
    static void contract_##name_(void);   \
    TEST(name_)                           \
    {                                     \
        on_every_stage(contract_##name_); \
    }                                     \
    static void contract_##name_(void)

/* What the peer sends, a piece a turn, and then the end. */
static const char *const *script;
static bool ends;

static void send_script(void *arg)
{
    (void)arg;
    for (; *script != NULL; script++) {
        gust_yield();
        gust_yield();
        wire_send(&wire, *script, strlen(*script));
    }
    gust_yield();
    if (!ends)
        return;
    wire_shut(&wire);
}

static void play(const char *const *chunks, bool with_end)
{
    script = chunks;
    ends = with_end;
    assert_non_null(gust_go(send_script, NULL, NULL));
}

#define PLAY(with_end, ...) play((const char *const[]){__VA_ARGS__, NULL}, with_end)

static void reopen(void)
{
    close_ends();
    open_ends();
}

/* --- reading --- */

enum kind { UNTIL, REGEX, BYTES, SOME, CLOSE };

static int read_as(enum kind kind, const char *what, size_t n, gust_str *lent)
{
    switch (kind) {
    case UNTIL:
        return gust_read_until(in, what, n, lent);
    case REGEX:
        return gust_read_until_regex(in, what, n, lent);
    case BYTES:
        return gust_read_bytes(in, n, lent);
    case SOME:
        return gust_read_some(in, lent);
    case CLOSE:
        return gust_read_until_close(in, n, lent);
    }
    return -EINVAL;
}

CONTRACT(each_read_stops_where_it_should)
{
    static const struct {
        const char *name;
        enum kind kind;
        const char *what;
        size_t n;
        const char *chunks[5];
        int err;
        const char *lent;
    } cases[] = {
        {"delimiter in one chunk", UNTIL, "\r\n", 64, {"a: b\r\n"}, 0, "a: b\r\n"},
        {"delimiter split", UNTIL, "\r\n", 64, {"a: b\r", "\n"}, 0, "a: b\r\n"},
        {"exactly the limit", UNTIL, "\r\n", 6, {"abcd\r\n"}, 0, "abcd\r\n"},
        {"one byte over", UNTIL, "\r\n", 6, {"abcde\r\n"}, -GUST_ETOOBIG, ""},
        {"limit reached before the delimiter", UNTIL, "\r\n", 4, {"ab", "cd"}, -GUST_ETOOBIG, ""},
        {"peer closes before the delimiter", UNTIL, "\r\n", 64, {"abc"}, -GUST_ECLOSED, ""},
        {"no delimiter is none", UNTIL, "", 64, {"abc"}, -EINVAL, ""},
        {"pattern", REGEX, "[0-9]+;", 64, {"ab1", "2", "3;x"}, 0, "ab123;"},
        {"pattern exactly the limit", REGEX, "b+c", 4, {"ab", "bc"}, 0, "abbc"},
        {"pattern one byte over", REGEX, "b+c", 3, {"abbc"}, -GUST_ETOOBIG, ""},
        {"pattern that does not compile", REGEX, "(", 64, {"("}, -EINVAL, ""},
        {"pattern that explodes",
         REGEX,
         "(a+)+[xy]",
         0,
         {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"},
         -GUST_ETOOBIG,
         ""},
        {"bytes across chunks", BYTES, NULL, 5, {"ab", "cd", "ef"}, 0, "abcde"},
        {"no bytes at all", BYTES, NULL, 0, {"ab"}, 0, ""},
        {"bytes that never come", BYTES, NULL, 5, {"ab"}, -GUST_ECLOSED, ""},
        {"more bytes than the buffer's maximum", BYTES, NULL, 100001, {"ab"}, -GUST_ETOOBIG, ""},
        {"some", SOME, NULL, 0, {"ab"}, 2, "ab"},
        {"until the close", CLOSE, NULL, 0, {"ab", "cd", "ef"}, 0, "abcdef"},
        {"until the close at the limit", CLOSE, NULL, 4, {"ab", "cd"}, 0, "abcd"},
        {"until the close over the limit", CLOSE, NULL, 4, {"ab", "cde"}, -GUST_ETOOBIG, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str lent = {"", 0};

        GUST_DEADLINE(20);
        if (transport == transports)
            TEST_CASE(cases[i].name);
        reopen();
        play(cases[i].chunks, true);
        assert_int_equal(read_as(cases[i].kind, cases[i].what, cases[i].n, &lent), cases[i].err);
        assert_int_equal(lent.len, strlen(cases[i].lent));
        assert_string_equal(lent.ptr, cases[i].lent);
        while (*script != NULL)
            gust_yield();
        gust_yield();
        gust_yield();
        gust_yield();
    }
}

CONTRACT(reads_of_all_kinds_follow_each_other_over_one_buffer)
{
    char three[4] = "";
    gust_str lent;

    PLAY(true, "line\nab12", "34xyz", "the rest");
    assert_int_equal(gust_read_until(in, "\n", 0, &lent), 0);
    assert_string_equal(lent.ptr, "line\n");
    assert_int_equal(gust_read_until_regex(in, "[0-9]{4}", 0, &lent), 0);
    assert_string_equal(lent.ptr, "ab1234");
    assert_int_equal(gust_read_into(in, three, 3), 0);
    assert_string_equal(three, "xyz");
    assert_int_equal(gust_read_some(in, &lent), 8);
    assert_string_equal(lent.ptr, "the rest");
    assert_int_equal(gust_read_some(in, &lent), 0);
    assert_int_equal(lent.len, 0);
    assert_int_equal(gust_read_some(in, &lent), 0);
    assert_int_equal(gust_read_bytes(in, 1, &lent), -GUST_ECLOSED);
    assert_int_equal(gust_read_until_close(in, 0, &lent), 0);
}

CONTRACT(what_came_before_the_close_is_read_behind_it)
{
    gust_str lent;

    wire_send(&wire, "a\nb\n", 4);
    wire_close_peer(&wire);
    gust_sleep(0.001);
    assert_int_equal(gust_read_until(in, "\n", 0, &lent), 0);
    assert_string_equal(lent.ptr, "a\n");
    gust_sleep(0.001);
    assert_int_equal(gust_read_until(in, "\n", 0, &lent), 0);
    assert_string_equal(lent.ptr, "b\n");
    assert_int_equal(gust_read_until(in, "\n", 0, &lent), -GUST_ECLOSED);
}

CONTRACT(a_read_that_timed_out_loses_nothing)
{
    gust_str lent = {"", 0};

    wire_send(&wire, "half ", 5);
    {
        GUST_DEADLINE(0.005);
        assert_int_equal(gust_read_until(in, "\n", 0, &lent), -ETIMEDOUT);
    }
    wire_send(&wire, "and half\n", 9);
    assert_int_equal(gust_read_until(in, "\n", 0, &lent), 0);
    assert_string_equal(lent.ptr, "half and half\n");
}

CONTRACT(a_stream_that_nobody_reads_is_not_received)
{
    static char block[8192];
    size_t n_sent = 0, before = ((struct gu_net *)(void *)gu_net_of(gust_loop_current()))->held;
    gust_str lent;
    ssize_t n;

    for (int i = 0; i < 3; i++) {
        while ((n = write(wire.peer_out, block, sizeof block)) > 0)
            n_sent += (size_t)n;
        gust_sleep(0.001);
    }
    assert_int_equal(gu_net_of(gust_loop_current())->held, before);
    while (n_sent > 0) {
        n = gust_read_some(in, &lent);
        assert_true(n > 0);
        n_sent -= (size_t)n;
    }
}

/* --- writing --- */

static char big[3 << 20];
static size_t n_drunk;

static void drink(void *arg)
{
    static char drunk[7777];

    (void)arg;
    for (;;) {
        long n = wire_receive(&wire, drunk, sizeof drunk);

        if (n == 0 || (n < 0 && n != -EAGAIN))
            return;
        if (n < 0) {
            gust_sleep(0.0002);
            continue;
        }
        for (long i = 0; i < n; i++)
            if (drunk[i] != big[n_drunk + (size_t)i])
                fail_msg("byte %zu differs", n_drunk + (size_t)i);
        n_drunk += (size_t)n;
    }
}

CONTRACT(a_large_write_waits_for_its_reader)
{
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 13);
    n_drunk = 0;
    assert_non_null(gust_go(drink, NULL, NULL));
    assert_int_equal(gust_stream_write(out, big, 5), 0);
    assert_int_equal(gust_stream_write(out, big + 5, sizeof big - 5), 0);
    assert_int_equal(gust_stream_flush(out), 0);
    while (n_drunk < sizeof big)
        gust_sleep(0.001);
}

CONTRACT(a_write_without_a_reader_ends_at_the_deadline)
{
    int err = 0;

    GUST_DEADLINE(0.01);
    while (err == 0)
        err = gust_stream_write(out, big, 100000);
    assert_int_equal(err, -ETIMEDOUT);
}

CONTRACT(a_write_to_who_is_gone_says_so)
{
    int err = 0;

    wire_close_peer(&wire);
    for (int i = 0; i < 10 && err == 0; i++) {
        err = gust_stream_write(out, "hello", 5);
        gust_sleep(0.001);
    }
    assert_int_equal(err, -GUST_ECLOSED);
    assert_true(gust_stream_error(out) == -EPIPE || gust_stream_error(out) == -ECONNRESET);
}

CONTRACT(what_was_written_before_a_close_arrives)
{
    gust_stream *closing = out;

    n_drunk = 0;
    assert_int_equal(gust_stream_write(out, big, 250000), 0);
    assert_non_null(gust_go(drink, NULL, NULL));
    if (in == out)
        in = NULL;
    out = in;
    gust_stream_close(closing);
    while (n_drunk < 250000)
        gust_sleep(0.001);
}

CONTRACT(text_is_formatted_short_and_long)
{
    static char text[70000], got[70000];
    size_t n = 0;

    memset(text, 'x', sizeof text - 1);
    assert_int_equal(gust_stream_printf(out, "%d-%s;", 42, "abc"), 0);
    assert_int_equal(gust_stream_printf(out, "%.*s", 1023, text), 0);
    assert_int_equal(gust_stream_printf(out, "%.*s", 1024, text), 0);
    assert_int_equal(gust_stream_printf(out, "%.*s", 30000, text), 0);
    assert_int_equal(gust_stream_flush(out), 0);
    while (n < 7 + 1023 + 1024 + 30000) {
        long len = wire_receive(&wire, got + n, sizeof got - n);

        assert_true(len > 0);
        n += (size_t)len;
    }
    assert_int_equal(n, 7 + 1023 + 1024 + 30000);
    assert_memory_equal(got, "42-abc;", 7);
    assert_memory_equal(got + 7, text, n - 7);
}

CONTRACT(a_half_closed_stream_still_reads)
{
    char byte;
    gust_str lent;

    if (in != out) {
        assert_int_equal(gust_stream_shutdown(out), -ENOTSOCK);
        return;
    }
    assert_int_equal(gust_stream_write(out, "q", 1), 0);
    assert_int_equal(gust_stream_shutdown(out), 0);
    assert_int_equal(wire_receive(&wire, &byte, 1), 1);
    assert_int_equal(wire_receive(&wire, &byte, 1), 0);
    PLAY(true, "an", "swer");
    assert_int_equal(gust_read_until_close(in, 0, &lent), 0);
    assert_string_equal(lent.ptr, "answer");
}

/* --- closing, misuse --- */

static int read_result;

static void read_line(void *arg)
{
    gust_str lent;

    (void)arg;
    read_result = gust_read_until(in, "\n", 0, &lent);
}

CONTRACT(closing_tells_who_reads)
{
    gust_stream *other = out;

    read_result = 1;
    assert_non_null(gust_go(read_line, NULL, NULL));
    gust_yield();
    gust_yield();
    gust_stream_close(in);
    out = in = other == in ? NULL : other;
    gust_yield();
    gust_yield();
    assert_int_equal(read_result, -GUST_ECLOSED);
}

static int two_readers(void *arg)
{
    gust_stream *ends_of_pair[2];
    gust_str lent;

    (void)arg;
    gust_ignore(gust_stream_pair(ends_of_pair));
    in = ends_of_pair[0];
    gust_go(read_line, NULL, NULL);
    gust_yield();
    gust_yield();
    return gust_read_some(in, &lent);
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

/* --- streams that talk, servers, connecting --- */

static gust_stream *pair_ends[2];

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

static int use_pair(void *arg)
{
    gust_str lent;

    (void)arg;
    assert_int_equal(gust_stream_pair(pair_ends), 0);
    assert_int_equal(gust_stream_write(pair_ends[0], "ping", 4), 0);
    assert_int_equal(gust_read_bytes(pair_ends[1], 4, &lent), 0);
    assert_string_equal(lent.ptr, "ping");
    gust_stream_close(pair_ends[0]);
    assert_int_equal(gust_read_some(pair_ends[1], &lent), 0);
    gust_stream_close(pair_ends[1]);
    gust_stream_close(NULL);
    return 0;
}

TEST(a_pair_is_connected_to_itself)
{
    assert_int_equal(gust_run(use_pair, NULL), 0);
}

/* --- protocols --- */

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
