/*
 * exchange — a request, in its task
 *
 * The head is copied once into the task's arena, and its fields become C strings in place. The
 * delegate then runs straight through: the head, the pieces of the body, the end.
 */
#include "base/log.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "codec/status.h"
#include "http/http_impl.h"
#include <stdio.h>
#include <sys/socket.h>

/* --- ending --- */

static void answer_error(struct gust_exchange *x, int status)
{
    const char *reason = gu_status_reason(status);
    char text[64];
    int n = snprintf(text, sizeof text, "%d %s\n", status, reason);

    gu_exchange_respond(x, status, reason, GU_STR("Content-Type: text/plain; charset=UTF-8\r\n"),
                        gu_str(text, (size_t)n));
}

int gu_exchange_status_of(const struct gust_exchange *x, int err)
{
    bool is_trailers = err == -GUST_ETOOBIG && (x->flags & GU_X_TRAILERS_BAD) != 0;

    return is_trailers ? 431 : gu_status_of_error(err);
}

static void fail(struct gust_exchange *x, int err)
{
    int status = gu_exchange_status_of(x, err);

    if (err == -GUST_EANSWERED || (x->flags & (GU_X_GONE | GU_X_FINISHED)) != 0)
        return;
    if ((x->flags & GU_X_HEAD_SENT) != 0) {
        x->flags |= GU_X_CUT;
        return;
    }
    if (status == 500)
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "500 %s %s: %s returned %s", x->method_name.ptr,
               x->target.ptr, x->task->name, gust_strerror(err));
    answer_error(x, status);
}

/* A request body that was not read to its end cannot be told from the next request. */
static bool is_kept(const struct gust_exchange *x)
{
    return (x->flags & (GU_X_KEEP_ALIVE | GU_X_BODY_READ | GU_X_FINISHED | GU_X_CUT)) ==
           (GU_X_KEEP_ALIVE | GU_X_BODY_READ | GU_X_FINISHED);
}

/* A body that only the connection's end would end must not seem to: the peer is told of an error.
 */
