/*
 * jar — keeping cookies, and finding those of a request
 *
 * Cookies stand in the list of their site, which is their registrable domain, and in one list of
 * all; both in the order of last use, so that what has to go when a limit is reached is at the
 * front.
 */
#include "codec/jar.h"
#include "base/alloc.h"
#include "base/arena_impl.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "codec/jar_impl.h"
#include <stdlib.h>

struct site {
    struct gu_link cookies;
    uint32_t n;
    char name[]; /* its key in the map */
};

struct cookie {
    struct gu_link in_site, in_jar;
    struct site *site;
    uint64_t order; /* of creation */
    int64_t expires;
    gust_str name, value, domain, path; /* behind the struct */
    bool is_host_only, is_secure;
};

struct gu_jar {
    struct gu_map sites;
    struct gu_link cookies;
    struct gu_jar_limits limits;
    uint32_t n;
    uint64_t n_made;
};

/* --- the store --- */

static struct site *find_site(struct gu_jar *jar, const struct gu_jar_host *host)
{
    return gu_map_find(&jar->sites, gu_jar_site(host));
}

static struct site *need_site(struct gu_jar *jar, const struct gu_jar_host *host)
{
    gust_str key = gu_jar_site(host);
    struct site *site = gu_map_find(&jar->sites, key);

    if (site != NULL)
        return site;
    site = gu_alloc(sizeof *site + key.len + 1);
    if (site == NULL)
        return NULL;
    gu_list_init(&site->cookies);
    site->n = 0;
    memcpy(site->name, key.ptr, key.len + 1);
    if (gu_map_put(&jar->sites, gu_str(site->name, key.len), site) != 0) {
        gu_free(site);
        return NULL;
    }
    return site;
}

static void drop_site_if_empty(struct gu_jar *jar, struct site *site)
{
    if (site->n > 0)
        return;
    gu_map_remove(&jar->sites, gust_str_from(site->name));
    gu_free(site);
}

static void drop_cookie(struct gu_jar *jar, struct cookie *c)
{
    gu_list_remove(&c->in_site);
    gu_list_remove(&c->in_jar);
    c->site->n--;
    jar->n--;
    gu_free(c);
}

static void touch(struct gu_jar *jar, struct cookie *c)
{
    gu_list_remove(&c->in_site);
    gu_list_append(&c->site->cookies, &c->in_site);
    gu_list_remove(&c->in_jar);
    gu_list_append(&jar->cookies, &c->in_jar);
}

static struct cookie *in_site(struct gu_link *link)
{
    return gu_container_of(link, struct cookie, in_site);
}

static void drop_expired(struct gu_jar *jar, struct site *site, int64_t now)
{
    GU_LIST_FOREACH_SAFE (link, &site->cookies)
        if (in_site(link)->expires <= now)
            drop_cookie(jar, in_site(link));
}

/* Those that are not secure go first: who can only speak in the clear must not push out the
 * others. */
static void make_room_in_site(struct gu_jar *jar, struct site *site)
{
    struct cookie *victim = in_site(site->cookies.next);

    if (site->n < jar->limits.n_site)
        return;
    GU_LIST_FOREACH (link, &site->cookies)
        if (!in_site(link)->is_secure) {
            victim = in_site(link);
            break;
        }
    drop_cookie(jar, victim);
}

static void make_room_in_jar(struct gu_jar *jar, const struct site *spared)
{
    struct cookie *c = gu_container_of(jar->cookies.next, struct cookie, in_jar);
    struct site *site;

    if (jar->n < jar->limits.n_total)
        return;
    site = c->site;
    drop_cookie(jar, c);
    if (site != spared)
        drop_site_if_empty(jar, site);
}

/* --- setting --- */

/* What a field and its request come to: what is to be kept. */
struct wanted {
    struct gu_set_cookie set;
    gust_str domain, path;
    bool is_host_only;
};

static char *put_text(char *to, gust_str *s, gust_str text)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    *s = gu_str(to, text.len);
    return to + text.len + 1;
}

static struct cookie *make_cookie(const struct wanted *w, int64_t now)
{
    const struct gu_set_cookie *set = &w->set;
    size_t len = set->name.len + set->value.len + w->domain.len + w->path.len + 4;
    struct cookie *c = gu_alloc(sizeof *c + len);
    char *to;

