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
#include "base/log.h"
#include "codec/pairs.h"
#include "codec/xsrf.h"
#include "http/http_impl.h"
#include "web/path.h"
#include <gust/app.h>
#include <gust/request.h>
#include <gust/response.h>

/* --- applications --- */

/* A route's handler with everything inherited in place. */
struct gu_handler {
    const char *name;
    bool is_straight; /* nothing is to be done before or after its verb */
    bool has_setup;   /* state, limits: something is to be done before it runs */
    unsigned methods; /* bit 1 << enum gu_method for each that is allowed */
    gu_time timeout;  /* GU_FOREVER: none */
    gust_handler_fn *verbs[GU_N_METHODS]; /* what runs for each; NULL: it is refused */
    gust_handler fns;                     /* base, clear_flags: used up */
};

/* The first and the last bytes of a path, see route.c. */
struct gu_path_ends {
    uint64_t first, last;
};

/* One route, nested ones flattened, in the order of the tables. */
struct gu_rule {
    gust_str path;            /* literal or pattern, with what the tables around it put in front */
    struct gu_path_ends ends; /* of a literal one */
    const struct gu_rule *next_literal; /* with the same hash */
    struct gu_pattern *pattern;         /* NULL: literal */
    const struct gu_host *host;         /* NULL: any */
    gust_str prefix;                    /* what all that the pattern matches begins with */
    uint32_t n_groups;
    struct gu_handler handler;
    const gust_delegate *delegate;
    void *data;
    const char *name;
    struct gu_reverse reverse; /* with a name */
};

struct gu_router; /* route.c */

struct gust_app {
    gust_app_options options;
    struct gu_router *router;
    void *data;
    unsigned first_flags;         /* of each request */
    gust_secret one_secret[2];    /* cookie_secret as a list */
    const gust_secret *secrets;   /* of signed cookies; NULL: none */
    struct gu_lifetime *lifetime; /* tasks and beats that belong to the application */
    struct gust_loader *loader;   /* of its templates; NULL until the first is rendered */
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
    GU_R_NOTED = 256,      /* on_finish was called */
    GU_R_GONE = 512,       /* the client left before the response was complete */
    GU_R_LOGGED = 1024,
    GU_R_END_ASKED = 2048, /* detached, and somebody called gust_finish() */
    GU_R_NEW_COOKIES = 4096,
    GU_R_INVALID = 8192,  /* gust_invalid() was called */
    GU_R_NO_ETAG = 16384, /* the application wants none */
    GU_R_HOOKED = 32768,  /* the application has set_default_headers or log_request */
    GU_R_XSRF = 65536     /* the application has xsrf_cookies */
};

/* Nothing can be added. */
#define GU_R_ENDED (GU_R_FINISHED | GU_R_END_ASKED)

/* What the straight way to the end does not deal with; see gu_response_end_special(). */
#define GU_R_SPECIAL \
    (GU_R_ETAG_SET | GU_R_FLUSHED | GU_R_LENGTH_SET | GU_R_DETACHED | GU_R_GONE | GU_R_NEW_COOKIES)

/* What leaves out, or puts in, what a response has by default. */
#define GU_R_NOT_PLAIN (GU_R_SERVER_SET | GU_R_DATE_SET | GU_R_ETAG_SET | GU_R_NO_ETAG)

/* A field of the response that is not one of the default ones. */
struct gu_out_field {
    struct gu_out_field *next;
    gust_str name, value;
};

/* What was read out of a request, most of it by the accessors of request.h when it was asked for.
 */
struct gu_input {
    gust_str *path_args; /* n_groups of the rule; .ptr NULL: took no part */
    struct gu_pairs query, form, cookies;
    bool has_cookies; /* they are parsed */
    struct json_t *json;
    const char *remote_ip, *protocol;
    char *piece;                        /* of gust_body_read() */
    struct gu_who *who;                 /* NULL: nobody asked */
    struct gu_session *session;         /* NULL: not asked for */
    struct gu_body_decoder *decoder;    /* NULL: the body is read as it comes */
    struct gu_form_reader *form_reader; /* NULL: nobody takes it apart */
    struct gu_uploads *uploads;         /* NULL: it was no multipart form */
    unsigned n_renderings;              /* templates under way, each called by the one before */
};

/* Who is asking, and what shows that it is from a page of ours. */
struct gu_who {
    void *user;
    bool has_user;    /* it is known who, or that it is nobody */
    bool has_xsrf;    /* so is the token */
    bool is_xsrf_new; /* it did not come with the request */
    struct gu_xsrf xsrf;
    const char *xsrf_text; /* of gust_xsrf_token(); NULL: not asked for yet */
};

struct gust_request {
    gust_exchange *x;
    gust_app *app;
    int status;
    unsigned n_elsewhere;             /* other tasks that wait in gust_flush() */
    gust_str content_type;            /* .ptr NULL: cleared */
    struct gu_out_field **last_field; /* where the next of `fields` is to hang */
    struct gu_buf body;               /* of the response */
    gust_str request_body;
    /* Not beside what it is tested with: a load of both waits until both stores have left. */
    unsigned flags;
    int err; /* latched by writing */

