/*
 * head_rules — what the fields, targets and versions of a head mean
 *
 * Called for a few lines of a head, and in no vector version. Each rule says what is wrong in words
 * for the log, or NULL. Where the RFCs leave a choice, it is the strict one:
 *
 * - A target holds visible ASCII without "#". Browsers percent-encode the rest; bytes from 0x80 on
 *   have no meaning there that two programs would agree on.
 * - An empty Host is right only where the target has no authority (RFC 9112 3.2), and that is no
 *   http or https target: it passes beside absolute-form, which overrides it, and nowhere else.
 * - A host is a name, an IPv4 address or a bracketed IPv6 address, with at most a port: no user
 *   information, no comma (two Hosts joined by a proxy), no IPvFuture, no zone.
 * - A Content-Length beyond 2^63 - 1 is malformed rather than too long: it would be negative to
 *   somebody.
 */
#include "codec/head_impl.h"
#include <arpa/inet.h>

/* --- lines ------------------------------------------------------------------------------------ */

enum gu_head_result gu_head_stop(struct gu_head_work *w, const char *line, unsigned n_fields)
{
    if (memchr(line, '\n', (size_t)(w->end - line)) != NULL)
        return w->bad;
    *w->resume = (struct gu_head_resume){
        .at = (uint32_t)(line - w->buf),
        .seen = (uint32_t)(w->end - line),
        .n_fields = (uint16_t)n_fields,
    };
    return GU_HEAD_MORE;
}

const char *gu_head_name_error(const char *line, const char *at)
{
    if (*at == ' ' || *at == '\t')
        return at == line ? "a folded field line" : "a space in a field's name or before its colon";
    if (*at == '\r' || *at == '\n')
        return "a field line without a colon";
    if (*at != ':')
        return "a field's name has a byte that cannot be there";
    return at == line ? "a field without a name" : "a field's name is too long";
}

const char *gu_head_value_error(const char *at)
{
    if (*at == '\r')
        return "a CR without an LF";
    return *at == '\n' ? "an LF without a CR" : "a control character in a field's value";
}

/* --- the start line --------------------------------------------------------------------------- */

enum gu_method gu_head_method(const char *name, size_t len)
{
    static const struct {
        gust_str name;
        enum gu_method method;
    } methods[] = {
        {GU_STR_INIT("GET"), GU_METHOD_GET},         {GU_STR_INIT("POST"), GU_METHOD_POST},
        {GU_STR_INIT("HEAD"), GU_METHOD_HEAD},       {GU_STR_INIT("PUT"), GU_METHOD_PUT},
        {GU_STR_INIT("PATCH"), GU_METHOD_PATCH},     {GU_STR_INIT("DELETE"), GU_METHOD_DELETE},
        {GU_STR_INIT("OPTIONS"), GU_METHOD_OPTIONS}, {GU_STR_INIT("CONNECT"), GU_METHOD_CONNECT},
        {GU_STR_INIT("TRACE"), GU_METHOD_TRACE},
    };

    for (size_t i = 0; i < gu_countof(methods); i++)
        if (gu_str_eq(methods[i].name, gu_str(name, len)))
            return methods[i].method;
    return GU_METHOD_OTHER;
}

