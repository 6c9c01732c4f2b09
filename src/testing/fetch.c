/*
 * testing — the client of a test
 *
 * Each request has a connection of its own, in memory, and a task that speaks over it as any client
 * would: what the application sees is what it sees of the network.
 */
#include "base/buf.h"
#include "base/str.h"
#include "codec/chunked.h"
#include "codec/head.h"
#include "http/http_impl.h"
#include "net/memory.h"
#include "testing/testing_impl.h"
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define HEAD_MAX ((size_t)256 * 1024)
#define WINDOW ((size_t)256 * 1024)
#define MAX_REDIRECTS 5

struct gust_test_request {
    struct gu_link link;
    gust_test *t;
    gust_stream *stream; /* NULL: closed */
    const char *method, *path;
    gu_time begun;
    gust_str bytes; /* the whole request */
    bool is_done;
    struct gu_head parsed; /* of the response */
    gust_response response;
};

static const gust_fetch_options no_options;
static const gust_field no_fields;

/* --- the request --- */

static bool has_field(const gust_field *fields, const char *name)
{
    for (; fields != NULL && fields->name != NULL; fields++)
        if (strcasecmp(fields->name, name) == 0)
            return true;
    return false;
}

static void put_fields(struct gu_buf *to, const gust_test_request *request,
                       const gust_fetch_options *o)
{
    if (!has_field(o->headers, "Host"))
        gu_buf_puts(to, "Host: localhost\r\n");
    if (!has_field(o->headers, "Cookie"))
        gu_test_jar_put(request->t, to);
    for (const gust_field *field = o->headers; field != NULL && field->name != NULL; field++)
        gu_buf_printf(to, "%s: %s\r\n", field->name, field->value);
}

static gust_str format(const gust_test_request *request, const gust_fetch_options *o)
{
    struct gu_buf to;
    gust_str bytes;

    gu_buf_init(&to, request->t->arena, SIZE_MAX);
    gu_buf_printf(&to, "%s %s HTTP/1.1\r\n", request->method, request->path);
    put_fields(&to, request, o);
    if (o->body.ptr != NULL)
        gu_buf_printf(&to, "Content-Length: %zu\r\n", o->body.len);
    gu_buf_puts(&to, "\r\n");
    gu_buf_put_str(&to, o->body);
    if (gu_buf_finish(&to, &bytes) < 0)
        gu_test_fail("out of memory");
    return bytes;
}

/* --- the response's head --- */

/* Names and values become C strings in place. */
static void keep_fields(gust_test_request *request, char *head)
{
    const struct gu_head *parsed = &request->parsed;
    gust_field *fields = gu_test_alloc(request->t, (parsed->n_fields + 1u) * sizeof *fields);

    for (size_t i = 0; i < parsed->n_fields; i++) {
        const struct gu_field *field = &parsed->fields[i];

        head[field->name + field->name_len] = '\0';
        head[field->value + field->value_len] = '\0';
        fields[i] = (gust_field){head + field->name, head + field->value};
        if (strcasecmp(fields[i].name, "Set-Cookie") == 0)
            gu_test_jar_take(request->t, gust_str_from(fields[i].value));
    }
    fields[parsed->n_fields] = (gust_field){NULL, NULL};
    request->response.fields = fields;
    request->response.n_fields = parsed->n_fields;
}

static int read_head(gust_test_request *request)
{
    struct gu_head_resume resume = {0};
    struct gu_head *parsed = &request->parsed;
    const char *error;
    gust_str got;
    char *head;
    int err = gust_read_until(request->stream, "\r\n\r\n", HEAD_MAX, &got);

    if (err < 0)
        return err;
    head = gu_test_alloc(request->t, got.len + GU_HEAD_PADDING);
    memcpy(head, got.ptr, got.len);
    memset(head + got.len, 0, GU_HEAD_PADDING);
    if (gu_head_parse_response(head, got.len, GU_HEAD_MAX_FIELDS, &resume, parsed, &error) !=
        GU_HEAD_DONE)
        return -GUST_EPROTO;
    request->response.reason =
        gu_test_strdup(request->t, gu_str(head + parsed->reason_at, parsed->reason_len));
    keep_fields(request, head);
    return 0;
}

/* --- its body --- */

static int read_sized(gust_test_request *request, struct gu_buf *body)
{
    uint64_t left = request->parsed.content_length;
    gust_str got;

    while (left > 0) {
        int err = gust_read_bytes(request->stream, (size_t)(left < 65536 ? left : 65536), &got);

        if (err < 0)
            return err;
        gu_buf_put_str(body, got);
        left -= got.len;
    }
    return 0;
}

