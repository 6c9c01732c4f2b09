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

/* --- running --- */

/* State and limits, for the handlers that ask for some. */
static int set_up(gust_request *r)
{
    const struct gu_handler *handler = r->handler;
    gust_exchange *x = r->x;

    if (handler->fns.max_body_size != 0)
        gust_set_max_body_size(r, handler->fns.max_body_size);
    if (handler->timeout < GU_FOREVER - x->started)
        x->task->deadline = gu_time_min(x->task->deadline, x->started + handler->timeout);
    if (r->app->is_draining)
        gu_request_drain(x);
    if (handler->fns.state_size == 0)
        return 0;
    r->state = gu_arena_alloc(&x->arena, handler->fns.state_size);
    if (r->state == NULL)
        return -ENOMEM;
    memset(r->state, 0, handler->fns.state_size);
    return 0;
}

/* OPTIONS is answered for every handler; other methods that it lacks are not. */
static gu_cold int refuse_method(gust_request *r)
{
    if (r->x->method != GU_METHOD_OPTIONS)
        return gust_send_error(r, 405);
    gust_set_header(r, "Allow", gu_allow(r, r->handler));
    gust_set_status(r, 204);
    return 0;
}

/* What no route is for: the server as a whole ("OPTIONS *"), or another one (CONNECT). */
static gu_cold int answer_unrouted(gust_request *r)
{
    static const struct gu_handler server = {
        .name = "server",
        .methods = 1u << GU_METHOD_GET | 1u << GU_METHOD_HEAD | 1u << GU_METHOD_POST |
                   1u << GU_METHOD_PUT | 1u << GU_METHOD_PATCH | 1u << GU_METHOD_DELETE |
                   1u << GU_METHOD_OPTIONS};

    if ((r->x->head_flags & GU_HEAD_ASTERISK) == 0 && r->x->method != GU_METHOD_CONNECT)
        return gust_send_error(r, 404);
    r->handler = &server;
    return refuse_method(r);
}

static int receive_body(gust_request *r)
{
    int err = gu_body_receive(r), status;

    if (err < 0 || r->request_body.len == 0)
        return err;
    status = gu_arguments_read_form(r);
    return status == 0 ? 0 : gust_send_error(r, status);
}

static int run_handler(gust_request *r)
{
    const gust_handler *h = &r->handler->fns;
    gust_handler_fn *verb = r->handler->verbs[r->x->method];
    bool needs_token = (r->flags & GU_R_XSRF) != 0 && gu_xsrf_is_due(r);
    int err;

    if (gu_unlikely(verb == NULL))
        return refuse_method(r);
    if (gu_unlikely(r->x->query.len > 0) && (err = gu_arguments_read_query(r)) != 0)
        return gust_send_error(r, err);
    if (gu_unlikely(needs_token) && !gu_xsrf_may_follow(r)) {
        needs_token = false;
        err = gu_xsrf_check(r);
        if (err < 0)
            return err;
    }
    if (gu_unlikely(h->prepare != NULL)) {
        err = h->prepare(r);
        if (err < 0 || (r->flags & GU_R_FINISHED) != 0)
            return err;
    }
    if (gu_unlikely((h->flags & GUST_AUTHENTICATED) != 0)) {
        err = gu_request_authenticate(r);
        if (err < 0 || (r->flags & GU_R_FINISHED) != 0)
            return err;
    }
    if (gu_unlikely((r->x->flags & GU_X_BODY_READ) == 0) && (h->flags & GUST_STREAM_BODY) == 0) {
        err = receive_body(r);
        if (err < 0 || (r->flags & GU_R_FINISHED) != 0)
            return err;
    }
    if (gu_unlikely(needs_token) && (err = gu_xsrf_check(r)) < 0)
        return err;
    return verb(r);
}

static void request_init(gust_request *r, gust_exchange *x)
{
    r->x = x;
    r->app = x->server->arg;
    r->flags = r->app->first_flags;
    r->status = 200;
    r->content_type = GU_STR("text/html; charset=UTF-8");
    r->last_field = &r->fields;
    gu_buf_init(&r->body, &x->arena, SIZE_MAX - 1);
    gu_buf_lend(&r->body, (char *)(r + 1), FIRST_BODY);
    r->request_body = GU_STR("");
    r->rule = NULL;
    r->handler = NULL;
    r->reason = NULL;
    r->fields = NULL;
    r->new_cookies = NULL;
    r->state = NULL;
    r->input = NULL;
    r->problems = NULL;
    r->detached = NULL;
    r->failure = NULL;
    r->n_elsewhere = 0;
    r->err = 0;
}

/* The route's own delegate has the exchange from here on. */
static gu_cold int hand_over(gust_exchange *x, const struct gu_rule *rule)
{
    x->delegate = rule->delegate;
    x->arg = rule->data;
    x->state = NULL;
    return x->delegate->headers_received == NULL ? 0 : x->delegate->headers_received(x);
}

/* What most requests are: a verb that nothing stands before, and no query or body to be read. */
static bool is_straight(const gust_request *r)
{
    return r->rule->handler.is_straight && (r->flags & (GU_R_HOOKED | GU_R_XSRF)) == 0 &&
           r->x->query.len == 0 && (r->x->flags & GU_X_BODY_READ) != 0 &&
           r->rule->handler.verbs[r->x->method] != NULL;
}

static gu_noinline int run_at_length(gust_request *r, int status)
{
    int err = 0;

    gu_response_defaults(r);
    if (r->rule == NULL)
        return status == 0 ? answer_unrouted(r) : gust_send_error(r, status);
    if (r->handler->has_setup)
        err = set_up(r);
    if (err == 0)
        err = status == 0 ? run_handler(r) : gust_send_error(r, status);
    return err;
}

static gu_cold void answer_failure(gust_request *r, int err)
{
    gu_response_error(r, &(gust_error){.code = err});
}

static int web_run(gust_exchange *x)
{
    gust_request *r = gu_arena_alloc(&x->task->arena, sizeof *r + FIRST_BODY);
    int err, status;

    if (gu_unlikely(r == NULL))
        return -ENOMEM;
    request_init(r, x);
    x->state = r;
    status = gu_router_find(r->app->router, r);
    if (gu_likely(r->rule != NULL)) {
        x->task->name = x->task->home->loop->running = r->rule->handler.name;
        if (gu_unlikely(r->rule->delegate != NULL))
            return hand_over(x, r->rule);
        r->handler = &r->rule->handler;
    }
    if (gu_likely(status == 0 && r->rule != NULL) && gu_likely(is_straight(r)))
        err = r->handler->verbs[x->method](r);
    else
        err = run_at_length(r, status);
    if (gu_unlikely(err < 0) && err != -GUST_EANSWERED)
        answer_failure(r, err);
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
