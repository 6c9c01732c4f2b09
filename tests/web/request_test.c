/*
 * request — a request's way through its handler, and what it says about itself
 */
#include "base/str.h"
#include "web_client.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *or_null(const char *text)
{
    return text == NULL ? "NULL" : text;
}

/* --- what it says about itself --- */

static int head_get(gust_request *r)
{
    gust_printf(r, "%s|%s|%s|%s|%s|%s|%s|%s", gust_method(r), gust_uri(r), gust_path(r),
                gust_query(r), gust_http_version(r), gust_host(r), gust_protocol(r),
                gust_full_url(r));
    return gust_request_time(r) >= 0 && gust_request_time(r) < 10 ? 0 : -EIO;
}

TEST(the_head_is_told)
{
    static const gust_route routes[] = {{.path = "/.*", .get = head_get}, {0}};
    static const struct {
        const char *name, *head, *expected;
    } cases[] = {
        {"a path", "GET /a%20b HTTP/1.1\r\nHost: h\r\n",
         "GET|/a%20b|/a%20b||HTTP/1.1|h|http|http://h/a%20b"},
        {"a query", "GET /a?b=%20c HTTP/1.1\r\nHost: h:8\r\n",
         "GET|/a?b=%20c|/a|b=%20c|HTTP/1.1|h:8|http|http://h:8/a?b=%20c"},
        {"a whole URL", "GET http://x:1/a?b HTTP/1.1\r\nHost: h\r\n",
         "GET|http://x:1/a?b|/a|b|HTTP/1.1|x:1|http|http://x:1/a?b"},
        {"one without a path", "GET http://x HTTP/1.1\r\nHost: h\r\n",
         "GET|http://x|/||HTTP/1.1|x|http|http://x/"},
        {"1.0 need not name a host", "GET / HTTP/1.0\r\n",
         "GET|/|/||HTTP/1.0|127.0.0.1|http|http://127.0.0.1/"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char request[256];

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s\r\n", cases[i].head);
        assert_string_equal(web_body_of(web_talk(web, request)), cases[i].expected);
    }
    web_close(web);
}

static int fields_get(gust_request *r)
{
    gust_printf(r, "%s|%s|%s|%s|%s", or_null(gust_get_header(r, "x-a")),
                or_null(gust_get_headers(r, "X-A", 0)), or_null(gust_get_headers(r, "X-A", 1)),
                or_null(gust_get_headers(r, "X-A", 2)), or_null(gust_get_header(r, "X-B")));
    return 0;
}

TEST(fields_are_found_whatever_their_case)
{
    static const gust_route routes[] = {{.path = "/", .get = fields_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_string_equal(web_body_of(web_get(web, "/", "x-a: 1\r\nOther: 2\r\nX-A: 3\r\n")),
                        "3|1|3|NULL|NULL");
    web_close(web);
}

static int all_fields_get(gust_request *r)
{
    gust_field field = {"none", "none"};
    size_t i = 0;

    for (; gust_get_field(r, i, &field); i++)
        gust_printf(r, "%s=%s|", field.name, field.value);
    gust_printf(r, "%s", gust_get_field(r, SIZE_MAX, &field) ? "more" : field.name);
    return 0;
}

TEST(all_fields_are_given_in_their_order)
{
    static const gust_route routes[] = {{.path = "/", .get = all_fields_get}, {0}};
    static const struct {
        const char *name, *head, *expected;
    } cases[] = {
        {"none", "GET / HTTP/1.0\r\n", "none"},
        {"as they were written", "GET / HTTP/1.1\r\nhOST: h\r\nX-A:1\r\nx-a: \t2 3 \r\n",
         "hOST=h|X-A=1|x-a=2 3|x-a"},
        {"an empty one", "GET / HTTP/1.1\r\nX-A:\r\nHost: h\r\n", "X-A=|Host=h|Host"},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char request[256];

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s\r\n", cases[i].head);
        assert_string_equal(web_body_of(web_talk(web, request)), cases[i].expected);
    }
    web_close(web);
}

/* --- proxies --- */

static int peer_get(gust_request *r)
{
    gust_printf(r, "%s %s", gust_remote_ip(r), gust_protocol(r));
    return gust_remote_ip(r) == gust_remote_ip(r) ? 0 : -EIO;
}

/* XHeaderTest, ManualProtocolTest; C17. */
TEST(proxies_are_believed_where_they_are_to_be)
{
    static const gust_route routes[] = {{.path = "/", .get = peer_get}, {0}};
    static const char *const trusted[] = {"5.5.5.5", "::1", NULL};
    static const struct {
        const char *name, *lines;
        const char *believing, *doubting;
    } cases[] = {
        {"nothing said", "", "127.0.0.1 http", "127.0.0.1 https"},
        {"the real address", "X-Real-IP: 4.4.4.4\r\n", "4.4.4.4 http", "127.0.0.1 https"},
        {"it counts first", "X-Forwarded-For: 1.1.1.1\r\nX-Real-IP: 4.4.4.4\r\n", "4.4.4.4 http",
         "127.0.0.1 https"},
        {"the last of a list", "X-Forwarded-For: 127.0.0.1, 4.4.4.4\r\n", "4.4.4.4 http",
         "127.0.0.1 https"},
        {"IPv6", "X-Real-IP: 2620:0:1cfe:face:b00c::3\r\n", "2620:0:1cfe:face:b00c::3 http",
         "127.0.0.1 https"},
        {"trusted ones are passed over", "X-Forwarded-For: 4.4.4.4, 5.5.5.5\r\n", "4.4.4.4 http",
         "127.0.0.1 https"},
        {"of several fields", "X-Forwarded-For: 4.4.4.4\r\nX-Forwarded-For: 0::1\r\n",
         "4.4.4.4 http", "127.0.0.1 https"},
        {"no address", "X-Real-IP: 4.4.4.4<script>\r\n", "127.0.0.1 http", "127.0.0.1 https"},
        {"a name", "X-Forwarded-For: www.google.com\r\n", "127.0.0.1 http", "127.0.0.1 https"},
        {"repeated, it is none", "X-Real-IP: 4.4.4.4\r\nX-Real-IP: 4.4.4.5\r\n", "127.0.0.1 http",
         "127.0.0.1 https"},
        {"the scheme", "X-Scheme: https\r\n", "127.0.0.1 https", "127.0.0.1 https"},
        {"the protocol", "X-Forwarded-Proto: https\r\n", "127.0.0.1 https", "127.0.0.1 https"},
        {"the last of them", "X-Forwarded-Proto: https , http\r\n", "127.0.0.1 http",
         "127.0.0.1 https"},
        {"neither of the two", "X-Forwarded-Proto: unknown\r\n", "127.0.0.1 http",
         "127.0.0.1 https"},
    };
    const gust_app_options believing = {
        .routes = routes, .server = {.xheaders = true, .trusted_downstream = trusted}};
    const gust_app_options doubting = {.routes = routes, .server.protocol = "https"};

    for (int doubts = 0; doubts < 2; doubts++) {
        struct web *web = web_open(doubts ? &doubting : &believing);

        for (size_t i = 0; i < gu_countof(cases); i++) {
            TEST_CASE(cases[i].name);
            assert_string_equal(web_body_of(web_get(web, "/", cases[i].lines)),
                                doubts ? cases[i].doubting : cases[i].believing);
        }
        web_close(web);
    }
}

TEST(a_unix_sockets_peer_has_no_address)
{
    static const gust_route routes[] = {{.path = "/", .get = peer_get}, {0}};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char address[64];
    size_t len;

    len = (size_t)snprintf(address, sizeof address, "unix:@gust-request-test-%d", (int)getpid());
    assert_int_equal(gust_httpserver_listen(web->server, address), 0);
    memcpy(to.sun_path + 1, address + 6, len - 6);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len - 6)),
                     0);
    web_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_string_equal(web_body_of(web_read(web, fd)), "0.0.0.0 http");
    close(fd);
    web_close(web);
}

