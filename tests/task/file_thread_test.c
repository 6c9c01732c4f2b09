/*
 * file — reading and writing off the loop: what is read, what fails, what comes too late
 *
 * Order between threads is made by semaphores. The system calls are wrapped, to fail, to be short,
 * and to hang.
 */
#include "base/alloc.h"
#include "base/gu.h"
#include "task_support.h"
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the faults --- */

#define SHORT (-1) /* one byte only */
#define HANG (-2)  /* until `go_on` */

static atomic_int fault;     /* of the next call: an errno, SHORT or HANG; 0: none */
static atomic_int n_reached; /* faults that were */
static sem_t began, go_on;

static ssize_t faulty(size_t *len)
{
    int now = atomic_exchange(&fault, 0);

    if (now == 0)
        return 0;
    atomic_fetch_add(&n_reached, 1);
    if (now == SHORT)
        *len = gu_min(*len, 1);
    if (now == HANG) {
        sem_post(&began);
        sem_wait(&go_on);
    }
    if (now < 0)
        return 0;
    errno = now;
    return -1;
}

#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAP(ssize_t, pread, int fd, void *to, size_t len, off_t at)
{
    return faulty(&len) < 0 ? -1 : __real_pread(fd, to, len, at);
}

WRAP(ssize_t, pwrite, int fd, const void *bytes, size_t len, off_t at)
{
    return faulty(&len) < 0 ? -1 : __real_pwrite(fd, bytes, len, at);
}

WRAP(int, fsync, int fd)
{
    size_t len = 0;

    return faulty(&len) < 0 ? -1 : __real_fsync(fd);
}

/* --- a folder of the test's own --- */

static char folder[64];

static const char *path_of(const char *name)
{
    return gust_sprintf("%s/%s", folder, name);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/gust-file-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void run_in_folder(int (*fn)(void *), void *arg)
{
    make_folder();
    assert_int_equal(gust_run(fn, arg), 0);
    assert_return_code(rmdir(folder), errno);
}

static gust_file *open_new(const char *name)
{
    gust_file *f;

    assert_int_equal(gust_file_open(path_of(name), O_RDWR | O_CREAT | O_TRUNC, 0600, &f), 0);
    return f;
}

/* --- reading and writing --- */

static char big[600000], back[600000];

static int write_and_read(void *arg)
{
    gust_file *f = open_new("file");
    int64_t size = 0;
    size_t n_read = 0;
    int n;

    (void)arg;
    assert_int_equal(gust_file_write(f, big, sizeof big), 0);
    assert_int_equal(gust_file_sync(f), 0);
    assert_int_equal(gust_file_size(f, &size), 0);
    assert_int_equal(size, sizeof big);
    assert_int_equal(gust_file_position(f), sizeof big);
    assert_int_equal(gust_file_read(f, back, sizeof back), 0); /* the end */
    assert_int_equal(gust_file_seek(f, 0), 0);
    while ((n = gust_file_read(f, back + n_read, sizeof back - n_read)) > 0) {
        assert_true(n <= 256 * 1024);
        n_read += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(n_read, sizeof big);
    assert_memory_equal(back, big, sizeof big);
    assert_int_equal(gust_file_seek(f, -1), -EINVAL);
    assert_int_equal(gust_file_seek(f, 3), 0);
    assert_int_equal(gust_file_write(f, "x", 1), 0);
    assert_int_equal(gust_file_read(f, back, 1), 1); /* behind it */
    assert_int_equal(back[0], big[4]);
    unlink(path_of("file"));
    return 0;
}

TEST(what_was_written_is_read_again)
{
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 13);
    run_in_folder(write_and_read, NULL);
}

static int append(void *arg)
{
    gust_file *f = open_new("file"), *end;

    (void)arg;
    assert_int_equal(gust_file_write(f, "one ", 4), 0);
    assert_int_equal(gust_file_open(path_of("file"), O_WRONLY | O_APPEND, 0, &end), 0);
    assert_int_equal(gust_file_write(end, "two", 3), 0);
    assert_int_equal(gust_file_seek(f, 0), 0);
    assert_int_equal(gust_file_read(f, back, sizeof back), 7);
    assert_memory_equal(back, "one two", 7);
    unlink(path_of("file"));
    return 0;
}

TEST(appending_writes_at_the_end)
{
    run_in_folder(append, NULL);
}

/* --- errors --- */

static int fail_to_open(void *arg)
{
    static const struct {
        const char *name, *path;
        int flags, err;
    } cases[] = {
        {"not there", "/nonexistent/file", O_RDONLY, -ENOENT},
        {"a folder", "/", O_RDWR, -EISDIR},
        {"there already", "/dev/null", O_CREAT | O_EXCL | O_WRONLY, -EEXIST},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_file *f = (gust_file *)&big;

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_file_open(cases[i].path, cases[i].flags, 0600, &f), cases[i].err);
        assert_ptr_equal(f, &big);
    }
    return 0;
}

