/*
 * form, quoted — media types, parameters, quoted strings, lists
 */
#include "codec/form.h"
#include "codec/quoted.h"
#include "codec_test.h"

TEST(media_types_are_compared_without_case_and_parameters)
{
    static const struct {
        const char *name, *content_type;
        bool is;
    } cases[] = {
        {"alone", "application/x-www-form-urlencoded", true},
        {"with a charset", "application/x-www-form-urlencoded; charset=UTF-8", true},
        {"another case", "Application/X-WWW-Form-URLEncoded", true},
        {"blanks", " application/x-www-form-urlencoded ;", true},
        {"longer", "application/x-www-form-urlencodedness", false},
        {"shorter", "application/x-www-form", false},
        {"none", "", false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_content_type_is(gust_str_from(cases[i].content_type), GU_FORM_TYPE),
                         cases[i].is);
    }
    assert_false(gu_content_type_is((gust_str){0}, GU_FORM_TYPE));
}

TEST(parameters_come_one_by_one)
{
    static const struct {
        const char *name, *field;
        size_t n;
        const char *params[3][2];
    } cases[] = {
        {"none", "text/html", 0, {{NULL}}},
        {"one", "text/html; charset=utf-8", 1, {{"charset", "utf-8"}}},
        {"blanks around", "a ;  b = c ; d=e", 2, {{"b", "c"}, {"d", "e"}}},
        {"empty ones are passed over", "a;; ;b=c;", 1, {{"b", "c"}}},
        {"a semicolon in quotes", "a; b=\"c;d\"; e=f", 2, {{"b", "\"c;d\""}, {"e", "f"}}},
        {"an escaped quote", "a; b=\"c\\\";d\"; e=f", 2, {{"b", "\"c\\\";d\""}, {"e", "f"}}},
        {"an open quote", "a; b=\"c;d", 1, {{"b", "\"c;d"}}},
        {"a backslash at the end", "a; b=\"c\\", 1, {{"b", "\"c\\"}}},
        {"no value", "a; b; c=d", 2, {{"b", NULL}, {"c", "d"}}},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str rest = guard_put(&g, cases[i].field, strlen(cases[i].field)), name, value;
        size_t n = 0;

        TEST_CASE(cases[i].name);
        for (; gu_param_next(&rest, &name, &value); n++) {
            assert_true(n < cases[i].n);
            assert_str(name, gust_str_from(cases[i].params[n][0]));
            assert_int_equal(value.ptr == NULL, cases[i].params[n][1] == NULL);
            assert_str(value, gust_str_from(cases[i].params[n][1]));
        }
        assert_int_equal(n, cases[i].n);
    }
    guard_free(&g);
}

TEST(parameters_are_found_and_unquoted)
{
    static const struct {
        const char *name, *field;
        int found;
        const char *value;
    } cases[] = {
        {"a token", "form-data; name=files", 1, "files"},
        {"quoted", "form-data; name=\"files\"", 1, "files"},
        {"another case", "form-data; NAME=files", 1, "files"},
        {"the first one", "form-data; name=a; name=b", 1, "a"},
        {"special: semicolon", "form-data; name=\"a;b.txt\"", 1, "a;b.txt"},
        {"special: quote", "form-data; name=\"a\\\"b.txt\"", 1, "a\"b.txt"},
        {"special: quote and semicolon", "form-data; name=\"a\\\";b.txt\"", 1, "a\";b.txt"},
        {"special: backslash and quote", "form-data; name=\"a\\\\\\\"b.txt\"", 1, "a\\\"b.txt"},
        {"special: backslash", "form-data; name=\"a\\\\b.txt\"", 1, "a\\b.txt"},
        {"a backslash is nothing outside of quotes", "x; name=a\\b", 1, "a\\b"},
        {"empty", "form-data; name=\"\"", 1, ""},
        {"one quote", "form-data; name=\"", 1, "\""},
        {"a backslash behind which nothing stands", "x; name=\"a\\\"", 1, "a\\"},
        {"missing", "form-data; filename=x", 0, NULL},
        {"without a value", "form-data; name", 0, NULL},
    };
    struct gust_arena a = arena_new(), none = arena_empty();
    gust_str value;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_param_get(&a, gust_str_from(cases[i].field), "name", &value),
                         cases[i].found);
        if (cases[i].found)
            assert_str(value, gust_str_from(cases[i].value));
    }
    assert_int_equal(gu_param_get(&none, GU_STR("x; a=b"), "a", &value), -ENOMEM);
    gu_arena_deinit(&a);
}

TEST(strings_are_quoted_where_they_are_no_tokens)
{
    static const struct {
        const char *name;
        gust_str text;
        const char *quoted; /* NULL: nothing can quote it */
    } cases[] = {
        {"a token", GU_STR_INIT("abc"), "abc"},
        {"nothing", GU_STR_INIT(""), "\"\""},
        {"a blank", GU_STR_INIT("a b"), "\"a b\""},
        {"quote and backslash", GU_STR_INIT("a\"\\"), "\"a\\\"\\\\\""},
        {"CR", GU_STR_INIT("a\rb"), NULL},
        {"NUL", GU_STR_INIT("a\0"), NULL},
    };
    struct gust_arena a = arena_new(), none = arena_empty();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str quoted = gu_quoted_quote(&a, cases[i].text);

        TEST_CASE(cases[i].name);
        assert_int_equal(quoted.ptr == NULL, cases[i].quoted == NULL);
        if (cases[i].quoted == NULL)
            continue;
        assert_str(quoted, gust_str_from(cases[i].quoted));
        assert_str(gu_quoted_unquote(&a, quoted), cases[i].text);
    }
    assert_null(gu_quoted_quote(&none, GU_STR("a")).ptr);
    assert_null(gu_quoted_quote(&none, GU_STR("a b")).ptr);
    assert_null(gu_quoted_unquote(&none, GU_STR("a")).ptr);
    gu_arena_deinit(&a);
}

TEST(token_lists_are_searched)
{
    static const struct {
        const char *name, *list;
        bool has;
    } cases[] = {
        {"alone", "close", true},
        {"another case", "Close", true},
        {"among others", "keep-alive, close", true},
        {"empty elements", ", ,\t,close,", true},
        {"a part of a word", "closed, not-close", false},
        {"in a quoted string", "a=\"b, close, c\"", false},
        {"nothing", "", false},
        {"commas alone", ",,", false},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_token_list_has(guard_put(&g, cases[i].list, strlen(cases[i].list)), "close"),
            cases[i].has);
    }
    guard_free(&g);
}
