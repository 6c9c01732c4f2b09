/*
 * stream — shared by the files of the push face
 */
#ifndef GU_STREAM_IMPL_H
#define GU_STREAM_IMPL_H

#include "net/net_impl.h"

/* Sends what the loop's output buffer holds, whosever it is; runs before the loop sleeps. */
void gu_net_uncork(struct gu_ready *ready);

/* Sends from the queue. False when the stream broke. */
bool gu_stream_send_queue(struct gu_stream *s);

/* Drops the queue; those who wait for it are told `err`. */
void gu_stream_drop_queue(struct gu_stream *s, int err);

/* Marks the stream as broken: nothing is sent any more, and `ended` tells the protocol. */
void gu_stream_fail(struct gu_stream *s, int err);

#endif