TEST(what_cannot_be_opened_says_why)
{
    assert_int_equal(gust_run(fail_to_open, NULL), 0);
}

static int fill_the_disk(void *arg)
{
    gust_file *f;

    (void)arg;
    assert_int_equal(gust_file_open("/dev/full", O_RDWR, 0, &f), 0);
    assert_int_equal(gust_file_write(f, "x", 1), -ENOSPC);
    assert_int_equal(gust_file_position(f), 0);
    assert_int_equal(gust_file_write(f, "", 0), 0);
    return 0;
}

TEST(a_full_disk_is_an_error)
{
    assert_int_equal(gust_run(fill_the_disk, NULL), 0);
}

static int read_what_has_no_position(void *arg)
{
    gust_file *f;
    char byte = 'x';
    int ends[2];

    (void)arg;
    assert_return_code(pipe2(ends, O_CLOEXEC), errno);
    assert_int_equal(gust_file_open(gust_sprintf("/proc/self/fd/%d", ends[1]), O_WRONLY, 0, &f), 0);
    assert_int_equal(gust_file_write(f, "x", 1), -ESPIPE);
    assert_int_equal(gust_file_read(f, &byte, 1), -ESPIPE);
    assert_int_equal(byte, 'x');
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TEST(a_pipe_is_no_file)
{
    assert_int_equal(gust_run(read_what_has_no_position, NULL), 0);
}

static int fail_each_call(void *arg)
{
    static const struct {
        const char *name;
        char call;
        int fault, result;
    } cases[] = {
        {"an interrupted read", 'r', EINTR, 4},
        {"a short read", 'r', SHORT, 1},
        {"a disk that cannot be read", 'r', EIO, -EIO},
        {"an interrupted write", 'w', EINTR, 0},
        {"a short write is continued", 'w', SHORT, 0},
        {"a disk that becomes full", 'w', ENOSPC, -ENOSPC},
        {"a disk that breaks", 's', EIO, -EIO},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_file *f = open_new("file");
        int result, reached = atomic_load(&n_reached);

        TEST_CASE(cases[i].name);
        assert_int_equal(gust_file_write(f, "abcd", 4), 0);
        assert_int_equal(gust_file_seek(f, 0), 0);
        atomic_store(&fault, cases[i].fault);
        result = cases[i].call == 'r'   ? gust_file_read(f, back, 4)
                 : cases[i].call == 'w' ? gust_file_write(f, "wxyz", 4)
                                        : gust_file_sync(f);
        assert_int_equal(result, cases[i].result);
        assert_int_equal(atomic_load(&n_reached), reached + 1);
        if (result < 0)
            assert_int_equal(gust_file_position(f), 0);
        if (cases[i].call == 'w' && result == 0) {
            assert_int_equal(gust_file_seek(f, 0), 0);
            assert_int_equal(gust_file_read(f, back, 8), 4);
            assert_memory_equal(back, "wxyz", 4);
        }
    }
    unlink(path_of("file"));
    return 0;
}

TEST(a_failing_system_call_is_told)
{
    run_in_folder(fail_each_call, NULL);
}

/* --- too late --- */

struct left {
    gust_file *file;
    bool reads;
    int result;
};

static void call_it(void *arg)
{
    struct left *l = arg;

    l->result = l->reads ? gust_file_read(l->file, back, 4) : gust_file_write(l->file, "wxyz", 4);
}

/* The thread has begun, and hangs, when the wait ends. */
static int leave_a_call(void *arg)
{
    struct left l = {open_new("file"), *(const char *)arg == 'r', 1};
    gust_task *task;

    assert_int_equal(gust_file_write(l.file, "abcd", 4), 0);
    assert_int_equal(gust_file_seek(l.file, 0), 0);
    memcpy(back, "----", sizeof "----");
    atomic_store(&fault, HANG);
    task = gust_go(call_it, &l, NULL);
    gust_yield();
    sem_wait(&began);
    gust_cancel(task);
    while (l.result == 1)
        gust_yield();
    assert_int_equal(l.result, -ECANCELED);
    assert_int_equal(gust_file_position(l.file), 0);
    gust_file_close(l.file); /* the thread still has the descriptor */
    sem_post(&go_on);
    return 0;
}

TEST(a_call_may_be_left_and_its_late_result_goes_nowhere)
{
    static const char *const calls[] = {"read", "write"};

    assert_int_equal(sem_init(&began, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
    for (size_t i = 0; i < gu_countof(calls); i++) {
        int fd;
        char found[4], path[80];

        TEST_CASE(calls[i]);
        make_folder();
        assert_int_equal(gust_run(leave_a_call, (void *)(uintptr_t)calls[i]), 0);
        assert_string_equal(back, "----");
        snprintf(path, sizeof path, "%s/file", folder);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_return_code(fd, errno);
        assert_int_equal(read(fd, found, 4), 4);
        assert_memory_equal(found, calls[i][0] == 'r' ? "abcd" : "wxyz", 4);
        close(fd);
        unlink(path);
        assert_return_code(rmdir(folder), errno);
    }
}

/* --- scopes and memory --- */

static int keep_one(void *arg)
{
    gust_file *kept;

    {
        GUST_SCOPE();
        open_new("closed with the scope");
        kept = open_new("kept");
        gust_file_keep(kept);
    }
    assert_int_equal(gust_file_write(kept, "x", 1), 0);
    *(gust_file **)arg = kept;
    unlink(path_of("closed with the scope"));
    unlink(path_of("kept"));
    return 0;
}

TEST(a_file_is_closed_with_its_scope_unless_it_is_kept)
{
    gust_file *kept;

    run_in_folder(keep_one, &kept);
    gust_file_close(kept);
}

static int use_a_file(void *arg)
{
    gust_file *f;
    int64_t size;
    int err;

    (void)arg;
    err = gust_file_open(path_of("file"), O_RDWR | O_CREAT, 0600, &f);
    if (err == 0)
        err = gust_file_write(f, big, 1000);
    if (err == 0)
        err = gust_file_seek(f, 0);
    if (err == 0)
        err = gust_file_read(f, back, 1000) == 1000 ? 0 : -ENOMEM;
    if (err == 0)
        err = gust_file_size(f, &size);
    unlink(path_of("file"));
    return err;
}

TEST(an_allocation_that_fails_is_told)
{
    gust_loop *loop = gust_loop_current();
    bool is_reached = true;
    uint64_t n = 0;

    make_folder();
    while (is_reached) {
        int err;

        gu_alloc_fail_at(++n);
        err = gust_run(use_a_file, NULL);
        is_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_true(err == 0 || (is_reached && (err == -ENOMEM || err == -EIO)));
    }
    assert_true(n > 4);
    gust_loop_close(loop);
    assert_return_code(rmdir(folder), errno);
}

/* --- misuse --- */

static void open_outside(void *arg)
{
    gust_file *f;

    (void)arg;
    gust_ignore(gust_file_open("/dev/null", O_RDONLY, 0, &f));
}

static int read_a_closed_one(void *arg)
{
    gust_file *f;

    (void)arg;
    assert_int_equal(gust_file_open("/dev/null", O_RDONLY, 0, &f), 0);
    gust_file_close(f);
    return gust_file_read(f, back, 1);
}

static void run_closed(void *arg)
{
    gust_ignore(gust_run(read_a_closed_one, arg));
}

TEST(misuse_aborts_with_a_message)
{
    assert_aborts(open_outside, NULL, "outside a task");
    assert_aborts(run_closed, NULL, "the file was closed");
}
