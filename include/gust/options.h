/*
 * gust/options.h — a program's options: by its command line, a config file, the environment
 *
 * Options are rows of a table, which a module keeps beside the variables that it fills:
 *
 *     static const char *greeting = "Hello";
 *     static double pause = 0.5;
 *
 *     const gust_option greeter_options[] = {
 *         {.name = "greeting", .to = &greeting, .help = "what / says"},
 *         {.name = "pause", .type = GUST_OPTION_DURATION, .to = &pause, .help = "before it"},
 *         {0},
 *     };
 *
 * gust_app_main() takes such a table (gust_app_options.options). A program without it calls
 * gust_options_parse_or_exit(). What stands in the variables before is the default, and is shown by
 * --help. Sources are read first and stored together, by gust_options_finish(), so that a mistake
 * in any of them leaves every variable as it was. The command line wins over the environment, that
 * over config files, whichever is read first. One thread at a time; nothing waits, but a config
 * file is read with blocking calls. Follows tornado.options.
 */
#ifndef GUST_OPTIONS_H
#define GUST_OPTIONS_H

#include <gust/base.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an option's text must be, and what `to` points to. */
typedef enum gust_option_type {
    GUST_OPTION_STRING, /**< const char *, which lives as long as the gust_options */
    GUST_OPTION_BOOL,   /**< bool: --x, --no-x, --x=true; true, 1, t, yes, on and their opposites */
    GUST_OPTION_INT,    /**< int64_t */
    GUST_OPTION_FLOAT,  /**< double */
    GUST_OPTION_DURATION, /**< double, seconds: 1h30m, 250ms, 2; w d h m min s sec ms us */
    GUST_OPTION_DATETIME, /**< struct tm: 2026-11-20, 2026-11-20 09:05[:26], 20261120 09:05, … */
    GUST_OPTION_CONFIG,   /**< the path of a config file, which is read; `to` may be NULL */
} gust_option_type;

/** A row. A table ends with an empty one. Of two names that differ in "-" and "_" alone, each means
 * the other. */
typedef struct gust_option {
    const char *name;
    const char *alias; /**< another name, which help leaves out; NULL: none */
    gust_option_type type;
    void *to;                   /**< by the type; a gust_option_list if it is_multiple */
    const char *help;           /**< NULL: nothing is said */
    const char *metavar;        /**< what help calls the value; NULL: by the type */
    const char *group;          /**< under which help shows it; NULL: the first */
    int64_t min, max;           /**< of numbers and seconds, both included; max 0: any */
    const char *const *choices; /**< the texts that are allowed, up to a NULL; NULL: any */
    bool is_multiple;           /**< several: a,b,c; of whole numbers also 1:5, both included */
    bool is_required;           /**< it must be given somewhere */
    void (*callback)(const struct gust_option *option); /**< when all is stored, if it was given */
    const struct gust_option *table; /**< instead of a name: the rows of another module */
} gust_option;

/** Where values of an option that is_multiple go. What is lent lives as long as the gust_options.
 */
typedef struct gust_option_list {
    size_t n;
    union {
        const void *items;
        const char *const *strings;
        const bool *bools;
        const int64_t *ints;
        const double *floats; /**< durations as well */
        const struct tm *times;
    } of;
} gust_option_list;

typedef struct gust_options gust_options;

/** Options by a table, which must outlive them. `version` is what --version prints; NULL: there is
 * no such option. NULL when memory is short. A table with a name twice is told by the first parse.
 */
GUST_API gust_options *gust_options_new(const gust_option *table, const char *version);

/** Frees, and with it the strings and lists that variables point to. NULL is allowed. */
GUST_API void gust_options_free(gust_options *options);

/** Reads a command line: `--name=value` or `--name value`, one dash or two, up to "--" or to the
 * first argument that is no option. Returns its index, argc if there is none; or 0 when --help or
 * --version asks for a text, which is the message. **Errors:** -EINVAL, -ENOMEM, those of a config
 * file that is named there; the message tells. */
GUST_API int gust_options_parse_command_line(gust_options *options, int argc,
                                             char *const *argv) GUST_CHECK;

/**
 * Reads a file of lines `name = value`, of 1 MiB at the most. A value is the rest of its line, or
 * in double quotes, where \" \\ \n and \t stand for what they do in C; of a list each element is.
 * "#" begins a comment at the start of a line and after a space. An option of type
 * GUST_OPTION_CONFIG names another file, which is read where it stands, so that later lines win;
 * its path begins in the folder of the file that names it, and eight are nested at the most.
 * **Errors:** -EINVAL, an errno of opening it, -GUST_ETOOBIG, -ENOMEM; the message names the file
 * and the line.
 */
GUST_API int gust_options_parse_config_file(gust_options *options, const char *path) GUST_CHECK;

/** Reads those variables of the environment that are called as options are, in capitals and behind
 * a prefix: with "APP_", APP_LOG_LEVEL is --log-level. **Errors:** as of a command line. */
GUST_API int gust_options_parse_environment(gust_options *options, const char *prefix) GUST_CHECK;

/** Stores what was read, then calls the callbacks in the table's order. After any failure nothing
 * is stored. **Errors:** that of an earlier parse; -EINVAL when a required one is missing. */
GUST_API int gust_options_finish(gust_options *options) GUST_CHECK;

/** The text of --help or --version, or what is wrong. **Lends** until the next call. Never NULL. */
GUST_API const char *gust_options_message(gust_options *options);

/** For a main(): environment (NULL: none), command line and finish. Prints help and exits with 0,
 * prints what is wrong and exits with 2; else returns the index. */
GUST_API int gust_options_parse_or_exit(gust_options *options, const char *prefix, int argc,
                                        char *const *argv);

#ifdef __cplusplus
}
#endif

#endif
