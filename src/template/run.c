/*
 * run — walking statements
 *
 * Text goes to the rendering's buffer, which is another one inside of an apply. What fails is known
 * by the innermost statement; a try takes it back.
 */
#include "codec/escape.h"
#include "template/eval.h"
#include "template/methods.h"
#include "template/template_impl.h"

/* How statements end. */
enum flow { ON, BREAK, CONTINUE, FAILED };

static enum flow run(struct gu_render *r, const struct gu_stmt *s);

/* Notes where it failed, if that is not known yet. */
static gu_noinline enum flow fail_at(struct gu_render *r, const struct gu_stmt *s)
{
    if (r->place == NULL) {
        r->place = s->place;
        r->line = s->line;
    }
    return FAILED;
}

static gu_noinline bool out_failed(struct gu_render *r)
{
    int err = gu_buf_error(r->out);

    return gu_stop(
        r, err, err == -GUST_ETOOBIG ? "the output is longer than max_output" : "memory is short");
}

/* What was put may have been too much. */
static gu_inline bool check_out(struct gu_render *r)
{
    return gu_likely(gu_buf_error(r->out) == 0) || out_failed(r);
}

/* Text between tags is short, mostly: it is copied with what lies behind it. */
static gu_inline bool put_literal(struct gu_render *r, gust_str text)
{
    struct gu_buf *out = r->out;

    if (gu_likely(text.len <= GU_TEXT_PAD && out->cap - out->len > GU_TEXT_PAD)) {
        memcpy(out->ptr + out->len, text.ptr, GU_TEXT_PAD);
        out->len += text.len;
        return true;
    }
    gu_buf_put_str(out, text);
    return check_out(r);
}

/* --- {{ }} --- */

static bool put_text(struct gu_render *r, const gust_value *v)
{
    if (v->type != GUST_STRING)
        return gu_throw(r, GU_TYPE_ERROR, "Expected bytes, unicode, or None; got <class '%s'>",
                        gu_type_name(v));
    gu_buf_put_str(r->out, v->as.string);
    return true;
}

/* What is escaped by a function of the template's. */
static gu_noinline bool emit_by(struct gu_render *r, const gust_value *escape,
                                const gust_value *value)
{
    struct gu_args args = {.items = value, .n = 1};
    gust_value text = *value, escaped;
    struct gu_buf b;

    if (value->type != GUST_STRING) {
        gu_text_begin(r, &b);
        gu_put_str(&b, value);
        if (!gu_text_end(r, &b, &text))
            return false;
        args.items = &text;
    }
    return gu_call_value(r, escape, &args, &escaped) && put_text(r, &escaped);
}

/* str() of what is no string, escaped. */
static gu_noinline bool emit_other(struct gu_render *r, const gust_value *value)
{
    struct gu_buf b;
    gust_value text;

    gu_text_begin(r, &b);
    gu_put_str(&b, value);
    if (!gu_text_end(r, &b, &text))
        return false;
    gu_xhtml_put(r->out, text.as.string);
    return true;
}

static bool emit_escaped(struct gu_render *r, const gust_value *value)
{
    switch (gu_kind(value)) {
    case GUST_STRING:
        gu_xhtml_put(r->out, value->as.string);
        return true;
    case GUST_INT:
        gu_put_int(r->out, value->as.integer);
        return true;
    case GUST_NULL:
    case GUST_BOOL:
    case GUST_DOUBLE:
        gu_put_str(r->out, value);
        return true;
    default:
        return emit_other(r, value);
    }
}

static gu_inline bool is_xhtml_escape(const gust_value *escape)
{
    return gu_likely(escape->as.own == &gu_xhtml_escape_builtin && gu_kind(escape) == GU_BUILTIN);
}

