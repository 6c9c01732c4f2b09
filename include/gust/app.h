/*
 * gust/app.h — the application: routes, handlers, options, main()
 *
 * An application is a table of routes and a few options. gust_app_main() does all the rest: options
 * of the command line, listening, workers, signals, draining. The longer way is
 * gust_app_new(), gust_httpserver_new(), gust_httpserver_listen(), gust_loop_start().
 *
 * A handler's functions run in the request's task: they may wait, and what they are given lives as
 * long as the request. They return 0, what gust_fail() and its like return, or a negative error,
 * which is answered: -ETIMEDOUT by 504, -ECANCELED and -ENOMEM by 503, -GUST_ETOOBIG by 413,
 * anything else by 500 and a line in the log. Calls belong to the thread of the application's loop.
 * Follows tornado.web.Application and RequestHandler.
 */
#ifndef GUST_APP_H
#define GUST_APP_H

#include <gust/error.h>
#include <gust/loop.h>
#include <gust/options.h>
#include <gust/server.h>
#include <gust/signed.h>
#include <gust/template.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A request and its response: what handlers are given. See request.h and response.h. */
typedef struct gust_request gust_request;

typedef int gust_handler_fn(gust_request *r);

/* What a handler asks for; in gust_handler.flags. */
enum {
    GUST_STREAM_BODY = 1,     /**< the verb runs at the head, and pulls the body (gust_body_read) */
    GUST_CANCEL_ON_CLOSE = 2, /**< the client's leaving cancels the task */
    GUST_CANCEL_ON_DRAIN = 4, /**< so does the server's shutting down; answered by 503 */
    GUST_AUTHENTICATED = 8,   /**< for users only: others go to login_url, or get 403 */
    GUST_NO_XSRF = 16,        /**< takes requests without a token, though the others ask for one */
};

/**
 * A class of handlers. An unset method is 405 with Allow; HEAD runs `get` and sends no body;
 * OPTIONS answers 204 with Allow. What is unset is taken from `base`, flags are `flags` and the
 * base's less `clear_flags`. In order: prepare, whether there is a user (GUST_AUTHENTICATED), the
 * body, the verb, on_finish. A token (xsrf_cookies) is looked at before prepare, unless it may
 * stand in a form: then behind the body.
 */
typedef struct gust_handler {
    const struct gust_handler *base;
    const char *name;  /**< for logs; NULL: the route's path */
    size_t state_size; /**< of gust_state(), zeroed for each request */
    unsigned flags, clear_flags;
    int64_t max_body_size; /**< bytes; 0: the server's. Raises the task's memory limit as well */
    double timeout;        /**< seconds for the whole request; 0: none. Answered by 504 */
    /** Sets what every response begins with: before prepare, and again after gust_clear() and for
     * an error page. It must not wait. NULL: the application's. */
    void (*set_default_headers)(gust_request *r);
    gust_handler_fn *prepare, *get, *head, *post, *put, *patch, *del, *options;
    gust_handler_fn *any; /**< for every method that has no function of its own */
    /** Push: pieces of the body, lent; the verb runs after the last. It may wait. */
    int (*data_received)(gust_request *r, gust_str data);
    /** Who is asking, for gust_current_user(): called when that is asked for first, and not again.
     * NULL: nobody. It may wait. */
    void *(*get_current_user)(gust_request *r);
    /** After the response, once, whoever left first. Of what was refused before prepare as well,
     * with a zeroed state (NULL if memory was too short for it). */
    void (*on_finish)(gust_request *r);
    /** The client left before the response was complete. On the loop's stack: it must not wait. */
    void (*on_close)(gust_request *r);
    /** The error page; writes to the response. */
    void (*write_error)(gust_request *r, const gust_error *error);
    /** What all templates of this handler know, behind the variables of the call; in the request's
     * memory, or longer. NULL: nothing. */
    const gust_kv *(*get_template_namespace)(gust_request *r);
} gust_handler;

/**
 * A route; a table ends with an empty one. The first that matches wins. A path is literal, or a
 * regular expression (PCRE2) if it holds any of ( [ . * + ? | \ ^ $; it always matches the whole
 * path. Groups become gust_path_arg() and gust_path_named(). Exactly one of handler, get or post,
 * routes and delegate is set.
 */
typedef struct gust_route {
    const char *path;
    const char *host; /**< a regular expression over the host's name; NULL: any */
    const gust_handler *handler;
    gust_handler_fn *get, *post; /**< instead of a handler */
    const char *name;            /**< for gust_reverse_url() */
    const void *data;            /**< for gust_route_data(); that of the table around, if NULL */
    const struct gust_route *routes; /**< nested: `path` is what theirs begin with */
    const gust_delegate *delegate;   /**< requests go there, past the framework */
} gust_route;

/* How error pages look. */
enum {
    GUST_ERRORS_AUTO, /**< by the request's Accept: HTML, or problem+json (RFC 9457) */
    GUST_ERRORS_HTML,
    GUST_ERRORS_JSON,
};

struct gust_cookie_options;  /* response.h */
struct gust_session_options; /* session.h */
struct gust_upload_options;  /* upload.h */

