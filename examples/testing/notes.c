/*
 * notes — a few notes that people leave, and wait for
 *
 *     GET /           the notes, a line each
 *     POST /          text=…: one more; who wrote it is remembered by a cookie
 *     GET /next       waits for the next one, 30 s at the most: 204 then
 *     GET /quote      a note of somebody else's server, which is given 2 s
 */
#include "notes.h"
#include <errno.h>
#include <stdio.h>

#define NOTES_MAX 100

struct notes {
    char *text[NOTES_MAX];
    size_t n;
    gust_cond added;
};

static int notes_get(gust_request *r)
{
    const struct notes *notes = gust_data(r);

    for (size_t i = 0; i < notes->n; i++)
        gust_printf(r, "%s\n", notes->text[i]);
    gust_set_header(r, "Content-Type", "text/plain; charset=UTF-8");
    return 0;
}

static int notes_post(gust_request *r)
{
    struct notes *notes = gust_data(r);
    const char *text = gust_need_argument(r, "text");
    const char *name = gust_get_argument(r, "name", gust_get_cookie(r, "name"));

    if (name == NULL)
        return gust_fail(r, 400, "who are you?");
    if (notes->n == NOTES_MAX)
        return gust_fail(r, 507, "there are %d notes already", NOTES_MAX);
    gust_set_cookie(r, "name", name, NULL);
    notes->text[notes->n++] = gust_heap_strdup(gust_sprintf("%s: %s", name, text));
    gust_cond_notify_all(&notes->added);
    return gust_redirect(r, "/");
}

static int next_get(gust_request *r)
{
    GUST_DEADLINE(30.0);
    struct notes *notes = gust_data(r);
    int err = gust_cond_wait(&notes->added);

    if (err == -ETIMEDOUT) {
        gust_set_status(r, 204);
        return 0;
    }
    if (err < 0)
        return err;
    gust_text(r, "%s\n", notes->text[notes->n - 1]);
    return 0;
}

static int quote_get(gust_request *r)
{
    const gust_response *quote;

    GUST_DEADLINE(2.0);
    quote = gust_fetch("http://quotes.example/today", NULL);
    if (!gust_response_ok(quote))
        return gust_fail(r, 502, "quotes: %s", gust_response_reason(quote));
    gust_text(r, "%s\n", quote->body.ptr);
    return 0;
}

static int start(gust_app *app)
{
    static struct notes notes;

    gust_app_set_data(app, &notes);
    return 0;
}

static void stop(gust_app *app)
{
    struct notes *notes = gust_app_data(app);

    while (notes->n > 0)
        gust_heap_free(notes->text[--notes->n]);
}

static const gust_handler notes = {.get = notes_get, .post = notes_post};
static const gust_handler next = {.get = next_get,
                                  .flags = GUST_CANCEL_ON_CLOSE | GUST_CANCEL_ON_DRAIN};
static const gust_route routes[] = {
    {.path = "/", .handler = &notes},
    {.path = "/next", .handler = &next},
    {.path = "/quote", .get = quote_get},
    {0},
};

const gust_app_options notes_app = {.routes = routes, .on_start = start, .on_stop = stop};
