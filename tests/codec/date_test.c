/*
 * date — against a table, and against the C library's calendar
 */
#include "codec/date.h"
#include "codec_test.h"
#include <stdio.h>
#include <time.h>

#define NOW INT64_C(1763637300) /* in November 2025 */

TEST(timestamps_are_formatted)
{
    static const struct {
        const char *name;
        int64_t seconds;
        const char *text;
    } cases[] = {
        {"Tornado's own", 1359312200, "Sun, 27 Jan 2013 18:43:20 GMT"},
        {"C16's", 1700000000, "Tue, 14 Nov 2023 22:13:20 GMT"},
        {"the first second", 0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"before it", -1, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"leap day", 951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {"a century that is no leap year", 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {"the last second", GU_DATE_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"behind it", INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char text[GU_DATE_LEN + 1];

        TEST_CASE(cases[i].name);
        gu_date_format(text, cases[i].seconds);
        assert_string_equal(text, cases[i].text);
    }
}

/* A step of 97 days and an odd number of seconds meets every month and day of the week. */
TEST(the_calendar_is_that_of_the_c_library)
{
    for (int64_t t = 0; t <= GU_DATE_MAX; t += 97 * 86400 + 12345) {
        time_t seconds = (time_t)t;
        int64_t back = -1;
        char text[GU_DATE_LEN + 1], want[64];
        struct tm tm;

        gu_date_format(text, t);
        strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &tm));
        assert_string_equal(text, want);
        assert_int_equal(gu_date_parse(gust_str_from(text), NOW, &back), 0);
        assert_true(back == t);
    }
}

TEST(the_three_forms_are_read)
{
    static const struct {
        const char *name, *text;
        int64_t seconds;
    } cases[] = {
        {"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"asctime", "Sun Nov  6 08:49:37 1994", 784111777},
        {"asctime with two digits", "Wed Nov 16 08:49:37 1994", 784975777},
        {"RFC 850, in the future", "Monday, 06-Nov-45 00:00:00 GMT", 2393539200},
        {"RFC 850, 50 years on", "Monday, 01-Jan-75 00:00:00 GMT", 3313526400},
        {"RFC 850, more than that", "Monday, 01-Jan-76 00:00:00 GMT", 189302400},
        {"RFC 850, a leap day of 2000", "Tuesday, 29-Feb-00 00:00:00 GMT", 951782400},
        {"before 1970", "Fri, 01 Jan 1960 00:00:00 GMT", -315619200},
        {"the year 0", "Sat, 01 Jan 0000 00:00:00 GMT", -62167219200},
        {"leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"another day's name", "Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
    };
    struct guard g = guard_new(64);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str text = guard_put(&g, cases[i].text, strlen(cases[i].text));
        int64_t seconds = 0;

        TEST_CASE(cases[i].name);
        assert_int_equal(gu_date_parse(text, NOW, &seconds), 0);
        assert_true(seconds == cases[i].seconds);
    }
    guard_free(&g);
}

TEST(other_dates_are_refused)
{
    static const char *const texts[] = {
        "",
        "garbage",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +01",
        "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Someday, 06-Nov-94 08:49:37 GMT",
        "Sunday 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov  x 08:49:37 1994",
        "Sun Nov   08:49:37 1994 ",
    };

    for (size_t i = 0; i < gu_countof(texts); i++) {
        int64_t seconds = 77;

        TEST_CASE(texts[i]);
        assert_int_equal(gu_date_parse(gust_str_from(texts[i]), NOW, &seconds), -GUST_ESYNTAX);
        assert_true(seconds == 77);
    }
}
