/*
 * options_stage — see options_stage.h
 */
#include "options_stage.h"
#include "base/buf.h"
#include "base/str.h"

struct settings now;
gust_options *options;

struct settings defaults(void)
{
    return (struct settings){.fast = true, .port = 8888, .rate = 0.5, .host = "::"};
}

static void on_any(const gust_option *option)
{
    assert_string_equal(option->name, "any");
    now.n_calls++;
    now.port_at_call = now.port; /* stored, although it stands behind in the line */
}

static const char *const levels[] = {"low", "mid", "high", NULL};

static const gust_option lists[] = {
    {.name = "ids", .type = GUST_OPTION_INT, .to = &now.ids, .max = 70000, .is_multiple = true},
    {.name = "names", .to = &now.names, .is_multiple = true, .help = "who"},
    {.name = "waits", .type = GUST_OPTION_DURATION, .to = &now.waits, .is_multiple = true},
    {.name = "flags", .type = GUST_OPTION_BOOL, .to = &now.flags, .is_multiple = true},
    {0},
};

const gust_option table[] = {
    {.name = "verbose", .type = GUST_OPTION_BOOL, .to = &now.verbose, .help = "say more"},
    {.name = "fast", .type = GUST_OPTION_BOOL, .to = &now.fast, .help = "hurry"},
    {.name = "port",
     .type = GUST_OPTION_INT,
     .to = &now.port,
     .max = 65535,
     .help = "to listen on"},
    {.name = "any",
     .type = GUST_OPTION_INT,
     .to = &now.any,
     .metavar = "COUNT",
     .help = "count",
     .callback = on_any},
    {.name = "rate",
     .type = GUST_OPTION_FLOAT,
     .to = &now.rate,
     .min = -1,
     .max = 1,
     .help = "a share",
     .group = "Numbers"},
    {.name = "ratio", .type = GUST_OPTION_FLOAT, .to = &now.ratio, .group = "Numbers"},
    {.name = "wait", .type = GUST_OPTION_DURATION, .to = &now.wait, .help = "before it"},
    {.name = "when", .type = GUST_OPTION_DATETIME, .to = &now.when, .help = "not before"},
    {.name = "host", .to = &now.host, .help = "address", .group = "Net"},
    {.name = "log-level", .alias = "logging", .to = &now.level, .choices = levels, .help = "least"},
    {.name = "config", .type = GUST_OPTION_CONFIG, .help = "more of these"},
    {.table = lists},
    {0},
};

void open_options(void)
{
    now = defaults();
    options = gust_options_new(table, "prog 1.2");
    assert_non_null(options);
}

int parse_line(const char *const words[MAX_WORDS])
{
    char program[] = "prog", *argv[MAX_WORDS + 1] = {program};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return gust_options_parse_command_line(options, argc, argv);
}

int parse(const char *const words[MAX_WORDS])
{
    int rest, err = 0;

    open_options();
    rest = parse_line(words);
    if (rest > 0)
        err = gust_options_finish(options);
    return err < 0 ? err : rest;
}

static void put_list(struct gu_buf *b, const char *name, const gust_option_list *list, char kind)
{
    if (list->n == 0)
        return;
    gu_buf_printf(b, "%s=", name);
    for (size_t i = 0; i < list->n; i++)
        if (kind == 'i')
            gu_buf_printf(b, "%lld,", (long long)list->of.ints[i]);
        else if (kind == 's')
            gu_buf_printf(b, "%s|", list->of.strings[i]);
        else if (kind == 'b')
            gu_buf_printf(b, "%d,", list->of.bools[i]);
        else
            gu_buf_printf(b, "%g,", list->of.floats[i]);
    gu_buf_putc(b, ' ');
}

const char *changes(void)
{
    static char text[512];
    struct settings d = defaults();
    struct gu_buf b;
    gust_str result = GU_STR("");

    gu_buf_init_fixed(&b, text, sizeof text);
    if (now.verbose != d.verbose)
        gu_buf_printf(&b, "verbose=%d ", now.verbose);
    if (now.fast != d.fast)
        gu_buf_printf(&b, "fast=%d ", now.fast);
    if (now.port != d.port)
        gu_buf_printf(&b, "port=%lld ", (long long)now.port);
    if (now.any != d.any)
        gu_buf_printf(&b, "any=%lld ", (long long)now.any);
    if (now.rate != d.rate)
        gu_buf_printf(&b, "rate=%g ", now.rate);
    if (now.ratio != d.ratio)
        gu_buf_printf(&b, "ratio=%g ", now.ratio);
    if (now.host != d.host)
        gu_buf_printf(&b, "host='%s' ", now.host);
    if (now.level != d.level)
        gu_buf_printf(&b, "log_level='%s' ", now.level);
    put_list(&b, "ids", &now.ids, 'i');
    put_list(&b, "names", &now.names, 's');
    put_list(&b, "waits", &now.waits, 'd');
    put_list(&b, "flags", &now.flags, 'b');
    assert_int_equal(gu_buf_finish(&b, &result), 0);
    return result.ptr;
}
