/*
 * gust/log.h — the log
 *
 * Lines go to standard error, or to a descriptor that gust_log_setup() names, as text or as one
 * JSON object a line. There are three loggers, as in Tornado: "gust.access" has a line for each
 * request, "gust.application" what handlers log, "gust.general" what the library does.
 *
 *     [W 261120 09:05:26 application] the story server is slow
 *
 * A message cannot forge a line: control characters are escaped, and what follows a newline is
 * indented. Nothing here waits: where the descriptor would block, lines are dropped, and a later
 * line tells how many. **Any thread.**
 */
#ifndef GUST_LOG_H
#define GUST_LOG_H

#include <gust/base.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gust_log_level {
    GUST_LOG_DEBUG = 10,
    GUST_LOG_INFO = 20,
    GUST_LOG_WARNING = 30,
    GUST_LOG_ERROR = 40,
    GUST_LOG_CRITICAL = 50,
    GUST_LOG_NONE = 60, /**< as a least level: log nothing */
} gust_log_level;

typedef enum gust_log_format {
    GUST_LOG_TEXT, /**< Tornado's line; in colour where the descriptor is a terminal */
    GUST_LOG_JSON, /**< {"time":…,"level":…,"logger":…,"message":…} */
} gust_log_format;

typedef struct gust_log_options {
    gust_log_level level;   /**< the least that is logged; 0: GUST_LOG_INFO */
    gust_log_format format; /**< 0: GUST_LOG_TEXT */
    int fd;                 /**< borrowed; 0: standard error */
    bool no_color;          /**< no colours on a terminal either */
} gust_log_options;

/** Sets where and how all loggers write; NULL is all defaults. What is in the buffer is written
 * before. **Errors:** -EBADF, -EINVAL for a level or a format that is none. */
GUST_API int gust_log_setup(const gust_log_options *options) GUST_CHECK;

/** Sets the least level of one logger by its name, or of all when `logger` is NULL.
 * **Errors:** -ENOENT, -EINVAL. */
GUST_API int gust_log_set_level(const char *logger, gust_log_level level) GUST_CHECK;

/** The level of a name: "debug" … "critical", "none". **Errors:** -EINVAL if it is none. */
GUST_API int gust_log_level_from(const char *name) GUST_CHECK;

/** Logs to "gust.application", as printf() would. */
GUST_API void gust_log_debug(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API void gust_log_info(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API void gust_log_warning(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API void gust_log_error(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API void gust_log_critical(const char *format, ...) GUST_PRINTF(1, 2);
GUST_API void gust_log_at(gust_log_level level, const char *format, va_list args) GUST_PRINTF(2, 0);

#ifdef __cplusplus
}
#endif

#endif
