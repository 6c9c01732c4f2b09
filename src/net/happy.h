/*
 * happy — connecting to whichever address answers first (RFC 8305, "Happy Eyeballs")
 *
 * Addresses are tried in their order, but so that the families alternate, beginning with that of
 * the first. The next attempt begins when the last one has had 250 ms, or at once when one fails;
 * those that run go on meanwhile. The first that is there wins, and the others are closed.
 */
#ifndef GU_HAPPY_H
#define GU_HAPPY_H

#include "net/address.h"
#include "net/net_impl.h"
#include <gust/stream.h>

/* Returns the connected socket, which the caller then owns; non-blocking, close-on-exec. Errors: of
 * the address that was tried first; -ETIMEDOUT, -ECANCELED; -EINVAL for a source that is no
 * address, -EAFNOSUPPORT when no address is of the source's family. Waits. */
int gu_happy_connect(struct gu_net *net, const struct gu_address *list, int n,
                     const gust_connect_options *options) GUST_CHECK;

/* Puts addresses into the order in which they are tried. */
void gu_happy_sort(struct gu_address *list, int n);

#endif