    /* zero when it begins */
    const struct gu_rule *rule; /* NULL: none matched */
    const struct gu_handler *handler;
    const char *reason; /* NULL: the registered one */
    struct gu_out_field *fields;
    struct gu_out_field *new_cookies;
    void *state;
    struct gu_input *input;       /* NULL: nothing was read yet */
    struct gu_problems *problems; /* NULL: none */
    struct gu_wait *detached;     /* its task, parked after gust_detach() */
    const gust_error *failure;    /* that its task is to answer with */

    int64_t content_length; /* with GU_R_LENGTH_SET */
};

extern const gust_delegate gu_web_delegate;

/* r->input, made on the first call; NULL when memory is short. */
struct gu_input *gu_request_input(gust_request *r);

/* Lets go what a request holds beside its memory; in x->release of those that hold something. */
void gu_request_release(gust_exchange *x);

/* Aborts with a message unless the request's task may raise now; `what` is the call that may.
 * Called first by everything that raises. */
void gu_request_check_raise(const gust_request *r, const char *what);

/* All values of a field with the separator between them; .ptr is NULL without one. */
gust_str gu_request_joined(const gust_request *r, enum gu_field_id id, const char *separator);

/* --- handler.c --- */

/* Works out what a handler inherits. NULL, or what is wrong with it. */
const char *gu_handler_init(struct gu_handler *handler, const gust_handler *given);

/* The server shuts down: cancels the request if its handler asked for that. */
void gu_request_drain(gust_exchange *x);

/* --- route.c --- */

/* NULL, and a line in the log, when a route is wrong. */
struct gu_router *gu_router_new(const gust_route *routes, const char *default_host);
void gu_router_free(struct gu_router *router);

/* Sets r->rule to the first rule that matches, if one does, and what its groups took. 0, or the
 * status to answer by: 400 when a group is not UTF-8, 500 when a pattern gave up, 503. */
int gu_router_find(const struct gu_router *router, gust_request *r);

/* A rule by its name; NULL without one. */
const struct gu_rule *gu_router_named(const struct gu_router *router, const char *name);

/* --- path_args.c --- */

struct gu_matcher;

/* Keeps what the groups of the last match took, decoded. Returns as gu_router_find(). */
int gu_path_args_take(gust_request *r, const struct gu_matcher *matcher);

/* --- arguments.c --- */

/* Read the query, and the body if it is a form; both return 0 or the status to answer by. Neither
 * is called without something to read. */
int gu_arguments_read_query(gust_request *r);
int gu_arguments_read_form(gust_request *r);

/* As Tornado does: control characters become blanks, and blanks at both ends go. The text is our
 * own copy. */
gust_str gu_argument_clean(gust_str value);

/* Whether a text may be handed out as a C string of UTF-8. */
bool gu_text_is_sound(gust_str text);

/* --- body.c --- */

/* Reads the whole body, or pushes it to the handler, as that asks; 0 or a negative error. */
int gu_body_receive(gust_request *r);

/* --- body_decode.c --- */

static inline bool gu_body_is_decoded(const gust_request *r)
{
    return r->input != NULL && r->input->decoder != NULL;
}

/* Makes ready to decode the body, if it is coded and the application asked for that. Before its
 * first byte is read. 0 or -ENOMEM. */
int gu_body_begin(gust_request *r);

/* As gust_exchange_read(), decoded where gu_body_begin() says so. Waits. */
int gu_body_take(gust_request *r, char *to, size_t size);

/* Whether nothing more comes. */
bool gu_body_is_over(const gust_request *r);

/* NULL is allowed. */
void gu_body_decoder_free(struct gu_body_decoder *d);

/* --- upload.c, form_reader.c --- */

/* Reads the body as a multipart form; 0, a negative error, or what gust_fail() returns. */
int gu_form_receive(gust_request *r);

const struct gust_upload_options *gu_upload_options(const gust_request *r);

/* --- response.c --- */

static inline void gu_response_latch(gust_request *r, int err)
{
    if (r->err == 0)
        r->err = err;
}

/* Whether status and fields can still change; latches -GUST_ELATE once they have left. */
bool gu_response_may_set_head(gust_request *r);

/* Whether more can be written; latches -GUST_ECLOSED if the client is gone. */
bool gu_response_may_write(gust_request *r);

/* The type of the body, while it can still be set; `type` is a constant. */
void gu_response_set_type(gust_request *r, gust_str type);

/* Sets a field whose parts are known to be good, of which `name` is a constant and `value` lies in
 * the request's memory. */
void gu_response_put_field(gust_request *r, gust_str name, gust_str value);

void gu_response_remove_field(gust_request *r, gust_str name);

/* No fields but the default ones, no body, the status 200. What was latched stays so. */
void gu_response_clear(gust_request *r);

/* Runs set_default_headers(), if there is one. */
void gu_response_defaults(gust_request *r);

/* The lines of the head's fields, in the request's memory. False when that is short. */
bool gu_response_lines(gust_request *r, gust_str *lines);

/* Drops what describes a body (RFC 9110 15.3.5, 15.4.5). */
void gu_response_no_body(gust_request *r);

