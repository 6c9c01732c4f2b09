/*
 * head_scan_neon — the head parser over vectors of 16 bytes, on aarch64, which always has NEON
 *
 * As head_scan_avx2.c; bits are gathered from four vectors at once, by adding neighbours.
 */
#include "codec/head_impl.h"
#include <arm_neon.h>

typedef uint8x16_t vec;

struct field_marks {
    uint64_t name, value;
};

#define STEP ((size_t)16)

static inline vec load(const void *p)
{
    return vld1q_u8(p);
}

static inline uint64_t bits(const char *p, vec (*bad)(vec))
{
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    vec weight = vld1q_u8(weights);
    vec a = vandq_u8(bad(load(p)), weight), b = vandq_u8(bad(load(p + 16)), weight);
    vec c = vandq_u8(bad(load(p + 32)), weight), d = vandq_u8(bad(load(p + 48)), weight);
    vec sum = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));

    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static inline vec not_in(vec v, const int8_t rows[16])
{
    static const int8_t bit[16] = {GU_BIT_OF_HIGH};
    vec by_low = vqtbl1q_u8(load(rows), vandq_u8(v, vdupq_n_u8(15)));
    vec by_high = vqtbl1q_u8(load(bit), vshrq_n_u8(v, 4));

    return vceqzq_u8(vandq_u8(by_low, by_high));
}

static inline vec no_tchar(vec v)
{
    static const int8_t rows[16] = {GU_TCHAR_ROWS};

    return not_in(v, rows);
}

static inline vec control(vec v)
{
    vec low = vcltq_u8(v, vdupq_n_u8(' ')), tab = vceqq_u8(v, vdupq_n_u8('\t'));

    return vorrq_u8(vbicq_u8(low, tab), vceqq_u8(v, vdupq_n_u8(0x7f)));
}

static inline struct field_marks mark_fields(const char *p)
{
    return (struct field_marks){bits(p, no_tchar), bits(p, control)};
}

/* Four bits a byte are gathered by a narrowing shift. */
static inline size_t span(const char *p, const int8_t rows[16])
{
    uint8x8_t odd = vshrn_n_u16(vreinterpretq_u16_u8(not_in(load(p), rows)), 4);
    uint64_t found = vget_lane_u64(vreinterpret_u64_u8(odd), 0);

    return found == 0 ? STEP : (size_t)__builtin_ctzll(found) / 4;
}

#include "codec/head_blocks.h"
#include "codec/head_body.h"

const struct gu_head_version gu_head_neon = {"neon", NULL, parse_request, parse_response};
