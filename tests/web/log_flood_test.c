/*
 * log flood — one bad request is one line in the log, however long it is
 *
 * CVE-2025-47287: Tornado wrote a line for each malformed part of a body, and its logging was slow:
 * a client could hold a server by one request. Here every reader of what a client sent is given a
 * megabyte in which as much is wrong as can be.
 */
#include "base/str.h"
#include "test.h"
#include "web_client.h"
#include <gust/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUCH ((size_t)1 << 20)

static int form_post(gust_request *r)
{
    gust_text(r, "%s", gust_need_argument(r, "name"));
    return 0;
}

static int json_post(gust_request *r)
{
    gust_get_json(r);
    return 0;
}

static int body_post(gust_request *r)
{
    gust_text(r, "%zu", gust_body(r).len);
    return 0;
}

static int cookie_get(gust_request *r)
{
    gust_text(r, "%s", gust_get_cookie(r, "name") == NULL ? "none" : "some");
    return 0;
}

/* --- what is sent --- */

struct flood {
    const char *name;
    const char *head, *piece, *end; /* the piece is repeated; a head without its length */
    size_t most;                    /* bytes of pieces; 0: as many as all others */
    int status, often;              /* of one piece, of many */
};

static size_t append(char *to, size_t at, const char *text)
{
    memcpy(to + at, text, strlen(text));
    return at + strlen(text);
}

/* The request with so many bytes of pieces, whole ones. */
static size_t compose(char *to, const struct flood *f, size_t most)
{
    size_t n = gu_max(1, most / strlen(f->piece)), at = append(to, 0, f->head);

    if (strstr(f->head, "Content-Type") != NULL)
        at += (size_t)snprintf(to + at, 64, "Content-Length: %zu\r\n\r\n", n * strlen(f->piece));
    while (n-- > 0)
        at = append(to, at, f->piece);
    return append(to, at, f->end);
}

/* Sends what the server takes; it may refuse the rest. */
static void talk(struct web *web, const char *bytes, size_t len)
{
    int fd = web_connect(web);

    while (len > 0) {
        ssize_t n = send(fd, bytes, gu_min(len, 65536), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            break;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        web_turns(web, 1);
    }
    web_turns(web, 200); /* what still lies in the socket's buffers */
    web_read(web, fd);
    close(fd);
    web_turns(web, 3);
}

static size_t lines_after(struct web *web, const char *bytes, size_t len)
{
    size_t n = 0;

    web->log_len = 0;
    web->log[0] = '\0';
    talk(web, bytes, len);
    for (const char *at = web->log; (at = strchr(at, '\n')) != NULL; at++)
        n++;
    return n;
}

/* --- what is logged --- */

#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n"
#define FORM POST("/form") "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON POST("/json") "Content-Type: application/json\r\n"
#define CHUNKED POST("/body") "Transfer-Encoding: chunked\r\n\r\n"
#define HEAD "GET /cookie HTTP/1.1\r\nHost: a\r\n"

TEST(what_is_wrong_a_thousand_times_is_logged_once)
{
    static const gust_route routes[] = {{.path = "/form", .post = form_post},
                                        {.path = "/json", .post = json_post},
                                        {.path = "/body", .post = body_post},
                                        {.path = "/cookie", .get = cookie_get},
                                        {0}};
    static const struct flood cases[] = {
        {"CVE-2025-47287: text in a form that is not UTF-8", FORM, "a=%ff&", "", 0, 400, 400},
        {"CVE-2025-47287: zero bytes in one", FORM, "n%00=%00&", "", 0, 400, 400},
        {"CVE-2025-47287: escapes that are none", FORM, "%zz=%&", "", 0, 400, 400},
        {"CVE-2025-47287: JSON that is none", JSON, "[,]}\x01", "", 0, 400, 413},
        {"CVE-2025-47287: JSON that nests", JSON, "[{\"a\":", "", 0, 400, 413},
        {"CVE-2025-47287: sizes of chunks", CHUNKED, "zz\r\n\r\n", "", 0, 400, 400},
        {"CVE-2025-47287: extensions of chunks", CHUNKED, "1;=,;\"\x01\r\na\r\n", "", 0, 400, 400},
        {"CVE-2025-47287: fields of a head", HEAD, "X Y : \x01\r\n", "\r\n", 0, 400, 400},
        {"CVE-2025-47287: cookies", HEAD "Cookie: ", "; =;,[\"", "\r\n\r\n", 60000, 200, 200},
        {"CVE-2025-47287: requests behind a bad one", "X\r\n\r\n", "Y\r\n\r\n", "", 0, 400, 400},
    };
    char *bytes = malloc(MUCH + 1000);
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_non_null(bytes);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        const size_t most = cases[i].most == 0 ? MUCH : cases[i].most;
        size_t once, often;

        TEST_CASE(cases[i].name);
        once = lines_after(web, bytes, compose(bytes, &cases[i], 0));
        assert_int_equal(web_status(web->bytes), cases[i].status);
        often = lines_after(web, bytes, compose(bytes, &cases[i], most));
        assert_int_equal(web_status(web->bytes), cases[i].often);
        assert_in_range(once, 1, 2); /* why, and the access log's; a limit says why, too */
        assert_in_range(often, 1, 2);
    }
    free(bytes);
    web_close(web);
}
