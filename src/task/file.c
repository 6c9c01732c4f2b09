/*
 * file — files, in the executor
 *
 * Each call is a job on the heap that carries its bytes, so that a thread which a disk holds up
 * never touches a task's memory. A job keeps the file's descriptor open: closing a file that a late
 * job still uses would let that job write to whoever gets the number next. Positions are given with
 * each call (pread, pwrite), so a late job moves nothing.
 */
#include "base/alloc.h"
#include "task/executor.h"
#include <fcntl.h>
#include <gust/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

struct gust_file {
    int fd;
    int64_t at;
    unsigned n_refs; /* the owner's, the scope's, each job's */
    bool is_closed, is_scoped;
};

struct file_job {
    struct gu_job job;
    int64_t (*run)(struct file_job *j); /* on a thread: a result, or a negative error */
    struct gust_file *file;             /* NULL: to be opened */
    int64_t result;
    int64_t at;
    size_t len;
    int flags;
    mode_t mode;
    char bytes[];
};

/* --- life --- */

static void unref(struct gust_file *f)
{
    if (f == NULL || --f->n_refs > 0)
        return;
    if (f->fd >= 0)
        close(f->fd);
    gu_free(f);
}

static void check(const struct gust_file *f, const char *call)
{
    if (gu_unlikely(f->is_closed))
        gu_misuse("%s: the file was closed by gust_file_close()", call);
}

void gust_file_close(gust_file *file)
{
    if (file == NULL || file->is_closed)
        return;
    file->is_closed = true;
    unref(file);
}

void gust_file_keep(gust_file *file)
{
    check(file, "gust_file_keep");
    file->is_scoped = false;
}

static void scope_ended(void *arg)
{
    struct gust_file *f = arg;

    if (f->is_scoped)
        gust_file_close(f);
    unref(f);
}

static struct gust_file *file_new(void)
{
    struct gust_file *f = gu_alloc0(sizeof *f);

    if (f == NULL)
        return NULL;
    *f = (struct gust_file){.fd = -1, .n_refs = 2, .is_scoped = true};
    if (!gu_try_defer(scope_ended, f)) {
        gu_free(f);
        return NULL;
    }
    return f;
}

/* --- jobs --- */

static void job_free(struct file_job *j)
{
    unref(j->file);
    gu_free(j);
}

static void job_work(struct gu_job *job)
{
    struct file_job *j = gu_container_of(job, struct file_job, job);

    j->result = j->run(j);
}

static void job_drop(struct gu_job *job)
{
    job_free(gu_container_of(job, struct file_job, job));
}

static struct file_job *job_new(struct gust_file *f, int64_t (*run)(struct file_job *), size_t len)
{
    struct file_job *j = gu_alloc0(sizeof *j + len);

    if (j == NULL)
        return NULL;
    j->job.work = job_work;
    j->job.drop = job_drop;
    j->run = run;
    j->len = len;
    j->at = f->at;
    j->file = f;
    f->n_refs++;
    return j;
}

/* Does it, and frees it: gives back its result, or what ended the wait; the job is then freed when
 * its thread is done. A read's bytes go to `to`. */
static int64_t call(struct file_job *j, void *to)
{
    int64_t result;
    int err = gu_executor_call(&j->job);

    if (err < 0)
        return err;
    result = j->result;
    if (to != NULL && result > 0)
        memcpy(to, j->bytes, (size_t)result);
    job_free(j);
    return result;
}

static int64_t call_plain(struct gust_file *f, int64_t (*run)(struct file_job *))
{
    struct file_job *j = job_new(f, run, 0);

    return j == NULL ? -ENOMEM : call(j, NULL);
}

/* --- on a thread --- */

/* The descriptor goes with the file, on the loop's thread, when nobody waits any more. */
static int64_t run_open(struct file_job *j)
{
    j->file->fd = open(j->bytes, j->flags | O_CLOEXEC, j->mode);
    return j->file->fd < 0 ? -errno : 0;
}

static int64_t run_read(struct file_job *j)
{
    ssize_t n;

    do
        n = pread(j->file->fd, j->bytes, j->len, j->at);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t run_write(struct file_job *j)
{
    size_t done = 0;

    while (done < j->len) {
        ssize_t n = pwrite(j->file->fd, j->bytes + done, j->len - done, j->at + (int64_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

static int64_t run_sync(struct file_job *j)
{
    return fsync(j->file->fd) < 0 ? -errno : 0;
}

static int64_t run_size(struct file_job *j)
{
    struct stat st;

    return fstat(j->file->fd, &st) < 0 ? -errno : st.st_size;
}

/* --- the calls --- */

static int open_file(struct gust_file *f, const char *path, int flags, unsigned mode)
{
    size_t size = strlen(path) + 1;
    struct file_job *j = job_new(f, run_open, size);

    if (j == NULL)
        return -ENOMEM;
    memcpy(j->bytes, path, size);
    j->flags = flags;
    j->mode = (mode_t)mode;
    return (int)call(j, NULL);
}

int gust_file_open(const char *path, int flags, unsigned mode, gust_file **file)
{
    struct gust_file *f;
    int err;

    gu_task_check_wait();
    f = file_new();
    if (f == NULL)
        return -ENOMEM;
    err = open_file(f, path, flags, mode);
    if (err < 0)
        gust_file_close(f);
    else
        *file = f;
    return err;
}

int gust_file_read(gust_file *file, void *to, size_t len)
{
    struct file_job *j;
    int64_t n;

    gu_task_check_wait();
    check(file, "gust_file_read");
    j = job_new(file, run_read, gu_min(len, PIECE));
    if (j == NULL)
        return -ENOMEM;
    n = call(j, to);
    if (n > 0)
        file->at += n;
    return (int)n;
}

static int write_piece(struct gust_file *f, const char *bytes, size_t len)
{
    struct file_job *j = job_new(f, run_write, len);
    int err;

    if (j == NULL)
        return -ENOMEM;
    memcpy(j->bytes, bytes, len);
    err = (int)call(j, NULL);
    if (err == 0)
        f->at += (int64_t)len;
    return err;
}

int gust_file_write(gust_file *file, const void *bytes, size_t len)
{
    const char *at = bytes;
    int err = 0;

    gu_task_check_wait();
    check(file, "gust_file_write");
    while (len > 0 && err == 0) {
        size_t n = gu_min(len, PIECE);

        err = write_piece(file, at, n);
        at += n;
        len -= n;
    }
    return err;
}

int gust_file_sync(gust_file *file)
{
    gu_task_check_wait();
    check(file, "gust_file_sync");
    return (int)call_plain(file, run_sync);
}

int gust_file_size(gust_file *file, int64_t *size)
{
    int64_t n;

    gu_task_check_wait();
    check(file, "gust_file_size");
    n = call_plain(file, run_size);
    if (n < 0)
        return (int)n;
    *size = n;
    return 0;
}

int gust_file_seek(gust_file *file, int64_t position)
{
    check(file, "gust_file_seek");
    if (position < 0)
        return -EINVAL;
    file->at = position;
    return 0;
}

int64_t gust_file_position(const gust_file *file)
{
    return file->at;
}
