/*
 * decode — every coded body is decoded whole, cut at every byte and into rooms of every kind
 *
 * What is decoded was coded by the libraries' own encoders, with windows and formats of our choice.
 */
#include "base/alloc.h"
#include "codec/decode.h"
#include "codec_test.h"
#include <brotli/encode.h>
#include <gust/task.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define MIB ((size_t)1 << 20)

/* --- coding --- */

static gust_str deflated(gust_str body, int window_bits)
{
    z_stream z = {0};
    size_t size;
    char *out;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size = deflateBound(&z, body.len);
    out = malloc(size);
    z.next_in = (Bytef *)(uintptr_t)body.ptr;
    z.avail_in = (unsigned)body.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (unsigned)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return gu_str(out, z.total_out);
}

static gust_str to_gzip(gust_str body)
{
    return deflated(body, MAX_WBITS + 16);
}

static gust_str to_zlib(gust_str body)
{
    return deflated(body, MAX_WBITS);
}

static gust_str to_raw(gust_str body)
{
    return deflated(body, -MAX_WBITS);
}

static gust_str brotli(gust_str body, uint32_t window, bool is_large)
{
    BrotliEncoderState *s = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    size_t size = body.len + 1024, in = body.len, room = size;
    const uint8_t *from = (const uint8_t *)body.ptr;
    char *out = malloc(size);
    uint8_t *to = (uint8_t *)out;

    BrotliEncoderSetParameter(s, BROTLI_PARAM_LARGE_WINDOW, is_large);
    BrotliEncoderSetParameter(s, BROTLI_PARAM_LGWIN, window);
    BrotliEncoderSetParameter(s, BROTLI_PARAM_QUALITY, 3);
    assert_true(
        BrotliEncoderCompressStream(s, BROTLI_OPERATION_FINISH, &in, &from, &room, &to, NULL));
    assert_true(BrotliEncoderIsFinished(s));
    BrotliEncoderDestroyInstance(s);
    return gu_str(out, size - room);
}

static gust_str to_br(gust_str body)
{
    return brotli(body, 22, false);
}

