/*
 * pairs — names with values, in the order they came
 *
 * What queries, forms and cookies are parsed into. Names repeat; a look-up by name is a scan, which
 * for the few names of a request beats any table. Names and values have a zero byte behind them,
 * and may hold others.
 */
#ifndef GU_PAIRS_H
#define GU_PAIRS_H

#include "base/arena_impl.h"

struct gu_pair {
    gust_str name, value;
};

struct gu_pairs {
    struct gu_pair *items;
    size_t len;
};

/* The value of the last pair of that name, which is the one that counts (C27, C16); NULL if there
 * is none. Names differ by case. */
const gust_str *gu_pairs_find_last(const struct gu_pairs *pairs, gust_str name);

#endif
