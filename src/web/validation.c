/*
 * validation — what is wrong with a request, collected and answered at once
 */
#include "base/str.h"
#include "web/web_impl.h"

#define ANSWER 422
#define MESSAGE "some fields are not valid"

/* The flag is set by itself, so that short memory may cost a problem's text, but never the problem.
 */
void gust_invalid(gust_request *r, const char *field, const char *format, ...)
{
    gust_str message = GU_STR("not valid");
    struct gu_buf text;
    va_list args;

    r->flags |= GU_R_INVALID;
    gu_buf_init(&text, &r->x->arena, SIZE_MAX - 1);
    va_start(args, format);
    gu_buf_vprintf(&text, format, args);
    va_end(args);
    gust_ignore(gu_buf_finish(&text, &message));
    gu_problem_add(r, gust_str_from(field), message);
}

const char *gust_find_invalid(const gust_request *r, const char *field)
{
    const struct gu_problem *p = r->problems == NULL ? NULL : r->problems->first;

    while (p != NULL && !gust_str_equal(p->field, field))
        p = p->next;
    return p == NULL ? NULL : p->message.ptr;
}

bool gust_is_valid(const gust_request *r)
{
    return (r->flags & GU_R_INVALID) == 0;
}

void gust_check_valid(gust_request *r)
{
    gu_request_check_raise(r, "gust_check_valid");
    if (!gust_is_valid(r))
        gu_task_raise(ANSWER, MESSAGE);
}

int gust_fail_invalid(gust_request *r)
{
    return gust_is_valid(r) ? 0 : gust_fail(r, ANSWER, MESSAGE);
}
