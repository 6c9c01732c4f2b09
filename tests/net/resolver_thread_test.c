/*
 * resolver — names, what is kept of them, and what comes before them
 *
 * getaddrinfo() is replaced by a table of the test's, and counted; it may hang until the test lets
 * it go.
 */
#include "base/alloc.h"
#include "base/gu.h"
#include "test.h"
#include "virtual_loop.h"
#include <gust.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the system's answers --- */

static const struct {
    const char *host;
    int code;
    int n_v6, n_v4; /* ::1, … and 127.0.0.1, … */
} answers[] = {
    {"both.test", 0, 1, 2},           {"four.test", 0, 0, 1},
    {"many.test", 0, 0, 20},          {"gone.test", EAI_NONAME, 0, 0},
    {"again.test", EAI_AGAIN, 0, 0},  {"broken.test", EAI_FAIL, 0, 0},
    {"short.test", EAI_MEMORY, 0, 0}, {"target.test", 0, 0, 1},
};

static atomic_int n_asked;
static atomic_bool hangs;
static sem_t began, go_on;

static struct addrinfo *add(struct addrinfo *first, int family, uint8_t last)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in6 address;
    } *made = calloc(1, sizeof *made);
    struct sockaddr_in *v4 = (void *)&made->address;
    struct addrinfo **at = &first;

    made->info.ai_family = family;
    made->info.ai_addr = (void *)&made->address;
    made->info.ai_addrlen = family == AF_INET ? sizeof *v4 : sizeof made->address;
    made->address.sin6_family = (sa_family_t)family;
    if (family == AF_INET)
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
    else
        made->address.sin6_addr.s6_addr[15] = last;
    while (*at != NULL)
        at = &(*at)->ai_next;
    *at = &made->info;
    return first;
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
void __wrap_freeaddrinfo(struct addrinfo *list);

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    size_t i = 0;

    (void)service;
    atomic_fetch_add(&n_asked, 1);
    if (atomic_load(&hangs)) {
        sem_post(&began);
        sem_wait(&go_on);
    }
    while (i < gu_countof(answers) && strcasecmp(answers[i].host, host) != 0)
        i++;
    if (i == gu_countof(answers))
        return EAI_NONAME;
    *found = NULL;
    for (int n = 1; n <= answers[i].n_v6 && hints->ai_family != AF_INET; n++)
        *found = add(*found, AF_INET6, (uint8_t)n);
    for (int n = 1; n <= answers[i].n_v4 && hints->ai_family != AF_INET6; n++)
        *found = add(*found, AF_INET, (uint8_t)n);
    return answers[i].code != 0 || *found != NULL ? answers[i].code : EAI_NONAME;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list);
        list = next;
    }
}

/* The addresses in one line, or the error. */
static const char *look_up(const char *host, unsigned port, int family)
{
    const char *addresses[GUST_RESOLVE_MAX], *all = "";
    int n;

    virtual_stand(true);
    n = gust_resolve(host, port, family, addresses);
    virtual_stand(false);
    if (n < 0)
        return gust_strerror(n);
    for (int i = 0; i < n; i++)
        all = gust_sprintf("%s%s%s", all, i > 0 ? " " : "", addresses[i]);
    return all;
}

/* --- names --- */

static int look_up_all(void *arg)
{
    static const struct {
        const char *name, *host;
        int family;
        const char *result;
        int n_asked;
    } cases[] = {
        {"in the system's order", "both.test", 0, "[::1]:80 127.0.0.1:80 127.0.0.2:80", 1},
        {"of one family", "both.test", AF_INET, "127.0.0.1:80 127.0.0.2:80", 1},
        {"of the other", "both.test", AF_INET6, "[::1]:80", 1},
        {"that has none of it", "four.test", AF_INET6, "the name of the host is not known", 1},
        {"not known", "gone.test", 0, "the name of the host is not known", 1},
        {"later perhaps", "again.test", 0, "Resource temporarily unavailable", 1},
        {"broken", "broken.test", 0, "the name of the host is not known", 1},
        {"no memory", "short.test", 0, "Cannot allocate memory", 1},
        {"an address is no name", "127.0.0.3", 0, "127.0.0.3:80", 0},
        {"nor is IPv6's", "::1", 0, "[::1]:80", 0},
        {"in brackets", "[::1]", 0, "[::1]:80", 0},
        {"localhost needs no asking", "localhost", 0, "127.0.0.1:80 [::1]:80", 0},
        {"of one family either", "localhost", AF_INET6, "[::1]:80", 0},
        {"an address of the other family", "::1", AF_INET, "the name of the host is not known", 0},
        {"a number", "2130706433", 0, "Invalid argument", 0},
        {"a number in parts", "127.1", 0, "Invalid argument", 0},
        {"a number in hexadecimal", "0x7f.0x1", 0, "Invalid argument", 0},
        {"a number behind a dot", "x.1.", 0, "Invalid argument", 0},
        {"a name that begins with a digit", "3com", 0, "the name of the host is not known", 1},
        {"one that begins as a number", "x.0xyz", 0, "the name of the host is not known", 1},
        {"dots alone", "..", 0, "Invalid argument", 0},
        {"a space", "four test", 0, "Invalid argument", 0},
        {"a path", "four.test/x", 0, "Invalid argument", 0},
        {"no such family", "four.test", AF_UNIX, "Invalid argument", 0},
    };

    (void)arg;
    for (size_t i = 0; i < gu_countof(cases); i++) {
        int before = atomic_load(&n_asked);

        TEST_CASE(cases[i].name);
        assert_string_equal(look_up(cases[i].host, 80, cases[i].family), cases[i].result);
        assert_int_equal(atomic_load(&n_asked) - before, cases[i].n_asked);
    }
    return 0;
}

