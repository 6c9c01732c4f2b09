/*
 * head — where fields stand, what they are called, how many may be; the versions against each other
 */
#include "head_feed.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

#define START "GET /path?query HTTP/1.1\r\nHost: example.com\r\n"

/* --- fields ----------------------------------------------------------------------------------- */

TEST(fields_are_told_by_name_whatever_its_case)
{
    static const struct {
        const char *name;
        unsigned id;
    } cases[] = {
        {"Connection", GU_FIELD_CONNECTION},
        {"CONTENT-LENGTH", GU_FIELD_CONTENT_LENGTH},
        {"content-type", GU_FIELD_CONTENT_TYPE},
        {"Transfer-Encoding", GU_FIELD_TRANSFER_ENCODING},
        {"eXPECT", GU_FIELD_EXPECT},
        {"Upgrade", GU_FIELD_UPGRADE},
        {"Cookie", GU_FIELD_COOKIE},
        {"If-None-Match", GU_FIELD_IF_NONE_MATCH},
        {"Accept", GU_FIELD_ACCEPT},
        {"Accept-Encoding", GU_FIELD_ACCEPT_ENCODING},
        {"Content-Encoding", GU_FIELD_CONTENT_ENCODING},
        {"X-Forwarded-For", GU_FIELD_X_FORWARDED_FOR},
        {"X-Forwarded-Proto", GU_FIELD_X_FORWARDED_PROTO},
        {"X-Real-Ip", GU_FIELD_X_REAL_IP},
        {"X-Scheme", GU_FIELD_X_SCHEME},
        /* others of the same hash, and length, as one that is known */
        {"Ccokie", GU_FIELD_OTHER},
        {"X-Forwarded-Protp", GU_FIELD_OTHER},
        {"Content_Length", GU_FIELD_OTHER},
        {"Acdept", GU_FIELD_OTHER},
        /* a part of one that is known, and more than it */
        {"Hos", GU_FIELD_OTHER},
        {"X-Forwarded-Proto-Version-Number", GU_FIELD_OTHER},
    };
    struct head_answer answer;
    char text[256];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *value = cases[i].id == GU_FIELD_CONTENT_LENGTH      ? "1"
                            : cases[i].id == GU_FIELD_TRANSFER_ENCODING ? "chunked"
                                                                        : "v";

        TEST_CASE(cases[i].name);
        snprintf(text, sizeof text, START "%s: %s\r\n\r\n", cases[i].name, value);
        head_feed(gu_head_versions[0], false, gust_str_from(text), 2, &answer);
        assert_int_equal(answer.result, GU_HEAD_DONE);
        assert_int_equal(answer.head.n_fields, 2);
        assert_int_equal(answer.head.fields[1].id, cases[i].id);
        assert_int_equal(answer.head.first[GU_FIELD_HOST], 1);
        if (cases[i].id != GU_FIELD_OTHER)
            assert_int_equal(answer.head.first[cases[i].id], 2);
    }
}

TEST(values_are_without_the_blanks_around_them)
{
    static const struct {
        const char *name, *line, *value;
    } cases[] = {
        {"no blank", "A:b", "b"},
        {"one", "A: b", "b"},
        {"many, and tabs", "A: \t \tb c \t ", "b c"},
        {"nothing", "A:", ""},
        {"only blanks", "A:   \t  ", ""},
        {"one blank only", "A: ", ""},
        {"a tab inside", "A: b\tc", "b\tc"},
        {"6.4.1: Unicode spaces stay (0x85, 0xa0)",
         "A: \x85"
         "b\xa0",
         "\x85"
         "b\xa0"},
        {"a colon first", "A: :b:", ":b:"},
        {"longer than blocks",
         "A:  0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
         "5678901234567890123456789012345678901234567890123456789012345678901234567890123456789  ",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
         "5678901234567890123456789012345678901234567890123456789012345678901234567890123456789"},
    };
    struct head_answer answer;
    char text[512];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const struct gu_field *field = &answer.head.fields[1];

        TEST_CASE(cases[i].name);
        snprintf(text, sizeof text, START "%s\r\nZ: z\r\n\r\n", cases[i].line);
        head_feed(gu_head_versions[0], false, gust_str_from(text), 8, &answer);
        assert_int_equal(answer.result, GU_HEAD_DONE);
        assert_int_equal(answer.head.n_fields, 3);
        assert_int_equal(field->name, strlen(START));
        assert_int_equal(field->name_len, 1);
        assert_true(gust_str_equal(gu_str(text + field->value, field->value_len), cases[i].value));
    }
}

