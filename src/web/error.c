/*
 * error — failing, and the pages that tell
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/status.h"
#include "web/web_impl.h"

#define MESSAGE_MAX ((size_t)64 * 1024)

/* What a handler's negative result is answered by. */
static int status_of(int code)
{
    switch (-code) {
    case ETIMEDOUT:
        return 504;
    case ECANCELED:
    case ENOMEM:
    case GUST_EFULL:
        return 503;
    case GUST_ETOOBIG:
        return 413;
    case GUST_ESLOW:
        return 408;
    case GUST_EPROTO:
        return 400;
    default:
        return 500;
    }
}

void gu_response_error(gust_request *r, const gust_error *error)
{
    int status = error->status != 0 ? error->status : status_of(error->code);
    const char *reason = gu_status_reason(status);

    if ((r->flags & (GU_R_FLUSHED | GU_R_FINISHED)) != 0) {
        r->x->flags |= GU_X_CUT;
        return;
    }
    r->flags |= GU_R_ANSWERING_ERROR;
    r->err = 0;
    gu_buf_clear(&r->body);
    gust_set_status(r, status);
    gust_printf(r, "<html><title>%d: %s</title><body>%d: %s</body></html>", status, reason, status,
                reason);
    gust_ignore(gust_finish(r));
}

int gust_send_error(gust_request *r, int status)
{
    gu_response_error(r, &(gust_error){.status = status});
    return -GUST_EANSWERED;
}

int gust_fail(gust_request *r, int status, const char *format, ...)
{
    gust_str message = {NULL, 0};
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
        gu_buf_fail(&r->body, -ENOMEM);
        return;
    }
    *r->problems->last = problem;
    r->problems->last = &problem->next;
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
