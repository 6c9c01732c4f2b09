/*
 * push_stage — see push_stage.h
 */
#include "push_stage.h"
#include "net/tls.h"
#include "tls_wire.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

static const char *const pollers[] = {"epoll", "poll", "select"};

const struct transport *transport;
gust_loop *loop;
struct gu_net *net;
struct wire wire;
struct side *in, *out;
char peer_got[GOT_MAX];
size_t n_peer_got;

static struct side sides[2];
static char got[2][GOT_MAX];

/* --- the protocol --- */

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

/* --- the loop --- */

bool is_poller(const char *name)
{
    return strcmp(gust_loop_poller(loop), name) == 0;
}

bool is_transport(const char *name)
{
    return strcmp(transport->name, name) == 0;
}

bool tells_of_leaving(void)
{
    return !is_poller("select") || is_transport("memory");
}

static void nothing(void *arg)
{
    (void)arg;
}

void turn(void)
{
    wire_pump();
    assert_int_equal(gust_loop_add_callback(loop, nothing, NULL), 0);
    gust_loop_stop(loop);
    assert_int_equal(gust_loop_start(loop), 0);
    wire_pump();
}

void turn_some(void)
{
    for (int i = 0; i < 5; i++)
        turn();
}

/* --- the stage --- */

static void tls_opened(struct gu_stream *s, int err, void *arg)
{
    (void)s;
    *(int *)arg = err;
}

void open_side(struct side *side, const struct wire *w, int fd)
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

void open_again(void)
{
    tear_down();
    set_up();
}

void on_every_stage(void (*contract)(void))
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

/* --- the peer --- */

void peer_ends(void)
{
    wire_shut(&wire);
}

bool peer_reads(size_t most)
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

void fill(char *to, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245u + 12345u;
        to[i] = (char)(seed >> 16);
    }
}

void narrow(void)
{
    int size = 4096, window = 65536; /* a window below a segment waits for timers */

    if (!transport->is_socket)
        return;
    assert_return_code(setsockopt(wire.out, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), errno);
    assert_return_code(setsockopt(wire.peer_in, SOL_SOCKET, SO_RCVBUF, &window, sizeof window),
                       errno);
}

void block(void)
{
    size_t before;

    narrow();
    n_peer_got = 0;
    do { /* a relay in between may take it all, and not at once: until it takes no more */
        while (gu_stream_unsent(&out->s) < 300000) {
            INSIDE(out, gu_stream_put(&out->s, peer_got, 10000));
            INSIDE(out, gu_stream_flush(&out->s));
        }
        before = gu_stream_unsent(&out->s);
        turn_some();
    } while (gu_stream_unsent(&out->s) < before);
    assert_true(gu_stream_is_blocked(&out->s));
    out->n_drained = 0; /* it may have been, on the way */
}
