/*
 * tls — where it begins and ends: in the middle of a stream, with and without a farewell, and where
 * memory is short
 */
#include "base/alloc.h"
#include "tls_stage.h"
#include <unistd.h>

/* --- beginning in the middle --- */

static int greet_and_start(gust_stream *s, void *arg)
{
    gust_tls_options options = {.server_side = true, .cert = cert_of(0)};
    gust_str line;

    (void)arg;
    assert_int_equal(gust_stream_printf(s, "220 ready\r\n"), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_string_equal(line.ptr, "STARTTLS\r\n");
    assert_int_equal(gust_stream_printf(s, "220 go ahead\r\n"), 0); /* leaves in plain text */
    assert_int_equal(gust_start_tls(s, &options), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    return gust_stream_printf(s, "250 %.*s", (int)line.len, line.ptr);
}

static int start_in_the_middle(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(greet_and_start, NULL, NULL);
    gust_tls_options options = {.ca_pem = tls_ca(), .server_name = "localhost"};
    gust_stream *s;
    gust_str line;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "localhost:0"), 0);
    assert_int_equal(gust_connect("localhost", (unsigned)gust_tcpserver_port(server), NULL, &s), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_int_equal(gust_stream_printf(s, "STARTTLS\r\n"), 0);
    assert_int_equal(gust_read_until(s, "\r\n", 0, &line), 0);
    assert_string_equal(line.ptr, "220 go ahead\r\n");
    assert_false(gust_stream_is_tls(s));
    assert_null(gust_stream_tls_version(s));
    assert_int_equal(gust_start_tls(s, &options), 0);
    assert_string_equal(gust_stream_tls_version(s), "TLSv1.3");
    assert_false(gust_stream_is_resumed(s));
    assert_int_equal(gust_start_tls(s, &options), -EINVAL); /* once is enough */
    assert_int_equal(gust_stream_printf(s, "EHLO\r\n"), 0);
    assert_int_equal(gust_read_until_close(s, 0, &line), 0);
    assert_string_equal(line.ptr, "250 EHLO\r\n");
    gust_stream_close(s);
    gust_tcpserver_free(server);
    return 0;
}

TEST(tls_may_begin_in_the_middle)
{
    make_identities();
    assert_int_equal(gust_run(start_in_the_middle, NULL), 0);
}

static gust_str other_line;

static void read_line(void *stream)
{
    gust_ignore(gust_read_until(stream, "\n", 0, &other_line));
}

enum unidle { UNREAD, BEING_READ, NAMELESS, HAS_PROTOCOL, IS_PIPE };

static size_t swallow(gust_stream *s, const char *bytes, size_t len, void *data)
{
    (void)s;
    (void)bytes;
    (void)data;
    return len;
}

static int start_when_not_idle(void *arg)
{
    static const gust_stream_protocol protocol = {.received = swallow};
    enum unidle why = *(const enum unidle *)arg;
    gust_tls_options options = {.ca_pem = tls_ca(),
                                .server_name = why == NAMELESS ? NULL : "localhost"};
    gust_stream *ends[2];
    gust_str line;
    int fds[2], err;

    GUST_DEADLINE(20);
    assert_int_equal(gust_stream_pair(ends), 0);
    if (why == UNREAD) {
        assert_int_equal(gust_stream_write(ends[1], "one\nMAIL\n", 9), 0);
        assert_int_equal(gust_stream_flush(ends[1]), 0);
        assert_int_equal(gust_read_until(ends[0], "\n", 0, &line), 0);
    } else if (why == BEING_READ) {
        assert_non_null(gust_go(read_line, ends[0], NULL));
        gust_yield();
    } else if (why == HAS_PROTOCOL) {
        gust_stream_set_protocol(ends[0], &protocol, NULL);
    } else if (why == IS_PIPE) {
        gust_stream_close(ends[0]);
        assert_return_code(pipe(fds), errno);
        close(fds[1]);
        assert_int_equal(gust_stream_open(fds[0], NULL, &ends[0]), 0);
    }
    err = gust_start_tls(ends[0], &options);
    gust_stream_close(ends[0]);
    gust_stream_close(ends[1]);
    return err;
}

TEST(tls_begins_only_on_a_stream_that_is_idle)
{
    static const struct {
        const char *name;
        enum unidle why;
        int err;
        const char *logged;
    } cases[] = {
        {"bytes are unread", UNREAD, -EINVAL, "bytes that came in plain text are unread"},
        {"a task reads", BEING_READ, -EINVAL, "another task reads the stream"},
        {"a protocol has it", HAS_PROTOCOL, -EINVAL, "the stream has a protocol"},
        {"a client without a name", NAMELESS, -EINVAL, "server_name"},
        {"a pipe", IS_PIPE, -ENOTSOCK, ""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        enum unidle why = cases[i].why;

        TEST_CASE(cases[i].name);
        keep_log();
        assert_int_equal(gust_run(start_when_not_idle, &why), cases[i].err);
        release_log();
        assert_non_null(strstr(kept_log, cases[i].logged));
    }
}

/* --- the end --- */

static void pump(void *arg)
{
    tls_relays_pump();
    gust_ignore(gust_loop_add_callback(gust_loop_current(), pump, arg));
}

/* A stream of ours whose peer is the test, through a relay. */
static gust_stream *open_relayed(struct wire *wire)
{
    gust_tls_options options = {.server_side = true};
    gust_stream *s;

    *wire = (struct wire){0};
    tls_open_to_client(wire);
    options.context = tls_context_of(wire);
    assert_int_equal(gust_stream_open(wire->in, NULL, &s), 0);
    assert_int_equal(gust_start_tls(s, &options), 0);
    gust_tls_context_free(options.context);
    return s;
}

static int end_or_cut(void *arg)
{
    bool is_cut = *(bool *)arg;
    struct wire wire;
    gust_stream *s;
    gust_str got;

    GUST_DEADLINE(20);
    pump(NULL);
    s = open_relayed(&wire);
    wire_send(&wire, "first\nlast", 10);
    gust_yield();
    if (is_cut)
        tls_relay_cut();
    wire_close_peer(&wire);
    tls_relays_pump();
    assert_int_equal(gust_read_until(s, "\n", 0, &got), 0); /* what came is there either way */
    assert_string_equal(got.ptr, "first\n");
    assert_int_equal(gust_read_until_close(s, 0, &got), is_cut ? -GUST_ECLOSED : 0);
    if (is_cut)
        assert_int_equal(gust_read_some(s, &got), 4); /* it came, and is lent as what it is */
    assert_string_equal(got.ptr, "last");
    assert_int_equal(gust_read_some(s, &got), is_cut ? -GUST_ECLOSED : 0);
    assert_int_equal(gust_stream_error(s), is_cut ? -GUST_EPROTO : 0);
    gust_stream_close(s);
    return 0;
}

TEST(a_connection_that_was_cut_does_not_look_like_one_that_ended)
{
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        bool cut = is_cut == 1;

        TEST_CASE(cut ? "cut" : "ended");
        assert_int_equal(gust_run(end_or_cut, &cut), 0);
        tls_relays_free();
    }
}

/* --- memory that is short --- */

/* Whatever fails, nothing is left behind, and what succeeds is right. */
static int talk_if_you_can(void *arg)
{
    gust_tls_options options = {.cert = cert_of(0)};
    gust_tls_options client = {.ca_pem = tls_ca()};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    gust_stream *s = NULL;
    gust_str line;
    int err;

    (void)arg;
    GUST_DEADLINE(20);
    err = server == NULL ? -ENOMEM : gust_tcpserver_listen(server, "127.0.0.1:0");
    if (err == 0)
        err = gust_connect("127.0.0.1", (unsigned)gust_tcpserver_port(server),
                           &(gust_connect_options){.tls = &client}, &s);
    if (err == 0)
        err = gust_stream_write(s, "hello\n", 6);
    if (err == 0)
        err = gust_read_until(s, "\n", 0, &line);
    if (err == 0)
        assert_string_equal(line.ptr, "hello\n");
    gust_stream_close(s);
    gust_tcpserver_free(server);
    assert_int_not_equal(err, -ETIMEDOUT);
    return err;
}

TEST(memory_that_is_short_anywhere_ends_a_conversation_and_no_more)
{
    bool was_reached = true;
    uint64_t n = 0;

    make_identities();
    gust_ignore(gust_run(talk_if_you_can, NULL)); /* what is made once */
    keep_log();
    while (was_reached) {
        gu_alloc_fail_at(++n);
        gust_ignore(gust_run(talk_if_you_can, NULL));
        was_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
    }
    release_log();
    assert_true(n > 20);
    assert_int_equal(gust_run(talk_if_you_can, NULL), 0);
}
