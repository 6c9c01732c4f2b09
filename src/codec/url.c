/*
 * url — URLs taken apart and put together
 */
#include "codec/url.h"
#include "base/str.h"
#include "codec/chars.h"
#include "codec/query.h"

/* --- taking apart --- */

/* The length of a leading scheme, 0 if there is none: ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ),
 * with ":" behind it. */
static size_t scheme_len(gust_str s)
{
    size_t len = 0;

    if (s.len == 0 || gu_lower(s.ptr[0]) < 'a' || gu_lower(s.ptr[0]) > 'z')
        return 0;
    while (len < s.len && (gu_char_is(s.ptr[len], GU_CHAR_ALNUM) || s.ptr[len] == '+' ||
                           s.ptr[len] == '-' || s.ptr[len] == '.'))
        len++;
    return len < s.len && s.ptr[len] == ':' ? len : 0;
}

/* The offset of the first byte of `set`, s.len if there is none. */
static size_t find_any(gust_str s, const char *set)
{
    size_t at = 0;

    while (at < s.len && (s.ptr[at] == '\0' || strchr(set, s.ptr[at]) == NULL))
        at++;
    return at;
}

/* Takes what stands behind the first `c` off the end of *s, with it; .ptr is NULL without one. */
static gust_str cut_behind(gust_str *s, const char *c)
{
    size_t at = find_any(*s, c);
    gust_str behind = {0};

    if (at < s->len)
        behind = gu_str_sub(*s, at + 1, GU_NPOS);
    s->len = at;
    return behind;
}

void gu_url_split(gust_str text, struct gu_url *url)
{
    size_t len = scheme_len(text);

    *url = (struct gu_url){0};
    if (len > 0) {
        url->scheme = gu_str_sub(text, 0, len);
        text = gu_str_sub(text, len + 1, GU_NPOS);
    }
    if (gu_str_eq(gu_str_sub(text, 0, 2), GU_STR("//"))) {
        text = gu_str_sub(text, 2, GU_NPOS);
        url->authority = gu_str_sub(text, 0, find_any(text, "/?#"));
        text = gu_str_sub(text, url->authority.len, GU_NPOS);
    }
    url->fragment = cut_behind(&text, "#");
    url->query = cut_behind(&text, "?");
    url->path = text;
}

static bool parse_port(gust_str digits, int *port)
{
    uint64_t value;

    if (!gu_str_to_u64(digits, &value) || value > 65535)
        return false;
    *port = (int)value;
    return true;
}

/* The length of the host at the front, with its brackets; 0 if they do not match. */
static size_t host_len(gust_str s)
{
    size_t end;

    if (s.len == 0 || s.ptr[0] != '[')
        return find_any(s, ":[]");
    end = find_any(s, "]");
    return end == s.len ? 0 : end + 1;
}

int gu_authority_split(gust_str text, struct gu_authority *authority)
{
    struct gu_authority a = {.port = -1};
    gust_str rest = text;
    size_t at = rest.len;

    while (at > 0 && rest.ptr[at - 1] != '@')
        at--;
    if (at > 0) {
        a.user_info = gu_str_sub(rest, 0, at - 1);
        rest = gu_str_sub(rest, at, GU_NPOS);
    }
    a.host = gu_str_sub(rest, 0, host_len(rest));
    rest = gu_str_sub(rest, a.host.len, GU_NPOS);
    if (rest.len > 0 && (rest.ptr[0] != ':' || !parse_port(gu_str_sub(rest, 1, GU_NPOS), &a.port)))
        return -GUST_ESYNTAX;
    if (a.host.len > 0 && a.host.ptr[0] == '[')
        a.host = gu_str_sub(a.host, 1, a.host.len - 2);
    if (a.host.len == 0)
        return -GUST_ESYNTAX;
    *authority = a;
    return 0;
}

/* --- putting together --- */

gust_str gu_url_concat(struct gust_arena *arena, gust_str text, const struct gu_pairs *args)
{
    gust_str result = {0};
    struct gu_pairs old;
    struct gu_url url;
    struct gu_buf b;

    if (args == NULL)
        return gu_arena_copy(arena, text.ptr, text.len);
    gu_url_split(text, &url);
    if (gu_query_parse(arena, url.query, SIZE_MAX, &old) < 0)
        return result;
    gu_buf_init(&b, arena, SIZE_MAX);
    gu_buf_put(&b, text.ptr, (size_t)(url.path.ptr - text.ptr) + url.path.len);
    gu_query_put(&b, &old, '?');
    gu_query_put(&b, args, old.len > 0 ? '&' : '?');
    if (url.fragment.len > 0)
        gu_buf_putc(&b, '#');
    gu_buf_put_str(&b, url.fragment);
    return gu_buf_finish(&b, &result) < 0 ? (gust_str){0} : result;
}
