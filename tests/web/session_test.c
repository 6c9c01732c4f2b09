/*
 * session — what is remembered, wherever it is kept: in a cookie, in memory, behind somebody's
 * store
 */
#include "base/str.h"
#include "web_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the application --- */

static const char *or_none(const char *text)
{
    return text == NULL ? "none" : text;
}

static int show_get(gust_request *r)
{
    gust_puts(r, or_none(gust_session_get(r, gust_get_argument(r, "name", "user"))));
    return 0;
}

static int set_get(gust_request *r)
{
    gust_session_set(r, gust_get_argument(r, "name", "user"), gust_find_argument(r, "value"));
    return gust_redirect(r, "/");
}

static int renew_get(gust_request *r)
{
    gust_session_renew(r);
    gust_session_set(r, "user", "ben");
    return 0;
}

static int clear_get(gust_request *r)
{
    gust_session_clear(r);
    return 0;
}

static int fail_get(gust_request *r)
{
    gust_session_set(r, "user", "ben");
    return gust_fail(r, 404, "not here");
}

static int flush_get(gust_request *r)
{
    gust_session_set(r, "user", "ben");
    gust_puts(r, "a");
    return gust_flush(r);
}

static int late_get(gust_request *r)
{
    gust_puts(r, "a");
    gust_ignore(gust_flush(r));
    gust_session_set(r, "user", "ben");
    return 0;
}

/* "aaa…", as long as asked for. */
static int large_get(gust_request *r)
{
    size_t n = (size_t)gust_get_int(r, "n", 0, 0, 1 << 20);
    char *text = gust_alloc(n + 1);

    memset(text, 'a', n);
    text[n] = '\0';
    gust_session_set(r, "user", text);
    return 0;
}

static const gust_route routes[] = {
    {.path = "/show", .get = show_get},
    {.path = "/set", .get = set_get},
    {.path = "/renew", .get = renew_get},
    {.path = "/clear", .get = clear_get},
    {.path = "/fail", .get = fail_get},
    {.path = "/flush", .get = flush_get},
    {.path = "/late", .get = late_get},
    {.path = "/large", .get = large_get},
    {0},
};

static struct web *serve(const gust_session_options *sessions)
{
    return web_open(
        &(gust_app_options){.routes = routes, .cookie_secret = "squeamish", .sessions = sessions});
}

/* --- a browser --- */

static char jar[8192]; /* "Cookie: …", as the last answer left it */

static const char *visit(struct web *web, const char *target)
{
    static char request[sizeof jar + 256];
    const char *response, *at;

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, jar);
    response = web_talk(web, request);
    at = strstr(response, "Set-Cookie: ");
    if (at != NULL) {
        at += strlen("Set-Cookie: ");
        snprintf(jar, sizeof jar, "Cookie: %.*s\r\n", (int)strcspn(at, ";\r"), at);
        if (strstr(jar, "=\"\"") != NULL)
            jar[0] = '\0';
    }
    return response;
}

static const char *shown(struct web *web)
{
    return web_body_of(visit(web, "/show"));
}

/* --- everywhere --- */

struct step {
    const char *target, *shows;
};

static void walk(struct web *web, const struct step *steps, size_t n)
{
    jar[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (steps[i].target != NULL)
            visit(web, steps[i].target);
        assert_string_equal(shown(web), steps[i].shows);
    }
}

TEST(a_session_is_kept_until_it_is_cleared)
{
    static const struct step steps[] = {
        {NULL, "none"},
        {"/set?value=ben", "ben"},
        {NULL, "ben"},
        {"/set?value=a%26b%3D%3B%2C+%C3%A9", "a&b=;, \xc3\xa9"},
        {"/set?name=color&value=red", "a&b=;, \xc3\xa9"},
        {"/show?name=color", "a&b=;, \xc3\xa9"},
        {"/set", "none"},
        {"/set?value=", ""},
        {"/renew", "ben"},
        {"/fail", "ben"},
        {"/clear", "none"},
        {"/flush", "ben"},
        {"/clear", "none"},
    };
    gust_session_store *memory = gust_session_memory_new(0);
    const gust_session_options options[] = {{0}, {.store = memory, .name = "sid"}};

    for (size_t i = 0; i < gu_countof(options); i++) {
        struct web *web = serve(&options[i]);

        TEST_CASE(i == 0 ? "in a cookie" : "in memory");
        walk(web, steps, gu_countof(steps));
        web_close(web);
    }
    gust_session_memory_free(memory);
    gust_session_memory_free(NULL);
}

