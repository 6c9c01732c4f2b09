/*
 * happy — which of several addresses a connection is made to, and when each is tried
 *
 * connect() is replaced: what an address does is written in its port. One that hangs is a socket
 * whose buffer is full; it is there once the test reads it empty. Time is virtual. The rules are
 * Tornado's ConnectorTest's, with RFC 8305's order and delay.
 */
#include "net/happy.h"
#include "test.h"
#include "virtual_loop.h"
#include <fcntl.h>
#include <gust.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- addresses and what they do --- */

enum { WORKS = 1, REFUSES, HANGS, LATE, LATER };

#define LATE_AFTER 0.3 /* seconds from its own beginning */
#define LATER_AFTER 1.1

static struct {
    char order[256]; /* "4:0.00 6:0.25 ": what was tried, and when */
    int peers[16];   /* the other ends */
    size_t n_peers;
} seen;

static void answer(void *peer)
{
    static char sink[1 << 16];
    int fd = (int)(intptr_t)peer;

    while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
        ;
}

/* Puts one end of a pair in the place of the socket. */
static void become_pair(int fd, bool is_full, double after)
{
    static const char stuff[4096];
    int ends[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_return_code(dup3(ends[0], fd, O_CLOEXEC), 0);
    close(ends[0]);
    while (is_full && send(fd, stuff, sizeof stuff, MSG_DONTWAIT) > 0)
        ;
    seen.peers[seen.n_peers++] = ends[1];
    if (after > 0)
        assert_non_null(
            gust_loop_call_later(gust_loop_current(), after, answer, (void *)(intptr_t)ends[1]));
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
    size_t at = strlen(seen.order);
    int does = gu_address_port(to) % 10;

    (void)len;
    snprintf(seen.order + at, sizeof seen.order - at, "%c%d:%.2f ",
             to->sa_family == AF_INET ? '4' : '6', gu_address_port(to) / 10,
             (double)(gust_loop_current()->now - VIRTUAL_START) / 1e9);
    if (does != REFUSES)
        become_pair(fd, does != WORKS, does == LATE ? LATE_AFTER : does == LATER ? LATER_AFTER : 0);
    errno = does == REFUSES ? ECONNREFUSED : EINPROGRESS;
    return -1;
}

/* "4w6h": an address for each pair, its family and what it does. */
static int read_list(const char *text, struct gu_address *list)
{
    static const char does[] = "?wrhlL";
    int n = 0;

    for (; text[0] != '\0'; text += 2, n++) {
        uint16_t port = (uint16_t)(n * 10 + (int)(strchr(does, text[1]) - does));
        struct gu_address both[GUST_BIND_MAX];

        assert_int_equal(gu_address_parse_host(gust_str_from("localhost"), port, both), 2);
        list[n] = both[text[0] == '4' ? 0 : 1];
    }
    return n;
}

static void close_peers(void)
{
    for (size_t i = 0; i < seen.n_peers; i++)
        close(seen.peers[i]);
}

/* How many of the sockets are still open on our side. */
static size_t n_open(void)
{
    size_t n = 0;

    for (size_t i = 0; i < seen.n_peers; i++) {
        char byte;

        answer((void *)(intptr_t)seen.peers[i]);
        n += recv(seen.peers[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }
    return n;
}

struct game {
    const char *list;
    gust_connect_options options;
    double deadline;
    int result;
};

static int play(void *arg)
{
    struct game *g = arg;
    struct gu_address list[GUST_RESOLVE_MAX];
    int n = read_list(g->list, list);

    GUST_DEADLINE(g->deadline == 0 ? GUST_NEVER : g->deadline);
    gu_happy_sort(list, n);
    g->result = gu_happy_connect(gu_net_of(gust_loop_current()), list, n, &g->options);
    return 0;
}

static void play_game(struct game *g)
{
    gust_loop *loop = virtual_open();

    memset(&seen, 0, sizeof seen);
    assert_int_equal(gust_run(play, g), 0);
    if (g->result >= 0) {
        assert_int_equal(n_open(), 1); /* the losers are closed */
        close(g->result);
        g->result = 0;
    }
    assert_int_equal(n_open(), 0);
    close_peers();
    gust_loop_close(loop);
}

/* --- the rules --- */

TEST(the_first_that_answers_wins)
{
    static const struct {
        const char *name, *list, *order;
        int result;
        double deadline;
    } cases[] = {
        {"one, at once", "4w", "40:0.00 ", 0, 0},
        {"one fails", "4r", "40:0.00 ", -ECONNREFUSED, 0},
        {"the first, at once: no other is tried", "4w6w", "40:0.00 ", 0, 0},
        {"the first fails: the next at once", "4r6w", "40:0.00 61:0.00 ", 0, 0},
        {"within a family, too", "4r4w", "40:0.00 41:0.00 ", 0, 0},
        {"all fail: the first's error", "4r6r4r", "40:0.00 61:0.00 42:0.00 ", -ECONNREFUSED, 0},
        {"the first hangs: the next after 250 ms", "4h6w", "40:0.00 61:0.25 ", 0, 0},
        {"within a family, too, where Tornado waits", "4h4w", "40:0.00 41:0.25 ", 0, 0},
        {"each has its own 250 ms", "4h6h4w", "40:0.00 61:0.25 42:0.50 ", 0, 0},
        {"the first comes late, and wins", "4l6h", "40:0.00 61:0.25 ", 0, 0},
        {"the second overtakes the first", "4L6l4h", "40:0.00 61:0.25 42:0.50 ", 0, 0},
        {"one that fails behind one that hangs", "4h6r4w", "40:0.00 61:0.25 42:0.25 ", 0, 0},
        {"the last fails, the first is waited for", "4L6r", "40:0.00 61:0.25 ", 0, 0},
        {"the deadline before the second", "4h6w", "40:0.00 ", -ETIMEDOUT, 0.2},
        {"the deadline while both hang", "4h6h", "40:0.00 61:0.25 ", -ETIMEDOUT, 2},
        {"families in turn", "4r4r4r6r6r", "40:0.00 63:0.00 41:0.00 64:0.00 42:0.00 ",
         -ECONNREFUSED, 0},
        {"beginning with the first's", "6r6r4r", "60:0.00 42:0.00 61:0.00 ", -ECONNREFUSED, 0},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct game g = {.list = cases[i].list, .deadline = cases[i].deadline};

        TEST_CASE(cases[i].name);
        play_game(&g);
        assert_string_equal(seen.order, cases[i].order);
        assert_int_equal(g.result, cases[i].result);
    }
}

TEST(the_delay_is_an_option)
{
    struct game slow = {.list = "4h6w", .options = {.attempt_delay = 1.5}};
    struct game never = {.list = "4h6w", .options = {.attempt_delay = GUST_NEVER}, .deadline = 60};

    play_game(&slow);
    assert_string_equal(seen.order, "40:0.00 61:1.50 ");
    assert_int_equal(slow.result, 0);
    play_game(&never);
    assert_string_equal(seen.order, "40:0.00 ");
    assert_int_equal(never.result, -ETIMEDOUT);
}

/* --- what went wrong --- */

static int play_and_tell(void *arg)
{
    struct game *g = arg;
    const char *why = NULL;

    g->options.why = &why;
    play(g);
    assert_string_equal(why, "127.0.0.1:2: Connection refused, [::1]:13: Connection timed out");
    return 0;
}

TEST(each_address_that_was_tried_is_told_with_its_error)
{
    struct game g = {.list = "4r6h", .deadline = 1};
    gust_loop *loop = virtual_open();

    memset(&seen, 0, sizeof seen);
    assert_int_equal(gust_run(play_and_tell, &g), 0);
    assert_int_equal(g.result, -ETIMEDOUT);
    close_peers();
    gust_loop_close(loop);
}

/* --- where from --- */

TEST(a_source_restricts_what_is_tried)
{
    static const struct {
        const char *name, *list, *order;
        gust_connect_options options;
        int result;
    } cases[] = {
        {"an address", "4w", "40:0.00 ", {.source_address = "127.0.0.1"}, 0},
        {"the other family is passed over", "4w6w", "61:0.00 ", {.source_address = "::1"}, 0},
        {"none of its family", "4w", "", {.source_address = "::1"}, -EAFNOSUPPORT},
        {"one that is not ours", "4w", "", {.source_address = "192.0.2.1"}, -EADDRNOTAVAIL},
        {"no address", "4w", "", {.source_address = "nobody"}, -EINVAL},
        {"nothing", "4w", "", {.source_address = ""}, -EINVAL},
        {"no port", "4w", "", {.source_port = 65536}, -EINVAL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct game g = {.list = cases[i].list, .options = cases[i].options};

        TEST_CASE(cases[i].name);
        play_game(&g);
        assert_string_equal(seen.order, cases[i].order);
        assert_int_equal(g.result, cases[i].result);
    }
}
