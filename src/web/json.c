/*
 * json — bodies and texts as jansson's values
 *
 * jansson counts references, so a value that belongs to a request or a scope is let go there.
 */
#include "base/json.h"
#include "base/str.h"
#include "web/web_impl.h"
#include <gust/json.h>

/* --- of a scope --- */

static void let_go(void *json)
{
    json_decref(json);
}

json_t *gust_json_decode(gust_str text, gust_error *error)
{
    json_t *json;

    if (gu_json_decode(text, GU_TASK_MEMORY, &json, error) < 0)
        return NULL;
    gust_defer(let_go, json);
    return json;
}

const char *gust_json_encode(const json_t *json)
{
    gust_str text;
    struct gu_buf b;
    int err;

    gu_buf_init(&b, gu_arena_here(), SIZE_MAX - 1);
    gu_json_put_json(&b, json);
    err = gu_buf_finish(&b, &text);
    if (err == -ENOMEM)
        gu_no_memory();
    return err < 0 ? NULL : text.ptr;
}

/* --- of a request --- */

json_t *gust_find_json(gust_request *r, gust_error *error)
{
    struct gu_input *input = gu_request_input(r);
    int err;

    if (input != NULL && input->json != NULL)
        return input->json;
    if (input == NULL) {
        *error = (gust_error){.status = 503, .code = -ENOMEM, .message = "memory is short"};
        return NULL;
    }
    err = gu_json_decode(r->request_body, r->x->arena.limit, &input->json, error);
    if (err == 0) {
        r->x->release = gu_request_release;
        return input->json;
    }
    error->status = err == -ENOMEM ? 503 : err == -GUST_ETOOBIG ? 413 : 400;
    return NULL;
}

json_t *gust_get_json(gust_request *r)
{
    gust_error error = {0};
    json_t *json;

    gu_request_check_raise(r, "gust_get_json");
    json = gust_find_json(r, &error);
    if (json == NULL && error.line > 0)
        gu_task_raise(error.status, "%s, in line %d, column %d", error.message, error.line,
                      error.column);
    if (json == NULL)
        gu_task_raise(error.status, "%s", error.message);
    return json;
}
