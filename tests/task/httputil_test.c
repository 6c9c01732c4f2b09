/*
 * httputil — the functions for users; the codecs behind them have tests of their own
 */
#include "test.h"
#include <gust.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TEST(escapes_are_made_in_the_innermost_scope)
{
    GUST_SCOPE();
    gust_str back = gust_url_unescape("a+b%2F%C3%A9~%00", true);

    assert_string_equal(gust_xhtml_escape("<a b='\"&'>"), "&lt;a b=&#x27;&quot;&amp;&#x27;&gt;");
    assert_string_equal(gust_url_escape("a b/\xc3\xa9~", true), "a+b%2F%C3%A9~");
    assert_string_equal(gust_url_escape("a b/\xc3\xa9~", false), "a%20b/%C3%A9~");
    assert_int_equal(back.len, 8);
    assert_memory_equal(back.ptr, "a b/\xc3\xa9~\0", 9);
    assert_true(gust_str_equal(gust_url_unescape("a+b%2f", false), "a+b/"));
    assert_string_equal(gust_url_escape(NULL, true), "");
}

TEST(urls_are_extended_by_an_array_that_ends_itself)
{
    GUST_SCOPE();

    assert_string_equal(gust_url_concat("?a=b", (gust_url_arg[]){{"c", "d e"}, {0}}), "?a=b&c=d+e");
    assert_string_equal(gust_url_concat("/p#f", (gust_url_arg[]){{"a", "1"}, {"b", NULL}, {0}}),
                        "/p?a=1&b=#f");
    assert_string_equal(gust_url_concat("/p?x", (gust_url_arg[]){{0}}), "/p?x=");
    assert_string_equal(gust_url_concat("/p?x", NULL), "/p?x");
}

TEST(timestamps_are_cut_to_whole_seconds_and_held_within_their_years)
{
    GUST_SCOPE();

    assert_string_equal(gust_format_timestamp(1359312200.503611), "Sun, 27 Jan 2013 18:43:20 GMT");
    assert_string_equal(gust_format_timestamp(-1e300), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(gust_format_timestamp((double)NAN), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(gust_format_timestamp(1e300), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(reasons_need_no_memory)
{
    assert_string_equal(gust_status_reason(404), "Not Found");
    assert_string_equal(gust_status_reason(799), "Unknown");
}

static void without_scope(void *arg)
{
    gust_url_escape(arg, true);
}

TEST(memory_comes_from_a_scope_alone)
{
    char text[] = "a";

    assert_aborts(without_scope, text, "open a GUST_SCOPE first");
}

/* Above the 64 MiB that a task may hold. */
static int escape_too_much(void *arg)
{
    gust_xhtml_escape(arg);
    return 0;
}

TEST(passing_the_memory_limit_raises)
{
    size_t len = (size_t)16 << 20;
    char *text = malloc(len + 1);

    assert_non_null(text);
    memset(text, '&', len);
    text[len] = '\0';
    assert_int_equal(gust_run(escape_too_much, text), -ENOMEM);
    free(text);
}
