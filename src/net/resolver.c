/*
 * resolver — names and their addresses
 *
 * First the table of overrides, then what needs no asking (addresses, localhost), then what the
 * loop has learned, then the system (lookup.h). The cache is a map beside a list in order of use;
 * an entry is never lent beyond the call that looks it up.
 */
#include "net/resolver.h"
#include "base/alloc.h"
#include "base/str.h"
#include "net/lookup.h"

#define TTL 30.0
#define MAX_NAMES 256

struct cached {
    struct gu_link link; /* the one that was not used for the longest first */
    gu_time until;
    struct gu_answer answer;
    size_t key_len;
    char key[]; /* the family, then the name in lower case */
};

struct gu_resolver {
    struct gu_lookups lookups;
    struct gu_map names;
    struct gu_link used;
    gu_time ttl;
    size_t max_names;
    struct gust_arena *arena; /* of the overrides; NULL: none */
    const gust_host_override *overrides;
};

/* --- the loop's --- */

static void forget(struct gu_resolver *r, struct cached *c)
{
    gu_map_remove(&r->names, gu_str(c->key, c->key_len));
    gu_list_remove(&c->link);
    gu_free(c);
}

static void forget_all(struct gu_resolver *r)
{
    GU_LIST_FOREACH_SAFE (link, &r->used)
        forget(r, gu_container_of(link, struct cached, link));
}

void gu_resolver_free(struct gu_resolver *resolver)
{
    if (resolver == NULL)
        return;
    forget_all(resolver);
    gu_map_deinit(&resolver->names);
    gu_lookups_deinit(&resolver->lookups);
    gust_arena_free(resolver->arena);
    gu_free(resolver);
}

static struct gu_resolver *resolver_of(struct gu_net *net)
{
    struct gu_resolver *r = net->resolver;

    if (r != NULL)
        return r;
    r = gu_alloc0(sizeof *r);
    if (r == NULL)
        return NULL;
    gu_list_init(&r->used);
    r->ttl = gu_option_time(0, TTL);
    r->max_names = MAX_NAMES;
    net->resolver = r;
    return r;
}

/* --- overrides --- */

static bool copy_row(struct gust_arena *arena, const gust_host_override *from,
                     gust_host_override *to)
{
    *to = *from;
    to->host = gust_arena_strdup(arena, from->host);
    to->to = gust_arena_strdup(arena, from->to);
    return to->host != NULL && to->to != NULL;
}

static int copy_table(const gust_host_override *from, struct gust_arena *arena,
                      const gust_host_override **to)
{
    gust_host_override *rows;
    size_t n = 0;

    while (from[n].host != NULL)
        if (from[n++].to == NULL)
            return -EINVAL;
    rows = gust_arena_alloc(arena, (n + 1) * sizeof *rows);
    if (rows == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!copy_row(arena, &from[i], &rows[i]))
            return -ENOMEM;
    rows[n] = (gust_host_override){0};
    *to = rows;
    return 0;
}

int gust_resolver_configure(const gust_resolver_options *options)
{
    static const gust_resolver_options defaults;
    const gust_resolver_options *o = options != NULL ? options : &defaults;
    struct gust_loop *loop = gust_loop_current();
    struct gu_net *net = loop == NULL ? NULL : gu_net_of(loop);
    struct gu_resolver *r = net == NULL ? NULL : resolver_of(net);
    const gust_host_override *rows = NULL;
    struct gust_arena *arena = NULL;
    int err = 0;

    if (r == NULL)
        return -ENOMEM;
    if (o->overrides != NULL) {
        arena = gust_arena_new();
        err = arena == NULL ? -ENOMEM : copy_table(o->overrides, arena, &rows);
    }
    if (err < 0) {
        gust_arena_free(arena);
        return err;
    }
    forget_all(r);
    gust_arena_free(r->arena);
    r->arena = arena;
    r->overrides = rows;
    r->ttl = gu_option_time(o->ttl, TTL);
    r->max_names = gu_option_size(o->max_names, MAX_NAMES);
    return 0;
}

/* How much of it a row names; 0: another host. */
static unsigned score(const gust_host_override *row, gust_str host, uint16_t port, int family)
{
    if (!gu_str_ieq(gust_str_from(row->host), host) || (row->port != 0 && row->port != port) ||
        (row->family != 0 && row->family != family))
        return 0;
    return 1u + (row->port != 0 ? 2u : 0u) + (row->family != 0 ? 1u : 0u);
}

static const gust_host_override *find_override(const struct gu_resolver *r, gust_str host,
                                               uint16_t port, int family)
{
    const gust_host_override *best = NULL;
    unsigned most = 0;

    for (const gust_host_override *row = r->overrides; row != NULL && row->host != NULL; row++) {
        unsigned points = score(row, host, port, family);

        if (points > most) {
            best = row;
            most = points;
        }
    }
    return best;
}

/* --- what has been learned --- */

static size_t make_key(char key[GU_NAME_MAX + 1], gust_str host, int family)
{
    key[0] = (char)family;
    for (size_t i = 0; i < host.len; i++)
        key[i + 1] = gu_lower(host.ptr[i]);
    return host.len + 1;
}

static bool recall(struct gu_net *net, gust_str key, struct gu_answer *answer)
{
    struct gu_resolver *r = net->resolver;
    struct cached *c = gu_map_find(&r->names, key);

    if (c == NULL)
        return false;
    if (c->until <= net->loop->now) {
        forget(r, c);
        return false;
    }
    gu_list_remove(&c->link);
    gu_list_append(&r->used, &c->link);
    *answer = c->answer;
    return true;
}

