/*
 * life — detached requests, clients that leave, and the end
 *
 * A request belongs to its task: whatever is done to it from elsewhere (a callback, another task, a
 * client that closes) only leaves a note and wakes that task, which does the rest. So an error page
 * is written, and on_finish runs, in one place and on one stack, and `r` is good until then.
 */
#include "base/loopstack.h"
#include "web/web_impl.h"

/* --- detached --- */

struct parked {
    struct gu_wait wait;
    gust_request *r;
};

static void abandon_parked(struct gu_wait *wait)
{
    gu_container_of(wait, struct parked, wait)->r->detached = NULL;
}

static void wake_parked(gust_request *r)
{
    struct gu_wait *wait = r->detached;

    r->detached = NULL;
    if (wait != NULL)
        gu_task_wake(wait->task, 0);
}

int gust_detach(gust_request *r)
{
    if ((r->flags & GU_R_FINISHED) == 0)
        r->flags |= GU_R_DETACHED;
    return 0;
}

bool gu_request_is_elsewhere(const gust_request *r)
{
    return (r->flags & GU_R_DETACHED) != 0 && gu_task_current() != r->x->task;
}

void gu_request_ask_end(gust_request *r, const gust_error *failure)
{
    if ((r->flags & GU_R_END_ASKED) != 0)
        return;
    r->flags |= GU_R_END_ASKED;
    if (failure != NULL)
        r->failure = (const void *)gu_arena_copy(&r->x->arena, failure, sizeof *failure).ptr;
    wake_parked(r);
}

/* Until somebody ends the request, the client leaves, or the task is cancelled; and until no other
 * task is inside a call that uses the request. */
static int park(gust_request *r)
{
    struct parked parked = {{.abandon = abandon_parked, .task = r->x->task}, r};
    int err = 0;

    while (err == 0 && (r->flags & (GU_R_END_ASKED | GU_R_GONE)) == 0) {
        r->detached = &parked.wait;
        err = gu_task_wait(&parked.wait, GU_FOREVER);
    }
    r->flags |= GU_R_END_ASKED;
    while (r->n_elsewhere > 0) {
        r->detached = &parked.wait;
        gust_ignore(gu_task_wait_out(&parked.wait));
    }
    r->flags &= ~(unsigned)(GU_R_END_ASKED | GU_R_DETACHED);
    return err;
}

static void end_detached(gust_request *r)
{
    int err = park(r);

    if (r->failure != NULL)
        gu_response_error(r, r->failure);
    else if (err < 0)
        gu_response_error(r, &(gust_error){.code = err});
}

bool gu_request_enter(gust_request *r)
{
    bool is_elsewhere = gu_request_is_elsewhere(r);

    r->n_elsewhere += is_elsewhere;
    return is_elsewhere;
}

void gu_request_leave(gust_request *r, bool is_elsewhere)
{
    if (is_elsewhere && --r->n_elsewhere == 0)
        wake_parked(r);
}

/* --- other protocols --- */

gust_stream *gust_request_stream(gust_request *r)
{
    gust_stream *stream = NULL;

    if ((r->flags & (GU_R_ENDED | GU_R_DETACHED)) == 0)
        stream = gust_exchange_stream(r->x);
    if (stream == NULL)
        return NULL;
    r->flags |= GU_R_FINISHED;
    r->status = 101; /* for the log */
    return stream;
}

/* --- clients that leave --- */

static int call_on_close(void *arg)
{
    gust_request *r = arg;

    r->handler->fns.on_close(r);
    return 0;
}

void gu_request_gone(gust_exchange *x)
{
    gust_request *r = x->state;

    if (r == NULL || (r->flags & (GU_R_FINISHED | GU_R_GONE)) != 0)
        return;
    r->flags |= GU_R_GONE;
    if (r->handler != NULL && r->handler->fns.on_close != NULL)
        gust_ignore(gu_on_loop_stack(call_on_close, r));
    if (r->handler != NULL && (r->handler->fns.flags & GUST_CANCEL_ON_CLOSE) != 0)
        gu_task_cancel(x->task, GUST_CANCEL_CLOSED);
    wake_parked(r);
}

/* Most who shut their side down still read; to a handler that wants to know of leaving it is that,
 * since nothing else will tell. What the client sent behind the request is not answered either. */
void gu_request_half_closed(gust_exchange *x)
{
    const gust_request *r = x->state;

    if (x->delegate != &gu_web_delegate || r == NULL || r->handler == NULL ||
        (r->flags & GU_R_FINISHED) != 0 || (r->handler->fns.flags & GUST_CANCEL_ON_CLOSE) == 0)
        return;
    x->flags |= GU_X_CUT;
    gu_exchange_gone(x);
}

/* --- the end --- */

static void notify_finish(gust_request *r)
{
    r->flags |= GU_R_NOTED;
    if (r->handler != NULL && r->handler->fns.on_finish != NULL)
        r->handler->fns.on_finish(r);
}

static void log_request(gust_request *r)
{
    r->flags |= GU_R_LOGGED;
    if (r->app->options.log_request != NULL)
        r->app->options.log_request(r);
    else
        gu_access_log(r);
}

void gu_request_end_rest(gust_request *r)
{
    if (gu_unlikely((r->flags & (GU_R_DETACHED | GU_R_FINISHED)) == GU_R_DETACHED))
        end_detached(r);
    if ((r->flags & GU_R_FINISHED) == 0)
        gust_ignore(gust_finish(r));
    if ((r->flags & GU_R_NOTED) == 0)
        notify_finish(r);
    if ((r->flags & GU_R_LOGGED) == 0)
        log_request(r);
}