static gu_cold void cut(struct gust_exchange *x)
{
    const unsigned framed = GU_X_SIZED | GU_X_CHUNKED;
    struct gu_stream *s = &x->conn->s;
    struct linger at_once = {.l_onoff = 1};

    x->flags |= GU_X_GONE;
    gu_stream_flush(s);
    if ((x->flags & (GU_X_HEAD_SENT | framed)) == GU_X_HEAD_SENT && s->io.fd >= 0)
        gust_ignore(setsockopt(s->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    gu_stream_cut(s);
}

static gu_inline void end(struct gust_exchange *x)
{
    struct gu_conn *conn = x->conn;

    if (gu_unlikely(x->task->own_group != NULL || x->task->root.defers != NULL))
        gu_task_close_root(x->task); /* its tasks, and what it deferred, may use what ends here */
    if (gu_unlikely((x->flags & GU_X_FINISHED) == 0 && (x->flags & GU_X_CUT) == 0))
        gust_exchange_finish(x);
    if (gu_unlikely((x->flags & GU_X_CUT) != 0) && !gu_stream_is_closed(&conn->s))
        cut(x);
    if (gu_unlikely(x->release != NULL))
        x->release(x);
    if (gu_unlikely((x->flags & GU_X_BODY_READ) == 0))
        conn->is_refused = true; /* the rest of the body may still be coming */
    gu_conn_exchange_ended(conn, is_kept(x));
    if (gu_unlikely(x->arena.chunks != NULL))
        gu_arena_deinit(&x->arena);
}

/* --- running --- */

#define MAX_RAISES 8 /* of which a delegate is told: what it does about one may raise the next */

static int deliver_body(struct gust_exchange *x)
{
    const gust_delegate *d = x->delegate;
    char *piece = gust_alloc(GU_NET_COPY);
    int n = 0;

    while ((x->flags & GU_X_FINISHED) == 0 && (n = gust_exchange_read(x, piece, GU_NET_COPY)) > 0) {
        int err = d->data_received == NULL ? 0 : d->data_received(x, gu_str(piece, (size_t)n));

        if (err < 0)
            return err;
    }
    return n;
}

/* Its end is told unless the client left before, or was answered before it came. */
static bool is_whole(const struct gust_exchange *x)
{
    return (x->flags & (GU_X_BODY_READ | GU_X_GONE)) == GU_X_BODY_READ;
}

static void run(struct gust_task *task)
{
    struct gust_exchange *x = task->arg;
    const gust_delegate *d = x->delegate;
    int err = d->headers_received == NULL ? 0 : d->headers_received(x);

    d = x->delegate; /* it may have handed the exchange over */
    if (err >= 0 && gu_unlikely(d->data_received != NULL || d->finish != NULL)) {
        if ((x->flags & GU_X_BODY_READ) == 0)
            err = deliver_body(x);
        if (err >= 0 && d->finish != NULL && is_whole(x))
            err = d->finish(x);
    }
    if (gu_unlikely(err < 0))
        fail(x, err);
    end(x);
}

static void answer_raise(struct gust_exchange *x, int code, const char *message)
{
    int status = code < 0 ? gu_exchange_status_of(x, code) : code >= 400 && code < 600 ? code : 500;

    if (status >= 500)
        gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "%d %s %s: %s raised: %s", status,
               x->method_name.ptr, x->target.ptr, x->task->name, message);
    answer_error(x, status);
}

static void raised(struct gust_task *task)
{
    struct gust_exchange *x = task->arg;
    const gust_delegate *d = x->delegate;

    task->n_raised = 0; /* counted here: a task that never came to end() would leave x behind */
    if (d->raised != NULL && x->n_raises < MAX_RAISES) {
        x->n_raises++;
        d->raised(x, task->raise_code, task->raise_message);
    } else if ((x->flags & (GU_X_HEAD_SENT | GU_X_GONE)) == 0) {
        answer_raise(x, task->raise_code, task->raise_message);
    } else if ((x->flags & GU_X_FINISHED) == 0) {
        x->flags |= GU_X_CUT;
    }
    end(x);
}

/* --- starting --- */

#define FIRST_ARENA ((size_t)256) /* of the exchange's arena, out of the task's */

/* By whole vectors: an arena rounds up what it gives, and the input has GU_HEAD_PADDING readable
 * bytes behind it. */
static char *copy_head(char *to, const char *head, size_t len)
{
    if (gu_unlikely(len > 256))
        return memcpy(to, head, len);
    for (size_t i = 0; i < len; i += 16)
        memcpy(to + i, head + i, 16);
    return to;
}

/* The byte behind each part, a blank, a colon or a CR, becomes the zero byte that ends it. */
static gust_str part(char *head, uint32_t at, uint32_t len)
{
    head[at + len] = '\0';
    return gu_str(head + at, len);
}

/* Parts that lie inside the target, which stays whole, are copied. */
static bool set_target(struct gust_exchange *x, const struct gu_head *parsed)
{
    const unsigned host = parsed->first[GU_FIELD_HOST];

    x->target = part(x->head, parsed->target_at, parsed->target_len);
    x->path = gu_str(x->head + parsed->path_at, parsed->path_len);
    x->query = (gust_str){"", 0};
    if (gu_likely(host != 0 && parsed->query_at == 0) &&
        gu_likely((parsed->flags & GU_HEAD_ABSOLUTE) == 0)) {
        x->host = part(x->head, parsed->host_at, parsed->host_len);
        return true;
    }
    if (parsed->query_at != 0) {
        x->query = gu_str(x->head + parsed->query_at, parsed->query_len);
        x->path = gu_arena_copy(&x->arena, x->path.ptr, x->path.len);
    }
    if (gu_unlikely((parsed->flags & GU_HEAD_ABSOLUTE) != 0)) {
        x->host = gu_arena_copy(&x->arena, x->head + parsed->host_at, parsed->host_len);
        if (parsed->path_len == 0)
            x->path = GU_STR("/");
    } else if (host != 0) {
        x->host = part(x->head, parsed->host_at, parsed->host_len);
    } else {
        x->host = GU_STR("127.0.0.1"); /* as Tornado: HTTP/1.0 need not say */
    }
    return x->path.ptr != NULL && x->host.ptr != NULL;
}

static bool set_head(struct gust_exchange *x, const struct gu_head *parsed)
{
    char *head = x->head;

    for (unsigned i = 0; i < parsed->n_fields; i++) {
        const struct gu_field *field = &parsed->fields[i];

        x->fields[i] = *field;
        head[field->name + field->name_len] = '\0';
        head[field->value + field->value_len] = '\0';
    }
    memcpy(x->first, parsed->first, sizeof x->first);
    x->n_fields = parsed->n_fields;
    x->method = parsed->method;
    x->minor = parsed->minor;
    x->head_flags = parsed->flags;
    x->method_name = part(head, 0, parsed->method_len);
    return set_target(x, parsed);
}

static unsigned flags_of(const struct gust_httpserver *server, const struct gu_head *parsed)
{
    unsigned flags = 0;

    if (gu_likely(parsed->flags == GU_HEAD_KEEP_ALIVE && parsed->method == GU_METHOD_GET) &&
        gu_likely(!server->no_keep_alive))
        return GU_X_KEEP_ALIVE | GU_X_BODY_READ;
    if ((parsed->flags & GU_HEAD_KEEP_ALIVE) != 0 && !server->no_keep_alive)
        flags |= GU_X_KEEP_ALIVE;
    if ((parsed->flags & GU_HEAD_CHUNKED) == 0 && parsed->content_length == 0)
        flags |= GU_X_BODY_READ;
    if ((parsed->flags & GU_HEAD_EXPECT_CONTINUE) != 0)
        flags |= GU_X_CONTINUE;
    if (parsed->method == GU_METHOD_HEAD)
        flags |= GU_X_NO_BODY;
    return flags;
}

static struct gust_exchange *exchange_new(struct gu_conn *conn, struct gust_task *task,
                                          const struct gu_head *parsed, const char *head)
{
    struct gust_httpserver *server = conn->server;
    struct gust_exchange *x = gu_arena_alloc(&task->arena, sizeof *x + FIRST_ARENA);
    size_t fields_size = parsed->n_fields * sizeof *x->fields;

    if (gu_unlikely(x == NULL))
        return NULL;
    task->arena.limit = server->max_task_memory;
    gu_arena_init(&x->arena, &server->http->tasks->chunks, x + 1, FIRST_ARENA,
                  server->max_task_memory);
    x->fields = gu_arena_alloc(&task->arena, fields_size + parsed->len);
    if (gu_unlikely(x->fields == NULL))
        return NULL;
    x->head = copy_head((char *)x->fields + fields_size, head, parsed->len);
    x->conn = conn;
    x->task = task;
    x->server = server;
    x->delegate = server->delegate;
    x->arg = server->arg;
    x->started = server->http->loop->now;
    x->flags = (uint16_t)flags_of(server, parsed);
    x->body_left = parsed->content_length;
    x->body_max = server->max_body_size;
    x->state = NULL;
    x->release = NULL;
    x->chunked = NULL;
    x->reader = NULL;
    x->n_body = 0;
    x->body_since = 0;
    x->n_sent = 0;
    x->status = 0;
    x->body_error = 0;
    x->n_raises = 0;
    task->raised = raised;
    task->arg = x;
    if (gu_likely(set_head(x, parsed)))
        return x;
    gu_arena_deinit(&x->arena);
    return NULL;
}

/* What max_memory refuses is logged where it is seen. */
static gu_cold void refuse_start(struct gu_conn *conn, bool is_allowed)
{
    const struct gust_httpserver *server = conn->server;

    if (server->n_exchanges >= server->max_exchanges)
        GU_LOG_ONCE_PER(10, server->http->loop->now, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "503: %zu requests are in hand (max_tasks)", server->n_exchanges);
    else if (is_allowed)
        GU_LOG_ONCE_PER(10, server->http->loop->now, GUST_LOG_ERROR, GU_LOG_GENERAL,
                        "503: there is no memory for a request");
    gu_conn_refuse(conn, 503, NULL);
}

/* Flat for the same reason as task_main(): few returns follow the switch back. */
gu_flat void gu_exchange_start(struct gu_conn *conn, const struct gu_head *parsed, const char *head)
{
    struct gust_httpserver *server = conn->server;
    struct gust_task *task;
    struct gust_exchange *x;

    if (gu_unlikely(server->n_exchanges >= server->max_exchanges) ||
        gu_unlikely(!gu_server_has_memory(server))) {
        refuse_start(conn, false);
        return;
    }
    task = gu_task_new(server->http->tasks, run, "request");
    if (gu_unlikely(task == NULL)) {
        refuse_start(conn, true);
        return;
    }
    x = exchange_new(conn, task, parsed, head);
    if (gu_unlikely(x == NULL)) {
        gu_task_discard(task);
        refuse_start(conn, true);
        return;
    }
    conn->x = x;
    server->n_exchanges++;
    gu_task_start(task);
}

/* --- the client leaves --- */

void gu_exchange_fail_reader(struct gust_exchange *x, int err)
{
    struct gu_wait *reader = x->reader;

    x->reader = NULL;
    if (reader != NULL)
        gu_task_wake(reader->task, err);
}

static int tell_gone(void *arg)
{
    struct gust_exchange *x = arg;

    x->delegate->on_connection_close(x);
    return 0;
}

void gu_exchange_gone(struct gust_exchange *x)
{
    if ((x->flags & GU_X_GONE) != 0)
        return;
    x->flags |= GU_X_GONE;
    gu_exchange_fail_reader(x, -GUST_ECLOSED);
    if (x->delegate->on_connection_close != NULL) /* who closed may be a task */
        gust_ignore(gu_on_loop_stack(tell_gone, x));
}

void gu_exchange_half_closed(struct gust_exchange *x)
{
    if ((x->flags & GU_X_BODY_READ) == 0)
        gu_exchange_fail_reader(x, -GUST_EPROTO);
    if (x->server->half_closed != NULL && x->delegate == x->server->delegate)
        x->server->half_closed(x);
}

/* --- reading the head --- */

gust_str gu_exchange_field(const struct gust_exchange *x, gust_str name)
{
    for (unsigned i = x->n_fields; i-- > 0;) {
        const struct gu_field *field = &x->fields[i];

        if (field->name_len == name.len &&
            gu_str_ieq(gu_str(x->head + field->name, name.len), name))
            return gu_str(x->head + field->value, field->value_len);
    }
    return (gust_str){NULL, 0};
}

gust_str gu_exchange_known(const struct gust_exchange *x, enum gu_field_id id)
{
    if (x->first[id] == 0)
        return (gust_str){NULL, 0};
    for (unsigned i = x->n_fields; i-- > 0;)
        if (x->fields[i].id == id)
            return gu_str(x->head + x->fields[i].value, x->fields[i].value_len);
    return (gust_str){NULL, 0};
}

const char *gust_exchange_method(const gust_exchange *x)
{
    return x->method_name.ptr;
}

const char *gust_exchange_uri(const gust_exchange *x)
{
    return x->target.ptr;
}

const char *gust_exchange_path(const gust_exchange *x)
{
    return x->path.ptr;
}

const char *gust_exchange_query(const gust_exchange *x)
{
    return x->query.ptr;
}

const char *gust_exchange_host(const gust_exchange *x)
{
    return x->host.ptr;
}

int gust_exchange_minor_version(const gust_exchange *x)
{
    return x->minor;
}

const char *gust_exchange_header(const gust_exchange *x, const char *name)
{
    return gu_exchange_field(x, gust_str_from(name)).ptr;
}

bool gust_exchange_field(const gust_exchange *x, size_t i, gust_str *name, gust_str *value)
{
    if (i >= x->n_fields)
        return false;
    *name = gu_str(x->head + x->fields[i].name, x->fields[i].name_len);
    *value = gu_str(x->head + x->fields[i].value, x->fields[i].value_len);
    return true;
}

void *gust_exchange_arg(const gust_exchange *x)
{
    return x->arg;
}

void **gust_exchange_state(gust_exchange *x)
{
    return &x->state;
}
