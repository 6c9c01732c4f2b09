/*
 * template_names — what templates of a handler know, behind what they are given
 *
 * The names of the tables below are worked out for the templates that use them.
 */
#include "base/str.h"
#include "codec/percent.h"
#include "template/template_impl.h"
#include "web/web_impl.h"

/* A name, and how its value is had. */
struct name {
    const char *name;
    bool (*get)(gust_request *r, gust_value *value);
};

/* An object about a request. */
struct about {
    gust_object object;
    gust_request *r;
    const struct name *names;
};

static const struct name *find(const struct name *names, gust_str name)
{
    for (; names->name != NULL; names++)
        if (gust_str_equal(name, names->name))
            return names;
    return NULL;
}

static bool get_attribute(const gust_object *self, gust_str name, gust_value *value)
{
    const struct about *about = (const struct about *)(const void *)self;
    const struct name *found = find(about->names, name);

    return found != NULL && found->get(about->r, value);
}

static bool make_object(gust_request *r, const char *name, const struct name *names,
                        bool (*get)(const gust_object *, gust_str, gust_value *), gust_value *value)
{
    struct about *about = gu_arena_alloc(&r->x->arena, sizeof *about);

    if (about == NULL)
        return false;
    *about = (struct about){{.get = get, .name = name}, r, names};
    *value = gust_value_object(&about->object);
    return true;
}

static bool text(const char *text, gust_value *value)
{
    *value = gust_value_text(text);
    return true;
}

/* --- request --- */

static bool request_method(gust_request *r, gust_value *value)
{
    return text(gust_method(r), value);
}

static bool request_uri(gust_request *r, gust_value *value)
{
    return text(gust_uri(r), value);
}

static bool request_path(gust_request *r, gust_value *value)
{
    return text(gust_path(r), value);
}

static bool request_query(gust_request *r, gust_value *value)
{
    return text(gust_query(r), value);
}

static bool request_version(gust_request *r, gust_value *value)
{
    return text(gust_http_version(r), value);
}

static bool request_host(gust_request *r, gust_value *value)
{
    return text(gust_host(r), value);
}

static bool request_remote_ip(gust_request *r, gust_value *value)
{
    return text(gust_remote_ip(r), value);
}

static bool request_protocol(gust_request *r, gust_value *value)
{
    return text(gust_protocol(r), value);
}

static bool get_header(const gust_object *self, gust_str name, gust_value *value)
{
    const struct about *about = (const struct about *)(const void *)self;
    gust_str found = gu_exchange_field(about->r->x, name);

    *value = gust_value_str(found);
    return found.ptr != NULL;
}

static bool request_headers(gust_request *r, gust_value *value)
{
    return make_object(r, "HTTPHeaders", NULL, get_header, value);
}

static const struct name request_names[] = {
    {"headers", request_headers},     {"host", request_host},
    {"method", request_method},       {"path", request_path},
    {"protocol", request_protocol},   {"query", request_query},
    {"remote_ip", request_remote_ip}, {"uri", request_uri},
    {"version", request_version},     {NULL, NULL},
};

static bool name_request(gust_request *r, gust_value *value)
{
    return make_object(r, "HTTPServerRequest", request_names, get_attribute, value);
}

/* --- functions --- */

static const char *copy_text(gust_request *r, gust_value value)
{
    gust_str s = gust_value_text_of(value);

    return gu_arena_copy(&r->x->arena, s.ptr, s.len).ptr;
}

static gust_value get_argument(gust_call *call)
{
    gust_request *r = call->context;
    const char *name = copy_text(r, gust_call_arg(call, 0, "name"));
    const char *found = name == NULL ? NULL : gust_find_argument(r, name);

    return found != NULL ? gust_value_text(found) : gust_call_arg(call, 1, "default");
}

static gust_value get_cookie(gust_call *call)
{
    gust_request *r = call->context;
    const char *name = copy_text(r, gust_call_arg(call, 0, "name"));
    const char *found = name == NULL ? NULL : gust_get_cookie(r, name);

    return found != NULL ? gust_value_text(found) : gust_call_arg(call, 1, "default");
}

