/*
 * gust/client.h — asking other HTTP servers
 *
 * A fetch runs in the task that makes it, as straight-line code: it waits for the answer, the loop
 * serves others. It never returns NULL: what went wrong on the way is in .error, and a status such
 * as 404 is no error. The response, and all that hangs on it, lives as long as the innermost scope.
 *
 * Connections are kept and used again, for the same origin only: scheme, host, port, TLS identity,
 * proxy, Unix socket and source are the same. Nothing of a request (fields, credentials,
 * certificates) is left for the next one. A request that waits for a place waits in line, and the
 * time counts against its timeouts. HTTP/1.1; no pipelining.
 *
 * Calls belong to the loop's thread. GUST_DEADLINE and cancellation end a fetch like every wait,
 * with -ETIMEDOUT and -ECANCELED in .error, and close its connection. Follows tornado.httpclient.
 */
#ifndef GUST_CLIENT_H
#define GUST_CLIENT_H

#include <gust/future.h>
#include <gust/server.h>

struct json_t;

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gust_request gust_request;
typedef struct gust_httpclient gust_httpclient;
typedef struct gust_response gust_response;
typedef struct gust_cookie_jar gust_cookie_jar;

/** Where a request is written to by a body_producer. */
typedef struct gust_fetch_body gust_fetch_body;

/* --- options --- */

/** All members are optional. Texts and tables must live until the fetch is done. Durations are
 * seconds, sizes bytes; 0 is the default, GUST_NEVER no limit. */
typedef struct gust_fetch_options {
    const char *method;        /**< "GET" */
    const gust_field *headers; /**< ends with a NULL name; those that frame a message, or concern
                                  the connection, may not be among them, but Host, Upgrade, and TE
                                  as "trailers" */
    gust_str body;             /**< POST, PUT and PATCH have one, perhaps empty; GET, HEAD, DELETE
                                  and others none, see allow_nonstandard_methods */
    /** Writes the body by gust_fetch_write(), instead of `body`. A negative result fails the fetch
     * with it. May wait. It is called again when a redirect (307, 308) repeats the request. An
     * answer may come meanwhile; of one that gust_fetch_open() cannot give yet 16 MiB are kept. */
    int (*body_producer)(gust_fetch_body *to, void *arg);
    int64_t body_length; /**< what body_producer will write; 0: not known, sent in chunks */

    double connect_timeout; /**< for a place in the line, the name, the connection and TLS; 20 */
    double
        request_timeout;  /**< for all of it, redirects and the reading of the body included; 20 */
    bool no_redirects;    /**< 301, 302, 303, 307 and 308 are answers like others */
    int max_redirects;    /**< 5; the one beyond is the answer */
    bool no_decompress;   /**< asks for no content coding, and gives the body as it came */
    bool expect_continue; /**< waits up to 1 s for a 100 before it sends the body */
    bool allow_nonstandard_methods; /**< any token is a method, with or without a body */

    const char *auth_username, *auth_password; /**< Basic authentication; wins over the URL's */
    const char *user_agent;                    /**< "Gust/VERSION" */
    int64_t if_modified_since;                 /**< seconds since 1970 */
    gust_cookie_jar *jar; /**< cookies are taken from it, unless `headers` has a
                                  Cookie, and put into it; NULL: none */

    const struct gust_tls_options *tls; /**< whom to trust, what to show; NULL: the defaults of a
                                           client, which checks the server. With a .context it is
                                           worked out once only, and its certificate is
                                           shown to whom a redirect leads to */
    bool no_verify;                     /**< takes any certificate: for tests. Not with `tls` */
    const char *ca_file;                /**< whose word is trusted about servers. Not with `tls` */
    const char *client_cert, *client_key; /**< PEM files. Not with `tls` */

    const char *unix_socket; /**< a path, or "@name": connects there, whatever the URL's host */
    const char *proxy_host;  /**< http:// is asked for by the whole URL, https:// through CONNECT */
    unsigned proxy_port;     /**< 3128 */
    const char *proxy_username, *proxy_password; /**< Basic; sent to the proxy only */
    const char *source_address;                  /**< an address of this machine to connect from */
    int family;                                  /**< AF_INET or AF_INET6; 0: both */

    int64_t max_body_size; /**< of the response, decompressed; the client's; -GUST_ETOOBIG */

    /** Called with each line of the final response's head, once that is there: "HTTP/1.1 200 OK",
     * the fields ("Name: value", without a Content-Encoding that is undone), and an empty one; each
     * with its CRLF, and good until the call returns. A negative result ends the fetch. */
    int (*header_callback)(gust_str line, void *arg);
    /** Called with each piece of the final response's body, which is then not kept. As above. */
    int (*streaming_callback)(gust_str piece, void *arg);
    void *arg; /**< of the functions above */
} gust_fetch_options;

