/*
 * query, percent — escapes and pairs
 */
#include "codec/percent.h"
#include "codec/query.h"
#include "codec_test.h"

TEST(percent_encoding_is_that_of_python)
{
    static const struct {
        const char *name;
        gust_str text;
        const char *form, *path;
    } cases[] = {
        {"C19", GU_STR_INIT("a b/\xc3\xa9~"), "a+b%2F%C3%A9~", "a%20b/%C3%A9~"},
        {"unreserved", GU_STR_INIT("AZaz09-._~"), "AZaz09-._~", "AZaz09-._~"},
        {"a plus sign", GU_STR_INIT("1+1=2"), "1%2B1%3D2", "1%2B1%3D2"},
        {"a percent sign", GU_STR_INIT("100%"), "100%25", "100%25"},
        {"a zero byte", GU_STR_INIT("\0"), "%00", "%00"},
        {"nothing", GU_STR_INIT(""), "", ""},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str form = gu_percent_escape(&a, cases[i].text, GU_PERCENT_FORM);
        gust_str path = gu_percent_escape(&a, cases[i].text, GU_PERCENT_PATH);

        TEST_CASE(cases[i].name);
        assert_str(form, gust_str_from(cases[i].form));
        assert_str(path, gust_str_from(cases[i].path));
        assert_int_equal(form.ptr[form.len], '\0');
        assert_str(gu_percent_unescape(&a, form, GU_PERCENT_FORM), cases[i].text);
        assert_str(gu_percent_unescape(&a, path, GU_PERCENT_PATH), cases[i].text);
    }
    gu_arena_deinit(&a);
}

TEST(what_is_no_escape_stays)
{
    static const struct {
        const char *name, *text, *form, *path;
    } cases[] = {
        {"both cases", "%c3%A9", "\xc3\xa9", "\xc3\xa9"},
        {"not hexadecimal", "%zz%4g", "%zz%4g", "%zz%4g"},
        {"cut off", "a%", "a%", "a%"},
        {"cut off behind a digit", "a%4", "a%4", "a%4"},
        {"decoded once only", "%2541", "%41", "%41"},
        {"an escape behind what is none", "%%41", "%A", "%A"},
        {"plus", "a+b%2B", "a b+", "a+b+"},
    };
    struct guard g = guard_new(64);
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text = guard_put(&g, cases[i].text, strlen(cases[i].text));

        TEST_CASE(cases[i].name);
        assert_str(gu_percent_unescape(&a, text, GU_PERCENT_FORM), gust_str_from(cases[i].form));
        assert_str(gu_percent_unescape(&a, text, GU_PERCENT_PATH), gust_str_from(cases[i].path));
    }
    gu_arena_deinit(&a);
    guard_free(&g);
}

static void assert_pairs(const struct gu_pairs *pairs, const char *const want[][2], size_t n)
{
    assert_int_equal(pairs->len, n);
    for (size_t i = 0; i < n; i++) {
        assert_str(pairs->items[i].name, gust_str_from(want[i][0]));
        assert_str(pairs->items[i].value, gust_str_from(want[i][1]));
        assert_int_equal(pairs->items[i].name.ptr[pairs->items[i].name.len], '\0');
        assert_int_equal(pairs->items[i].value.ptr[pairs->items[i].value.len], '\0');
    }
}

TEST(queries_are_read_as_python_reads_them)
{
    static const struct {
        const char *name, *text;
        size_t n;
        const char *pairs[3][2];
        const char *formatted;
    } cases[] = {
        {"two pairs", "a=1&b=2", 2, {{"a", "1"}, {"b", "2"}}, "a=1&b=2"},
        {"order and repeats are kept",
         "b=1&a=2&b=3",
         3,
         {{"b", "1"}, {"a", "2"}, {"b", "3"}},
         "b=1&a=2&b=3"},
        {"C20: blanks are kept", "a=&b", 2, {{"a", ""}, {"b", ""}}, "a=&b="},
        {"empty parts are nothing", "&&a=1&", 1, {{"a", "1"}}, "a=1"},
        {"a value alone", "=1", 1, {{"", "1"}}, "=1"},
        {"the first = splits", "a=b=c", 1, {{"a", "b=c"}}, "a=b%3Dc"},
        {"C20: a semicolon separates nothing", "a=1;b=2", 1, {{"a", "1;b=2"}}, "a=1%3Bb%3D2"},
        {"escaped separators separate nothing", "a%3D%26=%26", 1, {{"a=&", "&"}}, "a%3D%26=%26"},
        {"plus and escapes", "a+b=c+d%2b%20", 1, {{"a b", "c d+ "}}, "a+b=c+d%2B+"},
        {"nothing", "", 0, {{NULL}}, ""},
    };
    struct guard g = guard_new(64);
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text = guard_put(&g, cases[i].text, strlen(cases[i].text));
        struct gu_pairs pairs;
        struct gu_buf out;
        gust_str formatted;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_query_parse(&a, text, 3, &pairs), 0);
        assert_pairs(&pairs, cases[i].pairs, cases[i].n);
        gu_buf_init(&out, &a, SIZE_MAX);
        gu_query_put(&out, &pairs, '\0');
        assert_int_equal(gu_buf_finish(&out, &formatted), 0);
        assert_str(formatted, gust_str_from(cases[i].formatted));
    }
    gu_arena_deinit(&a);
    guard_free(&g);
}

TEST(fields_of_a_query_are_limited)
{
    struct gust_arena a = arena_new();
    struct gu_pairs pairs = {NULL, 77};

    assert_int_equal(gu_query_parse(&a, GU_STR("a&b"), 3, &pairs), 0);
    assert_int_equal(gu_query_parse(&a, GU_STR("a&b&&&c"), 3, &pairs), 0);
    assert_int_equal(pairs.len, 3);
    assert_int_equal(gu_query_parse(&a, GU_STR("a&b&c&d"), 3, &pairs), -GUST_ETOOBIG);
    assert_int_equal(pairs.len, 3);
    gu_arena_deinit(&a);
}

TEST(the_last_pair_of_a_name_counts)
{
    struct gust_arena a = arena_new();
    struct gu_pairs pairs;

    assert_int_equal(gu_query_parse(&a, GU_STR("a=1&A=2&a=3&b=4"), 10, &pairs), 0);
    assert_str(*gu_pairs_find_last(&pairs, GU_STR("a")), GU_STR("3"));
    assert_str(*gu_pairs_find_last(&pairs, GU_STR("A")), GU_STR("2"));
    assert_null(gu_pairs_find_last(&pairs, GU_STR("c")));
    gu_arena_deinit(&a);
}

TEST(memory_that_is_short_is_told)
{
    struct gust_arena none = arena_empty(), little;
    struct gu_pairs pairs = {NULL, 77};
    char room[32] __attribute__((aligned(16)));

    gu_arena_init(&little, NULL, room, sizeof room, 0);
    assert_int_equal(gu_query_parse(&none, GU_STR("&&"), 3, &pairs), 0);
    assert_int_equal(pairs.len, 0);
    pairs.len = 77;
    assert_int_equal(gu_query_parse(&none, GU_STR("a=1"), 3, &pairs), -ENOMEM);
    assert_int_equal(gu_query_parse(&little, GU_STR("a=1"), 3, &pairs), -ENOMEM);
    assert_int_equal(pairs.len, 77);
    assert_null(gu_percent_escape(&none, GU_STR("a"), GU_PERCENT_FORM).ptr);
    assert_null(gu_percent_unescape(&none, GU_STR("a"), GU_PERCENT_FORM).ptr);
}
