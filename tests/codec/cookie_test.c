/*
 * cookie — reading as browsers mean it, writing as Tornado does
 */
#include "codec/cookie.h"
#include "codec_test.h"

TEST(cookies_are_read_as_tornado_reads_them)
{
    static const struct {
        const char *name, *field;
        size_t n;
        const char *pairs[4][2];
    } cases[] = {
        {"two", "chips=ahoy; vienna=finger", 2, {{"chips", "ahoy"}, {"vienna", "finger"}}},
        {"4.4.2: every semicolon separates, in quotes too",
         "keebler=\"E=mc2; L=\\\"Loves\\\"; fudge=\\012;\"",
         4,
         {{"keebler", "\"E=mc2"}, {"L", "\\\"Loves\\\""}, {"fudge", "\\012"}, {"", "\""}}},
        {"the first = splits", "keebler=E=mc2", 1, {{"keebler", "E=mc2"}}},
        {"colons", "key:term=value:term", 1, {{"key:term", "value:term"}}},
        {"4.4.2: a bracket",
         "a=b; c=[; d=r; f=h",
         4,
         {{"a", "b"}, {"c", "["}, {"d", "r"}, {"f", "h"}}},
        {"attributes are cookies", "a=b; Domain=e.com", 2, {{"a", "b"}, {"Domain", "e.com"}}},
        {"repeated", "a=b; h=i; a=c", 3, {{"a", "b"}, {"h", "i"}, {"a", "c"}}},
        {"without a name",
         "abc=def; unnamed; d=en",
         3,
         {{"abc", "def"}, {"", "unnamed"}, {"d", "en"}}},
        {"4.4.2: a lone quote", "a=b; \"; c=d", 3, {{"a", "b"}, {"", "\""}, {"c", "d"}}},
        {"blanks inside", "a b c=d e = f; gh=i", 2, {{"a b c", "d e = f"}, {"gh", "i"}}},
        {"what RFC 6265 forbids",
         "a   b,c<>@:/[]?{}=d  \"  =e,f g",
         1,
         {{"a   b,c<>@:/[]?{}", "d  \"  =e,f g"}}},
        {"UTF-8", "saint=Andr\xc3\xa9", 1, {{"saint", "Andr\xc3\xa9"}}},
        {"blanks and nothing", "  =  b  ;  ;  =  ;   c  =  ;  ", 2, {{"", "b"}, {"c", ""}}},
        {"no blank behind the semicolon", "a=b;c=d", 2, {{"a", "b"}, {"c", "d"}}},
        {"quotes", "foo=\"bar\"", 1, {{"foo", "bar"}}},
        {"escapes in quotes alone", "foo=a\\073b", 1, {{"foo", "a\\073b"}}},
        {"escapes in quotes", "foo=\"a\\073b\"", 1, {{"foo", "a;b"}}},
        {"an empty quoted value", "foo=\"\"", 1, {{"foo", ""}}},
        {"nothing", "", 0, {{NULL}}},
    };
    struct guard g = guard_new(128);
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_pairs cookies;

        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_cookie_parse(&a, guard_put(&g, cases[i].field, strlen(cases[i].field)), 4, &cookies),
            0);
        assert_int_equal(cookies.len, cases[i].n);
        for (size_t k = 0; k < cookies.len; k++) {
            assert_str(cookies.items[k].name, gust_str_from(cases[i].pairs[k][0]));
            assert_str(cookies.items[k].value, gust_str_from(cases[i].pairs[k][1]));
            assert_int_equal(cookies.items[k].name.ptr[cookies.items[k].name.len], '\0');
            assert_int_equal(cookies.items[k].value.ptr[cookies.items[k].value.len], '\0');
        }
    }
    gu_arena_deinit(&a);
    guard_free(&g);
}

