/*
 * head_scan_avx2 — the head parser over vectors of 32 bytes
 *
 * A byte of a class is looked up by its two halves: a table by the low one gives the high ones with
 * which it makes one, as a set of bits. Bytes from 0x80 on find nothing there, since the shuffle
 * gives zero for them.
 */
#include "codec/head_impl.h"
#include <immintrin.h>

typedef __m256i vec;

struct field_marks {
    uint64_t name, value;
};

#define STEP ((size_t)32)

static inline vec load(const char *p)
{
    return _mm256_loadu_si256((const vec *)(const void *)p);
}

static inline vec all(char c)
{
    return _mm256_set1_epi8(c);
}

static inline uint64_t bits(vec a, vec b)
{
    uint64_t high = (uint32_t)_mm256_movemask_epi8(b);

    return high << 32 | (uint32_t)_mm256_movemask_epi8(a);
}

static inline vec not_in(vec v, const int8_t rows[16])
{
    const __m128i bit = _mm_setr_epi8(GU_BIT_OF_HIGH);
    __m128i row = _mm_loadu_si128((const __m128i *)(const void *)rows);
    vec high = _mm256_and_si256(_mm256_srli_epi16(v, 4), all(15));
    vec by_low = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), v);
    vec by_high = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bit), high);

    return _mm256_cmpeq_epi8(_mm256_and_si256(by_low, by_high), _mm256_setzero_si256());
}

static inline vec no_tchar(vec v)
{
    static const int8_t rows[16] = {GU_TCHAR_ROWS};

    return not_in(v, rows);
}

static inline vec control(vec v)
{
    vec low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, all(0x1f)), v);
    vec tab = _mm256_cmpeq_epi8(v, all('\t'));

    return _mm256_or_si256(_mm256_andnot_si256(tab, low), _mm256_cmpeq_epi8(v, all(0x7f)));
}

static inline struct field_marks mark_fields(const char *p)
{
    vec a = load(p), b = load(p + 32);

    return (struct field_marks){bits(no_tchar(a), no_tchar(b)), bits(control(a), control(b))};
}

static inline size_t span(const char *p, const int8_t rows[16])
{
    return _tzcnt_u32((uint32_t)_mm256_movemask_epi8(not_in(load(p), rows))); /* 32 of 0 */
}

#include "codec/head_blocks.h"
#include "codec/head_body.h"

static bool is_supported(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

const struct gu_head_version gu_head_avx2 = {"avx2", is_supported, parse_request, parse_response};
