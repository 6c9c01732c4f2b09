/*
 * head_versions_arm64 — NEON, plain
 */
#include "codec/head_impl.h"

extern const struct gu_head_version gu_head_neon;

const struct gu_head_version *const gu_head_versions[] = {&gu_head_neon, &gu_head_plain, NULL};
