/*
 * happy — connecting to whichever address answers first
 *
 * One task, no task for each attempt: an attempt is a descriptor that is watched, and the task
 * sleeps until one of them is ready or the next is due. The attempts are one block on the heap,
 * whose first word a gu_io may lose, because events of the batch may still name them when it goes.
 */
#include "net/happy.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define DELAY 0.25 /* RFC 8305 section 5 */

struct race;

struct attempt {
    struct gu_io io; /* first: its gen outlives the memory's use */
    struct race *race;
    const struct gu_address *to;
    bool is_ready;
    int err; /* why it failed; 0: it has not */
};

struct race {
    struct gu_wait wait;
    struct gu_net *net;
    const gust_connect_options *o;
    struct gu_address source[GUST_BIND_MAX];
    int n_sources;
    struct attempt *attempts;
    int n, n_begun, n_pending;
    gu_time delay, next; /* when the next attempt is due */
};

/* --- the order --- */

void gu_happy_sort(struct gu_address *list, int n)
{
    for (int i = 1; i < n; i++) {
        int other = i;
        struct gu_address moved;

        while (other < n && list[other].as.any.sa_family == list[i - 1].as.any.sa_family)
            other++;
        if (other == n)
            return; /* one family is left */
        moved = list[other];
        memmove(&list[i + 1], &list[i], (size_t)(other - i) * sizeof *list);
        list[i] = moved;
    }
}

/* --- the source --- */

/* A port alone is bound on the loopback, as Tornado does. */
static int read_source(struct race *race)
{
    const char *ip = race->o->source_address != NULL ? race->o->source_address : "localhost";
    int n;

    if (race->o->source_port > UINT16_MAX)
        return -EINVAL;
    if (race->o->source_address == NULL && race->o->source_port == 0)
        return 0;
    if (ip[0] == '\0')
        return -EINVAL;
    n = gu_address_parse_host(gust_str_from(ip), (uint16_t)race->o->source_port, race->source);
    if (n < 0)
        return n;
    race->n_sources = n;
    return 0;
}

static int bind_source(const struct race *race, int fd, int family)
{
    int on = 1;

    if (race->n_sources == 0 || family == AF_UNIX)
        return 0;
    for (int i = 0; i < race->n_sources; i++) {
        const struct gu_address *from = &race->source[i];

        if (from->as.any.sa_family != family)
            continue;
        gust_ignore(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
        return bind(fd, &from->as.any, from->len) < 0 ? -errno : 0;
    }
    return -EAFNOSUPPORT;
}

/* --- attempts --- */

static void on_events(struct gu_io *io, unsigned events)
{
    struct attempt *a = gu_container_of(io, struct attempt, io);
    struct gu_wait *wait = &a->race->wait;

    (void)events;
    a->is_ready = true;
    if (wait->task != NULL && wait->task->wait == wait)
        gu_task_wake(wait->task, 0);
}

static void abandon(struct gu_wait *wait)
{
    (void)wait; /* events find it only while the task waits in it */
}

static void give_up(struct attempt *a, int err)
{
    int fd = a->io.fd;

    a->err = err;
    if (fd < 0)
        return;
    gu_loop_unwatch(a->race->net->loop, &a->io, true);
    close(fd);
    a->race->n_pending--;
}

static int open_socket(const struct race *race, const struct gu_address *to)
{
    int family = to->as.any.sa_family, on = 1, err;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (family != AF_UNIX)
        gust_ignore(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    err = bind_source(race, fd, family);
    if (err < 0) {
        close(fd);
        return err;
    }
    return fd;
}

/* Returns the socket if it is connected at once, else -EINPROGRESS or what failed. */
static int begin(struct race *race, struct attempt *a)
{
    int fd = open_socket(race, a->to), err;

    if (fd < 0)
        return fd;
    if (connect(fd, &a->to->as.any, a->to->len) == 0)
        return fd;
    err = -errno;
    if (err == -EINPROGRESS || err == -EINTR) {
        a->io.on_events = on_events;
        a->io.fd = fd;
        err = gu_loop_watch(race->net->loop, &a->io, GU_OUT);
        if (err == 0) {
            race->n_pending++;
            return -EINPROGRESS;
        }
        a->io.fd = -1;
    }
    close(fd);
    return err;
}

/* Begins the next one, and further ones as long as they fail at once. As begin(). */
static int begin_next(struct race *race)
{
    while (race->n_begun < race->n) {
        struct attempt *a = &race->attempts[race->n_begun++];
        int result = begin(race, a);

        race->next = race->delay == GU_FOREVER ? GU_FOREVER : race->net->loop->now + race->delay;
        if (result >= 0 || result == -EINPROGRESS)
            return result;
        a->err = result;
    }
    return -EINPROGRESS;
}

/* The socket of one that is there, taken out of the race; else -EINPROGRESS. */
static int look(struct race *race)
{
    for (int i = 0; i < race->n_begun; i++) {
        struct attempt *a = &race->attempts[i];
        int fd = a->io.fd, result = 0;
        socklen_t len = sizeof result;

        if (fd < 0 || !a->is_ready)
            continue;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &len) < 0)
            result = errno;
        if (result == 0) {
            gu_loop_unwatch(race->net->loop, &a->io, false);
            race->n_pending--;
            return fd;
        }
        give_up(a, -result);
        race->next = race->net->loop->now; /* who fails makes room */
    }
    return -EINPROGRESS;
}

