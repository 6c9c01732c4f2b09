/*
 * print — values as Python's str() and repr() write them
 */
#include "base/loopstack.h"
#include "template/render.h"
#include "template/text.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- numbers --- */

void gu_put_int(struct gu_buf *b, int64_t i)
{
    if (i < 0)
        gu_buf_putc(b, '-');
    gu_buf_u64(b, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

/* The fewest digits that read back as the same number. */
struct shortest {
    double d;
    char digits[20];
    int n, point; /* digits; how many of them stand before the point */
};

static int find_shortest(void *arg)
{
    struct shortest *s = arg;
    char text[40];

    /* 15 always survive the way there and back, but for numbers of less than full precision */
    for (int n = s->d < 2.3e-308 ? 1 : 15; n <= 17; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, s->d);
        if (strtod(text, NULL) == s->d)
            break;
    }
    s->n = 0;
    for (const char *at = text; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            s->digits[s->n++] = *at;
    while (s->n > 1 && s->digits[s->n - 1] == '0')
        s->n--;
    s->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
    return 0;
}

static void put_zeros(struct gu_buf *b, int n)
{
    for (; n > 0; n--)
        gu_buf_putc(b, '0');
}

static void put_exponent(struct gu_buf *b, const struct shortest *s)
{
    int e = s->point - 1;

    gu_buf_putc(b, s->digits[0]);
    if (s->n > 1)
        gu_buf_putc(b, '.');
    gu_buf_put(b, s->digits + 1, (size_t)s->n - 1);
    gu_buf_puts(b, e < 0 ? "e-" : "e+");
    put_zeros(b, abs(e) < 10);
    gu_buf_u64(b, (uint64_t)abs(e));
}

static void put_decimal(struct gu_buf *b, const struct shortest *s)
{
    int before = s->point < 0 ? 0 : s->point < s->n ? s->point : s->n;

    if (s->point <= 0)
        gu_buf_putc(b, '0');
    gu_buf_put(b, s->digits, (size_t)before);
    put_zeros(b, s->point - s->n);
    gu_buf_putc(b, '.');
    put_zeros(b, -s->point);
    gu_buf_put(b, s->digits + before, (size_t)(s->n - before));
    if (s->n <= s->point)
        gu_buf_putc(b, '0');
}

void gu_put_real(struct gu_buf *b, double d)
{
    struct shortest s = {.d = fabs(d)};

    if (isnan(d)) {
        gu_buf_puts(b, "nan");
        return;
    }
    if (signbit(d))
        gu_buf_putc(b, '-');
    if (isinf(d)) {
        gu_buf_puts(b, "inf");
        return;
    }
    (void)gu_on_loop_stack(find_shortest, &s);
    if (s.point > 16 || s.point < -3)
        put_exponent(b, &s);
    else
        put_decimal(b, &s);
}

/* --- strings --- */

/* Characters that repr() shows as they are: all but controls, the separators, what is private and
 * what no text has. */
static bool is_printable(uint32_t c)
{
    if (c < 0x7f)
        return c >= 0x20;
    if (c < 0xa1 || c == 0xad || c >= GU_TEXT_BYTE)
        return false;
    if (gu_text_is_space(c) || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
        (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb))
        return false;
    return !((c >= 0xd800 && c <= 0xf8ff) || (c & 0xfffe) == 0xfffe || c >= 0xe0000);
}

static void put_hex(struct gu_buf *b, char letter, uint32_t c, int digits)
{
    gu_buf_putc(b, '\\');
    gu_buf_putc(b, letter);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        gu_buf_putc(b, gu_hex_digits[c >> shift & 15]);
}

static void put_escaped(struct gu_buf *b, uint32_t c, char quote)
{
    if (c == (unsigned char)quote || c == '\\') {
        gu_buf_putc(b, '\\');
        gu_buf_putc(b, (char)c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        gu_buf_puts(b, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (is_printable(c)) {
        gu_text_encode(b, c);
    } else if (c < 0x100 || c >= GU_TEXT_BYTE) {
        put_hex(b, 'x', c & 0xff, 2);
    } else if (c < 0x10000) {
        put_hex(b, 'u', c, 4);
    } else {
        put_hex(b, 'U', c, 8);
    }
}

static void put_quoted(struct gu_buf *b, gust_str s)
{
    char quote = '\'';
    uint32_t c;

    if (s.len > 0 && memchr(s.ptr, '\'', s.len) != NULL && memchr(s.ptr, '"', s.len) == NULL)
        quote = '"';
    gu_buf_putc(b, quote);
    for (size_t at = 0; at < s.len && gu_buf_error(b) == 0;) {
        at += gu_text_decode(s.ptr + at, s.ptr + s.len, &c);
        put_escaped(b, c, quote);
    }
    gu_buf_putc(b, quote);
}

/* --- containers --- */

static void put_repr(struct gu_buf *b, const gust_value *v, int depth);

static void put_items(struct gu_buf *b, const gust_value *v, int depth)
{
    bool is_tuple = gu_kind(v) == GU_SEQ && gu_seq_of(v)->kind == GU_TUPLE;
    size_t n = 0;

    gu_len(v, &n);
    gu_buf_putc(b, is_tuple ? '(' : '[');
    for (size_t i = 0; i < n && gu_buf_error(b) == 0; i++) {
        gust_value item = gu_seq_get(v, i);

        if (i > 0)
            gu_buf_puts(b, ", ");
        put_repr(b, &item, depth);
    }
    gu_buf_puts(b, is_tuple ? (n == 1 ? ",)" : ")") : "]");
}

static void put_pair(struct gu_buf *b, const gust_value *key, gust_value value, int depth)
{
    put_repr(b, key, depth);
    gu_buf_puts(b, ": ");
    value = gu_value_known(value);
    put_repr(b, &value, depth);
}

static void put_dict(struct gu_buf *b, const struct gu_dict *d, int depth)
{
    const char *separator = "";

    for (size_t i = 0; i < d->n_pairs && gu_buf_error(b) == 0; i++) {
        if (d->pairs[i].is_gone)
            continue;
        gu_buf_puts(b, separator);
        put_pair(b, &d->pairs[i].key, d->pairs[i].value, depth);
        separator = ", ";
    }
}

static void put_json_object(struct gu_buf *b, json_t *object, int depth)
{
    const char *separator = "";

    for (void *at = json_object_iter(object); at != NULL && gu_buf_error(b) == 0;
         at = json_object_iter_next(object, at)) {
        gust_value key = gust_value_text(json_object_iter_key(at));

        gu_buf_puts(b, separator);
        put_pair(b, &key, gust_value_json(json_object_iter_value(at)), depth);
        separator = ", ";
    }
}

static void put_map(struct gu_buf *b, const gust_value *v, int depth)
{
    gu_buf_putc(b, '{');
    if (gu_kind(v) == GU_DICT)
        put_dict(b, v->as.own, depth);
    else if (v->type == GUST_JSONT)
        put_json_object(b, v->as.json, depth);
    else
        for (const gust_kv *kv = v->as.map; kv != NULL && kv->key != NULL; kv++) {
            gust_value key = gust_value_text(kv->key);

            gu_buf_puts(b, kv == v->as.map ? "" : ", ");
            put_pair(b, &key, kv->value, depth);
        }
    gu_buf_putc(b, '}');
}

static void put_range(struct gu_buf *b, const struct gu_range *range)
{
    gu_buf_puts(b, "range(");
    gu_put_int(b, range->start);
    gu_buf_puts(b, ", ");
    gu_put_int(b, range->stop);
    if (range->step != 1) {
        gu_buf_puts(b, ", ");
        gu_put_int(b, range->step);
    }
    gu_buf_putc(b, ')');
}

/* dict_keys([…]) and its like; iterators have no text of their own. */
static void put_seq(struct gu_buf *b, const gust_value *v, int depth)
{
    enum gu_seq_kind kind = gu_seq_of(v)->kind;
    gust_value list = *v;
    struct gu_seq plain = *gu_seq_of(v);

    if (kind <= GU_TUPLE) {
        put_items(b, v, depth);
        return;
    }
    if (kind == GU_ITERATOR) {
        gu_buf_puts(b, "<iterator>");
        return;
    }
    plain.kind = GU_LIST;
    list.as.own = &plain;
    gu_buf_puts(b, gu_type_name(v));
    gu_buf_putc(b, '(');
    put_items(b, &list, depth);
    gu_buf_putc(b, ')');
}

static void put_named(struct gu_buf *b, const gust_value *v)
{
    const char *name = "";

    if (gu_kind(v) == GU_BUILTIN)
        name = ((const struct gu_builtin *)v->as.own)->name;
    else if (gu_kind(v) == GU_BOUND)
        name = ((const struct gu_bound *)v->as.own)->method->name;
    else if (v->type == GUST_FUNCTION && v->as.function->name != NULL)
        name = v->as.function->name;
    else if (v->type == GUST_OBJECT && v->as.object->name != NULL)
        name = v->as.object->name;
    gu_buf_putc(b, '<');
    gu_buf_puts(b, v->type == GUST_OBJECT ? "object " : "function ");
    gu_buf_puts(b, name);
    gu_buf_putc(b, '>');
}

static void put_repr(struct gu_buf *b, const gust_value *v, int depth)
{
    if (depth++ > GU_VALUE_DEPTH) {
        gu_buf_puts(b, "...");
        return;
    }
    switch (gu_kind(v)) {
    case GUST_NULL:
        gu_buf_puts(b, "None");
        break;
    case GUST_BOOL:
        gu_buf_puts(b, v->as.boolean ? "True" : "False");
        break;
    case GUST_INT:
        gu_put_int(b, v->as.integer);
        break;
    case GUST_DOUBLE:
        gu_put_real(b, v->as.real);
        break;
    case GUST_STRING:
        put_quoted(b, v->as.string);
        break;
    case GUST_LIST:
        put_items(b, v, depth);
        break;
    case GU_SEQ:
        put_seq(b, v, depth);
        break;
    case GUST_JSONT:
        if (json_is_array(v->as.json))
            put_items(b, v, depth);
        else
            put_map(b, v, depth);
        break;
    case GUST_MAP:
    case GU_DICT:
        put_map(b, v, depth);
        break;
    case GU_RANGE:
        put_range(b, v->as.own);
        break;
    default:
        put_named(b, v);
        break;
    }
}

void gu_put_repr(struct gu_buf *b, const gust_value *v)
{
    put_repr(b, v, 0);
}

void gu_put_str(struct gu_buf *b, const gust_value *v)
{
    if (v->type == GUST_STRING)
        gu_buf_put_str(b, v->as.string);
    else
        put_repr(b, v, 0);
}
