/*
 * gust/server.h — the HTTP server, and how to use it without the framework
 *
 * A server takes connections, reads requests and hands each to a delegate. The web framework's
 * application is one (gust_httpserver_new); anybody can write another
 * (gust_httpserver_new_delegate). A delegate's functions run in a task of the request's own, in
 * order, so they may wait, and what they are lent or return lives as long as the request. Calls
 * belong to the thread of the server's loop. Follows tornado.httpserver and httputil's
 * HTTPMessageDelegate.
 */
#ifndef GUST_SERVER_H
#define GUST_SERVER_H

#include <gust/base.h>
#include <gust/stream.h>
#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_app gust_app;
typedef struct gust_httpserver gust_httpserver;

/** One request and its response, whatever connection carries them. */
typedef struct gust_exchange gust_exchange;

/** Sizes are bytes and durations seconds; 0 is the default, GUST_NEVER no limit. What passes a
 * limit is answered as said, and the connection closed where more of the message may follow. */
typedef struct gust_httpserver_options {
    int64_t max_header_size; /**< of a request's head; 64 KiB; 431, or 414 for the request line */
    int max_header_count;    /**< fields of a head; 100, 128 at the most; 431 */
    int64_t max_body_size;   /**< 32 MiB; 413 */
    int64_t max_buffer_size; /**< unsent output that takes another piece; 16 MiB; it is cut */
    int64_t max_connections; /**< 0: as many as there are descriptors; then accepting waits */
    int64_t max_tasks;       /**< requests of this server in hand; 100,000; 503 */
    int64_t max_memory;      /**< bodies, queues and arenas of the whole loop, whichever server they
                                belong to; none; 503, and accepting waits */
    int64_t max_task_memory; /**< of a request's task: what it allocates, and its answer until it is
                                flushed; 64 MiB, and what max_body_size has above 32 MiB; 503 */
    double header_timeout;   /**< from a head's first byte, or the connection's first moment, to its
                                last; 10 s; 408, or nothing to who sent nothing */
    double idle_timeout;     /**< between requests; 75 s; closed */
    double body_timeout;     /**< of a whole request body; GUST_NEVER; 408 */
    int64_t min_rate;        /**< bytes a second of a body, 408, and of what the peer reads, closed;
                                240 */
    double min_rate_grace;   /**< the spans over which the rate is taken; 5 s */
    double linger_timeout;   /**< reading what comes after a refusal; 2 s, 64 KiB */
    const struct gust_tls_options *tls; /**< NULL: plain HTTP; else HTTPS (gust/tls.h) */
    bool no_keep_alive;                 /**< closes after each response */
    bool xheaders; /**< believes X-Real-Ip, X-Forwarded-For, X-Scheme, X-Forwarded-Proto */
    const char *const *trusted_downstream; /**< proxies to skip in X-Forwarded-For; NULL-ended */
    const char *protocol; /**< "http" or "https": what gust_protocol() says; NULL: by whether there
                             is TLS */
} gust_httpserver_options;

/**
 * How requests are dealt with. All members but one of headers_received and finish may be NULL. A
 * negative result ends the exchange: with an error page if the response's head has not left, else
 * by cutting the connection. A response that was not finished when the last function returned is
 * finished then.
 */
typedef struct gust_delegate {
    int (*headers_received)(gust_exchange *x);
    /** A piece of the body, lent until the function returns. */
    int (*data_received)(gust_exchange *x, gust_str data);
    /** The body is whole. Not called when the client left before, nor when the response was
     * finished while the body was still coming: the rest of it is then not read. */
    int (*finish)(gust_exchange *x);
    /** The client is gone, and the response is not complete: instead of `finish`, or while that
     * waits. On the loop's stack: it must not wait. The other functions see -GUST_ECLOSED from
     * their next read or flush. */
    void (*on_connection_close)(gust_exchange *x);
    /** The task raised: answer, or leave it to the server. */
    void (*raised)(gust_exchange *x, int code, const char *message);
} gust_delegate;

/* --- the request --- */

GUST_API const char *gust_exchange_method(const gust_exchange *x);
GUST_API const char *gust_exchange_uri(const gust_exchange *x);   /**< the target as it was sent */
GUST_API const char *gust_exchange_path(const gust_exchange *x);  /**< undecoded, no query */
GUST_API const char *gust_exchange_query(const gust_exchange *x); /**< "" without one */
GUST_API const char *gust_exchange_host(const gust_exchange *x);
GUST_API int gust_exchange_minor_version(const gust_exchange *x); /**< of HTTP/1.x */

/** The value of a header field, the last where there are several; NULL without one. */
GUST_API const char *gust_exchange_header(const gust_exchange *x, const char *name);

/** The i-th field of the request. False when there are not as many. */
GUST_API bool gust_exchange_field(const gust_exchange *x, size_t i, gust_str *name,
                                  gust_str *value);

/** The delegate's argument, and a place for the delegate's own pointer. */
GUST_API void *gust_exchange_arg(const gust_exchange *x);
GUST_API void **gust_exchange_state(gust_exchange *x);

/** Reads up to `size` bytes of the request's body: their number, or 0 at its end. For delegates
 * that have no data_received. What fails the body, other than the reader's own deadline or
 * cancellation, fails all reads. **Waits.** **Errors:** -GUST_ECLOSED, -GUST_ETOOBIG, -GUST_EPROTO,
 * -GUST_ESLOW, -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_exchange_read(gust_exchange *x, void *to, size_t size) GUST_WAITS GUST_CHECK;

/** The value of a field behind a chunked body, the last where there are several; NULL without one,
 * and before the body was read to its end. Fields that frame, route, authenticate or describe a
 * message are not taken from there (RFC 9110 6.5.1). */
