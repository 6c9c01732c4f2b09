/*
 * client_hostile — a server that misbehaves, each time in another way
 *
 * Each row breaks a rule of its own. The fetch ends with the error that says what happened, in
 * bounded time, and the next fetch of the same client to the same server works. A row's server is a
 * handler on a raw stream: it says the row's parts, each in a write of its own, and then ends as
 * the row wants; rows that need more than bytes have a function.
 */
#include "base/gu.h"
#include "test.h"
#include "tls_wire.h"
#include <brotli/encode.h>
#include <gust.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <zlib.h>
#include <zstd.h>

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define GOOD OK_HEAD "Content-Length: 4\r\n\r\ngood"
#define MAX_BODY 65536
#define MAX_HEAD 4096
#define PATIENCE 0.3 /* what a row that is about time waits */

enum ending {
    CLOSES, /* at once */
    RESETS, /* the peer gets a reset instead of an end */
    STAYS,  /* says no more, until the client leaves */
};

enum place {
    IN_THE_CLEAR,
    WITH_TLS,   /* by a server that speaks it, and whose certificate is trusted */
    BEFORE_TLS, /* by https, at a server in the clear, which answers the client's first bytes */
    UNTRUSTED,  /* as WITH_TLS, but nobody knows the certificate's issuer */
};

struct row {
    const char *name;
    int err;             /* what the fetch comes to */
    int status;          /* if that is 0 */
    const char *says[5]; /* NULL-ended */
    enum ending ending;
    int (*serve)(gust_stream *s, const struct row *row); /* instead */
    const char *body;                                    /* of a good answer; NULL: not looked at */
    const char *method;                                  /* NULL: GET */
    enum place place;                                    /* where it is asked */
};

/* The servers of all rows: one in the clear, one with TLS; and the client. */
static struct {
    const struct row *row;
    gust_tcpserver *plain, *tls;
    gust_httpclient *client;
    gust_event said; /* what the next fetch has to wait for */
    size_t n_odd;    /* request lines that are none */
    bool is_next;    /* the row is over, and what comes is answered well */
} stage;

/* --- saying things --- */

static int say(gust_stream *s, const char *text)
{
    int err = gust_stream_write(s, text, strlen(text));

    return err != 0 ? err : gust_stream_flush(s);
}

/* Waits until the client leaves; what it sends meanwhile is dropped. */
static int stay(gust_stream *s)
{
    gust_str lent;
    int n;

    while ((n = gust_read_some(s, &lent)) > 0)
        continue;
    return n;
}

/* In large pieces, and others run in between: the client is on the same loop. */
static int say_for_ever(gust_stream *s, const char *begin, const char *again)
{
    size_t len = strlen(again);
    int err = say(s, begin);

    while (err == 0) {
        for (size_t n = 0; err == 0 && n < 4096; n += len)
            err = gust_stream_write(s, again, len);
        if (err == 0)
            err = gust_sleep(0);
    }
    return err;
}

static int say_slowly(gust_stream *s, const char *begin, const char *again, double pause)
{
    int err = say(s, begin);

    while (err == 0) {
        err = say(s, again);
        if (err == 0)
            err = gust_sleep(pause);
    }
    return err;
}

#define FOR_EVER(name_, begin_, again_)                               \
    static int name_(gust_stream *s, gu_unused const struct row *row) \
    {                                                                 \
        return say_for_ever(s, begin_, again_);                       \
    }
#define SLOWLY(name_, begin_, again_, pause_)                         \
    static int name_(gust_stream *s, gu_unused const struct row *row) \
    {                                                                 \
        return say_slowly(s, begin_, again_, pause_);                 \
    }

#define A100 A50 A50
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

