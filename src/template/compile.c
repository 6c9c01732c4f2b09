/*
 * compile — chunks to statements
 *
 * The body of the outermost ancestor is the template. Where it has a block, the body of the last
 * descendant's block of that name stands; where it includes, the body of that file. What stands in
 * place of a block or an include keeps its own file's escaping, and its place says through whom it
 * came.
 */
#include "template/compile.h"
#include <stdarg.h>

/* --- failing --- */

GUST_PRINTF(5, 0)
static void *fail_at(struct gu_compiler *c, int err, gust_str file, uint32_t line,
                     const char *format, va_list args)
{
    struct gu_buf b;

    if (c->err != 0)
        return NULL;
    c->err = err;
    c->err_line = line;
    gu_buf_init(&b, c->messages, 1024);
    gu_buf_vprintf(&b, format, args);
    gu_buf_puts(&b, " at ");
    gu_buf_put_str(&b, file);
    gu_buf_putc(&b, ':');
    gu_buf_u64(&b, line);
    c->message = GU_STR("a template that does not parse");
    gust_ignore(gu_buf_finish(&b, &c->message));
    return NULL;
}

void *gu_compile_fail_at(struct gu_compiler *c, int err, gust_str file, uint32_t line,
                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_at(c, err, file, line, format, args);
    va_end(args);
    return NULL;
}

void *gu_compile_fail(struct gu_compiler *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_at(c, -GUST_ESYNTAX, c->place->file, c->line, format, args);
    va_end(args);
    return NULL;
}

void *gu_compile_no_memory(struct gu_compiler *c)
{
    if (c->err == 0) {
        c->err = -ENOMEM;
        c->message = GU_STR("memory is short");
    }
    return NULL;
}

void *gu_compile_alloc(struct gu_compiler *c, size_t n, size_t size)
{
    void *memory = n > SIZE_MAX / 2 / size ? NULL : gu_arena_alloc(c->arena, n * size);

    return memory == NULL ? gu_compile_no_memory(c) : memory;
}

void *gu_compile_node(struct gu_compiler *c, size_t size)
{
    void *node;

    if (c->n_nodes++ >= GU_MAX_NODES) {
        if (c->err == 0) {
            c->err = -GUST_ETOOBIG;
            c->message = GU_STR("a template is too large with all that it includes");
        }
        return NULL;
    }
    node = gu_compile_alloc(c, 1, size);
    return node == NULL ? NULL : memset(node, 0, size);
}

/* --- statements in a row --- */

struct row {
    struct gu_stmt *first, **last;
    struct gu_stmt *newest; /* NULL behind what came out of another file */
};

static struct gu_stmt *add(struct gu_compiler *c, struct row *row, int op,
                           const struct gu_part *part)
{
    struct gu_stmt *s = gu_compile_node(c, sizeof *s);

    c->line = part->line;
    if (s == NULL)
        return NULL;
    s->op = (unsigned char)op;
    s->line = part->line;
    s->place = c->place;
    *row->last = s;
    row->last = &s->next;
    row->newest = s;
    return s;
}

/* --- what is in place of something else --- */

bool gu_compile_enter(struct gu_compiler *c)
{
    if (c->depth++ < GU_STMT_DEPTH)
        return true;
    gu_compile_fail_at(c, -GUST_ETOOBIG, c->place->file, c->line,
                       "tags, blocks and includes are nested deeper than %d", GU_STMT_DEPTH);
    return false;
}

/* The body of a source, or of its block, where `part` of another stands. */
static bool compile_instead(struct gu_compiler *c, struct row *row, const struct gu_part *part,
                            struct gu_source *source, struct gu_part *body)
{
    struct gu_place *place = gu_compile_node(c, sizeof *place);
    const struct gu_place *outer_place = c->place;
    gust_str outer_escape = c->escape;
    struct gu_stmt *first = NULL;
    bool ok;

    if (place == NULL || !gu_compile_enter(c))
        return false;
    *place = (struct gu_place){source->name, c->place, part->line};
    c->place = place;
    c->escape = source->autoescape;
    ok = gu_compile_parts(c, source, body, NULL, &first);
    c->place = outer_place;
    c->escape = outer_escape;
    c->depth--;
    *row->last = first;
    row->newest = NULL;
    while (*row->last != NULL)
        row->last = &(*row->last)->next;
    return ok;
}

static bool compile_include(struct gu_compiler *c, struct gu_source *source, struct row *row,
                            const struct gu_part *part)
{
    struct gu_source *included;

    c->line = part->line;
    included = gu_loader_source(c, part->text, source->name);
    return included != NULL && compile_instead(c, row, part, included, included->body);
}

