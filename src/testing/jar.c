/*
 * testing — the cookies of a test's client
 *
 * One application is asked, by one client: a name is all that tells cookies apart.
 */
#include "base/buf.h"
#include "base/str.h"
#include "codec/date.h"
#include "testing/testing_impl.h"
#include <strings.h>
#include <time.h>

struct cookie {
    struct gu_link link;
    const char *name, *value;
};

static struct cookie *find(const gust_test *t, gust_str name)
{
    GU_LIST_FOREACH (link, &t->jar.cookies) {
        struct cookie *cookie = gu_container_of(link, struct cookie, link);

        if (gust_str_equal(name, cookie->name))
            return cookie;
    }
    return NULL;
}

static void set(gust_test *t, gust_str name, const char *value)
{
    struct cookie *cookie = find(t, name);

    if (cookie != NULL && value == NULL)
        gu_list_remove(&cookie->link);
    if (value == NULL)
        return;
    if (cookie == NULL) {
        cookie = gu_test_alloc(t, sizeof *cookie);
        *cookie = (struct cookie){.name = gu_test_strdup(t, name)};
        gu_list_append(&t->jar.cookies, &cookie->link);
    }
    cookie->value = value;
}

const char *gust_test_cookie(const gust_test *t, const char *name)
{
    const struct cookie *cookie = find(t, gust_str_from(name));

    return cookie == NULL ? NULL : cookie->value;
}

void gust_test_set_cookie(gust_test *t, const char *name, const char *value)
{
    set(t, gust_str_from(name), value == NULL ? NULL : gu_test_strdup(t, gust_str_from(value)));
}

void gu_test_jar_put(const gust_test *t, struct gu_buf *to)
{
    const char *before = "Cookie: ";

    GU_LIST_FOREACH (link, &t->jar.cookies) {
        const struct cookie *cookie = gu_container_of(link, struct cookie, link);

        gu_buf_printf(to, "%s%s=%s", before, cookie->name, cookie->value);
        before = "; ";
    }
    if (!gu_list_is_empty(&t->jar.cookies))
        gu_buf_puts(to, "\r\n");
}

/* --- Set-Cookie (RFC 6265 5.2) --- */

static gust_str trim(gust_str s)
{
    while (s.len > 0 && s.ptr[0] == ' ')
        s = gu_str(s.ptr + 1, s.len - 1);
    while (s.len > 0 && s.ptr[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* The part before `mark`, and what is behind it. */
static gust_str cut(gust_str *rest, const char *mark)
{
    size_t at = gu_str_find(*rest, gust_str_from(mark), 0);
    gust_str part = at == GU_NPOS ? *rest : gu_str(rest->ptr, at);

    *rest = at == GU_NPOS ? gu_str("", 0) : gu_str(rest->ptr + at + 1, rest->len - at - 1);
    return trim(part);
}

static bool is_named(gust_str s, const char *name)
{
    return s.len == strlen(name) && strncasecmp(s.ptr, name, s.len) == 0;
}

/* Whether an attribute says that the cookie is over. */
static bool ends(gust_str name, gust_str value)
{
    int64_t now = time(NULL), until;

    if (is_named(name, "Max-Age"))
        return value.len > 0 && (value.ptr[0] == '-' || gust_str_equal(value, "0"));
    return is_named(name, "Expires") && gu_date_parse(value, now, &until) == 0 && until <= now;
}

void gu_test_jar_take(gust_test *t, gust_str text)
{
    gust_str pair = cut(&text, ";"), name = cut(&pair, "=");
    bool is_over = false;

    while (text.len > 0) {
        gust_str attribute = cut(&text, ";"), key = cut(&attribute, "=");

        is_over |= ends(key, trim(attribute));
    }
    if (name.len > 0)
        set(t, name, is_over ? NULL : gu_test_strdup(t, trim(pair)));
}