const char *gu_head_take_version(struct gu_head_work *w, const char *at)
{
    static const char malformed[] = "the HTTP version is malformed";
    const char *tail = w->is_response ? " " : "\r\n";
    size_t tail_len = w->is_response ? 1 : 2;

    if ((size_t)(w->end - at) < 8 + tail_len || memcmp(at, "HTTP/", 5) != 0 ||
        !gu_byte_is(at[5], GU_BYTE_DIGIT) || at[6] != '.' || !gu_byte_is(at[7], GU_BYTE_DIGIT) ||
        memcmp(at + 8, tail, tail_len) != 0)
        return gu_head_bad(w, malformed);
    if (at[5] != '1') {
        w->error = "the HTTP version is not 1.x";
        w->bad = GU_HEAD_VERSION;
        return NULL;
    }
    w->head->minor = at[7] != '0';
    w->is_plain = false;
    return at + 8 + tail_len;
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* Not inlined: its array would cost every host a guarded frame. */
static gu_noinline bool is_ipv6(const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* The length of a bracketed address, or of a name (RFC 3986 3.2.2); GU_NPOS when it is neither.
 * What stands behind a host in a head (blank, CR, slash, question mark) is of no name, so that a
 * name's bytes need not be counted. */
static size_t host_name_len(gust_str s)
{
    size_t i = 0;

    if (s.len > 0 && s.ptr[0] == '[') {
        const char *close = memchr(s.ptr, ']', s.len);

        if (close == NULL || !is_ipv6(s.ptr + 1, (size_t)(close - s.ptr) - 1))
            return GU_NPOS;
        return (size_t)(close - s.ptr) + 1;
    }
    for (;;) {
        while (gu_byte_is(s.ptr[i], GU_BYTE_REGNAME))
            i++;
        if (i == s.len || s.ptr[i] != '%')
            return i;
        if (s.len - i < 3 || !gu_byte_is(s.ptr[i + 1], GU_BYTE_HEX) ||
            !gu_byte_is(s.ptr[i + 2], GU_BYTE_HEX))
            return GU_NPOS;
        i += 3;
    }
}

/* host [":" port] with a host; *has_port says whether a port is there. */
static bool is_authority(gust_str s, bool *has_port)
{
    size_t len = host_name_len(s);

    if (len == GU_NPOS || len == 0)
        return false;
    *has_port = s.len - len > 1;
    return len == s.len || (s.ptr[len] == ':' && gu_head_is_port(s.ptr + len + 1, s.len - len - 1));
}

/* --- targets ---------------------------------------------------------------------------------- */

static bool starts_with_nocase(gust_str s, gust_str lower)
{
    return s.len >= lower.len && gu_str_ieq(gu_str_sub(s, 0, lower.len), lower);
}

/* "http://host[:port]" is taken off the front of the path (RFC 9112 3.2.2). */
static const char *take_absolute(struct gu_head *h, gust_str path)
{
    size_t scheme = starts_with_nocase(path, GU_STR("https://")) ? 8 : 7, len = 0;
    gust_str rest = gu_str_sub(path, scheme, path.len);
    bool has_port;

    while (len < rest.len && rest.ptr[len] != '/')
        len++;
    if (!is_authority(gu_str(rest.ptr, len), &has_port))
        return "the target's authority is malformed";
    h->flags |= GU_HEAD_ABSOLUTE;
    h->host_at = h->path_at + (uint32_t)scheme;
    h->host_len = (uint32_t)len;
    h->path_at = h->host_at + h->host_len;
    h->path_len -= (uint32_t)(scheme + len);
    return NULL;
}

/* "host:port" (RFC 9112 3.2.3). */
static const char *take_authority(struct gu_head *h, gust_str target)
{
    bool has_port;

    if (!is_authority(target, &has_port) || !has_port)
        return "the target of CONNECT is not host:port";
    h->host_at = h->target_at;
    h->host_len = h->target_len;
    h->path_len = 0;
    return NULL;
}

const char *gu_head_take_target(struct gu_head_work *w)
{
    struct gu_head *h = w->head;
    gust_str target = gu_str(w->buf + h->target_at, h->target_len);
    gust_str path = gu_str(w->buf + h->path_at, h->path_len);

    w->is_plain = false;
    if (h->method == GU_METHOD_CONNECT)
        return take_authority(h, target);
    if (starts_with_nocase(path, GU_STR("http://")) || starts_with_nocase(path, GU_STR("https://")))
        return take_absolute(h, path);
    if (h->method != GU_METHOD_OPTIONS || !gu_str_eq(target, GU_STR("*")))
        return "the target is not a path, and not of a form that its method may have";
    h->flags |= GU_HEAD_ASTERISK;
    return NULL;
}

/* --- fields ----------------------------------------------------------------------------------- */

const char *gu_head_take_host(gust_str value)
{
    bool has_port;

    return value.len == 0 || is_authority(value, &has_port) ? NULL : "the Host is malformed";
}

/* Whether a value, or a part of one, is a word of 4 to 24 bytes, whatever its case. */
static bool is_word(gust_str s, gust_str lower)
{
    return s.len == lower.len && gu_head_word_is(s.ptr, s.len, lower.ptr);
}

static void take_option(struct gu_head_work *w, gust_str option)
{
    if (is_word(option, GU_STR("keep-alive")))
        w->has_keep_alive = true;
    else if (is_word(option, GU_STR("close")))
        w->has_close = true;
    else if (is_word(option, GU_STR("upgrade")))
        w->head->flags |= GU_HEAD_UPGRADE;
}

/* A list of options (RFC 9110 7.6.1); those that we do not know are somebody else's. */
static void take_connection(struct gu_head_work *w, gust_str value)
{
    gust_str rest = value, option;

    if (value.len == 0 || memchr(value.ptr, ',', value.len) == NULL)
        take_option(w, value);
    else
        while (gu_str_split(&rest, ',', &option))
            take_option(w, gu_str_trim(option, " \t"));
}

static const char *take_one_length(struct gu_head_work *w, gust_str text)
{
    struct gu_head *h = w->head;
    uint64_t length;

    if (!gu_str_to_u64(text, &length) || length > INT64_MAX)
        return "the Content-Length is malformed";
    if ((h->flags & GU_HEAD_HAS_LENGTH) != 0 && h->content_length != length)
        w->lengths_differ = true;
    h->flags |= GU_HEAD_HAS_LENGTH;
    h->content_length = length;
    return NULL;
}

/* A response's may be a list of equal ones, which is what merging has made of repeated ones
 * (RFC 9110 8.6); whether they are is asked at the end, as for repeated fields. */
static const char *take_length(struct gu_head_work *w, gust_str value)
{
    gust_str rest = value, text;
    const char *error = NULL;

    if (!w->is_response)
        return take_one_length(w, value);
    while (error == NULL && gu_str_split(&rest, ',', &text))
        error = take_one_length(w, gu_str_trim(text, " \t"));
    return error;
}

static const char *take_coding(struct gu_head_work *w, gust_str value)
{
    if (!is_word(value, GU_STR("chunked")))
        return "the Transfer-Encoding is not \"chunked\"";
    w->head->flags |= GU_HEAD_CHUNKED;
    return NULL;
}

const char *gu_head_take_field(struct gu_head_work *w, unsigned id, gust_str value)
{
    switch (id) {
    case GU_FIELD_HOST:
        return gu_head_take_host(value);
    case GU_FIELD_CONNECTION:
        take_connection(w, value);
        break;
    case GU_FIELD_CONTENT_LENGTH:
        return take_length(w, value);
    case GU_FIELD_TRANSFER_ENCODING:
        return take_coding(w, value);
    case GU_FIELD_EXPECT:
        if (is_word(value, GU_STR("100-continue")))
            w->head->flags |= GU_HEAD_EXPECT_CONTINUE;
        break;
    }
    return NULL;
}

/* --- the whole -------------------------------------------------------------------------------- */

static const char *check_framing(const struct gu_head_work *w)
{
    const struct gu_head *h = w->head;

    if ((w->repeated & 1u << GU_FIELD_TRANSFER_ENCODING) != 0)
        return "more than one Transfer-Encoding";
    if ((h->flags & GU_HEAD_CHUNKED) == 0)
        return w->lengths_differ ? "two Content-Lengths that differ" : NULL;
    if (h->minor == 0)
        return "a Transfer-Encoding in HTTP/1.0";
    return (h->flags & GU_HEAD_HAS_LENGTH) != 0 ? "Content-Length beside Transfer-Encoding" : NULL;
}

static const char *check_request(struct gu_head_work *w)
{
    struct gu_head *h = w->head;
    unsigned host = h->first[GU_FIELD_HOST];

    if ((w->repeated & 1u << GU_FIELD_HOST) != 0)
        return "more than one Host";
    if ((w->repeated & 1u << GU_FIELD_CONTENT_LENGTH) != 0)
        return "more than one Content-Length";
    if (host == 0)
        return h->minor > 0 ? "no Host" : NULL;
    if (h->host_len > 0)
        return NULL;
    h->host_at = h->fields[host - 1].value;
    h->host_len = h->fields[host - 1].value_len;
    return h->host_len == 0 ? "an empty Host" : NULL;
}

/* What has no body says of none (RFC 9110 8.6, RFC 9112 6.1). */
static const char *check_response(const struct gu_head_work *w)
{
    const struct gu_head *h = w->head;

    if (h->status >= 200 && h->status != 204)
        return NULL;
    if ((h->flags & GU_HEAD_CHUNKED) != 0)
        return "a Transfer-Encoding where no body can be";
    if ((h->flags & GU_HEAD_HAS_LENGTH) != 0 && (h->status < 200 || h->content_length > 0))
        return "a Content-Length where no body can be";
    return NULL;
}

/* As Tornado, with Connection as a list: a request of HTTP/1.0 also has to say where its body
 * ends, or be of a kind that has none. */
static bool is_kept_alive(const struct gu_head_work *w)
{
    const struct gu_head *h = w->head;

    if (w->has_close)
        return false;
    if (h->minor > 0)
        return true;
    return w->has_keep_alive && (w->is_response || (h->flags & GU_HEAD_HAS_LENGTH) != 0 ||
                                 h->method == GU_METHOD_GET || h->method == GU_METHOD_HEAD);
}

enum gu_head_result gu_head_finish(struct gu_head_work *w)
{
    struct gu_head *h = w->head;
    const char *error = w->is_response ? check_response(w) : check_request(w);

    if (error == NULL)
        error = check_framing(w);
    if (error != NULL) {
        w->error = error;
        return GU_HEAD_BAD;
    }
    if (h->minor == 0)
        h->flags &= (uint16_t)~GU_HEAD_EXPECT_CONTINUE;
    if (is_kept_alive(w))
        h->flags |= GU_HEAD_KEEP_ALIVE;
    return GU_HEAD_DONE;
}
