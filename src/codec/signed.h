/*
 * signed — values with a signature, as Tornado makes and reads them
 *
 *     2|1:0|10:1300000000|3:key|8:dmFsdWU=|3d4e60b996ff9c5d…
 *       │   │             │     │          └ HMAC-SHA256 of all that stands before it
 *       │   └ seconds     └ name└ base64 of the value
 *       └ version of the secret; each field with its length in front
 *
 * Format 1, "value|seconds|HMAC-SHA1", is read and made where that is asked for. It does not tell
 * where its parts end, so what could have been moved from one part to the next is refused.
 */
#ifndef GU_SIGNED_H
#define GU_SIGNED_H

#include "base/arena_impl.h"
#include <gust/signed.h>

#define GU_SIGNED_VERSION 2
#define GU_SIGNED_DAYS 31.0 /* the default of max_age_days */

/* The secret of a version; .ptr is NULL without one. A secret that stands alone without a version
 * is that of each. */
gust_str gu_secret_find(const gust_secret *secrets, uint64_t version);

/* Signs with the first of the secrets, at `now`. Errors: -EINVAL without a secret, or for a format
 * that there is not; -ENOMEM. */
int gu_signed_make(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str value, int version, int64_t now, gust_str *text) GUST_CHECK;

/* Which values are accepted. */
struct gu_signed_rules {
    int min_version;
    double max_age; /* seconds; negative: any */
    int64_t now;
};

/* Reads a value for a name. Errors: -EBADMSG, -ESTALE, -ENOMEM. */
int gu_signed_read(struct gust_arena *arena, const gust_secret *secrets, gust_str name,
                   gust_str text, const struct gu_signed_rules *rules, gust_str *value) GUST_CHECK;

/* The secret's version that a text of format 2 tells. Errors: -EBADMSG. */
int gu_signed_key_version(gust_str text);

#endif
