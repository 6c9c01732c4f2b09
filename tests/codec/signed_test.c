/*
 * signed — values that Tornado signed, and what nobody signed
 *
 * Follows tornado.test.web_test.SignedValueTest and SecureCookieV1Test, V2Test.
 */
#include "codec/signed.h"
#include "codec_test.h"
#include <stdio.h>

#define NOW INT64_C(1300000000)
#define DAY 86400

static const gust_secret secret[] = {{"It's a secret to everybody", 0}, {0}};

#define V1 "dmFsdWU=|1300000000|31c934969f53e48164c50768b40cbd7e2daaaa4f"
#define V2_HEAD "2|1:0|10:1300000000|3:key|8:dmFsdWU=|"
#define V2 V2_HEAD "3d4e60b996ff9c5d5788e333a0cba6f238a22c6c0f94788870e1a9ecd482e152"

/* Of at least format 1, of any age up to 31 days. */
static int read_at(struct gust_arena *a, const gust_secret *secrets, const char *name,
                   const char *text, int64_t now, gust_str *value)
{
    const struct gu_signed_rules rules = {1, 31.0 * DAY, now};

    return gu_signed_read(a, secrets, gust_str_from(name), gust_str_from(text), &rules, value);
}

TEST(known_values_are_made_and_read)
{
    struct gust_arena a = arena_new();
    gust_str text, value;

    assert_int_equal(gu_signed_make(&a, secret, GU_STR("key"), GU_STR("value"), 2, NOW, &text), 0);
    assert_str(text, GU_STR(V2));
    assert_int_equal(text.ptr[text.len], '\0');
    assert_int_equal(gu_signed_make(&a, secret, GU_STR("key"), GU_STR("value"), 1, NOW, &text), 0);
    assert_str(text, GU_STR(V1));
    assert_int_equal(read_at(&a, secret, "key", V2, NOW, &value), 0);
    assert_str(value, GU_STR("value"));
    assert_int_equal(read_at(&a, secret, "key", V1, NOW, &value), 0);
    assert_str(value, GU_STR("value"));
    assert_int_equal(value.ptr[value.len], '\0');
    gu_arena_deinit(&a);
}

TEST(what_was_not_signed_so_is_refused)
{
    static const struct {
        const char *name, *key, *text;
    } cases[] = {
        {"nothing", "key", ""},
        {"3.2.1: name_swap", "other", V2},
        {"a prefix of the name", "ke", V2},
        {"name_swap of format 1", "other", V1},
        {"a signature too short", "key", V2_HEAD "3d4e60b996ff9c5d"},
        {"no signature", "key", V2_HEAD},
        {"another signature", "key",
         V2_HEAD "3d4e60b996ff9c5d5788e333a0cba6f238a22c6c0f94788870e1a9ecd482e153"},
        {"capitals in it", "key",
         V2_HEAD "3D4E60B996FF9C5D5788E333A0CBA6F238A22C6C0F94788870E1A9ECD482E152"},
        {"a byte behind it", "key", V2 "0"},
        {"another version", "key", "3|1:0|10:1300000000|3:key|8:dmFsdWU=|3d4e60b996ff9c5d"},
        {"a version with a zero", "key", "02|1:0|10:1300000000|3:key|8:dmFsdWU=|3d4e"},
        {"a field too short", "key", "2|1:0|10:1300000000|3:key|7:dmFsdWU=|3d4e60b9"},
        {"a field too long", "key", "2|1:0|10:1300000000|3:key|9:dmFsdWU=|3d4e60b9"},
        {"a field beyond the end", "key", "2|1:0|10:1300000000|3:key|99:dmFsdWU=|3d4e60b9"},
        {"a length beyond 64 bits", "key", "2|18446744073709551616:0|3:key|8:dmFsdWU=|3d"},
        {"a length with a sign", "key", "2|+1:0|10:1300000000|3:key|8:dmFsdWU=|3d4e60b9"},
        {"no length", "key", "2|:0|10:1300000000|3:key|8:dmFsdWU=|3d4e60b9"},
        {"no colon", "key", "2|1"},
        {"a version alone", "key", "2|"},
        {"format 1: two parts", "key", "dmFsdWU=|1300000000"},
        {"format 1: four parts", "key", V1 "|x"},
        {"format 1: no time", "key", "dmFsdWU=||31c934969f53e48164c50768b40cbd7e2daaaa4f"},
        {"text", "key", "dmFsdWU="},
    };
    struct gust_arena a = arena_new();
    struct guard g = guard_new(128);
    const struct gu_signed_rules rules = {1, 31.0 * DAY, NOW};
    gust_str value = {0};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text = guard_put(&g, cases[i].text, strlen(cases[i].text));

        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_signed_read(&a, secret, gust_str_from(cases[i].key), text, &rules, &value),
            -EBADMSG);
    }
    assert_null(value.ptr);
    guard_free(&g);
    gu_arena_deinit(&a);
}

