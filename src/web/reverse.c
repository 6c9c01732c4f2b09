/*
 * reverse — the URL of a named route
 */
#include "base/str.h"
#include "codec/percent.h"
#include "web/web_impl.h"

static unsigned count_args(va_list args)
{
    unsigned n = 0;

    while (va_arg(args, const char *) != NULL)
        n++;
    return n;
}

static void put_url(struct gu_buf *b, const struct gu_reverse *reverse, va_list args)
{
    gu_buf_put_str(b, reverse->pieces[0]);
    for (unsigned i = 0; i < reverse->n_groups; i++) {
        gu_percent_put(b, gust_str_from(va_arg(args, const char *)), GU_PERCENT_PATH);
        gu_buf_put_str(b, reverse->pieces[i + 1]);
    }
}

const char *gust_reverse_url(gust_request *r, const char *name, ...)
{
    const struct gu_rule *rule;
    gust_str url;
    struct gu_buf b;
    va_list args;
    unsigned n;

    gu_request_check_raise(r, "gust_reverse_url");
    rule = gu_router_named(r->app->router, name);
    if (rule == NULL)
        gu_task_raise(500, "gust_reverse_url: no route has the name \"%s\"", name);
    va_start(args, name);
    n = count_args(args);
    va_end(args);
    if (n != rule->reverse.n_groups)
        gu_task_raise(500, "gust_reverse_url: the route \"%s\" takes %u arguments, not %u", name,
                      rule->reverse.n_groups, n);
    gu_buf_init(&b, gu_arena_here(), SIZE_MAX - 1);
    va_start(args, name);
    put_url(&b, &rule->reverse, args);
    va_end(args);
    if (gu_buf_finish(&b, &url) < 0)
        gu_no_memory();
    return url.ptr;
}
