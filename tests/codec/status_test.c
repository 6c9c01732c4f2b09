/*
 * status — reason phrases
 */
#include "codec/status.h"
#include "codec_test.h"

TEST(registered_codes_have_their_reasons)
{
    int n = 0;

    assert_string_equal(gu_status_reason(200), "OK");
    assert_string_equal(gu_status_reason(413), "Content Too Large");
    assert_string_equal(gu_status_reason(414), "URI Too Long");
    assert_string_equal(gu_status_reason(416), "Range Not Satisfiable");
    assert_string_equal(gu_status_reason(422), "Unprocessable Content");
    for (int status = 0; status < 1000; status++)
        n += strcmp(gu_status_reason(status), "Unknown") != 0;
    assert_int_equal(n, 62);
}

TEST(other_codes_are_unknown)
{
    static const int codes[] = {-1, INT32_MIN, 0, 99, 306, 427, 499, 512, 599, 1000, INT32_MAX};

    for (size_t i = 0; i < gu_countof(codes); i++)
        assert_string_equal(gu_status_reason(codes[i]), "Unknown");
}

TEST(reasons_of_applications_are_checked)
{
    static const struct {
        const char *name;
        gust_str reason;
        bool ok;
    } cases[] = {
        {"words", GU_STR_INIT("No Such Thing"), true},
        {"obs-text", GU_STR_INIT("caf\xc3\xa9"), true},
        {"CVE-2025-67724: CRLF", GU_STR_INIT("OK\r\nX: y"), false},
        {"CVE-2025-67724: markup", GU_STR_INIT("<script>"), false},
        {"bare LF", GU_STR_INIT("OK\n"), false},
        {"NUL", GU_STR_INIT("O\0K"), false},
        {"DEL", GU_STR_INIT("OK\x7f"), false},
        {"nothing", GU_STR_INIT(""), false},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(gu_reason_ok(cases[i].reason), cases[i].ok);
    }
}
