/*
 * http — connections and exchanges
 *
 * A connection (gu_conn) is small, lives as long as its socket, and holds no buffer. An exchange
 * (gust_exchange) is one request and its response; it lies in the arena of the request's task and
 * ends with it. A connection has one exchange at a time: what comes behind it waits, unparsed.
 *
 * Input reaches an exchange while the connection hands bytes up: the connection keeps where they
 * are (in, in_end), and a task that reads its body takes from there. A task that finds nothing
 * waits, and the connection resumes it, on the spot, when more has come.
 */
#ifndef GU_HTTP_IMPL_H
#define GU_HTTP_IMPL_H

#include "base/buf.h"
#include "codec/chunked.h"
#include "codec/date.h"
#include "codec/fields.h"
#include "codec/head.h"
#include "net/listen.h"
#include "net/net_impl.h"
#include "net/sockets.h"
#include <gust/server.h>
#include <netinet/in.h>

#define GU_REQUESTS_PER_TURN 64
#define GU_LINGER_BYTES ((size_t)64 * 1024)
#define GU_LINGERERS 1024
#define GU_UNSENT_WAIT ((size_t)64 * 1024) /* a writer waits above that */

/* --- connections --- */

enum gu_conn_state {
    GU_CONN_OPEN,
    GU_CONN_CLOSING,   /* answered for the last time; the answer is still leaving */
    GU_CONN_LINGERING, /* answered for the last time; reads and drops what still comes */
    GU_CONN_CLOSED
};

struct gu_conn {
    struct gu_stream s;
    struct gust_httpserver *server;
    struct gust_exchange *x; /* the request in hand */
    const char *in, *in_end; /* while bytes are handed up */
    struct gu_timeout timeout;
    struct gu_link all;
    uint8_t address[16]; /* of the peer, as in sockaddr_in or sockaddr_in6 */
    uint16_t port;       /* network order */
    uint8_t family;      /* AF_INET, AF_INET6 or AF_UNIX */
    uint8_t state;
    bool is_in_head; /* waits for the rest of a head */
    bool is_ended;   /* the peer sends no more */
    bool is_refused; /* what comes is not read any more */
    bool is_watched; /* its rate is looked at every second */
    uint16_t n_turn; /* requests in this turn */
    struct gu_head_resume resume;
    uint32_t lingered; /* bytes dropped */
};

_Static_assert(sizeof(struct gu_conn) <= 192, "a waiting connection is this and nothing else");

#define GU_HTTP_DATE_LEN (sizeof "Date: \r\n" - 1 + GU_DATE_LEN)

/* What the connections of a loop share. */
struct gu_http {
    struct gu_room room;
    struct gust_loop *loop;
    struct gu_net *net;
    struct gu_tasks *tasks;
    struct gu_conn *free_conns;
    struct gu_conn_slab *slabs;
    size_t n_lingering;
    gu_time date_until;
    char date[GU_HTTP_DATE_LEN + 1]; /* the whole line */
    struct gu_head head;             /* of the request that is being parsed */
    struct gust_httpclient *client;  /* of gust_fetch(); NULL until it is used */
};

struct gu_http *gu_http_of(struct gust_loop *loop);

/* The Date field's line, made once a second. */
const char *gu_http_renew_date(struct gu_http *http);
static inline const char *gu_http_date(struct gu_http *http)
{
    return gu_likely(http->loop->now < http->date_until) ? http->date : gu_http_renew_date(http);
}

/* Memory that peers can make the loop's requests use: what bodies, arenas, queues and incomplete
 * heads lie in. */
static inline size_t gu_http_memory(const struct gu_http *http)
{
    return http->tasks->chunks.live + http->net->queued + http->net->held;
}

/* --- the server --- */

enum { GU_PAUSE_CONNECTIONS = 1, GU_PAUSE_MEMORY = 2 };

struct gu_server_listener {
    struct gu_listener listener;
    struct gust_httpserver *server;
    struct gu_link link;
    uint16_t port;
};

struct gust_httpserver {
    /* what every request looks at comes first, in two lines of the cache */
    struct gu_http *http; /* NULL until it listens */
    const gust_delegate *delegate;
    void *arg;
    size_t n_exchanges; /* requests in hand */
    size_t max_exchanges, max_memory, max_task_memory, max_body_size;
    size_t max_header_size;
    unsigned max_header_count;
    bool no_keep_alive;
    bool is_draining; /* no keep-alive any more */
    uint8_t paused;   /* why nothing is accepted: GU_PAUSE_… */

