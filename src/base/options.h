/*
 * options — a program's command line, by a table
 *
 *     int64_t port = 8888;
 *     const struct gu_option table[] = {
 *         {.name = "port", .type = GU_OPTION_INT, .to = &port, .max = 65535, .help = "to listen
 * on"},
 *         {.name = NULL},
 *     };
 *
 * `--name=value` and `--name value` are the same, "-" in a name is "_", one dash is as good as two,
 * and `--no-x` is `--x=false`. What stands at `to` before is the default, and is shown by `--help`.
 * Options end at "--" or at the first argument that is none. Follows tornado.options.
 */
#ifndef GU_OPTIONS_H
#define GU_OPTIONS_H

#include "base/buf.h"

enum gu_option_type {
    GU_OPTION_BOOL,   /* bool: --x, --no-x, --x=true, --x=0 */
    GU_OPTION_INT,    /* int64_t */
    GU_OPTION_DOUBLE, /* double */
    GU_OPTION_STRING, /* const char *, which borrows from argv */
};

struct gu_option {
    const char *name;
    enum gu_option_type type;
    void *to;
    int64_t min, max;    /* of a number, both included; max 0: any number */
    const char *metavar; /* what help calls the value; NULL: by the type */
    const char *help;
};

/* Reads a command line. Returns the index of the first argument that is no option (argc, if there
 * is none); 0 when help is asked for, with its text in `message`; or -EINVAL, with what is wrong
 * there. Nothing is stored unless all is right. The table ends at a NULL name. */
int gu_options_parse(const struct gu_option *table, int argc, char *const *argv,
                     struct gu_buf *message) GUST_CHECK;

/* As gu_options_parse() for a main(): prints help and exits 0, prints what is wrong and exits 2;
 * else returns the index. */
int gu_options_parse_or_exit(const struct gu_option *table, int argc, char *const *argv);

#endif
