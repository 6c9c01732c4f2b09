/*
 * tls — tickets: whose keys open which, and for how long
 *
 * The client is OpenSSL alone, over memory: it shows whatever ticket it is given, however old. The
 * clock that nobody sets is set by the test.
 */
#include "base/random.h"
#include "net/tls_impl.h"
#include "test.h"
#include "tls_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PERIOD (12 * 3600)

/* --- the clock, and what was random --- */

static time_t now = 1000000;

int __real_clock_gettime(clockid_t clock, struct timespec *to);
int __wrap_clock_gettime(clockid_t clock, struct timespec *to);

int __wrap_clock_gettime(clockid_t clock, struct timespec *to)
{
    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, to);
    *to = (struct timespec){.tv_sec = now};
    return 0;
}

/* The first secret, in other clothes, so that it is not found here. */
static unsigned char first_secret[32];
static bool has_secret;

void __real_gu_random(void *to, size_t len);
void __wrap_gu_random(void *to, size_t len);

void __wrap_gu_random(void *to, size_t len)
{
    __real_gu_random(to, len);
    if (has_secret || len != sizeof first_secret)
        return;
    for (size_t i = 0; i < len; i++)
        first_secret[i] = ((const unsigned char *)to)[i] ^ 0x5a;
    has_secret = true;
}

/* --- a handshake --- */

static SSL_SESSION *brought; /* by the last handshake */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(brought);
    brought = session;
    return 1;
}

static void forget_session(SSL_SESSION **session)
{
    SSL_SESSION_free(*session);
    *session = NULL;
}

static gust_tls_context *server_new(double lifetime)
{
    const struct tls_identity *id = tls_localhost();
    const gust_tls_options options = {.server_side = true,
                                      .cert = {.cert_pem = id->cert, .key_pem = id->key},
                                      .ticket_lifetime = lifetime};
    gust_tls_context *context;

    assert_int_equal(gust_tls_context_new(&options, &context), 0);
    return context;
}

static SSL *end_new(SSL_CTX *ctx, BIO *bio, int version)
{
    SSL *ssl = SSL_new(ctx);

    assert_non_null(ssl);
    SSL_set_bio(ssl, bio, bio);
    assert_int_equal(SSL_set_max_proto_version(ssl, version), 1);
    return ssl;
}

