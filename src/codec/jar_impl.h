/*
 * jar_impl — a Set-Cookie field taken apart, hosts and paths compared
 */
#ifndef GU_JAR_IMPL_H
#define GU_JAR_IMPL_H

#include "base/str.h"

/* The parts lie in the field. */
struct gu_set_cookie {
    gust_str name, value;
    gust_str domain; /* without a dot before it; empty: the host's own */
    gust_str path;   /* empty: the request's folder */
    int64_t expires; /* if it has one */
    bool has_expires, is_secure, is_http_only;
};

/* Takes a field apart (RFC 6265 5.2); false if it is to be ignored. */
bool gu_set_cookie_parse(gust_str field, int64_t now, struct gu_set_cookie *cookie);

/* Reads the dates of cookies, in any of the many ways that they are written (5.1.1). */
bool gu_cookie_date_parse(gust_str text, int64_t *seconds);

/* --- hosts and paths --- */

#define GU_JAR_MAX_HOST 253u /* as the resolver's names */

/* A host in lower case, as a C string for libpsl. */
struct gu_jar_host {
    char text[GU_JAR_MAX_HOST + 1];
    size_t len;
    bool is_address;
};

/* False for what is no host: empty, too long, with a zero byte. */
bool gu_jar_read_host(gust_str text, struct gu_jar_host *host);

static inline gust_str gu_jar_host_str(const struct gu_jar_host *host)
{
    return gu_str(host->text, host->len);
}

/* Whether everybody may have names under it: "com", "co.uk", "github.io". */
bool gu_jar_is_public(const struct gu_jar_host *host);

/* The registrable domain, "example.co.uk" of "www.example.co.uk", or the host if it has none. */
gust_str gu_jar_site(const struct gu_jar_host *host);

/* Whether `host` is `domain` or under it (5.1.3). */
bool gu_jar_domain_matches(gust_str host, gust_str domain);

/* Whether `path` is `of` or under it (5.1.4). */
bool gu_jar_path_matches(gust_str path, gust_str of);

/* The folder of a request's path, which a cookie without a Path is for. */
gust_str gu_jar_folder(gust_str path);

#endif