    if (c == NULL)
        return NULL;
    *c = (struct cookie){.is_host_only = w->is_host_only, .is_secure = set->is_secure};
    c->expires = !set->has_expires                     ? INT64_MAX
                 : set->expires > now + GU_JAR_MAX_AGE ? now + GU_JAR_MAX_AGE
                                                       : set->expires;
    gu_list_init(&c->in_site);
    gu_list_init(&c->in_jar);
    to = put_text((char *)(c + 1), &c->name, set->name);
    to = put_text(to, &c->value, set->value);
    to = put_text(to, &c->domain, w->domain);
    put_text(to, &c->path, w->path);
    return c;
}

/* Decides whose the cookie is (5.3, 4 to 6); `domain` is room for its name in lower case. */
static bool choose_domain(struct wanted *w, const struct gu_jar_host *host,
                          struct gu_jar_host *domain)
{
    w->is_host_only = true;
    w->domain = gu_jar_host_str(host);
    if (w->set.domain.len == 0)
        return true;
    if (!gu_jar_read_host(w->set.domain, domain))
        return false;
    if (gu_jar_is_public(domain)) /* a host may be a public suffix itself */
        return gu_str_eq(gu_jar_host_str(domain), gu_jar_host_str(host));
    if (!gu_jar_domain_matches(gu_jar_host_str(host), gu_jar_host_str(domain)))
        return false;
    w->is_host_only = false;
    w->domain = gu_jar_host_str(domain);
    return true;
}

static bool begins_with(gust_str s, gust_str prefix)
{
    return s.len >= prefix.len && gu_bytes_ieq(s.ptr, prefix.ptr, prefix.len);
}

/* Names whose beginning is a promise. A value without a name must not look like one, since a server
 * could not tell them apart. */
static bool keeps_promises(const struct wanted *w)
{
    static const gust_str secure = GU_STR_INIT("__Secure-"), host = GU_STR_INIT("__Host-");
    gust_str name = w->set.name.len > 0 ? w->set.name : w->set.value;
    bool is_secure = begins_with(name, secure), is_host = begins_with(name, host);

    if (!is_secure && !is_host)
        return true;
    if (w->set.name.len == 0 || !w->set.is_secure)
        return false;
    return !is_host || (w->set.domain.len == 0 && gu_str_eq(w->set.path, GU_STR("/")));
}

/* Whether a cookie in the clear would take the place of a secure one, or hide it. */
static bool hides_secure(const struct site *site, const struct wanted *w)
{
    GU_LIST_FOREACH (link, &site->cookies) {
        const struct cookie *c = in_site(link);

        if (c->is_secure && gu_str_eq(c->name, w->set.name) &&
            gu_jar_path_matches(w->path, c->path) &&
            (gu_jar_domain_matches(c->domain, w->domain) ||
             gu_jar_domain_matches(w->domain, c->domain)))
            return true;
    }
    return false;
}

static struct cookie *find_same(const struct site *site, const struct wanted *w)
{
    GU_LIST_FOREACH (link, &site->cookies) {
        struct cookie *c = in_site(link);

        if (c->is_host_only == w->is_host_only && gu_str_eq(c->name, w->set.name) &&
            gu_str_eq(c->domain, w->domain) && gu_str_eq(c->path, w->path))
            return c;
    }
    return NULL;
}

/* Keeps a cookie in the place of `old`, if there is one. */
static void put_cookie(struct gu_jar *jar, struct site *site, struct cookie *c, struct cookie *old)
{
    c->order = old != NULL ? old->order : jar->n_made++;
    if (old != NULL)
        drop_cookie(jar, old);
    make_room_in_site(jar, site);
    make_room_in_jar(jar, site);
    c->site = site;
    site->n++;
    jar->n++;
    touch(jar, c);
}

static int keep(struct gu_jar *jar, struct site *site, const struct wanted *w, bool is_secure,
                int64_t now)
{
    struct cookie *old, *c;

    drop_expired(jar, site, now);
    if (!is_secure && hides_secure(site, w))
        return 0;
    old = find_same(site, w);
    if (w->set.has_expires && w->set.expires <= now) {
        if (old != NULL)
            drop_cookie(jar, old);
        return old != NULL;
    }
    c = make_cookie(w, now);
    if (c == NULL)
        return -ENOMEM;
    put_cookie(jar, site, c, old);
    return 1;
}

