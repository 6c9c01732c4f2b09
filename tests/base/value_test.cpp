/*
 * value — the same header in C++
 */
#include <gust/value.h>

#include <jansson.h>
#include <string>

extern "C" {
#include "test.h"
}

TEST(every_overload_has_its_type)
{
    json_t *json = json_true();
    char text[] = "abc";
    const gust_str bytes = {"ab", 2};

    assert_int_equal(GUST_V(true).type, GUST_BOOL);
    assert_int_equal(GUST_V(1 < 2).type, GUST_BOOL);
    assert_int_equal(GUST_V('c').as.integer, 'c');
    assert_int_equal(GUST_V(short(-3)).as.integer, -3);
    assert_int_equal(GUST_V(7u).as.integer, 7);
    assert_int_equal(GUST_V(sizeof text).as.integer, 4);
    assert_true(GUST_V(INT64_MIN).as.integer == INT64_MIN);
    assert_int_equal(GUST_V(UINT64_MAX).type, GUST_DOUBLE);
    assert_int_equal(GUST_V(1.5f).type, GUST_DOUBLE);
    assert_int_equal(GUST_V(text).as.string.len, 3);
    assert_int_equal(GUST_V(bytes).as.string.len, 2);
    assert_int_equal(GUST_V(std::string("abcd").c_str()).as.string.len, 4);
    assert_int_equal(GUST_V(static_cast<const char *>(nullptr)).type, GUST_NULL);
    assert_ptr_equal(GUST_V(json).as.json, json);
    assert_int_equal(GUST_V(GUST_V(1)).type, GUST_INT);
}

static int count(const gust_kv *pairs)
{
    int n = 0;

    while (pairs[n].key != nullptr)
        n++;
    return n;
}

static int64_t second(gust_value list)
{
    return list.n < 2 ? -1 : list.as.list[1].as.integer;
}

TEST(vars_and_items_last_as_long_as_the_call)
{
    assert_int_equal(count(GUST_VARS({"a", GUST_V(1)}, {"b", GUST_V("two")})), 2);
    assert_int_equal(second(GUST_ITEMS(GUST_V(1), GUST_V(2))), 2);
    assert_int_equal(GUST_V(GUST_VARS({"a", GUST_V(1)})).type, GUST_MAP);
}
