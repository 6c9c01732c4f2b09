/*
 * status — status codes and their reason phrases
 *
 * The names are those of IANA's registry today (RFC 9110: 413 "Content Too Large", 422
 * "Unprocessable Content"), where Tornado prints those of the Python it runs on.
 */
#ifndef GU_STATUS_H
#define GU_STATUS_H

#include "base/gu.h"

/* The registered reason phrase; "Unknown" for a code without one. */
const char *gu_status_reason(int status);

/* Whether an application's reason may be sent (CVE-2025-67724): HTAB, SP, VCHAR and obs-text, at
 * least one, and no "<", because error pages repeat it. Otherwise "Unknown" is sent instead. */
bool gu_reason_ok(gust_str reason);

/* The status that answers an error code: -ETIMEDOUT is 504, -ECANCELED and short memory 503, what
 * the peer did wrong its 4xx, everything else 500. */
int gu_status_of_error(int err);

#endif
