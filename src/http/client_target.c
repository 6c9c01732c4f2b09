/*
 * client — where a request goes
 *
 * Nothing that could end a line, or make two targets of one, leaves in a target: control characters
 * are refused, blanks and bytes beyond ASCII escaped. A host is a name or an address and nothing
 * else.
 */
#include "base/str.h"
#include "codec/chars.h"
#include "codec/percent.h"
#include "codec/text.h"
#include "codec/url.h"
#include "http/client_impl.h"

/* --- the parts --- */

static bool is_plain(char c)
{
    return (unsigned char)c > ' ' && (unsigned char)c < 0x7f;
}

static bool has_control(gust_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
            return true;
    return false;
}

static char *put_escaped(char *to, gust_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (is_plain(s.ptr[i])) {
            *to++ = s.ptr[i];
            continue;
        }
        *to++ = '%';
        *to++ = "0123456789ABCDEF"[c >> 4];
        *to++ = "0123456789ABCDEF"[c & 15];
    }
    return to;
}

/* "/path?query", as it is sent. */
static gust_str make_path(struct gust_arena *arena, const struct gu_url *url)
{
    char *text = gu_text_alloc(arena, 3 * (url->path.len + url->query.len) + 2), *end = text;

    if (text == NULL)
        return (gust_str){0};
    if (url->path.len == 0 || url->path.ptr[0] != '/')
        *end++ = '/';
    end = put_escaped(end, url->path);
    if (url->query.ptr != NULL) {
        *end++ = '?';
        end = put_escaped(end, url->query);
    }
    *end = '\0';
    return gu_str(text, (size_t)(end - text));
}

static bool is_host(gust_str host)
{
    bool is_v6 = memchr(host.ptr, ':', host.len) != NULL;

    for (size_t i = 0; i < host.len; i++)
        if (!gu_char_is(host.ptr[i], GU_CHAR_URL) && !(is_v6 && strchr(":%", host.ptr[i]) != NULL))
            return false;
    return true;
}

static const char *lower(struct gust_arena *arena, gust_str s)
{
    char *text = gu_text_alloc(arena, s.len);

    for (size_t i = 0; text != NULL && i < s.len; i++)
        text[i] = gu_lower(s.ptr[i]);
    return text;
}

/* "user:password" in front of the host. */
static int take_user(struct gust_arena *arena, gust_str info, struct gu_target *t)
{
    gust_str rest = info, user;

    if (info.ptr == NULL)
        return 0;
    gust_ignore(gu_str_split(&rest, ':', &user));
    t->user = gu_percent_unescape(arena, user, GU_PERCENT_PATH);
    t->password = gu_percent_unescape(arena, rest.ptr == NULL ? GU_STR("") : rest, GU_PERCENT_PATH);
    return t->user.ptr == NULL || t->password.ptr == NULL ? -ENOMEM : 0;
}

static int take_authority(struct gust_arena *arena, const struct gu_authority *a,
                          struct gu_target *t)
{
    bool is_default = a->port < 0 || a->port == (t->is_tls ? 443 : 80);
    struct gu_buf b;
    bool is_v6;

    t->port = a->port < 0 ? (t->is_tls ? 443 : 80) : (unsigned)a->port;
    t->host = lower(arena, a->host);
    if (t->host == NULL)
        return -ENOMEM;
    is_v6 = strchr(t->host, ':') != NULL;
    gu_buf_init(&b, arena, SIZE_MAX);
    gu_buf_puts(&b, is_v6 ? "[" : "");
    gu_buf_puts(&b, t->host);
    gu_buf_puts(&b, is_v6 ? "]" : "");
    if (!is_default) {
        gu_buf_putc(&b, ':');
        gu_buf_u64(&b, t->port);
    }
    return gu_buf_finish(&b, &t->authority);
}

/* --- the whole --- */

static int finish_url(struct gust_arena *arena, struct gu_target *t)
{
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX);
    gu_buf_puts(&b, t->is_tls ? "https://" : "http://");
    gu_buf_put_str(&b, t->authority);
    gu_buf_put_str(&b, t->path);
    return gu_buf_finish(&b, &t->url);
}

