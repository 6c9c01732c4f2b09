/*
 * utf8 — every boundary of Unicode's table 3-7, whole and cut
 */
#include "base/str.h"
#include "base/utf8.h"
#include "test.h"

static const struct {
    const char *name;
    gust_str text;
    bool is_valid;
} cases[] = {
    {"empty", GU_STR_INIT(""), true},
    {"ASCII", GU_STR_INIT("plain"), true},
    {"zero byte", GU_STR_INIT("a\0b"), true},
    {"U+007F", GU_STR_INIT("\x7f"), true},
    {"U+0080, the first of two", GU_STR_INIT("\xc2\x80"), true},
    {"U+07FF, the last of two", GU_STR_INIT("\xdf\xbf"), true},
    {"U+0800, the first of three", GU_STR_INIT("\xe0\xa0\x80"), true},
    {"U+0FFF", GU_STR_INIT("\xe0\xbf\xbf"), true},
    {"U+1000", GU_STR_INIT("\xe1\x80\x80"), true},
    {"U+CFFF", GU_STR_INIT("\xec\xbf\xbf"), true},
    {"U+D7FF, before the surrogates", GU_STR_INIT("\xed\x9f\xbf"), true},
    {"U+E000, behind them", GU_STR_INIT("\xee\x80\x80"), true},
    {"U+FFFF", GU_STR_INIT("\xef\xbf\xbf"), true},
    {"U+10000, the first of four", GU_STR_INIT("\xf0\x90\x80\x80"), true},
    {"U+40000", GU_STR_INIT("\xf1\x80\x80\x80"), true},
    {"U+FFFFF", GU_STR_INIT("\xf3\xbf\xbf\xbf"), true},
    {"U+10FFFF, the last", GU_STR_INIT("\xf4\x8f\xbf\xbf"), true},
    {"behind long ASCII", GU_STR_INIT("0123456789abcdef\xc3\xa4"), true},
    {"continuation alone", GU_STR_INIT("\x80"), false},
    {"continuation alone, last", GU_STR_INIT("\xbf"), false},
    {"C0 overlong", GU_STR_INIT("\xc0\x80"), false},
    {"C1 overlong", GU_STR_INIT("\xc1\xbf"), false},
    {"E0 overlong", GU_STR_INIT("\xe0\x9f\xbf"), false},
    {"F0 overlong", GU_STR_INIT("\xf0\x8f\xbf\xbf"), false},
    {"first surrogate", GU_STR_INIT("\xed\xa0\x80"), false},
    {"last surrogate", GU_STR_INIT("\xed\xbf\xbf"), false},
    {"U+110000", GU_STR_INIT("\xf4\x90\x80\x80"), false},
    {"F5", GU_STR_INIT("\xf5\x80\x80\x80"), false},
    {"FF", GU_STR_INIT("\xff"), false},
    {"second byte below", GU_STR_INIT("\xc2\x7f"), false},
    {"second byte above", GU_STR_INIT("\xc2\xc0"), false},
    {"third byte below", GU_STR_INIT("\xe0\xa0\x7f"), false},
    {"third byte above", GU_STR_INIT("\xe0\xa0\xc0"), false},
    {"fourth byte below", GU_STR_INIT("\xf0\x90\x80\x7f"), false},
    {"fourth byte above", GU_STR_INIT("\xf0\x90\x80\xc0"), false},
    {"two bytes cut", GU_STR_INIT("\xc2"), false},
    {"three bytes cut", GU_STR_INIT("\xe1\x80"), false},
    {"four bytes cut", GU_STR_INIT("\xf1\x80\x80"), false},
    {"bad behind long ASCII", GU_STR_INIT("0123456789abcdef\xff"), false},
};

static bool in_pieces(gust_str text, size_t size)
{
    struct gu_utf8 state = {0, 0, 0};

    for (size_t at = 0; at < text.len; at += size)
        if (!gu_utf8_feed(&state, gu_str_sub(text, at, size)))
            return false;
    return gu_utf8_is_complete(&state);
}

TEST(exactly_the_well_formed_is_valid_whole_and_in_pieces)
{
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_utf8_is_valid(cases[i].text), cases[i].is_valid);
        for (size_t size = 1; size <= cases[i].text.len; size++)
            assert_int_equal(in_pieces(cases[i].text, size), cases[i].is_valid);
    }
}

static size_t encode(char *to, unsigned c)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 63));
    to[0] = (char)(marks[n] | c);
    return n;
}

TEST(every_code_point_but_surrogates_is_valid)
{
    for (unsigned c = 0; c < 0x200000; c++) {
        char text[4];
        size_t n = encode(text, c);
        bool want = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

        if (gu_utf8_is_valid(gu_str(text, n)) != want ||
            gu_utf8_sequence(gu_str(text, n)) != (want ? n : 0))
            fail_msg("U+%04X", c);
    }
}

/* Counted over all pairs: a table's rows cannot forget one. */
TEST(of_two_bytes_exactly_these_may_begin_a_text)
{
    int n_complete = 0, n_open = 0;

    for (int pair = 0; pair < 0x10000; pair++) {
        char text[2] = {(char)(pair >> 8), (char)pair};
        struct gu_utf8 utf8 = {0, 0, 0};

        if (!gu_utf8_feed(&utf8, gu_str(text, 2)))
            continue;
        if (gu_utf8_is_complete(&utf8))
            n_complete++;
        else
            n_open++;
    }
    assert_int_equal(n_complete, 128 * 128 + 30 * 64);
    assert_int_equal(n_open, 128 * (30 + 16 + 5)                /* ASCII, then a lead */
                                 + (32 + 12 * 64 + 32 + 2 * 64) /* E0, E1-EC, ED, EE-EF */
                                 + (48 + 3 * 64 + 16));         /* F0, F1-F3, F4 */
}

TEST(a_sequence_is_measured_at_the_front)
{
    assert_int_equal(gu_utf8_sequence(GU_STR("")), 0);
    assert_int_equal(gu_utf8_sequence(GU_STR("ab")), 1);
    assert_int_equal(gu_utf8_sequence(GU_STR("\xe2\x82\xac"
                                             "ab")),
                     3);
    assert_int_equal(gu_utf8_sequence(GU_STR("\xe2\x82")), 0);
    assert_int_equal(gu_utf8_sequence(GU_STR("\xff"
                                             "a")),
                     0);
}
