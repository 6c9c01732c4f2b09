/*
 * fetch_stage — a server that says what a test wants it to, and a loop of virtual time to fetch on
 *
 * The server keeps what it was sent, a head and the body whose length that told, and answers with
 * the next of the given texts.
 */
#ifndef GUST_TEST_FETCH_STAGE_H
#define GUST_TEST_FETCH_STAGE_H

#include "base/alloc.h"
#include "http/client_impl.h"
#include "test.h"
#include "virtual_loop.h"
#include <gust.h>

#define N_ANSWERS 8
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct fetch_stage {
    gust_loop *loop;
    gust_tcpserver *server;
    unsigned port;
    const char *answers[N_ANSWERS]; /* the n-th is to the n-th request; the last to all others */
    bool closes;                    /* after an answer */
    bool is_byte_by_byte;
    bool hangs; /* after an answer: it neither closes nor reads */
    int n_requests, n_conns;
    int n_certified;   /* connections whose client showed a certificate */
    size_t answer_len; /* of answers that are no text; 0: strlen() */
    size_t len;
    char asked[65536]; /* all requests, one behind the other */
};

extern struct fetch_stage stage; /* there is one */

/* The loop and the server, which speaks TLS if it is told to; closing checks that nothing is left.
 */
void open_stage(const char *first);
void open_stage_tls(const char *first, const gust_tls_options *tls);
void close_stage(void);

/* Another server in place of the stage's, or beside it: its port is stored. */
gust_tcpserver *listen_with(int (*serve)(gust_stream *, void *), void *arg, unsigned *port);
void serve_by(int (*serve)(gust_stream *, void *), void *arg);

/* What a server of one's own does as the stage's does. */
int read_request(gust_stream *s);
int answer(gust_stream *s);

/* "http://127.0.0.1:PORT" and the path. */
const char *url(const char *path);

/* Runs fn(arg), which must return 0, in a task. */
void in_task(int (*fn)(void *), void *arg);

/* How often `what` is in a text. */
size_t count(const char *text, const char *what);

#define assert_holds(text, what)                                \
    do {                                                        \
        if (strstr(text, what) == NULL)                         \
            fail_msg("no \"%s\" in \"%.2000s\"", what, (text)); \
    } while (0)

#endif
