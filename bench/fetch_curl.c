/*
 * fetch_curl — the same as fetch.c with libcurl: curl_multi_socket_action() over epoll
 *
 * Handles are used again, which is the cheapest way that libcurl has.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { EVENTS = 64 };

static long n, n_begun, n_done, n_bad, n_connections;
static int poller;
static long timeout_ms = -1;

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct epoll_event event = {.data.fd = fd};
    CURLM *multi = arg;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = ((what & CURL_POLL_IN) != 0 ? (unsigned)EPOLLIN : 0u) |
                   ((what & CURL_POLL_OUT) != 0 ? (unsigned)EPOLLOUT : 0u);
    epoll_ctl(poller, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(multi, fd, multi);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    (void)arg;
    timeout_ms = ms;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    (void)bytes;
    (void)arg;
    return size * count;
}

static CURL *handle_new(const char *url)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    return easy;
}

/* Counts those that are done, and begins others with their handles. */
static void collect(CURLM *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        long status = 0, opened = 0;

        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
        n_bad += message->data.result != CURLE_OK || status != 200;
        n_connections += opened;
        n_done++;
        curl_multi_remove_handle(multi, easy);
        if (n_begun < n) {
            n_begun++;
            curl_multi_add_handle(multi, easy);
        } else {
            curl_easy_cleanup(easy);
        }
    }
}

static void run(CURLM *multi)
{
    struct epoll_event events[EVENTS];
    int running;

    while (n_done < n) {
        int count = epoll_wait(poller, events, EVENTS, (int)timeout_ms);

        if (count <= 0) {
            timeout_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int i = 0; i < count; i++) {
            int mask = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

            curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
        }
        collect(multi);
    }
}

int main(int argc, char **argv)
{
    long concurrent = argc > 3 ? strtol(argv[3], NULL, 10) : 64;
    double began = now();
    CURLM *multi;

    if (argc < 3) {
        fprintf(stderr, "usage: fetch_curl URL N [CONCURRENT]\n");
        return 2;
    }
    n = strtol(argv[2], NULL, 10);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    poller = epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    for (; n_begun < n && n_begun < concurrent; n_begun++)
        curl_multi_add_handle(multi, handle_new(argv[1]));
    run(multi);
    curl_multi_cleanup(multi);
    printf("%.2f us of CPU a fetch, which takes %.2f us, %ld connections, %ld failed\n",
           cpu_seconds() * 1e6 / (double)n, (now() - began) * 1e6 * (double)concurrent / (double)n,
           n_connections, n_bad);
    return n_bad > 0;
}