TEST(a_cookie_is_set_only_when_something_changed)
{
    static const struct {
        const char *name, *target;
        bool is_set;
    } cases[] = {
        {"nothing", "/show", false},
        {"cleared, and there was none", "/clear", false},
        {"removed, and there was none", "/set", false},
        {"set", "/set?value=x", true},
        {"set, and an error", "/fail", true},
    };
    struct web *web = serve(NULL);

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_int_equal(strstr(web_get(web, cases[i].target, ""), "Set-Cookie") != NULL,
                         cases[i].is_set);
    }
    web_close(web);
}

TEST(its_cookie_is_for_no_script_and_no_other_site)
{
    static const gust_cookie_options own = {.path = "/p", .secure = true};
    static const gust_session_options by_hand = {.cookie = &own, .name = "s", .max_age = 60};
    struct web *web = serve(NULL);
    const char *response = web_get(web, "/set?value=x", "");

    assert_non_null(strstr(response, "Set-Cookie: session="));
    assert_non_null(strstr(response, "; HttpOnly; Path=/; SameSite=Lax\r\n"));
    assert_non_null(strstr(response, "; expires="));
    assert_null(strstr(response, "user"));
    web_close(web);
    web = serve(&by_hand);
    response = web_get(web, "/set?value=x", "");
    assert_non_null(strstr(response, "Set-Cookie: s="));
    assert_non_null(strstr(response, " GMT; Path=/p; Secure\r\n"));
    web_close(web);
}

TEST(what_comes_after_the_head_is_told)
{
    struct web *web = serve(NULL);

    jar[0] = '\0';
    visit(web, "/late");
    assert_true(web->is_closed);
    assert_string_equal(shown(web), "none");
    web_close(web);
}

/* --- in a cookie --- */

TEST(a_session_fits_a_cookie_or_the_request_fails)
{
    static const gust_session_options small = {.max_size = 15}; /* user=aaaaaaaaaa */
    static const struct {
        const char *name;
        const gust_session_options *options;
        int n, status;
    } cases[] = {
        {"as large as a cookie", NULL, 3001, 200},
        {"a byte more", NULL, 3002, 500},
        {"as large as asked for", &small, 10, 200},
        {"a byte more than that", &small, 11, 500},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct web *web = serve(cases[i].options);
        char target[64];

        TEST_CASE(cases[i].name);
        jar[0] = '\0';
        snprintf(target, sizeof target, "/large?n=%d", cases[i].n);
        assert_int_equal(web_status(visit(web, target)), cases[i].status);
        assert_int_equal(strlen(shown(web)), cases[i].status == 200 ? cases[i].n : 4);
        assert_int_equal(strstr(web->log, "does not fit a cookie of 4096 bytes") != NULL,
                         cases[i].status == 500);
        web_close(web);
    }
}

TEST(a_cookie_that_we_did_not_seal_is_none)
{
    static const gust_session_options other_name = {.name = "sessions"};
    struct web *web = serve(NULL);
    char good[8192], *last;

    jar[0] = '\0';
    visit(web, "/set?value=ben");
    memcpy(good, jar, sizeof good);
    last = strrchr(jar, '\r') - 1;
    *last = *last == 'A' ? 'B' : 'A';
    assert_string_equal(shown(web), "none");
    snprintf(jar, sizeof jar, "Cookie: session=AAAA\r\n");
    assert_string_equal(shown(web), "none");
    web_close(web);
    web = serve(&other_name);
    snprintf(jar, sizeof jar, "Cookie: sessions=%s", strchr(good, '=') + 1);
    assert_string_equal(shown(web), "none");
    web_close(web);
}