FOR_EVER(endless_status, "HTTP/1.1 200 ", A100)
FOR_EVER(endless_field, OK_HEAD "X: ", A100)
FOR_EVER(endless_fields, OK_HEAD, "X: 1\r\n")
FOR_EVER(endless_until_close, OK_HEAD "\r\n", A100 A100)
FOR_EVER(endless_chunks, CHUNKED, "64\r\n" A100 "\r\n")
FOR_EVER(chunk_beyond_the_limit, CHUNKED "1\r\na\r\n10000\r\n", A100)
FOR_EVER(endless_extension, CHUNKED "1;", A100)
FOR_EVER(endless_trailer, CHUNKED "0\r\nX: ", A100)
FOR_EVER(endless_trailers, CHUNKED "0\r\n", "X: 1\r\n")
FOR_EVER(endless_chunk_size, CHUNKED, "0")
FOR_EVER(endless_interim, "", "HTTP/1.1 100 Continue\r\n\r\n")
FOR_EVER(endless_early_hints, "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
FOR_EVER(endless_garbage, "", "\r\n")
SLOWLY(slow_head, OK_HEAD "X: ", "a", 0.01)
SLOWLY(slow_body, OK_HEAD "Content-Length: 60000\r\n\r\n", "a", 0.01)
SLOWLY(slow_chunks, CHUNKED, "1\r\na\r\n", 0.01)
SLOWLY(slow_interim, "", "HTTP/1.1 102 Processing\r\n\r\n", PATIENCE / 3)

/* A good answer, and later another, to a request that was never made; the next waits for that. */
static int say_more_later(gust_stream *s, gu_unused const struct row *row)
{
    int err = say(s, GOOD);

    if (err == 0)
        err = gust_sleep(0.01);
    if (err == 0)
        err = say(s, OK_HEAD "Content-Length: 3\r\n\r\nbad");
    gust_event_set(&stage.said);
    return err != 0 ? err : stay(s);
}

/* --- coded bodies --- */

static int say_coded(gust_stream *s, const char *coding, const char *body, size_t len)
{
    int err = gust_stream_printf(s, OK_HEAD "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                                 coding, len);

    if (err == 0)
        err = gust_stream_write(s, body, len);
    return err;
}

static int gzip_bomb(gust_stream *s, gu_unused const struct row *row)
{
    static char body[4096];
    z_stream z = {0};
    static char zeros[1 << 20];

    deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)zeros;
    z.avail_in = sizeof zeros;
    z.next_out = (Bytef *)body;
    z.avail_out = sizeof body;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return say_coded(s, "gzip", body, z.total_out);
}

static int deflate_bomb(gust_stream *s, gu_unused const struct row *row)
{
    static char body[4096], zeros[1 << 20];
    uLongf len = sizeof body;

    compress2((Bytef *)body, &len, (const Bytef *)zeros, sizeof zeros, 9);
    return say_coded(s, "deflate", body, len);
}

static int br_bomb(gust_stream *s, gu_unused const struct row *row)
{
    static uint8_t body[4096], zeros[1 << 20];
    size_t len = sizeof body;

    BrotliEncoderCompress(9, 22, BROTLI_MODE_GENERIC, sizeof zeros, zeros, &len, body);
    return say_coded(s, "br", (const char *)body, len);
}

static int zstd_bomb(gust_stream *s, gu_unused const struct row *row)
{
    static char body[4096], zeros[1 << 20];

    return say_coded(s, "zstd", body, ZSTD_compress(body, sizeof body, zeros, sizeof zeros, 9));
}

#define HI_GZIP "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xc8\x04\0\xac\x2a\x93\xd8\x02\0\0\0"
#define CODED(name_, coding_, bytes_)                                 \
    static int name_(gust_stream *s, gu_unused const struct row *row) \
    {                                                                 \
        return say_coded(s, coding_, bytes_, sizeof(bytes_) - 1);     \
    }

CODED(gzip_good, "gzip", HI_GZIP)
CODED(gzip_cut, "gzip", "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xc8\x04\0\xac\x2a")
CODED(gzip_wrong_sum, "gzip",
      "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xc8\x04\0\xac\x2a\x93\xd9\x02\0\0\0")
CODED(gzip_and_more, "gzip", HI_GZIP "<html>")
CODED(gzip_that_is_none, "gzip", "hello, world")
CODED(br_that_is_none, "br", "\xff\xff\xff\xff")
CODED(zstd_that_is_none, "zstd", "hello, world")
CODED(unknown_coding, "rot13", "uryyb")

/* --- TLS --- */

/* handshake_failure, fatal */
static int say_alert(gust_stream *s, gu_unused const struct row *row)
{
    return gust_stream_write(s, "\x15\x03\x03\0\x02\x02\x28", 7);
}

/* The end of a body that lasts until the end, by the kernel alone. */
static int cut_below_tls(gust_stream *s, gu_unused const struct row *row)
{
    int err = say(s, OK_HEAD "\r\ngood");

    return err != 0 ? err : shutdown(gust_stream_fd(s), SHUT_WR);
}

/* --- the rows --- */

static const struct row rows[] = {
    /* An end in every region of an answer. */
    {"closes without a word", -GUST_ECLOSED, .says = {""}},
    {"cut in the version", -GUST_ECLOSED, .says = {"HTT"}},
    {"cut in the status", -GUST_ECLOSED, .says = {"HTTP/1.1 20"}},
    {"cut behind the status line", -GUST_ECLOSED, .says = {OK_HEAD}},
    {"cut in a field's name", -GUST_ECLOSED, .says = {OK_HEAD "Content-Le"}},
    {"cut in a field's value", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 1"}},
    {"cut before the head's last byte", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 4\r\n\r"}},
    {"cut behind the head", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 4\r\n\r\n"}},
    {"cut in the body", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 4\r\n\r\n", "goo"}},
    {"cut before the first chunk", -GUST_ECLOSED, .says = {CHUNKED}},
    {"cut in a chunk's size", -GUST_ECLOSED, .says = {CHUNKED "1"}},
    {"cut behind a chunk's size", -GUST_ECLOSED, .says = {CHUNKED "4\r\n"}},
    {"cut in a chunk", -GUST_ECLOSED, .says = {CHUNKED "4\r\n", "goo"}},
    {"cut behind a chunk", -GUST_ECLOSED, .says = {CHUNKED "4\r\ngood\r\n"}},
    {"cut in the last chunk", -GUST_ECLOSED, .says = {CHUNKED "4\r\ngood\r\n0\r\n"}},
    {"cut in the trailer", -GUST_ECLOSED, .says = {CHUNKED "0\r\nX: 1\r\n"}},
    {"cut behind a 100", -GUST_ECLOSED, .says = {"HTTP/1.1 100 Continue\r\n\r\n"}},
    {"reset before an answer", -GUST_ECLOSED, .says = {""}, .ending = RESETS},
    {"reset in the body", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 4\r\n\r\n", "goo"},
     .ending = RESETS},

    /* Status lines. */
    {"another protocol", -GUST_EPROTO, .says = {"SSH-2.0-OpenSSH_9.2\r\n\r\n"}, .ending = STAYS},
    {"HTTP/0.9", -GUST_EPROTO, .says = {"<html>hello</html>\r\n\r\n"}},
    {"HTTP/2.0", -GUST_EPROTO, .says = {"HTTP/2.0 200 OK\r\n\r\n"}},
    {"a version in small letters", -GUST_EPROTO, .says = {"http/1.1 200 OK\r\n\r\n"}},
    {"a version without a dot", -GUST_EPROTO, .says = {"HTTP/1 200 OK\r\n\r\n"}},
    {"a space before it", -GUST_EPROTO, .says = {" HTTP/1.1 200 OK\r\n\r\n"}},
    {"a status of two digits", -GUST_EPROTO, .says = {"HTTP/1.1 20 OK\r\n\r\n"}},
    {"a status of four digits", -GUST_EPROTO, .says = {"HTTP/1.1 2000 OK\r\n\r\n"}},
    {"a status with a letter", -GUST_EPROTO, .says = {"HTTP/1.1 2O0 OK\r\n\r\n"}},
    {"a status below 100", -GUST_EPROTO, .says = {"HTTP/1.1 099 OK\r\n\r\n"}},
    {"a control character in the reason", -GUST_EPROTO, .says = {"HTTP/1.1 200 \001\r\n\r\n"}},
    {"a tab behind the version", -GUST_EPROTO, .says = {"HTTP/1.1\t200 OK\r\n\r\n"}},

    /* Fields. */
    {"a field without a colon", -GUST_EPROTO, .says = {OK_HEAD "X\r\n\r\n"}},
    {"a field without a name", -GUST_EPROTO, .says = {OK_HEAD ": 1\r\n\r\n"}},
    {"a space before the colon", -GUST_EPROTO, .says = {OK_HEAD "X : 1\r\n\r\n"}},
    {"a folded line", -GUST_EPROTO, .says = {OK_HEAD "X: 1\r\n 2\r\n\r\n"}},
    {"a control character in a value", -GUST_EPROTO, .says = {OK_HEAD "X: \001\r\n\r\n"}},
    {"a bare CR in a value", -GUST_EPROTO, .says = {OK_HEAD "X: 1\r2\r\n\r\n"}},

    /* Framing. */
    {"two lengths that differ", -GUST_EPROTO,
     .says = {OK_HEAD "Content-Length: 4\r\nContent-Length: 5\r\n\r\ngood"}},
    {"a list of lengths that differ", -GUST_EPROTO,
     .says = {OK_HEAD "Content-Length: 4, 5\r\n\r\ngood"}},
    {"two lengths that agree", 0, 200,
     .says = {OK_HEAD "Content-Length: 4\r\nContent-Length: 4\r\n\r\ngood"}, .body = "good"},
    {"a length and chunks", -GUST_EPROTO,
     .says = {OK_HEAD "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n"
                      "\r\n"}},
    {"a negative length", -GUST_EPROTO, .says = {OK_HEAD "Content-Length: -4\r\n\r\ngood"}},
    {"a length with a sign", -GUST_EPROTO, .says = {OK_HEAD "Content-Length: +4\r\n\r\ngood"}},
    {"a length with a letter", -GUST_EPROTO, .says = {OK_HEAD "Content-Length: 4x\r\n\r\ngood"}},
    {"a length in hexadecimal", -GUST_EPROTO, .says = {OK_HEAD "Content-Length: 0x4\r\n\r\ngood"}},
    {"an empty length", -GUST_EPROTO, .says = {OK_HEAD "Content-Length:\r\n\r\ngood"}},
    {"a length of 2^64 and 4", -GUST_EPROTO,
     .says = {OK_HEAD "Content-Length: 18446744073709551620\r\n\r\ngood"}},
    {"a transfer coding that is unknown", -GUST_EPROTO,
     .says = {OK_HEAD "Transfer-Encoding: gzip\r\n\r\ngood"}},
    {"a transfer coding around chunks", -GUST_EPROTO,
     .says = {OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n"}},
    {"chunks in chunks", -GUST_EPROTO,
     .says = {OK_HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n"}},
    {"chunks in HTTP/1.0", -GUST_EPROTO,
     .says = {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n"}},
    {"a length of more than the limit", -GUST_ETOOBIG,
     .says = {OK_HEAD "Content-Length: 65537\r\n\r\n"}, .ending = STAYS},
    {"204 with a length", -GUST_EPROTO,
     .says = {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\ngood"}},
    {"204 with chunks", -GUST_EPROTO,
     .says = {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}},
    {"304 whose length is another body's", 0, 304,
     .says = {"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n"}, .body = ""},
    {"a body behind the answer to HEAD", 0, 200, .says = {GOOD}, .body = "", .method = "HEAD"},

    /* Chunks. */
    {"a size that is no number", -GUST_EPROTO, .says = {CHUNKED "x\r\ngood\r\n0\r\n\r\n"}},
    {"a negative size", -GUST_EPROTO, .says = {CHUNKED "-4\r\ngood\r\n0\r\n\r\n"}},
    {"a size with 0x", -GUST_EPROTO, .says = {CHUNKED "0x4\r\ngood\r\n0\r\n\r\n"}},
    {"a size of 2^64", -GUST_EPROTO, .says = {CHUNKED "10000000000000000\r\ngood"}},
    {"a size that with what came passes the limit", -GUST_ETOOBIG, .serve = chunk_beyond_the_limit},
    {"no line's end behind a chunk", -GUST_EPROTO, .says = {CHUNKED "4\r\ngoodXX0\r\n\r\n"}},
    {"a chunk that is longer than its size", -GUST_EPROTO,
     .says = {CHUNKED "3\r\ngood\r\n0\r\n\r\n"}},
    {"LF alone behind a size", -GUST_EPROTO, .says = {CHUNKED "4\ngood\r\n0\r\n\r\n"}},
    {"a trailer without a colon", -GUST_EPROTO, .says = {CHUNKED "0\r\nX\r\n\r\n"}},

    /* What does not end. */
    {"a reason without an end", -GUST_ETOOBIG, .serve = endless_status},
    {"a field without an end", -GUST_ETOOBIG, .serve = endless_field},
    {"fields without an end", -GUST_ETOOBIG, .serve = endless_fields},
    {"a body without an end", -GUST_ETOOBIG, .serve = endless_until_close},
    {"chunks without an end", -GUST_ETOOBIG, .serve = endless_chunks},
    {"a chunk's extension without an end", -GUST_EPROTO, .serve = endless_extension},
    {"a chunk's size without an end", -GUST_EPROTO, .serve = endless_chunk_size},
    {"a trailer field without an end", -GUST_ETOOBIG, .serve = endless_trailer},
    {"trailer fields without an end", -GUST_ETOOBIG, .serve = endless_trailers},
    {"100 without an end", -GUST_EPROTO, .serve = endless_interim},
    {"103 with fields without an end", -GUST_EPROTO, .serve = endless_early_hints},
    {"empty lines without an end", -GUST_EPROTO, .serve = endless_garbage},

    /* Interim answers. */
    {"101 that was not asked for", -GUST_EPROTO,
     .says = {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"},
     .ending = STAYS},
    {"a 1xx with a length", -GUST_EPROTO,
     .says = {"HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\ngood" GOOD}},
    {"a few 1xx before the answer", 0, 200,
     .says = {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
              GOOD},
     .body = "good"},

    /* Content codings. */
    {"gzip that is good", 0, 200, .serve = gzip_good, .body = "hi"},
    {"CVE-2026-49855: a bomb of gzip", -GUST_ETOOBIG, .serve = gzip_bomb},
    {"CVE-2026-49855: a bomb of deflate", -GUST_ETOOBIG, .serve = deflate_bomb},
    {"CVE-2026-49855: a bomb of br", -GUST_ETOOBIG, .serve = br_bomb},
    {"CVE-2026-49855: a bomb of zstd", -GUST_ETOOBIG, .serve = zstd_bomb},
    {"gzip that is cut", -GUST_EPROTO, .serve = gzip_cut},
    {"gzip with a wrong sum", -GUST_EPROTO, .serve = gzip_wrong_sum},
    {"bytes behind gzip", -GUST_EPROTO, .serve = gzip_and_more},
    {"text that is said to be gzip", -GUST_EPROTO, .serve = gzip_that_is_none},
    {"bytes that are said to be br", -GUST_EPROTO, .serve = br_that_is_none},
    {"text that is said to be zstd", -GUST_EPROTO, .serve = zstd_that_is_none},
    {"a coding that nobody asked for", 0, 200, .serve = unknown_coding, .body = "uryyb"},

    /* Time. */
    {"never a word", -ETIMEDOUT, .says = {""}, .ending = STAYS},
    {"half a head", -ETIMEDOUT, .says = {OK_HEAD "X"}, .ending = STAYS},
    {"half a body", -ETIMEDOUT, .says = {OK_HEAD "Content-Length: 4\r\n\r\ngo"}, .ending = STAYS},
    {"half a chunk", -ETIMEDOUT, .says = {CHUNKED "4\r\ngo"}, .ending = STAYS},
    {"a head byte by byte", -ETIMEDOUT, .serve = slow_head},
    {"a body byte by byte", -ETIMEDOUT, .serve = slow_body},
    {"chunks of a byte", -ETIMEDOUT, .serve = slow_chunks},
    {"interim answers now and then", -ETIMEDOUT, .serve = slow_interim},

    /* What belongs to no request. */
    {"garbage behind the answer", 0, 200, .says = {GOOD "garbage"}, .ending = STAYS,
     .body = "good"},
    {"a second answer behind the first", 0, 200,
     .says = {GOOD OK_HEAD "Content-Length: 3\r\n\r\nbad"}, .ending = STAYS, .body = "good"},
    {"a second answer a moment later", 0, 200, .serve = say_more_later, .body = "good"},
    {"a kept connection that is closed", 0, 200, .says = {GOOD}, .body = "good"},
    {"a kept connection that is reset", 0, 200, .says = {GOOD}, .ending = RESETS, .body = "good"},
    {"Connection: close, and it stays open", 0, 200,
     .says = {OK_HEAD "Connection: close\r\nContent-Length: 4\r\n\r\ngood"}, .ending = STAYS,
     .body = "good"},
    {"a length of less than what comes", 0, 200,
     .says = {OK_HEAD "Content-Length: 4\r\n\r\ngoodness"}, .ending = STAYS, .body = "good"},

    /* Redirects. */
    {"a redirect to itself", 0, 302,
     .says = {"HTTP/1.1 302 Found\r\nLocation: /\r\n"
              "Content-Length: 0\r\n\r\n"}},
    {"a redirect without Location", 0, 302,
     .says = {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"}},
    {"a redirect to another scheme", -GUST_EPROTO,
     .says = {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"}},
    {"a redirect to a host that is none", -GUST_EPROTO,
     .says = {"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"}},
    {"a redirect to a port that is none", -GUST_EPROTO,
     .says = {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:99999/\r\nContent-Length: 0\r\n"
              "\r\n"}},
    {"a redirect with a space in it", 0, 302,
     .says = {"HTTP/1.1 302 Found\r\nLocation: /a b HTTP/1.1\r\nContent-Length: 0\r\n\r\n"}},

    /* TLS. */
    {"no TLS where there should be", -GUST_EPROTO, .says = {GOOD}, .place = BEFORE_TLS},
    {"closes at the first bytes of a handshake", -GUST_ECLOSED, .says = {""}, .place = BEFORE_TLS},
    {"resets at the first bytes of a handshake", -ECONNRESET, .says = {""}, .ending = RESETS,
     .place = BEFORE_TLS},
    {"an alert for an answer", -GUST_EPROTO, .serve = say_alert, .place = BEFORE_TLS},
    {"never a word in a handshake", -ETIMEDOUT, .says = {""}, .ending = STAYS, .place = BEFORE_TLS},
    {"half a record in a handshake", -ETIMEDOUT, .says = {"\x16\x03\x03\x40"}, .ending = STAYS,
     .place = BEFORE_TLS},
    {"a certificate that nobody vouches for", -GUST_ECERT, .says = {GOOD}, .place = UNTRUSTED},
    {"TLS, cut in the head", -GUST_ECLOSED, .says = {OK_HEAD "X: "}, .place = WITH_TLS},
    {"TLS, cut in the body", -GUST_ECLOSED, .says = {OK_HEAD "Content-Length: 4\r\n\r\ngo"},
     .place = WITH_TLS},
    {"TLS, a body that ends without saying so", -GUST_ECLOSED, .serve = cut_below_tls,
     .place = WITH_TLS},
    {"TLS, a body that ends as it should", 0, 200, .says = {OK_HEAD "\r\n", "good"}, .body = "good",
     .place = WITH_TLS},
    {"TLS, never a word", -ETIMEDOUT, .says = {""}, .ending = STAYS, .place = WITH_TLS},
};

_Static_assert(gu_countof(rows) >= 60, "sixty ways at least");

/* --- serving them --- */

static int serve_row(gust_stream *s, const struct row *row)
{
    static const struct linger at_once = {.l_onoff = 1};
    int err = 0;

    if (row->serve != NULL)
        return row->serve(s, row);
    for (size_t i = 0; err == 0 && row->says[i] != NULL; i++)
        err = say(s, row->says[i]);
    if (row->ending == RESETS)
        setsockopt(gust_stream_fd(s), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return err == 0 && row->ending == STAYS ? stay(s) : err;
}

/* Whether it begins with a method, a target and the version, and nothing between. */
static bool is_request_line(gust_str head)
{
    gust_request_start_line line;
    size_t len = (size_t)((const char *)memchr(head.ptr, '\r', head.len) - head.ptr);

    return gust_parse_request_start_line((gust_str){head.ptr, len}, &line) == 0;
}

/* Serves a connection: of the row, or, once that is over, well. A row never finds one that is kept,
 * so what it does is done to its own request. */
static int serve(gust_stream *s, gu_unused void *arg)
{
    gust_str head;
    int err;

    if (stage.row->place == BEFORE_TLS && !stage.is_next)
        err = gust_read_some(s, &head);
    else
        err = gust_read_until(s, "\r\n\r\n", 0, &head);
    if (err >= 0 && stage.row->place != BEFORE_TLS)
        stage.n_odd += !is_request_line(head);
    if (err >= 0 && stage.is_next)
        gust_ignore(say(s, OK_HEAD "Connection: close\r\nContent-Length: 4\r\n\r\ngood"));
    else if (err >= 0)
        gust_ignore(serve_row(s, stage.row));
    return 0;
}

static const char *url_of(enum place place)
{
    bool is_tls = place == WITH_TLS || place == UNTRUSTED;

    return gust_sprintf("%s://localhost:%d/", place == IN_THE_CLEAR ? "http" : "https",
                        gust_tcpserver_port(is_tls ? stage.tls : stage.plain));
}

static const gust_response *fetch_row(const struct row *row)
{
    gust_tls_options trust = {.ca_pem = row->place == UNTRUSTED ? NULL : tls_ca()};
    gust_fetch_options options = {
        .method = row->method,
        .request_timeout = row->err == -ETIMEDOUT ? PATIENCE : 10,
        .family = AF_INET,
        .tls = &trust,
    };

    return gust_httpclient_fetch(stage.client, url_of(row->place), &options);
}

/* What a fetch came to, if it is not what it should be. */
static const char *wrong(const struct row *row, const gust_response *res)
{
    if (res->error != row->err)
        return gust_sprintf("%d (%s) instead of %d", res->error, gust_response_reason(res),
                            row->err);
    if (res->error != 0)
        return gust_response_reason(res)[0] == '\0' ? "an error without a word" : NULL;
    if (res->status != row->status)
        return gust_sprintf("status %d instead of %d", res->status, row->status);
    return row->body == NULL || gust_str_equal(res->body, row->body)
               ? NULL
               : gust_sprintf("the body is \"%.40s\"", res->body.ptr);
}

static const char *try_row(const struct row *row)
{
    static const struct row next = {"the next", 0, 200, .body = "good"};
    double start = gust_loop_time(gust_loop_current());
    const char *why;

    stage.row = row;
    stage.is_next = false;
    stage.n_odd = 0;
    why = wrong(row, fetch_row(row));
    if (why == NULL && gust_loop_time(gust_loop_current()) - start > 5)
        why = "it took too long";
    stage.is_next = true;
    if (row->serve == say_more_later)
        gust_ignore(gust_event_wait(&stage.said));
    if (why == NULL && stage.n_odd > 0)
        why = "a request line that is none was sent";
    if (why == NULL && (why = wrong(&next, fetch_row(&next))) != NULL)
        why = gust_sprintf("the next fetch: %s", why);
    return why;
}

static void open_stage(void)
{
    static gust_tls_options tls = {.server_side = true};

    tls.cert = (gust_tls_cert){.cert_pem = tls_localhost()->cert, .key_pem = tls_localhost()->key};
    stage.plain = gust_tcpserver_new(serve, NULL, NULL);
    stage.tls = gust_tcpserver_new(serve, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
    stage.client = gust_httpclient_new(&(gust_httpclient_options){
        .max_header_size = MAX_HEAD,
        .max_body_size = MAX_BODY,
    });
    assert_int_equal(gust_tcpserver_listen(stage.plain, "127.0.0.1:0"), 0);
    assert_int_equal(gust_tcpserver_listen(stage.tls, "127.0.0.1:0"), 0);
}

static int try_rows(gu_unused void *arg)
{
    int n_wrong = 0;

    open_stage();
    for (size_t i = 0; i < gu_countof(rows); i++) {
        GUST_SCOPE();
        const char *why;

        TEST_CASE(rows[i].name);
        why = try_row(&rows[i]);
        if (why != NULL)
            print_error("%s: %s\n", rows[i].name, why);
        n_wrong += why != NULL;
    }
    gust_httpclient_free(stage.client);
    gust_tcpserver_free(stage.plain);
    gust_tcpserver_free(stage.tls);
    return n_wrong;
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

TEST(whatever_a_server_does_the_error_says_it_and_the_next_fetch_works)
{
    long before;

    tls_localhost();
    before = peak_kib();
    assert_int_equal(gust_run(try_rows, NULL), 0);
    assert_in_range(peak_kib() - before, 0, 100 << 10);
}
