/*
 * wire — transports for tests of streams: pairs of connected descriptors
 */
#ifndef GUST_TEST_WIRE_H
#define GUST_TEST_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* One way for bytes to travel. A pipe is two descriptors each way; the others are one for both. */
struct wire {
    int in, out;           /* ours, non-blocking: `in` == `out` but for pipes; or net/memory.h's */
    int peer_in, peer_out; /* the other end's, non-blocking too */
    bool is_socket;
    bool is_tls, is_tls_server; /* what the stream at our end is to speak, see tls_wire.h */
};

struct transport {
    const char *name;
    void (*open)(struct wire *wire);
    bool is_socket;
};

/* tcp4, tcp6, unix, pipe, memory, and TLS over tcp4 with us as server and as client; ends with a
 * NULL name. */
extern const struct transport transports[];

/* Two ends over the loopback. */
void wire_open_tcp4(struct wire *wire);

/* Closes what the test still owns: descriptors that are not -1. */
void wire_close_peer(struct wire *wire);
void wire_close_ours(struct wire *wire);

/* The peer shuts its sending side; a pipe's is closed. */
void wire_shut(struct wire *wire);

/* Where a relay stands between the peer and the stream, moves what can be moved. True if something
 * was. */
bool wire_pump(void);
void wire_relays_free(void);

/* Sends all from the peer's end, which must have room for it. */
void wire_send(const struct wire *wire, const void *bytes, size_t len);

/* What has come to the peer's end: bytes, 0 at the end of them, negative errno. */
long wire_receive(const struct wire *wire, void *to, size_t size);

#endif
