/*
 * path_args — what the groups of a route's path took
 */
#include "base/str.h"
#include "codec/percent.h"
#include "web/number.h"
#include "web/pattern.h"
#include "web/web_impl.h"

/* --- taking --- */

/* 0 or the status to answer by. */
static int take(gust_request *r, gust_str raw, gust_str *arg)
{
    gust_str text;

    *arg = (gust_str){NULL, 0};
    if (raw.ptr == NULL)
        return 0;
    text = gu_percent_unescape(&r->x->arena, raw, GU_PERCENT_PATH);
    if (text.ptr == NULL)
        return 503;
    if (!gu_text_is_sound(text))
        return 400;
    *arg = text;
    return 0;
}

int gu_path_args_take(gust_request *r, const struct gu_matcher *matcher)
{
    uint32_t n = r->rule->n_groups;
    struct gu_input *input = gu_request_input(r);
    int status = 0;

    if (input == NULL)
        return 503;
    input->path_args = gu_arena_alloc(&r->x->arena, n * sizeof *input->path_args);
    if (input->path_args == NULL)
        return 503;
    for (uint32_t i = 0; i < n; i++) {
        int err = take(r, gu_matcher_group(matcher, i), &input->path_args[i]);

        status = status == 0 ? err : status; /* the rest is there all the same, for error pages */
    }
    return status;
}

/* --- the accessors --- */

const char *gust_path_arg(const gust_request *r, size_t i)
{
    if (r->rule == NULL || i >= r->rule->n_groups || r->input == NULL ||
        r->input->path_args == NULL)
        return NULL;
    return r->input->path_args[i].ptr;
}

const char *gust_path_named(const gust_request *r, const char *name)
{
    int i =
        r->rule == NULL || r->rule->pattern == NULL ? -1 : gu_pattern_group(r->rule->pattern, name);

    return i < 0 ? NULL : gust_path_arg(r, (size_t)i);
}

bool gust_find_path_int(const gust_request *r, size_t i, int64_t *value)
{
    const char *text = gust_path_arg(r, i);

    return text != NULL && gu_number_parse(gust_str_from(text), value) == 0;
}

int64_t gust_path_int(gust_request *r, size_t i)
{
    int64_t value;

    gu_request_check_raise(r, "gust_path_int");
    if (!gust_find_path_int(r, i, &value)) {
        const char *text = gust_path_arg(r, i);

        gu_task_raise(404, "\"%s\" in the path is not a number", text == NULL ? "" : text);
    }
    return value;
}
