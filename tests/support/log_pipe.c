/*
 * log_pipe — see log_pipe.h
 */
#include "log_pipe.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

char seen[1 << 20];

void open_log(struct log_pipe *p, gust_log_format format)
{
    assert_int_equal(pipe2(p->ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(p->ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(gust_log_setup(&(gust_log_options){
                         .level = GUST_LOG_INFO, .format = format, .fd = p->ends[1]}),
                     0);
}

void open_file_log(struct log_pipe *p)
{
    char path[] = "/tmp/gust-log-XXXXXX";

    p->ends[1] = mkstemp(path);
    p->ends[0] = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    assert_int_equal(gust_log_setup(&(gust_log_options){.fd = p->ends[1]}), 0);
}

void close_log(struct log_pipe *p)
{
    assert_int_equal(gust_log_setup(NULL), 0);
    close(p->ends[0]);
    close(p->ends[1]);
}

const char *read_log(struct log_pipe *p)
{
    size_t len = 0;
    ssize_t n;

    while ((n = read(p->ends[0], seen + len, sizeof seen - 1 - len)) > 0)
        len += (size_t)n;
    seen[len] = '\0';
    return seen;
}