TEST(the_first_of_a_repeated_field_is_kept)
{
    static const char text[] = START "Cookie: a\r\nX: y\r\nCOOKIE: b\r\n\r\n";
    struct head_answer answer;

    head_feed(gu_head_versions[0], false, gust_str_from(text), 8, &answer);
    assert_int_equal(answer.result, GU_HEAD_DONE);
    assert_int_equal(answer.head.first[GU_FIELD_COOKIE], 2);
    assert_int_equal(answer.head.fields[3].id, GU_FIELD_COOKIE);
}

/* --- limits ----------------------------------------------------------------------------------- */

static size_t head_of(char *text, size_t size, unsigned n_fields)
{
    size_t at = (size_t)snprintf(text, size, "%s", START);

    for (unsigned i = 1; i < n_fields; i++)
        at += (size_t)snprintf(text + at, size - at, "F%u: v\r\n", i);
    return at + (size_t)snprintf(text + at, size - at, "\r\n");
}

TEST(the_limit_of_fields_is_exact)
{
    static const struct {
        const char *name;
        unsigned max, n;
        enum gu_head_result result;
    } cases[] = {
        {"one less", 5, 4, GU_HEAD_DONE},
        {"the limit", 5, 5, GU_HEAD_DONE},
        {"one more", 5, 6, GU_HEAD_TOO_MANY},
        {"one less than can be", GU_HEAD_MAX_FIELDS, GU_HEAD_MAX_FIELDS - 1, GU_HEAD_DONE},
        {"as many as can be", GU_HEAD_MAX_FIELDS, GU_HEAD_MAX_FIELDS, GU_HEAD_DONE},
        {"one more than can be", GU_HEAD_MAX_FIELDS, GU_HEAD_MAX_FIELDS + 1, GU_HEAD_TOO_MANY},
        {"a limit that cannot be", 1000, GU_HEAD_MAX_FIELDS + 1, GU_HEAD_TOO_MANY},
        {"none", 0, 1, GU_HEAD_TOO_MANY},
    };
    struct head_answer answer;
    char text[2048];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        head_feed(gu_head_versions[0], false, gu_str(text, head_of(text, sizeof text, cases[i].n)),
                  cases[i].max, &answer);
        assert_int_equal(answer.result, cases[i].result);
        if (answer.result == GU_HEAD_DONE)
            assert_int_equal(answer.head.n_fields, cases[i].n);
        else
            assert_non_null(strstr(answer.error, "more fields"));
    }
}

TEST(the_field_that_is_one_too_many_is_not_looked_at)
{
    static const char text[] = START "(: \x01\r\n\r\n";
    struct head_answer answer;

    head_feed(gu_head_versions[0], false, gust_str_from(text), 1, &answer);
    assert_int_equal(answer.result, GU_HEAD_TOO_MANY);
}

TEST(a_name_has_an_end)
{
    const size_t at = strlen(START), longest = UINT16_MAX;
    char *text = malloc(at + longest + 80);
    struct head_answer answer;

    /* 65536 bytes of room less the rest: the parser is called once, on the heap */
    for (size_t len = longest - 1; len <= longest + 1; len++) {
        struct gu_head_resume resume = {0};
        size_t end = at + len;

        memcpy(text, START, at);
        memset(text + at, 'n', len);
        memcpy(text + end, ": v\r\n\r\n", 7);
        answer.result =
            gu_head_parse_request(text, end + 7, 8, &resume, &answer.head, &answer.error);
        assert_int_equal(answer.result, len <= longest ? GU_HEAD_DONE : GU_HEAD_BAD);
        if (len <= longest)
            assert_int_equal(answer.head.fields[1].name_len, len);
        else
            assert_string_equal(answer.error, "a field's name is too long");
    }
    free(text);
}

