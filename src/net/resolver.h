/*
 * resolver — names and their addresses, for whoever connects
 */
#ifndef GU_RESOLVER_H
#define GU_RESOLVER_H

#include "net/address.h"
#include "net/net_impl.h"
#include <gust/resolver.h>

/* As gust_resolve(), as the kernel has them. */
int gu_resolve(struct gu_net *net, gust_str host, uint16_t port, int family,
               struct gu_address list[GUST_RESOLVE_MAX]) GUST_CHECK;

void gu_resolver_free(struct gu_resolver *resolver);

#endif