/* 0 to read on, 1 at the end. */
static int take_chunks(struct gu_chunked *chunked, gust_str *have, struct gu_buf *body)
{
    static const struct gu_chunked_limits limits = {.max_bytes = 65536, .max_fields = 100};
    struct gu_chunked_part part;

    for (;;) {
        enum gu_chunked_event event =
            gu_chunked_next(chunked, &limits, have->ptr, have->len, &part);

        *have = gu_str(have->ptr + part.consumed, have->len - part.consumed);
        switch (event) {
        case GU_CHUNKED_DATA:
            gu_buf_put_str(body, part.data);
            break;
        case GU_CHUNKED_TRAILER:
            break;
        case GU_CHUNKED_MORE:
            return 0;
        case GU_CHUNKED_DONE:
            return 1;
        default:
            return -GUST_EPROTO;
        }
    }
}

/* What a piece left, the line of a trailer field, is put in front of the next. */
static int read_chunked(gust_test_request *request, struct gu_buf *body)
{
    struct gu_chunked chunked = {0};
    struct gu_buf kept;
    int result = 0;
    gust_str got;

    gu_buf_init(&kept, request->t->arena, HEAD_MAX);
    while (result == 0) {
        gust_str have;
        int n = gust_read_some(request->stream, &got);

        if (n <= 0)
            return n < 0 ? n : -GUST_ECLOSED;
        gu_buf_put_str(&kept, got);
        have = gu_str(kept.ptr, kept.len);
        result = gu_buf_error(&kept) < 0 ? -GUST_ETOOBIG : take_chunks(&chunked, &have, body);
        if (have.len > 0)
            memmove(kept.ptr, have.ptr, have.len);
        kept.len = have.len;
    }
    return result < 0 ? result : 0;
}

static int read_to_the_end(gust_test_request *request, struct gu_buf *body)
{
    gust_str got;
    int n;

    while ((n = gust_read_some(request->stream, &got)) > 0)
        gu_buf_put_str(body, got);
    return n;
}

static bool has_body(const gust_test_request *request)
{
    int status = request->response.status;

    return strcmp(request->method, "HEAD") != 0 && status != 204 && status != 304;
}

static int read_body(gust_test_request *request)
{
    struct gu_buf body;
    int err;

    gu_buf_init(&body, request->t->arena, SIZE_MAX);
    gu_buf_puts(&body, "");
    if (!has_body(request))
        err = 0;
    else if ((request->parsed.flags & GU_HEAD_CHUNKED) != 0)
        err = read_chunked(request, &body);
    else if ((request->parsed.flags & GU_HEAD_HAS_LENGTH) != 0)
        err = read_sized(request, &body);
    else
        err = read_to_the_end(request, &body);
    if (gu_buf_finish(&body, &request->response.body) < 0)
        return -ENOMEM;
    return err;
}

/* --- the connection --- */

static void connect_to_app(gust_test_request *request)
{
    gust_test *t = request->t;
    struct gu_peer peer = {.len = sizeof(struct sockaddr_in)};
    struct gu_net *net = gu_net_of(t->loop);
    int fds[2];

    *(struct sockaddr_in *)(void *)&peer.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (net == NULL || gu_memory_pair(net, WINDOW, fds) < 0)
        gu_test_fail("out of memory");
    request->stream = gu_pull_new(net, NULL);
    if (request->stream == NULL || gu_pull_open(request->stream, fds[1], false) < 0 ||
        gu_httpserver_accept(t->server, fds[0], &peer) < 0)
        gu_test_fail("the server takes no connection");
}

static int ask(gust_test_request *request)
{
    gust_test *t = request->t;
    int err = 0;

    if (t->tls != NULL)
        err = gust_start_tls(request->stream, &(gust_tls_options){.ca_pem = gust_test_ca(),
                                                                  .server_name = "localhost"});
    if (err == 0)
        err = gust_stream_write(request->stream, request->bytes.ptr, request->bytes.len);
    do {
        if (err == 0 || err == -GUST_ECLOSED) /* it may have answered before it closed */
            err = read_head(request);
        request->response.status = err < 0 ? 0 : request->parsed.status;
    } while (err == 0 && request->parsed.status < 200 && request->parsed.status != 101);
    return err < 0 || request->parsed.status == 101 ? err : read_body(request);
}

static void is_over(void *arg)
{
    gust_test_request *request = arg;

    gust_stream_close(request->stream);
    request->stream = NULL;
    request->is_done = true;
    gu_test_wake(request->t);
}

