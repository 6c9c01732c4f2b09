/*
 * format — `text % values`
 */
#include "template/format.h"
#include "template/methods.h"
#include "template/render.h"
#include "template/text.h"
#include <math.h>

/* --- fields --- */

static void put_fill(struct gu_buf *b, gust_str fill, int64_t n)
{
    for (; n > 0 && gu_buf_error(b) == 0; n--)
        gu_buf_put_str(b, fill);
}

/* `sign` belongs to a number, and may have the fill behind it. */
static void put_field(struct gu_buf *b, const struct gu_spec *spec, gust_str sign, gust_str text)
{
    int64_t missing = spec->width - (int64_t)gu_text_len(text) - (int64_t)sign.len, left = 0;

    missing = missing < 0 ? 0 : missing;
    if (spec->align == '>')
        left = missing;
    else if (spec->align == '^')
        left = missing / 2;
    put_fill(b, spec->fill, left);
    gu_buf_put_str(b, sign);
    if (spec->align == '=') {
        put_fill(b, spec->fill, missing);
        missing = 0;
    }
    gu_buf_put_str(b, text);
    put_fill(b, spec->fill, missing - left);
}

void gu_spec_put_text(struct gu_buf *b, const struct gu_spec *spec, gust_str text)
{
    if (spec->precision >= 0)
        text.len = gu_text_offset(text, (size_t)spec->precision);
    put_field(b, spec, GU_STR(""), text);
}

int64_t gu_spec_number(gust_str s, size_t *at)
{
    int64_t n = -1;

    for (; *at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9'; (*at)++) {
        n = (n < 0 ? 0 : n) * 10 + (s.ptr[*at] - '0');
        n = n > INT32_MAX ? INT32_MAX : n;
    }
    return n;
}

/* --- numbers --- */

static size_t put_sign(char *to, const struct gu_spec *spec, bool is_negative)
{
    if (is_negative)
        *to = '-';
    else if (spec->sign != 0)
        *to = spec->sign;
    return is_negative || spec->sign != 0;
}

/* The digits of a number, from the back; how many. */
static size_t digits_of(char to[64], uint64_t u, unsigned base, bool is_upper)
{
    size_t n = 0;

    do {
        char digit = gu_hex_digits[u % base];

        to[63 - n++] = (char)(is_upper && digit >= 'a' ? digit - 0x20 : digit);
        u /= base;
    } while (u > 0);
    return n;
}

/* Digits with a separator between each few of them. */
static void put_grouped(struct gu_buf *b, gust_str digits, char separator, size_t every)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (i > 0 && separator != 0 && (digits.len - i) % every == 0)
            gu_buf_putc(b, separator);
        gu_buf_putc(b, digits.ptr[i]);
    }
}

static unsigned base_of(char type)
{
    switch (type) {
    case 'x':
    case 'X':
        return 16;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        return 10;
    }
}

static bool check_precision(struct gu_render *r, const struct gu_spec *spec)
{
    return spec->precision <= GU_MAX_PRECISION || gu_throw(r, GU_VALUE_ERROR, "precision too big");
}

bool gu_spec_put_int(struct gu_render *r, struct gu_buf *b, const struct gu_spec *spec, int64_t i)
{
    char sign[4], digits[64];
    unsigned base = base_of(spec->type);
    size_t n_sign = put_sign(sign, spec, i < 0), n;
    struct gu_buf text;
    gust_value whole;

    if (!check_precision(r, spec))
        return false;
    if (spec->is_alt && base != 10) {
        sign[n_sign++] = '0';
        sign[n_sign++] = spec->type;
    }
    n = digits_of(digits, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, base, spec->type == 'X');
    gu_text_begin(r, &text);
    put_fill(&text, GU_STR("0"), spec->precision - (int64_t)n);
    put_grouped(&text, gu_str(digits + 64 - n, n), spec->group, base == 10 ? 3 : 4);
    if (!gu_text_end(r, &text, &whole))
        return false;
    put_field(b, spec, gu_str(sign, n_sign), whole.as.string);
    return true;
}

/* What printf() makes of a number that has no sign, whatever the locale's point is. */
static void print_real(struct gu_buf *b, const struct gu_spec *spec, double d)
{
    int precision = spec->precision < 0 ? 6 : (int)spec->precision;

    switch (spec->type) {
    case 0:
        gu_put_real(b, d);
        break;
    case 'e':
        gu_buf_printf(b, spec->is_alt ? "%#.*e" : "%.*e", precision, d);
        break;
    case 'E':
        gu_buf_printf(b, spec->is_alt ? "%#.*E" : "%.*E", precision, d);
        break;
    case 'g':
        gu_buf_printf(b, spec->is_alt ? "%#.*g" : "%.*g", precision, d);
        break;
    case 'G':
        gu_buf_printf(b, spec->is_alt ? "%#.*G" : "%.*G", precision, d);
        break;
    default:
        gu_buf_printf(b, spec->is_alt ? "%#.*f" : "%.*f", precision, d);
        break;
    }
}

