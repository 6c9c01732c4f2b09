/*
 * xff — who the client is, behind proxies
 */
#include "codec/xff.h"
#include "codec_test.h"

static gust_str field(const char *text)
{
    return text == NULL ? (gust_str){0} : gust_str_from(text);
}

TEST(the_client_is_the_last_that_is_not_trusted)
{
    static const gust_str trusted[] = {GU_STR_INIT("10.0.0.1"), GU_STR_INIT("fd00::1"),
                                       GU_STR_INIT("not an address"), GU_STR_INIT("")};
    static const struct {
        const char *name, *real_ip, *forwarded_for, *ip;
    } cases[] = {
        {"no field", NULL, NULL, "127.0.0.1"},
        {"X-Real-Ip", "4.4.4.4", NULL, "4.4.4.4"},
        {"X-Real-Ip comes first", "4.4.4.4", "5.5.5.5", "4.4.4.4"},
        {"X-Real-Ip that is none, and nothing else counts", "4.4.4", "5.5.5.5", "127.0.0.1"},
        {"one", NULL, "4.4.4.4", "4.4.4.4"},
        {"the last of a list", NULL, "127.0.0.2, 4.4.4.4", "4.4.4.4"},
        {"what the client forged stands before", NULL, "6.6.6.6, 4.4.4.4, 10.0.0.1", "4.4.4.4"},
        {"trusted by another spelling", NULL, "4.4.4.4, FD00:0:0::0:1", "4.4.4.4"},
        {"a mapped address is the same", NULL, "4.4.4.4, ::ffff:10.0.0.1", "4.4.4.4"},
        {"all trusted: the first", NULL, "fd00::1, 10.0.0.1", "fd00::1"},
        {"IPv6", NULL, "2001:db8::1", "2001:db8::1"},
        {"not an address", NULL, "4.4.4.4, <script>", "127.0.0.1"},
        {"a name", NULL, "www.google.com", "127.0.0.1"},
        {"a port", NULL, "4.4.4.4:80", "127.0.0.1"},
        {"an empty entry", NULL, "4.4.4.4,", "127.0.0.1"},
        {"octal", NULL, "04.4.4.4", "127.0.0.1"},
        {"far too long", NULL, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
         "127.0.0.1"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_xff x = {.real_ip = field(cases[i].real_ip),
                           .forwarded_for = field(cases[i].forwarded_for)};

        TEST_CASE(cases[i].name);
        assert_str(gu_xff_remote_ip(&x, trusted, 4, GU_STR("127.0.0.1")), field(cases[i].ip));
    }
}

TEST(addresses_are_numeric)
{
    assert_true(gu_ip_is_valid(GU_STR("127.0.0.1")));
    assert_true(gu_ip_is_valid(GU_STR("::1")));
    assert_true(gu_ip_is_valid(GU_STR("1111:2222:3333:4444:5555:6666:255.255.255.255")));
    assert_false(gu_ip_is_valid(GU_STR("")));
    assert_false(gu_ip_is_valid((gust_str){0}));
    assert_false(gu_ip_is_valid(GU_STR("::1\0")));
    assert_false(gu_ip_is_valid(GU_STR("localhost")));
    assert_false(gu_ip_is_valid(GU_STR(" 127.0.0.1")));
    assert_false(gu_ip_is_valid(GU_STR("\n\n\n\n")));
}

TEST(the_scheme_is_one_of_two)
{
    static const struct {
        const char *name, *scheme, *proto, *protocol;
    } cases[] = {
        {"no field", NULL, NULL, "http"},
        {"X-Scheme", "https", NULL, "https"},
        {"X-Forwarded-Proto", NULL, "https", "https"},
        {"X-Scheme comes first", "http", "https", "http"},
        {"the last of a list", NULL, "http, https", "https"},
        {"the last one is not https", NULL, "https , http", "http"},
        {"unknown", NULL, "unknown", "http"},
        {"another case", NULL, "HTTPS", "http"},
        {"empty", NULL, "", "http"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_xff x = {.scheme = field(cases[i].scheme),
                           .forwarded_proto = field(cases[i].proto)};

        TEST_CASE(cases[i].name);
        assert_str(gu_xff_protocol(&x, GU_STR("http")), field(cases[i].protocol));
    }
}
