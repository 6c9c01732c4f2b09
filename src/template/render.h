/*
 * render — a rendering under way, as all that takes part in it sees it
 *
 * What fails says why by gu_throw() and returns false; each caller returns at once, up to the
 * statement that catches it, or out of the template. A limit, and short memory, cannot be caught.
 */
#ifndef GU_TEMPLATE_RENDER_H
#define GU_TEMPLATE_RENDER_H

#include "template/value.h"

/* Python's exceptions, each after the one that it is a kind of. */
enum gu_class {
    GU_NO_ERROR,
    GU_LIMIT, /* is no exception: a limit, or memory, see .err */
    GU_EXCEPTION,
    GU_ARITHMETIC_ERROR,
    GU_ZERO_DIVISION_ERROR,
    GU_OVERFLOW_ERROR,
    GU_LOOKUP_ERROR,
    GU_INDEX_ERROR,
    GU_KEY_ERROR,
    GU_NAME_ERROR,
    GU_UNBOUND_LOCAL_ERROR,
    GU_ATTRIBUTE_ERROR,
    GU_TYPE_ERROR,
    GU_VALUE_ERROR,
    GU_RUNTIME_ERROR,
    GU_N_CLASSES
};

const char *gu_class_name(enum gu_class c);

/* The class of a name; GU_NO_ERROR if there is none. */
enum gu_class gu_class_find(gust_str name);

/* Whether an exception is one of a class. */
bool gu_class_is(enum gu_class c, enum gu_class of);

/* Where something stands: a file, and who includes or overrides there. */
struct gu_place {
    gust_str file;
    const struct gu_place *via;
    uint32_t via_line;
};

struct gu_render {
    struct gust_arena *arena;
    struct gu_buf *out; /* where text goes: another one inside of an apply */
    gust_value *slots;
    int64_t steps; /* that are left */
    size_t max_output;
    bool has_kept; /* memory that was taken is referred to by what was there before */
    void *context; /* gust_call.context */

    enum gu_class failed; /* GU_NO_ERROR while all is well */
    int err;              /* of a GU_LIMIT */
    gust_str message;
    const struct gu_place *place; /* of the innermost statement that failed */
    uint32_t line;
};

/* Fails the rendering; false, to be returned. */
bool gu_throw(struct gu_render *r, enum gu_class c, const char *format, ...) GUST_PRINTF(3, 4);

/* The same for KeyError, whose message is the repr() of a key. */
bool gu_throw_key(struct gu_render *r, const gust_value *key);

/* Fails it for good. */
bool gu_stop(struct gu_render *r, int err, const char *what);

/* Memory of the rendering: n of a size; NULL, and it has failed, when that is short. */
void *gu_render_alloc(struct gu_render *r, size_t n, size_t size);

bool gu_out_of_steps(struct gu_render *r);

/* Counts one step, or what so many bytes or items cost. */
static inline bool gu_step(struct gu_render *r)
{
    return gu_likely(--r->steps >= 0) || gu_out_of_steps(r);
}

static inline bool gu_steps_for(struct gu_render *r, size_t n_bytes)
{
    r->steps -= (int64_t)gu_min(n_bytes, INT64_MAX) / 64;
    return gu_likely(r->steps >= 0) || gu_out_of_steps(r);
}

/* A text under way, whose longest is max_output; and its end, which fails the rendering if the text
 * failed. */
void gu_text_begin(struct gu_render *r, struct gu_buf *b);
bool gu_text_end(struct gu_render *r, struct gu_buf *b, gust_value *result);

/* The next item of a generator expression, as gu_iter_next(). */
struct gu_generator;
int gu_generator_next(struct gu_render *r, struct gu_generator *g, gust_value *item);

#endif
