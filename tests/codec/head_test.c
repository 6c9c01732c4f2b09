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

/* A head that is read, and what describe_request() or describe_response() make of it. */
struct told {
    const char *name, *text, *says;
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

    at = put(out, at, size, "m", buf, 0, h->method_len);
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

/* Calls `fn` with each version that runs here. */
static void for_each_version(void (*fn)(const struct gu_head_version *version))
{
    for (size_t i = 0; gu_head_versions[i] != NULL; i++)
        if (gu_head_versions[i]->is_supported == NULL || gu_head_versions[i]->is_supported())
            fn(gu_head_versions[i]);
}

static const struct told requests[] = {
    {"origin-form", "GET /a HTTP/1.1\r\n" H END, "1.1 m=GET t=/a p=/a host=h is=keep"},
    {"a query, and question marks in it", "GET /a?b=c?d HTTP/1.1\r\n" H END,
     "1.1 m=GET t=/a?b=c?d p=/a q=b=c?d host=h is=keep"},
    {"an empty query is one", "GET /? HTTP/1.1\r\n" H END, "1.1 m=GET t=/? p=/ q= host=h is=keep"},
    {"a query behind the first block",
     "GET /0123456789012345678901234567890123456789012345678901234567890123456789?a HTTP/1.1\r\n" H
         END,
     "1.1 m=GET t=/0123456789012345678901234567890123456789012345678901234567890123456789?a "
     "p=/0123456789012345678901234567890123456789012345678901234567890123456789 q=a host=h "
     "is=keep"},
    {"two slashes are a path", "GET //x/y HTTP/1.1\r\n" H END,
     "1.1 m=GET t=//x/y p=//x/y host=h is=keep"},
    {"browsers leave these bytes as they are", "GET /{|}^\"<>\\`[] HTTP/1.1\r\n" H END,
     "1.1 m=GET t=/{|}^\"<>\\`[] p=/{|}^\"<>\\`[] host=h is=keep"},
    {"absolute-form overrides Host", "GET http://x:81/p?q HTTP/1.1\r\n" H END,
     "1.1 m=GET t=http://x:81/p?q p=/p q=q host=x:81 is=keep is=absolute"},
    {"a scheme in capitals", "GET HTTPS://x/ HTTP/1.1\r\n" H END,
     "1.1 m=GET t=HTTPS://x/ p=/ host=x is=keep is=absolute"},
    {"absolute-form without a path", "GET http://x?q HTTP/1.1\r\n" H END,
     "1.1 m=GET t=http://x?q p= q=q host=x is=keep is=absolute"},
    {"an empty Host beside absolute-form", "GET http://x/ HTTP/1.1\r\nHost:\r\n" END,
     "1.1 m=GET t=http://x/ p=/ host=x is=keep is=absolute"},
    {"asterisk-form", "OPTIONS * HTTP/1.1\r\n" H END,
     "1.1 m=OPTIONS t=* p=* host=h is=keep is=asterisk"},
    {"authority-form", "CONNECT x:443 HTTP/1.1\r\n" H END,
     "1.1 m=CONNECT t=x:443 p= host=x:443 is=keep"},
    {"a method that nobody knows", "M-SEARCH! /x HTTP/1.1\r\n" H END,
     "1.1 m=M-SEARCH! t=/x p=/x host=h is=keep"},
    {"a later minor version is 1.1", "GET / HTTP/1.9\r\n" H END,
     "1.1 m=GET t=/ p=/ host=h is=keep"},
    {"HTTP/1.0 needs no Host, and closes", "GET / HTTP/1.0\r\n" END, "1.0 m=GET t=/ p=/ host="},
    {"HTTP/1.0 is kept alive on demand", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END,
     "1.0 m=GET t=/ p=/ host= is=keep"},
    {"HTTP/1.0, HEAD has no body", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n" END,
     "1.0 m=HEAD t=/ p=/ host= is=keep"},
    {"HTTP/1.0, a body of no known length", "POST / HTTP/1.0\r\nConnection: keep-alive\r\n" END,
     "1.0 m=POST t=/ p=/ host="},
    {"HTTP/1.0, a body of a known length",
     "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n" END,
     "1.0 m=POST t=/ p=/ host= is=keep is=length 2"},
    {"close", "GET / HTTP/1.1\r\n" H "Connection: CLOSE\r\n" END, "1.1 m=GET t=/ p=/ host=h"},
    {"close in a list", "GET / HTTP/1.1\r\n" H "Connection: x ,\tclose\r\n" END,
     "1.1 m=GET t=/ p=/ host=h"},
    {"close in a second field, against keep-alive in the first",
     "GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n" END,
     "1.1 m=GET t=/ p=/ host=h"},
    {"an option that has close in it", "GET / HTTP/1.1\r\n" H "Connection: closed,xclose\r\n" END,
     "1.1 m=GET t=/ p=/ host=h is=keep"},
    {"an option longer than any known",
     "GET / HTTP/1.1\r\n" H "Connection: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" END,
     "1.1 m=GET t=/ p=/ host=h is=keep"},
    {"an empty Connection", "GET / HTTP/1.1\r\n" H "Connection:\r\n" END,
     "1.1 m=GET t=/ p=/ host=h is=keep"},
    {"upgrade", "GET / HTTP/1.1\r\n" H "Connection: keep-alive, Upgrade\r\nUpgrade: x\r\n" END,
     "1.1 m=GET t=/ p=/ host=h is=keep is=upgrade"},
    {"expect", "PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n" END,
     "1.1 m=PUT t=/ p=/ host=h is=keep is=length is=expect 1"},
    {"HTTP/1.0 expects nothing", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n" END,
     "1.0 m=GET t=/ p=/ host="},
    {"what else is expected", "GET / HTTP/1.1\r\n" H "Expect: 200-ok\r\n" END,
     "1.1 m=GET t=/ p=/ host=h is=keep"},
    {"chunked, whatever its case", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n" END,
     "1.1 m=POST t=/ p=/ host=h is=keep is=chunked"},
    {"a length with zeros before it", "POST / HTTP/1.1\r\n" H "Content-Length: 007\r\n" END,
     "1.1 m=POST t=/ p=/ host=h is=keep is=length 7"},
    {"blanks around a length", "POST / HTTP/1.1\r\n" H "Content-Length: \t 10 \t\r\n" END,
     "1.1 m=POST t=/ p=/ host=h is=keep is=length 10"},
    {"the longest length", "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n" END,
     "1.1 m=POST t=/ p=/ host=h is=keep is=length 9223372036854775807"},
    {"an IPv4 address and a port", "GET / HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n" END,
     "1.1 m=GET t=/ p=/ host=127.0.0.1:65535 is=keep"},
    {"an IPv6 address", "GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]:8080\r\n" END,
     "1.1 m=GET t=/ p=/ host=[::ffff:1.2.3.4]:8080 is=keep"},
    {"an IPv6 address without a port", "GET / HTTP/1.1\r\nHost: [::1]\r\n" END,
     "1.1 m=GET t=/ p=/ host=[::1] is=keep"},
    {"an empty port", "GET / HTTP/1.1\r\nHost: x:\r\n" END, "1.1 m=GET t=/ p=/ host=x: is=keep"},
    {"a name of all its marks", "GET / HTTP/1.1\r\nHost: a-._~!$&'()*+;=%4a%Ff\r\n" END,
     "1.1 m=GET t=/ p=/ host=a-._~!$&'()*+;=%4a%Ff is=keep"},
};

static const struct told responses[] = {
    {"a reason", "HTTP/1.1 404 Not Found\r\n" END, "1.1 404 r=Not Found is=keep"},
    {"an empty reason", "HTTP/1.1 200 \r\n" END, "1.1 200 r= is=keep"},
    {"no space before no reason", "HTTP/1.1 200\r\n" END, "1.1 200 r= is=keep"},
    {"bytes beyond ASCII in the reason", "HTTP/1.0 200 \xc3\xa4\tb\r\n" END,
     "1.0 200 r=\xc3\xa4\tb"},
    {"HTTP/1.0 kept alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" END,
     "1.0 200 r=OK is=keep"},
    {"equal lengths are merged",
     "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 05\r\n" END,
     "1.1 200 r=OK is=keep is=length 5"},
    {"a response has no Host, or two", "HTTP/1.1 200 OK\r\nHost: a\r\nHost: b\r\n" END,
     "1.1 200 r=OK is=keep"},
    {"no body, and it says so", "HTTP/1.1 204 None\r\nContent-Length: 0\r\n" END,
     "1.1 204 r=None is=keep is=length 0"},
    {"the least status", "HTTP/1.1 100 Continue\r\n" END, "1.1 100 r=Continue is=keep"},
    {"the last status", "HTTP/1.1 599 ?\r\n" END, "1.1 599 r=? is=keep"},
};

static void assert_told(const struct gu_head_version *version, bool is_response,
                        const struct told *row)
{
    struct head_answer answer;
    char says[512];

    TEST_CASE(row->name);
    head_feed(version, is_response, gust_str_from(row->text), GU_HEAD_MAX_FIELDS, &answer);
    assert_null(answer.error);
    assert_int_equal(answer.result, GU_HEAD_DONE);
    assert_int_equal(answer.head.len, strlen(row->text));
    if (is_response)
        describe_response(row->text, &answer.head, says, sizeof says);
    else
        describe_request(row->text, &answer.head, says, sizeof says);
    assert_string_equal(says, row->says);
}

static void requests_are_read(const struct gu_head_version *version)
{
    for (size_t i = 0; i < gu_countof(requests); i++)
        assert_told(version, false, &requests[i]);
}

TEST(a_request_is_read)
{
    for_each_version(requests_are_read);
}

static void responses_are_read(const struct gu_head_version *version)
{
    for (size_t i = 0; i < gu_countof(responses); i++)
        assert_told(version, true, &responses[i]);
}

TEST(a_response_is_read)
{
    for_each_version(responses_are_read);
}

#define LINE "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define BAD GU_HEAD_BAD

static const struct refused bad_requests[] = {
    /* the request line */
    {"an empty line first", TEXT("\r\n" LINE H END), 1, BAD, "the method"},
    {"a method that is no token", TEXT("FOO,BAR / HTTP/1.1\r\n" H END), 1, BAD, "the method"},
    {"a space before the method", TEXT(" GET / HTTP/1.1\r\n" H END), 1, BAD, "the method"},
    {"a tab behind the method", TEXT("GET\t/ HTTP/1.1\r\n" H END), 1, BAD, "the method"},
    {"a method alone", TEXT("GET\r\n" END), 1, BAD, "the method"},
    {"two spaces behind the method", TEXT("GET  / HTTP/1.1\r\n" H END), 1, BAD, "target has"},
    {"no version (HTTP/0.9)", TEXT("GET /\r\n" END), 1, BAD, "target has"},
    {"a fragment", TEXT("GET /#a HTTP/1.1\r\n" H END), 1, BAD, "target has"},
    {"NUL in the path", TEXT("GET /a\0b HTTP/1.1\r\n" H END), 1, BAD, "target has"},
    {"DEL in the path", TEXT("GET /\x7f HTTP/1.1\r\n" H END), 1, BAD, "target has"},
    {"a byte beyond ASCII in the path", TEXT("GET /\xc3\xa4 HTTP/1.1\r\n" H END), 1, BAD,
     "target has"},
    {"a bare CR in the path", TEXT("GET /a\rb HTTP/1.1\r\n" H END), 1, BAD, "target has"},
    {"no slash", TEXT("GET a HTTP/1.1\r\n" H END), 1, BAD, "not a path"},
    {"an asterisk with another method", TEXT("GET * HTTP/1.1\r\n" H END), 1, BAD, "not a path"},
    {"an asterisk and more", TEXT("OPTIONS *? HTTP/1.1\r\n" H END), 1, BAD, "not a path"},
    {"another scheme", TEXT("GET ftp://x/ HTTP/1.1\r\n" H END), 1, BAD, "not a path"},
    {"a scheme without an authority", TEXT("GET http:///x HTTP/1.1\r\n" H END), 1, BAD,
     "the target's authority"},
    {"user information in the authority", TEXT("GET http://u@x/ HTTP/1.1\r\n" H END), 1, BAD,
     "the target's authority"},
    {"CONNECT without a port", TEXT("CONNECT x HTTP/1.1\r\n" H END), 1, BAD, "CONNECT"},
    {"CONNECT with an empty port", TEXT("CONNECT x: HTTP/1.1\r\n" H END), 1, BAD, "CONNECT"},
    {"CONNECT to a path", TEXT("CONNECT / HTTP/1.1\r\n" H END), 1, BAD, "CONNECT"},
    {"HTTP in small letters", TEXT("GET / http/1.1\r\n" H END), 1, BAD, "version is malformed"},
    {"a version of one number", TEXT("GET / HTTP/1\r\n" H END), 1, BAD, "version is malformed"},
    {"a version without a dot", TEXT("GET / HTTP/1,1\r\n" H END), 1, BAD, "version is malformed"},
    {"a major version that is no digit", TEXT("GET / HTTP/x.1\r\n" H END), 1, BAD,
     "version is malformed"},
    {"a minor version that is no digit", TEXT("GET / HTTP/1.x\r\n" H END), 1, BAD,
     "version is malformed"},
    {"a minor version of two digits", TEXT("GET / HTTP/1.10\r\n" H END), 1, BAD,
     "version is malformed"},
    {"a space behind the version", TEXT("GET / HTTP/1.1 \r\n" H END), 1, BAD,
     "version is malformed"},
    {"a bare LF behind the version", TEXT("GET / HTTP/1.1\n" H END), 1, BAD,
     "version is malformed"},
    {"HTTP/2's preface", TEXT("PRI * HTTP/2.0\r\n" END), 1, GU_HEAD_VERSION, "not 1.x"},
    {"HTTP/0.9 by name", TEXT("GET / HTTP/0.9\r\n" END), 1, GU_HEAD_VERSION, "not 1.x"},
    /* lines */
    {"obs-fold", TEXT(LINE H "A: b\r\n c\r\n" END), 4, BAD, "folded"},
    {"obs-fold in the first line", TEXT(LINE "\tA: b\r\n" H END), 2, BAD, "folded"},
    {"a space before the colon (smuggling)", TEXT(LINE H "Content-Length : 5\r\n" END), 3, BAD,
     "before its colon"},
    {"a space in a name", TEXT(LINE H "A B: c\r\n" END), 3, BAD, "before its colon"},
    {"an empty name", TEXT(LINE H ": c\r\n" END), 3, BAD, "without a name"},
    {"a line without a colon", TEXT(LINE H "abc\r\n" END), 3, BAD, "without a colon"},
    {"a line without a colon but an LF", TEXT(LINE H "abc\n" END), 3, BAD, "without a colon"},
    {"a bracket in a name", TEXT(LINE H "A(: b\r\n" END), 3, BAD, "name has a byte"},
    {"a byte beyond ASCII in a name", TEXT(LINE H "\xc3\xa4: b\r\n" END), 3, BAD,
     "name has a byte"},
    {"NUL in a name", TEXT(LINE H "A\0: b\r\n" END), 3, BAD, "name has a byte"},
    {"NUL in a value", TEXT(LINE H "A: b\0c\r\n" END), 3, BAD, "control"},
    {"another control character in a value", TEXT(LINE H "A: b\x1b[0m\r\n" END), 3, BAD, "control"},
    {"DEL in a value", TEXT(LINE H "A: \x7f\r\n" END), 3, BAD, "control"},
    {"a bare CR in a value", TEXT(LINE H "A: b\rContent-Length: 5\r\n" END), 3, BAD, "CR without"},
    {"two CRs at the end of a line", TEXT(LINE H "A: b\r\r\n" END), 3, BAD, "CR without"},
    {"a bare LF behind a value", TEXT(LINE "Host: h\n" END), 2, BAD, "LF without"},
    {"a bare LF for the empty line", TEXT(LINE H "\n"), 3, BAD, "without a colon"},
    {"a bare CR for the empty line", TEXT(LINE H "\rA: b\r\n" END), 3, BAD, "CR without"},
    /* Host */
    {"no Host", TEXT(LINE END), 0, BAD, "no Host"},
    {"two Hosts", TEXT(LINE H H END), 0, BAD, "more than one Host"},
    {"an empty Host", TEXT(LINE "Host: \r\n" END), 0, BAD, "an empty Host"},
    {"two Hosts in one", TEXT(LINE "Host: a,b\r\n" END), 2, BAD, "Host is malformed"},
    {"a space in Host", TEXT(LINE "Host: a b\r\n" END), 2, BAD, "Host is malformed"},
    {"a path in Host", TEXT(LINE "Host: a/b\r\n" END), 2, BAD, "Host is malformed"},
    {"user information in Host", TEXT(LINE "Host: a@b\r\n" END), 2, BAD, "Host is malformed"},
    {"a port without a host", TEXT(LINE "Host: :80\r\n" END), 2, BAD, "Host is malformed"},
    {"a port that is no number", TEXT(LINE "Host: a:8x\r\n" END), 2, BAD, "Host is malformed"},
    {"a port beyond 65535", TEXT(LINE "Host: a:65536\r\n" END), 2, BAD, "Host is malformed"},
    {"a percent sign at the end of Host", TEXT(LINE "Host: a%4\r\n" END), 2, BAD,
     "Host is malformed"},
    {"a percent sign without digits", TEXT(LINE "Host: %x4\r\n" END), 2, BAD, "Host is malformed"},
    {"a percent sign with one digit", TEXT(LINE "Host: %4x\r\n" END), 2, BAD, "Host is malformed"},
    {"an open bracket", TEXT(LINE "Host: [::1\r\n" END), 2, BAD, "Host is malformed"},
    {"no address in brackets", TEXT(LINE "Host: [a]\r\n" END), 2, BAD, "Host is malformed"},
    {"too much in brackets",
     TEXT(LINE "Host: [1111:2222:3333:4444:5555:6666:7777:8888:9999:0000]\r\n" END), 2, BAD,
     "Host is malformed"},
    {"something behind the brackets", TEXT(LINE "Host: [::1]x\r\n" END), 2, BAD,
     "Host is malformed"},
    /* framing */
    {"GHSA-753j-mpmx-qq6g: two Transfer-Encodings",
     TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END), 0, BAD,
     "more than one Transfer-Encoding"},
    {"GHSA-753j-mpmx-qq6g: an unknown coding", TEXT(POST "Transfer-Encoding: identity\r\n" END), 3,
     BAD, "not \"chunked\""},
    {"a coding before chunked", TEXT(POST "Transfer-Encoding: gzip, chunked\r\n" END), 3, BAD,
     "not \"chunked\""},
    {"chunked twice in one field", TEXT(POST "Transfer-Encoding: chunked, chunked\r\n" END), 3, BAD,
     "not \"chunked\""},
    {"a parameter behind chunked", TEXT(POST "Transfer-Encoding: chunked;a\r\n" END), 3, BAD,
     "not \"chunked\""},
    {"6.4.1: a Unicode space (0x85) is part of the value",
     TEXT(POST "Transfer-Encoding: chunked\x85\r\n" END), 3, BAD, "not \"chunked\""},
    {"an empty Transfer-Encoding", TEXT(POST "Transfer-Encoding:\r\n" END), 3, BAD,
     "not \"chunked\""},
    {"Transfer-Encoding in HTTP/1.0", TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END),
     0, BAD, "HTTP/1.0"},
    {"Content-Length, then Transfer-Encoding",
     TEXT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END), 0, BAD, "beside"},
    {"Transfer-Encoding, then Content-Length",
     TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END), 0, BAD, "beside"},
    {"equal Content-Lengths", TEXT(POST "Content-Length: 5\r\nContent-Length: 5\r\n" END), 0, BAD,
     "more than one Content-Length"},
    {"a list of equal lengths", TEXT(POST "Content-Length: 5, 5\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"GHSA-qppv-j76h-2rpx: a sign", TEXT(POST "Content-Length: +10\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"GHSA-qppv-j76h-2rpx: an underscore", TEXT(POST "Content-Length: 1_0\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"GHSA-qppv-j76h-2rpx: hexadecimal", TEXT(POST "Content-Length: 0x10\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"a space in a length", TEXT(POST "Content-Length: 1 0\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"6.4.1: a Unicode space (0xa0) before a length",
     TEXT(POST "Content-Length: \xa0"
               "5\r\n" END),
     3, BAD, "Content-Length is malformed"},
    {"an empty length", TEXT(POST "Content-Length: \r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"2^63", TEXT(POST "Content-Length: 9223372036854775808\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"2^64 - 1", TEXT(POST "Content-Length: 18446744073709551615\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"2^64", TEXT(POST "Content-Length: 18446744073709551616\r\n" END), 3, BAD,
     "Content-Length is malformed"},
    {"2^64 + 1, which would be 1", TEXT(POST "Content-Length: 18446744073709551617\r\n" END), 3,
     BAD, "Content-Length is malformed"},
};

static const struct refused bad_responses[] = {
    {"a request", TEXT(LINE H END), 1, BAD, "version is malformed"},
    {"HTTP/2", TEXT("HTTP/2.0 200 OK\r\n" END), 1, GU_HEAD_VERSION, "not 1.x"},
    {"a version alone", TEXT("HTTP/1.1\r\n" END), 1, BAD, "version is malformed"},
    {"two digits", TEXT("HTTP/1.1 20\r\n" END), 1, BAD, "the status"},
    {"two digits and a reason", TEXT("HTTP/1.1 20 OK\r\n" END), 1, BAD, "the status"},
    {"four digits", TEXT("HTTP/1.1 2000 OK\r\n" END), 1, BAD, "the status"},
    {"a letter in the status", TEXT("HTTP/1.1 2x0 OK\r\n" END), 1, BAD, "the status"},
    {"below 100", TEXT("HTTP/1.1 099 OK\r\n" END), 1, BAD, "the status"},
    {"beyond 599", TEXT("HTTP/1.1 600 OK\r\n" END), 1, BAD, "the status"},
    {"two spaces before the status", TEXT("HTTP/1.1  200 OK\r\n" END), 1, BAD, "the status"},
    {"NUL in the reason", TEXT("HTTP/1.1 200 O\0K\r\n" END), 1, BAD, "the reason"},
    {"a bare LF behind the reason", TEXT("HTTP/1.1 200 OK\n" END), 1, BAD, "the reason"},
    {"a bare CR in the reason", TEXT("HTTP/1.1 200 O\rK\r\n" END), 1, BAD, "the reason"},
    {"a bare CR instead of a reason", TEXT("HTTP/1.1 200\rK\r\n" END), 1, BAD, "the reason"},
    {"lengths that differ",
     TEXT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n" END), 0, BAD, "differ"},
    {"a list of lengths that differ", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n" END), 0,
     BAD, "differ"},
    {"an empty part in a list of lengths", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n" END), 2,
     BAD, "Content-Length is malformed"},
    {"an empty length in a response", TEXT("HTTP/1.1 200 OK\r\nContent-Length:\r\n" END), 2, BAD,
     "Content-Length is malformed"},
    {"Content-Length with 1xx", TEXT("HTTP/1.1 101 S\r\nContent-Length: 0\r\n" END), 0, BAD,
     "a Content-Length where"},
    {"Transfer-Encoding with 1xx", TEXT("HTTP/1.1 100 C\r\nTransfer-Encoding: chunked\r\n" END), 0,
     BAD, "a Transfer-Encoding where"},
    {"a body with 204", TEXT("HTTP/1.1 204 N\r\nContent-Length: 1\r\n" END), 0, BAD,
     "a Content-Length where"},
    {"chunks with 204", TEXT("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n" END), 0, BAD,
     "a Transfer-Encoding where"},
    {"both framings in a response",
     TEXT("HTTP/1.1 200 O\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" END), 0, BAD,
     "beside"},
};

static void bad_requests_are_refused(const struct gu_head_version *version)
{
    for (size_t i = 0; i < gu_countof(bad_requests); i++)
        assert_refused(version, false, &bad_requests[i]);
}

TEST(a_bad_request_is_refused_as_soon_as_its_line_is_whole)
{
    for_each_version(bad_requests_are_refused);
}

static void bad_responses_are_refused(const struct gu_head_version *version)
{
    for (size_t i = 0; i < gu_countof(bad_responses); i++)
        assert_refused(version, true, &bad_responses[i]);
}

TEST(a_bad_response_is_refused_as_soon_as_its_line_is_whole)
{
    for_each_version(bad_responses_are_refused);
}
