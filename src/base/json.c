/*
 * json — values to text
 *
 * One recursion over gust_value and one over json_t share the scalars. Depth is counted, so that a
 * cycle ends too.
 */
#include "base/json.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/word.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- strings --- */

/* What a byte becomes: 0 itself; 'u' \u00XX; '/' depends on the byte before; else a letter behind a
 * backslash. */
static const char escapes[256] = {
    ['\0'] = 'u', [1] = 'u',    [2] = 'u',    [3] = 'u',    [4] = 'u',     [5] = 'u',
    [6] = 'u',    [7] = 'u',    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',  [11] = 'u',
    ['\f'] = 'f', ['\r'] = 'r', [14] = 'u',   [15] = 'u',   [16] = 'u',    [17] = 'u',
    [18] = 'u',   [19] = 'u',   [20] = 'u',   [21] = 'u',   [22] = 'u',    [23] = 'u',
    [24] = 'u',   [25] = 'u',   [26] = 'u',   [27] = 'u',   [28] = 'u',    [29] = 'u',
    [30] = 'u',   [31] = 'u',   ['"'] = '"',  ['/'] = '/',  ['\\'] = '\\',
};

static void put_escape(struct gu_buf *b, unsigned char c, char escape)
{
    char text[6] = {'\\', escape, '0', '0', gu_hex_digits[c >> 4], gu_hex_digits[c & 15]};

    gu_buf_put(b, text, escape == 'u' ? 6 : 2);
}

/* Skips words in which nothing is to be escaped. A slash is looked at where it follows a "<", so
 * it is this one that ends them. */
static size_t skip_plain(gust_str s, size_t i)
{
    for (; i + 8 <= s.len && (i == 0 || s.ptr[i - 1] != '<'); i += 8) {
        uint64_t word = gu_word_at(s.ptr + i);

        if ((gu_word_below(word, 0x20) | gu_word_has(word, '"') | gu_word_has(word, '\\') |
             gu_word_has(word, '<')) != 0)
            break;
    }
    return i;
}

void gu_json_put_utf8(struct gu_buf *b, gust_str s)
{
    size_t from = 0;

    gu_buf_putc(b, '"');
    for (size_t i = skip_plain(s, 0); i < s.len; i = skip_plain(s, i + 1)) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (gu_likely(escapes[c] == 0) || (c == '/' && (i == 0 || s.ptr[i - 1] != '<')))
            continue;
        gu_buf_put(b, s.ptr + from, i - from);
        put_escape(b, c, escapes[c]);
        from = i + 1;
    }
    gu_buf_put(b, s.ptr + from, s.len - from);
    gu_buf_putc(b, '"');
}

void gu_json_put_string(struct gu_buf *b, gust_str s)
{
    if (gu_utf8_is_valid(s))
        gu_json_put_utf8(b, s);
    else
        gu_buf_fail(b, -GUST_ESYNTAX);
}

/* --- numbers --- */

static void put_int(struct gu_buf *b, int64_t i)
{
    if (i < 0)
        gu_buf_putc(b, '-');
    gu_buf_u64(b, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

/* The fewest digits that read back as the same number; 17 always do. */
static void print_shortest(char *to, size_t size, double d)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(to, size, "%.*g", digits, d);
        if (strtod(to, NULL) == d)
            return;
    }
}

void gu_json_put_printed(struct gu_buf *b, const char *text)
{
    bool is_real = false;

    for (; *text != '\0'; text++) {
        if ((*text >= '0' && *text <= '9') || *text == '-' || *text == '+' || *text == 'e') {
            is_real = is_real || *text == 'e';
            gu_buf_putc(b, *text);
        } else if (!is_real) {
            is_real = true; /* the locale's point, of one byte or more */
            gu_buf_putc(b, '.');
        }
    }
    if (!is_real)
        gu_buf_puts(b, ".0"); /* a double stays one when it is read back */
}

static void put_double(struct gu_buf *b, double d)
{
    char text[40];

    if (!isfinite(d)) {
        gu_buf_fail(b, -EDOM);
        return;
    }
    print_shortest(text, sizeof text, d);
    gu_json_put_printed(b, text);
}

/* --- jansson's values --- */

static bool is_too_deep(struct gu_buf *b, unsigned depth)
{
    if (depth <= GU_JSON_MAX_DEPTH)
        return false;
    gu_buf_fail(b, -GUST_ETOOBIG);
    return true;
}

static void put_json(struct gu_buf *b, const json_t *json, unsigned depth);

static void put_json_array(struct gu_buf *b, const json_t *array, unsigned depth)
{
    size_t n = json_array_size(array);

    if (is_too_deep(b, depth))
        return;
    gu_buf_putc(b, '[');
    for (size_t i = 0; i < n && gu_buf_error(b) == 0; i++) {
        if (i > 0)
            gu_buf_putc(b, ',');
        put_json(b, json_array_get(array, i), depth);
    }
    gu_buf_putc(b, ']');
}