/* Every cut of a value, and every byte of it changed. */
TEST(a_value_is_good_as_a_whole_only)
{
    static const char *const texts[] = {V1, V2};
    struct gust_arena a = arena_new();
    gust_str value;

    for (size_t i = 0; i < gu_countof(texts); i++) {
        size_t len = strlen(texts[i]);
        char text[128];

        for (size_t at = 0; at < len; at++) {
            memcpy(text, texts[i], len + 1);
            text[at] ^= 1;
            assert_int_equal(read_at(&a, secret, "key", text, NOW, &value), -EBADMSG);
            text[at] = '\0';
            assert_int_equal(read_at(&a, secret, "key", text, NOW, &value), -EBADMSG);
        }
    }
    gu_arena_deinit(&a);
}

TEST(a_value_has_an_age)
{
    static const struct {
        const char *name, *text;
        int64_t now;
        double max_age;
        int err;
    } cases[] = {
        {"just as old", V2, NOW + 31 * DAY, 31.0 * DAY, 0},
        {"a second older", V2, NOW + 31 * DAY + 1, 31.0 * DAY, -ESTALE},
        {"format 1", V1, NOW + 31 * DAY + 1, 31.0 * DAY, -ESTALE},
        {"an age of nothing", V2, NOW, 0, 0},
        {"and a second", V2, NOW + 1, 0, -ESTALE},
        {"any age", V2, INT64_MAX, -1, 0},
        {"made by a clock ahead", V2, NOW - 400 * (int64_t)DAY, 31.0 * DAY, 0},
        {"format 1, a clock ahead", V1, NOW - 31 * DAY, 31.0 * DAY, 0},
        {"format 1, too far", V1, NOW - 31 * DAY - 1, 31.0 * DAY, -EBADMSG},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const struct gu_signed_rules rules = {1, cases[i].max_age, cases[i].now};
        gust_str value;

        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_signed_read(&a, secret, GU_STR("key"), gust_str_from(cases[i].text), &rules, &value),
            cases[i].err);
    }
    gu_arena_deinit(&a);
}

/* SecureCookieV1Test: digits of the value's end that are moved to the time's front leave the
 * signature as it was. */
TEST(digits_cannot_move_between_the_parts_of_format_1)
{
    static const struct {
        const char *name, *value, *encoded;
    } cases[] = {
        {"a time far ahead", "val\xd7\x6d\xf8", "dmFs1234"},
        {"a time with zeros", "val\xd3\x4d\x34", "dmFs0000"},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text, value = gust_str_from(cases[i].value);
        char moved[128];

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_signed_make(&a, secret, GU_STR("n"), value, 1, NOW, &text), 0);
        assert_memory_equal(text.ptr, cases[i].encoded, 8);
        snprintf(moved, sizeof moved, "%.4s|%.4s%s", text.ptr, text.ptr + 4, text.ptr + 9);
        assert_int_equal(read_at(&a, secret, "n", moved, NOW, &value), -EBADMSG);
    }
    gu_arena_deinit(&a);
}

TEST(the_least_format_is_held)
{
    static const struct {
        const char *name, *text;
        int least, err;
    } cases[] = {
        {"1 of 1", V1, 1, 0}, {"2 of 1", V2, 1, 0},        {"1 of 2", V1, 2, -EBADMSG},
        {"2 of 2", V2, 2, 0}, {"2 of 3", V2, 3, -EBADMSG},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const struct gu_signed_rules rules = {cases[i].least, -1, NOW};
        gust_str value;

        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_signed_read(&a, secret, GU_STR("key"), gust_str_from(cases[i].text), &rules, &value),
            cases[i].err);
    }
    gu_arena_deinit(&a);
}

