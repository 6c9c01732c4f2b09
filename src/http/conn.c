/*
 * conn — an HTTP/1 connection (RFC 9112)
 *
 * What comes in is a head, or the body of the request in hand, or, while that is being worked on,
 * something that has to wait. received() is the one loop that tells these apart.
 *
 * A connection is always in exactly one timeout list: heading while a head is awaited or
 * incomplete, idle between requests and while one is in hand, busy while a body comes or an answer
 * leaves slowly, lingering after the last answer. On the way of an ordinary request nothing is
 * moved: a stamp is stored when it ends. Bytes that come store none: a peer that sends one now and
 * then must not put off what bounds it.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "codec/status.h"
#include "http/http_impl.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLAB_SIZE ((size_t)64 * 1024)

/* --- the pool --- */

struct gu_conn_slab {
    struct gu_conn_slab *next;
    struct gu_conn conns[];
};

static struct gu_conn **link_of(struct gu_conn *conn)
{
    return (struct gu_conn **)(void *)conn; /* the first word; the generation behind it stays */
}

static void conn_put(struct gu_http *http, struct gu_conn *conn)
{
    *link_of(conn) = http->free_conns;
    http->free_conns = conn;
}

static bool slab_add(struct gu_http *http)
{
    size_t n = (SLAB_SIZE - sizeof(struct gu_conn_slab)) / sizeof(struct gu_conn);
    struct gu_conn_slab *slab =
        mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (slab == MAP_FAILED)
        return false;
    slab->next = http->slabs;
    http->slabs = slab;
    while (n-- > 0)
        conn_put(http, &slab->conns[n]);
    return true;
}

void gu_conn_pool_free(struct gu_http *http)
{
    while (http->slabs != NULL) {
        struct gu_conn_slab *slab = http->slabs;

        http->slabs = slab->next;
        munmap(slab, SLAB_SIZE);
    }
}

static void conn_free(void *memory)
{
    struct gu_conn *conn = memory;
    struct gust_httpserver *server = conn->server;

    conn_put(server->http, conn);
    gu_server_release(server);
}

/* --- timeouts --- */

static void wait_in(struct gu_conn *conn, struct gu_timeout_list *list)
{
    conn->is_watched = list == conn->server->busy;
    gu_timeout_start(list, &conn->timeout);
}

void gu_conn_watch(struct gu_conn *conn)
{
    if (!conn->is_watched && conn->state != GU_CONN_CLOSED) /* its request may outlive it */
        wait_in(conn, conn->server->busy);
}

/* A head has begun and is not whole: from now on its deadline counts, however slowly bytes come. */
static void head_begun(struct gu_conn *conn)
{
    if (conn->is_in_head)
        return;
    conn->is_in_head = true;
    wait_in(conn, conn->server->heading);
}

static void head_done(struct gu_conn *conn)
{
    conn->resume = (struct gu_head_resume){0};
    conn->is_in_head = false;
    wait_in(conn, conn->server->idle);
}

/* --- closing --- */

static void linger(struct gu_conn *conn)
{
    struct gu_http *http = conn->server->http;

    if (conn->is_ended || http->n_lingering >= GU_LINGERERS) {
        gu_stream_close(&conn->s);
        return;
    }
    conn->state = GU_CONN_LINGERING;
    http->n_lingering++;
    gust_ignore(gu_stream_shutdown(&conn->s));
    wait_in(conn, conn->server->lingering);
    gu_stream_resume(&conn->s);
}

/* While bytes are handed up, the pending block is what they came from. */
bool gu_conn_has_unused(const struct gu_conn *conn)
{
    return conn->in != NULL ? conn->in != conn->in_end : conn->s.pending != NULL;
}

/* Whether bytes are there that nobody looked at. */
static bool has_input(const struct gu_conn *conn)
{
    return gu_conn_has_unused(conn) ||
           ((conn->s.io.ready & GU_IN) != 0 && (conn->s.flags & GU_STREAM_ENDED) == 0);
}

void gu_conn_close_politely(struct gu_conn *conn)
{
    if (conn->state != GU_CONN_OPEN || gu_stream_is_closed(&conn->s))
        return;
    gu_stream_flush(&conn->s);
    if (gu_stream_is_closed(&conn->s))
        return;
    if (gu_stream_is_blocked(&conn->s)) {
        conn->state = GU_CONN_CLOSING;
    } else if (has_input(conn) || conn->is_refused) {
        linger(conn); /* closing on unread bytes resets, and may lose the answer (RFC 9112 9.6) */
    } else {
        gu_stream_close(&conn->s);
    }
}