/* --- handlers --- */

static int note(gust_request *r, const char *what)
{
    gust_printf(r, "%s ", what);
    return 0;
}

static int base_prepare(gust_request *r)
{
    return note(r, "base-prepare");
}

static int base_get(gust_request *r)
{
    return note(r, "base-get");
}

static int base_post(gust_request *r)
{
    return note(r, "base-post");
}

static int middle_prepare(gust_request *r)
{
    return note(r, "middle-prepare");
}

static int own_get(gust_request *r)
{
    char *state = gust_state(r);

    for (size_t i = 0; state != NULL && i < 100; i++)
        if (state[i] != 0)
            return -EIO;
    if (state != NULL)
        memset(state, 'x', 100);
    return note(r, state == NULL ? "own-get" : "own-get-state");
}

static int pull_post(gust_request *r)
{
    gust_str piece;
    int n = gust_body_read(r, &piece);

    return n < 0 ? n : note(r, n == 3 ? "pulled" : "read");
}

TEST(what_is_unset_comes_from_the_base)
{
    static const gust_handler base = {.prepare = base_prepare,
                                      .get = base_get,
                                      .post = base_post,
                                      .flags = GUST_STREAM_BODY | GUST_CANCEL_ON_DRAIN};
    static const gust_handler middle = {
        .base = &base, .prepare = middle_prepare, .post = pull_post, .state_size = 100};
    static const gust_handler own = {
        .base = &middle, .get = own_get, .clear_flags = GUST_STREAM_BODY};
    static const gust_handler plain = {.get = own_get};
    static const gust_route routes[] = {{.path = "/base", .handler = &base},
                                        {.path = "/middle", .handler = &middle},
                                        {.path = "/own", .handler = &own},
                                        {.path = "/plain", .handler = &plain},
                                        {0}};
    static const struct {
        const char *name, *line, *expected;
    } cases[] = {
        {"the base by itself", "GET /base", "base-prepare base-get "},
        {"one step", "GET /middle", "middle-prepare base-get "},
        {"two steps, and state that is zero", "GET /own", "middle-prepare own-get-state "},
        {"state that is zero again", "GET /own", "middle-prepare own-get-state "},
        {"a flag comes along", "POST /middle", "middle-prepare pulled "},
        {"and is cleared", "POST /own", "middle-prepare read "},
        {"no state where none was asked for", "GET /plain", "own-get "},
    };
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char request[128];

        TEST_CASE(cases[i].name);
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
                 cases[i].line);
        assert_string_equal(web_body_of(web_talk(web, request)), cases[i].expected);
    }
    web_close(web);
}

