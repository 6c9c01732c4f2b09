/*
 * client — hosts that are not ASCII
 *
 * Names are not translated (RFC 5891): what is meant is asked for in its ASCII form, and nothing of
 * another form ever reaches a resolver, a certificate's check, or the network.
 */
#include "fetch_stage.h"
#include <stdio.h>

#define NO_ASCII "the host is not ASCII: its IDNA form (xn--…) is needed"

static const struct {
    const char *name, *url;
    int err;
    const char *message;
} urls[] = {
    {"letters",
     "http://b\xc3\xbc"
     "cher.example/",
     -EINVAL, NO_ASCII},
    {"another dot",
     "http://a\xe3\x80\x82"
     "example/",
     -EINVAL, NO_ASCII},
    {"full-width digits",
     "http://\xef\xbc\x91"
     "27.0.0.1/",
     -EINVAL, NO_ASCII},
    {"Latin-1",
     "http://b\xfc"
     "cher.example/",
     -EINVAL, NO_ASCII},
    {"behind a user", "https://me@\xc3\xa9.example:8443/", -EINVAL, NO_ASCII},
    {"what looks like a delimiter", "http://good.example\xe2\x84\x80.evil.example/", -EINVAL,
     NO_ASCII},
    {"escaped", "http://b%C3%BCcher.example/", -EINVAL, "no http or https URL"},
    {"another scheme", "ftp://example/", -EINVAL, "no http or https URL"},
};

static int fetch_each(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < gu_countof(urls); i++) {
        const gust_response *res = gust_fetch(urls[i].url, NULL);

        TEST_CASE(urls[i].name);
        assert_int_equal(res->error, urls[i].err);
        assert_string_equal(res->message, urls[i].message);
    }
    return 0;
}

TEST(a_host_that_is_not_ascii_is_refused_and_it_is_said_why)
{
    open_stage(OK);
    in_task(fetch_each, NULL);
    close_stage();
}

static int fetch_redirected(void *arg)
{
    const gust_response *res = gust_fetch(url("/"), NULL);

    (void)arg;
    assert_int_equal(res->error, -GUST_EPROTO);
    assert_string_equal(res->message, "a redirect: " NO_ASCII);
    return 0;
}

TEST(nor_does_a_redirect_lead_there)
{
    open_stage("HTTP/1.1 302 X\r\nLocation: http://\xc3\xa9.example/\r\nContent-Length: 0\r\n\r\n");
    in_task(fetch_redirected, NULL);
    assert_int_equal(stage.n_requests, 1);
    close_stage();
}

/* The ASCII form is a name like others; beyond ASCII, paths and queries are escaped. */
static int fetch_in_ascii(void *arg)
{
    const gust_host_override hosts[] = {{"xn--bcher-kva.example", 0, 0, "127.0.0.1", 0}, {0}};
    const gust_response *res;

    (void)arg;
    assert_int_equal(gust_resolver_configure(&(gust_resolver_options){.overrides = hosts}), 0);
    res = gust_fetch(gust_sprintf("http://XN--bcher-kva.example:%u/\xc3\xa9?\xc3\xa9", stage.port),
                     NULL);
    assert_true(gust_response_ok(res));
    return 0;
}

TEST(the_ascii_form_is_a_name_like_others)
{
    open_stage(OK);
    in_task(fetch_in_ascii, NULL);
    assert_holds(stage.asked, "GET /%C3%A9?%C3%A9 HTTP/1.1\r\nHost: xn--bcher-kva.example:");
    close_stage();
}
