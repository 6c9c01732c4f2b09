/*
 * xff — who the client is, behind proxies (X-Real-Ip, X-Forwarded-For, X-Scheme, X-Forwarded-Proto)
 *
 * Only for servers told to believe these fields (xheaders): anybody can send them. Text that comes
 * from the fields is used only if it is an IP address or one of the two schemes.
 */
#ifndef GU_XFF_H
#define GU_XFF_H

#include "base/gu.h"

/* Whether a text is a numeric IPv4 or IPv6 address. */
bool gu_ip_is_valid(gust_str text);

/* What a request said; .ptr is NULL for what it did not. Repeated fields are joined by ",". */
struct gu_xff {
    gust_str real_ip, forwarded_for, scheme, forwarded_proto;
};

/*
 * The client's address: X-Real-Ip, or else the last entry of X-Forwarded-For that is none of the
 * trusted proxies (the first entry if all are); `remote_ip` if that is no valid address.
 * Addresses are compared as numbers, so any spelling of a trusted one counts.
 */
gust_str gu_xff_remote_ip(const struct gu_xff *x, const gust_str trusted[], size_t n_trusted,
                          gust_str remote_ip);

/* The client's scheme: X-Scheme, or else X-Forwarded-Proto, of a list the last; `protocol` if that
 * is neither "http" nor "https". */
gust_str gu_xff_protocol(const struct gu_xff *x, gust_str protocol);

#endif
