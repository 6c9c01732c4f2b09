/*
 * methods — what can be called without being given
 */
#ifndef GU_TEMPLATE_METHODS_H
#define GU_TEMPLATE_METHODS_H

#include "template/value.h"

#define GU_MAX_ARGS 32        /* of a call */
#define GU_MAX_NAMED 16       /* of them, with names */
#define GU_MAX_COMPARISONS 16 /* in a row */

/* The functions that every template knows; NULL if there is none of that name. */
const struct gu_builtin *gu_builtin_find(gust_str name);

/* The one of a name in a table; NULL without one. */
const struct gu_builtin *gu_builtin_in(const struct gu_builtin *table, gust_str name);

/* A dictionary with the pairs of a map, or without any; false, and it has failed. */
bool gu_dict_copy(struct gu_render *r, const gust_value *from, gust_value *copy);

/* The method of a value; NULL if it has none of that name. */
const struct gu_builtin *gu_method_find(const gust_value *of, gust_str name);

extern const struct gu_builtin gu_xhtml_escape_builtin;

/* --- tables, each ends with a NULL name --- */

extern const struct gu_builtin gu_text_methods[], gu_list_methods[], gu_tuple_methods[],
    gu_dict_methods[], gu_number_builtins[], gu_sequence_builtins[], gu_text_builtins[];

/* --- arguments --- */

/* The value of an argument by its place, from 0, or its name; NULL without it. */
const gust_value *gu_arg(const struct gu_args *args, size_t i, const char *name);

/* The same as a text, an int, a truth; false, and it has failed, if it is something else. */
bool gu_arg_text(struct gu_render *r, const struct gu_args *args, size_t i, gust_str *text);
bool gu_arg_int(struct gu_render *r, const struct gu_args *args, size_t i, const char *name,
                int64_t *value);

/* --- methods_split.c --- */

bool gu_text_split(struct gu_render *r, struct gu_args *args, gust_value *result);
bool gu_text_rsplit(struct gu_render *r, struct gu_args *args, gust_value *result);
bool gu_text_splitlines(struct gu_render *r, struct gu_args *args, gust_value *result);
bool gu_text_partition(struct gu_render *r, struct gu_args *args, gust_value *result);
bool gu_text_rpartition(struct gu_render *r, struct gu_args *args, gust_value *result);
bool gu_text_join(struct gu_render *r, struct gu_args *args, gust_value *result);

/* The last place of a text in another, GU_NPOS without one; false, and it has failed, when that
 * takes too long. */
bool gu_find_last(struct gu_render *r, gust_str s, gust_str what, size_t *at);

/* --- elsewhere --- */

/* `text % args`, in format.c. */
bool gu_format(struct gu_render *r, gust_str format, const gust_value *args, gust_value *result);

/* `text.format(args)`, in brace.c. */
bool gu_format_braces(struct gu_render *r, struct gu_args *args, gust_value *result);

/* sorted() in place, in sort.c: `keys` NULL sorts the items themselves. */
bool gu_sort(struct gu_render *r, struct gu_seq *items, const gust_value *key, bool is_reverse);

/* Calls anything that can be called, in call.c. */
bool gu_call_value(struct gu_render *r, const gust_value *fn, struct gu_args *args,
                   gust_value *result);

#endif
