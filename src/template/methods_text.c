/*
 * methods_text — what str has, but for cutting it up (methods_split.c)
 */
#include "template/methods.h"
#include "template/render.h"
#include "template/text.h"

static gust_str self_of(const struct gu_args *args)
{
    return args->self->as.string;
}

/* --- case --- */

enum letters { UPPER, LOWER, TITLE, CAPITAL, SWAP };

static bool is_cased(uint32_t c)
{
    return gu_text_upper(c) != c || gu_text_lower(c) != c || c == 0xdf;
}

static void put_upper(struct gu_buf *b, uint32_t c, bool is_title)
{
    if (c == 0xdf)
        gu_buf_puts(b, is_title ? "Ss" : "SS");
    else
        gu_text_encode(b, gu_text_upper(c));
}

/* A capital sigma at the end of a word has a small letter of its own. */
static void put_lower(struct gu_buf *b, uint32_t c, bool was_cased, gust_str rest)
{
    uint32_t next = 0;

    if (rest.len > 0)
        gu_text_decode(rest.ptr, rest.ptr + rest.len, &next);
    if (c == 0x3a3 && was_cased && !is_cased(next))
        gu_text_encode(b, 0x3c2);
    else
        gu_text_encode(b, gu_text_lower(c));
}

static bool change_case(struct gu_render *r, gust_str s, enum letters how, gust_value *result)
{
    bool was_cased = false;
    struct gu_buf b;

    gu_text_begin(r, &b);
    for (size_t at = 0; at < s.len && gu_buf_error(&b) == 0;) {
        uint32_t c;
        size_t from = at;
        bool is_upper;

        at += gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        if (how == SWAP)
            is_upper = gu_text_lower(c) == c;
        else if (how == CAPITAL)
            is_upper = from == 0;
        else
            is_upper = how == UPPER || (how == TITLE && !was_cased);
        if (is_upper)
            put_upper(&b, c, how != UPPER && how != SWAP);
        else
            put_lower(&b, c, was_cased, gu_str(s.ptr + at, s.len - at));
        was_cased = is_cased(c);
    }
    return gu_text_end(r, &b, result);
}

static bool text_upper(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return change_case(r, self_of(args), UPPER, result);
}

static bool text_lower(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return change_case(r, self_of(args), LOWER, result);
}

static bool text_title(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return change_case(r, self_of(args), TITLE, result);
}

static bool text_capitalize(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return change_case(r, self_of(args), CAPITAL, result);
}

static bool text_swapcase(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return change_case(r, self_of(args), SWAP, result);
}

/* --- ends --- */

static bool strip(struct gu_render *r, const struct gu_args *args, unsigned ends,
                  gust_value *result)
{
    gust_str s = self_of(args), set;
    const gust_value *given = gu_arg(args, 0, NULL);

    if (given == NULL || given->type == GUST_NULL) {
        *result = gust_value_str(gu_text_strip(s, ends));
        return gu_steps_for(r, s.len);
    }
    if (!gu_arg_text(r, args, 0, &set) || !gu_steps_for(r, s.len) ||
        !gu_steps_for(r, s.len < 64 ? set.len : s.len / 64 * set.len))
        return false;
    *result = gust_value_str(gu_text_strip_set(s, set, ends));
    return true;
}

static bool text_strip(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return strip(r, args, GU_LEFT | GU_RIGHT, result);
}

static bool text_lstrip(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return strip(r, args, GU_LEFT, result);
}

static bool text_rstrip(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return strip(r, args, GU_RIGHT, result);
}

static bool begins(gust_str s, gust_str with)
{
    return s.len >= with.len && (with.len == 0 || memcmp(s.ptr, with.ptr, with.len) == 0);
}

static bool ends(gust_str s, gust_str with)
{
    return s.len >= with.len &&
           (with.len == 0 || memcmp(s.ptr + s.len - with.len, with.ptr, with.len) == 0);
}

/* One text, or any of a tuple. */
static bool is_at_end(struct gu_render *r, const struct gu_args *args,
                      bool (*is_there)(gust_str s, gust_str with), gust_value *result)
{
    const gust_value *with = gu_arg(args, 0, NULL);
    gust_str text;
    bool holds = false;

    if (gu_kind(with) != GU_SEQ || gu_seq_of(with)->kind != GU_TUPLE) {
        if (!gu_arg_text(r, args, 0, &text))
            return false;
        *result = gust_value_bool(is_there(self_of(args), text));
        return true;
    }
    for (size_t i = 0; i < gu_seq_of(with)->n && !holds; i++) {
        const gust_value *item = &gu_seq_of(with)->items[i];

        if (item->type != GUST_STRING)
            return gu_throw(r, GU_TYPE_ERROR, "tuple must only contain str, not %s",
                            gu_type_name(item));
        holds = is_there(self_of(args), item->as.string);
    }
    *result = gust_value_bool(holds);
    return true;
}