/* Where the value of a name lies; NULL for all other expressions, and without one. */
static gu_inline const gust_value *value_of_name(const struct gu_render *r, const struct gu_expr *e)
{
    const gust_value *value;

    if (e->op != GU_X_LOCAL && e->op != GU_X_GLOBAL)
        return NULL;
    value = &r->slots[e->as.name.slot];
    return gu_likely(gu_kind(value) != GU_UNBOUND) ? value : NULL;
}

#define SHORT 64u /* a text that is written without asking for room in between */

/* Writes a value that is short and what stands around it in one; false if it is not that simple. */
static gu_inline bool put_at_once(struct gu_buf *out, const struct gu_stmt *s,
                                  const gust_value *value)
{
    char *to = out->ptr + out->len;

    if (gu_unlikely(out->cap - out->len <= 2 * GU_TEXT_PAD + GU_XHTML_ROOM(SHORT)))
        return false;
    memcpy(to, s->as.emit.before.ptr, GU_TEXT_PAD);
    to += s->as.emit.before.len;
    if (value->type == GUST_STRING && gu_likely(value->as.string.len <= SHORT))
        to = gu_xhtml_escape_roomy(to, value->as.string);
    else if (value->type == GUST_INT && gu_likely(value->as.integer >= 0))
        to += gu_fmt_u64(to, (uint64_t)value->as.integer);
    else
        return false;
    memcpy(to, s->as.emit.after.ptr, GU_TEXT_PAD);
    out->len = (size_t)(to - out->ptr) + s->as.emit.after.len;
    return true;
}

static gu_noinline bool put_in_parts(struct gu_render *r, const struct gu_stmt *s,
                                     const gust_value *escape, const gust_value *value)
{
    if (!put_literal(r, s->as.emit.before))
        return false;
    if (escape == NULL)
        gu_put_str(r->out, value);
    else if (!(is_xhtml_escape(escape) ? emit_escaped(r, value) : emit_by(r, escape, value)))
        return false;
    return check_out(r) && put_literal(r, s->as.emit.after);
}

/* What stands in front of a value is there even if there is no value. */
static gu_noinline bool put_before(struct gu_render *r, const struct gu_stmt *s)
{
    return put_literal(r, s->as.emit.before) && false;
}

/* What escapes a statement's value; false, and it has failed. */
static gu_inline bool find_escape(struct gu_render *r, const struct gu_stmt *s,
                                  const gust_value **escape, gust_value *made)
{
    const struct gu_expr *by = s->as.emit.escape;

    *escape = by == NULL ? NULL : value_of_name(r, by);
    if (by == NULL || gu_likely(*escape != NULL))
        return true;
    *escape = made;
    return gu_eval(r, by, made);
}

static gu_inline bool put_value(struct gu_render *r, const struct gu_stmt *s,
                                const gust_value *value)
{
    const gust_value *escape;
    gust_value made;

    if (!find_escape(r, s, &escape, &made))
        return put_before(r, s);
    if (escape != NULL && is_xhtml_escape(escape) && gu_likely(put_at_once(r->out, s, value)))
        return true;
    return put_in_parts(r, s, escape, value);
}

/* A value that is worked out. What that took is given back, unless something holds on to it: a list
 * that grew, a function's memory, the output itself. */
static gu_noinline bool emit_made(struct gu_render *r, const struct gu_stmt *s)
{
    struct gu_arena_mark mark = gu_arena_mark(r->arena);
    size_t cap = r->out->cap;
    gust_value made;

    r->has_kept = false;
    if (!gu_eval(r, s->as.emit.value, &made))
        return put_before(r, s);
    if (!put_value(r, s, &made))
        return false;
    if (!r->has_kept && r->out->cap == cap)
        gu_arena_rollback(r->arena, &mark);
    return true;
}

static gu_inline bool emit(struct gu_render *r, const struct gu_stmt *s)
{
    const gust_value *value = value_of_name(r, s->as.emit.value);

    return gu_likely(value != NULL) ? put_value(r, s, value) : emit_made(r, s);
}

/* --- tags --- */

