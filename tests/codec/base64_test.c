/*
 * base64 — the vectors of RFC 4648 10, and what is none
 */
#include "base/str.h"
#include "codec/base64.h"
#include "test.h"

TEST(bytes_are_encoded_with_padding)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfb", "//77"},
        {"\xfb\xef\xbe", "++++"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str bytes = gust_str_from(cases[i].bytes);
        char text[16];

        TEST_CASE(cases[i].text);
        *gu_base64_encode(text, bytes) = '\0';
        assert_string_equal(text, cases[i].text);
        assert_int_equal(gu_base64_len(bytes.len), strlen(text));
    }
}

TEST(urls_have_an_alphabet_of_their_own_and_no_padding)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"\xff\xfe\xfb", "__77"},
        {"\xfb\xef\xbe", "----"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str bytes = gust_str_from(cases[i].bytes);
        char text[16], back[16];

        TEST_CASE(cases[i].text);
        *gu_base64url_encode(text, bytes) = '\0';
        assert_string_equal(text, cases[i].text);
        assert_int_equal(gu_base64url_len(bytes.len), strlen(text));
        *gu_base64url_decode(back, gust_str_from(text)) = '\0';
        assert_string_equal(back, cases[i].bytes);
    }
}

TEST(what_encoding_writes_is_all_that_decodes)
{
    static const struct {
        const char *name, *text;
        bool is_plain, is_url;
    } cases[] = {
        {"whole groups", "Zm9v", true, true},
        {"two of padding", "Zg==", true, false},
        {"one of padding", "Zm8=", true, false},
        {"no padding", "Zg", false, true},
        {"too little padding", "Zg=", false, false},
        {"too much padding", "Zm9v====", false, false},
        {"padding alone", "====", false, false},
        {"padding inside", "Zg==Zg==", false, false},
        {"one digit", "Z", false, false},
        {"one digit more", "Zm9vZ", false, false},
        {"bits behind one byte", "Zh==", false, false},
        {"bits behind two", "Zm9=", false, false},
        {"the same without padding", "Zh", false, false},
        {"plus and slash", "+/+/", true, false},
        {"minus and underscore", "-_-_", false, true},
        {"a blank", "Zm9v Zm8", false, false},
        {"a line's end", "Zm9\n", false, false},
        {"a byte above 127", "Zm9\xff", false, false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text = gust_str_from(cases[i].text);
        char to[16];

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_base64_decode(to, text) != NULL, cases[i].is_plain);
        assert_int_equal(gu_base64url_decode(to, text) != NULL, cases[i].is_url);
    }
}

TEST(every_length_comes_back_in_place)
{
    char bytes[48], text[64];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        size_t n = (size_t)(gu_base64_encode(text, gu_str(bytes, len)) - text);

        assert_true(gu_base64_room(n) >= len);
        assert_ptr_equal(gu_base64_decode(text, gu_str(text, n)), text + len);
        assert_memory_equal(text, bytes, len);
    }
}
