/*
 * head_scan_plain — the head parser in plain C: the one that the others are compared with
 */
#include "codec/head_impl.h"

struct view {
    const char *end;
};

static inline void view_init(struct view *v, const char *p, const char *end)
{
    (void)p;
    v->end = end;
}

static inline const char *scan(const char *p, const char *end, unsigned classes)
{
    while (p < end && gu_byte_is(*p, classes))
        p++;
    return p;
}

static inline const char *scan_name(struct view *v, const char *p)
{
    return scan(p, v->end, GU_BYTE_TOKEN);
}

static inline const char *scan_value(struct view *v, const char *p)
{
    return scan(p, v->end, GU_BYTE_VALUE);
}

static inline const char *scan_path(const char *p, const char *end)
{
    while (p < end && *p != '?' && gu_byte_is(*p, GU_BYTE_TARGET))
        p++;
    return p;
}

static inline const char *scan_target(const char *p, const char *end)
{
    return scan(p, end, GU_BYTE_TARGET);
}

static inline size_t host_span(const char *p)
{
    size_t n = 0;

    while (gu_byte_is(p[n], GU_BYTE_REGNAME))
        n++;
    return n;
}

#include "codec/head_body.h"

const struct gu_head_version gu_head_plain = {"plain", NULL, parse_request, parse_response};
