/*
 * stream_queue — output that the kernel did not take
 *
 * A stream has a queue from the first byte that the kernel leaves until the last of them is sent.
 * This side keeps and counts what waits, and knows who waits for room and when a send is worth
 * another try; what is sent from it, and when, is the business of net/stream_write.c. So nothing
 * here calls the protocol but `blocked`, when a queue begins.
 */
#ifndef GU_STREAM_QUEUE_H
#define GU_STREAM_QUEUE_H

#include "net/net_impl.h"
#include <errno.h>

/* What is put on such a stream goes nowhere. */
#define GU_STREAM_UNSENDABLE (GU_STREAM_BROKEN | GU_STREAM_CLOSED)

/* Whether a send that ended so can be tried again. */
static inline bool gu_stream_is_for_now(int err)
{
    return err == -EAGAIN || err == -ENOBUFS;
}

/* Whether the queue, which there is, takes no piece of `len` bytes; 0 is a little that went through
 * the output buffer. */
bool gu_stream_queue_is_full(const struct gu_stream *s, size_t len);

/* Adds bytes: a copy, or, with *hold, the memory that they lie in, which is then taken. */
void gu_stream_queue_add(struct gu_stream *s, const char *bytes, size_t len,
                         struct gu_chunk **hold);

/* Adds the ciphertext that the kernel did not take, before all that is not encrypted yet. */
void gu_stream_queue_sealed(struct gu_stream *s);

/* Whether ciphertext waits, which is then to be sent before any other. */
bool gu_stream_is_sealed(const struct gu_stream *s);

/* The first `n` bytes were sent. Those who find room now are woken; a queue that is empty ends. */
void gu_stream_queue_sent(struct gu_stream *s, size_t n);

/* A send ended with `err`, and its rest is in the queue: it is tried again when there is room, or
 * the stream fails. */
void gu_stream_queue_stopped(struct gu_stream *s, int err);

/* Waits until the queue, which there is, has at most `most` bytes. 0, -GUST_ECLOSED, -ETIMEDOUT,
 * -ECANCELED. */
int gu_stream_queue_wait(struct gu_stream *s, size_t most);

/* Drops the queue; those who wait for it are told `err`. */
void gu_stream_drop_queue(struct gu_stream *s, int err);

#endif
