/*
 * demo — one site that shows what Gust does, live
 *
 *     ./dev run                    then open the address that it prints
 *
 * The page is index.html; where it says <!-- source NAME -->, the function of
 * that name is shown, out of this very file. Each button asks for one of the
 * addresses in the table at the end, which can as well be asked for with curl:
 * they are in the page, too.
 */
#include "demo_files.h"
#include <gust.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BEAT 0.1 /* seconds between two steps of the counter */
#define N_NOTES 50

/* What a worker knows. Tasks of one loop never run at the same time, so nothing
 * is locked. */
struct site {
    gust_app *app;
    double started, last_beat, late; /* seconds */
    int64_t n_requests, n_in_hand, n_beats, n_visits;
    int64_t last_note; /* its number; they begin at 1 */
    gust_cond noted;
    char *notes[N_NOTES]; /* on the heap; number n is at n % N_NOTES */
};

/* --- 1: routes and arguments --- */

static int greet_get(gust_request *r)
{
    const char *name = gust_path_arg(r, 0);
    int64_t times = gust_get_int(r, "times", 1, 1, 5);

    for (int64_t i = 0; i < times; i++)
        gust_text(r, "Hello, %s!\n", name);
    return 0;
}

/* --- 2: waiting --- */

static int slow_get(gust_request *r)
{
    int64_t seconds = gust_get_int(r, "seconds", 3, 0, 10);
    int err = gust_sleep((double)seconds);

    if (err < 0)
        return err;
    gust_text(r, "slept %" PRId64 " s, and held nobody up\n", seconds);
    return 0;
}

/* --- 3: streaming --- */

static int ticks_get(gust_request *r)
{
    int64_t n = gust_get_int(r, "n", 10, 1, 100);
    int err = 0;

    for (int64_t i = 1; err == 0 && i <= n; i++) {
        gust_text(r, "tick %" PRId64 " of %" PRId64 "\n", i, n);
        err = gust_flush(r);
        if (err == 0)
            err = gust_sleep(0.3);
    }
    return err;
}

static int upload_put(gust_request *r)
{
    int64_t n_bytes = 0, n_pieces = 0;
    gust_str piece;
    int n;

    while ((n = gust_body_read(r, &piece)) > 0) {
        n_bytes += n;
        n_pieces++;
    }
    if (n < 0)
        return n;
    return gust_json(
        r, GUST_VARS({"bytes", GUST_V(n_bytes)}, {"pieces", GUST_V(n_pieces)}));
}

/* --- 4: JSON --- */

static int json_post(gust_request *r)
{
    struct json_t *sent = gust_get_json(r);

    return gust_json(
        r,
        GUST_VARS({"you", GUST_V(gust_remote_ip(r))}, {"sent", GUST_V(sent)},
                  {"list", GUST_ITEMS(GUST_V(1), GUST_V("two"), GUST_V(3.5))}));
}

/* --- 5: forms --- */

static void page_begin(gust_request *r, const char *title)
{
    gust_html(
        r,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n"
        "<title>%s · Gust</title>\n<link rel=\"stylesheet\" "
        "href=\"/style.css\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n"
        "<main class=\"page\">\n<p><a href=\"/\">← Gust</a></p>\n<h1>%s</h1>\n",
        title, title);
}

/* A field of the form, with what was sent and what is wrong with it. */
static void put_field(gust_request *r, const char *name, const char *label)
{
    const char *wrong = gust_find_invalid(r, name);

    gust_html(r,
              "<label>%s <input name=\"%s\" value=\"%s\"></label>\n<p "
              "class=\"wrong\">%s</p>\n",
              label, name, gust_get_body_argument(r, name, ""),
              wrong == NULL ? "" : wrong);
}

static void put_form(gust_request *r)
{
    page_begin(r, "Sign up");
    gust_puts(r,
              "<form class=\"sign-up\" method=\"post\" action=\"/signup\">\n");
    put_field(r, "name", "Name");
    put_field(r, "email", "Email");
    put_field(r, "age", "Age");
    gust_puts(r, "<button>Sign up</button>\n</form>\n</main>\n");
}