TEST(a_long_line_in_small_parts_costs_linear_time)
{
    struct gu_head_resume resume = {0};
    const size_t at = strlen(START), len = 60000;
    char *text = malloc(at + len + GU_HEAD_PADDING);
    struct head_answer answer;

    memcpy(text, START, at);
    memset(text + at, 'n', len + GU_HEAD_PADDING);
    for (size_t i = at + 1; i <= at + len; i++) {
        answer.result = gu_head_parse_request(text, i, 8, &resume, &answer.head, &answer.error);
        assert_int_equal(answer.result, GU_HEAD_MORE);
        /* nothing before `seen` is looked at again, and nothing behind it was not there */
        assert_int_equal(resume.at, at);
        assert_int_equal(resume.n_fields, 1);
        assert_int_equal(resume.seen, i - at);
    }
    free(text);
}

TEST(empty_lines_before_a_request_are_skipped)
{
    assert_int_equal(gu_head_skip("", 0), 0);
    assert_int_equal(gu_head_skip("\r", 1), 0);
    assert_int_equal(gu_head_skip("\r\n", 2), 2);
    assert_int_equal(gu_head_skip("\r\n\r", 3), 2);
    assert_int_equal(gu_head_skip("\r\n\r\nGET", 7), 4);
    assert_int_equal(gu_head_skip("\n\r\n", 3), 0);
    assert_int_equal(gu_head_skip("\r\r\n", 3), 0);
}

TEST(the_public_calls_are_the_parser)
{
    static const char request[128] = START "\r\n", response[128] = "HTTP/1.1 200 OK\r\n\r\n";
    struct gu_head_resume resume = {0};
    struct head_answer answer;

    assert_int_equal(
        gu_head_parse_request(request, strlen(request), 8, &resume, &answer.head, &answer.error),
        GU_HEAD_DONE);
    assert_int_equal(answer.head.n_fields, 1);
    assert_int_equal(
        gu_head_parse_response(response, strlen(response), 8, &resume, &answer.head, &answer.error),
        GU_HEAD_DONE);
    assert_int_equal(answer.head.status, 200);
}

/* --- the versions against each other ---------------------------------------------------------- */

static const char *const corpus[] = {
    START "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    "POST http://[::1]:80/a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: "
    "100-continue\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    "GET /0123456789012345678901234567890123456789012345678901234567890?12345678901234567890 "
    "HTTP/1.1\r\nHost: h\r\nA-field-with-a-name-that-is-longer-than-a-block-of-sixty-four-bytes-"
    "is: and a value that is longer than two of them, which takes a good many words to reach, "
    "and some more so that it surely is\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nTransfer-Encoding: chunked\r\n\r\n",
};

/* Numbers that look random and are the same in each run. */
static uint32_t next_random(void)
{
    static uint64_t state = 20261120;

    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}

static void assert_versions_agree(bool is_response, gust_str text)
{
    struct head_answer plain, other;

    head_feed_whole(&gu_head_plain, is_response, text, 8, &plain);
    for (size_t i = 0; gu_head_versions[i] != &gu_head_plain; i++) {
        if (gu_head_versions[i]->is_supported != NULL && !gu_head_versions[i]->is_supported())
            continue;
        head_feed_whole(gu_head_versions[i], is_response, text, 8, &other);
        assert_same_answer(&plain, &other);
    }
}

TEST(every_byte_at_every_place_is_judged_alike)
{
    char text[512];

    for (size_t i = 0; i < gu_countof(corpus); i++) {
        size_t len = strlen(corpus[i]);

        memcpy(text, corpus[i], len);
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                assert_versions_agree(i == gu_countof(corpus) - 1, gu_str(text, len));
            }
            text[at] = corpus[i][at];
        }
    }
}

TEST(random_changes_are_judged_alike_and_at_every_cut)
{
    static const char marks[] = "\r\n\t :,?#\0\x7f\x80/*[]%0";

    for (unsigned turn = 0; turn < 400; turn++) {
        size_t i = turn % gu_countof(corpus), len = strlen(corpus[i]);
        bool is_response = i == gu_countof(corpus) - 1;
        struct head_answer answer;
        char text[512];

        memcpy(text, corpus[i], len);
        for (uint32_t n = next_random() % 4; n > 0; n--)
            text[next_random() % len] = marks[next_random() % (sizeof marks - 1)];
        len -= next_random() % 8;
        assert_versions_agree(is_response, gu_str(text, len));
        head_feed(gu_head_versions[0], is_response, gu_str(text, len), 8, &answer);
    }
}
