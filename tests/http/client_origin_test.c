/*
 * client — what a request carries that was meant for one server alone
 *
 * CVE-2026-49853: Tornado's client took credentials along to another origin when it was redirected.
 * Another origin is another scheme, host or port; here each differs by itself.
 */
#include "fetch_stage.h"
#include "tls_wire.h"
#include <stdio.h>

static const gust_field secrets[] = {{"Authorization", "secret-a"},
                                     {"Cookie", "c=secret-b"},
                                     {"Proxy-Authorization", "secret-c"},
                                     {"X-Keep", "yes"},
                                     {NULL, NULL}};

/* --- another origin --- */

static char elsewhere[8192]; /* what it was sent */
static unsigned other_port;

static int serve_elsewhere(gust_stream *s, void *arg)
{
    const char *text = arg;
    gust_str head;

    while (gust_read_until(s, "\r\n\r\n", 0, &head) == 0) {
        size_t len = strlen(elsewhere);

        snprintf(elsewhere + len, sizeof elsewhere - len, "%s", head.ptr);
        if (gust_stream_write(s, text, strlen(text)) < 0)
            break;
    }
    return 0;
}

struct trip {
    const char *name;
    const char *to; /* "%u" is a port */
    bool is_other;  /* the port is the other server's */
    bool is_back;   /* and from there it leads back */
    bool is_kept;   /* what was meant for the first server is sent again */
};

static const struct trip trips[] = {
    {"CVE-2026-49853: another port", "http://127.0.0.1:%u/b", true, false, false},
    {"CVE-2026-49853: another host", "http://localhost:%u/b", false, false, false},
    {"CVE-2026-49853: another of both", "http://localhost:%u/b", true, false, false},
    {"CVE-2026-49853: nor when it leads back", "http://127.0.0.1:%u/b", true, true, false},
    {"the same origin in other words", "http://me:other@127.0.0.1:%u/b", false, false, true},
    {"a path", "/b", false, false, true},
};

static int fetch_along(void *arg)
{
    const struct trip *trip = arg;
    const gust_response *res =
        gust_fetch(gust_sprintf("http://user:secret-d@127.0.0.1:%u/a", stage.port),
                   &(gust_fetch_options){.headers = secrets});

    assert_int_equal(res->error, 0);
    assert_int_equal(res->status, 200);
    assert_int_equal(res->n_redirects, trip->is_back ? 2 : 1);
    return 0;
}

/* What came behind the first request, wherever that was. */
static const char *second(const struct trip *trip)
{
    const char *end = strstr(stage.asked, "\r\n\r\n");

    return trip->is_other && !trip->is_back ? elsewhere : end + 4;
}

TEST(credentials_stay_with_the_origin_that_they_are_for)
{
    for (size_t i = 0; i < gu_countof(trips); i++) {
        char answer[256], back[256], location[128];
        struct trip trip = trips[i];
        gust_tcpserver *other;

        TEST_CASE(trip.name);
        elsewhere[0] = '\0';
        open_stage(answer);
        other =
            listen_with(serve_elsewhere, trip.is_back ? back : (void *)(uintptr_t)OK, &other_port);
        snprintf(back, sizeof back,
                 "HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%u/c\r\nContent-Length: 0\r\n\r\n",
                 stage.port);
        snprintf(location, sizeof location, "%s", trip.to);
        if (strstr(trip.to, "%u") != NULL)
            snprintf(location, sizeof location, "%.*s%u/b", (int)(strstr(trip.to, "%u") - trip.to),
                     trip.to, trip.is_other ? other_port : stage.port);
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 302 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", location);
        stage.answers[1] = OK;
        in_task(fetch_along, &trip);
        assert_holds(second(&trip), "X-Keep: yes\r\n");
        assert_int_equal(strstr(second(&trip), "secret-b") != NULL, trip.is_kept);
        assert_int_equal(strstr(second(&trip), "Cookie") != NULL, trip.is_kept);
        assert_int_equal(strstr(second(&trip), "Authorization: ") != NULL, trip.is_kept);
        assert_null(strstr(elsewhere, "secret"));
        gust_tcpserver_free(other);
        close_stage();
    }
}

/* --- another scheme --- */

static int fetch_down(void *arg)
{
    const gust_tls_options tls = {.ca_pem = tls_ca()};
    const gust_response *res = gust_fetch(gust_sprintf("https://127.0.0.1:%u/a", stage.port),
                                          &(gust_fetch_options){.headers = secrets, .tls = &tls});

    (void)arg;
    assert_int_equal(res->error, 0);
    assert_int_equal(res->n_redirects, 1);
    return 0;
}

/* CVE-2026-49853, where it hurts most: what was said in private is repeated in the open. */
TEST(credentials_do_not_leave_tls)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key}};
    char answer[256];
    gust_tcpserver *other;

    elsewhere[0] = '\0';
    open_stage_tls(answer, &tls);
    other = listen_with(serve_elsewhere, (void *)(uintptr_t)OK, &other_port);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%u/b\r\nContent-Length: 0\r\n\r\n",
             other_port);
    in_task(fetch_down, NULL);
    assert_holds(stage.asked, "secret-a");
    assert_holds(elsewhere, "X-Keep: yes\r\n");
    assert_null(strstr(elsewhere, "secret"));
    gust_tcpserver_free(other);
    close_stage();
}
