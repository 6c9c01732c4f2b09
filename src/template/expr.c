/*
 * expr — parsing expressions
 *
 * Precedence climbing for the binary operators, one function for each of the other forms. Depth is
 * counted in the nodes, and bounded: chains that lean to the left are as deep as they are long.
 */
#include "template/compile.h"
#include "template/methods.h"

/* --- nodes --- */

struct gu_expr *gu_expr_new(struct gu_compiler *c, enum gu_expr_op op)
{
    struct gu_expr *e = gu_compile_node(c, sizeof *e);

    if (e == NULL)
        return NULL;
    e->op = (unsigned char)op;
    e->depth = 1;
    return e;
}

struct gu_expr *gu_expr_done(struct gu_compiler *c, struct gu_expr *e, unsigned depth)
{
    if (depth >= GU_EXPR_DEPTH)
        return gu_compile_fail_at(c, -GUST_ETOOBIG, c->place->file, c->line,
                                  "an expression is deeper than %d", GU_EXPR_DEPTH);
    e->depth = (uint16_t)(depth + 1);
    return e;
}

static struct gu_expr *new_of(struct gu_compiler *c, enum gu_expr_op op, unsigned char sub,
                              struct gu_expr *a, struct gu_expr *b)
{
    struct gu_expr *e;

    if (a == NULL || (b == NULL && op != GU_X_UNARY && op != GU_X_NOT))
        return NULL;
    e = gu_expr_new(c, op);
    if (e == NULL)
        return NULL;
    e->sub = sub;
    e->as.of.a = a;
    e->as.of.b = b;
    return gu_expr_done(c, e, b == NULL ? a->depth : (unsigned)gu_max(a->depth, b->depth));
}

static struct gu_expr *new_constant(struct gu_compiler *c, gust_value value)
{
    struct gu_expr *e = gu_expr_new(c, GU_X_CONST);

    if (e != NULL)
        e->as.constant = value;
    return e;
}

/* A list of expressions that grows. */
struct list {
    struct gu_expr **items;
    uint32_t n, cap;
    unsigned depth;
};

