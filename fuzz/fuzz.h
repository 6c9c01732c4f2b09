/*
 * fuzz — what the fuzz targets of the codecs share
 *
 * A target checks properties, with gu_assert(): crashes alone find little in code without pointers
 * to lose.
 */
#ifndef GUST_FUZZ_H
#define GUST_FUZZ_H

#include "base/arena_impl.h"
#include "base/str.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where its allocation ends, so that reading on is seen. Freed by the caller. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);

    gu_assert(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static inline struct gust_arena fuzz_arena(void)
{
    struct gust_arena a;

    gu_arena_init(&a, NULL, NULL, 0, SIZE_MAX);
    return a;
}

#endif