int gu_target_parse(struct gust_arena *arena, gust_str text, struct gu_target *target)
{
    struct gu_authority a;
    struct gu_target t = {0};
    struct gu_url url;
    int err;

    gu_url_split(text, &url);
    t.is_tls = gu_str_ieq(url.scheme, GU_STR("https"));
    if (has_control(text) || (!t.is_tls && !gu_str_ieq(url.scheme, GU_STR("http"))))
        return -EINVAL;
    if (url.authority.ptr == NULL || gu_authority_split(url.authority, &a) < 0 || a.port == 0 ||
        !is_host(a.host))
        return -EINVAL;
    t.path = make_path(arena, &url);
    if (t.path.ptr == NULL)
        return -ENOMEM;
    err = take_user(arena, a.user_info, &t);
    if (err == 0)
        err = take_authority(arena, &a, &t);
    if (err == 0)
        err = finish_url(arena, &t);
    if (err == 0)
        *target = t;
    return err;
}

const char *gu_target_fault(gust_str text)
{
    struct gu_url url;
    struct gu_authority a;

    gu_url_split(text, &url);
    if (url.authority.ptr != NULL && gu_authority_split(url.authority, &a) == 0)
        for (size_t i = 0; i < a.host.len; i++)
            if ((unsigned char)a.host.ptr[i] >= 0x80)
                return "the host is not ASCII: its IDNA form (xn--…) is needed";
    return "no http or https URL";
}

bool gu_target_is_same_origin(const struct gu_target *a, const struct gu_target *b)
{
    return a->is_tls == b->is_tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* --- relative to another --- */

/* Takes "." and ".." out of the path at `text` (RFC 3986 5.2.4), in place; returns its end. */
static char *remove_dots(char *text, const char *end)
{
    char *to = text;

    for (const char *at = text; at < end;) {
        const char *next = memchr(at + 1, '/', (size_t)(end - at) - 1);
        size_t len = (size_t)((next == NULL ? end : next) - at);
        bool is_up = len == 3 && at[1] == '.' && at[2] == '.';

        if (is_up || (len == 2 && at[1] == '.')) {
            while (is_up && to > text && *--to != '/')
                ;
            if (next == NULL)
                *to++ = '/';
        } else {
            memmove(to, at, len);
            to += len;
        }
        at += len;
    }
    return to;
}

/* The path and query that a reference without scheme and authority leads to; room for both texts
 * and two more bytes is at `to`. */
static char *join_path(char *to, gust_str base, const struct gu_url *ref)
{
    const char *query = memchr(base.ptr, '?', base.len);
    gust_str base_path = gu_str(base.ptr, query == NULL ? base.len : (size_t)(query - base.ptr));
    char *start = to;

    if (ref->path.len == 0) {
        to = gu_text_put(to, ref->query.ptr != NULL ? base_path : base);
    } else {
        if (ref->path.ptr[0] != '/') {
            while (base_path.len > 0 && base_path.ptr[base_path.len - 1] != '/')
                base_path.len--;
            to = gu_text_put(to, base_path);
        }
        to = gu_text_put(to, ref->path);
        to = remove_dots(start, to);
    }
    if (ref->query.ptr != NULL) {
        *to++ = '?';
        to = gu_text_put(to, ref->query);
    }
    return to;
}

int gu_target_join(struct gust_arena *arena, const struct gu_target *base, gust_str location,
                   struct gu_target *target)
{
    struct gu_url ref;
    char *text, *end;

    gu_url_split(location, &ref);
    if (ref.scheme.ptr != NULL)
        return gu_target_parse(arena, location, target);
    text = gu_text_alloc(arena, base->url.len + location.len + 16);
    if (text == NULL)
        return -ENOMEM;
    end = gu_text_put(text, base->is_tls ? GU_STR("https:") : GU_STR("http:"));
    if (ref.authority.ptr != NULL) {
        end = gu_text_put(end, location);
    } else {
        end = gu_text_put(end, GU_STR("//"));
        end = gu_text_put(end, base->authority);
        end = join_path(end, base->path, &ref);
    }
    return gu_target_parse(arena, gu_str(text, (size_t)(end - text)), target);
}
