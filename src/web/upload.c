/*
 * upload — a form that is read before its handler runs
 *
 * Fields become arguments. Files share so much memory; the one that would pass it moves to a
 * temporary file, and stays there.
 */
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "web/form_reader.h"
#include <fcntl.h>
#include <gust/upload.h>
#include <stdlib.h>
#include <unistd.h>

#define FIELD_MAX ((size_t)1 << 20)
#define MEMORY ((size_t)1 << 20)
#define COPY ((size_t)64 * 1024)

struct gu_uploads {
    gust_upload *items;
    size_t len, cap;
};

/* The form while it is read. */
struct reading {
    gust_request *r;
    struct gu_form_reader *form;
    struct gu_pairs fields;
    size_t fields_cap;
    struct gu_uploads *files;
    size_t memory; /* that files have taken */
    size_t max_memory, max_field, max_file;
};

/* --- lists --- */

/* Room for one more item of `size` bytes; false when memory is short. */
static bool has_room(struct gust_arena *arena, void *items, size_t len, size_t *cap, size_t size)
{
    void *old = *(void **)items, *grown;
    size_t wanted = *cap == 0 ? 4 : 2 * *cap;

    if (len < *cap)
        return true;
    grown = gu_arena_alloc(arena, wanted * size);
    if (grown == NULL)
        return false;
    if (len > 0)
        memcpy(grown, old, len * size);
    *(void **)items = grown;
    *cap = wanted;
    return true;
}

/* --- temporary files --- */

static const char *temporary_path(gust_request *r)
{
    const char *dir = gu_upload_options(r)->dir;
    unsigned char bytes[12];
    char name[2 * sizeof bytes];
    gust_str path = {NULL, 0};
    struct gu_buf b;

    if (dir == NULL)
        dir = getenv("TMPDIR");
    gu_random(bytes, sizeof bytes);
    gu_hex(name, bytes, sizeof bytes);
    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    gu_buf_puts(&b, dir == NULL || *dir == '\0' ? "/tmp" : dir);
    gu_buf_puts(&b, "/gust-");
    gu_buf_put(&b, name, sizeof name);
    gust_ignore(gu_buf_finish(&b, &path));
    return path.ptr;
}

/* Its name goes at once, on the loop's thread: no wait stands between, so nothing is ever left. */
static int open_temporary(gust_request *r, gust_file **file)
{
    const char *path = temporary_path(r);
    int err = path == NULL ? -ENOMEM : gust_file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, file);

    if (err == 0)
        (void)unlink(path);
    else if (err != -ENOMEM)
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "%s: %s (gust_upload_options.dir)", path,
               gust_strerror(err));
    return err;
}

/* --- one part --- */

/* The rest of a part, or as much as `most` lets in; *ended says which. */
static int read_to_memory(struct reading *in, struct gu_buf *b, size_t most, gust_str *over,
                          bool *ended)
{
    enum gu_multipart_event event;
    int err;

    *ended = false;
    for (;;) {
        err = gu_form_next(in->r, in->form, &event);
        *ended = event == GU_MULTIPART_END;
        if (err < 0 || *ended)
            return err < 0 ? err : gu_buf_error(b);
        *over = in->form->part.data;
        if (over->len > most - b->len)
            return gu_buf_error(b);
        gu_buf_put_str(b, *over);
    }
}

static int read_field(struct reading *in)
{
    struct gust_arena *arena = &in->r->x->arena;
    struct gu_pair pair = {.name = in->form->part.disposition.name};
    gust_str over;
    struct gu_buf b;
    bool ended;
    int err;

    gu_buf_init(&b, arena, SIZE_MAX - 1);
    err = read_to_memory(in, &b, in->max_field, &over, &ended);
    if (err == 0 && !ended)
        return -GUST_ETOOBIG;
    if (err == 0)
        err = gu_buf_finish(&b, &pair.value);
    if (err < 0)
        return err;
    if (!gu_text_is_sound(pair.value)) {
        in->form->why = "a field is no text";
        return -GUST_EPROTO;
    }
    if (!has_room(arena, &in->fields.items, in->fields.len, &in->fields_cap, sizeof pair))
        return -ENOMEM;
    pair.value = gu_argument_clean(pair.value);
    in->fields.items[in->fields.len++] = pair;
    return 0;
}

static int write_on(struct reading *in, gust_upload *u, gust_str piece)
{
    if (piece.len > in->max_file - (size_t)u->size)
        return -GUST_ETOOBIG;
    u->size += (int64_t)piece.len;
    return piece.len == 0 ? 0 : gust_file_write(u->file, piece.ptr, piece.len);
}

/* What there is in memory goes first, then `over`, which did not fit there, then the rest. */
static int read_to_file(struct reading *in, gust_upload *u, gust_str begin, gust_str over)
{
    enum gu_multipart_event event = GU_MULTIPART_DATA;
    int err = open_temporary(in->r, &u->file);

    if (err == 0)
        err = write_on(in, u, begin);
    if (err == 0)
        err = write_on(in, u, over);
    while (err == 0) {
        err = gu_form_next(in->r, in->form, &event);
        if (err == 0 && event == GU_MULTIPART_END)
            return gust_file_seek(u->file, 0);
        if (err == 0)
            err = write_on(in, u, in->form->part.data);
    }
    return err;
}

