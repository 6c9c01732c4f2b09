/*
 * gust/resolver.h — the addresses of a name
 *
 * Names are looked up as the system does it (getaddrinfo: /etc/hosts, DNS), on a thread of the
 * executor while the task waits; the wait may end earlier, the late answer is then dropped (closing
 * the loop waits for it). Each loop keeps what it learned for a while, and has a table of its own
 * that comes before all else. gust_connect() uses it by itself. Calls belong to the loop's thread.
 * Follows netutil.Resolver.
 */
#ifndef GUST_RESOLVER_H
#define GUST_RESOLVER_H

#include <gust/net.h>
#include <gust/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A name has no more addresses than this; what the system tells beyond it is left out. */
#define GUST_RESOLVE_MAX 16

/** Says where a host is, whatever the system says. The row that names most of host, port and family
 * is taken, of equal ones the first. Follows OverrideResolver. */
typedef struct gust_host_override {
    const char *host; /**< as it is connected to: a name (in any case) or an address */
    unsigned port;    /**< only with this port; 0: with any */
    int family;       /**< only for AF_INET, or AF_INET6; 0: for any */
    const char *to;   /**< an address, or another name */
    unsigned to_port; /**< 0: the same */
} gust_host_override;

typedef struct gust_resolver_options {
    const gust_host_override *overrides; /**< ended by a row without a host; copied */
    double ttl; /**< seconds that an answer is kept: the system does not tell how long it holds; 0:
                   30 s; GUST_NEVER: for ever. Failures are not kept. */
    int64_t max_names; /**< answers that are kept; 0: 256. The one that was not asked for the
                          longest goes first. */
} gust_resolver_options;

/** Sets this loop's options, NULL for the defaults, and forgets what it has learned. **Errors:**
 * -EINVAL for a row without `to`, -ENOMEM; then all is as it was. */
GUST_API int gust_resolver_configure(const gust_resolver_options *options) GUST_CHECK;

/** The addresses of a host with a port, as texts ("127.0.0.1:80", "[::1]:80"), in the order in
 * which the system would have them tried. Returns how many were stored; they live as long as the
 * innermost scope. Host texts that are numbers, but no address ("127.1"), are no names. **Waits.
 * Raises 503. Errors:** -GUST_ENOHOST for a name that is not known, or has no address of the
 * family; -EAGAIN when the name server cannot be asked; -EINVAL for what is no name, -ETIMEDOUT,
 * -ECANCELED, -GUST_EFULL when too many calls wait for a thread, -ENOMEM. */
GUST_API int gust_resolve(const char *host, unsigned port, int family,
                          const char *addresses[GUST_RESOLVE_MAX]) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
