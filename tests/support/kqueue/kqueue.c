/*
 * kqueue — an emulation on epoll, so that the kqueue poller is run where there is none
 *
 * A kqueue is an epoll descriptor. Both filters of a descriptor share one registration, which is an
 * edge if either asks for EV_CLEAR; Gust never mixes the two. As with the real one, closing a
 * descriptor takes its filters away: a stale entry is found out when its number is added again.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/event.h>

#define MAX_FDS 65536

struct filter {
    bool is_on, is_clear;
    void *udata;
};

struct entry {
    int kq; /* + 1; 0: none */
    struct filter in, out;
};

/* One kqueue holds a given number at a time in the tests, so one table does for all of them. */
static _Thread_local struct entry *entries;

static struct entry *entry_of(int kq, uintptr_t fd)
{
    static const struct entry none;

    if (entries == NULL)
        entries = calloc(MAX_FDS, sizeof *entries);
    if (entries == NULL || fd >= MAX_FDS)
        return NULL;
    if (entries[fd].kq != kq + 1) {
        entries[fd] = none;
        entries[fd].kq = kq + 1;
    }
    return &entries[fd];
}

int kqueue(void)
{
    int kq = epoll_create1(0);

    for (int fd = 0; kq >= 0 && entries != NULL && fd < MAX_FDS; fd++)
        if (entries[fd].kq == kq + 1)
            entries[fd].kq = 0;
    return kq;
}

static struct epoll_event registration(const struct entry *entry, uintptr_t fd)
{
    bool is_edge =
        (entry->in.is_on && entry->in.is_clear) || (entry->out.is_on && entry->out.is_clear);
    struct epoll_event event = {.data.u64 = fd};

    event.events = (entry->in.is_on ? (uint32_t)(EPOLLIN | EPOLLRDHUP) : 0) |
                   (entry->out.is_on ? (uint32_t)EPOLLOUT : 0) | (is_edge ? (uint32_t)EPOLLET : 0);
    return event;
}

/* Whether the kernel still holds the registration that the entry stands for. */
static bool is_alive(int kq, const struct entry *entry, int fd)
{
    struct epoll_event event = registration(entry, (uintptr_t)fd);

    return epoll_ctl(kq, EPOLL_CTL_MOD, fd, &event) == 0;
}

static int put(int kq, struct entry *entry, int fd, bool was_on)
{
    struct epoll_event event = registration(entry, (uintptr_t)fd);
    int op = was_on ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (!entry->in.is_on && !entry->out.is_on)
        op = EPOLL_CTL_DEL;
    return epoll_ctl(kq, op, fd, &event);
}

static int apply(int kq, const struct kevent *change)
{
    struct entry *entry = entry_of(kq, change->ident), before;
    struct filter *filter;
    int fd = (int)change->ident;
    bool was_on;

    if (entry == NULL) {
        errno = ENOMEM;
        return -1;
    }
    was_on = entry->in.is_on || entry->out.is_on;
    if (was_on && !is_alive(kq, entry, fd))
        entry->in.is_on = entry->out.is_on = was_on = false;
    filter = change->filter == EVFILT_READ ? &entry->in : &entry->out;
    if ((change->flags & EV_DELETE) != 0 && !filter->is_on) {
        errno = ENOENT;
        return -1;
    }
    before = *entry;
    filter->is_on = (change->flags & EV_ADD) != 0;
    filter->is_clear = (change->flags & EV_CLEAR) != 0;
    filter->udata = change->udata;
    if (put(kq, entry, fd, was_on) == 0)
        return 0;
    *entry = before;
    return -1;
}

static void report(struct kevent *event, uintptr_t fd, short filter, const struct filter *of,
                   unsigned flags, unsigned fflags)
{
    EV_SET(event, fd, filter, (unsigned short)flags, fflags, 0, of->udata);
}

/* One registration's events as up to two filters'. */
static int split(struct kevent *events, const struct entry *entry, const struct epoll_event *from)
{
    uint32_t e = from->events;
    unsigned error = e & EPOLLERR ? ECONNRESET : 0;
    int n = 0;

    if (entry->in.is_on && (e & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        report(&events[n++], (uintptr_t)from->data.u64, EVFILT_READ, &entry->in,
               e & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? EV_EOF : 0, error);
    if (entry->out.is_on && (e & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        report(&events[n++], (uintptr_t)from->data.u64, EVFILT_WRITE, &entry->out,
               e & (EPOLLHUP | EPOLLERR) ? EV_EOF : 0, error);
    return n;
}

/* Rounded up. */
static int in_ms(const struct timespec *timeout)
{
    return timeout == NULL ? -1
                           : (int)(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000);
}

int kevent(int kq, const struct kevent *changes, int n_changes, struct kevent *events, int n_events,
           const struct timespec *timeout)
{
    struct epoll_event ready[256];
    int n_ready, n = 0, most = n_events / 2 < 256 ? n_events / 2 : 256;

    for (int i = 0; i < n_changes; i++)
        if (apply(kq, &changes[i]) < 0)
            return -1;
    if (n_events == 0)
        return 0;
    n_ready = epoll_wait(kq, ready, most, in_ms(timeout));
    if (n_ready < 0)
        return -1;
    for (int i = 0; i < n_ready; i++)
        n += split(events + n, entry_of(kq, (uintptr_t)ready[i].data.u64), &ready[i]);
    return n;
}