static void put_argument(struct gu_buf *b, gust_value value)
{
    char digits[24];
    struct gu_buf number;
    uint64_t u = value.as.integer < 0 ? 0 - (uint64_t)value.as.integer : (uint64_t)value.as.integer;

    if (value.type != GUST_INT) {
        gu_percent_put(b, gust_value_text_of(value), GU_PERCENT_PATH);
        return;
    }
    gu_buf_init_fixed(&number, digits, sizeof digits);
    if (value.as.integer < 0)
        gu_buf_putc(&number, '-');
    gu_buf_u64(&number, u);
    gu_buf_put(b, digits, number.len);
}

static gust_value reverse_url(gust_call *call)
{
    gust_request *r = call->context;
    const char *name = copy_text(r, gust_call_arg(call, 0, "name"));
    const struct gu_rule *rule = name == NULL ? NULL : gu_router_named(r->app->router, name);
    struct gu_buf b;
    gust_str url = GU_STR("");

    if (rule == NULL)
        return gust_call_fail(call, "no route has the name \"%s\"", name == NULL ? "" : name);
    if (call->n_args != rule->reverse.n_groups + 1u)
        return gust_call_fail(call, "the route \"%s\" takes %u arguments, not %zu", name,
                              rule->reverse.n_groups, call->n_args - 1);
    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    gu_buf_put_str(&b, rule->reverse.pieces[0]);
    for (unsigned i = 0; i < rule->reverse.n_groups; i++) {
        put_argument(&b, call->args[i + 1]);
        gu_buf_put_str(&b, rule->reverse.pieces[i + 1]);
    }
    if (gu_buf_finish(&b, &url) < 0)
        return gust_call_fail(call, "memory is short");
    return gust_value_str(url);
}

/* {% module Template("name", key=value) %}: its output, with nothing of what is around. */
static gust_value module_template(gust_call *call)
{
    gust_request *r = call->context;
    const char *name = copy_text(r, gust_call_arg(call, 0, "path"));
    static const char again[] = "RuntimeError: "; /* what failing adds, once for each template */
    struct gu_report report;
    gust_str page;

    if (name == NULL)
        return gust_call_fail(call, "memory is short");
    if (gu_render_page(r, name, call->named, &page, &report) < 0) {
        size_t said = strncmp(report.message.ptr, again, strlen(again)) == 0 ? strlen(again) : 0;

        return gust_call_fail(call, "%s", report.message.ptr + said);
    }
    return gust_value_str(page);
}

static const gust_function get_argument_fn = {.fn = get_argument, .name = "get_argument"};
static const gust_function get_cookie_fn = {.fn = get_cookie, .name = "get_cookie"};
static const gust_function reverse_url_fn = {.fn = reverse_url, .name = "reverse_url"};
static const gust_function template_fn = {.fn = module_template};

static bool name_reverse_url(gust_request *r, gust_value *value)
{
    (void)r;
    *value = gust_value_function(&reverse_url_fn);
    return true;
}

static bool name_get_argument(gust_request *r, gust_value *value)
{
    (void)r;
    *value = gust_value_function(&get_argument_fn);
    return true;
}

static bool name_get_cookie(gust_request *r, gust_value *value)
{
    (void)r;
    *value = gust_value_function(&get_cookie_fn);
    return true;
}

/* --- modules --- */

static bool get_module(const gust_object *self, gust_str name, gust_value *value)
{
    const struct about *about = (const struct about *)(const void *)self;

    for (const gust_kv *kv = about->r->app->options.ui_modules; kv != NULL && kv->key != NULL; kv++)
        if (gust_str_equal(name, kv->key)) {
            *value = kv->value;
            return true;
        }
    *value = gust_value_function(&template_fn);
    return gust_str_equal(name, "Template");
}

static bool name_modules(gust_request *r, gust_value *value)
{
    return make_object(r, "modules", NULL, get_module, value);
}

/* --- all names --- */

static const struct name handler_names[] = {
    {"get_argument", name_get_argument},
    {"get_cookie", name_get_cookie},
    {"request", name_request},
    {"reverse_url", name_reverse_url},
    {NULL, NULL},
};

static bool name_handler(gust_request *r, gust_value *value)
{
    return make_object(r, "handler", handler_names, get_attribute, value);
}

static const struct name names[] = {
    {"_tt_modules", name_modules}, {"handler", name_handler},         {"modules", name_modules},
    {"request", name_request},     {"reverse_url", name_reverse_url}, {NULL, NULL},
};

bool gu_template_name(void *request, gust_str name, gust_value *value)
{
    const struct name *found = find(names, name);

    return found != NULL && found->get(request, value);
}