static int signup_get(gust_request *r)
{
    put_form(r);
    return 0;
}

static int signup_post(gust_request *r)
{
    const char *name = gust_get_body_argument(r, "name", "");
    const char *email = gust_get_body_argument(r, "email", "");
    int64_t age = 0;

    if (*name == '\0')
        gust_invalid(r, "name", "what shall we call you?");
    if (strchr(email, '@') == NULL)
        gust_invalid(r, "email", "\"%s\" has no @", email);
    if (gust_find_int(r, "age", 18, 150, &age) != 0)
        gust_invalid(r, "age", "a number from %d on, please", 18);
    gust_check_valid(r);
    gust_text(r, "Welcome, %s, aged %" PRId64 "\n", name, age);
    return 0;
}

/* --- 6: errors --- */

static int missing_get(gust_request *r)
{
    return gust_fail(r, 404, "there is no story %s",
                     gust_get_argument(r, "id", "7"));
}

static int broken_get(gust_request *r)
{
    return gust_fail(r, 500, "the password of the database is wrong");
}

static int code_get(gust_request *r)
{
    (void)r;
    return -ENOENT;
}

static int raise_get(gust_request *r)
{
    gust_need_argument(r, "name");
    gust_raise(r, 403, "not even with a name");
}

static int late_get(gust_request *r)
{
    (void)r;
    return gust_sleep(60);
}

/* The page for people; programs get the problem that they get without a hook.
 */
static void write_error(gust_request *r, const gust_error *error)
{
    const char *accept = gust_get_header(r, "Accept");

    if (accept == NULL || strstr(accept, "text/html") == NULL) {
        gust_write_error(r, error);
        return;
    }
    if (error->status == 422) {
        put_form(r);
        return;
    }
    page_begin(r, gust_sprintf("%d %s", error->status,
                               gust_status_reason(error->status)));
    if (error->status < 500 && error->message != NULL)
        gust_html(r, "<p>%s.</p>\n", error->message);
    if (error->status >= 500)
        gust_puts(r, "<p>The reason is in the server’s log, and is nobody "
                     "else’s business.</p>\n");
    gust_puts(r, "</main>\n");
}

/* --- 7: long polling --- */

static int notes_get(gust_request *r)
{
    struct site *site = gust_data(r);
    int64_t since = gust_get_int(r, "since", 0, 0, INT64_MAX);
    gust_value *notes = gust_alloc(N_NOTES * sizeof *notes);
    uint32_t n = 0;
    int err = 0;

    if (since > site->last_note) /* known from before a restart */
        since = 0;
    GUST_DEADLINE(50);
    while (err == 0 && since == site->last_note)
        err = gust_cond_wait(&site->noted);
    if (err < 0 && err != -ETIMEDOUT)
        return err;
    if (since < site->last_note - N_NOTES)
        since = site->last_note - N_NOTES;
    while (since < site->last_note)
        notes[n++] = GUST_V(site->notes[++since % N_NOTES]);
    gust_set_header(r, "Cache-Control", "no-store");
    return gust_json(r, GUST_VARS({"notes", gust_value_list(notes, n)},
                                  {"last", GUST_V(site->last_note)}));
}

static int notes_post(gust_request *r)
{
    struct site *site = gust_data(r);
    const char *text = gust_need_argument(r, "text");
    char **place = &site->notes[(site->last_note + 1) % N_NOTES], *note;

    if (*text == '\0' || strlen(text) > 500)
        gust_invalid(r, "text", "between 1 and 500 bytes, please");
    gust_check_valid(r);
    note = gust_heap_strdup(text);
    if (note == NULL)
        return -ENOMEM;
    gust_heap_free(*place);
    *place = note;
    site->last_note++;
    gust_cond_notify_all(&site->noted);
    return gust_json(r, GUST_VARS({"number", GUST_V(site->last_note)}));
}

