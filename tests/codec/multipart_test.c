/*
 * multipart — every body is read whole, byte by byte and cut at every point, before a guard page
 *
 * Follows tornado.test.httputil_test.MultipartFormDataTest.
 */
#include "codec/multipart.h"
#include "codec_test.h"
#include <stdio.h>
#include <stdlib.h>

static const struct gu_multipart_limits limits = {.max_parts = 3, .max_header = 120};
static struct guard guard;

/* What a form came to: "name(filename;type)=data|" of each part, "!" where one ended. */
struct reading {
    enum gu_multipart_event event;
    const char *error;
    size_t consumed; /* of the whole input */
    size_t len;
    char parts[2048];
};

static void put(struct reading *r, gust_str s)
{
    assert_true(r->len + s.len < sizeof r->parts);
    if (s.len > 0)
        memcpy(r->parts + r->len, s.ptr, s.len);
    r->len += s.len;
    r->parts[r->len] = '\0';
}

static void put_part(struct reading *r, const struct gu_multipart_part *part)
{
    put(r, part->disposition.name);
    if (part->disposition.filename.ptr != NULL) {
        put(r, GU_STR("("));
        put(r, part->disposition.filename);
        put(r, GU_STR(";"));
        put(r, part->content_type);
        put(r, GU_STR(")"));
    }
    put(r, GU_STR("="));
}

/* Reads on with the bytes up to `end` there; false when the form is decided. */
static bool feed(struct gu_multipart *m, struct gust_arena *a, gust_str input, size_t end,
                 struct reading *r)
{
    for (;;) {
        gust_str have = guard_put(&guard, input.ptr + r->consumed, end - r->consumed);
        struct gu_multipart_part part;

        r->event = gu_multipart_next(m, &limits, a, have.ptr, have.len, &part);
        r->error = part.error;
        r->consumed += part.consumed;
        assert_true(have.len - part.consumed <= gu_multipart_room(&limits) ||
                    r->event != GU_MULTIPART_MORE);
        switch (r->event) {
        case GU_MULTIPART_PART:
            put_part(r, &part);
            break;
        case GU_MULTIPART_DATA:
            assert_true(part.data.len > 0);
            put(r, part.data);
            break;
        case GU_MULTIPART_END:
            put(r, GU_STR("!"));
            break;
        case GU_MULTIPART_MORE:
            return true;
        default:
            return false;
        }
    }
}

#define TYPE "multipart/form-data; boundary=1234"

static void read_cut(gust_str input, size_t cut, size_t step, struct reading *r)
{
    struct gust_arena a = arena_new();
    struct gu_multipart m;
    size_t end = cut;

    assert_int_equal(gu_multipart_init(&m, GU_STR(TYPE)), 0);
    memset(r, 0, sizeof *r);
    while (feed(&m, &a, input, end, r) && end < input.len)
        end = gu_min(end + step, input.len);
    gu_arena_deinit(&a);
}

static void assert_same(const struct reading *a, const struct reading *b)
{
    assert_int_equal(a->event, b->event);
    assert_string_equal(a->parts, b->parts);
    if (a->event == GU_MULTIPART_MORE)
        assert_int_equal(a->consumed, b->consumed);
    if (a->error != NULL || b->error != NULL)
        assert_string_equal(a->error, b->error);
}

static void read_all_ways(gust_str input, struct reading *whole)
{
    struct reading other;

    read_cut(input, input.len, 1, whole);
    read_cut(input, 0, 1, &other);
    assert_same(&other, whole);
    for (size_t cut = 0; cut <= input.len; cut++) {
        read_cut(input, cut, input.len, &other);
        assert_same(&other, whole);
    }
}

#define FORM(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"
#define FILE_(name, file) \
    "Content-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n"
#define TEN "xxxxxxxxxx"
#define PART "--1234\r\n" FORM("a") "\r\nx\r\n"
#define ENDS "--1234--\r\n"

