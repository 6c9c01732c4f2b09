/*
 * server — what the benchmarks load: an ordinary Gust application
 *
 * Routes, handlers, entity tags, timeouts and limits are at their defaults; nothing here is
 * answered in a way that is not every application's.
 */
#include <gust.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define BIG ((size_t)1 << 20)
#define PIECE ((size_t)256 << 10)
#define MOST (INT64_C(1) << 40) /* bytes that are uploaded or downloaded at once */

static int plaintext_get(gust_request *r)
{
    gust_set_header(r, "Content-Type", "text/plain");
    gust_puts(r, "Hello, World!");
    return 0;
}

static int hello_get(gust_request *r)
{
    gust_text(r, "hello");
    return 0;
}

static int json_get(gust_request *r)
{
    return gust_json(r, GUST_VARS({"message", GUST_V("Hello, World!")}));
}

static int echo_post(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_set_header(r, "Content-Type", "application/octet-stream");
    gust_write(r, body.ptr, body.len);
    return 0;
}

static int big_get(gust_request *r)
{
    char *block = gust_alloc(BIG);

    memset(block, 'x', BIG);
    gust_set_header(r, "Content-Type", "text/plain");
    gust_write(r, block, BIG);
    return 0;
}

/* Pulls the body, and answers how long it was. */
static int upload_post(gust_request *r)
{
    uint64_t total = 0;
    gust_str piece;
    int n;

    while ((n = gust_body_read(r, &piece)) > 0)
        total += piece.len;
    if (n < 0)
        return n;
    gust_text(r, "%" PRIu64 "\n", total);
    return 0;
}

/* ?size= bytes, which nobody counted before they leave. */
static int download_get(gust_request *r)
{
    int64_t left = gust_get_int(r, "size", (int64_t)BIG, 0, MOST);
    size_t most = left < (int64_t)PIECE ? (size_t)left : PIECE;
    char *piece = gust_alloc(most);
    int err = 0;

    memset(piece, 'x', most);
    gust_set_header(r, "Content-Type", "text/plain");
    for (size_t n; err == 0 && left > 0; left -= (int64_t)n) {
        n = left < (int64_t)most ? (size_t)left : most;
        err = gust_send(r, piece, n);
    }
    return err;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ?us= microseconds in which nobody else has the loop: a handler that computes. */
static int busy_get(gust_request *r)
{
    double end = now() + (double)gust_get_int(r, "us", 200, 0, 1000000) / 1e6;

    while (now() < end)
        continue;
    gust_text(r, "done\n");
    return 0;
}

int main(int argc, char **argv)
{
    static const gust_handler upload = {
        .post = upload_post, .flags = GUST_STREAM_BODY, .max_body_size = MOST};
    static const gust_route routes[] = {
        {.path = "/plaintext", .get = plaintext_get},
        {.path = "/hello", .get = hello_get},
        {.path = "/json", .get = json_get},
        {.path = "/echo", .post = echo_post},
        {.path = "/big", .get = big_get},
        {.path = "/upload", .handler = &upload},
        {.path = "/download", .get = download_get},
        {.path = "/busy", .get = busy_get},
        {0},
    };

    return gust_app_main(&(gust_app_options){.routes = routes, .max_workers = GUST_NEVER}, argc,
                         argv);
}
