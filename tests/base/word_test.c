/*
 * word — what is found by eights is what is found by ones
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "base/word.h"
#include "test.h"

TEST(a_word_tells_of_a_byte_wherever_it_stands)
{
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned at = 0; at < 8; at++) {
            char text[8] = "aaaaaaaa";
            uint64_t word;

            text[at] = (char)byte;
            word = gu_word_at(text);
            assert_int_equal(gu_word_below(word, 0x20) != 0, byte < 0x20);
            for (unsigned c = 0; c < 0x80; c++)
                assert_int_equal(gu_word_has(word, (unsigned char)c) != 0, c == byte || c == 'a');
        }
}

/* Encodes a text of so many letters with a piece in it. */
static void assert_encoded(size_t len, size_t at, const char *piece, const char *becomes)
{
    struct gu_buf text = GU_BUF_NULL, expected = GU_BUF_NULL, got = GU_BUF_NULL;

    gu_buf_putc(&expected, '"');
    for (size_t i = 0; i < len; i++) {
        if (i == at) {
            gu_buf_puts(&text, piece);
            gu_buf_puts(&expected, becomes);
        }
        gu_buf_putc(&text, 'a');
        gu_buf_putc(&expected, 'a');
    }
    gu_buf_putc(&expected, '"');
    gu_json_put_string(&got, gu_str(text.ptr, text.len));
    assert_int_equal(got.len, expected.len);
    assert_memory_equal(got.ptr, expected.ptr, got.len);
    gu_buf_deinit(&text);
    gu_buf_deinit(&expected);
    gu_buf_deinit(&got);
}

TEST(json_escapes_what_it_must_wherever_that_stands)
{
    static const struct {
        const char *name, *piece, *becomes;
    } cases[] = {
        {"a quote", "\"", "\\\""},
        {"a backslash", "\\", "\\\\"},
        {"a line's end", "\n", "\\n"},
        {"the last control character", "\x1f", "\\u001f"},
        {"delete is none", "\x7f", "\x7f"},
        {"the end of an element", "</", "<\\/"},
        {"a slash by itself", "/", "/"},
        {"a slash behind something else", "<a/", "<a/"},
        {"two ends", "</</", "<\\/<\\/"},
        {"what is not ASCII", "\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"},
        {"a quote behind that", "\xc3\xa9\"", "\xc3\xa9\\\""},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        for (size_t len = 1; len < 34; len++)
            for (size_t at = 0; at < len; at++)
                assert_encoded(len, at, cases[i].piece, cases[i].becomes);
    }
}
