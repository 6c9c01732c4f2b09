/*
 * options — tables, the command line, the environment, and the storing
 *
 * Nothing is stored while it is read: each value becomes a setting with the rank of its source, and
 * gust_options_finish() stores them all, rank by rank, once every source was right.
 */
#include "base/alloc.h"
#include "base/options_impl.h"
#include "base/str.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_VARIABLE 128u /* of an environment variable's name */

/* --- failures --- */

int gu_options_fail(struct gust_options *o, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gu_buf_vprintf(&o->message, format, args);
    va_end(args);
    if (o->err == 0)
        o->err = err;
    return err;
}

/* Before each source: after a failure, every later call returns it, and its message stays. */
static int begin(struct gust_options *o)
{
    if (o->err == 0)
        gu_buf_clear(&o->message);
    return o->err;
}

/* --- names and tables --- */

static bool name_is(gust_str given, const char *name)
{
    if (name == NULL || strlen(name) != given.len)
        return false;
    for (size_t i = 0; i < given.len; i++)
        if ((given.ptr[i] == '_' ? '-' : given.ptr[i]) != (name[i] == '_' ? '-' : name[i]))
            return false;
    return true;
}

const gust_option *gu_option_find(const struct gust_options *o, gust_str name)
{
    for (size_t i = 0; i < o->n_rows; i++)
        if (name_is(name, o->rows[i]->name) || name_is(name, o->rows[i]->alias))
            return o->rows[i];
    return NULL;
}

static size_t count_rows(const gust_option *table)
{
    size_t n = 0;

    for (; table->name != NULL || table->table != NULL; table++)
        n += table->table != NULL ? count_rows(table->table) : 1;
    return n;
}

static void add_rows(struct gust_options *o, const gust_option *table)
{
    for (; table->name != NULL || table->table != NULL; table++) {
        if (table->table != NULL) {
            add_rows(o, table->table);
            continue;
        }
        if (gu_option_find(o, gust_str_from(table->name)) != NULL ||
            (table->alias != NULL && gu_option_find(o, gust_str_from(table->alias)) != NULL))
            gust_ignore(
                gu_options_fail(o, -EEXIST, "Option '--%s' is already defined", table->name));
        o->rows[o->n_rows++] = table;
    }
}

gust_options *gust_options_new(const gust_option *table, const char *version)
{
    struct gust_options *o = gu_alloc0(sizeof *o);

    if (o == NULL)
        return NULL;
    gu_buf_init(&o->message, NULL, SIZE_MAX - 1);
    o->last = &o->first;
    o->version = version;
    o->arena = gust_arena_new();
    if (o->arena != NULL)
        o->rows = gu_arena_alloc(o->arena, (count_rows(table) + 1) * sizeof(const gust_option *));
    if (o->rows == NULL) {
        gust_options_free(o);
        return NULL;
    }
    add_rows(o, table);
    return o;
}

void gust_options_free(gust_options *options)
{
    if (options == NULL)
        return;
    gust_arena_free(options->arena);
    gu_buf_deinit(&options->message);
    gu_free(options);
}

/* --- settings --- */

static bool make_room(struct gust_options *o, struct gu_option_texts *texts)
{
    size_t cap = texts->cap == 0 ? 4 : texts->cap * 2;
    const char **items;

    if (texts->n < texts->cap)
        return true;
    items = gu_arena_alloc(o->arena, cap * sizeof *items);
    if (items == NULL)
        return false;
    if (texts->n > 0)
        memcpy(items, texts->items, texts->n * sizeof *items);
    texts->items = items;
    texts->cap = cap;
    return true;
}

int gu_option_add_text(struct gust_options *o, struct gu_option_texts *texts, gust_str text)
{
    const char *copy = gu_arena_copy(o->arena, text.ptr, text.len).ptr;

    if (copy == NULL || !make_room(o, texts))
        return gu_options_fail(o, -ENOMEM, "memory is short");
    texts->items[texts->n++] = copy;
    return 0;
}

