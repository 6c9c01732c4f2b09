/*
 * client — cookies of requests and responses; what a jar may hold is the codec's to say
 */
#include "base/str.h"
#include "codec/jar.h"
#include "http/client_impl.h"
#include <time.h>

static struct gu_jar *inside(const gust_cookie_jar *jar)
{
    return (struct gu_jar *)(uintptr_t)jar;
}

static struct gu_jar_request place_of(const struct gu_fetch *f)
{
    const char *query = memchr(f->target.path.ptr, '?', f->target.path.len);
    gust_str path = f->target.path;

    if (query != NULL)
        path.len = (size_t)(query - path.ptr);
    return (struct gu_jar_request){gust_str_from(f->target.host), path, f->target.is_tls};
}

int gu_fetch_take_cookies(struct gu_fetch *f)
{
    struct gu_jar_request from = place_of(f);
    int err = 0;

    for (size_t i = 0; f->o.jar != NULL && err >= 0 && i < f->response.n_fields; i++) {
        const gust_field *field = &f->response.fields[i];

        if (gu_str_ieq(gust_str_from(field->name), GU_STR("set-cookie")))
            err = gu_jar_set(inside(f->o.jar), &from, gust_str_from(field->value), time(NULL));
    }
    return err < 0 ? err : 0;
}

int gu_fetch_find_cookies(struct gu_fetch *f, gust_str *field)
{
    struct gu_jar_request to = place_of(f);

    return gu_jar_match(inside(f->o.jar), f->arena, &to, time(NULL), field);
}

gust_cookie_jar *gust_cookie_jar_new(void)
{
    return (gust_cookie_jar *)gu_jar_new(NULL);
}

void gust_cookie_jar_free(gust_cookie_jar *jar)
{
    gu_jar_free(inside(jar));
}

void gust_cookie_jar_clear(gust_cookie_jar *jar)
{
    gu_jar_clear(inside(jar));
}

int64_t gust_cookie_jar_count(const gust_cookie_jar *jar)
{
    return (int64_t)gu_jar_count(inside(jar));
}