/* Whether the handshake went back to `session`, which may be NULL. */
static bool shake(gust_tls_context *context, int version, SSL_SESSION *session)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    BIO *bios[2];
    SSL *client, *server;
    char byte;
    bool is_reused;

    assert_int_equal(BIO_new_bio_pair(&bios[0], 0, &bios[1], 0), 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    client = end_new(ctx, bios[0], version);
    server = end_new(gu_tls_context_ctx(context, 0), bios[1], version);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    if (session != NULL)
        assert_int_equal(SSL_set_session(client, session), 1);
    for (int i = 0; i < 4; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    assert_int_equal(SSL_read(client, &byte, 1), -1); /* its ticket, in TLS 1.3 */
    if (version == TLS1_2_VERSION) /* which may have a new ticket in the old session */
        keep_session(client, SSL_get1_session(client));
    is_reused = SSL_session_reused(server) == 1;
    assert_int_equal(SSL_session_reused(client), is_reused);
    SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    return is_reused;
}

/* What a whole handshake brings; to be freed. */
static SSL_SESSION *session_new(gust_tls_context *context, int version)
{
    SSL_SESSION *session;

    assert_false(shake(context, version, NULL));
    assert_non_null(brought);
    session = brought;
    brought = NULL;
    return session;
}

static const struct {
    const char *name;
    int number;
} versions[] = {{"TLS 1.2", TLS1_2_VERSION}, {"TLS 1.3", TLS1_3_VERSION}};

/* --- what memory tells --- */

#define REGION_MAX ((uintptr_t)32 << 20) /* a sanitizer's shadow is none of ours */

/* Without a function of libc, which a sanitizer would have look at what may be read. */
__attribute__((no_sanitize("address", "thread"))) static bool is_between(const unsigned char *at,
                                                                         const unsigned char *end)
{
    for (; at + sizeof first_secret <= end; at++) {
        size_t i = 0;

        while (i < sizeof first_secret && at[i] == (first_secret[i] ^ 0x5a))
            i++;
        if (i == sizeof first_secret)
            return true;
    }
    return false;
}

static bool is_secret_in_memory(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    bool is_found = false;
    char line[512];

    assert_non_null(maps);
    while (!is_found && fgets(line, sizeof line, maps) != NULL) {
        char *at;
        uintptr_t from = strtoul(line, &at, 16), to = strtoul(at + 1, &at, 16);

        if (strncmp(at, " rw", 3) == 0 && to - from <= REGION_MAX)
            is_found = is_between((const unsigned char *)from, (const unsigned char *)to);
    }
    fclose(maps);
    return is_found;
}

/* The first test: the next have changed keys. */
TEST(nothing_is_left_of_a_secret_whose_keys_were_changed)
{
    gust_tls_context *context = server_new(0);

    assert_false(shake(context, TLS1_3_VERSION, NULL));
    assert_true(has_secret);
    assert_true(is_secret_in_memory());
    now += PERIOD - 1;
    assert_false(shake(context, TLS1_3_VERSION, NULL));
    assert_true(is_secret_in_memory());
    now++;
    assert_false(shake(context, TLS1_3_VERSION, NULL));
    assert_false(is_secret_in_memory());
    forget_session(&brought);
    gust_tls_context_free(context);
}

/* --- keys --- */

TEST(a_ticket_of_the_previous_key_is_taken_and_an_older_one_is_not)
{
    static const struct {
        const char *name;
        int n_changes;
        bool is_taken;
    } cases[] = {
        {"the present key", 0, true},
        {"the previous one", 1, true},
        {"the one before", 2, false},
        {"long ago", 9, false},
    };
    gust_tls_context *context = server_new(0);

    context->session_span = GU_FOREVER; /* keys alone */
    for (size_t v = 0; v < gu_countof(versions); v++)
        for (size_t i = 0; i < gu_countof(cases); i++) {
            SSL_SESSION *session = session_new(context, versions[v].number);

            TEST_CASE(cases[i].name);
            now += (time_t)cases[i].n_changes * PERIOD;
            assert_int_equal(shake(context, versions[v].number, session), cases[i].is_taken);
            forget_session(&session);
        }
    forget_session(&brought);
    gust_tls_context_free(context);
}

TEST(a_ticket_of_the_previous_key_is_taken_for_one_of_the_present)
{
    gust_tls_context *context = server_new(0);

    context->session_span = GU_FOREVER;
    for (size_t v = 0; v < gu_countof(versions); v++) {
        SSL_SESSION *session = session_new(context, versions[v].number);

        TEST_CASE(versions[v].name);
        for (int i = 0; i < 4; i++) {
            now += PERIOD;
            assert_true(shake(context, versions[v].number, session));
            forget_session(&session);
            session = brought;
            brought = NULL;
        }
        forget_session(&session);
    }
    gust_tls_context_free(context);
}

/* --- workers --- */

static void write_session(int fd, SSL_SESSION *session)
{
    unsigned char der[8192], *at = der;
    int len = i2d_SSL_SESSION(session, NULL);

    assert_in_range(len, 1, sizeof der);
    i2d_SSL_SESSION(session, &at);
    assert_int_equal(write(fd, der, (size_t)len), len);
}

static SSL_SESSION *read_session(int fd)
{
    unsigned char der[8192];
    const unsigned char *at = der;
    ssize_t len = read(fd, der, sizeof der);
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, len);

    assert_non_null(session);
    return session;
}

/* A worker of its own, in which some time passes before it makes a ticket. */
static SSL_SESSION *session_of_worker(gust_tls_context *context, int version, int n_changes)
{
    int ends[2], status;
    SSL_SESSION *session;
    pid_t pid;

    assert_return_code(pipe(ends), errno);
    pid = fork();
    assert_return_code(pid, errno);
    if (pid == 0) {
        now += (time_t)n_changes * PERIOD;
        write_session(ends[1], session_new(context, version));
        _exit(0);
    }
    close(ends[1]);
    session = read_session(ends[0]);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return session;
}

