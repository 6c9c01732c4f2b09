/*
 * pairs — names with values, in the order they came
 */
#include "codec/pairs.h"
#include "base/str.h"

const gust_str *gu_pairs_find_last(const struct gu_pairs *pairs, gust_str name)
{
    for (size_t i = pairs->len; i-- > 0;)
        if (gu_str_eq(pairs->items[i].name, name))
            return &pairs->items[i].value;
    return NULL;
}
