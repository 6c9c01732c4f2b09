/*
 * primary — parsing what operators stand between: literals, names, and what follows them
 */
#include "template/compile.h"
#include "template/methods.h"

static struct gu_expr *new_constant(struct gu_compiler *c, gust_value value)
{
    struct gu_expr *e = gu_expr_new(c, GU_X_CONST);

    if (e != NULL)
        e->as.constant = value;
    return e;
}

/* --- atoms --- */

static struct gu_expr *parse_string(struct gu_compiler *c)
{
    gust_str text = c->lex.value.as.string;

    gu_lex_next(&c->lex);
    while (gu_at(c, GU_T_STRING)) { /* those that stand side by side are one */
        gust_str more = c->lex.value.as.string;
        char *joined = gu_compile_alloc(c, text.len + more.len + 1, 1);

        if (joined == NULL)
            return NULL;
        memcpy(joined, text.ptr, text.len);
        memcpy(joined + text.len, more.ptr, more.len + 1);
        text = gu_str(joined, text.len + more.len);
        gu_lex_next(&c->lex);
    }
    return new_constant(c, gust_value_str(text));
}

/* Items up to a closing bracket, `first` among them if it is not NULL. */
static bool parse_items(struct gu_compiler *c, int close, struct gu_expr *first,
                        struct gu_exprs *list)
{
    if (first != NULL && !gu_exprs_add(c, list, first))
        return false;
    while (first == NULL || gu_accept(c, ',')) {
        if (gu_at(c, close))
            break;
        first = gu_parse_test(c);
        if (!gu_exprs_add(c, list, first))
            return false;
    }
    return gu_expect(c, close, close == ')' ? ")" : close == ']' ? "]" : "}");
}

/* A tuple, a generator expression, or an expression in parentheses. */
static struct gu_expr *parse_parentheses(struct gu_compiler *c)
{
    struct gu_exprs list = {0};
    struct gu_expr *first;

    gu_lex_next(&c->lex);
    if (gu_accept(c, ')'))
        return gu_exprs_node(c, GU_X_TUPLE, &list);
    first = gu_parse_test(c);
    if (first == NULL)
        return NULL;
    if (gu_at(c, GU_T_FOR))
        return gu_compile_fail(c, "a generator expression is supported only as the single argument "
                                  "of a call: use a list");
    if (!gu_at(c, ','))
        return gu_expect(c, ')', ")") ? first : NULL;
    return parse_items(c, ')', first, &list) ? gu_exprs_node(c, GU_X_TUPLE, &list) : NULL;
}

static struct gu_expr *parse_list(struct gu_compiler *c)
{
    struct gu_expr *mark = c->scope->pending, *first = NULL;
    struct gu_exprs list = {0};

    gu_lex_next(&c->lex);
    if (!gu_at(c, ']')) {
        first = gu_parse_test(c);
        if (first == NULL)
            return NULL;
    }
    if (first != NULL && gu_at(c, GU_T_FOR)) {
        first = gu_parse_each(c, GU_EACH_LIST, first, NULL, mark);
        return first != NULL && gu_expect(c, ']', "]") ? first : NULL;
    }
    return parse_items(c, ']', first, &list) ? gu_exprs_node(c, GU_X_LIST, &list) : NULL;
}

static struct gu_expr *parse_dict(struct gu_compiler *c)
{
    struct gu_expr *mark = c->scope->pending, *key, *value;
    struct gu_exprs list = {0};

    gu_lex_next(&c->lex);
    while (!gu_at(c, '}')) {
        if (gu_at(c, GU_T_POW))
            return gu_compile_fail(c, "** in a dictionary is not supported");
        key = gu_parse_test(c);
        if (key != NULL && (gu_at(c, ',') || gu_at(c, '}') || gu_at(c, GU_T_FOR)))
            return gu_compile_fail(c, "sets are not supported");
        if (key == NULL || !gu_expect(c, ':', ":"))
            return NULL;
        value = gu_parse_test(c);
        if (value != NULL && list.n == 0 && gu_at(c, GU_T_FOR)) {
            value = gu_parse_each(c, GU_EACH_DICT, key, value, mark);
            return value != NULL && gu_expect(c, '}', "}") ? value : NULL;
        }
        if (!gu_exprs_add(c, &list, key) || !gu_exprs_add(c, &list, value))
            return NULL;
        if (!gu_accept(c, ','))
            break;
    }
    return gu_expect(c, '}', "}") ? gu_exprs_node(c, GU_X_DICT, &list) : NULL;
}

static struct gu_expr *parse_name(struct gu_compiler *c)
{
    gust_str name = c->lex.text;

    gu_lex_next(&c->lex);
    return gu_vars_use(c, name);
}

static struct gu_expr *parse_constant(struct gu_compiler *c, gust_value value)
{
    gu_lex_next(&c->lex);
    return new_constant(c, value);
}

static struct gu_expr *parse_atom(struct gu_compiler *c)
{
    switch (c->lex.kind) {
    case GU_T_NAME:
        return parse_name(c);
    case GU_T_NUMBER:
        return parse_constant(c, c->lex.value);
    case GU_T_STRING:
        return parse_string(c);
    case GU_T_NONE:
        return parse_constant(c, gust_value_null());
    case GU_T_TRUE:
        return parse_constant(c, gust_value_bool(true));
    case GU_T_FALSE:
        return parse_constant(c, gust_value_bool(false));
    case '(':
        return parse_parentheses(c);
    case '[':
        return parse_list(c);
    case '{':
        return parse_dict(c);
    default:
        return gu_parse_unexpected(c);
    }
}

