/*
 * template — compiling and rendering, as the rooms above see it
 *
 * Sans-I/O: a loader is given a function that knows its files. Compiled templates live in arenas of
 * their own until the loader is reset.
 */
#ifndef GU_TEMPLATE_IMPL_H
#define GU_TEMPLATE_IMPL_H

#include "base/arena_impl.h"
#include "base/buf.h"
#include <gust/template.h>

/* The text of a file: 0, -ENOENT, -GUST_ETOOBIG beyond max, another error. In the arena, or lent
 * for as long as the loader lives. */
typedef int gu_read_fn(void *arg, struct gust_arena *arena, gust_str name, size_t max,
                       gust_str *text);

/* What went wrong. */
struct gu_report {
    int err;
    gust_str message; /* in the arena of the call, or a constant */
    uint32_t line;
};

/* A loader that reads by `read`, which is given `arg`. Options are copied, but for names. NULL when
 * memory is short. */
struct gust_loader *gu_loader_new(gu_read_fn *read, const void *arg,
                                  const gust_loader_options *options);

/* The compiled template of a name; with is_fresh, compiled anew into `arena`. NULL, and *report
 * tells why. */
const gust_template *gu_loader_get(struct gust_loader *loader, struct gust_arena *arena,
                                   gust_str name, bool is_fresh, struct gu_report *report);

/* The template of a text, in the arena. */
const gust_template *gu_template_compile(struct gust_loader *loader, struct gust_arena *arena,
                                         gust_str text, gust_str name, struct gu_report *report);

/* More names, which are asked for only if the template uses them: behind the variables, before the
 * loader's own. */
typedef bool gu_lookup_fn(void *context, gust_str name, gust_value *value);

/* A rendering. */
struct gu_rendering {
    struct gust_arena *arena;
    const gust_kv *vars, *more; /* those behind it; both may be NULL */
    gu_lookup_fn *lookup;       /* may be NULL */
    void *context;              /* of lookup, and of functions */
    struct gu_buf *out;
};

/* Its limit, for the buffer that it is rendered into. */
size_t gu_template_max_output(const gust_template *t);

/* Renders. 0, or an error that *report tells; what was put until then stays in the buffer. */
int gu_template_render(const gust_template *t, const struct gu_rendering *what,
                       struct gu_report *report);

#endif
