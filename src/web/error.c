/*
 * error — failing: what is answered, and what the log is told
 *
 * However a request fails (a negative result, gust_fail(), a raise, an error that writing latched),
 * it comes to gu_response_error(). Each step sets its flag before it runs anything of the user's,
 * so that what fails while an error is being answered comes to the next step, an empty 500, and
 * never round again.
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/status.h"
#include "web/web_impl.h"

#define MESSAGE_MAX ((size_t)64 * 1024)

/* --- what the log is told --- */

/* The client's errors are its own affair, unless the handler said something about them. */
static void log_refusal(const gust_request *r, const gust_error *error)
{
    if (error->message != NULL)
        gu_log(GUST_LOG_WARNING, GU_LOG_GENERAL, "%d %s %s (%s): %s", error->status,
               r->x->method_name.ptr, r->x->target.ptr, gust_remote_ip(r), error->message);
}

static const char *why(const gust_error *error)
{
    if (error->code == -ENOMEM)
        return "out of memory, or beyond the task's limit (max_task_memory)";
    return error->message != NULL ? error->message : gust_strerror(error->code);
}

static void log_failure(const gust_request *r, const gust_error *error)
{
    const char *state = "";

    if ((r->flags & GU_R_FINISHED) != 0)
        state = ", after the response";
    else if ((r->flags & GU_R_FLUSHED) != 0)
        state = ", after the head had left: the connection is cut";
    else if ((r->flags & GU_R_ANSWERING_ERROR) != 0)
        state = ", while answering an error";
    gu_log(GUST_LOG_ERROR, GU_LOG_APPLICATION, "%d %s %s (%s) in %s%s: %s", error->status,
           r->x->method_name.ptr, r->x->target.ptr, gust_remote_ip(r), r->x->task->name, state,
           why(error));
}

/* A client that left, and a server that shuts down, are no errors. */
static bool is_news(const gust_request *r, const gust_error *error)
{
    if (error->code == -ECANCELED || (error->code == -GUST_ECLOSED && (r->flags & GU_R_GONE) != 0))
        return false;
    return error->code != 0 || error->message != NULL;
}

static void log_error(const gust_request *r, const gust_error *error)
{
    if (!is_news(r, error))
        return;
    if (error->status >= 500 ||
        (r->flags & (GU_R_FLUSHED | GU_R_FINISHED | GU_R_ANSWERING_ERROR)) != 0)
        log_failure(r, error);
    else
        log_refusal(r, error);
}

/* --- answering --- */

/* RFC 9110 15.5.6: a 405 says what is allowed. */
static gust_str allow_of(gust_request *r)
{
    for (const struct gu_out_field *f = r->fields; f != NULL; f = f->next)
        if (gu_str_ieq(f->name, GU_STR("Allow")))
            return f->value;
    return gust_str_from(r->handler == NULL ? NULL : gu_allow(r, r->handler));
}

static void begin_anew(gust_request *r, int status)
{
    gust_str allow = status == 405 ? allow_of(r) : GU_STR("");

    r->err = 0;
    gu_response_clear(r);
    r->status = status;
    if (allow.len > 0)
        gu_response_put_field(r, GU_STR("Allow"), allow);
}

/* The last resort, which nothing of the user's takes part in. */
static void answer_empty(gust_request *r)
{
    begin_anew(r, 500);
    r->flags |= GU_R_FINISHED;
    gu_response_send(r, GU_STR(""));
}

static const char *public_message(const gust_request *r, const gust_error *error)
{
    bool is_public = error->status < 500 || r->app->options.debug;

    return is_public ? error->message : NULL;
}

void gust_write_error(gust_request *r, const gust_error *error)
{
    gu_error_page(r, error->status, public_message(r, error));
}

static void answer(gust_request *r, const gust_error *error)
{
    void (*hook)(gust_request *, const gust_error *) =
        r->handler == NULL ? NULL : r->handler->fns.write_error;

    r->flags |= GU_R_ANSWERING_ERROR;
    begin_anew(r, error->status);
    gu_response_defaults(r);
    if (hook == NULL)
        hook = r->app->options.write_error;
    if (hook == NULL)
        hook = gust_write_error;
    hook(r, error);
    if ((r->flags & GU_R_FINISHED) == 0)
        gust_ignore(gust_finish(r));
}

