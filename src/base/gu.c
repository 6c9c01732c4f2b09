/*
 * gu — how a broken invariant ends, and how options are read
 */
#include "base/gu.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void gu_misuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("gust: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void gu_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "gust: %s:%d: this must hold: %s. Please report it.\n", file, line, what);
    abort();
}

gu_time gu_time_from_seconds(double seconds)
{
    if (isnan(seconds))
        return 0;
    if (seconds < 0 || seconds > 9e9)
        return GU_FOREVER;
    return (gu_time)(seconds * 1e9);
}

size_t gu_option_size(int64_t given, size_t fallback)
{
    if (given == 0)
        return fallback;
    return given < 0 ? SIZE_MAX : (size_t)given;
}

gu_time gu_option_time(double given, double fallback)
{
    return gu_time_from_seconds(given == 0 ? fallback : given);
}

const char *gust_version(void)
{
    return GUST_VERSION;
}
