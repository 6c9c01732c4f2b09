/*
 * fields — a collection of header fields
 */
#include "codec/fields.h"
#include "codec_test.h"

static struct gust_arena arena;

static struct gu_fields fields_new(size_t max)
{
    struct gu_fields f;

    arena = arena_new();
    gu_fields_init(&f, &arena, max);
    return f;
}

static void assert_lines(const struct gu_fields *f, const char *want)
{
    char text[512];
    size_t len = gu_fields_len(f);

    assert_true(len < sizeof text);
    assert_ptr_equal(gu_fields_format(text, f), text + len);
    assert_str(gu_str(text, len), gust_str_from(want));
}

TEST(names_are_checked)
{
    static const struct {
        const char *name;
        gust_str field;
        bool ok;
    } cases[] = {
        {"token", GU_STR_INIT("X-Y_z.1~!#$%&'*+^`|"), true},
        {"empty", GU_STR_INIT(""), false},
        {"space", GU_STR_INIT("X Y"), false},
        {"colon", GU_STR_INIT("X:"), false},
        {"CRLF", GU_STR_INIT("X\r\nY"), false},
        {"NUL", GU_STR_INIT("X\0"), false},
        {"obs-text", GU_STR_INIT("X\xc3\xa9"), false},
        {"separator", GU_STR_INIT("X(Y)"), false},
        {"DEL", GU_STR_INIT("X\x7f"), false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_field_name_ok(cases[i].field), cases[i].ok);
    }
}

TEST(values_are_checked)
{
    static const struct {
        const char *name;
        gust_str value;
        bool ok;
    } cases[] = {
        {"empty", GU_STR_INIT(""), true},
        {"visible, blanks and obs-text", GU_STR_INIT("a\t b\x80\xff~"), true},
        {"2.2.1: CRLF", GU_STR_INIT("a\r\nX: y"), false},
        {"GHSA-w235-7p84-xx57: lone CR", GU_STR_INIT("a\rb"), false},
        {"lone LF", GU_STR_INIT("a\nb"), false},
        {"NUL", GU_STR_INIT("a\0b"), false},
        {"control character", GU_STR_INIT("a\x1f"), false},
        {"DEL", GU_STR_INIT("a\x7f"), false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_field_value_ok(cases[i].value), cases[i].ok);
    }
}

/* Each length about those that it takes, each byte at each place: against the other way. */
TEST(a_short_value_is_copied_and_checked_in_one)
{
    char value[48], copy[48];

    for (size_t len = 0; len <= GU_FIELD_SHORT + 2; len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                gust_str s = gu_str(value, len);
                bool fits = len >= 8 && len <= GU_FIELD_SHORT;

                memset(value, 'v', sizeof value);
                memset(copy, '#', sizeof copy);
                value[at] = (char)byte;
                assert_int_equal(gu_field_value_put(copy, s),
                                 fits && byte != '\t' && gu_field_value_ok(s));
                if (fits) {
                    assert_memory_equal(copy, value, len);
                    assert_int_equal(copy[len], '\0');
                }
                assert_int_equal(copy[fits ? len + 1 : 0], '#');
            }
}

TEST(fields_keep_their_order_and_repeat)
{
    struct gu_fields f = fields_new(10);
    const struct gu_fields_item *item;

    gu_fields_add(&f, GU_STR("ETag"), GU_STR("\"x\""));
    gu_fields_add(&f, GU_STR("Set-Cookie"), GU_STR("a=1"));
    gu_fields_add(&f, GU_STR("Vary"), GU_STR(""));
    gu_fields_add(&f, GU_STR("set-cookie"), GU_STR("b=2"));
    assert_lines(&f, "ETag: \"x\"\r\nSet-Cookie: a=1\r\nVary: \r\nset-cookie: b=2\r\n");
    item = gu_fields_find(&f, GU_STR("SET-COOKIE"));
    assert_non_null(item);
    assert_str(item->value, GU_STR("a=1"));
    item = gu_fields_find_next(item);
    assert_non_null(item);
    assert_str(item->value, GU_STR("b=2"));
    assert_null(gu_fields_find_next(item));
    assert_null(gu_fields_find(&f, GU_STR("Host")));
    assert_str(gu_fields_join(&f, &arena, GU_STR("Set-Cookie")), GU_STR("a=1,b=2"));
    assert_str(gu_fields_join(&f, &arena, GU_STR("etag")), GU_STR("\"x\""));
    assert_str(gu_fields_join(&f, &arena, GU_STR("none")), GU_STR(""));
    assert_int_equal(f.err, 0);
    gu_arena_deinit(&arena);
}

