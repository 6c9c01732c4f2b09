/*
 * brace — text.format(values)
 *
 * "{}", "{0}", "{name}", with attributes and items behind them, "!r" and "!s", and a format
 * specification without braces in it.
 */
#include "template/eval.h"
#include "template/format.h"
#include "template/methods.h"
#include "template/text.h"

struct brace {
    const struct gu_args *args;
    size_t n_auto; /* values that were taken by "{}" */
};

static bool bad(struct gu_render *r, const char *what)
{
    return gu_throw(r, GU_VALUE_ERROR, "%s", what);
}

/* --- which value --- */

static bool is_number(gust_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

static bool first_value(struct gu_render *r, struct brace *f, gust_str name, gust_value *value)
{
    size_t i = f->n_auto, at = 0;
    const gust_value *found;
    char text[64];

    if (name.len > 0 && !is_number(name)) {
        gust_value key = gust_value_str(name);

        if (name.len >= sizeof text)
            return gu_throw_key(r, &key);
        memcpy(text, name.ptr, name.len);
        text[name.len] = '\0';
        found = gu_arg(f->args, SIZE_MAX, text);
        if (found == NULL)
            return gu_throw_key(r, &key);
        *value = *found;
        return true;
    }
    if (name.len > 0)
        i = (size_t)gu_spec_number(name, &at);
    else
        f->n_auto++;
    if (i >= f->args->n)
        return gu_throw(r, GU_INDEX_ERROR,
                        "Replacement index %zu out of range for positional args tuple", i);
    *value = f->args->items[i];
    return true;
}

/* ".name" and "[key]" behind it, to the end. */
static bool walk(struct gu_render *r, gust_str path, gust_value *value)
{
    while (path.len > 0) {
        bool is_item = path.ptr[0] == '[';
        size_t end = 1, at = 0;
        gust_value of = *value, key;

        while (end < path.len &&
               (is_item ? path.ptr[end] != ']' : path.ptr[end] != '.' && path.ptr[end] != '['))
            end++;
        if (end == 1 || (is_item && end == path.len))
            return bad(r, "a field in a format is not well formed");
        key = gust_value_str(gu_str(path.ptr + 1, end - 1));
        if (is_item && is_number(key.as.string))
            key = gust_value_int(gu_spec_number(key.as.string, &at));
        if (is_item ? !gu_index(r, &of, &key, value) : !gu_attribute(r, &of, key.as.string, value))
            return false;
        end += is_item;
        path = gu_str(path.ptr + end, path.len - end);
    }
    return true;
}

/* --- how it looks --- */

static bool take(gust_str s, size_t *at, const char *set, char *taken)
{
    if (*at >= s.len || s.ptr[*at] == '\0' || strchr(set, s.ptr[*at]) == NULL)
        return false;
    *taken = s.ptr[(*at)++];
    return true;
}

/* [[fill]align][sign][#][0][width][group][.precision][type] */
static bool parse_spec(struct gu_render *r, gust_str s, struct gu_spec *spec)
{
    size_t at = 0, n;
    uint32_t c;
    char ignored;

    *spec = (struct gu_spec){.fill = GU_STR(" "), .precision = -1};
    n = s.len > 0 ? gu_text_decode(s.ptr, s.ptr + s.len, &c) : 0;
    if (n > 0 && n < s.len && strchr("<>=^", s.ptr[n]) != NULL) {
        spec->fill = gu_str(s.ptr, n);
        at = n;
    }
    take(s, &at, "<>=^", &spec->align);
    if (take(s, &at, "+- ", &spec->sign) && spec->sign == '-')
        spec->sign = 0;
    spec->is_alt = take(s, &at, "#", &ignored);
    if (take(s, &at, "0", &ignored) && spec->align == 0) {
        spec->align = '=';
        spec->fill = GU_STR("0");
    }
    spec->width = gu_spec_number(s, &at);
    take(s, &at, ",_", &spec->group);
    if (take(s, &at, ".", &ignored)) {
        spec->precision = gu_spec_number(s, &at);
        if (spec->precision < 0)
            return bad(r, "Format specifier missing precision");
    }
    take(s, &at, "bcdeEfFgGosxX%", &spec->type);
    return at == s.len || bad(r, "Invalid format specifier");
}

static bool put_real(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec, double d)
{
    if (spec->type == '%') {
        spec->type = 'f';
        return gu_spec_put_real(r, b, spec, d * 100, "%");
    }
    if (spec->type == 0 && spec->precision >= 0)
        return bad(r, "a float with a precision needs a type (f, e, g or %)");
    return gu_spec_put_real(r, b, spec, d, "");
}

static bool put_number(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec,
                       const gust_value *v)
{
    int64_t i = 0;
    double d;

    if (spec->align == 0)
        spec->align = '>';
    if (v->type == GUST_DOUBLE || (spec->type != 0 && strchr("eEfFgG%", spec->type) != NULL)) {
        if (v->type == GUST_DOUBLE && spec->type != 0 && strchr("eEfFgG%", spec->type) == NULL)
            return bad(r, "Unknown format code for object of type 'float'");
        gu_as_real(v, &d);
        return put_real(r, b, spec, d);
    }
    gu_as_int(v, &i);
    if (spec->precision >= 0)
        return bad(r, "Precision not allowed in integer format specifier");
    if (spec->type == 's' || spec->type == 'c' ||
        (spec->group != 0 && spec->align == '=' && gust_str_equal(spec->fill, "0")))
        return bad(r, "a format of an integer that is not supported");
    return gu_spec_put_int(r, b, spec, i);
}

static bool put_text(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec, gust_str text)
{
    if (spec->type != 0 && spec->type != 's')
        return gu_throw(r, GU_VALUE_ERROR, "Unknown format code '%c' for object of type 'str'",
                        spec->type);
    if (spec->align == '=' && gust_str_equal(spec->fill, "0"))
        spec->align = '<';
    if (spec->align == '=' || spec->sign != 0 || spec->group != 0 || spec->is_alt)
        return bad(r, "'=' alignment, sign, ',' and '#' are for numbers");
    if (spec->align == 0)
        spec->align = '<';
    gu_spec_put_text(b, spec, text);
    return true;
}

static bool put_value(struct gu_render *r, struct gu_buf *b, gust_str how, const gust_value *v)
{
    struct gu_spec spec;
    struct gu_buf printed;
    gust_value text = *v;

    if (!parse_spec(r, how, &spec))
        return false;
    if (how.len > 0 && gu_is_number(v))
        return put_number(r, b, &spec, v);
    if (v->type != GUST_STRING) {
        if (how.len > 0)
            return gu_throw(r, GU_TYPE_ERROR, "unsupported format string passed to %s.__format__",
                            gu_type_name(v));
        gu_text_begin(r, &printed);
        gu_put_str(&printed, v);
        if (!gu_text_end(r, &printed, &text))
            return false;
    }
    return put_text(r, b, &spec, text.as.string);
}

/* --- fields --- */

/* What stands between braces: "name!r:spec". */
static bool put_field(struct gu_render *r, struct gu_buf *b, struct brace *f, gust_str field)
{
    gust_str spec = GU_STR(""), name;
    gust_value value;
    size_t colon = gu_str_find(field, GU_STR(":"), 0), n = 0;
    struct gu_buf printed;
    bool is_repr = false;

    if (colon != GU_NPOS) {
        spec = gu_str_sub(field, colon + 1, field.len);
        field.len = colon;
    }
    if (field.len >= 2 && field.ptr[field.len - 2] == '!') {
        is_repr = field.ptr[field.len - 1] == 'r';
        if (!is_repr && field.ptr[field.len - 1] != 's')
            return bad(r, "a conversion in a format that is not supported");
        field.len -= 2;
    } else {
        is_repr = false;
    }
    while (n < field.len && field.ptr[n] != '.' && field.ptr[n] != '[')
        n++;
    name = gu_str(field.ptr, n);
    if (!first_value(r, f, name, &value) || !walk(r, gu_str_sub(field, n, field.len), &value))
        return false;
    if (is_repr) {
        gu_text_begin(r, &printed);
        gu_put_repr(&printed, &value);
        if (!gu_text_end(r, &printed, &value))
            return false;
    }
    return put_value(r, b, spec, &value);
}

bool gu_format_braces(struct gu_render *r, struct gu_args *args, gust_value *result)
{
    gust_str s = args->self->as.string;
    struct brace f = {.args = args};
    struct gu_buf b;

    gu_text_begin(r, &b);
    for (size_t at = 0; at < s.len;) {
        char c = s.ptr[at++];
        size_t end = at;

        if (c != '{' && c != '}') {
            gu_buf_putc(&b, c);
            continue;
        }
        if (at < s.len && s.ptr[at] == c) {
            gu_buf_putc(&b, c);
            at++;
            continue;
        }
        if (c == '}')
            return bad(r, "Single '}' encountered in format string");
        while (end < s.len && s.ptr[end] != '}' && s.ptr[end] != '{')
            end++;
        if (end == s.len)
            return bad(r, at == s.len ? "Single '{' encountered in format string"
                                      : "expected '}' before end of string");
        if (s.ptr[end] == '{')
            return bad(r, "braces in a format specification are not supported");
        if (!gu_step(r) || !put_field(r, &b, &f, gu_str(s.ptr + at, end - at)))
            return false;
        at = end + 1;
    }
    return gu_text_end(r, &b, result);
}
