/*
 * push — the contract of what is put: it leaves in order, waits in the queue, and has room waited
 * for
 */
#include "push_stage.h"
#include <stdlib.h>
#include <unistd.h>

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
