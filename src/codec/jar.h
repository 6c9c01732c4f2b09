/*
 * jar — a client's cookies (RFC 6265, with what its revision changed)
 *
 * Sans-I/O: the time is passed in, in seconds since 1970. The jar is one client's; it keeps copies.
 *
 * The rules are a browser's: a cookie goes back to the host that set it, or to the hosts under its
 * Domain, never to a public suffix such as "co.uk" (by libpsl's list); only in secure requests if
 * it is Secure, and what came in the clear neither sets nor replaces such a one; __Secure- and
 * __Host- names hold what they promise (draft-ietf-httpbis-rfc6265bis). SameSite is not looked at:
 * a client has no site that it comes from.
 *
 * What servers can make it keep is bounded. Cookies are counted by registrable domain, so that a
 * site with many names cannot push out those of others.
 */
#ifndef GU_JAR_H
#define GU_JAR_H

#include "base/gu.h"

#define GU_JAR_MAX_AGE INT64_C(34560000) /* 400 days; what lives longer is shortened to it */
#define GU_JAR_MAX_ATTRIBUTE 1024u       /* a longer attribute is as good as not there */

struct gust_arena;

/* 0 is the default. */
struct gu_jar_limits {
    uint32_t n_site;  /* cookies of a registrable domain: 50 */
    uint32_t n_total; /* cookies: 3000 */
    uint32_t size;    /* bytes of a cookie's name and value: 4096 */
    uint32_t field;   /* bytes of a Cookie field: 8192 */
};

struct gu_jar_request {
    gust_str host;  /* without the port, in any case; an address of IPv6 without brackets */
    gust_str path;  /* without the query */
    bool is_secure; /* https */
};

struct gu_jar;

/* An empty jar; `limits` may be NULL. NULL when memory is short. */
struct gu_jar *gu_jar_new(const struct gu_jar_limits *limits);

/* NULL is allowed. */
void gu_jar_free(struct gu_jar *jar);

/* Takes a Set-Cookie field of a response. Returns 1 if the cookie is kept, or ended one that was; 0
 * if the rules say to ignore it. Errors: -ENOMEM. */
int gu_jar_set(struct gu_jar *jar, const struct gu_jar_request *from, gust_str field,
               int64_t now) GUST_CHECK;

/*
 * The value of a request's Cookie field, "a=1; b=2", in the arena; empty if there is none for it.
 * Longer paths come first, then older cookies. What would make the field longer than its limit is
 * left out. Errors: -ENOMEM.
 */
int gu_jar_match(struct gu_jar *jar, struct gust_arena *arena, const struct gu_jar_request *to,
                 int64_t now, gust_str *field) GUST_CHECK;

/* How many there are; those whose time has come are counted until they are met. */
size_t gu_jar_count(const struct gu_jar *jar);

void gu_jar_clear(struct gu_jar *jar);

#endif