/* --- responses --- */

/** Seconds from the beginning of the request; 0 for what was not needed, as the connection of a
 * request that found one. Of the last request where there were redirects. */
typedef struct gust_fetch_times {
    double queue;         /**< its turn came */
    double namelookup;    /**< the name was known */
    double connect;       /**< the connection was there */
    double tls;           /**< TLS was, too */
    double pretransfer;   /**< it began to be sent */
    double starttransfer; /**< the head of the response was there */
    double total;         /**< all was over */
} gust_fetch_times;

struct gust_response {
    int error;                /**< 0, or why there is no (whole) response, see gust_fetch() */
    int status;               /**< 0 without a response */
    const char *reason;       /**< as it was sent; "" without a response */
    const char *url;          /**< where it came from, after redirects; without user and password */
    const char *message;      /**< what is behind `error`, for people; "" without one */
    gust_str body;            /**< with a zero byte behind it; empty while it is streamed */
    const gust_field *fields; /**< of the head, ends with a NULL name; without the Content-Encoding
                                 that was undone */
    size_t n_fields;
    const gust_field *trailers; /**< behind a chunked body, once that was read; as `fields`, but
                                   those that frame, route, authenticate or describe a message are
                                   not taken from there (RFC 9110 6.5.1) */
    size_t n_trailers;
    double start_time;   /**< when the request began, in seconds since 1970 */
    double request_time; /**< how long it took */
    gust_fetch_times times;
    int n_redirects; /**< that were followed */
    bool is_reused;  /**< the connection had been used before */
};

/** Whether there is a whole response, and its status is 200 to 299. */
GUST_API bool gust_response_ok(const gust_response *response);

/** The value of a field, the last where there are several; NULL without one. */
GUST_API const char *gust_response_header(const gust_response *response, const char *name);

/** The value of a field behind a chunked body, the last where there are several; NULL without one,
 * and before the body was read to its end. Many a server sends them only to who says that they are
 * welcome, by the field `TE: trailers`. */
GUST_API const char *gust_response_trailer(const gust_response *response, const char *name);

/** What became of it, for people: "404 Not Found", "Connection refused: 127.0.0.1:80", … Lives as
 * long as the innermost scope, or for ever. **Raises 503.** */
GUST_API const char *gust_response_reason(const gust_response *response);

/** The body as JSON, in the innermost scope; NULL if it is none, or there is no response. **Raises
 * 503.** */
GUST_API struct json_t *gust_response_json(const gust_response *response);

/** Copies the fields of a response to the answer of `r`, but those that concern the connection
 * alone, or describe how the body was sent (RFC 9110 7.6.1: Connection and what it names,
 * Transfer-Encoding, Content-Length, …). The status is not copied. */
GUST_API void gust_copy_headers(gust_request *r, const gust_response *response);

/* --- fetching --- */

/** Asks, and reads the whole answer. `options` may be NULL. Never NULL. **Waits.**
 * response.error: -EINVAL for a URL that is no http or https one, a method, target or field that
 * may not be sent, a body where none can be; -ETIMEDOUT, -ECANCELED; as gust_connect(), with a
 * proxy -ECONNREFUSED when that does not let through; -GUST_ECLOSED when the server closed before
 * the answer was whole, -GUST_EPROTO for what is no HTTP, -GUST_ETOOBIG beyond max_header_size or
 * max_body_size, -ENOMEM; what a callback returned. Follows AsyncHTTPClient.fetch with raise_error
 * false. */
GUST_API const gust_response *gust_fetch(const char *url,
                                         const gust_fetch_options *options) GUST_WAITS;

typedef struct gust_fetch_item {
    const char *url;
    const gust_fetch_options *options;
    const gust_response *response; /**< set by the call; never NULL then */
} gust_fetch_item;

/** Fetches all of them at once, each in a task of its own, and waits for the last. A failure does
 * not end the others. Returns 0, or the error of the first in the list that has one. **Waits.
 * Raises 503.** */
GUST_API int gust_fetch_all(gust_fetch_item items[], size_t n) GUST_WAITS;

