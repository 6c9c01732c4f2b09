/*
 * url — URLs taken apart and put together (RFC 3986)
 */
#ifndef GU_URL_H
#define GU_URL_H

#include "codec/pairs.h"

/* The parts lie in the text they were read from. A part that is not there has a .ptr of NULL; the
 * path always is, though it may be empty. */
struct gu_url {
    gust_str scheme;    /* without ":" */
    gust_str authority; /* without "//" */
    gust_str path;
    gust_str query;    /* without "?" */
    gust_str fragment; /* without "#" */
};

/* Never fails: RFC 3986's appendix B gives every text a reading. What begins with "//" has an
 * authority, so a request's target is not to be read by this, but by the head parser. */
void gu_url_split(gust_str text, struct gu_url *url);

struct gu_authority {
    gust_str user_info; /* .ptr is NULL without "@" */
    gust_str host;      /* of an IPv6 address without the brackets */
    int port;           /* -1: none was given */
};

/* Takes an authority apart. Errors: -GUST_ESYNTAX for an empty host, a port that is not 0 to 65535,
 * brackets that do not match. */
int gu_authority_split(gust_str text, struct gu_authority *authority) GUST_CHECK;

/*
 * A URL with arguments added to its query, which is decoded and encoded anew; the fragment stays
 * (Tornado's url_concat). With `args` NULL the URL is copied as it is. .ptr is NULL when memory is
 * short.
 */
gust_str gu_url_concat(struct gust_arena *arena, gust_str text, const struct gu_pairs *args);

#endif
