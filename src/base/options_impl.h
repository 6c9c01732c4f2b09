/*
 * options — inside: texts become values, values wait for gust_options_finish()
 */
#ifndef GU_OPTIONS_IMPL_H
#define GU_OPTIONS_IMPL_H

#include "base/arena_impl.h"
#include "base/buf.h"
#include "base/options.h"

#define GU_OPTION_MAX_ITEMS 65536u /* of one list, ranges counted out */
#define GU_OPTION_MAX_FILE ((size_t)1 << 20)
#define GU_OPTION_MAX_NESTED 8u /* config files that name one another */

/* Who wins over whom: the later in this list. */
enum gu_option_rank { GU_OPTION_BY_FILE, GU_OPTION_BY_ENVIRONMENT, GU_OPTION_BY_LINE, GU_N_RANKS };

/* A value that was read. */
struct gu_option_setting {
    struct gu_option_setting *next;
    const gust_option *option;
    enum gu_option_rank rank;
    void *items; /* an array of the type's */
    size_t n;
};

struct gust_options {
    struct gust_arena *arena; /* of all that is read */
    const gust_option **rows; /* the tables' rows, one behind the other */
    size_t n_rows;
    const char *version;
    struct gu_option_setting *first, **last;
    struct gu_buf message;
    unsigned n_nested; /* config files that are being read */
    int err;           /* the first failure */
};

/* The texts of one option, before its type is asked. */
struct gu_option_texts {
    const char **items;
    size_t n, cap;
};

/* --- values (options_value.c) --- */

/* Reads texts by the option's type into an array. Returns 0, -ENOMEM, or -EINVAL with the reason in
 * the message. */
int gu_option_read(struct gust_options *o, const gust_option *option,
                   const struct gu_option_texts *texts, struct gu_option_setting *to);

/* Puts what the option's variable holds as a text; nothing where that says nothing. */
void gu_option_put_default(struct gu_buf *b, const gust_option *option);

/* The bytes of one value, and what help calls it (NULL: nothing). */
size_t gu_option_size_of(gust_option_type type);
const char *gu_option_metavar(const gust_option *option);

/* --- settings (options.c) --- */

const gust_option *gu_option_find(const struct gust_options *o, gust_str name);

/* Adds a copy of a text; 0 or -ENOMEM, or -EINVAL for more than GU_OPTION_MAX_ITEMS. */
int gu_option_add_text(struct gust_options *o, struct gu_option_texts *texts, gust_str text);

/* Reads texts and keeps the value for gust_options_finish(). */
int gu_option_stage(struct gust_options *o, const gust_option *option,
                    const struct gu_option_texts *texts, enum gu_option_rank rank);

/* --- config files (options_file.c), help (options_help.c) --- */

int gu_options_read_file(struct gust_options *o, const char *path);

void gu_options_put_help(struct gust_options *o, const char *program);

#endif
