/*
 * client — shared by its files
 *
 * client.c           entry points; the order of things
 * client_target.c    a URL, and where a Location leads
 * client_pool.c      origins, places, connections that are kept
 * client_connect.c   from an origin to a connection
 * client_redirect.c  where a response leads
 * client_request.c   what is sent: the head
 * client_send.c      the body, and what comes meanwhile
 * client_response.c  what is read
 * client_body.c      what is kept of it
 * client_decode.c    content codings undone
 * client_jar.c       cookies
 * client_many.c      several at once, futures, fetches without a loop
 *
 * A fetch (gu_fetch) lies, with all that hangs on it, in the arena of who asked. It has a place in
 * its client and its origin while it has, or waits for, a connection; both are given back when the
 * body ends, or, whatever happened, when the scope does.
 */
#ifndef GU_CLIENT_IMPL_H
#define GU_CLIENT_IMPL_H

#include "base/map.h"
#include "codec/fields.h"
#include "http/http_impl.h"
#include "net/pull_impl.h"
#include <gust/client.h>

/* --- targets --- */

/* A URL taken apart, in an arena. */
struct gu_target {
    bool is_tls;
    unsigned port;
    const char *host;        /* in lower case; of an IPv6 address without the brackets */
    gust_str authority;      /* as the Host field has it */
    gust_str path;           /* with the query */
    gust_str url;            /* without user, password and fragment */
    gust_str user, password; /* decoded; .ptr is NULL without one */
};

/* -EINVAL for what is no http or https URL, -ENOMEM. Blanks and bytes beyond ASCII are escaped. */
int gu_target_parse(struct gust_arena *arena, gust_str url, struct gu_target *target) GUST_CHECK;

/* What is wrong with a URL that is refused, for people. */
const char *gu_target_fault(gust_str url);

/* Where a Location leads (RFC 3986 5.2). Errors as above. */
int gu_target_join(struct gust_arena *arena, const struct gu_target *base, gust_str location,
                   struct gu_target *target) GUST_CHECK;

/* Whether credentials for one are the other's, too. */
bool gu_target_is_same_origin(const struct gu_target *a, const struct gu_target *b);

/* --- the pool --- */

/* Where connections are alike. */
struct gu_origin {
    struct gust_httpclient *client;
    struct gu_link eligible; /* somebody waits, and it has room */
    struct gu_link waiting, idle;
    size_t n_busy;                /* places in use */
    size_t n_refs;                /* fetches, and connections that are kept */
    struct gust_tls_context *tls; /* NULL: plain, or not needed yet */
    size_t key_len;
    char key[];
};

struct gu_client_conn {
    struct gu_origin *origin;
    struct gust_stream *stream;
    struct gu_link of_origin, of_client; /* while it is idle */
    struct gu_timeout timeout;
};

struct gust_httpclient {
    struct gu_http *http;
    struct gust_loop *loop;
    gust_httpclient_options options;
    size_t max_clients, max_per_host, max_idle, max_header_size, max_body_size;
    struct gu_timeout_list *idle_timeout; /* NULL: none */
    struct gu_map origins;
    struct gu_link eligible;
    struct gu_link idle; /* connections, the oldest first */
    size_t n_busy, n_idle;
    size_t n_holders; /* fetches, and the user */
    bool is_freed;
    struct gu_head head; /* that is being parsed */
};

/* An origin by its key, with a reference more; NULL when memory is short. */
struct gu_origin *gu_origin_ref(struct gust_httpclient *client, gust_str key);
void gu_origin_unref(struct gu_origin *origin);

/* Waits for a place; `is_first`: in front of others, because it had one already. -GUST_ECLOSED when
 * the client is freed, -ETIMEDOUT, -ECANCELED. */
int gu_place_take(struct gu_origin *origin, bool is_first) GUST_CHECK;
void gu_place_give(struct gu_origin *origin);

/* A connection that was kept; NULL without one. */
struct gu_client_conn *gu_conn_reuse(struct gu_origin *origin);

