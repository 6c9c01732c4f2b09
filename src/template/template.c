/*
 * template — loaders, and what they compile
 *
 * Names in a file are relative to it, unless they begin with "/". Every template has an arena of
 * its own, with a copy of all that it extends and includes, so that it can be thrown away alone
 * when it does not parse.
 */
#include "base/loopstack.h"
#include "template/compile.h"
#include "template/template_impl.h"

#define MAX_SOURCE ((int64_t)1 << 20)
#define MAX_STEPS INT64_C(10000000)
#define MAX_OUTPUT ((int64_t)16 << 20)

struct gust_loader {
    struct gust_arena *arena;
    gu_read_fn *read;
    const void *arg;
    gust_str autoescape; /* .ptr NULL: none */
    gust_str whitespace; /* empty: by name */
    const gust_kv *names;
    size_t max_source, max_output;
    int64_t max_steps;
    struct gu_map templates; /* to struct gust_template */
};

/* --- a loader --- */

static int64_t steps_of(const gust_loader_options *o)
{
    if (o->max_steps == 0)
        return MAX_STEPS;
    return o->max_steps < 0 ? INT64_MAX : o->max_steps;
}

static gust_str kept(struct gust_arena *arena, const char *text)
{
    return text == NULL ? GU_STR("") : gu_arena_copy(arena, text, strlen(text));
}

static void set_options(struct gust_loader *l, const gust_loader_options *o)
{
    gust_str escape =
        o->autoescape == NULL ? GU_STR("xhtml_escape") : kept(l->arena, o->autoescape);

    l->autoescape = gust_str_equal(escape, "None") ? gu_str(NULL, 0) : escape;
    l->whitespace = kept(l->arena, o->whitespace);
    l->names = o->names;
    l->max_source = gu_option_size(o->max_source, MAX_SOURCE);
    l->max_output = gu_option_size(o->max_output, MAX_OUTPUT);
    l->max_steps = steps_of(o);
}

struct gust_loader *gu_loader_new(gu_read_fn *read, const void *arg,
                                  const gust_loader_options *options)
{
    static const gust_loader_options defaults;
    struct gust_arena *arena = gust_arena_new();
    struct gust_loader *l = arena == NULL ? NULL : gu_arena_alloc(arena, sizeof *l);

    if (l == NULL) {
        gust_arena_free(arena);
        return NULL;
    }
    *l = (struct gust_loader){.arena = arena, .read = read, .arg = arg};
    gu_map_init(&l->templates);
    set_options(l, options == NULL ? &defaults : options);
    if (l->whitespace.ptr == NULL) {
        gust_arena_free(arena);
        return NULL;
    }
    return l;
}

void gust_loader_reset(gust_loader *l)
{
    GU_MAP_FOREACH (entry, &l->templates) {
        gust_arena_free(((struct gust_template *)entry->value)->arena);
    }
    gu_map_deinit(&l->templates);
    gu_map_init(&l->templates);
}

void gust_loader_free(gust_loader *l)
{
    if (l == NULL)
        return;
    gust_loader_reset(l);
    gust_arena_free(l->arena);
}

static int read_table(void *arg, struct gust_arena *arena, gust_str name, size_t max,
                      gust_str *text)
{
    (void)arena;
    for (const gust_template_file *file = arg; file->name != NULL; file++) {
        if (!gust_str_equal(name, file->name))
            continue;
        *text = gust_str_from(file->text);
        return text->len > max ? -GUST_ETOOBIG : 0;
    }
    return -ENOENT;
}

gust_loader *gust_loader_new_table(const gust_template_file *files,
                                   const gust_loader_options *options)
{
    return gu_loader_new(read_table, files, options);
}

/* --- names --- */

/* Takes the last part off a path. */
static void go_up(struct gu_buf *path)
{
    while (path->len > 0 && path->ptr[path->len - 1] != '/')
        path->len--;
    if (path->len > 0)
        path->len--;
}

/* Puts "a/b", part by part; "." and ".." are walked. */
static void walk(struct gu_buf *path, gust_str rest)
{
    gust_str part;

    while (gu_str_split(&rest, '/', &part)) {
        if (part.len == 0 || gust_str_equal(part, "."))
            continue;
        if (gust_str_equal(part, "..") && path->len > 0 &&
            !(path->len >= 2 && memcmp(path->ptr + path->len - 2, "..", 2) == 0)) {
            go_up(path);
            continue;
        }
        if (path->len > 0)
            gu_buf_putc(path, '/');
        gu_buf_put_str(path, part);
    }
}

/* What a name in `from` means. */
static gust_str resolve(struct gust_arena *arena, gust_str name, gust_str from)
{
    struct gu_buf path;
    gust_str dir = from, resolved = {NULL, 0};

    if (from.len == 0 || from.ptr[0] == '<' || from.ptr[0] == '/' || name.ptr[0] == '/')
        return gu_arena_copy(arena, name.ptr, name.len);
    gu_buf_init(&path, arena, SIZE_MAX - 1);
    while (dir.len > 0 && dir.ptr[dir.len - 1] != '/')
        dir.len--;
    walk(&path, dir);
    walk(&path, name);
    return gu_buf_finish(&path, &resolved) < 0 ? (gust_str){NULL, 0} : resolved;
}

