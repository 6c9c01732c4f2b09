/*
 * gust/signed.h — values that a client may keep and show, but not change
 *
 * A signed value is text, which anybody can read, with the time of its making and an HMAC over all
 * of it. The format is Tornado's, to the byte: with the same secret, a program in Python and one in
 * C accept each other's cookies.
 *
 * Secrets come as a list whose first one signs and all of which are accepted, so that they can be
 * changed without signing everybody out: put the new one in front with a higher version, and drop
 * the old one when what it signed is too old anyway. The calls never wait; each may be used from
 * any thread, and makes what it returns in the innermost scope.
 */
#ifndef GUST_SIGNED_H
#define GUST_SIGNED_H

#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A secret, and the version that what it signs is marked with. A list ends with one whose text is
 * NULL. One secret alone of version 0 is what a plain string is in Tornado: the mark is not looked
 * at. */
typedef struct gust_secret {
    const char *text; /**< at least 32 random bytes, in any spelling */
    int version;
} gust_secret;

/** What is made, and what is accepted. */
typedef struct gust_signed_options {
    double max_age_days; /**< how old a value may be; 31; GUST_NEVER: any age */
    int min_version;     /**< the least format that is accepted: 2; 1: also that of Tornado 3.1 */
    int version;         /**< the format of what is made; 2 */
} gust_signed_options;

/** Signs a value for a name, which must be told again to read it. Only a secret alone of version 0
 * makes format 1. **Raises 503.** NULL if the options ask for what there is not. Follows
 * tornado.web.create_signed_value. */
GUST_API const char *gust_create_signed_value(const gust_secret *secrets, const char *name,
                                              gust_str value, const gust_signed_options *options);

/** Reads what was signed; the value may hold any bytes. 0, or **Errors:** -EBADMSG for what none of
 * the secrets signed for that name, -ESTALE for what is too old, -EINVAL for options that ask for
 * what there is not. **Raises 503.** Follows tornado.web.decode_signed_value. */
GUST_API int gust_decode_signed_value(const gust_secret *secrets, const char *name,
                                      const char *text, const gust_signed_options *options,
                                      gust_str *value) GUST_CHECK;

/** Which secret a value says it is signed by, without a look at the signature; -EBADMSG when it
 * does not say. Follows tornado.web.get_signature_key_version. */
GUST_API int gust_get_signature_key_version(const char *text);

#ifdef __cplusplus
}
#endif

#endif
