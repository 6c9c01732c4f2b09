/*
 * web — applications and requests, from inside
 *
 * A gust_request lies beside its exchange in the arena of the request's task. What it keeps (the
 * body that is being written, headers, arguments) is in the exchange's arena, which no GUST_SCOPE
 * ends. What most requests do not need hangs behind a pointer that stays NULL.
 */
#ifndef GU_WEB_IMPL_H
#define GU_WEB_IMPL_H

#include "base/buf.h"
#include "http/http_impl.h"
#include <gust/app.h>
#include <gust/request.h>
#include <gust/response.h>

/* --- applications --- */

/* A route's handler with everything inherited in place. */
struct gu_handler {
    gust_handler fns; /* base, clear_flags: used up */
    unsigned methods; /* bit 1 << enum gu_method for each that has a function */
};

/* One route, nested ones flattened, in the order of the tables. */
struct gu_rule {
    gust_str path;              /* literal or pattern, as written */
    struct gu_pattern *pattern; /* NULL: literal */
    struct gu_pattern *host;    /* NULL: any */
    struct gu_handler handler;
    const gust_delegate *delegate;
    const char *name;
    void *data;
    uint32_t next_literal; /* index + 1 of the next literal rule with the same hash */
};

struct gu_router; /* route.c */

struct gust_app {
    gust_app_options options;
    struct gu_router *router;
    void *data;
    gust_str server_line;         /* "Server: Gust/0.1.0\r\n", or empty */
    struct gu_lifetime *lifetime; /* tasks and beats that belong to the application */
    bool is_draining;
};

/* --- requests --- */

enum {
    GU_R_SERVER_SET = 1, /* a default field was replaced or cleared */
    GU_R_DATE_SET = 2,
    GU_R_ETAG_SET = 4,
    GU_R_FLUSHED = 8,   /* the head has left */
    GU_R_FINISHED = 16, /* nothing more may be written */
    GU_R_DETACHED = 32,
    GU_R_ANSWERING_ERROR = 64,
    GU_R_LENGTH_SET = 128, /* the handler said what the Content-Length will be */
    GU_R_NOTED = 256       /* on_finish was called */
};

/* A field of the response that is not one of the default ones. */
struct gu_out_field {
    struct gu_out_field *next;
    gust_str name, value;
};

/* What the accessors of request.h made, see arguments.c and the rest. */
struct gu_arguments;
struct gu_cookies;
struct gu_problems;

struct gust_request {
    gust_exchange *x;
    gust_app *app;
    const struct gu_rule *rule; /* NULL: none matched */
    const struct gu_handler *handler;
    unsigned flags;
    int err; /* latched by writing */
    int status;
    const char *reason;    /* NULL: the registered one */
    gust_str content_type; /* .ptr NULL: cleared */
    struct gu_out_field *fields, **last_field;
    struct gu_buf body;     /* of the response */
    int64_t content_length; /* with GU_R_LENGTH_SET */
    gust_str request_body;
    void *state;

    gust_str *path_args; /* decoded; .ptr NULL: took no part */
    unsigned n_path_args;
    struct gu_arguments *arguments;
    struct gu_cookies *cookies;
    struct gu_problems *problems;
    char *piece; /* of gust_body_read() */
    struct gu_wait *detached;
};

extern const gust_delegate gu_web_delegate;

/* --- route.c --- */

/* NULL, and a line in the log, when a route is wrong. */
struct gu_router *gu_router_new(const gust_route *routes);
void gu_router_free(struct gu_router *router);

/* The first rule that matches; its groups go to r->path_args. NULL: none. *err is negative when a
 * group does not decode (400) or memory is short. */
const struct gu_rule *gu_router_find(const struct gu_router *router, gust_request *r, int *err);

/* --- response.c --- */

/* Sends the response, if the handler has not. */
void gu_response_end(gust_request *r);

/* --- error.c --- */

/* What is wrong with a request's fields, in the order of noting: the answer of a 422. */
struct gu_problem {
    struct gu_problem *next;
    gust_str field, message;
};

struct gu_problems {
    struct gu_problem *first, **last;
};

/* Notes that a field is wrong; copies both texts. Latches -ENOMEM. */
void gu_problem_add(gust_request *r, gust_str field, gust_str message);

/* Answers with an error page. `message` may be NULL. */
void gu_response_error(gust_request *r, const gust_error *error);

/* The Allow field's value, in the request's memory. */
const char *gu_allow(gust_request *r, const struct gu_handler *handler);

#endif
