/*
 * request — a request's way through its handler
 *
 * One straight line on the request's task: the route, the method, prepare, the body, the verb, the
 * end. A raise comes back in at raised(), with the frames gone and everything else in place.
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/status.h"
#include "web/web_impl.h"

#define FIRST_BODY ((size_t)192) /* bytes of a response that need no memory of their own */

/* --- the verb --- */

static gust_handler_fn *verb_of(const gust_handler *h, enum gu_method method)
{
    gust_handler_fn *fn = NULL;

    switch (method) {
    case GU_METHOD_GET:
        fn = h->get;
        break;
    case GU_METHOD_HEAD:
        fn = h->head != NULL ? h->head : h->get;
        break;
    case GU_METHOD_POST:
        fn = h->post;
        break;
    case GU_METHOD_PUT:
        fn = h->put;
        break;
    case GU_METHOD_PATCH:
        fn = h->patch;
        break;
    case GU_METHOD_DELETE:
        fn = h->del;
        break;
    case GU_METHOD_OPTIONS:
        fn = h->options;
        break;
    default:
        break;
    }
    return fn != NULL ? fn : h->any;
}

/* --- the body --- */

static int read_sized(gust_request *r, size_t len)
{
    char *body = gu_arena_alloc(&r->x->arena, len + 1);
    size_t have = 0;
    int n = 1;

    if (body == NULL)
        return -ENOMEM;
    while (have < len && (n = gust_exchange_read(r->x, body + have, len - have)) > 0)
        have += (size_t)n;
    if (n < 0)
        return n;
    body[have] = '\0';
    r->request_body = gu_str(body, have);
    return 0;
}

static int read_chunked(gust_request *r)
{
    struct gu_buf body;
    int n;

    gu_buf_init(&body, &r->x->arena, SIZE_MAX - 1);
    for (;;) {
        char *room = gu_buf_reserve(&body, 4096);

        if (room == NULL)
            return gu_buf_error(&body);
        n = gust_exchange_read(r->x, room, 4096);
        if (n <= 0)
            break;
        gu_buf_add(&body, (size_t)n);
    }
    return n < 0 ? n : gu_buf_finish(&body, &r->request_body);
}

static int read_body(gust_request *r)
{
    if ((r->x->flags & GU_X_BODY_READ) != 0)
        return 0;
    if ((r->x->head_flags & GU_HEAD_CHUNKED) != 0)
        return read_chunked(r);
    if (r->x->body_left > r->x->body_max)
        return -GUST_ETOOBIG;
    return read_sized(r, r->x->body_left);
}

/* --- running --- */

static int run_handler(gust_request *r)
{
    const gust_handler *h = &r->handler->fns;
    gust_handler_fn *verb = verb_of(h, (enum gu_method)r->x->method);
    int err;

    if (gu_unlikely(verb == NULL)) {
        gust_set_header(r, "Allow", gu_allow(r, r->handler));
        if (r->x->method == GU_METHOD_OPTIONS) {
            gust_set_status(r, 204);
            return 0;
        }
        return gust_send_error(r, 405);
    }
    if (gu_unlikely(h->prepare != NULL)) {
        err = h->prepare(r);
        if (err < 0 || (r->flags & GU_R_FINISHED) != 0)
            return err;
    }
    if (gu_unlikely((r->x->flags & GU_X_BODY_READ) == 0) && (h->flags & GUST_STREAM_BODY) == 0) {
        err = read_body(r);
        if (err < 0)
            return err;
    }
    return verb(r);
}

static void request_init(gust_request *r, gust_exchange *x)
{
    r->x = x;
    r->app = x->server->arg;
    r->rule = NULL;
    r->handler = NULL;
    r->flags = 0;
    r->err = 0;
    r->status = 200;
    r->reason = NULL;
    r->content_type = GU_STR("text/html; charset=UTF-8");
    r->fields = NULL;
    r->last_field = &r->fields;
    r->new_cookies = NULL;
    gu_buf_init(&r->body, &x->arena, SIZE_MAX - 1);
    gu_buf_lend(&r->body, (char *)(r + 1), FIRST_BODY);
    r->request_body = GU_STR("");
    r->state = NULL;
    r->path_args = NULL;
    r->n_path_args = 0;
    r->arguments = NULL;
    r->cookies = NULL;
    r->problems = NULL;
    r->piece = NULL;
    r->detached = NULL;
    r->n_elsewhere = 0;
    r->failure = NULL;
}

static int web_run(gust_exchange *x)
{
    gust_request *r = gu_arena_alloc(&x->task->arena, sizeof *r + FIRST_BODY);
    int err = 0;

    if (gu_unlikely(r == NULL))
        return -ENOMEM;
    request_init(r, x);
    x->state = r;
    r->rule = gu_router_find(r->app->router, r, &err);
    if (gu_likely(r->rule != NULL)) {
        r->handler = &r->rule->handler;
        x->task->name = x->task->home->loop->running = r->handler->fns.name;
        err = run_handler(r);
    } else if (err == 0) {
        err = gust_send_error(r, 404);
    }
    if (gu_unlikely(err < 0) && err != -GUST_EANSWERED)
        gu_response_error(r, &(gust_error){.code = err});
    gu_request_end(r);
    return 0;
}

static void web_raised(gust_exchange *x, int code, const char *message)
{
    gust_request *r = x->state;
    gust_error error = {
        .status = code < 0 ? 0 : code, .code = code < 0 ? code : 0, .message = message};

    gu_response_error(r, &error);
    gu_request_end(r);
}

const gust_delegate gu_web_delegate = {
    .headers_received = web_run,
    .on_connection_close = gu_request_gone,
    .raised = web_raised,
};
