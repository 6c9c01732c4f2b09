/*
 * compile — from text to trees, from inside
 *
 * A template is compiled in three steps, as Tornado's are: its files are cut into chunks (chunk.c);
 * the chunks of the outermost ancestor are walked, with the blocks of its descendants and all that
 * is included in place (compile.c); on the way what stands in braces is parsed (expr.c) and names
 * get their slots (scope.c). The first error ends it. All of it runs on the loop's stack.
 */
#ifndef GU_TEMPLATE_COMPILE_H
#define GU_TEMPLATE_COMPILE_H

#include "base/map.h"
#include "template/lex.h"
#include "template/node.h"

/* --- chunks --- */

enum gu_chunk_kind {
    GU_C_TEXT,
    GU_C_EXPR,
    GU_C_RAW,
    GU_C_MODULE,
    GU_C_SET,
    GU_C_EXTENDS,
    GU_C_INCLUDE,
    GU_C_BLOCK,
    GU_C_APPLY,
    GU_C_IF,
    GU_C_FOR,
    GU_C_WHILE,
    GU_C_TRY,
    GU_C_BREAK,
    GU_C_CONTINUE,
    GU_C_ELSE, /* these four stand between the parts of those above */
    GU_C_ELIF,
    GU_C_EXCEPT,
    GU_C_FINALLY,
};

struct gu_source {
    struct gu_source *next; /* of all that one template needs */
    gust_str name;
    gust_str autoescape; /* .ptr NULL: none */
    struct gu_part *body;
};

/* A piece of a file: text, a tag, or a tag with what it holds. */
struct gu_part {
    enum gu_chunk_kind kind;
    uint32_t line;
    gust_str text; /* or what stands behind the operator */
    struct gu_part *next, *body;
};

/* --- names --- */

struct gu_binding {
    struct gu_binding *outer; /* of the same name */
    struct gu_binding *next;  /* of the same scope */
    struct gu_vars *scope;
    struct gu_name *name;
    uint32_t slot;
};

struct gu_name {
    gust_str text;
    struct gu_binding *bound; /* innermost */
    uint32_t global;          /* slot + 1 */
};

/* A function of Python's: the template, an apply, a comprehension. */
struct gu_vars {
    struct gu_vars *outer;
    struct gu_binding *bindings;
    struct gu_expr *pending; /* names that were used, and wait until all bindings are known */
    uint32_t n_bindings;
};

struct gu_compiler {
    struct gust_arena *arena; /* of the template */
    struct gust_arena *messages;
    struct gust_loader *loader; /* may be NULL */
    struct gu_source *sources;
    struct gust_template *made;

    struct gu_lexer lex;
    struct gu_vars *scope;
    struct gu_map names;  /* to struct gu_name */
    struct gu_map blocks; /* to struct gu_block */
    const struct gu_place *place;
    gust_str escape; /* .ptr NULL: none */
    uint32_t line;
    unsigned depth, parse_depth; /* of statements; of the parser in an expression */
    size_t n_nodes;

    int err; /* 0 while all is well */
    gust_str message;
    uint32_t err_line;
};

/* --- failing: all return NULL, to be returned --- */

void *gu_compile_fail(struct gu_compiler *c, const char *format, ...) GUST_PRINTF(2, 3);
void *gu_compile_fail_at(struct gu_compiler *c, int err, gust_str file, uint32_t line,
                         const char *format, ...) GUST_PRINTF(5, 6);

void *gu_compile_no_memory(struct gu_compiler *c);

/* Memory of the template; NULL, and it has failed, when that is short. */
void *gu_compile_alloc(struct gu_compiler *c, size_t n, size_t size);

/* The same for a node, which is counted, and cleared. */
void *gu_compile_node(struct gu_compiler *c, size_t size);

/* --- scope.c --- */

void gu_vars_open(struct gu_compiler *c, struct gu_vars *scope);

/* Resolves what was used in it; what it does not bind is the outer scope's. */
void gu_vars_close(struct gu_compiler *c, struct gu_vars *scope);

/* The slot of a name that is assigned to in the innermost scope; 0 on failure. */
uint32_t gu_vars_bind(struct gu_compiler *c, gust_str name);

