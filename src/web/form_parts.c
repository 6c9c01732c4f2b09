/*
 * form_parts — a form taken apart by its handler, and bodies that are saved
 */
#include "base/log.h"
#include "base/str.h"
#include "web/form_reader.h"
#include <gust/upload.h>

static void check_task(const gust_request *r, const char *call)
{
    if (gu_task_current() != r->x->task)
        gu_misuse("%s was called outside the request's task", call);
}

/* Nobody else tells what was wrong, and a peer can make it happen at will. */
static int tell(const gust_request *r, const struct gu_form_reader *f, int err)
{
    if (f->why != NULL)
        GU_LOG_ONCE_PER(60, r->x->started, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "400 %s %s: multipart/form-data: %s", r->x->method_name.ptr, r->x->path.ptr,
                        f->why);
    return err;
}

/* --- part by part --- */

int gust_part_next(gust_request *r, gust_part *part)
{
    enum gu_multipart_event event;
    struct gu_form_reader *f;
    int err;

    check_task(r, "gust_part_next");
    err = gu_form_begin(r, &f);
    if (err < 0)
        return err;
    do {
        err = gu_form_next(r, f, &event);
        if (err < 0)
            return tell(r, f, err);
    } while (event == GU_MULTIPART_DATA || event == GU_MULTIPART_END);
    if (event == GU_MULTIPART_DONE)
        return 0;
    *part = (gust_part){f->part.disposition.name.ptr, f->part.disposition.filename.ptr,
                        f->part.content_type.ptr};
    return 1;
}

int gust_part_read(gust_request *r, gust_str *lent)
{
    enum gu_multipart_event event;
    struct gu_form_reader *f;
    int err;

    check_task(r, "gust_part_read");
    err = gu_form_begin(r, &f);
    if (err < 0)
        return err;
    *lent = GU_STR("");
    if (!f->is_in_part)
        return tell(r, f, f->err);
    err = gu_form_next(r, f, &event);
    if (err < 0)
        return tell(r, f, err);
    if (event == GU_MULTIPART_DATA)
        *lent = f->part.data;
    return (int)lent->len;
}

/* --- saving --- */

typedef int read_fn(gust_request *r, gust_str *lent);

static int save(gust_request *r, read_fn *read, gust_file *file,
                void (*progress)(void *arg, int64_t saved), void *arg)
{
    int64_t saved = 0;
    gust_str piece;
    int n, err;

    while ((n = read(r, &piece)) > 0) {
        err = gust_file_write(file, piece.ptr, piece.len);
        if (err < 0)
            return err;
        saved += n;
        if (progress != NULL)
            progress(arg, saved);
    }
    return n;
}

int gust_part_save(gust_request *r, gust_file *file, void (*progress)(void *arg, int64_t saved),
                   void *arg)
{
    return save(r, gust_part_read, file, progress, arg);
}

int gust_body_save(gust_request *r, gust_file *file, void (*progress)(void *arg, int64_t saved),
                   void *arg)
{
    return save(r, gust_body_read, file, progress, arg);
}
