/*
 * push — one contract of the streams' push face, over every transport and poller
 *
 * Each CONTRACT runs over tcp4, tcp6, a Unix socket, a pair of pipes, memory, and TLS as server and
 * as client, on epoll, poll and select.
 * The loop is turned by hand, so a test says after which turn something is true.
 */
#include "base/alloc.h"
#include "memory_wire.h"
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/tls.h"
#include "test.h"
#include "tls_wire.h"
#include "wire.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GOT_MAX ((size_t)2 << 20)

static const char *const pollers[] = {"epoll", "poll", "select"};
static const struct transport *transport;
static gust_loop *loop;
static struct gu_net *net;

/* One gu_stream and what its protocol saw. A pipe has one for each direction. */
struct side {
    struct gu_stream s;
    char *got;
    size_t n_got;
    size_t bite; /* taken of what is handed up; 0: all */
    int n_received, n_ended, n_broken, broken_err, n_drained, n_closed, n_left;
    bool is_inside; /* a call into the stream: nothing but `closed` may be told */
    size_t (*on_received)(struct side *side, char *bytes, size_t len);
    void (*on_ended)(struct side *side, int err);
    void (*on_drained)(struct side *side);
    void (*on_left)(struct side *side);
};

static struct wire wire;
static struct side sides[2];
static char got[2][GOT_MAX];
static struct side *in, *out; /* the same one, but for pipes */

static size_t received(struct gu_stream *s, char *bytes, size_t len)
{
    struct side *side = gu_container_of(s, struct side, s);
    size_t n = side->bite == 0 || side->bite > len ? len : side->bite;

    assert_false(side->is_inside);
    side->n_received++;
    if (side->on_received != NULL)
        return side->on_received(side, bytes, len);
    assert_true(side->n_got + n <= GOT_MAX);
    memcpy(side->got + side->n_got, bytes, n);
    side->n_got += n;
    return n;
}

static void ended(struct gu_stream *s, int err)
{
    struct side *side = gu_container_of(s, struct side, s);

    assert_false(side->is_inside);
    if (err == 0) {
        side->n_ended++;
    } else {
        side->n_broken++;
        side->broken_err = err;
    }
    if (side->on_ended != NULL)
        side->on_ended(side, err);
}

static void drained(struct gu_stream *s)
{
    struct side *side = gu_container_of(s, struct side, s);

    assert_false(side->is_inside);
    side->n_drained++;
    if (side->on_drained != NULL)
        side->on_drained(side);
}

static void closed(struct gu_stream *s)
{
    gu_container_of(s, struct side, s)->n_closed++;
}

static void left(struct gu_stream *s)
{
    struct side *side = gu_container_of(s, struct side, s);

    assert_false(side->is_inside);
    side->n_left++;
    if (side->on_left != NULL)
        side->on_left(side);
}

static const struct gu_stream_ops ops = {received, ended, drained, closed, left, NULL};

/* --- the stage --- */

static bool is_poller(const char *name)
{
    return strcmp(gust_loop_poller(loop), name) == 0;
}

static bool is_transport(const char *name)
{
    return strcmp(transport->name, name) == 0;
}

/* Whether a stream that takes no input hears that its peer will send no more. */
static bool tells_of_leaving(void)
{
    return !is_poller("select") || is_transport("memory");
}

static void nothing(void *arg)
{
    (void)arg;
}

/* One turn of the loop, which does not sleep. */
static void turn(void)
{
    wire_pump();
    assert_int_equal(gust_loop_add_callback(loop, nothing, NULL), 0);
    gust_loop_stop(loop);
    assert_int_equal(gust_loop_start(loop), 0);
    wire_pump();
}