bool gu_spec_put_real(struct gu_render *r, struct gu_buf *b, const struct gu_spec *spec, double d,
                      const char *suffix)
{
    char sign[2];
    size_t n_sign = put_sign(sign, spec, signbit(d) && !isnan(d)), whole = 0;
    struct gu_buf text, grouped;
    gust_value printed;

    if (!check_precision(r, spec))
        return false;
    gu_text_begin(r, &text);
    if (isfinite(d))
        print_real(&text, spec, fabs(d));
    else if (spec->type == 'F' || spec->type == 'E' || spec->type == 'G')
        gu_buf_puts(&text, isnan(d) ? "NAN" : "INF");
    else
        gu_buf_puts(&text, isnan(d) ? "nan" : "inf");
    if (!gu_text_end(r, &text, &printed))
        return false;
    while (whole < printed.as.string.len && printed.as.string.ptr[whole] >= '0' &&
           printed.as.string.ptr[whole] <= '9')
        whole++;
    gu_text_begin(r, &grouped);
    put_grouped(&grouped, gu_str(printed.as.string.ptr, whole), spec->group, 3);
    gu_buf_puts(&grouped, printed.as.string.ptr + whole);
    gu_buf_puts(&grouped, suffix);
    if (!gu_text_end(r, &grouped, &printed))
        return false;
    put_field(b, spec, gu_str(sign, n_sign), printed.as.string);
    return true;
}

/* --- % --- */

struct percent {
    gust_str format;
    size_t at;
    const gust_value *given;
    bool is_tuple;
    size_t n_used;
};

static bool too_early(struct gu_render *r)
{
    return gu_throw(r, GU_VALUE_ERROR, "incomplete format");
}

/* The next value of those that were given. */
static bool next_value(struct gu_render *r, struct percent *p, gust_value *value)
{
    size_t n = p->is_tuple ? gu_seq_of(p->given)->n : 1;

    if (p->n_used >= n)
        return gu_throw(r, GU_TYPE_ERROR, "not enough arguments for format string");
    *value = p->is_tuple ? gu_seq_of(p->given)->items[p->n_used] : *p->given;
    p->n_used++;
    return true;
}

/* "(name)": its value. */
static bool named_value(struct gu_render *r, struct percent *p, gust_value *value)
{
    size_t from = ++p->at, depth = 1;
    gust_value name;

    for (; p->at < p->format.len; p->at++) {
        depth += p->format.ptr[p->at] == '(';
        depth -= p->format.ptr[p->at] == ')';
        if (depth == 0)
            break;
    }
    if (p->at == p->format.len)
        return gu_throw(r, GU_VALUE_ERROR, "incomplete format key");
    name = gust_value_str(gu_str(p->format.ptr + from, p->at++ - from));
    if (!gu_is_map(p->given))
        return gu_throw(r, GU_TYPE_ERROR, "format requires a mapping");
    return gu_map_get(p->given, &name, value) || gu_throw_key(r, &name);
}

/* A width or precision, which may be `*`. */
static bool take_size(struct gu_render *r, struct percent *p, int64_t *size)
{
    gust_value value;

    if (p->at < p->format.len && p->format.ptr[p->at] == '*') {
        p->at++;
        if (!next_value(r, p, &value))
            return false;
        if (!gu_as_int(&value, size))
            return gu_throw(r, GU_TYPE_ERROR, "* wants int");
        return true;
    }
    *size = gu_spec_number(p->format, &p->at);
    return true;
}

static void take_flags(struct percent *p, struct gu_spec *spec)
{
    for (; p->at < p->format.len; p->at++) {
        switch (p->format.ptr[p->at]) {
        case '-':
            spec->align = '<';
            break;
        case '0':
            if (spec->align != '<')
                spec->align = '=';
            break;
        case '+':
            spec->sign = '+';
            break;
        case ' ':
            spec->sign = spec->sign == '+' ? '+' : ' ';
            break;
        case '#':
            spec->is_alt = true;
            break;
        default:
            return;
        }
    }
}

static bool put_converted(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec,
                          const gust_value *v)
{
    gust_value text = *v;
    struct gu_buf printed;

    if (spec->align == '=')
        spec->align = '>';
    if (spec->type != 's' || v->type != GUST_STRING) {
        gu_text_begin(r, &printed);
        if (spec->type == 's')
            gu_put_str(&printed, v);
        else
            gu_put_repr(&printed, v);
        if (!gu_text_end(r, &printed, &text))
            return false;
    }
    gu_spec_put_text(b, spec, text.as.string);
    return true;
}

