/*
 * pattern — a regular expression over a whole text (PCRE2)
 *
 * Patterns come from the application and texts from peers, so it is matching that is bounded: in
 * steps, and in memory, which is the matcher's own and not the task's small stack.
 */
#ifndef GU_PATTERN_H
#define GU_PATTERN_H

#include "base/gu.h"

struct gu_pattern;

/* Why a pattern does not compile. */
struct gu_pattern_error {
    size_t offset; /* in the text */
    char message[128];
};

/* Compiles. NULL: *error says why. */
struct gu_pattern *gu_pattern_new(gust_str text, bool is_caseless, struct gu_pattern_error *error);
void gu_pattern_free(struct gu_pattern *pattern);

/* How many groups it has, and the index of the one of that name, -1 if there is none. */
unsigned gu_pattern_n_groups(const struct gu_pattern *pattern);
int gu_pattern_group(const struct gu_pattern *pattern, const char *name);

/* The memory of matching: one for all patterns of a thread. */
struct gu_matcher;

/* For patterns of so many groups at the most. NULL when memory is short. */
struct gu_matcher *gu_matcher_new(unsigned n_groups);
void gu_matcher_free(struct gu_matcher *matcher);

/* Whether the pattern matches the whole text: 1 or 0. Allocates nothing where the pattern could be
 * compiled to machine code. Errors: -E2BIG when it gave up, because the pattern backtracks. */
int gu_pattern_match(const struct gu_pattern *pattern, struct gu_matcher *matcher,
                     gust_str text) GUST_CHECK;

/* The i-th group of the last match that was found, counted from 0; .ptr is NULL when it took no
 * part. Lends a part of the text. */
gust_str gu_matcher_group(const struct gu_matcher *matcher, unsigned i);

#endif
