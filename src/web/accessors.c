/*
 * accessors — what a request says in its head
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/cookie.h"
#include "web/web_impl.h"
#include <jansson.h>

/* --- what the other accessors begin with --- */

struct gu_input *gu_request_input(gust_request *r)
{
    if (r->input == NULL) {
        r->input = gu_arena_alloc(&r->x->arena, sizeof *r->input);
        if (r->input != NULL)
            *r->input = (struct gu_input){0};
    }
    return r->input;
}

void gu_request_release(gust_exchange *x)
{
    struct gu_input *input = ((gust_request *)x->state)->input;

    json_decref(input->json);
    input->json = NULL;
    gu_body_decoder_free(input->decoder);
    input->decoder = NULL;
}

void gu_request_check_raise(const gust_request *r, const char *what)
{
    const struct gust_task *task = gu_task_check_raise(what);

    if (gu_unlikely(task != r->x->task))
        gu_misuse("%s may raise, and was called by task \"%s\" for a request that is not its own: "
                  "use the form that returns",
                  what, task->name);
}

/* --- where it belongs --- */

gust_app *gust_request_app(const gust_request *r)
{
    return r->app;
}

void *gust_data(const gust_request *r)
{
    return r->app->data;
}

void *gust_route_data(const gust_request *r)
{
    return r->rule == NULL ? NULL : r->rule->data;
}

void *gust_state(const gust_request *r)
{
    return r->state;
}

/* --- the head --- */

const char *gust_method(const gust_request *r)
{
    return r->x->method_name.ptr;
}

const char *gust_uri(const gust_request *r)
{
    return r->x->target.ptr;
}

const char *gust_path(const gust_request *r)
{
    return r->x->path.ptr;
}

const char *gust_query(const gust_request *r)
{
    return r->x->query.ptr;
}

const char *gust_http_version(const gust_request *r)
{
    return r->x->minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

const char *gust_host(const gust_request *r)
{
    return r->x->host.ptr;
}

double gust_request_time(const gust_request *r)
{
    struct gust_loop *loop = r->x->server->http->loop;

    gu_loop_refresh_now(loop);
    return (double)(loop->now - r->x->started) / (double)GU_SECOND;
}

const char *gust_get_header(const gust_request *r, const char *name)
{
    return gu_exchange_field(r->x, gust_str_from(name)).ptr;
}

const char *gust_get_headers(const gust_request *r, const char *name, size_t i)
{
    gust_str wanted = gust_str_from(name), field, value;

    for (size_t k = 0; gust_exchange_field(r->x, k, &field, &value); k++)
        if (gu_str_ieq(field, wanted) && i-- == 0)
            return value.ptr;
    return NULL;
}

bool gust_get_field(const gust_request *r, size_t i, gust_field *field)
{
    gust_str name, value;

    if (!gust_exchange_field(r->x, i, &name, &value))
        return false;
    *field = (gust_field){name.ptr, value.ptr};
    return true;
}

/* --- cookies --- */

gust_str gu_request_joined(const gust_request *r, enum gu_field_id id, const char *separator)
{
    const gust_exchange *x = r->x;
    struct gu_buf all;
    gust_str joined = {NULL, 0};

    if (x->first[id] == 0)
        return joined;
    gu_buf_init(&all, &r->x->arena, SIZE_MAX - 1);
    for (unsigned i = x->first[id] - 1u; i < x->n_fields; i++) {
        if (x->fields[i].id != id)
            continue;
        if (i >= x->first[id])
            gu_buf_puts(&all, separator);
        gu_buf_put(&all, x->head + x->fields[i].value, x->fields[i].value_len);
    }
    gust_ignore(gu_buf_finish(&all, &joined));
    return joined;
}

static void read_cookies(gust_request *r, struct gu_input *input)
{
    gust_str field = gu_request_joined(r, GU_FIELD_COOKIE, ";");
    int err = field.ptr == NULL
                  ? 0
                  : gu_cookie_parse(&r->x->arena, field, GU_COOKIE_MAX, &input->cookies);

    input->has_cookies = true;
    if (err == -GUST_ETOOBIG)
        GU_LOG_ONCE_PER(60, r->x->started, GUST_LOG_WARNING, GU_LOG_GENERAL,
                        "%s %s: more than %u cookies: none is read", r->x->method_name.ptr,
                        r->x->path.ptr, GU_COOKIE_MAX);
}

const struct gu_pairs *gu_request_cookies(gust_request *r)
{
    static const struct gu_pairs none;
    struct gu_input *input;

    if (r->x->first[GU_FIELD_COOKIE] == 0)
        return &none;
    input = gu_request_input(r);
    if (input == NULL)
        return &none;
    if (!input->has_cookies)
        read_cookies(r, input);
    return &input->cookies;
}

const char *gust_get_cookie(gust_request *r, const char *name)
{
    const gust_str *value = gu_pairs_find_last(gu_request_cookies(r), gust_str_from(name));

    return value != NULL && gu_text_is_sound(*value) ? value->ptr : NULL;
}
