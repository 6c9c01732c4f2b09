/*
 * wire_app — the server that the wire tests talk to
 *
 * Two servers on one loop, with the same limits, which are options of the command line: one for a
 * delegate, which streams both ways, and one for an application of the framework. Ports are the
 * system's choice and are printed. SIGTERM frees everything, so that a sanitized build finds what
 * leaks.
 *
 *     wire_app [--header-timeout SECONDS] [--max-body-size BYTES] …
 */
#include <gust.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)4096)
#define MAX_TRUSTED 4 /* --trust */

/* --- what was served --- */

static uint64_t n_served, n_smuggled, n_closed;
static size_t n_running;
static gust_event gate;

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
    int err = gust_event_wait(&gate);

    return err < 0 ? err : answer(x, "through");
}

static int open_gate(gust_exchange *x)
{
    gust_event_set(&gate);
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
    n_running++;
    err = route(x);
    n_running--;
    return err;
}

static void connection_closed(gust_exchange *x)
{
    (void)x;
    n_closed++;
}

static const gust_delegate delegate = {
    .headers_received = dispatch,
    .on_connection_close = connection_closed,
};

/* --- the application --- */

static int app_hello(gust_request *r)
{
    gust_text(r, "hello");
    return 0;
}

static int app_echo(gust_request *r)
{
    gust_str body = gust_body(r);

    gust_set_header(r, "Content-Type", "application/octet-stream");
    gust_write(r, body.ptr, body.len);
    return 0;
}

static int app_big(gust_request *r)
{
    size_t len = (size_t)1 << 20;
    char *block = gust_alloc(len);

    memset(block, 'x', len);
    gust_write(r, block, len);
    return 0;
}

static int app_slow(gust_request *r)
{
    gust_puts(r, "slept");
    return gust_sleep(0.2);
}

static int app_fail(gust_request *r)
{
    return gust_fail(r, 418, "a teapot");
}

static int app_raise(gust_request *r)
{
    gust_raise(r, 409, "a conflict");
}

static int app_broken(gust_request *r)
{
    (void)r;
    return -EIO;
}

/* GHSA-pr2v-jx2c-wg9f: what may not stand in a reason. */
static int app_reason(gust_request *r)
{
    gust_set_reason(r, 400, "OK\r\nX-Injected: y");
    return 0;
}

static int app_markup_reason(gust_request *r)
{
    gust_set_reason(r, 400, "<script>");
    return 0;
}

static int app_bad_header(gust_request *r)
{
    gust_set_header(r, "X-Bad", "a\r\nX-Injected: b");
    return 0;
}

static int app_bad_name(gust_request *r)
{
    gust_set_header(r, "X-Bad: a\r\nX-Injected", "b");
    return 0;
}

static int app_bad_redirect(gust_request *r)
{
    gust_set_status(r, 302);
    gust_set_header(r, "Location", "/x\r\nX-Injected: b");
    return 0;
}

/* Who asks, and how, as far as proxies are believed. */
static int app_peer(gust_request *r)
{
    gust_text(r, "%s %s", gust_remote_ip(r), gust_protocol(r));
    return 0;
}

/* --- pieces --- */

static uint64_t n_left, n_cut;

/* Pieces of 4 KiB, as many as the query says, for as long as somebody takes them. */
static int app_pieces(gust_request *r)
{
    int64_t n = gust_get_int(r, "n", 3, 0, INT32_MAX);
    char *piece = gust_alloc(PIECE);
    int err = 0;

    memset(piece, 'x', PIECE);
    gust_set_header(r, "Content-Type", "text/plain");
    for (int64_t i = 0; i < n && err >= 0; i++) {
        gust_write(r, piece, PIECE);
        err = gust_flush(r);
    }
    n_cut += err < 0;
    return err;
}

/* Two pieces, between which the other side can be heard: the query says when to go on. */
static int app_halves(gust_request *r)
{
    int err;

    gust_puts(r, "first,");
    err = gust_flush(r);
    if (err >= 0)
        err = gust_event_wait(&gate);
    gust_puts(r, "second");
    return err;
}

/* Fails, in each way, once the head has left. */
static int app_begun(gust_request *r)
{
    const char *how = gust_get_argument(r, "how", "");

    gust_puts(r, "begun");
    if (gust_flush(r) < 0)
        return -EIO;
    if (strcmp(how, "fail") == 0)
        return gust_fail(r, 400, "too late");
    if (strcmp(how, "send-error") == 0)
        return gust_send_error(r, 404);
    if (strcmp(how, "raise") == 0)
        gust_raise(r, 409, "too late");
    if (strcmp(how, "need") == 0)
        gust_need_argument(r, "missing");
    return -EIO;
}

static int app_unchanged(gust_request *r)
{
    int err;

    gust_set_status(r, (int)gust_get_int(r, "status", 304, 200, 599));
    gust_puts(r, "none of this leaves");
    err = gust_flush(r);
    gust_puts(r, "nor this");
    return err;
}

static void count_left(gust_request *r)
{
    (void)r;
    n_left++;
}

static int app_sleep(gust_request *r)
{
    int err = gust_sleep(60);

    n_cut += err == -ECANCELED;
    gust_puts(r, "slept");
    return err;
}

static void finish_later(void *r)
{
    gust_text(r, "later");
    gust_ignore(gust_finish(r));
}

static int app_detach(gust_request *r)
{
    int err =
        gust_loop_call_later(gust_loop_current(), 0.02, finish_later, r) == NULL ? -ENOMEM : 0;

    return err < 0 ? err : gust_detach(r);
}

