/*
 * escape — text in HTML and XML
 *
 * & < > " ' become &amp; &lt; &gt; &quot; &#x27;, so that the result is safe as content and in
 * attributes with either quote (Tornado's xhtml_escape).
 */
#ifndef GU_ESCAPE_H
#define GU_ESCAPE_H

#include "base/arena_impl.h"
#include "base/buf.h"

/* The length of what gu_xhtml_escape() writes. */
size_t gu_xhtml_escaped_len(gust_str s);

/* Writes `s` escaped at `to` and returns the end. */
char *gu_xhtml_escape(char *to, gust_str s);

/* The same where there is room for the longest that it could be, and some more, which is written
 * over: faster, because nothing is counted. */
#define GU_XHTML_ROOM(len) (6 * (len) + 8)
char *gu_xhtml_escape_roomy(char *to, gust_str s);

/* Puts `s` escaped. */
void gu_xhtml_put(struct gu_buf *b, gust_str s);

/* The same into the arena, with a zero byte behind; .ptr is NULL when memory is short. */
gust_str gu_xhtml_escape_copy(struct gust_arena *arena, gust_str s);

#endif
