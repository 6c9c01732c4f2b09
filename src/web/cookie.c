/*
 * cookie — Set-Cookie, and redirections: fields that are made, not given
 */
#include "codec/cookie.h"
#include "base/str.h"
#include "codec/fields.h"
#include "web/web_impl.h"
#include <time.h>

#define DAY 86400.0
#define YEAR ((int64_t)365 * 86400)

int64_t gu_wall_clock(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

/* Dates end with the year 9999, which is as good as never. */
static int64_t after_days(double days)
{
    double seconds = days * DAY;

    return seconds < (double)GU_DATE_MAX ? gu_wall_clock() + (int64_t)seconds : GU_DATE_MAX;
}

/* A later cookie of the same name takes the place of the earlier one, as in Tornado. */
static void keep_cookie(gust_request *r, gust_str name, gust_str field)
{
    struct gu_out_field **link = &r->new_cookies;

    while (*link != NULL && !gu_str_eq((*link)->name, name))
        link = &(*link)->next;
    if (*link == NULL) {
        *link = gu_arena_alloc(&r->x->arena, sizeof **link);
        name = gu_arena_copy(&r->x->arena, name.ptr, name.len);
        if (*link == NULL || name.ptr == NULL) {
            *link = NULL;
            gu_response_latch(r, -ENOMEM);
            return;
        }
        **link = (struct gu_out_field){.name = name};
    }
    (*link)->value = field;
    r->flags |= GU_R_NEW_COOKIES;
}

static int put_cookie(gust_request *r, const char *name, const char *value,
                      const gust_cookie_options *options, int64_t expires)
{
    static const gust_cookie_options none;
    const gust_cookie_options *o = options == NULL ? &none : options;
    const struct gu_cookie cookie = {
        .name = gust_str_from(name),
        .value = gust_str_from(value),
        .domain = gust_str_from(o->domain),
        .path = gust_str_from(o->path == NULL ? "/" : o->path),
        .same_site = gust_str_from(o->same_site),
        .max_age = o->max_age,
        .expires = expires,
        .has_expires = expires != 0,
        .http_only = o->http_only,
        .secure = o->secure,
    };
    gust_str field;
    int err;

    if (!gu_response_may_set_head(r))
        return 0; /* that is latched */
    err = gu_cookie_format(&r->x->arena, &cookie, &field);
    if (err == 0)
        keep_cookie(r, cookie.name, field);
    return err;
}

void gu_cookie_put(gust_request *r, const char *name, const char *value,
                   const gust_cookie_options *options, double days)
{
    gu_response_latch(r, put_cookie(r, name, value, options, days == 0 ? 0 : after_days(days)));
}

void gust_set_cookie(gust_request *r, const char *name, const char *value,
                     const gust_cookie_options *options)
{
    gu_cookie_put(r, name, value, options, options == NULL ? 0 : options->expires_days);
}

static int clear_cookie(gust_request *r, const char *name, const gust_cookie_options *options)
{
    gust_cookie_options past = options == NULL ? (gust_cookie_options){0} : *options;

    past.max_age = 0;
    return put_cookie(r, name, "", &past, gu_wall_clock() - YEAR);
}

void gust_clear_cookie(gust_request *r, const char *name, const gust_cookie_options *options)
{
    gu_response_latch(r, clear_cookie(r, name, options));
}

/* A name that came, and could not be set, is the client's fault and not the handler's. */
void gust_clear_all_cookies(gust_request *r, const gust_cookie_options *options)
{
    const struct gu_pairs *cookies = gu_request_cookies(r);

    for (size_t i = 0; i < cookies->len; i++) {
        int err = clear_cookie(r, cookies->items[i].name.ptr, options);

        if (err != -EINVAL)
            gu_response_latch(r, err);
    }
}

bool gu_response_cookies(gust_request *r, gust_str *lines)
{
    struct gu_buf b;

    *lines = GU_STR("");
    if ((r->flags & GU_R_NEW_COOKIES) == 0)
        return true;
    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    for (const struct gu_out_field *c = r->new_cookies; c != NULL; c = c->next) {
        gu_buf_puts(&b, "Set-Cookie: ");
        gu_buf_put_str(&b, c->value);
        gu_buf_puts(&b, "\r\n");
    }
    return gu_buf_finish(&b, lines) == 0;
}

/* --- redirections --- */

static bool is_redirection(int status)
{
    return status >= 300 && status <= 399 && status != 304;
}

int gust_redirect(gust_request *r, const char *url)
{
    if (gu_response_may_set_head(r) && gu_response_may_write(r)) {
        if (!is_redirection(r->status))
            gust_set_status(r, 302);
        gust_clear_header(r, "Content-Length");
        gust_set_header(r, "Location", url);
        gu_buf_clear(&r->body);
    }
    return gust_finish(r);
}
