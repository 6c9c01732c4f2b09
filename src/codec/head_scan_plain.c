/*
 * head_scan_plain — the head parser in plain C: the one that the others are compared with
 */
#include "codec/head_impl.h"

static inline const char *scan(const char *p, const char *end, unsigned classes)
{
    while (p < end && gu_byte_is(*p, classes))
        p++;
    return p;
}

static inline const char *scan_name(const char *p, const char *end)
{
    return scan(p, end, GU_BYTE_TOKEN);
}

static inline const char *scan_value(const char *p, const char *end)
{
    return scan(p, end, GU_BYTE_VALUE);
}

static inline const char *scan_query(const char *p, const char *end)
{
    return scan(p, end, GU_BYTE_TARGET);
}

static inline const char *scan_path(const char *p, const char *end)
{
    while (p < end && *p != '?' && gu_byte_is(*p, GU_BYTE_TARGET))
        p++;
    return p;
}

#include "codec/head_body.h"

const struct gu_head_version gu_head_plain = {"plain", NULL, parse};