TEST(an_age_of_nothing_ends_it_and_half_an_age_saves_it_anew)
{
    static const gust_session_options short_lived = {.max_age = 1e-9},
                                      for_ever = {.max_age = GUST_NEVER};
    struct web *web = serve(&short_lived);

    jar[0] = '\0';
    visit(web, "/set?value=ben");
    while (strcmp(shown(web), "ben") == 0) /* until the clock's second has passed */
        web_turns(web, 1);
    assert_string_equal(shown(web), "none");
    web_close(web);
    web = serve(&for_ever);
    jar[0] = '\0';
    visit(web, "/set?value=ben");
    assert_string_equal(shown(web), "ben");
    web_close(web);
}

TEST(without_a_secret_there_is_no_session_and_the_log_says_why)
{
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    assert_int_equal(web_status(web_get(web, "/show", "")), 500);
    assert_non_null(strstr(web->log, "gust_app_options.cookie_secret"));
    web_close(web);
}

/* --- in memory --- */

TEST(memory_keeps_so_many_and_forgets_what_was_not_used_for_the_longest)
{
    gust_session_store *memory = gust_session_memory_new(3);
    const gust_session_options options = {.store = memory};
    struct web *web = serve(&options);
    char jars[4][256];

    for (size_t i = 0; i < 4; i++) {
        jar[0] = '\0';
        if (i == 3) { /* the first is used again */
            memcpy(jar, jars[0], sizeof jars[0]);
            assert_string_equal(shown(web), "ben");
            jar[0] = '\0';
        }
        visit(web, "/set?value=ben");
        memcpy(jars[i], jar, sizeof jars[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        memcpy(jar, jars[i], sizeof jars[i]);
        assert_string_equal(shown(web), i == 1 ? "none" : "ben");
    }
    web_close(web);
    gust_session_memory_free(memory);
}

TEST(an_id_is_ours_and_changes_when_it_is_renewed)
{
    static const char *const others[] = {"Cookie: session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
                                         "Cookie: session=x\r\n", "Cookie: session=\r\n",
                                         "Cookie: session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"};
    gust_session_store *memory = gust_session_memory_new(0);
    const gust_session_options options = {.store = memory};
    struct web *web = serve(&options);
    char before[256], after[256];

    for (size_t i = 0; i < gu_countof(others); i++) {
        snprintf(jar, sizeof jar, "%s", others[i]);
        visit(web, "/set?value=ben");
        assert_string_not_equal(jar, others[i]);
    }
    memcpy(before, jar, sizeof before);
    visit(web, "/renew");
    memcpy(after, jar, sizeof after);
    assert_string_not_equal(before, after);
    assert_string_equal(shown(web), "ben");
    memcpy(jar, before, sizeof before);
    assert_string_equal(shown(web), "none");
    memcpy(jar, after, sizeof after);
    visit(web, "/clear");
    memcpy(jar, after, sizeof after);
    assert_string_equal(shown(web), "none");
    web_close(web);
    gust_session_memory_free(memory);
}

static void use_in_child(void *arg)
{
    gust_session_store *memory = arg;

    if (fork() == 0)
        memory->remove(memory->arg, "x");
    wait(NULL);
    abort();
}

TEST(memory_belongs_to_the_process_that_made_it)
{
    gust_session_store *memory = gust_session_memory_new(0);

    assert_true(memory->is_local);
    assert_aborts(use_in_child, memory, "a session store in memory was made in process");
    gust_session_memory_free(memory);
}

/* --- behind a store --- */

/* A store of one, which waits as a database does, and fails when it is told to. */
static struct {
    char id[65], data[256];
    double seconds;
    int load_error, save_error, remove_error, n_loads, n_saves;
} table;

static int table_load(void *arg, const char *id, gust_str *data)
{
    (void)arg;
    gust_sleep(0);
    table.n_loads++;
    if (table.load_error < 0)
        return table.load_error;
    if (strcmp(id, table.id) != 0)
        return -ENOENT;
    *data = gust_str_from(gust_strdup(table.data));
    return 0;
}

static int table_save(void *arg, const char *id, gust_str data, double seconds)
{
    (void)arg;
    gust_sleep(0);
    table.n_saves++;
    assert_int_equal(strlen(id), 64);
    assert_true(data.len < sizeof table.data);
    snprintf(table.id, sizeof table.id, "%s", id);
    memcpy(table.data, data.ptr, data.len + 1);
    table.seconds = seconds;
    return table.save_error;
}

static int table_remove(void *arg, const char *id)
{
    (void)arg;
    gust_sleep(0);
    if (table.remove_error == 0 && strcmp(id, table.id) == 0)
        table.id[0] = '\0';
    return table.remove_error;
}

static const gust_session_store store = {
    .load = table_load, .save = table_save, .remove = table_remove};
static const gust_session_options in_store = {.store = &store, .max_size = 64, .max_age = 100};

static struct web *serve_stored(void)
{
    memset(&table, 0, sizeof table);
    jar[0] = '\0';
    return serve(&in_store);
}

TEST(a_store_is_asked_once_and_does_not_see_what_the_client_has)
{
    struct web *web = serve_stored();

    visit(web, "/set?value=ben");
    assert_int_equal(table.n_loads, 0);
    assert_int_equal(table.n_saves, 1);
    assert_true(table.seconds == 100);
    assert_string_equal(strchr(table.data, '?'), "?user=ben");
    assert_null(strstr(jar, table.id));
    assert_string_equal(shown(web), "ben");
    assert_int_equal(table.n_loads, 1);
    assert_int_equal(table.n_saves, 1);
    web_close(web);
}

TEST(what_is_half_as_old_as_it_may_be_is_saved_anew_and_what_is_older_is_none)
{
    static const struct {
        const char *name;
        int ago;
        const char *shows;
        int n_saves;
    } cases[] = {
        {"new", 10, "ben", 0},
        {"more than half", 60, "ben", 1},
        {"too old", 110, "none", 0},
        {"a clock ahead", -60, "ben", 0},
    };
    struct web *web = serve_stored();

    visit(web, "/set?value=ben");
    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        snprintf(table.data, sizeof table.data, "%lld?user=ben",
                 (long long)time(NULL) - cases[i].ago);
        table.n_saves = 0;
        assert_string_equal(shown(web), cases[i].shows);
        assert_int_equal(table.n_saves, cases[i].n_saves);
    }
    snprintf(table.data, sizeof table.data, "nonsense");
    assert_string_equal(shown(web), "none");
    web_close(web);
}

TEST(a_store_that_fails_fails_the_request)
{
    static const struct {
        const char *name, *target;
        int *error, err, status;
    } cases[] = {
        {"reading", "/show", &table.load_error, -EIO, 500},
        {"changing what cannot be read", "/set?value=x", &table.load_error, -EIO, 500},
        {"memory", "/show", &table.load_error, -ENOMEM, 503},
        {"saving", "/set?value=x", &table.save_error, -EIO, 500},
        {"saving before a flush", "/flush", &table.save_error, -EIO, 500},
        {"saving with an error's page", "/fail", &table.save_error, -EIO, 500},
        {"forgetting", "/clear", &table.remove_error, -EIO, 500},
        {"forgetting the old id", "/renew", &table.remove_error, -EIO, 500},
    };
    struct web *web = serve_stored();
    char good[256];

    visit(web, "/set?value=ben");
    memcpy(good, jar, sizeof good);
    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *response;

        TEST_CASE(cases[i].name);
        *cases[i].error = cases[i].err;
        memcpy(jar, good, sizeof good);
        response = visit(web, cases[i].target);
        *cases[i].error = 0;
        if (web_status(response) != cases[i].status)
            fail_msg("%s: %s", cases[i].name, response);
    }
    web_close(web);
}

TEST(a_store_has_sessions_of_max_size)
{
    struct web *web = serve_stored();

    assert_int_equal(web_status(visit(web, "/large?n=59")), 200); /* and "user=" */
    assert_int_equal(web_status(visit(web, "/large?n=60")), 500);
    assert_non_null(strstr(web->log, "a session of 65 bytes is larger than "
                                     "gust_session_options.max_size"));
    web_close(web);
}
