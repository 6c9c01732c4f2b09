/*
 * log — levels, the buffer, and the descriptor
 *
 * There is one log a process, behind one mutex: whoever logs takes it, whoever does not never sees
 * it. Standard error is shared with other processes, so it is not made non-blocking: before each
 * write the descriptor is asked whether it would block, and one that is no file is given at most
 * PIPE_BUF bytes at a time, which a pipe that is ready takes whole.
 */
#include "base/log_impl.h"
#include "base/str.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

_Atomic(bool) gu_log_waits;

static char first_buffer[GU_LOG_BUFFER + 1]; /* a fixed gu_buf wants room for a zero byte */

struct gu_log_out gu_log_out = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .fd = STDERR_FILENO,
    .buffer = first_buffer,
    .size = GU_LOG_BUFFER,
};

#define out gu_log_out /* there is but one */

/* Taken before the log's own by what may wait for a file's thread, or end it: forks, setting up,
 * the end. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

static void lock_to_change(void)
{
    pthread_mutex_lock(&changing);
    pthread_mutex_lock(&out.lock);
}

static void unlock_changed(void)
{
    pthread_mutex_unlock(&out.lock);
    pthread_mutex_unlock(&changing);
}

/* --- writing --- */

static bool would_block(void)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};

    return !out.is_file && poll(&p, 1, 0) != 1;
}

uint64_t gu_log_count_lines(const char *bytes, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += bytes[i] == '\n';
    return n;
}

/* One write; false when no more can be written now. */
static bool write_some(size_t *done)
{
    size_t n = out.len - *done;
    ssize_t written;

    if (would_block())
        return false;
    written = write(out.fd, out.buffer + *done, out.is_file ? n : gu_min(n, PIPE_BUF));
    if (written > 0)
        *done += (size_t)written;
    if (written >= 0 || errno == EINTR)
        return true;
    if (errno == EAGAIN)
        return false;
    /* A full disk, a reader that is gone: the server goes on, and the loss is told later. */
    out.n_dropped += gu_log_count_lines(out.buffer + *done, n) + out.n_telling;
    out.is_torn = *done > 0 && out.buffer[*done - 1] != '\n';
    *done = out.len;
    return false;
}

static void write_out(void)
{
    size_t done = 0;

    while (done < out.len && write_some(&done)) {
    }
    out.len -= done;
    memmove(out.buffer, out.buffer + done, out.len);
    if (out.len == 0)
        out.n_telling = 0;
}

static void flush_locked(void)
{
    int saved = errno;

    if (out.writer == NULL)
        write_out();
    else if (out.len > 0)
        gu_log_writer_wake(out.writer);
    atomic_store_explicit(&gu_log_waits, out.writer == NULL && out.len > 0, memory_order_relaxed);
    errno = saved;
}

/* --- the process: forks and the end --- */

/* A child that inherited unwritten lines would write them a second time. */
static void before_fork(void)
{
    lock_to_change();
    flush_locked();
    if (out.writer == NULL)
        return;
    (void)gu_log_writer_drain(out.writer, GU_LOG_FORK_PATIENCE); /* so that its lines come first */
    gu_log_writer_pause(out.writer); /* what waits then is the parent's */
}

static void after_fork_parent(void)
{
    flush_locked();
    unlock_changed();
}

/* What waits, and what is to be told, is the parent's. */
static void after_fork_child(void)
{
    out.len = 0;
    out.n_dropped = out.n_telling = out.repeat.n = 0;
    if (out.writer != NULL)
        gu_log_writer_reset(out.writer);
    unlock_changed();
}

static void set_descriptor(const gust_log_options *options, int fd, mode_t mode)
{
    out.fd = fd;
    out.is_file = S_ISREG(mode);
    atomic_store_explicit(&out.is_json, options->format == GUST_LOG_JSON, memory_order_relaxed);
    out.in_color = fd >= 0 && !out.is_json && !options->no_color && isatty(fd);
}

/* The first line of a program that set nothing up. */
static void ensure_set_up(void)
{
    static bool has_fork_hooks;
    struct stat st = {.st_mode = 0};

    if (out.is_set_up)
        return;
    out.is_set_up = true;
    if (!has_fork_hooks)
        has_fork_hooks = pthread_atfork(before_fork, after_fork_parent, after_fork_child) == 0;
    (void)fstat(out.fd, &st);
    set_descriptor(&(gust_log_options){.level = GUST_LOG_INFO}, out.fd, st.st_mode);
}

/* --- appending --- */

static void format_record(struct gu_buf *to, const struct gu_log_record *r)
{
    if (out.is_json)
        gu_log_format_json(to, r);
    else
        gu_log_format_text(to, r, out.in_color);
}

