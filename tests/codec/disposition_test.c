/*
 * disposition — names as browsers, curl, RFC 5987 and RFC 2231 write them
 */
#include "codec/disposition.h"
#include "codec_test.h"

TEST(names_are_read_as_they_are_sent)
{
    static const struct {
        const char *name, *value, *field, *filename; /* NULL: none */
    } cases[] = {
        {"a field", "form-data; name=\"a\"", "a", NULL},
        {"a token", "form-data; name=a", "a", NULL},
        {"another case", "Form-Data; NAME=\"a\"; FileName=\"b\"", "a", "b"},
        {"no blanks", "form-data;name=\"a\";filename=\"b\"", "a", "b"},
        {"the file first", "form-data; filename=\"b\"; name=\"a\"", "a", "b"},
        {"a semicolon", "form-data; name=\"a;b\"; filename=\"c;d.txt\"", "a;b", "c;d.txt"},
        {"an escaped quote", "form-data; name=a; filename=\"a\\\"b.txt\"", "a", "a\"b.txt"},
        {"one and a semicolon", "form-data; name=a; filename=\"a\\\";b.txt\"", "a", "a\";b.txt"},
        {"an escaped backslash", "form-data; name=a; filename=\"a\\\\b.txt\"", "a", "a\\b.txt"},
        {"a path of Windows", "form-data; name=a; filename=\"C:\\dir\\f.txt\"", "a",
         "C:\\dir\\f.txt"},
        {"a backslash at the end", "form-data; name=a; filename=\"C:\\\"", "a", "C:\\"},
        {"a quote as browsers escape it", "form-data; name=\"a%22b\"; filename=\"%22\"", "a\"b",
         "\""},
        {"a line's end as they do", "form-data; name=a; filename=\"b%0D%0Ac\"", "a", "b%0D%0Ac"},
        {"a percent sign", "form-data; name=a; filename=\"100%.txt\"", "a", "100%.txt"},
        {"half an escape", "form-data; name=a; filename=\"b%2\"", "a", "b%2"},
        {"no escape without quotes", "form-data; name=a%22b", "a%22b", NULL},
        {"blanks inside", "form-data; name=\" a \"; filename=\" b \"", " a ", " b "},
        {"UTF-8", "form-data; name=\"\xc3\xa9\"; filename=\"\xe2\x82\xac\"", "\xc3\xa9",
         "\xe2\x82\xac"},
        {"nothing chosen", "form-data; name=\"a\"; filename=\"\"", "a", NULL},
        {"other parameters", "form-data; name=a; size=7; creation-date", "a", NULL},
        {"RFC 5987", "form-data; name=a; filename*=UTF-8''%e2%82%ac%20rates", "a",
         "\xe2\x82\xac rates"},
        {"with a language", "form-data; name=a; filename*=utf-8'en'x", "a", "x"},
        {"Latin-1", "form-data; name=a; filename*=iso-8859-1''%A3%20rates", "a", "\xc2\xa3 rates"},
        {"ASCII", "form-data; name=a; filename*=us-ascii''x", "a", "x"},
        {"it counts before the plain one", "form-data; name=a; filename*=utf-8''c; filename=\"b\"",
         "a", "c"},
        {"and behind it", "form-data; name=a; filename=\"b\"; filename*=utf-8''c", "a", "c"},
        {"an apostrophe in it", "form-data; name=a; filename*=utf-8''it's", "a", "it's"},
        {"it is empty", "form-data; name=a; filename=\"b\"; filename*=utf-8''", "a", NULL},
        {"RFC 2231: pieces", "form-data; name=a; filename*0=\"b\"; filename*1=\"c.txt\"", "a",
         "bc.txt"},
        {"encoded pieces",
         "form-data; name=a; filename*0*=utf-8'en'%e2%82; filename*1*=%ac; filename*2=\"%41.txt\"",
         "a", "\xe2\x82\xac%41.txt"},
        {"more than ten",
         "form-data; name=a; filename*0=0; filename*1=1; filename*2=2; filename*3=3; filename*4=4; "
         "filename*5=5; filename*6=6; filename*7=7; filename*8=8; filename*9=9; filename*10=a",
         "a", "0123456789a"},
        {"a name that goes on", "form-data; name=a; filenames=\"b\"", "a", NULL},
    };
    struct gust_arena a = arena_new();
    struct guard g = guard_new(256);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str value = guard_put(&g, cases[i].value, strlen(cases[i].value));
        struct gu_disposition d;
        const char *why = "";

        TEST_CASE(cases[i].name);
        if (gu_disposition_parse(&a, value, &d, &why) != 0)
            fail_msg("%s: %s", cases[i].name, why);
        assert_str(d.name, gust_str_from(cases[i].field));
        assert_int_equal(d.name.ptr[d.name.len], '\0');
        assert_int_equal(d.filename.ptr == NULL, cases[i].filename == NULL);
        assert_str(d.filename, gust_str_from(cases[i].filename));
    }
    guard_free(&g);
    gu_arena_deinit(&a);
}

