/*
 * space — what becomes of space between tags
 *
 * Tornado's two patterns, each in one pass: runs of blanks become one; then what surrounds the line
 * ends goes. In the second, what is space is Unicode's to say.
 */
#include "template/compile.h"
#include "template/text.h"

enum gu_space gu_space_mode(gust_str name)
{
    if (gust_str_equal(name, "all"))
        return GU_SPACE_ALL;
    if (gust_str_equal(name, "single"))
        return GU_SPACE_SINGLE;
    return gust_str_equal(name, "oneline") ? GU_SPACE_ONELINE : GU_SPACE_UNKNOWN;
}

/* [\t ]+ becomes a blank. */
static void put_blanks_once(struct gu_buf *b, gust_str text)
{
    bool was_blank = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_blank = text.ptr[i] == ' ' || text.ptr[i] == '\t';

        if (!is_blank)
            gu_buf_putc(b, text.ptr[i]);
        else if (!was_blank)
            gu_buf_putc(b, ' ');
        was_blank = is_blank;
    }
}

/* Where the run of space at `at` ends, and whether a line ends in it. */
static size_t space_end(gust_str text, size_t at, bool *has_line)
{
    uint32_t c;

    *has_line = false;
    while (at < text.len) {
        size_t n = gu_text_decode(text.ptr + at, text.ptr + text.len, &c);

        if (!gu_text_is_space(c))
            break;
        *has_line = *has_line || c == '\n';
        at += n;
    }
    return at;
}

/* Runs of space become `with`; only those with the end of a line in them, or all. */
static void put_runs_as(struct gu_buf *b, gust_str text, char with, bool is_all)
{
    uint32_t c;

    for (size_t at = 0; at < text.len;) {
        bool has_line;
        size_t end = space_end(text, at, &has_line);

        if (end > at && (is_all || has_line)) {
            gu_buf_putc(b, with);
            at = end;
            continue;
        }
        end = gu_max(end, at + gu_text_decode(text.ptr + at, text.ptr + text.len, &c));
        gu_buf_put(b, text.ptr + at, end - at);
        at = end;
    }
}

gust_str gu_space_filter(struct gust_arena *arena, enum gu_space mode, gust_str text)
{
    gust_str once = text, result = {NULL, 0};
    struct gu_buf b;

    if (mode == GU_SPACE_ALL || gu_str_find(text, GU_STR("<pre>"), 0) != GU_NPOS)
        return text;
    if (mode == GU_SPACE_SINGLE) {
        gu_buf_init(&b, arena, SIZE_MAX - 1);
        put_blanks_once(&b, text);
        if (gu_buf_finish(&b, &once) < 0)
            return result;
    }
    gu_buf_init(&b, arena, SIZE_MAX - 1);
    put_runs_as(&b, once, mode == GU_SPACE_SINGLE ? '\n' : ' ', mode == GU_SPACE_ONELINE);
    return gu_buf_finish(&b, &result) < 0 ? (gust_str){NULL, 0} : result;
}
