/*
 * log — how a record becomes a line
 */
#ifndef GU_LOG_IMPL_H
#define GU_LOG_IMPL_H

#include "base/buf.h"
#include "base/log.h"
#include <time.h>

struct gu_log_record {
    gust_log_level level;
    enum gu_logger logger;
    struct timespec now; /* of the wall clock */
    gust_str message;
    gust_str context; /* the request's id, or empty */
    gust_str members; /* more of the JSON object, or empty */
};

/* "debug" … "critical". */
const char *gu_log_level_name(gust_log_level level);

/* "access", "application", "general". */
const char *gu_log_logger_name(enum gu_logger logger);

/* One line with its newline. Both cache the second's text, so the caller holds the log's lock. */
void gu_log_format_text(struct gu_buf *out, const struct gu_log_record *r, bool in_color);
void gu_log_format_json(struct gu_buf *out, const struct gu_log_record *r);

#endif
