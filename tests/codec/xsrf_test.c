/*
 * xsrf — tokens are masked afresh, and read in every format that Tornado reads
 */
#include "codec/xsrf.h"
#include "codec_test.h"

#define HEX "767fda6e6e4c4cd89c4f1d3a1a4f5b5c"

static const char raw[] = "\x76\x7f\xda\x6e\x6e\x4c\x4c\xd8\x9c\x4f\x1d\x3a\x1a\x4f\x5b\x5c";

TEST(a_token_is_read_in_each_format)
{
    static const struct {
        const char *name, *text;
        int err;
        gust_str token;
        uint64_t made;
    } cases[] = {
        {"masked by nothing", "2|00000000|" HEX "|1300000000", 0, {raw, 16}, 1300000000},
        {"masked", "2|01020304|777dd96a6f4e4fdc9d4d1e3e1b4d5858|7", 0, {raw, 16}, 7},
        {"capitals", "2|0A0B0C0D|4B4C|7", 0, GU_STR_INIT("AG"), 7},
        {"format 1", HEX, 0, {raw, 16}, 0},
        {"a text", "hello", 0, GU_STR_INIT("hello"), 0},
        {"a text of odd length in hexadecimal", "abc", 0, GU_STR_INIT("abc"), 0},
        {"a text with a bar", "a|b", 0, GU_STR_INIT("a|b"), 0},
        {"a bar in front", "|2", 0, GU_STR_INIT("|2"), 0},
        {"a version with a zero is none", "02|x", 0, GU_STR_INIT("02|x"), 0},
        {"another format", "3|00000000|" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"format 1 by number", "1|" HEX, -EBADMSG, {0}, 0},
        {"format 22", "22|00000000|" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"a short mask", "2|000000|" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"a long mask", "2|0000000000|" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"no mask", "2||" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"a mask that is not hexadecimal", "2|0000000g|" HEX "|1300000000", -EBADMSG, {0}, 0},
        {"no token", "2|00000000||1300000000", -EBADMSG, {0}, 0},
        {"half a byte", "2|00000000|abc|1300000000", -EBADMSG, {0}, 0},
        {"no time", "2|00000000|" HEX "|", -EBADMSG, {0}, 0},
        {"a time with a letter", "2|00000000|" HEX "|13x", -EBADMSG, {0}, 0},
        {"three parts", "2|00000000|" HEX, -EBADMSG, {0}, 0},
        {"five parts", "2|00000000|" HEX "|13|00", -EBADMSG, {0}, 0},
        {"the version alone", "2|", -EBADMSG, {0}, 0},
        {"nothing", "", -EBADMSG, {0}, 0},
    };
    struct gust_arena a = arena_new();
    struct guard g = guard_new(128);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_xsrf x;
        gust_str text = guard_put(&g, cases[i].text, strlen(cases[i].text));

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_xsrf_read(&a, text, &x), cases[i].err);
        if (cases[i].err < 0)
            continue;
        assert_str(x.token, cases[i].token);
        assert_int_equal(x.made, cases[i].made);
    }
    guard_free(&g);
    gu_arena_deinit(&a);
}

TEST(what_is_made_is_read_again)
{
    static const unsigned char masks[][GU_XSRF_MASK] = {{0}, {1, 2, 3, 4}, {255, 254, 253, 252}};
    const struct gu_xsrf token = {{raw, 16}, 1300000000};
    struct gust_arena a = arena_new();
    struct gu_xsrf back;

    for (size_t i = 0; i < gu_countof(masks); i++) {
        gust_str text = gu_xsrf_mask(&a, &token, masks[i]);

        assert_int_equal(text.ptr[text.len], '\0');
        assert_int_equal(gu_xsrf_read(&a, text, &back), 0);
        assert_str(back.token, token.token);
        assert_int_equal(back.made, token.made);
    }
    assert_str(gu_xsrf_mask(&a, &token, masks[1]),
               GU_STR("2|01020304|777dd96a6f4e4fdc9d4d1e3e1b4d5858|1300000000"));
    assert_str(gu_xsrf_plain(&a, &token), GU_STR(HEX));
    gu_arena_deinit(&a);
}

TEST(short_memory_is_told)
{
    static const unsigned char mask[GU_XSRF_MASK];
    const struct gu_xsrf token = {{raw, 16}, 0};
    struct gust_arena none = arena_empty();
    struct gu_xsrf x;

    assert_int_equal(gu_xsrf_read(&none, GU_STR(HEX), &x), -ENOMEM);
    assert_int_equal(gu_xsrf_read(&none, GU_STR("2|00000000|" HEX "|1"), &x), -ENOMEM);
    assert_null(gu_xsrf_mask(&none, &token, mask).ptr);
    assert_null(gu_xsrf_plain(&none, &token).ptr);
}
