/*
 * client — what a server says while it is sent to
 *
 * The bodies are larger than what two sockets hold, so a side that does not read while it writes
 * waits for ever; time is virtual, and for ever is a timeout here. The sockets are Unix sockets,
 * which have at once what is sent.
 */
#include "fetch_stage.h"
#include "tls_wire.h"
#include <stdio.h>
#include <sys/socket.h>

#define BIG ((size_t)24 << 20)
#define PIECE ((size_t)64 * 1024)

static char *big; /* BIG bytes that differ from place to place */

/* --- servers --- */

enum answering {
    ECHO,           /* what comes goes back, as it comes */
    FIRST_ALL,      /* BIG bytes, and only then it reads */
    REFUSE,         /* 413, and it never reads */
    REFUSE_AT_LEN,  /* the same with BIG bytes */
    REFUSE_LATER,   /* once it has read a little */
    OK_AND_CLOSE,   /* 200, and a reset, since it has not read */
    OK_AND_READ,    /* 200 at once, and then it reads all */
    MOVE,           /* 307 at once; the next request is answered when it was read */
    GO_AWAY,        /* not a word */
    INTERIM,        /* 1xx without end */
    BAD_CHUNK,      /* 200, and a body that is no body */
    BAD_LATE_CHUNK, /* the same, once it has read a little */
    TO_THE_END,     /* 200, BIG bytes without a length, and then it reads */
};

struct upload {
    const char *name;
    enum answering answering;
    int err, status;
    size_t len;  /* of the answer's body */
    size_t sent; /* what the server read of the request's, at least */
};

static struct {
    const struct upload *row;
    size_t n_read;    /* by the server, of the request's body */
    bool is_wrong;    /* it was not what was sent */
    size_t n_given;   /* to streaming_callback */
    int n_heads;      /* told to header_callback */
    int n_pieces;     /* that the producer wrote */
    int callback_err; /* what streaming_callback answers behind the first megabyte */
    bool is_deaf;     /* the producer does not look at what gust_fetch_write() returns */
    double nap;       /* the producer's, after each piece */
} now;

static int read_body(gust_stream *s, size_t most)
{
    gust_str some;
    int n = 1;

    while (now.n_read < most && (n = gust_read_some(s, &some)) > 0) {
        now.is_wrong |=
            now.n_read + some.len <= BIG && memcmp(big + now.n_read, some.ptr, some.len) != 0;
        now.n_read += some.len;
    }
    return n < 0 ? n : 0;
}

