/*
 * loader — templates in a directory, and templates in the task's memory
 *
 * The template room does no I/O and knows no scopes; this is where it meets both. A file is read by
 * plain calls that block: it is read once.
 */
#include "base/str.h"
#include "task/task_impl.h"
#include "template/template_impl.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a directory --- */

/* Whether a name stays below the directory. */
static bool is_below(gust_str name)
{
    gust_str part;

    if (name.len == 0 || name.ptr[0] == '/' || memchr(name.ptr, '\0', name.len) != NULL)
        return false;
    while (gu_str_split(&name, '/', &part))
        if (gust_str_equal(part, ".."))
            return false;
    return true;
}

static int open_file(const char *directory, struct gust_arena *arena, gust_str name)
{
    struct gu_buf path;
    gust_str text;
    int fd;

    if (!is_below(name))
        return -EACCES;
    gu_buf_init(&path, arena, SIZE_MAX - 1);
    gu_buf_puts(&path, directory);
    gu_buf_putc(&path, '/');
    gu_buf_put_str(&path, name);
    if (gu_buf_finish(&path, &text) < 0)
        return -ENOMEM;
    fd = open(text.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/* Reads until the end, or until there is more than `max`. */
static int read_all(int fd, struct gu_buf *b, size_t max)
{
    for (;;) {
        char *to = gu_buf_reserve(b, 4096);
        ssize_t n;

        if (to == NULL)
            return gu_buf_error(b);
        n = read(fd, to, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        gu_buf_add(b, (size_t)n);
        if (b->len > max)
            return -GUST_ETOOBIG;
    }
}

static int read_file(void *arg, struct gust_arena *arena, gust_str name, size_t max, gust_str *text)
{
    int fd = open_file(arg, arena, name), err;
    struct stat status;
    struct gu_buf b;

    if (fd < 0)
        return fd;
    gu_buf_init(&b, arena, SIZE_MAX - 1);
    if (fstat(fd, &status) < 0)
        err = -errno;
    else if (!S_ISREG(status.st_mode))
        err = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    else
        err = read_all(fd, &b, max);
    close(fd);
    return err < 0 ? err : gu_buf_finish(&b, text);
}

gust_loader *gust_loader_new(const char *directory, const gust_loader_options *options)
{
    return gu_loader_new(read_file, directory, options);
}

/* --- in the task's memory --- */

static const gust_template *told(const gust_template *t, const struct gu_report *report,
                                 gust_error *error)
{
    if (t != NULL)
        return t;
    if (report->err == -ENOMEM)
        gu_no_memory();
    if (error != NULL)
        *error = (gust_error){.status = 500,
                              .code = report->err,
                              .message = report->message.ptr,
                              .line = (int)report->line};
    return NULL;
}

const gust_template *gust_loader_load(gust_loader *loader, const char *name, gust_error *error)
{
    struct gu_report report;
    const gust_template *t =
        gu_loader_get(loader, gu_arena_here(), gust_str_from(name), false, &report);

    return told(t, &report, error);
}

const gust_template *gust_template_new(gust_str text, const char *name, gust_loader *loader,
                                       gust_error *error)
{
    struct gu_report report;
    const gust_template *t =
        gu_template_compile(loader, gu_arena_here(), text, gust_str_from(name), &report);

    return told(t, &report, error);
}

int gust_template_generate(const gust_template *t, const gust_kv *vars, gust_str *text,
                           gust_error *error)
{
    struct gu_report report;
    struct gu_buf out;
    struct gu_rendering what = {.arena = gu_arena_here(), .vars = vars, .out = &out};

    gu_buf_init(&out, what.arena, gu_template_max_output(t));
    if (gu_template_render(t, &what, &report) == 0 && gu_buf_finish(&out, text) == 0)
        return 0;
    told(NULL, &report, error);
    return report.err;
}
