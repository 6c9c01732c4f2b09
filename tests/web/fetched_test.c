/*
 * fetched — answers of other servers in a handler, by an application that asks itself
 */
#include "base/gu.h"
#include "web_client.h"
#include <jansson.h>

static struct web *web;
static int port;

static int service_get(gust_request *r)
{
    gust_add_header(r, "X-Twice", "1");
    gust_add_header(r, "X-Twice", "2");
    gust_set_header(r, "X-Service", "yes");
    gust_set_header(r, "Content-Type", "application/json");
    gust_puts(r, "{\"n\": 17}");
    return 0;
}

static const gust_response *ask_service(void)
{
    return gust_fetch(gust_sprintf("http://127.0.0.1:%d/service", port), NULL);
}

static int front_get(gust_request *r)
{
    const gust_response *res = ask_service();
    json_t *json = gust_response_json(res);

    if (json == NULL)
        return gust_fail(r, 502, "%s", gust_response_reason(res));
    gust_copy_headers(r, res);
    gust_printf(r, "%d", (int)json_integer_value(json_object_get(json, "n")));
    return 0;
}

static int raw_get(gust_request *r)
{
    static const gust_field fields[] = {
        {"X-Hop", "1"},        {"Keep-Alive", "timeout=5"}, {"Transfer-Encoding", "chunked"},
        {"X-Kept", "1"},       {"Connection", "a, X-HOP"},  {"Content-Length", "77"},
        {"Set-Cookie", "a=b"}, {"Set-Cookie", "c=d"},       {NULL, NULL}};
    const gust_response res = {.status = 200, .fields = fields, .n_fields = 8};

    gust_copy_headers(r, &res);
    gust_puts(r, "x");
    return 0;
}

static int bad_get(gust_request *r)
{
    const gust_response *res = gust_fetch("http://127.0.0.1:1/", NULL);

    return gust_fail(r, gust_response_json(res) == NULL ? 502 : 500, "%s",
                     gust_response_reason(res));
}

static void set_up(void)
{
    static const gust_route routes[] = {{.path = "/service", .get = service_get},
                                        {.path = "/front", .get = front_get},
                                        {.path = "/raw", .get = raw_get},
                                        {.path = "/bad", .get = bad_get},
                                        {0}};

    web = web_open(&(gust_app_options){.routes = routes});
    port = gust_httpserver_port(web->server);
}

TEST(a_handler_asks_a_service_and_passes_its_fields_on)
{
    const char *answer;

    set_up();
    answer = web_get(web, "/front", "");
    assert_int_equal(web_status(answer), 200);
    assert_true(web_has_line(answer, "X-Service: yes"));
    assert_true(web_has_line(answer, "X-Twice: 1"));
    assert_true(web_has_line(answer, "X-Twice: 2"));
    assert_true(web_has_line(answer, "Content-Type: application/json"));
    assert_string_equal(web_body_of(answer), "17");
    web_close(web);
}

TEST(what_concerns_one_connection_is_not_passed_on)
{
    static const char *const kept[] = {"X-Kept: 1", "Set-Cookie: a=b", "Set-Cookie: c=d",
                                       "Content-Length: 1"};
    static const char *const dropped[] = {"X-Hop: 1", "Keep-Alive: timeout=5",
                                          "Transfer-Encoding: chunked", "Connection: a, X-HOP",
                                          "Content-Length: 77"};
    const char *answer;

    set_up();
    answer = web_get(web, "/raw", "");
    for (size_t i = 0; i < gu_countof(kept); i++)
        if (!web_has_line(answer, kept[i]))
            fail_msg("no \"%s\" in \"%s\"", kept[i], answer);
    for (size_t i = 0; i < gu_countof(dropped); i++)
        assert_false(web_has_line(answer, dropped[i]));
    web_close(web);
}

TEST(a_server_that_is_not_there_has_no_json)
{
    set_up();
    assert_int_equal(web_status(web_get(web, "/bad", "")), 502);
    web_close(web);
}