    struct gu_link listeners;
    struct gu_sockets bound; /* until gust_httpserver_start() */
    struct gu_link conns;
    struct gu_link orphans; /* closed, but their requests are in hand */
    size_t n_conns;
    size_t n_holders;                             /* who still points here: conns, the user */
    struct gu_timer retry;                        /* looks whether memory is free again */
    void (*half_closed)(struct gust_exchange *x); /* see gu_exchange_half_closed(); or NULL */
    void (*draining)(struct gust_exchange *x);    /* for each in hand when it begins; or NULL */
    struct gu_link closers;                       /* tasks in gust_httpserver_close_all() */

    gust_httpserver_options options;
    size_t max_buffer_size, max_connections;
    gu_time body_timeout, grace;
    uint64_t min_rate;
    struct gu_timeout_list *idle, *heading, *busy, *lingering;
    struct gust_tls_context *tls; /* NULL: plain HTTP */
};

void gu_server_conn_closed(struct gust_httpserver *server);

/* Whether max_memory is passed, in which case listeners pause. */
gu_noinline bool gu_server_is_full(struct gust_httpserver *server);
static inline bool gu_server_has_memory(struct gust_httpserver *server)
{
    return gu_likely(server->max_memory == SIZE_MAX) || !gu_server_is_full(server);
}

/* Something ended: tells gust_httpserver_close_all() if it was the last. */
void gu_server_is_quiet(struct gust_httpserver *server);

/* Listening sockets for gust_httpserver_start(). Takes them unless it fails: -ENOSPC. */
int gu_httpserver_add_bound(struct gust_httpserver *server, const struct gu_sockets *set);

/* Closes all connections and cancels all requests in hand, whose number it returns. */
size_t gu_httpserver_cut(struct gust_httpserver *server);

/* Serves a connection that somebody else accepted, or made; it takes its place on this thread's
 * loop if it has none. The descriptor, or a handle of net/memory.h, stays the caller's on failure,
 * -ENOMEM. */
int gu_httpserver_accept(struct gust_httpserver *server, int fd,
                         const struct gu_peer *peer) GUST_CHECK;

/* One holder less; the last one frees it. A request may outlive its connection, and both a
 * gust_httpserver_free(). */
void gu_server_release(struct gust_httpserver *server);

/* --- connections --- */

void gu_conn_pool_free(struct gu_http *http);

struct gu_conn *gu_conn_new(struct gust_httpserver *server, int fd, const struct gu_peer *peer);

/* Has the peer's rate looked at: it sends a body, or is to take an answer. */
void gu_conn_watch(struct gu_conn *conn);

/* The exchange has ended: its task is about to. Nearly all end while what follows them is handed up
 * already. */
void gu_conn_end_exchange(struct gu_conn *conn, bool is_kept);
static inline void gu_conn_exchange_ended(struct gu_conn *conn, bool is_kept)
{
    conn->x = NULL;
    conn->server->n_exchanges--;
    if (gu_likely(is_kept && conn->state == GU_CONN_OPEN) &&
        gu_likely(!conn->is_ended && !conn->server->is_draining) &&
        gu_likely((conn->s.flags & GU_STREAM_DISPATCHING) != 0))
        gu_timeout_touch(conn->server->http->loop, &conn->timeout);
    else
        gu_conn_end_exchange(conn, is_kept);
}

/* Whether bytes were received behind the request in hand. */
bool gu_conn_has_unused(const struct gu_conn *conn);

/* Answers without a delegate, and closes. A NULL `why` is logged by the caller. */
void gu_conn_refuse(struct gu_conn *conn, int status, const char *why);

/* Closes after what was put has been sent; reads a while where the peer may still be sending. */
void gu_conn_close_politely(struct gu_conn *conn);

void gu_conn_expired_idle(struct gu_timeout *timeout);
void gu_conn_expired_heading(struct gu_timeout *timeout);
void gu_conn_expired_busy(struct gu_timeout *timeout);
void gu_conn_expired_lingering(struct gu_timeout *timeout);

/* --- exchanges --- */

enum {
    GU_X_KEEP_ALIVE = 1,
    GU_X_HEAD_SENT = 2,
    GU_X_FINISHED = 4,   /* the response is complete */
    GU_X_CHUNKED = 8,    /* the response is */
    GU_X_NO_BODY = 16,   /* HEAD, 204, 304: the response's body is not sent */
    GU_X_GONE = 32,      /* the client is */
    GU_X_BODY_READ = 64, /* the request's body is read to its end */
    GU_X_CONTINUE = 128, /* the client waits for a 100 */
    GU_X_SIZED = 256,    /* the response has a Content-Length */
    GU_X_DETACHED = 512, /* the connection is not ours any more */
    GU_X_BODY_BAD = 1024,
    GU_X_CUT = 2048,         /* the response cannot be completed: the connection is closed */
    GU_X_TRAILERS_BAD = 4096 /* what is too large is the trailer section */
};

