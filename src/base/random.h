/*
 * random — the kernel's, for keys and ids; a thread's own, for jitter
 */
#ifndef GU_RANDOM_H
#define GU_RANDOM_H

#include "base/gu.h"

/* Fills memory from getrandom(): what must not be guessed. Aborts where the kernel has none to
 * give, because nothing safe can be done without. */
void gu_random(void *to, size_t len);

/* A cheap number of this thread's generator, seeded from the kernel: for jitter and sampling, never
 * for what must not be guessed. */
uint64_t gu_random_u64(void);

/* In [0, 1). */
double gu_random_unit(void);

/* In a process just forked, which else goes on with its parent's numbers. */
void gu_random_reseed(void);

#endif
