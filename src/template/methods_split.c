/*
 * methods_split — cutting text up, and putting it together
 */
#include "template/methods.h"
#include "template/render.h"
#include "template/text.h"

static bool push(struct gu_render *r, struct gu_seq *parts, const char *ptr, size_t len)
{
    return gu_step(r) && gu_seq_push(r, parts, gust_value_str(gu_str(ptr, len)));
}

static void reverse(struct gu_seq *parts)
{
    for (size_t i = 0; i < parts->n / 2; i++) {
        gust_value swapped = parts->items[i];

        parts->items[i] = parts->items[parts->n - 1 - i];
        parts->items[parts->n - 1 - i] = swapped;
    }
}

/* --- split --- */

static bool split_at(struct gu_render *r, struct gu_seq *parts, gust_str s, gust_str sep,
                     int64_t most)
{
    size_t from = 0, at;

    for (; most > 0 && (at = gu_str_find(s, sep, from)) != GU_NPOS; most--) {
        if (!push(r, parts, s.ptr + from, at - from))
            return false;
        from = at + sep.len;
    }
    return push(r, parts, s.ptr + from, s.len - from);
}

bool gu_find_last(struct gu_render *r, gust_str s, gust_str what, size_t *at)
{
    *at = GU_NPOS;
    for (size_t i = s.len; i >= what.len; i--) {
        const char *here = s.ptr + i - what.len;

        if (what.len > 0 && *here == *what.ptr && !gu_steps_for(r, what.len))
            return false;
        if (what.len == 0 || (*here == *what.ptr && memcmp(here, what.ptr, what.len) == 0)) {
            *at = i - what.len;
            return true;
        }
        if (i == 0)
            break;
    }
    return gu_steps_for(r, s.len);
}

/* From the end; the parts come in that order. */
static bool rsplit_at(struct gu_render *r, struct gu_seq *parts, gust_str s, gust_str sep,
                      int64_t most)
{
    size_t at;

    for (; most > 0; most--) {
        if (!gu_find_last(r, s, sep, &at))
            return false;
        if (at == GU_NPOS)
            break;
        if (!push(r, parts, s.ptr + at + sep.len, s.len - at - sep.len))
            return false;
        s.len = at;
    }
    return push(r, parts, s.ptr, s.len);
}

/* Where the first word of a text ends. */
static size_t word_end(gust_str s)
{
    size_t at = 0;
    uint32_t c;

    while (at < s.len) {
        size_t n = gu_text_decode(s.ptr + at, s.ptr + s.len, &c);

        if (gu_text_is_space(c))
            break;
        at += n;
    }
    return at;
}

static bool split_words(struct gu_render *r, struct gu_seq *parts, gust_str s, int64_t most)
{
    for (;; most--) {
        size_t n;

        s = gu_text_strip(s, GU_LEFT);
        if (s.len == 0)
            return true;
        n = most > 0 ? word_end(s) : s.len;
        if (!push(r, parts, s.ptr, n))
            return false;
        s = gu_str(s.ptr + n, s.len - n);
    }
}

/* Where the last word begins. */
static size_t last_word(gust_str s)
{
    size_t from = s.len;

    while (from > 0) {
        gust_str before = gu_str(s.ptr, from);

        if (gu_text_strip(before, GU_RIGHT).len < from)
            break;
        from--;
        while (from > 0 && ((unsigned char)s.ptr[from] & 0xc0) == 0x80)
            from--;
    }
    return from;
}

static bool rsplit_words(struct gu_render *r, struct gu_seq *parts, gust_str s, int64_t most)
{
    for (;; most--) {
        size_t from;

        s = gu_text_strip(s, GU_RIGHT);
        if (s.len == 0)
            return true;
        from = most > 0 ? last_word(s) : 0;
        if (!push(r, parts, s.ptr + from, s.len - from))
            return false;
        s.len = from;
    }
}