TEST(a_name_has_the_addresses_that_the_system_tells)
{
    assert_int_equal(gust_run(look_up_all, NULL), 0);
}

static int look_up_long_ones(void *arg)
{
    const char *addresses[GUST_RESOLVE_MAX];
    char name[256];

    (void)arg;
    memset(name, 'a', sizeof name);
    name[253] = '\0';
    assert_int_equal(gust_resolve(name, 1, 0, addresses), -GUST_ENOHOST);
    name[252] = '\0';
    assert_int_equal(gust_resolve(name, 1, 0, addresses), -GUST_ENOHOST);
    name[252] = 'a';
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(gust_resolve(name, 1, 0, addresses), -EINVAL);
    assert_int_equal(gust_resolve("many.test", 65535, 0, addresses), GUST_RESOLVE_MAX);
    assert_string_equal(addresses[15], "127.0.0.16:65535");
    assert_int_equal(gust_resolve("many.test", 65536, 0, addresses), -EINVAL);
    return 0;
}

TEST(names_and_their_addresses_are_limited)
{
    assert_int_equal(gust_run(look_up_long_ones, NULL), 0);
}

/* --- what is kept --- */

static int ask_again(void *arg)
{
    int n = atomic_load(&n_asked);

    (void)arg;
    look_up("four.test", 80, 0);
    look_up("FOUR.test", 443, 0); /* the port, and the case, are no part of it */
    assert_int_equal(atomic_load(&n_asked) - n, 1);
    look_up("four.test", 80, AF_INET); /* another question */
    assert_int_equal(atomic_load(&n_asked) - n, 2);
    gust_sleep(29.9);
    look_up("four.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 2);
    gust_sleep(0.2);
    look_up("four.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 3);
    look_up("gone.test", 80, 0);
    look_up("gone.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 5); /* failures are not kept */
    assert_int_equal(gust_resolver_configure(NULL), 0);
    look_up("four.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 6); /* all is forgotten */
    return 0;
}

TEST(an_answer_is_kept_for_its_time)
{
    gust_loop *loop = virtual_open();

    assert_int_equal(gust_run(ask_again, NULL), 0);
    gust_loop_close(loop);
}

static int keep_two(void *arg)
{
    int n = atomic_load(&n_asked);
    gust_resolver_options options = {.max_names = 2};

    (void)arg;
    assert_int_equal(gust_resolver_configure(&options), 0);
    look_up("four.test", 80, 0);
    look_up("both.test", 80, 0);
    look_up("four.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 2);
    look_up("many.test", 80, 0); /* both.test goes */
    look_up("four.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 3);
    look_up("both.test", 80, 0);
    assert_int_equal(atomic_load(&n_asked) - n, 4);
    return 0;
}

TEST(no_more_names_are_kept_than_the_limit)
{
    assert_int_equal(gust_run(keep_two, NULL), 0);
}

/* --- overrides --- */

static int override(void *arg)
{
    static const gust_host_override rows[] = {
        {"api.test", 0, 0, "127.0.0.9", 0},       {"api.test", 443, 0, "127.0.0.9", 8443},
        {"api.test", 443, AF_INET6, "::1", 9443}, {"api.test", 0, 0, "127.0.0.10", 0},
        {"moved.test", 0, 0, "target.test", 0},   {"127.0.0.1", 80, 0, "127.0.0.2", 8080},
        {"loop.test", 0, 0, "loop.test", 0},      {0},
    };
    static const struct {
        const char *name, *host;
        unsigned port;
        int family;
        const char *result;
    } cases[] = {
        {"a host", "api.test", 80, 0, "127.0.0.9:80"},
        {"in any case", "API.Test", 80, 0, "127.0.0.9:80"},
        {"a host and its port", "api.test", 443, 0, "127.0.0.9:8443"},
        {"and its family", "api.test", 443, AF_INET6, "[::1]:9443"},
        {"to a name", "moved.test", 80, 0, "127.0.0.1:80"},
        {"an address", "127.0.0.1", 80, 0, "127.0.0.2:8080"},
        {"with another port it is none", "127.0.0.1", 81, 0, "127.0.0.1:81"},
        {"another host", "four.test", 80, 0, "127.0.0.1:80"},
        {"is not followed twice", "loop.test", 80, 0, "the name of the host is not known"},
    };
    static const gust_host_override bad[] = {{.host = "api.test"}, {0}};

    (void)arg;
    assert_int_equal(gust_resolver_configure(&(gust_resolver_options){.overrides = rows}), 0);
    assert_int_equal(gust_resolver_configure(&(gust_resolver_options){.overrides = bad}), -EINVAL);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_string_equal(look_up(cases[i].host, cases[i].port, cases[i].family),
                            cases[i].result);
    }
    return 0;
}

TEST(a_table_of_ones_own_comes_first)
{
    assert_int_equal(gust_run(override, NULL), 0);
}

/* --- too late --- */

static void look_up_one(void *result)
{
    const char *addresses[GUST_RESOLVE_MAX];

    *(int *)result = gust_resolve("four.test", 80, 0, addresses);
}

static int leave(void *arg)
{
    int result = 1;
    gust_task *task = gust_go(look_up_one, &result, NULL);

    (void)arg;
    gust_yield();
    sem_wait(&began);
    gust_cancel(task);
    while (result == 1)
        gust_yield();
    sem_post(&go_on);
    return result;
}

TEST(a_wait_may_be_left_and_the_late_answer_is_dropped)
{
    assert_int_equal(sem_init(&began, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
    atomic_store(&hangs, true);
    assert_int_equal(gust_run(leave, NULL), -ECANCELED);
    atomic_store(&hangs, false);
}

/* --- connecting by name --- */

static int say_hello(gust_stream *s, void *arg)
{
    (void)arg;
    return gust_stream_printf(s, "hello\n");
}

static int connect_by_name(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(say_hello, NULL, NULL);
    const char *why = NULL;
    gust_connect_options options = {.why = &why};
    gust_stream *s;
    gust_str line;
    unsigned port;

    (void)arg;
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.2:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    /* ::1 and 127.0.0.1 refuse. */
    assert_int_equal(gust_connect("both.test", port, NULL, &s), 0);
    assert_int_equal(gust_read_until(s, "\n", 0, &line), 0);
    assert_string_equal(line.ptr, "hello\n");
    assert_int_equal(gust_connect(gust_sprintf("both.test:%u", port), 0, NULL, &s), 0);
    gust_tcpserver_stop(server);
    assert_int_equal(gust_connect("both.test", port, &options, &s), -ECONNREFUSED);
    assert_non_null(strstr(why, "[::1]:"));
    assert_non_null(strstr(why, "127.0.0.2:"));
    assert_int_equal(gust_connect("gone.test", port, &options, &s), -GUST_ENOHOST);
    gust_tcpserver_free(server);
    return 0;
}

TEST(a_connection_is_made_by_name)
{
    assert_int_equal(gust_run(connect_by_name, NULL), 0);
}

/* A server on ::1 whose queue is full: the kernel answers nobody any more. */
static void listen_and_be_full(unsigned port, int fds[3])
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons((uint16_t)port)};

    for (int i = 0; i < 3; i++)
        fds[i] = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_return_code(bind(fds[0], (void *)&address, sizeof address), errno);
    assert_return_code(listen(fds[0], 0), errno);
    for (int i = 1; i < 3; i++)
        gust_ignore(connect(fds[i], (void *)&address, sizeof address));
}

static int pass_a_full_one(void *arg)
{
    gust_tcpserver *server = gust_tcpserver_new(say_hello, NULL, NULL);
    gust_connect_options options = {.attempt_delay = 0.01};
    const char *why = NULL;
    char peer[GUST_ADDRESS_TEXT];
    gust_stream *s;
    int fds[3];
    unsigned port;

    (void)arg;
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    listen_and_be_full(port, fds);
    assert_int_equal(gust_connect("both.test", port, &options, &s), 0);
    gust_stream_peer(s, peer);
    assert_string_equal(peer, gust_sprintf("127.0.0.1:%u", port));
    options.family = AF_INET6;
    options.why = &why;
    {
        GUST_DEADLINE(0.05);
        assert_int_equal(gust_connect("both.test", port, &options, &s), -ETIMEDOUT);
    }
    assert_string_equal(why, gust_sprintf("[::1]:%u: Connection timed out", port));
    gust_tcpserver_free(server);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    return 0;
}

TEST(a_server_that_does_not_answer_is_passed)
{
    assert_int_equal(gust_run(pass_a_full_one, NULL), 0);
}

/* --- memory --- */

static int configure_and_look_up(void *arg)
{
    static const gust_host_override rows[] = {{"api.test", 0, 0, "four.test", 0}, {0}};
    const char *addresses[GUST_RESOLVE_MAX];
    int err = gust_resolver_configure(&(gust_resolver_options){.overrides = rows});

    (void)arg;
    if (err == 0)
        err = gust_resolve("api.test", 80, 0, addresses);
    return err;
}

TEST(an_allocation_that_fails_is_told)
{
    gust_loop *loop = gust_loop_current();
    bool is_reached = true;
    uint64_t n = 0;

    while (is_reached) {
        int err;

        gu_alloc_fail_at(++n);
        err = gust_run(configure_and_look_up, NULL);
        is_reached = gu_alloc_has_failed();
        gu_alloc_fail_at(0);
        assert_true(err == 1 || (is_reached && err == -ENOMEM)); /* the cache can do without */
    }
    assert_true(n > 5);
    gust_loop_close(loop);
}