TEST(secrets_are_changed_without_refusing_the_old_ones)
{
    static const gust_secret old[] = {{"old", 3}, {0}}, both[] = {{"new", 4}, {"old", 3}, {0}},
                             later[] = {{"new", 4}, {0}}, plain_old[] = {{"old", 0}, {0}},
                             swapped[] = {{"old", 4}, {"new", 3}, {0}};
    static const struct {
        const char *name;
        const gust_secret *made_by, *read_by;
        int key_version, err;
    } cases[] = {
        {"the same", old, old, 3, 0},
        {"the old one, by both", old, both, 3, 0},
        {"the first signs", both, later, 4, 0},
        {"a version that is gone", old, later, 3, -EBADMSG},
        {"the secret of another version", both, swapped, 4, -EBADMSG},
        {"a plain one ignores the version", old, plain_old, 3, 0},
        {"a plain one has none", plain_old, old, 0, -EBADMSG},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text, value;

        TEST_CASE(cases[i].name);
        assert_int_equal(
            gu_signed_make(&a, cases[i].made_by, GU_STR("n"), GU_STR("v"), 2, NOW, &text), 0);
        assert_int_equal(gu_signed_key_version(text), cases[i].key_version);
        assert_int_equal(read_at(&a, cases[i].read_by, "n", text.ptr, NOW, &value), cases[i].err);
    }
    gu_arena_deinit(&a);
}

TEST(a_key_version_is_told_where_there_is_one)
{
    static const struct {
        const char *name, *text;
        int version;
    } cases[] = {
        {"format 2", V2, 0},
        {"format 1", V1, -EBADMSG},
        {"cut", "2|1:0|10:13", -EBADMSG},
        {"not a number", "2|1:x|10:1300000000|3:key|0:|", -EBADMSG},
        {"too large", "2|10:2147483648|10:1300000000|3:key|0:|", -EBADMSG},
        {"nothing", "", -EBADMSG},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_signed_key_version(gust_str_from(cases[i].text)), cases[i].version);
    }
}

TEST(any_bytes_are_signed)
{
    static const gust_str values[] = {GU_STR_INIT(""), GU_STR_INIT("\0\xff|:;\""),
                                      GU_STR_INIT("\xe9\xe9")};
    struct gust_arena a = arena_new();
    gust_str text, value;

    for (size_t i = 0; i < gu_countof(values); i++)
        for (int version = 1; version <= 2; version++) {
            assert_int_equal(
                gu_signed_make(&a, secret, GU_STR("n|1:"), values[i], version, NOW, &text), 0);
            assert_int_equal(read_at(&a, secret, "n|1:", text.ptr, NOW, &value), 0);
            assert_str(value, values[i]);
        }
    gu_arena_deinit(&a);
}

/* The base64 of format 1 may be four digits, or more, which are no version then. */
TEST(a_value_of_digits_is_no_version)
{
    struct gust_arena a = arena_new();
    gust_str text, value;

    assert_int_equal(gu_signed_make(&a, secret, GU_STR("n"), GU_STR("\xd7m\xf8"), 1, NOW, &text),
                     0);
    assert_memory_equal(text.ptr, "1234|", 5);
    assert_int_equal(read_at(&a, secret, "n", text.ptr, NOW, &value), 0);
    assert_str(value, GU_STR("\xd7m\xf8"));
    gu_arena_deinit(&a);
}

TEST(what_cannot_be_made_is_not)
{
    static const gust_secret none[] = {{0}}, versioned[] = {{"s", 1}, {0}},
                             below[] = {{"s", -1}, {0}};
    static const struct {
        const char *name;
        const gust_secret *secrets;
        int version;
    } cases[] = {
        {"no list", NULL, 2},
        {"an empty list", none, 2},
        {"format 0", secret, 0},
        {"format 3", secret, 3},
        {"format 1 with versions", versioned, 1},
        {"a version below 0", below, 2},
    };
    struct gust_arena a = arena_new(), empty = arena_empty();
    const struct gu_signed_rules rules = {1, -1, NOW};
    gust_str text = {0};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_signed_make(&a, cases[i].secrets, GU_STR("n"), GU_STR("v"),
                                        cases[i].version, NOW, &text),
                         -EINVAL);
    }
    for (int version = 1; version <= 2; version++)
        assert_int_equal(
            gu_signed_make(&empty, secret, GU_STR("n"), GU_STR("v"), version, NOW, &text), -ENOMEM);
    assert_int_equal(gu_signed_read(&empty, secret, GU_STR("key"), GU_STR(V1), &rules, &text),
                     -ENOMEM);
    assert_int_equal(gu_signed_read(&empty, secret, GU_STR("key"), GU_STR(V2), &rules, &text),
                     -ENOMEM);
    assert_int_equal(gu_signed_read(&a, none, GU_STR("key"), GU_STR(V2), &rules, &text), -EBADMSG);
    assert_int_equal(gu_signed_read(&a, versioned, GU_STR("key"), GU_STR(V1), &rules, &text),
                     -EBADMSG);
    assert_null(text.ptr);
    gu_arena_deinit(&a);
}