static bool compile_block(struct gu_compiler *c, struct row *row, const struct gu_part *part)
{
    struct gu_block *block = gu_map_find(&c->blocks, part->text);

    gu_assert(block != NULL);
    return compile_instead(c, row, part, block->source, block->part->body);
}

/* --- expressions --- */

static struct gu_expr *parse_with(struct gu_compiler *c, const char *before, gust_str text)
{
    struct gu_buf b;
    gust_str all;

    gu_buf_init(&b, c->arena, SIZE_MAX - 1);
    gu_buf_puts(&b, before);
    gu_buf_put_str(&b, text);
    if (gu_buf_finish(&b, &all) < 0)
        return gu_compile_no_memory(c);
    return gu_parse_expr(c, all);
}

/* A short text is copied to where more than it may be read. */
static bool pad_text(struct gu_compiler *c, gust_str *text, gust_str from)
{
    char *padded;

    *text = from;
    if (from.len > GU_TEXT_PAD)
        return true;
    padded = gu_compile_alloc(c, from.len + GU_TEXT_PAD, 1);
    if (padded == NULL)
        return false;
    memset(padded, 0, from.len + GU_TEXT_PAD);
    memcpy(padded, from.ptr, from.len);
    text->ptr = padded;
    return true;
}

/* Text in front of a value, or behind it, is the value's: most of a page is made of such threes. */
static bool put_around(struct gu_compiler *c, struct row *row, const struct gu_part *part,
                       bool *is_done)
{
    struct gu_stmt *s = row->newest;

    *is_done = s != NULL && s->op == GU_S_EMIT && s->as.emit.after.len == 0 &&
               part->text.len <= GU_TEXT_PAD;
    return !*is_done || pad_text(c, &s->as.emit.after, part->text);
}

static bool compile_text(struct gu_compiler *c, struct row *row, const struct gu_part *part)
{
    struct gu_stmt *s;
    bool is_done;

    if (!put_around(c, row, part, &is_done) || is_done)
        return is_done;
    s = add(c, row, GU_S_TEXT, part);
    return s != NULL && pad_text(c, &s->as.text, part->text);
}

static const char padding[GU_TEXT_PAD];
static const gust_str none = {padding, 0};

/* The statement of a value: a short text that stands alone in front of it becomes it. */
static struct gu_stmt *add_emit(struct gu_compiler *c, struct row *row, const struct gu_part *part)
{
    struct gu_stmt *s = row->newest;
    gust_str before;

    if (s == NULL || s->op != GU_S_TEXT || s->as.text.len > GU_TEXT_PAD) {
        before = none;
        s = add(c, row, GU_S_EMIT, part);
        if (s == NULL)
            return NULL;
    } else {
        before = s->as.text;
        memset(&s->as, 0, sizeof s->as);
    }
    s->op = GU_S_EMIT;
    s->line = c->line = part->line;
    s->as.emit.before = before;
    s->as.emit.after = none;
    return s;
}

static bool compile_emit(struct gu_compiler *c, struct row *row, const struct gu_part *part)
{
    struct gu_stmt *s = add_emit(c, row, part);

    if (s == NULL)
        return false;
    s->as.emit.value = part->kind == GU_C_MODULE ? parse_with(c, "_tt_modules.", part->text)
                                                 : gu_parse_expr(c, part->text);
    if (s->as.emit.value == NULL)
        return false;
    if (part->kind != GU_C_EXPR || c->escape.ptr == NULL)
        return true;
    s->as.emit.escape = gu_parse_expr(c, c->escape);
    return s->as.emit.escape != NULL;
}

/* --- tags with parts --- */

static bool is_middle(const struct gu_part *part)
{
    return part->kind >= GU_C_ELSE;
}

/* The next else, elif, except or finally of a tag's body; NULL if there is none. */
static struct gu_part *next_middle(struct gu_part *part)
{
    while (part != NULL && !is_middle(part))
        part = part->next;
    return part;
}

static bool expect_bare(struct gu_compiler *c, const struct gu_part *part)
{
    if (part->text.len == 0)
        return true;
    return gu_compile_fail(c, "nothing may stand behind %s",
                           part->kind == GU_C_ELSE ? "else" : "finally") != NULL;
}

