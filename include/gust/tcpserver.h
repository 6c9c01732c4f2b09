/*
 * gust/tcpserver.h — a server of streams
 *
 * Each connection is served by a task of its own, in straight-line code; the stream is closed when
 * the handler returns. All calls belong to the loop's thread. Follows Tornado's TCPServer.
 */
#ifndef GUST_TCPSERVER_H
#define GUST_TCPSERVER_H

#include <gust/net.h>
#include <gust/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_tcpserver gust_tcpserver;

typedef struct gust_tcpserver_options {
    int64_t max_connections;    /**< served at a time, others wait to be accepted; 0: 10,000 */
    gust_stream_options stream; /**< of each connection; with .tls its handler begins once the
                                   handshake is done */
    const char *name;           /**< what logs call its tasks, a literal; NULL: "tcpserver" */
} gust_tcpserver_options;

/** A server on this thread's loop. `handle` serves one connection in a task; what it returns, if it
 * is negative and not -GUST_ECLOSED or -ECANCELED, and what it raises, is logged. NULL when memory
 * is short, or a certificate cannot be used, which the log tells. */
GUST_API gust_tcpserver *gust_tcpserver_new(int (*handle)(gust_stream *stream, void *arg),
                                            void *arg, const gust_tcpserver_options *options);

/** Binds an address (gust/net.h) and accepts from it. May be called several times. **Errors:** as
 * gust_bind_sockets(), -ENOMEM. */
GUST_API int gust_tcpserver_listen(gust_tcpserver *server, const char *address) GUST_CHECK;

/** Accepts from listening sockets that somebody else made: from all, or on failure from none.
 * **Takes fds**, on failure too. **Errors:** -ENOMEM, or what the system says. */
GUST_API int gust_tcpserver_add_sockets(gust_tcpserver *server, const int fds[],
                                        size_t n) GUST_CHECK;

/** The port of the first socket, 0 if there is none. */
GUST_API int gust_tcpserver_port(const gust_tcpserver *server);

/** Stops accepting; connections go on. May be called twice. */
GUST_API void gust_tcpserver_stop(gust_tcpserver *server);

/** Stops, and cancels the tasks of all connections. NULL is allowed. */
GUST_API void gust_tcpserver_free(gust_tcpserver *server);

#ifdef __cplusplus
}
#endif

#endif