TEST(what_has_two_readings_or_none_is_refused)
{
    static const struct {
        const char *name, *value, *why;
    } cases[] = {
        {"nothing", "", "its Content-Disposition is not form-data"},
        {"an attachment", "attachment; name=a", "its Content-Disposition is not form-data"},
        {"no name", "form-data; filename=a", "it has no name"},
        {"an empty name", "form-data; name=\"\"", "it has no name"},
        {"a name without a value", "form-data; name", "it has no name"},
        {"two names", "form-data; name=a; name=b", "it has two names of a kind"},
        {"two filenames", "form-data; name=a; filename=b; filename=c",
         "it has two names of a kind"},
        {"an open quote", "form-data; name=\"a", "a quoted name does not end"},
        {"one quote", "form-data; name=\"", "a quoted name does not end"},
        {"bytes behind a quote", "form-data; name=\"a\"b", "a quoted name does not end"},
        {"two encoded filenames", "form-data; name=a; filename*=utf-8''b; filename*=utf-8''c",
         "it has two names of a kind"},
        {"no charset", "form-data; name=a; filename*=b", "its filename* has no charset"},
        {"one apostrophe", "form-data; name=a; filename*=utf-8'b", "its filename* has no charset"},
        {"an unknown charset", "form-data; name=a; filename*=utf-7''b",
         "the charset of its filename is not known"},
        {"an empty charset", "form-data; name=a; filename*=''b",
         "the charset of its filename is not known"},
        {"a line's end, decoded", "form-data; name=a; filename*=utf-8''b%0d%0ac",
         "its filename is no text"},
        {"a zero byte, decoded", "form-data; name=a; filename*=utf-8''b%00",
         "its filename is no text"},
        {"half a character", "form-data; name=a; filename*=utf-8''%e2%82",
         "its filename is no text"},
        {"a piece is missing", "form-data; name=a; filename*0=b; filename*2=c",
         "the pieces of its filename are not in order"},
        {"the first is missing", "form-data; name=a; filename*1=b",
         "the pieces of its filename are not in order"},
        {"a piece twice", "form-data; name=a; filename*0=b; filename*0=c",
         "the pieces of its filename are not in order"},
        {"pieces beside the whole", "form-data; name=a; filename*=utf-8''b; filename*0=c",
         "the pieces of its filename are not in order"},
        {"the whole beside pieces", "form-data; name=a; filename*0=c; filename*=utf-8''b",
         "it has two names of a kind"},
        {"a piece's number with a zero", "form-data; name=a; filename*0=b; filename*01=c",
         "the pieces of its filename are not in order"},
        {"no number", "form-data; name=a; filename*x=b",
         "the pieces of its filename are not in order"},
        {"two stars", "form-data; name=a; filename**=b",
         "the pieces of its filename are not in order"},
    };
    struct gust_arena a = arena_new();
    struct gu_disposition d = {0};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *why = "";

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_disposition_parse(&a, gust_str_from(cases[i].value), &d, &why),
                         -EINVAL);
        assert_string_equal(why, cases[i].why);
    }
    assert_null(d.name.ptr);
    gu_arena_deinit(&a);
}

TEST(short_memory_is_told)
{
    static const char *const values[] = {"form-data; name=a", "form-data; filename=b; name=a",
                                         "form-data; filename*=utf-8''b",
                                         "form-data; filename*0=b"};
    struct gust_arena none = arena_empty();
    struct gu_disposition d;
    const char *why;

    for (size_t i = 0; i < gu_countof(values); i++)
        assert_int_equal(gu_disposition_parse(&none, gust_str_from(values[i]), &d, &why), -ENOMEM);
}
