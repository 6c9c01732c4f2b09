/*
 * proxy — another server, behind this one
 *
 * Passes requests on, and their answers back, piece by piece: bodies of any length in both
 * directions need no more memory than a piece, and who reads slowly slows down who writes.
 *
 *     ./dev run proxy --upstream=http://localhost:8000
 *     curl localhost:8888/any/path
 */
#include <gust.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *upstream = "http://127.0.0.1:8000";

static const gust_option options[] = {
    {.name = "upstream", .to = &upstream, .help = "who answers: scheme, host and port"},
    {0},
};

/* --- the request's fields --- */

/* Of a request, what concerns its connection (RFC 9110 7.6.1) or frames its body is not passed on:
 * the other connection has its own. Nor is what is written anew below. */
static const char *const kept_back[] = {
    "Connection",       "Content-Length",      "Expect",           "Host",
    "Keep-Alive",       "Proxy-Authorization", "Proxy-Connection", "TE",
    "Trailer",          "Transfer-Encoding",   "Upgrade",          "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Proto",
};

static bool lists(const char *list, const char *name)
{
    size_t len;

    for (; *list != '\0'; list += len) {
        list += strspn(list, ", \t");
        len = strcspn(list, ", \t");
        if (len == strlen(name) && strncasecmp(list, name, len) == 0)
            return true;
    }
    return false;
}

static bool is_passed_on(gust_request *r, const char *name)
{
    const char *list;

    for (size_t i = 0; i < sizeof kept_back / sizeof kept_back[0]; i++)
        if (strcasecmp(name, kept_back[i]) == 0)
            return false;
    for (size_t i = 0; (list = gust_get_headers(r, "Connection", i)) != NULL; i++)
        if (lists(list, name))
            return false;
    return true;
}

static const char *forwarded_for(gust_request *r)
{
    const char *before = gust_get_header(r, "X-Forwarded-For");

    return before == NULL ? gust_remote_ip(r) : gust_sprintf("%s, %s", before, gust_remote_ip(r));
}

static const gust_field *make_fields(gust_request *r)
{
    gust_field field, *fields;
    size_t n_all = 0, n = 0;

    while (gust_get_field(r, n_all, &field))
        n_all++;
    fields = gust_alloc((n_all + 4) * sizeof *fields);
    for (size_t i = 0; gust_get_field(r, i, &field); i++)
        if (is_passed_on(r, field.name))
            fields[n++] = field;
    fields[n++] = (gust_field){"X-Forwarded-For", forwarded_for(r)};
    fields[n++] = (gust_field){"X-Forwarded-Host", gust_host(r)};
    fields[n++] = (gust_field){"X-Forwarded-Proto", gust_protocol(r)};
    fields[n] = (gust_field){0};
    return fields;
}

/* --- the request's body, upwards --- */

static bool has_body(gust_request *r)
{
    return gust_get_header(r, "Content-Length") != NULL ||
           gust_get_header(r, "Transfer-Encoding") != NULL;
}

static int pass_up(gust_fetch_body *to, void *arg)
{
    gust_str piece;
    int n;

    while ((n = gust_body_read(arg, &piece)) > 0) {
        n = gust_fetch_write(to, piece.ptr, piece.len);
        if (n < 0)
            break;
    }
    return n;
}

/* --- the answer, downwards --- */

static int pass_down(gust_request *r, const gust_response *res)
{
    gust_str piece;
    int n;

    gust_set_status(r, res->status);
    gust_copy_headers(r, res);
    while ((n = gust_response_read(res, &piece)) > 0) {
        n = gust_send(r, piece.ptr, piece.len);
        if (n < 0)
            break;
    }
    return n; /* an error cuts the connection: a truncated answer never looks whole */
}

static int refuse(gust_request *r, const gust_response *res)
{
    int status = res->error == -ETIMEDOUT ? 504 : 502;

    return gust_fail(r, status, "%s does not answer: %s", upstream, gust_response_reason(res));
}

static int proxy(gust_request *r)
{
    const char *length = gust_get_header(r, "Content-Length");
    gust_fetch_options ask = {
        .method = gust_method(r),
        .headers = make_fields(r),
        .no_redirects = true,  /* the client follows them, if it likes */
        .no_decompress = true, /* what was coded for the client stays coded */
        .allow_nonstandard_methods = true,
        .request_timeout = GUST_NEVER,
        .max_body_size = GUST_NEVER,
        .arg = r,
    };
    const gust_response *res;

    if (gust_get_header(r, "Upgrade") != NULL)
        return gust_fail(r, 501, "this proxy passes no upgrades on");
    if (has_body(r)) {
        ask.body_producer = pass_up;
        ask.body_length = length != NULL ? strtoll(length, NULL, 10) : 0;
    }
    res = gust_fetch_open(gust_sprintf("%s%s", upstream, gust_uri(r)), &ask);
    return res->error != 0 ? refuse(r, res) : pass_down(r, res);
}

int main(int argc, char **argv)
{
    static const gust_handler handler = {
        .name = "proxy",
        .flags = GUST_STREAM_BODY | GUST_CANCEL_ON_CLOSE,
        .max_body_size = GUST_NEVER,
        .any = proxy,
    };
    static const gust_route routes[] = {{.path = "/.*", .handler = &handler}, {0}};

    return gust_app_main(&(gust_app_options){.routes = routes, .options = options, .no_etag = true},
                         argc, argv);
}
