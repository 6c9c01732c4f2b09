/*
 * gust/stream.h — bytes to and from a peer
 *
 * A gust_stream is a connection (TCP, Unix, or within the process) or a pipe. Its calls belong to
 * the loop's thread, and those that wait to a task. One task at a time may read a stream, and one
 * at a time write it; they may be two. A second reader is a programming error, and aborts.
 *
 * Who writes may have to wait for a peer that itself waits until it is read; so a stream is read
 * also while it waits to be written.
 *
 * A read lends: the bytes it gives are valid until the next read of the same stream, or its
 * closing, and have a zero byte behind them. A read that fails by a deadline or a cancellation
 * loses nothing; the next one goes on where it stood.
 *
 * What came before a peer closed, or a connection broke, can still be read. Follows Tornado's
 * IOStream; reads there are given a copy, and a read that passes its limit closes the stream, here
 * only reading ends: the peer can still be told why.
 */
#ifndef GUST_STREAM_H
#define GUST_STREAM_H

#include <gust/net.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_stream gust_stream;

typedef struct gust_stream_options {
    int64_t max_buffer_size;            /**< unread bytes kept, so the longest read; 0: 16 MiB */
    const struct gust_tls_options *tls; /**< NULL: none; of a gust_tcpserver, a server's
                                           (gust/tls.h) */
} gust_stream_options;

/* --- making --- */

typedef struct gust_connect_options {
    int64_t max_buffer_size; /**< as of gust_stream_options */
    int family;              /**< AF_INET or AF_INET6; 0: both */
    /** An address of this machine to connect from; NULL: the system chooses. */
    const char *source_address;
    unsigned source_port; /**< 0: the system chooses; without source_address, on the loopback */
    /** Seconds until the next address is tried beside one that has not answered; 0: 0.25;
     * GUST_NEVER: only when it has failed. */
    double attempt_delay;
    /** TLS at once; NULL: none. The name that is asked for is the host's, see gust_start_tls(). */
    const struct gust_tls_options *tls;
    /** On failure, which addresses were tried and what became of each, for people: "127.0.0.1:80:
     * Connection refused, [::1]:80: …". Lives as long as the innermost scope. */
    const char **why;
} gust_connect_options;

/** Connects to a host by its name, to an address, or to a Unix socket. `host` is what stands before
 * the colon of an address (see gust/net.h), or, with port 0, all of it: gust_connect("example.com",
 * 80, …), gust_connect("[::1]:80", 0, …), gust_connect("unix:/run/x", 0, …). Names are looked up by
 * gust/resolver.h. Of several addresses each is tried, IPv4 and IPv6 in turn, the next one when the
 * last has failed or has not answered for a while, and the first that answers is taken (RFC 8305).
 * The stream is closed with the innermost scope at the latest, see gust_stream_keep(). Follows
 * TCPClient.connect, which tries one address after the other within a family, and the other family
 * after 0.3 s. **Waits.**
 * **Errors:** -EINVAL for what is no address and no name, as gust_resolve() for a name, -ETIMEDOUT,
 * -ECANCELED, -EAFNOSUPPORT when no address is of the source's family, or what the system said of
 * the first address; with TLS those of gust_start_tls(). */
GUST_API int gust_connect(const char *host, unsigned port, const gust_connect_options *options,
                          gust_stream **stream) GUST_WAITS GUST_CHECK;

/** A stream over a descriptor that somebody else made: a socket, one end of a pipe, a terminal. It
 * becomes non-blocking. With a pipe, SIGPIPE is ignored from here on if it had its default action.
 * To be closed by gust_stream_close(). **Takes fd**, not on failure. **Errors:** -EPERM for a
 * file, -ENOMEM; -EINVAL with options.tls: see gust_start_tls(). */
GUST_API int gust_stream_open(int fd, const gust_stream_options *options,
                              gust_stream **stream) GUST_CHECK;

/** Two streams connected to each other, for tests and for tasks that talk. Both are to be closed.
 * **Errors:** what the system says. */
GUST_API int gust_stream_pair(gust_stream *ends[2]) GUST_CHECK;

typedef struct gust_stream_memory_options {
    int64_t window; /**< bytes that may be unread before the other end has to wait; 0: 64 KiB; at
                         most 16 MiB */
    int64_t max_buffer_size; /**< as of gust_stream_options */
} gust_stream_memory_options;

/** Two streams connected to each other without descriptors or system calls, for tests: what one
 * writes the other reads in the loop's next turn, always in the same order. They can do all that
 * streams over sockets can, TLS and gust_stream_shutdown() included. Both are to be closed.
 * **Errors:** -ENOMEM. */
GUST_API int gust_stream_memory_pair(const gust_stream_memory_options *options,
                                     gust_stream *ends[2]) GUST_CHECK;

/** Has an end of a gust_stream_memory_pair() meet an error such as -ECONNRESET, as when the network
 * breaks: what it has not read is lost. The other end sees nothing. */
GUST_API void gust_stream_memory_break(gust_stream *end, int err);

/** Takes a stream that gust_connect() made, or a request's, out of its scope: it lives until
 * gust_stream_close(). */
GUST_API void gust_stream_keep(gust_stream *stream);

/** Closes. What was written is still sent, for 30 s at the most. Whoever waits for the stream is
 * told -GUST_ECLOSED. NULL is allowed. */
GUST_API void gust_stream_close(gust_stream *stream);

/* --- reading --- */

/** Everything up to and including `delim`, at most `max` bytes (0: the buffer's maximum).
 * **Waits. Lends** `lent` until the next read. **Errors:** -GUST_ETOOBIG when `max` bytes hold no
 * `delim`, -GUST_ECLOSED, -ETIMEDOUT, -ECANCELED, -ENOMEM. */
