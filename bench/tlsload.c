/*
 * tlsload — a client over TLS, for what it costs a server
 *
 *   tlsload --port P full SECONDS        connections, each with a whole handshake
 *   tlsload --port P resumed SECONDS     connections that go back to the one before
 *   tlsload --port P bulk SECONDS        GET /big again and again on one connection
 *   tlsload --port P idle N              N connections that have served a request; waits for a line
 *                                        on its input
 *
 * It prints how many connections, or bytes, there were. One connection works at a time, in plain
 * blocking calls: what is compared is the server's CPU time for each, not how many it can have.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CIPHER_12 "ECDHE-ECDSA-AES128-GCM-SHA256"
#define CIPHER_13 "TLS_AES_128_GCM_SHA256"

static SSL_CTX *ctx;
static SSL_SESSION *newest;
static unsigned port;
static bool keeps_sessions;

static void die(const char *what)
{
    fprintf(stderr, "tlsload: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* --- a connection --- */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = session;
    return 1;
}

static SSL *connect_tls(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    SSL *ssl = SSL_new(ctx);

    if (fd < 0 || ssl == NULL || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl, fd);
    if (keeps_sessions && newest != NULL)
        SSL_set_session(ssl, newest);
    if (SSL_connect(ssl) != 1)
        die("handshake");
    return ssl;
}

static void close_tls(SSL *ssl)
{
    SSL_shutdown(ssl);
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

/* A request; the bytes of its response, head and body. */
static size_t ask(SSL *ssl, const char *path)
{
    static char buf[65536];
    char request[200];
    const char *length, *end;
    size_t total = 0, want = SIZE_MAX;
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

    if (SSL_write(ssl, request, n) != n)
        die("write");
    while (total < want) {
        n = SSL_read(ssl, buf, sizeof buf - 1);
        if (n <= 0)
            die("read");
        total += (size_t)n;
        if (want != SIZE_MAX)
            continue;
        buf[n] = '\0';
        end = strstr(buf, "\r\n\r\n");
        length = strcasestr(buf, "\r\ncontent-length:");
        if (end == NULL || length == NULL)
            die("a head");
        want = (size_t)(end - buf) + 4 + strtoul(length + 17, NULL, 10);
    }
    return total;
}

/* --- what is measured --- */

static size_t handshakes(double seconds)
{
    double until = now() + seconds;
    size_t n = 0, n_resumed = 0;

    for (; now() < until; n++) {
        SSL *ssl = connect_tls();

        n_resumed += SSL_session_reused(ssl) == 1;
        ask(ssl, "/plaintext"); /* and so the ticket is read */
        close_tls(ssl);
    }
    if (n_resumed + 1 < n && keeps_sessions)
        die("sessions are not resumed");
    return n;
}

static size_t bulk(double seconds)
{
    double until = now() + seconds;
    SSL *ssl = connect_tls();
    size_t n = 0;

    while (now() < until)
        n += ask(ssl, "/big");
    close_tls(ssl);
    return n;
}

static size_t idle(size_t n)
{
    struct rlimit limit;
    SSL **all = calloc(n, sizeof *all);

    if (all == NULL || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("idle");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < n; i++) {
        all[i] = connect_tls();
        ask(all[i], "/plaintext");
    }
    printf("%zu\n", n);
    fflush(stdout);
    getchar();
    free(all);
    return n;
}

int main(int argc, char **argv)
{
    const char *mode = argc == 5 ? argv[3] : "";
    double amount = argc == 5 ? strtod(argv[4], NULL) : 0;
    size_t n;

    if (argc != 5 || strcmp(argv[1], "--port") != 0) {
        fprintf(stderr, "usage: tlsload --port P full|resumed|bulk SECONDS, or idle N\n");
        return 2;
    }
    port = (unsigned)strtoul(argv[2], NULL, 10);
    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_ciphersuites(ctx, CIPHER_13) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHER_12) != 1)
        die("options");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (strcmp(mode, "idle") == 0)
        return idle((size_t)amount) == 0;
    keeps_sessions = strcmp(mode, "resumed") == 0;
    n = strcmp(mode, "bulk") == 0 ? bulk(amount) : handshakes(amount);
    printf("%zu\n", n);
    return 0;
}
