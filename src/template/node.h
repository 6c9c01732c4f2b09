/*
 * node — a template, compiled
 *
 * Two trees: statements, which follow one another and hold others, and the expressions in them.
 * Files that are included or extended are part of the tree; nothing is looked up by name while it
 * runs but what the variables are. Each variable has a slot of the rendering; names that nothing
 * assigns to are filled in before it begins. Depths are bounded when the tree is made, because it
 * is walked on a task's stack.
 */
#ifndef GU_TEMPLATE_NODE_H
#define GU_TEMPLATE_NODE_H

#include "template/render.h"

#define GU_EXPR_DEPTH 64    /* of an expression */
#define GU_STMT_DEPTH 40    /* of statements in each other, includes and blocks counted in */
#define GU_MAX_TARGETS 16   /* of an assignment; conditions of a comprehension */
#define GU_TEXT_PAD 16      /* bytes behind a short text that may be read */
#define GU_MAX_NODES 200000 /* of a template with all that it includes */

enum gu_expr_op {
    GU_X_CONST,
    GU_X_NAME, /* not resolved yet: none is left when a template is compiled */
    GU_X_LOCAL,
    GU_X_GLOBAL,
    GU_X_ATTR,
    GU_X_INDEX,
    GU_X_SLICE,
    GU_X_CALL,
    GU_X_UNARY, /* sub: - + ~ */
    GU_X_NOT,
    GU_X_BINARY,  /* sub: enum gu_operator */
    GU_X_COMPARE, /* n operands more than one; sub of each: enum gu_comparison */
    GU_X_AND,
    GU_X_OR,
    GU_X_IF,
    GU_X_TUPLE,
    GU_X_LIST,
    GU_X_DICT, /* keys and values alternate */
    GU_X_EACH, /* a comprehension or generator expression */
};

enum gu_operator {
    GU_ADD,
    GU_SUB,
    GU_MUL,
    GU_DIV,
    GU_FLOORDIV,
    GU_MOD,
    GU_POW,
    GU_BITAND,
    GU_BITOR,
    GU_BITXOR,
    GU_SHL,
    GU_SHR,
};

enum gu_comparison { GU_EQ, GU_NE, GU_LT, GU_LE, GU_GT, GU_GE, GU_IN, GU_NOT_IN, GU_IS, GU_IS_NOT };

struct gu_expr {
    unsigned char op, sub;
    uint16_t depth;
    uint32_t n; /* of as.list; positional arguments of a call */
    union {
        gust_value constant;
        struct {
            gust_str name;
            uint32_t slot;
            struct gu_expr *next; /* of those that wait to be resolved */
        } name;
        struct {
            struct gu_expr *of;
            gust_str name;
        } attr;
        struct {
            struct gu_expr *of, *from, *to, *step; /* from: the index; NULL: left out */
        } index;
        struct {
            struct gu_expr *fn, **args;
            const gust_str *names;
            uint32_t n_named;
        } call;
        struct {
            struct gu_expr *a, *b, *c; /* IF: the condition is c */
        } of;
        struct {
            struct gu_expr **items;
            const unsigned char *ops; /* of COMPARE */
        } list;
        const struct gu_each *each;
    } as;
};

/* What is assigned to: a name, several, or an item. */
struct gu_target {
    uint32_t slot;
    uint32_t n; /* of `items`, when it is a tuple */
    bool is_tuple;
    struct gu_target *items;
    struct gu_expr *of, *index; /* of[index] */
};

enum gu_each_kind { GU_EACH_LIST, GU_EACH_DICT, GU_EACH_GENERATOR };

struct gu_each {
    enum gu_each_kind kind;
    struct gu_expr *item, *value; /* value: of a dict */
    struct gu_target target;
    struct gu_expr *over, **conditions;
    size_t n_conditions;
};

enum gu_stmt_op {
    GU_S_TEXT,
    GU_S_EMIT,
    GU_S_IF,
    GU_S_FOR,
    GU_S_WHILE,
    GU_S_SET,
    GU_S_UPDATE, /* x += 1 */
    GU_S_DO,     /* an expression alone */
    GU_S_APPLY,
    GU_S_TRY,
    GU_S_BREAK,
    GU_S_CONTINUE,
    GU_S_PASS, /* only to be a place: an include, a block, its body beside it */
};

/* A condition and what it guards; or a class of exceptions. The one without is the last. */
struct gu_arm {
    struct gu_arm *next;
    struct gu_expr *condition;
    const unsigned char *classes;
    size_t n_classes;
    struct gu_stmt *body;
};

struct gu_stmt {
    unsigned char op, sub;
    uint32_t line;
    const struct gu_place *place;
    struct gu_stmt *next;
    union {
        gust_str text;
        struct {
            struct gu_expr *value, *escape; /* NULL: it is not escaped */
            gust_str before, after;         /* short texts around it, that may be empty */
        } emit;
        struct {
            struct gu_arm *arms;
        } choose;
        struct {
            struct gu_target target;
            struct gu_expr *over; /* or a while's condition */
            struct gu_stmt *body, *otherwise;
        } loop;
        struct {
            struct gu_target *targets; /* a = b = … */
            size_t n;
            struct gu_expr *value;
        } set;
        struct {
            struct gu_expr *fn;
            struct gu_stmt *body;
            const uint32_t *slots; /* its own variables */
            size_t n_slots;
        } apply;
        struct {
            struct gu_stmt *body, *otherwise, *finally;
            struct gu_arm *arms;
        } attempt;
    } as;
};

/* A name that nothing in the template assigns to. */
struct gu_global {
    struct gu_global *next;
    gust_str name;
    uint32_t slot;
};

struct gust_template {
    struct gust_arena *arena;
    gust_str name;
    struct gu_stmt *body;
    struct gu_global *globals;
    uint32_t n_slots;
    const gust_kv *names; /* of its loader */
    size_t *usual;        /* bytes that renderings have been of late */
    int64_t max_steps;
    size_t max_output;
};

#endif
