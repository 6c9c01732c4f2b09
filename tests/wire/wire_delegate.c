/*
 * wire_app — the delegate: what is asked and answered below the framework, in both directions
 */
#include "wire_app.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

gust_event wire_gate;
size_t wire_n_running;

static uint64_t n_served, n_smuggled, n_closed;

/* --- the request --- */

/* The query is one number. */
static double query_number(gust_exchange *x)
{
    return strtod(gust_exchange_query(x), NULL);
}

static int answer(gust_exchange *x, const char *text)
{
    static const gust_field plain[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};
    int err = gust_exchange_write_headers(x, 200, plain, (int64_t)strlen(text));

    return err < 0 ? err : gust_exchange_write(x, text, strlen(text));
}

static int hello(gust_exchange *x)
{
    return answer(x, "hello");
}

static int smuggled(gust_exchange *x)
{
    n_smuggled++;
    return answer(x, "smuggled");
}

static int counters(gust_exchange *x)
{
    return answer(x, gust_sprintf("served=%" PRIu64 " smuggled=%" PRIu64 " closed=%" PRIu64,
                                  n_served, n_smuggled, n_closed));
}

/* What was read of the head, field by field. */
static int head(gust_exchange *x)
{
    const char *text = gust_sprintf(
        "method=%s\nuri=%s\npath=%s\nquery=%s\nhost=%s\n", gust_exchange_method(x),
        gust_exchange_uri(x), gust_exchange_path(x), gust_exchange_query(x), gust_exchange_host(x));
    gust_str name, value;

    for (size_t i = 0; gust_exchange_field(x, i, &name, &value); i++)
        text = gust_sprintf("%s%.*s: %.*s\n", text, (int)name.len, name.ptr, (int)value.len,
                            value.ptr);
    return answer(x, text);
}

static int slow(gust_exchange *x)
{
    int err = gust_sleep(query_number(x));

    return err < 0 ? err : answer(x, "slept");
}

static int wait_gate(gust_exchange *x)
{
    int err = gust_event_wait(&wire_gate);

    return err < 0 ? err : answer(x, "through");
}

static int open_gate(gust_exchange *x)
{
    gust_event_set(&wire_gate);
    return answer(x, "open");
}

/* --- bodies --- */

/* FNV-1a, so that an answer tells whether the bytes were the right ones. */
static uint64_t digest(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* Reads the body in pieces of `size` and says what it was. */
static int count_by(gust_exchange *x, size_t size)
{
    char *piece = gust_alloc(size);
    uint64_t len = 0, sum = UINT64_C(0xcbf29ce484222325);
    int n;

    while ((n = gust_exchange_read(x, piece, size)) > 0) {
        len += (uint64_t)n;
        sum = digest(sum, piece, (size_t)n);
    }
    return n < 0 ? n : answer(x, gust_sprintf("%" PRIu64 " %016" PRIx64, len, sum));
}

static int count(gust_exchange *x)
{
    return count_by(x, PIECE);
}

static int count_in_pieces(gust_exchange *x)
{
    return count_by(x, (size_t)query_number(x));
}

/* Raises or lowers the limit of the body by the query. */
static int count_up_to(gust_exchange *x)
{
    gust_exchange_set_max_body_size(x, (int64_t)query_number(x));
    return count_by(x, PIECE);
}

/* Sends each piece back as it comes. */
static int echo(gust_exchange *x)
{
    char *piece = gust_alloc(PIECE);
    int n, err = gust_exchange_write_headers(x, 200, NULL, GUST_NEVER);

    if (err < 0)
        return err;
    while ((n = gust_exchange_read(x, piece, PIECE)) > 0)
        if ((err = gust_exchange_write(x, piece, (size_t)n)) < 0)
            return err;
    return n;
}

/* Thinks first, so that the body comes while nobody reads. */
static int think_and_count(gust_exchange *x)
{
    int err = gust_sleep(query_number(x));

    return err < 0 ? err : count_by(x, PIECE);
}

/* Answers, though it could have read a body. */
static int ignore(gust_exchange *x)
{
    return answer(x, "ignored");
}

static int refuse(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 403, NULL, 3);

    return err < 0 ? err : gust_exchange_write(x, "no\n", 3);
}

/* --- answers --- */

/* `len` bytes of the alphabet, over and over. */
static int write_alphabet(gust_exchange *x, size_t len)
{
    char *piece = gust_alloc(PIECE);
    int err = 0;

    for (size_t at = 0; at < len && err >= 0; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;

        for (size_t i = 0; i < n; i++)
            piece[i] = (char)('a' + (at + i) % 26);
        err = gust_exchange_write(x, piece, n);
    }
    return err;
}

static int big(gust_exchange *x)
{
    size_t len = (size_t)query_number(x);
    int err = gust_exchange_write_headers(x, 200, NULL, (int64_t)len);

    return err < 0 ? err : write_alphabet(x, len);
}

static int chunks(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 200, NULL, GUST_NEVER);

    return err < 0 ? err : write_alphabet(x, (size_t)query_number(x));
}

static int status(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, (int)query_number(x), NULL, 4);

    return err < 0 ? err : gust_exchange_write(x, "body", 4);
}

/* Less, and more, than was promised; an error after the head has left. */
static int less(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 200, NULL, 10);

    return err < 0 ? err : gust_exchange_write(x, "less", 4);
}

static int more(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 200, NULL, 4);

    return err < 0 ? err : gust_exchange_write(x, "much more", 9);
}

static int late(gust_exchange *x)
{
    int err = gust_exchange_write_headers(x, 200, NULL, GUST_NEVER);

    if (err >= 0)
        err = gust_exchange_write(x, "begun", 5);
    return err < 0 ? err : -EIO;
}

/* A header that the application may not send: the error is seen, and answered by 500. */
static int bad_header(gust_exchange *x)
{
    const gust_field bad[] = {{"X-Bad", "a\r\nX-Injected: b"}, {NULL, NULL}};

    return gust_exchange_write_headers(x, 200, bad, 0);
}

/* --- the delegate --- */

static int route(gust_exchange *x)
{
    static const struct {
        const char *path;
        int (*run)(gust_exchange *x);
    } routes[] = {
        {"/hello", hello},
        {"/smuggled", smuggled},
        {"/counters", counters},
        {"/head", head},
        {"/slow", slow},
        {"/gate", wait_gate},
        {"/open", open_gate},
        {"/count", count},
        {"/count-in-pieces", count_in_pieces},
        {"/count-up-to", count_up_to},
        {"/echo", echo},
        {"/think", think_and_count},
        {"/ignore", ignore},
        {"/refuse", refuse},
        {"/big", big},
        {"/chunks", chunks},
        {"/status", status},
        {"/less", less},
        {"/more", more},
        {"/late", late},
        {"/bad-header", bad_header},
    };

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(gust_exchange_path(x), routes[i].path) == 0)
            return routes[i].run(x);
    return gust_exchange_write_headers(x, 404, NULL, 0);
}

static int dispatch(gust_exchange *x)
{
    int err;

    n_served++;
    wire_n_running++;
    err = route(x);
    wire_n_running--;
    return err;
}

static void connection_closed(gust_exchange *x)
{
    (void)x;
    n_closed++;
}

const gust_delegate wire_delegate = {
    .headers_received = dispatch,
    .on_connection_close = connection_closed,
};
