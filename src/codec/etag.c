/*
 * etag — entity tags and If-None-Match
 */
#include "codec/etag.h"
#include "base/str.h"

/* The tag without its mark of weakness. */
static gust_str opaque(gust_str etag)
{
    return etag.len > 2 && etag.ptr[0] == 'W' && etag.ptr[1] == '/' ? gu_str_sub(etag, 2, GU_NPOS)
                                                                    : etag;
}

/* Takes the next "*" or quoted tag off the front, without its mark of weakness. */
static bool next_tag(gust_str *rest, gust_str *tag)
{
    size_t at = 0, end;

    while (at < rest->len && rest->ptr[at] != '*' && rest->ptr[at] != '"')
        at++;
    if (at == rest->len)
        return false;
    end = rest->ptr[at] == '*' ? at : gu_str_find(*rest, GU_STR("\""), at + 1);
    if (end == GU_NPOS)
        return false;
    *tag = gu_str_sub(*rest, at, end + 1 - at);
    *rest = gu_str_sub(*rest, end + 1, GU_NPOS);
    return true;
}

bool gu_etag_matches(gust_str if_none_match, gust_str etag)
{
    gust_str want = opaque(etag), tag;
    bool first = true;

    if (etag.len == 0)
        return false;
    for (; next_tag(&if_none_match, &tag); first = false)
        if (gu_str_eq(tag, want) || (first && gu_str_eq(tag, GU_STR("*"))))
            return true;
    return false;
}