/* A connection of its own; takes the stream, not on failure: NULL when memory is short. */
struct gu_client_conn *gu_client_conn_new(struct gu_origin *origin, struct gust_stream *stream);

/* Keeps a connection for later, if it is good for that. */
void gu_client_conn_keep(struct gu_client_conn *conn);

/* Closes it; what is unsent is dropped. */
void gu_client_conn_cut(struct gu_client_conn *conn);

/* Closes it once all is sent, which nobody waits for. */
void gu_client_conn_leave(struct gu_client_conn *conn);

void gu_client_release(struct gust_httpclient *client);

/* The loop's own; NULL when memory is short. */
struct gust_httpclient *gu_client_of_loop(void);

/* --- fetches --- */

enum gu_framing { GU_BODY_NONE, GU_BODY_SIZED, GU_BODY_CHUNKED, GU_BODY_TO_END };

struct gust_fetch_body {
    struct gu_fetch *fetch;
    uint64_t left; /* of body_length */
    bool is_chunked;
};

struct gu_fetch {
    struct gust_response response; /* first: what callers hold */
    struct gust_httpclient *client;
    struct gust_arena *arena;
    struct gust_arena late; /* for what comes while inner scopes may be open; `arena` adopts it */
    gust_fetch_options o;   /* with the client's defaults in place */
    gust_tls_options tls;   /* that are meant by it */
    struct gu_target target;
    struct gu_origin *origin;
    struct gu_client_conn *conn;
    bool has_place;
    bool had_place;
    bool is_over; /* place and connection were given back */
    gu_time started, deadline;

    /* the request */
    const char *method;
    bool has_body;      /* one is sent with it */
    bool is_stranger;   /* a redirect led to another origin: credentials stay behind */
    bool has_moved;     /* a redirect was followed: the Host field given was for elsewhere */
    bool was_rewritten; /* to GET, by a redirect */
    bool was_upgrade;   /* it asks for another protocol */
    bool has_te;        /* it says that trailers are welcome */
    bool is_unsent;     /* the body did not leave in whole */
    bool is_sending;    /* reads do not wait */
    int heard;          /* what ended the upload: -EPIPE, that the answer wants no more of it */

    /* the response */
    struct gu_matcher matcher;
    bool has_input; /* a byte of it came */
    bool has_head;
    uint8_t minor;      /* of its HTTP/1.x */
    bool has_told_head; /* to header_callback */
    bool has_heard_all; /* while it sent */
    bool is_open;       /* the body is read by gust_response_read() */
    size_t seen;        /* leading unread bytes that hold no whole head */
    int n_informational;
    bool keeps_alive;
    bool is_body_done;
    enum gu_framing framing;
    uint64_t left; /* of a sized body */
    uint64_t n_body, max_body;
    struct gu_chunked chunked;
    struct gu_chunked_limits limits;
    struct gu_fields trailers;
    size_t skip;                /* framing at the front of the unread bytes that was dealt with */
    gust_str piece;             /* that find_chunk() found */
    struct gu_decoder *decoder; /* NULL: the body is not coded */
    char *decoded;              /* what the decoder writes to */
    bool is_fed;                /* it may have more of the last piece */
    int body_error;
    gust_str body; /* what is kept of it */
    size_t body_cap;
    char message[GUST_ADDRESS_TEXT * 2];
};

static inline bool gu_fetch_is_head(const struct gu_fetch *f)
{
    return strcmp(f->method, "HEAD") == 0;
}

/* Notes what is behind an error, and returns it. */
int gu_fetch_fail(struct gu_fetch *f, int err, const char *format, ...) GUST_PRINTF(3, 4);

static inline double gu_fetch_elapsed(const struct gu_fetch *f)
{
    return (double)(f->client->loop->now - f->started) / 1e9;
}

/* Seconds until its deadline, for GUST_DEADLINE. */
double gu_fetch_left(const struct gu_fetch *f);

/* A place, and a connection: one that was kept unless `is_fresh`. Waits. */
int gu_fetch_connect(struct gu_fetch *f, bool is_fresh) GUST_CHECK;

/* What is wrong with the request: -EINVAL. */
int gu_fetch_check(struct gu_fetch *f) GUST_CHECK;

