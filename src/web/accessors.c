/*
 * accessors — what a request says
 */
#include "web/web_impl.h"

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

gust_str gust_body(const gust_request *r)
{
    return r->request_body;
}