/* Lines that were lost are told of in front of the next one that is not. */
static void format_loss(struct gu_buf *to, struct timespec now)
{
    char text[80];
    struct gu_buf message;
    struct gu_log_record r = {.level = GUST_LOG_WARNING, .logger = GU_LOG_GENERAL, .now = now};

    gu_buf_init_fixed(&message, text, sizeof text);
    gu_buf_u64(&message, out.n_dropped);
    gu_buf_puts(&message, " log lines were lost: what reads the log is too slow, or full");
    if (gu_buf_finish(&message, &r.message) == 0)
        format_record(to, &r);
}

/* False when the buffer has no room for the line; then it is as it was. */
static bool append(const struct gu_log_record *r, gust_str raw)
{
    struct gu_buf to;

    gu_buf_init_fixed(&to, out.buffer + out.len, out.size + 1 - out.len);
    if (out.is_torn)
        gu_buf_putc(&to, '\n');
    if (out.n_dropped > 0)
        format_loss(&to, r->now);
    if (raw.ptr != NULL) {
        gu_buf_put_str(&to, raw);
        gu_buf_putc(&to, '\n');
    } else {
        format_record(&to, r);
    }
    if (gu_buf_error(&to) != 0)
        return false;
    out.len += to.len;
    if (out.n_dropped > 0)
        out.n_telling += out.n_dropped - 1;
    out.n_dropped = 0;
    out.is_torn = false;
    return true;
}

static void put(const struct gu_log_record *r, gust_str raw)
{
    if (append(r, raw))
        return;
    flush_locked();
    if (!append(r, raw))
        out.n_dropped++;
}

/* --- repeats --- */

static void tell_repeats(struct timespec now)
{
    char text[80];
    struct gu_log_record r = {.level = out.repeat.level, .logger = out.repeat.logger, .now = now};

    if (out.repeat.n == 0)
        return;
    r.message = gu_str(text, (size_t)snprintf(text, sizeof text, "last message repeated %llu times",
                                              (unsigned long long)out.repeat.n));
    out.repeat.n = 0;
    put(&r, (gust_str){NULL, 0});
}

static void remember(const struct gu_log_record *r, gu_time now)
{
    struct gu_log_repeat *last = &out.repeat;

    last->level = r->level;
    last->logger = r->logger;
    last->written = now;
    last->len = r->message.len;
    memcpy(last->text, r->message.ptr, gu_min(r->message.len, sizeof last->text));
}

/* Whether a record is the last one again, and so is only counted. */
static bool is_repeat(const struct gu_log_record *r)
{
    gu_time now = r->now.tv_sec * GU_SECOND + r->now.tv_nsec;
    struct gu_log_repeat *last = &out.repeat;

    if (r->message.len <= sizeof last->text && r->level == last->level &&
        r->logger == last->logger && gu_str_eq(r->message, gu_str(last->text, last->len)) &&
        now - last->written < out.repeat_window && now >= last->written) {
        last->n++;
        return true;
    }
    tell_repeats(r->now);
    remember(r, now);
    return false;
}

static void log_locked(struct gu_log_record *r, gust_str raw)
{
    ensure_set_up();
    if (out.sink != NULL &&
        out.sink(out.sink_arg, r->level, r->logger, raw.ptr != NULL ? raw : r->message))
        return;
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &r->now);
    if (out.context != NULL)
        r->context = out.context();
    if (out.repeat_window > 0 && r->logger != GU_LOG_ACCESS && is_repeat(r))
        return;
    put(r, raw);
    if (r->logger != GU_LOG_ACCESS || out.len >= out.size / 2)
        flush_locked();
    else
        atomic_store_explicit(&gu_log_waits, true, memory_order_relaxed);
}

static void log_record(struct gu_log_record *r, gust_str raw)
{
    if (!gu_log_is_on(r->logger, r->level))
        return;
    pthread_mutex_lock(&out.lock);
    log_locked(r, raw);
    pthread_mutex_unlock(&out.lock);
}

/* --- what the rooms call --- */

void gu_log_write(gust_log_level level, enum gu_logger logger, gust_str message)
{
    log_record(&(struct gu_log_record){.level = level, .logger = logger, .message = message},
               (gust_str){NULL, 0});
}

void gu_log_write_members(gust_log_level level, enum gu_logger logger, gust_str message,
                          gust_str members)
{
    log_record(
        &(struct gu_log_record){
            .level = level, .logger = logger, .message = message, .members = members},
        (gust_str){NULL, 0});
}

void gu_log_access_line(gust_log_level level, gust_str line)
{
    log_record(&(struct gu_log_record){.level = level, .logger = GU_LOG_ACCESS}, line);
}

GUST_PRINTF(3, 0)
static void log_vprint(gust_log_level level, enum gu_logger logger, const char *format,
                       va_list args)
{
    struct gu_log_record r = {.level = level, .logger = logger};
    int n;

    if (!gu_log_is_on(logger, level))
        return;
    pthread_mutex_lock(&out.lock);
    n = gu_vsnprintf(out.message, sizeof out.message, format, args);
    r.message = gu_str(out.message, n < 0 ? 0 : gu_min((size_t)n, sizeof out.message - 1));
    if (n >= (int)sizeof out.message)
        memcpy(out.message + r.message.len - 3, "...", 3);
    log_locked(&r, (gust_str){NULL, 0});
    pthread_mutex_unlock(&out.lock);
}

