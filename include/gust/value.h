/*
 * gust/value.h — typed values for JSON and templates
 *
 *     gust_json(r, GUST_VARS({"id", GUST_V(id)}, {"name", GUST_V(name)}, {"tags", tags}));
 *
 * GUST_V() makes a value of whatever it is given: bool, any integer, float and double, a C string
 * (NULL is null), gust_str, a jansson value, an array of gust_kv, a template's function or object,
 * or a gust_value. A value borrows: it holds pointers to what it was made of, and frees nothing.
 * Nothing here fails, waits or allocates. **Any thread.**
 */
#ifndef GUST_VALUE_H
#define GUST_VALUE_H

#include <gust/base.h>

struct json_t;

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gust_value_type {
    GUST_NULL,
    GUST_BOOL,
    GUST_INT,
    GUST_DOUBLE,
    GUST_STRING, /**< UTF-8 */
    GUST_LIST,
    GUST_MAP,
    GUST_JSONT,    /**< a jansson value of any kind */
    GUST_FUNCTION, /**< code, for templates; see template.h. Neither this nor the next is JSON */
    GUST_OBJECT,   /**< what works its attributes out when a template asks; see template.h */
} gust_value_type;

struct gust_kv;
struct gust_function;
struct gust_object;

/** One value; read `as` by `type`. All zero is null. */
typedef struct gust_value {
    gust_value_type type;
    uint32_t n; /**< the length of as.list */
    union {
        bool boolean;
        int64_t integer;
        double real;
        gust_str string;
        const struct gust_value *list;
        const struct gust_kv *map; /**< ends with a NULL key */
        struct json_t *json;
        const struct gust_function *function;
        const struct gust_object *object;
        void *own; /**< what a template makes while it runs; Gust's */
    } as;
} gust_value;

/** A name and its value. An array of them ends with a NULL key. */
typedef struct gust_kv {
    const char *key;
    gust_value value;
} gust_kv;

static inline gust_value gust_value_null(void)
{
    gust_value v = {GUST_NULL, 0, {false}};
    return v;
}

/** In C, `true` and `a < b` are integers to GUST_V(); this makes a boolean of them. */
static inline gust_value gust_value_bool(bool b)
{
    gust_value v = {GUST_BOOL, 0, {false}};
    v.as.boolean = b;
    return v;
}

static inline gust_value gust_value_int(int64_t i)
{
    gust_value v = {GUST_INT, 0, {false}};
    v.as.integer = i;
    return v;
}

static inline gust_value gust_value_double(double d)
{
    gust_value v = {GUST_DOUBLE, 0, {false}};
    v.as.real = d;
    return v;
}

/** Above INT64_MAX it becomes a double, as in JavaScript. */
static inline gust_value gust_value_uint(uint64_t u)
{
    return u > (uint64_t)INT64_MAX ? gust_value_double((double)u) : gust_value_int((int64_t)u);
}

static inline gust_value gust_value_str(gust_str s)
{
    gust_value v = {GUST_STRING, 0, {false}};
    v.as.string = s;
    return v;
}

/** NULL becomes null. */
static inline gust_value gust_value_text(const char *text)
{
    return text == NULL ? gust_value_null() : gust_value_str(gust_str_from(text));
}

/** NULL becomes null. The reference stays the caller's. */
static inline gust_value gust_value_json(struct json_t *json)
{
    gust_value v = {GUST_JSONT, 0, {false}};
    if (json == NULL)
        return gust_value_null();
    v.as.json = json;
    return v;
}

/** An array of `n` values. */
static inline gust_value gust_value_list(const gust_value *items, uint32_t n)
{
    gust_value v = {GUST_LIST, n, {false}};
    v.as.list = items;
    return v;
}

/** Pairs up to a NULL key; NULL is an empty map. */
static inline gust_value gust_value_map(const gust_kv *pairs)
{
    gust_value v = {GUST_MAP, 0, {false}};
    v.as.map = pairs;
    return v;
}

/** Code that templates call. */
static inline gust_value gust_value_function(const struct gust_function *function)
{
    gust_value v = {GUST_FUNCTION, 0, {false}};
    v.as.function = function;
    return v;
}

