/*
 * options — a program's command line, by a table
 *
 * The line is walked twice: first to check it, then to store, so that a wrong one leaves no half of
 * it behind and help shows the defaults.
 */
#include "base/options.h"
#include "base/str.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HELP_COLUMN 32u

struct parser {
    const struct gu_option *table;
    int argc;
    char *const *argv;
    int at; /* the argument in hand */
    bool stores;
    bool wants_help;
    struct gu_buf *message;
};

/* --- names --- */

static bool name_is(gust_str given, const char *name)
{
    if (strlen(name) != given.len)
        return false;
    for (size_t i = 0; i < given.len; i++)
        if ((given.ptr[i] == '_' ? '-' : given.ptr[i]) != (name[i] == '_' ? '-' : name[i]))
            return false;
    return true;
}

static const struct gu_option *find(const struct gu_option *table, gust_str name)
{
    for (; table->name != NULL; table++)
        if (name_is(name, table->name))
            return table;
    return NULL;
}

/* --- values --- */

static bool read_bool(gust_str text, bool *value)
{
    static const struct {
        gust_str word;
        bool value;
    } words[] = {
        {GU_STR_INIT("true"), true}, {GU_STR_INIT("1"), true},  {GU_STR_INIT("t"), true},
        {GU_STR_INIT("yes"), true},  {GU_STR_INIT("on"), true}, {GU_STR_INIT("false"), false},
        {GU_STR_INIT("0"), false},   {GU_STR_INIT("f"), false}, {GU_STR_INIT("no"), false},
        {GU_STR_INIT("off"), false},
    };

    for (size_t i = 0; i < gu_countof(words); i++)
        if (gu_str_ieq(text, words[i].word)) {
            *value = words[i].value;
            return true;
        }
    return false;
}

