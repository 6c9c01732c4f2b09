/*
 * front — several services at once, and an answer in time
 *
 * A front page asks three services over HTTP, at the same time; whatever has not answered within
 * the deadline is left out. The services are played by a program like this one, by default by this
 * one itself:
 *
 *     ./dev run front
 *     curl localhost:8888/                    two of three, after half a second
 *     curl 'localhost:8888/?within=3000'      all three, after two seconds
 *     curl -i localhost:8888/raw/weather      a service's answer, passed on as it comes
 */
#include <gust.h>

static const char *api = "http://127.0.0.1:8888";

/* --- the services --- */

static int serve_after(gust_request *r, double seconds, const char *text)
{
    int err = gust_sleep(seconds);

    if (err < 0)
        return err;
    return gust_json(r, GUST_VARS({"says", GUST_V(text)}));
}

static int weather_get(gust_request *r)
{
    return serve_after(r, 0.02, "light breeze from the west");
}

static int news_get(gust_request *r)
{
    return serve_after(r, 0.1, "nothing has happened");
}

static int mail_get(gust_request *r)
{
    return serve_after(r, 2, "one new letter");
}

/* --- the front --- */

static gust_value part(const gust_fetch_item *item)
{
    struct json_t *json =
        gust_response_ok(item->response) ? gust_response_json(item->response) : NULL;

    return json != NULL ? GUST_V(json) : GUST_V("not now");
}

static int front_get(gust_request *r)
{
    gust_fetch_item parts[] = {
        {.url = gust_sprintf("%s/weather", api)},
        {.url = gust_sprintf("%s/news", api)},
        {.url = gust_sprintf("%s/mail", api)},
    };

    GUST_DEADLINE((double)gust_get_int(r, "within", 500, 1, 10000) / 1000);
    gust_fetch_all(parts, 3); /* waits; the loop serves others */

    return gust_json(r, GUST_VARS({"weather", part(&parts[0])}, {"news", part(&parts[1])},
                                  {"mail", part(&parts[2])}));
}

/* Passes a service's answer on piece by piece, so that a long one needs no memory. */
static int raw_get(gust_request *r)
{
    const gust_response *res =
        gust_fetch_open(gust_sprintf("%s/%s", api, gust_path_arg(r, 0)), NULL);
    gust_str piece;
    int n;

    if (res->error < 0)
        return gust_fail(r, 502, "%s", gust_response_reason(res));
    gust_set_status(r, res->status);
    gust_copy_headers(r, res);
    while ((n = gust_response_read(res, &piece)) > 0) {
        int err = gust_send(r, piece.ptr, piece.len);

        if (err < 0)
            return err;
    }
    return n;
}

static const gust_option options[] = {
    {.name = "api", .to = &api, .help = "where the services are"},
    {0},
};

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/", .get = front_get},          {.path = "/raw/([a-z]+)", .get = raw_get},
        {.path = "/weather", .get = weather_get}, {.path = "/news", .get = news_get},
        {.path = "/mail", .get = mail_get},       {0},
    };

    return gust_app_main(&(gust_app_options){.routes = routes, .options = options}, argc, argv);
}