GUST_API const char *gust_exchange_trailer(const gust_exchange *x, const char *name);

/** Bounds this request's body; to be called before the body is read. */
GUST_API void gust_exchange_set_max_body_size(gust_exchange *x, int64_t size);

/* --- the response --- */

typedef struct gust_field {
    const char *name, *value;
} gust_field;

/** Begins the response. `length` is the body's, or GUST_NEVER when it is not known: it is then sent
 * in chunks (HTTP/1.1), or ends with the connection. `fields` ends with a NULL name; the framing
 * fields (Content-Length, Transfer-Encoding, Connection) may not be among them. **Errors:**
 * -GUST_ELATE, -EINVAL for a status that is none of a final response, and for a field that may not
 * leave (RFC 9110 5.5), -EMSGSIZE for more than 240 KiB of fields. */
GUST_API int gust_exchange_write_headers(gust_exchange *x, int status, const gust_field *fields,
                                         int64_t length) GUST_CHECK;

/** Writes a piece of the body; waits while more than 64 KiB are unsent. **Waits.**
 * **Errors:** -GUST_ECLOSED, -GUST_ELATE once it is finished, -GUST_ETOOBIG beyond the length that
 * was told (the connection is then cut), -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_exchange_write(gust_exchange *x, const void *data,
                                 size_t len) GUST_WAITS GUST_CHECK;

/** Ends the response. Writing less than the length that was told cuts the connection. */
GUST_API void gust_exchange_finish(gust_exchange *x);

/** Takes the connection away from HTTP: for what follows an upgrade (RFC 9110 7.8) or CONNECT,
 * whose answer is then yours to write. What was written is sent first; what came behind the head,
 * an unread body included, is read from the stream, which is closed with the innermost scope unless
 * gust_stream_keep() is called. The exchange is over: nothing can be read from or written to it,
 * and on_connection_close is not called. To be called in the request's task. NULL when the client
 * is gone, the response is finished, or memory is short. **Waits.** Follows Tornado's detach(). */
GUST_API gust_stream *gust_exchange_stream(gust_exchange *x) GUST_WAITS GUST_CHECK;

/* --- the server --- */

/** A server for an application or for a delegate; it belongs to the loop of the thread on which it
 * first listens. NULL when memory is short, or a certificate cannot be used, which the log tells.
 * `options` may be NULL; it is copied. */
GUST_API gust_httpserver *gust_httpserver_new(gust_app *app,
                                              const gust_httpserver_options *options);
GUST_API gust_httpserver *gust_httpserver_new_delegate(const gust_delegate *delegate, void *arg,
                                                       const gust_httpserver_options *options);

/** Binds and listens at once; may be called repeatedly. "8888", ":8888" (all interfaces),
 * "127.0.0.1:8888", "[::1]:8888", "unix:/path", "unix:@abstract". **Errors:** -EINVAL for an
 * address that does not parse, or what the system says. */
GUST_API int gust_httpserver_listen(gust_httpserver *server, const char *address) GUST_CHECK;

/** Binds, once, for gust_httpserver_start(). **Errors:** as above; -EEXIST. */
GUST_API int gust_httpserver_bind(gust_httpserver *server, const char *address) GUST_CHECK;

/** Begins to serve what was bound: with 1 in this process, else in `n` of them, one a core if that
 * is 0 or less (see gust_fork_processes(), which it calls). It returns in each worker, whose
 * sockets are its own, to go on with gust_loop_start(). There must be no loop before, so it is
 * called outside one. Follows TCPServer.start. **Errors:** those of gust_fork_processes(), -ENOMEM.
 */
GUST_API int gust_httpserver_start(gust_httpserver *server, int n) GUST_CHECK;

/** Accepts from listening sockets (gust_bind_sockets): from all, or on failure from none. **Takes
 * fds**, on failure too. **Errors:** -ENOMEM, or what the system says. */
GUST_API int gust_httpserver_add_sockets(gust_httpserver *server, const int fds[],
                                         size_t n_fds) GUST_CHECK;

/** The port of the first TCP socket that the server listens on, 0 without one. */
GUST_API int gust_httpserver_port(const gust_httpserver *server);

/** The number of connections that are open. */
GUST_API size_t gust_httpserver_n_connections(const gust_httpserver *server);

/** Reads certificates and keys again, see gust_tls_context_reload(). **Errors:** as that; -EINVAL
 * of a server of plain HTTP. */
GUST_API int gust_httpserver_reload_tls(gust_httpserver *server) GUST_CHECK;

/** Stops accepting, once those who wait already are let in; connections go on. */
GUST_API void gust_httpserver_stop(gust_httpserver *server);

/** Closes idle connections now and the others after their response, and waits until none is left.
 * One that has sent nothing yet is given linger_timeout to begin.
 * **Waits.** **Errors:** -ETIMEDOUT, -ECANCELED; what is left is then still open. */
GUST_API int gust_httpserver_close_all(gust_httpserver *server) GUST_WAITS GUST_CHECK;

/** Stops, cuts what is open, cancels the requests in hand, and frees. NULL is allowed. */
GUST_API void gust_httpserver_free(gust_httpserver *server);

#ifdef __cplusplus
}
#endif

#endif
