/*
 * escape — text in HTML and XML
 */
#include "codec/escape.h"
#include "base/str.h"
#include "codec/text.h"

/* What is written for a byte; empty: the byte itself. */
static gust_str entity(char c)
{
    switch (c) {
    case '&':
        return GU_STR("&amp;");
    case '<':
        return GU_STR("&lt;");
    case '>':
        return GU_STR("&gt;");
    case '"':
        return GU_STR("&quot;");
    case '\'':
        return GU_STR("&#x27;");
    default:
        return GU_STR("");
    }
}

size_t gu_xhtml_escaped_len(gust_str s)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++)
        len += gu_max(1, entity(s.ptr[i]).len);
    return len;
}

char *gu_xhtml_escape(char *to, gust_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        gust_str e = entity(s.ptr[i]);

        if (e.len > 0)
            to = gu_text_put(to, e);
        else
            *to++ = s.ptr[i];
    }
    return to;
}

void gu_xhtml_put(struct gu_buf *b, gust_str s)
{
    size_t len = gu_xhtml_escaped_len(s);
    char *to = gu_buf_reserve(b, len);

    if (to == NULL)
        return;
    gu_xhtml_escape(to, s);
    gu_buf_add(b, len);
}

gust_str gu_xhtml_escape_copy(struct gust_arena *arena, gust_str s)
{
    size_t len = gu_xhtml_escaped_len(s);
    char *text = gu_text_alloc(arena, len);

    if (text != NULL)
        gu_xhtml_escape(text, s);
    return gu_str(text, len);
}