static enum flow run_if(struct gu_render *r, const struct gu_stmt *s)
{
    gust_value condition;

    for (const struct gu_arm *arm = s->as.choose.arms; arm != NULL; arm = arm->next) {
        if (arm->condition != NULL) {
            if (!gu_eval(r, arm->condition, &condition))
                return fail_at(r, s);
            if (!gu_truth(&condition))
                continue;
        }
        return run(r, arm->body);
    }
    return ON;
}

/* gu_iter_next(), and the assignment; what handlers give is copied from where it lies to its slot,
 * because a copy by way of registers waits for its own parts. */
static gu_inline int next_turn(struct gu_render *r, struct gu_iter *it,
                               const struct gu_target *target)
{
    gust_value item;
    int more;

    if (gu_likely(it->over.type == GUST_LIST && it->i < it->n && gu_is_name(target)) &&
        gu_likely(it->over.as.list[it->i].type != GUST_JSONT && r->steps > 0)) {
        r->steps--;
        r->slots[target->slot] = it->over.as.list[it->i++];
        return 1;
    }
    more = gu_iter_next(r, it, &item);
    return more > 0 && !gu_assign(r, target, &item) ? -1 : more;
}

/* A body that is one value with text around it. */
static gu_noinline enum flow run_for_value(struct gu_render *r, const struct gu_stmt *s,
                                           struct gu_iter *it)
{
    const struct gu_stmt *body = s->as.loop.body;
    int more;

    while ((more = next_turn(r, it, &s->as.loop.target)) > 0)
        if (!gu_step(r) || !emit(r, body))
            return fail_at(r, body);
    return more < 0 ? fail_at(r, s) : run(r, s->as.loop.otherwise);
}

static gu_noinline enum flow run_for(struct gu_render *r, const struct gu_stmt *s)
{
    const struct gu_stmt *body = s->as.loop.body;
    struct gu_iter it;
    gust_value item;
    int more;

    if (!gu_eval(r, s->as.loop.over, &item) || !gu_iter_init(r, &it, &item))
        return fail_at(r, s);
    if (body != NULL && body->op == GU_S_EMIT && body->next == NULL)
        return run_for_value(r, s, &it);
    while ((more = next_turn(r, &it, &s->as.loop.target)) > 0) {
        enum flow flow = run(r, body);

        if (flow == BREAK)
            return ON;
        if (flow == FAILED)
            return FAILED;
    }
    return more < 0 ? fail_at(r, s) : run(r, s->as.loop.otherwise);
}

static gu_noinline enum flow run_while(struct gu_render *r, const struct gu_stmt *s)
{
    for (;;) {
        gust_value condition;
        enum flow flow;

        if (!gu_step(r) || !gu_eval(r, s->as.loop.over, &condition))
            return fail_at(r, s);
        if (!gu_truth(&condition))
            return run(r, s->as.loop.otherwise);
        flow = run(r, s->as.loop.body);
        if (flow == BREAK)
            return ON;
        if (flow == FAILED)
            return FAILED;
    }
}

static gu_noinline enum flow run_set(struct gu_render *r, const struct gu_stmt *s)
{
    gust_value value, old;

    if (s->op == GU_S_UPDATE) {
        old = r->slots[s->as.set.targets->slot];
        if (gu_kind(&old) == GU_UNBOUND) {
            gu_throw(r, GU_UNBOUND_LOCAL_ERROR, "a variable is updated before it has a value");
            return fail_at(r, s);
        }
    }
    if (!gu_eval(r, s->as.set.value, &value))
        return fail_at(r, s);
    if (s->op == GU_S_UPDATE && !gu_operate(r, (enum gu_operator)s->sub, &old, &value, &value))
        return fail_at(r, s);
    if (s->op == GU_S_UPDATE)
        return gu_assign(r, s->as.set.targets, &value) ? ON : fail_at(r, s);
    for (size_t i = 0; i < s->as.set.n; i++)
        if (!gu_assign(r, &s->as.set.targets[i], &value))
            return fail_at(r, s);
    return ON;
}