/* A body in chunks, and what came behind it. */
struct gu_chunked_body {
    struct gu_chunked decoder;
    struct gu_chunked_limits limits;
    struct gu_fields trailers;
};

struct gust_exchange {
    struct gu_conn *conn;
    struct gust_task *task;
    struct gust_httpserver *server;
    const gust_delegate *delegate; /* the server's, or one that it handed the exchange to */
    void *arg;                     /* of the delegate */
    gu_time started;
    /* Memory for what is kept as long as the exchange. The task's own arena will not do: what is
     * written, or cached, while a GUST_SCOPE is open must not end with that scope. */
    struct gust_arena arena;

    /* the request */
    char *head;
    gust_str method_name, target, path, query, host;
    struct gu_field *fields;
    uint16_t n_fields;
    uint8_t method, minor;
    uint16_t head_flags; /* of gu_head */
    uint16_t flags;
    uint8_t first[GU_N_FIELD_IDS]; /* of gu_head */

    /* its body, read or not */
    uint64_t body_left; /* of Content-Length */
    uint64_t body_max;

    /* zero when it begins */
    void *state;                              /* the delegate's own */
    void (*release)(struct gust_exchange *x); /* called at the end, before memory goes; or NULL */
    struct gu_chunked_body *chunked;
    struct gu_wait *reader;
    uint64_t n_body;    /* read so far */
    gu_time body_since; /* when reading began; 0: not yet */
    uint64_t n_sent;    /* bytes of the response's body, for the log */
    int status;         /* of the response, once its head is sent */
    int body_error;     /* with GU_X_BODY_BAD: what each read says */
    unsigned n_raises;

    /* of use once something else says so */
    gu_time waited; /* for bytes of the body, up to wait_since */
    gu_time wait_since;
    struct gu_pace pace;  /* in time that was waited */
    char *out;            /* where its head begins, between gu_exchange_open() and _close() */
    uint64_t length_left; /* of the response, with GU_X_SIZED */
};

/* Runs a parsed request, whose head lies at `head`, in a task. Answers 503 itself if there can be
 * none. */
void gu_exchange_start(struct gu_conn *conn, const struct gu_head *parsed, const char *head);

/* The client is gone: tells the delegate, ends waits. */
void gu_exchange_gone(struct gust_exchange *x);

/* The status that answers an error. */
int gu_exchange_status_of(const struct gust_exchange *x, int err);

/* Ends the wait for the body with an error. */
void gu_exchange_fail_reader(struct gust_exchange *x, int err);

/* The client has shut its sending side down: it may still read, or be gone. */
void gu_exchange_half_closed(struct gust_exchange *x);

/* The value of a known field, the last where there are several; .ptr is NULL without one. */
gust_str gu_exchange_known(const struct gust_exchange *x, enum gu_field_id id);
gust_str gu_exchange_field(const struct gust_exchange *x, gust_str name);

/* --- the response, for those who format fields themselves --- */

/* A whole response: the lines of `fields` end in CRLF and are trusted; framing fields are added.
 * A large body that was allocated from x->arena is taken: it is gone when this returns. */
void gu_exchange_respond(struct gust_exchange *x, int status, const char *reason, gust_str fields,
                         gust_str body);

/* The same in two steps, for fields that are formatted in place: room for `fields_len` bytes behind
 * the status line, and what ends the response, told where the fields ended. NULL: there is nobody
 * to send to. Nothing else may be written in between. The lines of `last` stand behind the body's
 * length; there has to be room for them, too. */
char *gu_exchange_open(struct gust_exchange *x, int status, const char *reason, size_t fields_len);
void gu_exchange_close(struct gust_exchange *x, char *to, gust_str last, gust_str body);

/* The same for what nearly every answer is: a 200 with its body to a GET of HTTP/1.1, over a
 * connection that is kept. What framing otherwise asks one by one is asked once. */
#define GU_X_PLAIN (GU_X_KEEP_ALIVE | GU_X_BODY_READ)
static inline bool gu_exchange_is_plain(const struct gust_exchange *x)
{
    return x->flags == GU_X_PLAIN && x->method == GU_METHOD_GET && x->minor > 0 &&
           !x->server->is_draining;
}
char *gu_exchange_open_plain(struct gust_exchange *x, size_t fields_len);
void gu_exchange_close_plain(struct gust_exchange *x, char *to, gust_str body);

/* As gust_exchange_write_headers(); `last` as above. */
void gu_exchange_begin(struct gust_exchange *x, int status, const char *reason, gust_str fields,
                       gust_str last, int64_t length);

/* Puts a piece of the body without waiting. */
int gu_exchange_put(struct gust_exchange *x, const void *data, size_t len);

/* Waits until the client has taken most of what was put. */
int gu_exchange_drain(struct gust_exchange *x, size_t most);

#endif