void gu_conn_refuse(struct gu_conn *conn, int status, const char *why)
{
    const char *reason = gu_status_reason(status);
    char *out = gu_stream_reserve(&conn->s, 512);
    int n = snprintf(out, 512,
                     "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; charset=UTF-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%d %s\n",
                     status, reason, gu_http_date(conn->server->http), strlen(reason) + 5, status,
                     reason);

    gu_stream_commit(&conn->s, (size_t)n);
    if (why != NULL)
        gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "%d %s: %s", status, reason, why);
    conn->is_refused = true;
    conn->resume = (struct gu_head_resume){0};
    gu_conn_close_politely(conn);
}

/* --- heads --- */

static void refuse_head(struct gu_conn *conn, enum gu_head_result result, const char *error)
{
    static const struct {
        int status;
        const char *why;
    } answers[] = {
        [GU_HEAD_BAD] = {400, NULL},
        [GU_HEAD_TOO_MANY] = {431, "too many header fields (max_header_count)"},
        [GU_HEAD_VERSION] = {505, "not HTTP/1"},
    };

    gu_conn_refuse(conn, answers[result].status,
                   answers[result].why != NULL ? answers[result].why : error);
}

/* Neither the request line nor the head may be longer than max_header_size. */
static void refuse_size(struct gu_conn *conn, const char *buf, size_t len)
{
    if (memchr(buf, '\n', len) == NULL)
        gu_conn_refuse(conn, 414, "the request line is too long (max_header_size)");
    else
        gu_conn_refuse(conn, 431, "the head is too long (max_header_size)");
}

/* Skips empty lines before a request. False when nothing else is there yet, or half of one. */
static bool skip_lines(struct gu_conn *conn)
{
    size_t len;

    conn->in += gu_head_skip(conn->in, (size_t)(conn->in_end - conn->in));
    len = (size_t)(conn->in_end - conn->in);
    if (len > 1 || (len == 1 && *conn->in != '\r'))
        return true;
    if (conn->is_ended)
        gu_conn_close_politely(conn);
    else if (len > 0)
        head_begun(conn);
    return false;
}

static gu_cold void not_a_head(struct gu_conn *conn, enum gu_head_result result, size_t len,
                               const char *error)
{
    if (result != GU_HEAD_MORE)
        refuse_head(conn, result, error);
    else if (len >= conn->server->max_header_size)
        refuse_size(conn, conn->in, len);
    else if (conn->is_ended)
        gu_conn_close_politely(conn); /* the rest will not come */
    else
        head_begun(conn);
}

/* Parses the head at conn->in and starts its request. False when there is none to be had now. */
static bool take_head(struct gu_conn *conn)
{
    struct gust_httpserver *server = conn->server;
    struct gu_head *head = &server->http->head;
    size_t len;
    const char *error = NULL, *at;
    enum gu_head_result result;

    if (gu_unlikely(conn->in[0] == '\r') && conn->resume.seen == 0 && !skip_lines(conn))
        return false;
    len = (size_t)(conn->in_end - conn->in);
    result = gu_head_parse_request(conn->in, gu_min(len, server->max_header_size),
                                   server->max_header_count, &conn->resume, head, &error);
    if (gu_unlikely(result != GU_HEAD_DONE)) {
        not_a_head(conn, result, len, error);
        return false;
    }
    if (gu_unlikely(conn->is_in_head))
        head_done(conn);
    at = conn->in;
    conn->in += head->len;
    conn->n_turn++;
    gu_exchange_start(conn, head, at);
    return true;
}

/* --- input --- */

static bool may_take_head(struct gu_conn *conn)
{
    if (gu_unlikely(conn->state != GU_CONN_OPEN))
        return false;
    if (gu_unlikely(conn->n_turn >= GU_REQUESTS_PER_TURN)) {
        gu_loop_ready(conn->server->http->loop, &conn->s.again);
        return false;
    }
    return gu_likely(!gu_stream_is_blocked(&conn->s));
}

/* Lets the task that waits for the body have what is there. False when it made nothing of it. */
static bool feed_reader(struct gu_conn *conn)
{
    struct gust_exchange *x = conn->x;
    struct gu_wait *reader = x->reader;
    const char *before = conn->in;

    x->reader = NULL;
    gu_task_resume(reader->task, 0);
    return conn->in != before || conn->x != x;
}

