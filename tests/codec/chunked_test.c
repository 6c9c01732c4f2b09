/*
 * chunked — every body is read whole, byte by byte and cut at every point, before a guard page
 */
#include "codec/chunked.h"
#include "codec_test.h"
#include <stdio.h>

static const struct gu_chunked_limits limits = {.max_bytes = 200, .max_fields = 3};
static struct guard guard;

/* What a connection would have made of a body. */
struct reading {
    enum gu_chunked_event event;
    const char *error;
    size_t consumed; /* of the whole input */
    size_t body_len, trailers_len;
    char body[2048], trailers[1024];
};

static void append(char *to, size_t size, size_t *len, gust_str s)
{
    assert_true(*len + s.len < size);
    memcpy(to + *len, s.ptr, s.len);
    *len += s.len;
    to[*len] = '\0';
}

/* Reads on from r->consumed with the bytes up to `end` there; false when the body is decided. */
static bool feed(struct gu_chunked *c, gust_str input, size_t end, struct reading *r)
{
    for (;;) {
        gust_str have = guard_put(&guard, input.ptr + r->consumed, end - r->consumed);
        struct gu_chunked_part part;

        r->event = gu_chunked_next(c, &limits, have.ptr, have.len, &part);
        r->error = part.error;
        r->consumed += part.consumed;
        switch (r->event) {
        case GU_CHUNKED_DATA:
            assert_true(part.data.len > 0);
            append(r->body, sizeof r->body, &r->body_len, part.data);
            break;
        case GU_CHUNKED_TRAILER:
            append(r->trailers, sizeof r->trailers, &r->trailers_len, part.name);
            append(r->trailers, sizeof r->trailers, &r->trailers_len, GU_STR("="));
            append(r->trailers, sizeof r->trailers, &r->trailers_len, part.data);
            append(r->trailers, sizeof r->trailers, &r->trailers_len, GU_STR("|"));
            break;
        case GU_CHUNKED_MORE:
            return true;
        default:
            return false;
        }
    }
}

/* Reads an input in pieces: the first ends at `cut`, the others have `step` bytes. */
static void read_cut(gust_str input, size_t cut, size_t step, struct reading *r)
{
    struct gu_chunked c = {0};
    size_t end = cut;

    memset(r, 0, sizeof *r);
    while (feed(&c, input, end, r) && end < input.len)
        end = gu_min(end + step, input.len);
}

static void assert_same(const struct reading *a, const struct reading *b)
{
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->consumed, b->consumed);
    assert_int_equal(a->body_len, b->body_len);
    assert_memory_equal(a->body, b->body, a->body_len);
    assert_string_equal(a->trailers, b->trailers);
    if (a->error != NULL || b->error != NULL)
        assert_string_equal(a->error, b->error);
}

