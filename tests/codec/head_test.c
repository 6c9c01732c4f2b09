/*
 * head — each rule of request and response heads, in every version, at every cut
 */
#include "head_feed.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

#define H "Host: h\r\n"
#define END "\r\n"
#define TEXT(literal) GU_STR_INIT(literal)

/* A head that is refused: by which line, counted from 1 (0: only by the whole), and why. */
struct refused {
    const char *name;
    gust_str text;
    int line;
    enum gu_head_result result;
    const char *error; /* a part of it */
};

/* --- what a head says ------------------------------------------------------------------------- */

static size_t put(char *out, size_t at, size_t size, const char *label, const char *buf,
                  uint32_t from, uint32_t len)
{
    int n = snprintf(out + at, size - at, " %s=%.*s", label, (int)len, buf + from);

    assert_true(n > 0 && (size_t)n < size - at);
    return at + (size_t)n;
}

static size_t put_flags(char *out, size_t at, size_t size, const struct gu_head *h)
{
    static const char *const names[] = {"keep",    "chunked",  "length",  "expect",
                                        "upgrade", "absolute", "asterisk"};

    for (unsigned i = 0; i < gu_countof(names); i++)
        if ((h->flags & 1u << i) != 0)
            at = put(out, at, size, "is", names[i], 0, (uint32_t)strlen(names[i]));
    if ((h->flags & GU_HEAD_HAS_LENGTH) != 0)
        at += (size_t)snprintf(out + at, size - at, " %llu", (unsigned long long)h->content_length);
    return at;
}

/* A request as text: "1.1 m=GET t=/a?b p=/a q=b host=h is=keep". */
static void describe_request(const char *buf, const struct gu_head *h, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "1.%d", h->minor);

    at = put(out, at, size, "m", buf, h->method_at, h->method_len);
    at = put(out, at, size, "t", buf, h->target_at, h->target_len);
    at = put(out, at, size, "p", buf, h->path_at, h->path_len);
    if (h->query_at != 0)
        at = put(out, at, size, "q", buf, h->query_at, h->query_len);
    at = put(out, at, size, "host", buf, h->host_at, h->host_len);
    put_flags(out, at, size, h);
}

static void describe_response(const char *buf, const struct gu_head *h, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "1.%d %d", h->minor, h->status);

    at = put(out, at, size, "r", buf, h->reason_at, h->reason_len);
    put_flags(out, at, size, h);
}

/* --- rules ------------------------------------------------------------------------------------ */

static void assert_refused(const struct gu_head_version *version, bool is_response,
                           const struct refused *row)
{
    struct head_answer answer;
    size_t line_end = 0;

    TEST_CASE(row->name);
    head_feed(version, is_response, row->text, GU_HEAD_MAX_FIELDS, &answer);
    assert_int_equal(answer.result, row->result);
    assert_non_null(strstr(answer.error, row->error));
    for (int i = 0; i < row->line; i++)
        line_end = gu_str_find(row->text, GU_STR("\n"), line_end) + 1;
    assert_int_equal(answer.at, row->line > 0 ? line_end : row->text.len);
}

static void assert_all_refused(bool is_response, const struct refused *rows, size_t n)
{
    for (size_t v = 0; gu_head_versions[v] != NULL; v++)
        if (gu_head_versions[v]->is_supported == NULL || gu_head_versions[v]->is_supported())
            for (size_t i = 0; i < n; i++)
                assert_refused(gu_head_versions[v], is_response, &rows[i]);
}

TEST(a_request_is_read)
{
    static const struct {
        const char *name, *text, *says;
    } cases[] = {
        {"origin-form", "GET /a HTTP/1.1\r\n" H END, "1.1 m=GET t=/a p=/a host=h is=keep"},
        {"a query", "GET /a?b=c?d HTTP/1.1\r\n" H END,
         "1.1 m=GET t=/a?b=c?d p=/a q=b=c?d host=h is=keep"},
        {"an empty query is one", "GET /? HTTP/1.1\r\n" H END,
         "1.1 m=GET t=/? p=/ q= host=h is=keep"},
        {"absolute-form overrides Host", "GET http://x:81/p?q HTTP/1.1\r\n" H END,
         "1.1 m=GET t=http://x:81/p?q p=/p q=q host=x:81 is=keep is=absolute"},
    };
    char says[512];

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct head_answer answer;

        TEST_CASE(cases[i].name);
        head_feed(&gu_head_plain, false, gust_str_from(cases[i].text), 8, &answer);
        assert_int_equal(answer.result, GU_HEAD_DONE);
        describe_request(cases[i].text, &answer.head, says, sizeof says);
        assert_string_equal(says, cases[i].says);
    }
}

TEST(a_bad_request_is_refused_as_soon_as_its_line_is_whole)
{
    static const struct refused rows[] = {
        {"no Host", TEXT("GET / HTTP/1.1\r\n" END), 0, GU_HEAD_BAD, "no Host"},
        {"bare LF", TEXT("GET / HTTP/1.1\r\nHost: h\n" END), 2, GU_HEAD_BAD, "LF without"},
        {"HTTP/2", TEXT("PRI * HTTP/2.0\r\n" END "SM\r\n" END), 1, GU_HEAD_VERSION, "not 1.x"},
    };

    assert_all_refused(false, rows, gu_countof(rows));
}

TEST(a_response_is_read)
{
    static const char text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n";
    struct head_answer answer;
    char says[512];

    head_feed(&gu_head_plain, true, gust_str_from(text), 8, &answer);
    assert_int_equal(answer.result, GU_HEAD_DONE);
    describe_response(text, &answer.head, says, sizeof says);
    assert_string_equal(says, "1.1 200 r=OK is=keep is=length 5");
}
