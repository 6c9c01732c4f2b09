/*
 * pull — shared by the files of the pull face
 */
#ifndef GU_PULL_IMPL_H
#define GU_PULL_IMPL_H

#include "net/net_impl.h"
#include <gust/tls.h>

/* Bytes that were received and not read are buf[at .. len); there is always room for a zero byte
 * behind them. What the last read lent lies in front of them, at buf[at - lent .. at). */
struct gust_stream {
    struct gu_stream push; /* first: its gen outlives the memory's use */
    char *buf;
    size_t at, len, size;
    size_t lent;
    size_t max;
    struct gu_wait *reader;
    struct gu_link closing;               /* while it is closed and still sends */
    struct gu_timer last;                 /* how long it may */
    const gust_stream_protocol *protocol; /* gets what comes, instead of reads; or NULL */
    void *data;                           /* the protocol's */
    int error;                            /* what broke it */
    int input_error; /* what reads say once the buffer is used up; 0: more may come */
    unsigned n_refs; /* one of the owner's, the push face's, a scope's, and each call that waits */
    char covered;    /* the byte that the zero behind `lent` replaced */
    bool is_reading, is_closed, is_scoped;
    bool is_opening; /* in the handshake of TLS, and a task waits for it */
};

/* A stream that has no descriptor yet. NULL when memory is short. */
struct gust_stream *gu_pull_new(struct gu_net *net, const gust_stream_options *options);

/* Gives it its descriptor, which stays the caller's on failure, and a first piece of input. */
int gu_pull_open(struct gust_stream *s, int fd, bool is_socket) GUST_CHECK;

/* As gust_start_tls(), with the peer that a client speaks to; NULL: we are the server. */
struct gu_tls_peer;
int gu_pull_start_tls(struct gust_stream *s, const gust_tls_options *options,
                      const struct gu_tls_peer *peer) GUST_CHECK;

/* Moves a stream's descriptor, and what of its input is unread, to a public stream that closes with
 * the innermost scope. As gu_stream_detach(); NULL when memory is short: `from` may then be as it
 * was, or closed. */
struct gust_stream *gu_pull_take(struct gu_stream *from, const char *unread, size_t len);

/* The stream closes with the innermost scope from now on; false when memory is short. */
bool gu_pull_scope(struct gust_stream *s) GUST_CHECK;

/* Nobody reads for a while: a stream that waits for its next use owns no buffer, and has a protocol
 * that is told what comes meanwhile. False if something is unread, or the input is over. */
bool gu_pull_set_aside(struct gust_stream *s, const gust_stream_protocol *protocol,
                       void *data) GUST_CHECK;
void gu_pull_take_up(struct gust_stream *s);

extern const struct gu_stream_ops gu_pull_ops;

void gu_pull_ref(struct gust_stream *s);
void gu_pull_unref(struct gust_stream *s);

/* Closes those that were closed and still send; the loop ends. */
void gu_pull_drop_closing(struct gu_net *net);

/* Aborts with a message if the stream was closed. */
void gu_pull_check(const struct gust_stream *s, const char *call);

/* What completes a read. `find` stores how many leading bytes do, GU_NPOS if more are needed; the
 * first `seen` bytes are known not to, so that a slow peer costs linear time. */
struct gu_matcher {
    int (*find)(const struct gu_matcher *m, gust_str have, size_t seen, size_t *found);
    gust_str delim;
    void *regex;
    size_t count;
    bool takes_end;   /* the end of the stream completes it, too */
    bool never_waits; /* -EAGAIN instead */
};

/* The one reading loop. */
int gu_pull_read(struct gust_stream *s, const struct gu_matcher *m, size_t max, gust_str *lent,
                 const char *call) GUST_CHECK;

/* Waits until at most `most` bytes are unsent (0), or something has come that was not read yet (1),
 * be it the end: for who must read in order to be read. What the last read lent is over. */
int gu_pull_wait_sent(struct gust_stream *s, size_t most) GUST_CHECK;

#endif
