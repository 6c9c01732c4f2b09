/*
 * command — a program as a call
 *
 * Its input, its output and its errors move at the same time, each in a task of a group: a program
 * that fills one pipe while we wait at another would wait for ever. The first of them that fails
 * ends all.
 */
#include "base/gu.h"
#include "net/subprocess.h"

#define MAX_OUTPUT ((int64_t)16 << 20)

struct feed {
    gust_stream *to;
    gust_str input;
};

struct gather {
    gust_stream *from;
    size_t max;
    gust_str text;
};

/* A program may leave its input unread. */
static int feed(void *arg)
{
    struct feed *f = arg;
    int err = gust_stream_write(f->to, f->input.ptr, f->input.len);

    if (err == 0)
        err = gust_stream_flush(f->to);
    gust_stream_close(f->to);
    return err == -GUST_ECLOSED ? 0 : err;
}

/* What it allocates moves to whom the group belongs. */
static int gather(void *arg)
{
    struct gather *g = arg;
    gust_str lent;
    char *copy;
    int err = gust_read_until_close(g->from, g->max, &lent);

    if (err < 0)
        return err;
    copy = gust_try_alloc(lent.len + 1);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, lent.ptr, lent.len);
    copy[lent.len] = '\0';
    g->text = (gust_str){copy, lent.len};
    return 0;
}

static int converse(gust_subprocess *p, gust_group *group, const gust_command_options *o,
                    gust_command_result *result)
{
    size_t max = gu_option_size(o->max_output, (size_t)MAX_OUTPUT);
    struct feed in = {gust_subprocess_stream(p, 0), o->input};
    struct gather out = {gust_subprocess_stream(p, 1), max, {"", 0}};
    struct gather errs = {gust_subprocess_stream(p, 2), max, {"", 0}};
    int err, code;

    if (in.to != NULL)
        gust_group_go(group, feed, &in);
    gust_group_go(group, gather, &out);
    if (errs.from != NULL)
        gust_group_go(group, gather, &errs);
    err = gust_group_wait(group);
    if (err == 0)
        err = gust_subprocess_wait(p, &code);
    if (err == 0)
        *result = (gust_command_result){code, out.text, errs.text};
    return err;
}

int gust_run_command(const char *const argv[], const gust_command_options *options,
                     gust_command_result *result)
{
    static const gust_command_options defaults;
    const gust_command_options *o = options != NULL ? options : &defaults;
    gust_subprocess_options how = {
        .env = o->env,
        .cwd = o->cwd,
        .std_in = o->input.len > 0 ? GUST_STDIO_PIPE : GUST_STDIO_NULL,
        .std_out = GUST_STDIO_PIPE,
        .std_err = o->merge_errors ? GUST_STDIO_STDOUT : GUST_STDIO_PIPE,
        .own_group = true,
        .max_buffer_size = o->max_output,
    };
    gust_subprocess *p;
    gust_group *group;
    int err;

    gu_task_check_wait();
    group = gust_group_new(0);
    err = gust_subprocess_open(argv, &how, &p);
    if (err < 0)
        return err;
    err = converse(p, group, o, result);
    gust_subprocess_close(p);
    return err;
}
