/*
 * poller_stage — see poller_stage.h
 */
#include "poller_stage.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const pollers[N_POLLERS] = {"epoll", "kqueue", "poll", "select"};
gust_loop *loop;
int n_calls;
unsigned last_ready;

void register_pollers(void)
{
    gu_poller_register(&gu_poller_kqueue);
}

void on_every_poller(void (*contract)(void))
{
    register_pollers();
    for (size_t i = 0; i < N_POLLERS; i++) {
        TEST_CASE(pollers[i]);
        assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = pollers[i]}, &loop), 0);
        assert_string_equal(gust_loop_poller(loop), pollers[i]);
        contract();
        gust_loop_close(loop);
    }
}

bool is_poller(const char *name)
{
    return strcmp(gust_loop_poller(loop), name) == 0;
}

void run_turns(int n)
{
    while (n-- > 0) {
        gust_loop_stop(loop);
        assert_int_equal(gust_loop_start(loop), 0);
    }
}

/* --- what watches --- */

void on_events(struct gu_io *io, unsigned events)
{
    struct watched *w = gu_container_of(io, struct watched, io);

    w->seen |= events;
    w->n++;
    if (w->then != NULL)
        w->then(w, events);
}

void watch(struct watched *w, int fd, unsigned want)
{
    w->io.on_events = on_events;
    w->io.fd = fd;
    w->seen = 0;
    w->n = 0;
    assert_int_equal(gu_loop_watch(loop, &w->io, want), 0);
}

void count_calls(int fd, unsigned ready, void *arg)
{
    (void)fd;
    (void)arg;
    n_calls++;
    last_ready = ready;
}

/* --- what is watched --- */

void make_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

void send_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
}

size_t drain(int fd)
{
    char bytes[65536];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        total += (size_t)n;
    return total;
}

void fill(int fd)
{
    char bytes[65536] = {0};

    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}
