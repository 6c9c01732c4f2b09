/*
 * log — files
 *
 * Several processes append to one file. O_APPEND and one write() for whole lines keep lines whole.
 * Before each batch the path is looked up: where it leads to another file, somebody rotated, and
 * this process follows. Who rotates holds a lock of fcntl() on the file it puts aside, and looks
 * again once it has it, so that each file is put aside once.
 */
#include "base/log_file.h"
#include "base/str.h"
#include <dirent.h>
#include <fcntl.h>
#include <gust/arena.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE 100000000
#define N_BACKUPS 10
#define RETRY 60 /* seconds from a rotation that failed to the next try */
#define DAY 86400

/* --- when --- */

/* As logging.handlers.TimedRotatingFileHandler has them, and its names of backups. */
static const struct {
    const char *name;
    size_t date_len; /* how much of 2026-11-20_09-05-26 a backup's name has */
    int seconds;     /* of one */
    int weekday;     /* its end, from Monday on; -1: any day's; -2: no day's */
} periods[] = {
    {"midnight", 10, DAY, -1}, {"S", 19, 1, -2},       {"M", 16, 60, -2},
    {"H", 13, 3600, -2},       {"D", 10, DAY, -2},     {"W0", 10, 7 * DAY, 0},
    {"W1", 10, 7 * DAY, 1},    {"W2", 10, 7 * DAY, 2}, {"W3", 10, 7 * DAY, 3},
    {"W4", 10, 7 * DAY, 4},    {"W5", 10, 7 * DAY, 5}, {"W6", 10, 7 * DAY, 6},
};

static int find_period(const char *name)
{
    if (name == NULL)
        return 0;
    for (size_t i = 0; i < gu_countof(periods); i++)
        if (gu_str_ieq(gust_str_from(name), gust_str_from(periods[i].name)))
            return (int)i;
    return -EINVAL;
}

time_t gu_log_file_period_end(const struct gu_log_file *f, time_t from)
{
    int weekday = periods[f->when].weekday;
    struct tm tm;

    if (weekday == -2 || localtime_r(&from, &tm) == NULL)
        return from + (time_t)periods[f->when].seconds * f->interval;
    tm.tm_mday += 1;
    if (weekday >= 0)
        tm.tm_mday += (weekday - (tm.tm_wday + 6) % 7 + 7) % 7 + 7 * (f->interval - 1);
    else
        tm.tm_mday += f->interval - 1;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1; /* that midnight's, not today's */
    return mktime(&tm);
}

/* --- opening --- */

static int open_path(struct gu_log_file *f)
{
    /* Not blocking, so that a pipe without a reader is an error, and a full one no trap. */
    int fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0) {
        int err = -errno;

        close(fd);
        return err;
    }
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->size = st.st_size;
    f->is_regular = S_ISREG(st.st_mode);
    if (f->rotate == GUST_LOG_ROTATE_TIME)
        f->rotate_at = gu_log_file_period_end(f, st.st_size > 0 ? st.st_mtime : time(NULL));
    return 0;
}

int gu_log_file_open(struct gu_log_file *f, const gust_log_options *o)
{
    int err, when = find_period(o->rotate_when);

    if (when < 0 || o->rotate_interval < 0 || o->file_max_size < 0 ||
        (unsigned)o->rotate > GUST_LOG_ROTATE_NEVER)
        return -EINVAL;
    *f = (struct gu_log_file){
        .fd = -1,
        .rotate = o->rotate,
        .max_size = o->file_max_size == 0 ? MAX_SIZE : o->file_max_size,
        .n_backups = o->file_num_backups == 0 ? N_BACKUPS : o->file_num_backups,
        .when = when,
        .interval = o->rotate_interval == 0 ? 1 : o->rotate_interval,
        .path = gust_heap_strdup(o->file),
    };
    err = f->path == NULL ? -ENOMEM : open_path(f);
    if (err < 0)
        gust_heap_free(f->path);
    return err;
}

void gu_log_file_close(struct gu_log_file *f)
{
    close(f->fd);
    gust_heap_free(f->path);
}

void gu_log_file_reopen(struct gu_log_file *f)
{
    gust_ignore(open_path(f));
}

/* Whether the path still leads to the open file, which tells its size. */
static bool is_in_place(struct gu_log_file *f)
{
    struct stat st;

    if (stat(f->path, &st) != 0 || st.st_dev != f->dev || st.st_ino != f->ino)
        return false;
    f->size = st.st_size;
    return true;
}

/* --- backups by number --- */

static int move_to_number(const struct gu_log_file *f)
{
    char from[PATH_MAX], to[PATH_MAX];

    for (int n = f->n_backups; n > 0; n--) {
        int len = n == 1 ? snprintf(from, sizeof from, "%s", f->path)
                         : snprintf(from, sizeof from, "%s.%d", f->path, n - 1);

        if (len >= (int)sizeof from - 12)
            return -ENAMETOOLONG;
        snprintf(to, sizeof to, "%s.%d", f->path, n);
        if (rename(from, to) != 0 && (n == 1 || errno != ENOENT))
            return -errno;
    }
    return 0;
}

/* --- backups by time --- */

/* Whether a name is the file's own with a point and the digits of a date behind it. */
static bool is_backup(const char *name, const char *base)
{
    size_t n = strlen(base);

    if (strncmp(name, base, n) != 0 || name[n] != '.')
        return false;
    return strlen(name + n) >= sizeof ".2026-11-20" - 1 &&
           name[n + 1 + strspn(name + n + 1, "0123456789-_.")] == '\0';
}

