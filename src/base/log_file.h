/*
 * log — a file that is appended to, rotated, and followed when somebody moves it away
 */
#ifndef GU_LOG_FILE_H
#define GU_LOG_FILE_H

#include "base/gu.h"
#include <gust/log.h>
#include <sys/types.h>
#include <time.h>

struct gu_log_file {
    char *path;
    int fd;
    dev_t dev;
    ino_t ino;
    int64_t size;
    bool is_regular; /* only such a file is rotated */
    bool is_torn;    /* a write failed in the middle of a line */
    bool is_full;    /* a pipe whose reader is slow: the rest may be written later */
    gust_log_rotate rotate;
    int64_t max_size;
    int n_backups;
    int when;         /* a row of the table of intervals */
    int interval;     /* of these */
    time_t rotate_at; /* by time: the end of the period in hand */
    time_t retry_at;  /* after a rotation that failed */
    int rotate_err;   /* the failure that nobody was told of yet */
};

/* Opens. Returns 0; on failure a negative error, with nothing to close. */
int gu_log_file_open(struct gu_log_file *f, const gust_log_options *options) GUST_CHECK;

void gu_log_file_close(struct gu_log_file *f);

/* Opens the path again; the old descriptor stays where that fails. */
void gu_log_file_reopen(struct gu_log_file *f);

/* Appends whole lines, rotating before the one that has to be in a new file. Returns how many bytes
 * were written: fewer after a failure, or when a file that is no regular one would block. */
size_t gu_log_file_write(struct gu_log_file *f, const char *lines, size_t len, time_t now);

/* --- for the tests --- */

/* The end of the period that `from` lies in. */
time_t gu_log_file_period_end(const struct gu_log_file *f, time_t from);

#endif