int gu_jar_set(struct gu_jar *jar, const struct gu_jar_request *from, gust_str field, int64_t now)
{
    struct wanted w;
    struct gu_jar_host host, domain;
    struct site *site;
    int kept;

    if (!gu_set_cookie_parse(field, now, &w.set) || !gu_jar_read_host(from->host, &host) ||
        w.set.name.len + w.set.value.len > jar->limits.size)
        return 0;
    if (!choose_domain(&w, &host, &domain) || !keeps_promises(&w) ||
        (w.set.is_secure && !from->is_secure))
        return 0;
    w.path = w.set.path.len > 0 ? w.set.path : gu_jar_folder(from->path);
    if (w.path.len > GU_JAR_MAX_ATTRIBUTE)
        return 0;
    site = need_site(jar, &host);
    if (site == NULL)
        return -ENOMEM;
    kept = keep(jar, site, &w, from->is_secure, now);
    drop_site_if_empty(jar, site);
    return kept;
}

/* --- matching --- */

static bool is_for(const struct cookie *c, gust_str host, gust_str path, bool is_secure)
{
    if (c->is_secure && !is_secure)
        return false;
    return (c->is_host_only ? gu_str_eq(host, c->domain)
                            : gu_jar_domain_matches(host, c->domain)) &&
           gu_jar_path_matches(path, c->path);
}

/* Longer paths first, then older cookies (5.4). */
static int compare(const void *a, const void *b)
{
    const struct cookie *x = *(const struct cookie *const *)a;
    const struct cookie *y = *(const struct cookie *const *)b;

    if (x->path.len != y->path.len)
        return x->path.len > y->path.len ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static int format(const struct gu_jar *jar, struct gust_arena *arena, struct cookie **found,
                  size_t n, gust_str *field)
{
    struct gu_buf b;

    gu_buf_init(&b, arena, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct cookie *c = found[i];
        size_t len = c->name.len + c->value.len + 3;

        if (b.len + len > jar->limits.field)
            continue;
        if (b.len > 0)
            gu_buf_puts(&b, "; ");
        gu_buf_put_str(&b, c->name);
        if (c->name.len > 0)
            gu_buf_putc(&b, '=');
        gu_buf_put_str(&b, c->value);
    }
    return gu_buf_finish(&b, field);
}

int gu_jar_match(struct gu_jar *jar, struct gust_arena *arena, const struct gu_jar_request *to,
                 int64_t now, gust_str *field)
{
    gust_str path = to->path.len > 0 && to->path.ptr[0] == '/' ? to->path : GU_STR("/");
    struct gu_jar_host host;
    struct site *site = gu_jar_read_host(to->host, &host) ? find_site(jar, &host) : NULL;
    struct cookie **found;
    size_t n = 0;

    *field = GU_STR("");
    if (site == NULL)
        return 0;
    drop_expired(jar, site, now);
    found = gu_arena_alloc(arena, (site->n + 1) * sizeof *found);
    if (found == NULL)
        return -ENOMEM;
    GU_LIST_FOREACH (link, &site->cookies)
        if (is_for(in_site(link), gu_jar_host_str(&host), path, to->is_secure))
            found[n++] = in_site(link);
    for (size_t i = 0; i < n; i++)
        touch(jar, found[i]);
    drop_site_if_empty(jar, site);
    if (n == 0)
        return 0;
    qsort(found, n, sizeof *found, compare);
    return format(jar, arena, found, n, field);
}

/* --- its life --- */

static uint32_t limit(uint32_t given, uint32_t fallback)
{
    return given == 0 ? fallback : given;
}

struct gu_jar *gu_jar_new(const struct gu_jar_limits *limits)
{
    struct gu_jar_limits given = limits != NULL ? *limits : (struct gu_jar_limits){0};
    struct gu_jar *jar = gu_alloc(sizeof *jar);

    if (jar == NULL)
        return NULL;
    *jar = (struct gu_jar){
        .limits = {limit(given.n_site, 50), limit(given.n_total, 3000), limit(given.size, 4096),
                   limit(given.field, 8192)},
    };
    gu_map_init(&jar->sites);
    gu_list_init(&jar->cookies);
    return jar;
}

size_t gu_jar_count(const struct gu_jar *jar)
{
    return jar->n;
}

void gu_jar_clear(struct gu_jar *jar)
{
    GU_LIST_FOREACH_SAFE (link, &jar->cookies) {
        struct cookie *c = gu_container_of(link, struct cookie, in_jar);
        struct site *site = c->site;

        drop_cookie(jar, c);
        drop_site_if_empty(jar, site);
    }
}

void gu_jar_free(struct gu_jar *jar)
{
    if (jar == NULL)
        return;
    gu_jar_clear(jar);
    gu_map_deinit(&jar->sites);
    gu_free(jar);
}
