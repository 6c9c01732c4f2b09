/*
 * quoted — quoted strings and lists
 */
#include "codec/quoted.h"
#include "base/str.h"
#include "codec/chars.h"
#include "codec/text.h"

/* --- quoted strings --- */

/* The offset behind the quoted string that opens at `at`. */
static size_t skip_quoted(gust_str s, size_t at)
{
    for (at++; at < s.len && s.ptr[at] != '"'; at++)
        if (s.ptr[at] == '\\')
            at++;
    return gu_min(at + 1, s.len);
}

size_t gu_quoted_find(gust_str s, char c)
{
    size_t at = 0;

    while (at < s.len && s.ptr[at] != c)
        at = s.ptr[at] == '"' ? skip_quoted(s, at) : at + 1;
    return at;
}

gust_str gu_quoted_unquote(struct gust_arena *arena, gust_str value)
{
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    gust_str inner = is_quoted ? gu_str(value.ptr + 1, value.len - 2) : value;
    char *text = gu_text_alloc(arena, inner.len);
    size_t len = 0;

    if (text == NULL)
        return (gust_str){0};
    for (size_t i = 0; i < inner.len; i++) {
        if (is_quoted && inner.ptr[i] == '\\' && i + 1 < inner.len)
            i++;
        text[len++] = inner.ptr[i];
    }
    text[len] = '\0';
    return gu_str(text, len);
}

static bool needs_backslash(char c)
{
    return c == '"' || c == '\\';
}

gust_str gu_quoted_quote(struct gust_arena *arena, gust_str text)
{
    size_t len = text.len + 2;
    char *out, *to;

    if (text.len > 0 && gu_chars_are(text.ptr, text.len, GU_CHAR_TOKEN))
        return gu_arena_copy(arena, text.ptr, text.len);
    if (!gu_chars_are(text.ptr, text.len, GU_CHAR_TEXT))
        return (gust_str){0};
    for (size_t i = 0; i < text.len; i++)
        len += needs_backslash(text.ptr[i]);
    out = to = gu_text_alloc(arena, len);
    if (out == NULL)
        return (gust_str){0};
    *to++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        if (needs_backslash(text.ptr[i]))
            *to++ = '\\';
        *to++ = text.ptr[i];
    }
    *to = '"';
    return gu_str(out, len);
}

/* --- lists --- */

bool gu_list_next(gust_str *rest, gust_str *element)
{
    while (rest->len > 0) {
        size_t end = gu_quoted_find(*rest, ',');

        *element = gu_str_trim(gu_str_sub(*rest, 0, end), " \t");
        *rest = gu_str_sub(*rest, end + 1, GU_NPOS);
        if (element->len > 0)
            return true;
    }
    return false;
}

bool gu_token_list_has(gust_str list, const char *token)
{
    gust_str want = gust_str_from(token), element;

    while (gu_list_next(&list, &element))
        if (gu_str_ieq(element, want))
            return true;
    return false;
}
