/*
 * gust/net.h — addresses and listening sockets
 *
 * Addresses are text, one form everywhere: "8888" and ":8888" are every interface, IPv4 and IPv6;
 * "127.0.0.1:8888", "[::1]:8888" and "localhost:8888" one of them (localhost: both of its own);
 * "unix:/run/gust.sock" a Unix socket, "unix:@gust" one of Linux's abstract names. Port 0 lets the
 * system choose. **Any thread.** Nothing here waits.
 */
#ifndef GUST_NET_H
#define GUST_NET_H

#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An address means no more sockets than this. */
#define GUST_BIND_MAX 2

/** No address is longer as text, the zero byte behind it counted. */
#define GUST_ADDRESS_TEXT 120

typedef struct gust_bind_options {
    int backlog; /**< connections that wait to be accepted; 0: 4096, which the system may lower
                    (net.core.somaxconn) */
    unsigned unix_mode; /**< permissions of a Unix socket's file; 0: 0600 */
    bool reuse_port;    /**< several sockets may share the port, each with a queue of its own */
} gust_bind_options;

/** Makes the listening sockets that an address means, non-blocking and close-on-exec, and stores
 * them in fds[]: two for every interface and for localhost, with the same port if that is 0. A
 * machine without IPv6 gives one. A socket at a Unix path is replaced. Follows
 * netutil.bind_sockets.
 * Returns how many. **Errors:** -EINVAL for a text that is no address, -ENOSPC when `max` is too
 * small, -EEXIST when something that is not a socket lies at the path, or what the system says. */
GUST_API int gust_bind_sockets(const char *address, const gust_bind_options *options, int fds[],
                               size_t max) GUST_CHECK;

/** The address that a socket is bound to, as text, for logs and to learn a port that was chosen.
 * **Errors:** what the system says. */
GUST_API int gust_socket_address(int fd, char text[GUST_ADDRESS_TEXT]) GUST_CHECK;

/** The port that a socket is bound to, 0 for a Unix socket. **Errors:** what the system says. */
GUST_API int gust_socket_port(int fd) GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
