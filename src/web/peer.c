/*
 * peer — who asks, by which way: from the socket, or from the proxies in front of it
 */
#include "base/fmt.h"
#include "base/str.h"
#include "codec/xff.h"
#include "net/tls.h"
#include "web/web_impl.h"
#include <arpa/inet.h>

#define NO_IP "0.0.0.0" /* what a Unix socket's peer has (Tornado) */

/* To whoever asks it is the same, whether it was worked out before or not. */
static struct gu_input *input_of(const gust_request *r)
{
    return gu_request_input((gust_request *)(uintptr_t)r);
}

/* --- believing proxies --- */

static struct gu_xff forwarded(const gust_request *r)
{
    return (struct gu_xff){
        .real_ip = gu_request_joined(r, GU_FIELD_X_REAL_IP, ","),
        .forwarded_for = gu_request_joined(r, GU_FIELD_X_FORWARDED_FOR, ","),
        .scheme = gu_request_joined(r, GU_FIELD_X_SCHEME, ","),
        .forwarded_proto = gu_request_joined(r, GU_FIELD_X_FORWARDED_PROTO, ","),
    };
}

static gust_str believed_ip(const gust_request *r, gust_str ip)
{
    const char *const *names = r->x->server->options.trusted_downstream;
    struct gu_xff said = forwarded(r);
    gust_str *trusted = NULL;
    size_t n = 0;

    while (names != NULL && names[n] != NULL)
        n++;
    if (n > 0) {
        trusted = gu_arena_alloc(&r->x->arena, n * sizeof *trusted);
        if (trusted == NULL)
            return ip;
    }
    for (size_t i = 0; i < n; i++)
        trusted[i] = gust_str_from(names[i]);
    return gu_xff_remote_ip(&said, trusted, n, ip);
}

/* --- the address --- */

/* By hand: the access log has one in each line, and inet_ntop() goes through sprintf(). */
static const char *format_v4(const uint8_t *address, char text[INET6_ADDRSTRLEN])
{
    char *to = text;

    for (size_t i = 0; i < 4; i++) {
        to += gu_fmt_u64(to, address[i]);
        *to++ = i < 3 ? '.' : '\0';
    }
    return text;
}

/* An IPv4 address in IPv6's clothes is shown as what it is. */
static const char *format_ip(const struct gu_conn *conn, char text[INET6_ADDRSTRLEN])
{
    struct in6_addr v6;

    if (conn->family == AF_INET)
        return format_v4(conn->address, text);
    if (conn->family != AF_INET6)
        return NO_IP;
    memcpy(&v6, conn->address, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return format_v4(conn->address + 12, text);
    return inet_ntop(AF_INET6, &v6, text, INET6_ADDRSTRLEN);
}

static const char *find_ip(const gust_request *r)
{
    char text[INET6_ADDRSTRLEN];
    gust_str ip = gust_str_from(format_ip(r->x->conn, text));

    if (r->x->server->options.xheaders)
        ip = believed_ip(r, ip);
    ip = gu_arena_copy(&r->x->arena, ip.ptr, ip.len);
    return ip.ptr == NULL ? NO_IP : ip.ptr;
}

const char *gust_remote_ip(const gust_request *r)
{
    struct gu_input *input = input_of(r);

    if (input == NULL)
        return NO_IP;
    if (input->remote_ip == NULL)
        input->remote_ip = find_ip(r);
    return input->remote_ip;
}

/* --- the way --- */

static const char *find_protocol(const gust_request *r)
{
    const gust_httpserver_options *options = &r->x->server->options;
    const char *own = r->x->server->tls == NULL ? "http" : "https";
    gust_str protocol = gust_str_from(options->protocol == NULL ? own : options->protocol);
    struct gu_xff said;

    if (options->xheaders) {
        said = forwarded(r);
        protocol = gu_xff_protocol(&said, protocol);
        protocol = gu_arena_copy(&r->x->arena, protocol.ptr, protocol.len);
    }
    return protocol.ptr == NULL ? own : protocol.ptr;
}

const char *gust_protocol(const gust_request *r)
{
    struct gu_input *input = input_of(r);

    if (input == NULL)
        return "http";
    if (input->protocol == NULL)
        input->protocol = find_protocol(r);
    return input->protocol;
}

const gust_certificate *gust_get_ssl_certificate(const gust_request *r)
{
    const struct gu_stream *s = &r->x->conn->s;

    return gu_stream_is_closed(s) ? NULL : gu_tls_certificate(s, &r->x->arena);
}

const char *gust_full_url(const gust_request *r)
{
    gust_str url = GU_STR("");
    struct gu_buf b;

    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    gu_buf_puts(&b, gust_protocol(r));
    gu_buf_puts(&b, "://");
    gu_buf_put_str(&b, r->x->host);
    gu_buf_put_str(&b, r->x->path);
    if (r->x->query.len > 0) {
        gu_buf_putc(&b, '?');
        gu_buf_put_str(&b, r->x->query);
    }
    gust_ignore(gu_buf_finish(&b, &url));
    return url.ptr;
}
