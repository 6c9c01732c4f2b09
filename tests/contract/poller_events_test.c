/*
 * poller — the contract of what is told: by edges and by levels, of bytes, room, ends and errors
 */
#include "poller_stage.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what is told --- */

CONTRACT(bytes_to_read_are_told_and_not_before_they_are_there)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    run_turns(2);
    assert_int_equal(w.seen & GU_IN, 0);
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_ERR | GU_RDHUP), GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(room_to_send_is_told_again_after_there_was_none)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_OUT);
    run_turns(1);
    assert_int_equal(w.seen, GU_OUT);
    fill(ends[0]);
    run_turns(1);
    w.seen = 0;
    run_turns(2);
    assert_int_equal(w.seen, 0);
    assert_true(drain(ends[1]) > 0);
    run_turns(1);
    assert_int_equal(w.seen, GU_OUT);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(a_peer_that_shut_its_sending_side_is_told_by_rdhup)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP | GU_ERR), GU_IN | GU_RDHUP);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

/* select cannot look behind the bytes: it tells once they are read. */
CONTRACT(rdhup_behind_unread_bytes_is_told_with_them_but_by_select)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    send_text(ends[1], "x");
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP), is_poller("select") ? GU_IN : GU_IN | GU_RDHUP);
    assert_int_equal(drain(ends[0]), 1);
    run_turns(1);
    assert_int_equal(w.seen & (GU_IN | GU_RDHUP), GU_IN | GU_RDHUP);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

/* Which bits tell it differs; that one of them makes the owner read, and find the end, does not. */
CONTRACT(a_hang_up_makes_the_owner_read_and_find_the_end)
{
    static const struct {
        const char *name;
        bool is_pipe;
    } rows[] = {{"socket", false}, {"pipe", true}};

    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct watched w = {0};
        int ends[2];
        char byte;

        TEST_CASE(rows[i].name);
        if (rows[i].is_pipe)
            assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        else
            make_pair(ends);
        watch(&w, ends[0], GU_IN | GU_RDHUP);
        run_turns(1);
        w.seen = 0;
        close(ends[1]);
        run_turns(1);
        assert_int_not_equal(w.seen & (GU_IN | GU_RDHUP | GU_ERR), 0);
        assert_int_equal(read(ends[0], &byte, 1), 0);
        gu_loop_unwatch(loop, &w.io, true);
        close(ends[0]);
    }
}

/* A connection over loopback. */
static void make_tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, len), 0);
    ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(ends[0] >= 0);
    close(listener);
}

CONTRACT(a_reset_makes_the_owner_read_and_find_the_error)
{
    struct linger at_once = {1, 0};
    struct watched w = {0};
    int ends[2];
    char byte;

    make_tcp_pair(ends);
    watch(&w, ends[0], GU_IN | GU_RDHUP);
    run_turns(1);
    w.seen = 0;
    setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(ends[1]);
    run_turns(1);
    assert_int_not_equal(w.seen & (GU_IN | GU_ERR), 0);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    gu_loop_unwatch(loop, &w.io, true);
    close(ends[0]);
}

/* --- edge and level --- */

CONTRACT(what_stays_true_is_told_once_by_edges_and_every_turn_by_levels)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    send_text(ends[1], "x");
    watch(&w, ends[0], GU_IN);
    run_turns(1);
    w.n = 0;
    run_turns(3);
    assert_int_equal(w.n, loop->is_edge ? 0 : 3);
    send_text(ends[1], "y"); /* a new arrival is a new edge, read or not */
    w.seen = 0;
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(what_is_not_wanted_is_not_told_by_levels_and_told_when_wanted_again)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    send_text(ends[1], "x");
    run_turns(1);
    assert_int_equal(w.seen & GU_IN, GU_IN);
    assert_int_equal(gu_loop_want(loop, &w.io, 0), 0);
    w.n = 0;
    run_turns(2);
    assert_int_equal(w.n, 0);
    assert_int_equal(gu_loop_want(loop, &w.io, GU_IN), 0);
    run_turns(1);
    assert_int_equal(w.n,
                     loop->is_edge ? 0 : 1); /* by edges the owner knows since the first time */
    gu_loop_unwatch(loop, &w.io, true);
    close_pair(ends);
}

CONTRACT(a_hang_up_that_nobody_wants_to_hear_of_does_not_spin)
{
    struct watched w = {0};
    int ends[2];

    make_pair(ends);
    watch(&w, ends[0], GU_IN);
    assert_int_equal(gu_loop_want(loop, &w.io, 0), 0);
    close(ends[1]);
    run_turns(1);
    w.n = 0;
    run_turns(3);
    assert_int_equal(w.n, 0);
    gu_loop_unwatch(loop, &w.io, true);
    close(ends[0]);
}

/* An owner by the book: remembers what it was told, reads until EAGAIN or a budget of 2 bytes, and
 * says what it wants. */
struct reader {
    struct watched w;
    struct gu_ready again;
    char got[32];
    size_t len;
};

static void read_two(struct reader *r)
{
    ssize_t n = read(r->w.io.fd, r->got + r->len, 2);

    if (n > 0)
        r->len += (size_t)n;
    else
        r->w.io.ready &= (uint8_t)~GU_IN;
    if (r->w.io.ready & GU_IN)
        gu_loop_ready(loop, &r->again);
    gu_loop_want(loop, &r->w.io, r->w.io.ready & GU_IN ? 0 : GU_IN);
}

static void read_again(struct gu_ready *again)
{
    read_two(gu_container_of(again, struct reader, again));
}

static void on_readable(struct watched *w, unsigned events)
{
    w->io.ready |= (uint8_t)events;
    if (events & GU_IN)
        gu_loop_ready(loop, &gu_container_of(w, struct reader, w)->again);
}

CONTRACT(an_owner_by_the_book_gets_every_byte)
{
    struct reader r = {.w.then = on_readable, .again.run = read_again};
    int ends[2];

    make_pair(ends);
    watch(&r.w, ends[0], GU_IN);
    send_text(ends[1], "abcdefg");
    run_turns(3);
    send_text(ends[1], "hij");
    run_turns(5);
    send_text(ends[1], "klm");
    run_turns(5);
    assert_string_equal(r.got, "abcdefghijklm");
    gu_loop_unwatch(loop, &r.w.io, true);
    close_pair(ends);
}
