/*
 * form — media types and their parameters (RFC 9110 8.3.1, 5.6.6)
 *
 * The fields of an application/x-www-form-urlencoded body are read by gu_query_parse().
 */
#ifndef GU_FORM_H
#define GU_FORM_H

#include "base/arena_impl.h"

#define GU_FORM_TYPE "application/x-www-form-urlencoded"

/* Whether a Content-Type is `type` ("text/html"), whatever its case and parameters. */
bool gu_content_type_is(gust_str content_type, const char *type);

/*
 * Takes the next "; name=value" off the front of *rest, which begins as a whole field value; what
 * stands before its first semicolon (the media type, "form-data") is passed over. `value` is as it
 * was sent, a quoted string with its quotes; a parameter without "=" has a .ptr of NULL. A
 * semicolon in a quoted string separates nothing. False after the last one. Walking over all
 * parameters takes linear time (CVE-2025-67726).
 */
bool gu_param_next(gust_str *rest, gust_str *name, gust_str *value);

/* The first parameter of that name, of any case, without its quotes. Returns 1 if it is there and 0
 * if not. Errors: -ENOMEM. */
int gu_param_get(struct gust_arena *arena, gust_str field, const char *name,
                 gust_str *value) GUST_CHECK;

#endif
