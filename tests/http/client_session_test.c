/*
 * client — what of TLS one fetch leaves to the next: its options worked out, and its session
 */
#include "fetch_stage.h"
#include "net/tls_impl.h"
#include "tls_wire.h"

/* The stage, over TLS, that tells which of its connections were resumed. */
static int n_conns, n_resumed;

static int serve_once(gust_stream *s, void *arg)
{
    (void)arg;
    n_conns++;
    n_resumed += gust_stream_is_resumed(s);
    return read_request(s) == 0 ? answer(s) : 0;
}

static void open_stage_resuming(void)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options tls = {.cert = {.cert_pem = id->cert, .key_pem = id->key}};

    open_stage_tls(OK, &tls);
    gust_tcpserver_free(stage.server);
    stage.server =
        gust_tcpserver_new(serve_once, NULL, &(gust_tcpserver_options){.stream.tls = &tls});
    assert_int_equal(gust_tcpserver_listen(stage.server, "127.0.0.1:0"), 0);
    stage.port = (unsigned)gust_tcpserver_port(stage.server);
    n_conns = n_resumed = 0;
}

static const char *secure_url(void)
{
    return gust_sprintf("https://localhost:%u/", stage.port);
}

static size_t n_known(void)
{
    return gu_tls_shared_of(gu_client_of_loop()->http->net)->n_known;
}

/* Options that differ in a number alone; how many are known, and that the first is not again. */
static int fetch_by_many(void *arg)
{
    (void)arg;
    for (int i = 1; i <= GU_TLS_KNOWN + 1; i++) {
        const gust_tls_options o = {.ca_pem = tls_ca(), .handshake_timeout = i};

        for (int n = 0; n < 2; n++) {
            assert_int_equal(gust_fetch(secure_url(), &(gust_fetch_options){.tls = &o})->error, 0);
            assert_int_equal(n_known(), gu_min((size_t)i, GU_TLS_KNOWN));
        }
    }
    return 0;
}

TEST(tls_options_are_worked_out_once)
{
    open_stage_resuming();
    in_task(fetch_by_many, NULL);
    assert_int_equal(n_conns, 2 * (GU_TLS_KNOWN + 1));
    assert_int_equal(n_resumed, GU_TLS_KNOWN + 1); /* each second one, by what the first brought */
    close_stage();
}

struct fetched {
    const char *name;
    gust_fetch_options first, second;
    int n_resumed;
};

static int fetch_two(void *arg)
{
    const struct fetched *f = arg;
    const gust_response *res = gust_fetch(secure_url(), &f->first);

    assert_int_equal(res->error, 0);
    res = gust_fetch(secure_url(), &f->second);
    assert_int_equal(res->error, 0);
    assert_false(res->is_reused);
    return 0;
}

TEST(a_fetch_resumes_the_session_of_an_earlier_one_with_the_same_settings)
{
    const char *ca = tls_file(tls_ca()), *again = tls_file(tls_ca());
    const gust_tls_options as_text = {.ca_pem = tls_ca()};
    const gust_tls_options without = {.ca_file = ca, .no_tickets = true};
    const gust_fetch_options by_file = {.ca_file = ca};
    struct fetched cases[] = {
        {"the same", by_file, by_file, 1},
        {"the same in other words", by_file, {.tls = &(gust_tls_options){.ca_file = ca}}, 1},
        {"other authorities", by_file, {.ca_file = again}, 0},
        {"authorities given as text", by_file, {.tls = &as_text}, 0},
        {"unchecked, then checked", {.no_verify = true}, by_file, 0},
        {"checked, then unchecked", by_file, {.no_verify = true}, 0},
        {"turned off", {.tls = &without}, {.tls = &without}, 0},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        open_stage_resuming();
        in_task(fetch_two, &cases[i]);
        assert_int_equal(n_conns, 2);
        assert_int_equal(n_resumed, cases[i].n_resumed);
        close_stage();
    }
    tls_files_remove();
}
