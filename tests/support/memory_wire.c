/*
 * memory_wire — the far end of a connection in memory
 */
#include "memory_wire.h"
#include "base/gu.h"
#include "net/memory.h"
#include "test.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 16384

struct relay {
    struct relay *next;
    struct gu_net *net;
    int plain;      /* the test's side */
    int far;        /* the stream's other end; 0: closed */
    int near;       /* the stream's */
    bool in_ended;  /* the test will send no more */
    bool out_ended; /* the stream will not */
    char in[PIECE], out[PIECE];
    size_t n_in, n_out;
};

static struct relay *relays;

void memory_open(struct wire *wire)
{
    struct relay *relay = calloc(1, sizeof *relay);
    int ends[2], handles[2];

    assert_non_null(relay);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                       errno);
    relay->net = gu_net_of(gust_loop_current());
    assert_non_null(relay->net);
    assert_int_equal(gu_memory_pair(relay->net, (size_t)64 * 1024, handles), 0);
    relay->plain = ends[1];
    relay->near = handles[0];
    relay->far = handles[1];
    wire->in = wire->out = handles[0];
    wire->peer_in = wire->peer_out = ends[0];
    relay->next = relays;
    relays = relay;
}

/* From the test to the stream. */
static bool pump_in(struct relay *relay)
{
    ssize_t n;

    if (relay->n_in == 0 && !relay->in_ended) {
        n = read(relay->plain, relay->in, sizeof relay->in);
        relay->n_in = n > 0 ? (size_t)n : 0;
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            relay->in_ended = true;
            gu_memory_shutdown(relay->net, relay->far);
        }
    }
    if (relay->n_in == 0)
        return false;
    n = gu_memory_write(relay->net, relay->far, &(struct iovec){relay->in, relay->n_in}, 1);
    if (n <= 0)
        return false;
    relay->n_in -= (size_t)n;
    memmove(relay->in, relay->in + n, relay->n_in);
    return true;
}

/* From the stream to the test. */
static bool pump_out(struct relay *relay)
{
    ssize_t n;

    if (relay->n_out == 0 && !relay->out_ended) {
        n = gu_memory_read(relay->net, relay->far, relay->out, sizeof relay->out);
        relay->n_out = n > 0 ? (size_t)n : 0;
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            relay->out_ended = true;
            shutdown(relay->plain, SHUT_WR);
        }
    }
    if (relay->n_out == 0)
        return false;
    n = send(relay->plain, relay->out, relay->n_out, MSG_NOSIGNAL);
    if (n <= 0)
        return false;
    relay->n_out -= (size_t)n;
    memmove(relay->out, relay->out + n, relay->n_out);
    return true;
}

/* The test has closed its end, and will read nothing. */
static bool is_left(const struct relay *relay)
{
    struct pollfd look = {.fd = relay->plain};

    return poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

static bool pump(struct relay *relay)
{
    bool has_moved;

    if (relay->far == 0)
        return false;
    has_moved = pump_in(relay);
    has_moved |= pump_out(relay);
    if (!has_moved && relay->in_ended && is_left(relay)) {
        gu_memory_close(relay->net, relay->far, false);
        relay->far = 0;
    }
    return has_moved;
}

bool memory_relays_pump(void)
{
    bool has_moved = false;

    for (struct relay *relay = relays; relay != NULL; relay = relay->next)
        while (pump(relay))
            has_moved = true;
    return has_moved;
}

void memory_relays_free(void)
{
    while (relays != NULL) {
        struct relay *relay = relays;

        relays = relay->next;
        close(relay->plain);
        if (relay->far != 0)
            gu_memory_close(relay->net, relay->far, false);
        free(relay);
    }
}

void memory_relay_break(void)
{
    gu_memory_break(relays->net, relays->near, -ECONNRESET);
}