static bool text_startswith(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return is_at_end(r, args, begins, result);
}

static bool text_endswith(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return is_at_end(r, args, ends, result);
}

static bool text_removeprefix(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args), end;

    if (!gu_arg_text(r, args, 0, &end))
        return false;
    *result = gust_value_str(begins(s, end) ? gu_str(s.ptr + end.len, s.len - end.len) : s);
    return true;
}

static bool text_removesuffix(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args), end;

    if (!gu_arg_text(r, args, 0, &end))
        return false;
    *result = gust_value_str(ends(s, end) ? gu_str(s.ptr, s.len - end.len) : s);
    return true;
}

/* --- searching --- */

static bool find(struct gu_render *r, const struct gu_args *args, bool is_last, bool must,
                 gust_value *result)
{
    gust_str s = self_of(args), what;
    size_t at;

    if (!gu_arg_text(r, args, 0, &what) || !gu_steps_for(r, s.len))
        return false;
    if (!is_last)
        at = gu_str_find(s, what, 0);
    else if (!gu_find_last(r, s, what, &at))
        return false;
    if (at == GU_NPOS && must)
        return gu_throw(r, GU_VALUE_ERROR, "substring not found");
    *result = gust_value_int(at == GU_NPOS ? -1 : (int64_t)gu_text_len(gu_str(s.ptr, at)));
    return true;
}

static bool text_find(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return find(r, args, false, false, result);
}

static bool text_rfind(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return find(r, args, true, false, result);
}

static bool text_index(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return find(r, args, false, true, result);
}

static bool text_rindex(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return find(r, args, true, true, result);
}

static bool text_count(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args), what;
    int64_t n = 0;

    if (!gu_arg_text(r, args, 0, &what) || !gu_steps_for(r, s.len))
        return false;
    if (what.len == 0) {
        *result = gust_value_int((int64_t)gu_text_len(s) + 1);
        return true;
    }
    for (size_t at = 0; (at = gu_str_find(s, what, at)) != GU_NPOS; at += what.len)
        n++;
    *result = gust_value_int(n);
    return gu_steps_for(r, 16 * (size_t)n);
}

/* An empty text is found between all characters. */
static void replace_between(struct gu_buf *b, gust_str s, gust_str with, int64_t most)
{
    uint32_t c;

    for (size_t at = 0; gu_buf_error(b) == 0;) {
        size_t n = 0;

        if (most-- > 0)
            gu_buf_put_str(b, with);
        if (at == s.len)
            return;
        n = gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        gu_buf_put(b, s.ptr + at, n);
        at += n;
    }
}

static bool text_replace(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args), what, with;
    int64_t most = INT64_MAX;
    size_t from = 0, at;
    struct gu_buf b;

    if (!gu_arg_text(r, args, 0, &what) || !gu_arg_text(r, args, 1, &with) ||
        !gu_arg_int(r, args, 2, NULL, &most) || !gu_steps_for(r, s.len))
        return false;
    most = most < 0 ? INT64_MAX : most;
    gu_text_begin(r, &b);
    if (what.len == 0) {
        replace_between(&b, s, with, most);
        return gu_text_end(r, &b, result);
    }
    for (; most > 0 && (at = gu_str_find(s, what, from)) != GU_NPOS; most--) {
        if (!gu_steps_for(r, 64))
            return false;
        gu_buf_put(&b, s.ptr + from, at - from);
        gu_buf_put_str(&b, with);
        from = at + what.len;
    }
    gu_buf_put(&b, s.ptr + from, s.len - from);
    return gu_text_end(r, &b, result);
}

/* --- padding --- */

static void put_fill(struct gu_buf *b, gust_str fill, int64_t n)
{
    for (; n > 0 && gu_buf_error(b) == 0; n--)
        gu_buf_put_str(b, fill);
}

enum side { AT_LEFT, AT_RIGHT, CENTERED };