/* --- what follows an atom --- */

static struct gu_expr *parse_attribute(struct gu_compiler *c, struct gu_expr *of)
{
    struct gu_expr *e = gu_expr_new(c, GU_X_ATTR);

    if (e == NULL)
        return NULL;
    gu_lex_next(&c->lex);
    e->as.attr.of = of;
    e->as.attr.name = c->lex.text;
    return gu_expect(c, GU_T_NAME, "a name behind .") ? gu_expr_done(c, e, of->depth) : NULL;
}

/* A part of a slice, which may be left out. */
static bool parse_bound(struct gu_compiler *c, struct gu_expr **bound)
{
    *bound = NULL;
    if (gu_at(c, ':') || gu_at(c, ']'))
        return true;
    *bound = gu_parse_test(c);
    return *bound != NULL;
}

static unsigned depth_of(const struct gu_expr *e)
{
    return e == NULL ? 0 : e->depth;
}

static struct gu_expr *parse_index(struct gu_compiler *c, struct gu_expr *of)
{
    struct gu_expr *e = gu_expr_new(c, GU_X_INDEX);
    unsigned depth = of->depth;

    if (e == NULL)
        return NULL;
    gu_lex_next(&c->lex);
    e->as.index.of = of;
    if (!gu_at(c, ':')) {
        e->as.index.from = gu_parse_tests(c);
        if (e->as.index.from == NULL)
            return NULL;
    }
    if (gu_accept(c, ':')) {
        e->op = GU_X_SLICE;
        if (!parse_bound(c, &e->as.index.to) ||
            (gu_accept(c, ':') && !parse_bound(c, &e->as.index.step)))
            return NULL;
    }
    depth = (unsigned)gu_max(depth, gu_max(depth_of(e->as.index.from), depth_of(e->as.index.to)));
    depth = (unsigned)gu_max(depth, depth_of(e->as.index.step));
    return gu_expect(c, ']', "]") ? gu_expr_done(c, e, depth) : NULL;
}

/* One argument; a named one goes behind all others. */
static bool parse_argument(struct gu_compiler *c, struct gu_exprs *args, struct gu_exprs *named,
                           gust_str *names)
{
    struct gu_lexer before = c->lex;
    struct gu_expr *mark = c->scope->pending, *e;

    if (gu_at(c, '*') || gu_at(c, GU_T_POW))
        return gu_compile_fail(c, "* and ** in a call are not supported") != NULL;
    if (gu_accept(c, GU_T_NAME) && gu_accept(c, '=')) {
        if (named->n == GU_MAX_NAMED)
            return gu_compile_fail(c, "a call has more than %d named arguments", GU_MAX_NAMED) !=
                   NULL;
        names[named->n] = before.text;
        return gu_exprs_add(c, named, gu_parse_test(c));
    }
    c->lex = before;
    e = gu_parse_test(c);
    if (e != NULL && gu_at(c, GU_T_FOR)) {
        if (args->n + named->n > 0)
            return gu_compile_fail(c, "a generator expression is not the only argument") != NULL;
        e = gu_parse_each(c, GU_EACH_GENERATOR, e, NULL, mark);
        if (e != NULL && !gu_at(c, ')'))
            return gu_compile_fail(c, "a generator expression is not the only argument") != NULL;
    }
    if (named->n > 0)
        return gu_compile_fail(c, "a positional argument follows a named one") != NULL;
    return gu_exprs_add(c, args, e);
}

static struct gu_expr *parse_call(struct gu_compiler *c, struct gu_expr *fn)
{
    struct gu_exprs args = {.depth = fn->depth}, named = {0};
    gust_str names[GU_MAX_NAMED], *kept;
    struct gu_expr *e;

    gu_lex_next(&c->lex);
    while (!gu_at(c, ')')) {
        if (!parse_argument(c, &args, &named, names))
            return NULL;
        if (!gu_accept(c, ','))
            break;
    }
    if (!gu_expect(c, ')', ")"))
        return NULL;
    e = gu_expr_new(c, GU_X_CALL);
    kept = gu_compile_alloc(c, named.n + 1, sizeof *kept);
    if (e == NULL || kept == NULL)
        return NULL;
    e->n = args.n;
    for (uint32_t i = 0; i < named.n; i++) {
        kept[i] = names[i];
        if (!gu_exprs_add(c, &args, named.items[i]))
            return NULL;
    }
    if (args.n > GU_MAX_ARGS)
        return gu_compile_fail(c, "a call has more than %d arguments", GU_MAX_ARGS);
    e->as.call.fn = fn;
    e->as.call.args = args.items;
    e->as.call.names = kept;
    e->as.call.n_named = named.n;
    return gu_expr_done(c, e, args.depth);
}

struct gu_expr *gu_parse_primary(struct gu_compiler *c)
{
    struct gu_expr *e = parse_atom(c);

    while (e != NULL) {
        if (gu_at(c, '.'))
            e = parse_attribute(c, e);
        else if (gu_at(c, '['))
            e = parse_index(c, e);
        else if (gu_at(c, '('))
            e = parse_call(c, e);
        else
            break;
    }
    return e;
}
