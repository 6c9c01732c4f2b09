/*
 * loop_bench — what a turn of the loop adds to the wait
 *
 * Both sides do the same work: each event of an eventfd writes to it again, so that every wait
 * finds all of them. The bare side is epoll_wait() and a function pointer. What is printed is the
 * CPU time of a turn, best of five alternating runs, and the difference.
 */
#include "base/gu.h"
#include "loop/loop_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 512, RUNS = 5 };

static struct gu_io ios[MOST];
static int n_ready, n_left; /* events before the end */
static gust_loop *loop;

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void on_events(struct gu_io *io, unsigned events)
{
    (void)events;
    gust_ignore(eventfd_write(io->fd, 1));
    if (--n_left == 0)
        gust_loop_stop(loop);
}

/* --- the two sides --- */

static void run_bare(void)
{
    static struct epoll_event ready[MOST];
    int ep = epoll_create1(0);

    for (int i = 0; i < n_ready; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                    .data.ptr = &ios[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, ios[i].fd, &event);
    }
    while (n_left > 0) {
        int n = epoll_wait(ep, ready, MOST, 75000);

        for (int i = 0; i < n; i++) {
            struct gu_io *io = ready[i].data.ptr;

            io->on_events(io, ready[i].events);
        }
    }
    close(ep);
}

static void do_nothing(struct gu_timer *timer)
{
    (void)timer;
}

static void run_loop(void)
{
    struct gu_timer idle = {.run = do_nothing};

    for (int i = 0; i < n_ready; i++)
        gust_ignore(gu_loop_watch(loop, &ios[i], GU_IN));
    gust_ignore(gu_timer_set(loop, &idle, loop->now + 75 * GU_SECOND));
    gust_ignore(gust_loop_start(loop));
    gu_timer_clear(loop, &idle);
    for (int i = 0; i < n_ready; i++) {
        int fd = ios[i].fd;

        gu_loop_unwatch(loop, &ios[i], false);
        ios[i].fd = fd;
    }
}

/* Nanoseconds a turn. */
static double time_of(void (*run)(void))
{
    int n_events = 2000000 / (n_ready + 4) * n_ready;
    double start = cpu_seconds();

    n_left = n_events;
    run();
    gust_loop_stop(loop);
    gust_ignore(gust_loop_start(loop)); /* forgets a stop that the bare side asked for */
    return (cpu_seconds() - start) * 1e9 * n_ready / n_events;
}

static void measure(int ready)
{
    double bare = 1e9, ours = 1e9;

    n_ready = ready;
    for (int i = 0; i < RUNS; i++) {
        double b = time_of(run_bare), o = time_of(run_loop);

        bare = b < bare ? b : bare;
        ours = o < ours ? o : ours;
    }
    printf("%4d ready: bare %8.0f ns, loop %8.0f ns a turn; %+5.1f ns a turn, %+5.1f an event\n",
           ready, bare, ours, ours - bare, (ours - bare) / ready);
}

/* --- timers --- */

static void measure_timers(void)
{
    static struct gu_timer timers[100000];
    double start = cpu_seconds();
    int n = (int)gu_countof(timers);

    for (int i = 0; i < n; i++)
        gust_ignore(gu_timer_set(loop, &timers[i], loop->now + GU_SECOND + random() % GU_SECOND));
    printf("timer: %.0f ns to set among 100000, ", (cpu_seconds() - start) * 1e9 / n);
    start = cpu_seconds();
    for (int i = 0; i < n; i++)
        gu_timer_clear(loop, &timers[i]);
    printf("%.0f ns to clear\n", (cpu_seconds() - start) * 1e9 / n);
}

static void expire(struct gu_timeout *timeout)
{
    (void)timeout;
}

static void measure_timeouts(void)
{
    static struct gu_timeout timeouts[10000];
    struct gu_timeout_list *list = gu_timeout_list(loop, 75 * GU_SECOND, expire);
    size_t n = gu_countof(timeouts);
    double start;

    for (size_t i = 0; i < n; i++)
        gu_timeout_init(&timeouts[i]);
    start = cpu_seconds();
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < n; i++)
            gu_timeout_start(list, &timeouts[i]);
    printf("timeout: %.1f ns to start among 10000\n",
           (cpu_seconds() - start) * 1e9 / (100 * (double)n));
    for (size_t i = 0; i < n; i++)
        gu_timeout_stop(&timeouts[i]);
}

int main(void)
{
    static const int batches[] = {1, 4, 16, 64, 256};

    if (gust_loop_new(NULL, &loop) < 0)
        return 1;
    for (int i = 0; i < MOST; i++)
        ios[i] = (struct gu_io){.on_events = on_events, .fd = eventfd(0, EFD_NONBLOCK)};
    for (size_t i = 0; i < gu_countof(batches); i++)
        measure(batches[i]);
    measure_timers();
    measure_timeouts();
    gust_loop_close(loop);
    return 0;
}
