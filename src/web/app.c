/*
 * app — an application's life
 */
#include "base/alloc.h"
#include "base/str.h"
#include "web/lifetime.h"

/* One secret alone becomes a list like any other. */
static void set_secrets(struct gust_app *app)
{
    app->one_secret[0].text = app->options.cookie_secret;
    app->secrets = app->options.cookie_secrets;
    if (app->secrets == NULL && app->options.cookie_secret != NULL)
        app->secrets = app->one_secret;
}

gust_app *gust_app_new(const gust_app_options *options)
{
    gust_app *app = gu_alloc0(sizeof *app);

    if (app == NULL)
        return NULL;
    app->options = *options;
    app->data = options->data;
    set_secrets(app);
    app->first_flags =
        (options->no_server_header ? GU_R_SERVER_SET : 0u) | (options->no_etag ? GU_R_NO_ETAG : 0u);
    if (options->set_default_headers != NULL || options->log_request != NULL)
        app->first_flags |= GU_R_HOOKED;
    if (options->xsrf_cookies)
        app->first_flags |= GU_R_XSRF;
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
    gust_loader_free(app->loader);
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
