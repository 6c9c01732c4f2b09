/*
 * alloc — the one door to the heap
 *
 * All of Gust's own memory comes from here, so that a test can count allocations and make the n-th
 * one fail. Counting is per thread.
 */
#ifndef GU_ALLOC_H
#define GU_ALLOC_H

#include "base/gu.h"

/* NULL when memory is short. gu_alloc0() clears; gu_realloc() leaves the old block on failure. */
void *gu_alloc(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));
void *gu_alloc0(size_t size) __attribute__((malloc, alloc_size(1), warn_unused_result));
void *gu_realloc(void *old, size_t size) __attribute__((alloc_size(2), warn_unused_result));
void gu_free(void *memory);

/* --- for tests --- */

/* How many allocations this thread has asked for. */
uint64_t gu_alloc_count(void);

/* Makes the n-th allocation from now on fail (1 is the next one), once; 0 disarms. */
void gu_alloc_fail_at(uint64_t n);

/* Whether the armed failure has happened. */
bool gu_alloc_has_failed(void);

#endif
