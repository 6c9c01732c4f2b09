/*
 * fetch_stage — see fetch_stage.h
 */
#include "fetch_stage.h"
#include <stdlib.h>

struct fetch_stage stage;

/* --- the server --- */

static size_t length_of(const char *head)
{
    const char *at = strstr(head, "Content-Length: ");

    return at == NULL ? 0 : strtoul(at + 16, NULL, 10);
}

int read_request(gust_stream *s)
{
    gust_str lent;
    size_t body;
    int err = gust_read_until(s, "\r\n\r\n", 0, &lent);

    if (err < 0)
        return err;
    body = length_of(lent.ptr);
    for (int i = 0; i < 2; i++) {
        if (stage.len + lent.len >= sizeof stage.asked)
            return -GUST_EFULL;
        memcpy(stage.asked + stage.len, lent.ptr, lent.len + 1);
        stage.len += lent.len;
        if (i > 0 || body == 0)
            break;
        err = gust_read_bytes(s, body, &lent);
        if (err < 0)
            return err;
    }
    stage.n_requests++;
    return 0;
}

static const char *next_answer(void)
{
    int i = stage.n_requests - 1;

    while (i > 0 && (i >= N_ANSWERS || stage.answers[i] == NULL))
        i--;
    return stage.answers[i];
}

int answer(gust_stream *s)
{
    const char *text = next_answer();
    size_t len = stage.answer_len > 0 ? stage.answer_len : strlen(text),
           step = stage.is_byte_by_byte ? 1 : len;
    int err = 0;

    for (size_t at = 0; at < len && err == 0; at += step) {
        err = gust_stream_write(s, text + at, step);
        if (stage.is_byte_by_byte && err == 0)
            err = gust_stream_flush(s);
        if (stage.is_byte_by_byte)
            gust_yield();
    }
    return err;
}

static int serve(gust_stream *s, void *arg)
{
    (void)arg;
    stage.n_conns++;
    stage.n_certified += gust_stream_is_tls(s) && gust_stream_certificate(s) != NULL;
    while (read_request(s) == 0 && answer(s) == 0 && !stage.closes)
        if (stage.hangs)
            return gust_sleep(1000);
    return 0;
}

static int listen_somewhere(gust_tcpserver *server, unsigned *port)
{
    int fds[2];

    if (server == NULL || gust_bind_sockets("127.0.0.1:0", NULL, fds, 2) != 1)
        return -1;
    *port = (unsigned)gust_socket_port(fds[0]);
    return gust_tcpserver_add_sockets(server, fds, 1);
}

gust_tcpserver *listen_with(int (*server)(gust_stream *, void *), void *arg, unsigned *port)
{
    gust_tcpserver *made = gust_tcpserver_new(server, arg, NULL);

    assert_int_equal(listen_somewhere(made, port), 0);
    return made;
}

void serve_by(int (*server)(gust_stream *, void *), void *arg)
{
    gust_tcpserver_free(stage.server);
    stage.server = listen_with(server, arg, &stage.port);
}

void open_stage_tls(const char *first, const gust_tls_options *tls)
{
    const gust_tcpserver_options options = {.stream = {.tls = tls}};

    memset(&stage, 0, sizeof stage);
    stage.loop = virtual_open();
    stage.answers[0] = first;
    stage.server = gust_tcpserver_new(serve, NULL, &options);
    assert_int_equal(listen_somewhere(stage.server, &stage.port), 0);
}

void open_stage(const char *first)
{
    open_stage_tls(first, NULL);
}

void close_stage(void)
{
    gust_tcpserver_free(stage.server);
    run_turns(stage.loop, 12);
    assert_int_equal(gu_tasks_of(stage.loop)->n_live, 0);
    gust_loop_close(stage.loop);
}

const char *url(const char *path)
{
    return gust_sprintf("http://127.0.0.1:%u%s", stage.port, path);
}

void in_task(int (*fn)(void *), void *arg)
{
    assert_int_equal(gust_run(fn, arg), 0);
}

size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}