static void talk(struct gust_task *task)
{
    gust_test_request *request = task->arg;

    gust_defer(is_over, request);
    request->response.error = ask(request);
    if (request->response.error < 0)
        request->response.message = gust_strerror(request->response.error);
    request->response.request_time =
        (double)(request->t->loop->now - request->begun) / (double)GU_SECOND;
}

/* --- for tests --- */

static void set_up(gust_test_request *request, gust_test *t, const char *path,
                   const gust_fetch_options *o)
{
    const char *method = o->method != NULL ? o->method : o->body.ptr != NULL ? "POST" : "GET";

    if (o->body_producer != NULL || o->streaming_callback != NULL || o->header_callback != NULL)
        gu_misuse("gust_test_fetch: it calls no functions of the options");
    *request = (gust_test_request){.t = t, .begun = t->loop->now};
    request->method = gu_test_strdup(t, gust_str_from(method));
    request->path = gu_test_strdup(t, gust_str_from(path));
    request->bytes = format(request, o);
    request->response = (gust_response){.reason = "",
                                        .url = gust_test_url(t, path),
                                        .message = "",
                                        .body = {"", 0},
                                        .fields = &no_fields,
                                        .trailers = &no_fields,
                                        .start_time = (double)time(NULL)};
}

gust_test_request *gust_test_start(gust_test *t, const char *path,
                                   const gust_fetch_options *options)
{
    gust_test_request *request = gu_test_alloc(t, sizeof *request);

    set_up(request, t, path, options != NULL ? options : &no_options);
    gu_list_append(&t->requests, &request->link);
    connect_to_app(request);
    gu_test_go(t, talk, request, request->path);
    gu_test_settle(t);
    return request;
}

bool gust_test_is_done(const gust_test_request *request)
{
    return request->is_done;
}

static bool is_done(const void *arg)
{
    return gust_test_is_done(arg);
}

const gust_response *gust_test_finish(gust_test *t, gust_test_request *request)
{
    if (!gu_test_run_until(t, is_done, request))
        gu_test_fail("%s %s: no answer within %g s; if it waits for time to pass, use "
                     "gust_test_start(), gust_test_advance() and gust_test_finish()",
                     request->method, request->path, t->patience);
    gu_test_settle(t); /* what follows the answer: .on_finish, the log */
    return &request->response;
}

void gust_test_disconnect(gust_test *t, gust_test_request *request)
{
    gust_stream_close(request->stream);
    request->stream = NULL;
    gu_test_settle(t);
}

void gu_test_requests_leave(gust_test *t)
{
    GU_LIST_FOREACH (link, &t->requests) {
        gust_test_request *request = gu_container_of(link, gust_test_request, link);

        gust_stream_close(request->stream);
        request->stream = NULL;
    }
    gu_test_settle(t);
}

static const char *field_of(const gust_response *response, const char *name)
{
    for (size_t i = 0; i < response->n_fields; i++)
        if (strcasecmp(response->fields[i].name, name) == 0)
            return response->fields[i].value;
    return NULL;
}

/* The target of a redirect within the application; NULL if that is none. */
static const char *redirected_to(const gust_response *response)
{
    const char *to = field_of(response, "Location"), *host;

    if (response->status < 301 || response->status > 308 || response->status == 304 || to == NULL)
        return NULL;
    host = strstr(to, "://");
    if (host == NULL)
        return to;
    to = strchr(host + 3, '/');
    return to == NULL ? "/" : to;
}

const gust_response *gust_test_fetch(gust_test *t, const char *path,
                                     const gust_fetch_options *options)
{
    gust_fetch_options o = options != NULL ? *options : no_options;
    int left = o.no_redirects ? 0 : o.max_redirects > 0 ? o.max_redirects : MAX_REDIRECTS, n = 0;
    gust_test_request *request = gust_test_start(t, path, &o);
    const gust_response *response = gust_test_finish(t, request);

    while (n < left && (path = redirected_to(response)) != NULL) {
        if (response->status < 307) {
            o.method = NULL;
            o.headers = NULL;
            o.body = (gust_str){NULL, 0};
        }
        request = gust_test_start(t, path, &o);
        request->response.n_redirects = ++n;
        response = gust_test_finish(t, request);
    }
    return response;
}

const gust_response *gust_test_get(gust_test *t, const char *path)
{
    return gust_test_fetch(t, path, NULL);
}

const gust_response *gust_test_post(gust_test *t, const char *path, const char *form)
{
    static const gust_field headers[] = {{"Content-Type", "application/x-www-form-urlencoded"},
                                         {NULL, NULL}};

    return gust_test_fetch(t, path,
                           &(gust_fetch_options){.headers = headers, .body = gust_str_from(form)});
}
