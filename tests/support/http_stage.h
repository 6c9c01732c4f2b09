/*
 * http_stage — a server with a delegate on a loop of virtual time, and a client that speaks raw
 * HTTP
 *
 * An HTTP_TEST runs on epoll, poll and select. The client's end of a connection is a Unix socket of
 * the test's, so that what was sent is there at once.
 */
#ifndef GUST_TEST_HTTP_STAGE_H
#define GUST_TEST_HTTP_STAGE_H

#include "http/http_impl.h"
#include "test.h"
#include "virtual_loop.h"
#include <gust.h>

struct stage {
    gust_loop *loop;
    gust_httpserver *server;
    char events[8192]; /* what the delegate was told, in words */
    char log[32768];
    bool is_closed; /* the server closed the connection that was read last */
    bool is_reset;
    size_t len;
    char bytes[4 << 20]; /* what was read last */
};

extern struct stage *stage; /* there is one */

/* A loop of virtual time; http_end() ends it. */
void http_stage_open(const char *poller);

/* Runs a test on each poller. */
void http_on_pollers(void (*test)(void));
#define HTTP_TEST(name_)               \
    static void http_##name_(void);    \
    TEST(name_)                        \
    {                                  \
        http_on_pollers(http_##name_); \
    }                                  \
    static void http_##name_(void)

/* Makes the server, with a delegate whose argument is `arg`; once in a test. */
void http_serve(const gust_delegate *delegate, void *arg, const gust_httpserver_options *options);

/* Ends it, and checks that nothing is left. */
void http_end(void);

/* Another server on the same loop; the address is http_serve()'s with the name appended. */
gust_httpserver *http_serve_also(const char *name, const gust_delegate *delegate, void *arg,
                                 const gust_httpserver_options *options);

/* Appends a word to stage->events. */
void http_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A connection, accepted; close() it. */
int http_connect(void);
int http_connect_to(const char *name);
int http_call(const char *name); /* not accepted yet */
void http_send(int fd, const char *text);
void http_send_bytes(int fd, const void *bytes, size_t len);

/* The server's side of the newest connection. */
struct gu_conn *http_newest(void);

/* The newest connection's kernel takes little at once. */
void http_narrow(void);

/* A delegate's answer of so many bytes, in one piece. */
#define HTTP_BIG ((size_t)600000)
int http_answer_big(gust_exchange *x);

/* Runs a few turns and reads what has come, with a zero byte behind. */
const char *http_read(int fd);

/* Sends, and reads. */
const char *http_ask(int fd, const char *text);

/* How often `what` is in a text. */
size_t http_count(const char *text, const char *what);

#define assert_begins(text, with) assert_memory_equal(text, with, sizeof(with) - 1)
#define assert_holds(text, what)                               \
    do {                                                       \
        if (strstr(text, what) == NULL)                        \
            fail_msg("no \"%s\" in \"%.300s\"", what, (text)); \
    } while (0)

#endif
