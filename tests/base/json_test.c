/*
 * json — what values look like as text, what a text may be, and what is refused
 */
#include "base/alloc.h"
#include "base/json.h"
#include "base/loopstack.h"
#include "base/str.h"
#include "test.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static void check_value(gust_value v, const char *want)
{
    struct gu_buf b = GU_BUF_NULL;
    gust_str got;

    gu_json_put_value(&b, &v);
    assert_int_equal(gu_buf_finish(&b, &got), 0);
    assert_string_equal(got.ptr, want);
    gu_buf_deinit(&b);
}

static void check_refused(gust_value v, int err)
{
    struct gu_buf b = GU_BUF_NULL;

    gu_json_put_value(&b, &v);
    assert_int_equal(gu_buf_error(&b), err);
    gu_buf_deinit(&b);
}

TEST(every_type_has_its_text)
{
    json_t *json = json_pack("{s:[i,f,s,b,n], s:{}, s:[]}", "a", 1, 2.5, "x", 1, "o", "e");
    const char *none = NULL;
    char text[] = "abc";
    unsigned char small = 200;

    check_value(GUST_V((bool)true), "true");
    check_value(gust_value_bool(false), "false");
    check_value(gust_value_null(), "null");
    check_value(GUST_V(none), "null");
    check_value(GUST_V((json_t *)NULL), "null");
    check_value(GUST_V(-7), "-7");
    check_value(GUST_V(small), "200");
    check_value(GUST_V(INT64_MIN), "-9223372036854775808");
    check_value(GUST_V(INT64_MAX), "9223372036854775807");
    check_value(GUST_V((uint64_t)INT64_MAX + 1), "9.223372036854776e+18");
    check_value(GUST_V(0.5f), "0.5");
    check_value(GUST_V(text), "\"abc\"");
    check_value(GUST_V(GU_STR("a\0b")), "\"a\\u0000b\"");
    check_value(GUST_V(json), "{\"a\":[1,2.5,\"x\",true,null],\"o\":{},\"e\":[]}");
    check_value(GUST_ITEMS(GUST_V(1), GUST_V("two")), "[1,\"two\"]");
    check_value(gust_value_list(NULL, 0), "[]");
    check_value(gust_value_map(NULL), "{}");
    check_value(GUST_V(GUST_VARS({"k", GUST_V(1)}, {"l", GUST_V(GUST_VARS({"m", GUST_V("")}))})),
                "{\"k\":1,\"l\":{\"m\":\"\"}}");
    json_decref(json);
}

