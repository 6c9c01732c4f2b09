/*
 * log — the thread that writes a file
 *
 * Whoever logs fills one buffer while the thread writes the other; when it is done, it swaps them.
 * So a slow disk costs the loop nothing, and what waits is bounded by the size of a buffer. The
 * thread is started by the first line and ended before each fork, so that a process never forks
 * while it has it.
 */
#include "base/alloc.h"
#include "base/log_impl.h"
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define QUEUE_SIZE ((int64_t)1 << 20)
#define LOOK_AGAIN 50 /* milliseconds, at a pipe that is full */

struct gu_log_writer {
    struct gu_log_file file;
    pthread_t thread;
    pthread_cond_t wake, done; /* done: with a batch */
    bool is_running, is_stopping, is_writing;
    bool wants_reopen, to_stderr;
    size_t size;
    char *fresh; /* the buffer that is not being filled */
    char *filled;
};

/* --- a batch --- */

void gu_log_copy_to_stderr(const char *lines, size_t len)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    while (len > 0 && poll(&p, 1, 0) == 1) {
        ssize_t n = write(STDERR_FILENO, lines, gu_min(len, 4096));

        if (n <= 0)
            return;
        lines += n;
        len -= (size_t)n;
    }
}

static bool is_told_to_stop(struct gu_log_writer *w)
{
    bool is_stopping;

    pthread_mutex_lock(&gu_log_out.lock);
    is_stopping = w->is_stopping;
    pthread_mutex_unlock(&gu_log_out.lock);
    return is_stopping;
}

/* Returns how many bytes were written. A full pipe is waited for, until the thread is to end. */
static size_t write_batch(struct gu_log_writer *w, const char *lines, size_t len)
{
    size_t done = 0;

    for (;;) {
        struct pollfd p = {.fd = w->file.fd, .events = POLLOUT};

        done += gu_log_file_write(&w->file, lines + done, len - done, time(NULL));
        if (done == len || !w->file.is_full || is_told_to_stop(w))
            break;
        (void)poll(&p, 1, LOOK_AGAIN);
    }
    if (w->to_stderr)
        gu_log_copy_to_stderr(lines, len);
    return done;
}

/* What is not written is lost; with it what its lines tell of. */
static void count_lost(const char *lines, size_t len, uint64_t n_telling)
{
    if (len > 0)
        gu_log_out.n_dropped += gu_log_count_lines(lines, len) + n_telling;
}

static void tell_rotation(struct gu_log_writer *w)
{
    int err = w->file.rotate_err;

    w->file.rotate_err = 0;
    if (err < 0)
        gu_log(GUST_LOG_ERROR, GU_LOG_GENERAL, "the log's file cannot be rotated: %s",
               gust_strerror(err));
}

/* With the lock, which is given up while it writes. */
static void take_batch(struct gu_log_writer *w)
{
    char *lines = gu_log_out.buffer;
    size_t len = gu_log_out.len, done;
    uint64_t n_telling = gu_log_out.n_telling;
    bool reopens = w->wants_reopen;

    gu_log_out.buffer = w->fresh;
    gu_log_out.len = 0;
    gu_log_out.n_telling = 0;
    w->fresh = lines;
    w->wants_reopen = false;
    w->is_writing = true;
    pthread_mutex_unlock(&gu_log_out.lock);
    if (reopens)
        gu_log_file_reopen(&w->file);
    done = write_batch(w, lines, len);
    tell_rotation(w);
    pthread_mutex_lock(&gu_log_out.lock);
    count_lost(lines + done, len - done, n_telling);
    w->is_writing = false;
    pthread_cond_broadcast(&w->done);
}

/* --- the thread --- */

static void *run(void *arg)
{
    struct gu_log_writer *w = arg;

    pthread_mutex_lock(&gu_log_out.lock);
    while (!w->is_stopping) {
        if (gu_log_out.len > 0 || w->wants_reopen)
            take_batch(w);
        else
            pthread_cond_wait(&w->wake, &gu_log_out.lock);
    }
    pthread_mutex_unlock(&gu_log_out.lock);
    return NULL;
}

