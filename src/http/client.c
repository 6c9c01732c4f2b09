/*
 * client — fetches
 *
 * A fetch is one task's straight-line code: connect, send, read the head, follow where it leads,
 * read the body. Errors are returned up to gu_fetch_run(), which puts them into the response.
 * What the fetch holds is given back by gu_fetch_end(), at the latest when the scope ends: so
 * neither a raise in a callback nor a body that nobody reads leaves a connection behind.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "base/str.h"
#include "http/client_impl.h"
#include <time.h>

#define MAX_BODY ((size_t)32 << 20) /* what GU_TASK_MEMORY is made for */

/* --- errors --- */

int gu_fetch_fail(struct gu_fetch *f, int err, const char *format, ...)
{
    va_list args;

    if (f->message[0] != '\0')
        return err; /* what is nearest to the cause says most */
    va_start(args, format);
    gu_vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
    return err;
}

const gust_field gu_no_fields[] = {{NULL, NULL}};

#define FAILED(err_)                                                              \
    {                                                                             \
        .error = (err_), .reason = "", .url = "", .message = "", .body = {"", 0}, \
        .fields = gu_no_fields, .trailers = gu_no_fields                          \
    }

const gust_response *gu_fetch_failed(int err)
{
    static const gust_response no_memory = FAILED(-ENOMEM), cancelled = FAILED(-ECANCELED),
                               raised = FAILED(-EIO);

    return err == -ENOMEM ? &no_memory : err == -ECANCELED ? &cancelled : &raised;
}

/* --- the end --- */

void gu_fetch_let_go(struct gu_fetch *f, bool is_good)
{
    bool is_done = f->conn != NULL && is_good && f->is_body_done && !f->is_unsent;

    if (is_done && f->has_body && !gu_fetch_is_refused(f) &&
        gust_stream_unsent(f->conn->stream) > 0)
        gu_client_conn_leave(f->conn); /* the answer was faster than the body, which is wanted */
    else if (is_done && f->keeps_alive)
        gu_client_conn_keep(f->conn);
    else if (f->conn != NULL)
        gu_client_conn_cut(f->conn);
    f->conn = NULL;
    gu_fetch_end_decoding(f);
}

void gu_fetch_leave_origin(struct gu_fetch *f)
{
    if (f->has_place)
        gu_place_give(f->origin);
    f->has_place = false;
    gu_origin_unref(f->origin);
    f->origin = NULL;
}

void gu_fetch_end(struct gu_fetch *f)
{
    if (f->is_over)
        return;
    f->is_over = true;
    f->response.times.total = f->response.request_time = gu_fetch_elapsed(f);
    gu_fetch_let_go(f, f->response.error == 0);
    gu_fetch_leave_origin(f);
    gu_client_release(f->client);
}

/* What came lives as long as the scope that asked. */
static void adopt_late(struct gu_fetch *f)
{
    gu_arena_adopt_chunks(f->arena, gu_arena_take_chunks(&f->late));
    f->late.cur = f->late.end = NULL;
}

static void end_deferred(void *arg)
{
    gu_fetch_end(arg);
    adopt_late(arg);
}

/* --- one request --- */

/* What a connection says that the server closed meanwhile. */
static bool is_broken(int err)
{
    return err == -GUST_ECLOSED || err == -EPIPE || err == -ECONNRESET;
}

static void begin(struct gu_fetch *f)
{
    f->response.trailers = gu_no_fields;
    f->response.n_trailers = 0;
    f->has_input = f->has_head = f->has_heard_all = f->is_unsent = false;
    f->heard = f->n_informational = 0;
    f->seen = 0;
    gu_fetch_drop_body(f);
}

/* A server may answer, and close, before it has read all: the answer counts. */
static int attempt(struct gu_fetch *f, bool is_fresh)
{
    int err = gu_fetch_connect(f, is_fresh), sent;

    if (err < 0)
        return err;
    begin(f);
    sent = gu_fetch_send(f);
    if (gu_fetch_is_refused(f))
        return 0;
    if (f->heard < 0)
        return f->heard;
    if (sent < 0 && !is_broken(sent))
        return sent;
    if (f->has_head)
        return 0;
    err = gu_fetch_read_response(f);
    return sent < 0 && err < 0 ? sent : err;
}

int gu_fetch_request(struct gu_fetch *f)
{
    int err = attempt(f, false);

    if (err < 0 && is_broken(err) && f->conn != NULL && f->response.is_reused && !f->has_input &&
        gu_fetch_is_repeatable(f)) {
        gu_fetch_let_go(f, false);
        err = attempt(f, true);
    }
    return err;
}

/* --- all of it --- */

