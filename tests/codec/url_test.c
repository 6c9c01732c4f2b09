/*
 * url, escape — URLs taken apart and put together; text in HTML
 */
#include "codec/escape.h"
#include "codec/url.h"
#include "codec_test.h"

static void assert_part(gust_str part, const char *want)
{
    assert_int_equal(part.ptr == NULL, want == NULL);
    assert_str(part, gust_str_from(want));
}

TEST(urls_are_taken_apart)
{
    static const struct {
        const char *name, *text, *scheme, *authority, *path, *query, *fragment;
    } cases[] = {
        {"all parts", "http://u@h:1/p/q?a=b#f", "http", "u@h:1", "/p/q", "a=b", "f"},
        {"no path", "http://h?q", "http", "h", "", "q", NULL},
        {"fragment alone behind the host", "http://h#f", "http", "h", "", NULL, "f"},
        {"path alone", "/a/b", NULL, NULL, "/a/b", NULL, NULL},
        {"relative", "a/b?c", NULL, NULL, "a/b", "c", NULL},
        {"empty query and fragment", "/a?#", NULL, NULL, "/a", "", ""},
        {"a question mark in the query", "/a?b?c", NULL, NULL, "/a", "b?c", NULL},
        {"a question mark in the fragment", "/a#b?c#d", NULL, NULL, "/a", NULL, "b?c#d"},
        {"two slashes", "//h/p", NULL, "h", "/p", NULL, NULL},
        {"no authority", "mailto:a@b", "mailto", NULL, "a@b", NULL, NULL},
        {"a colon in the path", "/a:b", NULL, NULL, "/a:b", NULL, NULL},
        {"a scheme begins with a letter", "1a:b", NULL, NULL, "1a:b", NULL, NULL},
        {"signs in a scheme", "a+b-c.1:x", "a+b-c.1", NULL, "x", NULL, NULL},
        {"no scheme without a colon", "abc", NULL, NULL, "abc", NULL, NULL},
        {"empty authority", "file:///etc", "file", "", "/etc", NULL, NULL},
        {"nothing", "", NULL, NULL, "", NULL, NULL},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_url url;

        TEST_CASE(cases[i].name);
        gu_url_split(guard_put(&g, cases[i].text, strlen(cases[i].text)), &url);
        assert_part(url.scheme, cases[i].scheme);
        assert_part(url.authority, cases[i].authority);
        assert_part(url.path, cases[i].path);
        assert_part(url.query, cases[i].query);
        assert_part(url.fragment, cases[i].fragment);
    }
    guard_free(&g);
}

TEST(authorities_are_taken_apart)
{
    static const struct {
        const char *name, *text;
        int err;
        const char *user_info, *host;
        int port;
    } cases[] = {
        {"host", "example.com", 0, NULL, "example.com", -1},
        {"host and port", "example.com:8080", 0, NULL, "example.com", 8080},
        {"user", "u:p@h", 0, "u:p", "h", -1},
        {"the last @ ends the user", "u@x@h:1", 0, "u@x", "h", 1},
        {"empty user", "@h", 0, "", "h", -1},
        {"IPv6", "[::1]:80", 0, NULL, "::1", 80},
        {"IPv6 without a port", "[::1]", 0, NULL, "::1", -1},
        {"port 0", "h:0", 0, NULL, "h", 0},
        {"the largest port", "h:65535", 0, NULL, "h", 65535},
        {"one more", "h:65536", -GUST_ESYNTAX, NULL, NULL, 0},
        {"no digits", "h:", -GUST_ESYNTAX, NULL, NULL, 0},
        {"a sign", "h:+1", -GUST_ESYNTAX, NULL, NULL, 0},
        {"two colons", "::1", -GUST_ESYNTAX, NULL, NULL, 0},
        {"no host", ":80", -GUST_ESYNTAX, NULL, NULL, 0},
        {"nothing", "", -GUST_ESYNTAX, NULL, NULL, 0},
        {"user alone", "u@", -GUST_ESYNTAX, NULL, NULL, 0},
        {"open bracket", "[::1", -GUST_ESYNTAX, NULL, NULL, 0},
        {"empty brackets", "[]", -GUST_ESYNTAX, NULL, NULL, 0},
        {"text behind the bracket", "[::1]x", -GUST_ESYNTAX, NULL, NULL, 0},
        {"a bracket in a name", "a[b]", -GUST_ESYNTAX, NULL, NULL, 0},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_authority a;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_authority_split(gust_str_from(cases[i].text), &a), cases[i].err);
        if (cases[i].err != 0)
            continue;
        assert_part(a.user_info, cases[i].user_info);
        assert_part(a.host, cases[i].host);
        assert_int_equal(a.port, cases[i].port);
    }
}