static void cut(gust_request *r)
{
    r->x->flags |= GU_X_CUT;
    r->flags |= GU_R_FINISHED;
}

static int settle_status(const gust_request *r, const gust_error *error)
{
    int status = error->status != 0 ? error->status : gu_exchange_status_of(r->x, error->code);

    return status >= 400 && status <= 599 ? status : 500;
}

void gu_response_error(gust_request *r, const gust_error *given)
{
    gust_error error = *given;
    bool is_answered = (r->flags & GU_R_FINISHED) != 0;

    error.status = settle_status(r, given);
    if (gu_request_is_elsewhere(r)) {
        gu_request_ask_end(r, &error);
        return;
    }
    if (is_answered && (r->flags & GU_R_ANSWERING_ERROR) != 0 && error.code != 0)
        return; /* the handler returned what gust_finish() has answered and told it */
    log_error(r, &error);
    if (is_answered)
        return;
    if ((r->flags & GU_R_GONE) != 0)
        gust_ignore(gu_response_end_gone(r));
    else if ((r->flags & GU_R_FLUSHED) != 0)
        cut(r);
    else if ((r->flags & GU_R_ANSWERING_ERROR) != 0)
        answer_empty(r);
    else
        answer(r, &error);
}

int gust_send_error(gust_request *r, int status)
{
    gu_response_error(r, &(gust_error){.status = status});
    return -GUST_EANSWERED;
}

int gust_fail(gust_request *r, int status, const char *format, ...)
{
    gust_str message = {"", 0};
    struct gu_buf text;
    va_list args;

    gu_buf_init(&text, &r->x->arena, MESSAGE_MAX);
    va_start(args, format);
    gu_buf_vprintf(&text, format, args);
    va_end(args);
    gust_ignore(gu_buf_finish(&text, &message));
    gu_response_error(r, &(gust_error){.status = status, .message = message.ptr});
    return -GUST_EANSWERED;
}

void gust_raise(gust_request *r, int status, const char *format, ...)
{
    va_list args;

    if (gu_task_check_raise("gust_raise()") != r->x->task)
        gu_misuse("gust_raise() was called by task \"%s\" for a request that is not its own: use "
                  "gust_fail()",
                  gu_task_current()->name);
    va_start(args, format);
    gu_task_vraise(status, format, args);
}

const char *gu_allow(gust_request *r, const struct gu_handler *handler)
{
    static const char *const names[GU_N_METHODS] = {
        [GU_METHOD_GET] = "GET",        [GU_METHOD_HEAD] = "HEAD",   [GU_METHOD_POST] = "POST",
        [GU_METHOD_PUT] = "PUT",        [GU_METHOD_PATCH] = "PATCH", [GU_METHOD_DELETE] = "DELETE",
        [GU_METHOD_OPTIONS] = "OPTIONS"};
    struct gu_buf list;
    gust_str text = {"", 0};

    gu_buf_init(&list, &r->x->arena, 256);
    for (unsigned i = 0; i < GU_N_METHODS; i++) {
        if ((handler->methods & (1u << i)) == 0 || names[i] == NULL)
            continue;
        if (list.len > 0)
            gu_buf_puts(&list, ", ");
        gu_buf_puts(&list, names[i]);
    }
    gust_ignore(gu_buf_finish(&list, &text));
    return text.ptr;
}

/* --- problems of fields --- */

void gu_problem_add(gust_request *r, gust_str field, gust_str message)
{
    struct gust_arena *arena = &r->x->arena;
    struct gu_problem *problem = gu_arena_alloc(arena, sizeof *problem);

    if (r->problems == NULL && (r->problems = gu_arena_alloc(arena, sizeof *r->problems)) != NULL)
        *r->problems = (struct gu_problems){NULL, &r->problems->first};
    if (problem != NULL) {
        problem->next = NULL;
        problem->field = gu_arena_copy(arena, field.ptr, field.len);
        problem->message = gu_arena_copy(arena, message.ptr, message.len);
    }
    if (r->problems == NULL || problem == NULL || problem->field.ptr == NULL ||
        problem->message.ptr == NULL) {
        gu_response_latch(r, -ENOMEM);
        return;
    }
    *r->problems->last = problem;
    r->problems->last = &problem->next;
}
