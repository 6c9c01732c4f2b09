/*
 * tls — what the rest of the room, and the rooms above, see of it; no OpenSSL
 */
#ifndef GU_TLS_H
#define GU_TLS_H

#include "net/net_impl.h"
#include <gust/tls.h>
#include <sys/uio.h>

/* What the TLS streams of a loop share; made with the first of them. */
struct gu_tls_shared;
void gu_tls_shared_free(struct gu_net *net);

/* --- beginning --- */

/* How a stream is told that its handshake is over: 0, or why not, when the stream is closed or is
 * about to be told by `ended`. From the loop, or inside gu_stream_close(). */
typedef void gu_tls_opened(struct gu_stream *s, int err, void *arg);

/* To whom a client speaks: whose certificate it wants to see, NULL for anybody's, and where that
 * was found; a NULL host is the address of the stream's peer. */
struct gu_tls_peer {
    const char *name, *host;
    unsigned port;
    const char **why; /* gu_pull_start_tls(): where to say what is wrong with its certificate */
};

/* An open stream begins to speak TLS: a server, which does not look at `peer`, waits for its first
 * bytes, a client sends its own. Until `opened`, which may be NULL, nothing may be written to it.
 * The stream keeps a reference to the context. -ENOMEM; then it is plain still. */
int gu_tls_begin_with(struct gu_stream *s, struct gust_tls_context *context,
                      const struct gu_tls_peer *peer, gu_tls_opened *opened, void *arg) GUST_CHECK;

static inline int gu_tls_begin(struct gu_stream *s, struct gust_tls_context *context,
                               const char *server_name, gu_tls_opened *opened, void *arg)
{
    return gu_tls_begin_with(s, context, &(struct gu_tls_peer){.name = server_name}, opened, arg);
}

/* Nobody wants to be told any more. */
void gu_tls_forget_opened(struct gu_stream *s);

static inline bool gu_stream_is_tls(const struct gu_stream *s)
{
    return (s->flags & GU_STREAM_TLS) != 0;
}

/* --- contexts --- */

/* As gust_tls_context_new(), of a server or a client; takes another reference to options->context
 * where that is set. `alpn` stands in for the options' when they have none. */
int gu_tls_context_of(const struct gust_tls_options *options, bool is_server,
                      const char *const *alpn, struct gust_tls_context **context) GUST_CHECK;

/* As gu_tls_context_of() for a client, out of what the loop has worked out before if the options
 * are the same and their files did not change. */
int gu_tls_client_context(struct gu_net *net, const struct gust_tls_options *options,
                          const char *const *alpn, struct gust_tls_context **context) GUST_CHECK;

struct gu_buf;

/* Puts into a key what makes a client's context another. */
void gu_tls_put_options(struct gu_buf *key, const struct gust_tls_options *options);

/* Has all workers that are forked from here on, and this process, take each other's tickets. In a
 * process that has no handshakes itself, it sees to it that what is known of tickets here is no
 * older than what the workers know. Returns when to call it again, by the monotonic clock. */
gu_time gu_tls_turn_tickets(void);

/* Whether a client with these options knows whom it wants, `name`. -EINVAL and a line if not. */
int gu_tls_check_name(const struct gust_tls_options *options, const char *name) GUST_CHECK;

/* --- certificates --- */

/* The peer's certificate, in an arena; NULL if there is none, or memory is short. */
const struct gust_certificate *gu_tls_certificate(const struct gu_stream *s,
                                                  struct gust_arena *arena);

/* --- for the stream's own files --- */

/* In place of a receive. False when there is nothing more to do now. */
bool gu_tls_receive(struct gu_stream *s);

/* In place of a send: encrypts and sends until all is taken (0) or nothing more can be now. *sent
 * is how many plain bytes were used up; what the kernel left of their ciphertext is then to be had
 * from gu_tls_unsent(), once. */
int gu_tls_send(struct gu_stream *s, struct iovec *iov, size_t n_iov, size_t *sent);
gust_str gu_tls_unsent(struct gu_stream *s);

/* Tells the peer that no more will come, if that is true: if all that was written is sent. */
void gu_tls_farewell(struct gu_stream *s);

/* All is sent, and the stream is to be closed: whether it has to stay for a while, and closes by
 * itself then. */
bool gu_tls_lingers(struct gu_stream *s);

/* The stream is closed, and was told so. */
void gu_tls_drop(struct gu_stream *s);

/* The stream `to`, which has taken the descriptor of `from` over, speaks TLS instead of it. */
void gu_tls_move(struct gu_stream *from, struct gu_stream *to);

#endif