static bool list_add(struct gu_compiler *c, struct list *list, struct gu_expr *e)
{
    if (e == NULL)
        return false;
    if (list->n == list->cap) {
        uint32_t cap = list->cap == 0 ? 4 : list->cap * 2;
        struct gu_expr **items = gu_compile_alloc(c, cap, sizeof(struct gu_expr *));

        if (items == NULL)
            return false;
        if (list->n > 0)
            memcpy(items, list->items, list->n * sizeof(struct gu_expr *));
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = e;
    list->depth = (unsigned)gu_max(list->depth, e->depth);
    return true;
}

static struct gu_expr *new_list(struct gu_compiler *c, enum gu_expr_op op, const struct list *list)
{
    struct gu_expr *e = gu_expr_new(c, op);

    if (e == NULL)
        return NULL;
    e->as.list.items = list->items;
    e->n = list->n;
    return gu_expr_done(c, e, list->depth);
}

/* --- tokens --- */

void *gu_parse_unexpected(struct gu_compiler *c)
{
    const struct gu_lexer *lex = &c->lex;

    if (c->err != 0)
        return NULL;
    if (lex->kind == GU_T_BAD)
        return gu_compile_fail(c, "%s", lex->problem);
    if (lex->kind == GU_T_END)
        return gu_compile_fail(c, "an expression ends too early");
    if (lex->kind == GU_T_WORD)
        return gu_compile_fail(c, "'%.*s' is not supported in an expression", (int)lex->text.len,
                               lex->text.ptr);
    return gu_compile_fail(c, "'%.*s' does not belong here in an expression",
                           (int)gu_min(lex->text.len, 40), lex->text.ptr);
}

bool gu_expect(struct gu_compiler *c, int kind, const char *what)
{
    if (gu_accept(c, kind))
        return true;
    if (gu_at(c, GU_T_END) && c->err == 0)
        gu_compile_fail(c, "missing %s in an expression", what);
    return gu_parse_unexpected(c) != NULL;
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
static bool parse_items(struct gu_compiler *c, int close, struct gu_expr *first, struct list *list)
{
    if (first != NULL && !list_add(c, list, first))
        return false;
    while (first == NULL || gu_accept(c, ',')) {
        if (gu_at(c, close))
            break;
        first = gu_parse_test(c);
        if (!list_add(c, list, first))
            return false;
    }
    return gu_expect(c, close, close == ')' ? ")" : close == ']' ? "]" : "}");
}

/* A tuple, a generator expression, or an expression in parentheses. */
static struct gu_expr *parse_parentheses(struct gu_compiler *c)
{
    struct list list = {0};
    struct gu_expr *first;

    gu_lex_next(&c->lex);
    if (gu_accept(c, ')'))
        return new_list(c, GU_X_TUPLE, &list);
    first = gu_parse_test(c);
    if (first == NULL)
        return NULL;
    if (gu_at(c, GU_T_FOR))
        return gu_compile_fail(c, "a generator expression is supported only as the single argument "
                                  "of a call: use a list");
    if (!gu_at(c, ','))
        return gu_expect(c, ')', ")") ? first : NULL;
    return parse_items(c, ')', first, &list) ? new_list(c, GU_X_TUPLE, &list) : NULL;
}

static struct gu_expr *parse_list(struct gu_compiler *c)
{
    struct gu_expr *mark = c->scope->pending, *first = NULL;
    struct list list = {0};

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
    return parse_items(c, ']', first, &list) ? new_list(c, GU_X_LIST, &list) : NULL;
}

static struct gu_expr *parse_dict(struct gu_compiler *c)
{
    struct gu_expr *mark = c->scope->pending, *key, *value;
    struct list list = {0};

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
        if (!list_add(c, &list, key) || !list_add(c, &list, value))
            return NULL;
        if (!gu_accept(c, ','))
            break;
    }
    return gu_expect(c, '}', "}") ? new_list(c, GU_X_DICT, &list) : NULL;
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
static bool parse_argument(struct gu_compiler *c, struct list *args, struct list *named,
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
        return list_add(c, named, gu_parse_test(c));
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
    return list_add(c, args, e);
}

static struct gu_expr *parse_call(struct gu_compiler *c, struct gu_expr *fn)
{
    struct list args = {.depth = fn->depth}, named = {0};
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
        if (!list_add(c, &args, named.items[i]))
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

static struct gu_expr *parse_primary(struct gu_compiler *c)
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

/* --- operators --- */

static const struct {
    int token;
    unsigned char op, precedence;
} operators[] = {
    {'|', GU_BITOR, 1},    {'^', GU_BITXOR, 2},
    {'&', GU_BITAND, 3},   {GU_T_SHL, GU_SHL, 4},
    {GU_T_SHR, GU_SHR, 4}, {'+', GU_ADD, 5},
    {'-', GU_SUB, 5},      {'*', GU_MUL, 6},
    {'/', GU_DIV, 6},      {GU_T_FLOORDIV, GU_FLOORDIV, 6},
    {'%', GU_MOD, 6},
};

static struct gu_expr *parse_unary(struct gu_compiler *c);

static struct gu_expr *parse_power(struct gu_compiler *c)
{
    struct gu_expr *e = parse_primary(c);

    if (e != NULL && gu_accept(c, GU_T_POW))
        return new_of(c, GU_X_BINARY, GU_POW, e, parse_unary(c));
    return e;
}

/* The parser's own recursion is bounded where all of it passes. */
static bool deeper(struct gu_compiler *c)
{
    if (c->parse_depth++ < 2 * GU_EXPR_DEPTH)
        return true;
    gu_compile_fail_at(c, -GUST_ETOOBIG, c->place->file, c->line, "an expression is deeper than %d",
                       GU_EXPR_DEPTH);
    return false;
}

static struct gu_expr *parse_unary(struct gu_compiler *c)
{
    int kind = c->lex.kind;
    struct gu_expr *e = NULL;

    if (deeper(c)) {
        if (kind != '-' && kind != '+' && kind != '~') {
            e = parse_power(c);
        } else {
            gu_lex_next(&c->lex);
            e = new_of(c, GU_X_UNARY, (unsigned char)kind, parse_unary(c), NULL);
        }
    }
    c->parse_depth--;
    return e;
}

/* Index in operators[] of the current token; -1 if it is none. */
static int find_operator(const struct gu_compiler *c)
{
    for (size_t i = 0; i < gu_countof(operators); i++)
        if (c->lex.kind == operators[i].token)
            return (int)i;
    return -1;
}

static struct gu_expr *parse_binary(struct gu_compiler *c, int least)
{
    struct gu_expr *e = parse_unary(c);

    while (e != NULL) {
        int i = find_operator(c);

        if (i < 0 || operators[i].precedence < least)
            break;
        gu_lex_next(&c->lex);
        e = new_of(c, GU_X_BINARY, operators[i].op, e,
                   parse_binary(c, operators[i].precedence + 1));
    }
    return e;
}

/* The comparison at the current token, and goes behind it; -1 if there is none. */
static int accept_comparison(struct gu_compiler *c)
{
    static const struct {
        int token;
        enum gu_comparison op;
    } comparisons[] = {{GU_T_EQ, GU_EQ}, {GU_T_NE, GU_NE}, {'<', GU_LT},    {GU_T_LE, GU_LE},
                       {'>', GU_GT},     {GU_T_GE, GU_GE}, {GU_T_IN, GU_IN}};

    for (size_t i = 0; i < gu_countof(comparisons); i++)
        if (gu_accept(c, comparisons[i].token))
            return (int)comparisons[i].op;
    if (gu_accept(c, GU_T_IS))
        return gu_accept(c, GU_T_NOT) ? GU_IS_NOT : GU_IS;
    if (gu_accept(c, GU_T_NOT)) {
        if (gu_expect(c, GU_T_IN, "in"))
            return GU_NOT_IN;
    }
    return -1;
}

static struct gu_expr *parse_comparison(struct gu_compiler *c)
{
    struct gu_expr *e = parse_binary(c, 1);
    struct list list = {0};
    unsigned char ops[GU_MAX_COMPARISONS], *kept;
    int op;

    if (e == NULL)
        return NULL;
    for (uint32_t n = 0; (op = accept_comparison(c)) >= 0; n++) {
        if (n == GU_MAX_COMPARISONS)
            return gu_compile_fail(c, "more than %d comparisons in a row", GU_MAX_COMPARISONS);
        ops[n] = (unsigned char)op;
        if (n == 0 && !list_add(c, &list, e))
            return NULL;
        if (!list_add(c, &list, parse_binary(c, 1)))
            return NULL;
    }
    if (c->err != 0 || list.n == 0)
        return c->err != 0 ? NULL : e;
    kept = gu_compile_alloc(c, list.n, 1);
    e = new_list(c, GU_X_COMPARE, &list);
    if (kept == NULL || e == NULL)
        return NULL;
    memcpy(kept, ops, list.n - 1);
    e->as.list.ops = kept;
    return e;
}

static struct gu_expr *parse_not(struct gu_compiler *c)
{
    struct gu_expr *e = NULL;

    if (!gu_at(c, GU_T_NOT))
        return parse_comparison(c);
    if (deeper(c)) {
        gu_lex_next(&c->lex);
        e = new_of(c, GU_X_NOT, 0, parse_not(c), NULL);
    }
    c->parse_depth--;
    return e;
}

static struct gu_expr *parse_and(struct gu_compiler *c)
{
    struct gu_expr *e = parse_not(c);

    while (e != NULL && gu_accept(c, GU_T_AND))
        e = new_of(c, GU_X_AND, 0, e, parse_not(c));
    return e;
}

struct gu_expr *gu_parse_or(struct gu_compiler *c)
{
    struct gu_expr *e = parse_and(c);

    while (e != NULL && gu_accept(c, GU_T_OR))
        e = new_of(c, GU_X_OR, 0, e, parse_and(c));
    return e;
}

struct gu_expr *gu_parse_test(struct gu_compiler *c)
{
    struct gu_expr *e = gu_parse_or(c), *condition, *otherwise, *chosen;

    if (e == NULL || !gu_accept(c, GU_T_IF))
        return e;
    condition = gu_parse_or(c);
    if (condition == NULL || !gu_expect(c, GU_T_ELSE, "else"))
        return NULL;
    otherwise = deeper(c) ? gu_parse_test(c) : NULL;
    c->parse_depth--;
    chosen = new_of(c, GU_X_IF, 0, e, otherwise);
    if (chosen == NULL)
        return NULL;
    chosen->as.of.c = condition;
    return gu_expr_done(c, chosen, (unsigned)gu_max(chosen->depth - 1u, condition->depth));
}

struct gu_expr *gu_parse_tests(struct gu_compiler *c)
{
    struct gu_expr *e = gu_parse_test(c);
    struct list list = {0};

    if (e == NULL || !gu_at(c, ','))
        return e;
    if (!list_add(c, &list, e))
        return NULL;
    while (gu_accept(c, ',')) {
        if (gu_at(c, GU_T_END) || gu_at(c, ']') || gu_at(c, '='))
            break;
        if (!list_add(c, &list, gu_parse_test(c)))
            return NULL;
    }
    return new_list(c, GU_X_TUPLE, &list);
}

struct gu_expr *gu_parse_expr(struct gu_compiler *c, gust_str text)
{
    struct gu_expr *e;

    gu_lex_init(&c->lex, c->arena, text);
    c->parse_depth = 0;
    e = gu_parse_tests(c);
    if (e != NULL && !gu_at(c, GU_T_END))
        return gu_parse_unexpected(c);
    return e;
}
