/*
 * app — an application's life
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "web/lifetime.h"
#include <stdio.h>

static char *server_line(void)
{
    char line[64];

    snprintf(line, sizeof line, "Server: Gust/%s\r\n", gust_version());
    return gust_heap_strdup(line);
}

gust_app *gust_app_new(const gust_app_options *options)
{
    gust_app *app = gu_alloc0(sizeof *app);

    if (app == NULL)
        return NULL;
    app->options = *options;
    app->data = options->data;
    app->server_line = gust_str_from(options->no_server_header ? NULL : server_line());
    app->router = gu_router_new(options->routes, options->default_host);
    if (app->router == NULL) {
        gust_app_free(app);
        return NULL;
    }
    return app;
}

void gust_app_free(gust_app *app)
{
    if (app == NULL)
        return;
    gu_lifetime_free(app);
    gu_router_free(app->router);
    if (!app->options.no_server_header)
        gust_heap_free((void *)(uintptr_t)app->server_line.ptr);
    gu_free(app);
}

gust_httpserver *gust_httpserver_new(gust_app *app, const gust_httpserver_options *options)
{
    gust_httpserver *server = gust_httpserver_new_delegate(
        &gu_web_delegate, app, options != NULL ? options : &app->options.server);

    if (server == NULL)
        return NULL;
    server->half_closed = gu_request_half_closed;
    server->draining = gu_request_drain;
    return server;
}

void *gust_app_data(const gust_app *app)
{
    return app->data;
}

void gust_app_set_data(gust_app *app, void *data)
{
    app->data = data;
}

bool gust_app_is_draining(const gust_app *app)
{
    return app->is_draining;
}
