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

/* --- into a buffer --- */

/* What is written for a byte, and how much of it; .len is 0 where that is the byte itself. */
static const struct escaped {
    char text[7];
    unsigned char len;
} escapes[256] = {
    ['&'] = {"&amp;", 5},  ['<'] = {"&lt;", 4},    ['>'] = {"&gt;", 4},
    ['"'] = {"&quot;", 6}, ['\''] = {"&#x27;", 6},
};

#define WORST 6u     /* bytes for one */
#define AT_ONCE 256u /* bytes that room is looked for at once */

/* Writes 16 bytes at `to`; whether none of them had to be escaped. */
static gu_inline bool copy_plain(char *to, const char *from)
{
    typedef unsigned char bytes __attribute__((vector_size(16)));
    typedef uint64_t words __attribute__((vector_size(16)));
    bytes v;
    words special;

    memcpy(&v, from, sizeof v);
    memcpy(to, &v, sizeof v);
    special = (words)((v == '&') | (v == '<') | (v == '>') | (v == '"') | (v == '\''));
    return (special[0] | special[1]) == 0;
}

/* Writes `s` escaped where there is room for the worst, and for a struct escaped behind it. */
static char *escape_fast(char *to, gust_str s)
{
    const char *at = s.ptr, *end = s.ptr + s.len;

    while (at < end) {
        const char *stop = end - at < 16 ? end : at + 16;

        if (end - at >= 16 && copy_plain(to, at)) {
            at += 16;
            to += 16;
            continue;
        }
        for (; at < stop; at++) {
            const struct escaped *e = &escapes[(unsigned char)*at];

            *to = *at;
            if (e->len == 0) {
                to++;
                continue;
            }
            memcpy(to, e, sizeof *e);
            to += e->len;
        }
    }
    return to;
}

/* Where there is not, exactly as much is asked for as it takes. */
static gu_noinline void put_exactly(struct gu_buf *b, gust_str s)
{
    size_t len = gu_xhtml_escaped_len(s);
    char *to = gu_buf_reserve(b, len);

    if (to == NULL)
        return;
    gu_xhtml_escape(to, s);
    gu_buf_add(b, len);
}

void gu_xhtml_put(struct gu_buf *b, gust_str s)
{
    while (s.len > 0 && gu_buf_error(b) == 0) {
        gust_str piece = gu_str(s.ptr, gu_min(s.len, AT_ONCE));

        if (gu_likely(b->cap - b->len > WORST * piece.len + sizeof(struct escaped)))
            gu_buf_add(b, (size_t)(escape_fast(b->ptr + b->len, piece) - (b->ptr + b->len)));
        else
            put_exactly(b, piece);
        s = gu_str(s.ptr + piece.len, s.len - piece.len);
    }
}

gust_str gu_xhtml_escape_copy(struct gust_arena *arena, gust_str s)
{
    size_t len = gu_xhtml_escaped_len(s);
    char *text = gu_text_alloc(arena, len);

    if (text != NULL)
        gu_xhtml_escape(text, s);
    return gu_str(text, len);
}
