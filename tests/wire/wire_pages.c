/*
 * wire_app — the application of the framework: right and wrong answers, in one and in pieces
 */
#include "wire_app.h"
#include <inttypes.h>
#include <string.h>

/* --- in one --- */

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

/* CVE-2025-67724: what may not stand in a reason. */
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

/* --- in pieces --- */

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
        err = gust_event_wait(&wire_gate);
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
    gust_event_set(&wire_gate);
    gust_text(r, "open");
    return 0;
}

static const gust_handler sleeper = {.get = app_sleep, .on_close = count_left},
                          cancelled = {.base = &sleeper, .flags = GUST_CANCEL_ON_CLOSE},
                          pieces = {.get = app_pieces, .on_close = count_left};

const gust_route wire_routes[] = {
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