GUST_API int gust_read_until(gust_stream *stream, const char *delim, size_t max,
                             gust_str *lent) GUST_WAITS GUST_CHECK;

/** Everything up to the end of the first match of a regular expression (PCRE2). Otherwise as
 * gust_read_until(). **Waits. Lends** `lent` until the next read. **Errors:** also -EINVAL for a
 * pattern that does not compile, and -GUST_ETOOBIG for a match that takes too long. */
GUST_API int gust_read_until_regex(gust_stream *stream, const char *pattern, size_t max,
                                   gust_str *lent) GUST_WAITS GUST_CHECK;

/** `n` bytes. **Waits. Lends** `lent` until the next read. **Errors:** as gust_read_until(). */
GUST_API int gust_read_bytes(gust_stream *stream, size_t n, gust_str *lent) GUST_WAITS GUST_CHECK;

/** What is there, at least a byte. Returns how many, 0 at the end of the stream. **Waits. Lends**
 * `lent` until the next read. **Errors:** -ETIMEDOUT, -ECANCELED, -ENOMEM, -GUST_ECLOSED when the
 * connection broke. */
GUST_API int gust_read_some(gust_stream *stream, gust_str *lent) GUST_WAITS GUST_CHECK;

/** Fills `to` with `len` bytes. **Waits. Errors:** as gust_read_until(); what came stays unread
 * when a read does not complete. */
GUST_API int gust_read_into(gust_stream *stream, void *to, size_t len) GUST_WAITS GUST_CHECK;

/** Everything until the peer closes, at most `max` bytes (0: the buffer's maximum). **Waits.
 * Lends** `lent` until the next read. **Errors:** as gust_read_until(). */
GUST_API int gust_read_until_close(gust_stream *stream, size_t max,
                                   gust_str *lent) GUST_WAITS GUST_CHECK;

/* --- writing --- */

/** Writes, and waits while more than 256 KiB are unsent: a peer that does not read slows its writer
 * down. What is written leaves when the task next waits. **Waits. Errors:** -GUST_ECLOSED (see
 * gust_stream_error()), -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_stream_write(gust_stream *stream, const void *bytes,
                               size_t len) GUST_WAITS GUST_CHECK;

/** Formatted text, as by printf(). **Waits. Errors:** as gust_stream_write(), and -ENOMEM. */
GUST_API int gust_stream_printf(gust_stream *stream, const char *format, ...) GUST_WAITS GUST_CHECK
    GUST_PRINTF(2, 3);

/** Waits until the system has taken all that was written. **Waits. Errors:** as
 * gust_stream_write(). */
GUST_API int gust_stream_flush(gust_stream *stream) GUST_WAITS GUST_CHECK;

/** As gust_stream_flush(), then tells the peer that no more will come; reading goes on. A pipe
 * cannot do it: close it. **Waits. Errors:** as gust_stream_write(), or what the system says. */
GUST_API int gust_stream_shutdown(gust_stream *stream) GUST_WAITS GUST_CHECK;

/** Copies everything that comes from `from`, until its end, to `to`. Closes neither. **Waits.
 * Errors:** as gust_read_some() and gust_stream_write(). */
GUST_API int gust_copy(gust_stream *to, gust_stream *from) GUST_WAITS GUST_CHECK;

/* --- without a task --- */

/** A protocol written as functions that the loop calls, for servers that keep no task, and so no
 * stack, for a connection that waits. Any of them may be NULL but `received`; any may close the
 * stream; none may wait. Follows asyncio's Protocol. */
typedef struct gust_stream_protocol {
    /** Bytes have come. Returns how many are done with; the rest comes again, in front of what
     * follows. Leaving 64 KiB of them breaks the stream with -GUST_ETOOBIG. The bytes are valid
     * until the call returns. */
    size_t (*received)(gust_stream *stream, const char *bytes, size_t len, void *data);
    /** The peer sends no more (err 0), or the connection broke (negative). Without this function
     * the stream is closed. */
    void (*ended)(gust_stream *stream, int err, void *data);
    /** The system has taken all that gust_stream_send() had to keep. */
    void (*drained)(gust_stream *stream, void *data);
    /** gust_stream_close() was called; the stream is not to be used any more. The place to free
     * `data`. */
    void (*closed)(gust_stream *stream, void *data);
} gust_stream_protocol;

/** Hands what comes on the stream to a protocol from now on, instead of to reads. To be called
 * before the first read. A handler of a gust_tcpserver that returns after this call leaves the
 * stream open: it is the protocol's to close. */
GUST_API void gust_stream_set_protocol(gust_stream *stream, const gust_stream_protocol *protocol,
                                       void *data);

/** Writes without waiting: what the system does not take is kept, up to 16 MiB, beyond which the
 * stream breaks with -GUST_EFULL. While anything is kept, nothing is received. */
GUST_API void gust_stream_send(gust_stream *stream, const void *bytes, size_t len);

/** How many written bytes the system has not taken yet. */
GUST_API size_t gust_stream_unsent(const gust_stream *stream);

/* --- asking --- */

/** What broke the connection: a negative errno such as -ECONNRESET, 0 while nothing did. */
GUST_API int gust_stream_error(const gust_stream *stream);

/** The peer's address as text, "127.0.0.1:40000" or "unix:"; "" for a pipe or memory. Written to
 * `text`. */
GUST_API void gust_stream_peer(const gust_stream *stream, char text[GUST_ADDRESS_TEXT]);

/** The descriptor, for setsockopt() and its like; it stays the stream's. -1 for one of memory, or
 * closed. */
GUST_API int gust_stream_fd(const gust_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
