/*
 * options_stage — a table with options of every type, and where they are stored
 */
#ifndef GUST_TEST_OPTIONS_STAGE_H
#define GUST_TEST_OPTIONS_STAGE_H

#include "test.h"
#include <gust/options.h>
#include <time.h>

struct settings {
    bool verbose, fast;
    int64_t port, any;
    double rate, ratio, wait;
    struct tm when;
    const char *host, *level;
    gust_option_list ids, names, waits, flags;
    int n_calls;
    int64_t port_at_call;
};

extern struct settings now; /* what is stored; before it is, defaults() */
struct settings defaults(void);

extern const gust_option table[]; /* ends with an empty one */
extern gust_options *options;     /* that are parsed; the test frees them */

/* Options of the table, and the defaults. */
void open_options(void);

#define MAX_WORDS 8

/* The words behind a program's name as a command line; ends with a NULL. */
int parse_line(const char *const words[MAX_WORDS]);

/* The same of options that are opened and finished: what is left of the line, or the error. */
int parse(const char *const words[MAX_WORDS]);

/* What differs from the defaults, as text. */
const char *changes(void);

#endif
