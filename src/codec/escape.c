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

#define AT_ONCE 256u /* bytes that room is looked for at once */

typedef unsigned char bytes_16 __attribute__((vector_size(16)));
typedef uint64_t words_16 __attribute__((vector_size(16)));

static gu_inline bool is_plain(bytes_16 v)
{
    words_16 special = (words_16)((v == '&') | (v == '<') | (v == '>') | (v == '"') | (v == '\''));

    return (special[0] | special[1]) == 0;
}

/* Writes 16 bytes at `to`; whether none of them had to be escaped. */
static gu_inline bool copy_16(char *to, const char *from)
{
    bytes_16 v;

    memcpy(&v, from, sizeof v);
    memcpy(to, &v, sizeof v);
    return is_plain(v);
}

/* The same for 8 to 15 bytes, by their first and their last. */
static gu_inline bool copy_8(char *to, gust_str s)
{
    uint64_t first, last;

    memcpy(&first, s.ptr, 8);
    memcpy(&last, s.ptr + s.len - 8, 8);
    memcpy(to, &first, 8);
    memcpy(to + s.len - 8, &last, 8);
    return is_plain((bytes_16)(words_16){first, last});
}

/* Copies what has nothing to escape in it, which most text has not; false if there may be. */
static gu_inline bool copy_plain(char *to, gust_str s)
{
    size_t i = 0;

    if (s.len < 16)
        return s.len >= 8 && copy_8(to, s);
    for (; s.len - i >= 16; i += 16)
        if (!copy_16(to + i, s.ptr + i))
            return false;
    return copy_16(to + s.len - 16, s.ptr + s.len - 16);
}

static gu_noinline char *escape_bytes(char *to, gust_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const struct escaped *e = &escapes[(unsigned char)s.ptr[i]];

        *to = s.ptr[i];
        if (e->len == 0) {
            to++;
            continue;
        }
        memcpy(to, e, sizeof *e);
        to += e->len;
    }
    return to;
}

char *gu_xhtml_escape_roomy(char *to, gust_str s)
{
    return gu_likely(copy_plain(to, s)) ? to + s.len : escape_bytes(to, s);
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
        char *to = b->ptr + b->len;

        if (gu_unlikely(b->cap - b->len <= GU_XHTML_ROOM(piece.len)))
            put_exactly(b, piece);
        else
            gu_buf_add(b, (size_t)(gu_xhtml_escape_roomy(to, piece) - to));
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
