/*
 * quoted — quoted strings and lists (RFC 9110 5.6.4, 5.6.1)
 *
 * A quoted string that is not closed reaches to the end of what it stands in.
 */
#ifndef GU_QUOTED_H
#define GU_QUOTED_H

#include "base/arena_impl.h"

/* The offset of the first `c` outside of quoted strings; s.len if there is none. */
size_t gu_quoted_find(gust_str s, char c);

/* A copy of a value without its quotes and backslashes; of one that is not a quoted string, as it
 * is. .ptr is NULL when memory is short. */
gust_str gu_quoted_unquote(struct gust_arena *arena, gust_str value);

/* A copy that can stand as a parameter's value: quoted unless it is a token. .ptr is NULL when
 * memory is short, or with control characters, which nothing can quote. */
gust_str gu_quoted_quote(struct gust_arena *arena, gust_str text);

/* Takes the next element that is not empty off the front of a comma-separated list, without the
 * blanks around it; commas in quoted strings separate nothing. False after the last one. */
bool gu_list_next(gust_str *rest, gust_str *element);

/* Whether a list holds a token, of any case: Connection, Transfer-Encoding, Upgrade. */
bool gu_token_list_has(gust_str list, const char *token);

#endif
