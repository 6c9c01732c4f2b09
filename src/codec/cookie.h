/*
 * cookie — the Cookie and Set-Cookie fields, as Tornado reads and writes them
 *
 * Reading is that of browsers, not of RFC 6265: every ";" separates, also in quotes, so that what a
 * script smuggles into one cookie cannot hide another (Tornado 4.4.2). Writing refuses whatever
 * could end a value or add an attribute (CVE-2026-35536).
 */
#ifndef GU_COOKIE_H
#define GU_COOKIE_H

#include "codec/pairs.h"

#define GU_COOKIE_MAX 1000u /* the default of max_cookies */

/*
 * Reads a Cookie field: parts between ";", name and value around the first "=", without blanks
 * around them; a part without "=" is a value without a name; the last one of a name counts
 * (gu_pairs_find_last). A value in double quotes is unquoted, with \" and \ooo, in linear time
 * (CVE-2024-52804); it may then hold any byte, zero bytes too. Errors: -GUST_ETOOBIG above
 * max_cookies, -ENOMEM.
 */
int gu_cookie_parse(struct gust_arena *arena, gust_str field, size_t max_cookies,
                    struct gu_pairs *cookies) GUST_CHECK;

struct gu_cookie {
    gust_str name;                    /* a token or ":", none of the attributes' names */
    gust_str value;                   /* without control characters and blanks */
    gust_str domain, path, same_site; /* empty: left out; without control characters, ";", blanks */
    int64_t max_age;                  /* seconds; 0: left out */
    int64_t expires;                  /* seconds since 1970 */
    bool has_expires, http_only, secure;
};

/* The value of a Set-Cookie field: `a="b c"; Domain=…; expires=…; HttpOnly; Max-Age=…; Path=…;
 * SameSite=…; Secure`. Errors: -EINVAL for what the comments above rule out, -ENOMEM. */
int gu_cookie_format(struct gust_arena *arena, const struct gu_cookie *cookie,
                     gust_str *field) GUST_CHECK;

#endif
