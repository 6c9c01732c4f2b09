/*
 * client — redirects (RFC 9110 15.4)
 *
 * The next request is made anew: the place and the connection of the last one are given back first,
 * and it goes to the front of the line, because it had its turn. What was meant for one server is
 * not sent to another, also not when a third one leads back.
 */
#include "http/client_impl.h"

static const char *redirect_target(const struct gu_fetch *f)
{
    static const int statuses[] = {301, 302, 303, 307, 308};

    if (f->o.no_redirects || f->response.n_redirects >= f->o.max_redirects)
        return NULL;
    for (size_t i = 0; i < gu_countof(statuses); i++)
        if (f->response.status == statuses[i])
            return gust_response_header(&f->response, "location");
    return NULL;
}

/* What became of the request's method: 303, and by custom 301 and 302 of a POST, ask by GET. */
static void rewrite_method(struct gu_fetch *f)
{
    int status = f->response.status;
    bool is_post = strcmp(f->method, "POST") == 0;

    if ((status == 303 && !gu_fetch_is_head(f)) || ((status == 301 || status == 302) && is_post)) {
        f->method = "GET";
        f->was_rewritten = true;
        f->has_body = false;
        f->o.body = (gust_str){0};
        f->o.body_producer = NULL;
    }
}

#define REDIRECT_BODY ((uint64_t)64 * 1024) /* a longer one costs more than a new connection */

static int drop_body(struct gu_fetch *f)
{
    gust_str piece;
    int n = 1;

    if (f->framing == GU_BODY_TO_END || (f->framing == GU_BODY_SIZED && f->left > REDIRECT_BODY))
        return 0;
    while (n > 0 && f->n_body <= REDIRECT_BODY)
        n = gu_fetch_read_raw(f, &piece);
    return n < 0 ? n : 0;
}

/* What was for one server, a certificate and the name in another, is not shown to the next. */
static void move_to(struct gu_fetch *f, const struct gu_target *to)
{
    bool is_elsewhere = !gu_target_is_same_origin(&f->target, to);
    gust_str user = f->target.user, password = f->target.password;

    f->is_stranger |= is_elsewhere;
    f->target = *to;
    if (to->user.ptr == NULL && !f->is_stranger) {
        f->target.user = user;
        f->target.password = password;
    }
    if (f->is_stranger) {
        f->tls.cert = (gust_tls_cert){0};
        f->tls.server_name = NULL;
    }
    f->has_moved = true;
    f->n_body = 0;
    f->response.url = to->url.ptr;
    f->response.status = 0;
    f->response.reason = "";
    f->response.fields = gu_no_fields;
    f->response.n_fields = 0;
    f->response.n_redirects++;
}

int gu_fetch_follow(struct gu_fetch *f)
{
    const char *location = redirect_target(f);
    struct gu_target to;
    int err;

    if (location == NULL)
        return 0;
    err = gu_target_join(f->arena, &f->target, gust_str_from(location), &to);
    if (err < 0)
        return gu_fetch_fail(f, err == -EINVAL ? -GUST_EPROTO : err, "a redirect: %s",
                             gu_target_fault(gust_str_from(location)));
    err = drop_body(f);
    f->message[0] = '\0';
    gu_fetch_let_go(f, err == 0);
    if (err == -ETIMEDOUT || err == -ECANCELED)
        return err;
    gu_fetch_leave_origin(f);
    rewrite_method(f);
    move_to(f, &to);
    err = gu_fetch_request(f);
    return err < 0 ? err : 1;
}
