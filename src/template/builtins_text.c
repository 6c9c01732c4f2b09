/*
 * builtins_text — the functions for text, Python's and Tornado's
 *
 * Two differ from Tornado's, as they do outside of templates: json_encode() writes compact UTF-8,
 * and what is not a text is never taken for one.
 */
#include "base/json.h"
#include "codec/escape.h"
#include "codec/percent.h"
#include "template/eval.h"
#include "template/linkify.h"
#include "template/methods.h"
#include "template/text.h"

/* --- Python's --- */

static bool print(struct gu_render *r, const gust_value *v,
                  void (*put)(struct gu_buf *b, const gust_value *v), gust_value *result)
{
    struct gu_buf b;

    gu_text_begin(r, &b);
    put(&b, v);
    return gu_text_end(r, &b, result);
}

static bool b_str(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    if (args->n == 0 || args->items[0].type == GUST_STRING) {
        *result = args->n == 0 ? gust_value_str(GU_STR("")) : args->items[0];
        return true;
    }
    return print(r, &args->items[0], gu_put_str, result);
}

static bool b_repr(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    return print(r, &args->items[0], gu_put_repr, result);
}

static bool b_chr(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_buf b;
    int64_t c = 0;

    if (!gu_arg_int(r, args, 0, NULL, &c))
        return false;
    if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return gu_throw(r, GU_VALUE_ERROR, "chr() arg not in range(0x110000)");
    gu_text_begin(r, &b);
    gu_text_encode(&b, (uint32_t)c);
    return gu_text_end(r, &b, result);
}

static bool b_ord(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s;
    uint32_t c = 0;

    if (!gu_arg_text(r, args, 0, &s))
        return false;
    if (s.len == 0 || gu_text_decode(s.ptr, s.ptr + s.len, &c) != s.len)
        return gu_throw(r, GU_TYPE_ERROR, "ord() expected a character");
    *result = gust_value_int(c);
    return true;
}

/* --- Tornado's --- */

static bool b_xhtml_escape(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_buf b;
    gust_str s;

    if (args->items[0].type == GUST_NULL)
        return gu_throw(r, GU_ATTRIBUTE_ERROR, "'NoneType' object has no attribute 'replace'");
    if (!gu_arg_text(r, args, 0, &s))
        return false;
    gu_text_begin(r, &b);
    gu_xhtml_put(&b, s);
    return gu_text_end(r, &b, result);
}

static bool b_url_escape(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    const gust_value *plus = gu_arg(args, 1, "plus");
    struct gu_buf b;
    gust_str s;

    if (!gu_arg_text(r, args, 0, &s))
        return false;
    gu_text_begin(r, &b);
    gu_percent_put(&b, s, plus == NULL || gu_truth(plus) ? GU_PERCENT_FORM : GU_PERCENT_PATH);
    return gu_text_end(r, &b, result);
}

/* Ranges, views and iterators are lists for functions, and nothing for JSON. */
static bool is_json(const gust_value *v)
{
    return gu_kind(v) != GU_RANGE && gu_kind(v) != GU_GENERATOR &&
           (gu_kind(v) != GU_SEQ || gu_seq_of(v)->kind <= GU_TUPLE);
}

static bool b_json_encode(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_value plain;
    struct gu_buf b;

    if (!gu_export(r, &args->items[0], &plain, 0))
        return false;
    if (!is_json(&args->items[0]))
        return gu_throw(r, GU_TYPE_ERROR, "Object of type %s is not JSON serializable",
                        gu_type_name(&args->items[0]));
    gu_text_begin(r, &b);
    gu_json_put_value(&b, &plain);
    if (gu_buf_error(&b) == -EDOM || gu_buf_error(&b) == -GUST_ESYNTAX)
        return gu_throw(r, GU_TYPE_ERROR, "a value is not JSON serializable");
    return gu_text_end(r, &b, result);
}

/* Runs of what is up to a blank become one, and none is left at the ends. */
static bool b_squeeze(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    struct gu_buf b;
    gust_str s;

    if (!gu_arg_text(r, args, 0, &s))
        return false;
    gu_text_begin(r, &b);
    for (size_t i = 0; i < s.len; i++) {
        bool is_low = (unsigned char)s.ptr[i] <= ' ';

        if (!is_low)
            gu_buf_putc(&b, s.ptr[i]);
        else if (i == 0 || (unsigned char)s.ptr[i - 1] > ' ')
            gu_buf_putc(&b, ' ');
    }
    if (!gu_text_end(r, &b, result))
        return false;
    *result = gust_value_str(gu_text_strip(result->as.string, GU_LEFT | GU_RIGHT));
    return true;
}

/* The texts of a list, which must be there. */
static bool text_list(struct gu_render *r, const gust_value *list, gust_str **texts, size_t *n)
{
    struct gu_seq *all = gu_iter_all(r, list, GU_LIST);

    *texts = all == NULL ? NULL : gu_render_alloc(r, all->n + 1, sizeof **texts);
    if (*texts == NULL)
        return false;
    *n = all->n;
    for (size_t i = 0; i < all->n; i++)
        (*texts)[i] = gust_value_text_of(all->items[i]);
    return true;
}

static bool b_linkify(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    static const gust_str usual[] = {GU_STR_INIT("http"), GU_STR_INIT("https")};
    const gust_value *shorten = gu_arg(args, 1, "shorten"),
                     *extra = gu_arg(args, 2, "extra_params"),
                     *need = gu_arg(args, 3, "require_protocol"),
                     *permitted = gu_arg(args, 4, "permitted_protocols");
    struct gu_linkify how = {.protocols = usual, .n_protocols = gu_countof(usual)};
    struct gu_buf b, escaped;
    gust_value text;
    gust_str s;

    if (!gu_arg_text(r, args, 0, &s))
        return false;
    how.shorten = shorten != NULL && gu_truth(shorten);
    how.require_protocol = need != NULL && gu_truth(need);
    if (extra != NULL && extra->type != GUST_STRING)
        return gu_throw(r, GU_TYPE_ERROR, "extra_params is a text here");
    if (extra != NULL)
        how.extra_params = gu_text_strip(extra->as.string, GU_LEFT | GU_RIGHT);
    if (permitted != NULL) {
        gust_str *protocols;

        if (!text_list(r, permitted, &protocols, &how.n_protocols))
            return false;
        how.protocols = protocols;
    }
    gu_text_begin(r, &escaped);
    gu_xhtml_put(&escaped, s);
    if (!gu_text_end(r, &escaped, &text))
        return false;
    gu_text_begin(r, &b);
    gu_linkify_put(&b, text.as.string, &how);
    return gu_text_end(r, &b, result);
}

const struct gu_builtin gu_xhtml_escape_builtin = {"xhtml_escape", b_xhtml_escape, 1, 1, NULL};

const struct gu_builtin gu_text_builtins[] = {
    {"chr", b_chr, 1, 1, NULL},
    {"json_encode", b_json_encode, 1, 1, NULL},
    {"linkify", b_linkify, 1, 5, "|shorten|extra_params|require_protocol|permitted_protocols|"},
    {"ord", b_ord, 1, 1, NULL},
    {"repr", b_repr, 1, 1, NULL},
    {"squeeze", b_squeeze, 1, 1, NULL},
    {"str", b_str, 0, 1, NULL},
    {"url_escape", b_url_escape, 1, 2, "|plus|"},
    {NULL, NULL, 0, 0, NULL},
};
