/*
 * head_versions_plain — an architecture without vectors that we know
 */
#include "codec/head_impl.h"

const struct gu_head_version *const gu_head_versions[] = {&gu_head_plain, NULL};