/* A use of a name. */
struct gu_expr *gu_vars_use(struct gu_compiler *c, gust_str name);

/* --- expr.c --- */

/* The expression that a text is, to its end. */
struct gu_expr *gu_parse_expr(struct gu_compiler *c, gust_str text);

/* "x in y" of a for; "x = y" and its kind of a set. False on failure. */
bool gu_parse_for(struct gu_compiler *c, gust_str text, struct gu_stmt *s);
bool gu_parse_set(struct gu_compiler *c, gust_str text, struct gu_stmt *s);

/* --- the parser from inside --- */

struct gu_expr *gu_parse_test(struct gu_compiler *c);
struct gu_expr *gu_parse_or(struct gu_compiler *c);
struct gu_expr *gu_parse_tests(struct gu_compiler *c); /* "a" or "a, b" */
bool gu_parse_target(struct gu_compiler *c, struct gu_target *target);
struct gu_expr *gu_expr_new(struct gu_compiler *c, enum gu_expr_op op);
struct gu_expr *gu_expr_done(struct gu_compiler *c, struct gu_expr *e, unsigned depth);

/* A list of expressions that grows. */
struct gu_exprs {
    struct gu_expr **items;
    uint32_t n, cap;
    unsigned depth;
};

bool gu_exprs_add(struct gu_compiler *c, struct gu_exprs *list, struct gu_expr *e);
struct gu_expr *gu_exprs_node(struct gu_compiler *c, enum gu_expr_op op,
                              const struct gu_exprs *list);

/* --- primary.c --- */

struct gu_expr *gu_parse_primary(struct gu_compiler *c);

/* --- tokens --- */

static inline bool gu_at(const struct gu_compiler *c, int kind)
{
    return c->lex.kind == kind;
}

/* Whether the token is there, and then goes behind it. */
static inline bool gu_accept(struct gu_compiler *c, int kind)
{
    if (c->lex.kind != kind)
        return false;
    gu_lex_next(&c->lex);
    return true;
}

/* The same where it must be there. */
bool gu_expect(struct gu_compiler *c, int kind, const char *what);

/* Fails because of the current token. */
void *gu_parse_unexpected(struct gu_compiler *c);

/* --- each.c --- */

/* From the `for` on, when `item` (and `value`) were parsed since the scope's pending names were
 * `mark`. */
struct gu_expr *gu_parse_each(struct gu_compiler *c, enum gu_each_kind kind, struct gu_expr *item,
                              struct gu_expr *value, struct gu_expr *mark);

/* --- chunk.c --- */

/* Cuts a file. NULL on failure. */
struct gu_source *gu_source_parse(struct gu_compiler *c, gust_str name, gust_str text,
                                  gust_str autoescape, gust_str whitespace);

/* --- space.c --- */

enum gu_space { GU_SPACE_ALL, GU_SPACE_SINGLE, GU_SPACE_ONELINE, GU_SPACE_UNKNOWN };

enum gu_space gu_space_mode(gust_str name);

/* Text with its space as a mode wants it; .ptr is NULL when memory is short. */
gust_str gu_space_filter(struct gust_arena *arena, enum gu_space mode, gust_str text);

/* --- compile.c --- */

/* Statements of the parts from one up to another. */
bool gu_compile_parts(struct gu_compiler *c, struct gu_source *source, struct gu_part *from,
                      const struct gu_part *to, struct gu_stmt **body);

/* One level deeper, c->depth of them; false, and it has failed, beyond what a rendering may have.
 */
bool gu_compile_enter(struct gu_compiler *c);

/* --- inherit.c --- */

/* The body of a block, and whose it is: what c->blocks holds. */
struct gu_block {
    struct gu_part *part;
    struct gu_source *source;
};

/* Compiles the template of a source into c->made. False on failure. */
bool gu_compile(struct gu_compiler *c, struct gu_source *source);

/* --- template.c --- */

/* The source that a name stands for in a file. NULL on failure. */
struct gu_source *gu_loader_source(struct gu_compiler *c, gust_str name, gust_str from);

#endif
