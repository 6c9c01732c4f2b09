/*
 * each — what is assigned to, and what repeats: targets, for, set, comprehensions
 */
#include "template/compile.h"

/* --- targets --- */

static bool parse_one_target(struct gu_compiler *c, struct gu_target *target);

/* Targets with commas between them, up to what ends them; one alone, without a comma, is no tuple.
 */
static bool parse_targets(struct gu_compiler *c, struct gu_target *target, int close)
{
    struct gu_target items[GU_MAX_TARGETS];
    uint32_t n = 0;
    bool is_tuple = false;

    do {
        if (n > 0 && (gu_at(c, close) || gu_at(c, GU_T_IN) || gu_at(c, '=')))
            break;
        if (n == GU_MAX_TARGETS)
            return gu_compile_fail(c, "more than %d names are assigned at once", GU_MAX_TARGETS) !=
                   NULL;
        if (!parse_one_target(c, &items[n++]))
            return false;
        is_tuple = is_tuple || gu_at(c, ',');
    } while (gu_accept(c, ','));
    if (!is_tuple) {
        *target = items[0];
        return true;
    }
    *target = (struct gu_target){.is_tuple = true, .n = n};
    target->items = gu_compile_alloc(c, n, sizeof *items);
    if (target->items == NULL)
        return false;
    memcpy(target->items, items, n * sizeof *items);
    return true;
}

static bool parse_name_target(struct gu_compiler *c, struct gu_target *target)
{
    gust_str name = c->lex.text;

    gu_lex_next(&c->lex);
    if (gu_at(c, '.') || gu_at(c, '['))
        return gu_compile_fail(c, "only names are assigned to here") != NULL;
    *target = (struct gu_target){.slot = gu_vars_bind(c, name)};
    return c->err == 0;
}

static bool parse_one_target(struct gu_compiler *c, struct gu_target *target)
{
    bool ok = false;

    if (gu_at(c, GU_T_NAME))
        return parse_name_target(c, target);
    if (!gu_at(c, '(') && !gu_at(c, '['))
        return gu_parse_unexpected(c) != NULL;
    if (c->parse_depth++ < GU_EXPR_DEPTH) {
        int close = gu_at(c, '(') ? ')' : ']';

        gu_lex_next(&c->lex);
        ok = parse_targets(c, target, close) && gu_expect(c, close, "a closing bracket");
    } else {
        gu_compile_fail(c, "names are assigned too deep");
    }
    c->parse_depth--;
    return ok;
}

bool gu_parse_target(struct gu_compiler *c, struct gu_target *target)
{
    return parse_targets(c, target, GU_T_END);
}

/* --- for --- */

bool gu_parse_for(struct gu_compiler *c, gust_str text, struct gu_stmt *s)
{
    gu_lex_init(&c->lex, c->arena, text);
    c->parse_depth = 0;
    if (!gu_parse_target(c, &s->as.loop.target) || !gu_expect(c, GU_T_IN, "in"))
        return false;
    s->as.loop.over = gu_parse_tests(c);
    if (s->as.loop.over != NULL && !gu_at(c, GU_T_END))
        return gu_parse_unexpected(c) != NULL;
    return s->as.loop.over != NULL;
}

/* --- comprehensions --- */

/* The names used since `mark` were used inside of the comprehension. */
static void move_pending(struct gu_vars *inner, struct gu_vars *outer, struct gu_expr *mark)
{
    while (outer->pending != mark) {
        struct gu_expr *e = outer->pending;

        outer->pending = e->as.name.next;
        e->as.name.next = inner->pending;
        inner->pending = e;
    }
}

static bool parse_conditions(struct gu_compiler *c, struct gu_each *each)
{
    struct gu_expr *conditions[GU_MAX_TARGETS];

    while (gu_accept(c, GU_T_IF)) {
        if (each->n_conditions == gu_countof(conditions))
            return gu_compile_fail(c, "a comprehension has more than %d conditions",
                                   GU_MAX_TARGETS) != NULL;
        conditions[each->n_conditions] = gu_parse_or(c);
        if (conditions[each->n_conditions++] == NULL)
            return false;
    }
    if (gu_at(c, GU_T_FOR))
        return gu_compile_fail(c, "a comprehension with more than one for is not supported") !=
               NULL;
    each->conditions = gu_compile_alloc(c, each->n_conditions + 1, sizeof *conditions);
    if (each->conditions == NULL)
        return false;
    memcpy(each->conditions, conditions, each->n_conditions * sizeof *conditions);
    return true;
}

static unsigned depth_of(const struct gu_each *each)
{
    unsigned depth = (unsigned)gu_max(each->item->depth, each->over->depth);

    if (each->value != NULL)
        depth = (unsigned)gu_max(depth, each->value->depth);
    for (size_t i = 0; i < each->n_conditions; i++)
        depth = (unsigned)gu_max(depth, each->conditions[i]->depth);
    return depth;
}

/* The iterable belongs to the scope around, as in Python. */
static bool parse_clauses(struct gu_compiler *c, struct gu_each *each, struct gu_vars *inner)
{
    if (!gu_parse_target(c, &each->target) || !gu_expect(c, GU_T_IN, "in"))
        return false;
    c->scope = inner->outer;
    each->over = gu_parse_or(c);
    c->scope = inner;
    return each->over != NULL && parse_conditions(c, each);
}