/* Turns until it is true; packets may take a moment, even on a loopback. */
#define TURN_UNTIL(condition)                                      \
    do {                                                           \
        for (int turns_ = 0; !(condition); turns_++) {             \
            if (turns_ > 2000)                                     \
                fail_msg("not within 2000 turns: %s", #condition); \
            if (turns_ > 20)                                       \
                nanosleep(&(struct timespec){0, 500000}, NULL);    \
            turn();                                                \
        }                                                          \
    } while (0)

static void tls_opened(struct gu_stream *s, int err, void *arg)
{
    (void)s;
    *(int *)arg = err;
}

static void open_side(struct side *side, const struct wire *w, int fd)
{
    static int result;
    gust_tls_context *context = tls_context_of(w);

    result = 1;
    assert_int_equal(gu_stream_open(&side->s, net, &ops, fd, transport->is_socket), 0);
    if (context == NULL)
        return;
    assert_int_equal(gu_tls_begin(&side->s, context, "localhost", tls_opened, &result), 0);
    gust_tls_context_free(context);
    TURN_UNTIL(result != 1);
    assert_int_equal(result, 0);
}

static void set_up(void)
{
    for (int i = 0; i < 2; i++) {
        sides[i] = (struct side){.got = got[i]};
        sides[i].s.flags = GU_STREAM_CLOSED;
    }
    in = out = &sides[0];
    wire = (struct wire){0};
    transport->open(&wire);
    open_side(in, &wire, wire.in);
    if (wire.in == wire.out)
        return;
    out = &sides[1];
    open_side(out, &wire, wire.out);
    gu_stream_pause(&out->s); /* it can only be written to */
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        bool was_open = sides[i].s.net != NULL;

        gu_stream_close(&sides[i].s);
        assert_int_equal(sides[i].n_closed, was_open ? 1 : 0);
    }
    wire_close_peer(&wire);
    wire_relays_free();
    assert_int_equal(net->held, 0);
    assert_int_equal(net->queued, 0);
}

static void turn_some(void)
{
    for (int i = 0; i < 5; i++)
        turn();
}