static gust_str zstd(gust_str body, int window_log)
{
    ZSTD_CCtx *s = ZSTD_createCCtx();
    size_t size = ZSTD_compressBound(body.len);
    ZSTD_outBuffer out = {malloc(size), size, 0};
    ZSTD_inBuffer in = {body.ptr, body.len, 0};

    ZSTD_CCtx_setParameter(s, ZSTD_c_checksumFlag, 1);
    if (window_log != 0)
        ZSTD_CCtx_setParameter(s, ZSTD_c_windowLog, window_log);
    /* In a stream whose length is not known, the window is what was asked for. */
    while (in.pos < in.size)
        assert_false(ZSTD_isError(ZSTD_compressStream2(s, &out, &in, ZSTD_e_continue)));
    assert_int_equal(ZSTD_compressStream2(s, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(s);
    return gu_str(out.dst, out.pos);
}

static gust_str to_zstd(gust_str body)
{
    return zstd(body, 0);
}

static const struct format {
    const char *name;
    enum gu_coding coding;
    gust_str (*encode)(gust_str body);
    bool has_sum;
} formats[] = {
    {"gzip", GU_CODING_GZIP, to_gzip, true},
    {"deflate in zlib's format", GU_CODING_DEFLATE, to_zlib, true},
    {"bare deflate", GU_CODING_DEFLATE, to_raw, false},
    {"br", GU_CODING_BR, to_br, false},
    {"zstd", GU_CODING_ZSTD, to_zstd, true},
};

static void forget(gust_str s)
{
    free((void *)(uintptr_t)s.ptr);
}

static gust_str joined(gust_str a, gust_str b)
{
    char *out = malloc(a.len + b.len);

    memcpy(out, a.ptr, a.len);
    memcpy(out + a.len, b.ptr, b.len);
    return gu_str(out, a.len + b.len);
}

/* --- decoding --- */

struct decoded {
    int err;
    size_t len;
    char bytes[8192];
};

/* Takes all of a piece's output; false after an error. What is beyond `bytes` is only counted. */
static bool take(struct gu_decoder *d, size_t room, struct decoded *r)
{
    static char out[65536];
    int n;

    while ((n = gu_decoder_read(d, out, room)) > 0) {
        assert_true((size_t)n <= room);
        if (r->len < sizeof r->bytes)
            memcpy(r->bytes + r->len, out, gu_min((size_t)n, sizeof r->bytes - r->len));
        r->len += (size_t)n;
    }
    r->err = n;
    return n == 0;
}

/* Decodes an input in two pieces, the first of `cut` bytes. */
static void decode_cut(enum gu_coding coding, gust_str input, size_t cut, size_t room, uint64_t max,
                       struct decoded *r)
{
    static struct guard guard;
    gust_str pieces[] = {gu_str(input.ptr, cut), gu_str_sub(input, cut, GU_NPOS)};
    struct gu_decoder *d;

    if (guard.base == NULL)
        guard = guard_new(MIB);
    r->len = 0;
    r->err = gu_decoder_new(coding, max, &d);
    assert_int_equal(r->err, 0);
    for (size_t i = 0; r->err == 0 && i < 2; i++) {
        gu_decoder_feed(d, guard_put(&guard, pieces[i].ptr, pieces[i].len));
        take(d, room, r);
    }
    assert_int_equal(gu_decoder_error(d) != NULL, r->err != 0);
    if (r->err == 0)
        r->err = gu_decoder_finish(d);
    else
        assert_int_equal(gu_decoder_finish(d), r->err);
    assert_int_equal(gu_decoder_error(d) != NULL, r->err != 0);
    gu_decoder_free(d);
}

static void assert_decoded(const struct decoded *r, gust_str body)
{
    assert_int_equal(r->err, 0);
    assert_int_equal(r->len, body.len);
    assert_memory_equal(r->bytes, body.ptr, gu_min(body.len, sizeof r->bytes));
}

/* Bodies of several kinds. */
static gust_str make_body(size_t len, unsigned kind)
{
    char *bytes = malloc(len + 1);
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = kind == 0 ? 'a' : kind == 1 ? "the quick brown fox, "[x >> 28] : (char)(x >> 24);
    }
    return gu_str(bytes, len);
}

static const struct {
    const char *name;
    size_t len;
    unsigned kind;
} bodies[] = {
    {"none", 0, 0}, {"a byte", 1, 0}, {"a run", 5000, 0}, {"text", 600, 1}, {"noise", 300, 2},
};

TEST(bodies_are_decoded_the_same_at_every_cut)
{
    static const size_t rooms[] = {1, 7, 300, 65536};
    static struct decoded r;

    for (size_t i = 0; i < gu_countof(formats) * gu_countof(bodies); i++) {
        const struct format *f = &formats[i / gu_countof(bodies)];
        size_t which = i % gu_countof(bodies);
        gust_str body = make_body(bodies[which].len, bodies[which].kind), input = f->encode(body);
        static char name[64];

        snprintf(name, sizeof name, "%s of %s", f->name, bodies[which].name);
        TEST_CASE(name);
        for (size_t cut = 0; cut <= input.len; cut++)
            for (size_t room = 0; room < gu_countof(rooms); room++) {
                decode_cut(f->coding, input, cut, rooms[room], UINT64_MAX, &r);
                assert_decoded(&r, body);
            }
        forget(input);
        forget(body);
    }
}

TEST(a_body_that_is_cut_anywhere_is_an_error_behind_what_came_whole)
{
    static struct decoded r;
    gust_str body = make_body(600, 1);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(body);

        TEST_CASE(formats[i].name);
        for (size_t len = 1; len < input.len; len++) {
            decode_cut(formats[i].coding, gu_str(input.ptr, len), len / 2, 100, UINT64_MAX, &r);
            assert_int_equal(r.err, -GUST_EPROTO);
            assert_true(r.len <= body.len);
            assert_memory_equal(r.bytes, body.ptr, r.len);
        }
        forget(input);
    }
    forget(body);
}

/* A changed bit may be one that says nothing, such as the time in gzip's header. Without a sum it
 * may change what comes out. */
TEST(a_bit_that_changed_is_an_error_or_says_nothing)
{
    static struct decoded r;
    gust_str body = make_body(300, 1);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(body);
        char *bytes = (char *)(uintptr_t)input.ptr;
        size_t n_errors = 0;

        TEST_CASE(formats[i].name);
        for (size_t bit = 0; bit < 8 * input.len; bit++) {
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
            decode_cut(formats[i].coding, input, input.len, 100, 4096, &r);
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
            if (r.err == 0 && formats[i].has_sum)
                assert_decoded(&r, body);
            assert_true(r.err == 0 || r.err == -GUST_EPROTO || r.err == -GUST_ETOOBIG);
            n_errors += r.err != 0;
        }
        assert_true(n_errors > input.len);
        forget(input);
    }
    forget(body);
}

