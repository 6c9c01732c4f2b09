/*
 * load — an HTTP/1.1 load generator that costs little enough to saturate very fast servers
 *
 *     load --port N [--host ADDRESS] [--path PATH] [--connections N] [--pipeline N] [--seconds S]
 *          [--requests N] [--header BYTES] [--idle N] [--close] [--barrier]
 *
 * One thread, one epoll set, one send and one receive for each batch of a connection. The length
 * of the answer is learnt from a first exchange; from then on answers are counted by length, and
 * the status line of each that starts in a received block is looked at, so a server that begins to
 * answer something else is an error, not a figure.
 *
 * --header pads the request's head to so many bytes. --idle opens so many connections more, has
 * each serve one request, and leaves them open. --close makes a connection for each request. The
 * run ends after --seconds, or after --requests answers if that is earlier.
 * --barrier prints "ready" when all connections stand, waits for a line on stdin, runs, prints the
 * result, and waits for another line (or the end of input) before it closes anything, so that who
 * measures the server can bracket the load exactly.
 *
 * Prints "requests=N seconds=S rate=R length=BYTES".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_EVENTS = 256,
    BLOCK_SIZE = 1 << 18,
    STATUS_LENGTH = 12,
    IDLE_PER_SOURCE = 10000, /* connections from one source address: there are 28,000 ports */
    SOURCES = 250,           /* 127.0.0.1 to 127.0.0.250 */
};

static struct {
    const char *host, *path;
    long port, connections, pipeline, requests, header, idle;
    double seconds;
    int close, barrier;
} opt = {.host = "127.0.0.1",
         .path = "/",
         .connections = 64,
         .pipeline = 1,
         .header = 164,
         .seconds = 1};

struct connection {
    int fd;
    long have; /* bytes received of the batch in flight */
};

static const char ok[] = "HTTP/1.1 200";
static struct sockaddr_in server;
static char block[BLOCK_SIZE];
static char *batch; /* `pipeline` requests */
static size_t request_length, batch_length;
static long answer_length;
static long sent, done;  /* requests that went out, answers that came back */
static unsigned sources; /* connections made by --close: picks the source address */
static int poller;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- options --- */

__attribute__((noreturn)) static void usage(void)
{
    fputs("usage: load --port N [--host ADDRESS] [--path PATH] [--connections N] [--pipeline N]\n"
          "            [--seconds S] [--requests N] [--header BYTES] [--idle N] [--close]\n"
          "            [--barrier]\n",
          stderr);
    exit(2);
}

static long parse_count(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || n < 0)
        usage();
    return n;
}

static void parse_options(int argc, char **argv)
{
    enum { HOST = 1, PATH, SECONDS, COUNTS };
    static long *const counts[] = {&opt.port,     &opt.connections, &opt.pipeline,
                                   &opt.requests, &opt.header,      &opt.idle};
    static const struct option options[] = {
        {"host", required_argument, NULL, HOST},
        {"path", required_argument, NULL, PATH},
        {"seconds", required_argument, NULL, SECONDS},
        {"port", required_argument, NULL, COUNTS},
        {"connections", required_argument, NULL, COUNTS + 1},
        {"pipeline", required_argument, NULL, COUNTS + 2},
        {"requests", required_argument, NULL, COUNTS + 3},
        {"header", required_argument, NULL, COUNTS + 4},
        {"idle", required_argument, NULL, COUNTS + 5},
        {"close", no_argument, &opt.close, 1},
        {"barrier", no_argument, &opt.barrier, 1},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (c) {
        case 0:
            break;
        case HOST:
            opt.host = optarg;
            break;
        case PATH:
            opt.path = optarg;
            break;
        case SECONDS:
            opt.seconds = strtod(optarg, NULL);
            break;
        case '?':
            usage();
        default:
            *counts[c - COUNTS] = parse_count(optarg);
        }
    if (optind != argc || opt.port == 0 || opt.pipeline == 0 || (opt.close && opt.pipeline > 1))
        usage();
}

/* --- requests --- */

/* One request, its head padded to opt.header bytes (0: the least that HTTP/1.1 asks for), repeated
 * opt.pipeline times. */
static void make_batch(void)
{
    const char *connection = opt.close ? "Connection: close\r\n" : "";
    char head[2048];
    int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s:%ld\r\n%s%s", opt.path,
                     opt.host, opt.port, connection, opt.header > 0 ? "User-Agent: load" : "");
    long pad;

    if (n < 0 || n + 4 > (int)sizeof head)
        usage();
    if (opt.header == 0)
        n -= 2; /* the CRLF of the last field is put with the empty line */
    pad = opt.header > n + 4 ? opt.header - n - 4 : 0;
    request_length = (size_t)(n + pad + 4);
    batch_length = request_length * (size_t)opt.pipeline;
    if ((batch = malloc(batch_length)) == NULL)
        die("requests");
    for (char *at = batch; at < batch + batch_length; at += request_length) {
        memcpy(at, head, (size_t)n);
        memset(at + n, '.', (size_t)pad);
        memcpy(at + n + pad, "\r\n\r\n", 4);
    }
}

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue; /* the server is slow to read: so are we */
        if (n < 0)
            die("send");
        bytes += n;
        len -= (size_t)n;
    }
}

/* --- connections --- */

/* A blocking connect: on loopback the handshake is over when it returns. `source` picks 127.0.0.x,
 * because there are only some 28,000 ports an address; processes begin at different ones. */
