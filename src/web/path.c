/*
 * path — what the path of a route means, read as text
 *
 * None of this is a parser of regular expressions: it recognises the simple ones, and gives up on
 * the others.
 */
#include "web/path.h"
#include "base/buf.h"
#include "base/str.h"

static bool is_special(char c)
{
    return c != '\0' && strchr("([.*+?|\\^$", c) != NULL;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (gu_lower(c) >= 'a' && gu_lower(c) <= 'z');
}

struct gu_path gu_path_of(const char *text)
{
    struct gu_path path = {.text = gust_str_from(text)};

    for (size_t i = 0; i < path.text.len; i++)
        path.is_pattern = path.is_pattern || is_special(path.text.ptr[i]);
    return path;
}

/* --- nesting --- */

/* As a part of a larger pattern. */
static void put_part(struct gu_buf *b, struct gu_path path)
{
    if (path.is_pattern) {
        gu_buf_puts(b, "(?:");
        gu_buf_put_str(b, path.text);
        gu_buf_puts(b, ")");
        return;
    }
    for (size_t i = 0; i < path.text.len; i++) {
        char c = path.text.ptr[i];

        if (!is_alnum(c) && c != '/')
            gu_buf_putc(b, '\\');
        gu_buf_putc(b, c);
    }
}

struct gu_path gu_path_join(struct gust_arena *arena, struct gu_path outer, struct gu_path inner)
{
    struct gu_path joined = {.is_pattern = outer.is_pattern || inner.is_pattern};
    struct gu_buf b;

    if (outer.text.len == 0)
        return inner;
    if (inner.text.len == 0)
        return outer;
    gu_buf_init(&b, arena, SIZE_MAX - 1);
    if (joined.is_pattern) {
        put_part(&b, outer);
        put_part(&b, inner);
    } else {
        gu_buf_put_str(&b, outer.text);
        gu_buf_put_str(&b, inner.text);
    }
    gust_ignore(gu_buf_finish(&b, &joined.text));
    return joined;
}

/* --- what it begins with --- */

/* Whether a bar may stand outside of all groups. What makes counting parentheses hard counts as
 * one. */
static bool may_have_bar(gust_str text)
{
    size_t depth = 0;
    bool has_bar = false, is_hard = false;

    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '\\':
            i++;
            is_hard = is_hard || (i < text.len && text.ptr[i] == 'Q');
            break;
        case '[':
            is_hard = true;
            break;
        case '(':
            depth++;
            break;
        case ')':
            depth -= depth > 0;
            break;
        case '|':
            if (depth == 0)
                return true;
            has_bar = true;
            break;
        default:
            break;
        }
    }
    return has_bar && is_hard;
}

/* The literal character at text.ptr[*at], which moves behind it; '\0' when a special one stands
 * there. A "{" is taken for a quantifier. */
static char take_literal(gust_str text, size_t *at)
{
    char c = text.ptr[*at];

    if (c == '\\' && *at + 1 < text.len && !is_alnum(text.ptr[*at + 1]))
        c = text.ptr[++*at];
    else if (is_special(c) || c == '{' || c == ')')
        return '\0';
    ++*at;
    return c;
}

gust_str gu_path_prefix(struct gust_arena *arena, struct gu_path path)
{
    char *prefix = gu_arena_alloc(arena, path.text.len + 1);
    size_t at = 0, len = 0;
    char c;

    if (prefix == NULL)
        return (gust_str){NULL, 0};
    if (path.text.len > 0 && path.text.ptr[0] == '^')
        at++;
    while (at < path.text.len && (c = take_literal(path.text, &at)) != '\0')
        prefix[len++] = c;
    if (at < path.text.len && strchr("*?{", path.text.ptr[at]) != NULL)
        len -= len > 0; /* the last one may be missing */
    if (may_have_bar(path.text))
        len = 0;
    return gu_str(prefix, len);
}

/* --- the way back --- */

/* Walks over a group's name, "?<name>", "?P<name>" or "?'name'". False when it is a group of
 * another kind. */
static bool skip_name(gust_str text, size_t *at)
{
    size_t i = *at;

    if (i >= text.len || text.ptr[i] != '?')
        return true;
    i++;
    if (i < text.len && text.ptr[i] == 'P')
        i++;
    if (i + 1 >= text.len || (text.ptr[i] != '<' && text.ptr[i] != '\'') ||
        strchr("=!", text.ptr[i + 1]) != NULL)
        return false;
    *at = i;
    return true;
}

/* Walks from behind "(" to behind its ")". False when another group stands inside. */
static bool skip_group(gust_str text, size_t *at)
{
    bool is_class = false;

    if (!skip_name(text, at))
        return false;
    for (size_t i = *at; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '\\')
            i++;
        else if (is_class)
            is_class = c != ']';
        else if (c == '[')
            is_class = true;
        else if (c == '(')
            return false;
        else if (c == ')') {
            *at = i + 1;
            return true;
        }
    }
    return false;
}

struct reversing {
    gust_str text;
    size_t at;
    unsigned depth; /* of (?: … ), which nesting makes */
    struct gu_buf piece;
    struct gu_reverse *reverse;
};

static bool end_piece(struct reversing *w)
{
    gust_str piece;

    if (gu_buf_finish(&w->piece, &piece) < 0)
        return false;
    w->reverse->pieces[w->reverse->n_groups] = piece;
    gu_buf_init(&w->piece, w->piece.arena, SIZE_MAX - 1);
    return true;
}

static bool starts_with(gust_str s, const char *text)
{
    return gu_str_eq(gu_str_sub(s, 0, strlen(text)), gust_str_from(text));
}

static int take_group(struct reversing *w)
{
    if (starts_with(gu_str_sub(w->text, w->at, GU_NPOS), "(?:")) {
        w->at += 3;
        w->depth++;
        return 0;
    }
    w->at++;
    if (!skip_group(w->text, &w->at))
        return -EINVAL;
    if (!end_piece(w))
        return -ENOMEM;
    w->reverse->n_groups++;
    return 0;
}

/* One literal character, or one group. */
static int take_step(struct reversing *w)
{
    char c = w->text.ptr[w->at];

    if (c == '(')
        return take_group(w);
    if (c == ')' && w->depth > 0) {
        w->at++;
        w->depth--;
        return 0;
    }
    if ((c == '^' && w->piece.len == 0 && w->reverse->n_groups == 0) ||
        (c == '$' && w->at + 1 + w->depth == w->text.len)) {
        w->at++;
        return 0;
    }
    c = take_literal(w->text, &w->at);
    if (c == '\0')
        return -EINVAL;
    gu_buf_putc(&w->piece, c);
    return 0;
}

int gu_path_reverse(struct gust_arena *arena, struct gu_path path, struct gu_reverse *reverse)
{
    struct reversing w = {.text = path.text, .reverse = reverse};
    size_t most = 1;
    int err = 0;

    for (size_t i = 0; i < path.text.len; i++)
        most += path.text.ptr[i] == '(';
    *reverse = (struct gu_reverse){gu_arena_alloc(arena, most * sizeof *reverse->pieces), 0};
    if (reverse->pieces == NULL)
        return -ENOMEM;
    if (!path.is_pattern) {
        reverse->pieces[0] = path.text;
        return 0;
    }
    gu_buf_init(&w.piece, arena, SIZE_MAX - 1);
    while (err == 0 && w.at < w.text.len)
        err = take_step(&w);
    if (err == 0 && !end_piece(&w))
        err = -ENOMEM;
    return err;
}
