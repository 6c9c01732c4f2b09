/*
 * error_stage — see error_stage.h
 */
#include "error_stage.h"
#include <errno.h>

struct web *serve_story(const gust_handler *story, const gust_app_options *options)
{
    static gust_handler handler;
    static const gust_route routes[] = {{.path = "/", .handler = &handler}, {0}};
    gust_app_options own = options == NULL ? (gust_app_options){0} : *options;

    handler = *story;
    handler.name = "story";
    own.routes = routes;
    return web_open(&own);
}

struct web *serve_get(gust_handler_fn *get)
{
    return serve_story(&(gust_handler){.get = get}, NULL);
}

int send_404(gust_request *r)
{
    return gust_send_error(r, 404);
}

int fail_502(gust_request *r)
{
    return gust_fail(r, 502, "the password is %s", "x");
}

int raise_500(gust_request *r)
{
    gust_raise(r, 500, "the password is %s", "x");
}

int late_code_get(gust_request *r)
{
    gust_puts(r, "whole");
    gust_ignore(gust_finish(r));
    return -EIO;
}

int latched_code_get(gust_request *r)
{
    gust_set_header(r, "X\n", "");
    return gust_finish(r);
}
