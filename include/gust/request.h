/*
 * gust/request.h — what a request says
 *
 * Every text lives as long as the request and ends in a zero byte. Arguments are UTF-8 without NUL:
 * anything else is answered by 400 before the handler sees it. All calls belong to the request's
 * task; those that raise have a returning form beside them.
 */
#ifndef GUST_REQUEST_H
#define GUST_REQUEST_H

#include <gust/app.h>
#include <gust/signed.h>
#include <gust/tls.h>

struct json_t;

#ifdef __cplusplus
extern "C" {
#endif

/* --- where it belongs --- */

GUST_API gust_app *gust_request_app(const gust_request *r);
GUST_API void *gust_data(const gust_request *r);       /**< gust_app_options.data */
GUST_API void *gust_route_data(const gust_request *r); /**< gust_route.data, const if that is */
GUST_API void *gust_state(const gust_request *r);      /**< state_size bytes of this request */

/* --- the head --- */

GUST_API const char *gust_method(const gust_request *r);
GUST_API const char *gust_uri(const gust_request *r);          /**< the target as it was sent */
GUST_API const char *gust_path(const gust_request *r);         /**< undecoded, without the query */
GUST_API const char *gust_query(const gust_request *r);        /**< undecoded; "" without one */
GUST_API const char *gust_http_version(const gust_request *r); /**< "HTTP/1.1" */
GUST_API const char *gust_host(const gust_request *r);         /**< with the port, if it was sent */
GUST_API const char *gust_protocol(const gust_request *r);     /**< "http" or "https" */
GUST_API const char *gust_remote_ip(const gust_request *r);    /**< "0.0.0.0" of a Unix socket */
GUST_API const char *gust_full_url(const gust_request *r);

/** The client's certificate; NULL if it showed none (gust_tls_options.verify), or the client is
 * gone or came without TLS. Follows HTTPServerRequest.get_ssl_certificate. */
GUST_API const gust_certificate *gust_get_ssl_certificate(const gust_request *r);

GUST_API double gust_request_time(const gust_request *r); /**< seconds since its head was read */

/** The value of a field, the last where there are several; NULL without one. */
GUST_API const char *gust_get_header(const gust_request *r, const char *name);

/** The i-th value of a field; NULL when there are not as many. */
GUST_API const char *gust_get_headers(const gust_request *r, const char *name, size_t i);

/** The i-th field of the head, whatever its name, in the order in which they came. False when there
 * are not as many; `field` is then untouched. Its texts live as long as the request. Follows
 * HTTPHeaders.get_all. */
GUST_API bool gust_get_field(const gust_request *r, size_t i, gust_field *field);

/** A cookie's value; NULL without one, and for one that is not UTF-8. */
GUST_API const char *gust_get_cookie(gust_request *r, const char *name);

/** The value of a cookie that gust_set_signed_cookie() set, or a Tornado application with the same
 * secret; NULL without one, and for one that is forged, too old or not UTF-8. `options` may be
 * NULL. */
GUST_API const char *gust_get_signed_cookie(gust_request *r, const char *name,
                                            const gust_signed_options *options);

/** Which of the secrets signed it, as gust_get_signature_key_version(). **Errors:** -ENOENT without
 * such a cookie, -EBADMSG for one that does not say. */
GUST_API int gust_get_signed_cookie_key_version(gust_request *r, const char *name);

/* --- who is asking --- */

/** What get_current_user said, of the handler or else of the application; NULL: nobody. It is asked
 * once. **Waits** if that does. */
GUST_API void *gust_current_user(gust_request *r) GUST_WAITS;

/** Says who is asking, in prepare or after a login; NULL: nobody. */
GUST_API void gust_set_current_user(gust_request *r, void *user);

/** Where to go after a login: the argument "next" if it names a place on this site, else
 * `fallback`. What GUST_AUTHENTICATED adds to login_url comes back here. */
GUST_API const char *gust_safe_next(const gust_request *r, const char *fallback);

/** A text for the field `_xsrf` of a form, or the header field X-Xsrftoken of a script's request,
 * which shows that the request comes from this site's own pages: other sites can have a browser
 * send its cookies, but not read them. Another one for each request. Sets a cookie if there is none
 * yet, for 30 days where there is known to be a user. Latches what goes wrong, and returns "". */
GUST_API const char *gust_xsrf_token(gust_request *r);

/** The same as a hidden field of a form. */
GUST_API const char *gust_xsrf_form_html(gust_request *r);

/* --- the path --- */

/** The i-th group of the route's path, percent-decoded; NULL when it took no part in the match. */
GUST_API const char *gust_path_arg(const gust_request *r, size_t i);

/** A group by its name, (?<name>…). */
GUST_API const char *gust_path_named(const gust_request *r, const char *name);

/** The i-th group as a number. **Raises 404** when it is none, or does not fit. */
GUST_API int64_t gust_path_int(gust_request *r, size_t i);

/** The returning form: false where that raises. */
GUST_API bool gust_find_path_int(const gust_request *r, size_t i, int64_t *value) GUST_CHECK;

/* --- arguments: of the query, and of a form: urlencoded, or multipart (upload.h) --- */

/** The last value of an argument, the body's before the query's, without blanks around it;
 * `fallback`, which may be NULL, when there is none. */
GUST_API const char *gust_get_argument(const gust_request *r, const char *name,
                                       const char *fallback);
GUST_API const char *gust_get_query_argument(const gust_request *r, const char *name,
                                             const char *fallback);
GUST_API const char *gust_get_body_argument(const gust_request *r, const char *name,
                                            const char *fallback);

/** As gust_get_argument(), NULL when it is missing. */
GUST_API const char *gust_find_argument(const gust_request *r, const char *name);

/** As gust_get_argument(). **Raises 400** when it is missing. */
GUST_API const char *gust_need_argument(gust_request *r, const char *name);

/** The i-th value of an argument, of the query first; NULL when there are not as many. */
GUST_API const char *gust_get_arguments(const gust_request *r, const char *name, size_t i);

/** An argument as a number. **Raises 400** when it is none, or out of range. */
GUST_API int64_t gust_get_int(gust_request *r, const char *name, int64_t fallback, int64_t min,
                              int64_t max);

/** The returning form: 0, 1 when it is missing, **Errors:** -EINVAL, -ERANGE. */
GUST_API int gust_find_int(const gust_request *r, const char *name, int64_t min, int64_t max,
                           int64_t *value) GUST_CHECK;

/* --- validation: collect what is wrong, answer it at once --- */

/** Notes that a field is wrong. */
GUST_API void gust_invalid(gust_request *r, const char *field, const char *format, ...)
    GUST_PRINTF(3, 4);

/** What was noted first of a field, for the form that is shown again; NULL if nothing was. */
GUST_API const char *gust_find_invalid(const gust_request *r, const char *field);

/** Whether nothing was noted. */
GUST_API bool gust_is_valid(const gust_request *r);

/** **Raises 422** with all that was noted, if anything was. */
GUST_API void gust_check_valid(gust_request *r);

/** The returning form: answers 422 and returns what the handler is to return; 0 when valid. */
GUST_API int gust_fail_invalid(gust_request *r) GUST_CHECK;

/* --- the body --- */

/** The whole body; empty in a handler with GUST_STREAM_BODY, and of a multipart form. */
GUST_API gust_str gust_body(const gust_request *r);

/** The next piece of the body, in a handler with GUST_STREAM_BODY: its length, 0 at the end.
 * **Waits. Lends** it until the next call. **Errors:** -GUST_ECLOSED, -GUST_ETOOBIG, -GUST_EPROTO,
 * -GUST_ESLOW, -ETIMEDOUT, -ECANCELED. */
GUST_API int gust_body_read(gust_request *r, gust_str *lent) GUST_WAITS GUST_CHECK;

/** Raises or lowers what this request's body may have, before it is read: in prepare. */
GUST_API void gust_set_max_body_size(gust_request *r, int64_t size);

/** The body as JSON (jansson), owned by the request. **Raises 400** when it is not JSON. */
GUST_API struct json_t *gust_get_json(gust_request *r);

/** The returning form. NULL, and *error tells why. */
GUST_API struct json_t *gust_find_json(gust_request *r, gust_error *error);

/* --- other protocols --- */

/** Takes the connection away from HTTP, see gust_exchange_stream(): the handler writes its own
 * "HTTP/1.1 101 Switching Protocols", and speaks the other protocol until it returns. What was
 * written with gust_write() and not flushed is dropped. The log has 101. NULL when the client is
 * gone, the response is finished, or memory is short. **Waits.** */
GUST_API gust_stream *gust_request_stream(gust_request *r) GUST_WAITS GUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
