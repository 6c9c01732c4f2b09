/*
 * address — where to listen and whom to connect to, as text and as the kernel has it
 *
 *     8888   :8888   127.0.0.1:8888   [::1]:8888   localhost:8888   unix:/run/x   unix:@abstract
 *
 * Sans-I/O but for the name of an interface in a scoped address. No name but localhost is looked
 * up here.
 */
#ifndef GU_ADDRESS_H
#define GU_ADDRESS_H

#include "base/gu.h"
#include <gust/net.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct gu_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } as;
    socklen_t len;
};

/* Reads a text, which must have a port unless it is Unix's. Without a host it is every interface.
 * Returns how many addresses it means, IPv4 first. Errors: -EINVAL, -ENAMETOOLONG, -ENODEV (a
 * scope). */
int gu_address_parse(const char *text, struct gu_address list[GUST_BIND_MAX]) GUST_CHECK;

/* As above, of a host alone, with or without brackets; "" is every interface. */
int gu_address_parse_host(gust_str host, uint16_t port,
                          struct gu_address list[GUST_BIND_MAX]) GUST_CHECK;

/* 0 for Unix's. */
uint16_t gu_address_port(const struct sockaddr *address);
void gu_address_set_port(struct gu_address *address, uint16_t port);

/* In the same form as above; an IPv4 address in IPv6's clothes is shown as what it is, a Unix
 * socket without a name as "unix:". Returns the length of the text. */
size_t gu_address_format(const struct sockaddr *address, socklen_t len,
                         char text[GUST_ADDRESS_TEXT]);

/* The address alone, as logs show a client: no port, no brackets; "unix" for Unix's. */
size_t gu_address_format_host(const struct sockaddr *address, char text[GUST_ADDRESS_TEXT]);

#endif