static int fetch_head(struct gu_fetch *f)
{
    int err = gu_fetch_check(f), more;

    if (err == 0)
        err = gu_fetch_request(f);
    while (err == 0 && (more = gu_fetch_follow(f)) != 0)
        err = more < 0 ? more : 0;
    return err < 0 ? err : gu_fetch_tell_head(f);
}

static int fetch(struct gu_fetch *f)
{
    int err;

    GUST_DEADLINE(gu_fetch_left(f));
    err = fetch_head(f);
    return err < 0 || f->is_open ? err : gu_fetch_read_body(f);
}

/* --- options --- */

#define OR(to, from, member) ((to)->member = (to)->member ? (to)->member : (from)->member)

/* What a request leaves out is the client's to say. */
static void merge(gust_fetch_options *o, const gust_fetch_options *d)
{
    OR(o, d, method);
    OR(o, d, headers);
    OR(o, d, max_redirects);
    OR(o, d, no_redirects);
    OR(o, d, no_decompress);
    OR(o, d, expect_continue);
    OR(o, d, allow_nonstandard_methods);
    OR(o, d, user_agent);
    OR(o, d, if_modified_since);
    OR(o, d, jar);
    OR(o, d, unix_socket);
    OR(o, d, source_address);
    OR(o, d, family);
    OR(o, d, max_body_size);
    if (o->connect_timeout == 0)
        o->connect_timeout = d->connect_timeout;
    if (o->request_timeout == 0)
        o->request_timeout = d->request_timeout;
    if (o->auth_username == NULL) {
        o->auth_username = d->auth_username;
        o->auth_password = d->auth_password;
    }
    if (o->proxy_host == NULL) {
        o->proxy_host = d->proxy_host;
        o->proxy_port = d->proxy_port;
        o->proxy_username = d->proxy_username;
        o->proxy_password = d->proxy_password;
    }
    if (o->tls == NULL && !o->no_verify && o->ca_file == NULL && o->client_cert == NULL) {
        o->tls = d->tls;
        o->no_verify = d->no_verify;
        o->ca_file = d->ca_file;
        o->client_cert = d->client_cert;
        o->client_key = d->client_key;
    }
}

double gu_fetch_left(const struct gu_fetch *f)
{
    gu_time left = f->deadline - f->client->loop->now;

    if (f->deadline == GU_FOREVER)
        return GUST_NEVER;
    return left > 0 ? (double)left / 1e9 : 0;
}

static gu_time moment(const struct gu_fetch *f, double given, double fallback)
{
    gu_time span = gu_option_time(given, fallback);

    return span > GU_FOREVER - f->started ? GU_FOREVER : f->started + span;
}

static void set_options(struct gu_fetch *f, const gust_fetch_options *given)
{
    gust_fetch_options *o = &f->o;

    if (given != NULL)
        *o = *given;
    merge(o, &f->client->options.defaults);
    f->method = o->method != NULL ? o->method : "GET";
    f->max_body = gu_option_size(o->max_body_size, f->client->max_body_size);
    o->max_redirects = o->max_redirects < 0 ? INT32_MAX : o->max_redirects;
    o->max_redirects = o->max_redirects == 0 ? 5 : o->max_redirects;
    f->deadline = moment(f, o->request_timeout, 20);
    if (o->tls != NULL) {
        f->tls = *o->tls;
        return;
    }
    f->tls.verify = o->no_verify ? GUST_TLS_VERIFY_NONE : GUST_TLS_VERIFY_DEFAULT;
    f->tls.ca_file = o->ca_file;
    f->tls.cert.cert_file = o->client_cert;
    f->tls.cert.key_file = o->client_key;
}

static double now_in_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whoever lets bodies be larger lets the tasks that keep them have more memory. */
static void raise_limit(struct gu_fetch *f)
{
    size_t extra = f->max_body > MAX_BODY ? f->max_body - MAX_BODY : 0;
    size_t limit = GU_TASK_MEMORY + gu_min(extra, SIZE_MAX - GU_TASK_MEMORY);

    if (!f->is_open && f->o.streaming_callback == NULL)
        f->arena->limit = gu_max(f->arena->limit, limit);
}

static struct gu_fetch *fetch_new(struct gust_httpclient *client, struct gust_arena *arena,
                                  const gust_fetch_options *options, bool is_open)
{
    struct gu_fetch *f = gu_arena_alloc(arena, sizeof *f);

    if (f == NULL)
        return NULL;
    memset(f, 0, sizeof *f);
    f->client = client;
    f->arena = arena;
    f->started = client->loop->now;
    f->response = (gust_response)FAILED(0);
    f->response.message = f->message;
    f->response.start_time = now_in_seconds();
    if (!gu_try_defer(end_deferred, f))
        return NULL;
    client->n_holders++;
    f->is_open = is_open;
    set_options(f, options);
    raise_limit(f);
    gu_arena_init(&f->late, arena->pool, NULL, 0, arena->limit - gu_min(arena->used, arena->limit));
    return f;
}