TEST(the_limit_of_a_decoded_body_is_exact)
{
    static const size_t rooms[] = {1, 999, 1000, 1001, 4096};
    static struct decoded r;
    gust_str body = make_body(1000, 1);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(body);

        TEST_CASE(formats[i].name);
        for (size_t room = 0; room < gu_countof(rooms); room++) {
            decode_cut(formats[i].coding, input, input.len, rooms[room], 1001, &r);
            assert_decoded(&r, body);
            decode_cut(formats[i].coding, input, input.len, rooms[room], 1000, &r);
            assert_decoded(&r, body);
            decode_cut(formats[i].coding, input, input.len, rooms[room], 999, &r);
            assert_int_equal(r.err, -GUST_ETOOBIG);
        }
        forget(input);
    }
    forget(body);
}

TEST(a_bomb_costs_no_more_than_its_limit)
{
    static struct decoded r;
    gust_str body = make_body(64 * MIB, 0);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(body);

        TEST_CASE(formats[i].name);
        assert_true(input.len < MIB / 8);
        decode_cut(formats[i].coding, input, 100, 4096, MIB, &r);
        assert_int_equal(r.err, -GUST_ETOOBIG);
        assert_true(r.len <= MIB);
        forget(input);
    }
    forget(body);
}

TEST(what_is_no_body_of_its_coding_is_refused)
{
#define GZIP_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define GZIP_HI GZIP_HEAD "\xcb\xc8\x04\0\xac\x2a\x93\xd8\x02\0\0\0"
    static const struct {
        const char *name;
        enum gu_coding coding;
        gust_str input;
        int err;
        const char *body; /* what came before the error */
    } rows[] = {
        {"gzip that is good", GU_CODING_GZIP, GU_STR_INIT(GZIP_HI), 0, "hi"},
        {"plain text", GU_CODING_GZIP, GU_STR_INIT("hello, world"), -GUST_EPROTO, ""},
        {"zlib's format for gzip", GU_CODING_GZIP,
         GU_STR_INIT("\x78\x9c\xcb\xc8\x04\0\x01\x3b\0\xd2"), -GUST_EPROTO, ""},
        {"another method than deflate", GU_CODING_GZIP,
         GU_STR_INIT("\x1f\x8b\x09\0\0\0\0\0\0\x03\x03\0"), -GUST_EPROTO, ""},
        {"reserved flags", GU_CODING_GZIP, GU_STR_INIT("\x1f\x8b\x08\xe0\0\0\0\0\0\x03\x03\0"),
         -GUST_EPROTO, ""},
        {"a wrong sum", GU_CODING_GZIP,
         GU_STR_INIT(GZIP_HEAD "\xcb\xc8\x04\0\xac\x2a\x93\xd9\x02\0\0\0"), -GUST_EPROTO, "hi"},
        {"a wrong length", GU_CODING_GZIP,
         GU_STR_INIT(GZIP_HEAD "\xcb\xc8\x04\0\xac\x2a\x93\xd8\x03\0\0\0"), -GUST_EPROTO, "hi"},
        {"a header alone", GU_CODING_GZIP, GU_STR_INIT(GZIP_HEAD), -GUST_EPROTO, ""},
        {"bytes behind the end", GU_CODING_GZIP, GU_STR_INIT(GZIP_HI "<html>"), -GUST_EPROTO, "hi"},
        {"a zero byte behind the end", GU_CODING_GZIP, GU_STR_INIT(GZIP_HI "\0"), -GUST_EPROTO,
         "hi"},
        {"two members", GU_CODING_GZIP, GU_STR_INIT(GZIP_HI GZIP_HI), 0, "hihi"},
        {"three, and a fourth that is cut", GU_CODING_GZIP,
         GU_STR_INIT(GZIP_HI GZIP_HI GZIP_HI GZIP_HEAD), -GUST_EPROTO, "hihihi"},
        {"deflate that is good", GU_CODING_DEFLATE,
         GU_STR_INIT("\x78\x9c\xcb\xc8\x04\0\x01\x3b\0\xd2"), 0, "hi"},
        {"bare deflate that is good", GU_CODING_DEFLATE, GU_STR_INIT("\xcb\xc8\x04\0"), 0, "hi"},
        {"plain text for deflate", GU_CODING_DEFLATE, GU_STR_INIT("hello, world"), -GUST_EPROTO,
         ""},
        {"gzip for deflate", GU_CODING_DEFLATE, GU_STR_INIT(GZIP_HI), -GUST_EPROTO, ""},
        {"a dictionary is asked for", GU_CODING_DEFLATE,
         GU_STR_INIT("\x78\xbb\x01\x02\x03\x04\xcb\xc8\x04\0"), -GUST_EPROTO, ""},
        {"a block of the reserved type", GU_CODING_DEFLATE, GU_STR_INIT("\x07\0\0\0"), -GUST_EPROTO,
         ""},
        {"deflate in a row", GU_CODING_DEFLATE,
         GU_STR_INIT("\x78\x9c\xcb\xc8\x04\0\x01\x3b\0\xd2\x78\x9c"), -GUST_EPROTO, "hi"},
        {"bytes behind bare deflate", GU_CODING_DEFLATE, GU_STR_INIT("\xcb\xc8\x04\0\0"),
         -GUST_EPROTO, "hi"},
        {"br that is good", GU_CODING_BR, GU_STR_INIT("\x8b\0\x80hi\x03"), 0, "hi"},
        {"bytes behind br", GU_CODING_BR, GU_STR_INIT("\x8b\0\x80hi\x03\0"), -GUST_EPROTO, "hi"},
        {"plain text for br", GU_CODING_BR, GU_STR_INIT("<html>hello, world"), -GUST_EPROTO, ""},
        {"zstd that is good", GU_CODING_ZSTD, GU_STR_INIT("\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi"), 0,
         "hi"},
        {"zstd behind a frame to skip", GU_CODING_ZSTD,
         GU_STR_INIT("\x50\x2a\x4d\x18\x02\0\0\0xx\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi"), 0, "hi"},
        {"two frames", GU_CODING_ZSTD,
         GU_STR_INIT("\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi"), 0,
         "hihi"},
        {"a frame that is shorter than it says", GU_CODING_ZSTD,
         GU_STR_INIT("\x28\xb5\x2f\xfd\x20\x02\0\0\0\x01\0\0"), -GUST_EPROTO, ""},
        {"bytes behind zstd", GU_CODING_ZSTD,
         GU_STR_INIT("\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi<html>"), -GUST_EPROTO, "hi"},
        {"plain text for zstd", GU_CODING_ZSTD, GU_STR_INIT("hello, world"), -GUST_EPROTO, ""},
        {"a dictionary's id", GU_CODING_ZSTD, GU_STR_INIT("\x28\xb5\x2f\xfd\x21\x07\x02\x11\0\0hi"),
         -GUST_EPROTO, ""},
        {"no byte at all", GU_CODING_GZIP, GU_STR_INIT(""), 0, ""},
        {"no byte of br", GU_CODING_BR, GU_STR_INIT(""), 0, ""},
        {"no byte of deflate", GU_CODING_DEFLATE, GU_STR_INIT(""), 0, ""},
        {"no byte of zstd", GU_CODING_ZSTD, GU_STR_INIT(""), 0, ""},
    };
    static struct decoded r;

    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].name);
        for (size_t cut = 0; cut <= rows[i].input.len; cut++) {
            decode_cut(rows[i].coding, rows[i].input, cut, 64, UINT64_MAX, &r);
            assert_int_equal(r.err, rows[i].err);
            if (r.err == 0)
                assert_str(gu_str(r.bytes, r.len), gust_str_from(rows[i].body));
            else
                assert_true(r.len <= strlen(rows[i].body));
        }
    }
}

