/*
 * jar — conversations: who sets what, and what is sent to whom
 */
#include "base/alloc.h"
#include "codec/jar.h"
#include "codec/jar_impl.h"
#include "codec/url.h"
#include "codec_test.h"
#include <stdio.h>

#define NOW INT64_C(1700000000) /* Tue, 14 Nov 2023 22:13:20 GMT */

static struct gu_jar_request request_of(const char *text)
{
    struct gu_url url;
    struct gu_authority at;

    gu_url_split(gust_str_from(text), &url);
    assert_int_equal(gu_authority_split(url.authority, &at), 0);
    return (struct gu_jar_request){at.host, url.path, gust_str_equal(url.scheme, "https")};
}

static int set(struct gu_jar *jar, const char *url, const char *field, int64_t now)
{
    struct gu_jar_request from = request_of(url);

    return gu_jar_set(jar, &from, gust_str_from(field), now);
}

static void assert_sent(struct gu_jar *jar, const char *url, int64_t now, const char *want)
{
    struct gu_jar_request to = request_of(url);
    struct gust_arena a = arena_new();
    gust_str field;

    assert_int_equal(gu_jar_match(jar, &a, &to, now, &field), 0);
    assert_str(field, gust_str_from(want));
    gu_arena_deinit(&a);
}

#define A1024 A256 A256 A256 A256
#define A256 A64 A64 A64 A64
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

