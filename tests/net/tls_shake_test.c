/*
 * tls — handshakes: how many there are, how long they take, and what is none
 */
#include "base/gu.h"
#include "tls_stage.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int plain_to(unsigned port, const char *bytes, size_t len)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof to), errno);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

/* Whether a client gets through in a little while. */
static bool gets_in(unsigned port)
{
    gust_tls_options options = {.ca_pem = tls_ca()};
    gust_stream *s;
    int err;

    GUST_DEADLINE(0.1);
    err = gust_connect("127.0.0.1", port, &(gust_connect_options){.tls = &options}, &s);
    if (err == 0)
        gust_stream_close(s);
    assert_true(err == 0 || err == -ETIMEDOUT);
    return err == 0;
}

static int crowd(void *arg)
{
    static const char begun[] = "\x16\x03\x01\x02"; /* the beginning of a ClientHello */
    gust_tls_options options = {.cert = cert_of(0), .max_handshakes = 3};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    unsigned port;
    int fds[3];

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    port = (unsigned)gust_tcpserver_port(server);
    for (size_t i = 0; i < 3; i++) {
        assert_true(gets_in(port)); /* none, one, two are in their handshakes */
        fds[i] = plain_to(port, begun, sizeof begun - 1);
        gust_sleep(0.005);
    }
    assert_false(gets_in(port)); /* three: others wait */
    close(fds[0]);
    gust_sleep(0.005);
    assert_true(gets_in(port));
    close(fds[1]);
    close(fds[2]);
    gust_tcpserver_free(server);
    return 0;
}

TEST(no_more_than_max_handshakes_are_in_theirs_and_others_wait)
{
    make_identities();
    keep_log();
    assert_int_equal(gust_run(crowd, NULL), 0);
    release_log();
    assert_non_null(strstr(kept_log, "max_handshakes"));
}

static int wait_for_handshake(void *arg)
{
    gust_tls_options options = {.cert = cert_of(0), .handshake_timeout = 0.05};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    gust_tls_options client = {.verify = GUST_TLS_VERIFY_NONE, .handshake_timeout = 0.05};
    int silent, begun, listener;
    gust_stream *s;
    char byte;

    (void)arg;
    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    silent = plain_to((unsigned)gust_tcpserver_port(server), "", 0);
    begun = plain_to((unsigned)gust_tcpserver_port(server), "\x16\x03", 2);
    gust_sleep(0.02);
    assert_int_equal(recv(silent, &byte, 1, MSG_DONTWAIT), -1);
    gust_sleep(0.1);
    assert_int_equal(recv(silent, &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(begun, &byte, 1, MSG_DONTWAIT), 0);
    close(silent);
    close(begun);
    gust_tcpserver_free(server);
    assert_int_equal(gust_bind_sockets("127.0.0.1:0", NULL, &listener, 1), 1);
    assert_int_equal(gust_connect("127.0.0.1", (unsigned)gust_socket_port(listener),
                                  &(gust_connect_options){.tls = &client}, &s),
                     -ETIMEDOUT);
    close(listener);
    return 0;
}

TEST(a_handshake_has_its_time_whoever_is_silent)
{
    make_identities();
    assert_int_equal(gust_run(wait_for_handshake, NULL), 0);
}

static int bad_beginning(void *arg)
{
    const char *bytes = arg;
    gust_tls_options options = {.cert = cert_of(0)};
    gust_tcpserver *server =
        gust_tcpserver_new(tell, NULL, &(gust_tcpserver_options){.stream.tls = &options});
    char rest[64];
    int fd;

    GUST_DEADLINE(20);
    assert_int_equal(gust_tcpserver_listen(server, "127.0.0.1:0"), 0);
    fd = plain_to((unsigned)gust_tcpserver_port(server), bytes, strlen(bytes));
    for (int i = 0; i < 100 && recv(fd, rest, sizeof rest, MSG_DONTWAIT | MSG_PEEK) < 0; i++)
        gust_sleep(0.001);
    assert_true(recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 7); /* nothing but an alert */
    close(fd);
    gust_tcpserver_free(server);
    return 0;
}

/* An older kernel, or an emulator, has no light guard pages, which is logged by every loop; and a
 * slow one holds the loop. */
static bool tells_of_the_machine(const char *line, const char *end)
{
    size_t len = (size_t)(end - line);

    return memmem(line, len, "guard pages", 11) != NULL || memmem(line, len, "was held", 8) != NULL;
}

TEST(what_is_no_tls_is_closed_with_one_line)
{
    static char *const beginnings[] = {
        (char *)(uintptr_t) "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        (char *)(uintptr_t) "SSH-2.0-OpenSSH\r\n",
        (char *)(uintptr_t) "\x16\x03\x01\x7f\xff endless records are none",
    };

    make_identities();
    for (size_t i = 0; i < gu_countof(beginnings); i++) {
        size_t n_lines = 0;

        TEST_CASE(beginnings[i]);
        seen[0] = '\0';
        keep_log();
        assert_int_equal(gust_run(bad_beginning, beginnings[i]), 0);
        release_log();
        for (const char *at = kept_log, *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
            n_lines += !tells_of_the_machine(at, end);
        assert_int_equal(n_lines, 1);
        assert_int_equal(strlen(seen), 0);
    }
}