TEST(windows_are_bounded)
{
    static struct decoded r;
    gust_str body = make_body(100000, 1);
    const struct {
        const char *name;
        enum gu_coding coding;
        gust_str input;
        int err;
    } rows[] = {
        {"zstd, 4 MiB", GU_CODING_ZSTD, zstd(body, 22), 0},
        {"zstd, 8 MiB", GU_CODING_ZSTD, zstd(body, 23), 0},
        {"zstd, 16 MiB", GU_CODING_ZSTD, zstd(body, 24), -GUST_EPROTO},
        {"br, 16 MiB", GU_CODING_BR, brotli(body, 24, false), 0},
        {"br, 32 MiB", GU_CODING_BR, brotli(body, 25, true), -GUST_EPROTO},
    };

    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].name);
        decode_cut(rows[i].coding, rows[i].input, 10, 65536, UINT64_MAX, &r);
        assert_int_equal(r.err, rows[i].err);
        assert_int_equal(r.len, r.err == 0 ? body.len : 0);
        forget(rows[i].input);
    }
    forget(body);
}

TEST(members_in_a_row_are_one_body_under_one_limit)
{
    static const enum gu_coding repeating[] = {GU_CODING_GZIP, GU_CODING_ZSTD};
    static struct decoded r;
    gust_str body = make_body(600, 1);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str one = formats[i].encode(body), two = joined(one, one);
        bool repeats = formats[i].coding == repeating[0] || formats[i].coding == repeating[1];

        TEST_CASE(formats[i].name);
        for (size_t cut = 0; cut <= two.len; cut++) {
            decode_cut(formats[i].coding, two, cut, 64, 1200, &r);
            assert_int_equal(r.err, repeats ? 0 : -GUST_EPROTO);
            assert_int_equal(r.len, repeats ? 1200 : 600);
        }
        decode_cut(formats[i].coding, two, 1, 64, 1199, &r);
        assert_int_equal(r.err, repeats ? -GUST_ETOOBIG : -GUST_EPROTO);
        forget(one);
        forget(two);
    }
    forget(body);
}

