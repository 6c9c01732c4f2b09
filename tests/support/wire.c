/*
 * wire — transports for tests of streams
 */
#include "wire.h"
#include "memory_wire.h"
#include "test.h"
#include "tls_wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_tcp(struct wire *wire, struct sockaddr *address, socklen_t len)
{
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    assert_return_code(listener, errno);
    assert_return_code(bind(listener, address, len), errno);
    assert_return_code(listen(listener, 1), errno);
    assert_return_code(getsockname(listener, address, &len), errno);
    wire->peer_in = wire->peer_out = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(connect(wire->peer_in, address, len), errno);
    wire->in = wire->out = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_return_code(wire->in, errno);
    assert_return_code(setsockopt(wire->in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), errno);
    assert_return_code(setsockopt(wire->peer_in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), errno);
    assert_return_code(fcntl(wire->peer_in, F_SETFL, O_NONBLOCK), errno);
    close(listener);
}

void wire_open_tcp4(struct wire *wire)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    open_tcp(wire, (struct sockaddr *)&address, sizeof address);
}

static void open_tcp6(struct wire *wire)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};

    open_tcp(wire, (struct sockaddr *)&address, sizeof address);
}

static void open_unix(struct wire *wire)
{
    int ends[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                       errno);
    wire->in = wire->out = ends[0];
    wire->peer_in = wire->peer_out = ends[1];
}

static void open_pipe(struct wire *wire)
{
    int to[2], from[2];

    assert_return_code(pipe2(to, O_NONBLOCK | O_CLOEXEC), errno);
    assert_return_code(pipe2(from, O_NONBLOCK | O_CLOEXEC), errno);
    wire->in = to[0];
    wire->peer_out = to[1];
    wire->peer_in = from[0];
    wire->out = from[1];
}

const struct transport transports[] = {
    {"tcp4", wire_open_tcp4, true},
    {"tcp6", open_tcp6, true},
    {"unix", open_unix, true},
    {"pipe", open_pipe, false},
    {"memory", memory_open, false},
    {"tls server", tls_open_to_client, true},
    {"tls client", tls_open_to_server, true},
    {NULL, NULL, false},
};

static void close_two(int *a, int *b)
{
    if (*a >= 0)
        close(*a);
    if (*b >= 0 && *b != *a)
        close(*b);
    *a = *b = -1;
}

void wire_close_peer(struct wire *wire)
{
    close_two(&wire->peer_in, &wire->peer_out);
}

void wire_close_ours(struct wire *wire)
{
    close_two(&wire->in, &wire->out);
}

bool wire_pump(void)
{
    bool has_moved = memory_relays_pump();

    return tls_relays_pump() || has_moved;
}

void wire_relays_free(void)
{
    memory_relays_free();
    tls_relays_free();
}

void wire_shut(struct wire *wire)
{
    if (wire->peer_in == wire->peer_out) {
        assert_return_code(shutdown(wire->peer_out, SHUT_WR), errno);
        return;
    }
    close(wire->peer_out);
    wire->peer_out = -1;
}

void wire_send(const struct wire *wire, const void *bytes, size_t len)
{
    assert_int_equal(write(wire->peer_out, bytes, len), len);
    wire_pump();
}

long wire_receive(const struct wire *wire, void *to, size_t size)
{
    long n;

    wire_pump();
    n = read(wire->peer_in, to, size);
    return n < 0 ? -errno : n;
}
