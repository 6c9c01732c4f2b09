/*
 * response — what a handler writes, as it arrives
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the head --- */

static int plain_get(gust_request *r)
{
    gust_puts(r, "Hello, world");
    return 0;
}

static int dressed_get(gust_request *r)
{
    gust_set_cookie(r, "a", "1", NULL);
    gust_add_header(r, "X-One", "1");
    gust_set_cookie(r, "b", "2", &(gust_cookie_options){.path = "/p", .http_only = true});
    gust_add_header(r, "X-Two", "2");
    gust_set_cookie(r, "a", "3", NULL);
    gust_text(r, "Hello, world");
    return 0;
}

static int bare_get(gust_request *r)
{
    gust_clear_header(r, "Server");
    gust_clear_header(r, "date");
    gust_clear_header(r, "Content-Type");
    gust_set_header(r, "ETag", "\"mine\"");
    return 0;
}

/* C8, with the difference that Set-Cookie stands before the framing. */
TEST(default_headers_come_first_and_framing_last)
{
    static const gust_route routes[] = {{.path = "/", .get = plain_get},
                                        {.path = "/dressed", .get = dressed_get},
                                        {.path = "/bare", .get = bare_get},
                                        {0}};
    static const struct {
        const char *name, *target, *lines, *expected;
    } cases[] = {
        {"untouched", "/", NULL,
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/html; charset=UTF-8\r\n"
         "Date: DATE\r\nETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n\r\n"
         "Hello, world"},
        {"closing says so at the end", "/", "Connection: close\r\n",
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/html; charset=UTF-8\r\n"
         "Date: DATE\r\nETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n"
         "Connection: close\r\n\r\nHello, world"},
        {"own fields in their order, cookies behind them, the last of a name", "/dressed", NULL,
         "HTTP/1.1 200 OK\r\nServer: Gust/0.1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
         "Date: DATE\r\nX-One: 1\r\nX-Two: 2\r\nSet-Cookie: a=3; Path=/\r\n"
         "Set-Cookie: b=2; HttpOnly; Path=/p\r\n"
         "ETag: \"61f0632fb079b54d7386e91040cf00c3\"\r\nContent-Length: 12\r\n\r\nHello, world"},
        {"defaults can be taken away, whatever their case", "/bare", NULL,
         "HTTP/1.1 200 OK\r\nETag: \"mine\"\r\nContent-Length: 0\r\n\r\n"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char got[1024];
        char *date;

        TEST_CASE(cases[i].name);
        snprintf(got, sizeof got, "%s", web_get(web, cases[i].target, cases[i].lines));
        date = strstr(got, "Date: ");
        if (date != NULL) {
            memcpy(date + 6, "DATE", 4);
            memmove(date + 10, date + 35, strlen(date + 35) + 1);
        }
        assert_string_equal(got, cases[i].expected);
    }
    web_close(web);
}
