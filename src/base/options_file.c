/*
 * options — config files
 *
 *     # a comment
 *     port = 8080
 *     greeting = "Good \"day\""    # another
 *     shards = 1:4, 9
 *
 * Lines, not a language: a file that runs code, as Tornado's does, can do anything to the program.
 */
#include "base/options_impl.h"
#include "base/str.h"
#include <stdio.h>

#define SPACES " \t\r"

struct file {
    struct gust_options *o;
    const char *path;
    unsigned line;
};

static int refuse(const struct file *f, const char *why)
{
    return gu_options_fail(f->o, -EINVAL, "%s:%u: %s", f->path, f->line, why);
}

static gust_str skip_spaces(gust_str s)
{
    while (s.len > 0 && strchr(SPACES, s.ptr[0]) != NULL && s.ptr[0] != '\0')
        s = gu_str_sub(s, 1, GU_NPOS);
    return s;
}

/* --- values --- */

/* What stands in quotes, undone; moves *rest behind them. */
static int unquote(const struct file *f, gust_str *rest, struct gu_buf *to)
{
    static const char escapes[][2] = {{'n', '\n'}, {'t', '\t'}, {'"', '"'}, {'\\', '\\'}};

    for (size_t i = 1; i < rest->len; i++) {
        char c = rest->ptr[i];
        size_t known = 0;

        if (c == '"') {
            *rest = gu_str_sub(*rest, i + 1, GU_NPOS);
            return 0;
        }
        if (c == '\\') {
            c = ++i < rest->len ? rest->ptr[i] : '\0';
            while (known < gu_countof(escapes) && escapes[known][0] != c)
                known++;
            if (known == gu_countof(escapes))
                return refuse(f, "a backslash in quotes stands before n, t, \" or \\");
            c = escapes[known][1];
        }
        gu_buf_putc(to, c);
    }
    return refuse(f, "a quote is not closed");
}

/* Where a value without quotes ends: before a comment, and of a list before a comma. */
static size_t bare_len(gust_str s, bool is_list)
{
    for (size_t i = 0; i < s.len; i++) {
        bool is_comment = s.ptr[i] == '#' && (i == 0 || strchr(SPACES, s.ptr[i - 1]) != NULL);

        if (is_comment || (is_list && s.ptr[i] == ','))
            return i;
    }
    return s.len;
}

static int read_element(const struct file *f, gust_str *rest, bool is_list,
                        struct gu_option_texts *texts)
{
    struct gu_buf text;
    size_t n;
    int err = 0;

    gu_buf_init(&text, f->o->arena, GU_OPTION_MAX_FILE);
    if (rest->len > 0 && rest->ptr[0] == '"') {
        err = unquote(f, rest, &text);
        if (err == 0 && gu_buf_error(&text) != 0)
            err = gu_options_fail(f->o, gu_buf_error(&text), "memory is short");
        return err < 0 ? err : gu_option_add_text(f->o, texts, gu_str(text.ptr, text.len));
    }
    n = bare_len(*rest, is_list);
    err = gu_option_add_text(f->o, texts, gu_str_trim(gu_str_sub(*rest, 0, n), SPACES));
    *rest = gu_str_sub(*rest, n, GU_NPOS);
    return err;
}

static bool is_end(gust_str rest)
{
    return rest.len == 0 || rest.ptr[0] == '#';
}

static int read_value(const struct file *f, gust_str rest, const gust_option *option,
                      struct gu_option_texts *texts)
{
    bool is_list = option->is_multiple;

    if (is_list && is_end(rest))
        return 0;
    for (;;) {
        int err = read_element(f, &rest, is_list, texts);

        if (err < 0)
            return err;
        rest = skip_spaces(rest);
        if (is_end(rest))
            return 0;
        if (!is_list || rest.ptr[0] != ',')
            return refuse(f, "something stands behind the closing quote");
        rest = skip_spaces(gu_str_sub(rest, 1, GU_NPOS));
    }
}

/* --- files that a file names --- */

