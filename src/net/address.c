/*
 * address — text and socket addresses
 */
#include "net/address.h"
#include "base/buf.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <net/if.h>

/* --- parsing --- */

static struct gu_address from_v4(struct in_addr address, uint16_t port)
{
    return (struct gu_address){
        .as.v4 = {.sin_family = AF_INET, .sin_addr = address, .sin_port = htons(port)},
        .len = sizeof(struct sockaddr_in),
    };
}

static struct gu_address from_v6(struct in6_addr address, uint32_t scope, uint16_t port)
{
    return (struct gu_address){
        .as.v6 = {.sin6_family = AF_INET6,
                  .sin6_addr = address,
                  .sin6_scope_id = scope,
                  .sin6_port = htons(port)},
        .len = sizeof(struct sockaddr_in6),
    };
}

static int parse_unix(gust_str path, struct gu_address *address)
{
    bool is_abstract = path.len > 0 && path.ptr[0] == '@';

    if (path.len == 0 || (is_abstract && path.len == 1))
        return -EINVAL;
    *address = (struct gu_address){.as.un = {.sun_family = AF_UNIX}};
    if (path.len >= sizeof address->as.un.sun_path)
        return -ENAMETOOLONG;
    memcpy(address->as.un.sun_path, path.ptr, path.len);
    if (is_abstract)
        address->as.un.sun_path[0] = '\0';
    address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + !is_abstract);
    return 1;
}

/* fe80::1%eth0, or %2 */
static int parse_scope(gust_str name, uint32_t *scope)
{
    char text[IF_NAMESIZE];
    uint64_t number;

    if (name.len == 0 || name.len >= sizeof text)
        return -EINVAL;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    *scope = if_nametoindex(text);
    if (*scope == 0 && gu_str_to_u64(name, &number) && number <= UINT32_MAX)
        *scope = (uint32_t)number;
    return *scope == 0 ? -ENODEV : 0;
}

static int parse_v6(gust_str host, uint16_t port, struct gu_address *address)
{
    size_t percent = gu_str_find(host, GU_STR("%"), 0);
    gust_str digits = gu_str_sub(host, 0, percent);
    char text[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    uint32_t scope = 0;
    int err;

    if (digits.len >= sizeof text)
        return -EINVAL;
    memcpy(text, digits.ptr, digits.len);
    text[digits.len] = '\0';
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return -EINVAL;
    if (percent != GU_NPOS) {
        err = parse_scope(gu_str_sub(host, percent + 1, SIZE_MAX), &scope);
        if (err < 0)
            return err;
    }
    *address = from_v6(v6, scope, port);
    return 1;
}

static int parse_v4(gust_str host, uint16_t port, struct gu_address *address)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr v4;

    if (host.len >= sizeof text)
        return -EINVAL;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) != 1)
        return -EINVAL;
    *address = from_v4(v4, port);
    return 1;
}

int gu_address_parse_host(gust_str host, uint16_t port, struct gu_address list[GUST_BIND_MAX])
{
    if (host.len == 0) {
        list[0] = from_v4((struct in_addr){htonl(INADDR_ANY)}, port);
        list[1] = from_v6(in6addr_any, 0, port);
        return 2;
    }
    if (gu_str_ieq(host, GU_STR("localhost"))) {
        list[0] = from_v4((struct in_addr){htonl(INADDR_LOOPBACK)}, port);
        list[1] = from_v6(in6addr_loopback, 0, port);
        return 2;
    }
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return parse_v6(gu_str_sub(host, 1, host.len - 2), port, list);
    if (gu_str_find(host, GU_STR(":"), 0) != GU_NPOS)
        return parse_v6(host, port, list);
    return parse_v4(host, port, list);
}

/* Where the port begins: behind the last colon, or at 0 when the text is a port alone. */
static size_t port_of(gust_str text)
{
    size_t at = text.len;

    while (at > 0 && text.ptr[at - 1] != ':')
        at--;
    return at;
}