static bool split(struct gu_render *r, const struct gu_args *args, bool is_right,
                  gust_value *result)
{
    gust_str s = args->self->as.string;
    const gust_value *sep = gu_arg(args, 0, "sep");
    struct gu_seq *parts = gu_seq_new(r, GU_LIST, 0);
    int64_t most = INT64_MAX;
    bool ok;

    if (parts == NULL || !gu_arg_int(r, args, 1, "maxsplit", &most) || !gu_steps_for(r, s.len))
        return false;
    most = most < 0 ? INT64_MAX : most;
    if (sep == NULL || sep->type == GUST_NULL) {
        ok = is_right ? rsplit_words(r, parts, s, most) : split_words(r, parts, s, most);
    } else {
        if (sep->type != GUST_STRING)
            return gu_throw(r, GU_TYPE_ERROR, "must be str or None, not %s", gu_type_name(sep));
        if (sep->as.string.len == 0)
            return gu_throw(r, GU_VALUE_ERROR, "empty separator");
        ok = is_right ? rsplit_at(r, parts, s, sep->as.string, most)
                      : split_at(r, parts, s, sep->as.string, most);
    }
    if (is_right)
        reverse(parts);
    *result = gu_seq_value(parts);
    return ok;
}

bool gu_text_split(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return split(r, args, false, result);
}

bool gu_text_rsplit(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return split(r, args, true, result);
}

/* --- lines --- */

static bool ends_line(uint32_t c)
{
    return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

bool gu_text_splitlines(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = args->self->as.string;
    const gust_value *keep = gu_arg(args, 0, "keepends");
    struct gu_seq *lines = gu_seq_new(r, GU_LIST, 0);
    size_t from = 0, at = 0;
    uint32_t c;

    if (lines == NULL || !gu_steps_for(r, s.len))
        return false;
    while (at < s.len) {
        size_t end = at;

        at += gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        if (!ends_line(c))
            continue;
        if (c == '\r' && at < s.len && s.ptr[at] == '\n')
            at++;
        if (!push(r, lines, s.ptr + from, (keep != NULL && gu_truth(keep) ? at : end) - from))
            return false;
        from = at;
    }
    *result = gu_seq_value(lines);
    return from == s.len || push(r, lines, s.ptr + from, s.len - from);
}

/* --- in three parts --- */

static bool partition(struct gu_render *r, const struct gu_args *args, bool is_right,
                      gust_value *result)
{
    gust_str s = args->self->as.string, sep;
    struct gu_seq *parts = gu_seq_new(r, GU_TUPLE, 3);
    size_t at = GU_NPOS;

    if (parts == NULL || !gu_arg_text(r, args, 0, &sep) || !gu_steps_for(r, s.len))
        return false;
    if (sep.len == 0)
        return gu_throw(r, GU_VALUE_ERROR, "empty separator");
    if (!is_right)
        at = gu_str_find(s, sep, 0);
    else if (!gu_find_last(r, s, sep, &at))
        return false;
    *result = gu_seq_value(parts);
    if (at == GU_NPOS)
        return is_right
                   ? push(r, parts, "", 0) && push(r, parts, "", 0) && push(r, parts, s.ptr, s.len)
                   : push(r, parts, s.ptr, s.len) && push(r, parts, "", 0) && push(r, parts, "", 0);
    return push(r, parts, s.ptr, at) && push(r, parts, s.ptr + at, sep.len) &&
           push(r, parts, s.ptr + at + sep.len, s.len - at - sep.len);
}

bool gu_text_partition(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return partition(r, args, false, result);
}

bool gu_text_rpartition(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return partition(r, args, true, result);
}

/* --- join --- */

bool gu_text_join(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_iter it;
    struct gu_buf b;
    gust_value item;
    size_t n = 0;
    int more;

    if (!gu_iter_init(r, &it, &args->items[0]))
        return false;
    gu_text_begin(r, &b);
    while ((more = gu_iter_next(r, &it, &item)) > 0) {
        if (item.type != GUST_STRING)
            return gu_throw(r, GU_TYPE_ERROR, "sequence item %zu: expected str instance, %s found",
                            n, gu_type_name(&item));
        if (n++ > 0)
            gu_buf_put_str(&b, args->self->as.string);
        gu_buf_put_str(&b, item.as.string);
    }
    return more == 0 && gu_text_end(r, &b, result);
}
