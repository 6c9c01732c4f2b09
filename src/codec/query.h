/*
 * query — "a=1&b=2": the query of a target, and forms that are application/x-www-form-urlencoded
 *
 * Read as Python's parse_qsl() with blank values kept: "&" alone separates, the first "=" splits,
 * a part without one has an empty value, an empty part is nothing, "+" is a space.
 */
#ifndef GU_QUERY_H
#define GU_QUERY_H

#include "base/buf.h"
#include "codec/pairs.h"

#define GU_QUERY_MAX_FIELDS 1000u /* the default of max_fields */

/* Parses into the arena, which holds a decoded copy of the text. Errors: -GUST_ETOOBIG above
 * max_fields, -ENOMEM. */
int gu_query_parse(struct gust_arena *arena, gust_str text, size_t max_fields,
                   struct gu_pairs *pairs) GUST_CHECK;

/* Puts pairs as a query, encoded: `first` before the first of them ('\0': nothing), "&" before the
 * others. */
void gu_query_put(struct gu_buf *b, const struct gu_pairs *pairs, char first);

#endif