static void put_json_object(struct gu_buf *b, const json_t *object, unsigned depth)
{
    json_t *walked = (json_t *)(uintptr_t)object; /* jansson's iterators do not say const */
    char separator = '{';

    if (is_too_deep(b, depth))
        return;
    if (json_object_size(object) == 0)
        gu_buf_putc(b, '{');
    for (void *at = json_object_iter(walked); at != NULL && gu_buf_error(b) == 0;
         at = json_object_iter_next(walked, at)) {
        gu_buf_putc(b, separator);
        gu_json_put_string(b, gust_str_from(json_object_iter_key(at)));
        gu_buf_putc(b, ':');
        put_json(b, json_object_iter_value(at), depth);
        separator = ',';
    }
    gu_buf_putc(b, '}');
}

static void put_json(struct gu_buf *b, const json_t *json, unsigned depth)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        put_json_object(b, json, depth + 1);
        break;
    case JSON_ARRAY:
        put_json_array(b, json, depth + 1);
        break;
    case JSON_STRING:
        gu_json_put_string(b, gu_str(json_string_value(json), json_string_length(json)));
        break;
    case JSON_INTEGER:
        put_int(b, json_integer_value(json));
        break;
    case JSON_REAL:
        put_double(b, json_real_value(json));
        break;
    case JSON_TRUE:
        gu_buf_puts(b, "true");
        break;
    case JSON_FALSE:
        gu_buf_puts(b, "false");
        break;
    case JSON_NULL:
        gu_buf_puts(b, "null");
        break;
    }
}

/* --- our values --- */

static void put_value(struct gu_buf *b, const gust_value *v, unsigned depth);

static void put_list(struct gu_buf *b, const gust_value *items, size_t n, unsigned depth)
{
    if (is_too_deep(b, depth))
        return;
    gu_buf_putc(b, '[');
    for (size_t i = 0; i < n && gu_buf_error(b) == 0; i++) {
        if (i > 0)
            gu_buf_putc(b, ',');
        put_value(b, &items[i], depth);
    }
    gu_buf_putc(b, ']');
}

static void put_map(struct gu_buf *b, const gust_kv *pairs, unsigned depth)
{
    if (is_too_deep(b, depth))
        return;
    gu_buf_putc(b, '{');
    for (const gust_kv *kv = pairs; kv != NULL && kv->key != NULL && gu_buf_error(b) == 0; kv++) {
        if (kv != pairs)
            gu_buf_putc(b, ',');
        gu_json_put_string(b, gust_str_from(kv->key));
        gu_buf_putc(b, ':');
        put_value(b, &kv->value, depth);
    }
    gu_buf_putc(b, '}');
}

static void put_value(struct gu_buf *b, const gust_value *v, unsigned depth)
{
    switch (v->type) {
    case GUST_NULL:
        gu_buf_puts(b, "null");
        break;
    case GUST_BOOL:
        gu_buf_puts(b, v->as.boolean ? "true" : "false");
        break;
    case GUST_INT:
        put_int(b, v->as.integer);
        break;
    case GUST_DOUBLE:
        put_double(b, v->as.real);
        break;
    case GUST_STRING:
        gu_json_put_string(b, v->as.string);
        break;
    case GUST_LIST:
        put_list(b, v->as.list, v->n, depth + 1);
        break;
    case GUST_MAP:
        put_map(b, v->as.map, depth + 1);
        break;
    case GUST_JSONT:
        put_json(b, v->as.json, depth);
        break;
    case GUST_FUNCTION:
    case GUST_OBJECT:
        gu_buf_fail(b, -EDOM);
        break;
    }
}

/* --- on the loop's stack --- */

struct encoding {
    struct gu_buf *b;
    const gust_value *value; /* else json */
    const json_t *json;
};

static int encode_leaf(void *arg)
{
    struct encoding *e = arg;

    if (e->value != NULL)
        put_value(e->b, e->value, 0);
    else
        put_json(e->b, e->json, 0);
    return 0;
}

void gu_json_put_value(struct gu_buf *b, const gust_value *value)
{
    (void)gu_on_loop_stack(encode_leaf, &(struct encoding){b, value, NULL});
}

void gu_json_put_vars(struct gu_buf *b, const gust_kv *pairs)
{
    gust_value map = gust_value_map(pairs);

    gu_json_put_value(b, &map);
}

void gu_json_put_json(struct gu_buf *b, const json_t *json)
{
    (void)gu_on_loop_stack(encode_leaf, &(struct encoding){b, NULL, json});
}
