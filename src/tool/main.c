/*
 * gust — the command
 *
 * A table of commands. The library needs none of this.
 */
#include "tool.h"
#include <gust/base.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *does;
} commands[] = {
    {"fetch", tool_fetch, "ask an HTTP server, and print what it answers"},
};

static void print_usage(FILE *to)
{
    fputs("usage: gust COMMAND [OPTIONS]\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].does);
    fputs("\n`gust COMMAND --help` tells its options; `gust --version` the version.\n", to);
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return TOOL_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h")) {
        print_usage(stdout);
        return TOOL_OK;
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        printf("gust %s\n", gust_version());
        return TOOL_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "gust: there is no command %s; `gust --help` tells which there are\n", argv[1]);
    return TOOL_USAGE;
}
