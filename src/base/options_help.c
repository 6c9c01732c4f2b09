/*
 * options — what --help prints
 */
#include "base/options_impl.h"
#include "base/str.h"

#define HELP_COLUMN 32u

static void put_default(struct gu_buf *b, const gust_option *option)
{
    size_t start = b->len, text;

    gu_buf_puts(b, " (default ");
    text = b->len;
    gu_option_put_default(b, option);
    if (b->len == text) {
        b->len = start;
        return;
    }
    if (option->type == GUST_OPTION_BOOL && !option->is_multiple)
        gu_buf_printf(b, "; --no-%s", option->name);
    gu_buf_putc(b, ')');
}

static void put_option(struct gu_buf *b, const gust_option *option)
{
    const char *metavar = gu_option_metavar(option);
    size_t start = b->len;

    gu_buf_printf(b, "  --%s", option->name);
    if (option->is_multiple)
        gu_buf_printf(b, "=%s,...", metavar != NULL ? metavar : "BOOL");
    else if (metavar != NULL)
        gu_buf_printf(b, "=%s", metavar);
    do
        gu_buf_putc(b, ' ');
    while (b->len - start < HELP_COLUMN && gu_buf_error(b) == 0);
    gu_buf_puts(b, option->help != NULL ? option->help : "");
    if (option->is_required)
        gu_buf_puts(b, " (required)");
    else
        put_default(b, option);
    gu_buf_putc(b, '\n');
}

static bool is_in_group(const gust_option *option, const char *group)
{
    if (option->group == NULL || group == NULL)
        return option->group == group;
    return strcmp(option->group, group) == 0;
}

static void put_group(const struct gust_options *o, struct gu_buf *b, const char *group)
{
    for (size_t i = 0; i < o->n_rows; i++)
        if (is_in_group(o->rows[i], group))
            put_option(b, o->rows[i]);
}

static bool is_first_of_group(const struct gust_options *o, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (is_in_group(o->rows[i], o->rows[row]->group))
            return false;
    return true;
}

void gu_options_put_help(struct gust_options *o, const char *program)
{
    static const gust_option help = {
        .name = "help", .type = GUST_OPTION_BOOL, .help = "show this help"};
    static const gust_option version = {
        .name = "version", .type = GUST_OPTION_BOOL, .help = "show the version"};
    struct gu_buf *b = &o->message;

    gu_buf_printf(b, "Usage: %s [options]\n\nOptions:\n\n", program);
    put_group(o, b, NULL);
    put_option(b, &help);
    if (o->version != NULL)
        put_option(b, &version);
    for (size_t i = 0; i < o->n_rows; i++) {
        if (o->rows[i]->group == NULL || !is_first_of_group(o, i))
            continue;
        gu_buf_printf(b, "\n%s:\n\n", o->rows[i]->group);
        put_group(o, b, o->rows[i]->group);
    }
}
