/*
 * peer — who asks, by the kinds of addresses that a peer has
 */
#include "base/str.h"
#include "http/http_impl.h"
#include "test.h"
#include "tls_wire.h"
#include "web_client.h"
#include <stdio.h>
#include <unistd.h>

static char told[256];

static int peer_get(gust_request *r)
{
    const gust_certificate *c = gust_get_ssl_certificate(r);

    snprintf(told, sizeof told, "%s %s %s", gust_remote_ip(r), gust_full_url(r),
             c == NULL ? "nobody" : c->subject);
    gust_puts(r, told);
    return 0;
}

static const gust_route routes[] = {{.path = "/x", .get = peer_get}, {0}};

/* --- over each family --- */

static int call(gust_httpserver *server, int family)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)gust_httpserver_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = v4.sin_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(family == AF_INET ? connect(fd, (const struct sockaddr *)&v4, sizeof v4)
                                       : connect(fd, (const struct sockaddr *)&v6, sizeof v6),
                     0);
    return fd;
}

/* A socket of IPv6 that takes IPv4 as well, which Gust's own do not. */
static int dual_listener(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), off = 0;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

TEST(a_peer_has_the_address_that_it_calls_from)
{
    static const struct {
        const char *name, *listens; /* NULL: on both at once */
        int family;
        const char *ip;
    } cases[] = {
        {"IPv4", "127.0.0.1:0", AF_INET, "127.0.0.1 "},
        {"IPv6", "[::1]:0", AF_INET6, "::1 "},
        {"IPv4 in IPv6's clothes", NULL, AF_INET, "127.0.0.1 "},
        {"IPv6 where both are served", NULL, AF_INET6, "::1 "},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = web_open(&(gust_app_options){.routes = routes});
        gust_httpserver *server = gust_httpserver_new(web->app, NULL);
        int fd;

        TEST_CASE(cases[i].name);
        if (cases[i].listens != NULL) {
            assert_int_equal(gust_httpserver_listen(server, cases[i].listens), 0);
        } else {
            fd = dual_listener();
            assert_int_equal(gust_httpserver_add_sockets(server, &fd, 1), 0);
        }
        fd = call(server, cases[i].family);
        web_send(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_memory_equal(web_body_of(web_read(web, fd)), cases[i].ip, strlen(cases[i].ip));
        assert_non_null(strstr(web->bytes, " http://a/x nobody"));
        close(fd);
        gust_httpserver_free(server);
        web_close(web);
    }
}

/* --- over TLS --- */

static int ask_over_tls(void *arg)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options served = {.server_side = true,
                                     .cert = {.cert_pem = id->cert, .key_pem = id->key},
                                     .ca_pem = tls_ca(),
                                     .verify = GUST_TLS_VERIFY_OPTIONAL},
                           ours = {.ca_pem = tls_ca(),
                                   .cert = {.cert_pem = id->cert, .key_pem = id->key}};
    gust_app *app = gust_app_new(&(gust_app_options){.routes = routes});
    gust_httpserver *server = gust_httpserver_new(app, &(gust_httpserver_options){.tls = &served});
    const gust_response *res;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_httpserver_listen(server, "127.0.0.1:0"), 0);
    res = gust_fetch(gust_sprintf("https://127.0.0.1:%d/x?y", gust_httpserver_port(server)),
                     &(gust_fetch_options){.tls = &ours});
    assert_int_equal(res->error, 0);
    assert_non_null(strstr(res->body.ptr, "127.0.0.1 https://127.0.0.1:"));
    assert_non_null(strstr(res->body.ptr, "/x?y CN=localhost,O=Gust"));
    gust_httpserver_free(server);
    gust_sleep(0.01);
    gust_app_free(app);
    return 0;
}

TEST(a_request_over_tls_has_its_scheme_and_its_clients_certificate)
{
    assert_int_equal(gust_run(ask_over_tls, NULL), 0);
}
