/*
 * stream — shared by the files of the push face
 */
#ifndef GU_STREAM_IMPL_H
#define GU_STREAM_IMPL_H

#include "net/net_impl.h"
#include <sys/uio.h>

/* Who waits, among the queue's waits, until at most `most` bytes are left in it. */
struct gu_room_wait {
    struct gu_wait base;
    size_t most;
};

/* Sends what the loop's output buffer holds, whosever it is; runs before the loop sleeps. */
void gu_net_uncork(struct gu_ready *ready);

/* The corked stream's turn with the buffer is over: what it has put is sent soon. */
void gu_stream_hold(struct gu_stream *s);

/* Drops what was put and not sent. */
void gu_stream_drop_put(struct gu_stream *s);

/* Sends from the queue. False when the stream is closed. */
bool gu_stream_send_queue(struct gu_stream *s);

/* Marks the stream as broken: nothing is sent any more. The protocol is told by `ended`, soon and
 * from the loop, since this may be called deep inside what the protocol does. */
void gu_stream_fail(struct gu_stream *s, int err);

/* Tells a level-triggered poller what to report. */
void gu_stream_want(struct gu_stream *s);

/* gu_stream_open() in two steps, for a stream that first has to connect. */
void gu_stream_init(struct gu_stream *s, struct gu_net *net, const struct gu_stream_ops *ops,
                    int fd, bool is_socket);
void gu_stream_on_events(struct gu_io *io, unsigned events);

/* --- for what stands between a stream and its descriptor (TLS) --- */

/* Receives from the descriptor; as recv(). */
ssize_t gu_stream_receive(struct gu_stream *s, char *to, size_t size);

/* What a receive that brought nothing means; errno is that of the receive. Returns false. */
bool gu_stream_not_received(struct gu_stream *s, ssize_t n);

/* Puts what is pending in front of the input buffer; returns how much that is. */
size_t gu_stream_load_pending(struct gu_stream *s);

/* Hands the first `len` bytes of the input buffer up. False when the stream is closed, or what is
 * left could not be kept. */
bool gu_stream_hand_up(struct gu_stream *s, size_t len);

/* Input is over; or the connection is, and nothing can be sent either. */
void gu_stream_end_input(struct gu_stream *s);
void gu_stream_break_input(struct gu_stream *s, int err);

/* Whether the protocol takes no input now. */
bool gu_stream_is_stopped(const struct gu_stream *s);

/* One send to the descriptor: bytes taken, or -EAGAIN, -ENOBUFS, or what the system says. */
ssize_t gu_stream_send_once(struct gu_stream *s, struct iovec *iov, size_t n_iov);

/* Takes `n` bytes off the front of iovecs. */
void gu_stream_advance(struct iovec **iov, size_t *n_iov, size_t n);

/* A send of ciphertext came to `err`: its rest goes to the front of the queue. */
void gu_stream_keep_sealed(struct gu_stream *s, int err);

#endif