/* What cannot be kept is asked again. The options may have changed while the answer was awaited. */
static void remember(struct gu_net *net, gust_str key, const struct gu_answer *answer)
{
    struct gu_resolver *r = net->resolver;
    struct cached *c = gu_map_find(&r->names, key);

    if (c != NULL)
        forget(r, c);
    while (r->names.n >= r->max_names)
        forget(r, gu_container_of(r->used.next, struct cached, link));
    c = gu_alloc(sizeof *c + key.len);
    if (c == NULL)
        return;
    c->until = r->ttl > GU_FOREVER - net->loop->now ? GU_FOREVER : net->loop->now + r->ttl;
    c->answer = *answer;
    c->key_len = key.len;
    memcpy(c->key, key.ptr, key.len);
    if (gu_map_put(&r->names, gu_str(c->key, c->key_len), c) < 0) {
        gu_free(c);
        return;
    }
    gu_list_append(&r->used, &c->link);
}

/* --- looking up --- */

/* 127, 0x7f */
static bool is_number(gust_str part)
{
    bool is_hex = part.len > 1 && part.ptr[0] == '0' && gu_lower(part.ptr[1]) == 'x';
    const char *digits = is_hex ? "0123456789abcdefABCDEF" : "0123456789";

    for (size_t i = is_hex ? 2 : 0; i < part.len; i++)
        if (strchr(digits, part.ptr[i]) == NULL)
            return false;
    return true;
}

/* Letters, digits and what else stands in names. Those whose last part is a number would be read as
 * an address by the system, in ways that surprise: 127.1, 0x7f.1, 2130706433. */
static bool is_name(gust_str host)
{
    size_t last;

    if (host.len == 0 || host.len > GU_NAME_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++)
        if ((unsigned char)host.ptr[i] <= ' ' || strchr(":/[]%@\x7f", host.ptr[i]) != NULL)
            return false;
    if (host.ptr[host.len - 1] == '.')
        host.len--;
    last = host.len;
    while (last > 0 && host.ptr[last - 1] != '.')
        last--;
    return !is_number(gu_str_sub(host, last, SIZE_MAX));
}

static int look_up_name(struct gu_net *net, gust_str host, int family, struct gu_answer *answer)
{
    char bytes[GU_NAME_MAX + 1];
    gust_str key;
    int err;

    if (!is_name(host))
        return -EINVAL;
    key = gu_str(bytes, make_key(bytes, host, family));
    if (recall(net, key, answer))
        return 0;
    err = gu_lookup(&net->resolver->lookups, key, answer);
    if (err > 0)
        remember(net, key, answer);
    return err < 0 ? err : 0;
}

/* Those that are no IPv4, or no IPv6, leave the list. */
static int keep_family(struct gu_answer *answer, int family)
{
    int n = 0;

    for (int i = 0; i < answer->n; i++)
        if (family == AF_UNSPEC || answer->list[i].as.any.sa_family == family)
            answer->list[n++] = answer->list[i];
    answer->n = n;
    return n == 0 ? -GUST_ENOHOST : 0;
}

static int look_up(struct gu_net *net, gust_str host, int family, struct gu_answer *answer)
{
    int n = gu_address_parse_host(host, 0, answer->list);

    if (n > 0) {
        answer->n = n;
        return keep_family(answer, family);
    }
    return n == -EINVAL ? look_up_name(net, host, family, answer) : n;
}

int gu_resolve(struct gu_net *net, gust_str host, uint16_t port, int family,
               struct gu_address list[GUST_RESOLVE_MAX])
{
    struct gu_resolver *r = resolver_of(net);
    struct gu_answer *answer = gust_try_alloc(sizeof *answer); /* too large for the stack */
    const gust_host_override *row;
    int err;

    if (r == NULL || answer == NULL)
        return -ENOMEM;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return -EINVAL;
    answer->n = 0;
    if (net->dialer != NULL && net->dialer->knows(net->dialer, host, port))
        host = family == AF_INET6 ? GU_STR("::1") : GU_STR("127.0.0.1");
    row = find_override(r, host, port, family);
    if (row != NULL && row->to_port != 0)
        port = (uint16_t)row->to_port;
    err = look_up(net, row == NULL ? host : gust_str_from(row->to), family, answer);
    if (err < 0)
        return err;
    for (int i = 0; i < answer->n; i++) {
        list[i] = answer->list[i];
        gu_address_set_port(&list[i], port);
    }
    return answer->n;
}

int gust_resolve(const char *host, unsigned port, int family,
                 const char *addresses[GUST_RESOLVE_MAX])
{
    struct gu_address *list;
    struct gu_net *net;
    int n;

    gu_task_check_wait();
    net = gu_net_of(gust_loop_current());
    list = gust_alloc(GUST_RESOLVE_MAX * sizeof *list);
    if (net == NULL)
        return -ENOMEM;
    if (port > UINT16_MAX)
        return -EINVAL;
    n = gu_resolve(net, gust_str_from(host), (uint16_t)port, family, list);
    for (int i = 0; i < n; i++) {
        char text[GUST_ADDRESS_TEXT];

        gu_address_format(&list[i].as.any, list[i].len, text);
        addresses[i] = gust_strdup(text);
    }
    return n;
}
