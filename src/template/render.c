/*
 * render — failing, and what it costs
 */
#include "template/render.h"
#include <stdarg.h>

static const struct {
    const char *name;
    enum gu_class base;
} classes[GU_N_CLASSES] = {
    [GU_NO_ERROR] = {"", GU_NO_ERROR},
    [GU_LIMIT] = {"", GU_NO_ERROR},
    [GU_EXCEPTION] = {"Exception", GU_NO_ERROR},
    [GU_ARITHMETIC_ERROR] = {"ArithmeticError", GU_EXCEPTION},
    [GU_ZERO_DIVISION_ERROR] = {"ZeroDivisionError", GU_ARITHMETIC_ERROR},
    [GU_OVERFLOW_ERROR] = {"OverflowError", GU_ARITHMETIC_ERROR},
    [GU_LOOKUP_ERROR] = {"LookupError", GU_EXCEPTION},
    [GU_INDEX_ERROR] = {"IndexError", GU_LOOKUP_ERROR},
    [GU_KEY_ERROR] = {"KeyError", GU_LOOKUP_ERROR},
    [GU_NAME_ERROR] = {"NameError", GU_EXCEPTION},
    [GU_UNBOUND_LOCAL_ERROR] = {"UnboundLocalError", GU_NAME_ERROR},
    [GU_ATTRIBUTE_ERROR] = {"AttributeError", GU_EXCEPTION},
    [GU_TYPE_ERROR] = {"TypeError", GU_EXCEPTION},
    [GU_VALUE_ERROR] = {"ValueError", GU_EXCEPTION},
    [GU_RUNTIME_ERROR] = {"RuntimeError", GU_EXCEPTION},
};

const char *gu_class_name(enum gu_class c)
{
    return classes[c].name;
}

enum gu_class gu_class_find(gust_str name)
{
    for (int c = GU_EXCEPTION; c < GU_N_CLASSES; c++)
        if (gust_str_equal(name, classes[c].name))
            return (enum gu_class)c;
    return GU_NO_ERROR;
}

bool gu_class_is(enum gu_class c, enum gu_class of)
{
    for (; c != GU_NO_ERROR; c = classes[c].base)
        if (c == of)
            return true;
    return false;
}

/* --- failing --- */

static bool fail(struct gu_render *r, enum gu_class c, struct gu_buf *message)
{
    gust_str text = GU_STR("");

    gust_ignore(gu_buf_finish(message, &text));
    r->failed = c;
    r->message = text;
    r->place = NULL;
    return false;
}

bool gu_throw(struct gu_render *r, enum gu_class c, const char *format, ...)
{
    struct gu_buf b;
    va_list args;

    gu_buf_init(&b, r->arena, 1024);
    va_start(args, format);
    gu_buf_vprintf(&b, format, args);
    va_end(args);
    return fail(r, c, &b);
}

bool gu_throw_key(struct gu_render *r, const gust_value *key)
{
    struct gu_buf b;

    gu_buf_init(&b, r->arena, 1024);
    gu_put_repr(&b, key);
    return fail(r, GU_KEY_ERROR, &b);
}

bool gu_stop(struct gu_render *r, int err, const char *what)
{
    r->failed = GU_LIMIT;
    r->err = err;
    r->message = gust_str_from(what);
    r->place = NULL;
    return false;
}

bool gu_out_of_steps(struct gu_render *r)
{
    r->steps = 0;
    return gu_stop(r, -GUST_ETOOBIG, "more steps than max_steps");
}

/* --- memory --- */

void *gu_render_alloc(struct gu_render *r, size_t n, size_t size)
{
    void *memory = n > SIZE_MAX / 2 / size ? NULL : gu_arena_alloc(r->arena, n * size);

    if (memory == NULL)
        gu_stop(r, -ENOMEM, "memory is short");
    return memory;
}

void gu_text_begin(struct gu_render *r, struct gu_buf *b)
{
    gu_buf_init(b, r->arena, r->max_output);
}

bool gu_text_end(struct gu_render *r, struct gu_buf *b, gust_value *result)
{
    gust_str text;
    int err = gu_buf_finish(b, &text);

    if (err < 0)
        return gu_stop(
            r, err, err == -GUST_ETOOBIG ? "a text is longer than max_output" : "memory is short");
    *result = gust_value_str(text);
    return gu_steps_for(r, text.len);
}
