/*
 * random — getrandom() and xoshiro256++
 */
#include "base/random.h"
#include <sys/random.h>

void gu_random(void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            gu_misuse("getrandom failed (%s): allow the system call", gust_strerror(errno));
        at += n;
        len -= (size_t)n;
    }
}

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* Blackman and Vigna's xoshiro256++ 1.0: https://prng.di.unimi.it/xoshiro256plusplus.c */
static uint64_t next(uint64_t s[4])
{
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static _Thread_local uint64_t state[4]; /* all zero: not seeded */

void gu_random_reseed(void)
{
    memset(state, 0, sizeof state);
}

uint64_t gu_random_u64(void)
{
    while (gu_unlikely((state[0] | state[1] | state[2] | state[3]) == 0))
        gu_random(state, sizeof state);
    return next(state);
}

double gu_random_unit(void)
{
    return (double)(gu_random_u64() >> 11) * 0x1p-53;
}