/* Sends head and body in one. */
void gu_response_send(gust_request *r, gust_str body);

/* The same where there may be cookies; these are the lines of gu_response_cookies(). */
void gu_response_send_any(gust_request *r, gust_str cookies, gust_str body);

/* --- response_stream.c --- */

/* The fields that frame a message are not the handler's to write: notes what it wants of them.
 * True if the field is one. */
bool gu_response_set_framing(gust_request *r, gust_str name, gust_str value);
void gu_response_clear_framing(gust_request *r, gust_str name);

/* The end of a response with something special about it. */
int gu_response_end_special(gust_request *r);

/* The end of a response that nobody waits for. */
int gu_response_end_gone(gust_request *r);

/* --- cookie.c --- */

/* The Set-Cookie lines of the cookies that were set, "" without any, in the request's memory. False
 * when that is short. */
bool gu_response_cookies(gust_request *r, gust_str *lines);

/* Seconds since 1970, for what clients keep. */
int64_t gu_wall_clock(void);

/* As gust_set_cookie(), for days that are worked out already; 0: no date is sent. */
void gu_cookie_put(gust_request *r, const char *name, const char *value,
                   const gust_cookie_options *options, double days);

/* All cookies that came; no pairs without one, or when there are too many. */
const struct gu_pairs *gu_request_cookies(gust_request *r);

/* --- render.c --- */

struct gu_report;

/* Renders a template of the application's into the innermost scope. 0, or what *report tells. */
int gu_render_page(gust_request *r, const char *name, const gust_kv *vars, gust_str *page,
                   struct gu_report *report);

/* --- template_names.c --- */

/* What templates know of a request. */
bool gu_template_name(void *request, gust_str name, gust_value *value);

/* --- signed.c --- */

/* The application's secrets; NULL, and a line in the log for `what`, if it has none. */
const gust_secret *gu_request_secrets(const gust_request *r, const char *what);

/* --- session.c --- */

/* Saves a session that has changed, before the head leaves. 0 or a negative error. Waits. */
int gu_session_save(gust_request *r);

/* That for requests without one. */
static inline int gu_session_settle(gust_request *r)
{
    return r->input != NULL && r->input->session != NULL ? gu_session_save(r) : 0;
}

/* --- user.c --- */

/* Made on the first call; NULL when memory is short. */
struct gu_who *gu_request_who(gust_request *r);

/* Whether a user is known by now. */
bool gu_request_has_user(const gust_request *r);

/* What GUST_AUTHENTICATED asks for: 0, or what the handler is to return. Waits. */
int gu_request_authenticate(gust_request *r);

/* --- xsrf.c --- */

/* Whether the request has to show a token. */
bool gu_xsrf_is_due(const gust_request *r);

/* Whether the token may still come with the body. */
bool gu_xsrf_may_follow(const gust_request *r);

/* 0, or what the handler is to return. */
int gu_xsrf_check(gust_request *r);

/* --- life.c --- */

static inline gust_log_level gu_access_level(int status)
{
    if (gu_likely(status < 400))
        return GUST_LOG_INFO;
    return status < 500 ? GUST_LOG_WARNING : GUST_LOG_ERROR;
}

/* Whether anybody may take note of a request's end: on_finish, or a log. */
static inline bool gu_request_is_noted(const gust_request *r)
{
    return (r->flags & GU_R_HOOKED) != 0 || r->handler == NULL || !r->handler->is_straight ||
           gu_log_is_on(GU_LOG_ACCESS, gu_access_level(r->status));
}

/* Whether the call comes from a callback or another task, after gust_detach(). */
bool gu_request_is_elsewhere(const gust_request *r);

/* Has the parked task end the request, with an error page if `failure` is not NULL. */
void gu_request_ask_end(gust_request *r, const gust_error *failure);

/* Around what waits while it uses the request, which does not end before the last such call. */
bool gu_request_enter(gust_request *r);
void gu_request_leave(gust_request *r, bool is_elsewhere);

/* From the end of the handler to the end of the request: the rest of the response, on_finish, the
 * log. Does what is left of it when it is called again after a raise. */
void gu_request_end_rest(gust_request *r);
static inline void gu_request_end(gust_request *r)
{
    if (gu_likely((r->flags & (GU_R_DETACHED | GU_R_FINISHED)) == 0))
        gust_ignore(gust_finish(r));
    if (gu_unlikely((r->flags & GU_R_FINISHED) == 0) || gu_request_is_noted(r))
        gu_request_end_rest(r);
}

/* The client left; or will send no more. */
void gu_request_gone(gust_exchange *x);
void gu_request_half_closed(gust_exchange *x);

/* --- access.c --- */

/* The line of the access log. */
void gu_access_log(gust_request *r);

/* Text for logs and JSON: what is not UTF-8 becomes U+FFFD. Its .ptr is NULL when memory is short.
 */
gust_str gu_clean_text(struct gust_arena *arena, gust_str text);

/* --- error_page.c --- */

/* Writes the page of an error, HTML or problem+json; `message` is public, or NULL. */
void gu_error_page(gust_request *r, int status, const char *message);

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