void gu_log_print(gust_log_level level, enum gu_logger logger, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vprint(level, logger, format, args);
    va_end(args);
}

bool gu_log_is_json(void)
{
    return atomic_load_explicit(&out.is_json, memory_order_relaxed);
}

void gu_log_flush(void)
{
    pthread_mutex_lock(&out.lock);
    flush_locked();
    pthread_mutex_unlock(&out.lock);
}

/* The file's last lines did not get there in time; nobody else will tell. */
static void tell_what_is_left(struct timespec now)
{
    char text[256];
    struct gu_buf line;

    out.n_dropped += gu_log_count_lines(out.buffer, out.len) + out.n_telling;
    out.len = 0;
    out.n_telling = 0;
    if (out.n_dropped == 0)
        return;
    gu_buf_init_fixed(&line, text, sizeof text);
    format_loss(&line, now);
    gu_log_copy_to_stderr(line.ptr, line.len);
    out.n_dropped = 0;
}

__attribute__((destructor)) void gu_log_end(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    lock_to_change();
    tell_repeats(now);
    flush_locked();
    if (out.writer != NULL) {
        gu_log_writer_finish(out.writer);
        tell_what_is_left(now);
    }
    unlock_changed();
}

bool gu_log_has_file(void)
{
    bool has_file;

    pthread_mutex_lock(&out.lock);
    has_file = out.writer != NULL;
    pthread_mutex_unlock(&out.lock);
    return has_file;
}

void gu_log_set_context(gust_str (*fn)(void))
{
    pthread_mutex_lock(&out.lock);
    out.context = fn;
    pthread_mutex_unlock(&out.lock);
}

void gu_log_set_sink(gu_log_sink *fn, void *arg)
{
    pthread_mutex_lock(&out.lock);
    out.sink = fn;
    out.sink_arg = arg;
    pthread_mutex_unlock(&out.lock);
}

bool gu_log_limit_allows(struct gu_log_limit *limit, gu_time now, gu_time every)
{
    gu_time next = atomic_load_explicit(&limit->next, memory_order_relaxed);

    return now >= next && atomic_compare_exchange_strong(&limit->next, &next, now + every);
}

/* --- what users call --- */

/* Ends what was before, and puts the new in its place. With both locks. */
static void replace(const gust_log_options *o, int fd, mode_t mode, struct gu_log_writer *writer)
{
    struct gu_log_writer *old = out.writer;

    flush_locked();
    if (old != NULL) {
        gu_log_writer_free(old);
        out.writer = NULL;
        out.buffer = first_buffer;
        out.size = GU_LOG_BUFFER;
        out.len = 0;
    }
    set_descriptor(o, fd, mode);
    if (writer != NULL)
        gu_log_writer_install(writer);
}

int gust_log_setup(const gust_log_options *options)
{
    static const gust_log_options none;
    const gust_log_options *o = options == NULL ? &none : options;
    int level = o->level == 0 ? GUST_LOG_INFO : (int)o->level;
    int fd = o->fd == 0 ? STDERR_FILENO : o->fd, err = 0;
    struct gu_log_writer *writer = NULL;
    struct stat st = {.st_mode = 0};

    if (!gu_log_is_level(level) || (o->format != GUST_LOG_TEXT && o->format != GUST_LOG_JSON))
        return -EINVAL;
    if (o->file != NULL)
        err = gu_log_writer_new(o, &writer);
    else if (fstat(fd, &st) != 0)
        err = -errno;
    if (err < 0)
        return err;
    lock_to_change();
    ensure_set_up();
    replace(o, o->file != NULL ? -1 : fd, st.st_mode, writer);
    out.repeat_window = o->repeat_window > 0 ? gu_time_from_seconds(o->repeat_window) : 0;
    gu_log_set_levels(level);
    unlock_changed();
    return 0;
}

void gust_log_reopen(void)
{
    pthread_mutex_lock(&out.lock);
    if (out.writer != NULL)
        gu_log_writer_reopen(out.writer);
    pthread_mutex_unlock(&out.lock);
}

void gust_log_at(gust_log_level level, const char *format, va_list args)
{
    log_vprint(level, GU_LOG_APPLICATION, format, args);
}

void gust_log(gust_logger *logger, gust_log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vprint(level, gu_log_number(logger), format, args);
    va_end(args);
}

void gust_log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gust_log_at(GUST_LOG_DEBUG, format, args);
    va_end(args);
}

void gust_log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gust_log_at(GUST_LOG_INFO, format, args);
    va_end(args);
}

void gust_log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gust_log_at(GUST_LOG_WARNING, format, args);
    va_end(args);
}

void gust_log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gust_log_at(GUST_LOG_ERROR, format, args);
    va_end(args);
}

void gust_log_critical(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gust_log_at(GUST_LOG_CRITICAL, format, args);
    va_end(args);
}
