/*
 * gust fetch — ask, and print the answer as it comes
 *
 * One piece of the body is held at a time, whatever its length. The URLs of one command share a
 * client, so those of one server share its connection. The program does nothing else, so it may
 * wait for its output.
 */
#include "fetch_plan.h"
#include "tool.h"
#include <errno.h>
#include <gust/log.h>
#include <gust/task.h>
#include <gust/tls.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- -w --- */

struct outcome {
    const gust_response *response;
    uint64_t size; /* of the body */
};

static void put_time(double seconds)
{
    printf("%.6f", seconds);
}

static void put_text(const char *text)
{
    fputs(text != NULL ? text : "", stdout);
}

#define VARIABLE(name_, statement_)                  \
    static void put_##name_(const struct outcome *o) \
    {                                                \
        statement_;                                  \
    }

VARIABLE(status, printf("%03d", o->response->status))
VARIABLE(reason, put_text(o->response->reason))
VARIABLE(url, put_text(o->response->url))
VARIABLE(size, printf("%" PRIu64, o->size))
VARIABLE(type, put_text(gust_response_header(o->response, "Content-Type")))
VARIABLE(redirects, printf("%d", o->response->n_redirects))
VARIABLE(reused, put_text(o->response->is_reused ? "1" : "0"))
VARIABLE(total, put_time(o->response->times.total))
VARIABLE(queue, put_time(o->response->times.queue))
VARIABLE(namelookup, put_time(o->response->times.namelookup))
VARIABLE(connect, put_time(o->response->times.connect))
VARIABLE(tls, put_time(o->response->times.tls))
VARIABLE(pretransfer, put_time(o->response->times.pretransfer))
VARIABLE(starttransfer, put_time(o->response->times.starttransfer))

static const struct {
    const char *name;
    void (*put)(const struct outcome *o);
} variables[] = {
    {"status", put_status},
    {"reason", put_reason},
    {"url", put_url},
    {"size", put_size},
    {"content_type", put_type},
    {"redirects", put_redirects},
    {"reused", put_reused},
    {"time", put_total},
    {"time_queue", put_queue},
    {"time_namelookup", put_namelookup},
    {"time_connect", put_connect},
    {"time_tls", put_tls},
    {"time_pretransfer", put_pretransfer},
    {"time_starttransfer", put_starttransfer},
};

/* Prints the variable whose name begins at `name`, behind "%{"; returns where the text goes on.
 * What is no variable is printed as it stands. */
static const char *put_variable(const struct outcome *o, const char *name)
{
    size_t len = strcspn(name, "}");

    for (size_t i = 0; name[len] == '}' && i < sizeof variables / sizeof variables[0]; i++)
        if (strlen(variables[i].name) == len && memcmp(variables[i].name, name, len) == 0) {
            variables[i].put(o);
            return name + len + 1;
        }
    fputs("%{", stdout);
    return name;
}

static char unescaped(char c)
{
    return (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

static void put_format(const struct outcome *o, const char *at)
{
    while (*at != '\0') {
        if (at[0] == '%' && at[1] == '{') {
            at = put_variable(o, at + 2);
        } else if (at[0] == '\\' && at[1] != '\0') {
            putchar(unescaped(at[1]));
            at += 2;
        } else {
            at += at[0] == '%' && at[1] == '%';
            putchar(*at++);
        }
    }
}

/* --- fetching --- */

struct job {
    const struct tool_plan *plan;
    FILE *out; /* of heads and bodies; NULL until there is an answer */
};

/* A file is made only when there is something to put into it. */
static int need_output(struct job *job)
{
    const char *path = job->plan->output;

    if (job->out == NULL)
        job->out = path == NULL || strcmp(path, "-") == 0 ? stdout : fopen(path, "wbe");
    return job->out != NULL ? 0 : tool_complain(path, gust_strerror(errno));
}

static void put_head(FILE *out, const gust_response *response)
{
    fprintf(out, "HTTP/1.1 %d %s\n", response->status, response->reason);
    for (size_t i = 0; i < response->n_fields; i++)
        fprintf(out, "%s: %s\n", response->fields[i].name, response->fields[i].value);
    putc('\n', out);
}

/* Prints the body as it comes; stops where it cannot. */
static int put_body(FILE *out, const gust_response *response, uint64_t *size)
{
    gust_str piece;
    int n;

    while ((n = gust_response_read(response, &piece)) > 0) {
        *size += piece.len;
        if (fwrite(piece.ptr, 1, piece.len, out) != piece.len)
            return 0;
    }
    return n;
}

static int put_answer(struct job *job, struct outcome *o)
{
    int err = need_output(job);

    if (err < 0)
        return err;
    if (job->plan->includes_head)
        put_head(job->out, o->response);
    err = put_body(job->out, o->response, &o->size);
    if (fflush(job->out) != 0 || ferror(job->out) != 0)
        return tool_complain(job->out == stdout ? "standard output" : job->plan->output,
                             "cannot be written");
    return err;
}

static int fetch_one(struct job *job, const char *url)
{
    GUST_SCOPE();
    struct outcome o = {.response = gust_fetch_open(url, &job->plan->options)};
    int err = o.response->error < 0 ? 0 : put_answer(job, &o);

    if (o.response->error == 0 && err < 0)
        return err; /* which was said */
    if (job->plan->format != NULL)
        put_format(&o, job->plan->format);
    if (o.response->error < 0)
        fprintf(stderr, "gust fetch: %s: %s\n", url, gust_response_reason(o.response));
    else if (fflush(stdout) != 0)
        return tool_complain("standard output", "cannot be written");
    return o.response->error;
}

static int fetch_all(void *arg)
{
    struct job job = {.plan = arg};
    int first = 0;

    for (char **url = job.plan->urls; *url != NULL; url++) {
        int err = fetch_one(&job, *url);

        if (first == 0)
            first = err;
    }
    if (job.out != NULL && job.out != stdout && fclose(job.out) != 0 && first == 0)
        first = tool_complain(job.plan->output, "cannot be written");
    return first;
}

int tool_fetch(int argc, char **argv)
{
    struct tool_plan plan = {0};
    int err = tool_plan_read(&plan, argc, argv);
    int code = TOOL_USAGE;

    if (err > 0) {
        fputs(tool_fetch_usage, stdout);
        code = TOOL_OK;
    } else if (err == 0) {
        /* What the library would log is in the one line that says why, or is slow output. */
        gust_ignore(gust_log_set_level(NULL, GUST_LOG_ERROR));
        code = gust_run(fetch_all, &plan) == 0 ? TOOL_OK : TOOL_FAILED;
    }
    tool_plan_drop(&plan);
    return code;
}