static bool read_int(gust_str text, int64_t *value)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;

    if (!gu_str_to_u64(gu_str_sub(text, is_negative, GU_NPOS), &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX)
        return false;
    *value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool read_double(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

/* One of the three is looked at, by the option's type. */
struct value {
    bool boolean;
    int64_t integer;
    double real;
};

static bool read_value(const struct gu_option *o, const char *text, struct value *v)
{
    switch (o->type) {
    case GU_OPTION_BOOL:
        return read_bool(gust_str_from(text), &v->boolean);
    case GU_OPTION_INT:
        return read_int(gust_str_from(text), &v->integer) &&
               (o->max == 0 || (v->integer >= o->min && v->integer <= o->max));
    case GU_OPTION_DOUBLE:
        return read_double(text, &v->real) &&
               (o->max == 0 || (v->real >= (double)o->min && v->real <= (double)o->max));
    case GU_OPTION_STRING:
        break;
    }
    return true;
}

static void store(const struct gu_option *o, const char *text, const struct value *v)
{
    switch (o->type) {
    case GU_OPTION_BOOL:
        *(bool *)o->to = v->boolean;
        break;
    case GU_OPTION_INT:
        *(int64_t *)o->to = v->integer;
        break;
    case GU_OPTION_DOUBLE:
        *(double *)o->to = v->real;
        break;
    case GU_OPTION_STRING:
        *(const char **)o->to = text;
        break;
    }
}

/* --- one argument --- */

static int refuse_value(const struct parser *p, const struct gu_option *o, const char *text)
{
    static const char *const kinds[] = {
        [GU_OPTION_BOOL] = "true or false",
        [GU_OPTION_INT] = "a whole number",
        [GU_OPTION_DOUBLE] = "a number",
        [GU_OPTION_STRING] = "a text",
    };

    gu_buf_printf(p->message, "Option '--%s' must be %s", o->name, kinds[o->type]);
    if (o->max != 0)
        gu_buf_printf(p->message, " from %lld to %lld", (long long)o->min, (long long)o->max);
    gu_buf_printf(p->message, ", not '%s'", text);
    return -EINVAL;
}

static int set(const struct parser *p, const struct gu_option *o, const char *text)
{
    struct value v = {false, 0, 0};

    if (!read_value(o, text, &v))
        return refuse_value(p, o, text);
    if (p->stores)
        store(o, text, &v);
    return 0;
}

/* The value behind "=", or the next argument; NULL if there is none. An option is no value. */
static const char *value_of(struct parser *p, const struct gu_option *o, const char *equals)
{
    if (equals != NULL)
        return equals + 1;
    if (o->type == GU_OPTION_BOOL)
        return "true";
    if (p->at + 1 >= p->argc || strncmp(p->argv[p->at + 1], "--", 2) == 0)
        return NULL;
    return p->argv[++p->at];
}

static int parse_one(struct parser *p, const char *arg)
{
    const char *dashless = arg + strspn(arg, "-");
    const char *equals = strchr(dashless, '=');
    gust_str name = gust_str_from(dashless);
    const struct gu_option *o;
    const char *text;

    if (equals != NULL)
        name.len = (size_t)(equals - dashless);
    o = find(p->table, name);
    if (o != NULL) {
        text = value_of(p, o, equals);
        if (text != NULL)
            return set(p, o, text);
        gu_buf_printf(p->message, "Option '--%s' requires a value", o->name);
        return -EINVAL;
    }
    if (gust_str_equal(name, "help") && equals == NULL) {
        p->wants_help = true;
        return 0;
    }
    if (equals == NULL && name.len > 3 && name_is(gu_str_sub(name, 0, 3), "no-")) {
        o = find(p->table, gu_str_sub(name, 3, GU_NPOS));
        if (o != NULL && o->type == GU_OPTION_BOOL)
            return set(p, o, "false");
    }
    gu_buf_printf(p->message, "Unrecognized command line option: '--%.*s'", (int)name.len,
                  name.ptr);
    return -EINVAL;
}

/* The index of the first argument that is no option. */
static int walk(struct parser *p)
{
    for (p->at = 1; p->at < p->argc; p->at++) {
        const char *arg = p->argv[p->at];
        int err;

        if (strcmp(arg, "--") == 0)
            return p->at + 1;
        if (arg[0] != '-' || arg[1] == '\0')
            return p->at;
        err = parse_one(p, arg);
        if (err < 0)
            return err;
    }
    return p->at;
}

/* --- help --- */

static void put_default(struct gu_buf *b, const struct gu_option *o)
{
    switch (o->type) {
    case GU_OPTION_BOOL:
        if (*(const bool *)o->to)
            gu_buf_printf(b, " (default on; --no-%s)", o->name);
        break;
    case GU_OPTION_INT:
        gu_buf_printf(b, " (default %lld)", (long long)*(const int64_t *)o->to);
        break;
    case GU_OPTION_DOUBLE:
        gu_buf_printf(b, " (default %g)", *(const double *)o->to);
        break;
    case GU_OPTION_STRING:
        if (*(const char *const *)o->to != NULL)
            gu_buf_printf(b, " (default %s)", *(const char *const *)o->to);
        break;
    }
}

static void put_option(struct gu_buf *b, const struct gu_option *o)
{
    static const char *const metavars[] = {
        [GU_OPTION_BOOL] = NULL,
        [GU_OPTION_INT] = "N",
        [GU_OPTION_DOUBLE] = "X",
        [GU_OPTION_STRING] = "TEXT",
    };
    const char *metavar = o->metavar != NULL ? o->metavar : metavars[o->type];
    size_t start = b->len;

    gu_buf_printf(b, "  --%s", o->name);
    if (metavar != NULL)
        gu_buf_printf(b, "=%s", metavar);
    do
        gu_buf_putc(b, ' ');
    while (b->len - start < HELP_COLUMN && gu_buf_error(b) == 0);
    gu_buf_puts(b, o->help != NULL ? o->help : "");
    put_default(b, o);
    gu_buf_putc(b, '\n');
}

static void put_help(struct gu_buf *b, const struct gu_option *table, const char *program)
{
    bool off = false;

    gu_buf_printf(b, "Usage: %s [options]\n\nOptions:\n\n", program);
    for (; table->name != NULL; table++)
        put_option(b, table);
    put_option(b, &(struct gu_option){.name = "help", .to = &off, .help = "show this help"});
}

/* --- the whole line --- */

int gu_options_parse(const struct gu_option *table, int argc, char *const *argv,
                     struct gu_buf *message)
{
    struct parser p = {.table = table, .argc = argc, .argv = argv, .message = message};
    int rest = walk(&p);

    if (rest < 0)
        return rest;
    if (p.wants_help) {
        put_help(message, table, argc > 0 ? argv[0] : "program");
        return 0;
    }
    p.stores = true;
    return walk(&p);
}

int gu_options_parse_or_exit(const struct gu_option *table, int argc, char *const *argv)
{
    struct gu_buf message = GU_BUF_NULL;
    gust_str text = GU_STR("memory is short");
    int rest = gu_options_parse(table, argc, argv, &message);

    if (rest > 0) {
        gu_buf_deinit(&message);
        return rest;
    }
    (void)gu_buf_finish(&message, &text);
    if (rest == 0)
        fputs(text.ptr, stdout);
    else
        fprintf(stderr, "%s (--help lists the options)\n", text.ptr);
    gu_buf_deinit(&message);
    exit(rest == 0 ? EXIT_SUCCESS : 2);
}
