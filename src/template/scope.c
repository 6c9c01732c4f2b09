/*
 * scope — which value a name has
 *
 * As in Python, a name that is assigned to anywhere in a function is local to it everywhere. So a
 * name can be resolved only at the end of its function: until then its uses wait in a list. Each
 * local has a slot of its own for the whole template, since nothing in a template calls itself.
 */
#include "template/compile.h"

static struct gu_name *intern(struct gu_compiler *c, gust_str text)
{
    struct gu_name *name = gu_map_find(&c->names, text);

    if (name != NULL)
        return name;
    name = gu_compile_node(c, sizeof *name);
    if (name == NULL)
        return NULL;
    name->text = text;
    if (gu_map_put(&c->names, text, name) < 0)
        return gu_compile_no_memory(c);
    return name;
}

void gu_vars_open(struct gu_compiler *c, struct gu_vars *scope)
{
    *scope = (struct gu_vars){.outer = c->scope};
    c->scope = scope;
}

uint32_t gu_vars_bind(struct gu_compiler *c, gust_str text)
{
    struct gu_name *name = intern(c, text);
    struct gu_binding *b;

    if (name == NULL)
        return 0;
    if (name->bound != NULL && name->bound->scope == c->scope)
        return name->bound->slot;
    b = gu_compile_node(c, sizeof *b);
    if (b == NULL)
        return 0;
    *b = (struct gu_binding){name->bound, c->scope->bindings, c->scope, name, c->made->n_slots++};
    name->bound = b;
    c->scope->bindings = b;
    c->scope->n_bindings++;
    return b->slot;
}

struct gu_expr *gu_vars_use(struct gu_compiler *c, gust_str text)
{
    struct gu_expr *e = gu_expr_new(c, GU_X_NAME);

    if (e == NULL)
        return NULL;
    e->as.name.name = text;
    e->as.name.next = c->scope->pending;
    c->scope->pending = e;
    return e;
}

static void resolve_global(struct gu_compiler *c, struct gu_expr *e, struct gu_name *name)
{
    e->op = GU_X_GLOBAL;
    if (name->global == 0) {
        struct gu_global *global = gu_compile_node(c, sizeof *global);

        if (global == NULL)
            return;
        *global = (struct gu_global){c->made->globals, name->text, c->made->n_slots++};
        c->made->globals = global;
        name->global = global->slot + 1;
    }
    e->as.name.slot = name->global - 1;
}

void gu_vars_close(struct gu_compiler *c, struct gu_vars *scope)
{
    struct gu_expr *next;

    for (struct gu_expr *e = scope->pending; e != NULL && c->err == 0; e = next) {
        struct gu_name *name = intern(c, e->as.name.name);

        next = e->as.name.next;
        if (name == NULL)
            break;
        if (name->bound != NULL && name->bound->scope == scope) {
            e->op = GU_X_LOCAL;
            e->as.name.slot = name->bound->slot;
        } else if (scope->outer == NULL) {
            resolve_global(c, e, name);
        } else {
            e->as.name.next = scope->outer->pending;
            scope->outer->pending = e;
        }
    }
    for (struct gu_binding *b = scope->bindings; b != NULL; b = b->next)
        b->name->bound = b->outer;
    c->scope = scope->outer;
}
