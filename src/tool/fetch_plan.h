/*
 * gust fetch — its plan, which its command line makes
 */
#ifndef GU_FETCH_PLAN_H
#define GU_FETCH_PLAN_H

#include <gust/client.h>
#include <stdbool.h>

#define TOOL_MAX_HEADERS 100

struct tool_plan {
    gust_fetch_options options;
    gust_field headers[TOOL_MAX_HEADERS + 1];
    size_t n_headers;
    char **urls; /* NULL-ended */
    const char *format;
    const char *output; /* a path; NULL: standard output */
    char *body;         /* of a file, on the heap */
    bool includes_head;
};

extern const char tool_fetch_usage[];

/* Reads the command line into a plan of zeros. 0; 1: help was asked for; negative: something is
 * wrong, which was said. The plan is to be dropped whatever it comes to. */
int tool_plan_read(struct tool_plan *plan, int argc, char **argv);
void tool_plan_drop(struct tool_plan *plan);

/* Says what is wrong, in one line. Returns -EINVAL. */
int tool_complain(const char *what, const char *about);

#endif
