/*
 * json — values to text, and text to jansson's values
 *
 * Encoding writes straight into a buffer: compact UTF-8, `</` as `<\/` so that it can stand in a
 * page's script, as Tornado's json_encode does. Errors latch in the buffer: -GUST_ESYNTAX is text
 * that is not UTF-8, -EDOM what JSON has not (NaN, infinity, a function), -GUST_ETOOBIG nesting
 * beyond GU_JSON_MAX_DEPTH or the buffer's maximum.
 *
 * Both ways run on the loop's stack, since both recurse.
 */
#ifndef GU_JSON_H
#define GU_JSON_H

#include "base/buf.h"
#include <gust/error.h>
#include <gust/value.h>
#include <jansson.h>

#define GU_JSON_MAX_DEPTH 128

/* One value; pairs up to a NULL key, as an object; a jansson value. */
void gu_json_put_value(struct gu_buf *b, const gust_value *value);
void gu_json_put_vars(struct gu_buf *b, const gust_kv *pairs);
void gu_json_put_json(struct gu_buf *b, const json_t *json);

/* A string with its quotes, and one that is known to be UTF-8; they run where they are called. */
void gu_json_put_string(struct gu_buf *b, gust_str s);
void gu_json_put_utf8(struct gu_buf *b, gust_str s);

/* A finite double as printf wrote it, in whatever locale, as JSON writes it. */
void gu_json_put_printed(struct gu_buf *b, const char *text);

/* How deep a text nests, and how many arrays and objects, and values in all, it has at the most.
 * Right for as much of the text as is well formed. */
struct gu_json_shape {
    size_t depth, n_containers, n_values;
};
struct gu_json_shape gu_json_measure(gust_str text);

/* Bytes that decoding takes at the most. A peer gets 75 bytes of ours for each of its own with
 * "[{},{},…", so this is held against a limit first. */
size_t gu_json_cost(const struct gu_json_shape *shape, size_t text_len);

/* A new reference to the value of a text: any value, not only arrays and objects; of equal keys the
 * last wins, as in Python; \u0000 is refused. `max_memory` bounds gu_json_cost().
 * **Errors:** -GUST_ESYNTAX, -GUST_ETOOBIG beyond GU_JSON_MAX_DEPTH or max_memory, -ENOMEM; *error,
 * which may be NULL, tells more. */
int gu_json_decode(gust_str text, size_t max_memory, json_t **value, gust_error *error) GUST_CHECK;

#endif