/* What is not an absolute path begins where the file that names it lies. */
static const char *beside(const struct file *f, const char *path)
{
    const char *slash = strrchr(f->path, '/');
    struct gu_buf b;
    gust_str whole;

    if (path[0] == '/' || slash == NULL)
        return path;
    gu_buf_init(&b, f->o->arena, SIZE_MAX - 1);
    gu_buf_put(&b, f->path, (size_t)(slash - f->path) + 1);
    gu_buf_puts(&b, path);
    return gu_buf_finish(&b, &whole) < 0 ? NULL : whole.ptr;
}

/* They are read here and now, so that what stands below wins over them. */
static int read_others(const struct file *f, const gust_option *option,
                       struct gu_option_texts *texts)
{
    int err;

    if (f->o->n_nested >= GU_OPTION_MAX_NESTED)
        return refuse(f, "config files name one another too deeply");
    for (size_t i = 0; i < texts->n; i++) {
        texts->items[i] = beside(f, texts->items[i]);
        if (texts->items[i] == NULL)
            return gu_options_fail(f->o, -ENOMEM, "memory is short");
    }
    f->o->n_nested++;
    err = gu_option_stage(f->o, option, texts, GU_OPTION_BY_FILE);
    f->o->n_nested--;
    return err;
}

/* --- lines --- */

static int read_setting(const struct file *f, gust_str name, gust_str value)
{
    const gust_option *option = gu_option_find(f->o, name);
    struct gu_option_texts texts = {NULL, 0, 0};
    int err;

    if (option == NULL)
        return gu_options_fail(f->o, -EINVAL, "%s:%u: Unrecognized option: '%.*s'", f->path,
                               f->line, (int)name.len, name.ptr);
    err = read_value(f, value, option, &texts);
    if (err == 0 && option->type == GUST_OPTION_CONFIG)
        return read_others(f, option, &texts);
    if (err < 0)
        return err;
    gu_buf_printf(&f->o->message, "%s:%u: ", f->path, f->line); /* what a message begins with */
    err = gu_option_stage(f->o, option, &texts, GU_OPTION_BY_FILE);
    if (err == 0)
        gu_buf_clear(&f->o->message);
    return err;
}

static int read_line(const struct file *f, gust_str line)
{
    gust_str name;

    line = gu_str_trim(line, SPACES);
    if (is_end(line))
        return 0;
    if (memchr(line.ptr, '\0', line.len) != NULL)
        return refuse(f, "there is a zero byte");
    if (memchr(line.ptr, '=', line.len) == NULL)
        return refuse(f, "expected: name = value");
    gust_ignore(gu_str_split(&line, '=', &name));
    return read_setting(f, gu_str_trim(name, SPACES), skip_spaces(line));
}

/* --- files --- */

static int load(const struct file *f, struct gu_buf *text)
{
    FILE *stream = fopen(f->path, "re");
    size_t n = 1;
    int err = 0;

    if (stream == NULL)
        return gu_options_fail(f->o, -errno, "%s: %s", f->path, gust_strerror(errno));
    while (n > 0 && text->len <= GU_OPTION_MAX_FILE && gu_buf_reserve(text, 4096) != NULL) {
        n = fread(text->ptr + text->len, 1, 4096, stream);
        gu_buf_add(text, n);
    }
    if (ferror(stream))
        err = gu_options_fail(f->o, -EIO, "%s: %s", f->path, gust_strerror(errno));
    else if (gu_buf_error(text) != 0)
        err = gu_options_fail(f->o, gu_buf_error(text), "memory is short");
    else if (text->len > GU_OPTION_MAX_FILE)
        err = gu_options_fail(f->o, -GUST_ETOOBIG, "%s: it is larger than %zu bytes", f->path,
                              GU_OPTION_MAX_FILE);
    fclose(stream);
    return err;
}

int gu_options_read_file(struct gust_options *o, const char *path)
{
    struct file f = {.o = o, .path = path};
    struct gu_buf text = GU_BUF_NULL;
    int err = load(&f, &text);
    gust_str rest = gu_str(text.ptr, text.len), line;

    while (err == 0 && gu_str_split(&rest, '\n', &line)) {
        f.line++;
        err = read_line(&f, line);
    }
    gu_buf_deinit(&text);
    return err;
}