/** Asks, and returns once the head is there; the body is read by gust_response_read(). The
 * connection is given back at the body's end, or closed with the innermost scope. **Waits.**
 * response.error as gust_fetch(). */
GUST_API const gust_response *gust_fetch_open(const char *url,
                                              const gust_fetch_options *options) GUST_WAITS;

/** The next piece of the body of a gust_fetch_open(): its length, 0 at the end. **Waits. Lends**
 * `lent` until the next read. **Errors:** as gust_fetch(), and they stay. */
GUST_API int gust_response_read(const gust_response *response,
                                gust_str *lent) GUST_WAITS GUST_CHECK;

/** Takes the connection of a gust_fetch_open() whose answer was 101 (the request had an Upgrade
 * field): what comes behind the head is read from the stream, which is closed with the innermost
 * scope, see gust_stream_keep(). NULL for other answers. */
GUST_API gust_stream *gust_response_stream(const gust_response *response);

/** Fetches in a task of its own; the future's value is the gust_response, which lives as values of
 * futures do. It is never resolved with an error. `url` is copied; what `options` names must live
 * until it is resolved. NULL when memory is short. */
GUST_API gust_future *gust_fetch_future(const char *url, const gust_fetch_options *options);

/** For programs without a loop: fetches on a loop of its own that is closed afterwards, or on this
 * thread's while that does not run. Not to be called in a task. The response lives as long as the
 * GUST_SCOPE that has to be open. Never NULL. Follows HTTPClient.fetch. */
GUST_API const gust_response *gust_fetch_sync(const char *url, const gust_fetch_options *options);

/** Writes a piece of the body, in a body_producer; waits while much of it is unsent, and reads what
 * the server says meanwhile. **Waits. Errors:** -EPIPE once it has answered by an error or a
 * redirect, which are the fetch's answer whatever the producer returns; -GUST_ETOOBIG beyond
 * body_length; what a callback returned; as gust_stream_write(). */
GUST_API int gust_fetch_write(gust_fetch_body *to, const void *bytes,
                              size_t len) GUST_WAITS GUST_CHECK;

/* --- cookies --- */

/** Cookies that servers set, to be sent back to them by the rules of browsers (RFC 6265): for the
 * requests that name the jar in their options. Bounded: 50 cookies of a site, 3000 in all, 4096
 * bytes each. It belongs to one thread. NULL when memory is short. */
GUST_API gust_cookie_jar *gust_cookie_jar_new(void);

/** NULL is allowed; no fetch may use it any more. */
GUST_API void gust_cookie_jar_free(gust_cookie_jar *jar);

/** Forgets all cookies. */
GUST_API void gust_cookie_jar_clear(gust_cookie_jar *jar);

/** How many there are. */
GUST_API int64_t gust_cookie_jar_count(const gust_cookie_jar *jar);

/* --- clients --- */

typedef struct gust_httpclient_options {
    int64_t max_clients;     /**< requests at once; 512; others wait in line */
    int64_t max_per_host;    /**< of these, to one origin; 64; others wait in line */
    int64_t max_idle;        /**< connections kept for later; 128; the oldest is closed */
    double idle_timeout;     /**< how long one is kept; 30 s */
    int64_t max_header_size; /**< of a response's head; 64 KiB; -GUST_ETOOBIG */
    int64_t max_body_size;   /**< of a response, decompressed; 32 MiB; -GUST_ETOOBIG. A body that
                                is kept counts against the task's memory, which is raised by as much
                                as this is more than 32 MiB */
    gust_fetch_options defaults; /**< for what a request leaves out; texts and tables must outlive
                                    the client */
} gust_httpclient_options;

/** A client of this thread's loop, with connections and limits of its own. gust_fetch() and its
 * like use one that each loop makes with the defaults. `options` may be NULL. NULL when memory is
 * short. */
GUST_API gust_httpclient *gust_httpclient_new(const gust_httpclient_options *options);

/** Closes what it keeps. Requests in hand go on; those in line, and later ones, fail with
 * -GUST_ECLOSED. NULL is allowed. */
GUST_API void gust_httpclient_free(gust_httpclient *client);

/** As gust_fetch() and its like, with this client. **Waits.** */
GUST_API const gust_response *gust_httpclient_fetch(gust_httpclient *client, const char *url,
                                                    const gust_fetch_options *options) GUST_WAITS;
GUST_API const gust_response *
gust_httpclient_fetch_open(gust_httpclient *client, const char *url,
                           const gust_fetch_options *options) GUST_WAITS;

#ifdef __cplusplus
}
#endif

#endif