int gu_option_stage(struct gust_options *o, const gust_option *option,
                    const struct gu_option_texts *texts, enum gu_option_rank rank)
{
    struct gu_option_setting *s = gu_arena_alloc(o->arena, sizeof *s);
    int err;

    if (s == NULL)
        return gu_options_fail(o, -ENOMEM, "memory is short");
    *s = (struct gu_option_setting){.option = option, .rank = rank};
    err = gu_option_read(o, option, texts, s);
    if (err < 0)
        return err;
    *o->last = s;
    o->last = &s->next;
    for (size_t i = 0; option->type == GUST_OPTION_CONFIG && err == 0 && i < texts->n; i++)
        err = gu_options_read_file(o, texts->items[i]);
    return err;
}

/* A value as it stands on a command line: of a list, the commas part it. No text is no element. */
static int set(struct gust_options *o, const gust_option *option, const char *text,
               enum gu_option_rank rank)
{
    struct gu_option_texts texts = {NULL, 0, 0};
    gust_str rest = gust_str_from(text), part = rest;
    int err = 0;

    if (!option->is_multiple)
        err = gu_option_add_text(o, &texts, rest);
    else if (rest.len > 0)
        while (err == 0 && gu_str_split(&rest, ',', &part))
            err = gu_option_add_text(o, &texts, gu_str_trim(part, " \t"));
    return err < 0 ? err : gu_option_stage(o, option, &texts, rank);
}

/* --- the command line --- */

struct line {
    struct gust_options *o;
    int argc;
    char *const *argv;
    int at; /* the argument in hand */
    bool wants_help, wants_version;
};

/* The value behind "=", or the next argument; NULL if there is none. An option is no value. */
static const char *value_of(struct line *l, const gust_option *option, const char *equals)
{
    if (equals != NULL)
        return equals + 1;
    if (option->type == GUST_OPTION_BOOL)
        return "true";
    if (l->at + 1 >= l->argc || strncmp(l->argv[l->at + 1], "--", 2) == 0)
        return NULL;
    return l->argv[++l->at];
}

/* The option that `--no-x` switches off. */
static const gust_option *find_negated(const struct gust_options *o, gust_str name)
{
    const gust_option *option;

    if (name.len <= 3 || !name_is(gu_str_sub(name, 0, 3), "no-"))
        return NULL;
    option = gu_option_find(o, gu_str_sub(name, 3, GU_NPOS));
    return option != NULL && option->type == GUST_OPTION_BOOL ? option : NULL;
}

static int parse_switch(struct line *l, gust_str name)
{
    const gust_option *negated = find_negated(l->o, name);

    if (gust_str_equal(name, "help"))
        l->wants_help = true;
    else if (l->o->version != NULL && gust_str_equal(name, "version"))
        l->wants_version = true;
    else if (negated != NULL)
        return set(l->o, negated, "false", GU_OPTION_BY_LINE);
    else
        return gu_options_fail(l->o, -EINVAL, "Unrecognized command line option: '--%.*s'",
                               (int)name.len, name.ptr);
    return 0;
}

static int parse_argument(struct line *l, const char *arg)
{
    const char *dashless = arg + strspn(arg, "-");
    const char *equals = strchr(dashless, '='), *text;
    gust_str name = gust_str_from(dashless);
    const gust_option *option;

    if (equals != NULL)
        name.len = (size_t)(equals - dashless);
    option = gu_option_find(l->o, name);
    if (option == NULL && equals == NULL)
        return parse_switch(l, name);
    if (option == NULL)
        return gu_options_fail(l->o, -EINVAL, "Unrecognized command line option: '--%.*s'",
                               (int)name.len, name.ptr);
    text = value_of(l, option, equals);
    if (text == NULL)
        return gu_options_fail(l->o, -EINVAL, "Option '--%s' requires a value", option->name);
    return set(l->o, option, text, GU_OPTION_BY_LINE);
}

/* The index of the first argument that is no option. */
static int walk(struct line *l)
{
    for (l->at = 1; l->at < l->argc; l->at++) {
        const char *arg = l->argv[l->at];
        int err;

        if (strcmp(arg, "--") == 0)
            return l->at + 1;
        if (arg[0] != '-' || arg[1] == '\0')
            return l->at;
        err = parse_argument(l, arg);
        if (err < 0)
            return err;
    }
    return l->at;
}