/* Tornado's table, which is CPython's. */
TEST(quoted_values_are_unquoted)
{
    static const struct {
        const char *field;
        gust_str value;
    } cases[] = {
        {"a=\"b=\\\"\"", GU_STR_INIT("b=\"")},
        {"a=\"b=\\\\\"", GU_STR_INIT("b=\\")},
        {"a=\"b=\\=\"", GU_STR_INIT("b==")},
        {"a=\"b=\\n\"", GU_STR_INIT("b=n")},
        {"a=\"b=\\042\"", GU_STR_INIT("b=\"")},
        {"a=\"b=\\134\"", GU_STR_INIT("b=\\")},
        {"a=\"b=\\377\"", GU_STR_INIT("b=\xff")},
        {"a=\"b=\\400\"", GU_STR_INIT("b=400")},
        {"a=\"b=\\42\"", GU_STR_INIT("b=42")},
        {"a=\"b=\\\\042\"", GU_STR_INIT("b=\\042")},
        {"a=\"b=\\\\134\"", GU_STR_INIT("b=\\134")},
        {"a=\"b=\\\\\\\"\"", GU_STR_INIT("b=\\\"")},
        {"a=\"b=\\\\\\042\"", GU_STR_INIT("b=\\\"")},
        {"a=\"b=\\134\\\"\"", GU_STR_INIT("b=\\\"")},
        {"a=\"b=\\134\\042\"", GU_STR_INIT("b=\\\"")},
        {"a=\"b=\\000\"", GU_STR_INIT("b=\0")},
        {"a=\"b=\\18\\280\"", GU_STR_INIT("b=18280")},
        {"a=\"b\\\"", GU_STR_INIT("b\\")},
        {"a=\"", GU_STR_INIT("\"")},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_pairs cookies;

        TEST_CASE(cases[i].field);
        assert_int_equal(gu_cookie_parse(&a, gust_str_from(cases[i].field), 1, &cookies), 0);
        assert_str(cookies.items[0].value, cases[i].value);
    }
    gu_arena_deinit(&a);
}

TEST(the_last_cookie_of_a_name_counts)
{
    struct gust_arena a = arena_new();
    struct gu_pairs cookies;

    assert_int_equal(gu_cookie_parse(&a, GU_STR("a=b; h=i; a=c"), 3, &cookies), 0);
    assert_str(*gu_pairs_find_last(&cookies, GU_STR("a")), GU_STR("c"));
    gu_arena_deinit(&a);
}

TEST(cookies_are_limited)
{
    struct gust_arena a = arena_new(), none = arena_empty(), little;
    struct gu_pairs cookies = {NULL, 77};
    char room[32] __attribute__((aligned(16)));

    assert_int_equal(gu_cookie_parse(&a, GU_STR("a=1;;b=2"), 3, &cookies), 0);
    assert_int_equal(gu_cookie_parse(&a, GU_STR("a=1;b=2; ;c=3;"), 3, &cookies), 0);
    assert_int_equal(cookies.len, 3);
    assert_int_equal(gu_cookie_parse(&a, GU_STR("a=1;b=2;c=3;d"), 3, &cookies), -GUST_ETOOBIG);
    gu_arena_init(&little, NULL, room, sizeof room, 0);
    assert_int_equal(gu_cookie_parse(&none, GU_STR("a=1"), 3, &cookies), -ENOMEM);
    assert_int_equal(gu_cookie_parse(&little, GU_STR("a=1"), 3, &cookies), -ENOMEM);
    assert_int_equal(cookies.len, 3);
    assert_int_equal(gu_cookie_parse(&none, GU_STR(" ; "), 3, &cookies), 0);
    assert_int_equal(cookies.len, 0);
    gu_arena_deinit(&a);
}

/* --- Set-Cookie --- */

#define NAME_VALUE(n, v) .name = GU_STR_INIT(n), .value = GU_STR_INIT(v)

