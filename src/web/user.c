/*
 * user — who is asking, and where a login leads
 */
#include "base/log.h"
#include "base/str.h"
#include "codec/url.h"
#include "web/web_impl.h"

/* --- who --- */

struct gu_who *gu_request_who(gust_request *r)
{
    struct gu_input *input = gu_request_input(r);

    if (input == NULL)
        return NULL;
    if (input->who == NULL) {
        input->who = gu_arena_alloc(&r->x->arena, sizeof *input->who);
        if (input->who != NULL)
            *input->who = (struct gu_who){0};
    }
    return input->who;
}

bool gu_request_has_user(const gust_request *r)
{
    return r->input != NULL && r->input->who != NULL && r->input->who->user != NULL;
}

void *gust_current_user(gust_request *r)
{
    void *(*ask)(gust_request *) = r->handler == NULL ? NULL : r->handler->fns.get_current_user;
    struct gu_who *who = gu_request_who(r);
    void *user;

    if (who == NULL || who->has_user)
        return who == NULL ? NULL : who->user;
    if (ask == NULL)
        ask = r->app->options.get_current_user;
    user = ask == NULL ? NULL : ask(r);
    if (!who->has_user)
        gust_set_current_user(r, user);
    return who->user;
}

void gust_set_current_user(gust_request *r, void *user)
{
    struct gu_who *who = gu_request_who(r);

    if (who == NULL) {
        gu_response_latch(r, -ENOMEM);
        return;
    }
    who->user = user;
    who->has_user = true;
}

/* --- logging in --- */

/* A login page elsewhere has to be told the whole way back. */
static const char *way_back(const gust_request *r, gust_str login_url)
{
    return gu_str_find(login_url, GU_STR("://"), 0) == GU_NPOS ? gust_uri(r) : gust_full_url(r);
}

static int send_to_login(gust_request *r, gust_str url)
{
    struct gu_pair next = {GU_STR("next"), gust_str_from(way_back(r, url))};

    if (gu_str_find(url, GU_STR("?"), 0) == GU_NPOS)
        url = gu_url_concat(&r->x->arena, url, &(struct gu_pairs){&next, 1});
    return url.ptr == NULL ? -ENOMEM : gust_redirect(r, url.ptr);
}

int gu_request_authenticate(gust_request *r)
{
    gust_str url = gust_str_from(r->app->options.login_url);
    bool is_read = r->x->method == GU_METHOD_GET || r->x->method == GU_METHOD_HEAD;

    if (gust_current_user(r) != NULL)
        return 0;
    return is_read && url.len > 0 ? send_to_login(r, url) : gust_send_error(r, 403);
}

/* What browsers take out, or take for "/", could turn a path into another site's name. */
static bool is_plain(gust_str url)
{
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || url.ptr[i] == '\\')
            return false;
    return true;
}

/* Takes "https://this.host" off the front, if it is there and a path follows. */
static gust_str without_site(const gust_request *r, gust_str url)
{
    gust_str parts[] = {gust_str_from(gust_protocol(r)), GU_STR("://"), r->x->host};
    gust_str rest = url;

    for (size_t i = 0; i < gu_countof(parts); i++) {
        if (!gu_str_ieq(gu_str_sub(rest, 0, parts[i].len), parts[i]))
            return url;
        rest = gu_str_sub(rest, parts[i].len, GU_NPOS);
    }
    return rest;
}

const char *gust_safe_next(const gust_request *r, const char *fallback)
{
    gust_str next = without_site(r, gust_str_from(gust_find_argument(r, "next")));

    if (next.len == 0 || next.ptr[0] != '/' || (next.len > 1 && next.ptr[1] == '/') ||
        !is_plain(next))
        return fallback;
    return next.ptr;
}
