/*
 * run — another program, with a deadline
 *
 *     run [--deadline SECONDS] PROGRAM [ARGUMENT…]
 *
 * Passes on what it says as it comes, each line with the time since it began, and exits with its
 * code: 124 if it had to be killed, as timeout(1) does.
 */
#include <gust.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    const char *const *argv;
    double seconds;
    int code;
};

static void print(double began, gust_str text)
{
    printf("%6.2f  ", gust_loop_time(gust_loop_current()) - began);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
}

static int pass_on(gust_stream *out)
{
    double began = gust_loop_time(gust_loop_current());
    gust_str text;
    int err;

    while ((err = gust_read_until(out, "\n", 65536, &text)) == 0)
        print(began, text);
    if (err != -GUST_ECLOSED)
        return err;
    err = gust_read_some(out, &text); /* a last line without an end */
    if (err > 0)
        print(began, text);
    return err < 0 ? err : 0;
}

static int run(void *arg)
{
    struct job *job = arg;
    gust_subprocess_options options = {
        .std_in = GUST_STDIO_NULL,
        .std_out = GUST_STDIO_PIPE,
        .std_err = GUST_STDIO_STDOUT,
        .own_group = true, /* what it starts is killed with it */
    };
    gust_subprocess *program;
    int err;

    GUST_DEADLINE(job->seconds);
    err = gust_subprocess_open(job->argv, &options, &program);
    if (err == 0)
        err = pass_on(gust_subprocess_stream(program, 1));
    if (err == 0)
        err = gust_subprocess_wait(program, &job->code);
    return err; /* here it ends, if it has not: it belongs to this task */
}

int main(int argc, char **argv)
{
    struct job job = {.seconds = GUST_NEVER};
    int err, at = 1;

    if (argc > 2 && strcmp(argv[1], "--deadline") == 0) {
        job.seconds = strtod(argv[2], NULL);
        at = 3;
    }
    if (at >= argc) {
        fprintf(stderr, "usage: run [--deadline SECONDS] PROGRAM [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    job.argv = (const char *const *)(argv + at);
    err = gust_run(run, &job);
    if (err < 0)
        fprintf(stderr, "run: %s: %s\n", argv[at], gust_strerror(err));
    if (err == -ETIMEDOUT)
        return 124;
    if (err < 0)
        return 127;
    return job.code < 0 ? 128 - job.code : job.code;
}