/* --- 8: state --- */

static int visits_get(gust_request *r)
{
    struct site *site = gust_data(r);
    const char *cookie = gust_get_cookie(r, "visits");
    long yours = 1 + (cookie == NULL ? 0 : strtol(cookie, NULL, 10) % 1000000);

    gust_set_cookie(
        r, "visits", gust_sprintf("%ld", yours),
        &(gust_cookie_options){.http_only = true, .same_site = "Lax"});
    return gust_json(r, GUST_VARS({"yours", GUST_V(yours)},
                                  {"everybodys", GUST_V(++site->n_visits)},
                                  {"worker", GUST_V(gust_worker_id())},
                                  {"pid", GUST_V(getpid())}));
}

/* --- figures --- */

/* Bytes that are resident, 0 where it is not known. */
static int64_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Seconds of CPU time that this process has used. */
static double used(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void put_figures(gust_request *r, const struct site *site)
{
    const gust_loop *loop = gust_loop_current();

    gust_printf(
        r,
        "{\"count\":%" PRId64 ",\"connections\":%zu,\"in_hand\":%" PRId64
        ",\"requests\":%" PRId64
        ",\"late\":%.6f,\"cpu\":%.3f,\"resident\":%" PRId64
        ",\"uptime\":%.1f,\"poller\":\"%s\"}\n",
        site->n_beats, gust_app_n_connections(site->app), site->n_in_hand,
        site->n_requests, site->late, used(), resident(),
        gust_loop_time(loop) - site->started, gust_loop_poller(loop));
}

/* A line of figures every quarter of a second, until the client leaves. */
static int live_get(gust_request *r)
{
    int err = 0;

    gust_set_header(r, "Content-Type", "application/jsonl");
    gust_set_header(r, "Cache-Control", "no-store");
    while (err == 0) {
        put_figures(r, gust_data(r));
        err = gust_flush(r);
        if (err == 0)
            err = gust_sleep(0.25);
    }
    return err == -ECANCELED ? 0 : err;
}

/* --- the page --- */

/* The function `name` as it stands in this file; "" if there is none. */
static const char *source_of(const char *name)
{
    const char *source = (const char *)demo_c;
    const char *start = strstr(source, gust_sprintf("\nstatic int %s(", name));
    const char *end = start == NULL ? NULL : strstr(start, "\n}\n");

    return end == NULL ? ""
                       : gust_strndup(start + 1, (size_t)(end + 2 - start));
}

static int index_get(gust_request *r)
{
    static const char mark[] = "<!-- source ";
    const char *at = (const char *)index_html, *next;

    while ((next = strstr(at, mark)) != NULL) {
        const char *name = next + strlen(mark);
        size_t len = strcspn(name, " ");

        gust_write(r, at, (size_t)(next - at));
        gust_html(r, "<pre><code>%s</code></pre>",
                  source_of(gust_strndup(name, len)));
        at = strstr(name, "-->") + strlen("-->");
    }
    gust_puts(r, at);
    return 0;
}

static int style_get(gust_request *r)
{
    gust_set_header(r, "Content-Type", "text/css; charset=UTF-8");
    gust_write(r, style_css, sizeof style_css - 1);
    return 0;
}

static int script_get(gust_request *r)
{
    gust_set_header(r, "Content-Type", "text/javascript; charset=UTF-8");
    gust_write(r, live_js, sizeof live_js - 1);
    return 0;
}

/* --- the site --- */

/* What each request remembers. */
struct visit {
    bool is_counted; /* what is refused before prepare is not */
};

static int count_in(gust_request *r)
{
    struct site *site = gust_data(r);
    struct visit *visit = gust_state(r);

    visit->is_counted = true;
    site->n_requests++;
    site->n_in_hand++;
    return 0;
}

static void count_out(gust_request *r)
{
    struct site *site = gust_data(r);
    const struct visit *visit = gust_state(r);

    if (visit != NULL && visit->is_counted)
        site->n_in_hand--;
}

static void beat(void *arg)
{
    struct site *site = arg;
    double now = gust_loop_time(gust_loop_current());

    site->n_beats++;
    if (site->last_beat > 0)
        site->late = now - site->last_beat - BEAT;
    site->last_beat = now;
}

static int on_start(gust_app *app)
{
    struct site *site = calloc(1, sizeof *site);

    if (site == NULL)
        return -ENOMEM;
    site->app = app;
    site->started = gust_loop_time(gust_loop_current());
    gust_app_set_data(app, site);
    return gust_app_every(app, BEAT, beat, site) == NULL ? -ENOMEM : 0;
}

static void on_stop(gust_app *app)
{
    struct site *site = gust_app_data(app);

    for (int i = 0; site != NULL && i < N_NOTES; i++)
        gust_heap_free(site->notes[i]);
    free(site);
}

/* What all handlers have; each names it as its base. */
static const gust_handler counted = {.state_size = sizeof(struct visit),
                                     .prepare = count_in,
                                     .on_finish = count_out};

static const gust_handler page = {.base = &counted, .get = index_get};
static const gust_handler style = {.base = &counted, .get = style_get};
static const gust_handler script = {.base = &counted, .get = script_get};
static const gust_handler live = {
    .base = &counted,
    .get = live_get,
    .flags = GUST_CANCEL_ON_CLOSE | GUST_CANCEL_ON_DRAIN,
};
static const gust_handler greet = {.base = &counted, .get = greet_get};
static const gust_handler slow = {
    .base = &counted, .get = slow_get, .flags = GUST_CANCEL_ON_CLOSE};
static const gust_handler ticks = {
    .base = &counted, .get = ticks_get, .flags = GUST_CANCEL_ON_CLOSE};
static const gust_handler upload = {
    .base = &counted,
    .put = upload_put,
    .flags = GUST_STREAM_BODY,
    .max_body_size = (int64_t)1 << 30,
};
static const gust_handler json = {.base = &counted, .post = json_post};
static const gust_handler signup = {
    .base = &counted, .get = signup_get, .post = signup_post};
static const gust_handler missing = {.base = &counted, .get = missing_get};
static const gust_handler broken = {.base = &counted, .get = broken_get};
static const gust_handler code = {.base = &counted, .get = code_get};
static const gust_handler raise = {.base = &counted, .get = raise_get};
static const gust_handler late = {
    .base = &counted, .get = late_get, .timeout = 1};
static const gust_handler notes = {
    .base = &counted,
    .get = notes_get,
    .post = notes_post,
    .flags = GUST_CANCEL_ON_CLOSE | GUST_CANCEL_ON_DRAIN,
};
static const gust_handler visits = {.base = &counted, .get = visits_get};

static const gust_route errors[] = {
    {.path = "/missing", .handler = &missing},
    {.path = "/broken", .handler = &broken},
    {.path = "/code", .handler = &code},
    {.path = "/raise", .handler = &raise},
    {.path = "/late", .handler = &late},
    {0},
};

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/", .handler = &page},
        {.path = "/style.css", .handler = &style},
        {.path = "/live.js", .handler = &script},
        {.path = "/live", .handler = &live},
        {.path = "/hello/([^/]+)", .handler = &greet, .name = "hello"},
        {.path = "/slow", .handler = &slow},
        {.path = "/ticks", .handler = &ticks},
        {.path = "/upload", .handler = &upload},
        {.path = "/json", .handler = &json},
        {.path = "/signup", .handler = &signup},
        {.path = "/errors", .routes = errors},
        {.path = "/notes", .handler = &notes},
        {.path = "/visits", .handler = &visits},
        {0},
    };

    return gust_app_main(
        &(gust_app_options){
            .routes = routes,
            .on_start = on_start,
            .on_stop = on_stop,
            .write_error = write_error,
            .max_workers = GUST_NEVER,
        },
        argc, argv);
}