/* Nothing is left that gust_response_read() or gust_response_stream() could give. */
static bool is_all_read(const struct gu_fetch *f)
{
    return f->is_body_done && f->decoder == NULL && f->body.len == 0 && f->response.status != 101;
}

const gust_response *gu_fetch_run(struct gust_httpclient *client, struct gust_arena *arena,
                                  const char *url, const gust_fetch_options *options, bool is_open)
{
    struct gu_fetch *f = client == NULL ? NULL : fetch_new(client, arena, options, is_open);
    int err;

    if (f == NULL)
        return gu_fetch_failed(-ENOMEM);
    err = url == NULL ? -EINVAL : gu_target_parse(arena, gust_str_from(url), &f->target);
    if (err == -EINVAL)
        gu_fetch_fail(f, err, "%s", gu_target_fault(gust_str_from(url != NULL ? url : "")));
    if (err == 0) {
        f->response.url = f->target.url.ptr;
        err = fetch(f);
    }
    f->response.error = f->body_error = err;
    if (err < 0 || !is_open || is_all_read(f))
        gu_fetch_end(f);
    adopt_late(f);
    return &f->response;
}

/* --- entry points --- */

const gust_response *gust_httpclient_fetch(gust_httpclient *client, const char *url,
                                           const gust_fetch_options *options)
{
    gu_task_check_wait();
    return gu_fetch_run(client, gu_arena_here(), url, options, false);
}

const gust_response *gust_httpclient_fetch_open(gust_httpclient *client, const char *url,
                                                const gust_fetch_options *options)
{
    gu_task_check_wait();
    return gu_fetch_run(client, gu_arena_here(), url, options, true);
}

const gust_response *gust_fetch(const char *url, const gust_fetch_options *options)
{
    return gust_httpclient_fetch(gu_client_of_loop(), url, options);
}

const gust_response *gust_fetch_open(const char *url, const gust_fetch_options *options)
{
    return gust_httpclient_fetch_open(gu_client_of_loop(), url, options);
}

/* --- what was opened --- */

static struct gu_fetch *fetch_of(const gust_response *response)
{
    return (struct gu_fetch *)(uintptr_t)response;
}

int gust_response_read(const gust_response *response, gust_str *lent)
{
    struct gu_fetch *f = fetch_of(response);
    gust_str piece = {"", 0};
    int n;

    if (response->error < 0)
        return response->error;
    if (f->body_error < 0)
        return f->body_error;
    if (f->is_over) {
        *lent = piece;
        return 0;
    }
    if (f->body.len > 0)
        return gu_fetch_take_kept(f, lent);
    {
        GUST_DEADLINE(gu_fetch_left(f));
        n = gu_fetch_read_piece(f, &piece);
    }
    if (n < 0)
        f->body_error = f->response.error = n;
    if (n <= 0)
        gu_fetch_end(f);
    if (n >= 0)
        *lent = piece;
    return n;
}

gust_stream *gust_response_stream(const gust_response *response)
{
    struct gu_fetch *f = fetch_of(response);
    gust_stream *s;

    if (response->error < 0 || response->status != 101 || f->conn == NULL)
        return NULL;
    s = f->conn->stream;
    if (!gu_pull_scope(s))
        return NULL;
    gu_free(f->conn);
    f->conn = NULL;
    gu_fetch_end(f);
    return s;
}

/* --- asking --- */

static const char *find_last(const gust_field *fields, size_t n, const char *name)
{
    gust_str wanted = gust_str_from(name);

    while (n-- > 0)
        if (gu_str_ieq(gust_str_from(fields[n].name), wanted))
            return fields[n].value;
    return NULL;
}

bool gust_response_ok(const gust_response *response)
{
    return response->error == 0 && response->status >= 200 && response->status <= 299;
}

const char *gust_response_header(const gust_response *response, const char *name)
{
    return find_last(response->fields, response->n_fields, name);
}

const char *gust_response_trailer(const gust_response *response, const char *name)
{
    return find_last(response->trailers, response->n_trailers, name);
}

const char *gust_response_reason(const gust_response *response)
{
    if (response->error < 0 && response->message[0] == '\0')
        return gust_strerror(response->error);
    if (response->error < 0)
        return gust_sprintf("%s: %s", gust_strerror(response->error), response->message);
    return gust_sprintf("%d %s", response->status, response->reason);
}
