/*
 * alloc — the one door to the heap
 */
#include "base/alloc.h"
#include <gust/arena.h>
#include <stdlib.h>

static _Thread_local uint64_t n_asked;
static _Thread_local uint64_t fail_at; /* of n_asked; 0: never */
static _Thread_local bool has_failed;

static bool must_fail(void)
{
    n_asked++;
    if (gu_likely(n_asked != fail_at))
        return false;
    has_failed = true;
    return true;
}

void *gu_alloc(size_t size)
{
    return must_fail() ? NULL : malloc(size);
}

void *gu_alloc0(size_t size)
{
    return must_fail() ? NULL : calloc(1, size);
}

void *gu_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : realloc(old, size);
}

void gu_free(void *memory)
{
    free(memory);
}

uint64_t gu_alloc_count(void)
{
    return n_asked;
}

void gu_alloc_fail_at(uint64_t n)
{
    fail_at = n == 0 ? 0 : n_asked + n;
    has_failed = false;
}

bool gu_alloc_has_failed(void)
{
    return has_failed;
}

char *gust_heap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = gu_alloc(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

void gust_heap_free(void *memory)
{
    gu_free(memory);
}