static int app_counters(gust_request *r)
{
    gust_text(r, "left=%" PRIu64 " cut=%" PRIu64, n_left, n_cut);
    return 0;
}

static int app_open(gust_request *r)
{
    gust_event_set(&gate);
    gust_text(r, "open");
    return 0;
}

static const gust_handler sleeper = {.get = app_sleep, .on_close = count_left},
                          cancelled = {.base = &sleeper, .flags = GUST_CANCEL_ON_CLOSE},
                          pieces = {.get = app_pieces, .on_close = count_left};

static const gust_route routes[] = {
    {.path = "/hello", .get = app_hello},
    {.path = "/echo", .post = app_echo},
    {.path = "/big", .get = app_big},
    {.path = "/slow", .get = app_slow},
    {.path = "/fail", .get = app_fail},
    {.path = "/raise", .get = app_raise},
    {.path = "/broken", .get = app_broken},
    {.path = "/reason", .get = app_reason},
    {.path = "/markup-reason", .get = app_markup_reason},
    {.path = "/bad-header", .get = app_bad_header},
    {.path = "/bad-name", .get = app_bad_name},
    {.path = "/bad-redirect", .get = app_bad_redirect},
    {.path = "/peer", .get = app_peer},
    {.path = "/pieces", .handler = &pieces},
    {.path = "/halves", .get = app_halves},
    {.path = "/begun", .get = app_begun},
    {.path = "/unchanged", .get = app_unchanged},
    {.path = "/cancelled", .handler = &cancelled},
    {.path = "/detach", .get = app_detach},
    {.path = "/counters", .get = app_counters},
    {.path = "/open", .get = app_open},
    {0},
};

/* --- options --- */

static gust_httpserver_options options;

static bool set_size(const char *name, const char *value)
{
    static const struct {
        const char *name;
        int64_t *size;
    } sizes[] = {
        {"--max-header-size", &options.max_header_size},
        {"--max-body-size", &options.max_body_size},
        {"--max-buffer-size", &options.max_buffer_size},
        {"--max-connections", &options.max_connections},
        {"--max-tasks", &options.max_tasks},
        {"--max-memory", &options.max_memory},
        {"--min-rate", &options.min_rate},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(name, sizes[i].name) == 0) {
            *sizes[i].size = strtoll(value, NULL, 10);
            return true;
        }
    return false;
}

static bool set_time(const char *name, const char *value)
{
    static const struct {
        const char *name;
        double *seconds;
    } times[] = {
        {"--header-timeout", &options.header_timeout},
        {"--idle-timeout", &options.idle_timeout},
        {"--body-timeout", &options.body_timeout},
        {"--min-rate-grace", &options.min_rate_grace},
        {"--linger-timeout", &options.linger_timeout},
    };

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (strcmp(name, times[i].name) == 0) {
            *times[i].seconds = strtod(value, NULL);
            return true;
        }
    return false;
}

static bool set_flag(const char *name)
{
    if (strcmp(name, "--no-keep-alive") == 0)
        options.no_keep_alive = true;
    else if (strcmp(name, "--xheaders") == 0)
        options.xheaders = true;
    else
        return false;
    return true;
}

static bool set_trusted(const char *name, const char *value)
{
    static const char *trusted[MAX_TRUSTED + 1];
    static size_t n;

    if (strcmp(name, "--trust") != 0 || n == MAX_TRUSTED)
        return false;
    trusted[n++] = value;
    options.trusted_downstream = trusted;
    return true;
}

static bool set_value(const char *name, const char *value)
{
    return set_size(name, value) || set_time(name, value) || set_trusted(name, value);
}

static bool set_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (set_flag(argv[i]))
            continue;
        if (i + 1 == argc || !set_value(argv[i], argv[i + 1]))
            return false;
        i++;
    }
    return true;
}

/* --- the program --- */

static gust_event stopping;

static void stop(int signo, void *arg)
{
    (void)signo;
    (void)arg;
    gust_event_set(&stopping);
}

/* Nothing may be left: neither connections nor requests in hand. */
static void close_server(gust_httpserver *server)
{
    GUST_DEADLINE(1);

    gust_httpserver_stop(server);
    gust_ignore(gust_httpserver_close_all(server));
}

static int serve(void *arg)
{
    gust_httpserver *streams = gust_httpserver_new_delegate(&delegate, NULL, &options);
    gust_httpserver *pages = gust_httpserver_new(arg, &options);

    if (streams == NULL || pages == NULL || gust_httpserver_listen(streams, "127.0.0.1:0") < 0 ||
        gust_httpserver_listen(pages, "127.0.0.1:0") < 0 ||
        gust_loop_add_signal(gust_loop_current(), SIGTERM, stop, NULL) < 0)
        return -1;
    printf("%d %d\n", gust_httpserver_port(streams), gust_httpserver_port(pages));
    fflush(stdout);
    gust_ignore(gust_event_wait(&stopping));
    close_server(streams);
    close_server(pages);
    while (n_running > 0)
        gust_sleep(0.01);
    gust_httpserver_free(streams);
    gust_httpserver_free(pages);
    return 0;
}

int main(int argc, char **argv)
{
    gust_app_options app_options = {.routes = routes};
    gust_app *app;
    int err;

    if (!set_options(argc, argv)) {
        fprintf(stderr, "wire_app: an option that is unknown, or has no value\n");
        return 2;
    }
    app = gust_app_new(&app_options);
    if (app == NULL)
        return 1;
    err = gust_run(serve, app);
    gust_app_free(app);
    return err < 0;
}
