/*
 * stream — shared by the files of the push face
 */
#ifndef GU_STREAM_IMPL_H
#define GU_STREAM_IMPL_H

#include "net/net_impl.h"

/* Sends what the loop's output buffer holds, whosever it is; runs before the loop sleeps. */
void gu_net_uncork(struct gu_ready *ready);

/* The corked stream's turn with the buffer is over: what it has put is sent soon. */
void gu_stream_hold(struct gu_stream *s);

/* Drops what was put and not sent. */
void gu_stream_drop_put(struct gu_stream *s);

/* Sends from the queue. False when the stream is closed. */
bool gu_stream_send_queue(struct gu_stream *s);

/* Drops the queue; those who wait for it are told `err`. */
void gu_stream_drop_queue(struct gu_stream *s, int err);

/* Marks the stream as broken: nothing is sent any more. The protocol is told by `ended`, soon and
 * from the loop, since this may be called deep inside what the protocol does. */
void gu_stream_fail(struct gu_stream *s, int err);

/* Tells a level-triggered poller what to report. */
void gu_stream_want(struct gu_stream *s);

/* gu_stream_open() in two steps, for a stream that first has to connect. */
void gu_stream_init(struct gu_stream *s, struct gu_net *net, const struct gu_stream_ops *ops,
                    int fd, bool is_socket);
void gu_stream_on_events(struct gu_io *io, unsigned events);

#endif
