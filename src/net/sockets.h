/*
 * sockets — one set of listening sockets for each process or loop
 *
 * With SO_REUSEPORT each set has queues of its own, and the kernel spreads connections over them. A
 * Unix socket has one queue, which all share.
 */
#ifndef GU_SOCKETS_H
#define GU_SOCKETS_H

#include "base/gu.h"
#include <gust/net.h>

struct gu_sockets {
    int fds[GUST_BIND_MAX];
    size_t n;
};

/* Fills sets[1] and on with siblings of those in sets[0], which begin to share their port only now:
 * that they could be bound at all showed that no other program listens there. On failure only
 * sets[0] is left open. */
int gu_sockets_share(struct gu_sockets *sets, size_t n_sets) GUST_CHECK;

/* Binds sets[0] to an address, and the others beside it. */
int gu_sockets_bind(const char *address, struct gu_sockets *sets, size_t n_sets) GUST_CHECK;

void gu_sockets_close(struct gu_sockets *set);

#endif
