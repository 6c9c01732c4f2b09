/*
 * gust/template.h — templates: Tornado's language, compiled once, filled in many times
 *
 *     <ul>{% for item in items %}<li>{{ item.name }}</li>{% end %}</ul>
 *
 * What stands in braces is a part of Python: names, attributes, indexes and slices, calls,
 * operators, literals, conditional expressions, comprehensions with one `for`. docs/guide.md tells
 * it in full; what is not in it is an error when the template is compiled, with file and line.
 * What {{ }} writes is escaped for HTML unless the template says otherwise.
 *
 * A handler calls gust_render() (response.h), and the application's loader belongs to Gust. What is
 * here is for the rest: functions and objects that templates use, loaders of one's own, text that
 * is no response. A loader and its templates belong to one thread. Only a function that waits makes
 * a call wait. Follows tornado.template.
 */
#ifndef GUST_TEMPLATE_H
#define GUST_TEMPLATE_H

#include <gust/error.h>
#include <gust/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- what templates call --- */

/** A call that a template makes. Arguments live as long as the call; those that the template made
 * (a list, a tuple) come as lists, its dictionaries as maps. */
typedef struct gust_call {
    void *arg;     /**< the function's own */
    void *context; /**< what was being rendered for: a gust_request in a handler, else NULL */
    const gust_value *args;
    size_t n_args;
    const gust_kv *named; /**< `name=value`; ends with a NULL key */
    char *error;          /**< see gust_call_fail() */
    size_t error_size;
} gust_call;

/** Code for templates. What is returned must live until the text is rendered: in the task's memory,
 * or longer. */
typedef struct gust_function {
    gust_value (*fn)(gust_call *call);
    void *arg;
    const char *name; /**< for messages */
} gust_function;

/** The argument at a place, or of that name; null if there is none. */
GUST_API gust_value gust_call_arg(const gust_call *call, size_t i, const char *name);

/** The text of a string value; "" for all else. Not what it looks like printed. */
GUST_API gust_str gust_value_text_of(gust_value value);

/** Fails the call: the template raises RuntimeError, or shows where it failed. What is returned is
 * to be returned. */
GUST_API gust_value gust_call_fail(gust_call *call, const char *format, ...) GUST_PRINTF(2, 3);

/** What has attributes that are worked out only when a template asks for them. `get` answers
 * whether there is one of that name. */
typedef struct gust_object {
    bool (*get)(const struct gust_object *self, gust_str name, gust_value *value);
    const char *name; /**< for messages, and what it prints as */
} gust_object;

/* --- loaders --- */

/** A loader: where templates come from, and those that were compiled. */
typedef struct gust_loader gust_loader;

/** All are optional. */
typedef struct gust_loader_options {
    const char *autoescape; /**< a function's name, or "None"; NULL: "xhtml_escape" */
    const char *whitespace; /**< "all", "single", "oneline"; NULL: single for .html and .js */
    const gust_kv *names;   /**< known to every template; lives as long as the loader */
    int64_t max_steps;      /**< of one rendering; 10,000,000; see docs/limits.md */
    int64_t max_output;     /**< bytes of one rendering, and of a string in it; 16 MiB */
    int64_t max_source;     /**< bytes of one file; 1 MiB */
} gust_loader_options;

/** A file of a table: the name that templates use, and the text. */
typedef struct gust_template_file {
    const char *name, *text;
} gust_template_file;

/** The files of a directory: "a/b.html" is below it, and nothing leads out of it. They are read
 * when they are first used, by calls that block. The directory's name must outlive the loader. NULL
 * when memory is short. */
GUST_API gust_loader *gust_loader_new(const char *directory, const gust_loader_options *options);

/** The files of a table that ends with a NULL name: a dictionary, or what the program carries. The
 * table must outlive the loader. NULL when memory is short. */
GUST_API gust_loader *gust_loader_new_table(const gust_template_file *files,
                                            const gust_loader_options *options);

/** Frees; NULL is allowed. */
GUST_API void gust_loader_free(gust_loader *loader);

/** Forgets what was compiled: files are read anew. No rendering may be under way. */
GUST_API void gust_loader_reset(gust_loader *loader);

/* --- templates --- */

/** A compiled template. */
typedef struct gust_template gust_template;

/** A template of a loader, compiled when it is first asked for; it stays the loader's. NULL, and
 * *error (which may be NULL) tells why, with file and line in its message: -ENOENT, -GUST_ESYNTAX,
 * -GUST_ETOOBIG, -ENOMEM. **Raises 503.** */
GUST_API const gust_template *gust_loader_load(gust_loader *loader, const char *name,
                                               gust_error *error);

/** A template of a text, which is called `name` in messages; `loader` is asked for what it extends
 * and includes, and for options; it may be NULL. In the innermost scope. NULL as above.
 * **Raises 503.** */
GUST_API const gust_template *gust_template_new(gust_str text, const char *name,
                                                gust_loader *loader, gust_error *error);

/** Fills a template in. The text lives in the innermost scope. 0; or an error, and *error (which
 * may be NULL) tells more: -EINVAL for what Python would raise, with its name, file and line,
 * -GUST_ETOOBIG for a limit, -ENOMEM. **Waits** where a function waits that it calls.
 * **Raises 503.** */
GUST_API int gust_template_generate(const gust_template *template_, const gust_kv *vars,
                                    gust_str *text, gust_error *error) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