int gust_options_parse_command_line(gust_options *options, int argc, char *const *argv)
{
    struct line l = {.o = options, .argc = argc, .argv = argv};
    int rest = begin(options);

    if (rest == 0)
        rest = walk(&l);
    if (rest < 0 || (!l.wants_help && !l.wants_version))
        return rest;
    if (l.wants_help)
        gu_options_put_help(options, argc > 0 ? argv[0] : "program");
    else
        gu_buf_printf(&options->message, "%s\n", options->version);
    return 0;
}

int gust_options_parse_config_file(gust_options *options, const char *path)
{
    int err = begin(options);

    return err < 0 ? err : gu_options_read_file(options, path);
}

/* --- the environment --- */

/* The variable's name: false when it would be too long, and thus is not set by anybody. */
static bool name_variable(char *to, const char *prefix, const char *name)
{
    size_t n = strlen(prefix);

    if (n + strlen(name) >= MAX_VARIABLE)
        return false;
    memcpy(to, prefix, n);
    for (; *name != '\0'; name++)
        to[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    to[n] = '\0';
    return true;
}

int gust_options_parse_environment(gust_options *options, const char *prefix)
{
    char variable[MAX_VARIABLE];
    int err = begin(options);

    for (size_t i = 0; err == 0 && i < options->n_rows; i++) {
        const char *text = NULL;

        if (name_variable(variable, prefix, options->rows[i]->name))
            text = getenv(variable);
        if (text == NULL)
            continue;
        gu_buf_printf(&options->message, "%s: ", variable); /* what a message begins with */
        err = set(options, options->rows[i], text, GU_OPTION_BY_ENVIRONMENT);
        if (err == 0)
            gu_buf_clear(&options->message);
    }
    return err;
}

/* --- storing --- */

static const struct gu_option_setting *find_setting(const struct gust_options *o,
                                                    const gust_option *option)
{
    for (const struct gu_option_setting *s = o->first; s != NULL; s = s->next)
        if (s->option == option)
            return s;
    return NULL;
}

static void store(const struct gu_option_setting *s)
{
    if (s->option->to == NULL)
        return;
    if (s->option->is_multiple)
        *(gust_option_list *)s->option->to = (gust_option_list){.n = s->n, .of.items = s->items};
    else
        memcpy(s->option->to, s->items, gu_option_size_of(s->option->type));
}

static int check_required(struct gust_options *o)
{
    for (size_t i = 0; i < o->n_rows; i++)
        if (o->rows[i]->is_required && find_setting(o, o->rows[i]) == NULL)
            return gu_options_fail(o, -EINVAL, "Option '--%s' is required", o->rows[i]->name);
    return 0;
}

int gust_options_finish(gust_options *options)
{
    int err = begin(options);

    if (err == 0)
        err = check_required(options);
    if (err < 0)
        return err;
    for (int rank = 0; rank < GU_N_RANKS; rank++)
        for (const struct gu_option_setting *s = options->first; s != NULL; s = s->next)
            if ((int)s->rank == rank)
                store(s);
    for (size_t i = 0; i < options->n_rows; i++)
        if (options->rows[i]->callback != NULL && find_setting(options, options->rows[i]) != NULL)
            options->rows[i]->callback(options->rows[i]);
    return 0;
}

/* --- for a main() --- */

const char *gust_options_message(gust_options *options)
{
    gust_str text;

    return gu_buf_finish(&options->message, &text) < 0 ? "memory is short" : text.ptr;
}

GUST_NORETURN static void end(gust_options *options, FILE *to, const char *hint, int code)
{
    fprintf(to, "%s%s", gust_options_message(options), hint);
    gust_options_free(options);
    exit(code);
}

int gust_options_parse_or_exit(gust_options *options, const char *prefix, int argc,
                               char *const *argv)
{
    int err = prefix == NULL ? 0 : gust_options_parse_environment(options, prefix);
    int rest = err < 0 ? err : gust_options_parse_command_line(options, argc, argv);

    if (rest == 0)
        end(options, stdout, "", EXIT_SUCCESS);
    if (rest > 0)
        err = gust_options_finish(options);
    if (rest < 0 || err < 0)
        end(options, stderr, " (--help lists the options)\n", 2);
    return rest;
}
