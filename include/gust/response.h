/*
 * gust/response.h — what a handler answers
 *
 * Writing never fails and never waits: it latches, and the error is seen once, at gust_flush() or
 * at the end. Until the first gust_flush() or gust_send() nothing has left, so status and headers
 * can change and failing is still possible. After it, failing cuts the connection: a truncated
 * answer never looks whole. A response that the handler did not finish is finished when it returns.
 * All calls belong to the request's task, and to callbacks after gust_detach(). Follows
 * tornado.web.RequestHandler.
 */
#ifndef GUST_RESPONSE_H
#define GUST_RESPONSE_H

#include <gust/app.h>
#include <gust/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- the head --- */

/** Status, 200 to 599, with its registered reason; any other latches -EINVAL. A reason that may not
 * stand in a status line, or holds "<", becomes "Unknown". */
GUST_API void gust_set_status(gust_request *r, int status);
GUST_API void gust_set_reason(gust_request *r, int status, const char *reason);
GUST_API int gust_get_status(const gust_request *r);

/** Sets a field, replacing all of its name; adds one beside them; removes all. A name that is no
 * token and a value with a control character latch -EINVAL: they never leave. So do the fields that
 * frame the message, but for "Connection: close" and a Content-Length: a body of another length
 * then cuts the connection. A value that is NULL is empty. */
GUST_API void gust_set_header_str(gust_request *r, gust_str name, gust_str value);
GUST_API void gust_add_header_str(gust_request *r, gust_str name, gust_str value);
GUST_API inline void gust_set_header(gust_request *r, const char *name, const char *value)
{
    gust_set_header_str(r, gust_str_from(name), gust_str_from(value));
}
GUST_API inline void gust_add_header(gust_request *r, const char *name, const char *value)
{
    gust_add_header_str(r, gust_str_from(name), gust_str_from(value));
}
GUST_API void gust_clear_header(gust_request *r, const char *name);

typedef struct gust_cookie_options {
    const char *domain;
    const char *path;      /**< NULL: "/" */
    const char *same_site; /**< "Lax", "Strict" or "None" */
    double expires_days;   /**< from now; 0: with the browser's session */
    int64_t max_age;       /**< seconds; 0: not sent */
    bool http_only, secure;
} gust_cookie_options;

/** Sets a cookie; a name, value or attribute that may not stand in one latches -EINVAL. */
GUST_API void gust_set_cookie(gust_request *r, const char *name, const char *value,
                              const gust_cookie_options *options);
GUST_API void gust_clear_cookie(gust_request *r, const char *name,
                                const gust_cookie_options *options);

/** As gust_clear_cookie(), of every cookie that came with the request. */
GUST_API void gust_clear_all_cookies(gust_request *r, const gust_cookie_options *options);

/** Sets a cookie that the client can read, but not change, see signed.h; it lasts 30 days unless
 * `options` say otherwise, and with expires_days below 0 as long as the browser's session. Latches
 * -EINVAL in an application without a cookie_secret. */
GUST_API void gust_set_signed_cookie(gust_request *r, const char *name, const char *value,
                                     const gust_cookie_options *options);

/* --- the body --- */

/** Adds to the body, which is kept until it is flushed and counts against the task's memory; a
 * copy is made. What goes wrong is latched: short memory, a finished response, a client that left.
 */
GUST_API void gust_write(gust_request *r, const void *data, size_t len);
GUST_API inline void gust_puts(gust_request *r, const char *text)
{
    gust_write(r, text, gust_str_from(text).len);
}
GUST_API void gust_printf(gust_request *r, const char *format, ...) GUST_PRINTF(2, 3);

/** As gust_printf(), and the type becomes text/plain. */
GUST_API void gust_text(gust_request *r, const char *format, ...) GUST_PRINTF(2, 3);

/** As gust_printf(), the type becomes text/html, and what %s prints is escaped. The format itself
 * is trusted; %s and %c take no precision or width here, and "*", %n, %m, wide and long double
 * conversions are refused: they latch -EINVAL. */
GUST_API void gust_html(gust_request *r, const char *format, ...) GUST_PRINTF(2, 3);

/** Begins anew: no headers but the default ones, no body, status 200. Cookies stay. */
GUST_API void gust_clear(gust_request *r);

/** Ends the response with a JSON object. 0, or a negative error. */
GUST_API int gust_json(gust_request *r, const gust_kv *vars);
GUST_API int gust_json_value(gust_request *r, gust_value value);

/** Ends the response with a template of the application's, filled in; `vars` may be NULL. What a
 * template raises, a limit, and a template that is not there are answered by 500, and the log tells
 * file and line. 0, or a negative error to be returned. **Waits** where a function waits that the
 * template calls. */
GUST_API int gust_render(gust_request *r, const char *name, const gust_kv *vars) GUST_WAITS;

/** The same as a text, in the innermost scope. **Waits** as gust_render(). **Raises 500, 503.** */
GUST_API const char *gust_render_string(gust_request *r, const char *name,
                                        const gust_kv *vars) GUST_WAITS;

/** Ends the response with a redirection: 302, or the status that was set if it is one. `url` is
 * sent as it is. */
GUST_API int gust_redirect(gust_request *r, const char *url);

/** Ends the response. 0, or the error that was latched. */
GUST_API int gust_finish(gust_request *r);

/* --- streaming --- */

/** Sends what was written so far, the head first, and waits until most of it was taken.
 * **Waits.** **Errors:** what was latched, -GUST_ECLOSED, -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_flush(gust_request *r) GUST_WAITS GUST_CHECK;

/** Writes and flushes without a copy where the kernel takes it. **Waits.** Errors as
 * gust_flush(). */
GUST_API int gust_send(gust_request *r, const void *data, size_t len) GUST_WAITS GUST_CHECK;

/* --- failing --- */

/** Answers with an error page, and returns what the handler is to return. A 4xx message is shown to
 * the client, a 5xx message goes to the log. After the head has left it cuts the connection. */
GUST_API int gust_fail(gust_request *r, int status, const char *format, ...) GUST_PRINTF(3, 4);

/** Answers with the error page of a status. */
GUST_API int gust_send_error(gust_request *r, int status);

/** As gust_fail(), but unwinds the task instead of returning; see task.h. **Raises.** */
GUST_API GUST_NORETURN void gust_raise(gust_request *r, int status, const char *format, ...)
    GUST_PRINTF(3, 4);

/** Writes the page that is shown where there is no write_error: what one calls for the errors that
 * it has no page of its own for. */
GUST_API void gust_write_error(gust_request *r, const gust_error *error);

/* --- elsewhere --- */

/** The URL of a named route, with an argument for each group, percent-encoded; args end with NULL.
 * It lives in the innermost scope. **Raises 500** when there is no such route or the number of
 * arguments is wrong. */
GUST_API const char *gust_reverse_url(gust_request *r, const char *name, ...)
    __attribute__((sentinel));

/** Keeps the request open after the handler has returned: a later callback or task ends it by
 * gust_finish(), or anything that answers. Until then the request's task waits, and `r` is good; it
 * also ends with the handler's timeout, and when the client leaves, which on_close tells: after
 * that `r` must not be used. Returns what the handler is to return. */
GUST_API int gust_detach(gust_request *r);

#ifdef __cplusplus
}
#endif

#endif