TEST(strings_escape_what_json_and_pages_need)
{
    static const struct {
        const char *name;
        gust_str text;
        const char *json;
    } cases[] = {
        {"quotes", GU_STR_INIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {"named controls", GU_STR_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {"other controls", GU_STR_INIT("\x01\x0b\x1f"), "\"\\u0001\\u000b\\u001f\""},
        {"delete stays", GU_STR_INIT("\x7f"), "\"\x7f\""},
        {"end of a script", GU_STR_INIT("</script>"), "\"<\\/script>\""},
        {"a slash alone stays", GU_STR_INIT("/a/ <b> /"), "\"/a/ <b> /\""},
        {"twice", GU_STR_INIT("</</"), "\"<\\/<\\/\""},
        {"UTF-8 stays", GU_STR_INIT("\xc3\xa4\xf0\x9f\x98\x80"), "\"\xc3\xa4\xf0\x9f\x98\x80\""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        check_value(GUST_V(cases[i].text), cases[i].json);
    }
}

TEST(doubles_are_shortest_and_read_back)
{
    static const struct {
        double d;
        const char *json;
    } cases[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1e+15"},
        {1e300, "1e+300"},
        {123456789012345, "123456789012345.0"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {5e-324, "4.94065645841247e-324"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].json);
        check_value(GUST_V(cases[i].d), cases[i].json);
        assert_true(strtod(cases[i].json, NULL) == cases[i].d);
    }
}

TEST(the_locale_does_not_reach_the_text)
{
    static const struct {
        const char *name, *printed, *json;
    } cases[] = {
        {"a point", "2.5", "2.5"},
        {"a comma", "2,5", "2.5"},
        {"a point of two bytes",
         "2\xd9\xab"
         "5e-07",
         "2.5e-07"},
        {"none", "25", "25.0"},
        {"an exponent alone", "1e+20", "1e+20"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_buf b = GU_BUF_NULL;
        gust_str got;

        TEST_CASE(cases[i].name);
        gu_json_put_printed(&b, cases[i].printed);
        assert_int_equal(gu_buf_finish(&b, &got), 0);
        assert_string_equal(got.ptr, cases[i].json);
        gu_buf_deinit(&b);
    }
}

TEST(what_json_has_not_is_refused)
{
    check_refused(GUST_V((double)NAN), -EDOM);
    check_refused(GUST_V((double)INFINITY), -EDOM);
    check_refused(GUST_V("\xff"), -GUST_ESYNTAX);
    check_refused(GUST_V(GUST_VARS({"\xc0\x80", GUST_V(1)})), -GUST_ESYNTAX);
    check_refused(GUST_ITEMS(GUST_V(1), GUST_V((double)-INFINITY), GUST_V(2)), -EDOM);
}

static gust_value nested(gust_value items[], unsigned depth)
{
    items[0] = gust_value_int(1);
    for (unsigned i = 1; i <= depth; i++)
        items[i] = gust_value_list(&items[i - 1], 1);
    return items[depth];
}

static json_t *nested_json(unsigned depth)
{
    json_t *json = json_integer(1);

    for (unsigned i = 0; i < depth; i++)
        json = i % 2 == 0 ? json_pack("[o]", json) : json_pack("{s:o}", "k", json);
    return json;
}

TEST(nesting_is_bounded_for_all_kinds_of_values)
{
    static const struct {
        const char *name;
        unsigned depth;
        int err;
    } cases[] = {
        {"one below", GU_JSON_MAX_DEPTH - 1, 0},
        {"the limit", GU_JSON_MAX_DEPTH, 0},
        {"one above", GU_JSON_MAX_DEPTH + 1, -GUST_ETOOBIG},
    };
    gust_value items[GU_JSON_MAX_DEPTH + 2], loop;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        json_t *json = nested_json(cases[i].depth);

        TEST_CASE(cases[i].name);
        check_refused(nested(items, cases[i].depth), cases[i].err);
        check_refused(GUST_V(json), cases[i].err);
        check_refused(gust_value_list(&(gust_value){.type = GUST_JSONT, .as.json = json}, 1),
                      cases[i].depth < GU_JSON_MAX_DEPTH ? 0 : -GUST_ETOOBIG);
        json_decref(json);
    }
    loop = gust_value_list(&loop, 1);
    check_refused(loop, -GUST_ETOOBIG);
}

TEST(short_memory_while_encoding_is_one_error)
{
    json_t *json = nested_json(100);
    uint64_t before = gu_alloc_count(), n;

    check_refused(GUST_V(json), 0);
    n = gu_alloc_count() - before;
    assert_true(n > 1);
    for (uint64_t i = 1; i <= n; i++) {
        gu_alloc_fail_at(i);
        check_refused(GUST_V(json), -ENOMEM);
        assert_true(gu_alloc_has_failed());
    }
    gu_alloc_fail_at(0);
    json_decref(json);
}

TEST(vars_are_an_object_and_jansson_needs_no_value)
{
    struct gu_buf b = GU_BUF_NULL;
    json_t *json = json_pack("[i]", 7);
    gust_str got;

    gu_json_put_vars(&b, GUST_VARS({"a", GUST_V(1)}));
    gu_json_put_vars(&b, NULL);
    gu_json_put_json(&b, json);
    assert_int_equal(gu_buf_finish(&b, &got), 0);
    assert_string_equal(got.ptr, "{\"a\":1}{}[7]");
    json_decref(json);
    gu_buf_deinit(&b);
}

/* --- decoding --- */

TEST(what_decodes_encodes_to_the_same)
{
    static const struct {
        const char *name, *text, *again;
    } cases[] = {
        {"object", "{\"a\":[1,-2,true,false,null]}", NULL},
        {"spaces", " { \"a\" :\t[ ]\r\n} ", "{\"a\":[]}"},
        {"a number alone", "7", NULL},
        {"a string alone", "\"a]\\\"[\"", NULL},
        {"the last of equal keys", "{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"an escaped pair", "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
        {"the largest integer", "9223372036854775807", NULL},
        {"a double", "1.5", NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        json_t *json = NULL;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_json_decode(gust_str_from(cases[i].text), SIZE_MAX, &json, NULL), 0);
        check_value(GUST_V(json), cases[i].again != NULL ? cases[i].again : cases[i].text);
        json_decref(json);
    }
}

TEST(what_does_not_decode_says_why_and_where)
{
    static const struct {
        const char *name;
        gust_str text;
        const char *message;
        int line;
    } cases[] = {
        {"empty", GU_STR_INIT(""), "the JSON text ends too early", 1},
        {"an open list", GU_STR_INIT("\n[1,"), "the JSON text ends too early", 2},
        {"an open string", GU_STR_INIT("\"a"), "the JSON text ends too early", 1},
        {"a word", GU_STR_INIT("[wrong]"), "the JSON text does not parse", 1},
        {"a trailing comma", GU_STR_INIT("[1,]"), "the JSON text does not parse", 1},
        {"a closing bracket", GU_STR_INIT("]"), "the JSON text does not parse", 1},
        {"more behind", GU_STR_INIT("{} 1"), "something follows the JSON value", 1},
        {"not UTF-8", GU_STR_INIT("\"\xff\""), "the JSON text is not UTF-8", 1},
        {"a surrogate", GU_STR_INIT("\"\\ud800\""), "the JSON text does not parse", 1},
        {"zero character", GU_STR_INIT("\"\\u0000\""), "the JSON text has a zero character", 1},
        {"one above the largest", GU_STR_INIT("9223372036854775808"),
         "a number in the JSON text is too large", 1},
        {"a double too large", GU_STR_INIT("1e999"), "a number in the JSON text is too large", 1},
        {"NaN", GU_STR_INIT("NaN"), "the JSON text does not parse", 1},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        json_t *json = NULL;
        gust_error error = {0};

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_json_decode(cases[i].text, SIZE_MAX, &json, &error), -GUST_ESYNTAX);
        assert_null(json);
        assert_int_equal(error.code, -GUST_ESYNTAX);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.line, cases[i].line);
        assert_int_equal(gu_json_decode(cases[i].text, SIZE_MAX, &json, NULL), -GUST_ESYNTAX);
    }
}

static const char *brackets(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

TEST(depth_is_measured_before_jansson_sees_the_text)
{
    static char text[200001];
    gust_error error = {0};
    json_t *json = NULL;

    brackets(text, GU_JSON_MAX_DEPTH);
    assert_int_equal(gu_json_decode(gust_str_from(text), SIZE_MAX, &json, &error), 0);
    json_decref(json);
    brackets(text, GU_JSON_MAX_DEPTH + 1);
    assert_int_equal(gu_json_decode(gust_str_from(text), SIZE_MAX, &json, &error), -GUST_ETOOBIG);
    assert_string_equal(error.message, "the JSON text nests too deep");
    brackets(text, 100000);
    assert_int_equal(gu_json_decode(gust_str_from(text), SIZE_MAX, &json, &error), -GUST_ETOOBIG);
}

TEST(a_measure_sees_brackets_outside_of_strings_alone)
{
    static const struct {
        const char *name, *text;
        size_t depth, n_containers, n_values;
    } cases[] = {
        {"empty", "", 0, 0, 1},
        {"flat", "[1,2,3]", 1, 1, 4},
        {"both kinds", "{\"a\":[{}]}", 3, 3, 4},
        {"in a string", "[\"[[[\"]", 1, 1, 2},
        {"behind an escaped quote", "[\"\\\"[[\"]", 1, 1, 2},
        {"behind an escaped backslash", "[\"\\\\\",[]]", 2, 2, 4},
        {"one after the other", "[[],[],[]]", 2, 4, 7},
        {"closed too often", "]]][", 1, 1, 2},
        {"an open string", "[\"[", 1, 1, 2},
        {"a backslash at the end", "[\"\\", 1, 1, 2},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_json_shape shape = gu_json_measure(gust_str_from(cases[i].text));

        TEST_CASE(cases[i].name);
        assert_int_equal(shape.depth, cases[i].depth);
        assert_int_equal(shape.n_containers, cases[i].n_containers);
        assert_int_equal(shape.n_values, cases[i].n_values);
    }
}

/* Jansson's memory, counted with what malloc adds to each block; the peak is what matters. */
static size_t now_held, most_held;

static void *count_malloc(size_t size)
{
    size_t *block = malloc(size + 16);

    assert_non_null(block);
    block[0] = (size + 8 + 15) & ~(size_t)15;
    now_held += block[0];
    most_held = gu_max(most_held, now_held);
    return block + 2;
}

static void count_free(void *memory)
{
    size_t *block = memory;

    if (block == NULL)
        return;
    now_held -= block[-2];
    free(block - 2);
}

/* A text of many an `item` between `open` and `close`; its # becomes the item's number. */
static gust_str repeat(struct gu_buf *b, const char *open, const char *item, const char *close)
{
    const char *number = strchr(item, '#');
    gust_str text = GU_STR("");

    gu_buf_puts(b, open);
    for (unsigned i = 0; i < 3000; i++) {
        if (i > 0)
            gu_buf_putc(b, ',');
        gu_buf_put(b, item, number == NULL ? strlen(item) : (size_t)(number - item));
        if (number != NULL) {
            gu_buf_u64(b, i);
            gu_buf_puts(b, number + 1);
        }
    }
    gu_buf_puts(b, close);
    assert_int_equal(gu_buf_finish(b, &text), 0);
    return text;
}

TEST(decoding_never_takes_more_than_its_cost)
{
    static const struct {
        const char *name, *open, *item, *close;
    } cases[] = {
        {"empty objects", "[", "{}", "]"},
        {"empty lists", "[", "[]", "]"},
        {"objects of one", "[", "{\"\":1}", "]"},
        {"lists of one", "[", "[1]", "]"},
        {"small numbers", "[", "1", "]"},
        {"doubles", "[", "1.5", "]"},
        {"empty strings", "[", "\"\"", "]"},
        {"short strings", "[", "\"a\"", "]"},
        {"members", "{", "\"#\":1", "}"},
        {"members of empty objects", "{", "\"#\":{}", "}"},
        {"long keys", "{", "\"0123456789012345678901234567890123456789#\":0", "}"},
        {"one long string", "[\"", "0123456789", "\"]"},
        {"lists in lists", "[", "[[[[[[[[]]]]]]]]", "]"},
        {"objects in objects", "[", "{\"\":{\"\":{\"\":{}}}}", "]"},
    };

    json_set_alloc_funcs(count_malloc, count_free);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_buf b = GU_BUF_NULL;
        gust_str text = repeat(&b, cases[i].open, cases[i].item, cases[i].close);
        struct gu_json_shape shape = gu_json_measure(text);
        size_t cost = gu_json_cost(&shape, text.len);
        gust_error error = {0};
        json_t *json = NULL;

        TEST_CASE(cases[i].name);
        most_held = now_held = 0;
        assert_int_equal(gu_json_decode(text, cost - 1, &json, &error), -GUST_ETOOBIG);
        assert_string_equal(error.message, "the JSON text has too many values");
        assert_int_equal(most_held, 0);
        assert_int_equal(gu_json_decode(text, cost, &json, NULL), 0);
        assert_in_range(most_held, 1, cost);
        json_decref(json);
        assert_int_equal(now_held, 0);
        gu_buf_deinit(&b);
    }
    json_set_alloc_funcs(malloc, free);
}

static int n_leaves;

static int count_leaf(gu_leaf_fn *fn, void *arg)
{
    n_leaves++;
    return fn(arg);
}

TEST(both_ways_recurse_on_the_loops_stack)
{
    json_t *json = NULL;

    gu_loop_stack_hook = count_leaf;
    assert_int_equal(gu_json_decode(GU_STR("[1.5]"), SIZE_MAX, &json, NULL), 0);
    assert_int_equal(n_leaves, 1);
    check_value(GUST_V(json), "[1.5]");
    assert_int_equal(n_leaves, 2);
    gu_loop_stack_hook = NULL;
    json_decref(json);
}
