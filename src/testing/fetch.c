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

#define HEAD_MAX ((size_t)256 * 1024)
#define WINDOW ((size_t)256 * 1024)

struct gust_test_request {
    struct gu_link link;
    gust_test *t;
    gust_stream *stream; /* NULL: closed */
    const char *method, *path;
    gust_str bytes; /* the whole request */
    bool keeps_cookies, is_done;
    const char *head; /* of the response, its names and values C strings */
    struct gu_head parsed;
    gust_test_response response;
};

static const gust_test_fetch_options no_options;

/* --- the request --- */

static bool has_field(const char *const *fields, const char *name)
{
    size_t len = strlen(name);

    for (; fields != NULL && *fields != NULL; fields++)
        if (strncasecmp(*fields, name, len) == 0 && (*fields)[len] == ':')
            return true;
    return false;
}

static void put_fields(struct gu_buf *to, const gust_test_request *request,
                       const gust_test_fetch_options *o)
{
    if (!has_field(o->headers, "Host"))
        gu_buf_puts(to, "Host: localhost\r\n");
    if (request->keeps_cookies && !has_field(o->headers, "Cookie"))
        gu_test_jar_put(request->t, to);
    for (const char *const *field = o->headers; field != NULL && *field != NULL; field++)
        gu_buf_printf(to, "%s\r\n", *field);
}

static gust_str format(const gust_test_request *request, const gust_test_fetch_options *o)
{
    size_t len = o->body == NULL ? 0 : o->body_len > 0 ? (size_t)o->body_len : strlen(o->body);
    struct gu_buf to;
    gust_str bytes;

    gu_buf_init(&to, request->t->arena, SIZE_MAX);
    gu_buf_printf(&to, "%s %s HTTP/1.1\r\n", request->method, request->path);
    put_fields(&to, request, o);
    if (o->body != NULL && !has_field(o->headers, "Content-Length"))
        gu_buf_printf(&to, "Content-Length: %zu\r\n", len);
    gu_buf_puts(&to, "\r\n");
    gu_buf_put(&to, o->body, len);
    if (gu_buf_finish(&to, &bytes) < 0)
        gu_test_fail("out of memory");
    return bytes;
}

/* --- the response's head --- */

/* The fields' names and values become C strings in place. */
static void end_strings(char *head, const struct gu_head *parsed)
{
    for (size_t i = 0; i < parsed->n_fields; i++) {
        const struct gu_field *field = &parsed->fields[i];

        head[field->name + field->name_len] = '\0';
        head[field->value + field->value_len] = '\0';
    }
}

static void take_cookies(const gust_test_request *request)
{
    for (size_t i = 0; i < request->parsed.n_fields; i++)
        if (strcasecmp(request->head + request->parsed.fields[i].name, "Set-Cookie") == 0)
            gu_test_jar_take(request->t,
                             gust_str_from(request->head + request->parsed.fields[i].value));
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
    end_strings(head, parsed);
    request->head = head;
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
    if (request->keeps_cookies)
        take_cookies(request);
}

/* --- for tests --- */

gust_test_request *gust_test_start(gust_test *t, const char *path,
                                   const gust_test_fetch_options *options)
{
    const gust_test_fetch_options *o = options != NULL ? options : &no_options;
    gust_test_request *request = gu_test_alloc(t, sizeof *request);

    memset(request, 0, sizeof *request);
    request->t = t;
    request->method = gu_test_strdup(t, gust_str_from(o->method != NULL ? o->method
                                                      : o->body != NULL ? "POST"
                                                                        : "GET"));
    request->path = gu_test_strdup(t, gust_str_from(path));
    request->keeps_cookies = !o->no_cookies;
    request->bytes = format(request, o);
    request->response.reason = request->response.body.ptr = "";
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

const gust_test_response *gust_test_finish(gust_test *t, gust_test_request *request)
{
    if (!gu_test_run_until(t, is_done, request))
        gu_test_fail("%s %s: no answer within 5 s; if it waits for time to pass, use "
                     "gust_test_start(), gust_test_advance() and gust_test_finish()",
                     request->method, request->path);
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

/* The target of a redirect within the application; NULL if that is none. */
static const char *redirected_to(const gust_test_response *response)
{
    const char *to = gust_test_header(response, "Location"), *host;

    if (response->status < 301 || response->status > 308 || response->status == 304 || to == NULL)
        return NULL;
    host = strstr(to, "://");
    if (host == NULL)
        return to;
    to = strchr(host + 3, '/');
    return to == NULL ? "/" : to;
}

const gust_test_response *gust_test_fetch(gust_test *t, const char *path,
                                          const gust_test_fetch_options *options)
{
    gust_test_fetch_options o = options != NULL ? *options : no_options;
    const gust_test_response *response = gust_test_finish(t, gust_test_start(t, path, &o));

    while (o.max_redirects-- > 0 && (path = redirected_to(response)) != NULL) {
        if (response->status < 307) {
            o.method = NULL;
            o.body = NULL;
        }
        response = gust_test_finish(t, gust_test_start(t, path, &o));
    }
    return response;
}

const gust_test_response *gust_test_get(gust_test *t, const char *path)
{
    return gust_test_fetch(t, path, NULL);
}

const gust_test_response *gust_test_post(gust_test *t, const char *path, const char *form)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};

    return gust_test_fetch(
        t, path, &(gust_test_fetch_options){.method = "POST", .headers = headers, .body = form});
}

const char *gust_test_header(const gust_test_response *response, const char *name)
{
    const gust_test_request *request =
        gu_container_of((gust_test_response *)(uintptr_t)response, gust_test_request, response);

    for (size_t i = 0; i < request->parsed.n_fields; i++)
        if (strcasecmp(request->head + request->parsed.fields[i].name, name) == 0)
            return request->head + request->parsed.fields[i].value;
    return NULL;
}