TEST(a_cookie_goes_back_to_whom_it_is_for)
{
    static const struct {
        const char *name, *from, *set, *to, *sent;
    } rows[] = {
        {"the same host", "http://a.com/", "k=v", "http://a.com/", "k=v"},
        {"the same host in another case", "http://A.com/", "k=v", "http://a.COM/", "k=v"},
        {"another port", "http://a.com:81/", "k=v", "http://a.com/", "k=v"},
        {"another scheme", "http://a.com/", "k=v", "https://a.com/", "k=v"},
        {"another host", "http://a.com/", "k=v", "http://b.com/", ""},
        {"without Domain, not a host below", "http://a.com/", "k=v", "http://b.a.com/", ""},
        {"Domain: a host below", "http://a.com/", "k=v; Domain=a.com", "http://b.a.com/", "k=v"},
        {"Domain: the host itself", "http://a.com/", "k=v; domain=A.com", "http://a.com/", "k=v"},
        {"Domain with a dot", "http://a.com/", "k=v; Domain=.a.com", "http://b.a.com/", "k=v"},
        {"Domain above", "http://b.a.com/", "k=v; Domain=a.com", "http://c.a.com/", "k=v"},
        {"Domain below", "http://a.com/", "k=v; Domain=b.a.com", "http://b.a.com/", ""},
        {"Domain of another", "http://a.com/", "k=v; Domain=b.com", "http://b.com/", ""},
        {"a name that only ends like it", "http://a.com/", "k=v; Domain=a.com", "http://ba.com/",
         ""},
        {"an empty Domain", "http://a.com/", "k=v; Domain=", "http://b.a.com/", ""},
        {"the last Domain counts", "http://a.com/", "k=v; Domain=b.com; Domain=a.com",
         "http://b.a.com/", "k=v"},
        {"a top-level domain", "http://a.com/", "k=v; Domain=com", "http://b.com/", ""},
        {"a public suffix of two labels", "http://a.co.uk/", "k=v; Domain=co.uk", "http://b.co.uk/",
         ""},
        {"a private suffix", "http://a.github.io/", "k=v; Domain=github.io", "http://b.github.io/",
         ""},
        {"a public suffix that is the host", "http://github.io/", "k=v; Domain=github.io",
         "http://github.io/", "k=v"},
        {"and not those below it", "http://github.io/", "k=v; Domain=github.io",
         "http://a.github.io/", ""},
        {"a host without a dot", "http://localhost/", "k=v; Domain=localhost",
         "http://localhost:8888/", "k=v"},
        {"an address", "http://127.0.0.1/", "k=v", "http://127.0.0.1/", "k=v"},
        {"the end of an address", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://127.0.0.1/",
         ""},
        {"an address of its own", "http://127.0.0.1/", "k=v; Domain=127.0.0.1", "http://127.0.0.1/",
         "k=v"},
        {"an address of IPv6", "http://[::1]/", "k=v", "http://[::1]:81/", "k=v"},
        {"Path: the same", "http://a.com/", "k=v; Path=/x", "http://a.com/x", "k=v"},
        {"Path: below", "http://a.com/", "k=v; Path=/x", "http://a.com/x/y", "k=v"},
        {"Path: begins alike", "http://a.com/", "k=v; Path=/x", "http://a.com/xy", ""},
        {"Path with a slash: below", "http://a.com/", "k=v; Path=/x/", "http://a.com/x/y", "k=v"},
        {"Path with a slash: itself", "http://a.com/", "k=v; Path=/x/", "http://a.com/x", ""},
        {"Path: above", "http://a.com/x/y", "k=v; Path=/", "http://a.com/", "k=v"},
        {"Path has case", "http://a.com/", "k=v; Path=/X", "http://a.com/x", ""},
        {"no Path: the folder", "http://a.com/x/y", "k=v", "http://a.com/x/z", "k=v"},
        {"no Path: not above it", "http://a.com/x/y", "k=v", "http://a.com/", ""},
        {"no Path, no folder", "http://a.com/x", "k=v", "http://a.com/y", "k=v"},
        {"an empty path", "http://a.com", "k=v", "http://a.com", "k=v"},
        {"a Path without a slash", "http://a.com/x/y", "k=v; Path=z", "http://a.com/x/", "k=v"},
        {"Secure", "https://a.com/", "k=v; Secure", "https://a.com/", "k=v"},
        {"Secure is not sent in the clear", "https://a.com/", "k=v; Secure", "http://a.com/", ""},
        {"Secure is not set in the clear", "http://a.com/", "k=v; Secure", "https://a.com/", ""},
        {"__Secure-", "https://a.com/", "__Secure-k=v; Secure", "https://a.com/", "__Secure-k=v"},
        {"__Secure- without Secure", "https://a.com/", "__Secure-k=v", "https://a.com/", ""},
        {"__secure- too", "https://a.com/", "__secure-k=v", "https://a.com/", ""},
        {"__Host-", "https://a.com/x/", "__Host-k=v; Secure; Path=/", "https://a.com/",
         "__Host-k=v"},
        {"__Host- with Domain", "https://a.com/", "__Host-k=v; Secure; Path=/; Domain=a.com",
         "https://a.com/", ""},
        {"__Host- with a path", "https://a.com/", "__Host-k=v; Secure; Path=/x", "https://a.com/x",
         ""},
        {"__Host- without Path", "https://a.com/", "__Host-k=v; Secure", "https://a.com/", ""},
        {"a value that looks like __Host-", "https://a.com/", "=__Host-k=v; Secure; Path=/",
         "https://a.com/", ""},
        {"HttpOnly and SameSite", "http://a.com/", "k=v; HttpOnly; SameSite=Strict",
         "http://a.com/", "k=v"},
        {"blanks", "http://a.com/", "  k =\t v  ;  Path = / ", "http://a.com/", "k=v"},
        {"quotes stay", "http://a.com/", "k=\"a b\"", "http://a.com/", "k=\"a b\""},
        {"an = in the value", "http://a.com/", "k=a=b", "http://a.com/", "k=a=b"},
        {"an empty value", "http://a.com/", "k=", "http://a.com/", "k="},
        {"no name", "http://a.com/", "v", "http://a.com/", "v"},
        {"no name before =", "http://a.com/", "=v", "http://a.com/", "v"},
        {"nothing", "http://a.com/", " ; Path=/", "http://a.com/", ""},
        {"nothing around =", "http://a.com/", "=", "http://a.com/", ""},
        {"a control character", "http://a.com/", "k=a\001b", "http://a.com/", ""},
        {"a line's end", "http://a.com/", "k=a\r\nX: b", "http://a.com/", ""},
        {"DEL", "http://a.com/", "k=a\177", "http://a.com/", ""},
        {"a long Path", "http://a.com/", "k=v; Path=/" A1024, "http://a.com/", "k=v"},
        {"a long unknown attribute", "http://a.com/", "k=v; X=" A1024 A1024, "http://a.com/",
         "k=v"},
        {"another cookie in quotes", "http://a.com/", "k=\"a; b=c\"", "http://a.com/", "k=\"a"},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct gu_jar *jar = gu_jar_new(NULL);
        int kept;

        TEST_CASE(rows[i].name);
        kept = set(jar, rows[i].from, rows[i].set, NOW);
        assert_int_equal(kept, gu_jar_count(jar));
        assert_sent(jar, rows[i].to, NOW, rows[i].sent);
        gu_jar_free(jar);
    }
}