struct gu_expr *gu_parse_each(struct gu_compiler *c, enum gu_each_kind kind, struct gu_expr *item,
                              struct gu_expr *value, struct gu_expr *mark)
{
    struct gu_each *each = gu_compile_node(c, sizeof *each);
    struct gu_expr *e = gu_expr_new(c, GU_X_EACH);
    struct gu_vars inner;
    bool ok;

    if (each == NULL || e == NULL)
        return NULL;
    gu_lex_next(&c->lex);
    each->kind = kind;
    each->item = item;
    each->value = value;
    gu_vars_open(c, &inner);
    move_pending(&inner, inner.outer, mark);
    ok = parse_clauses(c, each, &inner);
    gu_vars_close(c, &inner);
    if (!ok || c->err != 0)
        return NULL;
    e->as.each = each;
    return gu_expr_done(c, e, depth_of(each));
}

/* --- set --- */

/* Turns an expression into what it would be as a target. */
static bool to_target(struct gu_compiler *c, struct gu_expr *e, struct gu_target *target);

static bool to_targets(struct gu_compiler *c, struct gu_expr *e, struct gu_target *target)
{
    *target = (struct gu_target){.is_tuple = true, .n = e->n};
    target->items = gu_compile_alloc(c, e->n + 1u, sizeof *target->items);
    if (target->items == NULL)
        return false;
    for (uint32_t i = 0; i < e->n; i++)
        if (!to_target(c, e->as.list.items[i], &target->items[i]))
            return false;
    return true;
}

static bool to_target(struct gu_compiler *c, struct gu_expr *e, struct gu_target *target)
{
    switch (e->op) {
    case GU_X_NAME: /* its use, which waits to be resolved, does no harm */
        *target = (struct gu_target){.slot = gu_vars_bind(c, e->as.name.name)};
        return c->err == 0;
    case GU_X_TUPLE:
    case GU_X_LIST:
        return to_targets(c, e, target);
    case GU_X_INDEX:
        *target = (struct gu_target){.of = e->as.index.of, .index = e->as.index.from};
        return true;
    default:
        return gu_compile_fail(c, "set assigns to names and items: this is neither") != NULL;
    }
}

static bool set_update(struct gu_compiler *c, struct gu_stmt *s, struct gu_expr *e)
{
    static const struct {
        int token;
        enum gu_operator op;
    } updates[] = {{'+', GU_ADD},      {'-', GU_SUB},      {'*', GU_MUL},
                   {'/', GU_DIV},      {'%', GU_MOD},      {GU_T_FLOORDIV, GU_FLOORDIV},
                   {'&', GU_BITAND},   {'|', GU_BITOR},    {'^', GU_BITXOR},
                   {GU_T_POW, GU_POW}, {GU_T_SHL, GU_SHL}, {GU_T_SHR, GU_SHR}};
    int token = c->lex.update;

    if (e->op != GU_X_NAME)
        return gu_compile_fail(c, "set updates only names in place") != NULL;
    s->op = GU_S_UPDATE;
    for (size_t i = 0; i < gu_countof(updates); i++)
        if (updates[i].token == token)
            s->sub = (unsigned char)updates[i].op;
    if (token == '@')
        return gu_parse_unexpected(c) != NULL;
    gu_lex_next(&c->lex);
    s->as.set.targets = gu_compile_node(c, sizeof *s->as.set.targets);
    if (s->as.set.targets == NULL || !to_target(c, e, s->as.set.targets))
        return false;
    s->as.set.value = gu_parse_tests(c);
    return s->as.set.value != NULL;
}

/* a = b = value: each expression but the last was a target. */
static bool set_assign(struct gu_compiler *c, struct gu_stmt *s, struct gu_expr *e)
{
    struct gu_target targets[GU_MAX_TARGETS];

    s->op = GU_S_SET;
    while (gu_accept(c, '=')) {
        if (s->as.set.n == gu_countof(targets))
            return gu_compile_fail(c, "more than %d assignments at once", GU_MAX_TARGETS) != NULL;
        if (!to_target(c, e, &targets[s->as.set.n++]))
            return false;
        e = gu_parse_tests(c);
        if (e == NULL)
            return false;
    }
    s->as.set.value = e;
    s->as.set.targets = gu_compile_alloc(c, s->as.set.n, sizeof *targets);
    if (s->as.set.targets == NULL)
        return false;
    memcpy(s->as.set.targets, targets, s->as.set.n * sizeof *targets);
    return true;
}

bool gu_parse_set(struct gu_compiler *c, gust_str text, struct gu_stmt *s)
{
    struct gu_expr *e;
    bool ok = true;

    gu_lex_init(&c->lex, c->arena, text);
    c->parse_depth = 0;
    e = gu_parse_tests(c);
    if (e == NULL)
        return false;
    if (gu_at(c, '=')) {
        ok = set_assign(c, s, e);
    } else if (gu_at(c, GU_T_UPDATE)) {
        ok = set_update(c, s, e);
    } else {
        s->op = GU_S_DO;
        s->as.set.value = e;
    }
    if (ok && !gu_at(c, GU_T_END))
        return gu_parse_unexpected(c) != NULL;
    return ok;
}
