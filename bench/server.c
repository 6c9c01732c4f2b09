/*
 * server — what the benchmarks load: an ordinary Gust application
 *
 * Routes, handlers, entity tags, timeouts and limits are at their defaults; nothing here is
 * answered in a way that is not every application's.
 */
#include <gust.h>
#include <string.h>

#define BIG ((size_t)1 << 20)

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

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/plaintext", .get = plaintext_get},
        {.path = "/hello", .get = hello_get},
        {.path = "/json", .get = json_get},
        {.path = "/echo", .post = echo_post},
        {.path = "/big", .get = big_get},
        {0},
    };

    return gust_app_main(&(gust_app_options){.routes = routes, .max_workers = GUST_NEVER}, argc,
                         argv);
}