TEST(a_cookie_lives_as_long_as_it_says)
{
    static const struct {
        const char *name, *set;
        int64_t end; /* the first second in which it is not sent, from NOW; -1: much later */
    } rows[] = {
        {"a session's", "k=v", -1},
        {"Max-Age", "k=v; Max-Age=10", 10},
        {"Max-Age of 0", "k=v; Max-Age=0", 0},
        {"Max-Age below 0", "k=v; Max-Age=-1", 0},
        {"Max-Age is no number", "k=v; Max-Age=1h", -1},
        {"Max-Age is empty", "k=v; Max-Age=", -1},
        {"Max-Age is a sign", "k=v; Max-Age=-", -1},
        {"Max-Age of 400 days", "k=v; Max-Age=34560000", GU_JAR_MAX_AGE},
        {"Max-Age of 400 days and a second", "k=v; Max-Age=34560001", GU_JAR_MAX_AGE},
        {"Max-Age beyond 64 bits", "k=v; Max-Age=99999999999999999999999", GU_JAR_MAX_AGE},
        {"Expires", "k=v; Expires=Tue, 14 Nov 2023 22:13:30 GMT", 10},
        {"Expires as Netscape wrote it", "k=v; expires=Tue, 14-Nov-2023 22:13:30 GMT", 10},
        {"Expires as RFC 850 wrote it", "k=v; expires=Tuesday, 14-Nov-23 22:13:30 GMT", 10},
        {"Expires as asctime() writes it", "k=v; expires=Tue Nov 14 22:13:30 2023", 10},
        {"Expires in another order", "k=v; expires=2023 november 14 22:13:30", 10},
        {"Expires with few digits", "k=v; expires=15 Nov 23 0:0:5", 6405},
        {"Expires long ago", "k=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Expires far away", "k=v; Expires=Fri, 31 Dec 9999 23:59:59 GMT", GU_JAR_MAX_AGE},
        {"Expires without a year", "k=v; Expires=Tue, 14 Nov 22:13:30 GMT", -1},
        {"Expires of no month", "k=v; Expires=14 Nox 2023 22:13:30", -1},
        {"Expires on no day", "k=v; Expires=31 Feb 2023 22:13:30", -1},
        {"Expires at no time", "k=v; Expires=14 Nov 2023 25:00:00", -1},
        {"Expires at second 60", "k=v; Expires=14 Nov 2023 22:13:60", -1},
        {"Expires in the year 1600", "k=v; Expires=14 Nov 1600 22:13:30", -1},
        {"Expires is empty", "k=v; Expires=", -1},
        {"Max-Age goes before Expires", "k=v; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
         10},
        {"the last Max-Age counts", "k=v; Max-Age=5; Max-Age=10", 10},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct gu_jar *jar = gu_jar_new(NULL);

        TEST_CASE(rows[i].name);
        assert_int_equal(set(jar, "http://a.com/", rows[i].set, NOW), rows[i].end != 0);
        if (rows[i].end > 0)
            assert_sent(jar, "http://a.com/", NOW + rows[i].end - 1, "k=v");
        if (rows[i].end >= 0)
            assert_sent(jar, "http://a.com/", NOW + rows[i].end, "");
        else
            assert_sent(jar, "http://a.com/", NOW * 2, "k=v");
        assert_int_equal(gu_jar_count(jar), rows[i].end < 0);
        gu_jar_free(jar);
    }
}

