/*
 * eval — walking expressions
 *
 * One function walks, and hands what needs more than a few words of the stack to others: its own
 * frame is what each level of nesting costs.
 */
#include "template/eval.h"
#include "template/methods.h"

/* --- names --- */

static gu_noinline bool has_no_value(struct gu_render *r, const struct gu_expr *e)
{
    gust_str name = e->as.name.name;

    if (e->op == GU_X_LOCAL)
        return gu_throw(r, GU_UNBOUND_LOCAL_ERROR,
                        "cannot access local variable '%.*s' where it is not associated with a "
                        "value",
                        (int)name.len, name.ptr);
    return gu_throw(r, GU_NAME_ERROR, "name '%.*s' is not defined", (int)name.len, name.ptr);
}

/* --- assigning --- */

static gu_noinline bool assign_items(struct gu_render *r, const struct gu_target *target,
                                     const gust_value *value)
{
    struct gu_iter it;
    gust_value item;
    uint32_t n = 0;
    int more;

    if (!gu_iter_init(r, &it, value))
        return false;
    while ((more = gu_iter_next(r, &it, &item)) > 0) {
        if (n == target->n)
            return gu_throw(r, GU_VALUE_ERROR, "too many values to unpack (expected %u)",
                            target->n);
        if (!gu_assign(r, &target->items[n++], &item))
            return false;
    }
    if (more == 0 && n < target->n)
        return gu_throw(r, GU_VALUE_ERROR, "not enough values to unpack (expected %u, got %u)",
                        target->n, n);
    return more == 0;
}

static gu_noinline bool assign_index(struct gu_render *r, const struct gu_target *target,
                                     const gust_value *value)
{
    gust_value of, index;

    return gu_eval(r, target->of, &of) && gu_eval(r, target->index, &index) &&
           gu_index_set(r, &of, &index, value);
}

bool gu_assign(struct gu_render *r, const struct gu_target *target, const gust_value *value)
{
    if (gu_likely(gu_is_name(target))) {
        r->slots[target->slot] = *value;
        return true;
    }
    return target->is_tuple ? assign_items(r, target, value) : assign_index(r, target, value);
}

/* --- operators --- */

static gu_noinline bool eval_binary(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    gust_value a, b;

    return gu_eval(r, e->as.of.a, &a) && gu_eval(r, e->as.of.b, &b) &&
           gu_operate(r, (enum gu_operator)e->sub, &a, &b, value);
}

static bool is_same(const gust_value *a, const gust_value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == GUST_STRING)
        return gu_str_eq(a->as.string, b->as.string);
    if (a->type <= GUST_DOUBLE)
        return gu_equal(a, b);
    return a->as.own == b->as.own;
}

static bool has_order(enum gu_comparison op, int order)
{
    switch (op) {
    case GU_LT:
        return order == -1;
    case GU_LE:
        return order == -1 || order == 0;
    case GU_GT:
        return order == 1;
    default:
        return order == 1 || order == 0;
    }
}

static bool compare(struct gu_render *r, enum gu_comparison op, const gust_value *a,
                    const gust_value *b, bool *holds)
{
    static const char *const symbols[] = {"==", "!=", "<", "<=", ">", ">="};
    int order;

    switch (op) {
    case GU_EQ:
    case GU_NE:
        *holds = gu_equal(a, b) == (op == GU_EQ);
        return true;
    case GU_IS:
    case GU_IS_NOT:
        *holds = is_same(a, b) == (op == GU_IS);
        return true;
    case GU_IN:
    case GU_NOT_IN:
        if (!gu_contains(r, b, a, holds))
            return false;
        *holds = *holds == (op == GU_IN);
        return true;
    default:
        if (!gu_order(r, a, b, symbols[op], &order))
            return false;
        *holds = has_order(op, order);
        return true;
    }
}

static gu_noinline bool eval_compare(struct gu_render *r, const struct gu_expr *e,
                                     gust_value *value)
{
    gust_value a, b;
    bool holds = true;

    if (!gu_eval(r, e->as.list.items[0], &a))
        return false;
    for (uint32_t i = 1; i < e->n && holds; i++) {
        if (!gu_eval(r, e->as.list.items[i], &b) ||
            !compare(r, (enum gu_comparison)e->as.list.ops[i - 1], &a, &b, &holds))
            return false;
        a = b;
    }
    *value = gust_value_bool(holds);
    return true;
}