TEST(forms_are_read_the_same_at_every_cut)
{
    static const struct {
        const char *name, *input;
        enum gu_multipart_event event;
        const char *parts, *error;
    } cases[] = {
        {"one field", PART ENDS, GU_MULTIPART_DONE, "a=x!", NULL},
        {"a file", "--1234\r\n" FILE_("files", "ab.txt") "\r\nFoo\r\n" ENDS, GU_MULTIPART_DONE,
         "files(ab.txt;)=Foo!", NULL},
        {"a file with a type",
         "--1234\r\n" FILE_("f",
                            "a") "Content-Type: text/plain; charset=utf-8 \r\n\r\nFoo\r\n" ENDS,
         GU_MULTIPART_DONE, "f(a;text/plain; charset=utf-8)=Foo!", NULL},
        {"the type first", "--1234\r\ncontent-TYPE:a/b\r\n" FILE_("f", "a") "\r\n\r\n" ENDS,
         GU_MULTIPART_DONE, "f(a;a/b)=!", NULL},
        {"two", PART "--1234\r\n" FILE_("b", "c") "\r\ny\r\n" ENDS, GU_MULTIPART_DONE,
         "a=x!b(c;)=y!", NULL},
        {"no part", ENDS, GU_MULTIPART_DONE, "", NULL},
        {"no line's end behind the last", PART "--1234--", GU_MULTIPART_DONE, "a=x!", NULL},
        {"what stands before and behind", "before\r\n--123\r\n--12345\r\n" PART "--1234--\r\n" PART,
         GU_MULTIPART_DONE, "a=x!", NULL},
        {"a line's end before the first", "\r\n" PART ENDS, GU_MULTIPART_DONE, "a=x!", NULL},
        {"no data", "--1234\r\n" FORM("a") "\r\n\r\n" ENDS, GU_MULTIPART_DONE, "a=!", NULL},
        {"not even its line's end", "--1234\r\n" FORM("a") "\r\n" ENDS, GU_MULTIPART_DONE, "a=!",
         NULL},
        {"line's ends in data", "--1234\r\n" FORM("a") "\r\n\r\n\r\n-\r\r\n\n\r\n" ENDS,
         GU_MULTIPART_DONE, "a=\r\n\r\n-\r\r\n\n!", NULL},
        {"what begins like a delimiter",
         "--1234\r\n" FORM("a") "\r\n--123\r\n--1234-\r\n--12345\r\n--1234 \r\n--1234\r--\r\n" ENDS,
         GU_MULTIPART_DONE, "a=--123\r\n--1234-\r\n--12345\r\n--1234 \r\n--1234\r--!", NULL},
        {"hyphens alone", "--1234\r\n" FORM("a") "\r\n--\r\n----\r\n" ENDS, GU_MULTIPART_DONE,
         "a=--\r\n----!", NULL},
        {"a delimiter without its CRLF", "--1234\r\n" FORM("a") "\r\nx--1234--\r\n\r\n" ENDS,
         GU_MULTIPART_DONE, "a=x--1234--\r\n!", NULL},
        {"a bare LF before it", "--1234\r\n" FORM("a") "\r\nx\n--1234--\r\n" ENDS,
         GU_MULTIPART_DONE, "a=x\n--1234--!", NULL},
        {"empty filename: a field", "--1234\r\n" FILE_("a", "") "\r\nx\r\n" ENDS, GU_MULTIPART_DONE,
         "a=x!", NULL},
        {"other fields", "--1234\r\nX-A: b\r\n" FORM("a") "Content-Length: 99\r\n\r\nx\r\n" ENDS,
         GU_MULTIPART_DONE, "a=x!", NULL},
        {"UTF-8", "--1234\r\n" FILE_("\xc3\xa9", "\xe2\x82\xac.txt") "\r\nx\r\n" ENDS,
         GU_MULTIPART_DONE, "\xc3\xa9(\xe2\x82\xac.txt;)=x!", NULL},
        {"three parts", PART PART PART ENDS, GU_MULTIPART_DONE, "a=x!a=x!a=x!", NULL},
        {"GHSA-qjxf-f2mg-c6mc: four", PART PART PART PART ENDS, GU_MULTIPART_TOO_BIG,
         "a=x!a=x!a=x!", "it has too many parts (max_parts)"},
        {"a header of 120 bytes",
         "--1234\r\nX: " TEN TEN TEN TEN TEN TEN TEN "xxxxxxx\r\nContent-Disposition: form-data; "
         "name=a\r\n\r\nx\r\n" ENDS,
         GU_MULTIPART_DONE, "a=x!", NULL},
        {"and of 121",
         "--1234\r\nX: " TEN TEN TEN TEN TEN TEN TEN "xxxxxxxx\r\nContent-Disposition: form-data; "
         "name=a\r\n\r\nx\r\n" ENDS,
         GU_MULTIPART_TOO_BIG, "", "the header of a part is too long (max_part_header_size)"},
        {"one without an end", "--1234\r\nX: " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "xx",
         GU_MULTIPART_TOO_BIG, "", "the header of a part is too long (max_part_header_size)"},
        {"cut before the first", "--123", GU_MULTIPART_MORE, "", NULL},
        {"cut in a delimiter", PART "--1234-", GU_MULTIPART_MORE, "a=x", NULL},
        {"cut in a header", "--1234\r\nContent-D", GU_MULTIPART_MORE, "", NULL},
        {"cut in data", "--1234\r\n" FORM("a") "\r\nxyz\r\n--", GU_MULTIPART_MORE, "a=xyz", NULL},
        {"nothing", "", GU_MULTIPART_MORE, "", NULL},
        {"another boundary", "--123\r\n" FORM("a") "\r\nx\r\n--123--\r\n", GU_MULTIPART_MORE, "",
         NULL},
        {"no header", "--1234\r\n\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD, "",
         "a part has no Content-Disposition"},
        {"no Content-Disposition", "--1234\r\nX-A: b\r\n\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD, "",
         "a part has no Content-Disposition"},
        {"an attachment", "--1234\r\nContent-Disposition: attachment; name=a\r\n\r\nFoo\r\n" ENDS,
         GU_MULTIPART_BAD, "", "its Content-Disposition is not form-data"},
        {"no name", "--1234\r\nContent-Disposition: form-data\r\n\r\nFoo\r\n" ENDS,
         GU_MULTIPART_BAD, "", "it has no name"},
        {"an empty name", "--1234\r\n" FORM("") "\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD, "",
         "it has no name"},
        {"two dispositions", "--1234\r\n" FORM("a") FORM("b") "\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD,
         "", "a part has two fields of a name"},
        {"6.5.5: CR in a filename", "--1234\r\n" FILE_("a", "a\rb") "\r\nFoo\r\n" ENDS,
         GU_MULTIPART_BAD, "", "the value of a part's field is no text"},
        {"LF in a filename", "--1234\r\n" FILE_("a", "a\nb") "\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD,
         "", "the value of a part's field is no text"},
        {"a line that is folded", "--1234\r\n" FORM("a") " x: b\r\n\r\nFoo\r\n" ENDS,
         GU_MULTIPART_BAD, "", "the name of a part's field is none"},
        {"a line without a colon", "--1234\r\nContent-Disposition\r\n\r\nFoo\r\n" ENDS,
         GU_MULTIPART_BAD, "", "a line of a part's header has no colon"},
        {"a blank before the colon",
         "--1234\r\nContent-Disposition : form-data; name=a\r\n\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD,
         "", "the name of a part's field is none"},
        {"not UTF-8", "--1234\r\n" FILE_("a", "\xe9") "\r\nFoo\r\n" ENDS, GU_MULTIPART_BAD, "",
         "the value of a part's field is no text"},
        {"a delimiter in a header", "--1234\r\nX-A: b\r\n" PART ENDS, GU_MULTIPART_BAD, "",
         "a line of a part's header has no colon"},
        {"a bad part behind a good one", PART "--1234\r\n\r\n\r\n" ENDS, GU_MULTIPART_BAD, "a=x!",
         "a part has no Content-Disposition"},
    };
    struct reading r;

    guard = guard_new(2048);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        read_all_ways(gust_str_from(cases[i].input), &r);
        assert_string_equal(r.parts, cases[i].parts);
        assert_int_equal(r.event, cases[i].event);
        if (cases[i].error != NULL)
            assert_string_equal(r.error, cases[i].error);
    }
    guard_free(&guard);
}