TEST(workers_change_keys_together_without_a_word)
{
    static const struct {
        const char *name;
        int n_there, n_here; /* changes before the ticket is made, and before it is shown */
        bool is_taken;
    } cases[] = {
        {"at once", 0, 0, true},
        {"after one change", 1, 1, true},
        {"after seven changes", 7, 7, true},
        {"made with the previous key", 2, 3, true},
        {"made with an older one", 2, 4, false},
    };
    gust_tls_context *context = server_new(0);

    context->session_span = GU_FOREVER;
    for (size_t v = 0; v < gu_countof(versions); v++)
        for (size_t i = 0; i < gu_countof(cases); i++) {
            SSL_SESSION *session = session_of_worker(context, versions[v].number, cases[i].n_there);

            TEST_CASE(cases[i].name);
            now += (time_t)cases[i].n_here * PERIOD;
            assert_int_equal(shake(context, versions[v].number, session), cases[i].is_taken);
            forget_session(&session);
        }
    forget_session(&brought);
    gust_tls_context_free(context);
}

TEST(a_process_that_only_forks_keeps_up_and_its_next_worker_takes_what_the_others_made)
{
    gust_tls_context *context = server_new(0);
    SSL_SESSION *session = session_of_worker(context, TLS1_3_VERSION, 3);
    int status;
    pid_t pid;

    context->session_span = GU_FOREVER;
    for (int i = 0; i < 4; i++) {
        gu_time due = gu_tls_turn_tickets();

        assert_true(due > now * GU_SECOND && due <= (now + PERIOD) * GU_SECOND);
        now += PERIOD;
    }
    (void)gu_tls_turn_tickets();
    pid = fork();
    assert_return_code(pid, errno);
    if (pid == 0)
        _exit(!shake(context, TLS1_3_VERSION, session));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    forget_session(&session);
    gust_tls_context_free(context);
}

/* --- how long one may resume --- */

TEST(one_may_resume_for_ticket_lifetime_from_a_whole_handshake_on)
{
    static const struct {
        const char *name;
        double lifetime;
        int pass;
        bool is_resumed;
    } cases[] = {
        {"a second less", 100, 99, true},
        {"to the second", 100, 100, true},
        {"a second more", 100, 101, false},
        {"a fraction counts as a second", 99.5, 100, false},
        {"a second less than the default", 0, PERIOD - 1, true},
        {"the default", 0, PERIOD, true},
        {"a second more than the default", 0, PERIOD + 1, false},
        {"no longer than the default", GUST_NEVER, PERIOD + 1, false},
    };

    for (size_t v = 0; v < gu_countof(versions); v++)
        for (size_t i = 0; i < gu_countof(cases); i++) {
            gust_tls_context *context = server_new(cases[i].lifetime);
            SSL_SESSION *session = session_new(context, versions[v].number);

            TEST_CASE(cases[i].name);
            now += cases[i].pass;
            assert_int_equal(shake(context, versions[v].number, session), cases[i].is_resumed);
            forget_session(&session);
            forget_session(&brought);
            gust_tls_context_free(context);
        }
}

TEST(to_resume_again_and_again_does_not_make_it_longer)
{
    for (size_t v = 0; v < gu_countof(versions); v++) {
        gust_tls_context *context = server_new(100);
        SSL_SESSION *session = session_new(context, versions[v].number);

        TEST_CASE(versions[v].name);
        for (int i = 0; i < 4; i++) {
            now += 30; /* 30, 60, 90, 120 */
            assert_int_equal(shake(context, versions[v].number, session), i < 3);
            forget_session(&session);
            session = brought;
            brought = NULL;
        }
        now += 90; /* the last one was a whole handshake */
        assert_true(shake(context, versions[v].number, session));
        forget_session(&session);
        forget_session(&brought);
        gust_tls_context_free(context);
    }
}