static gu_noinline enum flow run_apply(struct gu_render *r, const struct gu_stmt *s)
{
    struct gu_buf *out = r->out, inner;
    gust_value fn, text, result;
    struct gu_args args = {.items = &text, .n = 1};
    enum flow flow;

    if (!gu_eval(r, s->as.apply.fn, &fn))
        return fail_at(r, s);
    for (size_t i = 0; i < s->as.apply.n_slots; i++)
        r->slots[s->as.apply.slots[i]] = gu_own(GU_UNBOUND, NULL);
    gu_text_begin(r, &inner);
    r->out = &inner;
    flow = run(r, s->as.apply.body);
    r->out = out;
    if (flow == FAILED)
        return FAILED;
    if (!gu_text_end(r, &inner, &text) || !gu_call_value(r, &fn, &args, &result) ||
        !put_text(r, &result) || !check_out(r))
        return fail_at(r, s);
    return ON;
}

static bool catches(const struct gu_arm *arm, enum gu_class c)
{
    for (size_t i = 0; i < arm->n_classes; i++)
        if (gu_class_is(c, (enum gu_class)arm->classes[i]))
            return true;
    return arm->n_classes == 0;
}

/* The except for what failed; FAILED without one. */
static enum flow rescue(struct gu_render *r, const struct gu_stmt *s)
{
    const struct gu_arm *arm = s->as.attempt.arms;

    while (arm != NULL && !catches(arm, r->failed))
        arm = arm->next;
    if (arm == NULL || r->failed == GU_LIMIT)
        return FAILED;
    r->failed = GU_NO_ERROR;
    r->place = NULL;
    return run(r, arm->body);
}

static gu_noinline enum flow run_try(struct gu_render *r, const struct gu_stmt *s)
{
    enum flow flow = run(r, s->as.attempt.body), last;

    if (flow == FAILED)
        flow = rescue(r, s);
    else if (flow == ON)
        flow = run(r, s->as.attempt.otherwise);
    if (s->as.attempt.finally == NULL || r->failed == GU_LIMIT)
        return flow;
    if (flow == FAILED) { /* what follows may fail, too, and be caught: this is kept meanwhile */
        enum gu_class failed = r->failed;
        gust_str message = r->message;
        const struct gu_place *place = r->place;
        uint32_t line = r->line;

        r->failed = GU_NO_ERROR;
        last = run(r, s->as.attempt.finally);
        if (last != ON)
            return last;
        r->failed = failed;
        r->message = message;
        r->place = place;
        r->line = line;
        return FAILED;
    }
    last = run(r, s->as.attempt.finally);
    return last == ON ? flow : last;
}

/* --- all --- */

static gu_noinline enum flow run_one(struct gu_render *r, const struct gu_stmt *s)
{
    gust_value ignored;

    switch (s->op) {
    case GU_S_IF:
        return run_if(r, s);
    case GU_S_FOR:
        return run_for(r, s);
    case GU_S_WHILE:
        return run_while(r, s);
    case GU_S_SET:
    case GU_S_UPDATE:
        return run_set(r, s);
    case GU_S_DO:
        return gu_eval(r, s->as.set.value, &ignored) ? ON : fail_at(r, s);
    case GU_S_APPLY:
        return run_apply(r, s);
    case GU_S_TRY:
        return run_try(r, s);
    case GU_S_BREAK:
        return BREAK;
    default:
        return CONTINUE;
    }
}

static enum flow run(struct gu_render *r, const struct gu_stmt *s)
{
    for (; s != NULL; s = s->next) {
        enum flow flow;

        if (!gu_step(r))
            return fail_at(r, s);
        if (s->op <= GU_S_EMIT) {
            if (!(s->op == GU_S_TEXT ? put_literal(r, s->as.text) : emit(r, s)))
                return fail_at(r, s);
            continue;
        }
        flow = run_one(r, s);
        if (flow != ON)
            return flow;
    }
    return ON;
}