static int open_connection(long source)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    if (source > 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
                   sizeof on); /* or its port is lost for a minute */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
            die("bind");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
        if (errno != EINTR)
            die("connect");
    return fd;
}

static long parse_answer_length(const char *head, const char *end)
{
    static const char name[] = "\r\ncontent-length:";

    for (const char *at = head; at + sizeof name - 1 < end; at++)
        if (strncasecmp(at, name, sizeof name - 1) == 0)
            return end - head + strtol(at + sizeof name - 1, NULL, 10);
    errno = 0;
    die("the answer has no Content-Length");
}

/* Reads the head of the first answer without taking it. */
static void learn_answer_length(int fd)
{
    const char *end = NULL;

    while (end == NULL) {
        ssize_t n = recv(fd, block, sizeof block - 1, MSG_PEEK);

        if (n <= 0)
            die("the server closed before it answered");
        block[n] = '\0';
        end = strstr(block, "\r\n\r\n");
    }
    answer_length = parse_answer_length(block, end + 4);
}

/* Receives once; 0 when there is nothing yet. Every answer that starts in these bytes must be a
 * 200, where its start is whole. */
static long receive(struct connection *c)
{
    ssize_t n = recv(c->fd, block, sizeof block, 0);
    long seen = c->have % answer_length;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return n == 0 ? -1 : -errno;
    for (long at = seen == 0 ? 0 : answer_length - seen; at + STATUS_LENGTH <= n;
         at += answer_length)
        if (memcmp(block + at, ok, STATUS_LENGTH) != 0) {
            errno = 0;
            die("an answer is not a 200, or not as long as the first one");
        }
    c->have += n;
    return n;
}

/* One request and its answer on a connection that still blocks. */
static void exchange_one(int fd)
{
    struct connection c = {.fd = fd};

    send_all(fd, batch, request_length);
    if (answer_length == 0)
        learn_answer_length(fd);
    while (c.have < answer_length)
        if (receive(&c) < 0)
            die("the server closed before its answer was whole");
}

static void watch(struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void open_idle(void)
{
    for (long i = 0; i < opt.idle; i++)
        exchange_one(open_connection(1 + (getpid() + i / IDLE_PER_SOURCE) % (SOURCES - 1)));
}

static struct connection *open_connections(void)
{
    struct connection *all = calloc((size_t)opt.connections + 1, sizeof *all);

    if (all == NULL)
        die("connections");
    for (long i = 0; i < opt.connections; i++) {
        all[i].fd = open_connection(opt.close ? i % SOURCES : 0);
        if (!opt.close || i == 0)
            exchange_one(all[i].fd);
        if (opt.close && i == 0) { /* that exchange used it up */
            close(all[i].fd);
            all[i].fd = open_connection(0);
        }
        watch(&all[i]);
    }
    return all;
}

/* --- the run --- */

static void send_batch(struct connection *c)
{
    if (opt.requests > 0 && sent >= opt.requests)
        return;
    sent += opt.pipeline;
    send_all(c->fd, batch, batch_length);
}

/* A connection has bytes, and with them perhaps its batch: the next one goes out. */
static void continue_batch(struct connection *c)
{
    long target = answer_length * opt.pipeline, before = c->have, n = receive(c);

    if (n < 0)
        die("the server closed a connection");
    done += c->have / answer_length - before / answer_length;
    if (c->have < target)
        return;
    errno = 0;
    if (c->have > target)
        die("more bytes than answers");
    c->have = 0;
    send_batch(c);
}

/* The same with --close: the end of the connection ends the answer, and a new one takes over. */
static void continue_closing(struct connection *c)
{
    long n;

    while ((n = receive(c)) > 0)
        continue;
    if (n == 0)
        return;
    if (c->have != answer_length)
        die("the server closed before its answer was whole");
    close(c->fd);
    done++;
    c->have = 0;
    c->fd = open_connection(sources++ % SOURCES);
    watch(c);
    send_batch(c);
}

static void run(struct connection *all)
{
    void (*step)(struct connection *) = opt.close ? continue_closing : continue_batch;
    struct epoll_event events[MAX_EVENTS];
    double end = now() + opt.seconds;

    for (long i = 0; i < opt.connections; i++)
        send_batch(&all[i]);
    /* The clock is read once in 16 turns: it would show in the figures. */
    for (unsigned turn = 1;
         (turn % 16 != 0 || now() < end) && (opt.requests == 0 || done < opt.requests); turn++) {
        int n = epoll_wait(poller, events, MAX_EVENTS, 100);

        if (n == 0 && now() >= end)
            break;
        for (int i = 0; i < n; i++)
            step(events[i].data.ptr);
    }
}

static void wait_for_line(void)
{
    char c;

    while (opt.barrier && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        continue;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct connection *all;
    double start;

    parse_options(argc, argv);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)opt.port);
    if (inet_pton(AF_INET, opt.host, &server.sin_addr) != 1)
        usage();
    raise_descriptor_limit();
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
    make_batch();
    open_idle();
    all = open_connections();
    if (opt.barrier) {
        puts("ready");
        fflush(stdout);
        wait_for_line();
    }
    start = now();
    run(all);
    printf("requests=%ld seconds=%.6f rate=%.0f length=%ld\n", done, now() - start,
           (double)done / (now() - start), answer_length);
    fflush(stdout);
    wait_for_line();
    free(all);
    free(batch);
    return 0;
}
