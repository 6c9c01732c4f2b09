/*
 * base64 — the vectors of RFC 4648 10
 */
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
