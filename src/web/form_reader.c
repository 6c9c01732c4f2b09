/*
 * form_reader — see form_reader.h
 */
#include "web/form_reader.h"
#include "base/str.h"
#include <gust/upload.h>

#define PIECE ((size_t)64 * 1024) /* of data, beside what has to be whole */

const gust_upload_options *gu_upload_options(const gust_request *r)
{
    static const gust_upload_options none;

    return r->app->options.uploads == NULL ? &none : r->app->options.uploads;
}

static int form_new(gust_request *r, struct gu_form_reader **form)
{
    const gust_upload_options *o = gu_upload_options(r);
    struct gu_form_reader *f = gu_arena_alloc(&r->x->arena, sizeof *f);
    size_t header = gu_option_size(o->max_part_header_size, GU_MULTIPART_HEADER);

    if (f == NULL)
        return -ENOMEM;
    *f = (struct gu_form_reader){0};
    if (gu_multipart_init(&f->m, gu_exchange_known(r->x, GU_FIELD_CONTENT_TYPE)) < 0)
        return -EINVAL;
    f->limits.max_parts =
        (uint32_t)gu_min(gu_option_size(o->max_parts, GU_MULTIPART_PARTS), UINT32_MAX);
    f->limits.max_header = (uint32_t)gu_min(header, PIECE); /* it has to be whole */
    f->cap = gu_multipart_room(&f->limits) + PIECE;
    f->buf = gu_arena_alloc(&r->x->arena, f->cap);
    if (f->buf == NULL)
        return -ENOMEM;
    *form = f;
    return 0;
}

int gu_form_begin(gust_request *r, struct gu_form_reader **form)
{
    struct gu_input *input = gu_request_input(r);
    int err = 0;

    if (input == NULL)
        return -ENOMEM;
    if (input->form_reader == NULL)
        err = form_new(r, &input->form_reader);
    if (err == 0)
        *form = input->form_reader;
    return err;
}

static int fail(struct gu_form_reader *f, int err, const char *why)
{
    f->err = err;
    f->why = why;
    return err;
}

/* More of the body, behind what the parser has not consumed. */
static int fill(gust_request *r, struct gu_form_reader *f)
{
    int n;

    memmove(f->buf, f->buf + f->start, f->end - f->start);
    f->end -= f->start;
    f->start = 0;
    n = gu_body_take(r, f->buf + f->end, f->cap - f->end);
    if (n < 0)
        return n;
    if (n == 0)
        return fail(f, -GUST_EPROTO, "it ends before its last boundary");
    f->end += (size_t)n;
    return 0;
}

/* What stands behind the form is nobody's, but has to be read for the next request. */
static int drain(gust_request *r, struct gu_form_reader *f)
{
    int n;

    do
        n = gu_body_take(r, f->buf, f->cap);
    while (n > 0);
    f->is_over = n == 0;
    return n;
}

static int settle(gust_request *r, struct gu_form_reader *f, enum gu_multipart_event event)
{
    switch (event) {
    case GU_MULTIPART_PART:
    case GU_MULTIPART_DATA:
    case GU_MULTIPART_END:
        f->is_in_part = event != GU_MULTIPART_END;
        return 0;
    case GU_MULTIPART_DONE:
        return drain(r, f);
    case GU_MULTIPART_NO_MEMORY:
        return fail(f, -ENOMEM, NULL);
    default:
        return fail(f, -GUST_EPROTO, f->part.error);
    }
}

int gu_form_next(gust_request *r, struct gu_form_reader *f, enum gu_multipart_event *event)
{
    int err = f->err;

    *event = GU_MULTIPART_DONE;
    if (err < 0 || f->is_over)
        return err;
    for (;;) {
        *event = gu_multipart_next(&f->m, &f->limits, &r->x->arena, f->buf + f->start,
                                   f->end - f->start, &f->part);
        f->start += f->part.consumed;
        if (*event != GU_MULTIPART_MORE)
            return settle(r, f, *event);
        err = fill(r, f);
        if (err < 0)
            return err;
    }
}