int gu_address_parse(const char *text, struct gu_address list[GUST_BIND_MAX])
{
    gust_str all = gust_str_from(text), host = {"", 0};
    size_t at = port_of(all);
    uint64_t port;

    if (all.len >= 5 && memcmp(text, "unix:", 5) == 0)
        return parse_unix(gu_str_sub(all, 5, SIZE_MAX), list);
    if (!gu_str_to_u64(gu_str_sub(all, at, SIZE_MAX), &port) || port > UINT16_MAX)
        return -EINVAL;
    if (at > 0)
        host = gu_str_sub(all, 0, at - 1);
    /* ::1:8888 may mean two things. */
    if (host.len > 0 && host.ptr[0] != '[' && gu_str_find(host, GU_STR(":"), 0) != GU_NPOS)
        return -EINVAL;
    return gu_address_parse_host(host, (uint16_t)port, list);
}

/* --- ports --- */

uint16_t gu_address_port(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET:
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    case AF_INET6:
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    default:
        return 0;
    }
}

void gu_address_set_port(struct gu_address *address, uint16_t port)
{
    if (address->as.any.sa_family == AF_INET)
        address->as.v4.sin_port = htons(port);
    if (address->as.any.sa_family == AF_INET6)
        address->as.v6.sin6_port = htons(port);
}

/* --- formatting --- */

static void put_v6(struct gu_buf *b, const struct sockaddr_in6 *v6, bool has_brackets)
{
    char text[INET6_ADDRSTRLEN];

    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        gu_buf_puts(b, inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, sizeof text));
        return;
    }
    if (has_brackets)
        gu_buf_putc(b, '[');
    gu_buf_puts(b, inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text));
    if (v6->sin6_scope_id != 0) {
        gu_buf_putc(b, '%');
        gu_buf_u64(b, v6->sin6_scope_id);
    }
    if (has_brackets)
        gu_buf_putc(b, ']');
}

static void put_unix(struct gu_buf *b, const struct sockaddr_un *un, socklen_t len)
{
    size_t path = len - offsetof(struct sockaddr_un, sun_path);

    gu_buf_puts(b, "unix:");
    if (len <= offsetof(struct sockaddr_un, sun_path))
        return;
    if (un->sun_path[0] == '\0') {
        gu_buf_putc(b, '@');
        gu_buf_put(b, un->sun_path + 1, path - 1);
    } else {
        gu_buf_put(b, un->sun_path, strnlen(un->sun_path, path));
    }
}

static void put_host(struct gu_buf *b, const struct sockaddr *address, bool has_brackets)
{
    char text[INET_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const void *)address;

    if (address->sa_family == AF_INET)
        gu_buf_puts(b, inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text));
    else if (address->sa_family == AF_INET6)
        put_v6(b, (const void *)address, has_brackets);
    else
        gu_buf_puts(b, "unix");
}

static size_t finish(struct gu_buf *b)
{
    gust_str text = {"", 0};

    gust_ignore(gu_buf_finish(b, &text));
    return text.len;
}

size_t gu_address_format(const struct sockaddr *address, socklen_t len,
                         char text[GUST_ADDRESS_TEXT])
{
    struct gu_buf b;

    gu_buf_init_fixed(&b, text, GUST_ADDRESS_TEXT);
    if (address->sa_family == AF_UNIX) {
        put_unix(&b, (const void *)address, len);
        return finish(&b);
    }
    put_host(&b, address, true);
    gu_buf_putc(&b, ':');
    gu_buf_u64(&b, gu_address_port(address));
    return finish(&b);
}

size_t gu_address_format_host(const struct sockaddr *address, char text[GUST_ADDRESS_TEXT])
{
    struct gu_buf b;

    gu_buf_init_fixed(&b, text, GUST_ADDRESS_TEXT);
    put_host(&b, address, false);
    return finish(&b);
}