/* Reads it in every way; the answers have to be the same. */
static void read_all_ways(gust_str input, struct reading *whole)
{
    struct reading other;

    read_cut(input, input.len, 1, whole);
    read_cut(input, 0, 1, &other);
    assert_same(&other, whole);
    for (size_t cut = 0; cut <= input.len; cut++) {
        read_cut(input, cut, input.len, &other);
        assert_same(&other, whole);
    }
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define EXT_255 FIFTY FIFTY FIFTY FIFTY FIFTY "01234"

static const struct {
    const char *name, *input;
    enum gu_chunked_event event;
    const char *body, *trailers;
    size_t rest; /* bytes behind the end, which belong to the next request */
} cases[] = {
    {"one chunk", "5\r\nhello\r\n0\r\n\r\n", GU_CHUNKED_DONE, "hello", "", 0},
    {"several chunks", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", GU_CHUNKED_DONE, "abcd", "", 0},
    {"no chunk", "0\r\n\r\n", GU_CHUNKED_DONE, "", "", 0},
    {"what follows is left", "0\r\n\r\nGET / HTTP/1.1\r\n", GU_CHUNKED_DONE, "", "", 16},
    {"hexadecimal, both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", GU_CHUNKED_DONE,
     TEN TEN, "", 0},
    {"CRLF is data inside a chunk", "4\r\n\r\n\r\n\r\n0\r\n\r\n", GU_CHUNKED_DONE, "\r\n\r\n", "",
     0},
    {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n", GU_CHUNKED_DONE, "hello", "", 0},
    {"not whole: no digit yet", "", GU_CHUNKED_MORE, "", "", 0},
    {"not whole: in a chunk", "5\r\nhel", GU_CHUNKED_MORE, "hel", "", 0},
    {"not whole: before the last line", "0\r\n", GU_CHUNKED_MORE, "", "", 0},
    {"GHSA-qppv-j76h-2rpx: a sign", "+1\r\na\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"GHSA-qppv-j76h-2rpx: 0x", "0x1\r\na\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"GHSA-qppv-j76h-2rpx: an underscore", "1_0\r\na\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"1_a", "1_a\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"a space before the size", " 1\r\na\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"a minus", "-1\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"no size at all", "\r\nhello\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"extension without a size", ";a\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"chunk terminator XX", "1\r\naXX0\r\n\r\n", GU_CHUNKED_BAD, "a", "", 0},
    {"terminator CR X", "1\r\na\rX0\r\n\r\n", GU_CHUNKED_BAD, "a", "", 0},
    {"terminator of a bare LF", "1\r\na\n0\r\n\r\n", GU_CHUNKED_BAD, "a", "", 0},
    {"bare LF behind the size", "1\na\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"bare CR behind the size", "1\rXa\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"chunk size 2^63", "8000000000000000\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"chunk size 2^64", "10000000000000000\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"2^63 - 1 is a size", "7fffffffffffffff\r\nab", GU_CHUNKED_MORE, "ab", "", 0},
    {"17 digits, though small", "00000000000000001\r\na", GU_CHUNKED_BAD, "", "", 0},
    {"extension ignored", "1;a=b;c=\"d e\"\r\nx\r\n0;z\r\n\r\n", GU_CHUNKED_DONE, "x", "", 0},
    {"blanks before an extension", "1 \t;a\r\nx\r\n0\r\n\r\n", GU_CHUNKED_DONE, "x", "", 0},
    {"blanks without an extension", "1 \r\nx\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"bare LF in an extension", "1;a\nx\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"NUL-like control in an extension", "1;a\001\r\nx", GU_CHUNKED_BAD, "", "", 0},
    {"a 64-byte chunk line", "1;" FIFTY TEN "\r\nx\r\n0\r\n\r\n", GU_CHUNKED_DONE, "x", "", 0},
    {"256 bytes of extension", "1;" EXT_255 "\r\nx\r\n0\r\n\r\n", GU_CHUNKED_DONE, "x", "", 0},
    {"257 bytes of extension", "1;" EXT_255 "5\r\nx\r\n0\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"trailer field", "0\r\nX-Sum: \t 12 \r\n\r\n", GU_CHUNKED_DONE, "", "X-Sum=12|", 0},
    {"empty trailer value", "0\r\nA:\r\nB:b:b\r\n\r\nX", GU_CHUNKED_DONE, "", "A=|B=b:b|", 1},
    {"framing in a trailer is dropped",
     "0\r\nContent-Length: 5\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n", GU_CHUNKED_DONE, "",
     "A=b|", 0},
    {"Host in a trailer is dropped", "0\r\nHost: x\r\n\r\n", GU_CHUNKED_DONE, "", "", 0},
    {"as many trailer fields as allowed", "0\r\nA:1\r\nB:2\r\nC:3\r\n\r\n", GU_CHUNKED_DONE, "",
     "A=1|B=2|C=3|", 0},
    {"one trailer field too many", "0\r\nA:1\r\nTE:2\r\nC:3\r\nD:4\r\n\r\n", GU_CHUNKED_TOO_BIG, "",
     "A=1|C=3|", 0},
    {"198 bytes of trailer and the last line",
     "0\r\nA:" FIFTY FIFTY FIFTY TEN TEN TEN TEN "0123\r\n\r\n", GU_CHUNKED_DONE, "",
     "A=" FIFTY FIFTY FIFTY TEN TEN TEN TEN "0123|", 0},
    {"199 bytes of trailer and the last line",
     "0\r\nA:" FIFTY FIFTY FIFTY TEN TEN TEN TEN "01234\r\n\r\n", GU_CHUNKED_TOO_BIG, "",
     "A=" FIFTY FIFTY FIFTY TEN TEN TEN TEN "01234|", 0},
    {"a trailer that never ends", "0\r\nA:" FIFTY FIFTY FIFTY FIFTY, GU_CHUNKED_TOO_BIG, "", "", 0},
    {"bare LF ends a trailer field", "0\r\nA: b\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"bare LF ends the section", "0\r\n\nGET", GU_CHUNKED_BAD, "", "", 0},
    {"bare CR in a trailer", "0\r\nA: b\rc\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"obs-fold in a trailer", "0\r\nA: b\r\n c\r\n\r\n", GU_CHUNKED_BAD, "", "A=b|", 0},
    {"trailer without a colon", "0\r\nGET / HTTP/1.1\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"space before a trailer's colon", "0\r\nA : b\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
    {"trailer without a name", "0\r\n: b\r\n\r\n", GU_CHUNKED_BAD, "", "", 0},
};

TEST(bodies_are_read_the_same_at_every_cut)
{
    guard = guard_new(1024);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        gust_str input = gust_str_from(cases[i].input);
        struct reading r;

        TEST_CASE(cases[i].name);
        read_all_ways(input, &r);
        assert_int_equal(r.event, cases[i].event);
        assert_string_equal(r.body, cases[i].body);
        assert_string_equal(r.trailers, cases[i].trailers);
        assert_int_equal(r.error != NULL,
                         r.event == GU_CHUNKED_BAD || r.event == GU_CHUNKED_TOO_BIG);
        if (r.event == GU_CHUNKED_DONE)
            assert_int_equal(input.len - r.consumed, cases[i].rest);
    }
    guard_free(&guard);
}

TEST(zero_bytes_frame_nothing)
{
    static const struct {
        const char *name;
        gust_str input;
    } rows[] = {
        {"NUL for a digit", GU_STR_INIT("1\0\r\na\r\n")},
        {"NUL in an extension", GU_STR_INIT("1;a\0\r\na\r\n")},
        {"NUL in a trailer's value", GU_STR_INIT("0\r\nA: \0\r\n\r\n")},
        {"NUL in a trailer's name", GU_STR_INIT("0\r\nA\0: b\r\n\r\n")},
    };

    guard = guard_new(64);
    for (size_t i = 0; i < gu_countof(rows); i++) {
        struct reading r;

        TEST_CASE(rows[i].name);
        read_all_ways(rows[i].input, &r);
        assert_int_equal(r.event, GU_CHUNKED_BAD);
    }
    guard_free(&guard);
}

TEST(what_is_decided_stays_decided)
{
    struct gu_chunked done = {0}, wrong = {0};
    struct gu_chunked_part part;

    assert_int_equal(gu_chunked_next(&done, &limits, "0\r\n\r\n", 5, &part), GU_CHUNKED_DONE);
    assert_int_equal(gu_chunked_next(&done, &limits, "5\r\nhello", 8, &part), GU_CHUNKED_DONE);
    assert_int_equal(part.consumed, 0);
    assert_int_equal(gu_chunked_next(&wrong, &limits, "x", 1, &part), GU_CHUNKED_BAD);
    assert_int_equal(gu_chunked_next(&wrong, &limits, "0\r\n\r\n", 5, &part), GU_CHUNKED_BAD);
    assert_int_equal(part.consumed, 0);
}

/* Chunks of one byte with 256 bytes of extensions: 64 of them fill the body's bound. */
TEST(extensions_are_bounded_over_the_whole_body)
{
    static const char chunk[] = "1;" EXT_255 "\r\nx\r\n";
    struct gu_chunked c = {0};
    int n_good = 0;

    for (;; n_good++) {
        size_t at = 0;
        struct gu_chunked_part part;
        enum gu_chunked_event event;

        do {
            event = gu_chunked_next(&c, &limits, chunk + at, sizeof chunk - 1 - at, &part);
            at += part.consumed;
        } while (event == GU_CHUNKED_DATA);
        if (event == GU_CHUNKED_BAD)
            break;
        assert_int_equal(event, GU_CHUNKED_MORE);
    }
    assert_int_equal(n_good, GU_CHUNKED_MAX_EXTS / GU_CHUNKED_MAX_EXT);
}

TEST(sizes_are_written_as_they_are_read)
{
    static const struct {
        const char *name;
        uint64_t size;
        const char *line;
    } rows[] = {
        {"zero", 0, "0\r\n"},
        {"one digit", 15, "f\r\n"},
        {"two digits", 16, "10\r\n"},
        {"a megabyte", 1 << 20, "100000\r\n"},
        {"all digits", UINT64_MAX, "ffffffffffffffff\r\n"},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        char line[GU_CHUNKED_SIZE_LEN];

        TEST_CASE(rows[i].name);
        assert_str(gu_str(line, gu_chunked_format_size(line, rows[i].size)),
                   gust_str_from(rows[i].line));
    }
    assert_string_equal(GU_CHUNKED_LAST, "0\r\n\r\n");
}