/* Signals are for the program's threads. */
static bool start(struct gu_log_writer *w)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err == 0;
}

void gu_log_writer_wake(struct gu_log_writer *w)
{
    if (!w->is_running && !w->is_stopping)
        w->is_running = start(w); /* where that fails, the next line tries again */
    pthread_cond_signal(&w->wake);
}

void gu_log_writer_reopen(struct gu_log_writer *w)
{
    w->wants_reopen = true;
    gu_log_writer_wake(w);
}

void gu_log_writer_pause(struct gu_log_writer *w)
{
    if (!w->is_running)
        return;
    w->is_stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&gu_log_out.lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_lock(&gu_log_out.lock);
    w->is_running = w->is_stopping = false;
}

bool gu_log_writer_drain(struct gu_log_writer *w, gu_time patience)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    patience += until.tv_nsec;
    until.tv_sec += patience / GU_SECOND;
    until.tv_nsec = patience % GU_SECOND;
    if (gu_log_out.len > 0)
        gu_log_writer_wake(w);
    while (w->is_running && (gu_log_out.len > 0 || w->is_writing))
        if (pthread_cond_timedwait(&w->done, &gu_log_out.lock, &until) != 0)
            return false;
    return gu_log_out.len == 0;
}

/* Lines that came while the thread ended are few, and the disk was not slow a moment ago. */
static void write_rest(struct gu_log_writer *w)
{
    size_t len = gu_log_out.len;
    size_t done = gu_log_file_write(&w->file, gu_log_out.buffer, len, time(NULL));

    count_lost(gu_log_out.buffer + done, len - done, gu_log_out.n_telling);
    gu_log_out.len = 0;
    gu_log_out.n_telling = 0;
}

void gu_log_writer_finish(struct gu_log_writer *w)
{
    bool is_drained = gu_log_writer_drain(w, GU_LOG_PATIENCE);

    gu_log_writer_pause(w);
    if (is_drained && gu_log_out.len > 0)
        write_rest(w);
}

void gu_log_writer_reset(struct gu_log_writer *w)
{
    pthread_cond_init(&w->wake, NULL);
    pthread_cond_init(&w->done, NULL);
}

/* --- its life --- */

static void free_buffers(struct gu_log_writer *w)
{
    gu_free(w->filled);
    gu_free(w->fresh);
    gu_free(w);
}

int gu_log_writer_new(const gust_log_options *options, struct gu_log_writer **result)
{
    struct gu_log_writer *w;
    int err = -ENOMEM;

    if (options->queue_size < 0)
        return -EINVAL;
    w = gu_alloc0(sizeof *w);
    if (w == NULL)
        return -ENOMEM;
    w->size = gu_option_size(options->queue_size, QUEUE_SIZE);
    w->filled = gu_alloc(w->size + 1);
    w->fresh = gu_alloc(w->size + 1);
    if (w->filled != NULL && w->fresh != NULL)
        err = gu_log_file_open(&w->file, options);
    if (err < 0) {
        free_buffers(w);
        return err;
    }
    w->to_stderr = options->to_stderr;
    gu_log_writer_reset(w);
    *result = w;
    return 0;
}

void gu_log_writer_install(struct gu_log_writer *w)
{
    gu_log_out.writer = w;
    gu_log_out.buffer = w->filled;
    gu_log_out.size = w->size;
    gu_log_out.len = 0;
    w->filled = NULL;
}

void gu_log_writer_free(struct gu_log_writer *w)
{
    gu_log_writer_finish(w);
    w->filled = gu_log_out.buffer;
    count_lost(gu_log_out.buffer, gu_log_out.len, gu_log_out.n_telling);
    gu_log_file_close(&w->file);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->done);
    free_buffers(w);
}
