/*
 * log — levels, the buffer, and the descriptor
 *
 * There is one log a process, behind one mutex: whoever logs takes it, whoever does not never sees
 * it. Standard error is shared with other processes, so it is not made non-blocking: before each
 * write the descriptor is asked whether it would block, and one that is no file is given at most
 * PIPE_BUF bytes at a time, which a pipe that is ready takes whole.
 */
#include "base/log.h"
#include "base/log_impl.h"
#include "base/str.h"
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 65536u
#define MESSAGE_MAX 8192u
#define FLUSH_AT (BUFFER_SIZE / 2)

_Atomic(int) gu_log_levels[GU_N_LOGGERS] = {GUST_LOG_INFO, GUST_LOG_INFO, GUST_LOG_INFO};

_Atomic(bool) gu_log_waits;

static struct {
    pthread_mutex_t lock;
    int fd;
    bool is_set_up, is_file, is_json, in_color;
    bool is_torn; /* a write failed in the middle of a line */
    gu_log_sink *sink;
    void *sink_arg;
    gust_str (*context)(void);
    uint64_t n_dropped; /* lines, since the last one that told so */
    size_t len;
    char message[MESSAGE_MAX];
    char buffer[BUFFER_SIZE + 1]; /* a fixed gu_buf wants room for a zero byte */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO};

/* --- writing --- */

static bool would_block(void)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};

    return !out.is_file && poll(&p, 1, 0) != 1;
}

static uint64_t count_lines(const char *bytes, size_t len)
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
    out.n_dropped += count_lines(out.buffer + *done, n);
    out.is_torn = *done > 0 && out.buffer[*done - 1] != '\n';
    *done = out.len;
    return false;
}

static void flush_locked(void)
{
    int saved = errno;
    size_t done = 0;

    while (done < out.len && write_some(&done)) {
    }
    out.len -= done;
    memmove(out.buffer, out.buffer + done, out.len);
    atomic_store_explicit(&gu_log_waits, out.len > 0, memory_order_relaxed);
    errno = saved;
}

/* --- the process: forks and the end --- */

/* A child that inherited unwritten lines would write them a second time. */
static void before_fork(void)
{
    pthread_mutex_lock(&out.lock);
    flush_locked();
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&out.lock);
}

static void after_fork_child(void)
{
    out.len = 0;
    pthread_mutex_unlock(&out.lock);
}

static void set_descriptor(const gust_log_options *options, int fd, mode_t mode)
{
    out.fd = fd;
    out.is_file = S_ISREG(mode);
    out.is_json = options->format == GUST_LOG_JSON;
    out.in_color = !out.is_json && !options->no_color && isatty(fd);
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

    gu_buf_init_fixed(&to, out.buffer + out.len, BUFFER_SIZE + 1 - out.len);
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
    out.n_dropped = 0;
    out.is_torn = false;
    return true;
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
    if (!append(r, raw)) {
        flush_locked();
        if (!append(r, raw))
            out.n_dropped++;
    }
    if (r->logger != GU_LOG_ACCESS || out.len >= FLUSH_AT)
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
    bool is_json;

    pthread_mutex_lock(&out.lock);
    is_json = out.is_json;
    pthread_mutex_unlock(&out.lock);
    return is_json;
}

__attribute__((destructor)) void gu_log_flush(void)
{
    pthread_mutex_lock(&out.lock);
    flush_locked();
    pthread_mutex_unlock(&out.lock);
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

static bool is_level(int level)
{
    return level >= GUST_LOG_DEBUG && level <= GUST_LOG_NONE;
}

int gust_log_setup(const gust_log_options *options)
{
    static const gust_log_options none;
    const gust_log_options *o = options == NULL ? &none : options;
    int level = o->level == 0 ? GUST_LOG_INFO : (int)o->level;
    int fd = o->fd == 0 ? STDERR_FILENO : o->fd;
    struct stat st;

    if (!is_level(level) || (o->format != GUST_LOG_TEXT && o->format != GUST_LOG_JSON))
        return -EINVAL;
    if (fstat(fd, &st) != 0)
        return -errno;
    pthread_mutex_lock(&out.lock);
    ensure_set_up();
    flush_locked();
    set_descriptor(o, fd, st.st_mode);
    for (int i = 0; i < GU_N_LOGGERS; i++)
        gu_log_levels[i] = level;
    pthread_mutex_unlock(&out.lock);
    return 0;
}

int gust_log_set_level(const char *logger, gust_log_level level)
{
    int n_set = 0;

    if (!is_level((int)level))
        return -EINVAL;
    for (int i = 0; i < GU_N_LOGGERS; i++) {
        const char *name = gu_log_logger_name((enum gu_logger)i);

        if (logger != NULL && (strncmp(logger, "gust.", 5) != 0 || strcmp(logger + 5, name) != 0))
            continue;
        gu_log_levels[i] = (int)level;
        n_set++;
    }
    return n_set > 0 ? 0 : -ENOENT;
}

int gust_log_level_from(const char *name)
{
    if (strcmp(name, "none") == 0)
        return GUST_LOG_NONE;
    for (int level = GUST_LOG_DEBUG; level < GUST_LOG_NONE; level += 10)
        if (strcmp(name, gu_log_level_name((gust_log_level)level)) == 0)
            return level;
    return -EINVAL;
}

void gust_log_at(gust_log_level level, const char *format, va_list args)
{
    log_vprint(level, GU_LOG_APPLICATION, format, args);
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