static void on_every_stage(void (*contract)(void))
{
    static char row[64];

    signal(SIGPIPE, SIG_IGN); /* as gust_stream_open() does for pipes */
    for (size_t i = 0; i < gu_countof(pollers); i++)
        for (transport = transports; transport->name != NULL; transport++) {
            snprintf(row, sizeof row, "%s on %s", transport->name, pollers[i]);
            TEST_CASE(row);
            assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
            net = gu_net_of(loop);
            assert_non_null(net);
            set_up();
            contract();
            tear_down();
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

/* Calls into the stream from outside its callbacks. */
#define INSIDE(side, call)         \
    do {                           \
        (side)->is_inside = true;  \
        call;                      \
        (side)->is_inside = false; \
    } while (0)

static void peer_ends(void)
{
    wire_shut(&wire);
}

/* Bytes that differ from their neighbours, so that a lost or doubled one shows. */
static void fill(char *to, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245u + 12345u;
        to[i] = (char)(seed >> 16);
    }
}

/* Small buffers in the kernel, so that it takes little at once. */
static void narrow(void)
{
    int size = 4096, window = 65536; /* a window below a segment waits for timers */

    if (!transport->is_socket)
        return;
    assert_return_code(setsockopt(wire.out, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), errno);
    assert_return_code(setsockopt(wire.peer_in, SOL_SOCKET, SO_RCVBUF, &window, sizeof window),
                       errno);
}

static char peer_got[GOT_MAX];
static size_t n_peer_got;

/* Reads what is there at the peer's end; true once it has ended. */
static bool peer_reads(size_t most)
{
    while (most > 0) {
        long n = wire_receive(&wire, peer_got + n_peer_got, gu_min(most, GOT_MAX - n_peer_got));

        if (n <= 0)
            return n == 0;
        n_peer_got += (size_t)n;
        most -= (size_t)n;
    }
    return false;
}

/* --- input --- */

CONTRACT(bytes_are_handed_up_as_they_come)
{
    wire_send(&wire, "hello", 5);
    TURN_UNTIL(in->n_got == 5);
    wire_send(&wire, ", world", 7);
    TURN_UNTIL(in->n_got == 12);
    assert_memory_equal(in->got, "hello, world", 12);
    assert_null(in->s.pending);
    assert_int_equal(in->n_ended, 0);
}

CONTRACT(what_is_left_comes_again_in_front_of_what_follows)
{
    in->bite = 2;
    wire_send(&wire, "abcde", 5);
    TURN_UNTIL(in->n_got == 2);
    turn_some();
    assert_int_equal(in->n_got, 2); /* nothing new: not handed up again by itself */
    assert_int_equal(in->s.pending->len, 3);
    wire_send(&wire, "fg", 2);
    TURN_UNTIL(in->n_got == 4);
    gu_stream_resume(&in->s);
    TURN_UNTIL(in->n_got == 6);
    gu_stream_resume(&in->s);
    TURN_UNTIL(in->n_got == 7);
    assert_memory_equal(in->got, "abcdefg", 7);
    assert_null(in->s.pending);
}

CONTRACT(a_paused_stream_takes_nothing_and_loses_nothing)
{
    gu_stream_pause(&in->s);
    wire_send(&wire, "abc", 3);
    turn_some();
    assert_int_equal(in->n_received, 0);
    gu_stream_resume(&in->s);
    TURN_UNTIL(in->n_got == 3);
    gu_stream_pause(&in->s);
    gu_stream_resume(&in->s);
    turn_some();
    assert_int_equal(in->n_received, 1);
    wire_send(&wire, "def", 3);
    TURN_UNTIL(in->n_got == 6);
    assert_memory_equal(in->got, "abcdef", 6);
}

/* Takes a few bytes, pauses now and then, and sometimes resumes at once. */
static size_t nibble(struct side *side, char *bytes, size_t len)
{
    static unsigned seed = 7;
    size_t n;

    seed = seed * 1103515245u + 12345u;
    n = gu_min(len, seed >> 16 & 0x1fffu);
    memcpy(side->got + side->n_got, bytes, n);
    side->n_got += n;
    if ((seed & 0x300000u) == 0)
        gu_stream_pause(&side->s);
    if ((seed & 0xc00000u) == 0)
        gu_stream_resume(&side->s);
    return n;
}

CONTRACT(a_megabyte_arrives_whole_whatever_is_taken_and_paused_when)
{
    static char sent[(size_t)1 << 20];
    size_t n_sent = 0;

    fill(sent, sizeof sent, 1);
    in->on_received = nibble;
    while (in->n_got < sizeof sent) {
        ssize_t n = write(wire.peer_out, sent + n_sent, gu_min(sizeof sent - n_sent, 50000));

        if (n > 0)
            n_sent += (size_t)n;
        turn();
        gu_stream_resume(&in->s);
    }
    assert_memory_equal(in->got, sent, sizeof sent);
}

static size_t take_none_until_full(struct side *side, char *bytes, size_t len)
{
    if (len < GU_NET_IN)
        return 0;
    memcpy(side->got, bytes, len);
    side->n_got = len;
    return len;
}

CONTRACT(a_protocol_may_leave_as_much_as_the_input_buffer_holds)
{
    static char sent[GU_NET_IN];
    size_t n_sent = 0;

    fill(sent, sizeof sent, 2);
    in->on_received = take_none_until_full;
    while (in->n_got == 0) {
        ssize_t n = write(wire.peer_out, sent + n_sent, gu_min(sizeof sent - n_sent, 3000));

        if (n > 0)
            n_sent += (size_t)n;
        turn();
    }
    assert_int_equal(in->n_got, GU_NET_IN);
    assert_memory_equal(in->got, sent, sizeof sent);
}

CONTRACT(one_fast_peer_does_not_hold_the_loop)
{
    static char sent[(size_t)1 << 20];
    int size = 1 << 20, before;
    ssize_t n;

    if (transport->is_socket)
        assert_return_code(setsockopt(wire.in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0
                               ? setsockopt(wire.in, SOL_SOCKET, SO_RCVBUF, &size, sizeof size)
                               : 0,
                           errno);
    while ((n = write(wire.peer_out, sent, sizeof sent)) > 0)
        continue;
    for (int i = 0; i < 4; i++) {
        before = in->n_received;
        turn();
        /* four by the event; what is left of the turn's budget is the next turn's */
        assert_true(in->n_received - before <= 8);
    }
    assert_true(in->n_received > 0);
}

/* --- the end of input --- */

CONTRACT(the_end_comes_once_behind_all_bytes)
{
    wire_send(&wire, "last words", 10);
    peer_ends();
    TURN_UNTIL(in->n_ended == 1);
    assert_int_equal(in->n_got, 10);
    turn_some();
    assert_int_equal(in->n_ended, 1);
    assert_int_equal(in->n_broken, 0);
    assert_int_equal(in->n_closed, 0);
}

CONTRACT(an_end_behind_bytes_that_wait_is_told_early_and_again_behind_them)
{
    gu_stream_pause(&in->s);
    wire_send(&wire, "behind", 6);
    turn_some();
    peer_ends();
    if (tells_of_leaving())
        TURN_UNTIL(in->n_left == 1);
    else
        turn_some();
    turn_some();
    assert_int_equal(in->n_left, tells_of_leaving() ? 1 : 0);
    assert_int_equal(in->n_received, 0);
    assert_int_equal(in->n_ended, 0);
    gu_stream_resume(&in->s);
    TURN_UNTIL(in->n_ended == 1);
    assert_int_equal(in->n_got, 6);
    turn_some();
    assert_int_equal(in->n_left, tells_of_leaving() ? 1 : 0);
    assert_int_equal(in->n_ended, 1);
}

CONTRACT(a_peer_that_closed_altogether_has_still_sent_what_it_sent)
{
    gu_stream_pause(&in->s);
    wire_send(&wire, "behind", 6);
    turn_some();
    wire_close_peer(&wire);
    turn_some();
    assert_int_equal(in->n_broken, 0);
    gu_stream_resume(&in->s);
    TURN_UNTIL(in->n_ended == 1);
    assert_int_equal(in->n_got, 6);
    assert_memory_equal(in->got, "behind", 6);
}

CONTRACT(after_the_end_of_input_output_still_leaves)
{
    char text[8];

    peer_ends();
    TURN_UNTIL(in->n_ended == 1);
    INSIDE(out, gu_stream_put(&out->s, "answer", 6));
    turn_some();
    assert_int_equal(wire_receive(&wire, text, sizeof text), 6);
    assert_memory_equal(text, "answer", 6);
    gu_stream_close(&out->s);
    assert_int_equal(wire_receive(&wire, text, sizeof text), 0);
}

CONTRACT(an_ended_stream_lets_the_loop_sleep)
{
    uint64_t before;

    peer_ends();
    TURN_UNTIL(in->n_ended == 1);
    /* The queue fills and empties: a poller that reports levels must not report the end again. */
    narrow();
    n_peer_got = 0;
    for (int i = 0; i < 64; i++)
        INSIDE(out, gu_stream_put(&out->s, peer_got, 8192));
    gu_stream_flush(&out->s);
    assert_true(gu_stream_is_blocked(&out->s));
    while (gu_stream_is_blocked(&out->s)) {
        peer_reads(SIZE_MAX);
        turn();
    }
    turn_some();
    before = loop->n_turns;
    gust_loop_call_later(loop, 0.02, (void (*)(void *))gust_loop_stop, loop);
    assert_int_equal(gust_loop_start(loop), 0);
    assert_true(loop->n_turns - before <= 4);
}

/* --- broken connections --- */

CONTRACT(a_reset_is_told_once_with_its_error)
{
    struct linger linger = {1, 0};

    if (is_transport("pipe") || is_transport("unix") || wire.is_tls)
        return; /* they have no reset */
    for (int is_paused = 0; is_paused < 1 + tells_of_leaving(); is_paused++) {
        if (is_paused) {
            tear_down();
            set_up();
            gu_stream_pause(&in->s);
        }
        turn();
        if (is_transport("memory"))
            memory_relay_break();
        else
            setsockopt(wire.peer_in, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        wire_close_peer(&wire);
        TURN_UNTIL(in->n_broken == 1);
        assert_int_equal(in->broken_err, -ECONNRESET);
        turn_some();
        assert_int_equal(in->n_broken, 1);
        assert_int_equal(in->n_ended, 0);
        assert_int_equal(in->n_closed, 0);
    }
}

CONTRACT(sending_to_who_is_gone_breaks_the_stream_from_the_loop_only)
{
    wire_close_peer(&wire);
    for (int i = 0; i < 3 && out->n_broken == 0; i++) {
        INSIDE(out, gu_stream_put(&out->s, "hello", 5));
        INSIDE(out, gu_stream_flush(&out->s));
        turn_some();
    }
    TURN_UNTIL(out->n_broken == 1);
    assert_true(out->broken_err == -EPIPE || out->broken_err == -ECONNRESET);
    INSIDE(out, gu_stream_put(&out->s, "more", 4)); /* goes nowhere */
    INSIDE(out, gu_stream_put_large(&out->s, "more", 4, NULL));
    assert_int_equal(gu_stream_unsent(&out->s), 0);
    turn_some();
    assert_int_equal(out->n_broken, 1);
}

/* --- output --- */

CONTRACT(what_is_put_in_a_dispatch_leaves_at_its_end)
{
    char text[16];

    INSIDE(out, gu_stream_put(&out->s, "one ", 4));
    INSIDE(out, gu_stream_put(&out->s, "two ", 4));
    memcpy(gu_stream_reserve(&out->s, 100), "three", 5);
    gu_stream_commit(&out->s, 5);
    assert_int_equal(gu_stream_unsent(&out->s), 13);
    assert_int_equal(wire_receive(&wire, text, sizeof text), -EAGAIN);
    turn();
    assert_int_equal(gu_stream_unsent(&out->s), 0);
    assert_int_equal(wire_receive(&wire, text, sizeof text), 13);
    assert_memory_equal(text, "one two three", 13);
    assert_null(out->s.out);
    assert_int_equal(out->n_drained, 0);
}

static int n_released;

static void release(struct gu_chunk *chunk)
{
    n_released++;
    free(chunk);
}

static struct gu_chunk *chunk_new(size_t len, unsigned seed)
{
    struct gu_chunk *chunk = malloc(sizeof *chunk + len);

    assert_non_null(chunk);
    *chunk = (struct gu_chunk){.release = release};
    fill((char *)(chunk + 1), len, seed);
    return chunk;
}

CONTRACT(put_and_put_large_keep_their_order_through_the_queue)
{
    static char want[GOT_MAX];
    static const size_t sizes[] = {1, 100, 20000, 3, 70000, 300000, 15999, 16000, 16001, 7};
    size_t n_want = 0, n_held = 0;

    narrow();
    n_peer_got = 0;
    n_released = 0;
    for (unsigned i = 0; i < 30; i++) {
        size_t len = sizes[i % gu_countof(sizes)];
        struct gu_chunk *hold;

        fill(want + n_want, len, i);
        if (i % 3 == 2) {
            hold = chunk_new(len, i);
            INSIDE(out, gu_stream_put_large(&out->s, (char *)(hold + 1), len, &hold));
            if (hold == NULL)
                n_held++;
            else
                release(hold);
        } else if (i % 3 == 1) {
            INSIDE(out, gu_stream_put_large(&out->s, want + n_want, len, NULL));
        } else {
            INSIDE(out, gu_stream_put(&out->s, want + n_want, len));
        }
        n_want += len;
        if (i % 7 == 0)
            turn();
    }
    assert_true(gu_stream_is_blocked(&out->s));
    assert_true(n_held >= 5);
    assert_true(gu_stream_unsent(&out->s) > 0 && gu_stream_unsent(&out->s) <= n_want);
    while (n_peer_got < n_want) {
        peer_reads(10007);
        turn();
    }
    turn();
    assert_int_equal(n_peer_got, n_want);
    assert_memory_equal(peer_got, want, n_want);
    assert_int_equal(n_released, 10);
    assert_false(gu_stream_is_blocked(&out->s));
    assert_int_equal(out->n_drained, 1);
}

/* Puts until more waits than the kernel will ever take. */
static void block(void)
{
    narrow();
    n_peer_got = 0;
    while (gu_stream_unsent(&out->s) < 300000) {
        INSIDE(out, gu_stream_put(&out->s, peer_got, 10000));
        INSIDE(out, gu_stream_flush(&out->s));
    }
    turn_some();
    assert_true(gu_stream_is_blocked(&out->s));
    out->n_drained = 0; /* it may have been, on the way */
}

CONTRACT(a_peer_that_leaves_a_full_queue_behind_breaks_the_stream)
{
    block();
    wire_close_peer(&wire);
    TURN_UNTIL(out->n_broken == 1);
    assert_false(gu_stream_is_blocked(&out->s));
    assert_int_equal(out->n_drained, 0);
}

CONTRACT(while_a_peer_does_not_read_it_is_not_read)
{
    if (in != out)
        return; /* two pipes are two streams */
    block();
    wire_send(&wire, "next", 4);
    turn_some();
    assert_int_equal(in->n_received, 0);
    while (gu_stream_is_blocked(&out->s)) {
        peer_reads(SIZE_MAX);
        turn();
    }
    assert_int_equal(out->n_drained, 1);
    TURN_UNTIL(in->n_got == 4);
}

CONTRACT(a_queue_beyond_its_limit_breaks_the_stream)
{
    block();
    net->max_queue = gu_stream_unsent(&out->s) + 25000;
    while (gu_stream_unsent(&out->s) <= net->max_queue) {
        assert_int_equal(out->s.flags & GU_STREAM_BROKEN, 0);
        INSIDE(out, gu_stream_put_large(&out->s, peer_got, 10000, NULL));
    }
    INSIDE(out, gu_stream_put_large(&out->s, "x", 1, NULL));
    assert_int_equal(out->n_broken, 0);
    assert_int_equal(net->queued, 0);
    turn();
    assert_int_equal(out->n_broken, 1);
    assert_int_equal(out->broken_err, -GUST_EFULL);
}

static void open_more(struct side *side, struct wire *other_wire)
{
    transport->open(other_wire);
    open_side(side, other_wire, other_wire->out);
    if (other_wire->in != other_wire->out)
        gu_stream_pause(&side->s);
}

static void close_more(struct side *side, struct wire *other_wire)
{
    gu_stream_close(&side->s);
    if (other_wire->in != other_wire->out)
        close(other_wire->in);
    wire_close_peer(other_wire);
}

CONTRACT(two_streams_take_turns_with_the_one_buffer)
{
    struct wire other_wire = {0};
    struct side other = {.got = NULL};
    char text[16];

    open_more(&other, &other_wire);
    gu_stream_put(&out->s, "a1 ", 3);
    gu_stream_put(&other.s, "b1 ", 3);
    assert_int_equal(gu_stream_unsent(&out->s), 3); /* its turn is over, and nothing sent yet */
    gu_stream_put(&out->s, "a2", 2);
    gu_stream_put(&other.s, "b2", 2);
    assert_int_equal(gu_stream_unsent(&out->s), 2); /* what it put before has left before */
    assert_int_equal(gu_stream_unsent(&other.s), 2);
    gu_stream_put(&out->s, "x", 1);
    gu_stream_close(&out->s); /* what is corked goes with it */
    turn();
    assert_int_equal(wire_receive(&wire, text, sizeof text), 5);
    assert_memory_equal(text, "a1 a2", 5);
    assert_int_equal(wire_receive(&other_wire, text, sizeof text), 5);
    assert_memory_equal(text, "b1 b2", 5);
    close_more(&other, &other_wire);
}

CONTRACT(what_is_held_is_sent_by_a_flush_and_dropped_by_a_close)
{
    struct wire other_wire = {0}, third_wire = {0};
    struct side other = {.got = NULL}, third = {.got = NULL};
    char text[16];

    open_more(&other, &other_wire);
    open_more(&third, &third_wire);
    gu_stream_put(&out->s, "first", 5);
    gu_stream_put(&other.s, "second", 6);
    gu_stream_put(&third.s, "third", 5);
    gu_stream_flush(&out->s); /* held, and behind others that are */
    assert_int_equal(gu_stream_unsent(&out->s), 0);
    assert_int_equal(wire_receive(&wire, text, sizeof text), 5);
    gu_stream_close(&other.s);
    turn();
    assert_int_equal(wire_receive(&other_wire, text, sizeof text), 0);
    assert_int_equal(wire_receive(&third_wire, text, sizeof text), 5);
    assert_memory_equal(text, "third", 5);
    close_more(&third, &third_wire);
    close_more(&other, &other_wire);
}

CONTRACT(no_more_than_a_number_of_streams_are_held)
{
    struct wire wires[GU_NET_HELD] = {{0}};
    struct side many[GU_NET_HELD] = {{.got = NULL}};
    char text[4];

    for (size_t i = 0; i < GU_NET_HELD; i++)
        open_more(&many[i], &wires[i]);
    for (size_t i = 0; i < GU_NET_HELD; i++) {
        gu_stream_put(&many[i].s, "1", 1);
        assert_int_equal(gu_stream_unsent(&many[0].s), 1);
    }
    gu_stream_put(&out->s, "2", 1); /* ends the turn of the last of them */
    for (size_t i = 0; i < GU_NET_HELD; i++) {
        assert_int_equal(gu_stream_unsent(&many[i].s), 0);
        assert_int_equal(wire_receive(&wires[i], text, sizeof text), 1);
    }
    assert_int_equal(gu_stream_unsent(&out->s), 1);
    for (size_t i = 0; i < GU_NET_HELD; i++)
        close_more(&many[i], &wires[i]);
}

CONTRACT(a_full_buffer_is_sent_for_all_whose_bytes_are_in_it)
{
    struct wire other_wire = {0};
    struct side other = {.got = NULL};
    char text[4];

    open_more(&other, &other_wire);
    gu_stream_put(&other.s, "1", 1);
    memset(gu_stream_reserve(&out->s, 100), 'x', 100);
    gu_stream_commit(&out->s, 100);
    assert_int_equal(gu_stream_unsent(&other.s), 1);
    gu_stream_reserve(&out->s, GU_NET_OUT - 100); /* one byte too many */
    assert_int_equal(gu_stream_unsent(&other.s), 0);
    assert_int_equal(gu_stream_unsent(&out->s), 0);
    assert_int_equal(wire_receive(&other_wire, text, sizeof text), 1);
    close_more(&other, &other_wire);
}

/* --- closing --- */

CONTRACT(closing_drops_what_is_unsent_and_puts_go_nowhere)
{
    char text[8];

    gu_stream_put(&out->s, "lost", 4);
    gu_stream_close(&out->s);
    assert_int_equal(out->n_closed, 1);
    assert_null(net->corked);
    gu_stream_put(&out->s, "nowhere", 7);
    gu_stream_put_large(&out->s, "nowhere", 7, NULL);
    gu_stream_flush(&out->s);
    assert_null(net->corked);
    gu_stream_pause(&out->s);
    gu_stream_resume(&out->s);
    gu_stream_close(&out->s);
    gu_stream_close_sent(&out->s);
    turn_some();
    assert_int_equal(wire_receive(&wire, text, sizeof text), 0);
}

/* A client over TLS that has read nothing waits for the server's end. */
static void assert_closed(void)
{
    if (wire.is_tls && !wire.is_tls_server) {
        assert_int_equal(out->n_closed, 0);
        wire_close_peer(&wire);
        TURN_UNTIL(out->n_closed == 1);
    }
    assert_int_equal(out->n_closed, 1);
}

CONTRACT(close_sent_closes_behind_the_last_byte)
{
    size_t n_put = 0;

    narrow();
    n_peer_got = 0;
    gu_stream_put(&out->s, "short", 5);
    while (!gu_stream_is_blocked(&out->s)) {
        gu_stream_put_large(&out->s, peer_got, 100000, NULL);
        n_put += 100000;
    }
    gu_stream_close_sent(&out->s);
    assert_int_equal(out->n_closed, 0);
    while (!peer_reads(9999))
        turn();
    assert_int_equal(n_peer_got, n_put + 5);
    assert_closed();
    assert_int_equal(out->n_drained, 0);
}

CONTRACT(close_sent_closes_at_once_when_all_is_sent)
{
    char text[8];

    gu_stream_put(&out->s, "short", 5);
    gu_stream_close_sent(&out->s);
    assert_int_equal(wire_receive(&wire, text, sizeof text), 5);
    assert_int_equal(wire_receive(&wire, text, sizeof text), 0);
    assert_closed();
}

CONTRACT(close_sent_gives_up_when_the_peer_does)
{
    block();
    gu_stream_close_sent(&out->s);
    wire_close_peer(&wire);
    TURN_UNTIL(out->n_closed == 1);
    assert_int_equal(out->n_broken, 0);
}

static size_t close_in_received(struct side *side, char *bytes, size_t len)
{
    (void)bytes;
    gu_stream_put(&side->s, "bye", 3);
    gu_stream_close(&side->s);
    return len / 2;
}

static void close_in_ended(struct side *side, int err)
{
    (void)err;
    gu_stream_close(&side->s);
}

static void close_in_call(struct side *side)
{
    gu_stream_close(&side->s);
}

CONTRACT(a_stream_may_be_closed_in_received)
{
    in->on_received = close_in_received;
    wire_send(&wire, "abc", 3);
    TURN_UNTIL(in->n_closed == 1);
    turn_some();
    assert_int_equal(in->n_received, 1);
}

CONTRACT(a_stream_may_be_closed_in_ended)
{
    in->on_ended = close_in_ended;
    peer_ends();
    TURN_UNTIL(in->n_closed == 1);
    turn_some();
    assert_int_equal(in->n_ended, 1);
}

CONTRACT(a_stream_may_be_closed_in_left)
{
    if (!tells_of_leaving())
        return; /* which cannot tell */
    in->on_left = close_in_call;
    gu_stream_pause(&in->s);
    peer_ends();
    TURN_UNTIL(in->n_closed == 1);
    turn_some();
    assert_int_equal(in->n_ended, 0);
}

CONTRACT(a_stream_may_be_closed_in_drained)
{
    block();
    out->on_drained = close_in_call;
    while (out->n_closed == 0) {
        peer_reads(SIZE_MAX);
        turn();
    }
    turn_some();
    assert_int_equal(out->n_drained, 1);
}

/* --- detaching --- */

static struct gu_pending *detached;
static int detached_fd;

static size_t detach_in_received(struct side *side, char *bytes, size_t len)
{
    assert_true(len >= 4);
    detached_fd = gu_stream_detach(&side->s, bytes + 3, len - 3, &detached);
    return 3;
}

static void check_detached(void)
{
    char text[8];

    assert_true(detached_fd >= 0 || detached_fd == wire.in);
    assert_int_equal(in->n_closed, 1);
    assert_non_null(detached);
    assert_int_equal(detached->len, 4);
    assert_memory_equal(detached->bytes, "rest", 4);
    gu_free(detached);
    wire_send(&wire, "later", 5);
    turn_some();
    if (is_transport("memory")) {
        assert_int_equal(gu_memory_read(net, detached_fd, text, sizeof text), 5);
        gu_memory_close(net, detached_fd, false);
    } else {
        assert_int_equal(read(detached_fd, text, sizeof text), 5);
        close(detached_fd);
    }
}

CONTRACT(detaching_in_received_takes_the_unread_bytes_along)
{
    if (wire.is_tls)
        return; /* what is behind it moves to another stream only, see gu_pull_take() */
    in->on_received = detach_in_received;
    wire_send(&wire, "onerest", 7);
    TURN_UNTIL(in->n_closed == 1);
    check_detached();
}

CONTRACT(detaching_takes_what_is_pending_along)
{
    if (wire.is_tls)
        return;
    in->bite = 3;
    wire_send(&wire, "onerest", 7);
    TURN_UNTIL(in->n_got == 3);
    detached_fd = gu_stream_detach(&in->s, NULL, 0, &detached);
    check_detached();
}

/* --- waiting for room --- */

static int wait_result;
static size_t wait_most;
static bool has_deadline;

static void waiter(struct gust_task *task)
{
    (void)task;
    if (has_deadline) {
        GUST_DEADLINE(0.005);
        wait_result = gu_stream_wait_sent(&out->s, wait_most);
    } else {
        wait_result = gu_stream_wait_sent(&out->s, wait_most);
    }
}

static void wait_in_task(size_t most, bool with_deadline)
{
    struct gust_task *task;

    wait_result = 1;
    wait_most = most;
    has_deadline = with_deadline;
    assert_non_null(gu_tasks_of(loop));
    task = gu_task_new(gu_tasks_of(loop), waiter, "waiter");
    assert_non_null(task);
    gu_task_start_soon(task);
    turn();
}

CONTRACT(a_task_waits_until_there_is_room)
{
    block();
    gu_stream_put_large(&out->s, peer_got, 200000, NULL);
    wait_in_task(100000, false);
    assert_int_equal(wait_result, 1);
    while (wait_result == 1) {
        assert_true(gu_stream_unsent(&out->s) > 0);
        peer_reads(5000);
        turn();
    }
    assert_int_equal(wait_result, 0);
    assert_true(gu_stream_unsent(&out->s) <= 100000);
    wait_in_task(0, false);
    while (wait_result == 1) {
        peer_reads(5000);
        turn();
    }
    assert_int_equal(wait_result, 0);
    assert_int_equal(gu_stream_unsent(&out->s), 0);
}

CONTRACT(a_wait_for_room_ends_at_the_deadline_or_with_the_stream)
{
    block();
    wait_in_task(0, true);
    TURN_UNTIL(wait_result != 1);
    assert_int_equal(wait_result, -ETIMEDOUT);
    wait_in_task(0, false);
    assert_int_equal(wait_result, 1);
    gu_stream_close(&out->s);
    TURN_UNTIL(wait_result != 1);
    assert_int_equal(wait_result, -GUST_ECLOSED);
}
