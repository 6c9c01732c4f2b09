/*
 * pull — one contract of public streams, over every transport and poller
 *
 * The stream under test runs in a task; the peer is a plain descriptor, which another task writes
 * to and reads from.
 */
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/pull_impl.h"
#include "test.h"
#include "tls_wire.h"
#include "wire.h"
#include <gust.h>
#include <stdio.h>
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

/* --- closing --- */

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
