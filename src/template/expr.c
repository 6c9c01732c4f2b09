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

bool gu_exprs_add(struct gu_compiler *c, struct gu_exprs *list, struct gu_expr *e)
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

struct gu_expr *gu_exprs_node(struct gu_compiler *c, enum gu_expr_op op,
                              const struct gu_exprs *list)
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
    if (lex->kind == GU_T_BAD && lex->problem == NULL)
        return gu_compile_no_memory(c);
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
    struct gu_expr *e = gu_parse_primary(c);

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
    struct gu_exprs list = {0};
    unsigned char ops[GU_MAX_COMPARISONS], *kept;
    int op;

    if (e == NULL)
        return NULL;
    for (uint32_t n = 0; (op = accept_comparison(c)) >= 0; n++) {
        if (n == GU_MAX_COMPARISONS)
            return gu_compile_fail(c, "more than %d comparisons in a row", GU_MAX_COMPARISONS);
        ops[n] = (unsigned char)op;
        if (n == 0 && !gu_exprs_add(c, &list, e))
            return NULL;
        if (!gu_exprs_add(c, &list, parse_binary(c, 1)))
            return NULL;
    }
    if (c->err != 0 || list.n == 0)
        return c->err != 0 ? NULL : e;
    kept = gu_compile_alloc(c, list.n, 1);
    e = gu_exprs_node(c, GU_X_COMPARE, &list);
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
    struct gu_exprs list = {0};

    if (e == NULL || !gu_at(c, ','))
        return e;
    if (!gu_exprs_add(c, &list, e))
        return NULL;
    while (gu_accept(c, ',')) {
        if (gu_at(c, GU_T_END) || gu_at(c, ']') || gu_at(c, '='))
            break;
        if (!gu_exprs_add(c, &list, gu_parse_test(c)))
            return NULL;
    }
    return gu_exprs_node(c, GU_X_TUPLE, &list);
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
