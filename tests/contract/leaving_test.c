/*
 * leaving — a client that goes away while nobody reads its connection
 *
 * A handler runs, or waits, and what its client sends is left where it is; all that can tell of the
 * client's end is the poller. One contract over all of them: within a moment, without turning the
 * loop round and round meanwhile, and whatever lies unread.
 */
#include "base/log.h"
#include "base/str.h"
#include "loop/loop_private.h"
#include "test.h"
#include <gust.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOMENT 5.0 /* seconds, for a machine that is busy; select looks every 50 ms */
#define LONG 1000.0

static const char *const pollers[] = {"epoll", "kqueue", "poll", "select"};
static gust_loop *loop;

static void open_loop(const char *poller)
{
    TEST_CASE(poller);
    gu_poller_register(&gu_poller_kqueue);
    assert_int_equal(gust_loop_new(&(gust_loop_options){.poller = poller}, &loop), 0);
}

static void stop_it(void *timer)
{
    *(gust_timer **)timer = NULL;
    gust_loop_stop(loop);
}

/* Runs the loop for so long, or until something stops it. */
static void run_for(double seconds)
{
    static gust_timer *timer;

    timer = gust_loop_call_later(loop, seconds, stop_it, &timer);
    assert_non_null(timer);
    assert_int_equal(gust_loop_start(loop), 0);
    gust_timer_cancel(timer);
    timer = NULL;
}