TEST(several_cookies_have_an_order_and_replace_each_other)
{
    static const struct {
        const char *name;
        struct {
            const char *url, *field;
            int kept;
        } steps[4];
        const char *url, *sent;
    } rows[] = {
        {"the older one first",
         {{"http://a.com/", "b=1", 1}, {"http://a.com/", "a=2", 1}},
         "http://a.com/",
         "b=1; a=2"},
        {"the longer path first",
         {{"http://a.com/", "a=1; Path=/", 1}, {"http://a.com/", "b=2; Path=/x", 1}},
         "http://a.com/x",
         "b=2; a=1"},
        {"a new value keeps its place",
         {{"http://a.com/", "a=1", 1}, {"http://a.com/", "b=2", 1}, {"http://a.com/", "a=3", 1}},
         "http://a.com/",
         "a=3; b=2"},
        {"names have case",
         {{"http://a.com/", "a=1", 1}, {"http://a.com/", "A=2", 1}},
         "http://a.com/",
         "a=1; A=2"},
        {"another path is another cookie",
         {{"http://a.com/", "a=1; Path=/", 1}, {"http://a.com/", "a=2; Path=/x", 1}},
         "http://a.com/x",
         "a=2; a=1"},
        {"with Domain it is another cookie",
         {{"http://a.com/", "a=1", 1}, {"http://a.com/", "a=2; Domain=a.com", 1}},
         "http://a.com/",
         "a=1; a=2"},
        {"one that has ended takes the old one along",
         {{"http://a.com/", "a=1", 1}, {"http://a.com/", "a=; Max-Age=0", 1}},
         "http://a.com/",
         ""},
        {"but not that of another path",
         {{"http://a.com/", "a=1", 1}, {"http://a.com/", "a=; Max-Age=0; Path=/x", 0}},
         "http://a.com/",
         "a=1"},
        {"the clear does not replace what is secure",
         {{"https://a.com/", "a=1; Secure", 1}, {"http://a.com/", "a=2", 0}},
         "https://a.com/",
         "a=1"},
        {"nor end it",
         {{"https://a.com/", "a=1; Secure", 1}, {"http://a.com/", "a=2; Max-Age=0", 0}},
         "https://a.com/",
         "a=1"},
        {"nor hide it under a longer path",
         {{"https://a.com/", "a=1; Secure; Path=/", 1}, {"http://a.com/", "a=2; Path=/x", 0}},
         "https://a.com/x",
         "a=1"},
        {"nor from a host below",
         {{"https://a.com/", "a=1; Secure; Domain=a.com", 1},
          {"http://b.a.com/", "a=2; Domain=b.a.com", 0}},
         "https://b.a.com/",
         "a=1"},
        {"an older path stays settable in the clear",
         {{"https://a.com/", "a=1; Secure; Path=/x", 1}, {"http://a.com/", "a=2; Path=/", 1}},
         "https://a.com/x",
         "a=1; a=2"},
        {"https may replace it without Secure",
         {{"https://a.com/", "a=1; Secure", 1}, {"https://a.com/", "a=2", 1}},
         "http://a.com/",
         "a=2"},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct gu_jar *jar = gu_jar_new(NULL);

        TEST_CASE(rows[i].name);
        for (size_t k = 0; k < gu_countof(rows[i].steps) && rows[i].steps[k].url != NULL; k++)
            assert_int_equal(set(jar, rows[i].steps[k].url, rows[i].steps[k].field, NOW),
                             rows[i].steps[k].kept);
        assert_sent(jar, rows[i].url, NOW, rows[i].sent);
        gu_jar_free(jar);
    }
}

/* --- limits --- */

static void set_numbered(struct gu_jar *jar, const char *url, const char *attributes, int n)
{
    char field[64];

    snprintf(field, sizeof field, "k%d=%d%s", n, n, attributes);
    assert_int_equal(set(jar, url, field, NOW), 1);
}

TEST(a_site_has_so_many_cookies_and_the_one_not_used_for_the_longest_goes)
{
    struct gu_jar *jar = gu_jar_new(&(struct gu_jar_limits){.n_site = 3});

    set_numbered(jar, "http://a.com/", "", 1);
    set_numbered(jar, "http://b.a.com/", "; Domain=a.com", 2);
    set_numbered(jar, "http://a.com/x/", "", 3);
    assert_int_equal(gu_jar_count(jar), 3);
    assert_sent(jar, "http://a.com/", NOW, "k1=1; k2=2");
    set_numbered(jar, "http://c.a.com/", "", 4); /* k3 was not used */
    assert_int_equal(gu_jar_count(jar), 3);
    assert_sent(jar, "http://a.com/x/", NOW, "k1=1; k2=2");
    set_numbered(jar, "http://d.com/", "", 5); /* another site */
    assert_int_equal(gu_jar_count(jar), 4);
    gu_jar_free(jar);
}

TEST(cookies_in_the_clear_do_not_push_out_secure_ones)
{
    struct gu_jar *jar = gu_jar_new(&(struct gu_jar_limits){.n_site = 3});

    set_numbered(jar, "https://a.com/", "; Secure", 1);
    for (int n = 2; n < 10; n++)
        set_numbered(jar, "http://a.com/", "", n);
    assert_sent(jar, "https://a.com/", NOW, "k1=1; k8=8; k9=9");
    for (int n = 10; n < 13; n++)
        set_numbered(jar, "https://a.com/", "; Secure", n);
    assert_sent(jar, "https://a.com/", NOW, "k10=10; k11=11; k12=12");
    gu_jar_free(jar);
}