/* The request in hand goes on without the connection. One that began when the end of what the
 * client sends was known already is told of it as others are. */
static gu_cold void pause_input(struct gu_conn *conn)
{
    gu_stream_pause(&conn->s);
    if (conn->is_ended)
        gu_exchange_half_closed(conn->x);
}

static size_t drop_lingering(struct gu_conn *conn, size_t len)
{
    conn->lingered += (uint32_t)len;
    if (conn->lingered > GU_LINGER_BYTES)
        gu_stream_close(&conn->s);
    return len;
}

static size_t received(struct gu_stream *s, char *bytes, size_t len)
{
    struct gu_conn *conn = gu_container_of(s, struct gu_conn, s);
    size_t used;

    if (gu_unlikely(conn->state != GU_CONN_OPEN))
        return drop_lingering(conn, len);
    conn->in = bytes;
    conn->in_end = bytes + len;
    if (gu_likely(s->again.next == NULL)) /* else its turn is over, whatever else is received */
        conn->n_turn = 0;
    while (conn->in != conn->in_end) {
        if (conn->x == NULL) {
            if (!may_take_head(conn) || !take_head(conn))
                break;
        } else if (conn->x->reader == NULL || !feed_reader(conn)) {
            break;
        }
    }
    used = (size_t)(conn->in - bytes);
    conn->in = conn->in_end = NULL;
    if (gu_unlikely(conn->x != NULL && conn->x->reader == NULL))
        pause_input(conn);
    return used;
}

static void ended(struct gu_stream *s, int err)
{
    struct gu_conn *conn = gu_container_of(s, struct gu_conn, s);

    conn->is_ended = true;
    if (err < 0 || conn->state == GU_CONN_LINGERING) {
        if (conn->x != NULL)
            gu_exchange_gone(conn->x);
        gu_stream_close(s);
        return;
    }
    if (conn->x != NULL)
        gu_exchange_half_closed(conn->x);
    else if (s->pending == NULL || conn->is_in_head)
        gu_conn_close_politely(conn);
}

static void drained(struct gu_stream *s)
{
    struct gu_conn *conn = gu_container_of(s, struct gu_conn, s);

    if (conn->state == GU_CONN_CLOSING) {
        conn->state = GU_CONN_OPEN;
        gu_conn_close_politely(conn);
    }
}

static void closed(struct gu_stream *s)
{
    struct gu_conn *conn = gu_container_of(s, struct gu_conn, s);
    struct gust_httpserver *server = conn->server;

    if (conn->state == GU_CONN_LINGERING)
        server->http->n_lingering--;
    conn->state = GU_CONN_CLOSED;
    gu_timeout_stop(&conn->timeout);
    gu_list_remove(&conn->all);
    if (conn->x != NULL) {
        gu_list_append(&server->orphans, &conn->all);
        gu_exchange_gone(conn->x);
    } else {
        gu_loop_free_later(server->http->loop, conn, conn_free);
    }
    gu_server_conn_closed(server);
}

/* Its rate is watched from here on, whoever waits for it, or does not. */
static size_t blocked(struct gu_stream *s)
{
    struct gu_conn *conn = gu_container_of(s, struct gu_conn, s);

    gu_conn_watch(conn);
    return conn->server->max_buffer_size;
}

/* What the client sent before is still to be read, so only who asked for it is told. */
static void left(struct gu_stream *s)
{
    struct gust_exchange *x = gu_container_of(s, struct gu_conn, s)->x;

    if (x != NULL && x->server->half_closed != NULL)
        x->server->half_closed(x);
}

static const struct gu_stream_ops stream_ops = {received, ended, drained, closed, left, blocked};

/* --- life --- */

static void set_peer(struct gu_conn *conn, const struct gu_peer *peer)
{
    conn->family = (uint8_t)peer->address.ss_family;
    if (conn->family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&peer->address;

        memcpy(conn->address, &in->sin_addr, 4);
        conn->port = in->sin_port;
    } else if (conn->family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&peer->address;

        memcpy(conn->address, &in6->sin6_addr, 16);
        conn->port = in6->sin6_port;
    }
}

struct gu_conn *gu_conn_new(struct gust_httpserver *server, int fd, const struct gu_peer *peer)
{
    struct gu_http *http = server->http;
    struct gu_conn *conn;
    uint16_t gen;

