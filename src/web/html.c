/*
 * html — printf() that escapes
 *
 * The format is walked: what stands between the conversions is trusted and copied, %s and %c are
 * escaped, and each number goes through vsnprintf() by itself. Only conversions whose argument is
 * known by its letters are taken; any other could not be stepped over, so it latches -EINVAL.
 */
#include "base/str.h"
#include "codec/escape.h"
#include "web/web_impl.h"
#include <stddef.h>

struct args {
    va_list list;
};

/* One conversion: "%-8.3lld". */
struct conversion {
    char text[32];
    char size; /* 0, 'H' for hh, 'h', 'l', 'L' for ll, 'j', 'z', 't' */
    char letter;
    bool is_plain; /* without flags, width and precision */
};

/* --- reading the format --- */

static char take_size(const char **at)
{
    char c = **at;

    if (c == '\0' || strchr("hljzt", c) == NULL)
        return 0;
    (*at)++;
    if (**at != c || (c != 'h' && c != 'l'))
        return c;
    (*at)++;
    return c == 'h' ? 'H' : 'L';
}

/* The conversion behind a '%'; NULL if it is none that may stand here, else what follows it. */
static const char *take_conversion(const char *at, struct conversion *c)
{
    const char *start = at;
    size_t n_spec = strspn(at, "-+ #0123456789."), n;

    at += n_spec;
    c->is_plain = n_spec == 0;
    c->size = take_size(&at);
    c->letter = *at;
    if (c->letter == '\0' || strchr("sc%diouxXeEfFgGaAp", c->letter) == NULL)
        return NULL;
    n = (size_t)(++at - start);
    if (n + 2 > sizeof c->text || (strchr("sc%", c->letter) != NULL && n != 1))
        return NULL;
    c->text[0] = '%';
    memcpy(c->text + 1, start, n);
    c->text[n + 1] = '\0';
    return at;
}

/* --- printing --- */

/* The letters of the conversion were checked against the argument that is taken. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_number(struct gu_buf *b, const struct conversion *c, struct args *args)
{
    switch (c->size) {
    case 'l':
        gu_buf_printf(b, c->text, va_arg(args->list, long));
        break;
    case 'L':
        gu_buf_printf(b, c->text, va_arg(args->list, long long));
        break;
    case 'j':
        gu_buf_printf(b, c->text, va_arg(args->list, intmax_t));
        break;
    case 'z':
        gu_buf_printf(b, c->text, va_arg(args->list, size_t));
        break;
    case 't':
        gu_buf_printf(b, c->text, va_arg(args->list, ptrdiff_t));
        break;
    default: /* shorter ones are passed as int */
        gu_buf_printf(b, c->text, va_arg(args->list, int));
        break;
    }
}

static void put_real(struct gu_buf *b, const struct conversion *c, struct args *args)
{
    if (c->size == 0 || c->size == 'l')
        gu_buf_printf(b, c->text, va_arg(args->list, double));
    else
        gu_buf_fail(b, -EINVAL);
}

static void put_pointer(struct gu_buf *b, const struct conversion *c, struct args *args)
{
    if (c->size == 0)
        gu_buf_printf(b, c->text, va_arg(args->list, void *));
    else
        gu_buf_fail(b, -EINVAL);
}
#pragma GCC diagnostic pop

static void put_text(struct gu_buf *b, const char *text)
{
    gu_xhtml_put(b, gust_str_from(text == NULL ? "(null)" : text));
}

static void put_char(struct gu_buf *b, int c)
{
    char byte = (char)c;

    gu_xhtml_put(b, gu_str(&byte, 1));
}

static void put_conversion(struct gu_buf *b, const struct conversion *c, struct args *args)
{
    if (c->letter == '%')
        gu_buf_putc(b, '%');
    else if (c->letter == 's')
        put_text(b, va_arg(args->list, const char *));
    else if (c->letter == 'c')
        put_char(b, va_arg(args->list, int));
    else if (c->letter == 'p')
        put_pointer(b, c, args);
    else if (strchr("diouxX", c->letter) != NULL)
        put_number(b, c, args);
    else
        put_real(b, c, args);
}

static void put_format(struct gu_buf *b, const char *format, struct args *args)
{
    struct conversion c;

    while (gu_buf_error(b) == 0) {
        size_t n = strcspn(format, "%");

        gu_buf_put(b, format, n);
        if (format[n] == '\0')
            return;
        format = take_conversion(format + n + 1, &c);
        if (format == NULL) {
            gu_buf_fail(b, -EINVAL);
            return;
        }
        put_conversion(b, &c, args);
    }
}

void gust_html(gust_request *r, const char *format, ...)
{
    struct args args;

    if (!gu_response_may_write(r))
        return;
    gu_response_set_type(r, GU_STR("text/html; charset=UTF-8"));
    va_start(args.list, format);
    put_format(&r->body, format, &args);
    va_end(args.list);
}
