/*
 * bare — what an answer costs when nobody asks what was requested
 *
 * The smallest epoll server that a load generator takes for a web server: receive, send a fixed
 * answer, no parsing. It is the floor that Gust is measured against, in the same run, built with
 * the same flags. Answers once for each readiness, or with --pipeline as often as requests of the
 * first one's length arrived; --close closes after the answer. Prints nothing.
 *
 *     bare --port N [--length BYTES] [--pipeline] [--close]
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_EVENTS = 512, MAX_PIPELINE = 64, MAX_FDS = 1 << 20, RECEIVE_SIZE = 65536 };

static int port, length = 256, pipelined, closing;
static char received[RECEIVE_SIZE], *answers;
static struct {
    int request, rest; /* bytes of a request, and of an incomplete one (--pipeline) */
} connections[MAX_FDS];

static int parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"length", required_argument, NULL, 'l'},
        {"pipeline", no_argument, &pipelined, 1},
        {"close", no_argument, &closing, 1},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'p')
            port = (int)strtol(optarg, NULL, 10);
        else if (c == 'l')
            length = (int)strtol(optarg, NULL, 10);
        else if (c != 0)
            return -1;
    }
    return port > 0 && optind == argc ? 0 : -1;
}

/* Lays out `length` bytes that are one whole answer, as often as a pipeline may ask for it. */
static int make_answers(void)
{
    static const char format[] =
        "HTTP/1.1 200 OK\r\nServer: bare\r\n%sContent-Length: %08d\r\n\r\n";
    const char *connection = closing ? "Connection: close\r\n" : "";
    int head = snprintf(NULL, 0, format, connection, 0);

    if (length < head || (answers = malloc((size_t)length * MAX_PIPELINE + 1)) == NULL)
        return -1;
    for (int i = 0; i < MAX_PIPELINE; i++) {
        char *at = answers + i * length;

        snprintf(at, (size_t)length + 1, format, connection, length - head);
        memset(at + head, '.', (size_t)(length - head));
    }
    return 0;
}

static int listen_on(int poller)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        return -1;
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
    return fd;
}

static void accept_all(int poller, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        connections[fd].request = connections[fd].rest = 0;
        epoll_ctl(poller, EPOLL_CTL_ADD, fd,
                  &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
    }
}

/* How many whole requests the n bytes just received complete; the first one tells the length. */
static int count_requests(int fd, int n)
{
    int request = connections[fd].request;

    if (request == 0) {
        char *end = memmem(received, (size_t)n, "\r\n\r\n", 4);

        connections[fd].request = request = end != NULL ? (int)(end + 4 - received) : n;
    }
    n += connections[fd].rest;
    connections[fd].rest = n % request;
    return n / request;
}

static void serve(int fd)
{
    ssize_t n = recv(fd, received, sizeof received, 0);
    int todo = n <= 0 ? 0 : pipelined ? count_requests(fd, (int)n) : 1;
    int failed = n == 0 || (n < 0 && errno != EAGAIN);

    for (int some; todo > 0 && !failed; todo -= some) {
        some = todo < MAX_PIPELINE ? todo : MAX_PIPELINE;
        failed = send(fd, answers, (size_t)(some * length), MSG_NOSIGNAL) != some * length;
    }
    if (failed || (closing && n > 0))
        close(fd);
}

int main(int argc, char **argv)
{
    struct epoll_event events[MAX_EVENTS];
    int poller = epoll_create1(EPOLL_CLOEXEC), listener;

    if (parse_options(argc, argv) != 0 || make_answers() != 0) {
        fputs("usage: bare --port N [--length BYTES] [--pipeline] [--close]\n", stderr);
        return 2;
    }
    if ((listener = listen_on(poller)) < 0)
        return 1;
    for (;;) {
        int n = epoll_wait(poller, events, MAX_EVENTS, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_all(poller, listener);
            else
                serve(events[i].data.fd);
    }
}
