/*
 * gust/httputil.h — the small change of HTTP: start lines, escapes, URLs, dates, reasons
 *
 * Functions over bytes that neither wait nor do I/O; they may be called from any thread. They
 * follow Tornado's httputil and escape. What they make lives as long as the innermost scope
 * (arena.h), and has a zero byte behind it.
 */
#ifndef GUST_HTTPUTIL_H
#define GUST_HTTPUTIL_H

#include <gust/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The parts of "GET /path HTTP/1.1". */
typedef struct gust_request_start_line {
    gust_str method;
    gust_str path;    /**< the target as it was sent, with its query */
    gust_str version; /**< "HTTP/1.1" */
} gust_request_start_line;

/** The parts of "HTTP/1.1 404 Not Found". */
typedef struct gust_response_start_line {
    gust_str version; /**< "HTTP/1.1" */
    int code;         /**< 100 to 599 */
    gust_str reason;  /**< may be empty */
} gust_response_start_line;

/**
 * Takes a request line apart: a token, one space, visible ASCII without "#", one space, HTTP/1.x;
 * without a line end (RFC 9112 3; Tornado's parse_request_start_line).
 * Lends the parts until `line` changes; they have no zero byte behind them.
 * Errors: -GUST_ESYNTAX; -GUST_EPROTO when the version is not HTTP/1.x.
 */
GUST_API int gust_parse_request_start_line(gust_str line,
                                           gust_request_start_line *start) GUST_CHECK;

/**
 * Takes a status line apart: HTTP/1.x, one space, three digits, and a space and a reason unless
 * both are left out; without a line end (RFC 9112 4; Tornado's parse_response_start_line). Lends
 * the parts until `line` changes; they have no zero byte behind them. Errors: -GUST_ESYNTAX;
 * -GUST_EPROTO when the version is not HTTP/1.x.
 */
GUST_API int gust_parse_response_start_line(gust_str line,
                                            gust_response_start_line *start) GUST_CHECK;

/* --- escapes --- */

/**
 * Text for HTML and XML: & < > " ' become &amp; &lt; &gt; &quot; &#x27;, so that it is safe as
 * content and in attributes with either quote (Tornado's xhtml_escape). **Raises 503.**
 */
GUST_API const char *gust_xhtml_escape(const char *text);

/**
 * Text for a URL; letters, digits and "-._~" stay. With `plus` a space becomes "+" and "/" is
 * escaped, as a query wants it; without, a space becomes "%20" and "/" stays, as a path wants it
 * (Tornado's url_escape, whose default is plus). **Raises 503.**
 */
GUST_API const char *gust_url_escape(const char *text, bool plus);

/**
 * Undoes gust_url_escape(). What is no escape stays as it is; the result may hold any byte, zero
 * bytes too (Tornado's url_unescape with encoding None). **Raises 503.**
 */
GUST_API gust_str gust_url_unescape(const char *text, bool plus);

/* --- URLs --- */

/** An argument of a URL, not escaped. */
typedef struct gust_url_arg {
    const char *name, *value;
} gust_url_arg;

/**
 * A URL with arguments added to its query, which is decoded and encoded anew; a fragment stays
 * behind it (Tornado's url_concat). The array ends with a NULL name; `args` may be NULL, which
 * gives a plain copy. **Raises 503.**
 *
 *     gust_url_concat("/next?a=b", (gust_url_arg[]){{"c", "d e"}, {0}})  →  "/next?a=b&c=d+e"
 */
GUST_API const char *gust_url_concat(const char *url, const gust_url_arg args[]);

/* --- dates and reasons --- */

/**
 * "Sun, 27 Jan 2013 18:43:20 GMT" of seconds since 1970, cut to whole ones; what lies outside of
 * the years 1970 to 9999 is brought to the nearer end (Tornado's format_timestamp).
 * **Raises 503.**
 */
GUST_API const char *gust_format_timestamp(double seconds);

/** The reason phrase IANA registers for a status code, "Unknown" for others; never NULL. */
GUST_API const char *gust_status_reason(int status);

#ifdef __cplusplus
}
#endif

#endif
