/*
 * value — what expressions work with
 *
 * The public gust_value serves inside as well: variables are used as they were given, without a
 * copy. What a template makes while it runs (lists, dictionaries, ranges, bound methods) are kinds
 * of their own behind `as.own`, in the rendering's arena; they are as mutable as in Python. A
 * jansson value is looked into at once (gu_value_known()), so that GUST_JSONT is always an array or
 * an object.
 */
#ifndef GU_TEMPLATE_VALUE_H
#define GU_TEMPLATE_VALUE_H

#include "base/arena_impl.h"
#include "base/buf.h"
#include "base/str.h"
#include <gust/template.h>

struct gu_render;

/* Kinds beside those of gust_value_type, in gust_value.type. */
enum {
    GU_SEQ = 64,  /* struct gu_seq */
    GU_DICT,      /* struct gu_dict */
    GU_RANGE,     /* struct gu_range */
    GU_BUILTIN,   /* const struct gu_builtin */
    GU_BOUND,     /* struct gu_bound: a method and its object */
    GU_GENERATOR, /* struct gu_generator, see eval.h */
    GU_UNBOUND    /* a name without a value; never seen by an expression */
};

/* What a sequence is to Python. */
enum gu_seq_kind { GU_LIST, GU_TUPLE, GU_KEYS, GU_VALUES, GU_ITEMS, GU_ITERATOR };

struct gu_seq {
    enum gu_seq_kind kind;
    size_t n, cap;
    size_t pos; /* how much of an iterator is used up */
    gust_value *items;
};

struct gu_pair {
    gust_value key, value;
    uint64_t hash;
    bool is_gone;
};

/* In the order of insertion; `slots` holds indexes of pairs plus one, once there are some. */
struct gu_dict {
    size_t n, n_pairs, cap, mask; /* live pairs; with those that are gone; slots less one */
    struct gu_pair *pairs;
    uint32_t *slots;
};

struct gu_range {
    int64_t start, stop, step;
    uint64_t n;
};

struct gu_args;

struct gu_builtin {
    const char *name;
    bool (*fn)(struct gu_render *r, struct gu_args *args, gust_value *result);
    signed char least, most; /* positional arguments; most < 0: any number */
    const char *keywords;    /* "|" around each that may be named: "|key|reverse|" */
};

struct gu_bound {
    gust_value self;
    const struct gu_builtin *method;
};

/* What a call hands over. A keyword's value stands behind the positional ones. */
struct gu_args {
    const gust_value *self; /* of a method */
    const gust_value *items;
    size_t n;
    const gust_str *names; /* of the n_named that follow items[n - 1] */
    size_t n_named;
};

static inline unsigned gu_kind(const gust_value *v)
{
    return (unsigned)v->type;
}

static inline gust_value gu_own(unsigned kind, void *own)
{
    gust_value v = {(gust_value_type)kind, 0, {false}};

    v.as.own = own;
    return v;
}

static inline gust_value gu_builtin_value(const struct gu_builtin *builtin)
{
    return gu_own(GU_BUILTIN, (void *)(uintptr_t)builtin);
}

/* The same value, with a jansson scalar as what it is. */
gust_value gu_json_known(struct json_t *json);
static inline gust_value gu_value_known(gust_value v)
{
    return gu_unlikely(v.type == GUST_JSONT) ? gu_json_known(v.as.json) : v;
}

/* Python's name for its type. */
const char *gu_type_name(const gust_value *v);

bool gu_is_number(const gust_value *v);   /* bool, int, float */
bool gu_is_sequence(const gust_value *v); /* a list or a tuple, whoever made it */
bool gu_is_map(const gust_value *v);

/* An int of an int or a bool; false for all else. */
bool gu_as_int(const gust_value *v, int64_t *i);
bool gu_as_real(const gust_value *v, double *d);

bool gu_truth(const gust_value *v);

/* len(); false when it has none. */
bool gu_len(const gust_value *v, size_t *n);

/* The items of a list or tuple at an index, which is in range. */
gust_value gu_seq_get(const gust_value *v, size_t i);

/* --- made while it runs: NULL, and the rendering has failed, when memory is short --- */

struct gu_seq *gu_seq_new(struct gu_render *r, enum gu_seq_kind kind, size_t room);
bool gu_seq_push(struct gu_render *r, struct gu_seq *seq, gust_value item);

static inline gust_value gu_seq_value(struct gu_seq *seq)
{
    return gu_own(GU_SEQ, seq);
}

static inline struct gu_seq *gu_seq_of(const gust_value *v)
{
    return v->as.own;
}

/* --- iteration --- */

struct gu_iter {
    gust_value over;
    size_t i, n;
    void *at; /* in a jansson object, a map, a generator */
};

/* False when it cannot be iterated: the rendering has failed. */
bool gu_iter_init(struct gu_render *r, struct gu_iter *it, const gust_value *over);

/* 1 and the next item, 0 at the end, -1 when the rendering has failed. Each costs a step. */
int gu_iter_next(struct gu_render *r, struct gu_iter *it, gust_value *item);

/* All items, of anything that can be iterated. */
struct gu_seq *gu_iter_all(struct gu_render *r, const gust_value *over, enum gu_seq_kind kind);

/* --- compare.c --- */

/* ==, by value. Deeper than GU_VALUE_DEPTH nothing is equal. */
#define GU_VALUE_DEPTH 100
bool gu_equal(const gust_value *a, const gust_value *b);

/* Less than, equal or more, as -1, 0, 1; GU_UNORDERED of NaN. False, and the rendering has failed,
 * where there is no order; `op` is for its message. */
#define GU_UNORDERED 2
bool gu_order(struct gu_render *r, const gust_value *a, const gust_value *b, const char *op,
              int *order);

/* `a in b`. */
bool gu_contains(struct gu_render *r, const gust_value *in, const gust_value *what, bool *found);

/* --- dict.c --- */

struct gu_dict *gu_dict_new(struct gu_render *r);
bool gu_dict_put(struct gu_render *r, struct gu_dict *d, const gust_value *key,
                 const gust_value *value);

/* The value of a key of any map; false without one. Keys that cannot be are not there. */
bool gu_map_get(const gust_value *map, const gust_value *key, gust_value *value);
bool gu_map_get_text(const gust_value *map, gust_str key, gust_value *value);

/* Whether a value can be a key; if not, the rendering has failed. */
bool gu_check_key(struct gu_render *r, const gust_value *key);
bool gu_dict_remove(struct gu_dict *d, const gust_value *key, gust_value *value);
size_t gu_map_len(const gust_value *map);

/* --- print.c --- */

/* str() and repr(). */
void gu_put_str(struct gu_buf *b, const gust_value *v);
void gu_put_repr(struct gu_buf *b, const gust_value *v);
void gu_put_int(struct gu_buf *b, int64_t i);
void gu_put_real(struct gu_buf *b, double d);

#endif