/* --- sources --- */

static struct gu_source *read_source(struct gu_compiler *c, gust_str name, gust_str from)
{
    struct gust_loader *l = c->loader;
    struct gu_source *source;
    gust_str text;
    int err = l->read((void *)(uintptr_t)l->arg, c->arena, name, l->max_source, &text);

    if (err == -GUST_ETOOBIG)
        return gu_compile_fail_at(c, err, name, 1, "the file is larger than max_source");
    if (err < 0 && from.len == 0)
        return gu_compile_fail_at(c, err, name, 1, "cannot be read (%s)", gust_strerror(err));
    if (err < 0)
        return gu_compile_fail_at(c, err, from, c->line, "%s: cannot be read (%s)", name.ptr,
                                  gust_strerror(err));
    source = gu_source_parse(c, name, text, l->autoescape, l->whitespace);
    if (source == NULL)
        return NULL;
    source->next = c->sources;
    c->sources = source;
    return source;
}

struct gu_source *gu_loader_source(struct gu_compiler *c, gust_str name, gust_str from)
{
    if (c->loader == NULL)
        return gu_compile_fail_at(c, -GUST_ESYNTAX, from, c->line,
                                  "extends and include need a loader");
    name = resolve(c->arena, name, from);
    if (name.ptr == NULL)
        return gu_compile_no_memory(c);
    for (struct gu_source *source = c->sources; source != NULL; source = source->next)
        if (gu_str_eq(source->name, name))
            return source;
    return read_source(c, name, from);
}

/* --- compiling --- */

/* A template to compile: that of a name, or of a text. */
struct job {
    struct gu_compiler c;
    gust_str name, text;
};

static struct gu_source *first_source(struct job *job)
{
    struct gust_loader *l = job->c.loader;

    if (job->text.ptr == NULL)
        return gu_loader_source(&job->c, job->name, GU_STR(""));
    return gu_source_parse(&job->c, job->name, job->text,
                           l == NULL ? GU_STR("xhtml_escape") : l->autoescape,
                           l == NULL ? GU_STR("") : l->whitespace);
}

static int compile_leaf(void *arg)
{
    struct job *job = arg;
    struct gu_source *source = first_source(job);

    if (source != NULL && !gu_compile(&job->c, source) && job->c.err == 0)
        job->c.err = -ENOMEM;
    gu_map_deinit(&job->c.names);
    gu_map_deinit(&job->c.blocks);
    return job->c.err;
}

static struct gust_template *compile(struct gust_loader *l, struct gust_arena *arena,
                                     struct gust_arena *messages, struct job *job,
                                     struct gu_report *report)
{
    struct gust_template *t = gu_arena_alloc(arena, sizeof *t);
    size_t *usual = gu_arena_alloc(arena, sizeof *usual);

    *report = (struct gu_report){-ENOMEM, GU_STR("memory is short"), 0};
    job->name = gu_arena_copy(arena, job->name.ptr, job->name.len);
    if (t == NULL || usual == NULL || job->name.ptr == NULL)
        return NULL;
    *usual = 0;
    *t = (struct gust_template){.arena = arena,
                                .name = job->name,
                                .usual = usual,
                                .names = l == NULL ? NULL : l->names,
                                .max_steps = l == NULL ? MAX_STEPS : l->max_steps,
                                .max_output = l == NULL ? (size_t)MAX_OUTPUT : l->max_output};
    job->c = (struct gu_compiler){.arena = arena, .messages = messages, .loader = l, .made = t};
    if (gu_on_loop_stack(compile_leaf, job) < 0) {
        *report = (struct gu_report){job->c.err, job->c.message, job->c.err_line};
        return NULL;
    }
    return t;
}

const gust_template *gu_template_compile(struct gust_loader *l, struct gust_arena *arena,
                                         gust_str text, gust_str name, struct gu_report *report)
{
    struct job job = {.name = name, .text = gu_arena_copy(arena, text.ptr, text.len)};

    *report = (struct gu_report){-ENOMEM, GU_STR("memory is short"), 0};
    return job.text.ptr == NULL ? NULL : compile(l, arena, arena, &job, report);
}

const gust_template *gu_loader_get(struct gust_loader *l, struct gust_arena *arena, gust_str name,
                                   bool is_fresh, struct gu_report *report)
{
    struct job job = {.name = name};
    struct gust_template *t = is_fresh ? NULL : gu_map_find(&l->templates, name);
    struct gust_arena *own;

    if (t != NULL || is_fresh)
        return t != NULL ? t : compile(l, arena, arena, &job, report);
    own = gust_arena_new();
    *report = (struct gu_report){-ENOMEM, GU_STR("memory is short"), 0};
    if (own == NULL)
        return NULL;
    t = compile(l, own, arena, &job, report);
    if (t != NULL && gu_map_put(&l->templates, t->name, t) == 0)
        return t;
    gust_arena_free(own);
    return NULL;
}