/* Tornado's TestUrlConcat, row by row, and the rows behind it. */
TEST(urls_are_extended)
{
    static const struct {
        const char *name, *url;
        size_t n;
        struct gu_pair args[2];
        const char *extended;
    } cases[] = {
#define PAIR(n, v) {GU_STR_INIT(n), GU_STR_INIT(v)}
        {"no_query_params",
         "https://localhost/path",
         2,
         {PAIR("y", "y"), PAIR("z", "z")},
         "https://localhost/path?y=y&z=z"},
        {"encode_args",
         "https://localhost/path",
         2,
         {PAIR("y", "/y"), PAIR("z", "z")},
         "https://localhost/path?y=%2Fy&z=z"},
        {"trailing_q",
         "https://localhost/path?",
         2,
         {PAIR("y", "y"), PAIR("z", "z")},
         "https://localhost/path?y=y&z=z"},
        {"q_with_no_trailing_amp",
         "https://localhost/path?x",
         2,
         {PAIR("y", "y"), PAIR("z", "z")},
         "https://localhost/path?x=&y=y&z=z"},
        {"trailing_amp",
         "https://localhost/path?x&",
         2,
         {PAIR("y", "y"), PAIR("z", "z")},
         "https://localhost/path?x=&y=y&z=z"},
        {"mult_params",
         "https://localhost/path?a=1&b=2",
         2,
         {PAIR("y", "y"), PAIR("z", "z")},
         "https://localhost/path?a=1&b=2&y=y&z=z"},
        {"no_params",
         "https://localhost/path?r=1&t=2",
         0,
         {PAIR("", "")},
         "https://localhost/path?r=1&t=2"},
        {"with_frag",
         "https://localhost/path#tab",
         1,
         {PAIR("y", "y")},
         "https://localhost/path?y=y#tab"},
        {"multi_same_params",
         "https://localhost/path",
         2,
         {PAIR("y", "y1"), PAIR("y", "y2")},
         "https://localhost/path?y=y1&y=y2"},
        {"multi_same_query_params",
         "https://localhost/path?r=1&r=2",
         1,
         {PAIR("y", "y")},
         "https://localhost/path?r=1&r=2&y=y"},
        {"C19", "?a=b", 1, {PAIR("c", "d e")}, "?a=b&c=d+e"},
        {"the old query is encoded anew", "/p?a=%7e%2f%20", 0, {PAIR("", "")}, "/p?a=~%2F+"},
        {"an empty fragment goes", "/p?#", 0, {PAIR("", "")}, "/p"},
        {"no path", "http://h#f", 1, {PAIR("a", "b")}, "http://h?a=b#f"},
#undef PAIR
    };
    struct gust_arena a = arena_new(), none = arena_empty();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_pair copy[2] = {cases[i].args[0], cases[i].args[1]};
        struct gu_pairs args = {copy, cases[i].n};
        gust_str extended = gu_url_concat(&a, gust_str_from(cases[i].url), &args);

        TEST_CASE(cases[i].name);
        assert_str(extended, gust_str_from(cases[i].extended));
        assert_int_equal(extended.ptr[extended.len], '\0');
    }
    TEST_CASE("none_params");
    assert_str(gu_url_concat(&a, GU_STR("/p?r=%7e#"), NULL), GU_STR("/p?r=%7e#"));
    gu_arena_deinit(&a);
    assert_null(gu_url_concat(&none, GU_STR("/p"), &(struct gu_pairs){NULL, 0}).ptr);
}

TEST(url_concat_tells_when_memory_is_short_at_the_end)
{
    char room[32] __attribute__((aligned(16)));
    struct gust_arena little;

    gu_arena_init(&little, NULL, room, sizeof room, 0);
    assert_null(gu_url_concat(&little, GU_STR("/a/path/of/more/than/32/bytes/by/far"),
                              &(struct gu_pairs){NULL, 0})
                    .ptr);
}

TEST(markup_is_escaped)
{
    static const struct {
        const char *name, *text, *escaped;
    } cases[] = {
        {"C19: all five", "<a href=\"x\">'&'</a>",
         "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;"},
        {"not twice", "&lt;", "&amp;lt;"},
        {"other bytes stay", "a/b\xc3\xa9\n", "a/b\xc3\xa9\n"},
        {"nothing", "", ""},
    };
    struct gust_arena a = arena_new(), none = arena_empty();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str escaped = gu_xhtml_escape_copy(&a, gust_str_from(cases[i].text));

        TEST_CASE(cases[i].name);
        assert_str(escaped, gust_str_from(cases[i].escaped));
        assert_int_equal(escaped.ptr[escaped.len], '\0');
    }
    assert_null(gu_xhtml_escape_copy(&none, GU_STR("a")).ptr);
    gu_arena_deinit(&a);
}
