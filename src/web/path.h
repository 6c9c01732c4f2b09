/*
 * path — what the path of a route means, read as text
 *
 * A path is literal, or a pattern if it holds a character that is special in one. What is made here
 * is made once, when the application is, and lies in its arena.
 */
#ifndef GU_PATH_H
#define GU_PATH_H

#include "base/arena_impl.h"

struct gu_path {
    gust_str text;
    bool is_pattern;
};

/* The path of a route by itself. */
struct gu_path gu_path_of(const char *text);

/* What a nested route's path is, behind that of the table that it stands in; text.ptr is NULL when
 * memory is short. */
struct gu_path gu_path_join(struct gust_arena *arena, struct gu_path outer, struct gu_path inner);

/* What every text that the pattern matches begins with, as far as that is easily told; .ptr is NULL
 * when memory is short. */
gust_str gu_path_prefix(struct gust_arena *arena, struct gu_path path);

/* A path to be filled in: n_groups + 1 literal pieces, with an argument between each two. */
struct gu_reverse {
    gust_str *pieces;
    unsigned n_groups;
};

/* Takes a path apart. Only what stands in groups may be special, and groups may not nest (A9).
 * Errors: -EINVAL when it cannot be filled in, -ENOMEM. */
int gu_path_reverse(struct gust_arena *arena, struct gu_path path,
                    struct gu_reverse *reverse) GUST_CHECK;

#endif
