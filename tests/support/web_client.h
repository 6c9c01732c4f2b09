/*
 * web_client — a real application on this thread's loop, and a client that speaks raw HTTP to it
 *
 * The client's socket is a descriptor of the test's; reading from it runs the loop, a turn at a
 * time, until a whole response is there, the connection is closed, or nothing more comes. What is
 * logged is kept, and not printed.
 */
#ifndef GUST_TEST_WEB_CLIENT_H
#define GUST_TEST_WEB_CLIENT_H

#include "test.h"
#include <gust.h>

struct web {
    gust_loop *loop;
    gust_app *app;
    gust_httpserver *server;
    bool is_closed; /* the server closed the connection that was read last */
    size_t log_len;
    char log[65536]; /* a line for each message: "E message" */
    size_t len;
    char bytes[4 << 20]; /* what came last */
};

/* A loop, the application and its server on 127.0.0.1; one at a time. */
struct web *web_open(const gust_app_options *options);

/* The same, of which "/" is all. */
struct web *web_serve(gust_handler_fn *fn);

void web_close(struct web *web);

/* Runs so many turns of the loop. */
void web_turns(struct web *web, int n);

/* A connected, non-blocking socket; close() it. */
int web_connect(struct web *web);
void web_send(int fd, const char *bytes);

/* What came, with a zero byte behind; lent until the next call. */
const char *web_read(struct web *web, int fd);

/* A connection for one request: connects, sends, reads, closes. */
const char *web_talk(struct web *web, const char *request);

/* The status of an answer, 0 of none. */
int web_status(const char *response);

/* "GET target HTTP/1.1", a Host, these lines (each with its CRLF), the end: as web_talk(). */
const char *web_get(struct web *web, const char *target, const char *lines);

/* The body of a response in one piece; "" without one. */
const char *web_body_of(const char *response);

/* Whether a response has the line, of its head, before its body. */
bool web_has_line(const char *response, const char *line);

#endif
