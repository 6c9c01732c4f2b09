/*
 * xsrf — tokens that tell a site's own forms from others', as Tornado makes and reads them
 *
 * A token is 16 random bytes, which the browser keeps in a cookie and each form carries as well.
 * What is sent is masked afresh each time ("2|mask|token ^ mask|seconds", in hexadecimal), so that
 * its text, compressed beside what an attacker chooses, tells nothing about it (BREACH). Format 1
 * is the token in hexadecimal alone, and any text that is neither is a token as it is.
 */
#ifndef GU_XSRF_H
#define GU_XSRF_H

#include "base/arena_impl.h"

#define GU_XSRF_LEN 16
#define GU_XSRF_MASK 4

struct gu_xsrf {
    gust_str token; /* unmasked, never empty */
    uint64_t made;  /* seconds; 0 where the format does not tell */
};

/* Reads a cookie's or a field's text. Errors: -EBADMSG, -ENOMEM. */
int gu_xsrf_read(struct gust_arena *arena, gust_str text, struct gu_xsrf *xsrf) GUST_CHECK;

/* The text of format 2. .ptr is NULL when memory is short. */
gust_str gu_xsrf_mask(struct gust_arena *arena, const struct gu_xsrf *xsrf,
                      const unsigned char mask[GU_XSRF_MASK]);

/* The text of format 1. .ptr is NULL when memory is short. */
gust_str gu_xsrf_plain(struct gust_arena *arena, const struct gu_xsrf *xsrf);

#endif
