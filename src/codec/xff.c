/*
 * xff — who the client is, behind proxies
 */
#include "codec/xff.h"
#include "base/str.h"
#include <arpa/inet.h>

#define MAX_TEXT INET6_ADDRSTRLEN

/* An address as the 16 bytes of IPv6; IPv4 addresses are mapped into it. */
struct ip {
    unsigned char bytes[16];
};

static bool parse_ip(gust_str text, struct ip *ip)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[MAX_TEXT];

    if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(ip->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, ip->bytes + 12) == 1 ||
           inet_pton(AF_INET6, copy, ip->bytes) == 1;
}

bool gu_ip_is_valid(gust_str text)
{
    struct ip ip;

    return parse_ip(text, &ip);
}

static bool is_trusted(gust_str text, const gust_str trusted[], size_t n_trusted)
{
    struct ip ip, other;

    if (!parse_ip(text, &ip))
        return false;
    for (size_t i = 0; i < n_trusted; i++)
        if (parse_ip(trusted[i], &other) && memcmp(ip.bytes, other.bytes, sizeof ip.bytes) == 0)
            return true;
    return false;
}

/* Takes the last element off the end of a list, which must be there. */
static gust_str take_last(gust_str *list)
{
    size_t at = list->len;
    gust_str last;

    while (at > 0 && list->ptr[at - 1] != ',')
        at--;
    last = gu_str_trim(gu_str_sub(*list, at, GU_NPOS), " \t");
    *list = at > 0 ? gu_str_sub(*list, 0, at - 1) : (gust_str){0};
    return last;
}

gust_str gu_xff_remote_ip(const struct gu_xff *x, const gust_str trusted[], size_t n_trusted,
                          gust_str remote_ip)
{
    gust_str list = x->forwarded_for, ip = x->real_ip;

    if (ip.ptr == NULL && list.ptr != NULL)
        do
            ip = take_last(&list);
        while (list.ptr != NULL && is_trusted(ip, trusted, n_trusted));
    return gu_ip_is_valid(ip) ? ip : remote_ip;
}

gust_str gu_xff_protocol(const struct gu_xff *x, gust_str protocol)
{
    gust_str list = x->scheme.ptr != NULL ? x->scheme : x->forwarded_proto;
    gust_str last;

    if (list.ptr == NULL)
        return protocol;
    last = take_last(&list);
    return gu_str_eq(last, GU_STR("http")) || gu_str_eq(last, GU_STR("https")) ? last : protocol;
}
