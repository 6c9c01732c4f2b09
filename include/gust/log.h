/*
 * gust/log.h — the log
 *
 * Lines go to standard error, to a descriptor, or to a file, as text or as one JSON object a line.
 * There are three loggers, as in Tornado: "gust.access" has a line for each request,
 * "gust.application" what handlers log, "gust.general" what the library does; a program makes more
 * by gust_logger_get(). Each has a level of its own.
 *
 *     [W 261120 09:05:26 application] the story server is slow
 *
 * A message cannot forge a line: control characters are escaped, and what follows a newline is
 * indented. Logging never waits. To a descriptor that would block, lines are dropped; to a file,
 * a thread writes what waits in a bounded queue, and what does not fit there is dropped. A later
 * line tells how many were. **Any thread.**
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

/** When a file is put aside and a new one begun. */
typedef enum gust_log_rotate {
    GUST_LOG_ROTATE_SIZE, /**< before it would pass file_max_size; backups are FILE.1, FILE.2, … */
    GUST_LOG_ROTATE_TIME, /**< at rotate_when; backups are FILE.2026-11-20 and the like */
    GUST_LOG_ROTATE_NEVER,
} gust_log_rotate;

typedef struct gust_log_options {
    gust_log_level level;    /**< the least that is logged; 0: GUST_LOG_INFO */
    gust_log_format format;  /**< 0: GUST_LOG_TEXT */
    int fd;                  /**< borrowed; 0: standard error */
    bool no_color;           /**< no colours on a terminal either */
    double repeat_window;    /**< seconds in which a message that is equal to the one before it is
                                counted instead of written; 0: every one is written */
    const char *file;        /**< appended to, instead of a descriptor; NULL: none */
    bool to_stderr;          /**< what a file gets, standard error gets as well */
    int64_t queue_size;      /**< bytes that wait for a slow disk; 0: 1 MiB */
    gust_log_rotate rotate;  /**< 0: by size */
    int64_t file_max_size;   /**< bytes; 0: 100,000,000 */
    int file_num_backups;    /**< 0: 10; GUST_NEVER: none is kept */
    const char *rotate_when; /**< "S", "M", "H", "D" (intervals from the file's last change on),
                                "midnight" or "W0" (Monday) … "W6" (the end of that day);
                                NULL: "midnight" */
    int rotate_interval;     /**< of these; 0: 1 */
} gust_log_options;

/**
 * Sets where and how all loggers write; NULL is all defaults. What waits is written before, a file
 * is given 5 s for it. Several processes may append to one file: lines stay whole, one of them
 * rotates it, and the others follow, as they do when another program moves the file away.
 * **Errors:** -EBADF, an errno of opening the file, -ENOMEM; -EINVAL for what is out of its range.
 */
GUST_API int gust_log_setup(const gust_log_options *options) GUST_CHECK;

/** Opens the log's file again by its name, before the next line: for SIGHUP. Nothing happens where
 * there is no file. */
GUST_API void gust_log_reopen(void);

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

/** A logger of one's own, for a module; it begins with the level of "gust.application". */
typedef struct gust_logger gust_logger;

/** The logger of a name, which is made when it is new: up to 31 printable ASCII characters, without
 * space, quote, backslash or bracket. It lives for ever. NULL, which is "gust.application", for any
 * other name, and when there are 64 already. */
GUST_API gust_logger *gust_logger_get(const char *name);

/** Logs to a logger, as printf() would. NULL is "gust.application". */
GUST_API void gust_log(gust_logger *logger, gust_log_level level, const char *format, ...)
    GUST_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