/* Counts the backups; `oldest` gets the name that sorts first. */
static int find_backups(const char *folder, const char *base, char oldest[NAME_MAX + 1])
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int n = 0;

    oldest[0] = '\0';
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!is_backup(entry->d_name, base))
            continue;
        if (n++ == 0 || strcmp(entry->d_name, oldest) < 0)
            snprintf(oldest, NAME_MAX + 1, "%s", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return n;
}

static void drop_oldest(const struct gu_log_file *f)
{
    char folder[PATH_MAX], victim[PATH_MAX + NAME_MAX + 2], name[NAME_MAX + 1];
    const char *slash = strrchr(f->path, '/');
    const char *base = slash == NULL ? f->path : slash + 1;
    int len = slash == NULL ? 1 : (int)(base - f->path);

    snprintf(folder, sizeof folder, "%.*s", len, slash == NULL ? "." : f->path);
    while (find_backups(folder, base, name) > f->n_backups) {
        snprintf(victim, sizeof victim, "%s/%s", folder, name);
        if (unlink(victim) != 0)
            return;
    }
}

static int move_to_date(const struct gu_log_file *f)
{
    time_t start = f->rotate_at - (time_t)periods[f->when].seconds * f->interval;
    char date[32], to[PATH_MAX];
    struct tm tm;
    int len;

    if (localtime_r(&start, &tm) == NULL ||
        strftime(date, sizeof date, "%Y-%m-%d_%H-%M-%S", &tm) == 0)
        return -EINVAL;
    len = snprintf(to, sizeof to, "%s.%.*s", f->path, (int)periods[f->when].date_len, date);
    if (len >= (int)sizeof to - 12)
        return -ENAMETOOLONG;
    for (int n = 1; access(to, F_OK) == 0 && n < INT_MAX; n++) /* one hour comes twice a year */
        snprintf(to + len, sizeof to - (size_t)len, ".%d", n);
    if (rename(f->path, to) != 0)
        return -errno;
    drop_oldest(f);
    return 0;
}

/* --- rotating --- */

static int put_aside(const struct gu_log_file *f)
{
    if (f->n_backups < 0)
        return unlink(f->path) == 0 ? 0 : -errno;
    return f->rotate == GUST_LOG_ROTATE_TIME ? move_to_date(f) : move_to_number(f);
}

/* The lock goes with the descriptor: open_path() closes it. */
static void rotate(struct gu_log_file *f, time_t now)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int err = 0;

    gust_ignore(fcntl(f->fd, F_SETLKW, &lock)); /* where there are no locks, one process is alone */
    if (is_in_place(f))
        err = put_aside(f);
    if (err == 0)
        err = open_path(f);
    lock.l_type = F_UNLCK;
    gust_ignore(fcntl(f->fd, F_SETLK, &lock));
    if (err == 0)
        return;
    f->rotate_err = err;
    f->retry_at = now + RETRY;
}

static bool is_due(const struct gu_log_file *f, size_t line_len, time_t now)
{
    if (!f->is_regular || now < f->retry_at)
        return false;
    if (f->rotate == GUST_LOG_ROTATE_TIME)
        return now >= f->rotate_at;
    return f->rotate == GUST_LOG_ROTATE_SIZE && f->size > 0 &&
           f->size + (int64_t)line_len > f->max_size;
}

/* --- writing --- */

static size_t line_len(const char *lines, size_t len)
{
    const char *end = memchr(lines, '\n', len);

    return end == NULL ? len : (size_t)(end - lines) + 1;
}

/* The lines that belong to the file in hand: one at the least. */
static size_t fitting(const struct gu_log_file *f, const char *lines, size_t len, time_t now)
{
    size_t n = line_len(lines, len);

    if (!f->is_regular || f->rotate != GUST_LOG_ROTATE_SIZE || now < f->retry_at)
        return len;
    while (n < len) {
        size_t next = line_len(lines + n, len - n);

        if (f->size + (int64_t)(n + next) > f->max_size)
            break;
        n += next;
    }
    return n;
}

static size_t write_all(struct gu_log_file *f, const char *bytes, size_t len)
{
    size_t done = 0;

    f->is_full = false;
    while (done < len) {
        size_t n = f->is_regular ? len - done : gu_min(len - done, PIPE_BUF);
        ssize_t written = write(f->fd, bytes + done, n);

        if (written > 0) {
            done += (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            f->is_full = !f->is_regular && errno == EAGAIN;
            break;
        }
    }
    f->size += (int64_t)done;
    return done;
}

size_t gu_log_file_write(struct gu_log_file *f, const char *lines, size_t len, time_t now)
{
    size_t done = 0;

    if (f->is_regular && !is_in_place(f))
        gu_log_file_reopen(f);
    if (f->is_torn && write_all(f, "\n", 1) == 1)
        f->is_torn = false;
    while (done < len && !f->is_torn) {
        size_t n, written;

        if (is_due(f, line_len(lines + done, len - done), now))
            rotate(f, now);
        n = fitting(f, lines + done, len - done, now);
        written = write_all(f, lines + done, n);
        done += written;
        if (written < n) {
            f->is_torn = f->is_regular && done > 0 && lines[done - 1] != '\n';
            break;
        }
    }
    return done;
}
