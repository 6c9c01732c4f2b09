/*
 * log — what the rooms call
 *
 * A line that is below its logger's level costs one load: neither its arguments nor a lock is
 * touched. All others are formatted under a mutex into one buffer. Lines of the access logger wait
 * there for gu_log_flush(), which the loop calls; those of the others are written at once.
 */
#ifndef GU_LOG_H
#define GU_LOG_H

#include "base/gu.h"
#include <gust/log.h>
#include <stdatomic.h>

/* Those of gust_logger_get() are numbered behind the library's own. */
enum gu_logger {
    GU_LOG_ACCESS,
    GU_LOG_APPLICATION,
    GU_LOG_GENERAL,
    GU_N_OWN_LOGGERS,
    GU_MAX_LOGGERS = GU_N_OWN_LOGGERS + 64
};

extern _Atomic(int) gu_log_levels[GU_MAX_LOGGERS];

static inline bool gu_log_is_on(enum gu_logger logger, gust_log_level level)
{
    return (int)level >= atomic_load_explicit(&gu_log_levels[logger], memory_order_relaxed);
}

/* gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "accept: %s", gust_strerror(err)); a message of more
 * than 8 KiB is cut. */
#define gu_log(level, logger, ...)                    \
    do {                                              \
        if (gu_log_is_on(logger, level))              \
            gu_log_print(level, logger, __VA_ARGS__); \
    } while (0)

void gu_log_print(gust_log_level level, enum gu_logger logger, const char *format, ...)
    GUST_PRINTF(3, 4);

/* A message that needs no formatting. */
void gu_log_write(gust_log_level level, enum gu_logger logger, gust_str message);

/* As gu_log_write(), with more members for the JSON format: `members` is what stands between the
 * braces, without a comma at either end ("status":200,"method":"GET"), and must be valid JSON. */
void gu_log_write_members(gust_log_level level, enum gu_logger logger, gust_str message,
                          gust_str members);

/* A whole line of the access log, as it is; the caller vouches for it. */
void gu_log_access_line(gust_log_level level, gust_str line);

/* Whether lines are JSON objects. */
bool gu_log_is_json(void);

/* Writes what waits, as far as the descriptor takes it without blocking; of a file, lets its thread
 * do so. Called by the loop a moment after something began to wait, and before a fork. */
void gu_log_flush(void);

/* As gu_log_flush(), and waits for a file's thread, for 5 s at the most: for the program's end. */
void gu_log_end(void);

/* Whether lines go to a file that gust_log_reopen() can open again. */
bool gu_log_has_file(void);

/* Whether something waits: one load, for every turn of a loop. */
extern _Atomic(bool) gu_log_waits;

static inline bool gu_log_is_waiting(void)
{
    return atomic_load_explicit(&gu_log_waits, memory_order_relaxed);
}

/* --- for other rooms --- */

/* Sets what tells the id of the request in hand, for every line logged on its task; an empty string
 * is none. It runs under the log's lock, and must not log. */
void gu_log_set_context(gust_str (*fn)(void));

/* Sets what sees every message before it is written, and answers true to keep it from being
 * written; NULL: nothing. It runs under the log's lock, and must not log. */
typedef bool gu_log_sink(void *arg, gust_log_level level, enum gu_logger logger, gust_str message);
void gu_log_set_sink(gu_log_sink *fn, void *arg);

/* --- once in a while --- */

/* For what a peer can make happen at will: a line that says which option raises the limit, once a
 * minute, not once a request. All zero at the start; any thread. */
struct gu_log_limit {
    _Atomic(gu_time) next; /* the least `now` for the next line */
};

/* Whether a line may be written now; if so, the next one not before `every` has passed. */
bool gu_log_limit_allows(struct gu_log_limit *limit, gu_time now, gu_time every);

/* gu_log(), at most once in `seconds` for each place that it is written at. */
#define GU_LOG_ONCE_PER(seconds, now, level, logger, ...)              \
    do {                                                               \
        static struct gu_log_limit gu_limit_;                          \
                                                                       \
        if (gu_log_is_on(logger, level) &&                             \
            gu_log_limit_allows(&gu_limit_, now, (seconds)*GU_SECOND)) \
            gu_log_print(level, logger, __VA_ARGS__);                  \
    } while (0)

#endif
