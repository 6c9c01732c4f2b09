/*
 * limit — an answer at the edges of what it may be
 */
#include "base/str.h"
#include "web/web_impl.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the edges of an answer --- */

#define MESSAGE_MAX ((size_t)64 * 1024)
#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static size_t length;

static int fail_at_length(gust_request *r)
{
    char *message = gust_alloc(length + 1);

    memset(message, '~', length);
    message[length] = '\0';
    return gust_fail(r, 404, "%s", message);
}

static size_t count(const char *bytes, char which)
{
    size_t n = 0;

    for (; *bytes != '\0'; bytes++)
        n += *bytes == which;
    return n;
}

TEST(the_message_of_an_error_may_be_64_kib)
{
    static const struct {
        const char *name;
        size_t length;
        bool is_shown;
    } cases[] = {
        {"a byte below", MESSAGE_MAX - 1, true},
        {"the limit", MESSAGE_MAX, true},
        {"a byte above", MESSAGE_MAX + 1, false},
    };
    static const gust_route routes[] = {{.path = "/", .get = fail_at_length}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        length = cases[i].length;
        assert_int_equal(web_status(web_talk(web, GET("/"))), 404);
        assert_int_equal(count(web->bytes, '~'), cases[i].is_shown ? length : 0);
    }
    web_close(web);
}

static int head_of_length(gust_request *r)
{
    char *value = gust_alloc(length + 1);

    memset(value, '~', length);
    value[length] = '\0';
    gust_set_header(r, "X", value);
    return 0;
}

/* What else is in the head leaves less for the value; how much less is found first. */
TEST(a_head_that_does_not_fit_the_output_buffer_cuts_the_connection)
{
    static const gust_route routes[] = {{.path = "/", .get = head_of_length}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    size_t fits = GU_NET_OUT - GU_NET_COPY - 4096, too_long = GU_NET_OUT - GU_NET_COPY;

    while (fits + 1 < too_long) {
        length = (fits + too_long) / 2;
        if (web_status(web_talk(web, GET("/"))) == 200)
            fits = length;
        else
            too_long = length;
    }
    assert_in_range(fits, GU_NET_OUT - GU_NET_COPY - 1024, GU_NET_OUT - GU_NET_COPY - 64);
    for (length = fits - 1; length <= too_long; length++) {
        int status = web_status(web_talk(web, GET("/")));

        assert_int_equal(status, length <= fits ? 200 : 0);
        assert_int_equal(count(web->bytes, '~'), length <= fits ? length : 0);
    }
    assert_non_null(strstr(web->log, "the response's head is larger than"));
    assert_int_equal(web_status(web_talk(web, GET("/nothing"))), 404);
    web_close(web);
}