/** All members but routes are optional. Times are seconds, sizes bytes. */
typedef struct gust_app_options {
    const gust_route *routes;
    void *data;               /**< gust_data() */
    const char *default_host; /**< the host that routes with `host` see for any other; NULL: none */
    int max_arguments;        /**< of a query, and of a form; 1000; 400 */
    int max_workers;          /**< --workers above it is an error; 0: 1; GUST_NEVER: any number */
    double drain_timeout;     /**< for requests in hand at SIGTERM; 30 */
    /** Per worker, in a task, before it listens; a negative result ends the worker. */
    int (*on_start)(gust_app *app);
    /** Per worker, in a task, after the last request. */
    void (*on_stop)(gust_app *app);
    void (*set_default_headers)(gust_request *r); /**< where the handler has none */
    void (*write_error)(gust_request *r, const gust_error *error);
    /** Replaces the access log's line; on the request's task, after on_finish. */
    void (*log_request)(gust_request *r);
    const char *cookie_secret;         /**< of signed cookies; or, to change it now and then: */
    const gust_secret *cookie_secrets; /**< the first signs, all are accepted */
    void *(*get_current_user)(gust_request *r); /**< where the handler has none */
    const char *login_url;   /**< where GUST_AUTHENTICATED sends who is nobody; NULL: 403 */
    bool xsrf_cookies;       /**< POST and all that changes something needs gust_xsrf_token() */
    int xsrf_cookie_version; /**< 2, masked; or 1 */
    const char *xsrf_cookie_name;                  /**< NULL: "_xsrf" */
    const struct gust_cookie_options *xsrf_cookie; /**< its attributes */
    const struct gust_session_options *sessions;   /**< NULL: in a cookie, for 14 days */
    const struct gust_upload_options *uploads;     /**< limits of multipart forms */
    bool decompress_request; /**< bodies in gzip and deflate are decoded, within their limit */
    unsigned errors;         /**< GUST_ERRORS_… */
    bool no_etag;            /**< no ETag is computed */
    bool no_server_header;
    bool debug;                 /**< messages of 5xx errors are shown to the client */
    const gust_option *options; /**< of the program's own, beside those of gust_app_main() */
    const char *environment;    /**< what its variables begin with, "APP_"; NULL: none is read */
    const char *version;        /**< for --version; NULL: Gust's */
    /** Where templates are: a directory, or a table that the program carries. With `debug` a
     * directory's are compiled anew each time. */
    const char *template_path;
    const gust_template_file *templates;
    gust_loader_options template_options; /**< .names: known to every template */
    /** What {% module %} calls: functions, whose text is not escaped. Ends with a NULL key. */
    const gust_kv *ui_modules;
    gust_httpserver_options server;
} gust_app_options;

/** An application; options and routes are read now, the tables must outlive it. NULL when memory is
 * short or a route is wrong, which the log tells. */
GUST_API gust_app *gust_app_new(const gust_app_options *options);

/** Frees; its servers must be gone. NULL is allowed. */
GUST_API void gust_app_free(gust_app *app);

/** All of main(): --port, --address, --workers, --log-level, … and .options, on the command line,
 * in the file that --config names, in the environment (--help lists them); listens, runs, drains at
 * SIGTERM and SIGINT. Strings and lists that options were given live until it returns. Returns the
 * exit code.
 *
 * The process is its own: it ignores SIGPIPE, takes as many descriptors as the hard limit allows,
 * and has glibc's heap keep up to 8 MiB of what was freed and put blocks of up to 4 MiB there,
 * because a body of a megabyte is else taken from the system for each request anew. What the
 * environment says of the heap (MALLOC_…_, GLIBC_TUNABLES) stands. */
GUST_API int gust_app_main(const gust_app_options *options, int argc, char **argv);

/** The life of an application whose program does without gust_app_main(): runs .on_start, lets what
 * `server` was bound to listen (gust_httpserver_bind(); or it listens already), serves until
 * gust_app_stop(), drains, runs .on_stop, joins the application's tasks. Signals are the program's
 * (gust_loop_add_signal). Uses this thread's loop. Returns the exit code: 0, or 1 when it could not
 * start, or something was cut at drain_timeout. */
GUST_API int gust_app_run(gust_app *app, gust_httpserver *server);

/** Begins to shut down, as SIGTERM does; nothing happens when that has begun. */
GUST_API void gust_app_stop(gust_app *app);

/** The application's own pointer. */
GUST_API void *gust_app_data(const gust_app *app);
GUST_API void gust_app_set_data(gust_app *app, void *data);

/** Starts fn(arg) in a task that belongs to the application: it outlives requests, and is cancelled
 * after the last of them when the application stops. **Errors:** -ENOMEM. */
GUST_API int gust_app_go(gust_app *app, void (*fn)(void *arg), void *arg);

/** Calls fn(arg) every `seconds`, each beat in a fresh task; a beat that is still running is
 * skipped. NULL when memory is short. The handle lives as long as the application. */
typedef struct gust_beat gust_beat;
GUST_API gust_beat *gust_app_every(gust_app *app, double seconds, void (*fn)(void *arg), void *arg);

/** No beat begins after this; one that runs goes on. NULL is allowed. */
GUST_API void gust_beat_stop(gust_beat *beat);

/** The number of connections that are open to it, on this thread's loop. */
GUST_API size_t gust_app_n_connections(const gust_app *app);

/** Whether it is shutting down. */
GUST_API bool gust_app_is_draining(const gust_app *app);

#ifdef __cplusplus
}
#endif

#endif
