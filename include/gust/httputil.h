/*
 * gust/httputil.h — the small change of HTTP: start lines
 *
 * Functions over bytes that neither wait nor do I/O; they may be called from any thread. They
 * follow Tornado's httputil.
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

#ifdef __cplusplus
}
#endif

#endif