static int finishing_prepare(gust_request *r)
{
    note(r, "prepared");
    return gust_finish(r);
}

/* PathArgsInPrepareTest. */
static int path_prepare(gust_request *r)
{
    return note(r, gust_path_arg(r, 0));
}

TEST(prepare_may_answer)
{
    static const gust_handler finishing = {.prepare = finishing_prepare, .get = base_get};
    static const gust_handler path = {.prepare = path_prepare, .get = base_get};
    static const gust_route routes[] = {
        {.path = "/f", .handler = &finishing}, {.path = "/p/(.*)", .handler = &path}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_string_equal(web_body_of(web_get(web, "/f", NULL)), "prepared ");
    assert_string_equal(web_body_of(web_get(web, "/p/x%20y", NULL)), "x y base-get ");
    web_close(web);
}

static int sleep_get(gust_request *r)
{
    (void)r;
    gust_sleep(60);
    return gust_find_argument(r, "go-on") != NULL ? 0 : -ETIMEDOUT;
}

TEST(a_handlers_timeout_is_504)
{
    static const gust_handler slow = {.get = sleep_get, .post = base_get, .timeout = 0.003};
    static const gust_route routes[] = {{.path = "/", .handler = &slow}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd;

    assert_non_null(strstr(web_get(web, "/", NULL), "HTTP/1.1 504 "));
    assert_non_null(strstr(web_get(web, "/?go-on=1", NULL), "HTTP/1.1 200 "));
    fd = web_connect(web); /* waiting for the body counts, too */
    web_send(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
    assert_non_null(strstr(web_read(web, fd), "HTTP/1.1 504 "));
    close(fd);
    web_close(web);
}

/* --- delegates --- */

struct heard {
    int n_pieces, n_raised, n_gone;
};

static int heard_headers(gust_exchange *x)
{
    *gust_exchange_state(x) = gust_alloc(1); /* its own */
    return gust_exchange_arg(x) == NULL ? -EIO : 0;
}

static int heard_data(gust_exchange *x, gust_str data)
{
    struct heard *heard = gust_exchange_arg(x);

    heard->n_pieces += data.len > 0;
    return 0;
}

static int heard_finish(gust_exchange *x)
{
    static const gust_field fields[] = {{"X-Delegate", "yes"}, {0}};
    int err = gust_exchange_write_headers(x, 200, fields, 4);

    return err < 0 ? err : gust_exchange_write(x, "mine", 4);
}

static int raise_headers(gust_exchange *x)
{
    GUST_SCOPE();
    (void)x;
    gust_ignore(gust_alloc(SIZE_MAX / 2) == NULL);
    return 0;
}

static void raise_raised(gust_exchange *x, int code, const char *message)
{
    struct heard *heard = gust_exchange_arg(x);

    (void)message;
    heard->n_raised += code != 0;
}

static int wait_headers(gust_exchange *x)
{
    char byte;

    return gust_exchange_read(x, &byte, 1);
}

static void wait_gone(gust_exchange *x)
{
    struct heard *heard = gust_exchange_arg(x);

    heard->n_gone++;
}

TEST(a_route_leads_to_a_delegate)
{
    static const gust_delegate whole = {
        .headers_received = heard_headers, .data_received = heard_data, .finish = heard_finish};
    static const gust_delegate raising = {.headers_received = raise_headers,
                                          .raised = raise_raised};
    static const gust_delegate waiting = {.headers_received = wait_headers,
                                          .on_connection_close = wait_gone};
    struct heard heard = {0};
    const gust_route inner[] = {{.path = "/whole", .delegate = &whole},
                                {.path = "/raise", .delegate = &raising},
                                {.path = "/wait", .delegate = &waiting},
                                {0}};
    const gust_route routes[] = {
        {.path = "/d", .routes = inner, .data = &heard}, {.path = "/", .get = base_get}, {0}};
    const struct linger reset = {.l_onoff = 1};
    struct web *web = web_open(&(gust_app_options){.routes = routes});
    int fd = web_connect(web);

    web_send(fd, "POST /d/whole HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_string_equal(web_body_of(web_read(web, fd)), "mine");
    assert_true(web_has_line(web->bytes, "X-Delegate: yes"));
    assert_int_equal(heard.n_pieces, 1);
    web_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); /* the next is the framework's again */
    assert_string_equal(web_body_of(web_read(web, fd)), "base-get ");
    close(fd);
    web_get(web, "/d/raise", NULL);
    assert_int_equal(heard.n_raised, 1);
    fd = web_connect(web);
    web_send(fd, "POST /d/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    web_turns(web, 5);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(fd);
    web_turns(web, 5);
    assert_int_equal(heard.n_gone, 1);
    web_close(web);
}

/* --- misuse --- */

static int need_no_raise(gust_request *r)
{
    GUST_NO_RAISE();
    gust_puts(r, gust_need_argument(r, "a"));
    return 0;
}

static int int_no_raise(gust_request *r)
{
    GUST_NO_RAISE();
    return (int)gust_get_int(r, "a", 0, 0, 9);
}

static int valid_no_raise(gust_request *r)
{
    GUST_NO_RAISE();
    gust_check_valid(r);
    return 0;
}

static int path_no_raise(gust_request *r)
{
    GUST_NO_RAISE();
    return (int)gust_path_int(r, 0);
}

static int child_need(void *r)
{
    gust_puts(r, gust_need_argument(r, "a"));
    return 0;
}

static int child_read(void *r)
{
    gust_str lent;

    return gust_body_read(r, &lent);
}

static int child_get(gust_request *r)
{
    gust_group *group = gust_group_new(0);

    gust_group_go(group, gust_find_argument(r, "read") != NULL ? child_read : child_need, r);
    return gust_group_wait(group);
}

static void misuse(void *target)
{
    static const gust_route routes[] = {
        {.path = "/need", .get = need_no_raise},   {.path = "/int", .get = int_no_raise},
        {.path = "/valid", .get = valid_no_raise}, {.path = "/path/(.*)", .get = path_no_raise},
        {.path = "/child", .get = child_get},      {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    web_get(web, target, NULL);
    web_close(web);
}

/* Whatever the peer sent: the values here are all good. */
TEST(a_raising_call_checks_where_it_runs_before_it_looks_at_the_value)
{
    static const struct {
        const char *name, *target, *message;
    } cases[] = {
        {"gust_need_argument", "/need?a=1", "gust_need_argument may raise, and was called inside"},
        {"gust_get_int", "/int?a=1", "gust_get_int may raise, and was called inside"},
        {"gust_check_valid", "/valid", "gust_check_valid may raise, and was called inside"},
        {"gust_path_int", "/path/1", "gust_path_int may raise, and was called inside"},
        {"from another task", "/child?a=1", "for a request that is not its own"},
        {"reading from another task", "/child?read=1", "outside the request's task"},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_aborts(misuse, (void *)(uintptr_t)cases[i].target, cases[i].message);
    }
}

/* --- state --- */

static int n_finished_with_state;

static int never_get(gust_request *r)
{
    gust_text(r, "not reached");
    return 0;
}

static void count_state(gust_request *r)
{
    int *state = gust_state(r);

    n_finished_with_state += state != NULL && *state == 0;
}

TEST(what_is_refused_before_the_handler_has_its_state)
{
    static const gust_handler handler = {
        .get = never_get, .on_finish = count_state, .state_size = sizeof(int)};
    static const gust_route routes[] = {{.path = "/x/(.*)", .handler = &handler}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    n_finished_with_state = 0;
    assert_int_equal(web_status(web_get(web, "/x/%ff", NULL)), 400);
    assert_int_equal(web_status(web_talk(web, "PUT /x/a HTTP/1.1\r\nHost: a\r\n\r\n")), 405);
    assert_int_equal(n_finished_with_state, 2);
    web_close(web);
}