static bool compile_if(struct gu_compiler *c, struct gu_source *source, struct row *row,
                       const struct gu_part *part)
{
    struct gu_stmt *s = add(c, row, GU_S_IF, part);
    struct gu_arm **last = s == NULL ? NULL : &s->as.choose.arms;
    const struct gu_part *head = part;
    struct gu_part *from = part->body;

    while (last != NULL) {
        struct gu_arm *arm = gu_compile_node(c, sizeof *arm);
        struct gu_part *middle = next_middle(from);

        if (arm == NULL)
            return false;
        *last = arm;
        last = &arm->next;
        c->line = head->line;
        if (head->kind == GU_C_ELSE && !expect_bare(c, head))
            return false;
        if (head->kind != GU_C_ELSE)
            arm->condition = gu_parse_expr(c, head->text);
        if (c->err != 0 || !gu_compile_parts(c, source, from, middle, &arm->body))
            return false;
        if (middle == NULL)
            return true;
        if (head->kind == GU_C_ELSE)
            return gu_compile_fail_at(c, -GUST_ESYNTAX, source->name, middle->line,
                                      "nothing of an if may follow its else") != NULL;
        head = middle;
        from = middle->next;
    }
    return false;
}

static bool compile_loop(struct gu_compiler *c, struct gu_source *source, struct row *row,
                         struct gu_part *part)
{
    struct gu_stmt *s = add(c, row, part->kind == GU_C_FOR ? GU_S_FOR : GU_S_WHILE, part);
    struct gu_part *otherwise = next_middle(part->body);

    if (s == NULL)
        return false;
    if (part->kind == GU_C_FOR) {
        if (!gu_parse_for(c, part->text, s))
            return false;
    } else {
        s->as.loop.over = gu_parse_expr(c, part->text);
    }
    if (c->err != 0 || !gu_compile_parts(c, source, part->body, otherwise, &s->as.loop.body))
        return false;
    if (otherwise == NULL)
        return true;
    c->line = otherwise->line;
    if (!expect_bare(c, otherwise))
        return false;
    if (next_middle(otherwise->next) != NULL)
        return gu_compile_fail(c, "a loop has one else") != NULL;
    return gu_compile_parts(c, source, otherwise->next, NULL, &s->as.loop.otherwise);
}

/* "", "KeyError", "(KeyError, IndexError)". */
static bool parse_classes(struct gu_compiler *c, gust_str text, struct gu_arm *arm)
{
    unsigned char classes[GU_N_CLASSES], *kept;
    gust_str name, rest = gu_str_trim(text, "()");

    while (text.len > 0 && gu_str_split(&rest, ',', &name)) {
        name = gu_str_trim(name, " \t\r\n");
        if (gu_str_find(name, GU_STR(" as "), 0) != GU_NPOS)
            return gu_compile_fail(c, "except … as … is not supported") != NULL;
        if (gu_class_find(name) == GU_NO_ERROR || arm->n_classes == GU_N_CLASSES)
            return gu_compile_fail(c, "except: '%.*s' is no exception that a template has",
                                   (int)gu_min(name.len, 40), name.ptr) != NULL;
        classes[arm->n_classes++] = (unsigned char)gu_class_find(name);
    }
    kept = gu_compile_alloc(c, arm->n_classes + 1, 1);
    if (kept == NULL)
        return false;
    memcpy(kept, classes, arm->n_classes);
    arm->classes = kept;
    return true;
}

/* A try under way: where the next except hangs, and what may still come. */
struct attempt {
    struct gu_stmt *s;
    struct gu_arm **last;
    enum { AT_START, BEHIND_EXCEPT, BEHIND_BARE_EXCEPT, BEHIND_ELSE, BEHIND_FINALLY } stage;
};

static bool may_follow(const struct attempt *a, const struct gu_part *middle)
{
    switch (middle->kind) {
    case GU_C_EXCEPT:
        return a->stage <= BEHIND_EXCEPT;
    case GU_C_ELSE:
        return a->stage == BEHIND_EXCEPT || a->stage == BEHIND_BARE_EXCEPT;
    default:
        return a->stage < BEHIND_FINALLY;
    }
}

static bool add_except(struct gu_compiler *c, struct attempt *a, const struct gu_part *middle,
                       struct gu_stmt ***body)
{
    struct gu_arm *arm = gu_compile_node(c, sizeof *arm);

    if (arm == NULL || !parse_classes(c, middle->text, arm))
        return false;
    a->stage = arm->n_classes == 0 ? BEHIND_BARE_EXCEPT : BEHIND_EXCEPT;
    *a->last = arm;
    a->last = &arm->next;
    *body = &arm->body;
    return true;
}

/* One except, else or finally, and what it holds. */
static bool compile_rescue(struct gu_compiler *c, struct gu_source *source, struct attempt *a,
                           struct gu_part *middle)
{
    bool is_else = middle->kind == GU_C_ELSE;
    struct gu_stmt **body = is_else ? &a->s->as.attempt.otherwise : &a->s->as.attempt.finally;

