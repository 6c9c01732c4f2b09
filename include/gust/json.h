/*
 * gust/json.h — JSON text to jansson's values, and back
 *
 * What a request's body holds is gust_get_json()'s to tell (request.h); what a response is made of
 * needs no jansson at all (gust_json() in response.h). These are for JSON from elsewhere. Nesting
 * is bounded by 128. Nothing here waits.
 */
#ifndef GUST_JSON_H
#define GUST_JSON_H

#include <gust/error.h>

struct json_t;

#ifdef __cplusplus
extern "C" {
#endif

/** The value of a JSON text, of whatever kind; of equal keys the last counts. It belongs to the
 * innermost scope: json_incref() what is to stay. NULL, and *error (which may be NULL) tells why:
 * -GUST_ESYNTAX, -GUST_ETOOBIG, -ENOMEM. **Raises 503.** */
GUST_API struct json_t *gust_json_decode(gust_str text, gust_error *error);

/** Compact JSON in UTF-8, in which "</" is "<\/", so that it can stand in a page's script. In the
 * innermost scope. NULL for what JSON cannot say: NaN, text that is not UTF-8, nesting beyond the
 * bound. **Raises 503.** */
GUST_API const char *gust_json_encode(const struct json_t *json);

#ifdef __cplusplus
}
#endif

#endif
