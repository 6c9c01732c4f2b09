/*
 * xsrf — requests that other sites had a browser make
 *
 * A browser sends our cookies with whatever page makes it send a request. What that page cannot do
 * is read them, so a request that changes something has to repeat, in a field or in its head, what
 * stands in a cookie.
 */
#include "base/crypto.h"
#include "base/random.h"
#include "base/str.h"
#include "codec/form.h"
#include "codec/multipart.h"
#include "web/web_impl.h"

#define FIELD "_xsrf" /* of forms; the cookie's name can be another */
#define COOKIE_DAYS 30

static const char *cookie_name(const gust_request *r)
{
    const char *name = r->app->options.xsrf_cookie_name;

    return name == NULL ? "_xsrf" : name;
}

/* --- the token --- */

static struct gu_xsrf new_token(gust_request *r)
{
    unsigned char bytes[GU_XSRF_LEN];

    gu_random(bytes, sizeof bytes);
    return (struct gu_xsrf){gu_arena_copy(&r->x->arena, bytes, sizeof bytes),
                            (uint64_t)gu_wall_clock()};
}

/* That of the cookie, or a new one. NULL when memory is short. */
static const struct gu_xsrf *find_token(gust_request *r)
{
    const char *cookie = gust_get_cookie(r, cookie_name(r));
    struct gu_who *who = gu_request_who(r);
    int err;

    if (who == NULL || who->has_xsrf)
        return who == NULL ? NULL : &who->xsrf;
    err = cookie == NULL ? -EBADMSG : gu_xsrf_read(&r->x->arena, gust_str_from(cookie), &who->xsrf);
    if (err == -EBADMSG) {
        who->is_xsrf_new = true;
        who->xsrf = new_token(r);
    }
    who->has_xsrf = err != -ENOMEM && who->xsrf.token.ptr != NULL;
    if (who->has_xsrf && who->xsrf.made == 0)
        who->xsrf.made = (uint64_t)gu_wall_clock();
    return who->has_xsrf ? &who->xsrf : NULL;
}

static gust_str format_token(gust_request *r, const struct gu_xsrf *token)
{
    unsigned char mask[GU_XSRF_MASK];

    if (r->app->options.xsrf_cookie_version == 1)
        return gu_xsrf_plain(&r->x->arena, token);
    gu_random(mask, sizeof mask);
    return gu_xsrf_mask(&r->x->arena, token, mask);
}

/* A session's cookie, unless somebody is here for longer or the application says how long. */
static void set_cookie(gust_request *r, const char *text)
{
    const gust_cookie_options *options = r->app->options.xsrf_cookie;
    double days = options == NULL ? 0 : options->expires_days;

    if (days == 0 && gu_request_has_user(r))
        days = COOKIE_DAYS;
    gu_cookie_put(r, cookie_name(r), text, options, days);
}

const char *gust_xsrf_token(gust_request *r)
{
    const struct gu_xsrf *token = find_token(r);
    struct gu_who *who = gu_request_who(r);
    gust_str text;

    if (token != NULL && who->xsrf_text != NULL)
        return who->xsrf_text;
    text = token == NULL ? (gust_str){0} : format_token(r, token);
    if (text.ptr == NULL) {
        gu_response_latch(r, -ENOMEM);
        return "";
    }
    if (who->is_xsrf_new)
        set_cookie(r, text.ptr);
    who->xsrf_text = text.ptr;
    return text.ptr;
}

const char *gust_xsrf_form_html(gust_request *r)
{
    gust_str html = {"", 0};
    struct gu_buf b;
    int err;

    gu_buf_init(&b, &r->x->arena, SIZE_MAX - 1);
    gu_buf_puts(&b, "<input type=\"hidden\" name=\"" FIELD "\" value=\"");
    gu_buf_puts(&b, gust_xsrf_token(r)); /* hexadecimal digits and bars: nothing to be escaped */
    gu_buf_puts(&b, "\"/>");
    err = gu_buf_finish(&b, &html);
    if (err < 0)
        gu_response_latch(r, err);
    return html.ptr;
}

/* --- the check --- */

bool gu_xsrf_is_due(const gust_request *r)
{
    unsigned method = r->x->method;

    return (r->handler->fns.flags & GUST_NO_XSRF) == 0 && method != GU_METHOD_GET &&
           method != GU_METHOD_HEAD && method != GU_METHOD_OPTIONS;
}

/* That a script asked, by X-Requested-With, shows nothing (1.1.1). */
static const char *shown_token(const gust_request *r)
{
    static const char *const fields[] = {"X-Xsrftoken", "X-Csrftoken"};
    const char *text = gust_find_argument(r, FIELD);

    for (size_t i = 0; i < gu_countof(fields) && (text == NULL || *text == '\0'); i++)
        text = gust_get_header(r, fields[i]);
    return text != NULL && *text != '\0' ? text : NULL;
}

bool gu_xsrf_may_follow(const gust_request *r)
{
    gust_str type = gu_exchange_known(r->x, GU_FIELD_CONTENT_TYPE);

    return shown_token(r) == NULL && (r->x->flags & GU_X_BODY_READ) == 0 &&
           (r->handler->fns.flags & GUST_STREAM_BODY) == 0 &&
           r->handler->fns.data_received == NULL &&
           (gu_content_type_is(type, GU_FORM_TYPE) || gu_content_type_is(type, GU_MULTIPART_TYPE));
}

int gu_xsrf_check(gust_request *r)
{
    const char *text = shown_token(r);
    const struct gu_xsrf *expected;
    struct gu_xsrf shown;
    int err;

    if (text == NULL)
        return gust_fail(r, 403, "'_xsrf' argument missing from POST");
    err = gu_xsrf_read(&r->x->arena, gust_str_from(text), &shown);
    if (err == -EBADMSG)
        return gust_fail(r, 403, "'_xsrf' argument has invalid format");
    expected = err < 0 ? NULL : find_token(r);
    if (expected == NULL)
        return -ENOMEM;
    if (!gu_secret_equal(shown.token, expected->token))
        return gust_fail(r, 403, "XSRF cookie does not match POST argument");
    return 0;
}
