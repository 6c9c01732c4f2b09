/*
 * str — the helpers over bytes with a length
 */
#include "base/str.h"
#include "test.h"

TEST(numbers_are_digits_alone_and_fit)
{
    static const struct {
        const char *name, *text;
        bool ok;
        uint64_t value;
    } cases[] = {
        {"one digit", "7", true, 7},
        {"leading zeros", "007", true, 7},
        {"the largest", "18446744073709551615", true, UINT64_MAX},
        {"one more", "18446744073709551616", false, 0},
        {"far too long", "99999999999999999999999", false, 0},
        {"empty", "", false, 0},
        {"a sign", "+1", false, 0},
        {"a space", " 1", false, 0},
        {"an underscore", "1_0", false, 0},
        {"hexadecimal", "0x10", false, 0},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        uint64_t value = 0;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_str_to_u64(gust_str_from(cases[i].text), &value), cases[i].ok);
        assert_true(value == cases[i].value);
    }
}

/* Bytes to point to are there all the same: what has none is memory that was short. */
TEST(a_text_that_is_null_is_an_empty_one)
{
    assert_int_equal(gust_str_from(NULL).len, 0);
    assert_string_equal(gust_str_from(NULL).ptr, "");
}

TEST(split_gives_every_part_once)
{
    gust_str rest = GU_STR("a,,b,"), part;
    const char *want[] = {"a", "", "b", ""};
    size_t n = 0;

    while (gu_str_split(&rest, ',', &part)) {
        assert_true(n < gu_countof(want));
        assert_true(gust_str_equal(part, want[n++]));
    }
    assert_int_equal(n, 4);
}

TEST(find_starts_where_it_is_told)
{
    assert_int_equal(gu_str_find(GU_STR("abcabc"), GU_STR("bc"), 0), 1);
    assert_int_equal(gu_str_find(GU_STR("abcabc"), GU_STR("bc"), 2), 4);
    assert_true(gu_str_find(GU_STR("abcabc"), GU_STR("bc"), 5) == GU_NPOS);
    assert_true(gu_str_find(GU_STR("ab"), GU_STR("abc"), 0) == GU_NPOS);
    assert_true(gu_str_find(GU_STR("ab"), GU_STR("b"), 9) == GU_NPOS);
    assert_int_equal(gu_str_find(GU_STR("ab"), GU_STR(""), 2), 2);
}

TEST(trim_takes_both_ends_only)
{
    assert_true(gust_str_equal(gu_str_trim(GU_STR(" \ta b\t "), " \t"), "a b"));
    assert_true(gust_str_equal(gu_str_trim(GU_STR("  "), " "), ""));
    assert_true(gust_str_equal(gu_str_trim(gu_str("\0a", 2), " "), "") == false);
}

TEST(case_is_folded_for_letters_only)
{
    assert_true(gu_str_ieq(GU_STR("Content-Length"), GU_STR("cONTENT-lENGTH")));
    assert_false(gu_str_ieq(GU_STR("a@"), GU_STR("a`")));
    assert_false(gu_str_ieq(GU_STR("\xc3\x84"), GU_STR("\xc3\xa4")));
}

TEST(every_error_has_a_text)
{
    assert_string_equal(gust_strerror(-GUST_ECLOSED), "the connection is closed");
    assert_string_equal(gust_strerror(GUST_ETOOBIG), "a limit was passed");
    assert_string_equal(gust_strerror(-ETIMEDOUT), "Connection timed out");
    assert_string_equal(gust_strerror(-GUST_EMAX_), "unknown error");
    assert_string_equal(gust_strerror(INT32_MIN), "unknown error");
}

TEST(options_read_zero_as_the_default_and_never_as_no_limit)
{
    assert_int_equal(gu_option_size(0, 5), 5);
    assert_int_equal(gu_option_size(7, 5), 7);
    assert_true(gu_option_size(GUST_NEVER, 5) == SIZE_MAX);
    assert_true(gu_option_time(0, 1.5) == GU_SECOND * 3 / 2);
    assert_true(gu_option_time(GUST_NEVER, 1.5) == GU_FOREVER);
}
