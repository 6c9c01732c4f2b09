/*
 * query — "a=1&b=2"
 *
 * The text is copied once, and decoded in the copy: what is decoded is never longer, and the zero
 * byte behind a name or a value takes the place of its separator.
 */
#include "codec/query.h"
#include "base/str.h"
#include "codec/percent.h"
#include "codec/text.h"

/* --- parsing --- */

static size_t count_fields(gust_str text)
{
    gust_str part;
    size_t n = 0;

    while (gu_str_split(&text, '&', &part))
        n += part.len > 0;
    return n;
}

/* Decodes a part of the copy where it stands. The byte behind it is a separator or the copy's last
 * zero byte, so it may be overwritten. */
static gust_str decode_here(char *at, size_t len)
{
    len = gu_percent_decode(at, gu_str(at, len), GU_PERCENT_FORM);
    at[len] = '\0';
    return gu_str(at, len);
}

static struct gu_pair parse_field(char *at, size_t len)
{
    char *equals = memchr(at, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - at);
    struct gu_pair pair = {.value = GU_STR("")};

    if (equals != NULL)
        pair.value = decode_here(equals + 1, len - name_len - 1);
    pair.name = decode_here(at, name_len);
    return pair;
}

int gu_query_parse(struct gust_arena *arena, gust_str text, size_t max_fields,
                   struct gu_pairs *pairs)
{
    size_t n = count_fields(text), at = 0, i = 0;
    struct gu_pair *items;
    char *copy;

    if (n > max_fields)
        return -GUST_ETOOBIG;
    if (n == 0) {
        *pairs = (struct gu_pairs){0};
        return 0;
    }
    items = gu_arena_alloc(arena, n * sizeof *items);
    copy = gu_text_alloc(arena, text.len);
    if (items == NULL || copy == NULL)
        return -ENOMEM;
    gu_text_put(copy, text);
    while (i < n) {
        char *end = memchr(copy + at, '&', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - copy) - at;

        if (len > 0)
            items[i++] = parse_field(copy + at, len);
        at += len + 1;
    }
    *pairs = (struct gu_pairs){items, n};
    return 0;
}

/* --- formatting --- */

void gu_query_put(struct gu_buf *b, const struct gu_pairs *pairs, char first)
{
    for (size_t i = 0; i < pairs->len; i++) {
        if (i > 0)
            gu_buf_putc(b, '&');
        else if (first != '\0')
            gu_buf_putc(b, first);
        gu_percent_put(b, pairs->items[i].name, GU_PERCENT_FORM);
        gu_buf_putc(b, '=');
        gu_percent_put(b, pairs->items[i].value, GU_PERCENT_FORM);
    }
}