TEST(setting_replaces_and_removing_removes_every_field_of_a_name)
{
    struct gu_fields f = fields_new(4);

    gu_fields_add(&f, GU_STR("A"), GU_STR("1"));
    gu_fields_add(&f, GU_STR("B"), GU_STR("2"));
    gu_fields_add(&f, GU_STR("a"), GU_STR("3"));
    gu_fields_set(&f, GU_STR("A"), GU_STR("4"));
    assert_lines(&f, "B: 2\r\nA: 4\r\n");
    gu_fields_remove(&f, GU_STR("a"));
    gu_fields_add(&f, GU_STR("C"), GU_STR("5"));
    assert_lines(&f, "B: 2\r\nC: 5\r\n");
    gu_fields_remove(&f, GU_STR("b"));
    gu_fields_remove(&f, GU_STR("c"));
    assert_lines(&f, "");
    assert_int_equal(f.n, 0);
    gu_fields_set(&f, GU_STR("D"), GU_STR("6"));
    assert_lines(&f, "D: 6\r\n");
    gu_arena_deinit(&arena);
}

TEST(what_was_given_is_copied)
{
    struct gu_fields f = fields_new(4);
    char name[] = "A", value[] = "1";

    gu_fields_add(&f, gu_str(name, 1), gu_str(value, 1));
    name[0] = value[0] = 'x';
    assert_lines(&f, "A: 1\r\n");
    assert_int_equal(f.first->value.ptr[1], '\0');
    gu_arena_deinit(&arena);
}

TEST(the_first_error_stays)
{
    struct gu_fields f = fields_new(2);

    gu_fields_add(&f, GU_STR("A"), GU_STR("1"));
    gu_fields_add(&f, GU_STR("A"), GU_STR("1"));
    assert_int_equal(f.err, 0);
    gu_fields_add(&f, GU_STR("A"), GU_STR("1"));
    assert_int_equal(f.err, -GUST_ETOOBIG);
    gu_fields_add(&f, GU_STR("A b"), GU_STR("1"));
    gu_fields_remove(&f, GU_STR("A"));
    gu_fields_set(&f, GU_STR("A"), GU_STR("2"));
    assert_int_equal(f.err, -GUST_ETOOBIG);
    assert_lines(&f, "A: 1\r\nA: 1\r\n");
    gu_arena_deinit(&arena);
    f = fields_new(2);
    gu_fields_set(&f, GU_STR("A"), GU_STR("1\n"));
    assert_int_equal(f.err, -EINVAL);
    f = fields_new(2);
    gu_fields_add(&f, GU_STR(""), GU_STR("1"));
    assert_int_equal(f.err, -EINVAL);
}

/* Room for the item, then for its name too, but never for its value. */
TEST(fields_tell_when_memory_is_short)
{
    char room[80] __attribute__((aligned(16)));

    for (size_t size = 0; size <= sizeof room; size += 16) {
        struct gust_arena little;
        struct gu_fields f;

        gu_arena_init(&little, NULL, room, size, 0);
        gu_fields_init(&f, &little, 9);
        gu_fields_add(&f, GU_STR("A"), GU_STR("1234567890123456"));
        assert_int_equal(f.err, -ENOMEM);
        assert_null(f.first);
        assert_null(gu_fields_join(&f, &(struct gust_arena){0}, GU_STR("A")).ptr);
    }
}