TEST(a_content_encoding_is_one_coding)
{
    static const struct {
        const char *field;
        enum gu_coding coding;
    } rows[] = {
        {"gzip", GU_CODING_GZIP},         {"X-GZip", GU_CODING_GZIP},
        {" br\t", GU_CODING_BR},          {"deflate", GU_CODING_DEFLATE},
        {"zstd", GU_CODING_ZSTD},         {"", GU_CODING_IDENTITY},
        {"identity", GU_CODING_IDENTITY}, {"identity, gzip,", GU_CODING_GZIP},
        {"gzip, br", GU_CODING_OTHER},    {"gzip, gzip", GU_CODING_OTHER},
        {"compress", GU_CODING_OTHER},    {"gzi", GU_CODING_OTHER},
        {"gzip;q=1", GU_CODING_OTHER},
    };
    struct gu_decoder *d;

    for (size_t i = 0; i < gu_countof(rows); i++) {
        TEST_CASE(rows[i].field);
        assert_int_equal(gu_coding_parse(gust_str_from(rows[i].field)), rows[i].coding);
    }
    assert_int_equal(gu_decoder_new(GU_CODING_IDENTITY, 1, &d), -EINVAL);
    assert_int_equal(gu_decoder_new(GU_CODING_OTHER, 1, &d), -EINVAL);
    gu_decoder_free(NULL);
}

static int decode_if_you_can(const struct format *f, gust_str input)
{
    struct gu_decoder *d;
    struct decoded r = {0};
    int err = gu_decoder_new(f->coding, UINT64_MAX, &d);

    if (err != 0)
        return err;
    gu_decoder_feed(d, input);
    if (take(d, sizeof r.bytes, &r))
        r.err = gu_decoder_finish(d);
    gu_decoder_free(d);
    return r.err;
}

TEST(memory_that_is_short_anywhere_is_told_as_that)
{
    gust_str body = make_body(50000, 1);

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(body);
        uint64_t n = 0;

        TEST_CASE(formats[i].name);
        for (bool was_reached = true; was_reached;) {
            int err;

            gu_alloc_fail_at(++n);
            err = decode_if_you_can(&formats[i], input);
            was_reached = gu_alloc_has_failed();
            gu_alloc_fail_at(0);
            assert_int_equal(err, was_reached ? -ENOMEM : 0);
        }
        /* libzstd has an allocator of its own. */
        assert_true(n > (formats[i].coding == GU_CODING_ZSTD ? 2 : 3));
        forget(input);
    }
    forget(body);
}

static int decode_in_a_task(void *arg)
{
    static struct decoded r;
    const gust_str *body = arg;

    for (size_t i = 0; i < gu_countof(formats); i++) {
        gust_str input = formats[i].encode(*body);

        TEST_CASE(formats[i].name);
        decode_cut(formats[i].coding, input, 5, 4096, UINT64_MAX, &r);
        assert_decoded(&r, *body);
        forget(input);
    }
    return 0;
}

TEST(a_task_decodes_on_its_small_stack)
{
    gust_str body = make_body(20000, 0);

    assert_int_equal(gust_run(decode_in_a_task, &body), 0);
    forget(body);
}