static int read_file(struct reading *in)
{
    const struct gu_multipart_part *part = &in->form->part;
    gust_upload u = {.name = part->disposition.name.ptr,
                     .filename = part->disposition.filename.ptr,
                     .content_type = part->content_type.len > 0 ? part->content_type.ptr
                                                                : "application/unknown"};
    struct gust_arena *arena = &in->r->x->arena;
    gust_str over = {NULL, 0};
    struct gu_buf b;
    bool ended;
    int err;

    gu_buf_init(&b, arena, SIZE_MAX - 1);
    err = read_to_memory(in, &b, gu_min(in->max_memory - in->memory, in->max_file), &over, &ended);
    if (err == 0 && !ended) {
        err = read_to_file(in, &u, gu_str(b.ptr, b.len), over);
    } else if (err == 0) {
        err = gu_buf_finish(&b, &u.body);
        u.size = (int64_t)u.body.len;
        in->memory += u.body.len;
    }
    if (err < 0)
        return err;
    if (!has_room(arena, &in->files->items, in->files->len, &in->files->cap, sizeof u))
        return -ENOMEM;
    in->files->items[in->files->len++] = u;
    return 0;
}

/* --- the form --- */

static int read_parts(struct reading *in)
{
    enum gu_multipart_event event;
    int err;

    for (;;) {
        err = gu_form_next(in->r, in->form, &event);
        if (err < 0 || event == GU_MULTIPART_DONE)
            return err;
        err = in->form->part.disposition.filename.ptr == NULL ? read_field(in) : read_file(in);
        if (err < 0)
            return err;
    }
}

/* One line in the log, however much is wrong (CVE-2025-47287). */
static int refuse(gust_request *r, const char *why)
{
    return gust_fail(r, 400, "multipart/form-data: %s", why);
}

static int begin(struct reading *in, struct gu_input *input)
{
    const gust_upload_options *o = gu_upload_options(in->r);
    int err = gu_form_begin(in->r, &in->form);

    if (err < 0)
        return err;
    input->uploads = in->files = gu_arena_alloc(&in->r->x->arena, sizeof *in->files);
    if (in->files == NULL)
        return -ENOMEM;
    *in->files = (struct gu_uploads){0};
    in->max_memory = gu_option_size(o->memory, MEMORY);
    in->max_field = gu_option_size(o->max_field_size, FIELD_MAX);
    in->max_file = gu_min(gu_option_size(o->max_file_size, SIZE_MAX), INT64_MAX);
    return 0;
}

int gu_form_receive(gust_request *r)
{
    struct gu_input *input = gu_request_input(r);
    struct reading in = {.r = r};
    int err = input == NULL ? -ENOMEM : begin(&in, input);

    if (err == -EINVAL)
        return refuse(r, "its boundary is missing, or none");
    if (err == 0)
        err = read_parts(&in);
    if (err == -GUST_EPROTO && in.form->why != NULL)
        return refuse(r, in.form->why);
    if (err == 0)
        input->form = in.fields;
    return err;
}

/* --- asking --- */

const gust_upload *gust_files(const gust_request *r, size_t *n)
{
    const struct gu_uploads *files = r->input == NULL ? NULL : r->input->uploads;

    *n = files == NULL ? 0 : files->len;
    return files == NULL ? NULL : files->items;
}

const gust_upload *gust_get_files(const gust_request *r, const char *name, size_t i)
{
    size_t n;
    const gust_upload *files = gust_files(r, &n);

    for (size_t k = 0; k < n; k++)
        if (strcmp(files[k].name, name) == 0 && i-- == 0)
            return &files[k];
    return NULL;
}

const gust_upload *gust_get_file(const gust_request *r, const char *name)
{
    size_t n;
    const gust_upload *files = gust_files(r, &n);

    while (n-- > 0)
        if (strcmp(files[n].name, name) == 0)
            return &files[n];
    return NULL;
}

/* --- saving --- */

static int copy_file(gust_file *from, gust_file *to)
{
    char *piece;
    int n, err = gust_file_seek(from, 0);
    GUST_SCOPE();

    piece = gust_try_alloc(COPY);
    if (piece == NULL)
        return -ENOMEM;
    while (err == 0 && (n = gust_file_read(from, piece, COPY)) != 0)
        err = n < 0 ? n : gust_file_write(to, piece, (size_t)n);
    return err < 0 ? err : gust_file_seek(from, 0);
}

int gust_upload_save(const gust_upload *u, const char *path)
{
    gust_file *to;
    int err = gust_file_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666, &to);

    if (err < 0)
        return err;
    err = u->file == NULL ? gust_file_write(to, u->body.ptr, u->body.len) : copy_file(u->file, to);
    gust_file_close(to);
    if (err < 0)
        (void)unlink(path);
    return err;
}
