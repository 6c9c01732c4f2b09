/*
 * start_line — a start line alone, for programs that have one without its head
 *
 * The rules are the head parser's, but for the forms of targets: these need the method's meaning.
 */
#include "codec/head_impl.h"
#include <gust/httputil.h>

#define VERSION_LEN 8u

static size_t span(gust_str s, size_t from, unsigned classes)
{
    while (from < s.len && gu_byte_is(s.ptr[from], classes))
        from++;
    return from;
}

/* "HTTP/1.x" (RFC 9112 2.3). */
static int check_version(gust_str s)
{
    if (s.len != VERSION_LEN || memcmp(s.ptr, "HTTP/", 5) != 0 ||
        !gu_byte_is(s.ptr[5], GU_BYTE_DIGIT) || s.ptr[6] != '.' ||
        !gu_byte_is(s.ptr[7], GU_BYTE_DIGIT))
        return -GUST_ESYNTAX;
    return s.ptr[5] == '1' ? 0 : -GUST_EPROTO;
}

int gust_parse_request_start_line(gust_str line, gust_request_start_line *start)
{
    size_t method = span(line, 0, GU_BYTE_TOKEN), target;
    gust_str version;
    int r;

    if (method == 0 || method == line.len || line.ptr[method] != ' ')
        return -GUST_ESYNTAX;
    target = span(line, method + 1, GU_BYTE_TARGET);
    if (target == method + 1 || target == line.len || line.ptr[target] != ' ')
        return -GUST_ESYNTAX;
    version = gu_str_sub(line, target + 1, line.len);
    r = check_version(version);
    if (r < 0)
        return r;
    start->method = gu_str_sub(line, 0, method);
    start->path = gu_str_sub(line, method + 1, target - method - 1);
    start->version = version;
    return 0;
}

int gust_parse_response_start_line(gust_str line, gust_response_start_line *start)
{
    gust_str code = gu_str_sub(line, VERSION_LEN + 1, 3);
    gust_str rest = gu_str_sub(line, VERSION_LEN + 4, line.len);
    int r = check_version(gu_str_sub(line, 0, VERSION_LEN));

    if (r < 0)
        return r;
    if (code.len < 3 || line.ptr[VERSION_LEN] != ' ' || code.ptr[0] < '1' || code.ptr[0] > '5' ||
        span(code, 0, GU_BYTE_DIGIT) < 3)
        return -GUST_ESYNTAX;
    if (rest.len > 0 && (rest.ptr[0] != ' ' || span(rest, 0, GU_BYTE_VALUE) < rest.len))
        return -GUST_ESYNTAX;
    start->version = gu_str_sub(line, 0, VERSION_LEN);
    start->code = (code.ptr[0] - '0') * 100 + (code.ptr[1] - '0') * 10 + (code.ptr[2] - '0');
    start->reason = gu_str_sub(rest, 1, rest.len);
    return 0;
}