    if (http->free_conns == NULL && !slab_add(http))
        return NULL;
    conn = http->free_conns;
    http->free_conns = *link_of(conn);
    gen = conn->s.io.gen;
    memset(conn, 0, sizeof *conn);
    conn->s.io.gen = gen;
    conn->server = server;
    gu_timeout_init(&conn->timeout);
    gu_list_init(&conn->all);
    set_peer(conn, peer);
    gu_stream_open_accepted(&conn->s, http->net, &stream_ops, fd);
    gu_list_append(&server->conns, &conn->all);
    server->n_holders++;
    head_begun(conn);
    return conn;
}

void gu_conn_end_exchange(struct gu_conn *conn, bool is_kept)
{
    if (conn->state == GU_CONN_CLOSED) {
        gu_list_remove(&conn->all);
        gu_server_is_quiet(conn->server);
        gu_loop_free_later(conn->server->http->loop, conn, conn_free);
        return;
    }
    if (!is_kept || ((conn->is_ended || conn->server->is_draining) && !has_input(conn))) {
        gu_conn_close_politely(conn);
        return;
    }
    gu_timeout_touch(conn->server->http->loop, &conn->timeout);
    if ((conn->s.flags & GU_STREAM_DISPATCHING) == 0)
        gu_stream_resume(&conn->s);
}

/* --- expiry --- */

static struct gu_conn *conn_of(struct gu_timeout *timeout)
{
    return gu_container_of(timeout, struct gu_conn, timeout);
}

/* A request that is in hand is not idle; others watch over what it does. */
void gu_conn_expired_idle(struct gu_timeout *timeout)
{
    struct gu_conn *conn = conn_of(timeout);

    if (conn->x != NULL)
        wait_in(conn, conn->server->idle);
    else
        gu_stream_close(&conn->s);
}

void gu_conn_expired_heading(struct gu_timeout *timeout)
{
    struct gu_conn *conn = conn_of(timeout);

    wait_in(conn, conn->server->idle);
    if (conn->s.pending == NULL)
        gu_stream_close(&conn->s);
    else
        gu_conn_refuse(conn, 408, "the head took too long (header_timeout)");
}

/* Whether fewer bytes than min_rate a second moved for as long as the grace. A span that was fast
 * enough is followed by the next, so that nobody can save up for standing still. */
static bool is_slow(const struct gust_httpserver *server, struct gu_pace *pace, gu_time now,
                    uint64_t n)
{
    gu_time elapsed = now - pace->since;

    if (pace->since != 0 && (elapsed <= server->grace || server->min_rate == 0))
        return false;
    if (pace->since != 0 && (n - pace->n) / server->min_rate < (uint64_t)(elapsed / GU_SECOND))
        return true;
    *pace = (struct gu_pace){now, n};
    return false;
}

static void check_sending(struct gu_conn *conn)
{
    struct gust_httpserver *server = conn->server;

    if (!is_slow(server, &conn->s.out->pace, server->http->loop->now,
                 gu_stream_delivered(&conn->s))) {
        wait_in(conn, server->busy);
        return;
    }
    gu_log(GUST_LOG_INFO, GU_LOG_GENERAL, "closing: the peer reads too slowly (min_rate)");
    gu_stream_close(&conn->s);
}

/* Only time in which somebody waited for bytes is the peer's. */
static void check_body(struct gu_conn *conn)
{
    struct gust_exchange *x = conn->x;
    const struct gust_httpserver *server = conn->server;
    gu_time now = server->http->loop->now;

    wait_in(conn, server->busy);
    if (is_slow(server, &x->pace, x->waited + now - x->wait_since, x->n_body) ||
        now - x->body_since > server->body_timeout)
        gu_exchange_fail_reader(x, -GUST_ESLOW);
}

void gu_conn_expired_busy(struct gu_timeout *timeout)
{
    struct gu_conn *conn = conn_of(timeout);

    if (gu_stream_is_blocked(&conn->s))
        check_sending(conn);
    else if (conn->x != NULL && conn->x->reader != NULL)
        check_body(conn);
    else
        wait_in(conn, conn->is_in_head ? conn->server->heading : conn->server->idle);
}

void gu_conn_expired_lingering(struct gu_timeout *timeout)
{
    gu_stream_close(&conn_of(timeout)->s);
}