TEST(set_cookie_is_written_as_tornado_writes_it)
{
    static const struct {
        const char *name;
        struct gu_cookie cookie;
        const char *field;
    } cases[] = {
        {"alone", {NAME_VALUE("a", "b")}, "a=b"},
        {"C16: the order of attributes",
         {NAME_VALUE("a", "b"), .domain = GU_STR_INIT("ex.com"), .path = GU_STR_INIT("/p"),
          .same_site = GU_STR_INIT("Lax"), .max_age = 5, .expires = 1700000000, .has_expires = true,
          .http_only = true, .secure = true},
         "a=b; Domain=ex.com; expires=Tue, 14 Nov 2023 22:13:20 GMT; HttpOnly; Max-Age=5; Path=/p; "
         "SameSite=Lax; Secure"},
        {"a date of 0",
         {NAME_VALUE("a", ""), .has_expires = true},
         "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT"},
        {"a negative age",
         {NAME_VALUE("a", "b"), .max_age = INT64_MIN},
         "a=b; Max-Age=-9223372036854775808"},
        {"no quotes needed",
         {NAME_VALUE("a", "azAZ09!#$%&'*+-.^_`|~:")},
         "a=azAZ09!#$%&'*+-.^_`|~:"},
        {"equals", {NAME_VALUE("equals", "a=b")}, "equals=\"a=b\""},
        {"semicolon", {NAME_VALUE("semicolon", "a;b")}, "semicolon=\"a\\073b\""},
        {"comma", {NAME_VALUE("a", "a,b")}, "a=\"a\\054b\""},
        {"quote and backslash", {NAME_VALUE("quote", "a\"b\\")}, "quote=\"a\\\"b\\\\\""},
        {"as it is in quotes", {NAME_VALUE("a", "()/<=>?@[]{}")}, "a=\"()/<=>?@[]{}\""},
        {"DEL and UTF-8", {NAME_VALUE("a", "\x7f\xc3\xa9")}, "a=\"\\177\\303\\251\""},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str field;
        struct gu_pairs back;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_cookie_format(&a, &cases[i].cookie, &field), 0);
        assert_str(field, gust_str_from(cases[i].field));
        assert_int_equal(field.ptr[field.len], '\0');
        assert_int_equal(gu_cookie_parse(&a, field, 99, &back), 0);
        assert_str(back.items[0].value, cases[i].cookie.value);
    }
    gu_arena_deinit(&a);
}

TEST(set_cookie_refuses_what_could_add_to_it)
{
    static const struct {
        const char *name;
        struct gu_cookie cookie;
    } cases[] = {
        {"no name", {NAME_VALUE("", "b")}},
        {"CVE-2026-35536: name with a semicolon", {NAME_VALUE("a;b", "c")}},
        {"name with =", {NAME_VALUE("a=b", "c")}},
        {"name with a blank", {NAME_VALUE("a b", "c")}},
        {"name with CRLF", {NAME_VALUE("a\r\nb", "c")}},
        {"name with DEL", {NAME_VALUE("a\x7f", "c")}},
        {"name that is an attribute's", {NAME_VALUE("Path", "c")}},
        {"value with a blank", {NAME_VALUE("a", "b c")}},
        {"value with CRLF", {NAME_VALUE("a", "b\r\nc")}},
        {"value with NUL", {NAME_VALUE("a", "b\0")}},
        {"CVE-2026-35536: domain", {NAME_VALUE("a", "b"), .domain = GU_STR_INIT("x;Secure")}},
        {"CVE-2026-35536: path", {NAME_VALUE("a", "b"), .path = GU_STR_INIT("/;Domain=x")}},
        {"CVE-2026-35536: samesite", {NAME_VALUE("a", "b"), .same_site = GU_STR_INIT("Lax;x")}},
        {"domain with CRLF", {NAME_VALUE("a", "b"), .domain = GU_STR_INIT("x\r\n")}},
        {"path with a blank", {NAME_VALUE("a", "b"), .path = GU_STR_INIT("/a b")}},
        {"path with DEL", {NAME_VALUE("a", "b"), .path = GU_STR_INIT("/\x7f")}},
        {"samesite with NUL", {NAME_VALUE("a", "b"), .same_site = GU_STR_INIT("\0")}},
    };
    struct gust_arena a = arena_new(), none = arena_empty();
    struct gu_cookie good = {NAME_VALUE("a", "b")};
    gust_str field = {0};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_cookie_format(&a, &cases[i].cookie, &field), -EINVAL);
    }
    assert_int_equal(gu_cookie_format(&none, &good, &field), -ENOMEM);
    assert_null(field.ptr);
    gu_arena_deinit(&a);
}