/* --- a rendering --- */

static bool find_name(const gust_kv *names, gust_str name, gust_value *value)
{
    gust_value map = gust_value_map(names);

    return gu_map_get_text(&map, name, value);
}

static gust_value find_global(const gust_template *t, const struct gu_rendering *what,
                              gust_str name)
{
    const struct gu_builtin *builtin;
    gust_value value;

    if (find_name(what->vars, name, &value) || find_name(what->more, name, &value) ||
        (what->lookup != NULL && what->lookup(what->context, name, &value)) ||
        find_name(t->names, name, &value))
        return gu_value_known(value);
    builtin = gu_builtin_find(name);
    return builtin != NULL ? gu_builtin_value(builtin) : gu_own(GU_UNBOUND, NULL);
}

static void fill_in(struct gu_render *r, const gust_template *t, const struct gu_rendering *what)
{
    for (uint32_t i = 0; i < t->n_slots; i++)
        r->slots[i] = gu_own(GU_UNBOUND, NULL);
    for (const struct gu_global *g = t->globals; g != NULL; g = g->next)
        r->slots[g->slot] = find_global(t, what, g->name);
}

/* "KeyError: 'x' at a.html:3 (via b.html:1, c.html:7)". */
static void tell(const struct gu_render *r, struct gu_report *report)
{
    struct gu_buf b;
    const char *name = gu_class_name(r->failed);

    gu_buf_init(&b, r->arena, 4096);
    if (*name != '\0') {
        gu_buf_puts(&b, name);
        gu_buf_puts(&b, ": ");
    }
    gu_buf_put_str(&b, r->message);
    if (r->place != NULL) {
        const struct gu_place *place = r->place;

        gu_buf_puts(&b, " at ");
        gu_buf_put_str(&b, place->file);
        gu_buf_putc(&b, ':');
        gu_buf_u64(&b, r->line);
        for (const char *before = " (via "; place->via != NULL; before = ", ") {
            gu_buf_puts(&b, before);
            gu_buf_put_str(&b, place->via->file);
            gu_buf_putc(&b, ':');
            gu_buf_u64(&b, place->via_line);
            place = place->via;
        }
        if (r->place->via != NULL)
            gu_buf_putc(&b, ')');
    }
    report->err = r->failed == GU_LIMIT ? r->err : -EINVAL;
    report->line = r->line;
    report->message = r->message;
    gust_ignore(gu_buf_finish(&b, &report->message));
}

/* Pages of a template are about as long as it was of late: the room for the next one is made at
 * once. */
static void note_usual(size_t *usual, size_t len)
{
    if (len > *usual)
        *usual = len + len / 8;
    else
        *usual -= (*usual - len) / 8;
}

size_t gu_template_max_output(const gust_template *t)
{
    return t->max_output;
}

int gu_template_render(const gust_template *t, const struct gu_rendering *what,
                       struct gu_report *report)
{
    struct gu_render r = {.arena = what->arena,
                          .out = what->out,
                          .steps = t->max_steps,
                          .max_output = t->max_output,
                          .context = what->context};

    size_t before = what->out->len;

    r.slots = gu_arena_alloc(r.arena, gu_max(t->n_slots, 1) * sizeof *r.slots);
    if (r.slots == NULL) {
        *report = (struct gu_report){-ENOMEM, GU_STR("memory is short"), 0};
        return -ENOMEM;
    }
    fill_in(&r, t, what);
    (void)gu_buf_reserve(r.out, gu_min(*t->usual, r.out->max - r.out->len));
    if (run(&r, t->body) != FAILED) {
        note_usual(t->usual, r.out->len - before);
        return 0;
    }
    tell(&r, report);
    return report->err;
}
