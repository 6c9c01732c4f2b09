/*
 * status — status codes and their reason phrases
 */
#include "codec/status.h"
#include "codec/chars.h"
#include <gust/httputil.h>

static const char *const reasons[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [418] = "I'm a Teapot", /* registered as unused; Python's table has it */
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [510] = "Not Extended",
    [511] = "Network Authentication Required",
};

const char *gu_status_reason(int status)
{
    if (status < 0 || (size_t)status >= gu_countof(reasons) || reasons[status] == NULL)
        return "Unknown";
    return reasons[status];
}

const char *gust_status_reason(int status)
{
    return gu_status_reason(status);
}

bool gu_reason_ok(gust_str reason)
{
    return reason.len > 0 && gu_chars_are(reason.ptr, reason.len, GU_CHAR_TEXT) &&
           memchr(reason.ptr, '<', reason.len) == NULL;
}

int gu_status_of_error(int err)
{
    switch (-err) {
    case ETIMEDOUT:
        return 504;
    case ECANCELED:
    case ENOMEM:
    case GUST_EFULL:
        return 503;
    case GUST_ETOOBIG:
        return 413;
    case GUST_ESLOW:
        return 408;
    case GUST_EPROTO:
        return 400;
    default:
        return 500;
    }
}