/* --- the race --- */

static int wait_for_news(struct race *race)
{
    bool has_next = race->n_begun < race->n;
    gu_time until = has_next ? race->next : GU_FOREVER;
    int err = gu_task_wait(&race->wait, until);

    if (err == -ETIMEDOUT && until < gu_task_current()->deadline)
        return 0; /* the next one is due */
    return err;
}

static int run(struct race *race)
{
    for (;;) {
        bool is_due = race->n_pending == 0 || race->net->loop->now >= race->next;
        int fd = is_due ? begin_next(race) : -EINPROGRESS, err;

        if (fd != -EINPROGRESS)
            return fd;
        if (race->n_pending == 0)
            return race->attempts[0].err;
        err = wait_for_news(race);
        if (err < 0)
            return err;
        fd = look(race);
        if (fd != -EINPROGRESS)
            return fd;
    }
}

/* What each attempt said, for people. */
static void tell_why(const struct race *race, int err)
{
    char text[GUST_ADDRESS_TEXT], memory[1024]; /* the longest that is told */
    struct gu_buf b;
    gust_str all;
    char *copy;

    gu_buf_init_fixed(&b, memory, sizeof memory);
    for (int i = 0; i < race->n_begun; i++) {
        const struct attempt *a = &race->attempts[i];
        const char *what = gust_strerror(a->err != 0 ? a->err : err);

        gu_address_format(&a->to->as.any, a->to->len, text);
        if (b.len + strlen(text) + strlen(what) + sizeof ", : " >= sizeof memory)
            break;
        gu_buf_printf(&b, "%s%s: %s", i > 0 ? ", " : "", text, what);
    }
    if (gu_buf_finish(&b, &all) < 0)
        return;
    copy = gust_try_alloc(all.len + 1);
    if (copy == NULL)
        return;
    memcpy(copy, all.ptr, all.len + 1);
    *race->o->why = copy;
}

static void attempts_free(void *memory)
{
    gu_free(memory);
}

int gu_happy_connect(struct gu_net *net, const struct gu_address *list, int n,
                     const gust_connect_options *options)
{
    struct race race = {.wait.abandon = abandon, .net = net, .o = options, .n = n};
    int fd = read_source(&race);

    if (fd < 0)
        return fd;
    race.delay = gu_option_time(options->attempt_delay, DELAY);
    race.attempts = gu_alloc0((size_t)n * sizeof *race.attempts);
    if (race.attempts == NULL)
        return -ENOMEM;
    for (int i = 0; i < n; i++) {
        race.attempts[i].io.fd = -1;
        race.attempts[i].race = &race;
        race.attempts[i].to = &list[i];
    }
    gu_loop_refresh_now(net->loop); /* the task may have computed for long */
    fd = run(&race);
    for (int i = 0; i < race.n_begun; i++)
        if (race.attempts[i].io.fd >= 0)
            give_up(&race.attempts[i], 0);
    if (fd < 0 && options->why != NULL)
        tell_why(&race, fd);
    gu_loop_free_later(net->loop, race.attempts, attempts_free);
    return fd;
}