    c->line = middle->line;
    if (!may_follow(a, middle))
        return gu_compile_fail(c, "a part of a try is out of order") != NULL;
    if (middle->kind == GU_C_EXCEPT) {
        if (!add_except(c, a, middle, &body))
            return false;
    } else {
        a->stage = is_else ? BEHIND_ELSE : BEHIND_FINALLY;
        if (!expect_bare(c, middle))
            return false;
    }
    return gu_compile_parts(c, source, middle->next, next_middle(middle->next), body);
}

static bool compile_try(struct gu_compiler *c, struct gu_source *source, struct row *row,
                        struct gu_part *part)
{
    struct gu_stmt *s = add(c, row, GU_S_TRY, part);
    struct gu_part *middle = next_middle(part->body);
    struct attempt a = {.s = s, .stage = AT_START};

    if (s == NULL)
        return false;
    a.last = &s->as.attempt.arms;
    if (middle == NULL)
        return gu_compile_fail(c, "a try has neither except nor finally") != NULL;
    if (!gu_compile_parts(c, source, part->body, middle, &s->as.attempt.body))
        return false;
    for (; middle != NULL; middle = next_middle(middle->next))
        if (!compile_rescue(c, source, &a, middle))
            return false;
    return true;
}

static bool compile_apply(struct gu_compiler *c, struct gu_source *source, struct row *row,
                          struct gu_part *part)
{
    struct gu_stmt *s = add(c, row, GU_S_APPLY, part);
    struct gu_vars scope;
    uint32_t *slots;
    bool ok;

    if (s == NULL)
        return false;
    s->as.apply.fn = gu_parse_expr(c, part->text);
    if (s->as.apply.fn == NULL)
        return false;
    gu_vars_open(c, &scope);
    ok = gu_compile_parts(c, source, part->body, NULL, &s->as.apply.body);
    gu_vars_close(c, &scope);
    slots = gu_compile_alloc(c, scope.n_bindings + 1u, sizeof *slots);
    if (!ok || slots == NULL)
        return false;
    for (struct gu_binding *b = scope.bindings; b != NULL; b = b->next)
        slots[s->as.apply.n_slots++] = b->slot;
    s->as.apply.slots = slots;
    return true;
}

/* --- all parts --- */

static bool compile_simple(struct gu_compiler *c, struct row *row, const struct gu_part *part)
{
    static const unsigned char ops[] = {
        [GU_C_SET] = GU_S_SET,
        [GU_C_BREAK] = GU_S_BREAK,
        [GU_C_CONTINUE] = GU_S_CONTINUE,
    };
    struct gu_stmt *s = add(c, row, ops[part->kind], part);

    if (s == NULL)
        return false;
    return part->kind != GU_C_SET || gu_parse_set(c, part->text, s);
}

static bool compile_nested(struct gu_compiler *c, struct gu_source *source, struct row *row,
                           struct gu_part *part)
{
    bool ok = false;

    c->line = part->line;
    if (!gu_compile_enter(c))
        return false;
    if (part->kind == GU_C_IF)
        ok = compile_if(c, source, row, part);
    else if (part->kind == GU_C_TRY)
        ok = compile_try(c, source, row, part);
    else if (part->kind == GU_C_APPLY)
        ok = compile_apply(c, source, row, part);
    else
        ok = compile_loop(c, source, row, part);
    c->depth--;
    return ok;
}

static bool compile_part(struct gu_compiler *c, struct gu_source *source, struct row *row,
                         struct gu_part *part)
{
    switch (part->kind) {
    case GU_C_TEXT:
        return compile_text(c, row, part);
    case GU_C_SET:
    case GU_C_BREAK:
    case GU_C_CONTINUE:
        return compile_simple(c, row, part);
    case GU_C_EXPR:
    case GU_C_RAW:
    case GU_C_MODULE:
        return compile_emit(c, row, part);
    case GU_C_INCLUDE:
        return compile_include(c, source, row, part);
    case GU_C_BLOCK:
        return compile_block(c, row, part);
    case GU_C_EXTENDS:
        return gu_compile_fail_at(c, -GUST_ESYNTAX, source->name, part->line,
                                  "extends stands in another tag, or in a file that is "
                                  "included") != NULL;
    default:
        return compile_nested(c, source, row, part);
    }
}

/* From one part up to another. */
bool gu_compile_parts(struct gu_compiler *c, struct gu_source *source, struct gu_part *from,
                      const struct gu_part *to, struct gu_stmt **body)
{
    struct row row = {NULL, &row.first, NULL};

    for (struct gu_part *part = from; part != to; part = part->next)
        if (!compile_part(c, source, &row, part))
            return false;
    *body = row.first;
    return c->err == 0;
}