/* In a hundredth of a second a loop that spins makes thousands of turns. */
static void assert_rests(void)
{
    uint64_t before = loop->n_turns;

    run_for(0.01);
    assert_in_range(loop->n_turns - before, 1, 20);
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

static void shut(int fd)
{
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static void leave(int fd)
{
    close(fd);
}

/* --- the poller --- */

struct watched {
    struct gu_io io;
    unsigned seen;
};

static void on_events(struct gu_io *io, unsigned events)
{
    gu_container_of(io, struct watched, io)->seen |= events;
    if ((events & (GU_RDHUP | GU_ERR)) != 0) /* by the book: it is known now */
        gu_loop_want(loop, io, 0);
    gust_loop_stop(loop);
}

TEST(rdhup_alone_is_told_whatever_lies_before_it)
{
    static const struct {
        const char *name, *bytes;
    } cases[] = {{"nothing", ""}, {"bytes that nobody reads", "unread"}};

    for (size_t i = 0; i < gu_countof(pollers) * gu_countof(cases); i++) {
        const size_t row = i / gu_countof(pollers);
        struct watched w = {.io.on_events = on_events};
        int ends[2];

        open_loop(pollers[i % gu_countof(pollers)]);
        TEST_CASE(cases[row].name);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        w.io.fd = ends[0];
        assert_int_equal(gu_loop_watch(loop, &w.io, GU_RDHUP), 0);
        send_text(ends[1], cases[row].bytes);
        assert_rests();
        assert_int_equal(w.seen & (GU_RDHUP | GU_ERR), 0);
        shut(ends[1]);
        for (int n = 0; n < 10 && (w.seen & GU_RDHUP) == 0; n++)
            run_for(MOMENT / 10);
        assert_int_equal(w.seen & (GU_RDHUP | GU_ERR), GU_RDHUP);
        assert_rests();
        gu_loop_unwatch(loop, &w.io, true);
        close(ends[0]);
        close(ends[1]);
        gust_loop_close(loop);
    }
}

/* --- through HTTP --- */

static struct {
    gust_httpserver *server;
    gust_app *app;
    bool is_running, is_closed;
    char ran[64];
} site;

static void note_running(const char *name)
{
    site.is_running = true;
    snprintf(site.ran + strlen(site.ran), sizeof site.ran - strlen(site.ran), "%s", name);
    gust_loop_stop(loop);
}

static int sleep_get(gust_request *r)
{
    (void)r;
    note_running("asking,");
    return gust_sleep(LONG);
}

static int short_get(gust_request *r)
{
    (void)r;
    note_running("short,");
    return gust_sleep(0.1);
}

/* Waits for its client to take what it never takes. */
static int write_get(gust_request *r)
{
    char *block = gust_alloc((size_t)8 << 20);

    memset(block, 'b', (size_t)8 << 20);
    note_running("writing,");
    return gust_send(r, block, (size_t)8 << 20);
}

static void note_close(gust_request *r)
{
    (void)r;
    site.is_closed = true;
    gust_loop_stop(loop);
}

static bool drop_log(void *arg, gust_log_level level, enum gu_logger logger, gust_str message)
{
    (void)arg;
    (void)level;
    (void)logger;
    (void)message;
    return true;
}

static void open_site(const char *poller)
{
    static const gust_handler asking = {.get = sleep_get,
                                        .on_close = note_close,
                                        .flags = GUST_CANCEL_ON_CLOSE},
                              writing = {.get = write_get,
                                         .on_close = note_close,
                                         .flags = GUST_CANCEL_ON_CLOSE},
                              heedless = {.get = sleep_get, .on_close = note_close, .timeout = 10};
    static const gust_route routes[] = {{.path = "/asking", .handler = &asking},
                                        {.path = "/writing", .handler = &writing},
                                        {.path = "/heedless", .handler = &heedless},
                                        {.path = "/short", .get = short_get},
                                        {0}};

    memset(&site, 0, sizeof site);
    gu_log_set_sink(drop_log, NULL);
    open_loop(poller);
    site.app = gust_app_new(&(gust_app_options){.routes = routes});
    assert_non_null(site.app);
    site.server = gust_httpserver_new(site.app, NULL);
    assert_non_null(site.server);
    assert_int_equal(gust_httpserver_listen(site.server, "127.0.0.1:0"), 0);
}

static void close_site(void)
{
    gust_httpserver_free(site.server);
    run_for(0.001); /* its requests, all cancelled, end */
    gust_app_free(site.app);
    gust_loop_close(loop);
    gu_log_set_sink(NULL, NULL);
}

static int call_site(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)gust_httpserver_port(site.server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(a_client_that_leaves_while_its_handler_waits_is_told_of_in_a_moment)
{
    static const struct {
        const char *name, *request;
        void (*leave)(int fd);
        bool is_at_once; /* before the server has seen anything of it */
        bool is_told;
    } cases[] = {
        {"it closes", GET("/asking"), leave, false, true},
        {"it shuts its sending side down", GET("/asking"), shut, false, true},
        {"it resets", GET("/asking"), reset, false, true},
        {"it closes behind a request that nobody reads", GET("/asking") GET("/asking"), leave,
         false, true},
        {"it shuts down behind one", GET("/asking") GET("/asking"), shut, false, true},
        {"it resets behind one", GET("/asking") GET("/asking"), reset, false, true},
        {"its end comes with its request", GET("/asking"), shut, true, true},
        {"and with two", GET("/asking") GET("/asking"), leave, true, true},
        {"it takes nothing of the answer, and shuts down", GET("/writing"), shut, false, true},
        {"it takes nothing, and resets", GET("/writing"), reset, false, true},
        {"a handler that did not ask hears of a reset", GET("/heedless"), reset, false, true},
        {"and of one that comes with the request", GET("/heedless"), reset, true, true},
        {"but not of an end: who sends no more may still read", GET("/heedless"), shut, false,
         false},
        {"nor where it came with the request", GET("/heedless"), shut, true, false},
    };

    for (size_t i = 0; i < gu_countof(pollers) * gu_countof(cases); i++) {
        const size_t row = i / gu_countof(pollers);
        int fd;

        open_site(pollers[i % gu_countof(pollers)]);
        TEST_CASE(cases[row].name);
        fd = call_site();
        send_text(fd, cases[row].request);
        if (cases[row].is_at_once)
            cases[row].leave(fd);
        while (!site.is_running)
            run_for(MOMENT);
        if (!cases[row].is_at_once) {
            assert_rests();
            assert_false(site.is_closed);
            cases[row].leave(fd);
        }
        for (int n = 0; n < 10 && !site.is_closed; n++)
            run_for(cases[row].is_told ? MOMENT / 10 : 0.01);
        assert_int_equal(site.is_closed, cases[row].is_told);
        assert_rests();
        if (cases[row].leave == shut)
            close(fd);
        close_site();
    }
}

/* Who shut its side down may still read, until it resets: that, too, is told. */
TEST(a_reset_is_told_after_an_end_that_nobody_asked_for)
{
    static const char *const requests[] = {GET("/heedless"), GET("/heedless") GET("/heedless")};

    for (size_t i = 0; i < gu_countof(pollers) * gu_countof(requests); i++) {
        int fd;

        open_site(pollers[i % gu_countof(pollers)]);
        fd = call_site();
        send_text(fd, requests[i / gu_countof(pollers)]);
        while (!site.is_running)
            run_for(MOMENT);
        shut(fd);
        assert_rests();
        assert_false(site.is_closed);
        reset(fd);
        for (int n = 0; n < 10 && !site.is_closed; n++)
            run_for(MOMENT / 10);
        assert_true(site.is_closed);
        close_site();
    }
}

/* Of a client that shuts its side down behind two requests: the first has no use for that. */
TEST(the_next_request_of_a_client_that_left_is_told_too)
{
    for (size_t i = 0; i < gu_countof(pollers); i++) {
        int fd;

        open_site(pollers[i]);
        fd = call_site();
        send_text(fd, GET("/short") GET("/asking"));
        shut(fd);
        while (!site.is_running)
            run_for(MOMENT);
        for (int n = 0; n < 10 && !site.is_closed; n++)
            run_for(MOMENT / 10);
        assert_true(site.is_closed);
        assert_string_equal(site.ran, "short,asking,");
        assert_rests();
        close(fd);
        close_site();
    }
}
