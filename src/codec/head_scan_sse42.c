/*
 * head_scan_sse42 — the head parser over vectors of 16 bytes
 *
 * As head_scan_avx2.c. The string instructions of SSE4.2 are not used: shuffles and compares take
 * less time on every processor that has them.
 */
#include "codec/head_impl.h"
#include <nmmintrin.h>

typedef __m128i vec;

struct field_marks {
    uint64_t name, value;
};

#define STEP ((size_t)16)

static inline vec load(const char *p)
{
    return _mm_loadu_si128((const vec *)(const void *)p);
}

static inline vec all(char c)
{
    return _mm_set1_epi8(c);
}

static inline uint64_t bits(const char *p, vec (*bad)(vec))
{
    uint64_t found = 0;

    for (unsigned i = 0; i < 64; i += 16)
        found |= (uint64_t)(uint32_t)_mm_movemask_epi8(bad(load(p + i))) << i;
    return found;
}

static inline vec not_in(vec v, const int8_t rows[16])
{
    vec high = _mm_and_si128(_mm_srli_epi16(v, 4), all(15));
    vec by_low = _mm_shuffle_epi8(load((const char *)rows), v);
    vec by_high = _mm_shuffle_epi8(_mm_setr_epi8(GU_BIT_OF_HIGH), high);

    return _mm_cmpeq_epi8(_mm_and_si128(by_low, by_high), _mm_setzero_si128());
}

static inline vec no_tchar(vec v)
{
    static const int8_t rows[16] = {GU_TCHAR_ROWS};

    return not_in(v, rows);
}

static inline vec control(vec v)
{
    vec low = _mm_cmpeq_epi8(_mm_min_epu8(v, all(0x1f)), v);
    vec tab = _mm_cmpeq_epi8(v, all('\t'));

    return _mm_or_si128(_mm_andnot_si128(tab, low), _mm_cmpeq_epi8(v, all(0x7f)));
}

static inline struct field_marks mark_fields(const char *p)
{
    return (struct field_marks){bits(p, no_tchar), bits(p, control)};
}

static inline size_t span(const char *p, const int8_t rows[16])
{
    unsigned found = (unsigned)_mm_movemask_epi8(not_in(load(p), rows));

    return (size_t)__builtin_ctz(found | 1u << STEP);
}

#include "codec/head_blocks.h"
#include "codec/head_body.h"

static bool is_supported(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0;
}

const struct gu_head_version gu_head_sse42 = {"sse4.2", is_supported, parse_request,
                                              parse_response};
