/*
 * log — how a record becomes a line
 */
#ifndef GU_LOG_IMPL_H
#define GU_LOG_IMPL_H

#include "base/buf.h"
#include "base/log.h"
#include "base/log_file.h"
#include <pthread.h>
#include <stdatomic.h>
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

/* "access", "application", "general", or the name that gust_logger_get() was given. */
const char *gu_log_logger_name(enum gu_logger logger);

/* The logger behind a handle. */
enum gu_logger gu_log_number(const gust_logger *logger);

bool gu_log_is_level(int level);
void gu_log_set_levels(int level);

/* One line with its newline. Both cache the second's text, so the caller holds the log's lock. */
void gu_log_format_text(struct gu_buf *out, const struct gu_log_record *r, bool in_color);
void gu_log_format_json(struct gu_buf *out, const struct gu_log_record *r);

/* --- the buffer, and the thread that empties it into a file --- */

#define GU_LOG_BUFFER 65536u                 /* without a file */
#define GU_LOG_MESSAGE 8192u                 /* of one message */
#define GU_LOG_PATIENCE (5 * GU_SECOND)      /* that a file is given at the end */
#define GU_LOG_FORK_PATIENCE (GU_SECOND / 5) /* and before a fork */

/* The last message, and how often it came again since. */
struct gu_log_repeat {
    gust_log_level level;
    enum gu_logger logger;
    uint64_t n;
    gu_time written; /* by the wall clock */
    size_t len;
    char text[GU_LOG_MESSAGE];
};

struct gu_log_writer;

struct gu_log_out {
    pthread_mutex_t lock;
    int fd;
    bool is_set_up, is_file, in_color;
    atomic_bool is_json; /* asked without the lock, by whoever has members for a line */
    bool is_torn;        /* a write failed in the middle of a line */
    gu_log_sink *sink;
    void *sink_arg;
    gust_str (*context)(void);
    uint64_t n_dropped; /* lines, since the last one that told so */
    uint64_t n_telling; /* those that lines in the buffer tell of, but for these themselves */
    gu_time repeat_window;
    struct gu_log_writer *writer; /* NULL: whoever logs writes */
    size_t len, size;
    char *buffer;
    struct gu_log_repeat repeat;
    char message[GU_LOG_MESSAGE];
};

extern struct gu_log_out gu_log_out;

uint64_t gu_log_count_lines(const char *bytes, size_t len);

/* As far as it does not block; where standard error is slow it misses lines, which a file has. */
void gu_log_copy_to_stderr(const char *lines, size_t len);

/* Opens the file and takes over the buffer. Without the lock. */
int gu_log_writer_new(const gust_log_options *options, struct gu_log_writer **result);

/* All of these with the lock held. Those that wait give it up meanwhile, so that their callers need
 * another one, against each other. */
void gu_log_writer_install(struct gu_log_writer *w);
void gu_log_writer_wake(struct gu_log_writer *w);
void gu_log_writer_reopen(struct gu_log_writer *w);

/* Waits until all is written, or patience ends. Whether it is. */
bool gu_log_writer_drain(struct gu_log_writer *w, gu_time patience);

/* Ends the thread when its write in hand is done; the next line starts it again. */
void gu_log_writer_pause(struct gu_log_writer *w);

/* In the child of a fork, where there is no thread. */
void gu_log_writer_reset(struct gu_log_writer *w);

/* Drains for GU_LOG_PATIENCE and pauses; what a slow disk left is still in the buffer. */
void gu_log_writer_finish(struct gu_log_writer *w);

/* Finishes, and frees. */
void gu_log_writer_free(struct gu_log_writer *w);

#endif
