/*
 * log_pipe — a log that writes to where a test reads it
 */
#ifndef GUST_TEST_LOG_PIPE_H
#define GUST_TEST_LOG_PIPE_H

#include "base/log.h"
#include "test.h"

struct log_pipe {
    int ends[2]; /* what is read, and what the log has */
};

/* Into a pipe whose other end does not block, or into a file that is already unlinked. */
void open_log(struct log_pipe *p, gust_log_format format);
void open_file_log(struct log_pipe *p);
void close_log(struct log_pipe *p);

/* What the log has written since the last time; also in `seen`. */
const char *read_log(struct log_pipe *p);
extern char seen[1 << 20];

#endif
