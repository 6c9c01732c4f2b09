/*
 * gu — what every room uses inside: assertions that stay on, likely paths, small helpers
 */
#ifndef GU_H
#define GU_H

#include <gust/base.h>
#include <string.h>

#define gu_likely(x) __builtin_expect(!!(x), 1)
#define gu_unlikely(x) __builtin_expect(!!(x), 0)
#define gu_countof(array) (sizeof(array) / sizeof((array)[0]))
#define gu_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define gu_unused __attribute__((unused))
#define gu_noinline __attribute__((noinline))
#define gu_cold __attribute__((cold, noinline))
#define gu_inline inline __attribute__((always_inline))
#define gu_flat __attribute__((flatten)) /* what it calls is inlined: for the way of a request */

#define GU_NPOS SIZE_MAX
#define GU_SECOND                                                                  \
    INT64_C(1000000000) /* durations inside are nanoseconds of the monotonic clock \
                         */
#define GU_FOREVER INT64_MAX

typedef int64_t gu_time;

/* The two ways a program that uses Gust wrongly, or Gust itself, ends: both print what happened and
 * what to do, then abort. gu_misuse() is for the caller's error, gu_assert() for ours. */
GUST_NORETURN void gu_misuse(const char *format, ...) GUST_PRINTF(1, 2);
GUST_NORETURN void gu_assert_failed(const char *what, const char *file, int line);

#define gu_assert(cond)                                  \
    do {                                                 \
        if (gu_unlikely(!(cond)))                        \
            gu_assert_failed(#cond, __FILE__, __LINE__); \
    } while (0)

static inline size_t gu_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t gu_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline gu_time gu_time_min(gu_time a, gu_time b)
{
    return a < b ? a : b;
}

/* Seconds of the public interface as nanoseconds: negative (GUST_NEVER) and what does not fit is
 * for ever; NaN counts as 0. */
gu_time gu_time_from_seconds(double seconds);

/* Reads an option: zero means `fallback`, negative (GUST_NEVER) means no limit. */
size_t gu_option_size(int64_t given, size_t fallback);
gu_time gu_option_time(double given, double fallback);

#endif
