/*
 * push — the contract of closing, inside of calls and behind what is unsent, and of detaching
 */
#include "base/alloc.h"
#include "net/memory.h"
#include "push_stage.h"
#include <unistd.h>

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
