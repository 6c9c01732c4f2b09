/*
 * testing — stubs: who answers instead of the network
 *
 * The loop's connections are asked of the test first. Those to the host of a stub lead, in memory,
 * to one server of the test's, which speaks the same HTTP as every other of ours.
 */
#include "base/buf.h"
#include "base/str.h"
#include "http/http_impl.h"
#include "net/memory.h"
#include "testing/testing_impl.h"
#include <gust/locks.h>
#include <stdio.h>
#include <strings.h>

struct stub {
    struct gu_link link;
    gust_str host;   /* "api.example:8080" */
    gust_str target; /* "/v1/news?page=2" */
    int status;      /* 0: it hangs */
    gust_str body;
    size_t n;
};

/* "http://host:port/target"; without a port it is 80, without a target "/". */
static void split(gust_test *t, const char *url, struct stub *stub)
{
    const char *host = url + strlen("http://"), *end = host + strcspn(host, "/?#");
    bool has_port = end > host && memchr(host, ':', (size_t)(end - host)) != NULL;
    char text[300];

    if (strncmp(url, "http://", strlen("http://")) != 0 || end == host || end - host > 250)
        gu_misuse("gust_test_stub: \"%s\" is no URL of http://HOST/…", url);
    snprintf(text, sizeof text, "%.*s%s", (int)(end - host), host, has_port ? "" : ":80");
    stub->host = gust_str_from(gu_test_strdup(t, gust_str_from(text)));
    stub->target =
        gust_str_from(gu_test_strdup(t, *end == '/' ? gust_str_from(end) : gust_str_from("/")));
}

static bool is_host(gust_str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static struct stub *find(const gust_test *t, const char *host, const char *target)
{
    size_t path_len = strcspn(target, "?");

    for (struct gu_link *link = t->stubs.all.prev; link != &t->stubs.all; link = link->prev) {
        struct stub *stub = gu_container_of(link, struct stub, link);
        bool has_query = memchr(stub->target.ptr, '?', stub->target.len) != NULL;
        size_t len = has_query ? strlen(target) : path_len;

        if (is_host(stub->host, host) && stub->target.len == len &&
            memcmp(stub->target.ptr, target, len) == 0)
            return stub;
    }
    return NULL;
}

/* --- the server --- */

static const char *type_of(gust_str body)
{
    bool is_json = body.len > 0 && (body.ptr[0] == '{' || body.ptr[0] == '[');

    return is_json ? "application/json" : "text/plain; charset=UTF-8";
}

static int answer(gust_exchange *x, int status, gust_str body)
{
    const gust_field fields[] = {{"Content-Type", type_of(body)}, {NULL, NULL}};
    int err = gust_exchange_write_headers(x, status, fields, (int64_t)body.len);

    if (err == 0)
        err = gust_exchange_write(x, body.ptr, body.len);
    return err;
}

/* Until the client leaves. */
static int hang(gust_exchange *x)
{
    gust_event gone = {0};

    *gust_exchange_state(x) = &gone;
    return gust_event_wait(&gone);
}

static void client_left(gust_exchange *x)
{
    gust_event *gone = *gust_exchange_state(x);

    if (gone != NULL)
        gust_event_set(gone);
}

static int finish(gust_exchange *x)
{
    gust_test *t = gust_exchange_arg(x);
    const char *host = gust_exchange_host(x);
    struct stub *stub =
        find(t, gust_sprintf("%s%s", host, strchr(host, ':') ? "" : ":80"), gust_exchange_uri(x));

    if (stub == NULL)
        return answer(x, 404, gust_str_from("there is no stub for this URL\n"));
    stub->n++;
    return stub->status == 0 ? hang(x) : answer(x, stub->status, stub->body);
}

static const gust_delegate stubs = {.finish = finish, .on_connection_close = client_left};

/* --- connecting --- */

static int connect_to_stub(gust_test *t)
{
    struct gu_net *net = gu_net_of(t->loop);
    struct gu_peer peer = {.address.ss_family = AF_UNIX, .len = sizeof(sa_family_t)};
    int fds[2], err;

    if (t->stubs.server == NULL)
        t->stubs.server = gust_httpserver_new_delegate(&stubs, t, NULL);
    if (t->stubs.server == NULL || gu_memory_pair(net, (size_t)64 * 1024, fds) < 0)
        return -ENOMEM;
    err = gu_httpserver_accept(t->stubs.server, fds[1], &peer);
    if (err == 0)
        return fds[0];
    gu_memory_close(net, fds[0], false);
    return err;
}

/* Each host that has a stub is the test's; others are reached as ever. Without a port it is part of
 * the host. */
static bool knows(struct gu_dialer *dialer, gust_str host, unsigned port)
{
    const gust_test *t = gu_container_of(dialer, gust_test, stubs.dialer);
    char text[300];
    int n = snprintf(text, sizeof text, "%.*s", (int)host.len, host.ptr);

    if (port != 0 && n > 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ":%u", port);
    GU_LIST_FOREACH (link, &t->stubs.all) {
        if (is_host(gu_container_of(link, struct stub, link)->host, text))
            return true;
    }
    return false;
}

static int dial(struct gu_dialer *dialer, const char *host, unsigned port)
{
    if (!knows(dialer, gust_str_from(host), port))
        return GU_DIAL_NOBODY;
    return connect_to_stub(gu_container_of(dialer, gust_test, stubs.dialer));
}

void gu_test_stubs_open(gust_test *t)
{
    gu_list_init(&t->stubs.all);
    t->stubs.dialer = (struct gu_dialer){knows, dial};
}

void gu_test_stubs_close(gust_test *t)
{
    gust_httpserver_free(t->stubs.server);
}

/* --- for tests --- */

static struct stub *add(gust_test *t, const char *url, int status, const char *body)
{
    struct stub *stub = gu_test_alloc(t, sizeof *stub);
    struct gu_net *net = gu_net_of(t->loop);

    *stub = (struct stub){.status = status};
    split(t, url, stub);
    stub->body = gust_str_from(gu_test_strdup(t, gust_str_from(body)));
    gu_list_append(&t->stubs.all, &stub->link);
    if (net == NULL)
        gu_test_fail("out of memory");
    net->dialer = &t->stubs.dialer;
    return stub;
}

void gust_test_stub(gust_test *t, const char *url, int status, const char *body)
{
    if (status < 200 || status > 599)
        gu_misuse("gust_test_stub: %d is no status of an answer", status);
    add(t, url, status, body == NULL ? "" : body);
}

void gust_test_stub_hang(gust_test *t, const char *url)
{
    add(t, url, 0, "");
}

size_t gust_test_stub_count(const gust_test *t, const char *url)
{
    size_t n = 0;

    GU_LIST_FOREACH (link, &t->stubs.all) {
        const struct stub *stub = gu_container_of(link, struct stub, link);
        size_t at = gu_str_find(gust_str_from(url), stub->target, strlen("http://"));

        if (at != GU_NPOS && strlen(url) == at + stub->target.len &&
            strncasecmp(url + strlen("http://"), stub->host.ptr, at - strlen("http://")) == 0)
            n += stub->n;
    }
    return n;
}
