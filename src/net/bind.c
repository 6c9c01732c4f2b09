/*
 * bind — listening sockets
 *
 * IPv4 and IPv6 get a socket each (IPV6_V6ONLY), so that what one address means does not depend on
 * the machine's settings.
 */
#include "net/address.h"
#include <gust/net.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 4096
#define UNIX_MODE 0600u
#define PORT_TRIES 16 /* for a port that is free in both families */

/* --- one socket --- */

static int set(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on) < 0 ? -errno : 0;
}

static int set_inet_options(int fd, const struct gu_address *address,
                            const gust_bind_options *options)
{
    int err = set(fd, SOL_SOCKET, SO_REUSEADDR);

    if (err == 0 && address->as.any.sa_family == AF_INET6)
        err = set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (err == 0 && options->reuse_port)
        err = set(fd, SOL_SOCKET, SO_REUSEPORT);
    return err;
}

/* Makes way for a Unix socket: one that is there, in use or left behind, goes. */
static int unlink_socket(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_path(int fd, const struct gu_address *address, const gust_bind_options *options)
{
    const char *path = address->as.un.sun_path;
    unsigned mode = options->unix_mode == 0 ? UNIX_MODE : options->unix_mode;
    int err = path[0] == '\0' ? 0 : unlink_socket(path);

    if (err < 0)
        return err;
    if (bind(fd, &address->as.any, address->len) < 0)
        return -errno;
    /* Nobody can connect before listen(), so the mode is in force from the first connection. */
    if (path[0] != '\0' && chmod(path, mode) < 0)
        return -errno;
    return 0;
}

static int bind_inet(int fd, const struct gu_address *address, const gust_bind_options *options)
{
    int err = set_inet_options(fd, address, options);

    if (err < 0)
        return err;
    return bind(fd, &address->as.any, address->len) < 0 ? -errno : 0;
}

/* A listening socket, or a negative error. */
static int listen_on(const struct gu_address *address, const gust_bind_options *options)
{
    bool is_unix = address->as.any.sa_family == AF_UNIX;
    int fd = socket(address->as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return -errno;
    err = is_unix ? bind_path(fd, address, options) : bind_inet(fd, address, options);
    if (err == 0 && listen(fd, options->backlog == 0 ? BACKLOG : options->backlog) < 0)
        err = -errno;
    if (err < 0) {
        close(fd);
        return err;
    }
    return fd;
}

/* --- all sockets of an address --- */

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}

/* What a machine without IPv6, or with IPv6 but without ::1, says. */
static bool is_family_missing(int err)
{
    return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL;
}

/* A socket as listen_on(), where the port is 0 on the port of `first`, which may be none (-1). */
static int listen_beside(int first, struct gu_address *address, const gust_bind_options *options)
{
    int port;

    if (first < 0 || gu_address_port(&address->as.any) != 0)
        return listen_on(address, options);
    port = gust_socket_port(first);
    if (port < 0)
        return port;
    gu_address_set_port(address, (uint16_t)port);
    return listen_on(address, options);
}

/* Binds each address of the list; where the port is 0, the later ones get the first one's. */
static int bind_list(struct gu_address *list, size_t n, const gust_bind_options *options, int *fds)
{
    int n_fds = 0, err = -EADDRNOTAVAIL;

    for (size_t i = 0; i < n; i++) {
        int fd = listen_beside(n_fds > 0 ? fds[0] : -1, &list[i], options);

        if (fd >= 0) {
            fds[n_fds++] = fd;
        } else if (n == 1 || !is_family_missing(fd)) {
            close_all(fds, (size_t)n_fds);
            return fd;
        } else {
            err = fd;
        }
    }
    return n_fds > 0 ? n_fds : err;
}

int gust_bind_sockets(const char *address, const gust_bind_options *options, int fds[], size_t max)
{
    static const gust_bind_options defaults = {0};
    struct gu_address list[GUST_BIND_MAX];
    int n = address == NULL ? -EINVAL : gu_address_parse(address, list);
    int made[GUST_BIND_MAX], n_made;

    if (n < 0)
        return n;
    if ((size_t)n > max)
        return -ENOSPC;
    for (int i = 0;; i++) {
        struct gu_address tried[GUST_BIND_MAX];

        memcpy(tried, list, sizeof tried);
        n_made = bind_list(tried, (size_t)n, options == NULL ? &defaults : options, made);
        /* A port that the system chose for IPv4 may be taken in IPv6. */
        if (n_made != -EADDRINUSE || n == 1 || gu_address_port(&list[0].as.any) != 0 ||
            i == PORT_TRIES)
            break;
    }
    if (n_made > 0)
        memcpy(fds, made, (size_t)n_made * sizeof *fds);
    return n_made;
}

/* --- what a socket is bound to --- */

int gust_socket_address(int fd, char text[GUST_ADDRESS_TEXT])
{
    struct gu_address address = {.len = sizeof address.as};

    if (getsockname(fd, &address.as.any, &address.len) < 0)
        return -errno;
    gust_ignore(gu_address_format(&address.as.any, address.len, text));
    return 0;
}

int gust_socket_port(int fd)
{
    struct gu_address address = {.len = sizeof address.as};

    if (getsockname(fd, &address.as.any, &address.len) < 0)
        return -errno;
    return gu_address_port(&address.as.any);
}
