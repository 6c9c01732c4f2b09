/*
 * push — the contract of what a stream hands up: bytes, their end, and what breaks
 */
#include "memory_wire.h"
#include "push_stage.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

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
            open_again();
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