/* --- items --- */

static gu_noinline bool eval_index(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    gust_value of, index;

    return gu_eval(r, e->as.index.of, &of) && gu_eval(r, e->as.index.from, &index) &&
           gu_index(r, &of, &index, value);
}

static gu_noinline bool eval_slice(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    struct gu_expr *const parts[3] = {e->as.index.from, e->as.index.to, e->as.index.step};
    const gust_value *bounds[3] = {NULL, NULL, NULL};
    gust_value of, values[3];

    if (!gu_eval(r, e->as.index.of, &of))
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (parts[i] == NULL)
            continue;
        if (!gu_eval(r, parts[i], &values[i]))
            return false;
        bounds[i] = &values[i];
    }
    return gu_slice(r, &of, bounds, value);
}

static gu_noinline bool eval_attribute(struct gu_render *r, const struct gu_expr *e,
                                       gust_value *value)
{
    gust_value of;

    return gu_eval(r, e->as.attr.of, &of) && gu_attribute(r, &of, e->as.attr.name, value);
}

/* --- literals --- */

static gu_noinline bool eval_list(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    struct gu_seq *seq = gu_seq_new(r, e->op == GU_X_TUPLE ? GU_TUPLE : GU_LIST, e->n);

    if (seq == NULL)
        return false;
    for (; seq->n < e->n; seq->n++)
        if (!gu_eval(r, e->as.list.items[seq->n], &seq->items[seq->n]))
            return false;
    *value = gu_seq_value(seq);
    return true;
}

static gu_noinline bool eval_dict(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    struct gu_dict *dict = gu_dict_new(r);
    gust_value key, item;

    if (dict == NULL)
        return false;
    for (uint32_t i = 0; i < e->n; i += 2)
        if (!gu_eval(r, e->as.list.items[i], &key) || !gu_eval(r, e->as.list.items[i + 1], &item) ||
            !gu_dict_put(r, dict, &key, &item))
            return false;
    *value = gu_own(GU_DICT, dict);
    return true;
}

/* --- comprehensions --- */

struct gu_generator {
    const struct gu_each *each;
    struct gu_iter it;
};

/* Goes on to the next turn for which all conditions hold: 1, 0 at the end, -1. */
static int next_turn(struct gu_render *r, struct gu_generator *g)
{
    gust_value item, condition;
    int more;

    while ((more = gu_iter_next(r, &g->it, &item)) > 0) {
        bool holds = true;

        if (!gu_assign(r, &g->each->target, &item))
            return -1;
        for (size_t i = 0; holds && i < g->each->n_conditions; i++) {
            if (!gu_eval(r, g->each->conditions[i], &condition))
                return -1;
            holds = gu_truth(&condition);
        }
        if (holds)
            return 1;
    }
    return more;
}

int gu_generator_next(struct gu_render *r, struct gu_generator *g, gust_value *item)
{
    int more = next_turn(r, g);

    return more > 0 && !gu_eval(r, g->each->item, item) ? -1 : more;
}

static bool collect_list(struct gu_render *r, struct gu_generator *g, gust_value *value)
{
    struct gu_seq *seq = gu_seq_new(r, GU_LIST, 0);
    gust_value item;
    int more;

    if (seq == NULL)
        return false;
    while ((more = gu_generator_next(r, g, &item)) > 0)
        if (!gu_seq_push(r, seq, item))
            return false;
    *value = gu_seq_value(seq);
    return more == 0;
}

static bool collect_dict(struct gu_render *r, struct gu_generator *g, gust_value *value)
{
    struct gu_dict *dict = gu_dict_new(r);
    gust_value key, item;
    int more;

    if (dict == NULL)
        return false;
    while ((more = next_turn(r, g)) > 0)
        if (!gu_eval(r, g->each->item, &key) || !gu_eval(r, g->each->value, &item) ||
            !gu_dict_put(r, dict, &key, &item))
            return false;
    *value = gu_own(GU_DICT, dict);
    return more == 0;
}