#define SEVENTY "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ()+_,-./"

TEST(a_boundary_is_told_and_is_one)
{
    static const struct {
        const char *name, *content_type, *boundary; /* NULL: it is refused */
    } cases[] = {
        {"a token", "multipart/form-data; boundary=1234", "1234"},
        {"quoted", "multipart/form-data; boundary=\"12 34\"", "12 34"},
        {"another case", "Multipart/Form-Data; BOUNDARY=1234", "1234"},
        {"behind another parameter", "multipart/form-data; charset=\";boundary=x\"; boundary=12",
         "12"},
        {"as browsers make it", "multipart/form-data; boundary=----WebKitFormBoundaryX1",
         "----WebKitFormBoundaryX1"},
        {"70 characters", "multipart/form-data; boundary=\"" SEVENTY "\"", SEVENTY},
        {"71", "multipart/form-data; boundary=\"" SEVENTY ":\"", NULL},
        {"none", "multipart/form-data", NULL},
        {"no value", "multipart/form-data; boundary", NULL},
        {"nothing", "multipart/form-data; boundary=", NULL},
        {"nothing in quotes", "multipart/form-data; boundary=\"\"", NULL},
        {"two", "multipart/form-data; boundary=12; boundary=34", NULL},
        {"a blank at the end", "multipart/form-data; boundary=\"12 \"", NULL},
        {"a quote inside", "multipart/form-data; boundary=\"1\\\"2\"", NULL},
        {"an open quote", "multipart/form-data; boundary=\"12", NULL},
        {"CR and LF", "multipart/form-data; boundary=\"1\r\n2\"", NULL},
        {"a byte above 127", "multipart/form-data; boundary=\xc3\xa9", NULL},
        {"another type", "multipart/mixed; boundary=12", NULL},
        {"a longer type", "multipart/form-data-x; boundary=12", NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_multipart m;
        int err = gu_multipart_init(&m, gust_str_from(cases[i].content_type));

        TEST_CASE(cases[i].name);
        assert_int_equal(err, cases[i].boundary == NULL ? -EINVAL : 0);
        if (err == 0)
            assert_str(gu_str(m.delimiter + 4, m.delimiter_len - 4u),
                       gust_str_from(cases[i].boundary));
    }
}

TEST(short_memory_is_told)
{
    static const char input[] = "--1234\r\n" FORM("a") "\r\nx\r\n" ENDS;
    static const char typed[] = "--1234\r\nContent-Type: a/b\r\n" FORM("a") "\r\nx\r\n" ENDS;
    struct gust_arena none = arena_empty(), little;
    char room[96] __attribute__((aligned(16)));
    struct gu_multipart_part part;
    struct gu_multipart m;

    assert_int_equal(gu_multipart_init(&m, GU_STR(TYPE)), 0);
    assert_int_equal(gu_multipart_next(&m, &limits, &none, input, sizeof input - 1, &part),
                     GU_MULTIPART_NO_MEMORY);
    gu_arena_init(&little, NULL, room, sizeof room, 0);
    assert_int_equal(gu_multipart_init(&m, GU_STR(TYPE)), 0);
    gu_arena_alloc(&little, sizeof room - 16);
    assert_int_equal(gu_multipart_next(&m, &limits, &little, typed, sizeof typed - 1, &part),
                     GU_MULTIPART_NO_MEMORY);
}

TEST(what_follows_an_error_is_one)
{
    static const char input[] = "--1234\r\n\r\n";
    struct gust_arena a = arena_new();
    struct gu_multipart_part part;
    struct gu_multipart m;

    assert_int_equal(gu_multipart_init(&m, GU_STR(TYPE)), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(gu_multipart_next(&m, &limits, &a, input, sizeof input - 1, &part),
                         GU_MULTIPART_BAD);
    assert_string_equal(part.error, "read on after an error");
    gu_arena_deinit(&a);
}
