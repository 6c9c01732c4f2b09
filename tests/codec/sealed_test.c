/*
 * sealed — texts that only who has the secret reads
 */
#include "codec/sealed.h"
#include "codec_test.h"

static const gust_secret old[] = {{"old", 3}, {0}}, both[] = {{"new", 4}, {"old", 3}, {0}},
                         later[] = {{"new", 4}, {0}}, alone[] = {{"old", 0}, {0}};
static const unsigned char some[GU_SEALED_RANDOM] = "the same bytes each time, 28",
                           others[GU_SEALED_RANDOM] = {1};

static int seal(struct gust_arena *a, const gust_secret *secrets, gust_str text, gust_str *sealed)
{
    return gu_sealed_make(a, secrets, GU_STR("name"), text, some, sealed);
}

TEST(what_was_sealed_opens_and_says_nothing_before)
{
    static const gust_str texts[] = {GU_STR_INIT(""), GU_STR_INIT("a=b"), GU_STR_INIT("a\0\xff")};
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(texts); i++) {
        gust_str sealed, again, other, text;

        assert_int_equal(seal(&a, both, texts[i], &sealed), 0);
        assert_int_equal(sealed.len, gu_sealed_len(texts[i].len));
        assert_int_equal(strlen(sealed.ptr), sealed.len);
        assert_int_equal(strspn(sealed.ptr, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789-_"),
                         sealed.len);
        assert_int_equal(gu_sealed_read(&a, both, GU_STR("name"), sealed, &text), 0);
        assert_str(text, texts[i]);
        assert_int_equal(text.ptr[text.len], '\0');
        assert_int_equal(seal(&a, both, texts[i], &again), 0);
        assert_str(again, sealed);
        assert_int_equal(gu_sealed_make(&a, both, GU_STR("name"), texts[i], others, &other), 0);
        assert_false(gu_str_eq(other, sealed));
    }
    gu_arena_deinit(&a);
}

TEST(secrets_are_changed_without_losing_what_the_old_ones_sealed)
{
    static const struct {
        const char *name;
        const gust_secret *made_by, *read_by;
        int err;
    } cases[] = {
        {"the same", old, old, 0},
        {"the old one, by both", old, both, 0},
        {"the first seals", both, later, 0},
        {"a version that is gone", old, later, -EBADMSG},
        {"a secret without a version, for one that had one", old, alone, 0},
        {"and the other way round", alone, old, -EBADMSG},
    };
    struct gust_arena a = arena_new();

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str sealed, text;

        TEST_CASE(cases[i].name);
        assert_int_equal(seal(&a, cases[i].made_by, GU_STR("a=b"), &sealed), 0);
        assert_int_equal(gu_sealed_read(&a, cases[i].read_by, GU_STR("name"), sealed, &text),
                         cases[i].err);
    }
    gu_arena_deinit(&a);
}

TEST(whatever_was_changed_does_not_open)
{
    struct gust_arena a = arena_new();
    struct guard g = guard_new(128);
    gust_str sealed, text = {0};
    char changed[128];

    assert_int_equal(seal(&a, both, GU_STR("a=b"), &sealed), 0);
    for (size_t i = 0; i < sealed.len; i++) {
        memcpy(changed, sealed.ptr, sealed.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(
            gu_sealed_read(&a, both, GU_STR("name"), guard_put(&g, changed, sealed.len), &text),
            -EBADMSG);
        assert_int_equal(
            gu_sealed_read(&a, both, GU_STR("name"), guard_put(&g, sealed.ptr, i), &text),
            -EBADMSG);
    }
    assert_int_equal(gu_sealed_read(&a, both, GU_STR("nam"), sealed, &text), -EBADMSG);
    assert_int_equal(gu_sealed_read(&a, both, GU_STR("name"), GU_STR("not base64!"), &text),
                     -EBADMSG);
    assert_null(text.ptr);
    guard_free(&g);
    gu_arena_deinit(&a);
}

TEST(what_cannot_be_sealed_is_not)
{
    static const gust_secret none[] = {{0}}, below[] = {{"s", -1}, {0}};
    struct gust_arena a = arena_new(), empty = arena_empty();
    gust_str sealed, text = {0};

    assert_int_equal(seal(&a, NULL, GU_STR(""), &text), -EINVAL);
    assert_int_equal(seal(&a, none, GU_STR(""), &text), -EINVAL);
    assert_int_equal(seal(&a, below, GU_STR(""), &text), -EINVAL);
    assert_int_equal(seal(&empty, old, GU_STR(""), &text), -ENOMEM);
    assert_int_equal(seal(&a, old, GU_STR(""), &sealed), 0);
    assert_int_equal(gu_sealed_read(&empty, old, GU_STR("name"), sealed, &text), -ENOMEM);
    assert_null(text.ptr);
    gu_arena_deinit(&a);
}