/* Of the fill that is missing, all, none or half stands in front. */
static bool pad(struct gu_render *r, const struct gu_args *args, enum side side, gust_value *result)
{
    gust_str s = self_of(args), fill = GU_STR(" ");
    int64_t width = 0, missing, left;
    struct gu_buf b;

    if (!gu_arg_int(r, args, 0, NULL, &width) || (args->n > 1 && !gu_arg_text(r, args, 1, &fill)))
        return false;
    if (gu_text_len(fill) != 1)
        return gu_throw(r, GU_TYPE_ERROR, "The fill character must be exactly one character long");
    missing = width - (int64_t)gu_text_len(s);
    missing = missing < 0 ? 0 : missing;
    left = missing / 2 + (missing & width & 1);
    if (side != CENTERED)
        left = side == AT_LEFT ? 0 : missing;
    gu_text_begin(r, &b);
    put_fill(&b, fill, left);
    gu_buf_put_str(&b, s);
    put_fill(&b, fill, missing - left);
    return gu_text_end(r, &b, result);
}

static bool text_ljust(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return pad(r, args, AT_LEFT, result);
}

static bool text_rjust(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return pad(r, args, AT_RIGHT, result);
}

static bool text_center(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return pad(r, args, CENTERED, result);
}

static bool text_zfill(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args);
    bool has_sign = s.len > 0 && (s.ptr[0] == '+' || s.ptr[0] == '-');
    int64_t width = 0;
    struct gu_buf b;

    if (!gu_arg_int(r, args, 0, NULL, &width))
        return false;
    gu_text_begin(r, &b);
    gu_buf_put(&b, s.ptr, has_sign);
    put_fill(&b, GU_STR("0"), width - (int64_t)gu_text_len(s));
    gu_buf_put(&b, s.ptr + has_sign, s.len - has_sign);
    return gu_text_end(r, &b, result);
}

/* --- asking --- */

static bool text_isdigit(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args);
    bool holds = s.len > 0;

    for (size_t i = 0; i < s.len && holds; i++)
        holds = s.ptr[i] >= '0' && s.ptr[i] <= '9';
    *result = gust_value_bool(holds);
    return gu_steps_for(r, s.len);
}

static bool text_isspace(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = self_of(args);

    *result = gust_value_bool(s.len > 0 && gu_text_strip(s, GU_LEFT).len == 0);
    return gu_steps_for(r, s.len);
}

const struct gu_builtin gu_text_methods[] = {
    {"capitalize", text_capitalize, 0, 0, NULL},
    {"center", text_center, 1, 2, NULL},
    {"count", text_count, 1, 1, NULL},
    {"endswith", text_endswith, 1, 1, NULL},
    {"find", text_find, 1, 1, NULL},
    {"format", gu_format_braces, 0, -1, "*"},
    {"index", text_index, 1, 1, NULL},
    {"isdigit", text_isdigit, 0, 0, NULL},
    {"isspace", text_isspace, 0, 0, NULL},
    {"join", gu_text_join, 1, 1, NULL},
    {"ljust", text_ljust, 1, 2, NULL},
    {"lower", text_lower, 0, 0, NULL},
    {"lstrip", text_lstrip, 0, 1, NULL},
    {"partition", gu_text_partition, 1, 1, NULL},
    {"removeprefix", text_removeprefix, 1, 1, NULL},
    {"removesuffix", text_removesuffix, 1, 1, NULL},
    {"replace", text_replace, 2, 3, NULL},
    {"rfind", text_rfind, 1, 1, NULL},
    {"rindex", text_rindex, 1, 1, NULL},
    {"rjust", text_rjust, 1, 2, NULL},
    {"rpartition", gu_text_rpartition, 1, 1, NULL},
    {"rsplit", gu_text_rsplit, 0, 2, "|sep|maxsplit|"},
    {"rstrip", text_rstrip, 0, 1, NULL},
    {"split", gu_text_split, 0, 2, "|sep|maxsplit|"},
    {"splitlines", gu_text_splitlines, 0, 1, "|keepends|"},
    {"startswith", text_startswith, 1, 1, NULL},
    {"strip", text_strip, 0, 1, NULL},
    {"swapcase", text_swapcase, 0, 0, NULL},
    {"title", text_title, 0, 0, NULL},
    {"upper", text_upper, 0, 0, NULL},
    {"zfill", text_zfill, 1, 1, NULL},
    {NULL, NULL, 0, 0, NULL},
};