static bool put_character(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec,
                          const gust_value *v)
{
    char bytes[8];
    struct gu_buf one;
    int64_t c;

    gu_buf_init_fixed(&one, bytes, sizeof bytes);
    spec->precision = -1;
    spec->align = spec->align == '=' ? '>' : spec->align;
    if (v->type == GUST_STRING && gu_text_len(v->as.string) == 1) {
        gu_spec_put_text(b, spec, v->as.string);
        return true;
    }
    if (!gu_as_int(v, &c))
        return gu_throw(r, GU_TYPE_ERROR, "%%c requires int or char");
    if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return gu_throw(r, GU_OVERFLOW_ERROR, "%%c arg not in range(0x110000)");
    gu_text_encode(&one, (uint32_t)c);
    gu_spec_put_text(b, spec, gu_str(bytes, one.len));
    return true;
}

static bool put_number(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec,
                       const gust_value *v)
{
    bool is_decimal = strchr("diu", spec->type) != NULL;
    int64_t i;
    double d;

    if (strchr("eEfFgG", spec->type) != NULL)
        return gu_as_real(v, &d)
                   ? gu_spec_put_real(r, b, spec, d, "")
                   : gu_throw(r, GU_TYPE_ERROR, "must be real number, not %s", gu_type_name(v));
    if (is_decimal && v->type == GUST_DOUBLE && !(fabs(v->as.real) < 9e18))
        return gu_throw(r, GU_OVERFLOW_ERROR, "an integer beyond 64 bits");
    if (is_decimal && v->type == GUST_DOUBLE)
        i = (int64_t)v->as.real;
    else if (!gu_as_int(v, &i))
        return gu_throw(r, GU_TYPE_ERROR, "%%%c format: a real number is required, not %s",
                        spec->type, gu_type_name(v));
    spec->type = is_decimal ? 'd' : spec->type;
    return gu_spec_put_int(r, b, spec, i);
}

static bool put_value(struct gu_render *r, struct gu_buf *b, struct gu_spec *spec,
                      const gust_value *v)
{
    switch (spec->type) {
    case 's':
    case 'r':
        return put_converted(r, b, spec, v);
    case 'c':
        return put_character(r, b, spec, v);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return put_number(r, b, spec, v);
    default:
        return gu_throw(r, GU_VALUE_ERROR, "unsupported format character '%c' (0x%x)", spec->type,
                        (unsigned)(unsigned char)spec->type);
    }
}

/* From behind a % to behind its letter. */
static bool put_directive(struct gu_render *r, struct gu_buf *b, struct percent *p)
{
    struct gu_spec spec = {.fill = GU_STR(" "), .align = '>', .precision = -1};
    bool is_named = p->at < p->format.len && p->format.ptr[p->at] == '(';
    gust_value value;

    if (is_named && !named_value(r, p, &value))
        return false;
    take_flags(p, &spec);
    if (!take_size(r, p, &spec.width))
        return false;
    if (spec.width < 0) {
        spec.align = spec.width < -1 ? '<' : spec.align;
        spec.width = spec.width < -1 ? -spec.width : 0;
    }
    if (p->at < p->format.len && p->format.ptr[p->at] == '.') {
        p->at++;
        if (!take_size(r, p, &spec.precision))
            return false;
        spec.precision = spec.precision < 0 ? 0 : spec.precision;
    }
    while (p->at < p->format.len && strchr("hlL", p->format.ptr[p->at]) != NULL)
        p->at++;
    if (p->at == p->format.len)
        return too_early(r);
    spec.type = p->format.ptr[p->at++];
    if (spec.type == '%') {
        gu_buf_putc(b, '%');
        return true;
    }
    if (!is_named && !next_value(r, p, &value))
        return false;
    spec.fill = spec.align == '=' ? GU_STR("0") : GU_STR(" ");
    return put_value(r, b, &spec, &value);
}

/* What could have been asked by name may stay unused. */
static bool has_items(const gust_value *v)
{
    return gu_is_map(v) || gu_is_sequence(v) || gu_kind(v) == GU_RANGE;
}

bool gu_format(struct gu_render *r, gust_str format, const gust_value *args, gust_value *result)
{
    struct percent p = {.format = format, .given = args};
    struct gu_buf b;

    p.is_tuple = gu_kind(args) == GU_SEQ && gu_seq_of(args)->kind == GU_TUPLE;
    gu_text_begin(r, &b);
    while (p.at < format.len) {
        const char *here = format.ptr + p.at;
        const char *next = memchr(here, '%', format.len - p.at);
        size_t n = next == NULL ? format.len - p.at : (size_t)(next - here);

        gu_buf_put(&b, here, n);
        p.at += n;
        if (next == NULL)
            break;
        p.at++;
        if (!gu_step(r) || !put_directive(r, &b, &p))
            return false;
    }
    if (p.is_tuple ? p.n_used < gu_seq_of(args)->n : p.n_used == 0 && !has_items(args))
        return gu_throw(r, GU_TYPE_ERROR, "not all arguments converted during string formatting");
    return gu_text_end(r, &b, result);
}