static gu_noinline bool eval_each(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    struct gu_generator here = {.each = e->as.each}, *kept;
    gust_value over;

    if (!gu_eval(r, here.each->over, &over) || !gu_iter_init(r, &here.it, &over))
        return false;
    if (here.each->kind == GU_EACH_LIST)
        return collect_list(r, &here, value);
    if (here.each->kind == GU_EACH_DICT)
        return collect_dict(r, &here, value);
    kept = gu_render_alloc(r, 1, sizeof *kept);
    if (kept == NULL)
        return false;
    *kept = here;
    *value = gu_own(GU_GENERATOR, kept);
    return true;
}

/* --- calls --- */

#define FEW_ARGS 4 /* on the stack; more are in the rendering's memory */

static bool eval_arguments(struct gu_render *r, const struct gu_expr *e, gust_value *values)
{
    uint32_t n = e->n + e->as.call.n_named;

    for (uint32_t i = 0; i < n; i++)
        if (!gu_eval(r, e->as.call.args[i], &values[i]))
            return false;
    return true;
}

/* What is called: a method is found without making a value of it. */
static bool eval_callee(struct gu_render *r, const struct gu_expr *fn, gust_value *of,
                        struct gu_args *args, gust_value *callee)
{
    const struct gu_builtin *method;

    if (fn->op != GU_X_ATTR)
        return gu_eval(r, fn, callee);
    if (!gu_eval(r, fn->as.attr.of, of))
        return false;
    method = gu_method_find(of, fn->as.attr.name);
    if (method == NULL)
        return gu_attribute(r, of, fn->as.attr.name, callee);
    *callee = gu_builtin_value(method);
    args->self = of;
    return true;
}

static gu_noinline bool eval_call(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    struct gu_args args = {.n = e->n, .names = e->as.call.names, .n_named = e->as.call.n_named};
    gust_value few[FEW_ARGS], *values = few, callee, of;

    if (e->n + e->as.call.n_named > FEW_ARGS) {
        values = gu_render_alloc(r, e->n + e->as.call.n_named, sizeof *values);
        if (values == NULL)
            return false;
    }
    args.items = values;
    return eval_callee(r, e->as.call.fn, &of, &args, &callee) && eval_arguments(r, e, values) &&
           gu_call_value(r, &callee, &args, value);
}

/* --- all --- */

bool gu_eval(struct gu_render *r, const struct gu_expr *e, gust_value *value)
{
    switch (e->op) {
    case GU_X_CONST:
        *value = e->as.constant;
        return true;
    case GU_X_LOCAL:
    case GU_X_GLOBAL:
        *value = r->slots[e->as.name.slot];
        return gu_likely(gu_kind(value) != GU_UNBOUND) || has_no_value(r, e);
    default:
        break;
    }
    if (!gu_step(r))
        return false;
    switch (e->op) {
    case GU_X_ATTR:
        return eval_attribute(r, e, value);
    case GU_X_INDEX:
        return eval_index(r, e, value);
    case GU_X_SLICE:
        return eval_slice(r, e, value);
    case GU_X_CALL:
        return eval_call(r, e, value);
    case GU_X_UNARY:
        return gu_eval(r, e->as.of.a, value) && gu_operate_unary(r, (char)e->sub, value, value);
    case GU_X_NOT:
        if (!gu_eval(r, e->as.of.a, value))
            return false;
        *value = gust_value_bool(!gu_truth(value));
        return true;
    case GU_X_BINARY:
        return eval_binary(r, e, value);
    case GU_X_COMPARE:
        return eval_compare(r, e, value);
    case GU_X_AND:
    case GU_X_OR:
        if (!gu_eval(r, e->as.of.a, value))
            return false;
        return gu_truth(value) != (e->op == GU_X_AND) || gu_eval(r, e->as.of.b, value);
    case GU_X_IF:
        if (!gu_eval(r, e->as.of.c, value))
            return false;
        return gu_eval(r, gu_truth(value) ? e->as.of.a : e->as.of.b, value);
    case GU_X_TUPLE:
    case GU_X_LIST:
        return eval_list(r, e, value);
    case GU_X_DICT:
        return eval_dict(r, e, value);
    default:
        return eval_each(r, e, value);
    }
}
