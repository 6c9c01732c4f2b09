/*
 * call — handing arguments over
 */
#include "template/eval.h"
#include "template/methods.h"
#include <stdarg.h>
#include <stdio.h>

#define MESSAGE 256 /* of a call that failed */

/* --- to builtins --- */

const gust_value *gu_arg(const struct gu_args *args, size_t i, const char *name)
{
    if (i < args->n)
        return &args->items[i];
    for (size_t k = 0; name != NULL && k < args->n_named; k++)
        if (gust_str_equal(args->names[k], name))
            return &args->items[args->n + k];
    return NULL;
}

bool gu_arg_text(struct gu_render *r, const struct gu_args *args, size_t i, gust_str *text)
{
    const gust_value *v = gu_arg(args, i, NULL);

    if (v == NULL || v->type != GUST_STRING)
        return gu_throw(r, GU_TYPE_ERROR, "expected str, got %s",
                        v == NULL ? "nothing" : gu_type_name(v));
    *text = v->as.string;
    return true;
}

bool gu_arg_int(struct gu_render *r, const struct gu_args *args, size_t i, const char *name,
                int64_t *value)
{
    const gust_value *v = gu_arg(args, i, name);

    if (v == NULL || gu_as_int(v, value))
        return true;
    return gu_throw(r, GU_TYPE_ERROR, "'%s' object cannot be interpreted as an integer",
                    gu_type_name(v));
}

/* Whether a builtin has a keyword: its list is "|key|reverse|". */
static bool has_keyword(const struct gu_builtin *b, gust_str name)
{
    const char *at = b->keywords;

    while (at != NULL && (at = strchr(at, '|')) != NULL) {
        at++;
        if (strncmp(at, name.ptr, name.len) == 0 && at[name.len] == '|')
            return true;
    }
    return false;
}

static bool check_args(struct gu_render *r, const struct gu_builtin *b, const struct gu_args *args)
{
    bool is_any = b->keywords != NULL && b->keywords[0] == '*';

    for (size_t i = 0; i < args->n_named && !is_any; i++)
        if (!has_keyword(b, args->names[i]))
            return gu_throw(r, GU_TYPE_ERROR, "%s() got an unexpected keyword argument '%.*s'",
                            b->name, (int)args->names[i].len, args->names[i].ptr);
    if ((signed char)args->n < b->least || (b->most >= 0 && (signed char)args->n > b->most))
        return gu_throw(r, GU_TYPE_ERROR, "%s() takes %d to %d arguments (%zu given)", b->name,
                        b->least, b->most, args->n);
    return true;
}

/* --- to functions in C --- */

static bool export_text(struct gu_render *r, const gust_value *v, const char **text)
{
    struct gu_buf b;
    gust_value string;

    gu_text_begin(r, &b);
    if (v->type == GUST_NULL || v->type == GUST_BOOL) /* as JSON has them */
        gu_buf_puts(&b, v->type == GUST_NULL ? "null" : v->as.boolean ? "true" : "false");
    else
        gu_put_str(&b, v);
    if (!gu_text_end(r, &b, &string))
        return false;
    *text = string.as.string.ptr;
    return true;
}

static bool export_dict(struct gu_render *r, const struct gu_dict *d, gust_value *public, int depth)
{
    gust_kv *pairs = gu_render_alloc(r, d->n + 1, sizeof *pairs);
    size_t n = 0;

    if (pairs == NULL)
        return false;
    for (size_t i = 0; i < d->n_pairs; i++) {
        if (d->pairs[i].is_gone)
            continue;
        if (!export_text(r, &d->pairs[i].key, &pairs[n].key) ||
            !gu_export(r, &d->pairs[i].value, &pairs[n].value, depth))
            return false;
        n++;
    }
    pairs[n] = (gust_kv){0};
    *public = gust_value_map(pairs);
    return true;
}

static bool export_items(struct gu_render *r, const gust_value *v, gust_value *public, int depth)
{
    struct gu_seq *all = gu_iter_all(r, v, GU_LIST);

    if (all == NULL)
        return false;
    if (all->n > UINT32_MAX)
        return gu_stop(r, -ENOMEM, "memory is short");
    for (size_t i = 0; i < all->n; i++)
        if (!gu_export(r, &all->items[i], &all->items[i], depth))
            return false;
    *public = gust_value_list(all->items, (uint32_t)all->n);
    return true;
}

