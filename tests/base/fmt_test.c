/*
 * fmt — against printf, at every width
 */
#include "base/fmt.h"
#include "test.h"
#include <inttypes.h>
#include <stdio.h>

static void check(uint64_t value)
{
    char got[GU_U64_DIGITS + 1], want[GU_U64_DIGITS + 1];
    size_t n = gu_fmt_u64(got, value);

    got[n] = '\0';
    snprintf(want, sizeof want, "%" PRIu64, value);
    assert_string_equal(got, want);
    assert_int_equal(gu_u64_width(value), n);
    n = gu_fmt_hex(got, value);
    got[n] = '\0';
    snprintf(want, sizeof want, "%" PRIx64, value);
    assert_string_equal(got, want);
}

TEST(numbers_are_as_printf_writes_them)
{
    for (uint64_t power = 1, i = 0; i < 20; i++, power *= 10) {
        check(power - 1);
        check(power);
        check(power + 1);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        check((UINT64_C(1) << bit) - 1);
        check(UINT64_C(1) << bit);
    }
    for (uint64_t value = 0; value < 1100; value++)
        check(value);
    check(UINT64_MAX);
}

TEST(pairs_have_two_digits)
{
    char got[3] = "";

    for (unsigned value = 0; value < 100; value++) {
        char want[8];

        snprintf(want, sizeof want, "%02u", value);
        assert_int_equal(gu_fmt_pair(got, value), 2);
        assert_string_equal(got, want);
    }
}

TEST(bytes_become_two_digits_each)
{
    char got[8] = "";

    assert_int_equal(gu_hex(got, "\x00\x7f\xff", 3), 6);
    assert_string_equal(got, "007fff");
    assert_int_equal(gu_hex(got, NULL, 0), 0);
}
