/*
 * response — any bytes as what servers answer to a client
 *
 * The first byte chooses how it is asked, the second where the rest is cut: the parts are what the
 * first, second, … connection says, in two pieces each, before it closes. Whatever comes of it, the
 * fetch ends, says what it is, and leaves nothing behind.
 */
#include "base/log.h"
#include "fuzz.h"
#include "http/client_impl.h"
#include "net/memory.h"
#include <gust.h>

#define MAX_BODY 20000
#define MAX_HEAD 2048

/* --- the network --- */

static struct {
    gust_str left; /* what was not said yet */
    size_t part;   /* how much of it a connection says */
    int n_dialled;
} said;

struct talk {
    gust_stream *stream;
    gust_str text;
};

/* Reads nothing: a client has to manage when it is answered before it has asked. */
static void speak(void *arg)
{
    struct talk *talk = arg;
    size_t half = talk->text.len / 2;
    int err = gust_stream_write(talk->stream, talk->text.ptr, half);

    if (err == 0)
        err = gust_stream_flush(talk->stream);
    gust_yield();
    if (err == 0)
        err = gust_stream_write(talk->stream, talk->text.ptr + half, talk->text.len - half);
    if (err == 0)
        gust_ignore(gust_stream_flush(talk->stream));
    gust_stream_close(talk->stream);
    free(talk);
}

static bool knows(struct gu_dialer *dialer, gust_str host, unsigned port)
{
    (void)dialer, (void)host, (void)port;
    return true;
}

static int dial(struct gu_dialer *dialer, const char *host, unsigned port)
{
    struct gu_net *net = gu_net_of(gust_loop_current());
    struct talk *talk = malloc(sizeof *talk);
    size_t n = gu_min(said.part, said.left.len);
    int fds[2];

    (void)dialer, (void)host, (void)port;
    gu_assert(talk != NULL && gu_memory_pair(net, 4096, fds) == 0);
    said.n_dialled++;
    talk->text = gu_str(said.left.ptr, n);
    said.left = gu_str(said.left.ptr + n, said.left.len - n);
    talk->stream = gu_pull_new(net, NULL);
    gu_assert(talk->stream != NULL && gu_pull_open(talk->stream, fds[1], false) == 0);
    gu_assert(gust_go(speak, talk, NULL) != NULL);
    return fds[0];
}

static struct gu_dialer network = {knows, dial};

/* --- the client --- */

static size_t n_streamed;

static int take_piece(gust_str piece, void *arg)
{
    (void)arg;
    gu_assert(piece.len > 0);
    n_streamed += piece.len;
    return 0;
}

static int take_line(gust_str line, void *arg)
{
    (void)arg;
    gu_assert(line.len >= 2 && memcmp(line.ptr + line.len - 2, "\r\n", 2) == 0);
    gu_assert(memchr(line.ptr, '\n', line.len) == line.ptr + line.len - 1);
    gu_assert(memchr(line.ptr, '\0', line.len) == NULL);
    return 0;
}

static void check_fields(const gust_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        gu_assert(gu_field_name_ok(gust_str_from(fields[i].name)));
        gu_assert(gu_field_value_ok(gust_str_from(fields[i].value)));
    }
    gu_assert(fields[n].name == NULL);
}

static void check(const gust_response *res)
{
    gu_assert(res->error <= 0 && res->error != -EAGAIN && res->error != -ETIMEDOUT);
    gu_assert(res->error < 0 || (res->status >= 101 && res->status <= 999));
    gu_assert(res->body.len <= MAX_BODY && res->body.ptr[res->body.len] == '\0');
    gu_assert(res->n_redirects <= 3 && strncmp(res->url, "http", 4) == 0);
    gu_assert(strlen(gust_response_reason(res)) > 0);
    check_fields(res->fields, res->n_fields);
    check_fields(res->trailers, res->n_trailers);
}

static void read_by_hand(gust_httpclient *client, const gust_fetch_options *o)
{
    const gust_response *res = gust_httpclient_fetch_open(client, "http://a.b/c", o);
    gust_str piece;
    size_t len = 0;
    int n = 0;

    while (res->error == 0 && (n = gust_response_read(res, &piece)) > 0)
        len += (size_t)n;
    gu_assert(n == 0 || n == res->error);
    gu_assert(len <= MAX_BODY);
    check(res);
}

static int fetch(void *arg)
{
    static char body[30000];
    static const gust_tls_options patient = {.verify = GUST_TLS_VERIFY_NONE,
                                             .handshake_timeout = GUST_NEVER};
    static const gust_field upgrade[] = {{"Upgrade", "x"}, {NULL, NULL}};
    unsigned how = *(const uint8_t *)arg;
    gust_httpclient *client = gust_httpclient_new(
        &(gust_httpclient_options){.max_header_size = MAX_HEAD, .max_body_size = MAX_BODY});
    gust_fetch_options o = {
        .method = (how & 3u) == 1   ? "HEAD"
                  : (how & 3u) == 2 ? "PUT"
                                    : "GET",
        .max_redirects = 3,
        .request_timeout = GUST_NEVER, /* nothing here takes time, but a machine may stand still */
        .connect_timeout = GUST_NEVER,
        .no_decompress = (how & 4u) != 0,
        .header_callback = take_line,
        .streaming_callback = (how & 8u) != 0 ? take_piece : NULL,
        .expect_continue = (how & 16u) != 0,
        .headers = (how & 32u) != 0 ? upgrade : NULL,
        .tls = &patient,
    };

    gu_assert(client != NULL);
    gu_net_of(gust_loop_current())->dialer = &network;
    if ((how & 64u) != 0)
        o.jar = gust_cookie_jar_new();
    if ((how & 3u) == 2)
        o.body = gu_str(body, sizeof body);
    n_streamed = 0;
    {
        GUST_SCOPE();
        if ((how & 128u) != 0)
            read_by_hand(client, &o);
        else
            check(gust_httpclient_fetch(client, "http://a.b/c", &o));
    }
    gu_assert(n_streamed <= MAX_BODY && said.n_dialled <= 8);
    gu_assert(client->n_busy == 0);
    gust_cookie_jar_free(o.jar);
    gust_httpclient_free(client);
    return 0;
}

static bool drop(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg, (void)level, (void)logger, (void)message;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gust_loop *loop;
    char *bytes;

    if (size < 2 || size > 65536)
        return 0;
    if (loop == NULL) {
        gu_log_set_sink(drop, NULL);
        gu_assert(gust_loop_new(NULL, &loop) == 0);
    }
    bytes = fuzz_copy(data + 2, size - 2);
    memset(&said, 0, sizeof said);
    said.left = gu_str(bytes, size - 2);
    said.part = data[1] == 0 ? size : 8u * data[1];
    gu_assert(gust_run(fetch, (void *)(uintptr_t)data) == 0);
    gu_assert(gu_tasks_of(loop)->n_live == 0);
    free(bytes);
    return 0;
}