/** NULL becomes null. */
static inline gust_value gust_value_object(const struct gust_object *object)
{
    gust_value v = {GUST_OBJECT, 0, {false}};
    if (object == NULL)
        return gust_value_null();
    v.as.object = object;
    return v;
}

static inline gust_value gust_value_same(gust_value v)
{
    return v;
}

#ifdef __cplusplus
}

#include <initializer_list>

/* Overloads in C++, _Generic in C. char, short and float promote to one of these. */
inline gust_value gust_value_of_(bool b)
{
    return gust_value_bool(b);
}
inline gust_value gust_value_of_(int i)
{
    return gust_value_int(i);
}
inline gust_value gust_value_of_(unsigned u)
{
    return gust_value_uint(u);
}
inline gust_value gust_value_of_(long i)
{
    return gust_value_int(i);
}
inline gust_value gust_value_of_(unsigned long u)
{
    return gust_value_uint(u);
}
inline gust_value gust_value_of_(long long i)
{
    return gust_value_int(i);
}
inline gust_value gust_value_of_(unsigned long long u)
{
    return gust_value_uint(u);
}
inline gust_value gust_value_of_(double d)
{
    return gust_value_double(d);
}
inline gust_value gust_value_of_(const char *text)
{
    return gust_value_text(text);
}
inline gust_value gust_value_of_(gust_str s)
{
    return gust_value_str(s);
}
inline gust_value gust_value_of_(struct json_t *json)
{
    return gust_value_json(json);
}
inline gust_value gust_value_of_(const gust_kv *pairs)
{
    return gust_value_map(pairs);
}
inline gust_value gust_value_of_(const struct gust_function *function)
{
    return gust_value_function(function);
}
inline gust_value gust_value_of_(const struct gust_object *object)
{
    return gust_value_object(object);
}
inline gust_value gust_value_of_(gust_value v)
{
    return v;
}

inline const gust_kv *gust_vars_(std::initializer_list<gust_kv> pairs)
{
    return pairs.begin();
}
inline gust_value gust_list_(std::initializer_list<gust_value> items)
{
    return gust_value_list(items.begin(), static_cast<uint32_t>(items.size()));
}

#define GUST_V(x) gust_value_of_(x)
#define GUST_VARS(...) gust_vars_({__VA_ARGS__, {nullptr, gust_value_null()}})
#define GUST_ITEMS(...) gust_list_({__VA_ARGS__})

#else

/** A value of `x`; see the top of this file. */
#define GUST_V(x) \
    _Generic((x),                                     \
        bool: gust_value_bool,                        \
        char: gust_value_int,                         \
        signed char: gust_value_int,                  \
        unsigned char: gust_value_int,                \
        short: gust_value_int,                        \
        unsigned short: gust_value_int,               \
        int: gust_value_int,                          \
        unsigned: gust_value_int,                     \
        long: gust_value_int,                         \
        unsigned long: gust_value_uint,               \
        long long: gust_value_int,                    \
        unsigned long long: gust_value_uint,          \
        float: gust_value_double,                     \
        double: gust_value_double,                    \
        char *: gust_value_text,                      \
        const char *: gust_value_text,                \
        gust_str: gust_value_str,                     \
        struct json_t *: gust_value_json,             \
        gust_kv *: gust_value_map,                    \
        const gust_kv *: gust_value_map,              \
        struct gust_function *: gust_value_function, \
        const struct gust_function *: gust_value_function, \
        struct gust_object *: gust_value_object, \
        const struct gust_object *: gust_value_object, \
        gust_value: gust_value_same)(x)

/** Pairs, to be passed on: GUST_VARS({"a", GUST_V(1)}, {"b", GUST_V("two")}). There is at least
 * one; where none is meant, NULL is. They last as long as the block in C, as long as the statement
 * in C++. */
#define GUST_VARS(...) ((const gust_kv[]){__VA_ARGS__, {NULL, {GUST_NULL, 0, {false}}}})

/** A list: GUST_ITEMS(GUST_V(1), GUST_V("two")). At least one item; lasts as GUST_VARS() does. */
#define GUST_ITEMS(...)                                \
    gust_value_list((const gust_value[]){__VA_ARGS__}, \
                    (uint32_t)(sizeof((const gust_value[]){__VA_ARGS__}) / sizeof(gust_value)))

#endif

#endif
