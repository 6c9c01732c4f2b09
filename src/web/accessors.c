/*
 * accessors — what a request says
 */
#include "web/web_impl.h"
#include <arpa/inet.h>

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

const char *gust_remote_ip(const gust_request *r)
{
    const struct gu_conn *conn = r->x->conn;
    char *text = gu_arena_alloc(&r->x->arena, INET6_ADDRSTRLEN);

    if (text == NULL || inet_ntop(conn->family, conn->address, text, INET6_ADDRSTRLEN) == NULL)
        return "0.0.0.0"; /* a Unix socket's */
    return text;
}
