/*
 * head_versions_x86 — AVX2, SSE4.2, plain
 */
#include "codec/head_impl.h"

extern const struct gu_head_version gu_head_avx2, gu_head_sse42;

const struct gu_head_version *const gu_head_versions[] = {&gu_head_avx2, &gu_head_sse42,
                                                          &gu_head_plain, NULL};