static int echo(gust_stream *s)
{
    gust_str some;
    int err = gust_stream_printf(s, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", BIG);

    while (err == 0 && now.n_read < BIG) {
        err = gust_read_some(s, &some);
        if (err <= 0)
            return err;
        now.n_read += some.len;
        err = gust_stream_write(s, some.ptr, some.len);
    }
    return err;
}

static int say_big(gust_stream *s, const char *line)
{
    int err = gust_stream_printf(s, "%s", line);

    if (err == 0 && now.row->answering != TO_THE_END)
        err = gust_stream_printf(s, "Content-Length: %zu\r\n", now.row->len);
    if (err == 0)
        err = gust_stream_printf(s, "\r\n");
    return err < 0 ? err : gust_stream_write(s, big, now.row->len);
}

static int stay(gust_stream *s)
{
    gust_ignore(s);
    return gust_sleep(1000);
}

static int say_for_ever(gust_stream *s, const char *text)
{
    int err = 0;

    while (err == 0) {
        err = gust_stream_printf(s, "%s", text);
        if (err == 0)
            err = gust_sleep(0.001);
    }
    return 0;
}

/* `next`, if what is before it went well. */
#define THEN(err_, next_) ((err_) < 0 ? 0 : (next_))

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_NOTHING "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define REFUSAL "HTTP/1.1 413 X\r\n"

static int serve_upload(gust_stream *s, void *arg)
{
    gust_str head;
    int err = gust_read_until(s, "\r\n\r\n", 0, &head);

    (void)arg;
    if (err < 0)
        return 0;
    stage.n_requests++;
    switch (now.row->answering) {
    case ECHO:
        return echo(s);
    case FIRST_ALL:
        return THEN(say_big(s, "HTTP/1.1 200 OK\r\n"), read_body(s, BIG));
    case REFUSE:
        return THEN(gust_stream_printf(s, REFUSAL "Content-Length: 2\r\n\r\nno"), stay(s));
    case REFUSE_AT_LEN:
        return THEN(say_big(s, REFUSAL), stay(s));
    case REFUSE_LATER:
        err = THEN(read_body(s, 1000000),
                   gust_stream_printf(s, REFUSAL "Content-Length: 2\r\n\r\nno"));
        return THEN(err, stay(s));
    case OK_AND_CLOSE:
        return THEN(gust_stream_printf(s, OK_NOTHING), gust_stream_flush(s));
    case OK_AND_READ:
        return THEN(gust_stream_printf(s, OK_NOTHING), read_body(s, BIG));
    case MOVE:
        if (stage.n_requests == 1)
            return gust_stream_printf(
                s, "HTTP/1.1 307 X\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        return THEN(read_body(s, BIG), gust_stream_printf(s, OK_NOTHING));
    case GO_AWAY:
        return 0;
    case INTERIM:
        return say_for_ever(s, "HTTP/1.1 102 Processing\r\n\r\n");
    case BAD_CHUNK:
        return THEN(gust_stream_printf(s, CHUNKED "1\r\nn\r\nno\r\n"), stay(s));
    case BAD_LATE_CHUNK:
        err = THEN(read_body(s, 1000000), gust_stream_printf(s, CHUNKED "no\r\n"));
        return THEN(err, stay(s));
    case TO_THE_END:
        return THEN(say_big(s, "HTTP/1.1 200 OK\r\n"), read_body(s, BIG));
    }
    return 0;
}

/* --- ways to ask --- */

static int produce(gust_fetch_body *to, void *arg)
{
    (void)arg;
    for (size_t at = 0; at < BIG; at += PIECE) {
        GUST_SCOPE(); /* whose end takes nothing along of what comes meanwhile */
        char *copy = gust_alloc(PIECE);
        int err;

        memcpy(copy, big + at, PIECE);
        err = gust_fetch_write(to, copy, PIECE);
        now.n_pieces++;
        if (err < 0 && !now.is_deaf)
            return err;
        if (now.nap > 0)
            gust_ignore(gust_sleep(now.nap));
    }
    return 0;
}

static int take_head(gust_str line, void *arg)
{
    (void)arg;
    assert_int_equal(now.n_given, 0);
    now.n_heads += strncmp(line.ptr, "HTTP/1.1 ", 9) == 0;
    return 0;
}

static int take_piece(gust_str piece, void *arg)
{
    (void)arg;
    now.is_wrong |= memcmp(big + now.n_given, piece.ptr, piece.len) != 0;
    now.n_given += piece.len;
    return now.n_given > 1 << 20 ? now.callback_err : 0;
}

static void expect(const gust_response *res, size_t len)
{
    if (res->error != now.row->err)
        fail_msg("%d: %s", res->error, gust_response_reason(res));
    if (res->error < 0)
        return;
    assert_int_equal(res->status, now.row->status);
    assert_int_equal(len, now.row->len);
}

/* How a fetch is made, beside the server's way to answer. */
struct way {
    const char *name;
    bool is_produced, has_length;
    int (*streaming_callback)(gust_str piece, void *arg);
};

static const struct way ways[] = {
    {"a text", false, true, NULL},
    {"produced", true, true, NULL},
    {"produced, streamed", true, true, take_piece},
    {"a text, streamed", false, true, take_piece},
};

static gust_fetch_options options_of(const struct way *way)
{
    gust_fetch_options o = {
        .method = "PUT",
        .header_callback = take_head,
        .streaming_callback = way->streaming_callback,
        .request_timeout = 600,
        .no_verify = true,
        .unix_socket = strchr(test_address(), '@'),
    };

    if (way->is_produced)
        o.body_producer = produce;
    else
        o.body = (gust_str){big, BIG};
    if (way->is_produced && way->has_length)
        o.body_length = (int64_t)BIG;
    return o;
}

static const char *scheme = "http";

static const char *where(void)
{
    return gust_sprintf("%s://h/here", scheme);
}

static int ask(void *arg)
{
    const struct way *way = arg;
    gust_fetch_options o = options_of(way);
    const gust_response *res = gust_fetch(where(), &o);

    expect(res, way->streaming_callback != NULL ? now.n_given : res->body.len);
    if (way->streaming_callback == NULL && res->body.len > 2)
        assert_memory_equal(res->body.ptr, big, res->body.len);
    if (res->error == 0)
        assert_int_equal(now.n_heads, 1);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

static const struct upload uploads[] = {
    {"an echo", ECHO, 0, 200, BIG, BIG},
    {"all of the answer first", FIRST_ALL, 0, 200, BIG, BIG},
    {"without a length", TO_THE_END, 0, 200, BIG, BIG},
    {"refused", REFUSE, 0, 413, 2, 0},
    {"refused at length", REFUSE_AT_LEN, 0, 413, BIG, 0},
    {"refused after a while", REFUSE_LATER, 0, 413, 2, 1000000},
    {"answered and reset", OK_AND_CLOSE, 0, 200, 0, 0},
    {"answered before it was read", OK_AND_READ, 0, 200, 0, BIG},
    {"led elsewhere", MOVE, 0, 200, 0, BIG},
    {"left without a word", GO_AWAY, -GUST_ECLOSED, 0, 0, 0},
    {"1xx without end", INTERIM, -GUST_EPROTO, 0, 0, 0},
    {"a bad body", BAD_CHUNK, -GUST_EPROTO, 200, 0, 0},
    {"a bad body after a while", BAD_LATE_CHUNK, -GUST_EPROTO, 200, 0, 1000000},
};

static void open_upload(const struct upload *row, const gust_tls_options *tls)
{
    static char bytes[BIG];

    for (size_t i = 0; big == NULL && i < BIG; i++)
        bytes[i] = (char)(i * 7 + (i >> 12));
    memcpy(bytes, "no", 2); /* the text of a refusal, too */
    big = bytes;
    memset(&now, 0, sizeof now);
    now.row = row;
    open_stage_tls(OK, tls);
    gust_tcpserver_free(stage.server);
    stage.server =
        gust_tcpserver_new(serve_upload, NULL, &(gust_tcpserver_options){.stream = {.tls = tls}});
    assert_int_equal(gust_tcpserver_listen(stage.server, test_address()), 0);
}

static void close_upload(void)
{
    run_turns(stage.loop, 200); /* what was left to be sent */
    close_stage();
    assert_false(now.is_wrong);
    assert_in_range(now.n_read, now.row->sent, BIG);
}

TEST(what_comes_while_a_body_is_sent_is_read)
{
    static char row[100];

    for (size_t i = 0; i < gu_countof(uploads); i++)
        for (size_t j = 0; j < gu_countof(ways); j++) {
            struct way way = ways[j];

            snprintf(row, sizeof row, "%s; %s", uploads[i].name, way.name);
            TEST_CASE(row);
            open_upload(&uploads[i], NULL);
            in_task(ask, &way);
            close_upload();
        }
}

/* --- producers --- */

static int ask_napping(void *arg)
{
    now.nap = 0.01;
    gust_ignore(ask(arg));
    assert_in_range(now.n_pieces, 1, 30);
    return 0;
}

static int ask_deaf(void *arg)
{
    now.is_deaf = true;
    gust_ignore(ask(arg));
    assert_int_equal(now.n_pieces, BIG / PIECE);
    return 0;
}

static int ask_giving_up(void *arg)
{
    now.callback_err = -EDOM;
    return ask(arg);
}

static const struct {
    const char *name;
    int (*ask)(void *arg);
    struct upload row;
} producers[] = {
    {"one that mostly waits for something else learns of the answer",
     ask_napping,
     {"", REFUSE, 0, 413, 2, 0}},
    {"one that does not listen changes nothing", ask_deaf, {"", REFUSE, 0, 413, 2, 0}},
    {"nor does it hide an error", ask_deaf, {"", BAD_CHUNK, -GUST_EPROTO, 200, 0, 0}},
    {"a callback ends the upload", ask_giving_up, {"", ECHO, -EDOM, 200, 0, 1 << 20}},
};

TEST(producers_are_told_of_what_comes)
{
    for (size_t i = 0; i < gu_countof(producers); i++) {
        struct way way = {"", true, true, take_piece};

        TEST_CASE(producers[i].name);
        open_upload(&producers[i].row, NULL);
        in_task(producers[i].ask, &way);
        close_upload();
    }
}

/* --- an answer that is read by hand --- */

static int ask_open(void *arg)
{
    gust_fetch_options o = options_of(arg);
    const gust_response *res = gust_fetch_open(where(), &o);
    gust_str piece;
    size_t len = 0;
    int n = 0;

    while (res->error == 0 && (n = gust_response_read(res, &piece)) > 0) {
        GUST_SCOPE();
        assert_memory_equal(gust_strdup(piece.ptr), big + len, strlen(piece.ptr));
        now.is_wrong |= memcmp(big + len, piece.ptr, piece.len) != 0;
        len += piece.len;
    }
    expect(res, len);
    assert_int_equal(gu_client_of_loop()->n_busy, 0);
    return 0;
}

#define AHEAD ((size_t)16 << 20)

static const struct upload opened[] = {
    {"one byte less than the limit", FIRST_ALL, 0, 200, AHEAD - 1, BIG},
    {"the limit", FIRST_ALL, 0, 200, AHEAD, BIG},
    {"one byte more", FIRST_ALL, -GUST_ETOOBIG, 200, AHEAD + 1, 0},
    {"refused at length", REFUSE_AT_LEN, 0, 413, BIG, 0},
    {"answered before it was read", OK_AND_READ, 0, 200, 0, BIG},
};

TEST(of_an_answer_that_nobody_reads_yet_16_mib_are_kept)
{
    for (size_t i = 0; i < gu_countof(opened); i++)
        for (size_t j = 0; j < 2; j++) {
            struct way way = ways[j];

            TEST_CASE(opened[i].name);
            open_upload(&opened[i], NULL);
            in_task(ask_open, &way);
            close_upload();
        }
}

/* --- a body that the system has not taken yet --- */

/* Whichever socket of the client's it is: from here on the kernel takes little at once. */
static int narrow(gust_str line, void *arg)
{
    int size = 4096;

    (void)line;
    (void)arg;
    for (int fd = 3; fd < 64; fd++)
        gust_ignore(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    return 0;
}

static int ask_narrow(void *arg)
{
    const gust_fetch_options o = {.method = "PUT",
                                  .body = {big, BIG},
                                  .header_callback = narrow,
                                  .request_timeout = 600,
                                  .unix_socket = strchr(test_address(), '@')};
    const gust_response *res = gust_fetch(where(), &o);

    (void)arg;
    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, 200);
    assert_true(now.n_read < BIG);
    assert_int_equal(gu_client_of_loop()->n_idle, 0);
    return 0;
}

TEST(what_is_left_of_a_body_is_sent_behind_its_answer)
{
    static const struct upload row = {"", OK_AND_READ, 0, 200, 0, BIG};

    open_upload(&row, NULL);
    in_task(ask_narrow, NULL);
    close_upload();
}

TEST(what_comes_over_tls_is_read_too)
{
    static const size_t some[] = {0, 1, 3, 5, 7};
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key}};

    scheme = "https";
    for (size_t i = 0; i < gu_countof(some); i++) {
        struct way way = ways[i % gu_countof(ways)];

        TEST_CASE(uploads[some[i]].name);
        open_upload(&uploads[some[i]], &tls);
        in_task(ask, &way);
        close_upload();
    }
    scheme = "http";
}