bool gu_export(struct gu_render *r, const gust_value *v, gust_value *public, int depth)
{
    if (depth++ > GU_VALUE_DEPTH)
        return gu_throw(r, GU_VALUE_ERROR, "a value is nested deeper than %d", GU_VALUE_DEPTH);
    switch (gu_kind(v)) {
    case GU_SEQ:
    case GU_RANGE:
    case GU_GENERATOR:
        return export_items(r, v, public, depth);
    case GU_DICT:
        return export_dict(r, v->as.own, public, depth);
    case GU_BUILTIN:
    case GU_BOUND:
        return gu_throw(r, GU_TYPE_ERROR, "a function of the template's cannot be handed over");
    default:
        *public = *v;
        return true;
    }
}

static bool export_args(struct gu_render *r, const struct gu_args *args, gust_call *call)
{
    gust_value *items = gu_render_alloc(r, args->n + 1, sizeof *items);
    gust_kv *named = gu_render_alloc(r, args->n_named + 1, sizeof *named);

    if (items == NULL || named == NULL)
        return false;
    for (size_t i = 0; i < args->n; i++)
        if (!gu_export(r, &args->items[i], &items[i], 0))
            return false;
    for (size_t i = 0; i < args->n_named; i++) {
        gust_str name = gu_arena_copy(r->arena, args->names[i].ptr, args->names[i].len);

        named[i].key = name.ptr;
        if (name.ptr == NULL)
            return gu_stop(r, -ENOMEM, "memory is short");
        if (!gu_export(r, &args->items[args->n + i], &named[i].value, 0))
            return false;
    }
    named[args->n_named] = (gust_kv){0};
    call->args = items;
    call->n_args = args->n;
    call->named = named;
    return true;
}

static gu_noinline bool call_function(struct gu_render *r, const gust_function *fn,
                                      const struct gu_args *args, gust_value *result)
{
    char message[MESSAGE] = "";
    gust_call call = {
        .arg = fn->arg, .context = r->context, .error = message, .error_size = sizeof message};

    r->has_kept = true; /* it may take memory for longer */
    if (!export_args(r, args, &call))
        return false;
    *result = gu_value_known(fn->fn(&call));
    if (message[0] != '\0')
        return gu_throw(r, GU_RUNTIME_ERROR, "%s%s%s", fn->name == NULL ? "" : fn->name,
                        fn->name == NULL ? "" : "(): ", message);
    return true;
}

bool gu_call_value(struct gu_render *r, const gust_value *fn, struct gu_args *args,
                   gust_value *result)
{
    const struct gu_builtin *builtin = fn->as.own;

    if (gu_kind(fn) == GU_BOUND) {
        const struct gu_bound *bound = fn->as.own;

        args->self = &bound->self;
        builtin = bound->method;
    } else if (fn->type == GUST_FUNCTION) {
        return call_function(r, fn->as.function, args, result);
    } else if (gu_kind(fn) != GU_BUILTIN) {
        return gu_throw(r, GU_TYPE_ERROR, "'%s' object is not callable", gu_type_name(fn));
    }
    return check_args(r, builtin, args) && builtin->fn(r, args, result);
}

/* --- for functions in C --- */

gust_value gust_call_arg(const gust_call *call, size_t i, const char *name)
{
    if (i < call->n_args)
        return call->args[i];
    for (const gust_kv *kv = call->named; kv->key != NULL; kv++)
        if (name != NULL && strcmp(kv->key, name) == 0)
            return kv->value;
    return gust_value_null();
}

gust_str gust_value_text_of(gust_value value)
{
    value = gu_value_known(value);
    return value.type == GUST_STRING ? value.as.string : GU_STR("");
}

gust_value gust_call_fail(gust_call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gu_vsnprintf(call->error, call->error_size, format, args);
    va_end(args);
    if (call->error[0] == '\0')
        call->error[0] = '?';
    return gust_value_null();
}