/* Whether it may be asked once more when it is not known what became of it. */
bool gu_fetch_is_repeatable(const struct gu_fetch *f);

/* The head of the request; and that of a CONNECT. .ptr is NULL when memory is short. */
gust_str gu_fetch_format(struct gu_fetch *f, struct gust_arena *arena);
gust_str gu_fetch_format_connect(struct gu_fetch *f, struct gust_arena *arena);

/* Sends it, the body too, and reads what comes meanwhile. Waits. */
int gu_fetch_send(struct gu_fetch *f) GUST_CHECK;

/* The final response is an error, or a redirect: it wants no body. */
static inline bool gu_fetch_is_refused(const struct gu_fetch *f)
{
    return f->has_head && f->response.status >= 300;
}

/* Tells header_callback the head, once. What that returned, or -ENOMEM. */
int gu_fetch_tell_head(struct gu_fetch *f) GUST_CHECK;

/* Gives a piece of the body to streaming_callback, or keeps it. */
int gu_fetch_keep(struct gu_fetch *f, gust_str piece) GUST_CHECK;

/* All of the body, or all that is left of it. Waits. */
int gu_fetch_read_body(struct gu_fetch *f) GUST_CHECK;

/* What was kept before anybody could read it: its length. */
int gu_fetch_take_kept(struct gu_fetch *f, gust_str *lent) GUST_CHECK;
void gu_fetch_drop_body(struct gu_fetch *f);

/* Whether some bytes of a response are there, or come in a while. Waits. */
int gu_fetch_await_continue(struct gu_fetch *f) GUST_CHECK;

/* Reads one head into the fetch's client->head and returns its text, which lies in the arena. */
int gu_fetch_read_head(struct gu_fetch *f, struct gust_stream *s, gust_str *text) GUST_CHECK;

/* Reads heads up to that of a final response. Waits. */
int gu_fetch_read_response(struct gu_fetch *f) GUST_CHECK;

/* The next piece of the body, as it came: its length, 0 at the end. Waits. */
int gu_fetch_read_raw(struct gu_fetch *f, gust_str *lent) GUST_CHECK;

/* The response's fields are there: makes a decoder if its body is coded, and takes the field that
 * says so out. */
int gu_fetch_begin_decoding(struct gu_fetch *f) GUST_CHECK;
void gu_fetch_end_decoding(struct gu_fetch *f);

/* Puts the response's cookies into the jar, and finds those that go with the request. */
int gu_fetch_take_cookies(struct gu_fetch *f) GUST_CHECK;
int gu_fetch_find_cookies(struct gu_fetch *f, gust_str *field) GUST_CHECK;

/* Whether the caller gave a field of this name. */
bool gu_fetch_has_field(const struct gu_fetch *f, const char *name);

/* The next piece of the body, decoded: its length, 0 at the end. Waits. */
int gu_fetch_read_piece(struct gu_fetch *f, gust_str *lent) GUST_CHECK;

/* Ends with the connection of a response: it is kept if nothing of it is left, and it is good. */
void gu_fetch_let_go(struct gu_fetch *f, bool is_good);
void gu_fetch_leave_origin(struct gu_fetch *f);

/* One request and its response's head, on a connection that was kept or a new one. What was kept
 * may have been closed while the request was on its way: then once more. Waits. */
int gu_fetch_request(struct gu_fetch *f) GUST_CHECK;

/* Goes where the response leads: 1 when it led to another one, whose head is read. Waits. */
int gu_fetch_follow(struct gu_fetch *f) GUST_CHECK;

extern const gust_field gu_no_fields[];

/* Gives place and connection back; the connection is kept if it can be. */
void gu_fetch_end(struct gu_fetch *f);

/* All of it, in an arena of whose scope it is. With `is_open` the body is left to be read. */
const gust_response *gu_fetch_run(struct gust_httpclient *client, struct gust_arena *arena,
                                  const char *url, const gust_fetch_options *options, bool is_open);

/* A response that says this error, for ever. */
const gust_response *gu_fetch_failed(int err);

#endif
