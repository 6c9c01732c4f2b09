/*
 * sockets — one set of listening sockets for each process or loop
 */
#include "net/sockets.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

void gu_sockets_close(struct gu_sockets *set)
{
    while (set->n > 0)
        close(set->fds[--set->n]);
}

static int share_unix(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    return copy < 0 ? -errno : copy;
}

/* Another socket on the same address, or a negative error. */
static int sibling(int fd)
{
    static const gust_bind_options options = {.reuse_port = true};
    char address[GUST_ADDRESS_TEXT];
    int on = 1, made, n = gust_socket_port(fd);

    if (n <= 0)
        return n < 0 ? n : share_unix(fd);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        return -errno;
    n = gust_socket_address(fd, address);
    if (n == 0)
        n = gust_bind_sockets(address, &options, &made, 1);
    return n < 0 ? n : made;
}

static int share_set(const struct gu_sockets *first, struct gu_sockets *set)
{
    for (set->n = 0; set->n < first->n; set->n++) {
        int fd = sibling(first->fds[set->n]);

        if (fd < 0) {
            gu_sockets_close(set);
            return fd;
        }
        set->fds[set->n] = fd;
    }
    return 0;
}

int gu_sockets_share(struct gu_sockets *sets, size_t n_sets)
{
    for (size_t i = 1; i < n_sets; i++) {
        int err = share_set(&sets[0], &sets[i]);

        if (err < 0) {
            while (--i > 0)
                gu_sockets_close(&sets[i]);
            return err;
        }
    }
    return 0;
}

int gu_sockets_bind(const char *address, struct gu_sockets *sets, size_t n_sets)
{
    int n = gust_bind_sockets(address, NULL, sets[0].fds, GUST_BIND_MAX);
    int err;

    if (n < 0)
        return n;
    sets[0].n = (size_t)n;
    err = gu_sockets_share(sets, n_sets);
    if (err < 0)
        gu_sockets_close(&sets[0]);
    return err;
}