TEST(a_jar_has_so_many_cookies_and_a_site_goes_with_its_last)
{
    struct gu_jar *jar = gu_jar_new(&(struct gu_jar_limits){.n_total = 100});
    char url[64];

    for (int n = 0; n < 1000; n++) {
        snprintf(url, sizeof url, "http://site%d.com/", n);
        set_numbered(jar, url, "", n);
        assert_int_equal(gu_jar_count(jar), n < 100 ? n + 1 : 100);
    }
    assert_sent(jar, "http://site899.com/", NOW, "");
    assert_sent(jar, "http://site900.com/", NOW, "k900=900");
    gu_jar_clear(jar);
    assert_int_equal(gu_jar_count(jar), 0);
    assert_sent(jar, "http://site900.com/", NOW, "");
    gu_jar_free(jar);
}

TEST(what_has_ended_makes_room_before_what_has_not)
{
    struct gu_jar *jar = gu_jar_new(&(struct gu_jar_limits){.n_site = 2});

    set_numbered(jar, "http://a.com/", "", 1);
    set_numbered(jar, "http://a.com/", "; Max-Age=5", 2);
    assert_int_equal(set(jar, "http://a.com/", "k3=3", NOW + 5), 1);
    assert_sent(jar, "http://a.com/", NOW + 5, "k1=1; k3=3");
    gu_jar_free(jar);
}

TEST(the_sizes_of_a_cookie_and_of_a_field_are_exact)
{
    struct gu_jar *jar = gu_jar_new(&(struct gu_jar_limits){.size = 8, .field = 16});

    assert_int_equal(set(jar, "http://a.com/", "a=123456", NOW), 1);
    assert_int_equal(set(jar, "http://a.com/", "b=1234567", NOW), 1);
    assert_int_equal(set(jar, "http://a.com/", "c=12345678", NOW), 0);
    assert_sent(jar, "http://a.com/", NOW, "a=123456"); /* with the other it were 19 */
    assert_int_equal(set(jar, "http://a.com/", "b=123", NOW), 1);
    assert_sent(jar, "http://a.com/", NOW, "a=123456; b=123"); /* 15 */
    assert_int_equal(set(jar, "http://a.com/", "b=1234", NOW), 1);
    assert_sent(jar, "http://a.com/", NOW, "a=123456; b=1234"); /* 16 */
    assert_int_equal(set(jar, "http://a.com/", "b=12345", NOW), 1);
    assert_sent(jar, "http://a.com/", NOW, "a=123456"); /* 17 */
    gu_jar_free(jar);
}

TEST(a_host_that_is_none_sets_nothing)
{
    static const gust_str hosts[] = {
        GU_STR_INIT(""),
        GU_STR_INIT("a\0b"),
        GU_STR_INIT(A256),
    };
    struct gu_jar *jar = gu_jar_new(NULL);
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(hosts); i++) {
        struct gu_jar_request r = {.host = hosts[i], .path = GU_STR("/")};
        gust_str field;

        assert_int_equal(gu_jar_set(jar, &r, GU_STR("k=v"), NOW), 0);
        assert_int_equal(gu_jar_match(jar, &a, &r, NOW, &field), 0);
        assert_int_equal(field.len, 0);
    }
    gu_arena_deinit(&a);
    gu_jar_free(jar);
    gu_jar_free(NULL);
}

/* --- memory --- */

static int use_if_you_can(void)
{
    struct gu_jar *jar = gu_jar_new(NULL);
    struct gu_jar_request to = request_of("http://a.com/");
    struct gust_arena a = arena_new();
    gust_str field;
    int err = jar == NULL ? -ENOMEM : set(jar, "http://a.com/", "k=v", NOW);

    if (err == 1)
        err = set(jar, "http://a.com/", "k=w", NOW);
    if (err == -ENOMEM && jar != NULL)
        assert_true(gu_jar_count(jar) <= 1);
    if (err == 1)
        err = gu_jar_match(jar, &a, &to, NOW, &field);
    gu_arena_deinit(&a);
    gu_jar_free(jar);
    return err;
}

TEST(memory_that_is_short_anywhere_loses_a_cookie_and_no_more)
{
    bool was_reached = true;
    uint64_t n = 0;

    while (was_reached) {
        int err;

        gu_alloc_fail_at(++n);
        err = use_if_you_can();
        was_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_int_equal(err, was_reached ? -ENOMEM : 0);
    }
    assert_true(n > 5);
}
