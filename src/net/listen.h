/*
 * listen — accepting connections
 *
 * At most GU_ACCEPTS connections are taken a turn. When descriptors run out, a reserve one is given
 * up to accept and close whoever is first, and the listener pauses for 100 ms: it neither spins nor
 * leaves the client hanging.
 */
#ifndef GU_LISTEN_H
#define GU_LISTEN_H

#include "loop/loop_impl.h"
#include <sys/socket.h>

#define GU_ACCEPTS 32 /* half a millisecond's work, which others of the turn wait for */

struct gu_peer {
    struct sockaddr_storage address;
    socklen_t len;
};

struct gu_listener {
    struct gu_io io;
    struct gust_loop *loop;
    struct gu_timer retry;
    /* A connection, non-blocking and close-on-exec; it is the callee's. */
    void (*accepted)(struct gu_listener *listener, int fd, const struct gu_peer *peer);
    bool is_paused; /* by the owner */
};

/* Takes a listening descriptor, which becomes non-blocking. It stays the caller's on failure. */
int gu_listener_open(struct gu_listener *listener, struct gust_loop *loop, int fd,
                     void (*accepted)(struct gu_listener *, int,
                                      const struct gu_peer *)) GUST_CHECK;

/* Stops and starts taking connections, which then wait in the kernel's queue. */
void gu_listener_pause(struct gu_listener *listener);
void gu_listener_resume(struct gu_listener *listener);

/* Accepts what waits in the queue already, without pausing for anything. */
void gu_listener_drain(struct gu_listener *listener);

/* Closes the descriptor. */
void gu_listener_close(struct gu_listener *listener);

#endif
